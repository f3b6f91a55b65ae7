/* Counts what comes out otherwise, by kind, policy and user. For replay.c only. */
#ifndef POLICY_REPLAY_TALLY_H
#define POLICY_REPLAY_TALLY_H

#include "base/map.h"
#include "policy/replay.h"

struct tally_table {
	struct map groups; /* of struct tally_node, by what they have in common */
	size_t count;
	uint64_t others;
};

struct tally {
	struct replay_result *result; /* its arena takes the groups */
	struct hash_key key;
	struct tally_table by_policy, by_user;
};

void tally_init(struct tally *tally, struct replay_result *result, struct hash_key key);
void tally_deinit(struct tally *tally);

/* Where the decisions of one input are counted; either may be NULL beyond the bound. */
struct tally_slot {
	enum replay_flip flip;
	struct replay_group *by_policy, *by_user;
};

/* Finds or makes the groups. ERR_NO_MEMORY. */
enum error tally_find(struct tally *tally, enum replay_flip flip, struct str user,
		      struct str before, struct str after, struct tally_slot *slot) ATTR_MUST_CHECK;

void tally_count(struct tally *tally, const struct tally_slot *slot, uint64_t decision_id);

/* Fills the lists of the result. ERR_NO_MEMORY. */
enum error tally_finish(struct tally *tally) ATTR_MUST_CHECK;

#endif
