#include "ctl/decision.h"

#include <inttypes.h>

#include "base/attributes.h"
#include "base/log.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/link.h"

static uint32_t verdict_of(const Wsauthz__Decision *decision)
{
	return verdict_check(decision->verdict, decision->verdict_twin, decision->code);
}

bool decision_allows(const Wsauthz__Decision *decision)
{
	return verdict_of(decision) == VERDICT_ALLOW;
}

static const char *verdict_text(const Wsauthz__Decision *decision)
{
	switch (verdict_of(decision)) {
	case VERDICT_ALLOW: return "allow";
	case VERDICT_REDIRECT: return "redirect";
	default: return "deny";
	}
}

static const char *source_text(Wsauthz__Decision__Source source)
{
	switch (source) {
	case WSAUTHZ__DECISION__SOURCE__POLICY: return "policy";
	case WSAUTHZ__DECISION__SOURCE__DEFAULT: return "default";
	case WSAUTHZ__DECISION__SOURCE__RECORD: return "record";
	case WSAUTHZ__DECISION__SOURCE__BLOCK: return "block";
	case WSAUTHZ__DECISION__SOURCE__POLICY_ERROR: return "policy_error";
	case WSAUTHZ__DECISION__SOURCE__REVOKED: return "revoked";
	case WSAUTHZ__DECISION__SOURCE__BREAK_GLASS: return "break_glass";
	default: return "unknown";
	}
}

static const char *explanation(Wsauthz__Decision__Source source)
{
	switch (source) {
	case WSAUTHZ__DECISION__SOURCE__DEFAULT: return "no policy permits it";
	case WSAUTHZ__DECISION__SOURCE__RECORD: return "a live user record";
	case WSAUTHZ__DECISION__SOURCE__BLOCK: return "the principal is blocked";
	case WSAUTHZ__DECISION__SOURCE__REVOKED: return "the user's record was revoked";
	case WSAUTHZ__DECISION__SOURCE__BREAK_GLASS:
		return "a member of the break-glass group, against a denial";
	case WSAUTHZ__DECISION__SOURCE__POLICY_ERROR:
		return "a forbid policy could not be evaluated";
	default: return "";
	}
}

static void print_limit(struct buf *out, const char *name, uint32_t value)
{
	if (value == UINT32_MAX)
		buf_printf(out, "%s unlimited", name);
	else
		buf_printf(out, "%s %" PRIu32, name, value);
}

static void print_quota(struct buf *out, const Wsauthz__Quota *quota)
{
	buf_printf(out, "quota     ");
	print_limit(out, "shells", quota->max_concurrent_shells);
	print_limit(out, "  operations", quota->max_concurrent_operations);
	print_limit(out, "  operations-per-timeslot", quota->max_operations_per_timeslot);
	print_limit(out, "  timeslot-seconds", quota->timeslot_s);
	buf_printf(out, "\n");
}

void decision_print(struct buf *out, const Wsauthz__AdminAuthorizeReply *reply)
{
	const Wsauthz__Decision *decision = reply->decision;

	buf_printf(out, "%s (code 0x%" PRIx32 ") for %.*s", verdict_text(decision), decision->code,
		   STR_ARGS(link_str(reply->action)));
	/* What stands before all policies, such as a block, is of no revision. */
	if (decision->policy_revision != 0)
		buf_printf(out, " under policy revision %" PRIu64, decision->policy_revision);
	buf_append_byte(out, '\n');
	buf_printf(out, "because   %s", explanation(decision->source));
	for (size_t i = 0; i < decision->n_reasons; i++) {
		if (i != 0 || explanation(decision->source)[0] != '\0')
			buf_append_str(out, STR(", "));
		log_escape(out, link_str(decision->reasons[i]));
	}
	if (decision->reason_count > decision->n_reasons)
		buf_printf(out, " and %zu more", decision->reason_count - decision->n_reasons);
	buf_printf(out, "\n");
	if (decision->extended_information.len != 0) {
		buf_printf(out, "tells     ");
		log_escape(out, link_str(decision->extended_information));
		buf_printf(out, "\n");
	}
	if (decision->administrator)
		buf_printf(out, "grants    administration of other users' shells\n");
	if (reply->quota != NULL)
		print_quota(out, reply->quota);
	for (size_t i = 0; i < reply->n_errors; i++) {
		buf_printf(out, "error     ");
		log_escape(out, link_str(reply->errors[i]->policy));
		buf_append_str(out, STR(": "));
		log_escape(out, link_str(reply->errors[i]->message));
		buf_printf(out, "\n");
	}
}

static void json_quota(struct json_writer *json, const Wsauthz__Quota *quota)
{
	const struct {
		const char *key;
		uint32_t value;
	} fields[] = {
		{"max_shells", quota->max_concurrent_shells},
		{"max_operations", quota->max_concurrent_operations},
		{"timeslot_s", quota->timeslot_s},
		{"max_operations_per_timeslot", quota->max_operations_per_timeslot},
	};

	json_write_object(json);
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		json_member_u64(json, fields[i].key, fields[i].value);
	json_write_object_end(json);
}

void decision_json(struct buf *out, const Wsauthz__AdminAuthorizeReply *reply)
{
	const Wsauthz__Decision *decision = reply->decision;
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_member_string(&json, "decision", str_from(verdict_text(decision)));
	json_member_u64(&json, "code", decision->code);
	json_member_string(&json, "action", link_str(reply->action));
	json_member_string(&json, "source", str_from(source_text(decision->source)));
	json_member_array(&json, "reasons");
	for (size_t i = 0; i < decision->n_reasons; i++)
		json_write_string(&json, link_str(decision->reasons[i]));
	json_write_array_end(&json);
	json_member_array(&json, "errors");
	for (size_t i = 0; i < reply->n_errors; i++) {
		json_write_object(&json);
		json_member_string(&json, "policy", link_str(reply->errors[i]->policy));
		json_member_string(&json, "message", link_str(reply->errors[i]->message));
		json_write_object_end(&json);
	}
	json_write_array_end(&json);
	json_member_string(&json, "extended_information", link_str(decision->extended_information));
	json_member_bool(&json, "administrator", decision->administrator);
	json_member_u64(&json, "policy_revision", decision->policy_revision);
	json_write_key(&json, STR("quota"));
	if (reply->quota != NULL)
		json_quota(&json, reply->quota);
	else
		json_write_null(&json);
	json_write_object_end(&json);
	buf_append_byte(out, '\n');
}
