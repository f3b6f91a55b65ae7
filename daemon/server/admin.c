#include "server/admin.h"

#include <stdio.h>
#include <string.h>

#include "server/admin_audit.h"
#include "server/admin_blocks.h"
#include "server/admin_change.h"
#include "server/admin_records.h"
#include "server/admin_reply.h"
#include "server/dispatch.h"
#include "server/metrics_text.h"
#include "server/question.h"
#include "server/reply.h"
#include "server/request.h"
#include "server/version.h"

static void refuse_memory(struct request *request)
{
	request_refuse(request, REFUSAL_INTERNAL, error_text(ERR_NO_MEMORY));
}

/* Handlers take over the request. */

static void handle_hello(struct request *request, const Wsauthz__AdminRequest *message)
{
	Wsauthz__AdminHelloReply hello = WSAUTHZ__ADMIN_HELLO_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;
	struct session *session = request->session;
	uint32_t minor;

	if (dispatch_agree_version(session, request->id, message->hello->protocol_major,
				   message->hello->protocol_minor, &minor)) {
		session_greeted(session);
		hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
		hello.protocol_minor = minor;
		hello.server_version = authz_bytes(server_version(), strlen(server_version()));
		hello.max_frame_bytes = session->channel->max_payload_bytes;
		hello.max_in_flight = session->conn.limits->max_in_flight;
		reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_HELLO;
		reply.hello = &hello;
		admin_reply_send(session, request->id, &reply);
	}
	request_free(request);
}

static void handle_status(struct request *request, const Wsauthz__AdminRequest *message)
{
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;
	Wsauthz__StatusReply status = WSAUTHZ__STATUS_REPLY__INIT;

	(void)message;
	reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_STATUS;
	reply.status = &status;
	if (admin_reply_status(&request->arena, request->service, &status))
		admin_reply_send(request->session, request->id, &reply);
	else
		refuse_memory(request);
	request_free(request);
}

static void handle_metrics(struct request *request, const Wsauthz__AdminRequest *message)
{
	Wsauthz__MetricsReply metrics = WSAUTHZ__METRICS_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;
	struct buf text;

	(void)message;
	buf_init(&text, METRICS_TEXT_MAX_BYTES);
	metrics_text_append(request->service, &text);
	if (text.failed == ERR_NONE) {
		metrics.text = authz_bytes(text.data, text.length);
		reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_METRICS;
		reply.metrics = &metrics;
		admin_reply_send(request->session, request->id, &reply);
	} else {
		refuse_memory(request);
	}
	buf_deinit(&text);
	request_free(request);
}

/* What is no action of the schema is taken for an action URI. */
static struct str action_uri_of(struct str name)
{
	enum action action;

	return action_find(name, &action) ? action_canonical_uri(action) : name;
}

static bool is_application_action(struct str action)
{
	return str_equal(action, action_name(ACTION_CONNECT)) ||
	       str_equal(action, action_name(ACTION_ADMINISTER));
}

/* Decides the question of `body` into request->decision. False when memory is spent. */
static bool decide(struct request *request, const Wsauthz__AdminAuthorize *body)
{
	struct decider decider = service_decider(request->service);
	struct question *question = arena_calloc(&request->arena, 1, sizeof(*question));
	struct sender *sender = arena_alloc(&request->arena, sizeof(*sender));
	struct str action = question_text(body->action);
	struct decision *decision = &request->decision;

	if (question == NULL || sender == NULL ||
	    !question_sender(&request->arena, body->sender, sender))
		return false;
	question->kind = is_application_action(action) ? QUESTION_USER : QUESTION_OPERATION;
	question->application = question_text(body->application);
	question->sender = sender;
	question->instant = request->instant;
	if (question->kind == QUESTION_OPERATION) {
		question->action_uri = action_uri_of(action);
		question->resource_uri = question_text(body->resource_uri);
	}
	decide_what_if(&decider, &request->arena, question, decision);
	/* Administer is part of the answer to Connect. */
	if (str_equal(action, action_name(ACTION_ADMINISTER))) {
		decision->decided_action = ACTION_ADMINISTER;
		if (decision->verdict == DECISION_ALLOW && !decision->administrator) {
			decision->verdict = DECISION_DENY;
			decision->source = DECISION_FROM_DEFAULT;
			decision->reason_count = 0;
			decision->has_quota = false;
		}
	}
	return true;
}

