/*
 * The chain is computed anew. A segment's texts are few beside its rows, so each text is hashed
 * once, and the rows are read without joining the tables of texts.
 */
#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "base/mem.h"
#include "store/audit_query.h"
#include "store/audit_reader.h"
#include "store/chain.h"
#include "store/index_proof.h"
#include "store/seal.h"
#include "store/stmt.h"

enum {
	PROGRESS_ROWS = 64 * 1024,
	COLUMN_FIRST_PART = 4,
	COLUMN_RECORD_ID = 11,
	COLUMN_CHAIN = 14,
};

/* What the chain is computed over are the tables' own rows, and never copies of them in an index. */
static const char decisions_sql[] =
	"SELECT id, wall_us, boot_ms, utc_offset_minutes, subject, group_set, request, context,"
	" outcome, origin, verdict, record_id, latency_us, relaxed, chain FROM decision NOT INDEXED"
	" ORDER BY id";
static const char events_sql[] = "SELECT id, wall_us, boot_ms, kind, actor, detail, chain FROM "
				 "event NOT INDEXED ORDER BY id";

/* The digest of a text as it is now. */
struct text_digest {
	uint8_t bytes[AUDIT_DIGEST_BYTES];
	bool is_sound; /* it is there, and its digest is the one stored beside it */
	bool is_used;
};

/* Texts of one part by their ids, which count from 1 without gaps. */
struct text_table {
	struct text_digest *items;
	uint64_t count;
};

/* One of the two kinds of rows, and where it is. */
struct row_source {
	struct stmt stmt;
	bool has_row;
	uint64_t id;
};

struct verifier {
	struct audit_reader *reader;
	const struct audit_verify_options *options;
	struct segment_list noted; /* as questions know the segments: from the state database */
	struct audit_verification result;
	struct buf content; /* of a part */
	struct text_table texts[AUDIT_PART_COUNT];
	struct row_source decisions, events;
	bool sums_rows; /* into `proof`, of a sealed segment */
	struct index_proof proof;
	const char *place; /* where questions are led past rows of the segment; NULL: nowhere */
	uint64_t total_rows, segment_rows, segment_events;
	int64_t first_us, last_us; /* of the segment's rows */
	bool head_was_seen;
	struct buf *why;
};

static void find_flaw(struct verifier *verifier, enum audit_flaw flaw,
		      const struct segment *segment, uint64_t first_bad_id)
{
	verifier->result.intact = false;
	verifier->result.flaw = flaw;
	verifier->result.segment = segment->number;
	verifier->result.first_bad_id = first_bad_id;
}

/* Texts. */

static enum error hash_text_row(struct verifier *verifier, enum audit_part part,
				const struct stmt *stmt)
{
	struct arena *arena = &verifier->reader->arena;
	struct arena_mark start = arena_get_mark(arena);
	struct text_table *table = &verifier->texts[part];
	uint64_t id = stmt_u64(stmt, 0);
	uint8_t stored[AUDIT_DIGEST_BYTES];
	struct audit_row row = {0};

	if (id == 0 || id > table->count)
		return ERR_NONE; /* no row that was written has it */
	struct text_digest *digest = &table->items[id - 1];
	enum error error = audit_part_read(part, stmt, arena, &row);
	if (error == ERR_NONE) {
		buf_clear(&verifier->content);
		audit_part_write(part, &row, &verifier->content);
		error = verifier->content.failed;
	}
	arena_reset(arena, start);
	if (error == ERR_CORRUPT || error == ERR_LIMIT)
		return ERR_NONE; /* the first row that has it is the bad one */
	if (error != ERR_NONE)
		return error;
	audit_part_digest(buf_str(&verifier->content), digest->bytes);
	digest->is_sound = stmt_copy_blob(stmt, 1, stored, sizeof(stored)) &&
			   memcmp(stored, digest->bytes, sizeof(stored)) == 0;
	return ERR_NONE;
}

