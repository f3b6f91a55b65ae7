/* wsauthzctl policy replay: what a candidate would have said to recorded decisions; with the daemon
 * running or not. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "config/settings.h"
#include "ctl/audit_source.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/policy_source.h"
#include "ctl/progress.h"
#include "ctl/replay_report.h"
#include "ctl/when.h"
#include "platform/clock.h"
#include "platform/process.h"
#include "policy/load.h"
#include "policy/replay.h"
#include "store/state.h"

enum { WHY_MAX = 4096, DEFAULT_DAYS = 7 };

#define DAY_US (INT64_C(86400) * 1000000)

struct replay_arguments {
	const char *since, *until, *max_flips;
};

#define OPTION(name, member, value, help)                                                          \
	{                                                                                          \
		name, ARG_TEXT, offsetof(struct replay_arguments, member), value, help             \
	}
static const struct arg_option replay_arguments[] = {
	OPTION("--since", since, "TIME",
	       "from then: 12h, 30d (ago), yesterday, 2026-11-22, ... (default 7d)"),
	OPTION("--until", until, "TIME", "before then (default: to the last decision)"),
	OPTION("--max-flips", max_flips, "N",
	       "end with exit code 1 when more decisions come out otherwise"),
	{NULL, ARG_FLAG, 0, NULL, NULL},
};
#undef OPTION

static bool read_time(const char *option, const char *text, int64_t now_us, int64_t *wall_us)
{
	if (text == NULL || when_parse(str_from(text), now_us, wall_us))
		return true;
	output_error("%s: '%s' is no time; give a span such as 12h or 7d, today, or a date such as "
		     "2026-11-22T21:38 (UTC)",
		     option, text);
	return false;
}

static bool read_arguments(const struct replay_arguments *arguments, struct audit_scan_range *range,
			   struct replay_report *report)
{
	int64_t now_us = clock_wall_us(platform_clock());

	range->since_us = now_us - DEFAULT_DAYS * DAY_US;
	if (!read_time("--since", arguments->since, now_us, &range->since_us) ||
	    !read_time("--until", arguments->until, now_us, &range->until_us))
		return false;
	report->has_max = arguments->max_flips != NULL;
	if (!report->has_max || str_to_u64(str_from(arguments->max_flips), &report->max_flips))
		return true;
	output_error("--max-flips: '%s' is no number from 0", arguments->max_flips);
	return false;
}

/* Builds the policy that `name` stands for: a directory, a stored revision, or the active one. */
static enum ctl_exit build(const struct ctl *ctl, const char *name, struct hash_key key,
			   struct policy_load *load)
{
	struct policy_source source;
	enum ctl_exit code = policy_source_open(&source, ctl, name);
	struct buf text;

	if (code == CTL_DONE) {
		load->error = snapshot_new(source.files, source.file_count, NULL, key, &load->diags,
					   &load->snapshot);
		buf_init(&text, SIZE_MAX);
		policy_load_print(load, &text);
		if (load->error != ERR_NONE) {
			output_text(stderr, buf_str(&text));
			output_error("%s: invalid: %s", name, error_text(load->error));
			code = CTL_INVALID;
		}
		buf_deinit(&text);
	}
	policy_source_deinit(&source);
	return code;
}

static bool on_progress(void *arg, const struct audit_scan_progress *progress)
{
	progress_show(arg, progress->done, progress->total);
	return true;
}

/* Prints the result, and judges it. */
static enum ctl_exit tell(const struct ctl *ctl, const struct replay_result *result,
			  const struct replay_report *asked, int64_t elapsed_ms)
{
	struct replay_report report = *asked;

	report.result = result;
	report.elapsed_ms = (uint64_t)elapsed_ms;
	if (ctl->json)
		replay_report_json(&report);
	else
		replay_report_text(&report);
	if (!report.has_max || result->flip_count <= report.max_flips)
		return CTL_DONE;
	(void)fflush(stdout);
	output_error("more flips than allowed: %" PRIu64 ", and at most %" PRIu64 " may be",
		     result->flip_count, report.max_flips);
	return CTL_DENIED;
}

/* Replays and prints. */
static enum ctl_exit replay(const struct ctl *ctl, const struct policy_load *load,
			    const struct replay_options *options, struct audit_reader *reader,
			    const struct replay_report *report)
{
	int64_t started_ms = clock_boot_ms(platform_clock());
	struct progress progress;
	struct replay_options watched = *options;
	struct replay_result result;
	enum ctl_exit code;
	enum error error;
	struct buf why;

	progress_begin(&progress, "replaying");
	watched.on_progress = on_progress;
	watched.arg = &progress;
	buf_init(&why, WHY_MAX);
	error = replay_run(load->snapshot, reader, &watched, &result, &why);
	progress_end(&progress);
	if (error != ERR_NONE)
		output_error("%s", buf_text(&why));
	buf_deinit(&why);
	if (error != ERR_NONE)
		return CTL_INVALID;
	code = tell(ctl, &result, report, clock_boot_ms(platform_clock()) - started_ms);
	replay_result_deinit(&result);
	return code;
}

static enum ctl_exit run_replay(const struct ctl *ctl, const void *opaque, char **operands,
				int operand_count)
{
	struct replay_report report = {.candidate = operands[0]};
	struct replay_options options = {.asks_each = false};
	const struct settings *settings;
	struct audit_reader *reader = NULL;
	struct state *state = NULL;
	struct policy_load load;
	enum ctl_exit code = CTL_INVALID;

	(void)operand_count;
	if (!read_arguments(opaque, &options.range, &report))
		return CTL_USAGE;
	policy_load_init(&load);
	if (platform_random(&options.key, sizeof(options.key)) != ERR_NONE)
		output_error("the system gives no random bytes");
	else if (ctl_find_settings(ctl, &settings))
		code = build(ctl, operands[0], options.key, &load);
	if (code == CTL_DONE)
		code = audit_source_open(ctl, &reader);
	if (code == CTL_DONE)
		code = policy_state_open(ctl, &state);
	if (code == CTL_DONE) {
		options.settings = &settings->decide;
		options.state = state;
		code = replay(ctl, &load, &options, reader, &report);
	}
	state_close(state);
	audit_reader_close(reader);
	policy_load_deinit(&load);
	return code;
}

const struct ctl_command policy_replay_command = {
	.words = "policy replay",
	.operands = "DIR|REV|active",
	.summary = "what a policy would have said to recorded decisions",
	.options = replay_arguments,
	.options_size = sizeof(struct replay_arguments),
	.operand_min = 1,
	.operand_max = 1,
	.run = run_replay,
};
