#include "support/cmocka.h"

#include "cedar/capability.h"
#include "cedar/type_lattice.h"
#include "support/fault.h"

struct fixture {
	struct arena arena;
	struct lattice lattice;
};

static int setup(void **state)
{
	static struct fixture fixture;

	arena_init(&fixture.arena, 1024, SIZE_MAX);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_deinit(&f->arena);
	return 0;
}

static const struct type *join(struct fixture *f, bool strict, const struct type *a,
			       const struct type *b)
{
	f->lattice = (struct lattice){&f->arena, strict, 1000, ERR_NONE};
	return lattice_join(&f->lattice, a, b);
}

static const struct type *entity(struct fixture *f, const uint32_t *numbers, uint32_t count)
{
	return type_new_entity(&f->arena, numbers, count);
}

static const struct type *record(struct fixture *f, const struct type_attr *attrs, uint32_t count,
				 bool is_open)
{
	return type_new_record(&f->arena, attrs, count, is_open);
}

static void truth_values_join_to_bool(void **state)
{
	struct fixture *f = *state;
	const struct type *yes = type_simple(TYPE_TRUE), *no = type_simple(TYPE_FALSE);
	const struct type *either = type_simple(TYPE_BOOL);

	assert_ptr_equal(join(f, true, yes, yes), yes);
	assert_ptr_equal(join(f, true, yes, no), either);
	assert_ptr_equal(join(f, true, either, no), either);
	assert_ptr_equal(join(f, true, type_simple(TYPE_NEVER), no), no);
	assert_null(join(f, false, yes, type_simple(TYPE_LONG)));
}

static void sets_join_by_their_elements(void **state)
{
	struct fixture *f = *state;
	const struct type *never = type_new_set(&f->arena, type_simple(TYPE_NEVER));
	const struct type *longs = type_new_set(&f->arena, type_simple(TYPE_LONG));
	const struct type *yes = type_new_set(&f->arena, type_simple(TYPE_TRUE));
	const struct type *no = type_new_set(&f->arena, type_simple(TYPE_FALSE));

	assert_ptr_equal(join(f, true, never, longs), longs);
	assert_int_equal(join(f, true, yes, no)->element->kind, TYPE_BOOL);
	assert_null(join(f, false, yes, longs));
	assert_null(join(f, false, longs, type_simple(TYPE_LONG)));
}

static void entity_types_join_only_when_permissive(void **state)
{
	static const uint32_t first[] = {1, 4, 7}, second[] = {2, 4, 9}, both[] = {1, 2, 4, 7, 9};
	struct fixture *f = *state;
	const struct type *a = entity(f, first, 3), *b = entity(f, second, 3), *joined;

	assert_null(join(f, true, a, b));
	assert_ptr_equal(join(f, true, a, entity(f, first, 3))->entities, first);
	joined = join(f, false, a, b);
	assert_int_equal(joined->count, 5);
	assert_memory_equal(joined->entities, both, sizeof(both));
	assert_ptr_equal(join(f, false, a, entity(f, first, 1)), a);
}

static void strict_records_join_when_they_have_the_same_attributes(void **state)
{
	struct fixture *f = *state;
	const struct type_attr yes[] = {{STR("a"), type_simple(TYPE_TRUE), true}};
	const struct type_attr no[] = {{STR("a"), type_simple(TYPE_FALSE), true}};
	const struct type_attr maybe[] = {{STR("a"), type_simple(TYPE_FALSE), false}};
	const struct type_attr more[] = {{STR("a"), type_simple(TYPE_FALSE), true},
					 {STR("b"), type_simple(TYPE_LONG), true}};
	const struct type *joined =
		join(f, true, record(f, yes, 1, false), record(f, no, 1, false));

	assert_int_equal(joined->attrs[0].type->kind, TYPE_BOOL);
	assert_false(joined->is_open);
	assert_null(join(f, true, record(f, yes, 1, false), record(f, maybe, 1, false)));
	assert_null(join(f, true, record(f, yes, 1, false), record(f, more, 2, false)));
}

