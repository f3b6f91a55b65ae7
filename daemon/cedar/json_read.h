/*
 * A pull parser for JSON (RFC 8259) as Cedar's data needs it: integers are exact, strings may hold
 * NUL and are checked UTF-8, nesting is bounded, and every event knows its place. No tree is built.
 *
 *	struct json_reader reader;
 *
 *	json_read_init(&reader, arena, source, diags);
 *	if (json_read_next(&reader) == JSON_ARRAY) {
 *		while (json_read_element(&reader))
 *			read_entity(&reader);
 *	}
 *	error = json_read_finish(&reader);
 *
 * A function that reads a value is called after the first event of that value was read, and leaves
 * the reader at its last event. The reader reports the first mistake to the diagnostics; from then
 * on every call yields JSON_FAILED, so that loops end and one check at the end is enough.
 */
#ifndef CEDAR_JSON_READ_H
#define CEDAR_JSON_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/cedar.h"
#include "cedar/source.h"

enum { JSON_DEPTH = 256 }; /* arrays and objects open at the same time */

enum json_event {
	JSON_FAILED,
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_KEY,     /* text */
	JSON_STRING,  /* text */
	JSON_INTEGER, /* integer */
	JSON_NUMBER,  /* any other number: a fraction, an exponent, -0, or beyond 64 bits */
	JSON_BOOL,    /* boolean */
	JSON_NULL,
	JSON_END, /* the text is over */
};

struct json_reader {
	const struct source *source;
	struct arena *arena;       /* takes strings that hold escapes */
	struct cedar_diags *diags; /* NULL while looking ahead */

	enum json_event event; /* the last one */
	struct span span;      /* its bytes; of a string with its quotes */
	struct str text;       /* in the source or the arena */
	int64_t integer;
	bool boolean;

	enum error failed;
	uint32_t refusal_count; /* of the arena, when reading began */
	uint32_t offset;
	uint32_t depth;
	bool after_value; /* a value, complete, stands before `offset` */
	bool skipping;    /* nobody looks at strings */
	uint8_t is_object[JSON_DEPTH / 8];
};

/* Name, text and line table of `source` must outlive whatever is read from it. */
void json_read_init(struct json_reader *reader, struct arena *arena, const struct source *source,
		    struct cedar_diags *diags);

/* Reads the next event. */
enum json_event json_read_next(struct json_reader *reader);

/* After JSON_OBJECT or the end of a member's value: reads the next key; false at the end of the
 * object or on failure. */
bool json_read_key(struct json_reader *reader);

/* After JSON_ARRAY or the end of an element: reads the first event of the next element; false at
 * the end of the array or on failure. */
bool json_read_element(struct json_reader *reader);

/* Passes over the rest of the value that the last event began; after JSON_KEY over its value. */
void json_read_skip(struct json_reader *reader);

/* Reads to the end of the text, where only blanks may follow. ERR_NONE when all was well; else
 * what failed first: ERR_SYNTAX, ERR_LIMIT, ERR_NO_MEMORY. */
enum error json_read_finish(struct json_reader *reader) ATTR_MUST_CHECK;

/* Ends reading with ERR_SYNTAX and a message about `span`. Text in it as for diag_report(). */
void json_read_fail(struct json_reader *reader, struct span span, const char *format, ...)
	ATTR_PRINTF(3, 4);

/* The same with ERR_LIMIT. */
void json_read_fail_limit(struct json_reader *reader, struct span span, const char *format, ...)
	ATTR_PRINTF(3, 4);

/* Ends reading for want of memory: ERR_NO_MEMORY, or with a message ERR_LIMIT. */
void json_read_abort(struct json_reader *reader, enum error error);

/* True when the last event is `event`; else fails with "<what> must be <event>, found ..". */
bool json_read_expect(struct json_reader *reader, enum json_event event, const char *what);

/* A reader at the same place whose use leaves `reader` alone and reports nothing. */
struct json_reader json_read_ahead(const struct json_reader *reader);

#endif
