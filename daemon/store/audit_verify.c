#include <string.h>

#include <sodium.h>

#include "store/audit_query.h"
#include "store/audit_reader.h"
#include "store/audit_row.h"
#include "store/chain.h"
#include "store/stmt.h"

struct verifier {
	struct stmt rows;
	struct buf content; /* of a part */
	struct audit_verification result;
};

/* The digests of a row's parts, from their content as it is now. */
static enum error digest_parts(struct verifier *verifier, const struct audit_row *row,
			       struct audit_digests *digests)
{
	for (int part = 0; part < AUDIT_PART_COUNT; part++) {
		buf_clear(&verifier->content);
		audit_part_write((enum audit_part)part, row, &verifier->content);
		if (verifier->content.failed != ERR_NONE)
			return verifier->content.failed;
		audit_part_digest(buf_str(&verifier->content), digests->of[part]);
	}
	return ERR_NONE;
}

/* Compares the current row; a row that cannot be one of ours is bad like one that differs. */
static enum error verify_row(struct verifier *verifier, struct arena *arena)
{
	struct audit_verification *result = &verifier->result;
	struct audit_digests digests;
	uint8_t chain[AUDIT_CHAIN_BYTES];
	struct audit_head head = result->head;
	struct audit_row row;
	enum error error = audit_row_read(&verifier->rows, arena, &row, chain);

	if (error == ERR_NONE)
		error = digest_parts(verifier, &row, &digests);
	if (error != ERR_NONE && error != ERR_CORRUPT && error != ERR_LIMIT)
		return error;
	result->row_count++;
	if (error == ERR_NONE) {
		chain_advance(&head, &row, row.decision_id, &digests);
		if (memcmp(head.chain, chain, sizeof(chain)) == 0) {
			result->head = head;
			return ERR_NONE;
		}
	}
	result->intact = false;
	result->first_bad_id = stmt_u64(&verifier->rows, 0);
	return ERR_NONE;
}

static enum error verify_rows(struct verifier *verifier, struct arena *arena)
{
	struct arena_mark start = arena_get_mark(arena);
	bool row;

	for (;;) {
		enum error error = stmt_step(&verifier->rows, &row);
		if (error != ERR_NONE || !row)
			return error;
		error = verify_row(verifier, arena);
		if (error != ERR_NONE || !verifier->result.intact)
			return error;
		arena_reset(arena, start);
	}
}

static enum error verify_segment(struct verifier *verifier, struct audit_reader *reader,
				 size_t index, const char *sql, struct buf *why)
{
	const struct segment *segment = &reader->segments.items[index];
	enum error error = audit_reader_use(reader, index, why);

	if (error != ERR_NONE)
		return error;
	if (index == 0) {
		verifier->result.head = segment->before;
	} else if (segment->before.decision_id != verifier->result.head.decision_id ||
		   memcmp(segment->before.chain, verifier->result.head.chain, AUDIT_CHAIN_BYTES) !=
			   0) {
		verifier->result.intact = false;
		verifier->result.first_bad_id = segment->first_id;
		return ERR_NONE;
	}
	error = stmt_prepare(&verifier->rows, &reader->db, sql);
	if (error == ERR_NONE)
		error = verify_rows(verifier, &reader->arena);
	stmt_finish(&verifier->rows);
	if (error != ERR_NONE)
		buf_printf(why, "verifying the audit: %s: %s", error_text(error),
			   reader->db.failure);
	return error;
}

enum error audit_verify(struct audit_reader *reader, struct audit_verification *out,
			struct buf *why)
{
	struct verifier verifier = {.result.intact = true};
	struct buf sql;

	buf_init(&sql, 4096);
	buf_init(&verifier.content, AUDIT_READER_ARENA_BYTES);
	buf_printf(&sql, "%s ORDER BY d.id", audit_row_select);
	const char *text = buf_text(&sql);
	enum error error = sodium_init() >= 0 ? sql.failed : ERR_INTERNAL;
	if (error != ERR_NONE)
		buf_printf(why, "verifying the audit: %s", error_text(error));
	if (error == ERR_NONE)
		error = audit_reader_refresh(reader, why);
	for (size_t i = 0; error == ERR_NONE && verifier.result.intact; i++) {
		if (i == reader->segments.count)
			break;
		error = verify_segment(&verifier, reader, i, text, why);
	}
	if (error == ERR_NONE)
		*out = verifier.result;
	buf_deinit(&verifier.content);
	buf_deinit(&sql);
	return error;
}