static void permissive_records_keep_what_they_share(void **state)
{
	struct fixture *f = *state;
	const struct type_attr left[] = {{STR("a"), type_simple(TYPE_TRUE), true},
					 {STR("b"), type_simple(TYPE_LONG), true},
					 {STR("c"), type_simple(TYPE_LONG), true}};
	const struct type_attr right[] = {{STR("a"), type_simple(TYPE_FALSE), false},
					  {STR("c"), type_simple(TYPE_STRING), true}};
	const struct type *joined =
		join(f, false, record(f, left, 3, false), record(f, right, 2, false));

	assert_int_equal(joined->count, 1);
	assert_str_equal(joined->attrs[0].name, "a");
	assert_false(joined->attrs[0].required);
	assert_true(joined->is_open);
	/* What has only to be optional may also be there always. */
	joined = join(
		f, false, record(f, left, 1, false),
		record(f, (const struct type_attr[]){{STR("a"), left[0].type, false}}, 1, false));
	assert_false(joined->attrs[0].required);
	assert_false(joined->is_open);
	/* An open record takes in closed ones with more. */
	joined = record(f, right, 1, true);
	assert_true(join(f, false, record(f, left, 3, false), joined)->is_open);
}

static void a_spent_budget_ends_the_work(void **state)
{
	struct fixture *f = *state;
	const struct type *a = type_simple(TYPE_LONG), *b = type_simple(TYPE_LONG);

	for (int i = 0; i < 10; i++) {
		a = type_new_set(&f->arena, a);
		b = type_new_set(&f->arena, b);
	}
	f->lattice = (struct lattice){&f->arena, true, 10, ERR_NONE};
	lattice_join(&f->lattice, a, b);
	assert_int_equal(f->lattice.spent, ERR_LIMIT);
	f->lattice = (struct lattice){&f->arena, true, 11, ERR_NONE};
	assert_ptr_equal(lattice_join(&f->lattice, a, b), b);
	assert_int_equal(f->lattice.spent, ERR_NONE);
}

static void missing_memory_is_told_from_a_missing_type(void **state)
{
	static const uint32_t first[] = {1}, second[] = {2};
	struct fixture *f = *state;
	const struct type *a = entity(f, first, 1), *b = entity(f, second, 1);
	struct arena empty;

	arena_init(&empty, 256, SIZE_MAX);
	f->lattice = (struct lattice){&empty, false, 1000, ERR_NONE};
	fault_arm(0, FAULT_ONCE);
	assert_null(lattice_join(&f->lattice, a, b));
	assert_true(fault_disarm());
	assert_int_equal(f->lattice.spent, ERR_NO_MEMORY);
	arena_deinit(&empty);
}

/* Capabilities. */

static const struct ast_expr *variable(struct fixture *f, enum ast_var var)
{
	struct ast_expr *expr = ast_new(&f->arena, AST_VAR, span_make(0, 1));

	expr->var = var;
	return expr;
}

static void capabilities_are_told_apart_by_expression_and_name(void **state)
{
	struct fixture *f = *state;
	const struct ast_expr *p = variable(f, AST_PRINCIPAL), *r = variable(f, AST_RESOURCE);
	const struct capability a = {.expr = p, .attr = STR("a")};
	const struct capability again = {.expr = variable(f, AST_PRINCIPAL), .attr = STR("a")};
	const struct capability other_name = {.expr = p, .attr = STR("b")};
	const struct capability other_expr = {.expr = r, .attr = STR("a")};
	const struct capability tag = {.expr = p, .tag = r};
	const struct capability *set, *more, *both;

	f->lattice = (struct lattice){&f->arena, true, 1000, ERR_NONE};
	set = capability_add(&f->lattice, NULL, &a);
	assert_true(capability_has(&f->lattice, set, &again));
	assert_false(capability_has(&f->lattice, set, &other_name));
	assert_false(capability_has(&f->lattice, set, &other_expr));
	assert_false(capability_has(&f->lattice, set, &tag));
	more = capability_add(&f->lattice, capability_add(&f->lattice, NULL, &tag), &other_name);
	both = capability_union(&f->lattice, set, more);
	assert_true(capability_has(&f->lattice, both, &a));
	assert_true(capability_has(&f->lattice, both, &tag));
	assert_true(capability_has(&f->lattice, both, &other_name));
	both = capability_intersection(&f->lattice, both, set);
	assert_true(capability_has(&f->lattice, both, &a));
	assert_false(capability_has(&f->lattice, both, &tag));
	assert_null(capability_intersection(&f->lattice, set, more));
	assert_ptr_equal(capability_union(&f->lattice, NULL, set), set);
	assert_ptr_equal(capability_union(&f->lattice, set, NULL), set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth_values_join_to_bool),
		cmocka_unit_test(sets_join_by_their_elements),
		cmocka_unit_test(entity_types_join_only_when_permissive),
		cmocka_unit_test(strict_records_join_when_they_have_the_same_attributes),
		cmocka_unit_test(permissive_records_keep_what_they_share),
		cmocka_unit_test(a_spent_budget_ends_the_work),
		cmocka_unit_test(missing_memory_is_told_from_a_missing_type),
		cmocka_unit_test(capabilities_are_told_apart_by_expression_and_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
