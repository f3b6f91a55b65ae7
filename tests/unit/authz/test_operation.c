#include "support/cmocka.h"

#include "authz/operation.h"
#include "base/attributes.h"
#include "support/fault.h"

#define TRANSFER "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
#define SHELL    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
#define WMI      "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2"

static int setup(void **state)
{
	static struct arena arena;

	arena_init(&arena, 4096, SIZE_MAX);
	*state = &arena;
	return 0;
}

static int teardown(void **state)
{
	arena_deinit(*state);
	return 0;
}

static struct operation read_ok(struct arena *arena, const char *action, const char *resource)
{
	struct operation operation;
	const char *what = NULL;

	assert_int_equal(
		operation_read(arena, str_from(action), str_from(resource), &operation, &what),
		ERR_NONE);
	return operation;
}

static void assert_refused(struct arena *arena, const char *action, const char *resource,
			   const char *field)
{
	struct operation operation;
	const char *what = NULL;

	assert_int_not_equal(
		operation_read(arena, str_from(action), str_from(resource), &operation, &what),
		ERR_NONE);
	assert_string_equal(what, field);
}

static void action_uris_are_actions_in_any_case(void **state)
{
	static const struct {
		const char *uri;
		enum action action;
	} rows[] = {
		{TRANSFER "Get", ACTION_GET},
		{TRANSFER "Put", ACTION_PUT},
		{TRANSFER "Create", ACTION_CREATE},
		{TRANSFER "Delete", ACTION_DELETE},
		{"HTTP://SCHEMAS.XMLSOAP.ORG/WS/2004/09/TRANSFER/GET", ACTION_GET},
		{"http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate", ACTION_ENUMERATE},
		{"http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull", ACTION_ENUMERATE},
		{"http://schemas.xmlsoap.org/ws/2004/09/enumeration/Release", ACTION_ENUMERATE},
		{"http://schemas.xmlsoap.org/ws/2004/08/eventing/Subscribe", ACTION_SUBSCRIBE},
		{"http://schemas.xmlsoap.org/ws/2004/08/eventing/Unsubscribe", ACTION_SUBSCRIBE},
		{SHELL "/Command", ACTION_COMMAND},
		{SHELL "/Send", ACTION_COMMAND},
		{SHELL "/Receive", ACTION_COMMAND},
		{SHELL "/Signal", ACTION_COMMAND},
		{SHELL "/Connect", ACTION_CREATE_SHELL},
		{SHELL "/Disconnect", ACTION_CREATE_SHELL},
		{SHELL "/Reconnect", ACTION_CREATE_SHELL},
		{TRANSFER "Get2", ACTION_INVOKE},
		{"https://schemas.xmlsoap.org/ws/2004/09/transfer/Get", ACTION_INVOKE},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(read_ok(*state, rows[i].uri, WMI).action, rows[i].action);
}

static void create_on_a_shell_is_create_shell(void **state)
{
	static const char *const shells[] = {
		SHELL "/cmd",
		SHELL,
		"http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
		"HTTP://schemas.microsoft.com/PowerShell/Contoso.Jea?x=1",
	};

	for (size_t i = 0; i < ARRAY_COUNT(shells); i++)
		assert_int_equal(read_ok(*state, TRANSFER "Create", shells[i]).action,
				 ACTION_CREATE_SHELL);
	assert_int_equal(read_ok(*state, TRANSFER "Create", SHELL "x/cmd").action, ACTION_CREATE);
	assert_int_equal(read_ok(*state, TRANSFER "Delete", SHELL "/cmd").action, ACTION_DELETE);
}

static void an_unknown_action_is_invoke_with_its_method_folded(void **state)
{
	struct operation operation =
		read_ok(*state, WMI "/Win32_Service/StartService", WMI "/Win32_Service");

	assert_int_equal(operation.action, ACTION_INVOKE);
	assert_str_equal(operation.method, "startservice");
	assert_str_equal(operation.action_uri, WMI "/win32_service/startservice");
	assert_str_equal(read_ok(*state, "Restart", WMI).method, "restart");
	assert_str_equal(read_ok(*state, TRANSFER "Get", WMI).method, "");
}

static void a_resource_has_its_prefixes_as_parents(void **state)
{
	struct operation operation =
		read_ok(*state, TRANSFER "Get", "http://Host/A/b.c/D?Name=Spooler/x");

	assert_str_equal(operation.resource_uri, "http://host/a/b.c/d");
	assert_int_equal(operation.prefix_count, 3);
	assert_str_equal(operation.prefixes[0], "http://host/a/b.c");
	assert_str_equal(operation.prefixes[1], "http://host/a");
	assert_str_equal(operation.prefixes[2], "http://host");
	operation = read_ok(*state, TRANSFER "Get", "urn:x");
	assert_int_equal(operation.prefix_count, 0);
	operation = read_ok(*state, TRANSFER "Get", "winrm/config");
	assert_int_equal(operation.prefix_count, 1);
	assert_str_equal(operation.prefixes[0], "winrm");
}

static void families_begin_at_segment_boundaries(void **state)
{
	static const struct {
		const char *uri;
		enum resource_family family;
	} rows[] = {
		{"http://schemas.microsoft.com/powershell/Microsoft.PowerShell", FAMILY_POWERSHELL},
		{"http://schemas.microsoft.com/powershellx/y", FAMILY_OTHER},
		{SHELL "/cmd", FAMILY_CMD},
		{SHELL "s/cmd", FAMILY_OTHER},
		{WMI "/Win32_Service", FAMILY_WMI},
		{"http://schemas.microsoft.com/wbem/wsman/1/wmix", FAMILY_OTHER},
		{"http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_Process", FAMILY_CIM},
		{"http://schemas.dmtf.org/wbem/wscim/1/*", FAMILY_CIM},
		{"http://schemas.microsoft.com/wbem/wsman/1/config", FAMILY_CONFIG},
		{"http://schemas.microsoft.com/wbem/wsman/1/config/listener", FAMILY_CONFIG},
		{"http://schemas.microsoft.com/wbem/wsman/1/windows/EventLog", FAMILY_EVENT_LOG},
		{"http://schemas.microsoft.com/wbem/wsman/1/SubscriptionManager/Subscription",
		 FAMILY_EVENT_LOG},
		{"http://schemas.microsoft.com/wbem/wsman/1/logrecord/sel", FAMILY_EVENT_LOG},
		{"http://schemas.microsoft.com/wbem/wsman/1", FAMILY_OTHER},
		{"http://contoso.com/wmi", FAMILY_OTHER},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(read_ok(*state, TRANSFER "Get", rows[i].uri).family,
				 rows[i].family);
}

static void a_uri_with_two_readings_is_refused(void **state)
{
	static const char *const uris[] = {
		"",
		"?Name=x",
		"http://",
		"http:///a",
		"a/b://c",
		"://a",
		"http://a//b",
		"http://a/",
		"http://a/./b",
		"http://a/../b",
		"http://a/b/..",
		"http://a/b#c",
		"http://a/b c",
		"http://a/b\tc",
		"http://a/b\\c",
		"http://a/b\x7f",
		"http://a/\xc3\xa4",
		"http://a/\xff",
		"http://a/%",
		"http://a/%4",
		"http://a/%zz",
		"http://a/%41",
		"http://a/%2e%2e/b",
		"http://a/%2F",
		"http://a/%3Fb",
		"http://a/%23b",
		"http://a/%25b",
		"http://a/%5c",
		"http://a/%00",
		"http://a/%c3%a4",
		"http://a/b<c",
	};

	for (size_t i = 0; i < ARRAY_COUNT(uris); i++) {
		assert_refused(*state, TRANSFER "Get", uris[i], "resource_uri");
		assert_refused(*state, uris[i], WMI, "action_uri");
	}
	assert_refused(*state, "http://a/b?c", WMI, "action_uri");
	assert_str_equal(read_ok(*state, TRANSFER "Get", "http://a/B%20%5Ec").resource_uri,
			 "http://a/b%20%5ec");
}

static void uris_may_be_as_long_as_their_bounds(void **state)
{
	static char text[OPERATION_MAX_RESOURCE_BYTES + 1];
	struct operation operation;
	const char *what = NULL;

	memset(text, 'x', sizeof(text));
	assert_int_equal(operation_read(*state, str_make(text, OPERATION_MAX_ACTION_BYTES),
					str_make(text, OPERATION_MAX_RESOURCE_BYTES), &operation,
					&what),
			 ERR_NONE);
	assert_int_equal(operation_read(*state, str_make(text, OPERATION_MAX_ACTION_BYTES + 1),
					STR(WMI), &operation, &what),
			 ERR_LIMIT);
	assert_string_equal(what, "action_uri");
	assert_int_equal(operation_read(*state, STR(TRANSFER "Get"),
					str_make(text, OPERATION_MAX_RESOURCE_BYTES + 1),
					&operation, &what),
			 ERR_LIMIT);
	assert_string_equal(what, "resource_uri");
}

static void a_uri_may_have_as_many_segments_as_its_bound(void **state)
{
	char text[2 * (OPERATION_MAX_SEGMENTS + 1)];
	struct operation operation;
	const char *what = NULL;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 == 0 ? 'x' : '/';
	assert_int_equal(operation_read(*state, STR(TRANSFER "Get"),
					str_make(text, 2 * OPERATION_MAX_SEGMENTS - 1), &operation,
					&what),
			 ERR_NONE);
	assert_int_equal(operation.prefix_count, OPERATION_MAX_SEGMENTS - 1);
	assert_int_equal(operation_read(*state, STR(TRANSFER "Get"),
					str_make(text, 2 * OPERATION_MAX_SEGMENTS + 1), &operation,
					&what),
			 ERR_LIMIT);
}

static void every_action_and_family_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < ACTION_COUNT; i++)
		assert_true(action_name((enum action)i).length > 0);
	for (int i = 0; i < FAMILY_COUNT; i++)
		assert_true(resource_family_name((enum resource_family)i).length > 0);
}

