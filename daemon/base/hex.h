/* Bytes as lower-case hexadecimal digits, two each, and back. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/str.h"

void hex_append(struct buf *out, const uint8_t *bytes, size_t length);

/* Exactly `length` bytes from as many pairs of digits in either case. False, and nothing is written, for
 * any other text. */
bool hex_parse(struct str text, uint8_t *out, size_t length) ATTR_MUST_CHECK;

#endif
