#include "ctl/audit_ocsf.h"

#include <inttypes.h>
#include <string.h>

#include "cedar/json_member.h"
#include "cedar/json_write.h"

enum { TEXT_MAX_BYTES = 1 << 20, CLASS_AUTHORIZE_SESSION = 3003, ACTIVITY_OTHER = 99 };

/* An attribute that is left out when it is empty. */
static void optional(struct json_writer *json, const char *key, struct str value)
{
	if (value.length != 0)
		json_member_string(json, key, value);
}

static void list(struct json_writer *json, const char *key, const struct audit_list *items)
{
	json_member_array(json, key);
	for (size_t i = 0; i < items->count; i++)
		json_write_string(json, items->items[i]);
	json_write_array_end(json);
}

/* What every OCSF event has. */
static void append_base(struct json_writer *json, const struct audit_row *row, struct str activity)
{
	bool is_event = row->event != NULL;
	int64_t class_uid = is_event ? 0 : CLASS_AUTHORIZE_SESSION;
	struct buf id;

	json_member_object(json, "metadata");
	json_member_string(json, "version", STR("1.1.0"));
	json_member_object(json, "product");
	json_member_string(json, "name", STR("wsauthz"));
	json_member_string(json, "vendor_name", STR("wsauthz"));
	json_member_string(json, "version", str_from(WSAUTHZ_VERSION));
	json_write_object_end(json);
	buf_init(&id, 32);
	buf_printf(&id, "%" PRIu64, row->decision_id);
	json_member_string(json, "uid", buf_str(&id));
	buf_deinit(&id);
	json_write_object_end(json);
	json_member_i64(json, "category_uid", is_event ? 0 : 3);
	json_member_string(json, "category_name",
			   is_event ? STR("Uncategorized") : STR("Identity & Access Management"));
	json_member_i64(json, "class_uid", class_uid);
	json_member_string(json, "class_name",
			   is_event ? STR("Base Event") : STR("Authorize Session"));
	json_member_i64(json, "activity_id", ACTIVITY_OTHER);
	json_member_string(json, "activity_name", activity);
	json_member_i64(json, "type_uid", class_uid * 100 + ACTIVITY_OTHER);
	json_member_i64(json, "time", row->wall_us / 1000);
}

static void append_user(struct json_writer *json, const struct audit_row *row)
{
	json_member_object(json, "user");
	json_member_string(json, "name", row->user.length != 0 ? row->user : row->principal);
	json_member_string(json, "uid", row->principal);
	json_member_i64(json, "type_id", row->administrator ? 2 : 1); /* Admin, User */
	json_member_array(json, "groups");
	for (size_t i = 0; i < row->groups.count; i++) {
		json_write_object(json);
		json_member_string(json, "uid", row->groups.items[i]);
		json_write_object_end(json);
	}
	json_write_array_end(json);
	json_write_object_end(json);
}

static struct str decision_of(const struct audit_row *row)
{
	switch (row->verdict) {
	case AUDIT_ALLOW: return STR("allow");
	case AUDIT_REDIRECT: return STR("redirect");
	case AUDIT_DENY: break;
	}
	return STR("deny");
}

/* Each determining policy with the decision. */
static void append_actor(struct json_writer *json, const struct audit_row *row)
{
	json_member_object(json, "actor");
	json_member_array(json, "authorizations");
	for (size_t i = 0; i < row->policies.count; i++) {
		json_write_object(json);
		json_member_string(json, "decision", decision_of(row));
		json_member_object(json, "policy");
		json_member_string(json, "uid", row->policies.items[i]);
		json_write_object_end(json);
		json_write_object_end(json);
	}
	json_write_array_end(json);
	json_member_object(json, "process");
	json_member_i64(json, "pid", (int64_t)row->peer_pid);
	json_write_object_end(json);
	json_write_object_end(json);
}

static void append_session(struct json_writer *json, const struct audit_row *row)
{
	static const uint8_t none[AUDIT_RECORD_ID_BYTES];

	if (memcmp(row->record_id, none, sizeof(none)) == 0)
		return;
	json_member_object(json, "session");
	json_member_hex(json, "uid", row->record_id, AUDIT_RECORD_ID_BYTES);
	json_write_object_end(json);
}

static void append_unmapped(struct json_writer *json, const struct audit_row *row)
{
	json_member_object(json, "unmapped");
	json_member_string(json, "decision", decision_of(row));
	json_member_string(json, "source", row->source);
	json_member_string(json, "application", row->application);
	json_member_string(json, "mechanism", row->mechanism);
	json_member_string(json, "action", row->action);
	optional(json, "action_uri", row->action_uri);
	optional(json, "resource_uri", row->resource_uri);
	list(json, "policies", &row->policies);
	list(json, "erring_policies", &row->erring);
	json_member_i64(json, "policy_revision", (int64_t)row->policy_revision);
	list(json, "deny_only_groups", &row->deny_only_groups);
	json_member_string(json, "context", row->context);
	optional(json, "extended_information", row->extended);
	json_member_string(json, "peer", row->peer);
	json_member_i64(json, "latency_us", (int64_t)row->latency_us);
	if (row->delivered != AUDIT_DELIVERY_UNKNOWN)
		json_member_bool(json, "delivered", row->delivered == AUDIT_DELIVERED);
	json_write_object_end(json);
}

static struct str activity_of(const struct audit_row *row)
{
	switch (row->kind) {
	case AUDIT_AUTHORIZE_USER: return STR("AuthorizeUser");
	case AUDIT_AUTHORIZE_OPERATION: return STR("AuthorizeOperation");
	case AUDIT_QUERY_QUOTA: return STR("QueryQuota");
	}
	return STR("unknown");
}

/* Denials are low, policies that could not be evaluated high; the rest is for information. */
static int64_t severity_of(const struct audit_row *row)
{
	if (row->erring.count != 0)
		return 4;
	return row->verdict == AUDIT_DENY ? 2 : 1;
}

static void append_decision(struct json_writer *json, const struct audit_row *row)
{
	bool failed = row->verdict != AUDIT_ALLOW;
	struct buf words;

	buf_init(&words, TEXT_MAX_BYTES);
	append_base(json, row, activity_of(row));
	json_member_i64(json, "timezone_offset", row->utc_offset_minutes);
	json_member_i64(json, "severity_id", severity_of(row));
	json_member_i64(json, "status_id", failed ? 2 : 1);
	json_member_string(json, "status", failed ? STR("Failure") : STR("Success"));
	buf_printf(&words, "%" PRIu32, row->code);
	json_member_string(json, "status_code", buf_str(&words));
	buf_clear(&words);
	audit_row_reason(&words, row);
	json_member_string(json, "status_detail", buf_str(&words));
	append_user(json, row);
	json_member_array(json, "privileges");
	json_write_string(json, row->action);
	json_write_array_end(json);
	append_actor(json, row);
	append_session(json, row);
	append_unmapped(json, row);
	buf_deinit(&words);
}

void audit_ocsf_append(struct buf *out, const struct audit_row *row)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	if (row->event == NULL) {
		append_decision(&json, row);
	} else {
		append_base(&json, row, row->event->kind);
		json_member_i64(&json, "severity_id", 1);
		json_member_string(&json, "message", row->event->kind);
		json_member_object(&json, "unmapped");
		json_member_string(&json, "actor", row->event->actor);
		json_member_string(&json, "detail", row->event->detail);
		json_write_object_end(&json);
	}
	json_write_object_end(&json);
}
