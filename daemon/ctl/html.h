/* Text from outside in HTML and SVG. */
#ifndef CTL_HTML_H
#define CTL_HTML_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Appends the text so that it is only text, between tags and in quoted attributes: what could deceive
 * who reads it is escaped as in tables (log_escape()), then what HTML gives a meaning. */
void html_append(struct buf *out, struct str text);

/* Appends "1,234,567". */
void html_count(struct buf *out, uint64_t count);

/* Appends "850 µs", "1.2 ms", "3.4 s". */
void html_latency(struct buf *out, uint64_t us);

#endif
