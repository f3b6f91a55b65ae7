/* A borrowed slice of bytes, usually UTF-8 text. It owns nothing and may hold NUL bytes. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *ptr; /* may be NULL when length is 0 */
	size_t length;   /* bytes */
};

/* A slice of a string literal, for initialisers and expressions. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* The two arguments of a "%.*s" conversion. */
#define STR_ARGS(s) (int)(s).length, (s).ptr != NULL ? (s).ptr : ""

/* The bytes of a zero-terminated text; an empty slice for NULL. */
static inline struct str str_from(const char *text)
{
	return (struct str){text, text != NULL ? strlen(text) : 0};
}

static inline struct str str_make(const char *ptr, size_t length)
{
	return (struct str){ptr, length};
}

static inline bool str_equal(struct str a, struct str b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.ptr, b.ptr, a.length) == 0);
}

/* Byte order, a shorter slice before its extensions: <0, 0, >0. */
int str_compare(struct str a, struct str b);

/* Equality that ignores the case of ASCII letters only. */
bool str_equal_ascii_case(struct str a, struct str b);

bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);

/* The noun that goes with a count: for 1 `one`, else `many`. */
static inline const char *count_noun(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

/* The first `byte` in `s`, or NULL. */
const char *str_find_byte(struct str s, char byte);

/* True when `s` is a decimal number without sign, blanks or surplus leading zeros that fits;
 * `*value` is written only then. */
bool str_to_u64(struct str s, uint64_t *value);

/* The value of a hexadecimal digit in either case, -1 for another byte. */
int str_hex_digit(char c);

#endif
