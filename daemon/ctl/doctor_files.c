/* The state directory and the databases in it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor.h"
#include "ctl/output.h"
#include "platform/file.h"
#include "platform/inspect.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "store/segment.h"
#include "store/state.h"

/* What a file that this account may not look at means. */
static enum doctor_result tell_error(enum error error, struct doctor_finding *finding,
				     const char *advice)
{
	if (finding->detail.length == 0)
		buf_append_str(&finding->detail, str_from(error_text(error)));
	if (error == ERR_DENIED) {
		buf_append_str(&finding->advice, STR("run this command as root or administrator"));
		return DOCTOR_WARNING;
	}
	buf_append_str(&finding->advice, str_from(advice));
	return DOCTOR_PROBLEM;
}

enum doctor_result doctor_look_state(struct doctor *doctor, struct doctor_finding *finding)
{
	const char *path = doctor->config.server.state_directory;
	struct buf *detail = &finding->detail, *advice = &finding->advice;
	struct path_facts facts;
	enum error error;

	if (!doctor->has_config)
		return DOCTOR_LEFT_OUT;
	error = path_inspect(path, &facts, detail);
	if (error == ERR_UNSUPPORTED)
		return DOCTOR_LEFT_OUT;
	if (error == ERR_NOT_FOUND) {
		buf_append_str(advice, STR("start the daemon, which makes it"));
		return DOCTOR_WARNING;
	}
	if (error != ERR_NONE)
		return tell_error(error, finding, "see what the system says about the path");
	buf_printf(detail, "%s: %s", path, facts.rights);
	if (facts.kind != PATH_DIRECTORY) {
		buf_append_str(detail, STR(", but it is no directory"));
		buf_append_str(advice, STR("move it away, or correct state.directory"));
		return DOCTOR_PROBLEM;
	}
	doctor->has_owner = true;
	doctor->owner = facts.owner;
	if (facts.mode == 0700)
		return DOCTOR_OK;
	buf_append_str(detail, STR(", but only its owner may have rights on it, all of them"));
	buf_printf(advice, "chmod 0700 %s", path);
	return DOCTOR_PROBLEM;
}

