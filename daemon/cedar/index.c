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
	uint32_t policy_count;
	const uint32_t *uid_lists;
	struct arena *arena;
	struct index_node *nodes;
	uint32_t *placed; /* positions of policies in the order of the index */
	uint32_t node_count, node_capacity;
	uint32_t placed_count, placed_capacity;
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

static enum error place_policy(struct builder *builder, uint32_t policy)
{
	uint32_t *placed = arena_grow_array(builder->arena, builder->placed, builder->placed_count,
					    &builder->placed_capacity, sizeof(*placed));

	if (placed == NULL)
		return builder->arena->refusal;
	placed[builder->placed_count++] = policy;
	builder->placed = placed;
	return ERR_NONE;
}

static bool kind_of(struct constraint constraint, enum index_kind *kind)
{
	switch (constraint.kind) {
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
		    kind_of(policy_constraint(policy, order[i].var), &kind) &&
		    kind == order[i].kind)
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

		ways += var >= 0 && policy->kinds[var] == AST_SCOPE_IN_LIST ? policy->types[var]
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
	struct constraint constraint;
	enum index_kind kind = INDEX_EQ;

	if (var < 0) {
		*end++ = (struct way){NO_WAY, 0, number};
		return end;
	}
	constraint = policy_constraint(policy, var);
	(void)kind_of(constraint, &kind);
	if (constraint.kind == AST_SCOPE_IN_LIST) {
		for (uint32_t i = 0; i < constraint.type; i++)
			*end++ = (struct way){index_family(var, kind),
					      builder->uid_lists[constraint.uid + i], number};
		return end;
	}
	*end++ = (struct way){index_family(var, kind),
			      kind == INDEX_IS ? constraint.type : constraint.uid, number};
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

	builder->nodes[node].first = builder->placed_count;
	builder->nodes[node].count = (uint32_t)count;
	for (size_t i = 0; i < count && error == ERR_NONE; i++)
		error = place_policy(builder, ways[i].policy);
	return error;
}

/* Makes the child for ways of one key. */
static enum error add_child(struct builder *builder, uint32_t parent, const struct way *ways,
			    size_t count, uint32_t used)
{
	struct index_node child = {
		.parent = parent, .value = ways[0].value, .family = (uint16_t)ways[0].family};
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
	builder->nodes[parent].families |= (uint16_t)(1u << child.family);
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

static enum error copy_policies(struct index *index, const struct builder *builder,
				struct arena *keep)
{
	uint32_t count = builder->placed_count;
	struct policy *policies = arena_calloc(keep, count, sizeof(*policies));
	bool *seen = arena_calloc(builder->arena, builder->policy_count, sizeof(*seen));

	if (policies == NULL)
		return keep->refusal;
	if (seen == NULL)
		return builder->arena->refusal;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t policy = builder->placed[i];

		policies[i] = builder->policies[policy];
		policies[i].is_repeated = seen[policy];
		seen[policy] = true;
	}
	index->policies = policies;
	index->policy_count = count;
	return ERR_NONE;
}

static enum error copy_nodes(struct index *index, const struct builder *builder, struct arena *keep)
{
	struct index_node *nodes = arena_calloc(keep, builder->node_count, sizeof(*nodes));

	if (nodes == NULL)
		return keep->refusal;
	memcpy(nodes, builder->nodes, builder->node_count * sizeof(*nodes));
	index->nodes = nodes;
	return ERR_NONE;
}

enum error index_build(struct index *index, const struct policy *policies, uint32_t policy_count,
		       const uint32_t *uid_lists, struct arena *build, struct arena *keep)
{
	struct builder builder = {.policies = policies,
				  .policy_count = policy_count,
				  .uid_lists = uid_lists,
				  .arena = build};
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
		error = copy_policies(&done, &builder, keep);
	if (error == ERR_NONE)
		error = copy_nodes(&done, &builder, keep);
	if (error == ERR_NONE)
		error = make_slots(&done, builder.node_count, keep);
	if (error == ERR_NONE)
		*index = done;
	return error;
}
