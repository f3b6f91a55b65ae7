#include "support/cmocka.h"

#include "base/error.h"

static void every_error_has_its_own_text(void **state)
{
	static const char *const texts[] = {
#define X(name, text) [ERR_##name] = text,
		ERROR_LIST(X)
#undef X
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_string_equal(error_text((enum error)i), texts[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(texts[i], texts[j]);
	}
}

static void no_error_is_zero(void **state)
{
	(void)state;
	assert_int_equal(ERR_NONE, 0);
}

static void a_value_outside_the_list_has_a_text_too(void **state)
{
	(void)state;
	assert_string_equal(error_text((enum error)(ERR_INTERNAL + 1)), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_its_own_text),
		cmocka_unit_test(no_error_is_zero),
		cmocka_unit_test(a_value_outside_the_list_has_a_text_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
