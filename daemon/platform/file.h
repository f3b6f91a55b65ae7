/* Directories and files of the daemon, which nobody else may touch. Those that a person names:
 * user_file.h. `why`: platform/why.h. */
#ifndef PLATFORM_FILE_H
#define PLATFORM_FILE_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

/* The daemon's own directory: created when missing (its parent is not), then checked: a directory,
 * ours, no rights for anybody else, and no ancestor that a stranger could swap. ERR_INVALID with
 * `why`. */
enum error directory_make_private(const char *path, struct buf *why) ATTR_MUST_CHECK;

/* Delivers the names in a directory but "." and "..", in any order; an error of `on_name` ends it
 * and is returned. */
enum error directory_list_names(const char *path,
				enum error (*on_name)(void *arg, const char *name),
				void *arg) ATTR_MUST_CHECK;

/* Creates an empty file that only its owner may read and write, whatever the umask, following no
 * link. ERR_EXISTS when the name is taken. */
enum error file_create_private(const char *path) ATTR_MUST_CHECK;

/* Takes away everybody's right to write to a file in the daemon's own directory. */
enum error file_make_readonly(const char *path) ATTR_MUST_CHECK;

/* Reads a whole file of at most `max_bytes` that only root or the daemon's user can change.
 * ERR_NOT_FOUND, ERR_INVALID, ERR_LIMIT, ERR_IO with `why`; `out` is cleared first. */
enum error file_read_trusted(const char *path, size_t max_bytes, struct buf *out,
			     struct buf *why) ATTR_MUST_CHECK;

/* The same, when also nobody else can read it. */
enum error file_read_secret(const char *path, size_t max_bytes, struct buf *out,
			    struct buf *why) ATTR_MUST_CHECK;

#endif
