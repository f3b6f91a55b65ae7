#include <string.h>

#include <sodium.h>

#include "store/state_db.h"
#include "store/stmt.h"

/* Writing. */

static enum error check_revision(const struct state_revision *revision)
{
	if (revision->source.length > STATE_TEXT_MAX_BYTES)
		return ERR_LIMIT;
	for (size_t i = 0; i < revision->file_count; i++) {
		const struct state_policy_file *file = &revision->files[i];
		if (file->text.length > STATE_FILE_MAX_BYTES ||
		    file->name.length > STATE_TEXT_MAX_BYTES)
			return ERR_LIMIT;
		if (i > 0 && str_compare(revision->files[i - 1].name, file->name) >= 0)
			return ERR_INVALID;
	}
	return ERR_NONE;
}

/* The number and digest of the newest revision; number 0 when there is none. */
static enum error find_newest(struct state *state, uint64_t *number,
			      uint8_t digest[STATE_DIGEST_BYTES])
{
	struct stmt stmt;
	bool row = false;
	enum error error = stmt_prepare(&stmt, &state->db,
					"SELECT number, digest FROM policy_revision"
					" ORDER BY number DESC LIMIT 1");

	*number = 0;
	if (error == ERR_NONE)
		error = stmt_step(&stmt, &row);
	if (error == ERR_NONE && row) {
		*number = stmt_u64(&stmt, 0);
		if (*number == 0 || *number >= INT64_MAX ||
		    !stmt_copy_blob(&stmt, 1, digest, STATE_DIGEST_BYTES))
			error = ERR_CORRUPT;
	}
	stmt_finish(&stmt);
	return error;
}

struct revision_writer {
	struct stmt put_revision, put_file, put_text, find_text;
	int64_t last_text_id;
};

static enum error prepare_writer(struct revision_writer *writer, struct db *db)
{
	enum error error =
		db_get_int(db, "SELECT ifnull(max(id), 0) FROM policy_text", &writer->last_text_id);

	if (error == ERR_NONE)
		error = stmt_prepare(&writer->put_revision, db,
				     "INSERT INTO policy_revision"
				     " (number, digest, activated_us, source)"
				     " VALUES (?1, ?2, ?3, ?4)");
	if (error == ERR_NONE)
		error = stmt_prepare(&writer->put_file, db,
				     "INSERT INTO policy_file (revision, name, text)"
				     " VALUES (?1, ?2, ?3)");
	if (error == ERR_NONE)
		error = stmt_prepare(&writer->put_text, db,
				     "INSERT INTO policy_text (id, digest, text)"
				     " VALUES (?1, ?2, ?3)");
	if (error == ERR_NONE)
		error = stmt_prepare(&writer->find_text, db,
				     "SELECT id FROM policy_text WHERE digest = ?1");
	return error;
}

static void finish_writer(struct revision_writer *writer)
{
	stmt_finish(&writer->put_revision);
	stmt_finish(&writer->put_file);
	stmt_finish(&writer->put_text);
	stmt_finish(&writer->find_text);
}

static enum error put_text(struct revision_writer *writer, struct str text, int64_t *id)
{
	uint8_t digest[STATE_DIGEST_BYTES];
	bool found;

	crypto_hash_sha256(digest, (const unsigned char *)text.ptr, text.length);
	stmt_bind_blob(&writer->find_text, 1, digest, sizeof(digest));
	enum error error = stmt_step(&writer->find_text, &found);
	if (error != ERR_NONE)
		return error;
	if (found) {
		*id = stmt_int(&writer->find_text, 0);
		stmt_reset(&writer->find_text);
		return ERR_NONE;
	}
	*id = writer->last_text_id + 1;
	stmt_bind_int(&writer->put_text, 1, *id);
	stmt_bind_blob(&writer->put_text, 2, digest, sizeof(digest));
	stmt_bind_text(&writer->put_text, 3, text);
	error = stmt_run(&writer->put_text);
	if (error == ERR_NONE)
		writer->last_text_id = *id;
	return error;
}

static enum error put_files(struct revision_writer *writer, uint64_t number,
			    const struct state_revision *revision)
{
	for (size_t i = 0; i < revision->file_count; i++) {
		int64_t text_id;
		enum error error = put_text(writer, revision->files[i].text, &text_id);

		if (error != ERR_NONE)
			return error;
		stmt_bind_u64(&writer->put_file, 1, number);
		stmt_bind_text(&writer->put_file, 2, revision->files[i].name);
		stmt_bind_int(&writer->put_file, 3, text_id);
		error = stmt_run(&writer->put_file);
		if (error != ERR_NONE)
			return error;
	}
	return ERR_NONE;
}

static enum error put_revision(struct state *state, uint64_t number,
			       const struct state_revision *revision)
{
	struct revision_writer writer = {0};
	enum error error = prepare_writer(&writer, &state->db);

	if (error == ERR_NONE) {
		stmt_bind_u64(&writer.put_revision, 1, number);
		stmt_bind_blob(&writer.put_revision, 2, revision->digest, sizeof(revision->digest));
		stmt_bind_int(&writer.put_revision, 3, revision->activated_us);
		stmt_bind_text(&writer.put_revision, 4, revision->source);
		error = stmt_run(&writer.put_revision);
	}
	if (error == ERR_NONE)
		error = put_files(&writer, number, revision);
	finish_writer(&writer);
	return error;
}

