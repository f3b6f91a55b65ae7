#include "ctl/resource.h"

#include <stdbool.h>

#include "authz/operation.h"

/* Whether the text begins with whole segments: what follows `start` begins another, or selectors. */
static bool is_below(struct str text, struct str start)
{
	if (text.length < start.length ||
	    !str_equal_ascii_case(str_make(text.ptr, start.length), start))
		return false;
	return text.length == start.length || text.ptr[start.length] == '/' ||
	       text.ptr[start.length] == '?';
}

static void replace_start(struct buf *out, struct str text, struct str start, struct str by)
{
	buf_append_str(out, by);
	buf_append_str(out, str_make(text.ptr + start.length, text.length - start.length));
}

void resource_shorten(struct buf *out, struct str uri)
{
	struct str alias, prefix, best_alias = STR(""), best = STR("");

	for (size_t i = 0; operation_alias_row(i, &alias, &prefix); i++) {
		if (prefix.length > best.length && is_below(uri, prefix)) {
			best_alias = alias;
			best = prefix;
		}
	}
	replace_start(out, uri, best, best_alias);
}

void resource_expand(struct buf *out, struct str text)
{
	struct str alias, prefix;

	for (size_t i = 0; operation_alias_row(i, &alias, &prefix); i++) {
		if (is_below(text, alias)) {
			replace_start(out, text, alias, prefix);
			return;
		}
	}
	buf_append_str(out, text);
}
