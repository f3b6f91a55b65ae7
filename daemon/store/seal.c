#include "store/seal.h"

#include <string.h>

#include <sodium.h>

#include "store/audit_schema.h"
#include "store/migrate.h"
#include "store/segment_db.h"
#include "store/stmt.h"

static const char signed_prefix[] = "wsauthz audit seal 1";

enum {
	SIGNED_NUMBER_COUNT = 9,
	SIGNED_BYTES = sizeof(signed_prefix) - 1 + SIGNED_NUMBER_COUNT * 8 + 2 * AUDIT_CHAIN_BYTES,
};

enum error seal_key_make(const uint8_t seed[32], struct seal_key *out)
{
	if (sodium_init() < 0)
		return ERR_INTERNAL;
	crypto_sign_seed_keypair(out->public_key, out->secret, seed);
	return ERR_NONE;
}

/* What a signature is of. */
static void write_signed(const struct segment *segment, unsigned char out[SIGNED_BYTES])
{
	const uint64_t numbers[SIGNED_NUMBER_COUNT] = {
		segment->number,
		segment->before.decision_id,
		segment->first_id,
		segment->last_id,
		segment->decision_count,
		segment->event_count,
		(uint64_t)segment->first_us,
		(uint64_t)segment->last_us,
		(uint64_t)segment->sealed_us,
	};
	unsigned char *at = out;

	memcpy(at, signed_prefix, sizeof(signed_prefix) - 1);
	at += sizeof(signed_prefix) - 1;
	for (size_t i = 0; i < SIGNED_NUMBER_COUNT; i++) {
		for (int byte = 0; byte < 8; byte++)
			*at++ = (unsigned char)(numbers[i] >> (8 * byte));
	}
	memcpy(at, segment->before.chain, AUDIT_CHAIN_BYTES);
	memcpy(at + AUDIT_CHAIN_BYTES, segment->head.chain, AUDIT_CHAIN_BYTES);
}

bool seal_is_signed(const struct segment *segment, const uint8_t *public_key)
{
	unsigned char message[SIGNED_BYTES];

	if (!segment->is_signed)
		return false;
	if (public_key != NULL && memcmp(segment->public_key, public_key, SEGMENT_KEY_BYTES) != 0)
		return false;
	write_signed(segment, message);
	return crypto_sign_verify_detached(segment->signature, message, sizeof(message),
					   segment->public_key) == 0;
}

/* Fills in what only a look at all rows tells. */
static enum error count_rows(struct db *db, struct segment *segment)
{
	static const char sql[] =
		"SELECT d.n, e.n, ifnull(min(d.low, e.low), ifnull(d.low, ifnull(e.low, 0))),"
		" ifnull(max(d.high, e.high), ifnull(d.high, ifnull(e.high, 0)))"
		" FROM (SELECT count(*) n, min(wall_us) low, max(wall_us) high FROM decision) d,"
		" (SELECT count(*) n, min(wall_us) low, max(wall_us) high FROM event) e";
	struct stmt stmt;
	bool row = false;
	enum error error = stmt_prepare(&stmt, db, sql);

	if (error == ERR_NONE)
		error = stmt_step(&stmt, &row);
	if (error == ERR_NONE && row) {
		segment->decision_count = stmt_u64(&stmt, 0);
		segment->event_count = stmt_u64(&stmt, 1);
		segment->first_us = stmt_int(&stmt, 2);
		segment->last_us = stmt_int(&stmt, 3);
	}
	stmt_finish(&stmt);
	return error;
}

static void sign(struct segment *segment, const struct seal_key *key)
{
	unsigned char message[SIGNED_BYTES];

	write_signed(segment, message);
	crypto_sign_detached(segment->signature, NULL, message, sizeof(message), key->secret);
	memcpy(segment->public_key, key->public_key, SEGMENT_KEY_BYTES);
	segment->is_signed = true;
}

static enum error insert_seal(struct db *db, const struct segment *segment)
{
	struct stmt stmt;
	enum error error = stmt_prepare(&stmt, db,
					"INSERT INTO seal (id, sealed_us, first_id, last_id,"
					" decision_count, event_count, first_us, last_us, chain,"
					" public_key, signature)"
					" VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");

