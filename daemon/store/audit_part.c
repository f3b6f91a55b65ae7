#include "store/audit_part.h"

#include <string.h>

#include <sodium.h>

#include "base/attributes.h"
#include "store/text_list.h"

/* What a field of a part is and where the row has it. */
enum field_type { FIELD_TEXT, FIELD_LIST, FIELD_NUMBER };

struct field {
	enum field_type type;
	union {
		struct str text;
		const struct audit_list *list;
		uint64_t number;
	};
};

enum { FIELDS_MAX = 7, NUMBER_BYTES = 8 };

static struct field text(struct str value)
{
	return (struct field){.type = FIELD_TEXT, .text = value};
}

static struct field list(const struct audit_list *value)
{
	return (struct field){.type = FIELD_LIST, .list = value};
}

static struct field number(uint64_t value)
{
	return (struct field){.type = FIELD_NUMBER, .number = value};
}

/* Lists the fields of a row's part in the order of its table, and returns their count. */
static size_t fields_of(enum audit_part part, const struct audit_row *row,
			struct field fields[FIELDS_MAX])
{
	size_t count = 0;

	switch (part) {
	case AUDIT_SUBJECT:
		fields[count++] = text(row->application);
		fields[count++] = text(row->principal);
		fields[count++] = text(row->user);
		fields[count++] = text(row->user_folded);
		fields[count++] = text(row->mechanism);
		break;
	case AUDIT_GROUP_SET:
		fields[count++] = list(&row->groups);
		fields[count++] = list(&row->deny_only_groups);
		break;
	case AUDIT_REQUEST:
		fields[count++] = number((uint64_t)row->kind);
		fields[count++] = text(row->action);
		fields[count++] = text(row->action_uri);
		fields[count++] = text(row->resource_uri);
		break;
	case AUDIT_CONTEXT: fields[count++] = text(row->context); break;
	case AUDIT_OUTCOME:
		fields[count++] = number(row->code);
		fields[count++] = number(row->administrator);
		fields[count++] = text(row->source);
		fields[count++] = text(row->extended);
		fields[count++] = number(row->policy_revision);
		fields[count++] = list(&row->policies);
		fields[count++] = list(&row->erring);
		break;
	case AUDIT_ORIGIN:
		fields[count++] = number(row->connection);
		fields[count++] = text(row->peer);
		fields[count++] = number(row->peer_pid);
		break;
	case AUDIT_PART_COUNT: break;
	}
	return count;
}

static size_t field_bytes(const struct field *field)
{
	size_t bytes = NUMBER_BYTES;

	if (field->type == FIELD_TEXT)
		return bytes + field->text.length;
	if (field->type == FIELD_LIST) {
		for (size_t i = 0; i < field->list->count; i++)
			bytes += NUMBER_BYTES + field->list->items[i].length;
	}
	return bytes;
}

static char *put_number(char *at, uint64_t value)
{
	/* Written out, because compilers then make one store of it. */
	const unsigned char bytes[NUMBER_BYTES] = {
		(unsigned char)value,         (unsigned char)(value >> 8),
		(unsigned char)(value >> 16), (unsigned char)(value >> 24),
		(unsigned char)(value >> 32), (unsigned char)(value >> 40),
		(unsigned char)(value >> 48), (unsigned char)(value >> 56),
	};

	memcpy(at, bytes, sizeof(bytes));
	return at + sizeof(bytes);
}

static char *put_text(char *at, struct str value)
{
	at = put_number(at, value.length);
	if (value.length != 0)
		memcpy(at, value.ptr, value.length);
	return at + value.length;
}

static char *put_list(char *at, const struct audit_list *list)
{
	at = put_number(at, list->count);
	for (size_t i = 0; i < list->count; i++)
		at = put_text(at, list->items[i]);
	return at;
}

void audit_part_write(enum audit_part part, const struct audit_row *row, struct buf *out)
{
	struct field fields[FIELDS_MAX];
	size_t count = fields_of(part, row, fields);
	size_t bytes = 1;
	char *at;

	for (size_t i = 0; i < count; i++)
		bytes += field_bytes(&fields[i]);
	at = buf_reserve(out, bytes);
	if (at == NULL)
		return;
	*at++ = (char)part;
	for (size_t i = 0; i < count; i++) {
		switch (fields[i].type) {
		case FIELD_TEXT: at = put_text(at, fields[i].text); break;
		case FIELD_NUMBER: at = put_number(at, fields[i].number); break;
		case FIELD_LIST: at = put_list(at, fields[i].list); break;
		}
	}
	buf_grow(out, bytes);
}

void audit_part_digest(struct str content, uint8_t digest[AUDIT_DIGEST_BYTES])
{
	crypto_generichash(digest, AUDIT_DIGEST_BYTES, (const unsigned char *)content.ptr,
			   content.length, NULL, 0);
}

