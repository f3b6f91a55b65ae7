/* The text forms and functions of the extension types, at the edges of their rules. */
#include "support/cmocka.h"

#include "base/attributes.h"
#include "cedar/ext.h"
#include "cedar/value.h"

struct text_case {
	const char *text;
	int64_t value;
};

typedef bool parse_function(struct str text, int64_t *out);

static void assert_parses(parse_function *parse, const struct text_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t value = 0;

		if (!parse(str_from(cases[i].text), &value))
			fail_msg("\"%s\" was refused", cases[i].text);
		if (value != cases[i].value)
			fail_msg("\"%s\" was read as %lld", cases[i].text, (long long)value);
	}
}

static void assert_refuses(parse_function *parse, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t value = 7;

		if (parse(str_from(texts[i]), &value))
			fail_msg("\"%s\" was accepted", texts[i]);
		assert_int_equal(value, 7);
	}
}

static void decimals_are_read_exactly(void **state)
{
	static const struct text_case cases[] = {
		{"0.0", 0},
		{"1.0", 10000},
		{"1.0000", 10000},
		{"-1.5", -15000},
		{"-0.5", -5000},
		{"0.0001", 1},
		{"-0.0001", -1},
		{"007.10", 71000},
		{"0000000000000000000000000.1", 1000},
		{"922337203685477.5807", INT64_MAX},
		{"-922337203685477.5808", INT64_MIN},
	};

	(void)state;
	assert_parses(ext_parse_decimal, cases, ARRAY_COUNT(cases));
}

static void malformed_decimals_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"-",
		".",
		"1",
		"1.",
		".5",
		"+1.0",
		"-.5",
		"1.00000",
		"1.2.3",
		" 1.0",
		"1.0 ",
		"1,0",
		"0x1.0",
		"--1.0",
		"1.-0",
		"1.a",
		"a.1",
		"1.0e1",
		"NaN",
		"922337203685477.5808",
		"-922337203685477.5809",
		"99999999999999999999.0",
	};

	(void)state;
	assert_refuses(ext_parse_decimal, texts, ARRAY_COUNT(texts));
}

static void datetimes_are_read_with_their_zone(void **state)
{
	static const struct text_case cases[] = {
		{"1970-01-01", 0},
		{"1970-01-02", 86400000},
		{"1969-12-31", -86400000},
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01T00:00:00.001Z", 1},
		{"1970-01-01T01:02:03.004Z", 3723004},
		{"1970-01-01T00:00:00+0100", -3600000},
		{"1970-01-01T00:00:00-0130", 5400000},
		{"1970-01-01T00:00:00.999+2359", 999 - 86340000},
		{"2024-02-29", 1709164800000},
		{"2000-02-29", 951782400000},
		{"0000-01-01", -62167219200000},
		{"0000-02-29", -62162121600000},
		{"9999-12-31T23:59:59.999Z", 253402300799999},
		{"2024-10-15T11:35:00Z", 1728992100000},
	};

	(void)state;
	assert_parses(ext_parse_datetime, cases, ARRAY_COUNT(cases));
}

static void malformed_datetimes_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"1970-01-1",
		"1970-1-01",
		"70-01-01",
		"1970-00-01",
		"1970-13-01",
		"1970-01-00",
		"1970-01-32",
		"2023-02-29",
		"1900-02-29",
		"2024-02-30",
		"2024-04-31",
		"1970-01-01T00:00:00",
		"1970-01-01T00:00Z",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z",
		"1970-01-01T00:00:60Z",
		"1970-01-01T00:00:00.1Z",
		"1970-01-01T00:00:00.01Z",
		"1970-01-01T00:00:00.0001Z",
		"1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00+01:00",
		"1970-01-01T00:00:00+2400",
		"1970-01-01T00:00:00+0060",
		"1970-01-01T00:00:00+01",
		"1970-01-01T00:00:00z",
		"1970-01-01t00:00:00Z",
		"1970-01-01 00:00:00Z",
		"1970-01-01Z",
		"1970-01-01T",
		"1970-01-01T00:00:00ZZ",
		"+1970-01-01",
		"-1970-01-01",
		"11970-01-01",
		" 1970-01-01",
		"1970-01-01 ",
		"1970/01/01",
	};

	(void)state;
	assert_refuses(ext_parse_datetime, texts, ARRAY_COUNT(texts));
}

