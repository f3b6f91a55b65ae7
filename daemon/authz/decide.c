#include "authz/decide.h"

#include <string.h>

#include "authz/entities.h"
#include "authz/url.h"
#include "base/casefold.h"
#include "base/utf8.h"

/*
 * The path of a question: read who asks and what, stop blocked principals, find the user's record,
 * ask Connect when there is none that holds, ask the action, and say what becomes of the record.
 * Each step returns false when it denied, and the question is then over.
 */

/* A question on its way. */
struct inquiry {
	const struct decider *decider;
	struct arena *arena;
	const struct question *question;
	struct decision *decision; /* denies until the last step */

	const struct record *record; /* NULL when Connect must be asked */
	struct record_id old_record; /* a live one under an older revision */
	struct entities entities;
	bool is_defined;    /* `entities` are in decider->cedar */
	struct grant grant; /* of the record that answers, or merged from Connect */
};

static bool deny(struct inquiry *inquiry, enum decision_source source, struct str detail)
{
	inquiry->decision->verdict = DECISION_DENY;
	inquiry->decision->source = source;
	inquiry->decision->administrator = false;
	inquiry->decision->detail = detail;
	return false;
}

/* An error of the machinery, not of the sender. */
static bool deny_for_error(struct inquiry *inquiry, enum error error)
{
	enum decision_source source = DECISION_FROM_INTERNAL;

	if (error == ERR_NO_MEMORY)
		source = DECISION_FROM_RESOURCES;
	else if (error == ERR_LIMIT)
		source = DECISION_FROM_LIMIT;
	return deny(inquiry, source, str_from(error_text(error)));
}

/* Reading the question. */

static bool deny_unread(struct inquiry *inquiry, enum error error, const char *what)
{
	struct str field = str_from(what);
	struct str text = str_from(error_text(error));
	char *detail;

	if (error != ERR_INVALID && error != ERR_LIMIT)
		return deny_for_error(inquiry, error);
	detail = arena_alloc(inquiry->arena, field.length + 2 + text.length);
	if (detail == NULL)
		return deny_for_error(inquiry, ERR_NO_MEMORY);
	memcpy(detail, field.ptr, field.length);
	memcpy(detail + field.length, ": ", 2);
	memcpy(detail + field.length + 2, text.ptr, text.length);
	return deny(inquiry, DECISION_FROM_MALFORMED,
		    str_make(detail, field.length + 2 + text.length));
}

static bool read_question(struct inquiry *inquiry)
{
	const struct question *question = inquiry->question;
	struct decision *decision = inquiry->decision;
	const char *what = "";
	enum error error;

	if (question->reading != NULL) {
		decision->identity = question->reading->identity;
		decision->operation = question->reading->operation;
		return true;
	}
	error = identity_read(inquiry->arena, question->application, question->sender,
			      &decision->identity, &what);

	if (error != ERR_NONE) {
		/* Even so the audit can be searched for the name. */
		if (utf8_valid(question->sender->name))
			decision->identity.name = casefold(inquiry->arena, question->sender->name);
		return deny_unread(inquiry, error, what);
	}
	if (question->kind == QUESTION_OPERATION)
		error = operation_read(inquiry->arena, question->action_uri, question->resource_uri,
				       &decision->operation, &what);
	return error == ERR_NONE || deny_unread(inquiry, error, what);
}

/* The context goes into the audit whether or not it is evaluated, so that every decision can be
 * replayed under another policy. */
