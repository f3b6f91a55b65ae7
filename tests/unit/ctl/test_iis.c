#include "ctl/iis.h"

#include <stdio.h>

#include "ctl/doctor_iis.h"
#include "support/cmocka.h"
#include "support/fault.h"

static const char host_text[] =
	"<configuration><system.applicationHost><applicationPools>\n"
	"<add name='Wide'/><add name='Narrow' enable32BitAppOnWin64='true'/>\n"
	"<add name='Odd' enable32BitAppOnWin64='false'/>\n"
	"<applicationPoolDefaults enable32BitAppOnWin64='%s'/></applicationPools>\n"
	"<sites><site name='a'>\n"
	"<application path='/' applicationPool='Narrow'>\n"
	"<virtualDirectory path='/' physicalPath='%%SystemDrive%%\\a'/>\n"
	"<virtualDirectory path='/b' physicalPath='C:\\b &amp; c'/></application>\n"
	"<application path='/d' applicationPool='wide'><virtualDirectory physicalPath='C:\\d'/>\n"
	"</application><application><virtualDirectory physicalPath='C:\\e'/></application>\n"
	"<application applicationPool='Odd'><virtualDirectory physicalPath='C:\\f'/>\n"
	"<virtualDirectory path='/g'/></application></site>\n"
	"<applicationDefaults applicationPool='Narrow'/></sites></system.applicationHost>\n"
	"<add name='no pool'/></configuration>";

static struct arena arena;
static char why_text[512];

static enum error read_text(struct str text, struct iis_file *out)
{
	struct buf why;
	enum error error;

	arena_deinit(&arena);
	arena_init(&arena, 4096, SIZE_MAX);
	buf_init_fixed(&why, why_text, sizeof(why_text));
	error = iis_read(text, &arena, out, &why);
	(void)buf_text(&why);
	return error;
}

static void expect_text(struct str text, const char *expected)
{
	if (!str_equal(text, str_from(expected)))
		fail_msg("'%.*s' is not '%s'", STR_ARGS(text), expected);
}

static void the_hosts_file_tells_directories_and_their_bits(void **state)
{
	static const struct {
		const char *path;
		bool is_32[2]; /* by the default of pools */
	} expected[] = {{"%SystemDrive%\\a", {true, true}},
			{"C:\\b & c", {true, true}},
			{"C:\\d", {false, true}},
			{"C:\\e", {true, true}},
			{"C:\\f", {false, false}}};
	struct iis_file file;
	char text[2048];

	(void)state;
	for (int by_default = 0; by_default < 2; by_default++) {
		snprintf(text, sizeof(text), host_text, by_default ? "true" : "false");
		assert_int_equal(read_text(str_from(text), &file), ERR_NONE);
		assert_int_equal(file.pool_count, 3);
		assert_int_equal(file.plugin_count, 0);
		assert_int_equal(file.directory_count, 5);
		for (uint32_t i = 0; i < 5; i++) {
			expect_text(file.directories[i].path, expected[i].path);
			assert_int_equal(iis_is_32(&file, &file.directories[i]),
					 expected[i].is_32[by_default]);
		}
	}
}

static void a_web_config_tells_its_plugin(void **state)
{
	struct iis_file file;

	(void)state;
	assert_int_equal(
		read_text(STR("<configuration>\n<PluginModules>\n"
			      "<AuthorizationPlugin Name='wsauthz' Filename='C:\\x\\wsauthz.dll'\n"
			      " SDKVersion='1' SupportsQuota='True'/>\n"
			      "<!-- <AuthorizationPlugin Filename='commented'/> -->"
			      "<AuthorizationPlugin/></PluginModules></configuration>"),
			  &file),
		ERR_NONE);
	assert_int_equal(file.plugin_count, 2);
	expect_text(file.plugins[0].file_name, "C:\\x\\wsauthz.dll");
	expect_text(file.plugins[0].sdk_version, "1");
	assert_true(file.plugins[0].has_quota);
	assert_int_equal(file.plugins[0].line, 4);
	expect_text(file.plugins[1].file_name, "");
	assert_false(file.plugins[1].has_quota);
}

static void a_mistake_has_its_line(void **state)
{
	struct iis_file file;

	(void)state;
	assert_int_equal(read_text(STR("<a>\n</b>"), &file), ERR_SYNTAX);
	assert_string_equal(why_text, "line 2: an element ends that did not begin there");
}

static void expect_limit(const char *before, const char *element, int most, const char *after,
			 const char *what)
{
	struct iis_file file;
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int past = 0; past < 2; past++) {
		buf_clear(&text);
		buf_append_str(&text, str_from(before));
		for (int i = 0; i < most + past; i++)
			buf_append_str(&text, str_from(element));
		buf_append_str(&text, str_from(after));
		assert_int_equal(read_text(buf_str(&text), &file), past ? ERR_LIMIT : ERR_NONE);
		if (past)
			assert_non_null(strstr(why_text, what));
	}
	buf_deinit(&text);
}