static enum error hash_texts(struct verifier *verifier, enum audit_part part)
{
	struct text_table *table = &verifier->texts[part];
	struct stmt stmt = {0};
	bool row = true;
	int64_t count = 0;
	enum error error = db_get_int(verifier->reader->db, audit_part_sql[part].count, &count);

	if (error != ERR_NONE)
		return error;
	table->count = (uint64_t)count;
	table->items = mem_calloc(table->count + 1, sizeof(*table->items));
	error = table->items == NULL ? ERR_NO_MEMORY : ERR_NONE;
	if (error == ERR_NONE)
		error = stmt_prepare(&stmt, verifier->reader->db, audit_part_sql[part].read);
	while (error == ERR_NONE) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		error = hash_text_row(verifier, part, &stmt);
	}
	stmt_finish(&stmt);
	return error;
}

static void free_texts(struct verifier *verifier)
{
	for (int part = 0; part < AUDIT_PART_COUNT; part++) {
		mem_free(verifier->texts[part].items);
		verifier->texts[part] = (struct text_table){0};
	}
}

static bool all_texts_are_used(const struct verifier *verifier)
{
	for (int part = 0; part < AUDIT_PART_COUNT; part++) {
		for (uint64_t i = 0; i < verifier->texts[part].count; i++) {
			if (!verifier->texts[part].items[i].is_used)
				return false;
		}
	}
	return true;
}

/* Rows. */

/* The digests of the current decision's texts, and their ids. */
static bool find_digests(struct verifier *verifier, struct audit_digests *digests,
			 uint64_t ids[AUDIT_PART_COUNT])
{
	for (int part = 0; part < AUDIT_PART_COUNT; part++) {
		struct text_table *table = &verifier->texts[part];
		uint64_t id = stmt_u64(&verifier->decisions.stmt, COLUMN_FIRST_PART + part);

		if (id == 0 || id > table->count || !table->items[id - 1].is_sound)
			return false;
		table->items[id - 1].is_used = true;
		memcpy(digests->of[part], table->items[id - 1].bytes, AUDIT_DIGEST_BYTES);
		ids[part] = id;
	}
	return true;
}

static bool read_record_id(const struct stmt *stmt, struct audit_row *row)
{
	static const uint8_t none[AUDIT_RECORD_ID_BYTES];
	struct str id = stmt_bytes(stmt, COLUMN_RECORD_ID);

	if (id.length == 0)
		return true;
	if (id.length != AUDIT_RECORD_ID_BYTES || memcmp(id.ptr, none, sizeof(none)) == 0)
		return false;
	memcpy(row->record_id, id.ptr, AUDIT_RECORD_ID_BYTES);
	return true;
}

static void sum_decision(struct verifier *verifier, const struct audit_row *row,
			 const uint64_t ids[AUDIT_PART_COUNT])
{
	const struct index_row indexed = {
		.id = (int64_t)verifier->decisions.id,
		.wall_us = row->wall_us,
		.subject = (int64_t)ids[AUDIT_SUBJECT],
		.request = (int64_t)ids[AUDIT_REQUEST],
		.outcome = (int64_t)ids[AUDIT_OUTCOME],
		.is_denial = row->verdict == AUDIT_DENY,
	};

	index_proof_add(&verifier->proof, &indexed);
}

