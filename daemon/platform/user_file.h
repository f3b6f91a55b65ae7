/* Files that a person names on the command line or in a setting, wherever they are and whoever owns
 * them. `why`: platform/why.h. */
#ifndef PLATFORM_USER_FILE_H
#define PLATFORM_USER_FILE_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

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
