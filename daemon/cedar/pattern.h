/*
 * Patterns of `like` (docs.cedarpolicy.com, "Operators", like). A wildcard stands for any sequence
 * of characters; as there is no wildcard for one character, matching works on the bytes of UTF-8.
 */
#ifndef CEDAR_PATTERN_H
#define CEDAR_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The literals between the wildcards: N wildcards make N + 1 literals, some of them empty. */
struct pattern {
	const struct str *literals;
	uint32_t literal_count; /* at least 1 */
};

/* True when the whole of `text` matches. Takes at most text.length times the length of the longest
 * literal steps. */
bool pattern_matches(const struct pattern *pattern, struct str text);

#endif
