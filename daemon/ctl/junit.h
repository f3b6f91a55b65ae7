/* Test results as JUnit XML, the form that CI systems read. */
#ifndef CTL_JUNIT_H
#define CTL_JUNIT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* A test of a suite; a failure is text, empty for a test that passed. */
struct junit_case {
	struct str name, file;
	uint32_t line;
	struct str failure;
};

/* Begins the document: one suite of that many tests. */
void junit_start(struct buf *out, struct str suite, uint64_t tests, uint64_t failures);
void junit_add(struct buf *out, const struct junit_case *test);
void junit_end(struct buf *out);

#endif