/* Moves `head` on over the current decision. False when it cannot be one of ours. */
static bool chain_decision(struct verifier *verifier, struct audit_head *head,
			   uint8_t chain[AUDIT_CHAIN_BYTES], int64_t *wall_us)
{
	const struct stmt *stmt = &verifier->decisions.stmt;
	int64_t offset = stmt_int(stmt, 3), verdict = stmt_int(stmt, 10);
	int64_t relaxed = stmt_int(stmt, 13);
	uint64_t ids[AUDIT_PART_COUNT];
	struct audit_digests digests;
	struct audit_row row = {.wall_us = stmt_int(stmt, 1), .boot_ms = stmt_int(stmt, 2)};

	/* What is narrower in memory than in the database must not lose anything. */
	if (offset < INT32_MIN || offset > INT32_MAX || verdict < AUDIT_DENY ||
	    verdict > AUDIT_REDIRECT || relaxed < 0 || relaxed > 1 || !read_record_id(stmt, &row) ||
	    !find_digests(verifier, &digests, ids) ||
	    !stmt_copy_blob(stmt, COLUMN_CHAIN, chain, AUDIT_CHAIN_BYTES))
		return false;
	row.utc_offset_minutes = (int32_t)offset;
	row.verdict = (enum audit_verdict)verdict;
	row.latency_us = stmt_u64(stmt, 12);
	row.relaxed = relaxed != 0;
	chain_advance(head, &row, verifier->decisions.id, &digests);
	if (verifier->sums_rows)
		sum_decision(verifier, &row, ids);
	*wall_us = row.wall_us;
	return true;
}

static bool chain_event(struct verifier *verifier, struct audit_head *head,
			uint8_t chain[AUDIT_CHAIN_BYTES], int64_t *wall_us)
{
	const struct stmt *stmt = &verifier->events.stmt;
	const struct audit_event event = {stmt_bytes(stmt, 3), stmt_bytes(stmt, 4),
					  stmt_bytes(stmt, 5)};
	const struct audit_row row = {
		.wall_us = stmt_int(stmt, 1), .boot_ms = stmt_int(stmt, 2), .event = &event};

	if (!stmt_copy_blob(stmt, 6, chain, AUDIT_CHAIN_BYTES))
		return false;
	chain_advance_event(head, &row, verifier->events.id);
	*wall_us = row.wall_us;
	return true;
}

/* The expected head shows itself when the chain passes it. */
static void compare_expected(struct verifier *verifier, const struct segment *segment)
{
	const struct audit_head *expected = verifier->options->expected;
	const struct audit_head *head = &verifier->result.head;

	if (expected == NULL || verifier->head_was_seen ||
	    head->decision_id < expected->decision_id)
		return;
	verifier->head_was_seen = true;
	if (head->decision_id != expected->decision_id ||
	    memcmp(head->chain, expected->chain, AUDIT_CHAIN_BYTES) != 0)
		find_flaw(verifier, AUDIT_FLAW_HEAD, segment, expected->decision_id);
}

static enum error next_row(struct row_source *source)
{
	enum error error = stmt_step(&source->stmt, &source->has_row);

	if (error == ERR_NONE && source->has_row)
		source->id = stmt_u64(&source->stmt, 0);
	return error;
}

static enum error report_progress(const struct verifier *verifier)
{
	const struct audit_verify_options *options = verifier->options;

	if (options->on_progress == NULL || verifier->result.row_count % PROGRESS_ROWS != 0)
		return ERR_NONE;
	return options->on_progress(options->arg, verifier->result.row_count, verifier->total_rows)
		       ? ERR_NONE
		       : ERR_CANCELLED;
}

/* Compares the lesser of the two current rows and goes on. */
static enum error verify_row(struct verifier *verifier, const struct segment *segment)
{
	struct row_source *decisions = &verifier->decisions, *events = &verifier->events;
	bool is_event = events->has_row && (!decisions->has_row || events->id < decisions->id);
	struct row_source *source = is_event ? events : decisions;
	struct audit_head head = verifier->result.head;
	uint8_t chain[AUDIT_CHAIN_BYTES];
	int64_t wall_us = 0;

