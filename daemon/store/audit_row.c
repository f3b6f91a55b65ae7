#include "store/audit_row.h"

#include <string.h>

#include "store/text_list.h"

/* The order of the columns in audit_row_select. */
enum column {
	COLUMN_ID,
	COLUMN_WALL_US,
	COLUMN_BOOT_MS,
	COLUMN_UTC_OFFSET_MINUTES,
	COLUMN_APPLICATION,
	COLUMN_PRINCIPAL,
	COLUMN_USER,
	COLUMN_USER_FOLDED,
	COLUMN_MECHANISM,
	COLUMN_GROUPS,
	COLUMN_DENY_ONLY,
	COLUMN_KIND,
	COLUMN_ACTION,
	COLUMN_ACTION_URI,
	COLUMN_RESOURCE_URI,
	COLUMN_CONTEXT,
	COLUMN_VERDICT,
	COLUMN_ADMINISTRATOR,
	COLUMN_CODE,
	COLUMN_SOURCE,
	COLUMN_EXTENDED,
	COLUMN_POLICY_REVISION,
	COLUMN_POLICIES,
	COLUMN_ERRING,
	COLUMN_RECORD_ID,
	COLUMN_CONNECTION,
	COLUMN_PEER,
	COLUMN_PEER_PID,
	COLUMN_LATENCY_US,
	COLUMN_RELAXED,
	COLUMN_CHAIN,
};

/* Left joins keep `decision` outermost, whatever the planner thinks of the small tables. */
const char audit_row_select[] =
	"SELECT d.id, d.wall_us, d.boot_ms, d.utc_offset_minutes,"
	" s.application, s.principal, s.user, s.user_folded, s.mechanism,"
	" g.groups, g.deny_only, r.kind, r.action, r.action_uri, r.resource_uri, c.context,"
	" d.verdict, o.administrator, o.code, o.source, o.extended, o.policy_revision, o.policies,"
	" o.erring, d.record_id, p.connection, p.peer, p.peer_pid, d.latency_us, d.relaxed, d.chain"
	" FROM decision d"
	" LEFT JOIN subject s ON s.id = d.subject"
	" LEFT JOIN group_set g ON g.id = d.group_set"
	" LEFT JOIN request r ON r.id = d.request"
	" LEFT JOIN context c ON c.id = d.context"
	" LEFT JOIN outcome o ON o.id = d.outcome"
	" LEFT JOIN origin p ON p.id = d.origin";

/* An integer column that must lie within bounds; a missing one is 0. */
static bool read_bounded(const struct stmt *stmt, enum column column, int64_t min, int64_t max,
			 int64_t *value)
{
	*value = stmt_int(stmt, (int)column);
	return *value >= min && *value <= max;
}

static bool read_numbers(const struct stmt *stmt, struct audit_row *row)
{
	int64_t offset, kind, verdict, administrator, code, relaxed;

	row->decision_id = stmt_u64(stmt, COLUMN_ID);
	row->wall_us = stmt_int(stmt, COLUMN_WALL_US);
	row->boot_ms = stmt_int(stmt, COLUMN_BOOT_MS);
	row->policy_revision = stmt_u64(stmt, COLUMN_POLICY_REVISION);
	row->connection = stmt_u64(stmt, COLUMN_CONNECTION);
	row->peer_pid = stmt_u64(stmt, COLUMN_PEER_PID);
	row->latency_us = stmt_u64(stmt, COLUMN_LATENCY_US);
	/* The least kind is 1, so that a missing request shows here. */
	if (!read_bounded(stmt, COLUMN_UTC_OFFSET_MINUTES, INT32_MIN, INT32_MAX, &offset) ||
	    !read_bounded(stmt, COLUMN_KIND, AUDIT_AUTHORIZE_USER, AUDIT_QUERY_QUOTA, &kind) ||
	    !read_bounded(stmt, COLUMN_VERDICT, AUDIT_DENY, AUDIT_REDIRECT, &verdict) ||
	    !read_bounded(stmt, COLUMN_ADMINISTRATOR, 0, 1, &administrator) ||
	    !read_bounded(stmt, COLUMN_CODE, 0, UINT32_MAX, &code) ||
	    !read_bounded(stmt, COLUMN_RELAXED, 0, 1, &relaxed))
		return false;
	row->utc_offset_minutes = (int32_t)offset;
	row->kind = (enum audit_kind)kind;
	row->verdict = (enum audit_verdict)verdict;
	row->administrator = administrator != 0;
	row->code = (uint32_t)code;
	row->relaxed = relaxed != 0;
	return true;
}