static void what_is_read_is_limited(void **state)
{
	(void)state;
	expect_limit("<a>", "<virtualDirectory physicalPath='a'/>", IIS_DIRECTORIES_MAX, "</a>",
		     "more than 4096 virtual directories");
	expect_limit("<applicationPools>", "<add name='a'/>", IIS_POOLS_MAX, "</applicationPools>",
		     "more than 1024 application pools");
	expect_limit("<a>", "<AuthorizationPlugin/>", IIS_PLUGINS_MAX, "</a>",
		     "more than 256 authorization plug-ins");
}

static void without_memory_nothing_is_told(void **state)
{
	bool was_reached = true;
	char text[2048];

	(void)state;
	snprintf(text, sizeof(text), host_text, "true");
	for (uint64_t index = 0; was_reached; index++) {
		struct iis_file file = {.pool_count = 7};
		enum error error;

		arena_deinit(&arena);
		arena_init(&arena, 4096, SIZE_MAX);
		fault_arm(index, FAULT_ONCE);
		error = read_text(str_from(text), &file);
		was_reached = fault_disarm();
		assert_int_equal(error, was_reached ? ERR_NO_MEMORY : ERR_NONE);
		assert_int_equal(file.pool_count, was_reached ? 7 : 3);
	}
}

static void our_plug_in_is_known_by_its_name(void **state)
{
	static const char *const ours[] = {"wsauthz.dll", "C:\\a\\WSAUTHZ.DLL", "%x%/wsauthz.dll"};
	static const char *const others[] = {"", "wsauthz", "C:\\a\\mywsauthz.dll",
					     "C:\\wsauthz.dll\\b.dll"};
	struct iis_plugin plugin = {.line = 1};

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		plugin.file_name = str_from(ours[i]);
		assert_true(doctor_is_ours(&plugin));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		plugin.file_name = str_from(others[i]);
		assert_false(doctor_is_ours(&plugin));
	}
}

static void expect_entry(const struct iis_plugin *plugin, const char *path,
			 enum doctor_result expected, const char *detail)
{
	struct doctor_finding finding;

	buf_init(&finding.detail, DOCTOR_TEXT_MAX);
	buf_init(&finding.advice, DOCTOR_TEXT_MAX);
	assert_int_equal(doctor_judge_entry(plugin, path, "/a/wsauthz.dll", &finding), expected);
	assert_string_equal(buf_text(&finding.detail), detail);
	assert_int_equal(finding.advice.length == 0, expected == DOCTOR_OK);
	buf_deinit(&finding.detail);
	buf_deinit(&finding.advice);
}

static void an_entry_must_be_what_winrm_takes(void **state)
{
	struct iis_plugin plugin = {.sdk_version = STR("1"), .has_quota = true};
	const char *path = "/A/WSAUTHZ.dll";

	(void)state;
#ifdef _WIN32
	/* Absolute on either system, as far as this test is concerned. */
	path = "//A/WSAUTHZ.dll";
	expect_entry(&plugin, path, DOCTOR_WARNING,
		     "loads //A/WSAUTHZ.dll, but it does not load /a/wsauthz.dll, which was "
		     "installed with this program");
#else
	expect_entry(&plugin, path, DOCTOR_OK, "loads /A/WSAUTHZ.dll");
	plugin.has_quota = false;
	expect_entry(&plugin, path, DOCTOR_WARNING,
		     "loads /A/WSAUTHZ.dll, but it does not say SupportsQuota=\"true\", so that "
		     "quotas of the policy have no effect");
	plugin.sdk_version = STR("2");
	expect_entry(&plugin, "wsauthz.dll", DOCTOR_PROBLEM,
		     "loads wsauthz.dll, but it must name the file with its whole path, must say "
		     "SDKVersion=\"1\", does not say SupportsQuota=\"true\", so that quotas of the "
		     "policy have no effect, does not load /a/wsauthz.dll, which was installed "
		     "with this program");
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hosts_file_tells_directories_and_their_bits),
		cmocka_unit_test(a_web_config_tells_its_plugin),
		cmocka_unit_test(a_mistake_has_its_line),
		cmocka_unit_test(what_is_read_is_limited),
		cmocka_unit_test(without_memory_nothing_is_told),
		cmocka_unit_test(our_plug_in_is_known_by_its_name),
		cmocka_unit_test(an_entry_must_be_what_winrm_takes),
	};
	int failures;

	arena_init(&arena, 4096, SIZE_MAX);
	failures = cmocka_run_group_tests_name("iis", tests, NULL, NULL);
	arena_deinit(&arena);
	return failures;
}
