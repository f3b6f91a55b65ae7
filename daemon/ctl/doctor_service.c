/* The service, and the settings that the plug-in finds it by. */
#include "ctl/doctor_service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "authz/sid.h"
#include "client-plugin/limits.h"
#include "ctl/doctor_plugin.h"
#include "platform/installation.h"
#include "platform/paths.h"
#include "platform/service.h"

static const char install_again[] =
	"run 'wsauthzd install' as administrator, which mends all of that";

/* The service. */

struct str doctor_service_program(struct str command, bool *is_certain)
{
	const char *end;

	*is_certain = true;
	if (command.length != 0 && command.ptr[0] == '"') {
		command = str_make(command.ptr + 1, command.length - 1);
		end = str_find_byte(command, '"');
		return end != NULL ? str_make(command.ptr, (size_t)(end - command.ptr)) : STR("");
	}
	/* The manager tries what is before the first blank, then what is before the second, ... */
	for (size_t i = 0; i + 4 <= command.length; i++) {
		if (str_equal_ascii_case(str_make(command.ptr + i, 4), STR(".exe")) &&
		    (i + 4 == command.length || command.ptr[i + 4] == ' ')) {
			command.length = i + 4;
			*is_certain = str_find_byte(command, ' ') == NULL;
			return command;
		}
	}
	end = str_find_byte(command, ' ');
	return end != NULL ? str_make(command.ptr, (size_t)(end - command.ptr)) : command;
}

/* Whether the command ends as that of `wsauthzd install` does. */
static bool has_arguments(struct str command, const char *config_path)
{
	bool has;
	struct buf wanted;

	buf_init(&wanted, SERVICE_COMMAND_MAX);
	buf_printf(&wanted, " %s --config \"%s\"", SERVICE_ARGUMENT, config_path);
	has = wanted.failed == ERR_NONE && command.length > wanted.length &&
	      str_equal_ascii_case(
		      str_make(command.ptr + command.length - wanted.length, wanted.length),
		      buf_str(&wanted));
	buf_deinit(&wanted);
	return has;
}

enum doctor_result doctor_judge_service(const struct service_facts *facts, const char *config_path,
					struct doctor_finding *finding)
{
	struct doctor_verdict verdict = {&finding->detail, DOCTOR_OK};
	struct str account = str_from(facts->account);
	bool is_certain;

	buf_printf(&finding->detail, "wsauthz: %s as %s, %s", facts->runs ? "runs" : "does not run",
		   facts->account, facts->command);
	(void)doctor_service_program(str_from(facts->command), &is_certain);
	if (!is_certain)
		doctor_add(
			&verdict, DOCTOR_PROBLEM,
			"has no quotation marks around its path, so that Windows may start another "
			"program");
	if (!has_arguments(str_from(facts->command), config_path))
		doctor_add(&verdict, DOCTOR_PROBLEM,
			   "is not started with the configuration that was looked at here");
	if (!str_equal_ascii_case(account, STR("NT AUTHORITY\\LocalService")))
		doctor_add(&verdict, DOCTOR_PROBLEM, "must run as NT AUTHORITY\\LocalService");
	if (!facts->is_alone)
		doctor_add(&verdict, DOCTOR_PROBLEM, "shares its process with other services");
	if (facts->has_sid == SERVICE_FACT_NO)
		doctor_add(&verdict, DOCTOR_PROBLEM,
			   "has no SID of its own, so the pipe is another's");
	if (facts->start == SERVICE_STARTS_NEVER)
		doctor_add(&verdict, DOCTOR_PROBLEM, "is disabled");
	if (facts->start == SERVICE_STARTS_ON_REQUEST)
		doctor_add(&verdict, DOCTOR_WARNING, "does not start with the machine");
	if (facts->restarts == SERVICE_FACT_NO)
		doctor_add(&verdict, DOCTOR_WARNING, "is not started again when it fails");
	if (verdict.result != DOCTOR_OK)
		buf_append_str(&finding->advice, str_from(install_again));
	if (facts->has_sid == SERVICE_FACT_UNKNOWN || facts->restarts == SERVICE_FACT_UNKNOWN) {
		buf_printf(
			&finding->detail, "; not checked: %s%s%s, which this system does not tell",
			facts->has_sid == SERVICE_FACT_UNKNOWN ? "whether it has its SID" : "",
			facts->has_sid == facts->restarts ? " and " : "",
			facts->restarts == SERVICE_FACT_UNKNOWN ? "whether it is restarted" : "");
		if (verdict.result == DOCTOR_OK) {
			buf_append_str(&finding->advice, STR("see sc.exe qsidtype wsauthz and "
							     "sc.exe qfailure wsauthz"));
			return DOCTOR_WARNING;
		}
	}
	return verdict.result;
}

/* Keeps the path of the program for doctor_look_program(). */
static void keep_program(struct doctor *doctor, const char *command)
{
	bool is_certain;
	struct str program = doctor_service_program(str_from(command), &is_certain);

	if (program.length >= sizeof(doctor->service_program))
		program.length = 0;
	memcpy(doctor->service_program, program.ptr, program.length);
	doctor->service_program[program.length] = '\0';
}

enum doctor_result doctor_look_service(struct doctor *doctor, struct doctor_finding *finding)
{
	const char *config = doctor->ctl->config_path;
	struct service_facts facts;
	enum error error = service_inspect(&facts, &finding->detail);