	verifier->result.row_count++;
	verifier->result.event_count += is_event;
	bool is_sound = source->id > head.decision_id && source->id <= INT64_MAX &&
			(is_event ? chain_event(verifier, &head, chain, &wall_us)
				  : chain_decision(verifier, &head, chain, &wall_us));
	if (!is_sound || memcmp(head.chain, chain, sizeof(chain)) != 0) {
		find_flaw(verifier, AUDIT_FLAW_ROW, segment, source->id);
		return ERR_NONE;
	}
	verifier->result.head = head;
	if (verifier->segment_rows == 0 || wall_us < verifier->first_us)
		verifier->first_us = wall_us;
	if (verifier->segment_rows == 0 || wall_us > verifier->last_us)
		verifier->last_us = wall_us;
	verifier->segment_rows++;
	verifier->segment_events += is_event;
	compare_expected(verifier, segment);
	enum error error = next_row(source);
	return error == ERR_NONE ? report_progress(verifier) : error;
}

static enum error verify_rows(struct verifier *verifier, const struct segment *segment)
{
	enum error error = next_row(&verifier->decisions);

	if (error == ERR_NONE)
		error = next_row(&verifier->events);
	while (error == ERR_NONE && verifier->result.intact &&
	       (verifier->decisions.has_row || verifier->events.has_row))
		error = verify_row(verifier, segment);
	return error;
}

/* Segments. */

/* The segment begins where the one before ended. */
static bool verify_beginning(struct verifier *verifier, size_t index)
{
	const struct segment *segment = &verifier->reader->segments.items[index];
	const struct audit_head *head = &verifier->result.head;
	const struct audit_head *expected = verifier->options->expected;

	if (index == 0) {
		verifier->result.head = segment->before;
		if (expected != NULL && expected->decision_id < segment->before.decision_id) {
			verifier->result.head_is_older = true;
			verifier->head_was_seen = true;
		}
		compare_expected(verifier, segment);
	} else if (segment->number != segment[-1].number + 1) {
		find_flaw(verifier, AUDIT_FLAW_MISSING, segment, head->decision_id + 1);
		verifier->result.segment = segment[-1].number + 1;
	} else if (segment->before.decision_id != head->decision_id ||
		   memcmp(segment->before.chain, head->chain, AUDIT_CHAIN_BYTES) != 0) {
		/* A row behind the end of the one before is gone, or the beginning was changed. */
		find_flaw(verifier, AUDIT_FLAW_BEGINNING, segment,
			  head->decision_id < segment->before.decision_id ? head->decision_id + 1
									  : segment->first_id);
	}
	return verifier->result.intact;
}

/* Somebody who can change a segment can also take its signature away. */
static bool signature_holds(const struct audit_verify_options *options,
			    const struct segment *segment)
{
	if (!segment->is_signed)
		return options->public_key == NULL || segment->number < options->signed_from;
	return seal_is_signed(segment, options->public_key);
}

static const struct segment *find_noted(const struct verifier *verifier, uint32_t number)
{
	for (size_t i = 0; i < verifier->noted.count; i++) {
		const struct segment *noted = &verifier->noted.items[i];

		if (noted->number == number && noted->state == SEGMENT_SEALED)
			return noted;
	}
	return NULL;
}

/* Segments are sealed in their order, so that a sealed one behind it shows that this one had a
 * seal, too. But both may just be sealed, and this one was looked at before; so only what was sealed
 * when the notes were read counts. */
static bool lost_its_seal(const struct verifier *verifier, const struct segment *segment)
{
	const struct segment_list *segments = &verifier->reader->segments;
	const struct segment *end = &segments->items[segments->count];

	for (const struct segment *later = segment + 1; later < end; later++) {
		if (later->state == SEGMENT_SEALED && find_noted(verifier, later->number) != NULL)
			return true;
	}
	return false;
}

