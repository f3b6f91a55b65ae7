#include "cedar/index.h"

#include <string.h>

#include "base/sort.h"

/* The way of a policy at a node: the key it follows. Policies without a way stay at the node. */
struct way {
	uint32_t family;
	uint32_t value;
	uint32_t policy;
};

#define NO_WAY UINT32_MAX /* a family above all others, so that these ways come last */

struct builder {
	const struct policy *policies;
	const uint32_t *uid_lists;
	struct arena *arena;
	struct index_node *nodes;
	uint32_t *entries;
	uint32_t node_count, node_capacity;
	uint32_t entry_count, entry_capacity;
};

static enum error add_node(struct builder *builder, struct index_node node)
{
	struct index_node *nodes =
		arena_grow_array(builder->arena, builder->nodes, builder->node_count,
				 &builder->node_capacity, sizeof(*nodes));

	if (nodes == NULL)
		return builder->arena->refusal;
	nodes[builder->node_count++] = node;
	builder->nodes = nodes;
	return ERR_NONE;
}

static enum error add_entry(struct builder *builder, uint32_t policy)
{
	uint32_t *entries = arena_grow_array(builder->arena, builder->entries, builder->entry_count,
					     &builder->entry_capacity, sizeof(*entries));

	if (entries == NULL)
		return builder->arena->refusal;
	entries[builder->entry_count++] = policy;
	builder->entries = entries;
	return ERR_NONE;
}

static bool kind_of(const struct constraint *constraint, enum index_kind *kind)
{
	switch ((enum ast_scope_kind)constraint->kind) {
	case AST_SCOPE_ANY: return false;
	case AST_SCOPE_EQ: *kind = INDEX_EQ; return true;
	case AST_SCOPE_IN:
	case AST_SCOPE_IN_LIST:
	case AST_SCOPE_IS_IN: *kind = INDEX_IN; return true;
	case AST_SCOPE_IS: *kind = INDEX_IS; return true;
	}
	return false;
}

/* The variable whose constraint is the most selective one, of those not in `used` (a set of bits
 * 1 << var); -1 when none of them is constrained. Actions are few, so that a principal or resource
 * tells more; types are fewest. */
static int best_variable(const struct policy *policy, uint32_t used)
{
	static const struct {
		int var;
		enum index_kind kind;
	} order[] = {
		{AST_PRINCIPAL, INDEX_EQ}, {AST_RESOURCE, INDEX_EQ}, {AST_PRINCIPAL, INDEX_IN},
		{AST_RESOURCE, INDEX_IN},  {AST_ACTION, INDEX_EQ},   {AST_ACTION, INDEX_IN},
		{AST_PRINCIPAL, INDEX_IS}, {AST_RESOURCE, INDEX_IS}, {AST_ACTION, INDEX_IS},
	};

	for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
		enum index_kind kind;

		if ((used & 1u << order[i].var) == 0 &&
		    kind_of(&policy->scope[order[i].var], &kind) && kind == order[i].kind)
			return order[i].var;
	}
	return -1;
}

static size_t count_ways(const struct builder *builder, const uint32_t *policies, size_t count,
			 uint32_t used)
{
	size_t ways = 0;

	for (size_t i = 0; i < count; i++) {
		const struct policy *policy = &builder->policies[policies[i]];
		int var = best_variable(policy, used);

		ways += var >= 0 && policy->scope[var].kind == AST_SCOPE_IN_LIST
				? policy->scope[var].type
				: 1;
	}
	return ways;
}

/* Appends the ways of one policy and returns the end. */
static struct way *find_ways(const struct builder *builder, uint32_t number, uint32_t used,
			     struct way *end)
{
	const struct policy *policy = &builder->policies[number];
	int var = best_variable(policy, used);
	const struct constraint *constraint;
	enum index_kind kind = INDEX_EQ;

