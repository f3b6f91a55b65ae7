/*
 * A pretty printer: text with places where lines may be broken, laid out within a width.
 *
 * A caller describes the text piece by piece, in order. Breaks belong to the group around them:
 * when a group fits on the rest of the line, none of its breaks are taken, otherwise all of its own
 * are, and the groups inside it decide anew (after D. Oppen, "Prettyprinting", 1980). Comments end
 * their line whatever the width, so a group with one between its pieces never stays on one line.
 *
 * Failures are sticky: memory is checked once, by layout_print().
 */
#ifndef CEDAR_LAYOUT_H
#define CEDAR_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct layout_item;

struct layout {
	struct arena *arena;
	struct layout_item *items;
	uint32_t count, capacity;
	enum error failed;
};

void layout_init(struct layout *layout, struct arena *arena);

/* A piece of text, borrowed; never broken. */
void layout_text(struct layout *layout, struct str text);

/* A blank, unless a line begins here. */
void layout_blank(struct layout *layout);
/* A blank or a new line. */
void layout_space(struct layout *layout);
/* Nothing or a new line. */
void layout_soft(struct layout *layout);
/* A new line, in any case. */
void layout_break(struct layout *layout);
/* An empty line, or nothing at the start of the text. */
void layout_empty_line(struct layout *layout);

/* A comment at the end of the line, and one on a line of its own. */
void layout_comment_after(struct layout *layout, struct str comment);
void layout_comment_line(struct layout *layout, struct str comment);

void layout_indent(struct layout *layout);
void layout_dedent(struct layout *layout);

/* Groups nest. Returns what layout_close() takes. A group need not be closed: it is then none. */
uint32_t layout_open(struct layout *layout);
void layout_close(struct layout *layout, uint32_t opened);

/* Appends the text, ended by a new line unless it is empty. `width` is what lines should not pass,
 * in code points; `indent` is the number of blanks of one level. */
enum error layout_print(struct layout *layout, uint32_t width, uint32_t indent,
			struct buf *out) ATTR_MUST_CHECK;

#endif
