#include "ctl/csv.h"

#include "base/attributes.h"
#include "base/log.h"

/* The characters that OWASP names for "CSV Injection" (owasp.org/www-community/attacks/CSV_Injection):
 * spreadsheets of some languages take the full-width forms for the plain ones. */
static bool starts_formula(struct str text)
{
	static const char *const full_width[] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};

	if (text.length == 0)
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(full_width); i++) {
		if (str_starts_with(text, str_from(full_width[i])))
			return true;
	}
	return str_find_byte(STR("=+-@|%\t\r\n"), text.ptr[0]) != NULL;
}

/* Spreadsheets take a cell for a formula by its first character, blanks aside; some look also
 * behind a quote that was meant to end the cell. */
static bool is_formula(struct str text)
{
	while (text.length != 0 && (text.ptr[0] == ' ' || text.ptr[0] == '"'))
		text = str_make(text.ptr + 1, text.length - 1);
	return starts_formula(text);
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

void csv_append_u64(struct buf *out, uint64_t value)
{
	buf_append_byte(out, ',');
	buf_append_u64(out, value);
}

void csv_append(struct buf *out, struct str text)
{
	buf_append_byte(out, ',');
	csv_append_first(out, text);
}
