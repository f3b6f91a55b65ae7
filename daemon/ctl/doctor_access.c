/* The state directory where access lists say who may use it. */
#include "ctl/doctor_access.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/output.h"
#include "platform/file.h"

/* Rights as the system numbers them. */
static const uint32_t generic_all = 0x10000000;
static const uint32_t read_and_write = 0x3;     /* of a file, and of a directory to list and add */
static const uint32_t synchronize = 0x00100000; /* which lets nobody do anything */

static const char everybody[] = "S-1-1-0";
static const char advice_text[] =
	"give it to the account of the daemon and take the rights of others away, with icacls; "
	"wsauthzd install does that for its usual place";

static bool is_trusted(const char *account, const char *daemon)
{
	static const char *const trusted[] = {
		"S-1-5-18",     /* the system */
		"S-1-5-32-544", /* administrators */
	};

	for (size_t i = 0; i < ARRAY_COUNT(trusted); i++) {
		if (strcmp(account, trusted[i]) == 0)
			return true;
	}
	return strcmp(account, daemon) == 0;
}

static void judge_list(const struct access_facts *facts, const char *daemon,
		       struct doctor_verdict *verdict)
{
	bool daemon_may = false;

	for (uint32_t i = 0; i < facts->entry_count; i++) {
		const struct access_entry *entry = &facts->entries[i];

		if (entry->is_denied) {
			if (strcmp(entry->account, daemon) == 0)
				doctor_add(verdict, DOCTOR_PROBLEM,
					   "denies the daemon (%s) 0x%" PRIx32, daemon,
					   entry->rights);
			continue;
		}
		if (strcmp(entry->account, daemon) == 0)
			daemon_may |= (entry->rights & generic_all) != 0 ||
				      (entry->rights & read_and_write) == read_and_write;
		if (!is_trusted(entry->account, daemon) && (entry->rights & ~synchronize) != 0)
			doctor_add(verdict, DOCTOR_PROBLEM, "lets in %s (0x%" PRIx32 ")",
				   strcmp(entry->account, everybody) == 0 ? "everybody"
									  : entry->account,
				   entry->rights);
	}
	if (!daemon_may)
		doctor_add(verdict, DOCTOR_PROBLEM, "does not let the daemon (%s) read and write",
			   daemon);
}

enum doctor_result doctor_judge_private(const struct access_facts *facts, const char *daemon,
					struct doctor_finding *finding)
{
	struct doctor_verdict verdict = {&finding->detail, DOCTOR_OK};

	buf_printf(&finding->detail, "owned by %s, %" PRIu32 " entries", facts->owner,
		   facts->entry_count);
	if (!is_trusted(facts->owner, daemon))
		doctor_add(&verdict, DOCTOR_PROBLEM,
			   "must be owned by the daemon (%s), administrators or the system",
			   daemon);
	if (facts->has_list)
		judge_list(facts, daemon, &verdict);
	else
		doctor_add(&verdict, DOCTOR_PROBLEM,
			   "has no access list, so that everybody may do anything with it");
	if (verdict.result != DOCTOR_OK)
		buf_append_str(&finding->advice, str_from(advice_text));
	return verdict.result;
}

/* The files of the directory. The facts are too large for a stack. */
struct survey {
	const struct doctor *doctor;
	struct access_facts *facts;
	uint32_t count, wrong_count;
	struct doctor_finding first_wrong;
};

static void judge_file(struct survey *survey, const char *path)
{
	struct doctor_finding found;
	enum doctor_result result;

	buf_init(&found.detail, DOCTOR_TEXT_MAX);
	buf_init(&found.advice, DOCTOR_TEXT_MAX);
	result = doctor_judge_private(survey->facts, survey->doctor->server_owner, &found);
	survey->count++;
	if (result != DOCTOR_OK && survey->wrong_count++ == 0) {
		buf_printf(&survey->first_wrong.detail, "%s: ", path);
		buf_append_str(&survey->first_wrong.detail, buf_str(&found.detail));
		buf_append_str(&survey->first_wrong.advice, buf_str(&found.advice));
	}
	buf_deinit(&found.detail);
	buf_deinit(&found.advice);
}