/* The policies that erred, each with what went wrong. */
static bool fill_errors(struct request *request, Wsauthz__AdminAuthorizeReply *answer)
{
	const struct decision *decision = &request->decision;
	size_t count = decision->error_count;

	if (count > ADMIN_POLICY_ERRORS_MAX)
		count = ADMIN_POLICY_ERRORS_MAX;
	answer->errors = arena_calloc(&request->arena, count + 1, sizeof(*answer->errors));
	if (answer->errors == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *text = cedar_eval_error_text(decision->errors[i].kind);
		struct str id = decision->erring[i];
		Wsauthz__PolicyError *error = arena_alloc(&request->arena, sizeof(*error));

		if (error == NULL)
			return false;
		wsauthz__policy_error__init(error);
		error->policy = authz_bytes(id.ptr, id.length);
		error->message = authz_bytes(text, strlen(text));
		answer->errors[answer->n_errors++] = error;
	}
	return true;
}

/* What the daemon could not decide must not look like what the policy says. True after a refusal. */
static bool refuse_undecided(struct request *request)
{
	const struct decision *decision = &request->decision;
	char detail[128];

	switch (decision->source) {
	case DECISION_FROM_NO_POLICY:
		request_refuse(request, REFUSAL_NO_POLICY, "no policy is active");
		return true;
	case DECISION_FROM_MALFORMED:
		snprintf(detail, sizeof(detail), "%.*s", STR_ARGS(decision->detail));
		request_refuse(request, REFUSAL_BAD_REQUEST, detail);
		return true;
	case DECISION_FROM_NONE:
	case DECISION_FROM_RESOURCES:
	case DECISION_FROM_INTERNAL:
		snprintf(detail, sizeof(detail), "%.*s", STR_ARGS(decision->detail));
		request_refuse(request, REFUSAL_INTERNAL, detail);
		return true;
	case DECISION_FROM_POLICY:
	case DECISION_FROM_DEFAULT:
	case DECISION_FROM_RECORD:
	case DECISION_FROM_BLOCK:
	case DECISION_FROM_REVOKED:
	case DECISION_FROM_BREAK_GLASS:
	case DECISION_FROM_POLICY_ERROR:
	case DECISION_FROM_LIMIT: break;
	}
	return false;
}

static void handle_authorize(struct request *request, const Wsauthz__AdminRequest *message)
{
	Wsauthz__AdminAuthorizeReply answer = WSAUTHZ__ADMIN_AUTHORIZE_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;
	const struct decision *decision = &request->decision;
	Wsauthz__Decision body;
	struct reply_parts parts;
	struct str action;

	if (!decide(request, message->authorize) || !fill_errors(request, &answer)) {
		refuse_memory(request);
	} else if (!refuse_undecided(request)) {
		reply_fill_decision(decision, 0, &parts, &body);
		body.record_id = authz_bytes(NULL, 0);
		action = action_name(decision->decided_action);
		answer.decision = &body;
		answer.action = authz_bytes(action.ptr, action.length);
		if (decision->has_quota) {
			reply_fill_quota(&decision->quota, &parts.quota);
			answer.quota = &parts.quota;
		}
		reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_AUTHORIZE;
		reply.authorize = &answer;
		admin_reply_send(request->session, request->id, &reply);
	}
	request_free(request);
}