static void verify_seal(struct verifier *verifier, const struct segment *segment)
{
	const struct audit_head *head = &verifier->result.head;
	bool is_same =
		segment->decision_count == verifier->segment_rows - verifier->segment_events &&
		segment->event_count == verifier->segment_events &&
		segment->first_us == verifier->first_us && segment->last_us == verifier->last_us &&
		segment->head.decision_id == head->decision_id &&
		memcmp(segment->head.chain, head->chain, AUDIT_CHAIN_BYTES) == 0;

	if (segment->state == SEGMENT_SEALED && !is_same)
		find_flaw(verifier, AUDIT_FLAW_SEAL, segment, head->decision_id + 1);
	else if (!signature_holds(verifier->options, segment) &&
		 (segment->state == SEGMENT_SEALED || lost_its_seal(verifier, segment)))
		find_flaw(verifier, AUDIT_FLAW_SIGNATURE, segment,
			  segment->first_id != 0 ? segment->first_id : head->decision_id + 1);
	verifier->result.signed_count += segment->is_signed;
}

static void count_unsigned(struct audit_verification *result, const struct segment *segment,
			   uint64_t row_count)
{
	result->unsigned_segments = segment->is_signed ? 0 : result->unsigned_segments + 1;
	result->unsigned_rows = segment->is_signed ? 0 : result->unsigned_rows + row_count;
}

/* The audit ends here, before the expected head. */
static bool is_cut(const struct verifier *verifier, const struct segment *segment)
{
	const struct segment_list *segments = &verifier->reader->segments;

	return segment == &segments->items[segments->count - 1] &&
	       verifier->options->expected != NULL && !verifier->head_was_seen;
}

/* Whether questions would look into the segment for all that it holds. */
static bool is_noted_as_it_is(const struct verifier *verifier, const struct segment *segment)
{
	const struct segment *noted = find_noted(verifier, segment->number);

	if (noted == NULL)
		return true;
	/* A seal comes before its note, and notes are read before segments. */
	return segment->state == SEGMENT_SEALED && noted->first_id == segment->first_id &&
	       noted->last_id == segment->last_id && noted->first_us == segment->first_us &&
	       noted->last_us == segment->last_us && noted->event_count == segment->event_count &&
	       (!noted->knows_undelivered || noted->undelivered_id == segment->undelivered_id);
}

/* What leads questions to rows: the indexes, and the note of the segment. */
static enum error verify_ways(struct verifier *verifier, const struct segment *segment)
{
	struct db *db = verifier->reader->db;
	const char *place = NULL;
	enum error error = ERR_NONE;

	if (verifier->sums_rows)
		error = index_proof_check(&verifier->proof, db, &place);
	else if (!verifier->options->rows_only)
		error = index_proof_ask(db, &place);
	if (error == ERR_NONE && place == NULL && !is_noted_as_it_is(verifier, segment))
		place = "state.db";
	verifier->place = place;
	return error;
}

static enum error verify_open_segment(struct verifier *verifier, const struct segment *segment)
{
	struct db *db = verifier->reader->db;
	/* One moment of the segment for its texts and its rows. */
	enum error error = db_begin_read(db);

	for (int part = 0; error == ERR_NONE && part < AUDIT_PART_COUNT; part++)
		error = hash_texts(verifier, (enum audit_part)part);
	if (error == ERR_NONE)
		error = stmt_prepare(&verifier->decisions.stmt, db, decisions_sql);
	if (error == ERR_NONE)
		error = stmt_prepare(&verifier->events.stmt, db, events_sql);
	if (error == ERR_NONE)
		error = verify_rows(verifier, segment);
	if (error == ERR_NONE && verifier->result.intact)
		error = verify_ways(verifier, segment);
	stmt_finish(&verifier->decisions.stmt);
	stmt_finish(&verifier->events.stmt);
	db_rollback(db);
	/* Such texts are what rows leave behind that were cut off at the end. */
	if (error == ERR_NONE && verifier->result.intact && !all_texts_are_used(verifier))
		find_flaw(verifier, is_cut(verifier, segment) ? AUDIT_FLAW_CUT : AUDIT_FLAW_TEXT,
			  segment, verifier->result.head.decision_id + 1);
	if (error == ERR_NONE && verifier->result.intact)
		verify_seal(verifier, segment);
	if (error == ERR_NONE && verifier->result.intact && verifier->place != NULL) {
		find_flaw(verifier, AUDIT_FLAW_INDEX, segment, segment->first_id);
		verifier->result.place = verifier->place;
	}
	free_texts(verifier);
	if (error != ERR_NONE)
		buf_printf(verifier->why, "verifying audit segment %u: %s: %s",
			   (unsigned)segment->number, error_text(error), db->failure);
	return error;
}

