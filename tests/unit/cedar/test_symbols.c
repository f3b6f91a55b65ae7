#include "support/cmocka.h"

#include <stdio.h>

#include "cedar/symbols.h"
#include "support/fault.h"

struct fixture {
	struct arena base_arena, top_arena, keep;
	struct symbols base, top;
};

static const struct hash_key key = {1, 2};

static void fixture_init(struct fixture *fixture)
{
	arena_init(&fixture->base_arena, 256, SIZE_MAX);
	arena_init(&fixture->top_arena, 256, SIZE_MAX);
	arena_init(&fixture->keep, 256, SIZE_MAX);
	symbols_init(&fixture->base, NULL, key, &fixture->base_arena, &fixture->keep);
}

static void fixture_put_top(struct fixture *fixture)
{
	symbols_init(&fixture->top, &fixture->base, key, &fixture->top_arena, NULL);
}

static void fixture_deinit(struct fixture *fixture)
{
	arena_deinit(&fixture->base_arena);
	arena_deinit(&fixture->top_arena);
	arena_deinit(&fixture->keep);
}

static struct str numbered(char *out, size_t size, uint32_t number)
{
	return str_make(out, (size_t)snprintf(out, size, "n%u", (unsigned int)number));
}

static void equal_names_have_equal_numbers(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_int_equal(symbols_find_name(&f.base, STR("a")), SYMBOL_NONE);
	assert_int_equal(symbols_put_name(&f.base, STR("a")), 0);
	assert_int_equal(symbols_put_name(&f.base, STR("b")), 1);
	assert_int_equal(symbols_put_name(&f.base, STR("")), 2);
	assert_int_equal(symbols_put_name(&f.base, STR("a\0b")), 3);
	assert_int_equal(symbols_put_name(&f.base, STR("a")), 0);
	assert_int_equal(symbols_find_name(&f.base, STR("a\0b")), 3);
	assert_int_equal(symbols_find_name(&f.base, STR("a\0c")), SYMBOL_NONE);
	assert_int_equal(symbols_name_count(&f.base), 4);
	assert_str_equal(symbols_name(&f.base, 1), "b");
	fixture_deinit(&f);
}

static void a_uid_is_its_type_and_its_id(void **state)
{
	struct fixture f;
	uint32_t user, group;

	(void)state;
	fixture_init(&f);
	user = symbols_put_name(&f.base, STR("User"));
	group = symbols_put_name(&f.base, STR("Group"));
	assert_int_equal(symbols_put_uid(&f.base, user, STR("x")), 0);
	assert_int_equal(symbols_put_uid(&f.base, group, STR("x")), 1);
	assert_int_equal(symbols_put_uid(&f.base, user, STR("y")), 2);
	assert_int_equal(symbols_put_uid(&f.base, user, STR("x")), 0);
	assert_int_equal(symbols_uid(&f.base, 1)->type, group);
	assert_str_equal(symbols_uid(&f.base, 2)->id, "y");
	fixture_deinit(&f);
}

static void a_layer_adds_numbers_above_those_of_its_base(void **state)
{
	struct fixture f;
	uint32_t type;

	(void)state;
	fixture_init(&f);
	type = symbols_put_name(&f.base, STR("T"));
	assert_int_equal(symbols_put_uid(&f.base, type, STR("known")), 0);
	fixture_put_top(&f);
	assert_int_equal(symbols_put_name(&f.top, STR("T")), type);
	assert_int_equal(symbols_put_name(&f.top, STR("U")), 1);
	assert_int_equal(symbols_put_uid(&f.top, type, STR("known")), 0);
	assert_int_equal(symbols_put_uid(&f.top, type, STR("new")), 1);
	assert_int_equal(symbols_put_uid(&f.top, 1, STR("known")), 2);
	assert_int_equal(symbols_put_uid(&f.top, type, STR("new")), 1);
	assert_int_equal(symbols_put_uid(&f.top, 1, STR("known")), 2);
	assert_str_equal(symbols_name(&f.top, 0), "T");
	assert_str_equal(symbols_name(&f.top, 1), "U");
	assert_str_equal(symbols_uid(&f.top, 0)->id, "known");
	assert_int_equal(symbols_name_count(&f.base), 1);
	assert_int_equal(symbols_uid_count(&f.base), 1);
	fixture_deinit(&f);
}

static void a_table_of_many_finds_each_after_it_was_frozen(void **state)
{
	enum { COUNT = 3000 };
	struct fixture f;
	char text[16];

	(void)state;
	fixture_init(&f);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct str name = numbered(text, sizeof(text), i);

		assert_int_equal(symbols_put_name(&f.base, name), i);
		assert_int_equal(symbols_put_uid(&f.base, i % 7, name), i);
	}
	assert_int_equal(symbols_freeze(&f.base, &f.keep), ERR_NONE);
	arena_deinit(&f.base_arena);
	fixture_put_top(&f);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct str name = numbered(text, sizeof(text), i);

		assert_int_equal(symbols_find_name(&f.base, name), i);
		assert_int_equal(symbols_put_uid(&f.top, i % 7, name), i);
	}
	fixture_deinit(&f);
}

static void names_above_a_count_can_be_forgotten(void **state)
{
	enum { COUNT = 500, KEPT = 123 };
	struct fixture f;
	char text[16];

	(void)state;
	fixture_init(&f);
	symbols_truncate_names(&f.base, 0);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(symbols_put_name(&f.base, numbered(text, sizeof(text), i)), i);
	symbols_truncate_names(&f.base, KEPT);
	assert_int_equal(symbols_name_count(&f.base), KEPT);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(symbols_find_name(&f.base, numbered(text, sizeof(text), i)),
				 i < KEPT ? i : SYMBOL_NONE);
	assert_int_equal(symbols_put_name(&f.base, STR("next")), KEPT);
	fixture_deinit(&f);
}

static void lack_of_memory_loses_nothing(void **state)
{
	enum { COUNT = 40 };
	uint32_t lost = 0;
	char text[16];

	(void)state;
	for (uint64_t n = 0;; n++) {
		struct fixture f;
		uint32_t put = 0;

		fixture_init(&f);
		fault_arm(n, FAULT_STICKY);
		while (put < COUNT) {
			struct str name = numbered(text, sizeof(text), put);

			if (symbols_put_name(&f.base, name) == SYMBOL_NONE ||
			    symbols_put_uid(&f.base, put, name) == SYMBOL_NONE)
				break;
			put++;
		}
		lost += put != COUNT;
		if (!fault_disarm()) {
			fixture_deinit(&f);
			break;
		}
		for (uint32_t i = 0; i < put; i++)
			assert_int_equal(
				symbols_put_uid(&f.base, i, numbered(text, sizeof(text), i)), i);
		put = symbols_name_count(&f.base);
		assert_int_equal(symbols_put_name(&f.base, STR("later")), put);
		fixture_deinit(&f);
	}
	assert_true(lost > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_names_have_equal_numbers),
		cmocka_unit_test(a_uid_is_its_type_and_its_id),
		cmocka_unit_test(a_layer_adds_numbers_above_those_of_its_base),
		cmocka_unit_test(a_table_of_many_finds_each_after_it_was_frozen),
		cmocka_unit_test(names_above_a_count_can_be_forgotten),
		cmocka_unit_test(lack_of_memory_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
