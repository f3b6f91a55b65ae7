/* The shape of the index. That it finds what it should is the business of tests/cedar/cedar_oracle.
 */
#include "support/cmocka.h"

#include "base/attributes.h"
#include "cedar/index.h"
#include "support/fault.h"

enum { MAX_POLICIES = 4000 };

struct fixture {
	struct arena build, keep;
	struct policy policies[MAX_POLICIES];
	uint32_t count;
	uint32_t lists[MAX_POLICIES];
	uint32_t list_count;
	struct index index;
};

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.count = 0};
	arena_init(&f->build, 4096, SIZE_MAX);
	arena_init(&f->keep, 4096, SIZE_MAX);
}

static void fixture_deinit(struct fixture *f)
{
	arena_deinit(&f->build);
	arena_deinit(&f->keep);
}

static const struct constraint any = {AST_SCOPE_ANY, 0, 0};

static struct constraint equal(uint32_t uid)
{
	return (struct constraint){AST_SCOPE_EQ, uid, 0};
}

static struct constraint in(uint32_t uid)
{
	return (struct constraint){AST_SCOPE_IN, uid, 0};
}

static struct constraint is(uint32_t type)
{
	return (struct constraint){AST_SCOPE_IS, 0, type};
}

/* One of `count` uids from `first` on. */
static struct constraint in_list(struct fixture *f, uint32_t first, uint32_t count)
{
	struct constraint constraint = {AST_SCOPE_IN_LIST, f->list_count, count};

	for (uint32_t i = 0; i < count; i++)
		f->lists[f->list_count++] = first + i;
	return constraint;
}

static void add(struct fixture *f, struct constraint principal, struct constraint action,
		struct constraint resource)
{
	struct policy *policy = &f->policies[f->count];

	assert_true(f->count < MAX_POLICIES);
	policy_set_constraint(policy, AST_PRINCIPAL, principal);
	policy_set_constraint(policy, AST_ACTION, action);
	policy_set_constraint(policy, AST_RESOURCE, resource);
	policy->number = f->count++;
}

static enum error build(struct fixture *f)
{
	return index_build(&f->index, f->policies, f->count, f->lists, &f->build, &f->keep);
}

static const struct index_node *root(const struct fixture *f)
{
	return &f->index.nodes[INDEX_ROOT];
}

static const struct index_node *find(const struct fixture *f, const struct index_node *parent,
				     int var, enum index_kind kind, uint32_t value)
{
	return index_find(&f->index, (uint32_t)(parent - f->index.nodes), index_family(var, kind),
			  value);
}

