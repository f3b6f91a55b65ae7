#include "support/cmocka.h"

#include "authz/names.h"
#include "base/attributes.h"
#include "support/fault.h"

static const char directory[] = "{\"CONTOSO\\\\Helpdesk\": \"S-1-5-21-1\", "
				"\"alice@Contoso.com\": \"S-1-5-21-2\"}";

static struct {
	struct arena arena;
	struct names names;
	struct cedar_diags diags;
	unsigned asked_count;
} fixture;

/* A system that knows two accounts, one of them wrongly. */
static enum error ask_system(struct str name, char out[SID_MAX_BYTES + 1])
{
	const char *sid = NULL;

	fixture.asked_count++;
	if (str_equal(name, STR("SERVER7\\Operators")))
		sid = "S-1-5-21-3";
	else if (str_equal(name, STR("SERVER7\\broken")))
		sid = "S-1-5-21-03";
	if (sid == NULL)
		return ERR_NOT_FOUND;
	memcpy(out, sid, strlen(sid) + 1);
	return ERR_NONE;
}

static int setup(void **state)
{
	(void)state;
	arena_init(&fixture.arena, 4096, SIZE_MAX);
	cedar_diags_init(&fixture.diags);
	names_init(&fixture.names, &fixture.arena, (struct hash_key){1, 2}, ask_system);
	fixture.asked_count = 0;
	return names_read_directory(&fixture.names, STR("directory.json"), str_from(directory),
				    &fixture.diags) != ERR_NONE;
}

static int teardown(void **state)
{
	(void)state;
	names_deinit(&fixture.names);
	cedar_diags_deinit(&fixture.diags);
	arena_deinit(&fixture.arena);
	return 0;
}

static enum cedar_resolution resolve(const char *type, const char *id, struct str *out)
{
	struct cedar_resolver resolver = names_resolver(&fixture.names);

	*out = str_make(NULL, 0);
	return resolver.resolve(resolver.arg, str_from(type), str_from(id), out);
}

static void assert_kept(const char *type, const char *id)
{
	struct str out;

	assert_int_equal(resolve(type, id, &out), CEDAR_NAME_KEPT);
}

static void assert_unknown(const char *type, const char *id)
{
	struct str out;

	assert_int_equal(resolve(type, id, &out), CEDAR_NAME_UNKNOWN);
}

static void assert_replaced(const char *type, const char *id, const char *meant)
{
	struct str out;

	assert_int_equal(resolve(type, id, &out), CEDAR_NAME_REPLACED);
	assert_str_equal(out, meant);
}

static void sids_stand_for_themselves(void **state)
{
	(void)state;
	assert_kept("WinRM::Group", "S-1-5-32-544");
	assert_kept("WinRM::User", "S-1-5-21-1-2-3-1001");
}

static void names_stand_for_sids_in_any_case(void **state)
{
	(void)state;
	assert_replaced("WinRM::Group", "contoso\\HELPDESK", "S-1-5-21-1");
	assert_replaced("WinRM::User", "Alice@contoso.com", "S-1-5-21-2");
}

static void names_that_the_directory_does_not_have_are_unknown(void **state)
{
	(void)state;
	assert_unknown("WinRM::Group", "Helpdesk");
	assert_unknown("WinRM::Group", "");
	assert_unknown("WinRM::Group", "s-1-5-32-544");
	assert_unknown("WinRM::Group", "basic:alice");
	assert_unknown("WinRM::User", "bob");
}

static void principals_without_token_are_folded(void **state)
{
	(void)state;
	assert_replaced("WinRM::User", "Basic:Alice", "basic:alice");
}

static void resources_are_expanded_and_folded(void **state)
{
	(void)state;
	assert_replaced("WinRM::Resource", "http://Schemas.Contoso.com/X/",
			"http://schemas.contoso.com/x");
	assert_replaced("WinRM::Resource", "WmiCimV2/Win32_Service",
			"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/win32_service");
	assert_replaced("WinRM::Resource", "wmi/root/virtualization",
			"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization");
	assert_replaced("WinRM::Resource", "cimv2",
			"http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2");
	assert_replaced("WinRM::Resource", "winrm/config",
			"http://schemas.microsoft.com/wbem/wsman/1/config");
	assert_replaced("WinRM::Resource", "wsman/config/Listener",
			"http://schemas.microsoft.com/wbem/wsman/1/config/listener");
	assert_replaced("WinRM::Resource", "shell/cmd",
			"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd");
	assert_replaced("WinRM::Resource", "URN:x-product+1.0:Thing", "urn:x-product+1.0:thing");
}