static enum error verify_segments(struct verifier *verifier)
{
	const struct segment_list *segments = &verifier->reader->segments;

	for (size_t i = 0; i < segments->count; i++)
		verifier->total_rows +=
			segments->items[i].last_id - segments->items[i].before.decision_id;
	for (size_t i = 0; i < segments->count; i++) {
		const struct segment *segment = &segments->items[i];

		if (!verify_beginning(verifier, i))
			return ERR_NONE;
		verifier->segment_rows = verifier->segment_events = 0;
		verifier->first_us = verifier->last_us = 0;
		verifier->place = NULL;
		verifier->sums_rows =
			segment->state == SEGMENT_SEALED && !verifier->options->rows_only;
		index_proof_begin(&verifier->proof, verifier->reader->env.hash_key);
		enum error error = audit_reader_use(verifier->reader, i, verifier->why);
		if (error == ERR_NONE)
			error = verify_open_segment(verifier, segment);
		if (error != ERR_NONE || !verifier->result.intact)
			return error;
		verifier->result.segment_count++;
		count_unsigned(&verifier->result, segment, verifier->segment_rows);
	}
	const struct segment *last = &segments->items[segments->count - 1];
	if (is_cut(verifier, last))
		find_flaw(verifier, AUDIT_FLAW_CUT, last, verifier->result.head.decision_id + 1);
	else if (verifier->options->public_key != NULL && verifier->result.signed_count == 0)
		find_flaw(verifier, AUDIT_FLAW_UNSIGNED, segments->items,
			  segments->items[0].before.decision_id + 1);
	return ERR_NONE;
}

/* While this reads, retention may remove the oldest segments: the audit then begins later, and the
 * chain is looked at from there. */
static enum error verify_present_segments(struct verifier *verifier)
{
	const struct audit_verification nothing = {.intact = true};
	size_t said = verifier->why->length;
	enum error error;

	do {
		verifier->why->length = said;
		verifier->result = nothing;
		verifier->head_was_seen = false;
		verifier->total_rows = 0;
		error = audit_reader_refresh(verifier->reader, verifier->why);
		if (error == ERR_NONE && verifier->reader->segments.count != 0)
			error = verify_segments(verifier);
	} while (error == ERR_NOT_FOUND && verifier->reader->segments.count != 0);
	return error;
}

enum error audit_verify(struct audit_reader *reader, const struct audit_verify_options *options,
			struct audit_verification *out, struct buf *why)
{
	static const struct audit_verify_options none;
	struct verifier verifier = {
		.reader = reader,
		.options = options != NULL ? options : &none,
		.why = why,
	};
	enum error error = sodium_init() >= 0 ? ERR_NONE : ERR_INTERNAL;

	buf_init(&verifier.content, AUDIT_READER_ARENA_BYTES);
	if (error != ERR_NONE)
		buf_printf(why, "verifying the audit: %s", error_text(error));
	/* Nothing that another file says of a segment counts here; it is only compared. */
	verifier.noted = reader->segments;
	reader->segments = (struct segment_list){0};
	audit_reader_forget(reader);
	if (error == ERR_NONE)
		error = verify_present_segments(&verifier);
	if (error == ERR_NONE)
		*out = verifier.result;
	segment_list_deinit(&verifier.noted);
	buf_deinit(&verifier.content);
	return error;
}
