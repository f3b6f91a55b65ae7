#include "client-plugin/line.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void line_add(struct line *line, const char *words)
{
	size_t room = sizeof(line->text) - 1 - line->length;
	size_t length = strlen(words);

	if (length > room)
		length = room;
	memcpy(line->text + line->length, words, length);
	line->length += length;
	line->text[line->length] = '\0';
}

void line_add_number(struct line *line, uint64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	line_add(line, digits);
}

static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '%';
}

void line_add_name(struct line *line, const char *name)
{
	char part[8];
	size_t length = 0;

	for (; *name != '\0'; name++) {
		if (is_plain(*name))
			snprintf(part, sizeof(part), "%c", *name);
		else
			snprintf(part, sizeof(part), "\\x{%02x}", (unsigned)(unsigned char)*name);
		length += strlen(part);
		if (length > LINE_NAME_BYTES) {
			line_add(line, "...");
			return;
		}
		line_add(line, part);
	}
}