bool doctor_same_account(const struct account *a, const struct account *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* Looks at the files in the state directory. */
struct file_survey {
	const struct doctor *doctor;
	uint32_t count, wrong_count;
	struct buf *first_wrong;
};

static enum error survey_file(void *arg, const char *name)
{
	struct file_survey *survey = arg;
	struct path_facts facts;
	enum error error;
	struct buf path, why;

	buf_init(&path, 2 * PLATFORM_PATH_MAX);
	buf_init(&why, DOCTOR_TEXT_MAX);
	buf_printf(&path, "%s/%s", survey->doctor->config.server.state_directory, name);
	error = path.failed != ERR_NONE ? path.failed : path_inspect(buf_text(&path), &facts, &why);
	if (error == ERR_NONE) {
		survey->count++;
		if (!doctor_same_account(&facts.owner, &survey->doctor->owner) ||
		    (facts.mode & 077) != 0) {
			if (survey->wrong_count++ == 0)
				buf_printf(survey->first_wrong, "%s: %s", buf_text(&path),
					   facts.rights);
		}
	}
	buf_deinit(&path);
	buf_deinit(&why);
	/* Logs of databases come and go. */
	return error == ERR_NOT_FOUND ? ERR_NONE : error;
}

enum doctor_result doctor_look_state_files(struct doctor *doctor, struct doctor_finding *finding)
{
	const char *path = doctor->config.server.state_directory;
	struct file_survey survey = {.doctor = doctor, .first_wrong = &finding->detail};
	enum error error;

	if (!doctor->has_config || !doctor->has_owner)
		return DOCTOR_LEFT_OUT;
	error = directory_list_names(path, survey_file, &survey);
	doctor->is_barred = error == ERR_DENIED;
	if (error != ERR_NONE) {
		buf_clear(&finding->detail);
		buf_printf(&finding->detail, "%s: %s", path, error_text(error));
		return tell_error(error, finding, "see what the system says about the directory");
	}
	if (survey.wrong_count != 0) {
		if (survey.wrong_count > 1)
			buf_printf(&finding->detail, " and %" PRIu32 " more",
				   survey.wrong_count - 1);
		buf_append_str(&finding->detail,
			       STR(", but only the owner of the directory may have rights"));
		buf_append_str(&finding->advice, STR("chown it to that account, and chmod go="));
		return DOCTOR_PROBLEM;
	}
	buf_printf(&finding->detail, "%s: ", path);
	output_count(&finding->detail, survey.count, "file", "files");
	buf_append_str(&finding->detail, STR(", all for the owner alone"));
	return DOCTOR_OK;
}

enum doctor_result doctor_look_state_space(struct doctor *doctor, struct doctor_finding *finding)
{
	const char *path = doctor->config.server.state_directory;
	enum doctor_result result;
	uint64_t free_bytes = 0;
	enum error error;

	if (!doctor->has_config)
		return DOCTOR_LEFT_OUT;
	error = path_free_bytes(path, &free_bytes, &finding->detail);
	if (error == ERR_NOT_FOUND)
		return DOCTOR_LEFT_OUT; /* doctor_look_state() says so */
	if (error != ERR_NONE)
		return tell_error(error, finding, "see what the system says about the directory");
	result = doctor_judge_space(free_bytes);
	buf_printf(&finding->detail, "%s: %" PRIu64 " MiB free", path, free_bytes >> 20);
	if (result != DOCTOR_OK) {
		buf_printf(&finding->detail, ", less than %d",
			   result == DOCTOR_WARNING ? DOCTOR_SPACE_WARNING_MIB
						    : DOCTOR_SPACE_PROBLEM_MIB);
		buf_append_str(&finding->advice,
			       STR("make room, or lower audit.retention_age or "
				   "audit.retention_mib; a full disk denies everybody"));
	}
	return result;
}

enum doctor_result doctor_look_state_database(struct doctor *doctor, struct doctor_finding *finding)
{
	const char *directory = doctor->config.server.state_directory;
	struct store_env env = {.list_names = directory_list_names};
	struct state *state = NULL;
	enum error error;

	if (!doctor->has_config || doctor->is_barred)
		return DOCTOR_LEFT_OUT;
	error = state_open_readonly(directory, &env, &state, &finding->detail);
	state_close(state);
	if (error == ERR_NOT_FOUND) {
		buf_append_str(&finding->advice, STR("start the daemon, which makes it"));
		return DOCTOR_WARNING;
	}
	if (error != ERR_NONE)
		return tell_error(error, finding,
				  "see 'A database is lost or broken' in docs/operations.md");
	buf_printf(&finding->detail, "%s/state.db: can be read", directory);
	return DOCTOR_OK;
}

static enum doctor_result tell_segments(const struct segment_list *segments, const char *directory,
					struct doctor *doctor, struct doctor_finding *finding)
{
	buf_printf(&finding->detail, "%s: ", directory);
	if (segments->count == 0) {
		buf_append_str(&finding->detail, STR("there is no audit yet"));
		buf_append_str(&finding->advice, STR("start the daemon, which begins it"));
		return DOCTOR_WARNING;
	}
	output_count(&finding->detail, segments->count, "segment", "segments");
	buf_printf(&finding->detail, " of the audit, rows up to %" PRIu64,
		   segments->items[segments->count - 1].last_id);
	for (size_t i = 0; i < segments->count; i++) {
		if (segments->items[i].last_us > doctor->newest_us)
			doctor->newest_us = segments->items[i].last_us;
	}
	return DOCTOR_OK;
}

enum doctor_result doctor_look_segments(struct doctor *doctor, struct doctor_finding *finding)
{
	const char *directory = doctor->config.server.state_directory;
	struct store_env env = {.list_names = directory_list_names};
	struct segment_list segments = {0};
	enum doctor_result result;
	enum error error;

	if (!doctor->has_config || doctor->is_barred)
		return DOCTOR_LEFT_OUT;
	error = segment_list_read(&segments, directory, &env, &finding->detail);
	if (error == ERR_NOT_FOUND)
		return DOCTOR_LEFT_OUT; /* doctor_look_state() says so */
	if (error == ERR_NONE)
		result = tell_segments(&segments, directory, doctor, finding);
	else
		result = tell_error(error, finding,
				    "see 'A database is lost or broken' in docs/operations.md");
	segment_list_deinit(&segments);
	return result;
}