static enum error survey_file(void *arg, const char *name)
{
	struct survey *survey = arg;
	enum error error;
	struct buf path, why;

	buf_init(&path, 2 * PLATFORM_PATH_MAX);
	buf_init(&why, DOCTOR_TEXT_MAX);
	buf_printf(&path, "%s\\%s", survey->doctor->config.server.state_directory, name);
	error = path.failed != ERR_NONE ? path.failed
					: path_inspect_access(buf_text(&path), survey->facts, &why);
	if (error == ERR_NONE)
		judge_file(survey, buf_text(&path));
	buf_deinit(&path);
	buf_deinit(&why);
	/* Logs of databases come and go. */
	return error == ERR_NOT_FOUND ? ERR_NONE : error;
}

static enum doctor_result look_at_files(struct survey *survey, const char *path,
					struct doctor_finding *finding)
{
	enum error error = directory_list_names(path, survey_file, survey);

	if (error != ERR_NONE) {
		buf_printf(&finding->detail, "; not checked: the files in it (%s)",
			   error_text(error));
		buf_append_str(&finding->advice, STR("run this command as administrator"));
		return DOCTOR_WARNING;
	}
	if (survey->wrong_count == 0) {
		buf_append_str(&finding->detail, STR(", and "));
		output_count(&finding->detail, survey->count, "file", "files");
		buf_append_str(&finding->detail, STR(" for the daemon alone"));
		return DOCTOR_OK;
	}
	buf_clear(&finding->detail);
	buf_append_str(&finding->detail, buf_str(&survey->first_wrong.detail));
	buf_append_str(&finding->advice, buf_str(&survey->first_wrong.advice));
	if (survey->wrong_count > 1)
		buf_printf(&finding->detail, "; and %" PRIu32 " more", survey->wrong_count - 1);
	return DOCTOR_PROBLEM;
}

static enum doctor_result look(struct survey *survey, struct doctor_finding *finding)
{
	const struct doctor *doctor = survey->doctor;
	const char *path = doctor->config.server.state_directory;
	enum error error = path_inspect_access(path, survey->facts, &finding->detail);
	enum doctor_result result;

	if (error == ERR_UNSUPPORTED)
		return DOCTOR_LEFT_OUT;
	if (error == ERR_NOT_FOUND) {
		buf_append_str(&finding->advice, STR("start the daemon, which makes it"));
		return DOCTOR_WARNING;
	}
	if (error == ERR_INVALID) {
		buf_append_str(&finding->advice,
			       STR("find out who made it, and move it away, or correct "
				   "state.directory"));
		return DOCTOR_PROBLEM;
	}
	if (error != ERR_NONE) {
		doctor_not_checked(finding, "run this command as administrator");
		return DOCTOR_WARNING;
	}
	if (doctor->server_owner[0] == '\0') {
		buf_append_str(&finding->detail, str_from(path));
		doctor_not_checked(finding,
				   "mend plugin.settings first, which say who the daemon is");
		return DOCTOR_WARNING;
	}
	buf_printf(&finding->detail, "%s: ", path);
	result = doctor_judge_private(survey->facts, doctor->server_owner, finding);
	return result == DOCTOR_OK ? look_at_files(survey, path, finding) : result;
}

enum doctor_result doctor_look_state_access(struct doctor *doctor, struct doctor_finding *finding)
{
	struct survey survey = {.doctor = doctor};
	enum doctor_result result = DOCTOR_PROBLEM;

	if (!doctor->has_config)
		return DOCTOR_LEFT_OUT;
	buf_init(&survey.first_wrong.detail, DOCTOR_TEXT_MAX);
	buf_init(&survey.first_wrong.advice, DOCTOR_TEXT_MAX);
	survey.facts = mem_calloc(1, sizeof(*survey.facts));
	if (survey.facts != NULL)
		result = look(&survey, finding);
	else
		finding->detail.failed = ERR_NO_MEMORY;
	mem_free(survey.facts);
	buf_deinit(&survey.first_wrong.detail);
	buf_deinit(&survey.first_wrong.advice);
	return result;
}
