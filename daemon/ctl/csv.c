#include "ctl/csv.h"

#include "base/log.h"

/* Spreadsheets take a cell for a formula by its first character, blanks aside; some look also
 * behind a quote that was meant to end the cell. */
static bool is_formula(struct str text)
{
	while (text.length != 0 && (text.ptr[0] == ' ' || text.ptr[0] == '"'))
		text = str_make(text.ptr + 1, text.length - 1);
	return text.length != 0 && str_find_byte(STR("=+-@|%\t\r\n"), text.ptr[0]) != NULL;
}

void csv_append_first(struct buf *out, struct str text)
{
	size_t start;

	if (text.length == 0) {
		buf_append_str(out, STR("\"\""));
		return;
	}
	buf_append_str(out, is_formula(text) ? STR("\"'") : STR("\""));
	/* Escaping adds no quotes, so it can come first, a quote-free run at a time. */
	for (size_t i = 0; i <= text.length; i = start) {
		const char *quote = str_find_byte(str_make(text.ptr + i, text.length - i), '"');
		size_t end = quote != NULL ? (size_t)(quote - text.ptr) : text.length;

		log_escape(out, str_make(text.ptr + i, end - i));
		if (quote != NULL)
			buf_append_str(out, STR("\"\""));
		start = end + 1;
	}
	buf_append_byte(out, '"');
}

void csv_append(struct buf *out, struct str text)
{
	buf_append_byte(out, ',');
	csv_append_first(out, text);
}
