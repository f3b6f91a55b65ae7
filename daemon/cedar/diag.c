#include "cedar/diag.h"

#include <stdio.h>

#include "base/log.h"
#include "base/utf8.h"

enum {
	MESSAGE_MAX = 1024,  /* bytes of a message */
	EXCERPT_MAX = 120,   /* code points of a source line that are shown */
	EXCERPT_BEFORE = 70, /* of them in front of the caret when the line is cut */
	TAB_WIDTH = 8,
	EDIT_WORD_MAX = 32, /* longer words get no suggestion */
};

void cedar_diags_init(struct cedar_diags *diags)
{
	*diags = (struct cedar_diags){.tail = &diags->first};
	arena_init(&diags->arena, 1024, SIZE_MAX);
}

void cedar_diags_deinit(struct cedar_diags *diags)
{
	arena_deinit(&diags->arena);
	*diags = (struct cedar_diags){.tail = &diags->first};
}

/* The length of the first character; a byte that is not UTF-8 is a character of its own. */
static size_t step(struct str s, uint32_t *code_point)
{
	size_t length = utf8_decode(s, code_point);

	if (length == 0) {
		*code_point = 0xfffd;
		length = 1;
	}
	return length;
}

/* The offset `count` characters behind `from`, or the end. */
static size_t skip_characters(struct str s, size_t from, size_t count)
{
	uint32_t ignored;

	while (count-- != 0 && from < s.length)
		from += step(str_make(s.ptr + from, s.length - from), &ignored);
	return from;
}

/* Copies the source line into the diagnostic, cut around byte `at` of it, which is the column of
 * the diagnostic, when it is long. */
static void set_excerpt(struct cedar_diag *diag, struct arena *arena, struct str line, size_t at)
{
	size_t start = 0, end = skip_characters(line, 0, EXCERPT_MAX);
	struct str mark = STR("..."), front, back;
	char *copy;

	if (end < line.length) {
		if (diag->column > EXCERPT_BEFORE)
			start = skip_characters(line, 0, diag->column - 1 - EXCERPT_BEFORE);
		end = skip_characters(line, start, EXCERPT_MAX);
	}
	front = start > 0 ? mark : STR("");
	back = end < line.length ? mark : STR("");
	copy = arena_alloc(arena, front.length + (end - start) + back.length);
	if (copy == NULL)
		return;
	memcpy(copy, front.ptr, front.length);
	memcpy(copy + front.length, line.ptr + start, end - start);
	memcpy(copy + front.length + (end - start), back.ptr, back.length);
	diag->excerpt = str_make(copy, front.length + (end - start) + back.length);
	diag->caret = (uint32_t)(front.length + (at - start));
}

static void count(struct cedar_diags *diags, enum cedar_severity severity)
{
	if (severity == CEDAR_ERROR)
		diags->error_count++;
	else
		diags->warning_count++;
}

/* A new diagnostic with everything but its place, not yet in the list; NULL when it can only be
 * counted. */
ATTR_PRINTF(4, 0)
static struct cedar_diag *new_diag(struct cedar_diags *diags, enum cedar_severity severity,
				   struct str source, const char *format, va_list args)
{
	char message[MESSAGE_MAX];
	struct cedar_diag *diag;
	int length;

	count(diags, severity);
	if (diags->error_count + diags->warning_count > CEDAR_MAX_DIAGS)
		return NULL;
	length = vsnprintf(message, sizeof(message), format, args);
	if (length < 0)
		length = 0;
	if ((size_t)length >= sizeof(message))
		length = (int)utf8_valid_length(str_make(message, sizeof(message) - 1));

	diag = arena_calloc(&diags->arena, 1, sizeof(*diag));
	if (diag == NULL)
		return NULL;
	diag->severity = severity;
	diag->source = arena_copy(&diags->arena, source);
	diag->message = arena_copy(&diags->arena, str_make(message, (size_t)length));
	return diag;
}

static void append(struct cedar_diags *diags, struct cedar_diag *diag)
{
	*diags->tail = diag;
	diags->tail = &diag->next;
}

void diag_vreport(struct cedar_diags *diags, enum cedar_severity severity,
		  const struct source *source, struct span span, const char *format, va_list args)
{
	struct cedar_diag *diag = new_diag(diags, severity, source->name, format, args);
	struct source_place place;
	struct str line;

	if (diag == NULL)
		return;
	if (span.start > source->text.length)
		span.start = (uint32_t)source->text.length;
	place = source_locate(source, span.start);
	line = source_line(source, place.line);
	diag->line = place.line;
	diag->column = place.column;
	diag->offset = span.start;
	diag->length = span.end > span.start ? span.end - span.start : 1;
	set_excerpt(diag, &diags->arena, line, span.start - source->line_starts[place.line - 1]);
	append(diags, diag);
}

void diag_report(struct cedar_diags *diags, enum cedar_severity severity,
		 const struct source *source, struct span span, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_vreport(diags, severity, source, span, format, args);
	va_end(args);
}

