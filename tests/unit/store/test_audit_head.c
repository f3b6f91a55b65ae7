#include "store/audit_head.h"

#include <string.h>

#include "base/attributes.h"
#include "support/cmocka.h"

#define ZEROS_62 "00000000000000000000000000000000000000000000000000000000000000"

static void a_head_written_is_the_head_read(void **state)
{
	const struct audit_head heads[] = {
		{0, {0}}, {42, {0xab, 1}}, {UINT64_MAX, {[AUDIT_CHAIN_BYTES - 1] = 0xff}}};
	char text[AUDIT_HEAD_TEXT_BYTES];
	struct audit_head read;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
		audit_head_format(&heads[i], text);
		assert_int_equal(audit_head_parse(str_from(text), &read), ERR_NONE);
		assert_int_equal(read.decision_id, heads[i].decision_id);
		assert_memory_equal(read.chain, heads[i].chain, AUDIT_CHAIN_BYTES);
	}
	audit_head_format(&heads[0], text);
	assert_string_equal(text, "0:" ZEROS_62 "00");
}

static void anything_else_is_no_head(void **state)
{
	static const char *const texts[] = {
		"",
		"42",
		"42:",
		":" ZEROS_62 "00",
		"42:" ZEROS_62 "0",
		"42:" ZEROS_62 "000",
		"42:" ZEROS_62 "0g",
		"-1:" ZEROS_62 "00",
		"18446744073709551616:" ZEROS_62 "00",
		"42:" ZEROS_62 "00\n",
	};
	struct audit_head read;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_int_equal(audit_head_parse(str_from(texts[i]), &read), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_written_is_the_head_read),
		cmocka_unit_test(anything_else_is_no_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
