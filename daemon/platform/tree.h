/* The files below a directory, read at once. `why`: platform/why.h. */
#ifndef PLATFORM_TREE_H
#define PLATFORM_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct tree_file {
	struct str name; /* relative, with '/', such as "tests/first.json"; zero-terminated */
	struct str text; /* zero-terminated beyond its length */
};

/* Which files of a directory tree are wanted and how large they may be. */
struct tree_options {
	const char *const *subdirectories; /* "" for the top itself; missing ones count as empty */
	size_t subdirectory_count;
	/* Which names, relative to the tree, are to be read; others are not looked at. */
	bool (*wants)(struct str name);
	uint32_t max_files;
	size_t max_file_bytes;
	size_t max_total_bytes;
};

struct tree {
	struct arena arena;
	struct tree_file *files; /* ascending by name */
	size_t file_count;
};

/* Reads the wanted files as they are at one moment of each file, without following links and
 * without blocking: every one must be a regular file with one name, owned by root or the daemon's
 * user and not writable by anyone else; likewise the directories. ERR_INVALID, ERR_LIMIT,
 * ERR_NOT_FOUND, ERR_IO with `why`, such as "policy.cedar: is a symbolic link". */
enum error tree_read(const char *path, const struct tree_options *options, struct tree *out,
		     struct buf *why) ATTR_MUST_CHECK;

enum { TREE_READINGS_MAX = 8 };

/* The same until two readings in a row give the same, so that the files are those of one moment: what
 * somebody moves from one file to another meanwhile is in one of them. ERR_BUSY when the last of
 * TREE_READINGS_MAX readings was still another one. */
enum error tree_read_settled(const char *path, const struct tree_options *options, struct tree *out,
			     struct buf *why) ATTR_MUST_CHECK;
void tree_deinit(struct tree *tree);

#endif
