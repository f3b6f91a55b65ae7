#include "ctl/junit.h"

#include <inttypes.h>

#include "base/utf8.h"

/* What XML 1.0 allows in a document; other characters cannot be written at all. */
static bool is_xml_char(uint32_t c)
{
	return c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c != 0xfffe && c != 0xffff);
}

static void append_char(struct buf *out, const char *bytes, size_t length, uint32_t c)
{
	switch (c) {
	case '<': buf_append_str(out, STR("&lt;")); break;
	case '>': buf_append_str(out, STR("&gt;")); break;
	case '&': buf_append_str(out, STR("&amp;")); break;
	case '"': buf_append_str(out, STR("&quot;")); break;
	case '\t':
	case '\n':
	case '\r': buf_printf(out, "&#%u;", (unsigned)c); break;
	default: buf_append(out, bytes, length); break;
	}
}

/* Text for an attribute or an element; what cannot be written becomes U+FFFD. */
static void append_text(struct buf *out, struct str text)
{
	size_t at = 0;

	while (at < text.length) {
		uint32_t c;
		size_t step = utf8_decode(str_make(text.ptr + at, text.length - at), &c);

		if (step != 0 && is_xml_char(c))
			append_char(out, text.ptr + at, step, c);
		else
			buf_append_str(out, STR("\xef\xbf\xbd"));
		at += step != 0 ? step : 1;
	}
}

static void append_attribute(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s=\"", name);
	append_text(out, value);
	buf_append_byte(out, '"');
}

void junit_start(struct buf *out, struct str suite, uint64_t tests, uint64_t failures)
{
	buf_append_str(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
				"<testsuite"));
	append_attribute(out, "name", suite);
	buf_printf(out, " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"0\">\n", tests,
		   failures);
}

void junit_add(struct buf *out, const struct junit_case *test)
{
	buf_append_str(out, STR("<testcase"));
	append_attribute(out, "name", test->name);
	append_attribute(out, "classname", test->file);
	append_attribute(out, "file", test->file);
	buf_printf(out, " line=\"%" PRIu32 "\"", test->line);
	if (test->failure.length == 0) {
		buf_append_str(out, STR("/>\n"));
		return;
	}
	buf_append_str(out, STR("><failure message=\"the answer differs\">"));
	append_text(out, test->failure);
	buf_append_str(out, STR("</failure></testcase>\n"));
}

void junit_end(struct buf *out)
{
	buf_append_str(out, STR("</testsuite>\n</testsuites>\n"));
}
