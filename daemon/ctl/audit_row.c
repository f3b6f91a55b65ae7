#include "ctl/audit_row.h"

#include <inttypes.h>

#include "base/attributes.h"
#include "base/civil.h"
#include "base/hex.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/csv.h"
#include "ctl/resource.h"

enum { CELL_MAX_BYTES = 1 << 20 };

static const char *verdict_text(enum audit_verdict verdict)
{
	switch (verdict) {
	case AUDIT_DENY: return "deny";
	case AUDIT_ALLOW: return "allow";
	case AUDIT_REDIRECT: return "redirect";
	}
	return "deny";
}

static const char *kind_text(enum audit_kind kind)
{
	switch (kind) {
	case AUDIT_AUTHORIZE_USER: return "authorize_user";
	case AUDIT_AUTHORIZE_OPERATION: return "authorize_operation";
	case AUDIT_QUERY_QUOTA: return "query_quota";
	}
	return "unknown";
}

void audit_row_table_init(struct table *table)
{
	static const char *const titles[] = {"ID",     "TIME (UTC)", "DECISION", "USER",
					     "ACTION", "RESOURCE",   "REASON"};

	table_init(table, titles, ARRAY_COUNT(titles), 5);
}

bool audit_row_table(struct table *table, const struct audit_row *row)
{
	struct buf id, time, resource, reason;
	bool ok;

	buf_init(&id, 32);
	buf_init(&resource, CELL_MAX_BYTES);
	buf_init(&time, 64);
	buf_init(&reason, CELL_MAX_BYTES);
	buf_printf(&id, "%" PRIu64, row->decision_id);
	output_time(&time, row->wall_us);
	resource_shorten(&resource,
			 row->resource_uri.length != 0 ? row->resource_uri : row->application);
	audit_row_reason(&reason, row);
	ok = table_add(table, (const struct str[]){
				      buf_str(&id),
				      buf_str(&time),
				      str_from(verdict_text(row->verdict)),
				      row->user.length != 0 ? row->user : row->principal,
				      row->action,
				      buf_str(&resource),
				      buf_str(&reason),
			      });
	buf_deinit(&id);
	buf_deinit(&time);
	buf_deinit(&resource);
	buf_deinit(&reason);
	return ok;
}

static void json_list(struct json_writer *json, const char *key, const struct audit_list *list)
{
	json_member_array(json, key);
	for (size_t i = 0; i < list->count; i++)
		json_write_string(json, list->items[i]);
	json_write_array_end(json);
}

static void append_record_id(struct buf *out, const struct audit_row *row)
{
	static const uint8_t none[AUDIT_RECORD_ID_BYTES];

	if (memcmp(row->record_id, none, sizeof(none)) != 0)
		hex_append(out, row->record_id, AUDIT_RECORD_ID_BYTES);
}

static void event_json(struct buf *out, const struct audit_row *row)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_member_u64(&json, "id", row->decision_id);
	json_member_time(&json, "time", row->wall_us);
	json_member_string(&json, "kind", STR("event"));
	json_member_string(&json, "event", row->event->kind);
	json_member_string(&json, "actor", row->event->actor);
	json_member_string(&json, "detail", row->event->detail);
	json_write_object_end(&json);
}

void audit_row_json(struct buf *out, const struct audit_row *row)
{
	struct json_writer json = json_write_to(out);
	struct buf text;

	if (row->event != NULL) {
		event_json(out, row);
		return;
	}
	buf_init(&text, 256);
	json_write_object(&json);
	json_member_u64(&json, "id", row->decision_id);
	json_member_time(&json, "time", row->wall_us);
	json_member_string(&json, "kind", str_from(kind_text(row->kind)));
	json_member_string(&json, "decision", str_from(verdict_text(row->verdict)));
	json_member_u64(&json, "code", row->code);
	json_member_string(&json, "source", row->source);
	json_member_string(&json, "application", row->application);
	json_member_string(&json, "user", row->user);
	json_member_string(&json, "principal", row->principal);
	json_member_string(&json, "mechanism", row->mechanism);
	json_list(&json, "groups", &row->groups);
	json_list(&json, "deny_only_groups", &row->deny_only_groups);
	json_member_string(&json, "action", row->action);
	json_member_string(&json, "action_uri", row->action_uri);
	json_member_string(&json, "resource_uri", row->resource_uri);
	json_member_string(&json, "context", row->context);
	json_list(&json, "policies", &row->policies);
	json_list(&json, "errors", &row->erring);
	json_member_string(&json, "extended_information", row->extended);
	json_member_bool(&json, "administrator", row->administrator);
	json_member_u64(&json, "policy_revision", row->policy_revision);
	append_record_id(&text, row);
	json_member_string(&json, "record", buf_str(&text));
	json_member_u64(&json, "connection", row->connection);
	json_member_string(&json, "peer", row->peer);
	json_member_u64(&json, "peer_pid", row->peer_pid);
	json_member_u64(&json, "latency_us", row->latency_us);
	json_member_string(&json, "durability", row->relaxed ? STR("relaxed") : STR("strict"));
	if (row->delivered != AUDIT_DELIVERY_UNKNOWN)
		json_member_bool(&json, "delivered", row->delivered == AUDIT_DELIVERED);
	json_write_object_end(&json);
	buf_deinit(&text);
}

void audit_row_csv_header(struct buf *out)
{
	buf_append_str(out, STR("id,time,kind,decision,code,source,application,user,principal,"
				"mechanism,action,action_uri,resource_uri,policies,errors,"
				"extended_information,administrator,policy_revision,record,peer,"
				"peer_pid,latency_us,durability,delivered"));
}

static void csv_list(struct buf *out, const struct audit_list *list)
{
	struct buf joined;

	buf_init(&joined, CELL_MAX_BYTES);
	for (size_t i = 0; i < list->count; i++) {
		if (i != 0)
			buf_append_byte(&joined, ' ');
		buf_append_str(&joined, list->items[i]);
	}
	csv_append(out, buf_str(&joined));
	buf_deinit(&joined);
}

void audit_row_csv(struct buf *out, const struct audit_row *row)
{
	struct buf record;

	buf_init(&record, 64);
	append_record_id(&record, row);
	buf_append_u64(out, row->decision_id);
	buf_append_byte(out, ',');
	civil_append(out, row->wall_us);
	csv_append(out, str_from(kind_text(row->kind)));
	csv_append(out, str_from(verdict_text(row->verdict)));
	csv_append_u64(out, row->code);
	csv_append(out, row->source);
	csv_append(out, row->application);
	csv_append(out, row->user);
	csv_append(out, row->principal);
	csv_append(out, row->mechanism);
	csv_append(out, row->action);
	csv_append(out, row->action_uri);
	csv_append(out, row->resource_uri);
	csv_list(out, &row->policies);
	csv_list(out, &row->erring);
	csv_append(out, row->extended);
	buf_append_str(out, row->administrator ? STR(",true") : STR(",false"));
	csv_append_u64(out, row->policy_revision);
	csv_append(out, buf_str(&record));
	csv_append(out, row->peer);
	csv_append_u64(out, row->peer_pid);
	csv_append_u64(out, row->latency_us);
	buf_append_str(out, row->relaxed ? STR(",relaxed,") : STR(",strict,"));
	if (row->delivered != AUDIT_DELIVERY_UNKNOWN)
		buf_append_str(out, row->delivered == AUDIT_DELIVERED ? STR("true") : STR("false"));
	buf_deinit(&record);
}