static bool write_context(struct inquiry *inquiry)
{
	struct decision *decision = inquiry->decision;
	struct buf *scratch = inquiry->decider->scratch;
	bool is_operation = inquiry->question->kind == QUESTION_OPERATION;

	/* Without records nothing of the decision is recorded. */
	if (inquiry->decider->records == NULL)
		return true;
	if (inquiry->question->reading != NULL &&
	    inquiry->question->reading->context_json.length != 0) {
		decision->context_json = inquiry->question->reading->context_json;
		return true;
	}
	buf_clear(scratch);
	entities_write_context(scratch, &decision->identity,
			       is_operation ? &decision->operation : NULL);
	if (scratch->failed != ERR_NONE)
		return deny_for_error(inquiry, scratch->failed);
	decision->context_json = arena_copy(inquiry->arena, buf_str(scratch));
	return decision->context_json.ptr != NULL || deny_for_error(inquiry, ERR_NO_MEMORY);
}

static bool pass_blocks(struct inquiry *inquiry)
{
	const struct instant *instant = &inquiry->question->instant;
	const struct block *block =
		blocks_find(inquiry->decider->blocks, &inquiry->decision->identity,
			    (struct block_time){instant->wall_us, instant->boot_ms});

	return block == NULL || deny(inquiry, DECISION_FROM_BLOCK, block->reason);
}

/* WinRM does not ask again for a user it has let in, so a revoked one must be stopped at what it
 * asks instead. Whoever connects anew is asked for anew. */
static bool pass_revocation(struct inquiry *inquiry)
{
	const struct records *records = inquiry->decider->records;

	return records == NULL || inquiry->question->kind == QUESTION_USER ||
	       !records_is_revoked(records, &inquiry->decision->identity.key,
				   inquiry->question->instant.boot_ms) ||
	       deny(inquiry, DECISION_FROM_REVOKED, STR("the user's record was revoked"));
}

static bool find_policy(struct inquiry *inquiry)
{
	if (inquiry->decider->snapshot == NULL)
		return deny(inquiry, DECISION_FROM_NO_POLICY, STR("no policy is active"));
	inquiry->decision->revision = snapshot_revision(inquiry->decider->snapshot);
	return true;
}

/* Starts a question: everything up to the records. */
static bool begin(struct inquiry *inquiry, const struct decider *decider, struct arena *arena,
		  const struct question *question, struct decision *decision)
{
	*inquiry = (struct inquiry){decider, arena, question, decision, .is_defined = false};
	*decision = (struct decision){.question = question, .decided_action = ACTION_CONNECT};
	return read_question(inquiry) && write_context(inquiry) && pass_blocks(inquiry) &&
	       pass_revocation(inquiry) && find_policy(inquiry);
}

/* Evaluation. */

static bool define_entities(struct inquiry *inquiry)
{
	const struct decider *decider = inquiry->decider;
	const struct instant *instant = &inquiry->question->instant;
	struct decision *decision = inquiry->decision;
	struct session_time time = session_time_of(instant->wall_us, instant->utc_offset_s);
	bool is_operation = inquiry->question->kind == QUESTION_OPERATION;

	if (inquiry->is_defined)
		return true;
	cedar_request_begin(decider->cedar, snapshot_engine(decider->snapshot));
	inquiry->is_defined =
		entities_define(decider->cedar, inquiry->arena, &decision->identity, &time,
				is_operation ? &decision->operation : NULL, &inquiry->entities);
	return inquiry->is_defined || deny_for_error(inquiry, ERR_NO_MEMORY);
}

static const struct cedar_policy_info *policy_of(const struct inquiry *inquiry, uint32_t index)
{
	return cedar_policy_at(snapshot_engine(inquiry->decider->snapshot), index);
}