/* Fails unless the node holds just the policies [first, first + count) and leads nowhere. */
static void assert_leaf(const struct fixture *f, const struct index_node *node, uint32_t first,
			uint32_t count)
{
	assert_non_null(node);
	assert_int_equal(node->families, 0);
	assert_int_equal(node->count, count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(f->index.policies[node->first + i].number, first + i);
}

static void few_policies_are_not_divided(void **state)
{
	struct fixture f;

	(void)state;
	for (uint32_t count = 0; count <= INDEX_UNDIVIDED; count += INDEX_UNDIVIDED) {
		fixture_init(&f);
		for (uint32_t i = 0; i < count; i++)
			add(&f, equal(i), any, any);
		assert_int_equal(build(&f), ERR_NONE);
		assert_leaf(&f, root(&f), 0, count);
		fixture_deinit(&f);
	}
}

static void one_more_is_divided_by_the_most_selective_constraint(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add(&f, equal(10), equal(20), equal(30));
	add(&f, in(11), equal(20), equal(31));
	add(&f, in(12), equal(20), in(32));
	add(&f, is(1), equal(20), in(33));
	add(&f, is(1), equal(21), is(2));
	add(&f, is(3), any, is(2));
	add(&f, any, is(4), is(2));
	add(&f, any, is(5), any);
	while (f.count <= INDEX_UNDIVIDED)
		add(&f, any, any, any);
	assert_int_equal(build(&f), ERR_NONE);
	assert_leaf(&f, find(&f, root(&f), AST_PRINCIPAL, INDEX_EQ, 10), 0, 1);
	assert_leaf(&f, find(&f, root(&f), AST_RESOURCE, INDEX_EQ, 31), 1, 1);
	assert_leaf(&f, find(&f, root(&f), AST_PRINCIPAL, INDEX_IN, 12), 2, 1);
	assert_leaf(&f, find(&f, root(&f), AST_RESOURCE, INDEX_IN, 33), 3, 1);
	assert_leaf(&f, find(&f, root(&f), AST_ACTION, INDEX_EQ, 21), 4, 1);
	assert_leaf(&f, find(&f, root(&f), AST_PRINCIPAL, INDEX_IS, 3), 5, 1);
	assert_leaf(&f, find(&f, root(&f), AST_RESOURCE, INDEX_IS, 2), 6, 1);
	assert_leaf(&f, find(&f, root(&f), AST_ACTION, INDEX_IS, 5), 7, 1);
	assert_null(find(&f, root(&f), AST_PRINCIPAL, INDEX_IN, 10));
	assert_null(find(&f, root(&f), AST_PRINCIPAL, INDEX_EQ, 11));
	assert_int_equal(root(&f)->count, INDEX_UNDIVIDED + 1 - 8);
	assert_int_equal(f.index.policy_count, f.count);
	fixture_deinit(&f);
}

static void a_large_bucket_is_divided_by_the_next_constraint(void **state)
{
	const struct index_node *group, *folder;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (uint32_t i = 0; i < 40; i++)
		add(&f, in(1), equal(100 + i), in(2));
	for (uint32_t i = 0; i < 20; i++)
		add(&f, in(1), any, in(3));
	assert_int_equal(build(&f), ERR_NONE);
	group = find(&f, root(&f), AST_PRINCIPAL, INDEX_IN, 1);
	assert_non_null(group);
	assert_int_equal(group->count, 0);
	assert_leaf(&f, find(&f, group, AST_RESOURCE, INDEX_IN, 3), 40, 20);
	folder = find(&f, group, AST_RESOURCE, INDEX_IN, 2);
	assert_non_null(folder);
	assert_int_equal(folder->count, 0);
	for (uint32_t i = 0; i < 40; i++)
		assert_leaf(&f, find(&f, folder, AST_ACTION, INDEX_EQ, 100 + i), i, 1);
	fixture_deinit(&f);
}

static void what_no_constraint_divides_stays_together(void **state)
{
	const struct index_node *group;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (uint32_t i = 0; i < 1000; i++)
		add(&f, equal(1), any, any);
	for (uint32_t i = 0; i < 1000; i++)
		add(&f, any, any, any);
	assert_int_equal(build(&f), ERR_NONE);
	group = find(&f, root(&f), AST_PRINCIPAL, INDEX_EQ, 1);
	assert_leaf(&f, group, 0, 1000);
	assert_int_equal(root(&f)->count, 1000);
	fixture_deinit(&f);
}

static void a_policy_for_a_list_sits_at_each_element(void **state)
{
	struct fixture f;
	uint32_t firsts = 0;

	(void)state;
	fixture_init(&f);
	add(&f, any, in_list(&f, 10, 3), any);
	add(&f, any, in_list(&f, 0, 0), any);
	while (f.count <= INDEX_UNDIVIDED)
		add(&f, any, any, any);
	assert_int_equal(build(&f), ERR_NONE);
	for (uint32_t uid = 10; uid < 13; uid++)
		assert_leaf(&f, find(&f, root(&f), AST_ACTION, INDEX_IN, uid), 0, 1);
	assert_null(find(&f, root(&f), AST_ACTION, INDEX_IN, 13));
	/* The policy for an empty list matches nothing and is nowhere. */
	assert_int_equal(f.index.policy_count, f.count + 2 - 1);
	for (uint32_t i = 0; i < f.index.policy_count; i++)
		firsts += !f.index.policies[i].is_repeated;
	assert_int_equal(firsts, f.count - 1);
	fixture_deinit(&f);
}

static void thousands_of_keys_are_each_found(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (uint32_t i = 0; i < MAX_POLICIES; i++)
		add(&f, equal(i * 3), any, any);
	assert_int_equal(build(&f), ERR_NONE);
	for (uint32_t i = 0; i < MAX_POLICIES; i++) {
		assert_leaf(&f, find(&f, root(&f), AST_PRINCIPAL, INDEX_EQ, i * 3), i, 1);
		assert_null(find(&f, root(&f), AST_PRINCIPAL, INDEX_EQ, i * 3 + 1));
		assert_null(find(&f, root(&f), AST_RESOURCE, INDEX_EQ, i * 3));
	}
	fixture_deinit(&f);
}

static void lack_of_memory_is_reported(void **state)
{
	uint32_t failed = 0;
	bool fired = true;

	(void)state;
	for (uint64_t n = 0; fired; n++) {
		struct fixture f;
		enum error error;

		fixture_init(&f);
		for (uint32_t i = 0; i < 500; i++)
			add(&f, in(i % 5), in_list(&f, i % 7, 3), equal(i));
		fault_arm(n, FAULT_ONCE);
		error = build(&f);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		failed += fired;
		fixture_deinit(&f);
	}
	assert_true(failed > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_policies_are_not_divided),
		cmocka_unit_test(one_more_is_divided_by_the_most_selective_constraint),
		cmocka_unit_test(a_large_bucket_is_divided_by_the_next_constraint),
		cmocka_unit_test(what_no_constraint_divides_stays_together),
		cmocka_unit_test(a_policy_for_a_list_sits_at_each_element),
		cmocka_unit_test(thousands_of_keys_are_each_found),
		cmocka_unit_test(lack_of_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
