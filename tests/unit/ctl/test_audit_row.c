#include "ctl/audit_row.h"

#include "base/attributes.h"
#include "support/cmocka.h"

static struct str policies[] = {{"read", 4}, {"say \"no\"", 8}};

static struct audit_row sample_row(void)
{
	return (struct audit_row){
		.decision_id = 7,
		.kind = AUDIT_AUTHORIZE_USER,
		.verdict = AUDIT_DENY,
		.code = 5,
		.user = str_make("a\n\"b\"\0c", 7),
		.principal = STR("=cmd|' /C calc'!A0"),
		.mechanism = STR("kerberos"),
		.action = STR("Connect"),
		.source = STR("policy"),
		.policies = {policies, ARRAY_COUNT(policies)},
	};
}

/* The line holds a NUL, so it is no C string. */
static void expect_inside(const struct buf *line, struct str text)
{
	assert_non_null(memmem(line->data, line->length, text.ptr, text.length));
}

static void csv_doubles_quotes_and_disarms_formulas(void **state)
{
	struct audit_row row = sample_row();
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	audit_row_csv(&out, &row);
	expect_inside(&out, STR(",\"'=cmd|' /C calc'!A0\","));
	expect_inside(&out, STR(",\"read say \"\"no\"\"\","));
	assert_int_equal(strncmp(buf_text(&out), "7,1970-01-01T00:00:00.000Z,", 27), 0);
	buf_deinit(&out);
}

static size_t commas(struct str line)
{
	size_t count = 0;

	for (size_t i = 0; i < line.length; i++)
		count += line.ptr[i] == ',';
	return count;
}

static void csv_lines_have_as_many_fields_as_the_header(void **state)
{
	struct audit_row row = {.decision_id = 1};
	struct buf header, line;

	(void)state;
	buf_init(&header, 4096);
	buf_init(&line, 4096);
	audit_row_csv_header(&header);
	audit_row_csv(&line, &row);
	assert_int_equal(commas(buf_str(&header)), commas(buf_str(&line)));
	buf_deinit(&header);
	buf_deinit(&line);
}

static void json_keeps_every_byte_of_a_hostile_name(void **state)
{
	struct audit_row row = sample_row();
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	audit_row_json(&out, &row);
	assert_non_null(strstr(buf_text(&out), "\"user\":\"a\\n\\\"b\\\"\\u0000c\""));
	assert_null(strchr(buf_text(&out), '\n'));
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_doubles_quotes_and_disarms_formulas),
		cmocka_unit_test(csv_lines_have_as_many_fields_as_the_header),
		cmocka_unit_test(json_keeps_every_byte_of_a_hostile_name),
	};

	return cmocka_run_group_tests_name("audit_row", tests, NULL, NULL);
}