static void handle_records_list(struct request *request, const Wsauthz__AdminRequest *message)
{
	Wsauthz__RecordsListReply list = WSAUTHZ__RECORDS_LIST_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;

	reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_RECORDS_LIST;
	reply.records_list = &list;
	if (admin_records_list(&request->arena, request->service, message->records_list, &list))
		admin_reply_send(request->session, request->id, &reply);
	else
		refuse_memory(request);
	request_free(request);
}

static void handle_blocks_list(struct request *request, const Wsauthz__AdminRequest *message)
{
	Wsauthz__BlocksListReply list = WSAUTHZ__BLOCKS_LIST_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;

	reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_BLOCKS_LIST;
	reply.blocks_list = &list;
	if (admin_blocks_list(&request->arena, request->service, message->blocks_list, &list))
		admin_reply_send(request->session, request->id, &reply);
	else
		refuse_memory(request);
	request_free(request);
}

static void answer_reload(struct request *request, const struct policy_load *load, bool activated)
{
	const struct snapshot *active = policy_snapshot(request->service->policy);
	Wsauthz__PolicyReloadReply answer = WSAUTHZ__POLICY_RELOAD_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;

	if (!admin_reply_diagnostics(&request->arena, load, &answer.diagnostics,
				     &answer.n_diagnostics)) {
		refuse_memory(request);
		return;
	}
	answer.valid = load->error == ERR_NONE;
	answer.activated = activated;
	answer.revision = active != NULL ? snapshot_revision(active) : 0;
	if (load->has_digest)
		answer.digest = authz_bytes(load->digest, sizeof(load->digest));
	answer.error_count = admin_reply_error_count(load);
	answer.warning_count = load->diags.warning_count;
	reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_POLICY_RELOAD;
	reply.policy_reload = &answer;
	admin_reply_send(request->session, request->id, &reply);
	request_detach(request);
}

static void on_reloaded(struct policy_waiter *waiter, const struct policy_load *load,
			bool activated)
{
	struct request *request = CONTAINER_OF(waiter, struct request, reload);

	if (request->session == NULL)
		request->service->metrics.undelivered++;
	else if (load->error == ERR_CANCELLED)
		request_refuse(request, REFUSAL_SHUTTING_DOWN, "the daemon is stopping");
	else
		answer_reload(request, load, activated);
	request_free(request);
}

/* Has the policy loaded as request->reload says. */
static void load_policy(struct request *request, const char *event, const char *what)
{
	const char *peer = request->session->peer;

	log_info(request->service->log, event, "%s was asked for by %s", what, peer);
	request->reload.on_done = on_reloaded;
	/* The session may be gone before the load has ended. */
	request->reload.actor = arena_copy(&request->arena, str_from(peer));
	if (request->reload.actor.ptr != NULL) {
		policy_reload(request->service->policy, &request->reload);
		return;
	}
	refuse_memory(request);
	request_free(request);
}

static void handle_policy_reload(struct request *request, const Wsauthz__AdminRequest *message)
{
	const Wsauthz__ReplayGate *gate = message->policy_reload->gate;
	bool check_only = message->policy_reload->check_only;

	if (!check_only && request->service->shadow != NULL)
		shadow_notice_change(request->service->shadow);
	request->reload = (struct policy_waiter){.check_only = check_only};
	if (gate != NULL) {
		request->reload.has_gate = true;
		request->reload.max_flips = gate->max_flips;
		request->reload.window_ms = (int64_t)gate->window_ms;
	}
	load_policy(request, "policy.reload", check_only ? "a check" : "a reload");
}

static void handle_policy_rollback(struct request *request, const Wsauthz__AdminRequest *message)
{
	uint64_t revision = message->policy_rollback->revision;
	char what[64];

	snprintf(what, sizeof(what), "a rollback to revision %llu", (unsigned long long)revision);
	request->reload = (struct policy_waiter){.rollback_to = revision};
	load_policy(request, "policy.rollback", what);
}

