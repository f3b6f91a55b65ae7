#include "ctl/xml.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/cmocka.h"

/* Reads to the end and writes what was read: <a x=1><b></b></a>, or what is wrong. */
static void write_events(struct str text, struct buf *out)
{
	struct xml_reader reader;

	xml_init(&reader, text);
	while (xml_next(&reader) < XML_END) {
		buf_printf(out, reader.event == XML_ELEMENT ? "<%.*s" : "</%.*s",
			   STR_ARGS(reader.name));
		for (uint32_t i = 0; i < reader.attribute_count; i++) {
			buf_printf(out, " %.*s=", STR_ARGS(reader.attributes[i].name));
			assert_true(xml_get(&reader, reader.attributes[i].name, out));
		}
		assert_false(xml_get(&reader, STR("absent"), out));
		buf_append_byte(out, '>');
	}
	if (reader.event == XML_FAILED)
		buf_printf(out, "!%u %s", (unsigned)reader.line, reader.problem);
	assert_int_equal(xml_next(&reader), reader.event);
}

static void expect(const char *text, const char *expected)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	write_events(str_from(text), &out);
	assert_string_equal(buf_text(&out), expected);
	buf_deinit(&out);
}

/* Ends with the failure. */
static void expect_failure(const char *text, const char *problem)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	write_events(str_from(text), &out);
	if (!str_ends_with(buf_str(&out), str_from(problem)) ||
	    str_find_byte(buf_str(&out), '!') == NULL)
		fail_msg("%s: '%s' does not end with '%s'", text, buf_text(&out), problem);
	buf_deinit(&out);
}

static void elements_and_attributes_come_in_their_order(void **state)
{
	(void)state;
	expect("<a/>", "<a></a>");
	expect("\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- <b> -->\n<a>\n<b x='1' y = \"2\"\t/>text"
	       "<![CDATA[<c>]]></a >\n",
	       "<a><b x=1 y=2></b></a>");
	expect("<a.b:c-d_e x='\xc3\xa4'></a.b:c-d_e>", "<a.b:c-d_e x=\xc3\xa4></a.b:c-d_e>");
}

static void entities_become_what_they_stand_for(void **state)
{
	(void)state;
	expect("<a x='&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x20ac;'/>",
	       "<a x=<>&\"'AB\xe2\x82\xac></a>");
	expect_failure("<a x='&nbsp;'/>", "unknown entity");
	expect_failure("<a x='&'/>", "unknown entity");
	expect_failure("<a x='&#;'/>", "unknown entity");
	expect_failure("<a x='&#x;'/>", "unknown entity");
	expect_failure("<a x='&#4a;'/>", "unknown entity");
	expect_failure("<a x='&#0;'/>", "unknown entity");
	expect_failure("<a x='&#xd800;'/>", "unknown entity");
	expect_failure("<a x='&#x110000;'/>", "unknown entity");
	expect_failure("<a x='&#99999999999999999999;'/>", "unknown entity");
	expect("<a x='&#x10ffff;'/>", "<a x=\xf4\x8f\xbf\xbf></a>");
}

static void what_is_not_well_formed_is_refused_with_its_line(void **state)
{
	(void)state;
	expect("<a>\n<b>\n</a>", "<a><b>!3 an element ends that did not begin there");
	expect_failure("", "has none");
	expect_failure("text", "has none");
	expect_failure("<a>", "ends within an element, or has none");
	expect_failure("<a/><b/>", "more than one element at the top");
	expect_failure("</a>", "did not begin there");
	expect_failure("<a", "a tag does not end");
	expect_failure("<a x", "no attribute where one should be");
	expect_failure("<a x=>", "has no quotation marks");
	expect_failure("<a x='1>", "does not end");
	expect_failure("<a x='<'/>", "has a '<' or an unknown entity");
	expect_failure("<a x='1'y='2'/>", "a tag does not end");
	expect_failure("<a x='1' x='2'/>", "an attribute stands twice");
	expect_failure("<a></a", "a tag does not end");
	expect_failure("< a/>", "begins no tag");
	expect_failure("<!-- ", "does not end");
	expect_failure("<?xml ", "does not end");
	expect_failure("<a><![CDATA[ ]]", "does not end");
	expect_failure("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "a document type, which is not read");
	expect_failure("\xff\xfe<", "in UTF-16, which is not read");
	expect_failure("<a x='\xe4'/>", "not in UTF-8");
}

static void nesting_and_attributes_are_limited(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	for (int past = 0; past < 2; past++) {
		buf_clear(&text);
		for (int i = 0; i < XML_DEPTH_MAX + past; i++)
			buf_append_str(&text, STR("<a>"));
		for (int i = 0; i < XML_DEPTH_MAX + past; i++)
			buf_append_str(&text, STR("</a>"));
		if (past == 0)
			expect(buf_text(&text), buf_text(&text));
		else
			expect_failure(buf_text(&text), "nested deeper than 64");
		buf_clear(&text);
		buf_append_str(&text, STR("<a"));
		for (int i = 0; i < XML_ATTRIBUTES_MAX + past; i++)
			buf_printf(&text, " x%d='%d'", i, i);
		buf_append_str(&text, STR("></a>"));
		if (past == 0) {
			struct xml_reader reader;

			xml_init(&reader, buf_str(&text));
			assert_int_equal(xml_next(&reader), XML_ELEMENT);
			assert_int_equal(reader.attribute_count, XML_ATTRIBUTES_MAX);
		} else {
			expect_failure(buf_text(&text), "more than 64 attributes");
		}
	}
	buf_deinit(&text);
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	static const char text[] = "<?xml?><a x='&#65;'><!-- c --><b y=\"2\"/><![CDATA[d]]></a>";

	(void)state;
	for (size_t length = 0; length < sizeof(text) - 1; length++) {
		/* Of just that size, so that a sanitizer sees one byte too many. */
		char *exact = malloc(length != 0 ? length : 1);
		struct buf out;

		assert_non_null(exact);
		memcpy(exact, text, length);
		buf_init(&out, 1 << 20);
		write_events(str_make(exact, length), &out);
		assert_non_null(str_find_byte(buf_str(&out), '!'));
		buf_deinit(&out);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_and_attributes_come_in_their_order),
		cmocka_unit_test(entities_become_what_they_stand_for),
		cmocka_unit_test(what_is_not_well_formed_is_refused_with_its_line),
		cmocka_unit_test(nesting_and_attributes_are_limited),
		cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
	};

	return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
