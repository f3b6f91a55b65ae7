/* For all files of this folder: what is wrong, in words. */
#ifndef PLATFORM_WHY_H
#define PLATFORM_WHY_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

/* Appends the message to `why` and returns `error`. */
enum error why_error(struct buf *why, enum error error, const char *format, ...) ATTR_PRINTF(3, 4);

#endif