	if (error == ERR_UNSUPPORTED)
		return DOCTOR_LEFT_OUT;
	if (error == ERR_NOT_FOUND) {
		buf_append_str(&finding->advice, STR("run 'wsauthzd install' as administrator"));
		return DOCTOR_PROBLEM;
	}
	if (error != ERR_NONE) {
		doctor_not_checked(finding, "run this command as administrator");
		return DOCTOR_WARNING;
	}
	keep_program(doctor, facts.command);
	return doctor_judge_service(&facts, config != NULL ? config : platform_paths()->config,
				    finding);
}

enum doctor_result doctor_look_program(struct doctor *doctor, struct doctor_finding *finding)
{
	if (doctor->service_program[0] == '\0')
		return DOCTOR_LEFT_OUT;
	return doctor_look_at_program(doctor->service_program, finding);
}

/* The settings. */

enum doctor_result doctor_judge_settings(const struct plugin_settings *settings,
					 const char *endpoint, struct doctor_finding *finding)
{
	const struct client_settings numbers = {.reply_timeout_ms = settings->reply_timeout_ms,
						.connect_timeout_ms = settings->connect_timeout_ms,
						.max_pending = settings->max_pending};
	struct buf *detail = &finding->detail;
	struct limits limits;
	const char *rule;

	if (!sid_valid(str_from(settings->server_owner))) {
		buf_append_str(detail, STR("ServerOwner is no SID"));
		buf_append_str(&finding->advice,
			       STR("remove the value: the default is the SID of the service"));
		return DOCTOR_PROBLEM;
	}
	if (limits_read(&numbers, &limits, &rule) != CLIENT_OK) {
		buf_append_str(detail, str_from(rule));
		buf_append_str(&finding->advice,
			       STR("correct ReplyTimeoutMs and ConnectTimeoutMs; until then "
				   "everybody is denied"));
		return DOCTOR_PROBLEM;
	}
	buf_printf(detail, "asks at %s, of %s, within %" PRIu32 " ms", settings->endpoint,
		   settings->server_owner, limits.reply_timeout_ms);
	/* Names of pipes have no case. */
	if (str_equal_ascii_case(str_from(settings->endpoint), str_from(endpoint)))
		return DOCTOR_OK;
	buf_printf(detail, ", but the daemon listens at %s", endpoint);
	buf_append_str(&finding->advice, STR("make Endpoint and authorize.socket the same, then "
					     "recycle the application pools"));
	return DOCTOR_PROBLEM;
}

/* Values that nobody reads, most likely misspelt. */
struct unknown_values {
	struct buf *names;
	uint32_t count;
};

static enum error see_value(void *arg, const char *name)
{
	struct unknown_values *unknown = arg;

	if (name[0] == '\0')
		return ERR_NONE; /* the default value, which every key has a place for */
	for (const char *const *known = settings_names; *known != NULL; known++) {
		if (str_equal_ascii_case(str_from(*known), str_from(name)))
			return ERR_NONE;
	}
	buf_printf(unknown->names, "%s%s", unknown->count++ == 0 ? "" : ", ", name);
	return ERR_NONE;
}

static enum doctor_result look_at_values(struct doctor *doctor, struct doctor_finding *finding)
{
	struct plugin_settings settings;
	struct settings_fault fault;

	if (settings_load(&settings, &fault) == CLIENT_OK) {
		if (sid_valid(str_from(settings.server_owner)))
			snprintf(doctor->server_owner, sizeof(doctor->server_owner), "%s",
				 settings.server_owner);
		return doctor_judge_settings(&settings, doctor->config.server.authorize.socket,
					     finding);
	}
	buf_printf(&finding->detail, "%s %s", fault.name, fault.rule);
	buf_append_str(&finding->advice, STR("correct the value and recycle the application pools; "
					     "until then everybody is denied"));
	return DOCTOR_PROBLEM;
}

enum doctor_result doctor_look_settings(struct doctor *doctor, struct doctor_finding *finding)
{
	struct buf *detail = &finding->detail, *advice = &finding->advice;
	struct unknown_values unknown;
	enum doctor_result result;
	struct buf names, why;
	enum error error;

	if (!doctor->has_config)
		return DOCTOR_LEFT_OUT;
	buf_init(&names, DOCTOR_TEXT_MAX);
	buf_init(&why, DOCTOR_TEXT_MAX);
	unknown = (struct unknown_values){&names, 0};
	error = registry_check(SETTINGS_KEY, see_value, &unknown, &why);
	if (error == ERR_UNSUPPORTED) {
		result = DOCTOR_LEFT_OUT;
	} else if (error == ERR_DENIED) {
		buf_append_str(detail, buf_str(&why));
		doctor_not_checked(finding, "run this command as administrator");
		result = DOCTOR_WARNING;
	} else if (error != ERR_NONE && error != ERR_NOT_FOUND) {
		buf_append_str(detail, buf_str(&why));
		buf_append_str(advice, STR("let only administrators change the key; who can, "
					   "chooses whom the plug-in believes"));
		result = DOCTOR_PROBLEM;
	} else {
		buf_printf(detail, "HKLM\\%s: %s", SETTINGS_KEY,
			   error == ERR_NOT_FOUND ? "is not there, so that the plug-in " : "");
		result = look_at_values(doctor, finding);
		if (unknown.count != 0) {
			buf_printf(detail, "; and nobody reads the value %s", buf_text(&names));
			if (result == DOCTOR_OK) {
				buf_append_str(advice, STR("correct its name, or remove it"));
				result = DOCTOR_WARNING;
			}
		}
	}
	if (result != DOCTOR_LEFT_OUT && names.failed != ERR_NONE)
		detail->failed = names.failed;
	buf_deinit(&names);
	buf_deinit(&why);
	return result;
}
