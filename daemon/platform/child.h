/* A process for work on bytes that nobody can vouch for. `why`: platform/why.h. */
#ifndef PLATFORM_CHILD_H
#define PLATFORM_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/* What a child may take. */
struct child_limits {
	uint64_t memory_bytes; /* of address space; not heeded under a sanitizer */
	uint32_t cpu_s;        /* of processor time */
	uint32_t wall_ms;      /* from its start to its end */
};

/* Runs this program once more with the one argument `argument`, no environment, the parts of
 * `input` one after the other on its standard input, and its standard output into `output`, which is
 * cleared first. Nothing else of this process is open in it. Blocks until the child has ended,
 * whatever happened to it. ERR_NONE when it ended with status 0; else with `why` ERR_LIMIT (it took
 * too much, or ended with another status), ERR_INTERNAL (it crashed), ERR_IO, ERR_NO_MEMORY. Any
 * thread. SIGPIPE must be ignored. */
enum error child_run(const char *argument, const struct child_limits *limits,
		     const struct str *input, size_t input_count, struct buf *output,
		     struct buf *why) ATTR_MUST_CHECK;

#endif