	if (var < 0) {
		*end++ = (struct way){NO_WAY, 0, number};
		return end;
	}
	constraint = &policy->scope[var];
	(void)kind_of(constraint, &kind);
	if (constraint->kind == AST_SCOPE_IN_LIST) {
		for (uint32_t i = 0; i < constraint->type; i++)
			*end++ = (struct way){index_family(var, kind),
					      builder->uid_lists[constraint->uid + i], number};
		return end;
	}
	*end++ = (struct way){index_family(var, kind),
			      kind == INDEX_IS ? constraint->type : constraint->uid, number};
	return end;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_ways(const void *a, const void *b)
{
	const struct way *left = a, *right = b;

	if (left->family != right->family)
		return compare_u32(left->family, right->family);
	if (left->value != right->value)
		return compare_u32(left->value, right->value);
	return compare_u32(left->policy, right->policy);
}

static enum error fill_node(struct builder *builder, uint32_t node, const uint32_t *policies,
			    size_t count, uint32_t used);

static enum error keep_at_node(struct builder *builder, uint32_t node, const struct way *ways,
			       size_t count)
{
	enum error error = ERR_NONE;

	builder->nodes[node].first = builder->entry_count;
	builder->nodes[node].count = (uint32_t)count;
	for (size_t i = 0; i < count && error == ERR_NONE; i++)
		error = add_entry(builder, ways[i].policy);
	return error;
}

/* Makes the child for ways of one key. */
static enum error add_child(struct builder *builder, uint32_t parent, const struct way *ways,
			    size_t count, uint32_t used)
{
	struct index_node child = {
		.parent = parent, .family = ways[0].family, .value = ways[0].value};
	uint32_t node = builder->node_count;
	uint32_t *policies = arena_calloc(builder->arena, count, sizeof(*policies));
	enum error error;

	if (policies == NULL)
		return builder->arena->refusal;
	for (size_t i = 0; i < count; i++)
		policies[i] = ways[i].policy;
	error = add_node(builder, child);
	if (error != ERR_NONE)
		return error;
	builder->nodes[parent].families |= 1u << child.family;
	return fill_node(builder, node, policies, count, used | 1u << child.family / INDEX_KINDS);
}

/* Divides the policies of a node by their ways. */
static enum error divide_node(struct builder *builder, uint32_t node, struct way *ways,
			      size_t way_count, uint32_t used)
{
	size_t start = 0, end;
	enum error error = ERR_NONE;

	sort(ways, way_count, sizeof(*ways), compare_ways);
	for (; start < way_count && ways[start].family != NO_WAY && error == ERR_NONE;
	     start = end) {
		end = start + 1;
		while (end < way_count && ways[end].family == ways[start].family &&
		       ways[end].value == ways[start].value)
			end++;
		error = add_child(builder, node, ways + start, end - start, used);
	}
	if (error == ERR_NONE)
		error = keep_at_node(builder, node, ways + start, way_count - start);
	return error;
}

/* Puts `policies` below `node`. Recursion ends when all three variables are used. */
static enum error fill_node(struct builder *builder, uint32_t node, const uint32_t *policies,
			    size_t count, uint32_t used)
{
	size_t way_count =
		count > INDEX_UNDIVIDED ? count_ways(builder, policies, count, used) : count;
	struct way *ways = arena_calloc(builder->arena, way_count, sizeof(*ways)), *end = ways;

	if (ways == NULL)
		return builder->arena->refusal;
	for (size_t i = 0; i < count; i++) {
		if (count > INDEX_UNDIVIDED)
			end = find_ways(builder, policies[i], used, end);
		else
			*end++ = (struct way){NO_WAY, 0, policies[i]};
	}
	return divide_node(builder, node, ways, way_count, used);
}

/* Finishing. */

static enum error make_slots(struct index *index, uint32_t node_count, struct arena *keep)
{
	uint32_t slot_count = 2;
	struct index_slot *slots;

	while (slot_count / 2 < node_count) {
		slot_count *= 2;
		if (slot_count == 0)
			return ERR_LIMIT;
	}
	slots = arena_calloc(keep, slot_count, sizeof(*slots));
	if (slots == NULL)
		return keep->refusal;
	for (uint32_t node = INDEX_ROOT + 1; node < node_count; node++) {
		const struct index_node *key = &index->nodes[node];
		uint32_t hash = index_hash(key->parent, key->family, key->value), i = hash;

		while (slots[i & (slot_count - 1)].node != INDEX_ROOT)
			i++;
		slots[i & (slot_count - 1)] = (struct index_slot){hash, node};
	}
	index->slots = slots;
	index->slot_mask = slot_count - 1;
	return ERR_NONE;
}

/* Moves the policies into the order in which entries name them first; `entries` follows. */
static enum error order_policies(struct policy *policies, uint32_t policy_count, uint32_t *entries,
				 uint32_t entry_count, struct arena *build)
{
	struct policy *copy = arena_calloc(build, policy_count, sizeof(*copy));
	uint32_t *moved = arena_calloc(build, policy_count, sizeof(*moved)), next = 0;

	if (copy == NULL || moved == NULL)
		return build->refusal;
	if (policy_count != 0)
		memcpy(copy, policies, policy_count * sizeof(*copy));
	memset(moved, 0xff, policy_count * sizeof(*moved));
	for (uint32_t i = 0; i < entry_count; i++) {
		uint32_t *to = &moved[entries[i]];

		if (*to == INDEX_NONE) {
			policies[next] = copy[entries[i]];
			*to = next++;
		}
		entries[i] = *to;
	}
	/* What no key can ever lead to. */
	for (uint32_t i = 0; i < policy_count; i++) {
		if (moved[i] == INDEX_NONE)
			policies[next++] = copy[i];
	}
	return ERR_NONE;
}

static void *copy_exact(struct arena *arena, const void *elements, size_t count, size_t size)
{
	void *copy = arena_calloc(arena, count, size);

	if (copy != NULL && count != 0)
		memcpy(copy, elements, count * size);
	return copy;
}

enum error index_build(struct index *index, struct policy *policies, uint32_t policy_count,
		       const uint32_t *uid_lists, struct arena *build, struct arena *keep)
{
	struct builder builder = {.policies = policies, .uid_lists = uid_lists, .arena = build};
	uint32_t *all = arena_calloc(build, policy_count, sizeof(*all));
	struct index done = {0};
	enum error error;

	if (all == NULL)
		return build->refusal;
	for (uint32_t i = 0; i < policy_count; i++)
		all[i] = i;
	error = add_node(&builder, (struct index_node){.parent = INDEX_NONE});
	if (error == ERR_NONE)
		error = fill_node(&builder, INDEX_ROOT, all, policy_count, 0);
	if (error == ERR_NONE)
		error = order_policies(policies, policy_count, builder.entries, builder.entry_count,
				       build);
	if (error != ERR_NONE)
		return error;
	done.nodes = copy_exact(keep, builder.nodes, builder.node_count, sizeof(*done.nodes));
	done.entries =
		copy_exact(keep, builder.entries, builder.entry_count, sizeof(*done.entries));
	if (done.nodes == NULL || done.entries == NULL)
		return keep->refusal;
	error = make_slots(&done, builder.node_count, keep);
	if (error == ERR_NONE)
		*index = done;
	return error;
}
