/* wsauthzctl policy reload and policy rollback: activates the policy directory or a stored revision,
 * or says why not. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "cedar/json_member.h"
#include "ctl/ctl.h"
#include "ctl/diagnostics.h"
#include "ctl/link.h"
#include "ctl/output.h"
#include "ctl/when.h"
#include "platform/clock.h"

enum { ANSWER_MAX_BYTES = 4 << 20 };

struct reload_options {
	bool check_only;
	const char *max_flips, *since;
};

static const struct arg_option reload_options[] = {
	{"--check-only", ARG_FLAG, offsetof(struct reload_options, check_only), NULL,
	 "stop before activating"},
	{"--max-flips", ARG_TEXT, offsetof(struct reload_options, max_flips), "N",
	 "not when more than N recorded decisions would come out otherwise; unlimited for any"},
	{"--since", ARG_TEXT, offsetof(struct reload_options, since), "TIME",
	 "with --max-flips: from then: 12h, 30d (ago), yesterday, 2026-11-22, ... (default: as "
	 "configured)"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static void print_reply(struct buf *out, const Wsauthz__PolicyReloadReply *reply,
			const Wsauthz__AdminRequest *request)
{
	bool is_rollback = request->body_case == WSAUTHZ__ADMIN_REQUEST__BODY_POLICY_ROLLBACK;
	const char *pin = is_rollback ? "; pinned until the next policy reload" : "";

	diagnostics_print(out, reply->diagnostics, reply->n_diagnostics);
	if (!reply->valid) {
		buf_append_str(out, STR("NOT activated: "));
		output_count(out, reply->error_count, "error", "errors");
		buf_printf(out, "; revision %" PRIu64 " goes on serving\n", reply->revision);
	} else if (reply->activated) {
		buf_printf(out, "activated revision %" PRIu64 "%s\n", reply->revision, pin);
	} else if (!is_rollback && request->policy_reload->check_only) {
		buf_printf(out, "valid, and not activated; revision %" PRIu64 " serves\n",
			   reply->revision);
	} else {
		buf_printf(out, "nothing changed; revision %" PRIu64 " serves already%s\n",
			   reply->revision, pin);
	}
}

static void json_reply(struct buf *out, const Wsauthz__PolicyReloadReply *reply)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_member_bool(&json, "valid", reply->valid);
	json_member_bool(&json, "activated", reply->activated);
	json_member_u64(&json, "revision", reply->revision);
	json_member_hex(&json, "digest", reply->digest.data, reply->digest.len);
	json_member_u64(&json, "errors", reply->error_count);
	json_member_u64(&json, "warnings", reply->warning_count);
	json_write_key(&json, STR("diagnostics"));
	diagnostics_json(&json, reply->diagnostics, reply->n_diagnostics);
	json_write_object_end(&json);
	buf_append_byte(out, '\n');
}

/* Asks for an activation, which answers with a PolicyReloadReply, and prints that. */
static enum ctl_exit activate(const struct ctl *ctl, Wsauthz__AdminRequest *request)
{
	const Wsauthz__AdminReply *reply = NULL;
	struct link *link = NULL;
	enum ctl_exit code;
	struct buf out;

	buf_init(&out, ANSWER_MAX_BYTES);
	code = link_open(ctl, &link);
	if (code == CTL_DONE)
		code = link_call(link, request, WSAUTHZ__ADMIN_REPLY__BODY_POLICY_RELOAD, &reply);
	if (code == CTL_DONE) {
		if (ctl->json)
			json_reply(&out, reply->policy_reload);
		else
			print_reply(&out, reply->policy_reload, request);
		output_text(stdout, buf_str(&out));
		code = reply->policy_reload->valid ? CTL_DONE : CTL_INVALID;
	}
	link_close(link);
	buf_deinit(&out);
	return code;
}

/* Reads a time that lies back, at least a millisecond and at most 366 days; how far, in `*window_ms`. */
static bool read_since(const char *text, uint64_t *window_ms)
{
	int64_t now_us = clock_wall_us(platform_clock()), since_us;

	if (when_parse(str_from(text), now_us, &since_us) && since_us < now_us) {
		*window_ms = ((uint64_t)now_us - (uint64_t)since_us + 999) / 1000;
		if (*window_ms <= ADMIN_WINDOW_MAX_MS)
			return true;
	}
	output_error("--since: '%s' is no time within the last 366d; give a span such as 12h or "
		     "30d, today, or a date such as 2026-11-22T21:38 (UTC)",
		     text);
	return false;
}

/* Reads --max-flips and --since; false after a message. */
static bool read_gate(const struct reload_options *options, Wsauthz__ReplayGate *gate)
{
	uint64_t number = UINT32_MAX;

	if (options->since != NULL && options->max_flips == NULL) {
		output_error("--since says of which decisions --max-flips speaks; give both");
		return false;
	}
	if (!str_equal(str_from(options->max_flips), STR("unlimited")) &&
	    (!str_to_u64(str_from(options->max_flips), &number) || number >= UINT32_MAX)) {
		output_error("--max-flips: '%s' is no number from 0 to 4294967294, nor unlimited",
			     options->max_flips);
		return false;
	}
	gate->max_flips = (uint32_t)number;
	return options->since == NULL || read_since(options->since, &gate->window_ms);
}

static enum ctl_exit run_reload(const struct ctl *ctl, const void *opaque, char **operands,
				int operand_count)
{
	const struct reload_options *options = opaque;
	Wsauthz__PolicyReload reload = WSAUTHZ__POLICY_RELOAD__INIT;
	Wsauthz__ReplayGate gate = WSAUTHZ__REPLAY_GATE__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;

	(void)operands;
	(void)operand_count;
	reload.check_only = options->check_only;
	if (options->max_flips != NULL || options->since != NULL) {
		if (!read_gate(options, &gate))
			return CTL_USAGE;
		reload.gate = &gate;
	}
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_POLICY_RELOAD;
	request.policy_reload = &reload;
	return activate(ctl, &request);
}

static enum ctl_exit run_rollback(const struct ctl *ctl, const void *options, char **operands,
				  int operand_count)
{
	Wsauthz__PolicyRollback rollback = WSAUTHZ__POLICY_ROLLBACK__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;

	(void)options;
	(void)operand_count;
	if (!str_to_u64(str_from(operands[0]), &rollback.revision) || rollback.revision == 0 ||
	    rollback.revision > INT64_MAX) {
		output_error("'%s' is no revision: a number from 1, see wsauthzctl policy history",
			     operands[0]);
		return CTL_USAGE;
	}
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_POLICY_ROLLBACK;
	request.policy_rollback = &rollback;
	return activate(ctl, &request);
}

const struct ctl_command policy_reload_command = {
	.words = "policy reload",
	.operands = "",
	.summary = "activate the policy directory, or say why not; ends a pin",
	.options = reload_options,
	.options_size = sizeof(struct reload_options),
	.run = run_reload,
};

const struct ctl_command policy_rollback_command = {
	.words = "policy rollback",
	.operands = "REV",
	.summary = "activate a stored revision and pin it until a reload",
	.options = ctl_no_options,
	.operand_min = 1,
	.operand_max = 1,
	.run = run_rollback,
};
