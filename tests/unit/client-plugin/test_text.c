#include "client-plugin/text.h"

#include "client-plugin/memory.h"
#include "support/cmocka.h"

static void expect_copy(PCWSTR wide, const char *expected)
{
	struct pool pool = {.pieces = NULL};
	const char *copy = NULL;

	assert_int_equal(text_copy(wide, &pool, &copy), CLIENT_OK);
	assert_string_equal(copy, expected);
	pool_free(&pool);
}

static void expect_refused(PCWSTR wide, enum client_reason reason)
{
	struct pool pool = {.pieces = NULL};
	const char *copy = NULL;

	assert_int_equal(text_copy(wide, &pool, &copy), reason);
	assert_null(copy);
	pool_free(&pool);
}

static void characters_of_every_length_are_copied(void **state)
{
	(void)state;
	expect_copy(NULL, "");
	expect_copy(u"", "");
	expect_copy(u"CONTOSO\\alice", "CONTOSO\\alice");
	expect_copy(u"\x7f\x80\u07ff\u0800\uffff", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
	expect_copy(u"\U00010000 \U0010ffff", "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf");
}

static void half_a_pair_is_no_text(void **state)
{
	static const WCHAR high_at_end[] = {'a', 0xD800, 0};
	static const WCHAR high_before_text[] = {0xDBFF, 'a', 0};
	static const WCHAR low_alone[] = {0xDC00, 0};
	static const WCHAR low_after_pair[] = {0xD800, 0xDC00, 0xDFFF, 0};

	(void)state;
	expect_refused(high_at_end, CLIENT_SENDER);
	expect_refused(high_before_text, CLIENT_SENDER);
	expect_refused(low_alone, CLIENT_SENDER);
	expect_refused(low_after_pair, CLIENT_SENDER);
}

static void a_text_may_have_so_many_units_and_no_more(void **state)
{
	static WCHAR text[TEXT_MAX_UNITS + 2];
	struct pool pool = {.pieces = NULL};
	const char *copy;

	(void)state;
	for (size_t i = 0; i < TEXT_MAX_UNITS; i++)
		text[i] = 0xFFFD;
	assert_int_equal(text_copy(text, &pool, &copy), CLIENT_OK);
	assert_int_equal(strlen(copy), (size_t)TEXT_MAX_UNITS * 3);
	text[TEXT_MAX_UNITS] = 'a';
	assert_int_equal(text_copy(text, &pool, &copy), CLIENT_TOO_LARGE);
	pool_free(&pool);
}

static void expect_wide(const char *text, const WCHAR *expected)
{
	WCHAR wide[64];
	size_t count = text_widen(text, wide, 64);

	for (size_t i = 0; i <= count; i++)
		assert_int_equal(wide[i], expected[i]);
	assert_int_equal(wide[count], 0);
}

static void widening_takes_every_character(void **state)
{
	(void)state;
	expect_wide("", u"");
	expect_wide("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf", u"\x7f\x80\u07ff\u0800\uffff");
	expect_wide("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf", u"\U00010000 \U0010ffff");
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
	(void)state;
	expect_wide("a\x80z", u"a\ufffdz");
	expect_wide("\xc3", u"\ufffd");
	expect_wide("\xc0\xaf", u"\ufffd\ufffd");
	expect_wide("\xed\xa0\x80", u"\ufffd\ufffd\ufffd");
	expect_wide("\xf4\x90\x80\x80", u"\ufffd\ufffd\ufffd\ufffd");
	expect_wide("\xff!", u"\ufffd!");
}

static void widening_cuts_between_characters(void **state)
{
	WCHAR wide[4] = {1, 1, 1, 1};

	(void)state;
	assert_int_equal(text_widen("abc", wide, 4), 3);
	assert_int_equal(text_widen("abcd", wide, 4), 3);
	assert_int_equal(wide[3], 0);
	assert_int_equal(text_widen("ab\xf0\x90\x80\x80", wide, 4), 2);
	assert_int_equal(wide[2], 0);
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

static void a_copy_without_memory_fails(void **state)
{
	(void)state;
	memory_set_fault_hook(always, NULL);
	expect_refused(u"alice", CLIENT_NO_MEMORY);
	memory_set_fault_hook(NULL, NULL);
}

static void a_pool_gives_zeroed_aligned_memory_of_any_size(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 4095, 4096, 4097, 100000, 1};
	struct pool pool = {.pieces = NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned char *bytes = pool_take(&pool, sizes[i]);

		assert_non_null(bytes);
		assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < sizes[i]; j++) {
			assert_int_equal(bytes[j], 0);
			bytes[j] = 0xFF;
		}
	}
	assert_null(pool_take(&pool, SIZE_MAX));
	assert_null(pool_take(&pool, SIZE_MAX - 32));
	pool_free(&pool);
	assert_null(pool.pieces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_of_every_length_are_copied),
		cmocka_unit_test(half_a_pair_is_no_text),
		cmocka_unit_test(a_text_may_have_so_many_units_and_no_more),
		cmocka_unit_test(widening_takes_every_character),
		cmocka_unit_test(bytes_that_are_no_text_are_replaced),
		cmocka_unit_test(widening_cuts_between_characters),
		cmocka_unit_test(a_copy_without_memory_fails),
		cmocka_unit_test(a_pool_gives_zeroed_aligned_memory_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
