/* A private directory that lives as long as a test. */
#ifndef TESTS_SUPPORT_TMPDIR_H
#define TESTS_SUPPORT_TMPDIR_H

#include <stddef.h>

struct tmpdir {
	char path[108]; /* short, so that a Unix socket fits below it */
};

/* Creates a new empty directory below $TMPDIR, else /tmp, mode 0700, or below %TEMP%; fails the test
 * when it cannot. */
void tmpdir_create(struct tmpdir *dir);

/* Removes it with everything in it; does not follow symbolic links. */
void tmpdir_remove(struct tmpdir *dir);

/* Writes DIR/name to `out` and returns `out`; fails the test when it does not fit. */
char *tmpdir_path(const struct tmpdir *dir, const char *name, char *out, size_t size);

/* Writes a file below the directory; fails the test when it cannot. */
void tmpdir_write(const struct tmpdir *dir, const char *name, const void *bytes, size_t length);

#endif
