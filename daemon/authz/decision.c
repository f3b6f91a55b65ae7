#include "authz/decide.h"

#include <string.h>

/* Win32 codes of the authorization callbacks. */
#define CODE_ACCESS_DENIED UINT32_C(5)
#define CODE_REDIRECT      UINT32_C(0x80338199) /* ERROR_WSMAN_REDIRECT_REQUESTED */

const char *decision_source_text(enum decision_source source)
{
	static const char *const texts[] = {
#define X(name, text) [DECISION_FROM_##name] = text,
		DECISION_SOURCE_LIST(X)
#undef X
	};

	return (size_t)source < ARRAY_COUNT(texts) ? texts[source] : "unknown";
}

struct decide_settings decide_settings_default(void)
{
	return (struct decide_settings){
		.on_error = DECIDE_ERROR_DENIES,
		.on_reload = DECIDE_RELOAD_REEVALUATES,
		.defaults = {.idle_timeout_ms = INT64_C(15) * 60 * 1000,
			     .max_lifetime_ms = INT64_C(8) * 60 * 60 * 1000},
	};
}

uint32_t decision_win32_code(const struct decision *decision)
{
	switch (decision->verdict) {
	case DECISION_ALLOW: return 0;
	case DECISION_REDIRECT: return CODE_REDIRECT;
	case DECISION_DENY: break;
	}
	return CODE_ACCESS_DENIED;
}

static enum audit_kind kind_of(enum question_kind kind)
{
	switch (kind) {
	case QUESTION_USER: return AUDIT_AUTHORIZE_USER;
	case QUESTION_OPERATION: return AUDIT_AUTHORIZE_OPERATION;
	case QUESTION_QUOTA: break;
	}
	return AUDIT_QUERY_QUOTA;
}

static enum audit_verdict verdict_of(enum decision_verdict verdict)
{
	switch (verdict) {
	case DECISION_ALLOW: return AUDIT_ALLOW;
	case DECISION_REDIRECT: return AUDIT_REDIRECT;
	case DECISION_DENY: break;
	}
	return AUDIT_DENY;
}

/* An operation that could not be read has no Cedar action. */
static struct str action_of(const struct decision *decision)
{
	if (decision->question->kind != QUESTION_OPERATION)
		return action_name(ACTION_CONNECT);
	if (decision->operation.action_uri.length == 0)
		return str_make(NULL, 0);
	return action_name(decision->operation.action);
}

struct audit_row decision_audit_row(const struct decision *decision)
{
	const struct question *question = decision->question;
	const struct identity *identity = &decision->identity;
	struct audit_row row = {
		.wall_us = question->instant.wall_us,
		.boot_ms = question->instant.boot_ms,
		.utc_offset_minutes = question->instant.utc_offset_s / 60,
		.application = question->application,
		.principal = identity->principal,
		.user = question->sender->name,
		.user_folded = identity->name,
		.mechanism = question->sender->mechanism,
		.groups = {identity->groups, identity->group_count},
		.deny_only_groups = {identity->deny_only_groups, identity->deny_only_group_count},
		.kind = kind_of(question->kind),
		.action = action_of(decision),
		.action_uri = question->action_uri,
		.resource_uri = question->resource_uri,
		.context = decision->context_json,
		.verdict = verdict_of(decision->verdict),
		.administrator = decision->administrator,
		.code = decision_win32_code(decision),
		.source = str_from(decision_source_text(decision->source)),
		.extended = decision->extended_information,
		.policy_revision = decision->revision,
		.policies = {decision->reasons, decision->reason_count},
		.erring = {decision->erring, decision->error_count},
	};

	memcpy(row.record_id, decision->record_id.bytes, sizeof(row.record_id));
	return row;
}
