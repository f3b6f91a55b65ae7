/* Values as Cedar text, for people: what is printed could stand in a policy. */
#ifndef CEDAR_VALUE_TEXT_H
#define CEDAR_VALUE_TEXT_H

#include "base/buf.h"
#include "cedar/symbols.h"
#include "cedar/value.h"

/* Appends the value; `symbols` are those it was made with. Text in it is escaped as by
 * print_string(). Ends early when `out` is full, whose bound is the caller's. */
void value_text(struct buf *out, const struct symbols *symbols, struct cedar_value value);

#endif