void diag_vreport_source(struct cedar_diags *diags, enum cedar_severity severity, struct str name,
			 const char *format, va_list args)
{
	struct cedar_diag *diag = new_diag(diags, severity, name, format, args);

	if (diag != NULL)
		append(diags, diag);
}

void diag_report_source(struct cedar_diags *diags, enum cedar_severity severity, struct str name,
			const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_vreport_source(diags, severity, name, format, args);
	va_end(args);
}

/* Terminal cells of a character: two for the wide scripts of East Asia and for pictographs, none
 * for the common combining marks (Unicode Standard Annex 11). */
static size_t cell_count(uint32_t c)
{
	static const struct {
		uint32_t first, last;
		size_t cells;
	} ranges[] = {
		{0x0300, 0x036f, 0}, {0x1100, 0x115f, 2},   {0x20d0, 0x20ff, 0},
		{0x2e80, 0xa4cf, 2}, {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},
		{0xfe00, 0xfe0f, 0}, {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},
		{0xffe0, 0xffe6, 2}, {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
	};

	for (size_t i = 0; i < ARRAY_COUNT(ranges); i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return ranges[i].cells;
	}
	return 1;
}

/* Appends one character so that it is visible and harmless; returns the cells it takes from cell
 * `at` on. */
static size_t print_character(struct buf *out, struct str character, uint32_t code_point, size_t at)
{
	size_t before = out->length;

	if (code_point == '\t') {
		size_t cells = TAB_WIDTH - at % TAB_WIDTH;

		buf_printf(out, "%*s", (int)cells, "");
		return cells;
	}
	log_escape(out, character);
	if (out->length - before == character.length)
		return cell_count(code_point);
	return out->length - before;
}

static void print_excerpt(struct buf *out, const struct cedar_diag *diag)
{
	size_t caret_end = (size_t)diag->caret + diag->length;
	size_t caret_cell = 0, cell = 0, caret_cells = 0;

	for (size_t at = 0; at < diag->excerpt.length;) {
		struct str rest = str_make(diag->excerpt.ptr + at, diag->excerpt.length - at);
		uint32_t code_point;
		size_t length = step(rest, &code_point);
		size_t cells = print_character(out, str_make(rest.ptr, length), code_point, cell);

		if (at < diag->caret)
			caret_cell += cells;
		else if (at < caret_end)
			caret_cells += cells;
		cell += cells;
		at += length;
	}
	buf_printf(out, "\n%*s^", (int)caret_cell, "");
	while (caret_cells-- > 1)
		buf_append_byte(out, '~');
	buf_append_byte(out, '\n');
}

void cedar_diag_print(struct buf *out, const struct cedar_diag *diag)
{
	log_escape(out, diag->source);
	if (diag->line != 0)
		buf_printf(out, ":%u:%u", (unsigned)diag->line, (unsigned)diag->column);
	buf_append_str(out, diag->severity == CEDAR_ERROR ? STR(": error: ") : STR(": warning: "));
	buf_append_str(out, diag->message);
	buf_append_byte(out, '\n');
	if (diag->line != 0)
		print_excerpt(out, diag);
}

struct diag_quote diag_quote(struct str text)
{
	struct diag_quote quote = {""};
	struct buf escaped;
	size_t kept = 0;

	buf_init(&escaped, SIZE_MAX);
	for (size_t at = 0; at < text.length && kept == escaped.length;) {
		uint32_t ignored;
		size_t length = step(str_make(text.ptr + at, text.length - at), &ignored);

		log_escape(&escaped, str_make(text.ptr + at, length));
		if (escaped.length <= DIAG_QUOTE_MAX)
			kept = escaped.length;
		at += length;
	}
	memcpy(quote.text, buf_text(&escaped), kept);
	if (kept < escaped.length)
		memcpy(quote.text + kept, "...", sizeof("..."));
	buf_deinit(&escaped);
	return quote;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Letters to insert, delete or change to turn one word into the other (Levenshtein distance). Both
 * words have at most EDIT_WORD_MAX letters. */
static size_t edit_distance(struct str a, struct str b)
{
	size_t row[EDIT_WORD_MAX + 1];

	for (size_t j = 0; j <= b.length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.length; j++) {
			size_t above = row[j];
			bool same = a.ptr[i - 1] == b.ptr[j - 1];

			row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + !same);
			diagonal = above;
		}
	}
	return row[b.length];
}

struct str diag_nearest(struct str word, const struct str *candidates, size_t count)
{
	size_t best = word.length / 3 + 1;
	struct str nearest = STR("");

	if (word.length > EDIT_WORD_MAX)
		return nearest;
	for (size_t i = 0; i < count; i++) {
		size_t distance;

		if (candidates[i].length > EDIT_WORD_MAX)
			continue;
		distance = edit_distance(word, candidates[i]);
		if (distance < best || (distance == best && nearest.length == 0)) {
			best = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}
