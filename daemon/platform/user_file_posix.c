#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/posix.h"
#include "platform/user_file.h"

enum { CHUNK_BYTES = 16 * 1024 };

static const char temporary_suffix[] = ".XXXXXX"; /* for mkstemp() */

static enum error read_all(int fd, const char *name, size_t max_bytes, struct buf *out,
			   struct buf *why)
{
	char chunk[CHUNK_BYTES];

	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return why_errno(why, name, "read");
		if (got == 0)
			return ERR_NONE;
		if ((size_t)got > max_bytes - out->length)
			return why_error(why, ERR_LIMIT, "%s: has more than %zu bytes, the limit",
					 name, max_bytes);
		buf_append(out, chunk, (size_t)got);
		if (out->failed != ERR_NONE)
			return why_error(why, out->failed, "%s: %s", name, error_text(out->failed));
	}
}

enum error file_read(const char *path, size_t max_bytes, struct buf *out, struct buf *why)
{
	enum error error;
	int fd;

	buf_clear(out);
	if (path == NULL)
		return read_all(STDIN_FILENO, "standard input", max_bytes, out, why);
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return why_errno(why, path, "open");
	error = read_all(fd, path, max_bytes, out, why);
	close(fd);
	return error;
}

static enum error write_all(int fd, const char *name, struct str content, struct buf *why)
{
	size_t done = 0;

	while (done < content.length) {
		ssize_t put = write(fd, content.ptr + done, content.length - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return why_errno(why, name, "write");
		done += (size_t)put;
	}
	if (fsync(fd) != 0)
		return why_errno(why, name, "write");
	return ERR_NONE;
}

/* Makes the new file as accessible as the old one: a daemon that may read a file by its group only
 * must still be able to. */
static enum error copy_rights(int fd, const char *path, const struct stat *old, struct buf *why)
{
	struct stat new;

	if (fstat(fd, &new) != 0)
		return why_errno(why, path, "examine the new file");
	if ((new.st_uid != old->st_uid || new.st_gid != old->st_gid) &&
	    fchown(fd, old->st_uid, old->st_gid) != 0)
		return why_errno(why, path, "keep the owner and the group");
	if (fchmod(fd, old->st_mode & 07777) != 0)
		return why_errno(why, path, "keep the rights");
	return ERR_NONE;
}

/* `temporary` is a template for mkstemp() beside `real`. */
static enum error replace(const char *real, char *temporary, struct str content, struct buf *why)
{
	enum error error;
	struct stat st;
	int fd;

	if (stat(real, &st) != 0)
		return why_errno(why, real, "examine");
	if (!S_ISREG(st.st_mode))
		return why_error(why, ERR_INVALID, "%s: is not a regular file", real);
	fd = mkstemp(temporary);
	if (fd < 0)
		return why_errno(why, real, "make a new file beside it");
	error = write_all(fd, real, content, why);
	if (error == ERR_NONE)
		error = copy_rights(fd, real, &st, why);
	if (close(fd) != 0 && error == ERR_NONE)
		error = why_errno(why, real, "write");
	if (error == ERR_NONE && rename(temporary, real) != 0)
		error = why_errno(why, real, "replace");
	if (error != ERR_NONE)
		(void)unlink(temporary);
	return error;
}

enum error file_publish(const char *path, struct str content, struct buf *why)
{
	enum error error = ERR_NONE;
	struct buf temporary;
	int fd = -1;

	buf_init(&temporary, SIZE_MAX);
	buf_printf(&temporary, "%s.new", path);
	if (temporary.failed != ERR_NONE) {
		error = why_error(why, temporary.failed, "%s: %s", path,
				  error_text(temporary.failed));
		goto out;
	}
	/* Left by a daemon that was killed, or planted to have something else written. */
	(void)unlink(temporary.data);
	fd = open(temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		error = why_errno(why, path, "make a new file beside it");
		goto out;
	}
	error = write_all(fd, path, content, why);
	if (error == ERR_NONE && fchmod(fd, 0644) != 0)
		error = why_errno(why, path, "let everybody read it");
	if (error == ERR_NONE && rename(temporary.data, path) != 0)
		error = why_errno(why, path, "replace");
	if (error != ERR_NONE)
		(void)unlink(temporary.data);
out:
	if (fd >= 0)
		(void)close(fd);
	buf_deinit(&temporary);
	return error;
}

enum error file_replace(const char *path, struct str content, struct buf *why)
{
	char *real = realpath(path, NULL);
	enum error error;
	struct buf temporary;

	if (real == NULL)
		return why_errno(why, path, "resolve the path");
	buf_init(&temporary, SIZE_MAX);
	buf_append_str(&temporary, str_from(real));
	buf_append(&temporary, temporary_suffix, sizeof(temporary_suffix));
	if (temporary.failed == ERR_NONE)
		error = replace(real, temporary.data, content, why);
	else
		error = why_error(why, temporary.failed, "%s: %s", path,
				  error_text(temporary.failed));
	buf_deinit(&temporary);
	free(real);
	return error;
}
