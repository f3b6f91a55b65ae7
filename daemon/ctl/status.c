/* wsauthzctl status: how the daemon is. */
#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"
#include "base/log.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/ctl.h"
#include "ctl/diagnostics.h"
#include "ctl/link.h"
#include "ctl/output.h"

enum { STATUS_MAX_BYTES = 1 << 20 };

static const char *durability_text(Wsauthz__AuditStatus__Durability durability)
{
	return durability == WSAUTHZ__AUDIT_STATUS__DURABILITY__RELAXED ? "relaxed" : "strict";
}

static void print_policy(struct buf *out, const Wsauthz__StatusReply *status)
{
	const Wsauthz__PolicyStatus *policy = status->policy;

	if (policy == NULL) {
		buf_printf(out, "policy       none is active: every request is denied\n");
	} else {
		buf_printf(out, "policy       revision %" PRIu64 " (", policy->revision);
		hex_append(out, policy->digest.data,
			   policy->digest.len < 6 ? policy->digest.len : 6);
		buf_append_str(out, STR("), "));
		output_count(out, policy->policy_count, "policy", "policies");
		buf_append_str(out, STR(" from "));
		log_escape(out, link_str(policy->directory));
		buf_printf(out, "\n             active since ");
		output_time(out, (int64_t)policy->activated_us);
		buf_printf(out, " UTC%s%s\n", policy->pinned ? ", pinned" : "",
			   policy->fallback ? ", the last good one: the directory is invalid" : "");
	}
	if (status->failure != NULL) {
		buf_printf(out, "             the last activation FAILED at ");
		output_time(out, (int64_t)status->failure->failed_us);
		buf_append_str(out, STR(" UTC with "));
		output_count(out, status->failure->error_count, "error", "errors");
		buf_append_str(out, STR(":\n"));
		diagnostics_print(out, status->failure->diagnostics,
				  status->failure->n_diagnostics);
	}
}

static void print_shadow(struct buf *out, const Wsauthz__ShadowStatus *shadow)
{
	buf_append_str(out, STR("shadow       "));
	log_escape(out, link_str(shadow->directory));
	if (!shadow->valid) {
		buf_append_str(out, STR(": not valid, nothing is compared\n"));
		return;
	}
	buf_append_str(out, STR(": "));
	output_count(out, shadow->compared_count, "decision", "decisions");
	buf_printf(out, " compared, %" PRIu64 " %s out otherwise, %" PRIu64 " skipped\n",
		   shadow->differed_count, count_noun(shadow->differed_count, "comes", "come"),
		   shadow->skipped_count);
}

static void print_audit(struct buf *out, const Wsauthz__AuditStatus *audit)
{
	buf_printf(out, "audit        %s, %s, ", durability_text(audit->durability),
		   audit->writable ? "writable" : "NOT WRITABLE: every request is denied");
	output_count(out, audit->last_decision_id, "row", "rows");
	buf_printf(out, " recorded, %" PRIu32 " queued (", audit->queued_count);
	log_escape(out, link_str(audit->segment));
	buf_append_str(out, STR(")\n"));
}

/* What is wrong, before all that is as it should be. */
static void print_health(struct buf *out, const Wsauthz__StatusReply *status)
{
	buf_printf(out, "health       %s\n", status->n_problems == 0 ? "ok" : "DEGRADED");
	for (size_t i = 0; i < status->n_problems; i++) {
		const Wsauthz__Problem *problem = status->problems[i];

		buf_append_str(out, STR("             since "));
		output_time(out, (int64_t)problem->since_us);
		buf_append_str(out, STR(" UTC: "));
		log_escape(out, link_str(problem->text));
		buf_append_byte(out, '\n');
	}
}

static void print_status(struct buf *out, const Wsauthz__StatusReply *status)
{
	buf_printf(out, "wsauthzd     %.*s, pid %" PRIu32 ", up ",
		   STR_ARGS(link_str(status->server_version)), status->pid);
	output_duration(out, status->uptime_ms);
	buf_printf(out, "\n");
	print_health(out, status);
	print_policy(out, status);
	if (status->shadow != NULL)
		print_shadow(out, status->shadow);
	if (status->audit != NULL)
		print_audit(out, status->audit);
	buf_printf(out, "records      %" PRIu64 " live\n", status->record_count);
	/* So that nobody stays blocked because it was forgotten. */
	if (status->block_count != 0)
		buf_printf(out, "blocks       %" PRIu64 ", see wsauthzctl blocks\n",
			   status->block_count);
	buf_printf(out, "connections  %" PRIu32 ", ", status->connection_count);
	output_count(out, status->in_flight_count, "request", "requests");
	buf_printf(out,
		   " in flight\n"
		   "decisions    %" PRIu64 " allowed, %" PRIu64 " denied, %" PRIu64
		   " redirected, %" PRIu64 " refused since the start\n",
		   status->allowed_count, status->denied_count, status->redirected_count,
		   status->refused_count);
}