#define PART_SQL(table, columns, values)                                                           \
	{                                                                                          \
		"SELECT ifnull(max(id), 0) FROM " table,                                           \
			"SELECT count(*) FROM " table " NOT INDEXED",                              \
			"SELECT id FROM " table " WHERE digest = ?1",                              \
			"INSERT INTO " table " (id, digest, " columns ") VALUES (?1, ?2, " values  \
			")",                                                                       \
			"SELECT id, digest, " columns " FROM " table " NOT INDEXED ORDER BY id"    \
	}

const struct audit_part_sql audit_part_sql[AUDIT_PART_COUNT] = {
	[AUDIT_SUBJECT] =
		PART_SQL("subject", "application, principal, user, user_folded, mechanism",
			 "?3, ?4, ?5, ?6, ?7"),
	[AUDIT_GROUP_SET] = PART_SQL("group_set", "groups, deny_only", "?3, ?4"),
	[AUDIT_REQUEST] =
		PART_SQL("request", "kind, action, action_uri, resource_uri", "?3, ?4, ?5, ?6"),
	[AUDIT_CONTEXT] = PART_SQL("context", "context", "?3"),
	[AUDIT_OUTCOME] = PART_SQL("outcome",
				   "code, administrator, source, extended, policy_revision, "
				   "policies, erring",
				   "?3, ?4, ?5, ?6, ?7, ?8, ?9"),
	[AUDIT_ORIGIN] = PART_SQL("origin", "connection, peer, peer_pid", "?3, ?4, ?5"),
};

void audit_part_bind(enum audit_part part, const struct audit_row *row, struct stmt *stmt,
		     struct buf lists[2])
{
	struct field fields[FIELDS_MAX];
	size_t count = fields_of(part, row, fields);

	for (size_t i = 0; i < count; i++) {
		int index = 3 + (int)i;
		switch (fields[i].type) {
		case FIELD_TEXT: stmt_bind_text(stmt, index, fields[i].text); break;
		case FIELD_NUMBER: stmt_bind_u64(stmt, index, fields[i].number); break;
		case FIELD_LIST:
			buf_clear(lists);
			text_list_write(lists, fields[i].list);
			stmt_bind_buf(stmt, index, lists++);
			break;
		}
	}
}

/* An integer column within bounds. */
static bool read_number(const struct stmt *stmt, int column, int64_t min, int64_t max,
			int64_t *value)
{
	*value = stmt_int(stmt, column);
	return *value >= min && *value <= max;
}

static enum error read_outcome(const struct stmt *stmt, struct arena *arena, struct audit_row *row)
{
	int64_t code, administrator;

	if (!read_number(stmt, 2, 0, UINT32_MAX, &code) ||
	    !read_number(stmt, 3, 0, 1, &administrator))
		return ERR_CORRUPT;
	row->code = (uint32_t)code;
	row->administrator = administrator != 0;
	row->source = stmt_bytes(stmt, 4);
	row->extended = stmt_bytes(stmt, 5);
	row->policy_revision = stmt_u64(stmt, 6);
	enum error error = text_list_read(arena, stmt_bytes(stmt, 7), &row->policies);
	return error == ERR_NONE ? text_list_read(arena, stmt_bytes(stmt, 8), &row->erring) : error;
}

static enum error read_groups(const struct stmt *stmt, struct arena *arena, struct audit_row *row)
{
	enum error error = text_list_read(arena, stmt_bytes(stmt, 2), &row->groups);

	return error == ERR_NONE
		       ? text_list_read(arena, stmt_bytes(stmt, 3), &row->deny_only_groups)
		       : error;
}

enum error audit_part_read(enum audit_part part, const struct stmt *stmt, struct arena *arena,
			   struct audit_row *row)
{
	int64_t kind;

	switch (part) {
	case AUDIT_SUBJECT:
		row->application = stmt_bytes(stmt, 2);
		row->principal = stmt_bytes(stmt, 3);
		row->user = stmt_bytes(stmt, 4);
		row->user_folded = stmt_bytes(stmt, 5);
		row->mechanism = stmt_bytes(stmt, 6);
		return ERR_NONE;
	case AUDIT_GROUP_SET: return read_groups(stmt, arena, row);
	case AUDIT_REQUEST:
		if (!read_number(stmt, 2, AUDIT_AUTHORIZE_USER, AUDIT_QUERY_QUOTA, &kind))
			return ERR_CORRUPT;
		row->kind = (enum audit_kind)kind;
		row->action = stmt_bytes(stmt, 3);
		row->action_uri = stmt_bytes(stmt, 4);
		row->resource_uri = stmt_bytes(stmt, 5);
		return ERR_NONE;
	case AUDIT_CONTEXT: row->context = stmt_bytes(stmt, 2); return ERR_NONE;
	case AUDIT_OUTCOME: return read_outcome(stmt, arena, row);
	case AUDIT_ORIGIN:
		row->connection = stmt_u64(stmt, 2);
		row->peer = stmt_bytes(stmt, 3);
		row->peer_pid = stmt_u64(stmt, 4);
		return ERR_NONE;
	case AUDIT_PART_COUNT: break;
	}
	return ERR_INTERNAL;
}
