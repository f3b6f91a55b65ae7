#include "support/cmocka.h"

#include <stdio.h>

#include "base/attributes.h"
#include "cedar/entity.h"

struct fixture {
	struct arena build, keep;
	struct symbols symbols;
	struct value_builder builder;
	struct entity_store store;
};

static void fixture_init(struct fixture *f)
{
	arena_init(&f->build, 4096, SIZE_MAX);
	arena_init(&f->keep, 4096, SIZE_MAX);
	symbols_init(&f->symbols, NULL, (struct hash_key){1, 2}, &f->build, &f->keep);
	value_builder_init(&f->builder, &f->symbols, &f->keep, true);
	entity_store_init(&f->store, &f->symbols, &f->build, &f->keep);
}

static void fixture_deinit(struct fixture *f)
{
	arena_deinit(&f->build);
	arena_deinit(&f->keep);
}

static cedar_uid uid(struct fixture *f, const char *id)
{
	return value_build_uid(&f->builder, STR("T"), str_from(id));
}

/* Adds T::child with parents named by single letters. */
static enum error add(struct fixture *f, const char *child, const char *parents)
{
	cedar_uid uids[16];
	size_t count = 0;

	for (; parents[count] != '\0'; count++) {
		char name[2] = {parents[count], '\0'};

		uids[count] = uid(f, name);
	}
	return entity_store_add(&f->store, uid(f, child), NULL, NULL, uids, count);
}

static bool below(struct fixture *f, const char *child, const char *ancestor)
{
	return entity_is_below(entity_store_find(&f->store, uid(f, child)), uid(f, ancestor));
}

static void close_store(struct fixture *f)
{
	cedar_uid culprit;

	assert_int_equal(entity_store_close(&f->store, &culprit), ERR_NONE);
}

