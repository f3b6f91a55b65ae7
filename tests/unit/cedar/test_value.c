#include "support/cmocka.h"

#include "base/attributes.h"
#include "cedar/value.h"

struct fixture {
	struct arena arena;
	struct symbols symbols;
	struct value_builder builder;
};

static void fixture_init(struct fixture *f)
{
	arena_init(&f->arena, 4096, SIZE_MAX);
	symbols_init(&f->symbols, NULL, (struct hash_key){1, 2}, &f->arena, &f->arena);
	value_builder_init(&f->builder, &f->symbols, &f->arena, true);
}

static struct cedar_value text(struct fixture *f, const char *bytes)
{
	return value_build_string(&f->builder, str_from(bytes));
}

static struct cedar_value set_of(struct fixture *f, const struct cedar_value *elements,
				 size_t count)
{
	return value_build_set(&f->builder, elements, count);
}

/* One value of each kind, all different, among them some that look alike. */
enum { SAMPLE_COUNT = 22 };

static void make_samples(struct fixture *f, struct cedar_value out[SAMPLE_COUNT])
{
	static const struct value_ipv6 loopback = {0, 1};
	struct cedar_value one = cedar_long(1), pair[2] = {cedar_long(1), cedar_long(2)};
	struct cedar_attr a = {STR("a"), cedar_long(1)}, b = {STR("b"), cedar_long(1)};
	struct cedar_attr a2 = {STR("a"), cedar_long(2)};
	cedar_uid uid = value_build_uid(&f->builder, STR("T"), STR("1"));
	size_t n = 0;

	out[n++] = cedar_bool(false);
	out[n++] = cedar_bool(true);
	out[n++] = cedar_long(0);
	out[n++] = cedar_long(1);
	out[n++] = cedar_long(-1);
	out[n++] = text(f, "");
	out[n++] = text(f, "1");
	out[n++] = text(f, "ab");
	out[n++] = text(f, "ba");
	out[n++] = value_build_entity(&f->builder, uid);
	out[n++] = cedar_decimal(1);
	out[n++] = cedar_datetime(1);
	out[n++] = cedar_duration(1);
	out[n++] = value_of_bits(VALUE_IPV4, 32, 1);
	out[n++] = value_of_bits(VALUE_IPV4, 24, 1);
	out[n++] = value_of_address(VALUE_IPV6, 128, &loopback);
	out[n++] = set_of(f, NULL, 0);
	out[n++] = set_of(f, &one, 1);
	out[n++] = set_of(f, pair, 2);
	out[n++] = value_build_record(&f->builder, &a, 1);
	out[n++] = value_build_record(&f->builder, &b, 1);
	out[n++] = value_build_record(&f->builder, &a2, 1);
	assert_int_equal(n, SAMPLE_COUNT);
	assert_int_equal(f->builder.failed, ERR_NONE);
}

static void values_equal_themselves_and_nothing_else(void **state)
{
	struct cedar_value first[SAMPLE_COUNT], again[SAMPLE_COUNT];
	struct fixture f;

	(void)state;
	fixture_init(&f);
	make_samples(&f, first);
	make_samples(&f, again);
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		for (size_t k = 0; k < SAMPLE_COUNT; k++) {
			int order = value_compare(first[i], again[k]);

			assert_int_equal(value_equal(first[i], again[k]), i == k);
			assert_int_equal(order == 0, i == k);
			assert_int_equal(order<0, value_compare(again[k], first[i])> 0);
		}
	}
	arena_deinit(&f.arena);
}

static void the_order_of_values_is_transitive(void **state)
{
	struct cedar_value v[SAMPLE_COUNT];
	struct fixture f;

	(void)state;
	fixture_init(&f);
	make_samples(&f, v);
	for (size_t a = 0; a < SAMPLE_COUNT; a++) {
		for (size_t b = 0; b < SAMPLE_COUNT; b++) {
			for (size_t c = 0; c < SAMPLE_COUNT; c++) {
				if (value_compare(v[a], v[b]) < 0 && value_compare(v[b], v[c]) < 0)
					assert_true(value_compare(v[a], v[c]) < 0);
			}
		}
	}
	arena_deinit(&f.arena);
}

static void a_set_has_no_order_and_no_duplicates(void **state)
{
	struct cedar_value v[SAMPLE_COUNT], twice[2 * SAMPLE_COUNT], forth, back;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	make_samples(&f, v);
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		twice[i] = v[SAMPLE_COUNT - 1 - i];
		twice[SAMPLE_COUNT + i] = v[i * 7 % SAMPLE_COUNT];
	}
	forth = set_of(&f, v, SAMPLE_COUNT);
	back = set_of(&f, twice, 2 * SAMPLE_COUNT);
	assert_int_equal(value_set(back)->count, SAMPLE_COUNT);
	assert_true(value_equal(forth, back));
	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		assert_true(value_set_contains(value_set(back), v[i]));
	assert_false(value_set_contains(value_set(back), cedar_long(77)));
	assert_false(value_set_contains(value_set(back), back));
	arena_deinit(&f.arena);
}

