#include "store/audit.h"

#include <string.h>

#include <sodium.h>

#include "base/mem.h"
#include "store/audit_part.h"
#include "store/audit_schema.h"
#include "store/chain.h"
#include "store/intern.h"
#include "store/stmt.h"

enum {
	/* Contents kept at hand: enough for the sessions of a large installation, small enough not
	 * to matter beside SQLite's own cache. */
	CACHE_ENTRIES = 32 * 1024,
	CACHE_BYTES = 16 * 1024 * 1024,
	/* Escaped, a byte of a list item takes six, and an item three more. */
	LIST_MAX_BYTES = 6 * AUDIT_ROW_MAX_BYTES,
	/* Each text is preceded by its length. */
	CONTENT_MAX_BYTES = 5 * AUDIT_ROW_MAX_BYTES,
	ITEM_COST_BYTES = 2,
};

static const char insert_sql[] =
	"INSERT INTO decision (id, wall_us, boot_ms, utc_offset_minutes, subject, group_set,"
	" request, context, outcome, origin, verdict, record_id, latency_us, relaxed, chain)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

/* The statements of one part's table. */
struct part_table {
	struct stmt find, insert;
	int64_t last_id;
};

struct audit {
	struct db db;
	struct stmt insert;
	struct part_table parts[AUDIT_PART_COUNT];
	struct intern known;
	struct audit_head head;
	struct buf content;  /* of the part at hand */
	struct buf lists[2]; /* of the part at hand, as JSON */
};

bool audit_row_fits(const struct audit_row *row)
{
	const struct str texts[] = {
		row->application, row->principal, row->user,       row->user_folded,
		row->mechanism,   row->action,    row->action_uri, row->resource_uri,
		row->context,     row->source,    row->extended,   row->peer,
	};
	const struct audit_list *lists[] = {&row->groups, &row->deny_only_groups, &row->policies,
					    &row->erring};
	size_t left = AUDIT_ROW_MAX_BYTES;

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (texts[i].length > left)
			return false;
		left -= texts[i].length;
	}
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		for (size_t j = 0; j < lists[i]->count; j++) {
			size_t length = lists[i]->items[j].length;
			if (left < ITEM_COST_BYTES || length > left - ITEM_COST_BYTES)
				return false;
			left -= length + ITEM_COST_BYTES;
		}
	}
	return true;
}

/* Opening. */

static enum error prepare_part(struct audit *audit, enum audit_part part)
{
	struct part_table *table = &audit->parts[part];
	enum error error = db_get_int(&audit->db, audit_part_sql[part].last_id, &table->last_id);

	if (error == ERR_NONE && (table->last_id < 0 || table->last_id == INT64_MAX))
		error = ERR_CORRUPT;
	if (error == ERR_NONE)
		error = stmt_prepare(&table->find, &audit->db, audit_part_sql[part].find);
	if (error == ERR_NONE)
		error = stmt_prepare(&table->insert, &audit->db, audit_part_sql[part].insert);
	return error;
}

static enum error read_head(struct audit *audit)
{
	struct stmt last;
	bool row = false;
	enum error error = stmt_prepare(&last, &audit->db,
					"SELECT id, chain FROM decision ORDER BY id DESC LIMIT 1");

	if (error == ERR_NONE)
		error = stmt_step(&last, &row);
	if (error == ERR_NONE && row) {
		audit->head.decision_id = stmt_u64(&last, 0);
		if (stmt_int(&last, 0) <= 0 ||
		    !stmt_copy_blob(&last, 1, audit->head.chain, AUDIT_CHAIN_BYTES))
			error = ERR_CORRUPT;
	}
	stmt_finish(&last);
	return error;
}

static enum error prepare(struct audit *audit, struct buf *why)
{
	enum error error = stmt_prepare(&audit->insert, &audit->db, insert_sql);

	for (int part = 0; error == ERR_NONE && part < AUDIT_PART_COUNT; part++)
		error = prepare_part(audit, (enum audit_part)part);
	if (error == ERR_NONE)
		error = read_head(audit);
	if (error != ERR_NONE)
		buf_printf(why, "audit segment: %s: %s", error_text(error), audit->db.failure);
	return error;
}

enum error audit_open(const char *directory, const struct store_env *env, bool check,
		      struct audit **out, struct buf *why)
{
	enum db_mode mode = check ? DB_WRITE_CHECK : DB_WRITE;
	struct audit *audit = mem_calloc(1, sizeof(*audit));

	if (audit == NULL)
		return ERR_NO_MEMORY;
	intern_init(&audit->known, env->hash_key, CACHE_ENTRIES, CACHE_BYTES);
	buf_init(&audit->content, CONTENT_MAX_BYTES);
	buf_init(&audit->lists[0], LIST_MAX_BYTES);
	buf_init(&audit->lists[1], LIST_MAX_BYTES);
	enum error error = sodium_init() >= 0 ? ERR_NONE : ERR_INTERNAL;
	if (error == ERR_NONE)
		error = audit_open_segment(directory, env, mode, &audit->db, why);
	if (error == ERR_NONE)
		error = prepare(audit, why);
	if (error != ERR_NONE)
		audit_close(audit);
	else
		*out = audit;
	return error;
}

void audit_close(struct audit *audit)
{
	if (audit == NULL)
		return;
	stmt_finish(&audit->insert);
	for (int part = 0; part < AUDIT_PART_COUNT; part++) {
		stmt_finish(&audit->parts[part].find);
		stmt_finish(&audit->parts[part].insert);
	}
	db_close(&audit->db);
	intern_deinit(&audit->known);
	buf_deinit(&audit->content);
	buf_deinit(&audit->lists[0]);
	buf_deinit(&audit->lists[1]);
	mem_free(audit);
}