static void durations_are_summed_up(void **state)
{
	static const struct text_case cases[] = {
		{"0ms", 0},
		{"-0ms", 0},
		{"1ms", 1},
		{"1s", 1000},
		{"1m", 60000},
		{"1h", 3600000},
		{"1d", 86400000},
		{"1d2h3m4s5ms", 93784005},
		{"-1d2h3m4s5ms", -93784005},
		{"1d5ms", 86400005},
		{"1m1ms", 60001},
		{"007s", 7000},
		{"90m", 5400000},
		{"9223372036854775807ms", INT64_MAX},
		{"-9223372036854775808ms", INT64_MIN},
		{"-106751991167d7h12m55s808ms", INT64_MIN},
		{"106751991167d7h12m55s807ms", INT64_MAX},
	};

	(void)state;
	assert_parses(ext_parse_duration, cases, ARRAY_COUNT(cases));
}

static void malformed_durations_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"-",
		"1",
		"d",
		"ms",
		"1x",
		"1D",
		"1 d",
		"1d ",
		" 1d",
		"+1d",
		"--1d",
		"1h1d",
		"1s1m",
		"1ms1s",
		"1d1d",
		"1s1s",
		"1.5s",
		"1d-1h",
		"1day",
		"1mss",
		"1m s",
		"1sm",
		"1d2",
		"9223372036854775808ms",
		"-9223372036854775809ms",
		"18446744073709551616ms",
		"106751991168d",
		"106751991167d7h12m55s808ms",
		"99999999999999999999d",
	};

	(void)state;
	assert_refuses(ext_parse_duration, texts, ARRAY_COUNT(texts));
}

struct ip_case {
	const char *text;
	bool is_v6;
	uint64_t high, low;
	uint8_t prefix;
};

static void addresses_are_read_with_their_prefix(void **state)
{
	static const struct ip_case cases[] = {
		{"0.0.0.0", false, 0, 0, 32},
		{"127.0.0.1", false, 0, 0x7f000001, 32},
		{"255.255.255.255/32", false, 0, 0xffffffff, 32},
		{"10.1.2.3/0", false, 0, 0x0a010203, 0},
		{"10.0.0.0/8", false, 0, 0x0a000000, 8},
		{"::", true, 0, 0, 128},
		{"::1", true, 0, 1, 128},
		{"1::", true, 0x0001000000000000, 0, 128},
		{"1:2:3:4:5:6:7:8", true, 0x0001000200030004, 0x0005000600070008, 128},
		{"1:2:3:4:5:6:7::", true, 0x0001000200030004, 0x0005000600070000, 128},
		{"::2:3:4:5:6:7:8", true, 0x0000000200030004, 0x0005000600070008, 128},
		{"fFfF::aBcD", true, 0xffff000000000000, 0xabcd, 128},
		{"2001:db8::/32", true, 0x20010db800000000, 0, 32},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", true, UINT64_MAX, UINT64_MAX, 128},
		{"0001:0000::/0", true, 0x0001000000000000, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct ext_ipaddr ip;

		if (!ext_parse_ipaddr(str_from(cases[i].text), &ip))
			fail_msg("\"%s\" was refused", cases[i].text);
		assert_int_equal(ip.is_v6, cases[i].is_v6);
		assert_int_equal(ip.high, cases[i].high);
		assert_int_equal(ip.low, cases[i].low);
		assert_int_equal(ip.prefix, cases[i].prefix);
	}
}

static void malformed_addresses_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"/",
		"/8",
		".",
		"1.2.3",
		"1.2.3.",
		".1.2.3",
		"1.2.3.4.5",
		"1..2.3",
		"01.2.3.4",
		"1.2.3.04",
		"1.2.3.256",
		"1.2.3.1000",
		"1.2.3.-4",
		"1.2.3.4/",
		"1.2.3.4/33",
		"1.2.3.4/08",
		"1.2.3.4/00",
		"1.2.3.4/032",
		"1.2.3.4/+8",
		"1.2.3.4/8/8",
		" 1.2.3.4",
		"1.2.3.4 ",
		"1.2.3.4\n",
		"a.b.c.d",
		":",
		":::",
		"1",
		"1:2",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::",
		"::1:2:3:4:5:6:7:8",
		"1:2:3:4::5:6:7:8",
		"1::2::3",
		"12345::",
		"g::",
		"1:",
		":1",
		"::1%eth0",
		"[::1]",
		"::1.2.3.4",
		"::ffff:1.2.3.4",
		"1:2:3:4:5:6:1.2.3.4",
		"::/129",
		"::/1000",
		"::/08",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/0128",
		"00000000000000000000000000000000000000000000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct ext_ipaddr ip;

		if (ext_parse_ipaddr(str_from(texts[i]), &ip))
			fail_msg("\"%s\" was accepted", texts[i]);
	}
}

