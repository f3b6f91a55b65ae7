#include "support/cmocka.h"

#include <wchar.h>

#include "base/buf.h"
#include "support/fault.h"

static void an_empty_buffer_holds_no_memory_and_reads_as_empty(void **state)
{
	struct buf buf;

	(void)state;
	fault_arm(0, FAULT_STICKY);
	buf_init(&buf, 10);
	assert_int_equal(buf_str(&buf).length, 0);
	assert_int_equal(buf.failed, ERR_NONE);
	assert_false(fault_disarm());
	assert_string_equal(buf_text(&buf), "");
	buf_deinit(&buf);
}

static void appends_come_out_in_order(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	buf_append(&buf, "a\0", 2);
	buf_append_str(&buf, STR("bc"));
	buf_append_str(&buf, str_make(NULL, 0));
	buf_append_byte(&buf, 'd');
	buf_printf(&buf, "%d-%s", 42, "e");
	assert_int_equal(buf.failed, ERR_NONE);
	assert_int_equal(buf.length, 9);
	assert_memory_equal(buf_text(&buf), "a\0bcd42-e", 10);
	buf_deinit(&buf);
}

static void a_buffer_fills_to_its_maximum_and_not_one_byte_further(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 8);
	buf_append(&buf, "1234", 4);
	buf_printf(&buf, "%s", "5678");
	assert_int_equal(buf.failed, ERR_NONE);
	assert_string_equal(buf_text(&buf), "12345678");
	buf_append_byte(&buf, '9');
	assert_int_equal(buf.failed, ERR_LIMIT);
	assert_string_equal(buf_text(&buf), "12345678");
	buf_deinit(&buf);

	buf_init(&buf, 8);
	buf_printf(&buf, "%s", "123456789");
	assert_int_equal(buf.failed, ERR_LIMIT);
	assert_int_equal(buf.length, 0);
	buf_deinit(&buf);

	buf_init(&buf, 0);
	buf_append(&buf, "", 0);
	assert_int_equal(buf.failed, ERR_NONE);
	buf_append_byte(&buf, 'x');
	assert_int_equal(buf.failed, ERR_LIMIT);
	buf_deinit(&buf);
}

static void a_failure_stays_until_the_buffer_is_cleared(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 4);
	buf_append(&buf, "ab", 2);
	buf_append(&buf, "too long", 8);
	buf_append_byte(&buf, 'c');
	buf_printf(&buf, "d");
	assert_null(buf_reserve(&buf, 0));
	assert_int_equal(buf.failed, ERR_LIMIT);
	assert_string_equal(buf_text(&buf), "ab");
	buf_clear(&buf);
	assert_int_equal(buf.failed, ERR_NONE);
	buf_append(&buf, "abcd", 4);
	assert_string_equal(buf_text(&buf), "abcd");
	buf_deinit(&buf);
}

static void an_unbounded_buffer_refuses_a_length_that_wraps_around(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, SIZE_MAX);
	buf_append_byte(&buf, 'a');
	assert_null(buf_reserve(&buf, SIZE_MAX - 1));
	assert_int_equal(buf.failed, ERR_LIMIT);
	buf_clear(&buf);
	assert_null(buf_reserve(&buf, SIZE_MAX));
	assert_int_equal(buf.failed, ERR_LIMIT);
	buf_deinit(&buf);
}

static void lack_of_memory_is_sticky_and_keeps_the_content(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1 << 20);
	buf_append(&buf, "kept", 4);
	fault_arm(0, FAULT_ONCE);
	assert_null(buf_reserve(&buf, 100000));
	assert_true(fault_disarm());
	buf_append_byte(&buf, 'x');
	assert_int_equal(buf.failed, ERR_NO_MEMORY);
	assert_string_equal(buf_text(&buf), "kept");
	buf_deinit(&buf);
}

static void text_without_memory_for_its_end_is_empty_and_says_so(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 10);
	fault_arm(0, FAULT_ONCE);
	assert_string_equal(buf_text(&buf), "");
	assert_true(fault_disarm());
	assert_int_equal(buf.failed, ERR_NO_MEMORY);
	buf_deinit(&buf);
}

