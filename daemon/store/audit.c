#include "store/audit.h"

#include <string.h>

#include <sodium.h>

#include "base/mem.h"
#include "store/audit_part.h"
#include "store/audit_schema.h"
#include "store/chain.h"
#include "store/intern.h"
#include "store/segment_db.h"
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

static const char insert_event_sql[] =
	"INSERT INTO event (id, wall_us, boot_ms, kind, actor, detail, chain)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/* Where the segment stands, and whether it is sealed. */
static const char stand_sql[] =
	"SELECT max(ifnull((SELECT max(id) FROM decision), 0),"
	" ifnull((SELECT max(id) FROM event), 0)), EXISTS (SELECT 1 FROM seal)";

/* The statements of one part's table. */
struct part_table {
	struct stmt find, insert;
	int64_t last_id;
};

struct audit {
	struct db db;
	uint32_t number;
	int64_t begun_us;
	uint64_t base_id; /* the last id of the segments before */
	bool has_begun;   /* else rows would not know what they follow */
	struct stmt insert, insert_event, stand;
	struct part_table parts[AUDIT_PART_COUNT];
	struct intern known;
	struct audit_head head;
	struct buf content;  /* of the part at hand */
	struct buf lists[2]; /* of the part at hand, as JSON */
};

static bool event_fits(const struct audit_event *event)
{
	return event->kind.length <= AUDIT_EVENT_KIND_MAX_BYTES &&
	       event->actor.length <= AUDIT_ROW_MAX_BYTES &&
	       event->detail.length <= AUDIT_ROW_MAX_BYTES - event->actor.length;
}

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

	if (row->event != NULL)
		return event_fits(row->event);
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

static enum error prepare(struct audit *audit, struct buf *why)
{
	enum error error = stmt_prepare(&audit->insert, &audit->db, insert_sql);

	if (error == ERR_NONE)
		error = stmt_prepare(&audit->insert_event, &audit->db, insert_event_sql);
	if (error == ERR_NONE)
		error = stmt_prepare(&audit->stand, &audit->db, stand_sql);
	for (int part = 0; error == ERR_NONE && part < AUDIT_PART_COUNT; part++)
		error = prepare_part(audit, (enum audit_part)part);
	if (error != ERR_NONE)
		buf_printf(why, "audit segment: %s: %s", error_text(error), audit->db.failure);
	return error;
}

static struct audit *new_audit(const struct store_env *env)
{
	struct audit *audit = mem_calloc(1, sizeof(*audit));

	if (audit == NULL)
		return NULL;
	intern_init(&audit->known, env->hash_key, CACHE_ENTRIES, CACHE_BYTES);
	buf_init(&audit->content, CONTENT_MAX_BYTES);
	buf_init(&audit->lists[0], LIST_MAX_BYTES);
	buf_init(&audit->lists[1], LIST_MAX_BYTES);
	return audit;
}

/* Opens one segment, whether it has begun or not. */
static enum error open_segment(const char *directory, uint32_t number, const struct store_env *env,
			       enum db_mode mode, struct audit **out, struct segment *segment,
			       struct buf *why)
{
	struct audit *audit = new_audit(env);
	size_t said = why->length;

	if (audit == NULL)
		return ERR_NO_MEMORY;
	audit->number = number;
	enum error error = sodium_init() >= 0 ? ERR_NONE : ERR_INTERNAL;
	if (error == ERR_NONE)
		error = audit_open_segment(directory, number, env, mode, &audit->db, why);
	if (error == ERR_NONE)
		error = segment_describe(&audit->db, number, segment, &audit->has_begun);
	if (error == ERR_NONE) {
		audit->head = segment->head;
		audit->base_id = segment->before.decision_id;
		audit->begun_us = segment->begun_us != 0 ? segment->begun_us : segment->first_us;
		if (audit->has_begun)
			db_silence_triggers(&audit->db);
		error = prepare(audit, why);
	}
	if (error != ERR_NONE && why->length == said)
		buf_printf(why, "audit segment %u: %s: %s", (unsigned)number, error_text(error),
			   audit->db.failure);
	if (error != ERR_NONE)
		audit_close(audit);
	else
		*out = audit;
	return error;
}

enum error audit_prepare_next(const char *directory, const struct store_env *env, uint32_t number,
			      struct audit **out, struct buf *why)
{
	struct segment segment;
	struct audit *next;

	if (number >= SEGMENT_NUMBER_MAX) {
		buf_printf(why, "there are %u audit segments, and there can be no more",
			   (unsigned)number);
		return ERR_LIMIT;
	}
	enum error error = open_segment(directory, number + 1, env, DB_WRITE, &next, &segment, why);
	if (error != ERR_NONE)
		return error;
	if (next->has_begun) {
		buf_printf(why, "audit segment %u has begun already", (unsigned)number + 1);
		audit_close(next);
		return ERR_EXISTS;
	}
	*out = next;
	return ERR_NONE;
}

