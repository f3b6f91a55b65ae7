#include "ctl/doctor_service.h"

#include <stdio.h>
#include <string.h>

#include "client-plugin/client.h"
#include "support/cmocka.h"
#include "support/fault.h"
#include "unit/ctl/finding.h"

#define CONFIG   "C:\\ProgramData\\wsauthz\\wsauthz.yaml"
#define PROGRAM  "C:\\Program Files\\wsauthz\\wsauthzd.exe"
#define COMMAND  "\"" PROGRAM "\" --service --config \"" CONFIG "\""
#define ENDPOINT "\\\\.\\pipe\\wsauthz"

/* The service as `wsauthzd install` makes it. */
static struct service_facts make_service(void)
{
	return (struct service_facts){
		.command = COMMAND,
		.account = "NT AUTHORITY\\LocalService",
		.start = SERVICE_STARTS_WITH_MACHINE,
		.is_alone = true,
		.runs = true,
		.pid = 4242,
		.has_sid = SERVICE_FACT_YES,
		.restarts = SERVICE_FACT_YES,
	};
}

static void expect_service(const struct service_facts *facts, enum doctor_result expected,
			   const char *detail)
{
	finding_expect(doctor_judge_service(facts, CONFIG, &finding), expected, detail);
}

static void the_service_as_it_is_installed_is_well(void **state)
{
	struct service_facts facts = make_service();

	(void)state;
	expect_service(&facts, DOCTOR_OK, "wsauthz: runs as NT AUTHORITY\\LocalService, " COMMAND);
	facts.runs = false;
	strcpy(facts.account, "nt authority\\localservice");
	expect_service(&facts, DOCTOR_OK, "wsauthz: does not run as nt authority\\localservice, ");
}

static void a_command_that_may_start_another_program_is_a_problem(void **state)
{
	struct service_facts facts = make_service();

	(void)state;
	strcpy(facts.command, PROGRAM " --service --config \"" CONFIG "\"");
	expect_service(&facts, DOCTOR_PROBLEM, ", but it has no quotation marks around its path");
	strcpy(facts.command, "C:\\wsauthzd.exe --service --config \"" CONFIG "\"");
	expect_service(&facts, DOCTOR_OK, "C:\\wsauthzd.exe");
}

static void a_service_of_another_configuration_is_a_problem(void **state)
{
	struct service_facts facts = make_service();

	(void)state;
	strcpy(facts.command, "\"" PROGRAM "\" --service --config \"C:\\other.yaml\"");
	expect_service(&facts, DOCTOR_PROBLEM,
		       ", but it is not started with the configuration that was looked at here");
	strcpy(facts.command, "\"" PROGRAM "\"");
	expect_service(&facts, DOCTOR_PROBLEM, "is not started with the configuration");
	strcpy(facts.command, "");
	expect_service(&facts, DOCTOR_PROBLEM, "is not started with the configuration");
}

static void whom_the_service_runs_as_matters(void **state)
{
	struct service_facts facts = make_service();

	(void)state;
	strcpy(facts.account, "LocalSystem");
	expect_service(&facts, DOCTOR_PROBLEM, "must run as NT AUTHORITY\\LocalService");
	facts = make_service();
	facts.is_alone = false;
	expect_service(&facts, DOCTOR_PROBLEM, "shares its process");
	facts = make_service();
	facts.has_sid = SERVICE_FACT_NO;
	expect_service(&facts, DOCTOR_PROBLEM, "has no SID of its own");
}

static void how_the_service_starts_matters(void **state)
{
	struct service_facts facts = make_service();

	(void)state;
	facts.start = SERVICE_STARTS_NEVER;
	expect_service(&facts, DOCTOR_PROBLEM, ", but it is disabled");
	facts.start = SERVICE_STARTS_ON_REQUEST;
	expect_service(&facts, DOCTOR_WARNING, ", but it does not start with the machine");
	facts.restarts = SERVICE_FACT_NO;
	expect_service(&facts, DOCTOR_WARNING,
		       ", but it does not start with the machine, is not started again when it "
		       "fails");
}

static void what_the_system_does_not_tell_is_not_well(void **state)
{
	struct service_facts facts = make_service();

	(void)state;
	facts.has_sid = SERVICE_FACT_UNKNOWN;
	expect_service(&facts, DOCTOR_WARNING, "; not checked: whether it has its SID, which this");
	facts.restarts = SERVICE_FACT_UNKNOWN;
	expect_service(&facts, DOCTOR_WARNING,
		       "; not checked: whether it has its SID and whether it is restarted, which");
	facts.has_sid = SERVICE_FACT_YES;
	expect_service(&facts, DOCTOR_WARNING, "; not checked: whether it is restarted, which");
	facts.is_alone = false;
	expect_service(&facts, DOCTOR_PROBLEM, "; not checked: whether it is restarted, which");
}

