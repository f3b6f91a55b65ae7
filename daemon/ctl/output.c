#include "ctl/output.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/log.h"
#include "base/utf8.h"
#include "platform/terminal.h"

enum {
	LINE_MAX_BYTES = 1 << 20,
	COLUMN_GAP = 2,
	/* To what the columns that give way are cut before a row takes a second line. */
	STRETCH_MIN = 24,
	CONTINUED_INDENT = 4, /* of that line */
	TERMINAL_MIN = 20,    /* a narrower one is written to as if it were so wide */
};

struct table_row {
	struct table_row *next;
	struct str cells[];
};

void table_init(struct table *table, const char *const *titles, size_t column_count, size_t stretch)
{
	*table = (struct table){.titles = titles, .column_count = column_count, .stretch = stretch};
	arena_init(&table->arena, 16 * 1024, SIZE_MAX);
	table->tail = &table->first;
}

void table_deinit(struct table *table)
{
	arena_deinit(&table->arena);
}

bool table_add(struct table *table, const struct str *cells)
{
	struct table_row *row = arena_calloc(
		&table->arena, 1, sizeof(*row) + table->column_count * sizeof(row->cells[0]));
	struct buf escaped;
	bool ok = row != NULL;

	buf_init(&escaped, LINE_MAX_BYTES);
	for (size_t i = 0; ok && i < table->column_count; i++) {
		buf_clear(&escaped);
		log_escape(&escaped, cells[i]);
		row->cells[i] = arena_copy(&table->arena, buf_str(&escaped));
		ok = escaped.failed == ERR_NONE && row->cells[i].ptr != NULL;
	}
	buf_deinit(&escaped);
	if (ok) {
		*table->tail = row;
		table->tail = &row->next;
	}
	return ok;
}

/* Code points, which is what most terminals show as one column each. */
static size_t width_of(struct str text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.length; i++)
		width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return width;
}

/* The first `width` code points; the last one gives way to "…" when there are more. */
static void write_cut(struct buf *out, struct str text, size_t width)
{
	size_t at = 0;

	for (size_t seen = 0; seen + 1 < width && at < text.length; seen++) {
		uint32_t ignored;
		size_t length = utf8_decode(str_make(text.ptr + at, text.length - at), &ignored);

		at += length != 0 ? length : 1;
	}
	buf_append(out, text.ptr, at);
	buf_append_str(out, STR("\xe2\x80\xa6"));
}

static void write_cell(struct buf *out, struct str text, size_t width, bool last)
{
	size_t needed = width_of(text);

	if (needed > width)
		write_cut(out, text, width);
	else
		buf_append_str(out, text);
	if (!last)
		buf_printf(out, "%*s", (int)(COLUMN_GAP + (needed < width ? width - needed : 0)),
			   "");
}

/* How wide the columns are, and which of them begin a new line. */
struct layout {
	size_t widths[TABLE_COLUMNS_MAX];
	bool breaks[TABLE_COLUMNS_MAX + 1]; /* also behind the last */
};

static void write_row(struct buf *out, const struct str *cells, const struct layout *layout,
		      size_t column_count)
{
	for (size_t i = 0; i < column_count; i++) {
		if (layout->breaks[i])
			buf_printf(out, "\n%*s", CONTINUED_INDENT, "");
		write_cell(out, cells[i], layout->widths[i], layout->breaks[i + 1]);
	}
	buf_append_byte(out, '\n');
}

/* Takes from the stretching column, then from the last, what the terminal is too narrow for. False
 * and no change when that is not enough. */
static bool fit_one_line(struct layout *layout, size_t column_count, size_t stretch,
			 size_t terminal)
{
	const size_t giving[] = {stretch, column_count - 1};
	size_t total = COLUMN_GAP * (column_count - 1);
	struct layout cut = *layout;

	for (size_t i = 0; i < column_count; i++)
		total += layout->widths[i];
	for (size_t i = 0; i < ARRAY_COUNT(giving) && total > terminal; i++) {
		size_t *width = &cut.widths[giving[i]];
		size_t spare = *width > STRETCH_MIN ? *width - STRETCH_MIN : 0;
		size_t less = total - terminal < spare ? total - terminal : spare;

		*width -= less;
		total -= less;
	}
	if (total > terminal)
		return false;
	*layout = cut;
	return true;
}

/* Breaks rows before each column that would not fit any more. */
static void fit_lines(struct layout *layout, size_t column_count, size_t terminal)
{
	size_t at = 0;

	for (size_t i = 0; i < column_count; i++) {
		size_t *width = &layout->widths[i];

		if (i != 0 && at + *width > terminal) {
			layout->breaks[i] = true;
			at = CONTINUED_INDENT;
		}
		*width = *width < terminal - at ? *width : terminal - at;
		at += *width + COLUMN_GAP;
	}
}

