#include "platform/peer_rules.h"

#include <string.h>

#include "platform/peer.h"

static bool same(const struct account *a, const struct account *b)
{
	return a->length != 0 && a->length == b->length &&
	       memcmp(a->bytes, b->bytes, a->length) == 0;
}

static bool contains(const struct account *accounts, uint32_t count, const struct account *account)
{
	for (uint32_t i = 0; i < count; i++) {
		if (same(&accounts[i], account))
			return true;
	}
	return false;
}

enum error peer_rules_add(struct peer_rules *rules, enum peer_kind kind, struct account account,
			  struct buf *why)
{
	struct account *accounts = kind == PEER_USER ? rules->users : rules->groups;
	uint32_t *count = kind == PEER_USER ? &rules->user_count : &rules->group_count;

	if (contains(accounts, *count, &account))
		return ERR_NONE;
	if (*count == PEER_RULES_MAX) {
		buf_printf(why, "more than %d entries in one list", PEER_RULES_MAX);
		return ERR_LIMIT;
	}
	accounts[(*count)++] = account;
	return ERR_NONE;
}

bool peer_rules_allow(const struct peer_rules *rules, const struct peer *peer)
{
	if (!peer->valid)
		return false;
	if (contains(rules->users, rules->user_count, &peer->user))
		return true;
	for (uint32_t i = 0; i < peer->group_count; i++) {
		if (contains(rules->groups, rules->group_count, &peer->groups[i]))
			return true;
	}
	return false;
}
