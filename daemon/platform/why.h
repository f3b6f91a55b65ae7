/*
 * What is wrong, in words. Where a person can put right what failed, a function of this folder takes
 * `why`, a buffer to which it appends one sentence without line break on failure: what is wrong, with
 * what, and what to do. Paths in it are as configured and not escaped; the log does that.
 */
#ifndef PLATFORM_WHY_H
#define PLATFORM_WHY_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

/* Appends the message to `why` and returns `error`. */
enum error why_error(struct buf *why, enum error error, const char *format, ...) ATTR_PRINTF(3, 4);

#endif