void table_write(const struct table *table, struct buf *out, size_t terminal)
{
	struct layout layout = {0};
	struct str titles[TABLE_COLUMNS_MAX];

	for (size_t i = 0; i < table->column_count; i++) {
		titles[i] = str_from(table->titles[i]);
		layout.widths[i] = width_of(titles[i]);
	}
	for (const struct table_row *row = table->first; row != NULL; row = row->next) {
		for (size_t i = 0; i < table->column_count; i++) {
			size_t width = width_of(row->cells[i]);

			if (width > layout.widths[i])
				layout.widths[i] = width;
		}
	}
	layout.breaks[table->column_count] = true;
	if (terminal != 0) {
		if (terminal < TERMINAL_MIN)
			terminal = TERMINAL_MIN;
		if (!fit_one_line(&layout, table->column_count, table->stretch, terminal))
			fit_lines(&layout, table->column_count, terminal);
	}
	write_row(out, titles, &layout, table->column_count);
	for (const struct table_row *row = table->first; row != NULL; row = row->next)
		write_row(out, row->cells, &layout, table->column_count);
}

void table_print(const struct table *table)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	table_write(table, &out, terminal_columns());
	output_text(stdout, buf_str(&out));
	if (out.failed != ERR_NONE)
		output_error("%s", error_text(out.failed));
	buf_deinit(&out);
}

void output_time(struct buf *out, int64_t wall_us)
{
	size_t start = out->length;

	civil_append(out, wall_us);
	if (out->failed != ERR_NONE)
		return;
	for (size_t i = start; i < out->length; i++) {
		if (out->data[i] == 'T')
			out->data[i] = ' ';
	}
	out->length--; /* the Z */
}

void output_time_of_second(struct buf *out, int64_t wall_us)
{
	output_time(out, wall_us);
	if (out->failed == ERR_NONE)
		out->length -= strlen(".000");
}

void output_count(struct buf *out, uint64_t count, const char *one, const char *many)
{
	buf_printf(out, "%llu %s", (unsigned long long)count, count_noun(count, one, many));
}

void output_duration(struct buf *out, uint64_t ms)
{
	static const struct {
		uint64_t ms, part_ms;
		const char *unit, *part_unit;
	} steps[] = {
		{86400000, 3600000, "d", "h"},
		{3600000, 60000, "h", "m"},
		{60000, 1000, "m", "s"},
	};

	for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
		unsigned long long whole = ms / steps[i].ms;
		unsigned long long part = ms % steps[i].ms / steps[i].part_ms;

		if (whole == 0)
			continue;
		buf_printf(out, "%llu%s", whole, steps[i].unit);
		if (part != 0)
			buf_printf(out, " %llu%s", part, steps[i].part_unit);
		return;
	}
	if (ms >= 1000)
		buf_printf(out, "%llus", (unsigned long long)(ms / 1000));
	else
		buf_printf(out, "%llums", (unsigned long long)ms);
}

void output_wrap(struct buf *out, struct str text, size_t indent, size_t width)
{
	size_t start = out->length, column;
	bool between = false; /* two words, which a blank parts */

	while (start > 0 && out->data[start - 1] != '\n')
		start--;
	column = width_of(str_make(out->data + start, out->length - start));
	while (text.length != 0) {
		const char *blank = str_find_byte(text, ' ');
		struct str word = str_make(text.ptr, blank != NULL ? (size_t)(blank - text.ptr)
								   : text.length);
		size_t columns = between + width_of(word);

		if (width != 0 && column > indent && column + columns > width) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
			columns -= between;
		} else if (between) {
			buf_append_byte(out, ' ');
		}
		buf_append_str(out, word);
		column += columns;
		between = true;
		text = str_make(word.ptr + word.length + (blank != NULL),
				text.length - word.length - (blank != NULL));
	}
}

void output_text(FILE *stream, struct str text)
{
	/* An empty buffer has no bytes to point to. */
	if (text.length != 0)
		(void)fwrite(text.ptr, 1, text.length, stream);
}

/* How many bytes at the start of the text are a tab or the end of a line. */
static size_t layout_length(struct str text)
{
	if (str_starts_with(text, STR("\r\n")))
		return 2;
	return text.ptr[0] == '\t' || text.ptr[0] == '\n';
}

void output_safe_text(struct buf *out, struct str text)
{
	while (text.length != 0) {
		size_t length = layout_length(text);
		uint32_t character;

		if (length == 0 && text.ptr[0] == '\\')
			length = 1;
		if (length != 0) {
			buf_append(out, text.ptr, length);
		} else {
			length = utf8_decode(text, &character);
			length = length != 0 ? length : 1;
			log_escape(out, str_make(text.ptr, length));
		}
		text = str_make(text.ptr + length, text.length - length);
	}
}

void output_line(struct buf *line)
{
	output_text(stdout, buf_str(line));
	fputc('\n', stdout);
	buf_clear(line);
}

static struct buf *kept_errors;

void output_keep_errors(struct buf *messages)
{
	kept_errors = messages;
}

void output_error(const char *format, ...)
{
	struct buf raw, safe;
	va_list args;

	buf_init(&raw, LINE_MAX_BYTES);
	buf_init(&safe, LINE_MAX_BYTES);
	va_start(args, format);
	buf_vprintf(&raw, format, args);
	va_end(args);
	if (kept_errors != NULL) {
		buf_append_str(kept_errors, kept_errors->length != 0 ? STR("; ") : STR(""));
		buf_append_str(kept_errors, buf_str(&raw));
	} else {
		log_escape(&safe, buf_str(&raw));
		fprintf(stderr, "wsauthzctl: %s\n", buf_text(&safe));
	}
	buf_deinit(&raw);
	buf_deinit(&safe);
}
