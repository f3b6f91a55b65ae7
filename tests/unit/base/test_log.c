#include "support/cmocka.h"

#include <stdlib.h>

#include "base/attributes.h"
#include "base/log.h"
#include "base/utf8.h"
#include "support/fake_clock.h"
#include "support/fault.h"

struct fixture {
	struct fake_clock clock;
	struct log log;
	struct buf lines;
	enum log_level last_level;
};

static void take_line(void *arg, enum log_level level, struct str line)
{
	struct fixture *f = arg;

	f->last_level = level;
	buf_append_str(&f->lines, line);
}

static int setup(void **state)
{
	static struct fixture f;

	fake_clock_init(&f.clock);
	buf_init(&f.lines, SIZE_MAX);
	f.log = (struct log){LOG_INFO, LOG_TEXT, &f.clock.clock, take_line, &f};
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_deinit(&f->lines);
	return 0;
}

static void a_text_line_has_time_level_event_and_message(void **state)
{
	struct fixture *f = *state;

	log_warning(&f->log, "conn.refused", "peer %s, limit %d", "uid 7", 64);
	assert_string_equal(
		buf_text(&f->lines),
		"2026-01-01T00:00:00.000Z warning conn.refused: peer uid 7, limit 64\n");
	assert_int_equal(f->last_level, LOG_WARNING);
}

static void a_json_line_is_one_object(void **state)
{
	struct fixture *f = *state;

	f->log.format = LOG_JSON;
	log_error(&f->log, "policy.rejected", "%s", "a \"quote\", CORP\\user, \n and \xe2\x82\xac");
	assert_string_equal(buf_text(&f->lines),
			    "{\"time\":\"2026-01-01T00:00:00.000Z\",\"level\":\"error\","
			    "\"event\":\"policy.rejected\",\"message\":\"a \\\"quote\\\", "
			    "CORP\\\\user, \\\\u{a} and \xe2\x82\xac\"}\n");
}

static void events_above_the_level_are_dropped(void **state)
{
	struct fixture *f = *state;

	log_debug(&f->log, "conn.frame", "details");
	assert_int_equal(f->lines.length, 0);
	f->log.level = LOG_DEBUG;
	log_debug(&f->log, "conn.frame", "details");
	assert_true(f->lines.length > 0);
	buf_clear(&f->lines);
	f->log.level = LOG_ERROR;
	log_warning(&f->log, "conn.frame", "details");
	assert_int_equal(f->lines.length, 0);
}

static void times_are_right_in_every_century(void **state)
{
	static const struct {
		int64_t wall_us;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{INT64_C(951782399999999), "2000-02-28T23:59:59.999Z"},
		{INT64_C(951782400000000), "2000-02-29T00:00:00.000Z"},
		{INT64_C(1709251199000000), "2024-02-29T23:59:59.000Z"},
		{INT64_C(4107542400000000), "2100-03-01T00:00:00.000Z"},
		{INT64_C(2147483648123456), "2038-01-19T03:14:08.123Z"},
		{INT64_C(-1), "1969-12-31T23:59:59.999Z"},
		{INT64_C(-2203891200000000), "1900-03-01T00:00:00.000Z"},
		{INT64_C(253402300799999999), "9999-12-31T23:59:59.999Z"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		f->clock.wall_us = cases[i].wall_us;
		buf_clear(&f->lines);
		log_info(&f->log, "e", "m");
		assert_true(str_starts_with(buf_str(&f->lines), str_from(cases[i].text)));
	}
}

static void escapes_what_could_disturb_a_reader(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} cases[] = {
		{{NULL, 0}, ""},
		{{"plain text", 10}, "plain text"},
		{{"a\nb\r\tc", 6}, "a\\u{a}b\\u{d}\\u{9}c"},
		{{"\x1b]0;title\x07", 10}, "\\u{1b}]0;title\\u{7}"},
		{{"\0", 1}, "\\u{0}"},
		{{"\x7f", 1}, "\\u{7f}"},
		{{"\xc2\x85", 2}, "\\u{85}"},            /* NEXT LINE, a C1 control */
		{{"\xc2\xa0", 2}, "\xc2\xa0"},           /* the first after the C1 controls */
		{{"\xc2\xad", 2}, "\\u{ad}"},            /* soft hyphen */
		{{"\xe2\x80\xae", 3}, "\\u{202e}"},      /* right-to-left override */
		{{"\xe2\x81\xa6", 3}, "\\u{2066}"},      /* left-to-right isolate */
		{{"\xe2\x80\x8b", 3}, "\\u{200b}"},      /* zero width space */
		{{"\xe2\x80\xa8", 3}, "\\u{2028}"},      /* line separator */
		{{"\xef\xbb\xbf", 3}, "\\u{feff}"},      /* byte order mark */
		{{"\xf3\xa0\x81\x81", 4}, "\\u{e0041}"}, /* tag letter */
		{{"\xff\xc3(", 3}, "\\x{ff}\\x{c3}("},
		{{"\xed\xa0\x80", 3}, "\\x{ed}\\x{a0}\\x{80}"}, /* half of a surrogate pair */
		{{"\xe2\x82", 2}, "\\x{e2}\\x{82}"},            /* cut short */
		{{"\xc3\xa4\xf0\x9f\x94\x92", 6}, "\xc3\xa4\xf0\x9f\x94\x92"},
		{{"CORP\\user", 9}, "CORP\\user"},
		{{"C:\\x\\u\\", 7}, "C:\\x\\u\\"},
		{{"\\u{a}", 5}, "\\u{5c}u{a}"},
		{{"\\x{ff}", 6}, "\\u{5c}x{ff}"},
		{{"\\\\u{a}", 6}, "\\\\u{5c}u{a}"},
	};
	struct buf out;

	(void)state;
	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		buf_clear(&out);
		log_escape(&out, cases[i].in);
		assert_string_equal(buf_text(&out), cases[i].out);
	}
	buf_deinit(&out);
}