static void read_texts(const struct stmt *stmt, struct audit_row *row)
{
	row->application = stmt_bytes(stmt, COLUMN_APPLICATION);
	row->principal = stmt_bytes(stmt, COLUMN_PRINCIPAL);
	row->user = stmt_bytes(stmt, COLUMN_USER);
	row->user_folded = stmt_bytes(stmt, COLUMN_USER_FOLDED);
	row->mechanism = stmt_bytes(stmt, COLUMN_MECHANISM);
	row->action = stmt_bytes(stmt, COLUMN_ACTION);
	row->action_uri = stmt_bytes(stmt, COLUMN_ACTION_URI);
	row->resource_uri = stmt_bytes(stmt, COLUMN_RESOURCE_URI);
	row->context = stmt_bytes(stmt, COLUMN_CONTEXT);
	row->source = stmt_bytes(stmt, COLUMN_SOURCE);
	row->extended = stmt_bytes(stmt, COLUMN_EXTENDED);
	row->peer = stmt_bytes(stmt, COLUMN_PEER);
}

static enum error read_lists(const struct stmt *stmt, struct arena *arena, struct audit_row *row)
{
	const struct {
		enum column column;
		struct audit_list *list;
	} lists[] = {
		{COLUMN_GROUPS, &row->groups},
		{COLUMN_DENY_ONLY, &row->deny_only_groups},
		{COLUMN_POLICIES, &row->policies},
		{COLUMN_ERRING, &row->erring},
	};

	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		struct str json = stmt_bytes(stmt, (int)lists[i].column);
		enum error error = text_list_read(arena, json, lists[i].list);
		if (error != ERR_NONE)
			return error;
	}
	return ERR_NONE;
}

enum error audit_row_read(const struct stmt *stmt, struct arena *arena, struct audit_row *row,
			  uint8_t chain[AUDIT_CHAIN_BYTES])
{
	struct str record_id = stmt_bytes(stmt, COLUMN_RECORD_ID);

	*row = (struct audit_row){0};
	if (!read_numbers(stmt, row) ||
	    !stmt_copy_blob(stmt, COLUMN_CHAIN, chain, AUDIT_CHAIN_BYTES) ||
	    (record_id.length != 0 && record_id.length != AUDIT_RECORD_ID_BYTES))
		return ERR_CORRUPT;
	if (record_id.length != 0)
		memcpy(row->record_id, record_id.ptr, AUDIT_RECORD_ID_BYTES);
	read_texts(stmt, row);
	return read_lists(stmt, arena, row);
}

void audit_row_reason(struct buf *out, const struct audit_row *row)
{
	const struct audit_list *ids = row->policies.count != 0 ? &row->policies : &row->erring;

	buf_append_str(out, row->source);
	for (size_t i = 0; i < ids->count; i++) {
		buf_append_str(out, i == 0 ? STR(": ") : STR(", "));
		buf_append_str(out, ids->items[i]);
	}
}

const char audit_event_select[] =
	"SELECT e.id, e.wall_us, e.boot_ms, e.kind, e.actor, e.detail, e.chain FROM event e";

enum error audit_event_read(const struct stmt *stmt, struct audit_event *event,
			    struct audit_row *row, uint8_t chain[AUDIT_CHAIN_BYTES])
{
	if (!stmt_copy_blob(stmt, 6, chain, AUDIT_CHAIN_BYTES))
		return ERR_CORRUPT;
	*event = (struct audit_event){
		.kind = stmt_bytes(stmt, 3),
		.actor = stmt_bytes(stmt, 4),
		.detail = stmt_bytes(stmt, 5),
	};
	*row = (struct audit_row){
		.decision_id = stmt_u64(stmt, 0),
		.wall_us = stmt_int(stmt, 1),
		.boot_ms = stmt_int(stmt, 2),
		.event = event,
	};
	return ERR_NONE;
}
