#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/file.h"
#include "platform/posix.h"
#include "platform/tree.h"
#include "platform/tree_draft.h"

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

/* Reads exactly the `size` bytes that the file was said to have and makes sure that it was not
 * written to meanwhile. */
static enum error read_exactly(int fd, const char *name, char *out, size_t size, struct buf *why)
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
static enum error check_file(int fd, const char *name, size_t max_bytes, struct stat *st,
			     struct buf *why)
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
	error = check_file(fd, path, max_bytes, &st, why);
	if (error == ERR_NONE && is_secret && (st.st_mode & 077) != 0)
		error = why_error(why, ERR_INVALID,
				  "%s: holds a secret, and others have rights on it (mode %04o); "
				  "use chmod 0600",
				  path, (unsigned)(st.st_mode & 07777));
	if (error == ERR_NONE) {
		room = buf_reserve(out, (size_t)st.st_size);
		error = room != NULL ? read_exactly(fd, path, room, (size_t)st.st_size, why)
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

static enum error read_content(struct tree_draft *draft, int fd, const char *name, struct buf *why)
{
	enum error error;
	struct stat st;
	char *text;

	error = check_file(fd, name, draft->options->max_file_bytes, &st, why);
	if (error != ERR_NONE)
		return error;
	if (st.st_nlink != 1)
		return why_error(why, ERR_INVALID,
				 "%s: has %lu names (hard links); only one is allowed", name,
				 (unsigned long)st.st_nlink);
	error = tree_draft_add(draft, name, (size_t)st.st_size, &text, why);
	if (error == ERR_NONE)
		error = read_exactly(fd, name, text, (size_t)st.st_size, why);
	return error;
}

/* `name` is the entry in `directory`, `shown` its name relative to the tree. */
static enum error read_entry(struct tree_draft *draft, int directory, const char *name,
			     const char *shown, struct buf *why)
{
	enum error error = tree_draft_check_count(draft, shown, why);
	int fd;

	if (error != ERR_NONE)
		return error;
	fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ELOOP)
		return why_error(why, ERR_INVALID, "%s: is a symbolic link", shown);
	if (fd < 0 && errno == ENXIO)
		return why_error(why, ERR_INVALID, "%s: is a socket, not a regular file", shown);
	if (fd < 0)
		return why_errno(why, shown, "open");
	error = read_content(draft, fd, shown, why);
	close(fd);
	return error;
}

/* Reads the wanted entries of one open directory, whose descriptor it takes over. */
static enum error read_directory(struct tree_draft *draft, int fd, const char *prefix,
				 struct buf *why)
{
	DIR *stream = fdopendir(fd);
	enum error error = ERR_NONE;
	char shown[2 * NAME_MAX + 2];
	struct dirent *entry;

	if (stream == NULL) {
		close(fd);
		return tree_out_of_memory(why);
	}
	while (error == ERR_NONE) {
		errno = 0;
		entry = readdir(stream);
		if (entry == NULL) {
			if (errno != 0)
				error = why_errno(why, prefix, "list the directory");
			break;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(shown, sizeof(shown), "%s%s%s", prefix, prefix[0] != '\0' ? "/" : "",
			 entry->d_name);
		if (tree_draft_wants(draft, shown))
			error = read_entry(draft, dirfd(stream), entry->d_name, shown, why);
	}
	closedir(stream);
	return error;
}

/* Opens `name` below `top` and checks who may change it. */
static enum error open_directory(int top, const char *name, int *out, struct buf *why)
{
	enum error error;
	struct stat st;
	int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		int number = errno;

		/* Linux says ENOTDIR for a symbolic link opened with both flags (open(2)). */
		if ((number == ELOOP || number == ENOTDIR) &&
		    fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return why_error(why, ERR_INVALID, "%s: is %s, not a directory", name,
					 S_ISLNK(st.st_mode) ? "a symbolic link" : "a file");
		errno = number;
		return why_errno(why, name, "open the directory");
	}
	if (fstat(fd, &st) != 0)
		error = why_errno(why, name, "examine the directory");
	else
		error = check_owner(&st, name, why);
	if (error != ERR_NONE) {
		close(fd);
		return error;
	}
	*out = fd;
	return ERR_NONE;
}

static enum error read_subdirectory(struct tree_draft *draft, int top, const char *name,
				    struct buf *why)
{
	enum error error;
	struct stat st;
	int fd = -1;

	if (name[0] == '\0') {
		fd = fcntl(top, F_DUPFD_CLOEXEC, 0);
		return fd >= 0 ? read_directory(draft, fd, name, why)
			       : why_errno(why, ".", "open the directory");
	}
	if (fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
		return ERR_NONE;
	error = open_directory(top, name, &fd, why);
	return error == ERR_NONE ? read_directory(draft, fd, name, why) : error;
}

enum error tree_read(const char *path, const struct tree_options *options, struct tree *out,
		     struct buf *why)
{
	struct tree_draft draft;
	enum error error;
	int top = -1;

	tree_draft_init(&draft, options);
	error = open_directory(AT_FDCWD, path, &top, why);
	if (error == ERR_NONE)
		error = check_ancestors(path, why);
	for (size_t i = 0; error == ERR_NONE && i < options->subdirectory_count; i++)
		error = read_subdirectory(&draft, top, options->subdirectories[i], why);
	if (top >= 0)
		close(top);
	return tree_draft_end(&draft, error, out);
}
