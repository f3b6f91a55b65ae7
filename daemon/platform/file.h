/* Directories and files: those of the daemon, which nobody else may touch, and those that a person
 * names. `why`: platform/why.h. */
#ifndef PLATFORM_FILE_H
#define PLATFORM_FILE_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

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

/* Files that a person names on the command line, wherever they are and whoever owns them. */

/* Reads all there is, at most `max_bytes`; without a path, which may be NULL, from standard input.
 * Waits for pipes. ERR_NOT_FOUND, ERR_LIMIT, ERR_IO and so on with `why`; `out` is cleared first.
 */
enum error file_read(const char *path, size_t max_bytes, struct buf *out,
		     struct buf *why) ATTR_MUST_CHECK;

/* Puts `content` in the place of a regular file's at one moment: other processes, and a machine
 * that lost power, see the old content or the new. Owner, group and rights stay; a symbolic link is
 * followed. On failure, with `why`, the file is as it was. */
enum error file_replace(const char *path, struct str content, struct buf *why) ATTR_MUST_CHECK;

/* Puts `content` into a file that everybody may read, in the place of what has the name, if
 * anything: other processes see the old content or the new. ERR_NOT_FOUND, ERR_DENIED, ERR_IO and
 * so on with `why`. For this process alone: "PATH.new" is in between. */
enum error file_publish(const char *path, struct str content, struct buf *why) ATTR_MUST_CHECK;

#endif
