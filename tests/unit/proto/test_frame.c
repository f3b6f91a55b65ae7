#include "proto/frame.h"

#include "support/cmocka.h"

static void a_header_survives_writing_and_finding(void **state)
{
	static const uint32_t lengths[] = {1, 255, 256, 65535, 65536};
	static uint8_t bytes[FRAME_HEADER_BYTES + FRAME_AUTHZ_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct frame frame;

		frame_write_header(bytes, lengths[i]);
		assert_int_equal(frame_find(bytes, sizeof(bytes), FRAME_AUTHZ_MAX_BYTES, &frame),
				 FRAME_COMPLETE);
		assert_int_equal(frame.payload_bytes, lengths[i]);
		assert_ptr_equal(frame.payload, bytes + FRAME_HEADER_BYTES);
		assert_int_equal(frame.needed_bytes, FRAME_HEADER_BYTES + lengths[i]);
	}
}

static void the_length_is_little_endian(void **state)
{
	uint8_t header[FRAME_HEADER_BYTES];

	(void)state;
	frame_write_header(header, 0x01020304);
	assert_memory_equal(header, "\x04\x03\x02\x01", 4);
}

static void a_beginning_asks_for_what_is_missing(void **state)
{
	static const uint8_t bytes[] = {5, 0, 0, 0, 'h', 'e', 'l', 'l', 'o'};
	struct frame frame;

	(void)state;
	for (size_t length = 0; length < sizeof(bytes); length++) {
		assert_int_equal(frame_find(bytes, length, FRAME_AUTHZ_MAX_BYTES, &frame),
				 FRAME_MORE);
		assert_null(frame.payload);
		assert_int_equal(frame.needed_bytes, length < FRAME_HEADER_BYTES ? 4 : 9);
	}
	assert_int_equal(frame_find(bytes, sizeof(bytes), FRAME_AUTHZ_MAX_BYTES, &frame),
			 FRAME_COMPLETE);
}

static void a_second_frame_is_left_for_later(void **state)
{
	static const uint8_t bytes[] = {1, 0, 0, 0, 'a', 1, 0, 0, 0, 'b'};
	struct frame frame;

	(void)state;
	assert_int_equal(frame_find(bytes, sizeof(bytes), FRAME_AUTHZ_MAX_BYTES, &frame),
			 FRAME_COMPLETE);
	assert_int_equal(frame.needed_bytes, 5);
	assert_int_equal(frame_find(bytes + 5, 5, FRAME_AUTHZ_MAX_BYTES, &frame), FRAME_COMPLETE);
	assert_int_equal(frame.payload[0], 'b');
}

static void a_length_outside_the_limit_is_refused(void **state)
{
	static const struct {
		uint32_t length, limit;
		enum frame_status expected;
	} cases[] = {
		{0, FRAME_AUTHZ_MAX_BYTES, FRAME_REFUSED},
		{1, FRAME_AUTHZ_MAX_BYTES, FRAME_MORE},
		{65536, FRAME_AUTHZ_MAX_BYTES, FRAME_MORE},
		{65537, FRAME_AUTHZ_MAX_BYTES, FRAME_REFUSED},
		{0x7fffffff, FRAME_AUTHZ_MAX_BYTES, FRAME_REFUSED},
		{0xffffffff, FRAME_AUTHZ_MAX_BYTES, FRAME_REFUSED},
		{1048576, FRAME_ADMIN_MAX_BYTES, FRAME_MORE},
		{1048577, FRAME_ADMIN_MAX_BYTES, FRAME_REFUSED},
		{0xffffffff, FRAME_ADMIN_MAX_BYTES, FRAME_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t header[FRAME_HEADER_BYTES];
		struct frame frame;

		frame_write_header(header, cases[i].length);
		assert_int_equal(frame_find(header, sizeof(header), cases[i].limit, &frame),
				 cases[i].expected);
		assert_int_equal(frame.payload_bytes, cases[i].length);
		assert_null(frame.payload);
		assert_true(frame.needed_bytes <= FRAME_HEADER_BYTES + (size_t)cases[i].limit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_survives_writing_and_finding),
		cmocka_unit_test(the_length_is_little_endian),
		cmocka_unit_test(a_beginning_asks_for_what_is_missing),
		cmocka_unit_test(a_second_frame_is_left_for_later),
		cmocka_unit_test(a_length_outside_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
