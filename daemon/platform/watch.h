/* Changes of the files in a directory. One thread. `why`: platform/why.h. */
#ifndef PLATFORM_WATCH_H
#define PLATFORM_WATCH_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

enum { WATCH_PACE_MS = 50 };

struct watch;

/* Watches the files directly in a directory. ERR_NOT_FOUND, ERR_IO and ERR_NO_MEMORY, with `why`. */
enum error watch_open(const char *directory, struct watch **out, struct buf *why) ATTR_MUST_CHECK;

/* Accepts NULL. */
void watch_close(struct watch *watch);

/* Blocks until a file was written, made, removed or renamed since watch_open() or the last return.
 * Files that change all the time end it once in WATCH_PACE_MS; what changes after a pause ends it at
 * once. ERR_TIMEOUT after `timeout_ms`, which is without end when negative; ERR_IO. */
enum error watch_wait(struct watch *watch, int timeout_ms) ATTR_MUST_CHECK;

#endif
