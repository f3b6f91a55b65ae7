#include "platform/posix.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum error error_from_errno(int number)
{
	switch (number) {
	case ENOMEM: return ERR_NO_MEMORY;
	case EMFILE:
	case ENFILE: return ERR_LIMIT;
	case ENOENT:
	case ENOTDIR: return ERR_NOT_FOUND;
	case EEXIST:
	case EADDRINUSE: return ERR_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS: return ERR_DENIED;
	case EPIPE:
	case ECONNRESET: return ERR_CLOSED;
	case ENOSPC:
	case EDQUOT: return ERR_FULL;
	case ELOOP:
	case EINVAL:
	case ENAMETOOLONG: return ERR_INVALID;
	case ETIMEDOUT: return ERR_TIMEOUT;
	}
	return ERR_IO;
}

enum error why_errno(struct buf *why, const char *path, const char *verb)
{
	int number = errno;

	buf_printf(why, "%s: cannot %s: %s", path, verb, strerror(number));
	return error_from_errno(number);
}

enum error check_owner(const struct stat *st, const char *name, struct buf *why)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return why_error(why, ERR_INVALID,
				 "%s: is owned by uid %u; the owner must be root or uid %u", name,
				 (unsigned)st->st_uid, (unsigned)geteuid());
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return why_error(why, ERR_INVALID,
				 "%s: is writable by %s (mode %04o); take the right away with "
				 "chmod go-w",
				 name, (st->st_mode & S_IWOTH) != 0 ? "others" : "its group",
				 (unsigned)(st->st_mode & 07777));
	return ERR_NONE;
}

enum error check_ancestors(const char *path, struct buf *why)
{
	char *real = realpath(path, NULL);
	enum error error = ERR_NONE;
	struct stat st;

	if (real == NULL)
		return why_errno(why, path, "resolve the path");
	if (lstat(real, &st) != 0)
		error = why_errno(why, real, "examine the directory");
	else if (!S_ISDIR(st.st_mode))
		error = why_error(why, ERR_INVALID, "%s: is not a directory", real);
	else
		error = check_owner(&st, real, why);
	while (error == ERR_NONE && strcmp(real, "/") != 0) {
		char *slash = strrchr(real, '/');

		slash[slash == real ? 1 : 0] = '\0';
		if (lstat(real, &st) != 0)
			error = why_errno(why, real, "examine the directory");
		else if ((st.st_mode & S_ISVTX) == 0 || st.st_uid != 0)
			error = check_owner(&st, real, why);
	}
	free(real);
	return error;
}

enum error parent_of(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t length;

	if (slash == NULL) {
		path = ".";
		length = 1;
	} else {
		length = slash == path ? 1 : (size_t)(slash - path);
	}
	if (length >= size)
		return ERR_LIMIT;
	memcpy(out, path, length);
	out[length] = '\0';
	return ERR_NONE;
}
