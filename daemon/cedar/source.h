/* A text that a person wrote, under its name: turns byte offsets into lines and columns. */
#ifndef CEDAR_SOURCE_H
#define CEDAR_SOURCE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/* Bytes [start, end) of a source. */
struct span {
	uint32_t start, end;
};

static inline struct span span_make(uint32_t start, uint32_t end)
{
	return (struct span){start, end};
}

/* From the start of `first` to the end of `last`. */
static inline struct span span_join(struct span first, struct span last)
{
	return (struct span){first.start, last.end};
}

struct source {
	struct str name; /* such as a file name, for messages */
	struct str text;
	const uint32_t *line_starts; /* offset of each line; the first is 0 */
	uint32_t line_count;         /* at least 1 */
};

struct source_place {
	uint32_t line;   /* from 1 */
	uint32_t column; /* in code points, from 1; a byte that is not UTF-8 counts as one */
};

/* Finds the lines of `text`. Name and text are borrowed and must live as long as the source, the
 * line table is put into `arena`. ERR_LIMIT when the text does not fit 32-bit offsets,
 * ERR_NO_MEMORY. */
enum error source_init(struct source *source, struct arena *arena, struct str name,
		       struct str text) ATTR_MUST_CHECK;

/* The place of an offset; offsets beyond the text count as its end. */
struct source_place source_locate(const struct source *source, uint32_t offset);

/* The line with this number (from 1 to line_count) without its line break. */
struct str source_line(const struct source *source, uint32_t line);

/* The bytes of a span that lies within the text. */
static inline struct str source_slice(const struct source *source, struct span span)
{
	return str_make(source->text.ptr + span.start, span.end - span.start);
}

#endif