/* Keeps what the engine says beyond its next answer. */
static bool keep_answer(struct inquiry *inquiry, const struct cedar_answer *answer)
{
	struct decision *decision = inquiry->decision;
	size_t reason_count = answer->reason_count < DECISION_MAX_POLICIES ? answer->reason_count
									   : DECISION_MAX_POLICIES;
	size_t error_count = answer->error_count < DECISION_MAX_POLICIES ? answer->error_count
									 : DECISION_MAX_POLICIES;
	struct str *reasons = arena_calloc(inquiry->arena, reason_count, sizeof(*reasons));
	struct str *erring = arena_calloc(inquiry->arena, error_count, sizeof(*erring));
	struct cedar_policy_error *errors =
		arena_calloc(inquiry->arena, error_count, sizeof(*errors));

	if (reasons == NULL || erring == NULL || errors == NULL)
		return deny_for_error(inquiry, ERR_NO_MEMORY);
	for (size_t i = 0; i < reason_count; i++)
		reasons[i] = policy_of(inquiry, answer->reasons[i])->id;
	for (size_t i = 0; i < error_count; i++) {
		errors[i] = answer->errors[i];
		erring[i] = policy_of(inquiry, errors[i].policy)->id;
	}
	decision->reasons = reasons;
	decision->reason_count = reason_count;
	decision->erring = erring;
	decision->errors = errors;
	decision->error_count = error_count;
	return true;
}

static bool has_erring_forbid(const struct inquiry *inquiry, const struct cedar_answer *answer)
{
	for (size_t i = 0; i < answer->error_count; i++) {
		if (policy_of(inquiry, answer->errors[i].policy)->effect == CEDAR_FORBID)
			return true;
	}
	return false;
}

/* A denial by the policy itself, with what its forbids say. */
static bool deny_by_policy(struct inquiry *inquiry, const struct cedar_answer *answer,
			   struct refusal *refusal)
{
	const struct snapshot *snapshot = inquiry->decider->snapshot;

	for (size_t i = 0; i < answer->reason_count; i++)
		refusal_merge(refusal,
			      &snapshot_obligations(snapshot, answer->reasons[i])->refusal);
	inquiry->decision->extended_information = refusal->deny_message.text;
	return deny(inquiry,
		    answer->reason_count != 0 ? DECISION_FROM_POLICY : DECISION_FROM_DEFAULT,
		    str_make(NULL, 0));
}

/* Asks the engine. `*answer` is valid until it is asked again. */
static enum error ask(struct inquiry *inquiry, enum action action, struct cedar_answer *answer)
{
	entities_ask(&inquiry->entities, action);
	return cedar_authorize(inquiry->decider->cedar, answer);
}

/* Asks `action`, and denies unless the policy permits it. */
static bool evaluate(struct inquiry *inquiry, enum action action, struct cedar_answer *answer,
		     struct refusal *refusal)
{
	enum error error;

	if (!define_entities(inquiry))
		return false;
	inquiry->decision->decided_action = action;
	error = ask(inquiry, action, answer);
	if (error != ERR_NONE)
		return deny_for_error(inquiry, error);
	if (!keep_answer(inquiry, answer))
		return false;
	if (answer->decision != CEDAR_ALLOW)
		return deny_by_policy(inquiry, answer, refusal);
	if (has_erring_forbid(inquiry, answer) &&
	    inquiry->decider->settings->on_error != DECIDE_ERROR_AS_CEDAR)
		return deny(inquiry, DECISION_FROM_POLICY_ERROR,
			    STR("a forbid policy could not be evaluated"));
	return true;
}

/* The policy permitted the same operation before, and what it looks at has not changed since. */
static bool recall_permission(struct inquiry *inquiry)
{
	const struct permission *permission = inquiry->question->permission;
	struct decision *decision = inquiry->decision;

	if (permission == NULL)
		return false;
	decision->decided_action = decision->operation.action;
	decision->reasons = permission->reasons;
	decision->reason_count = permission->reason_count;
	decision->error_count = 0; /* that of Connect, if it was asked */
	return true;
}

/* Connect. */

static void fill_in_defaults(struct grant *grant, const struct grant *defaults)
{
	struct quota *quota = &grant->quota;

	if (grant->idle_timeout_ms == 0)
		grant->idle_timeout_ms = defaults->idle_timeout_ms;
	if (grant->max_lifetime_ms == 0)
		grant->max_lifetime_ms = defaults->max_lifetime_ms;
	if (quota->max_shells == 0)
		quota->max_shells = defaults->quota.max_shells;
	if (quota->max_operations == 0)
		quota->max_operations = defaults->quota.max_operations;
	if (quota->timeslot_s == 0)
		quota->timeslot_s = defaults->quota.timeslot_s;
	if (quota->max_operations_per_timeslot == 0)
		quota->max_operations_per_timeslot = defaults->quota.max_operations_per_timeslot;
}

