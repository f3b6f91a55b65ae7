/* One daemon a directory. `why`: platform/why.h. */
#ifndef PLATFORM_LOCK_H
#define PLATFORM_LOCK_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

struct daemon_lock;

/* Takes the lock of `directory`, held until released or the process ends. ERR_BUSY with `why`
 * "already running (pid N, lock PATH)". */
enum error daemon_lock_take(const char *directory, struct daemon_lock **out,
			    struct buf *why) ATTR_MUST_CHECK;
void daemon_lock_release(struct daemon_lock *lock); /* accepts NULL */

#endif