static void json_policy(struct json_writer *json, const Wsauthz__StatusReply *status)
{
	const Wsauthz__PolicyStatus *policy = status->policy;

	json_write_key(json, STR("policy"));
	if (policy == NULL) {
		json_write_null(json);
	} else {
		json_write_object(json);
		json_member_u64(json, "revision", policy->revision);
		json_member_hex(json, "digest", policy->digest.data, policy->digest.len);
		json_member_string(json, "directory", link_str(policy->directory));
		json_member_time(json, "activated", (int64_t)policy->activated_us);
		json_member_u64(json, "policies", policy->policy_count);
		json_member_bool(json, "pinned", policy->pinned);
		json_member_bool(json, "fallback", policy->fallback);
		json_write_object_end(json);
	}
	json_write_key(json, STR("failure"));
	if (status->failure == NULL) {
		json_write_null(json);
	} else {
		json_write_object(json);
		json_member_time(json, "failed", (int64_t)status->failure->failed_us);
		json_member_u64(json, "errors", status->failure->error_count);
		json_write_key(json, STR("diagnostics"));
		diagnostics_json(json, status->failure->diagnostics,
				 status->failure->n_diagnostics);
		json_write_object_end(json);
	}
}

static void json_shadow(struct json_writer *json, const Wsauthz__ShadowStatus *shadow)
{
	json_write_key(json, STR("shadow"));
	if (shadow == NULL) {
		json_write_null(json);
		return;
	}
	json_write_object(json);
	json_member_string(json, "directory", link_str(shadow->directory));
	json_member_bool(json, "valid", shadow->valid);
	json_member_u64(json, "compared", shadow->compared_count);
	json_member_u64(json, "differed", shadow->differed_count);
	json_member_u64(json, "skipped", shadow->skipped_count);
	json_write_object_end(json);
}

static void json_health(struct json_writer *json, const Wsauthz__StatusReply *status)
{
	json_member_string(json, "health", status->n_problems == 0 ? STR("ok") : STR("degraded"));
	json_member_array(json, "problems");
	for (size_t i = 0; i < status->n_problems; i++) {
		const Wsauthz__Problem *problem = status->problems[i];

		json_write_object(json);
		json_member_string(json, "code", link_str(problem->code));
		json_member_string(json, "text", link_str(problem->text));
		json_member_time(json, "since", (int64_t)problem->since_us);
		json_write_object_end(json);
	}
	json_write_array_end(json);
}

static void json_status(struct buf *out, const Wsauthz__StatusReply *status)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_member_string(&json, "version", link_str(status->server_version));
	json_member_u64(&json, "pid", status->pid);
	json_member_time(&json, "started", (int64_t)status->started_us);
	json_member_u64(&json, "uptime_ms", status->uptime_ms);
	json_health(&json, status);
	json_policy(&json, status);
	json_shadow(&json, status->shadow);
	if (status->audit != NULL) {
		json_member_object(&json, "audit");
		json_member_string(&json, "durability",
				   str_from(durability_text(status->audit->durability)));
		json_member_bool(&json, "writable", status->audit->writable);
		json_member_u64(&json, "last_decision", status->audit->last_decision_id);
		json_member_u64(&json, "queued", status->audit->queued_count);
		json_member_string(&json, "segment", link_str(status->audit->segment));
		json_write_object_end(&json);
	}
	json_member_u64(&json, "records", status->record_count);
	json_member_u64(&json, "blocks", status->block_count);
	json_member_u64(&json, "connections", status->connection_count);
	json_member_u64(&json, "in_flight", status->in_flight_count);
	json_member_u64(&json, "allowed", status->allowed_count);
	json_member_u64(&json, "denied", status->denied_count);
	json_member_u64(&json, "redirected", status->redirected_count);
	json_member_u64(&json, "refused", status->refused_count);
	json_write_object_end(&json);
}

static enum ctl_exit run(const struct ctl *ctl, const void *options, char **operands,
			 int operand_count)
{
	Wsauthz__Status status = WSAUTHZ__STATUS__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	struct link *link = NULL;
	enum ctl_exit code;
	struct buf out;

	(void)options;
	(void)operands;
	(void)operand_count;
	buf_init(&out, STATUS_MAX_BYTES);
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_STATUS;
	request.status = &status;
	code = link_open(ctl, &link);
	if (code == CTL_DONE)
		code = link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_STATUS, &reply);
	if (code == CTL_DONE) {
		if (ctl->json)
			json_status(&out, reply->status);
		else
			print_status(&out, reply->status);
		output_text(stdout, buf_str(&out));
		if (ctl->json)
			putchar('\n');
		if (reply->status->n_problems != 0)
			code = CTL_DENIED;
	}
	link_close(link);
	buf_deinit(&out);
	return code;
}

const struct ctl_command status_command = {
	.words = "status",
	.operands = "",
	.summary = "how the daemon is; exit code 1 when something is wrong",
	.options = ctl_no_options,
	.run = run,
};