/* A client that is sent where it comes from would come again and again. */
static bool leads_elsewhere(const struct inquiry *inquiry, struct str redirect)
{
	struct url from;
	struct url to;

	return url_read(redirect, &to) && (!url_read(inquiry->question->sender->http_url, &from) ||
					   !url_same_endpoint(&from, &to));
}

/* Connect was denied, by the policy or for an error of ours. A redirect exists only where WinRM
 * asks for the user. */
static void refuse(struct inquiry *inquiry, struct str redirect)
{
	struct decision *decision = inquiry->decision;
	bool by_policy = decision->source == DECISION_FROM_POLICY ||
			 decision->source == DECISION_FROM_DEFAULT ||
			 decision->source == DECISION_FROM_POLICY_ERROR;

	if (by_policy && !record_id_is_none(inquiry->old_record))
		decision->change = (struct record_change){
			.kind = RECORD_END,
			.id = inquiry->old_record,
			.boot_ms = inquiry->question->instant.boot_ms,
		};
	if (redirect.ptr != NULL && inquiry->question->kind == QUESTION_USER &&
	    leads_elsewhere(inquiry, redirect)) {
		decision->verdict = DECISION_REDIRECT;
		decision->extended_information = redirect;
	}
}

/* May the user come in? */
static bool connect(struct inquiry *inquiry)
{
	const struct decider *decider = inquiry->decider;
	struct refusal refusal = {.redirect = {.priority = 0}};
	struct cedar_answer answer;

	if (!evaluate(inquiry, ACTION_CONNECT, &answer, &refusal)) {
		refuse(inquiry, refusal.redirect.text);
		return false;
	}
	for (size_t i = 0; i < answer.reason_count; i++)
		grant_merge(&inquiry->grant,
			    &snapshot_obligations(decider->snapshot, answer.reasons[i])->grant);
	fill_in_defaults(&inquiry->grant, &decider->settings->defaults);
	return true;
}

/* May the user see and delete other users' shells? When in doubt, not. */
static bool is_administrator(struct inquiry *inquiry)
{
	struct cedar_answer answer;

	return ask(inquiry, ACTION_ADMINISTER, &answer) == ERR_NONE &&
	       answer.decision == CEDAR_ALLOW &&
	       (!has_erring_forbid(inquiry, &answer) ||
		inquiry->decider->settings->on_error == DECIDE_ERROR_AS_CEDAR);
}

/* Records. */

/* The record that answers for Connect, if there is one. */
static void find_record(struct inquiry *inquiry, bool older_revision_will_do)
{
	const struct decider *decider = inquiry->decider;
	const struct identity *identity = &inquiry->decision->identity;
	const struct record *record;

	if (decider->records == NULL)
		return;
	record = records_find(decider->records, &identity->key, inquiry->question->instant.boot_ms);
	/* What is said against another endpoint says nothing against the record. */
	if (record == NULL || memcmp(record->endpoint.bytes, identity->endpoint.bytes,
				     sizeof(identity->endpoint.bytes)) != 0)
		return;
	if (record->revision != inquiry->decision->revision && !older_revision_will_do) {
		inquiry->old_record = record->id;
		return;
	}
	inquiry->record = record;
	inquiry->grant = record->grant;
}

/* The record answered for Connect: it was used. */
static void touch_record(struct inquiry *inquiry)
{
	struct decision *decision = inquiry->decision;

	decision->record_id = inquiry->record->id;
	decision->administrator = inquiry->record->administrator;
	decision->change = (struct record_change){
		.kind = RECORD_TOUCH,
		.id = inquiry->record->id,
		.boot_ms = inquiry->question->instant.boot_ms,
	};
}

