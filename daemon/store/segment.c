#include "store/segment.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "base/mem.h"
#include "base/sort.h"
#include "store/migrate.h"
#include "store/segment_db.h"
#include "store/stmt.h"

void segment_name(uint32_t number, char out[SEGMENT_NAME_BYTES])
{
	assert(number >= 1 && number <= SEGMENT_NUMBER_MAX);
	snprintf(out, SEGMENT_NAME_BYTES, "audit-%06u.db", (unsigned)(number % 1000000));
}

uint32_t segment_number(const char *name)
{
	char same[SEGMENT_NAME_BYTES];
	uint32_t number = 0;

	if (strncmp(name, "audit-", 6) != 0)
		return 0;
	for (size_t i = 6; i < 12; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		number = number * 10 + (uint32_t)(name[i] - '0');
	}
	if (number == 0)
		return 0;
	segment_name(number, same);
	return strcmp(name, same) == 0 ? number : 0;
}

/* Which numbers there are. */

static enum error add_number(void *arg, const char *name)
{
	struct segment_numbers *numbers = arg;
	uint32_t number = segment_number(name);

	if (number == 0)
		return ERR_NONE;
	if (numbers->count == numbers->capacity) {
		size_t capacity = numbers->capacity != 0 ? numbers->capacity * 2 : 16;
		uint32_t *items = mem_resize(numbers->items, capacity, sizeof(*items));
		if (items == NULL)
			return ERR_NO_MEMORY;
		numbers->items = items;
		numbers->capacity = capacity;
	}
	numbers->items[numbers->count++] = number;
	return ERR_NONE;
}

enum error segment_numbers_read(struct segment_numbers *numbers, const char *directory,
				const struct store_env *env)
{
	if (env->list_names == NULL)
		return ERR_INTERNAL;
	numbers->count = 0;
	enum error error = env->list_names(directory, add_number, numbers);
	if (error == ERR_NONE)
		sort_u32(numbers->items, numbers->count);
	return error;
}

void segment_numbers_deinit(struct segment_numbers *numbers)
{
	mem_free(numbers->items);
	*numbers = (struct segment_numbers){0};
}

/* What a segment says of itself. */

static enum error read_beginning(struct db *db, struct segment *segment, bool *has_begun)
{
	struct stmt stmt;
	bool row = false;
	enum error error = stmt_prepare(&stmt, db,
					"SELECT number, base_id, base_chain, begun_us"
					" FROM beginning WHERE id = 1");

	if (error == ERR_NONE)
		error = stmt_step(&stmt, &row);
	if (error == ERR_NONE && row) {
		segment->before.decision_id = stmt_u64(&stmt, 1);
		segment->begun_us = stmt_int(&stmt, 3);
		if (stmt_int(&stmt, 0) != segment->number || stmt_int(&stmt, 1) < 0 ||
		    !stmt_copy_blob(&stmt, 2, segment->before.chain, AUDIT_CHAIN_BYTES))
			error = ERR_CORRUPT;
	}
	stmt_finish(&stmt);
	*has_begun = row;
	return error;
}

/* The first or last row of decisions and events. */
static enum error read_end(struct db *db, bool is_first, uint64_t *id, int64_t *wall_us,
			   uint8_t chain[AUDIT_CHAIN_BYTES])
{
	static const char first[] =
		"SELECT * FROM (SELECT id, wall_us, chain FROM decision ORDER BY id LIMIT 1)"
		" UNION ALL SELECT * FROM (SELECT id, wall_us, chain FROM event ORDER BY id LIMIT "
		"1)"
		" ORDER BY 1 LIMIT 1";
	static const char last[] =
		"SELECT * FROM (SELECT id, wall_us, chain FROM decision ORDER BY id DESC LIMIT 1)"
		" UNION ALL"
		" SELECT * FROM (SELECT id, wall_us, chain FROM event ORDER BY id DESC LIMIT 1)"
		" ORDER BY 1 DESC LIMIT 1";
	struct stmt stmt;
	bool row = false;
	enum error error = stmt_prepare(&stmt, db, is_first ? first : last);

	if (error == ERR_NONE)
		error = stmt_step(&stmt, &row);
	if (error == ERR_NONE && row) {
		*id = stmt_u64(&stmt, 0);
		*wall_us = stmt_int(&stmt, 1);
		if (stmt_int(&stmt, 0) <= 0 || !stmt_copy_blob(&stmt, 2, chain, AUDIT_CHAIN_BYTES))
			error = ERR_CORRUPT;
	}
	stmt_finish(&stmt);
	return error;
}

static enum error read_ends(struct db *db, struct segment *segment)
{
	uint8_t first_chain[AUDIT_CHAIN_BYTES];
	enum error error = read_end(db, true, &segment->first_id, &segment->first_us, first_chain);

	segment->head = segment->before;
	if (error == ERR_NONE)
		error = read_end(db, false, &segment->last_id, &segment->last_us,
				 segment->head.chain);
	if (segment->last_id != 0)
		segment->head.decision_id = segment->last_id;
	return error;
}