struct rule {
	Wsauthz__AdminRequest__BodyCase body;
	const char *command; /* what wsauthzctl calls it */
	unsigned flags;
	enum role role; /* the least that may send it */
	void (*handle)(struct request *request, const Wsauthz__AdminRequest *message);
};

#define BODY(name) WSAUTHZ__ADMIN_REQUEST__BODY_##name

static const struct rule rules[] = {
	{BODY(HELLO), "hello", DISPATCH_HELLO, ROLE_AUDITOR, handle_hello},
	{BODY(STATUS), "status", 0, ROLE_AUDITOR, handle_status},
	{BODY(METRICS), "metrics", 0, ROLE_AUDITOR, handle_metrics},
	{BODY(AUTHORIZE), "authorize", 0, ROLE_AUDITOR, handle_authorize},
	{BODY(RECORDS_LIST), "records list", 0, ROLE_AUDITOR, handle_records_list},
	{BODY(RECORDS_REVOKE), "records revoke", DISPATCH_LATER, ROLE_OPERATOR,
	 admin_change_revoke},
	{BODY(BLOCK), "records block", DISPATCH_LATER, ROLE_OPERATOR, admin_change_block},
	{BODY(UNBLOCK), "records unblock", DISPATCH_LATER, ROLE_OPERATOR, admin_change_unblock},
	{BODY(BLOCKS_LIST), "records blocks", 0, ROLE_AUDITOR, handle_blocks_list},
	{BODY(AUDIT_SEAL), "audit seal", DISPATCH_LATER, ROLE_ADMIN, admin_audit_seal},
	{BODY(AUDIT_PRUNE), "audit prune", DISPATCH_LATER, ROLE_ADMIN, admin_audit_prune},
	{BODY(POLICY_RELOAD), "policy reload", DISPATCH_LATER, ROLE_ADMIN, handle_policy_reload},
	{BODY(POLICY_ROLLBACK), "policy rollback", DISPATCH_LATER, ROLE_ADMIN,
	 handle_policy_rollback},
};

/* A reload that only checks changes nothing. */
static enum role needed_role(const struct rule *rule, const Wsauthz__AdminRequest *message)
{
	if (rule->body == BODY(POLICY_RELOAD) && message->policy_reload->check_only)
		return ROLE_OPERATOR;
	return rule->role;
}

static void handle(struct request *request, const Wsauthz__AdminRequest *message)
{
	request->id = message->id;
	for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
		enum role needed;

		if (rules[i].body != message->body_case)
			continue;
		needed = needed_role(&rules[i], message);
		if (request->session->role < needed)
			admin_change_forbid(request, rules[i].command, needed);
		else if (dispatch_admit(request, rules[i].flags))
			rules[i].handle(request, message);
		else
			request_free(request);
		return;
	}
	/* The scan lets nothing through that is not in the table. */
	request_refuse(request, REFUSAL_INTERNAL, "the message is not known");
	request_free(request);
}

static void on_message(struct session *session, const uint8_t *payload, size_t payload_bytes)
{
	struct request *request = request_new(session);
	Wsauthz__AdminRequest *message = NULL;
	struct wire_diag diag;
	struct budget budget;

	if (request == NULL) {
		session_refuse(session, &(struct session_refusal){0, REFUSAL_INTERNAL, "",
								  error_text(ERR_NO_MEMORY)});
		return;
	}
	budget_init(&budget, BUDGET_ADMIN_BYTES, request_take, request);
	if (admin_request_decode(payload, payload_bytes, &budget, &message, &diag) == WIRE_OK) {
		handle(request, message);
	} else {
		request_free(request);
		dispatch_refuse_malformed(session, &diag);
	}
}

const struct session_channel admin_channel = {
	.name = "admin",
	.is_for_administrators = true,
	.max_payload_bytes = FRAME_ADMIN_MAX_BYTES,
	.on_message = on_message,
	.encode_refusal = admin_reply_encode_refusal,
};