/* Reads an escaped text back. */
static void unescape(struct buf *out, struct str text)
{
	size_t i = 0;

	while (i < text.length) {
		char kind = i + 2 < text.length ? text.ptr[i + 1] : '\0';

		if (text.ptr[i] == '\\' && (kind == 'u' || kind == 'x') && text.ptr[i + 2] == '{') {
			char bytes[UTF8_MAX_BYTES];
			char *end;
			unsigned long value = strtoul(text.ptr + i + 3, &end, 16);

			assert_int_equal(*end, '}');
			bytes[0] = (char)value;
			buf_append(out, bytes,
				   kind == 'x' ? 1 : utf8_encode((uint32_t)value, bytes));
			i = (size_t)(end + 1 - text.ptr);
		} else {
			buf_append_byte(out, text.ptr[i++]);
		}
	}
}

static void escaped_text_can_be_read_back(void **state)
{
	static const struct str pieces[] = {
		{"\\", 1},       {"u", 1},    {"x", 1},        {"{", 1}, {"}", 1},
		{"a", 1},        {"\n", 1},   {"\0", 1},       {"4", 1}, {"\xff", 1},
		{"\xe2\x80", 2}, {"\xae", 1}, {"\xc3\xa4", 2},
	};
	uint32_t random = 1;
	struct buf text, escaped, back;

	(void)state;
	buf_init(&text, SIZE_MAX);
	buf_init(&escaped, SIZE_MAX);
	buf_init(&back, SIZE_MAX);
	for (int round = 0; round < 20000; round++) {
		buf_clear(&text);
		buf_clear(&escaped);
		buf_clear(&back);
		for (int i = 0; i < 8; i++) {
			random = random * 1664525 + 1013904223;
			buf_append_str(&text, pieces[(random >> 16) % ARRAY_COUNT(pieces)]);
		}
		log_escape(&escaped, buf_str(&text));
		buf_text(&escaped);
		assert_true(utf8_valid(buf_str(&escaped)));
		unescape(&back, buf_str(&escaped));
		assert_true(str_equal(buf_str(&back), buf_str(&text)));
	}
	buf_deinit(&text);
	buf_deinit(&escaped);
	buf_deinit(&back);
}

/* Logs `text` and returns the message of the line, which lies in `f->lines`. */
static struct str logged_message(struct fixture *f, const char *text)
{
	struct str head = STR("2026-01-01T00:00:00.000Z info e: ");
	struct str line;

	buf_clear(&f->lines);
	log_info(&f->log, "e", "%s", text);
	line = buf_str(&f->lines);
	assert_true(str_starts_with(line, head));
	assert_true(str_ends_with(line, STR("\n")));
	return str_make(line.ptr + head.length, line.length - head.length - 1);
}