static enum error insert_beginning(struct audit *audit, const struct audit_head *head,
				   int64_t wall_us)
{
	struct stmt stmt;
	enum error error = stmt_prepare(&stmt, &audit->db,
					"INSERT INTO beginning"
					" (id, number, base_id, base_chain, begun_us)"
					" VALUES (1, ?1, ?2, ?3, ?4)");

	if (error == ERR_NONE) {
		stmt_bind_int(&stmt, 1, audit->number);
		stmt_bind_u64(&stmt, 2, head->decision_id);
		stmt_bind_blob(&stmt, 3, head->chain, AUDIT_CHAIN_BYTES);
		stmt_bind_int(&stmt, 4, wall_us);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

/* Notes where the chain stands, which makes the segment one. */
static enum error begin(struct audit *audit, const struct audit_head *head, int64_t wall_us)
{
	enum error error = db_begin(&audit->db);

	if (error != ERR_NONE)
		return error;
	error = insert_beginning(audit, head, wall_us);
	if (error != ERR_NONE) {
		db_rollback(&audit->db);
		return error;
	}
	error = db_commit(&audit->db);
	if (error != ERR_NONE)
		return error;
	db_silence_triggers(&audit->db);
	audit->head = *head;
	audit->base_id = head->decision_id;
	audit->begun_us = wall_us;
	audit->has_begun = true;
	return ERR_NONE;
}

enum error audit_rotate(struct audit *audit, struct audit *next, int64_t wall_us)
{
	if (audit->db.broken != ERR_NONE)
		return audit->db.broken;
	if (next->number != audit->number + 1)
		return ERR_INVALID;
	enum error error = begin(next, &audit->head, wall_us);
	/* Whether it has begun shows only when it is opened again. Until then nothing may be added
	 * to a segment that others may take for ended. */
	if (error != ERR_NONE && next->db.broken != ERR_NONE) {
		audit->db.broken = next->db.broken;
		memcpy(audit->db.failure, next->db.failure, sizeof(audit->db.failure));
	}
	return error;
}

/* Whether the segment is sealed, which must be known before it is opened for writing. What keeps
 * it from being read is for the opening that follows to tell, but for a lack of memory. */
static enum error find_sealed(const char *directory, uint32_t number, const struct store_env *env,
			      struct segment *out, bool *is_sealed, struct buf *why)
{
	size_t said = why->length;
	bool has_begun;
	struct db db;
	enum error error = audit_open_segment(directory, number, env, DB_READ, &db, why);

	if (error == ERR_NONE) {
		error = segment_describe(&db, number, out, &has_begun);
		if (error == ERR_NO_MEMORY)
			buf_printf(why, "audit segment %u: %s", (unsigned)number, db.failure);
		db_close(&db);
	}
	*is_sealed = error == ERR_NONE && out->state == SEGMENT_SEALED;
	if (error == ERR_NO_MEMORY)
		return error;
	why->length = said;
	return ERR_NONE;
}

/* Begins the segment behind one that was sealed. */
static enum error follow(const char *directory, const struct segment *sealed,
			 const struct store_env *env, struct audit **out, struct buf *why)
{
	struct audit *audit;
	enum error error = audit_prepare_next(directory, env, sealed->number, &audit, why);

	if (error != ERR_NONE)
		return error;
	error = begin(audit, &sealed->head, sealed->sealed_us);
	if (error != ERR_NONE) {
		buf_printf(why, "audit segment %u: %s: %s", (unsigned)audit->number,
			   error_text(error), audit->db.failure);
		audit_close(audit);
		return error;
	}
	*out = audit;
	return ERR_NONE;
}

/* Opens segment `number`, which may not have begun, or the one behind it when it is sealed. The
 * first one is not looked at twice: it is sealed and the newest only after somebody took the others
 * away. */
static enum error open_newest(const char *directory, uint32_t number, const struct store_env *env,
			      enum db_mode mode, struct audit **out, struct buf *why)
{
	struct segment segment;
	struct audit *audit;
	bool is_sealed = false;
	enum error error = ERR_NONE;

	if (number > 1)
		error = find_sealed(directory, number, env, &segment, &is_sealed, why);
	if (error == ERR_NONE && !is_sealed) {
		error = open_segment(directory, number, env, mode, &audit, &segment, why);
		if (error == ERR_NONE && segment.state != SEGMENT_SEALED) {
			*out = audit;
			return ERR_NONE;
		}
		if (error == ERR_NONE)
			audit_close(audit);
	}
	return error == ERR_NONE ? follow(directory, &segment, env, out, why) : error;
}

/* The segment that rows go to, when the newest is `number`. */
static enum error open_live(const char *directory, uint32_t number, const struct store_env *env,
			    enum db_mode mode, struct audit **out, struct buf *why)
{
	struct audit *audit;
	enum error error = open_newest(directory, number, env, mode, &audit, why);

	if (error != ERR_NONE)
		return error;
	if (audit->has_begun) {
		*out = audit;
		return ERR_NONE;
	}
	/* It was prepared, and its time has not come. */
	audit_close(audit);
	return open_newest(directory, number - 1, env, mode, out, why);
}

enum error audit_open(const char *directory, const struct store_env *env, bool check,
		      struct audit **out, struct buf *why)
{
	enum db_mode mode = check ? DB_WRITE_CHECK : DB_WRITE;
	struct segment_numbers numbers = {0};
	enum error error = segment_numbers_read(&numbers, directory, env);
	struct segment segment;

	if (error != ERR_NONE)
		buf_printf(why, "%s: %s", directory, error_text(error));
	else if (numbers.count == 0)
		error = open_segment(directory, 1, env, mode, out, &segment, why);
	else
		error = open_live(directory, numbers.items[numbers.count - 1], env, mode, out, why);
	segment_numbers_deinit(&numbers);
	return error;
}

void audit_close(struct audit *audit)
{
	if (audit == NULL)
		return;
	stmt_finish(&audit->insert);
	stmt_finish(&audit->insert_event);
	stmt_finish(&audit->stand);
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

static enum error append_event(struct audit *audit, const struct audit_row *row, uint64_t id)
{
	struct stmt *insert = &audit->insert_event;

	chain_advance_event(&audit->head, row, id);
	stmt_bind_u64(insert, 1, id);
	stmt_bind_int(insert, 2, row->wall_us);
	stmt_bind_int(insert, 3, row->boot_ms);
	stmt_bind_text(insert, 4, row->event->kind);
	stmt_bind_text(insert, 5, row->event->actor);
	stmt_bind_text(insert, 6, row->event->detail);
	stmt_bind_blob(insert, 7, audit->head.chain, AUDIT_CHAIN_BYTES);
	return stmt_run(insert);
}

static enum error append_decision(struct audit *audit, const struct audit_row *row, uint64_t id)
{
	struct audit_digests digests;
	int64_t part_ids[AUDIT_PART_COUNT];
	struct stmt *insert = &audit->insert;

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

/* Writes one row and moves the head on to it. */
static enum error append_row(struct audit *audit, const struct audit_row *row)
{
	uint64_t id = row->decision_id != 0 ? row->decision_id : audit->head.decision_id + 1;

	if (id <= audit->head.decision_id || id > INT64_MAX)
		return ERR_INVALID;
	return row->event != NULL ? append_event(audit, row, id) : append_decision(audit, row, id);
}

/* What the triggers of the schema ask at each row takes as long as the row, so that it is asked once
 * for all rows of a transaction: the last row is the one we know, and the segment is not sealed. That
 * ids grow from there on is seen to by append_row(). */
static enum error check_stand(struct audit *audit)
{
	uint64_t known = audit->head.decision_id != audit->base_id ? audit->head.decision_id : 0;
	struct stmt *stand = &audit->stand;
	bool found;
	enum error error = stmt_step(stand, &found);

	if (error != ERR_NONE)
		return error;
	if (stmt_u64(stand, 0) != known || stmt_int(stand, 1) != 0)
		error = db_break(&audit->db, ERR_CORRUPT,
				 "somebody else added rows to the live segment, removed some, or "
				 "sealed it");
	stmt_reset(stand);
	return error;
}

static enum error append_rows(struct audit *audit, const struct audit_row *rows, size_t count)
{
	enum error error = db_begin(&audit->db);

	if (error != ERR_NONE)
		return error;
	error = check_stand(audit);
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
	if (!audit->has_begun)
		return ERR_INVALID;
	if (count == 0)
		return ERR_NONE;
	for (size_t i = 0; i < count; i++) {
		if (!audit_row_fits(&rows[i]))
			return ERR_LIMIT;
	}
	struct before_batch before = remember(audit);
	enum error error = append_rows(audit, rows, count);
	if (error == ERR_NONE && audit->begun_us == 0)
		audit->begun_us = rows[0].wall_us;
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

uint32_t audit_segment_number(const struct audit *audit)
{
	return audit->number;
}

uint64_t audit_segment_rows(const struct audit *audit)
{
	return audit->head.decision_id - audit->base_id;
}

int64_t audit_segment_begun_us(const struct audit *audit)
{
	return audit->begun_us;
}