static void resources_that_no_request_can_have_are_unknown(void **state)
{
	(void)state;
	assert_unknown("WinRM::Resource", "");
	/* What begins with neither a scheme nor an alias is a slip: no resource has such a URI. */
	assert_unknown("WinRM::Resource", "shellx/cmd");
	assert_unknown("WinRM::Resource", "wmicmv2/Win32_Service");
	assert_unknown("WinRM::Resource", "root/cimv2:win32_service");
	assert_unknown("WinRM::Resource", "1a:b");
	assert_unknown("WinRM::Resource", ":b");
	assert_unknown("WinRM::Resource", "http://a/../b");
	assert_unknown("WinRM::Resource", "http://a//");
	assert_unknown("WinRM::Resource", "http://a/b?Name=x");
	assert_unknown("WinRM::Resource", "http://a/%41");
}

static void families_are_those_of_the_schema(void **state)
{
	(void)state;
	assert_kept("WinRM::ResourceFamily", "PowerShell");
	assert_unknown("WinRM::ResourceFamily", "powershell");
}

static void other_types_are_left_alone(void **state)
{
	(void)state;
	assert_kept("WinRM::Application", "wsman/PowerShell");
	assert_kept("WinRM::Action", "Connect");
	assert_kept("Role", "x");
}

static void without_memory_nothing_is_resolved_and_it_is_said(void **state)
{
	struct str out;

	(void)state;
	fixture.arena.max_bytes = fixture.arena.used_bytes;
	assert_int_equal(resolve("WinRM::Group", "CONTOSO\\Helpdesk", &out), CEDAR_NAME_UNKNOWN);
	assert_int_equal(fixture.names.failed, ERR_NO_MEMORY);
	fixture.names.failed = ERR_NONE;
	assert_int_equal(resolve("WinRM::User", "Basic:Alice", &out), CEDAR_NAME_UNKNOWN);
	assert_int_equal(fixture.names.failed, ERR_NO_MEMORY);
	fixture.names.failed = ERR_NONE;
	assert_int_equal(resolve("WinRM::Resource", "shell/cmd", &out), CEDAR_NAME_UNKNOWN);
	assert_int_equal(fixture.names.failed, ERR_NO_MEMORY);
}

static void what_the_directory_does_not_have_the_system_is_asked_for_once(void **state)
{
	(void)state;
	assert_replaced("WinRM::Group", "CONTOSO\\helpdesk", "S-1-5-21-1");
	assert_kept("WinRM::Group", "S-1-5-21-7");
	assert_int_equal(fixture.asked_count, 0);
	assert_replaced("WinRM::Group", "SERVER7\\Operators", "S-1-5-21-3");
	assert_replaced("WinRM::User", "server7\\OPERATORS", "S-1-5-21-3");
	assert_int_equal(fixture.asked_count, 1);
	assert_unknown("WinRM::Group", "SERVER7\\broken");
	assert_unknown("WinRM::Group", "SERVER7\\nobody");
}

static void without_memory_the_answer_of_the_system_is_not_believed(void **state)
{
	struct str out;

	(void)state;
	for (uint64_t n = 0;; n++) {
		enum cedar_resolution resolution;

		fault_arm(n, FAULT_ONCE);
		resolution = resolve("WinRM::Group", "SERVER7\\Operators", &out);
		if (!fault_disarm()) {
			assert_int_equal(resolution, CEDAR_NAME_REPLACED);
			break;
		}
		assert_int_equal(resolution, CEDAR_NAME_UNKNOWN);
		assert_int_equal(fixture.names.failed, ERR_NO_MEMORY);
		fixture.names.failed = ERR_NONE;
	}
	fixture.arena.max_bytes = fixture.arena.used_bytes;
	assert_int_equal(resolve("WinRM::Group", "SERVER7\\Operators", &out), CEDAR_NAME_UNKNOWN);
	assert_int_equal(fixture.names.failed, ERR_NO_MEMORY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(sids_stand_for_themselves),
		TEST(names_stand_for_sids_in_any_case),
		TEST(names_that_the_directory_does_not_have_are_unknown),
		TEST(what_the_directory_does_not_have_the_system_is_asked_for_once),
		TEST(without_memory_the_answer_of_the_system_is_not_believed),
		TEST(principals_without_token_are_folded),
		TEST(resources_are_expanded_and_folded),
		TEST(resources_that_no_request_can_have_are_unknown),
		TEST(families_are_those_of_the_schema),
		TEST(other_types_are_left_alone),
		TEST(without_memory_nothing_is_resolved_and_it_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