	if (error == ERR_NONE) {
		stmt_bind_int(&stmt, 1, segment->sealed_us);
		stmt_bind_u64(&stmt, 2, segment->first_id);
		stmt_bind_u64(&stmt, 3, segment->last_id);
		stmt_bind_u64(&stmt, 4, segment->decision_count);
		stmt_bind_u64(&stmt, 5, segment->event_count);
		stmt_bind_int(&stmt, 6, segment->first_us);
		stmt_bind_int(&stmt, 7, segment->last_us);
		stmt_bind_blob(&stmt, 8, segment->head.chain, AUDIT_CHAIN_BYTES);
		if (segment->is_signed) {
			stmt_bind_blob(&stmt, 9, segment->public_key, SEGMENT_KEY_BYTES);
			stmt_bind_blob(&stmt, 10, segment->signature, SEGMENT_SIGNATURE_BYTES);
		}
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

/* Indexes and seal, in one transaction. */
static enum error add_seal(struct db *db, struct segment *segment, const struct seal_key *key,
			   int64_t wall_us)
{
	enum error error = db_begin(db);

	if (error != ERR_NONE)
		return error;
	segment->sealed_us = wall_us;
	/* A segment without rows still says where the next one begins. */
	segment->last_id = segment->head.decision_id;
	if (segment->first_id == 0)
		segment->first_id = segment->last_id + 1;
	error = count_rows(db, segment);
	if (error == ERR_NONE && key != NULL)
		sign(segment, key);
	if (error == ERR_NONE)
		error = insert_seal(db, segment);
	if (error == ERR_NONE)
		error = migrate_seal(db);
	if (error == ERR_NONE)
		return db_commit(db);
	db_rollback(db);
	return error;
}

/* Makes one file of the database and its log. What changes in the file for that is two bytes of
 * its first sector; a journal for them on disk would, after a crash, keep readers out, who may not
 * play it back. */
static enum error drop_log(struct db *db, const char *path, struct buf *why)
{
	enum error error = db_checkpoint(db);

	return error == ERR_NONE ? db_require_text(db, "PRAGMA journal_mode = MEMORY", "memory",
						   ERR_BUSY, path, why)
				 : error;
}

static enum error seal_open(struct db *db, const char *path, uint32_t number,
			    const struct seal_key *key, int64_t wall_us, struct segment *out,
			    struct buf *why)
{
	bool has_begun;
	enum error error = db_lift_rights(db);

	if (error == ERR_NONE)
		error = segment_describe(db, number, out, &has_begun);
	if (error == ERR_NONE && out->state != SEGMENT_SEALED)
		error = add_seal(db, out, key, wall_us);
	if (error == ERR_NONE)
		error = drop_log(db, path, why);
	/* As readers find it. */
	return error == ERR_NONE ? segment_describe(db, number, out, &has_begun) : error;
}

/* Whether all is done but the rights on the file. */
static bool is_done(const char *directory, uint32_t number, const struct store_env *env,
		    struct segment *out)
{
	struct segment segment;
	bool has_begun, done = false;
	struct buf why;
	struct db db;

	buf_init(&why, DB_PATH_MAX_BYTES);
	if (audit_open_segment(directory, number, env, DB_READ, &db, &why) == ERR_NONE) {
		done = db_lift_rights(&db) == ERR_NONE &&
		       segment_describe(&db, number, &segment, &has_begun) == ERR_NONE &&
		       segment.state == SEGMENT_SEALED &&
		       db_require_text(&db, "PRAGMA journal_mode", "delete", ERR_BUSY, "", &why) ==
			       ERR_NONE;
		db_close(&db);
	}
	buf_deinit(&why);
	if (done)
		*out = segment;
	return done;
}

enum error seal_segment(const char *directory, uint32_t number, const struct store_env *env,
			const struct seal_key *key, int64_t wall_us, struct segment *out,
			struct buf *why)
{
	char name[SEGMENT_NAME_BYTES];
	size_t said = why->length;
	struct segment segment;
	struct buf path;
	struct db db;
	enum error error = sodium_init() >= 0 ? ERR_NONE : ERR_INTERNAL;

	segment_name(number, name);
	buf_init(&path, DB_PATH_MAX_BYTES);
	buf_printf(&path, "%s/%s", directory, name);
	const char *text = buf_text(&path);
	if (error == ERR_NONE)
		error = path.failed;
	if (error == ERR_NONE && !is_done(directory, number, env, &segment)) {
		error = audit_open_segment(directory, number, env, DB_WRITE, &db, why);
		if (error == ERR_NONE) {
			error = seal_open(&db, text, number, key, wall_us, &segment, why);
			if (error != ERR_NONE && why->length == said)
				buf_printf(why, "%s: %s: %s", text, error_text(error), db.failure);
			db_close(&db);
		}
	}
	if (error == ERR_NONE)
		error = env->make_readonly(text);
	if (error != ERR_NONE && why->length == said)
		buf_printf(why, "%s: %s", text, error_text(error));
	if (error == ERR_NONE)
		*out = segment;
	buf_deinit(&path);
	return error;
}