static void a_message_is_cut_past_its_limit_and_not_at_it(void **state)
{
	struct fixture *f = *state;
	char text[LOG_MESSAGE_MAX + 2];
	struct str message;

	memset(text, 'a', sizeof(text));
	text[LOG_MESSAGE_MAX] = '\0';
	assert_str_equal(logged_message(f, text), text);

	text[LOG_MESSAGE_MAX] = 'a';
	text[LOG_MESSAGE_MAX + 1] = '\0';
	message = logged_message(f, text);
	assert_int_equal(message.length, LOG_MESSAGE_MAX + 3);
	assert_true(str_ends_with(message, STR("aa...")));
}

static void a_cut_falls_between_characters(void **state)
{
	struct fixture *f = *state;
	char text[LOG_MESSAGE_MAX + 8];

	for (size_t into = 1; into <= 3; into++) {
		size_t at = LOG_MESSAGE_MAX - into;
		struct str message;

		memset(text, 'a', at);
		memcpy(text + at, "\xf0\x9f\x94\x92", 5);
		message = logged_message(f, text);
		assert_int_equal(message.length, at + 3);
		assert_true(str_ends_with(message, STR("aa...")));
	}
}

static void what_escaping_makes_longer_is_cut_too(void **state)
{
	struct fixture *f = *state;
	char text[LOG_MESSAGE_MAX + 1];
	struct str message;

	memset(text, '\n', LOG_MESSAGE_MAX);
	text[LOG_MESSAGE_MAX] = '\0';
	message = logged_message(f, text);
	assert_int_equal(message.length, LOG_MESSAGE_MAX / 5 * 5 + 3);
	assert_true(str_starts_with(message, STR("\\u{a}\\u{a}")));
	assert_true(str_ends_with(message, STR("\\u{a}...")));
}

static void a_huge_message_keeps_its_beginning(void **state)
{
	struct fixture *f = *state;
	static char text[100000];
	struct str message;

	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "who:", 4);
	message = logged_message(f, text);
	assert_int_equal(message.length, LOG_MESSAGE_MAX + 3);
	assert_true(str_starts_with(message, STR("who:aaa")));
}

static void a_cut_json_line_is_still_one_object(void **state)
{
	struct fixture *f = *state;
	char text[LOG_MESSAGE_MAX + 2];

	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	f->log.format = LOG_JSON;
	log_info(&f->log, "e", "%s", text);
	assert_true(str_ends_with(buf_str(&f->lines), STR("\\\"\\\"...\"}\n")));
}

static void logging_takes_no_memory_from_the_heap(void **state)
{
	struct fixture *f = *state;

	assert_non_null(buf_reserve(&f->lines, 2 * (LOG_MESSAGE_MAX + 100)));
	fault_arm(0, FAULT_STICKY);
	log_error(&f->log, "memory.spent", "%s", "out of memory");
	f->log.format = LOG_JSON;
	log_error(&f->log, "memory.spent", "%2000d", 1);
	assert_false(fault_disarm());
	assert_int_equal(f->lines.failed, ERR_NONE);
}

static void a_rate_lets_its_burst_pass_and_then_one_in_each_interval(void **state)
{
	struct fixture *f = *state;
	const struct clock *clock = &f->clock.clock;
	struct log_rate rate = LOG_RATE_INIT(3, 1000);
	uint64_t suppressed = 99;

	for (int i = 0; i < 3; i++)
		assert_true(log_rate_allow(&rate, clock, &suppressed));
	assert_int_equal(suppressed, 0);
	assert_false(log_rate_allow(&rate, clock, &suppressed));
	fake_clock_advance_ms(&f->clock, 999);
	assert_false(log_rate_allow(&rate, clock, &suppressed));
	assert_int_equal(suppressed, 0);
	fake_clock_advance_ms(&f->clock, 1);
	assert_true(log_rate_allow(&rate, clock, &suppressed));
	assert_int_equal(suppressed, 2);
	assert_false(log_rate_allow(&rate, clock, &suppressed));
	fake_clock_advance_ms(&f->clock, 1000);
	assert_true(log_rate_allow(&rate, clock, &suppressed));
	assert_int_equal(suppressed, 1);
}

static void a_rate_saves_no_more_than_its_burst(void **state)
{
	struct fixture *f = *state;
	struct log_rate rate = LOG_RATE_INIT(3, 1000);
	uint64_t suppressed;
	int allowed = 0;

	for (int i = 0; i < 3; i++)
		assert_true(log_rate_allow(&rate, &f->clock.clock, &suppressed));
	fake_clock_advance_ms(&f->clock, INT64_C(1000) * 3600 * 24 * 365);
	while (log_rate_allow(&rate, &f->clock.clock, &suppressed))
		allowed++;
	assert_int_equal(allowed, 3);
}

