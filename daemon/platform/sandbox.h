/* The process gives up what it does not need any more. `why`: platform/why.h. */
#ifndef PLATFORM_SANDBOX_H
#define PLATFORM_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

enum sandbox_access {
	SANDBOX_READ,    /* what lies at and below a path */
	SANDBOX_EXECUTE, /* and run programs from there */
	SANDBOX_REMOVE,  /* only remove files */
	SANDBOX_WRITE,   /* read, create, change and remove files */
};

/* A path that stays accessible; one that is missing is left out. */
struct sandbox_path {
	const char *path;
	enum sandbox_access access;
};

/* Both hold for this process, its threads and its children, cannot be taken back, and are to be
 * called while one thread runs. ERR_UNSUPPORTED with `why` when the system cannot do it, ERR_IO and
 * so on with `why` when it fails; nothing holds then. */

/* From here on only files at `paths` can be opened and changed, those every C program reads, and
 * what it takes to run this program again. */
enum error sandbox_limit_files(const struct sandbox_path *paths, size_t count,
			       struct buf *why) ATTR_MUST_CHECK;

/* From here on only the system calls are made that a server on local sockets needs. Any other fails
 * with EPERM, or with `kills` ends the process. */
enum error sandbox_limit_calls(bool kills, struct buf *why) ATTR_MUST_CHECK;

/* Leaves nothing but memory, the clock and the descriptors that are open. */
enum error sandbox_limit_to_computing(struct buf *why) ATTR_MUST_CHECK;

#endif
