#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/file.h"
#include "platform/posix.h"

enum error directory_make_private(const char *path, struct buf *why)
{
	enum error error = ERR_NONE;
	struct stat st;
	int fd;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return why_errno(why, path, "create the directory");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return why_errno(why, path, "open the directory");
	if (fstat(fd, &st) != 0)
		error = why_errno(why, path, "examine the directory");
	else if (st.st_uid != geteuid())
		error = why_error(why, ERR_INVALID,
				  "%s: is owned by uid %u, but the daemon runs as uid %u", path,
				  (unsigned)st.st_uid, (unsigned)geteuid());
	else if ((st.st_mode & 077) != 0)
		error = why_error(why, ERR_INVALID,
				  "%s: others have rights on it (mode %04o); use chmod 0700", path,
				  (unsigned)(st.st_mode & 07777));
	else
		error = check_ancestors(path, why);
	close(fd);
	return error;
}

enum error directory_list_names(const char *path,
				enum error (*on_name)(void *arg, const char *name), void *arg)
{
	DIR *stream = opendir(path);
	enum error error = ERR_NONE;
	struct dirent *entry;

	if (stream == NULL)
		return error_from_errno(errno);
	while (error == ERR_NONE) {
		errno = 0;
		entry = readdir(stream);
		if (entry == NULL) {
			if (errno != 0)
				error = error_from_errno(errno);
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			error = on_name(arg, entry->d_name);
	}
	closedir(stream);
	return error;
}

enum error file_create_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	enum error error = ERR_NONE;

	if (fd < 0)
		return error_from_errno(errno);
	if (fchmod(fd, 0600) != 0)
		error = error_from_errno(errno);
	close(fd);
	return error;
}

enum error file_make_readonly(const char *path)
{
	/* Not through a descriptor, because closing it would drop the locks that this process has
	 * on the file. */
	return chmod(path, 0400) == 0 ? ERR_NONE : error_from_errno(errno);
}

static bool same_moment(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

enum error file_read_exactly(int fd, const char *name, char *out, size_t size, struct buf *why)
{
	struct stat before, after;
	size_t done = 0;

	if (fstat(fd, &before) != 0)
		return why_errno(why, name, "examine");
	while (done < size) {
		ssize_t got = read(fd, out + done, size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return why_errno(why, name, "read");
		if (got == 0)
			break;
		done += (size_t)got;
	}
	if (fstat(fd, &after) != 0)
		return why_errno(why, name, "examine");
	if (done != size || (size_t)after.st_size != size || !same_moment(&before, &after))
		return why_error(why, ERR_BUSY, "%s: was changed while it was read; try again",
				 name);
	return ERR_NONE;
}

static const char *kind_text(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a named pipe";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

/* Everything is asked of the descriptor, so that nothing can be swapped between the question and
 * the reading. */
enum error file_check(int fd, const char *name, size_t max_bytes, struct stat *st, struct buf *why)
{
	enum error error;

	if (fstat(fd, st) != 0)
		return why_errno(why, name, "examine");
	if (!S_ISREG(st->st_mode))
		return why_error(why, ERR_INVALID, "%s: is %s, not a regular file", name,
				 kind_text(st->st_mode));
	error = check_owner(st, name, why);
	if (error != ERR_NONE)
		return error;
	if (st->st_size < 0 || (uintmax_t)st->st_size > max_bytes)
		return why_error(why, ERR_LIMIT, "%s: has %lld bytes; the limit is %zu", name,
				 (long long)st->st_size, max_bytes);
	return ERR_NONE;
}

static enum error read_checked(const char *path, bool is_secret, size_t max_bytes, struct buf *out,
			       struct buf *why)
{
	enum error error;
	struct stat st;
	char *room;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	buf_clear(out);
	if (fd < 0)
		return why_errno(why, path, "open");
	error = file_check(fd, path, max_bytes, &st, why);
	if (error == ERR_NONE && is_secret && (st.st_mode & 077) != 0)
		error = why_error(why, ERR_INVALID,
				  "%s: holds a secret, and others have rights on it (mode %04o); "
				  "use chmod 0600",
				  path, (unsigned)(st.st_mode & 07777));
	if (error == ERR_NONE) {
		room = buf_reserve(out, (size_t)st.st_size);
		error = room != NULL ? file_read_exactly(fd, path, room, (size_t)st.st_size, why)
				     : why_error(why, out->failed, "%s: %s", path,
						 error_text(out->failed));
		if (error == ERR_NONE)
			buf_grow(out, (size_t)st.st_size);
	}
	close(fd);
	return error;
}

enum error file_read_trusted(const char *path, size_t max_bytes, struct buf *out, struct buf *why)
{
	return read_checked(path, false, max_bytes, out, why);
}

enum error file_read_secret(const char *path, size_t max_bytes, struct buf *out, struct buf *why)
{
	return read_checked(path, true, max_bytes, out, why);
}
