#include "cedar/layout.h"

enum kind {
	ITEM_TEXT,
	ITEM_BLANK,
	ITEM_SPACE,
	ITEM_SOFT,
	ITEM_BREAK,
	ITEM_EMPTY_LINE,
	ITEM_COMMENT_AFTER,
	ITEM_COMMENT_LINE,
	ITEM_INDENT,
	ITEM_DEDENT,
	ITEM_OPEN, /* a group when `close` is set */
	ITEM_CLOSE,
};

struct layout_item {
	enum kind kind;
	uint32_t close; /* of ITEM_OPEN: the index of its ITEM_CLOSE, or 0 */
	struct str text;
	/* Found by measure(). */
	uint64_t column;       /* where it stands when no break is taken */
	uint64_t next_break;   /* the column of the first item from here where a line may end */
	uint32_t forced_count; /* how many items before it end a line in any case; of ITEM_CLOSE:
				  before the last text of the group, as it ends none of its lines */
};

void layout_init(struct layout *layout, struct arena *arena)
{
	*layout = (struct layout){.arena = arena};
}

static uint32_t append(struct layout *layout, enum kind kind, struct str text)
{
	struct layout_item *items;

	if (layout->failed != ERR_NONE)
		return 0;
	items = arena_grow_array(layout->arena, layout->items, layout->count, &layout->capacity,
				 sizeof(*items));
	if (items == NULL) {
		layout->failed = ERR_NO_MEMORY;
		return 0;
	}
	layout->items = items;
	items[layout->count] = (struct layout_item){.kind = kind, .text = text};
	return layout->count++;
}

void layout_text(struct layout *layout, struct str text)
{
	append(layout, ITEM_TEXT, text);
}

void layout_blank(struct layout *layout)
{
	append(layout, ITEM_BLANK, STR(" "));
}

void layout_space(struct layout *layout)
{
	append(layout, ITEM_SPACE, STR(" "));
}

void layout_soft(struct layout *layout)
{
	append(layout, ITEM_SOFT, STR(""));
}

void layout_break(struct layout *layout)
{
	append(layout, ITEM_BREAK, STR(""));
}

void layout_empty_line(struct layout *layout)
{
	append(layout, ITEM_EMPTY_LINE, STR(""));
}

void layout_comment_after(struct layout *layout, struct str comment)
{
	append(layout, ITEM_COMMENT_AFTER, comment);
}

void layout_comment_line(struct layout *layout, struct str comment)
{
	append(layout, ITEM_COMMENT_LINE, comment);
}

void layout_indent(struct layout *layout)
{
	append(layout, ITEM_INDENT, STR(""));
}

void layout_dedent(struct layout *layout)
{
	append(layout, ITEM_DEDENT, STR(""));
}

uint32_t layout_open(struct layout *layout)
{
	return append(layout, ITEM_OPEN, STR(""));
}

void layout_close(struct layout *layout, uint32_t opened)
{
	uint32_t close = append(layout, ITEM_CLOSE, STR(""));

	if (layout->failed == ERR_NONE)
		layout->items[opened].close = close;
}

static uint32_t count_code_points(struct str text)
{
	uint32_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return count;
}

static bool ends_line(const struct layout_item *item)
{
	switch (item->kind) {
	case ITEM_BREAK:
	case ITEM_EMPTY_LINE:
	case ITEM_COMMENT_AFTER:
	case ITEM_COMMENT_LINE: return true;
	/* A string may hold a line feed. */
	case ITEM_TEXT: return str_find_byte(item->text, '\n') != NULL;
	case ITEM_BLANK:
	case ITEM_SPACE:
	case ITEM_SOFT:
	case ITEM_INDENT:
	case ITEM_DEDENT:
	case ITEM_OPEN:
	case ITEM_CLOSE: return false;
	}
	return false;
}

static bool may_end_line(const struct layout_item *item)
{
	return item->kind != ITEM_TEXT &&
	       (ends_line(item) || item->kind == ITEM_SPACE || item->kind == ITEM_SOFT);
}

static bool is_comment(const struct layout_item *item)
{
	return item->kind == ITEM_COMMENT_AFTER || item->kind == ITEM_COMMENT_LINE;
}

