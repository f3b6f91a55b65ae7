#include "cedar/source.h"

#include "base/utf8.h"

/* The byte behind the next line feed, or NULL. */
static const char *next_line(struct str text, const char *from)
{
	const char *end = text.ptr + text.length;
	const char *feed = memchr(from, '\n', (size_t)(end - from));

	return feed != NULL ? feed + 1 : NULL;
}

static uint32_t count_lines(struct str text)
{
	uint32_t count = 0;

	for (const char *at = text.ptr; at != NULL; at = next_line(text, at))
		count++;
	return count;
}

enum error source_init(struct source *source, struct arena *arena, struct str name, struct str text)
{
	uint32_t *starts, line = 0;

	if (text.length >= UINT32_MAX)
		return ERR_LIMIT;
	if (text.length == 0)
		text = STR("");
	starts = arena_alloc(arena, count_lines(text) * sizeof(*starts));
	if (starts == NULL)
		return ERR_NO_MEMORY;
	for (const char *at = text.ptr; at != NULL; at = next_line(text, at))
		starts[line++] = (uint32_t)(at - text.ptr);
	*source = (struct source){name, text, starts, line};
	return ERR_NONE;
}

/* The number of the last line that starts at or before `offset`, by bisection. */
static uint32_t find_line(const struct source *source, uint32_t offset)
{
	uint32_t low = 0, high = source->line_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (source->line_starts[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low + 1;
}

struct source_place source_locate(const struct source *source, uint32_t offset)
{
	uint32_t text_end = (uint32_t)source->text.length;
	struct source_place place = {.column = 1};
	uint32_t at;

	if (offset > text_end)
		offset = text_end;
	place.line = find_line(source, offset);
	at = source->line_starts[place.line - 1];
	while (at < offset) {
		struct str rest = source_slice(source, span_make(at, text_end));
		uint32_t code_point;
		size_t length = utf8_decode(rest, &code_point);

		at += length != 0 ? (uint32_t)length : 1;
		if (at <= offset)
			place.column++;
	}
	return place;
}

struct str source_line(const struct source *source, uint32_t line)
{
	uint32_t start = source->line_starts[line - 1];
	uint32_t end = line < source->line_count ? source->line_starts[line] - 1
						 : (uint32_t)source->text.length;

	if (end > start && source->text.ptr[end - 1] == '\r')
		end--;
	return source_slice(source, span_make(start, end));
}
