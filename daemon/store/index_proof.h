/*
 * Whether the indexes of a segment's decisions lead to each of them, so that no question misses one
 * whose row is there. SQLite's integrity_check shows that by searching every index for every row; for
 * a sealed segment this shows it in a tenth of the time, as follows.
 *
 * The trees are walked page by page (btree.h), so that a search in them comes to everything they hold.
 * What an index holds must ascend in the order of its columns and then of the ids, and must be as many
 * and the same entries as the rows ask for. The same, because two sums over all entries are equal:
 * one over the rows as the chain was computed from them, one over the walk, each modulo 2^64, of the
 * keyed hash of the entry. No entry is twice in either, for ids are not twice among the rows and the
 * walk ascends; so two different sets have the same sum only by chance, once in 2^64, as long as the
 * file was changed without knowing the key. Records of entries and rows must have the very form that
 * SQLite gives them, so that it cannot take them for something else than was hashed.
 * Another index of decisions, which nothing here is compared with, is a finding by itself.
 *
 * The tables of texts, the events and what begins and ends a segment are small, and left to
 * integrity_check, which takes less than a hundredth of the time for them.
 *
 * For this layer only. One thread at a time.
 */
#ifndef STORE_INDEX_PROOF_H
#define STORE_INDEX_PROOF_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/hash.h"
#include "store/db.h"

/* The indexes of table `decision` in a sealed segment. */
enum index_name { INDEX_SUBJECT, INDEX_REQUEST, INDEX_OUTCOME, INDEX_DENIED, INDEX_COUNT };

/* What the indexes have of a decision. */
struct index_row {
	int64_t id, wall_us, subject, request, outcome;
	bool is_denial;
};

/* Sums over the rows of one segment. */
struct index_proof {
	struct hash_key key; /* nobody knew it when the file was last changed */
	uint64_t sums[INDEX_COUNT];
	uint64_t row_count;
};

void index_proof_begin(struct index_proof *proof, struct hash_key key);

/* Ids ascend. */
void index_proof_add(struct index_proof *proof, const struct index_row *row);

/* In the read transaction in which all rows were added. `*where` is NULL when everything is sound,
 * else the static name of the index, of the table, or of "the file" as a whole that is not.
 * ERR_NO_MEMORY, ERR_IO and such with db->failure. */
enum error index_proof_check(const struct index_proof *proof, struct db *db,
			     const char **where) ATTR_MUST_CHECK;

/* The same of a segment to which rows are still added, and whose log SQLite must read: by
 * integrity_check alone, and without sums. */
enum error index_proof_ask(struct db *db, const char **where) ATTR_MUST_CHECK;

#endif