/* Connect was allowed: the user gets a record, or the old one goes on. */
static bool make_record(struct inquiry *inquiry)
{
	const struct decider *decider = inquiry->decider;
	const struct instant *instant = &inquiry->question->instant;
	struct decision *decision = inquiry->decision;
	struct record_owner owner = {
		.key = decision->identity.key,
		.application = decision->identity.application,
		.principal = decision->identity.principal,
		.name = inquiry->question->sender->name,
		.mechanism = decision->identity.mechanism,
	};
	enum error error;

	decision->administrator = is_administrator(inquiry);
	if (decider->records == NULL)
		return true;
	error = records_reserve(decider->records, &owner, instant->boot_ms, &decision->record_id);
	if (error != ERR_NONE)
		return deny_for_error(inquiry, error);
	decision->change = (struct record_change){
		.kind = RECORD_PUT,
		.id = decision->record_id,
		.boot_ms = instant->boot_ms,
		.wall_us = instant->wall_us,
		.endpoint = decision->identity.endpoint,
		.revision = decision->revision,
		.grant = inquiry->grant,
		.administrator = decision->administrator,
	};
	return true;
}

/* The last step of what is allowed. */
static void allow(struct inquiry *inquiry, enum decision_source source)
{
	inquiry->decision->verdict = DECISION_ALLOW;
	inquiry->decision->source = source;
	inquiry->decision->grant = inquiry->grant;
}

/* What a quota leaves open when it says anything at all. */
static uint32_t or_unlimited(uint32_t value)
{
	return value != 0 ? value : QUOTA_UNLIMITED;
}

static void answer_quota(struct inquiry *inquiry)
{
	const struct quota *quota = &inquiry->grant.quota;

	if (quota->max_shells == 0 && quota->max_operations == 0 &&
	    quota->max_operations_per_timeslot == 0)
		return;
	inquiry->decision->has_quota = true;
	inquiry->decision->quota = (struct quota){
		.max_shells = or_unlimited(quota->max_shells),
		.max_operations = or_unlimited(quota->max_operations),
		.timeslot_s = quota->timeslot_s != 0 ? quota->timeslot_s : DECIDE_TIMESLOT_S,
		.max_operations_per_timeslot = or_unlimited(quota->max_operations_per_timeslot),
	};
}

static bool is_in(struct str sid, const struct str *sids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal(sids[i], sid))
			return true;
	}
	return false;
}

/* What an administrator, or the policy, decided against the user. Anything else that denies leaves
 * nothing to rely on: not the sender, not the memory, not the limits. */
static bool is_lockout(const struct decision *decision)
{
	switch (decision->source) {
	case DECISION_FROM_POLICY:
	case DECISION_FROM_DEFAULT:
	case DECISION_FROM_POLICY_ERROR:
	case DECISION_FROM_NO_POLICY:
	case DECISION_FROM_BLOCK:
	case DECISION_FROM_REVOKED: return decision->verdict != DECISION_ALLOW;
	case DECISION_FROM_NONE:
	case DECISION_FROM_RECORD:
	case DECISION_FROM_BREAK_GLASS:
	case DECISION_FROM_MALFORMED:
	case DECISION_FROM_LIMIT:
	case DECISION_FROM_RESOURCES:
	case DECISION_FROM_INTERNAL: break;
	}
	return false;
}

/* Lets a member of the break-glass group in where the user would be locked out. What the policy
 * said stays in the decision, for the audit. */
static void break_glass(const struct decider *decider, struct decision *decision)
{
	struct str group = decider->settings->break_glass_group;

	if (group.length == 0 || !is_lockout(decision) ||
	    !is_in(group, decision->identity.groups, decision->identity.group_count))
		return;
	decision->verdict = DECISION_ALLOW;
	decision->source = DECISION_FROM_BREAK_GLASS;
	decision->extended_information = str_make(NULL, 0);
}