/* On Windows there is no format that printf() would refuse. */
#ifndef _WIN32
static void a_format_that_cannot_be_printed_fails_the_buffer(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, SIZE_MAX);
	/* The C locale has no way to write a euro sign. */
	buf_printf(&buf, "%lc", (wint_t)0x20ac);
	assert_int_equal(buf.failed, ERR_INVALID);
	assert_int_equal(buf.length, 0);
	buf_deinit(&buf);
}
#endif

static void a_reader_fills_the_room_it_reserved(void **state)
{
	struct buf buf;
	char *room;

	(void)state;
	buf_init(&buf, 100);
	buf_append(&buf, "head ", 5);
	room = buf_reserve(&buf, 50);
	assert_non_null(room);
	memcpy(room, "tail", 4);
	buf_grow(&buf, 4);
	assert_string_equal(buf_text(&buf), "head tail");
	buf_deinit(&buf);
}

static void consuming_takes_from_the_front(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 8);
	buf_append(&buf, "abcdefgh", 8);
	buf_consume(&buf, 0);
	assert_int_equal(buf.length, 8);
	buf_consume(&buf, 3);
	buf_append(&buf, "ijk", 3);
	assert_string_equal(buf_text(&buf), "defghijk");
	buf_consume(&buf, 8);
	assert_int_equal(buf.length, 0);
	buf_deinit(&buf);
}

static void a_deinitialised_buffer_may_be_used_again(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 3);
	buf_append(&buf, "abc", 3);
	buf_deinit(&buf);
	buf_append(&buf, "xyz", 3);
	assert_string_equal(buf_text(&buf), "xyz");
	buf_append_byte(&buf, '!');
	assert_int_equal(buf.failed, ERR_LIMIT);
	buf_deinit(&buf);
}

static void a_fixed_buffer_stays_within_its_memory(void **state)
{
	char memory[9];
	struct buf buf;

	(void)state;
	memory[8] = 'z';
	fault_arm(0, FAULT_STICKY);
	buf_init_fixed(&buf, memory, 8);
	buf_append(&buf, "123", 3);
	buf_printf(&buf, "%d", 4567);
	assert_string_equal(buf_text(&buf), "1234567");
	buf_append_byte(&buf, '8');
	assert_int_equal(buf.failed, ERR_LIMIT);
	assert_string_equal(buf_text(&buf), "1234567");
	assert_ptr_equal(buf.data, memory);
	assert_int_equal(memory[8], 'z');
	assert_false(fault_disarm());
}

static void a_number_is_appended_in_decimal(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} rows[] = {{0, "0"}, {9, "9"}, {10, "10"}, {UINT64_MAX, "18446744073709551615"}};
	char memory[21];
	struct buf buf;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_init_fixed(&buf, memory, sizeof(memory));
		buf_append_u64(&buf, rows[i].value);
		assert_string_equal(buf_text(&buf), rows[i].text);
	}
	/* One digit too many. */
	buf_init_fixed(&buf, memory, sizeof(memory) - 1);
	buf_append_u64(&buf, UINT64_MAX);
	assert_int_equal(buf.failed, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_holds_no_memory_and_reads_as_empty),
		cmocka_unit_test(appends_come_out_in_order),
		cmocka_unit_test(a_buffer_fills_to_its_maximum_and_not_one_byte_further),
		cmocka_unit_test(a_failure_stays_until_the_buffer_is_cleared),
		cmocka_unit_test(an_unbounded_buffer_refuses_a_length_that_wraps_around),
		cmocka_unit_test(lack_of_memory_is_sticky_and_keeps_the_content),
		cmocka_unit_test(text_without_memory_for_its_end_is_empty_and_says_so),
#ifndef _WIN32
		cmocka_unit_test(a_format_that_cannot_be_printed_fails_the_buffer),
#endif
		cmocka_unit_test(a_reader_fills_the_room_it_reserved),
		cmocka_unit_test(consuming_takes_from_the_front),
		cmocka_unit_test(a_deinitialised_buffer_may_be_used_again),
		cmocka_unit_test(a_fixed_buffer_stays_within_its_memory),
		cmocka_unit_test(a_number_is_appended_in_decimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
