/*
 * The escapes of Cedar's data in JSON (docs.cedarpolicy.com, "Entities JSON format"), found by
 * looking ahead from the brace of an object; the reader itself stays where it is.
 *
 *	{"__entity": {"type": "User", "id": "alice"}}
 *	{"__extn": {"fn": "ip", "arg": "10.0.0.1"}}
 *
 * An object is an escape only if it has this one member, whose value is as it must be. Keys besides
 * those shown are ignored in the inner object.
 */
#ifndef CEDAR_JSON_ESCAPE_H
#define CEDAR_JSON_ESCAPE_H

#include <stdbool.h>

#include "base/str.h"
#include "cedar/json_read.h"

/* Names of an entity, as good as the source and the arena of the reader. */
struct json_uid {
	struct str type, id;
};

/* A call of an extension function. */
struct json_call {
	struct str function;
	bool has_list;                /* the arguments are an array, else a single value */
	struct json_reader arguments; /* at the first event of the array or value */
};

enum json_escape {
	JSON_ESCAPE_NONE,
	JSON_ESCAPE_ENTITY, /* json_peek_uid() has its names */
	JSON_ESCAPE_CALL,
	JSON_ESCAPE_EXPR, /* "__expr", which Cedar has given up */
};

/* What the object is; `*call` is written for JSON_ESCAPE_CALL only. */
enum json_escape json_peek_escape(const struct json_reader *object, struct json_call *call);

/* A reader at the value of the first member with this key; false when there is none, also when the
 * last event does not begin an object. */
bool json_peek_member(const struct json_reader *object, struct str key, struct json_reader *value);

/* The names of an entity from "type" and "id", in the object or within its member "__entity". */
bool json_peek_uid(const struct json_reader *object, struct json_uid *uid);

/* A call from "fn" with "arg" or "args", of which the former goes first. */
bool json_peek_call(const struct json_reader *object, struct json_call *call);

/* Reads an entity as json_peek_uid() finds it; its type is a path. False after a failure. */
bool json_read_uid(struct json_reader *reader, struct json_uid *uid);

/* Reads a string that is the path of a type. False after a failure. */
bool json_read_type(struct json_reader *reader, struct str *type);

#endif