static void a_rate_loses_no_time_between_its_intervals(void **state)
{
	struct fixture *f = *state;
	struct log_rate rate = LOG_RATE_INIT(1, 1000);
	uint64_t suppressed;
	int allowed = 0;

	assert_true(log_rate_allow(&rate, &f->clock.clock, &suppressed));
	for (int i = 0; i < 100; i++) {
		fake_clock_advance_ms(&f->clock, 700);
		allowed += log_rate_allow(&rate, &f->clock.clock, &suppressed);
	}
	assert_int_equal(allowed, 70);
}

static void a_line_says_how_many_its_rate_dropped_when_it_did(void **state)
{
	struct fixture *f = *state;
	struct log_rate rate = LOG_RATE_INIT(1, 1000);

	log_event_limited(&f->log, LOG_WARNING, "conn.ended", &rate, "connection %d", 1);
	assert_string_equal(buf_text(&f->lines),
			    "2026-01-01T00:00:00.000Z warning conn.ended: connection 1\n");
	buf_clear(&f->lines);
	for (int i = 2; i <= 4; i++)
		log_event_limited(&f->log, LOG_WARNING, "conn.ended", &rate, "connection %d", i);
	assert_int_equal(f->lines.length, 0);
	fake_clock_advance_ms(&f->clock, 1000);
	log_event_limited(&f->log, LOG_WARNING, "conn.ended", &rate, "connection %d", 5);
	assert_true(str_ends_with(buf_str(&f->lines), STR(": connection 5 (3 more not logged)\n")));

	f->log.format = LOG_JSON;
	buf_clear(&f->lines);
	log_event_limited(&f->log, LOG_WARNING, "conn.ended", &rate, "connection %d", 6);
	fake_clock_advance_ms(&f->clock, 1000);
	log_event_limited(&f->log, LOG_WARNING, "conn.ended", &rate, "connection %d", 7);
	assert_true(str_ends_with(buf_str(&f->lines),
				  STR("\"message\":\"connection 7\",\"not_logged\":1}\n")));
}

static void an_event_above_the_level_costs_no_budget(void **state)
{
	struct fixture *f = *state;
	struct log_rate rate = LOG_RATE_INIT(1, 1000);

	log_event_limited(&f->log, LOG_DEBUG, "conn.ended", &rate, "connection 1");
	assert_int_equal(f->lines.length, 0);
	log_event_limited(&f->log, LOG_INFO, "conn.ended", &rate, "connection 2");
	assert_true(str_ends_with(buf_str(&f->lines), STR(": connection 2\n")));
}

/* It stands behind the mark, so that it cannot be cut off itself. */
static void the_longest_line_has_room_for_the_number_dropped(void **state)
{
	struct fixture *f = *state;
	char text[LOG_MESSAGE_MAX + 2], event[65];

	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(event, 'e', sizeof(event) - 1);
	event[sizeof(event) - 1] = '\0';
	f->log.format = LOG_JSON;
	log_event_after(&f->log, LOG_WARNING, event, UINT64_MAX, "%s", text);
	assert_true(str_ends_with(buf_str(&f->lines),
				  STR("\\\"...\",\"not_logged\":18446744073709551615}\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_text_line_has_time_level_event_and_message),
		TEST(a_json_line_is_one_object),
		TEST(events_above_the_level_are_dropped),
		TEST(times_are_right_in_every_century),
		TEST(escapes_what_could_disturb_a_reader),
		TEST(escaped_text_can_be_read_back),
		TEST(a_message_is_cut_past_its_limit_and_not_at_it),
		TEST(a_cut_falls_between_characters),
		TEST(what_escaping_makes_longer_is_cut_too),
		TEST(a_huge_message_keeps_its_beginning),
		TEST(a_cut_json_line_is_still_one_object),
		TEST(logging_takes_no_memory_from_the_heap),
		TEST(a_rate_lets_its_burst_pass_and_then_one_in_each_interval),
		TEST(a_rate_saves_no_more_than_its_burst),
		TEST(a_rate_loses_no_time_between_its_intervals),
		TEST(a_line_says_how_many_its_rate_dropped_when_it_did),
		TEST(an_event_above_the_level_costs_no_budget),
		TEST(the_longest_line_has_room_for_the_number_dropped),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
