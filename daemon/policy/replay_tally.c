#include "policy/replay_tally.h"

#include "base/sort.h"

struct tally_node {
	struct map_node node;
	struct replay_group group;
};

void tally_init(struct tally *tally, struct replay_result *result, struct hash_key key)
{
	*tally = (struct tally){.result = result, .key = key};
	map_init(&tally->by_policy.groups);
	map_init(&tally->by_user.groups);
}

void tally_deinit(struct tally *tally)
{
	map_deinit(&tally->by_policy.groups);
	map_deinit(&tally->by_user.groups);
}

static uint64_t hash_of(const struct tally *tally, const struct replay_group *group)
{
	uint64_t hash = hash_bytes(tally->key, group->user.ptr, group->user.length);

	hash = hash_u64(tally->key,
			hash ^ hash_bytes(tally->key, group->before.ptr, group->before.length));
	hash = hash_u64(tally->key,
			hash ^ hash_bytes(tally->key, group->after.ptr, group->after.length));
	return hash_u64(tally->key, hash + (uint64_t)group->flip);
}

static bool is_same(const struct replay_group *a, const struct replay_group *b)
{
	return a->flip == b->flip && str_equal(a->user, b->user) &&
	       str_equal(a->before, b->before) && str_equal(a->after, b->after);
}

static bool copy_text(struct arena *arena, struct str *text)
{
	*text = arena_copy(arena, *text);
	return text->ptr != NULL;
}

/* The group like `wanted`, a new one if need be; `*found` is NULL beyond the bound. */
static enum error find(struct tally *tally, struct tally_table *table,
		       const struct replay_group *wanted, struct replay_group **found)
{
	struct arena *arena = &tally->result->arena;
	uint64_t hash = hash_of(tally, wanted);
	struct tally_node *node;
	enum error error;

	*found = NULL;
	for (struct map_node *at = map_first(&table->groups, hash); at != NULL; at = map_next(at)) {
		node = CONTAINER_OF(at, struct tally_node, node);
		if (is_same(&node->group, wanted)) {
			*found = &node->group;
			return ERR_NONE;
		}
	}
	if (table->count == REPLAY_GROUPS_MAX)
		return ERR_NONE;
	node = arena_calloc(arena, 1, sizeof(*node));
	if (node == NULL)
		return ERR_NO_MEMORY;
	node->group = *wanted;
	if (!copy_text(arena, &node->group.user) || !copy_text(arena, &node->group.before) ||
	    !copy_text(arena, &node->group.after))
		return ERR_NO_MEMORY;
	error = map_put(&table->groups, &node->node, hash);
	if (error != ERR_NONE)
		return error;
	table->count++;
	*found = &node->group;
	return ERR_NONE;
}

enum error tally_find(struct tally *tally, enum replay_flip flip, struct str user,
		      struct str before, struct str after, struct tally_slot *slot)
{
	struct replay_group of_policy = {.flip = flip, .before = before, .after = after};
	struct replay_group of_user = {.flip = flip, .user = user};
	enum error error = find(tally, &tally->by_policy, &of_policy, &slot->by_policy);

	if (error == ERR_NONE)
		error = find(tally, &tally->by_user, &of_user, &slot->by_user);
	slot->flip = flip;
	return error;
}

static void count_group(struct replay_group *group, uint64_t *others, uint64_t decision_id)
{
	if (group == NULL) {
		++*others;
		return;
	}
	if (group->count < REPLAY_EXAMPLES)
		group->examples[group->count] = decision_id;
	group->count++;
}

void tally_count(struct tally *tally, const struct tally_slot *slot, uint64_t decision_id)
{
	tally->result->flips[slot->flip]++;
	tally->result->flip_count++;
	count_group(slot->by_policy, &tally->by_policy.others, decision_id);
	count_group(slot->by_user, &tally->by_user.others, decision_id);
}

/* Finishing. */

static bool add(struct map_node *node, void *arg)
{
	struct replay_groups *groups = arg;

	groups->items[groups->count++] = &CONTAINER_OF(node, struct tally_node, node)->group;
	return true;
}

/* The most frequent first; equals in an order that does not change from run to run. */
static int compare_groups(const void *a, const void *b)
{
	const struct replay_group *left = *(const struct replay_group *const *)a;
	const struct replay_group *right = *(const struct replay_group *const *)b;
	int order;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	if (left->flip != right->flip)
		return left->flip < right->flip ? -1 : 1;
	order = str_compare(left->user, right->user);
	if (order == 0)
		order = str_compare(left->before, right->before);
	return order != 0 ? order : str_compare(left->after, right->after);
}

static enum error list(struct tally *tally, struct tally_table *table, struct replay_groups *groups)
{
	groups->items =
		arena_calloc(&tally->result->arena, table->count, sizeof(struct replay_group *));
	if (groups->items == NULL)
		return ERR_NO_MEMORY;
	map_each(&table->groups, add, groups);
	sort(groups->items, groups->count, sizeof(struct replay_group *), compare_groups);
	groups->others = table->others;
	return ERR_NONE;
}

enum error tally_finish(struct tally *tally)
{
	enum error error = list(tally, &tally->by_policy, &tally->result->by_policy);

	return error == ERR_NONE ? list(tally, &tally->by_user, &tally->result->by_user) : error;
}
