#include "cedar/pattern.h"

#include <string.h>

/* The bytes of `text` behind the first occurrence of `word`; ptr is NULL when there is none. */
static struct str behind(struct str text, struct str word)
{
	const char *end = text.ptr + text.length;

	if (word.length == 0)
		return text;
	while (text.length >= word.length) {
		const char *hit = memchr(text.ptr, word.ptr[0], text.length - word.length + 1);

		if (hit == NULL)
			break;
		if (memcmp(hit, word.ptr, word.length) == 0)
			return str_make(hit + word.length, (size_t)(end - hit) - word.length);
		text = str_make(hit + 1, (size_t)(end - hit) - 1);
	}
	return str_make(NULL, 0);
}

bool pattern_matches(const struct pattern *pattern, struct str text)
{
	struct str first = pattern->literals[0];
	struct str last = pattern->literals[pattern->literal_count - 1];

	if (pattern->literal_count == 1)
		return str_equal(text, first);
	if (text.length < first.length + last.length || !str_starts_with(text, first) ||
	    !str_ends_with(text, last))
		return false;
	text = str_make(text.ptr + first.length, text.length - first.length - last.length);
	/* Taking the first place for each literal leaves the most room for the next. */
	for (uint32_t i = 1; i + 1 < pattern->literal_count; i++) {
		text = behind(text, pattern->literals[i]);
		if (text.ptr == NULL)
			return false;
	}
	return true;
}