static enum error read_seal(struct db *db, struct segment *segment)
{
	struct stmt stmt;
	bool row = false;
	enum error error = stmt_prepare(&stmt, db,
					"SELECT sealed_us, first_id, last_id, decision_count,"
					" event_count, first_us, last_us, chain, public_key,"
					" signature FROM seal WHERE id = 1");

	if (error == ERR_NONE)
		error = stmt_step(&stmt, &row);
	if (error == ERR_NONE && row) {
		segment->state = SEGMENT_SEALED;
		segment->sealed_us = stmt_int(&stmt, 0);
		segment->first_id = stmt_u64(&stmt, 1);
		segment->last_id = segment->head.decision_id = stmt_u64(&stmt, 2);
		segment->decision_count = stmt_u64(&stmt, 3);
		segment->event_count = stmt_u64(&stmt, 4);
		segment->first_us = stmt_int(&stmt, 5);
		segment->last_us = stmt_int(&stmt, 6);
		if (!stmt_copy_blob(&stmt, 7, segment->head.chain, AUDIT_CHAIN_BYTES))
			error = ERR_CORRUPT;
		segment->is_signed =
			stmt_copy_blob(&stmt, 8, segment->public_key, SEGMENT_KEY_BYTES) &&
			stmt_copy_blob(&stmt, 9, segment->signature, SEGMENT_SIGNATURE_BYTES);
	}
	stmt_finish(&stmt);
	return error;
}

/* By the index of schema/audit/0003-delivered.sql. */
static enum error read_undelivered(struct db *db, struct segment *segment)
{
	int64_t id = 0;
	enum error error = db_get_int(db,
				      "SELECT ifnull(min(CAST(substr(detail, 16) AS INTEGER)), 0)"
				      " FROM event WHERE kind = 'decision.undelivered'"
				      " AND CAST(substr(detail, 16) AS INTEGER) > 0",
				      &id);

	segment->undelivered_id = (uint64_t)id;
	segment->knows_undelivered = error == ERR_NONE;
	return error;
}

static enum error read_segment(struct db *db, struct segment *segment, bool *has_begun)
{
	bool has_indexes = false;
	enum error error = read_beginning(db, segment, has_begun);

	if (error == ERR_NONE)
		error = read_seal(db, segment);
	if (error == ERR_NONE)
		error = migrate_find_sealed(db, &has_indexes);
	/* One transaction makes the seal and the indexes. */
	if (error == ERR_NONE && has_indexes != (segment->state == SEGMENT_SEALED))
		error = ERR_CORRUPT;
	if (error == ERR_NONE && segment->state != SEGMENT_SEALED)
		error = read_ends(db, segment);
	else if (error == ERR_NONE)
		error = read_undelivered(db, segment);
	return error == ERR_NONE ? db_file_bytes(db, &segment->file_bytes) : error;
}

enum error segment_describe(struct db *db, uint32_t number, struct segment *out, bool *has_begun)
{
	struct segment segment = {.number = number, .state = SEGMENT_CLOSED};
	/* One moment: rows may be added, and the seal, while a reader looks. */
	enum error error = db_begin_read(db);

	if (error != ERR_NONE)
		return error;
	error = read_segment(db, &segment, has_begun);
	/* Schema version 1 knew one segment only. */
	*has_begun |= number == 1 || segment.last_id != 0;
	if (error == ERR_NONE)
		error = db_end_read(db);
	if (error == ERR_NONE)
		*out = segment;
	else
		db_rollback(db);
	return error;
}

/* The list. */

static enum error describe_file(struct open_segments *open, uint32_t number, struct segment *out,
				bool *has_begun, struct buf *why)
{
	size_t said = why->length;
	struct db *db;
	enum error error = open_segments_use(open, number, &db, why);

	if (error != ERR_NONE)
		return error;
	error = segment_describe(db, number, out, has_begun);
	if (error != ERR_NONE && why->length == said)
		buf_printf(why, "audit segment %u: %s: %s", (unsigned)number, error_text(error),
			   db->failure);
	return error;
}

static const struct segment *find_sealed(const struct segment_list *list, uint32_t number)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].number == number && list->items[i].state == SEGMENT_SEALED)
			return &list->items[i];
	}
	return NULL;
}

/* Fills the zeroed `list` with what is known or can be read of each number. */
static enum error describe_all(struct segment_list *list, const struct segment_list *known,
			       const struct segment_numbers *numbers, struct open_segments *open,
			       struct buf *why)
{
	for (size_t i = 0; i < numbers->count; i++) {
		const struct segment *sealed = find_sealed(known, numbers->items[i]);
		struct segment *segment = &list->items[list->count];
		bool has_begun = true;
		size_t said = why->length;

		if (sealed != NULL) {
			*segment = *sealed;
		} else {
			enum error error =
				describe_file(open, numbers->items[i], segment, &has_begun, why);
			if (error == ERR_NOT_FOUND) {
				/* Retention was faster. */
				why->length = said;
				continue;
			}
			if (error != ERR_NONE)
				return error;
		}
		list->count += has_begun;
	}
	if (list->count != 0 && list->items[list->count - 1].state == SEGMENT_CLOSED)
		list->items[list->count - 1].state = SEGMENT_LIVE;
	return ERR_NONE;
}