/* Appending. */

/* Looks the digest up, and adds the content under a new id where it is new. */
static enum error find_or_insert(struct audit *audit, enum audit_part part,
				 const struct audit_row *row, struct intern_value *value)
{
	struct part_table *table = &audit->parts[part];
	bool found;

	stmt_bind_blob(&table->find, 1, value->digest, AUDIT_DIGEST_BYTES);
	enum error error = stmt_step(&table->find, &found);
	if (error != ERR_NONE)
		return error;
	if (found) {
		/* 192 bits of equal digest are equal content. */
		value->id = stmt_int(&table->find, 0);
		stmt_reset(&table->find);
		return ERR_NONE;
	}
	value->id = table->last_id + 1;
	stmt_bind_int(&table->insert, 1, value->id);
	stmt_bind_blob(&table->insert, 2, value->digest, AUDIT_DIGEST_BYTES);
	audit_part_bind(part, row, &table->insert, audit->lists);
	error = stmt_run(&table->insert);
	if (error == ERR_NONE)
		table->last_id = value->id;
	return error;
}

static enum error intern_part(struct audit *audit, enum audit_part part,
			      const struct audit_row *row, struct intern_value *value)
{
	buf_clear(&audit->content);
	audit_part_write(part, row, &audit->content);
	if (audit->content.failed != ERR_NONE)
		return audit->content.failed;
	struct str content = buf_str(&audit->content);
	const struct intern_value *known = intern_find(&audit->known, content);
	if (known != NULL) {
		*value = *known;
		return ERR_NONE;
	}
	audit_part_digest(content, value->digest);
	enum error error = find_or_insert(audit, part, row, value);
	return error == ERR_NONE ? intern_put(&audit->known, content, value) : error;
}

static void bind_record_id(struct stmt *insert, int index, const struct audit_row *row)
{
	static const uint8_t none[AUDIT_RECORD_ID_BYTES];

	if (memcmp(row->record_id, none, sizeof(none)) == 0)
		stmt_bind_null(insert, index);
	else
		stmt_bind_blob(insert, index, row->record_id, sizeof(row->record_id));
}

/* Writes one row and moves the head on to it. */
static enum error append_row(struct audit *audit, const struct audit_row *row)
{
	uint64_t id = row->decision_id != 0 ? row->decision_id : audit->head.decision_id + 1;
	struct audit_digests digests;
	int64_t part_ids[AUDIT_PART_COUNT];
	struct stmt *insert = &audit->insert;

	if (id <= audit->head.decision_id || id > INT64_MAX)
		return ERR_INVALID;
	for (int part = 0; part < AUDIT_PART_COUNT; part++) {
		struct intern_value value;
		enum error error = intern_part(audit, (enum audit_part)part, row, &value);
		if (error != ERR_NONE)
			return error;
		memcpy(digests.of[part], value.digest, AUDIT_DIGEST_BYTES);
		part_ids[part] = value.id;
	}
	chain_advance(&audit->head, row, id, &digests);
	stmt_bind_u64(insert, 1, id);
	stmt_bind_int(insert, 2, row->wall_us);
	stmt_bind_int(insert, 3, row->boot_ms);
	stmt_bind_int(insert, 4, row->utc_offset_minutes);
	for (int part = 0; part < AUDIT_PART_COUNT; part++)
		stmt_bind_int(insert, 5 + part, part_ids[part]);
	stmt_bind_int(insert, 11, (int64_t)row->verdict);
	bind_record_id(insert, 12, row);
	stmt_bind_u64(insert, 13, row->latency_us);
	stmt_bind_int(insert, 14, row->relaxed);
	stmt_bind_blob(insert, 15, audit->head.chain, AUDIT_CHAIN_BYTES);
	return stmt_run(insert);
}

static enum error append_rows(struct audit *audit, const struct audit_row *rows, size_t count)
{
	enum error error = db_begin(&audit->db);

	if (error != ERR_NONE)
		return error;
	for (size_t i = 0; error == ERR_NONE && i < count; i++)
		error = append_row(audit, &rows[i]);
	if (error == ERR_NONE)
		return db_commit(&audit->db);
	db_rollback(&audit->db);
	return error;
}

/* What memory knows of a batch that did not happen is forgotten with it. */
struct before_batch {
	struct audit_head head;
	int64_t last_ids[AUDIT_PART_COUNT];
};

static struct before_batch remember(const struct audit *audit)
{
	struct before_batch before = {.head = audit->head};

	for (int part = 0; part < AUDIT_PART_COUNT; part++)
		before.last_ids[part] = audit->parts[part].last_id;
	return before;
}

static void go_back(struct audit *audit, const struct before_batch *before)
{
	audit->head = before->head;
	for (int part = 0; part < AUDIT_PART_COUNT; part++)
		audit->parts[part].last_id = before->last_ids[part];
	intern_clear(&audit->known);
}

enum error audit_append(struct audit *audit, const struct audit_row *rows, size_t count,
			uint64_t *first_id)
{
	if (audit->db.broken != ERR_NONE)
		return audit->db.broken;
	if (count == 0)
		return ERR_NONE;
	for (size_t i = 0; i < count; i++) {
		if (!audit_row_fits(&rows[i]))
			return ERR_LIMIT;
	}
	struct before_batch before = remember(audit);
	enum error error = append_rows(audit, rows, count);
	if (error != ERR_NONE)
		go_back(audit, &before);
	else
		*first_id = rows[0].decision_id != 0 ? rows[0].decision_id
						     : before.head.decision_id + 1;
	return error;
}

const char *audit_failure_text(const struct audit *audit)
{
	return audit->db.failure;
}

struct audit_head audit_head(const struct audit *audit)
{
	return audit->head;
}
