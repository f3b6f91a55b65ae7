/*
 * The extension types decimal, ipaddr, datetime and duration (docs.cedarpolicy.com, "Data types"
 * and "Operators"; RFC 80): reading their text form, and their functions over values.
 */
#ifndef CEDAR_EXT_H
#define CEDAR_EXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"

/* The text forms. True when `text` is valid and in range; `*out` is written only then. */

/* -?digits.digits with 1 to 4 digits of fraction; in ten-thousandths. */
bool ext_parse_decimal(struct str text, int64_t *out);

/* A date, or date and time with a zone; in ms since 1970. */
bool ext_parse_datetime(struct str text, int64_t *out);

/* -? and at least one of Nd Nh Nm Ns Nms in this order; in ms. */
bool ext_parse_duration(struct str text, int64_t *out);

/* An address or a range of addresses. IPv4 addresses are the low 32 bits of `low`. */
struct ext_ipaddr {
	uint64_t high, low;
	bool is_v6;
	uint8_t prefix; /* bits; 32 or 128 for a single address */
};

bool ext_parse_ipaddr(struct str text, struct ext_ipaddr *out);

bool ext_ipaddr_is_loopback(const struct ext_ipaddr *ip);
bool ext_ipaddr_is_multicast(const struct ext_ipaddr *ip);
/* Every address of `range` is one of `outer`. */
bool ext_ipaddr_is_in_range(const struct ext_ipaddr *range, const struct ext_ipaddr *outer);

/* Dates. */

enum { EXT_MS_PER_DAY = 86400000 };

/* The start of the day (UTC); false when that is out of range. */
bool ext_datetime_to_date(int64_t ms, int64_t *out);
/* Time since the start of the day, never negative. */
int64_t ext_datetime_to_time(int64_t ms);

/* An ipaddr as a value; false when memory is spent. */
bool ext_make_ipaddr(struct arena *arena, const struct ext_ipaddr *ip, struct cedar_value *out);

/* Calls an extension function (ast_function_info() says which are) with `count` arguments, the
 * receiver first. Returns CEDAR_EVAL_NONE and writes `*out`, or what is wrong: first the number of
 * arguments, then their types, then their content. CEDAR_EVAL_MEMORY when `arena` is spent. */
enum cedar_eval_error ext_call(enum ast_function function, const struct cedar_value *arguments,
			       size_t count, struct arena *arena,
			       struct cedar_value *out) ATTR_MUST_CHECK;

#endif