static void a_record_finds_each_of_its_keys(void **state)
{
	enum { COUNT = 40 };
	char names[COUNT][2];
	struct cedar_attr attrs[COUNT];
	struct cedar_value value;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (size_t count = 0; count < COUNT; count++) {
		for (size_t i = 0; i < count; i++) {
			/* Backwards, so that symbols and fields come in different order. */
			size_t at = count - 1 - i;

			names[at][0] = (char)('A' + at);
			attrs[i] = (struct cedar_attr){str_make(names[at], 1),
						       cedar_long((int64_t)at)};
		}
		value = value_build_record(&f.builder, attrs, count);
		assert_int_equal(value.tag, VALUE_RECORD);
		for (size_t i = 0; i < count; i++) {
			uint32_t key = symbols_find_name(&f.symbols, str_make(names[i], 1));
			const struct cedar_value *found =
				value_record_find(value_record(value), key);

			assert_non_null(found);
			assert_int_equal(value_integer(*found), i);
		}
		assert_null(value_record_find(value_record(value), SYMBOL_NONE));
	}
	assert_null(value_record_find(NULL, 0));
	arena_deinit(&f.arena);
}

static void what_is_wrong_fails_once_and_for_all(void **state)
{
	struct cedar_attr twice[2] = {{STR("a"), cedar_long(1)}, {STR("a"), cedar_long(1)}};
	struct cedar_attr bad_key = {STR("\xff"), cedar_long(1)};
	struct cedar_value invalid = {0}, foreign = cedar_entity(12345), unknown = {99, 0, 0};
	struct cedar_attr bad_value = {STR("a"), invalid};

	(void)state;
	for (int i = 0; i < 9; i++) {
		struct fixture f;
		struct cedar_value value = {0};

		fixture_init(&f);
		switch (i) {
		case 0: value = text(&f, "\xc3"); break;
		case 1: value = value_build_record(&f.builder, twice, 2); break;
		case 2: value = value_build_record(&f.builder, &bad_key, 1); break;
		case 3: value = value_build_record(&f.builder, &bad_value, 1); break;
		case 4: value = set_of(&f, &invalid, 1); break;
		case 5: value = set_of(&f, &foreign, 1); break;
		case 6: value = set_of(&f, &unknown, 1); break;
		case 7: value = value_build_entity(&f.builder, CEDAR_NO_UID); break;
		case 8:
			assert_int_equal(value_build_uid(&f.builder, STR("T"), STR("\xff")),
					 CEDAR_NO_UID);
			break;
		}
		assert_int_equal(value.tag, VALUE_INVALID);
		assert_int_equal(f.builder.failed, ERR_INVALID);
		assert_int_equal(text(&f, "fine").tag, VALUE_INVALID);
		assert_int_equal(set_of(&f, NULL, 0).tag, VALUE_INVALID);
		assert_int_equal(value_build_record(&f.builder, NULL, 0).tag, VALUE_INVALID);
		assert_int_equal(value_build_uid(&f.builder, STR("T"), STR("x")), CEDAR_NO_UID);
		arena_deinit(&f.arena);
	}
}

static void the_bound_of_the_arena_is_a_limit(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.arena.max_bytes = 4096;
	while (f.builder.failed == ERR_NONE)
		(void)set_of(&f, NULL, 0);
	assert_int_equal(f.builder.failed, ERR_LIMIT);
	arena_deinit(&f.arena);
}

static void values_nest_to_the_limit_and_no_deeper(void **state)
{
	struct cedar_value sets = cedar_long(1), records = cedar_long(1);
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (int i = 0; i < VALUE_MAX_DEPTH; i++) {
		struct cedar_attr attr = {STR("a"), records};

		sets = set_of(&f, &sets, 1);
		records = value_build_record(&f.builder, &attr, 1);
	}
	assert_int_equal(f.builder.failed, ERR_NONE);
	assert_int_equal(value_set(sets)->depth, VALUE_MAX_DEPTH);
	assert_int_equal(value_record(records)->depth, VALUE_MAX_DEPTH);
	assert_int_equal(set_of(&f, &sets, 1).tag, VALUE_INVALID);
	assert_int_equal(f.builder.failed, ERR_LIMIT);
	f.builder.failed = ERR_NONE;
	assert_int_equal(set_of(&f, &records, 1).tag, VALUE_INVALID);
	assert_int_equal(f.builder.failed, ERR_LIMIT);
	arena_deinit(&f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_equal_themselves_and_nothing_else),
		cmocka_unit_test(the_order_of_values_is_transitive),
		cmocka_unit_test(a_set_has_no_order_and_no_duplicates),
		cmocka_unit_test(a_record_finds_each_of_its_keys),
		cmocka_unit_test(what_is_wrong_fails_once_and_for_all),
		cmocka_unit_test(the_bound_of_the_arena_is_a_limit),
		cmocka_unit_test(values_nest_to_the_limit_and_no_deeper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