enum error state_put_revision(struct state *state, const struct state_revision *revision,
			      uint64_t *number, bool *added)
{
	uint8_t digest[STATE_DIGEST_BYTES];
	uint64_t newest;
	enum error error = state_may_change(state);

	if (error == ERR_NONE)
		error = check_revision(revision);
	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	error = find_newest(state, &newest, digest);
	bool is_new = newest == 0 || memcmp(digest, revision->digest, sizeof(digest)) != 0;
	if (error == ERR_NONE && is_new)
		error = put_revision(state, ++newest, revision);
	error = state_end(state, error);
	if (error == ERR_NONE) {
		*number = newest;
		*added = is_new;
	}
	return error;
}

/* Reading. */

static enum error read_revision(const struct stmt *stmt, struct state_revision *revision)
{
	*revision = (struct state_revision){
		.number = stmt_u64(stmt, 0),
		.activated_us = stmt_int(stmt, 2),
		.source = stmt_bytes(stmt, 3),
	};
	return stmt_copy_blob(stmt, 1, revision->digest, sizeof(revision->digest)) ? ERR_NONE
										   : ERR_CORRUPT;
}

static bool copy(struct arena *arena, struct str text, struct str *out)
{
	*out = arena_copy(arena, text);
	return out->ptr != NULL;
}

static enum error read_files(struct state *state, struct arena *arena, size_t file_count,
			     struct state_revision *revision)
{
	struct state_policy_file *files = arena_calloc(arena, file_count, sizeof(*files));
	struct stmt stmt = {0};
	bool row = true;
	size_t count = 0;
	enum error error = files == NULL ? ERR_NO_MEMORY : ERR_NONE;

	if (error == ERR_NONE)
		error = stmt_prepare(&stmt, &state->db,
				     "SELECT f.name, t.text FROM policy_file f"
				     " JOIN policy_text t ON t.id = f.text"
				     " WHERE f.revision = ?1 ORDER BY f.name");
	if (error == ERR_NONE)
		stmt_bind_u64(&stmt, 1, revision->number);
	while (error == ERR_NONE) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		if (count == file_count)
			error = ERR_CORRUPT;
		else if (!copy(arena, stmt_bytes(&stmt, 0), &files[count].name) ||
			 !copy(arena, stmt_bytes(&stmt, 1), &files[count].text))
			error = ERR_NO_MEMORY;
		count++;
	}
	/* Fewer: a text is missing. */
	if (error == ERR_NONE && count != file_count)
		error = ERR_CORRUPT;
	stmt_finish(&stmt);
	revision->files = files;
	revision->file_count = file_count;
	return error;
}

static enum error load_revision(struct state *state, uint64_t number, struct arena *arena,
				struct state_revision *revision, enum state_lookup *found)
{
	struct stmt stmt;
	struct str source = {0};
	size_t file_count = 0;
	bool row = false;
	enum error error =
		stmt_prepare(&stmt, &state->db,
			     "SELECT number, digest, activated_us, source,"
			     " (SELECT count(*) FROM policy_file WHERE revision = number)"
			     " FROM policy_revision WHERE number = ?1 OR ?1 = 0"
			     " ORDER BY number DESC LIMIT 1");

	if (error == ERR_NONE) {
		stmt_bind_u64(&stmt, 1, number);
		error = stmt_step(&stmt, &row);
	}
	if (error == ERR_NONE && row) {
		error = read_revision(&stmt, revision);
		file_count = (size_t)stmt_int(&stmt, 4);
		if (error == ERR_NONE && !copy(arena, revision->source, &source))
			error = ERR_NO_MEMORY;
		revision->source = source;
	}
	stmt_finish(&stmt);
	if (error == ERR_NONE && row)
		error = read_files(state, arena, file_count, revision);
	*found = row ? STATE_FOUND : STATE_MISSING;
	return error;
}

enum error state_get_revision(struct state *state, uint64_t number, struct arena *arena,
			      struct state_revision *out, enum state_lookup *found)
{
	struct arena_mark mark = arena_get_mark(arena);
	struct state_revision revision;
	enum state_lookup lookup;
	enum error error = load_revision(state, number, arena, &revision, &lookup);

	if (error != ERR_NONE) {
		arena_reset(arena, mark);
		return error;
	}
	*found = lookup;
	if (lookup == STATE_FOUND)
		*out = revision;
	return ERR_NONE;
}

enum error state_each_revision(struct state *state, uint64_t limit,
			       bool (*on_revision)(void *arg,
						   const struct state_revision *revision),
			       void *arg)
{
	struct stmt stmt;
	struct state_revision revision;
	bool row = true, go_on = true;
	enum error error = stmt_prepare(&stmt, &state->db,
					"SELECT number, digest, activated_us, source"
					" FROM policy_revision ORDER BY number DESC LIMIT ?1");

	if (error == ERR_NONE)
		stmt_bind_limit(&stmt, 1, limit);
	while (error == ERR_NONE && go_on) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		error = read_revision(&stmt, &revision);
		if (error == ERR_NONE)
			go_on = on_revision(arg, &revision);
	}
	stmt_finish(&stmt);
	return error;
}