/* The questions. */

static void answer_user(const struct decider *decider, struct arena *arena,
			const struct question *question, struct decision *decision)
{
	struct inquiry inquiry;

	if (!begin(&inquiry, decider, arena, question, decision))
		return;
	find_record(&inquiry, false);
	if (inquiry.record != NULL) {
		touch_record(&inquiry);
		allow(&inquiry, DECISION_FROM_RECORD);
	} else {
		if (!connect(&inquiry) || !make_record(&inquiry))
			return;
		allow(&inquiry, DECISION_FROM_POLICY);
	}
	decision->change.adds_context = true;
	answer_quota(&inquiry);
}

/* `is_connected`: let in before, whatever records say. */
static void answer_operation(const struct decider *decider, struct arena *arena,
			     const struct question *question, bool is_connected,
			     struct decision *decision)
{
	struct inquiry inquiry;
	struct refusal refusal = {.redirect = {.priority = 0}};
	struct cedar_answer answer;

	if (!begin(&inquiry, decider, arena, question, decision))
		return;
	find_record(&inquiry, decider->settings->on_reload == DECIDE_RELOAD_KEEPS);
	if (inquiry.record != NULL)
		touch_record(&inquiry);
	else if (!is_connected && !connect(&inquiry))
		return;
	if (!recall_permission(&inquiry) &&
	    !evaluate(&inquiry, decision->operation.action, &answer, &refusal))
		return;
	if (inquiry.record == NULL && !is_connected && !make_record(&inquiry))
		return;
	allow(&inquiry, DECISION_FROM_POLICY);
}

static void ask_quota(const struct decider *decider, struct arena *arena,
		      const struct question *question, struct decision *decision)
{
	struct inquiry inquiry;

	if (!begin(&inquiry, decider, arena, question, decision))
		return;
	find_record(&inquiry, decider->settings->on_reload == DECIDE_RELOAD_KEEPS);
	if (inquiry.record != NULL) {
		touch_record(&inquiry);
		allow(&inquiry, DECISION_FROM_RECORD);
	} else {
		if (!connect(&inquiry) || !make_record(&inquiry))
			return;
		allow(&inquiry, DECISION_FROM_POLICY);
	}
	answer_quota(&inquiry);
}

void decide_user(const struct decider *decider, struct arena *arena,
		 const struct question *question, struct decision *decision)
{
	answer_user(decider, arena, question, decision);
	break_glass(decider, decision);
}

void decide_operation(const struct decider *decider, struct arena *arena,
		      const struct question *question, struct decision *decision)
{
	answer_operation(decider, arena, question, false, decision);
	break_glass(decider, decision);
}

void decide_quota(const struct decider *decider, struct arena *arena,
		  const struct question *question, struct decision *decision)
{
	ask_quota(decider, arena, question, decision);
	break_glass(decider, decision);
}

void decide_what_if(const struct decider *decider, struct arena *arena,
		    const struct question *question, struct decision *decision)
{
	struct decider without_records = *decider;

	without_records.records = NULL;
	switch (question->kind) {
	case QUESTION_USER: decide_user(&without_records, arena, question, decision); break;
	case QUESTION_OPERATION:
		decide_operation(&without_records, arena, question, decision);
		break;
	case QUESTION_QUOTA: decide_quota(&without_records, arena, question, decision); break;
	}
	decision->change = (struct record_change){.kind = RECORD_KEEP};
}

void decide_what_if_connected(const struct decider *decider, struct arena *arena,
			      const struct question *question, struct decision *decision)
{
	struct decider without_records = *decider;

	if (question->kind != QUESTION_OPERATION) {
		decide_what_if(decider, arena, question, decision);
		return;
	}
	without_records.records = NULL;
	answer_operation(&without_records, arena, question, true, decision);
	break_glass(decider, decision);
}