static void ancestors_are_closed_whatever_the_order_of_adding(void **state)
{
	static const char *const orders[][4] = {
		{"d", "c", "b", "a"}, {"a", "b", "c", "d"}, {"b", "d", "a", "c"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
		struct fixture f;

		fixture_init(&f);
		for (size_t k = 0; k < 4; k++) {
			/* a below b, c; b and c below d; d below the dangling e */
			const char *parents = orders[i][k][0] == 'a'   ? "bc"
					      : orders[i][k][0] == 'd' ? "e"
								       : "d";

			assert_int_equal(add(&f, orders[i][k], parents), ERR_NONE);
		}
		close_store(&f);
		assert_true(below(&f, "a", "b"));
		assert_true(below(&f, "a", "c"));
		assert_true(below(&f, "a", "d"));
		assert_true(below(&f, "a", "e"));
		assert_true(below(&f, "b", "e"));
		assert_false(below(&f, "b", "a"));
		assert_false(below(&f, "b", "c"));
		assert_false(below(&f, "a", "a"));
		assert_false(below(&f, "e", "e"));
		assert_int_equal(entity_store_find(&f.store, uid(&f, "a"))->ancestor_count, 4);
		assert_null(entity_store_find(&f.store, uid(&f, "e")));
		fixture_deinit(&f);
	}
}

static void more_can_be_added_after_closing(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_int_equal(add(&f, "a", "b"), ERR_NONE);
	close_store(&f);
	assert_false(below(&f, "a", "c"));
	assert_int_equal(add(&f, "b", "c"), ERR_NONE);
	close_store(&f);
	assert_true(below(&f, "a", "c"));
	fixture_deinit(&f);
}

static void a_second_definition_must_be_equal(void **state)
{
	struct cedar_attr attr = {STR("x"), cedar_long(1)};
	const struct value_record *attrs, *other;
	cedar_uid a, parents[3];
	struct fixture f;

	(void)state;
	fixture_init(&f);
	a = uid(&f, "a");
	parents[0] = parents[2] = uid(&f, "p");
	parents[1] = uid(&f, "q");
	attrs = value_record(value_build_record(&f.builder, &attr, 1));
	attr.value = cedar_long(2);
	other = value_record(value_build_record(&f.builder, &attr, 1));
	assert_int_equal(entity_store_add(&f.store, a, attrs, NULL, parents, 2), ERR_NONE);
	assert_int_equal(entity_store_add(&f.store, a, attrs, NULL, parents, 2), ERR_NONE);
	assert_int_equal(entity_store_add(&f.store, a, attrs, NULL, parents, 3), ERR_NONE);
	assert_int_equal(entity_store_add(&f.store, a, attrs, NULL, parents + 1, 2), ERR_NONE);
	assert_int_equal(entity_store_add(&f.store, a, attrs, NULL, parents, 1), ERR_EXISTS);
	assert_int_equal(entity_store_add(&f.store, a, other, NULL, parents, 2), ERR_EXISTS);
	assert_int_equal(entity_store_add(&f.store, a, NULL, NULL, parents, 2), ERR_EXISTS);
	assert_int_equal(entity_store_add(&f.store, a, attrs, other, parents, 2), ERR_EXISTS);
	assert_int_equal(f.store.count, 1);
	fixture_deinit(&f);
}

static void a_cycle_is_found_wherever_it_hides(void **state)
{
	static const struct {
		const char *pairs[4][2];
		const char *members;
	} cases[] = {
		{{{"a", "a"}}, "a"},
		{{{"a", "b"}, {"b", "a"}}, "ab"},
		{{{"a", "b"}, {"b", "c"}, {"c", "b"}}, "bc"},
		{{{"x", "yz"}, {"a", "bx"}, {"b", "c"}, {"c", "xa"}}, "abc"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		cedar_uid culprit = CEDAR_NO_UID;
		struct fixture f;

		fixture_init(&f);
		for (size_t k = 0; k < 4 && cases[i].pairs[k][0] != NULL; k++)
			assert_int_equal(add(&f, cases[i].pairs[k][0], cases[i].pairs[k][1]),
					 ERR_NONE);
		assert_int_equal(entity_store_close(&f.store, &culprit), ERR_INVALID);
		assert_non_null(
			strchr(cases[i].members, symbols_uid(&f.symbols, culprit)->id.ptr[0]));
		fixture_deinit(&f);
	}
}

static void chain(struct fixture *f, uint32_t length)
{
	char name[16];
	cedar_uid child = uid(f, "0");

	for (uint32_t i = 1; i <= length; i++) {
		cedar_uid parent;

		(void)snprintf(name, sizeof(name), "%u", (unsigned int)i);
		parent = uid(f, name);
		assert_int_equal(entity_store_add(&f->store, child, NULL, NULL, &parent, 1),
				 ERR_NONE);
		child = parent;
	}
}

static void chains_reach_the_limit_and_not_beyond(void **state)
{
	/* A shorter limit would not show that the walk does without recursion. */
	struct fixture f;
	cedar_uid culprit = CEDAR_NO_UID, many[ENTITY_MAX_ANCESTORS + 1];

	(void)state;
	fixture_init(&f);
	chain(&f, 3000);
	close_store(&f);
	assert_true(below(&f, "0", "3000"));
	assert_true(below(&f, "1500", "3000"));
	assert_false(below(&f, "1500", "1499"));
	for (uint32_t i = 0; i <= ENTITY_MAX_ANCESTORS; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "p%u", (unsigned int)i);
		many[i] = uid(&f, name);
	}
	assert_int_equal(
		entity_store_add(&f.store, uid(&f, "full"), NULL, NULL, many, ENTITY_MAX_ANCESTORS),
		ERR_NONE);
	assert_int_equal(entity_store_add(&f.store, uid(&f, "overfull"), NULL, NULL, many,
					  ENTITY_MAX_ANCESTORS + 1),
			 ERR_LIMIT);
	close_store(&f);
	many[0] = uid(&f, "full");
	assert_int_equal(entity_store_add(&f.store, uid(&f, "above"), NULL, NULL, many, 1),
			 ERR_NONE);
	assert_int_equal(entity_store_close(&f.store, &culprit), ERR_LIMIT);
	assert_int_equal(culprit, uid(&f, "above"));
	fixture_deinit(&f);
}

static void a_frozen_store_outlives_the_build_arena(void **state)
{
	struct fixture f;
	cedar_uid a, b;

	(void)state;
	fixture_init(&f);
	a = uid(&f, "a");
	b = uid(&f, "b");
	assert_int_equal(add(&f, "a", "b"), ERR_NONE);
	close_store(&f);
	assert_int_equal(entity_store_freeze(&f.store), ERR_NONE);
	assert_int_equal(symbols_freeze(&f.symbols, &f.keep), ERR_NONE);
	arena_deinit(&f.build);
	assert_true(entity_is_below(entity_store_find(&f.store, a), b));
	fixture_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ancestors_are_closed_whatever_the_order_of_adding),
		cmocka_unit_test(more_can_be_added_after_closing),
		cmocka_unit_test(a_second_definition_must_be_equal),
		cmocka_unit_test(a_cycle_is_found_wherever_it_hides),
		cmocka_unit_test(chains_reach_the_limit_and_not_beyond),
		cmocka_unit_test(a_frozen_store_outlives_the_build_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
