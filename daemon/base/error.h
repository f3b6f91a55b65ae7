/*
 * Error codes shared by all layers.
 *
 * A function that can fail returns `enum error`; ERR_NONE (zero) means done. An error is handled or
 * returned, and logged once, where it is handled. Outcomes that a caller always expects (not found,
 * need more bytes, denied) are not errors: they have their own enum beside the function.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#define ERROR_LIST(X)                                                                              \
	X(NONE, "no error")                                                                        \
	X(NO_MEMORY, "out of memory")                                                              \
	X(LIMIT, "a limit was exceeded")                                                           \
	X(INVALID, "invalid data")                                                                 \
	X(SYNTAX, "syntax error")                                                                  \
	X(NOT_FOUND, "not found")                                                                  \
	X(EXISTS, "already exists")                                                                \
	X(BUSY, "busy")                                                                            \
	X(CLOSED, "closed")                                                                        \
	X(TIMEOUT, "timed out")                                                                    \
	X(CANCELLED, "cancelled")                                                                  \
	X(DENIED, "permission denied")                                                             \
	X(IO, "input/output error")                                                                \
	X(FULL, "no space left")                                                                   \
	X(CORRUPT, "the file is damaged")                                                          \
	X(FOREIGN, "the file belongs to another program")                                          \
	X(VERSION, "the version is not supported")                                                 \
	X(UNSUPPORTED, "not supported on this system")                                             \
	X(INTERNAL, "internal error")

enum error {
#define X(name, text) ERR_##name,
	ERROR_LIST(X)
#undef X
};

/* A static English text for `error`; "unknown error" for a value outside the list. Any thread. */
const char *error_text(enum error error);

#endif
