/*
 * Reading a tree: every entry is opened relative to its directory, which is open itself, so that nobody
 * can put another path in between.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/posix.h"
#include "platform/tree.h"
#include "platform/tree_draft.h"

static enum error read_content(struct tree_draft *draft, int fd, const char *name, struct buf *why)
{
	enum error error;
	struct stat st;
	char *text;

	error = file_check(fd, name, draft->options->max_file_bytes, &st, why);
	if (error != ERR_NONE)
		return error;
	if (st.st_nlink != 1)
		return why_error(why, ERR_INVALID,
				 "%s: has %lu names (hard links); only one is allowed", name,
				 (unsigned long)st.st_nlink);
	error = tree_draft_add(draft, name, (size_t)st.st_size, &text, why);
	if (error == ERR_NONE)
		error = file_read_exactly(fd, name, text, (size_t)st.st_size, why);
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
