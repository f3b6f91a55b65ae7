/* What can be wrong with a message from the wire, and where. */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_ERROR_LIST(X)                                                                         \
	X(OK, "no error")                                                                          \
	X(TRUNCATED, "ends in the middle of a field")                                              \
	X(BAD_VARINT, "is not an integer in its shortest form")                                    \
	X(BAD_TYPE, "has a wire type that its field does not have")                                \
	X(UNKNOWN_FIELD, "is not a defined field")                                                 \
	X(WRONG_CHANNEL, "belongs to the other channel")                                           \
	X(DUPLICATE_FIELD, "is there twice")                                                       \
	X(DUPLICATE_BODY, "is there beside another body")                                          \
	X(MISSING_FIELD, "is missing")                                                             \
	X(MISSING_BODY, "has no body")                                                             \
	X(TOO_MANY_FIELDS, "has too many fields")                                                  \
	X(TOO_MANY_ELEMENTS, "has too many repeated elements")                                     \
	X(TOO_DEEP, "is nested too deeply")                                                        \
	X(TOO_SHORT, "is shorter than its bound")                                                  \
	X(TOO_LONG, "is longer than its bound")                                                    \
	X(OUT_OF_RANGE, "has a value outside its bounds")                                          \
	X(NUL, "holds a NUL byte")                                                                 \
	X(NOT_UTF8, "is not valid UTF-8")                                                          \
	X(FRAME_SIZE, "does not fit a frame of its channel")                                       \
	X(NO_MEMORY, "needs more memory than its budget")

enum wire_error {
#define X(name, text) WIRE_##name,
	WIRE_ERROR_LIST(X)
#undef X
};

enum { WIRE_PATH_MAX = 128 }; /* bytes of a path; Refusal.field holds one */

/* Where and what, for a log line or a Refusal. */
struct wire_diag {
	enum wire_error error;
	/* The request's id, when it was read before the error; else 0. */
	uint64_t id;
	/* The field, such as "authorize_user.sender.token.group_sids[17]", or a number in place of
	 * the last name when none is defined; "" for the whole message. Holds nothing else. */
	char path[WIRE_PATH_MAX + 1];
};

/* A static phrase that goes on after the path: "is not valid UTF-8". */
const char *wire_error_text(enum wire_error error);

/* "authorize_user.sender.name holds a NUL byte" into `out`, cut to fit and zero-terminated. */
void wire_diag_print(const struct wire_diag *diag, char *out, size_t size);

#endif
