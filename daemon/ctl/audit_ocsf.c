#include "ctl/audit_ocsf.h"

#include <inttypes.h>
#include <string.h>

#include "cedar/json_write.h"
#include "ctl/output.h"

enum { TEXT_MAX_BYTES = 1 << 20, CLASS_AUTHORIZE_SESSION = 3003, ACTIVITY_OTHER = 99 };

static void text(struct json_writer *json, const char *key, struct str value)
{
	json_write_key(json, str_from(key));
	json_write_string(json, value);
}

/* An attribute that is left out when it is empty. */
static void optional(struct json_writer *json, const char *key, struct str value)
{
	if (value.length != 0)
		text(json, key, value);
}

static void number(struct json_writer *json, const char *key, int64_t value)
{
	json_write_key(json, str_from(key));
	json_write_i64(json, value);
}

static void open_object(struct json_writer *json, const char *key)
{
	json_write_key(json, str_from(key));
	json_write_object(json);
}

static void list(struct json_writer *json, const char *key, const struct audit_list *items)
{
	json_write_key(json, str_from(key));
	json_write_array(json);
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

	open_object(json, "metadata");
	text(json, "version", STR("1.1.0"));
	open_object(json, "product");
	text(json, "name", STR("wsauthz"));
	text(json, "vendor_name", STR("wsauthz"));
	text(json, "version", str_from(WSAUTHZ_VERSION));
	json_write_object_end(json);
	buf_init(&id, 32);
	buf_printf(&id, "%" PRIu64, row->decision_id);
	text(json, "uid", buf_str(&id));
	buf_deinit(&id);
	json_write_object_end(json);
	number(json, "category_uid", is_event ? 0 : 3);
	text(json, "category_name",
	     is_event ? STR("Uncategorized") : STR("Identity & Access Management"));
	number(json, "class_uid", class_uid);
	text(json, "class_name", is_event ? STR("Base Event") : STR("Authorize Session"));
	number(json, "activity_id", ACTIVITY_OTHER);
	text(json, "activity_name", activity);
	number(json, "type_uid", class_uid * 100 + ACTIVITY_OTHER);
	number(json, "time", row->wall_us / 1000);
}

static void append_user(struct json_writer *json, const struct audit_row *row)
{
	open_object(json, "user");
	text(json, "name", row->user.length != 0 ? row->user : row->principal);
	text(json, "uid", row->principal);
	number(json, "type_id", row->administrator ? 2 : 1); /* Admin, User */
	json_write_key(json, STR("groups"));
	json_write_array(json);
	for (size_t i = 0; i < row->groups.count; i++) {
		json_write_object(json);
		text(json, "uid", row->groups.items[i]);
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
	open_object(json, "actor");
	json_write_key(json, STR("authorizations"));
	json_write_array(json);
	for (size_t i = 0; i < row->policies.count; i++) {
		json_write_object(json);
		text(json, "decision", decision_of(row));
		open_object(json, "policy");
		text(json, "uid", row->policies.items[i]);
		json_write_object_end(json);
		json_write_object_end(json);
	}
	json_write_array_end(json);
	open_object(json, "process");
	number(json, "pid", (int64_t)row->peer_pid);
	json_write_object_end(json);
	json_write_object_end(json);
}

static void append_session(struct json_writer *json, const struct audit_row *row)
{
	static const uint8_t none[AUDIT_RECORD_ID_BYTES];
	struct buf id;

	if (memcmp(row->record_id, none, sizeof(none)) == 0)
		return;
	buf_init(&id, 2 * AUDIT_RECORD_ID_BYTES + 1);
	output_hex(&id, row->record_id, AUDIT_RECORD_ID_BYTES);
	open_object(json, "session");
	text(json, "uid", buf_str(&id));
	json_write_object_end(json);
	buf_deinit(&id);
}

static void append_unmapped(struct json_writer *json, const struct audit_row *row)
{
	open_object(json, "unmapped");
	text(json, "decision", decision_of(row));
	text(json, "source", row->source);
	text(json, "application", row->application);
	text(json, "mechanism", row->mechanism);
	text(json, "action", row->action);
	optional(json, "action_uri", row->action_uri);
	optional(json, "resource_uri", row->resource_uri);
	list(json, "policies", &row->policies);
	list(json, "erring_policies", &row->erring);
	number(json, "policy_revision", (int64_t)row->policy_revision);
	list(json, "deny_only_groups", &row->deny_only_groups);
	text(json, "context", row->context);
	optional(json, "extended_information", row->extended);
	text(json, "peer", row->peer);
	number(json, "latency_us", (int64_t)row->latency_us);
	if (row->delivered != AUDIT_DELIVERY_UNKNOWN) {
		json_write_key(json, STR("delivered"));
		json_write_bool(json, row->delivered == AUDIT_DELIVERED);
	}
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
	number(json, "timezone_offset", row->utc_offset_minutes);
	number(json, "severity_id", severity_of(row));
	number(json, "status_id", failed ? 2 : 1);
	text(json, "status", failed ? STR("Failure") : STR("Success"));
	buf_printf(&words, "%" PRIu32, row->code);
	text(json, "status_code", buf_str(&words));
	buf_clear(&words);
	audit_row_reason(&words, row);
	text(json, "status_detail", buf_str(&words));
	append_user(json, row);
	json_write_key(json, STR("privileges"));
	json_write_array(json);
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
		number(&json, "severity_id", 1);
		text(&json, "message", row->event->kind);
		open_object(&json, "unmapped");
		text(&json, "actor", row->event->actor);
		text(&json, "detail", row->event->detail);
		json_write_object_end(&json);
	}
	json_write_object_end(&json);
}
