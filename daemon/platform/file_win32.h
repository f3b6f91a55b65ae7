/* Shared by the file functions of this folder. */
#ifndef PLATFORM_FILE_WIN32_H
#define PLATFORM_FILE_WIN32_H

#include <windows.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

/* Opens a file or directory for reading, following no link, while nobody writes to it or moves it.
 * INVALID_HANDLE_VALUE with `*error` and `why`, where it is called `name`. */
HANDLE file_open_quiet(const wchar_t *path, const char *name, enum error *error, struct buf *why);

/* That it is a regular file, not a link, owned and writable by nobody but the trusted, of at most
 * `max_bytes`; and how many it has. */
enum error file_check(HANDLE file, const char *name, size_t max_bytes, size_t *size,
		      struct buf *why) ATTR_MUST_CHECK;

/* The same for a directory, but for the size. */
enum error directory_check(HANDLE directory, const char *name, struct buf *why) ATTR_MUST_CHECK;

/* Reads exactly the `size` bytes it was said to have. */
enum error file_read_exactly(HANDLE file, const char *name, char *out, size_t size,
			     struct buf *why) ATTR_MUST_CHECK;

#endif
