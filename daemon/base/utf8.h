/* UTF-8 as of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { UTF8_MAX_BYTES = 4 };

/* Decodes the code point at the start of `s` into `*code_point` and returns its length in bytes;
 * 0 when `s` is empty or does not start with a valid sequence. */
size_t utf8_decode(struct str s, uint32_t *code_point);

/* Writes the code point, which must be a Unicode scalar value, and returns its length in bytes. */
size_t utf8_encode(uint32_t code_point, char out[UTF8_MAX_BYTES]);

/* True for characters that are valid but can hide, reorder or break what a person sees: controls, line
 * separators, marks of direction, and what has no width. */
bool utf8_is_deceptive(uint32_t code_point);

bool utf8_valid(struct str s);

/* The length in bytes of the valid text at the start of `s`; s.length when all of it is valid. */
size_t utf8_valid_length(struct str s);

#endif