static void every_action_of_an_operation_has_a_uri_that_means_it(void **state)
{
	for (int i = 0; i < ACTION_COUNT; i++) {
		struct str uri = action_canonical_uri((enum action)i);
		bool is_shell = i == ACTION_CREATE_SHELL || i == ACTION_COMMAND;
		struct operation operation;
		enum action found = ACTION_COUNT;
		const char *what = NULL;

		assert_true(action_find(action_name((enum action)i), &found));
		assert_int_equal(found, i);
		if (i == ACTION_CONNECT || i == ACTION_ADMINISTER) {
			assert_int_equal(uri.length, 0);
			continue;
		}
		assert_int_equal(operation_read(*state, uri,
						is_shell ? STR(SHELL "/cmd") : STR(WMI), &operation,
						&what),
				 ERR_NONE);
		assert_int_equal(operation.action, i);
	}
	assert_false(action_find(STR("connect"), &(enum action){ACTION_GET}));
}

static void an_alias_stands_for_the_start_of_a_uri_with_selectors(void **state)
{
	struct str uri;

	assert_int_equal(
		operation_resource_uri(*state, STR("wmicimv2/Win32_Service?Name=WinRM"), &uri),
		ERR_NONE);
	assert_str_equal(uri, WMI "/win32_service?Name=WinRM");
	assert_int_equal(operation_resource_uri(*state, STR("shell/cmd"), &uri), ERR_NONE);
	assert_str_equal(uri, SHELL "/cmd");
	assert_int_equal(operation_resource_uri(*state, STR("a//b?c"), &uri), ERR_INVALID);
	assert_int_equal(operation_resource_uri(*state, STR("shels/cmd"), &uri), ERR_INVALID);
}