static void measure(struct layout *layout)
{
	uint32_t forced_count = 0, forced_before_text = 0;
	uint64_t column = 0, next_break;

	for (uint32_t i = 0; i < layout->count; i++) {
		struct layout_item *item = &layout->items[i];

		if (item->kind == ITEM_TEXT)
			forced_before_text = forced_count;
		item->column = column;
		item->forced_count = item->kind == ITEM_CLOSE ? forced_before_text : forced_count;
		if (!is_comment(item))
			column += count_code_points(item->text);
		forced_count += ends_line(item);
	}
	next_break = column;
	for (uint32_t i = layout->count; i-- > 0;) {
		if (may_end_line(&layout->items[i]))
			next_break = layout->items[i].column;
		layout->items[i].next_break = next_break;
	}
}

struct printer {
	struct buf *out;
	size_t start; /* where the text starts in `out` */
	uint32_t width, indent;
	uint32_t level;      /* of indentation */
	uint64_t column;     /* code points on the current line */
	uint32_t line_feeds; /* to be written before the next text: 0, 1 or 2 */
	bool blank;          /* to be written before the next text on the same line */
};

static void print_text(struct printer *printer, struct str text)
{
	const char *line = text.ptr, *end = text.ptr + text.length, *feed;

	if (printer->line_feeds != 0) {
		for (; printer->line_feeds != 0; printer->line_feeds--)
			buf_append_byte(printer->out, '\n');
		printer->column = (uint64_t)printer->level * printer->indent;
		for (uint64_t i = 0; i < printer->column; i++)
			buf_append_byte(printer->out, ' ');
	} else if (printer->blank) {
		buf_append_byte(printer->out, ' ');
		printer->column++;
	}
	printer->blank = false;
	buf_append_str(printer->out, text);
	while ((feed = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		line = feed + 1;
		printer->column = 0;
	}
	printer->column += count_code_points(str_make(line, (size_t)(end - line)));
}

/* Ends the line if there is anything on it. */
static void end_line(struct printer *printer, uint32_t line_feeds)
{
	if (printer->out->length != printer->start && printer->line_feeds < line_feeds)
		printer->line_feeds = line_feeds;
}

static bool fits(const struct printer *printer, const struct layout *layout,
		 const struct layout_item *open)
{
	const struct layout_item *close = &layout->items[open->close];
	uint64_t column = printer->column + printer->blank;

	if (printer->line_feeds != 0)
		column = (uint64_t)printer->level * printer->indent;
	return close->forced_count <= open->forced_count &&
	       column + close->next_break - open->column <= printer->width;
}

static void print_item(struct printer *printer, const struct layout_item *item, bool flat)
{
	switch (item->kind) {
	case ITEM_TEXT: print_text(printer, item->text); break;
	case ITEM_BLANK: printer->blank = true; break;
	case ITEM_SPACE:
		if (flat)
			printer->blank = true;
		else
			end_line(printer, 1);
		break;
	case ITEM_SOFT:
		if (!flat)
			end_line(printer, 1);
		break;
	case ITEM_BREAK: end_line(printer, 1); break;
	case ITEM_EMPTY_LINE: end_line(printer, 2); break;
	case ITEM_COMMENT_AFTER:
		printer->blank = true;
		print_text(printer, item->text);
		end_line(printer, 1);
		break;
	case ITEM_COMMENT_LINE:
		end_line(printer, 1);
		print_text(printer, item->text);
		end_line(printer, 1);
		break;
	case ITEM_INDENT: printer->level++; break;
	case ITEM_DEDENT: printer->level--; break;
	case ITEM_OPEN:
	case ITEM_CLOSE: break;
	}
}

enum error layout_print(struct layout *layout, uint32_t width, uint32_t indent, struct buf *out)
{
	struct printer printer = {
		.out = out, .start = out->length, .width = width, .indent = indent};
	uint32_t flat_end = 0; /* items before it are in a group that fits */

	if (layout->failed != ERR_NONE)
		return layout->failed;
	measure(layout);
	for (uint32_t i = 0; i < layout->count; i++) {
		const struct layout_item *item = &layout->items[i];

		if (item->kind == ITEM_OPEN && item->close > flat_end &&
		    fits(&printer, layout, item))
			flat_end = item->close;
		print_item(&printer, item, i < flat_end);
	}
	if (out->length != printer.start)
		buf_append_byte(out, '\n');
	return out->failed;
}