static void expect_program(const char *command, const char *expected, bool expected_certain)
{
	bool is_certain;
	struct str program = doctor_service_program(str_from(command), &is_certain);

	if (!str_equal(program, str_from(expected)) || is_certain != expected_certain)
		fail_msg("%s: '%.*s', %d", command, STR_ARGS(program), (int)is_certain);
}

static void the_program_of_a_command_is_found(void **state)
{
	(void)state;
	expect_program(COMMAND, PROGRAM, true);
	expect_program("\"C:\\a b\\c.exe\"", "C:\\a b\\c.exe", true);
	expect_program("C:\\a b\\c.exe --service", "C:\\a b\\c.exe", false);
	expect_program("C:\\a\\c.EXE --service", "C:\\a\\c.EXE", true);
	expect_program("C:\\a\\c.exe", "C:\\a\\c.exe", true);
	expect_program("C:\\a\\c.exes x", "C:\\a\\c.exes", true);
	expect_program("C:\\a\\c --service", "C:\\a\\c", true);
	expect_program("\"C:\\a", "", true);
	expect_program("\"", "", true);
	expect_program("", "", true);
}

static struct plugin_settings make_settings(void)
{
	return (struct plugin_settings){
		.endpoint = ENDPOINT,
		.server_owner = "S-1-5-80-1-2-3-4-5",
	};
}

static void expect_settings(const struct plugin_settings *settings, enum doctor_result expected,
			    const char *detail)
{
	finding_expect(doctor_judge_settings(settings, ENDPOINT, &finding), expected, detail);
}

static void settings_that_go_with_the_configuration_are_well(void **state)
{
	struct plugin_settings settings = make_settings();

	(void)state;
	expect_settings(&settings, DOCTOR_OK,
			"asks at " ENDPOINT ", of S-1-5-80-1-2-3-4-5, within 5000 ms");
	strcpy(settings.endpoint, "\\\\.\\PIPE\\WSAUTHZ");
	expect_settings(&settings, DOCTOR_OK, "asks at \\\\.\\PIPE\\WSAUTHZ");
}

static void settings_that_the_plug_in_refuses_are_a_problem(void **state)
{
	struct plugin_settings settings = make_settings();

	(void)state;
	settings.reply_timeout_ms = CLIENT_MAX_TIMEOUT_MS;
	expect_settings(&settings, DOCTOR_OK, "within 600000 ms");
	settings.reply_timeout_ms++;
	expect_settings(&settings, DOCTOR_PROBLEM, "limited to 600,000 ms");
	settings = make_settings();
	settings.connect_timeout_ms = CLIENT_DEFAULT_REPLY_TIMEOUT_MS;
	expect_settings(&settings, DOCTOR_OK, "");
	settings.connect_timeout_ms++;
	expect_settings(&settings, DOCTOR_PROBLEM, "must not be longer than that of a reply");
	settings = make_settings();
	strcpy(settings.server_owner, "NT SERVICE\\wsauthz");
	expect_settings(&settings, DOCTOR_PROBLEM, "ServerOwner is no SID");
}

static void an_endpoint_where_nobody_listens_is_a_problem(void **state)
{
	struct plugin_settings settings = make_settings();

	(void)state;
	strcpy(settings.endpoint, "\\\\.\\pipe\\other");
	expect_settings(&settings, DOCTOR_PROBLEM,
			"asks at \\\\.\\pipe\\other, of S-1-5-80-1-2-3-4-5, within 5000 ms, but "
			"the daemon listens at " ENDPOINT);
}

static void a_service_that_there_is_no_memory_to_judge_is_no_good_news(void **state)
{
	struct service_facts facts = make_service();
	bool was_reached = true;

	(void)state;
	for (uint64_t index = 0; was_reached; index++) {
		enum doctor_result result;

		finding_end(NULL);
		finding_start(NULL);
		fault_arm(index, FAULT_ONCE);
		result = doctor_judge_service(&facts, CONFIG, &finding);
		was_reached = fault_disarm();
		assert_int_equal(result == DOCTOR_OK && finding.detail.failed == ERR_NONE,
				 !was_reached);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_service_as_it_is_installed_is_well),
		cmocka_unit_test(a_command_that_may_start_another_program_is_a_problem),
		cmocka_unit_test(a_service_of_another_configuration_is_a_problem),
		cmocka_unit_test(whom_the_service_runs_as_matters),
		cmocka_unit_test(how_the_service_starts_matters),
		cmocka_unit_test(what_the_system_does_not_tell_is_not_well),
		cmocka_unit_test(the_program_of_a_command_is_found),
		cmocka_unit_test(settings_that_go_with_the_configuration_are_well),
		cmocka_unit_test(settings_that_the_plug_in_refuses_are_a_problem),
		cmocka_unit_test(an_endpoint_where_nobody_listens_is_a_problem),
		cmocka_unit_test(a_service_that_there_is_no_memory_to_judge_is_no_good_news),
	};

	return cmocka_run_group_tests_name("doctor_service", tests, finding_start, finding_end);
}
