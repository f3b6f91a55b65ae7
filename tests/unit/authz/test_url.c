#include "support/cmocka.h"

#include "authz/url.h"
#include "base/attributes.h"

static void a_url_comes_apart(void **state)
{
	struct url url;

	(void)state;
	assert_true(url_read(STR("HTTPS://Ps.Contoso.com:5986/wsman/X%20y?a={b}#c"), &url));
	assert_str_equal(url.scheme, "HTTPS");
	assert_str_equal(url.host, "Ps.Contoso.com");
	assert_int_equal(url.port, 5986);
	assert_str_equal(url.path, "/wsman/X%20y");
	assert_str_equal(url.rest, "?a={b}#c");
}

static void the_port_follows_from_the_scheme(void **state)
{
	struct url url;

	(void)state;
	assert_true(url_read(STR("http://a"), &url));
	assert_int_equal(url.port, 80);
	assert_str_equal(url.path, "");
	assert_true(url_read(STR("https://[2001:db8::1]/"), &url));
	assert_int_equal(url.port, 443);
	assert_str_equal(url.host, "[2001:db8::1]");
	assert_true(url_read(STR("http://+:5985/wsman"), &url));
	assert_str_equal(url.host, "+");
}

static void what_is_no_absolute_web_url_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"https:",
		"https:/a",
		"https://",
		"https:///path",
		"https://?q",
		"//a/b",
		"/wsman",
		"wsman",
		"ftp://a",
		"file:///c:/",
		"javascript://a",
		" https://a",
		"https://a b/",
		"https://a/b c",
		"https://a/b\\c",
		"https://a/b\nc",
		"https://a/?b\nc",
		"https://a/\xc3\xa4",
		"https://\xc3\xa4/",
		"https://a/%",
		"https://a/%2",
		"https://a/%2g",
		"https://user@a/",
		"https://user:secret@a/",
		"https://a:/",
		"https://a:0/",
		"https://a:65536/",
		"https://a:080/",
		"https://a:80x/",
		"https://[::1/",
		"https://[]/",
		"https://[::g]/",
		"https://[::1]x/",
		"https://a^b/",
		"https://a%20b/",
	};
	struct url url;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_false(url_read(str_from(texts[i]), &url));
	assert_false(url_read(STR("https://a/\0"), &url));
	assert_false(url_read(STR("https://a\0.b/"), &url));
}

static void a_url_may_be_as_long_as_its_bound(void **state)
{
	char text[URL_MAX_BYTES + 1];
	struct url url;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "https://a/", 10);
	assert_true(url_read(str_make(text, URL_MAX_BYTES), &url));
	assert_false(url_read(str_make(text, URL_MAX_BYTES + 1), &url));
}

static bool same(const char *left, const char *right)
{
	struct url a;
	struct url b;

	assert_true(url_read(str_from(left), &a));
	assert_true(url_read(str_from(right), &b));
	return url_same_endpoint(&a, &b);
}

static void endpoints_compare_as_iis_does(void **state)
{
	(void)state;
	assert_true(same("https://a/p", "HTTPS://A:443/P/"));
	assert_true(same("https://a", "https://a/?x"));
	assert_false(same("https://a/p", "http://a/p"));
	assert_false(same("https://a/p", "https://a:5986/p"));
	assert_false(same("https://a/p", "https://b/p"));
	assert_false(same("https://a/p", "https://a/q"));
	assert_false(same("https://a/p", "https://a/p//"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_comes_apart),
		cmocka_unit_test(the_port_follows_from_the_scheme),
		cmocka_unit_test(what_is_no_absolute_web_url_is_refused),
		cmocka_unit_test(a_url_may_be_as_long_as_its_bound),
		cmocka_unit_test(endpoints_compare_as_iis_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