enum error segment_list_refresh(struct segment_list *list, struct open_segments *open,
				struct buf *why)
{
	struct segment_numbers numbers = {0};
	struct segment_list fresh = {0};
	size_t said = why->length;
	enum error error = segment_numbers_read(&numbers, open->directory, open->env);

	if (error == ERR_NONE) {
		fresh.items = mem_calloc(numbers.count + 1, sizeof(*fresh.items));
		if (fresh.items == NULL)
			error = ERR_NO_MEMORY;
	}
	if (error == ERR_NONE)
		error = describe_all(&fresh, list, &numbers, open, why);
	if (error != ERR_NONE && why->length == said)
		buf_printf(why, "%s: %s", open->directory, error_text(error));
	segment_numbers_deinit(&numbers);
	segment_list_deinit(error == ERR_NONE ? list : &fresh);
	if (error == ERR_NONE)
		*list = fresh;
	return error;
}

enum error segment_list_read(struct segment_list *list, const char *directory,
			     const struct store_env *env, struct buf *why)
{
	struct open_segments open;

	open_segments_init(&open, directory, env, NULL);
	enum error error = segment_list_refresh(list, &open, why);
	open_segments_deinit(&open);
	return error;
}

void segment_list_deinit(struct segment_list *list)
{
	mem_free(list->items);
	*list = (struct segment_list){0};
}

size_t segment_list_find(const struct segment_list *list, uint64_t id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (id >= list->items[i].first_id && id <= list->items[i].last_id)
			return i;
	}
	return list->count;
}

/* A file that goes with a database, and what it is to be called. */
struct renaming {
	struct buf from, to;
};

static enum error name_files(struct renaming *renaming, const char *directory, const char *name,
			     const char *aside, const char *ending)
{
	buf_printf(&renaming->from, "%s/%s%s", directory, name, ending);
	buf_printf(&renaming->to, "%s/%s%s", directory, aside, ending);
	(void)buf_text(&renaming->from);
	(void)buf_text(&renaming->to);
	return renaming->from.failed != ERR_NONE ? renaming->from.failed : renaming->to.failed;
}

/* The database must be there, the others may be. */
static enum error rename_files(struct renaming *renamings, size_t count)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	if (vfs == NULL)
		return ERR_INTERNAL;
	for (size_t i = 0; i < count; i++) {
		const char *from = buf_text(&renamings[i].from), *to = buf_text(&renamings[i].to);
		int exists = 1;

		if (i != 0 &&
		    vfs->xAccess(vfs, from, SQLITE_ACCESS_READWRITE, &exists) != SQLITE_OK)
			return ERR_IO;
		if (exists && rename(from, to) != 0)
			return ERR_IO;
	}
	return ERR_NONE;
}

enum error segment_set_aside(const char *directory, const struct store_env *env, int64_t wall_us,
			     struct buf *name)
{
	/* The log behind its database, without which nobody plays it back. */
	static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
	struct renaming renamings[ARRAY_COUNT(endings)];
	struct segment_numbers numbers = {0};
	char from[SEGMENT_NAME_BYTES];
	enum error error = segment_numbers_read(&numbers, directory, env);

	if (error == ERR_NONE && numbers.count == 0)
		error = ERR_NOT_FOUND;
	if (error == ERR_NONE) {
		segment_name(numbers.items[numbers.count - 1], from);
		buf_clear(name);
		buf_printf(name, "%s.aside-%lld", from, (long long)(wall_us / 1000000));
		(void)buf_text(name);
		error = name->failed;
	}
	for (size_t i = 0; i < ARRAY_COUNT(endings); i++) {
		buf_init(&renamings[i].from, DB_PATH_MAX_BYTES);
		buf_init(&renamings[i].to, DB_PATH_MAX_BYTES);
		if (error == ERR_NONE)
			error = name_files(&renamings[i], directory, from, buf_text(name),
					   endings[i]);
	}
	/* All names are made before the first file gets one. */
	if (error == ERR_NONE)
		error = rename_files(renamings, ARRAY_COUNT(endings));
	for (size_t i = 0; i < ARRAY_COUNT(endings); i++) {
		buf_deinit(&renamings[i].from);
		buf_deinit(&renamings[i].to);
	}
	segment_numbers_deinit(&numbers);
	return error;
}

enum error segment_remove(const char *directory, uint32_t number, const struct store_env *env)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(env->vfs);
	char name[SEGMENT_NAME_BYTES];
	struct buf path;

	if (vfs == NULL)
		return ERR_INTERNAL;
	segment_name(number, name);
	buf_init(&path, DB_PATH_MAX_BYTES);
	buf_printf(&path, "%s/%s", directory, name);
	const char *text = buf_text(&path);
	enum error error = path.failed;
	if (error == ERR_NONE) {
		int result = vfs->xDelete(vfs, text, 1);
		error = result == SQLITE_OK || result == SQLITE_IOERR_DELETE_NOENT ? ERR_NONE
										   : ERR_IO;
	}
	buf_deinit(&path);
	return error;
}
