/* Reads a JSON object whose keys are known beforehand. */
#ifndef CEDAR_JSON_FIELDS_H
#define CEDAR_JSON_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "cedar/json_read.h"

enum { JSON_FIELDS_MAX = 32, JSON_NO_FIELD = -1 };

struct json_fields {
	const struct str *names; /* at most JSON_FIELDS_MAX */
	uint32_t count;
	bool ignore_unknown; /* pass over other keys; else they are errors */
	uint32_t seen;       /* bit N: names[N] was there */
	const char *what;    /* what the object is, for messages: "an entity" */
};

/* Reads the next key of the object and the first event of its value. Returns the index of the key,
 * or JSON_NO_FIELD at the end of the object or on failure. A key twice is an error. */
int json_fields_next(struct json_reader *reader, struct json_fields *fields);

/* True when the field was there. */
static inline bool json_fields_seen(const struct json_fields *fields, int index)
{
	return (fields->seen >> index & 1) != 0;
}

/* True when the field was there; else fails, with a message that is placed at `object`. */
bool json_fields_require(struct json_reader *reader, const struct json_fields *fields, int index,
			 struct span object);

#endif