static struct ext_ipaddr ip_from(const char *text)
{
	struct ext_ipaddr ip;

	assert_true(ext_parse_ipaddr(str_from(text), &ip));
	return ip;
}

static void loopback_and_multicast_heed_the_prefix(void **state)
{
	static const struct {
		const char *text;
		bool loopback, multicast;
	} cases[] = {
		{"127.0.0.1", true, false},        {"127.255.255.255", true, false},
		{"127.0.0.1/8", true, false},      {"127.0.0.1/7", false, false},
		{"126.255.255.255", false, false}, {"::1", true, false},
		{"::1/127", false, false},         {"::2", false, false},
		{"224.0.0.1", false, true},        {"239.255.255.255", false, true},
		{"224.0.0.0/4", false, true},      {"224.0.0.0/3", false, false},
		{"240.0.0.0", false, false},       {"223.255.255.255", false, false},
		{"ff00::1", false, true},          {"ff00::/8", false, true},
		{"ff00::/7", false, false},        {"feff::", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct ext_ipaddr ip = ip_from(cases[i].text);

		if (ext_ipaddr_is_loopback(&ip) != cases[i].loopback ||
		    ext_ipaddr_is_multicast(&ip) != cases[i].multicast)
			fail_msg("wrong about %s", cases[i].text);
	}
}

static void a_range_lies_in_another_of_its_family(void **state)
{
	static const struct {
		const char *inner, *outer;
		bool expected;
	} cases[] = {
		{"10.0.0.1", "10.0.0.0/8", true},
		{"10.0.0.1", "10.0.0.1", true},
		{"10.0.0.1", "10.0.0.2", false},
		{"11.0.0.1", "10.0.0.0/8", false},
		{"10.0.0.0/8", "10.0.0.0/8", true},
		{"10.0.0.0/7", "10.0.0.0/8", false},
		{"10.0.0.0/9", "10.200.0.0/8", true},
		{"1.2.3.4", "0.0.0.0/0", true},
		{"0.0.0.0/0", "1.2.3.4/0", true},
		{"::1", "0.0.0.0/0", false},
		{"1.2.3.4", "::/0", false},
		{"2001:db8::1", "2001:db8::/32", true},
		{"2001:db9::1", "2001:db8::/32", false},
		{"1:2:3:4::5", "1:2:3:4::/64", true},
		{"1:2:3:5::5", "1:2:3:4::/64", false},
		{"1:2:3:4:8000::", "1:2:3:4::/65", false},
		{"1:2:3:4:7fff::", "1:2:3:4::/65", true},
		{"::1", "::/128", false},
		{"::", "::/128", true},
		{"ffff::", "::/0", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct ext_ipaddr inner = ip_from(cases[i].inner), outer = ip_from(cases[i].outer);

		if (ext_ipaddr_is_in_range(&inner, &outer) != cases[i].expected)
			fail_msg("wrong about %s in %s", cases[i].inner, cases[i].outer);
	}
}

static void days_begin_at_midnight_also_before_1970(void **state)
{
	static const struct {
		int64_t ms, date, time;
	} cases[] = {
		{0, 0, 0},
		{1, 0, 1},
		{86399999, 0, 86399999},
		{86400000, 86400000, 0},
		{-1, -86400000, 86399999},
		{-86400000, -86400000, 0},
		{-86400001, -172800000, 86399999},
		{INT64_MAX, INT64_MAX - 25975807, 25975807},
	};
	int64_t date = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_true(ext_datetime_to_date(cases[i].ms, &date));
		assert_int_equal(date, cases[i].date);
		assert_int_equal(ext_datetime_to_time(cases[i].ms), cases[i].time);
	}
	assert_false(ext_datetime_to_date(INT64_MIN, &date));
	assert_int_equal(ext_datetime_to_time(INT64_MIN), 60424192);
}

static void a_call_checks_arity_then_types_then_content(void **state)
{
	struct cedar_value arguments[2] = {cedar_long(1), cedar_long(2)}, out = {0};
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	assert_int_equal(ext_call(AST_IP, arguments, 2, &arena, &out), CEDAR_EVAL_ARITY);
	assert_int_equal(ext_call(AST_IP, arguments, 0, &arena, &out), CEDAR_EVAL_ARITY);
	assert_int_equal(ext_call(AST_IP, arguments, 1, &arena, &out), CEDAR_EVAL_TYPE);
	arguments[0] = value_of_string(STR("1.2.3"));
	assert_int_equal(ext_call(AST_IP, arguments, 1, &arena, &out), CEDAR_EVAL_EXTENSION);
	assert_int_equal(out.tag, VALUE_INVALID);
	arguments[0] = value_of_string(STR("1.2.3.4"));
	assert_int_equal(ext_call(AST_IP, arguments, 1, &arena, &out), CEDAR_EVAL_NONE);
	assert_int_equal(out.tag, VALUE_IPV4);
	arguments[0] = cedar_datetime(INT64_MAX);
	arguments[1] = cedar_duration(1);
	assert_int_equal(ext_call(AST_OFFSET, arguments, 2, &arena, &out), CEDAR_EVAL_EXTENSION);
	arguments[1] = cedar_datetime(-1);
	assert_int_equal(ext_call(AST_DURATION_SINCE, arguments, 2, &arena, &out),
			 CEDAR_EVAL_EXTENSION);
	assert_int_equal(ext_call(AST_OFFSET, arguments, 2, &arena, &out), CEDAR_EVAL_TYPE);
	arena_deinit(&arena);
}

static void an_ipv6_value_needs_memory(void **state)
{
	struct cedar_value text = value_of_string(STR("::1")), out = {0};
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, 0);
	assert_int_equal(ext_call(AST_IP, &text, 1, &arena, &out), CEDAR_EVAL_MEMORY);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimals_are_read_exactly),
		cmocka_unit_test(malformed_decimals_are_refused),
		cmocka_unit_test(datetimes_are_read_with_their_zone),
		cmocka_unit_test(malformed_datetimes_are_refused),
		cmocka_unit_test(durations_are_summed_up),
		cmocka_unit_test(malformed_durations_are_refused),
		cmocka_unit_test(addresses_are_read_with_their_prefix),
		cmocka_unit_test(malformed_addresses_are_refused),
		cmocka_unit_test(loopback_and_multicast_heed_the_prefix),
		cmocka_unit_test(a_range_lies_in_another_of_its_family),
		cmocka_unit_test(days_begin_at_midnight_also_before_1970),
		cmocka_unit_test(a_call_checks_arity_then_types_then_content),
		cmocka_unit_test(an_ipv6_value_needs_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
