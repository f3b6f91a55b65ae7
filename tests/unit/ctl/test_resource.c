/* ctl/resource.h: aliases of resource URIs, in and out. */
#include "ctl/resource.h"

#include "base/attributes.h"
#include "support/cmocka.h"

#define WSMAN "http://schemas.microsoft.com/wbem/wsman/1"

static const struct {
	const char *uri, *text;
} both_ways[] = {
	{WSMAN "/wmi/root/cimv2/Win32_Service", "wmicimv2/Win32_Service"},
	{WSMAN "/wmi/root/cimv2/Win32_Service?Name=WinRM", "wmicimv2/Win32_Service?Name=WinRM"},
	{WSMAN "/wmi/root/cimv2", "wmicimv2"},
	{WSMAN "/wmi/root/virtualization", "wmi/root/virtualization"},
	{WSMAN "/windows/shell/cmd", "shell/cmd"},
	{WSMAN "/config", "winrm/config"},
	{"http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
	 "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"},
	{"", ""},
};

static void a_uri_and_its_alias_stand_for_each_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(both_ways); i++) {
		struct buf out;

		buf_init(&out, 4096);
		resource_shorten(&out, str_from(both_ways[i].uri));
		assert_string_equal(buf_text(&out), both_ways[i].text);
		buf_clear(&out);
		resource_expand(&out, str_from(both_ways[i].text));
		assert_string_equal(buf_text(&out), both_ways[i].uri);
		buf_deinit(&out);
	}
}

static void an_alias_is_a_whole_segment(void **state)
{
	static const char *const others[] = {WSMAN "/wmi/root/cimv2x", "wmix/root", "wmicimv"};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	resource_shorten(&out, str_from(others[0]));
	assert_string_equal(buf_text(&out), "wmi/root/cimv2x");
	for (size_t i = 1; i < ARRAY_COUNT(others); i++) {
		buf_clear(&out);
		resource_expand(&out, str_from(others[i]));
		assert_string_equal(buf_text(&out), others[i]);
	}
	buf_deinit(&out);
}

static void case_does_not_count(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	resource_shorten(&out, STR("HTTP://Schemas.Microsoft.com/WBEM/wsman/1/WMI/a"));
	assert_string_equal(buf_text(&out), "wmi/a");
	buf_clear(&out);
	resource_expand(&out, STR("WmiCimV2/a"));
	assert_string_equal(buf_text(&out), WSMAN "/wmi/root/cimv2/a");
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_and_its_alias_stand_for_each_other),
		cmocka_unit_test(an_alias_is_a_whole_segment),
		cmocka_unit_test(case_does_not_count),
	};

	return cmocka_run_group_tests_name("resource", tests, NULL, NULL);
}