static void without_memory_there_is_no_operation(void **state)
{
	struct operation operation;
	const char *what = NULL;
	bool fired = true;

	(void)state;
	for (uint64_t n = 0; fired; n++) {
		struct arena arena;
		enum error error;

		arena_init(&arena, 256, SIZE_MAX);
		fault_arm(n, FAULT_ONCE);
		error = operation_read(&arena, STR(WMI "/Win32_Service/StartService"),
				       STR(WMI "/Win32_Service"), &operation, &what);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		arena_deinit(&arena);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(action_uris_are_actions_in_any_case),
		cmocka_unit_test(create_on_a_shell_is_create_shell),
		cmocka_unit_test(an_unknown_action_is_invoke_with_its_method_folded),
		cmocka_unit_test(a_resource_has_its_prefixes_as_parents),
		cmocka_unit_test(families_begin_at_segment_boundaries),
		cmocka_unit_test(a_uri_with_two_readings_is_refused),
		cmocka_unit_test(uris_may_be_as_long_as_their_bounds),
		cmocka_unit_test(a_uri_may_have_as_many_segments_as_its_bound),
		cmocka_unit_test(every_action_and_family_has_a_name),
		cmocka_unit_test(every_action_of_an_operation_has_a_uri_that_means_it),
		cmocka_unit_test(an_alias_stands_for_the_start_of_a_uri_with_selectors),
		cmocka_unit_test(without_memory_there_is_no_operation),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
