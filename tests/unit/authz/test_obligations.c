#include "support/cmocka.h"

#include <stdio.h>

#include "authz/obligations.h"
#include "base/attributes.h"
#include "diags.h"

/* Compiles the first policy of `text`. */
static enum error compile(const char *text, struct obligations *obligations, struct buf *said)
{
	struct cedar_engine *engine;
	struct cedar_diags diags;
	struct source source;
	struct arena arena;
	enum error error;

	cedar_diags_init(&diags);
	arena_init(&arena, 4096, SIZE_MAX);
	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &engine), ERR_NONE);
	assert_int_equal(cedar_engine_add_policies(engine, STR("t"), str_from(text),
						   CEDAR_IDS_BY_POSITION, &diags),
			 ERR_NONE);
	assert_int_equal(cedar_engine_seal(engine, &diags), ERR_NONE);
	assert_int_equal(source_init(&source, &arena, STR("t"), str_from(text)), ERR_NONE);
	error = obligations_compile(cedar_policy_at(engine, 0), &source, obligations, &diags);
	buf_clear(said);
	diags_print(said, &diags);
	/* Texts of the obligations die with the engine. */
	obligations->refusal.redirect.text.ptr =
		obligations->refusal.redirect.text.ptr != NULL ? "" : NULL;
	obligations->refusal.deny_message.text.ptr =
		obligations->refusal.deny_message.text.ptr != NULL ? "" : NULL;
	cedar_engine_free(engine);
	arena_deinit(&arena);
	cedar_diags_deinit(&diags);
	return error;
}

static int setup(void **state)
{
	static struct buf said;

	buf_init(&said, SIZE_MAX);
	*state = &said;
	return 0;
}

static int teardown(void **state)
{
	buf_deinit(*state);
	return 0;
}

static struct obligations compile_ok(struct buf *said, const char *annotations, const char *effect)
{
	struct obligations obligations = {.grant = {.idle_timeout_ms = 0}};
	char text[4096];

	snprintf(text, sizeof(text), "%s %s(principal, action, resource);", annotations, effect);
	assert_int_equal(compile(text, &obligations, said), ERR_NONE);
	assert_str_equal(buf_str(said), "");
	return obligations;
}

static void assert_refused(struct buf *said, const char *annotations, const char *effect)
{
	struct obligations obligations = {.grant = {.idle_timeout_ms = 0}};
	char text[4096];

	snprintf(text, sizeof(text), "%s %s(principal, action, resource);", annotations, effect);
	assert_int_equal(compile(text, &obligations, said), ERR_INVALID);
	assert_true(said->length > 0);
}

static void a_policy_without_annotations_asks_for_nothing(void **state)
{
	struct obligations obligations = compile_ok(*state, "", "permit");
	struct grant nothing = {.idle_timeout_ms = 0};

	assert_memory_equal(&obligations.grant, &nothing, sizeof(nothing));
	assert_null(obligations.refusal.redirect.text.ptr);
	assert_null(obligations.refusal.deny_message.text.ptr);
}

static void what_permits_may_give_is_read(void **state)
{
	struct grant grant =
		compile_ok(*state,
			   "@id(\"x\") @idle_timeout(\"1h30m\") @max_lifetime(\"366d\") "
			   "@max_shells(\"1\") @max_operations(\"4294967295\") "
			   "@max_operations_per_timeslot(\"unlimited\") @timeslot(\"2s\")",
			   "permit")
			.grant;

	assert_int_equal(grant.idle_timeout_ms, 90 * 60 * 1000);
	assert_int_equal(grant.max_lifetime_ms, OBLIGATIONS_MAX_DURATION_MS);
	assert_int_equal(grant.quota.max_shells, 1);
	assert_int_equal(grant.quota.max_operations, QUOTA_UNLIMITED);
	assert_int_equal(grant.quota.max_operations_per_timeslot, QUOTA_UNLIMITED);
	assert_int_equal(grant.quota.timeslot_s, 2);
}

static void what_forbids_may_say_is_read(void **state)
{
	struct refusal refusal =
		compile_ok(*state,
			   "@redirect(\"https://a.example/x?y\") @deny_message(\"No.\") "
			   "@priority(\"-7\") @id(\"x\")",
			   "forbid")
			.refusal;

	assert_int_equal(refusal.redirect.text.length, strlen("https://a.example/x?y"));
	assert_int_equal(refusal.deny_message.text.length, strlen("No."));
	assert_int_equal(refusal.redirect.priority, -7);
	assert_int_equal(refusal.deny_message.priority, -7);
}

static void bad_values_are_refused(void **state)
{
	static const char *const permits[] = {
		"@idle_timeout(\"\")",
		"@idle_timeout(\"15\")",
		"@idle_timeout(\"15 m\")",
		"@idle_timeout(\"0s\")",
		"@idle_timeout(\"-1s\")",
		"@idle_timeout(\"366d1ms\")",
		"@idle_timeout(\"99999999999999999999d\")",
		"@idle_timeout",
		"@max_lifetime(\"8hours\")",
		"@max_shells(\"0\")",
		"@max_shells(\"-1\")",
		"@max_shells(\"01\")",
		"@max_shells(\"4294967296\")",
		"@max_shells(\"many\")",
		"@max_shells(\" 1\")",
		"@timeslot(\"999ms\")",
		"@timeslot(\"1500ms\")",
		"@timeslot(\"unlimited\")",
		"@id(\"\")",
		"@id",
		"@id(\"a\\nb\")",
	};
	static const char *const forbids[] = {
		"@redirect(\"\")",
		"@redirect(\"http://a.example\")",
		"@redirect(\"https://+/x\")",
		"@redirect(\"/wsman\")",
		"@redirect(\"https://a b\")",
		"@redirect(\"https://user@a.example\")",
		"@redirect(\"https://a.example/\\r\\nX: y\")",
		"@deny_message(\"\")",
		"@deny_message(\"a\\nb\")",
		"@priority(\"high\")",
		"@priority(\"2147483648\")",
		"@priority(\"--1\")",
	};

	for (size_t i = 0; i < ARRAY_COUNT(permits); i++)
		assert_refused(*state, permits[i], "permit");
	for (size_t i = 0; i < ARRAY_COUNT(forbids); i++)
		assert_refused(*state, forbids[i], "forbid");
}

static void keys_on_the_wrong_effect_are_refused(void **state)
{
	static const char *const for_permit[] = {
		"@idle_timeout(\"1m\")", "@max_lifetime(\"1m\")",
		"@max_shells(\"1\")",    "@max_operations(\"1\")",
		"@timeslot(\"1s\")",     "@max_operations_per_timeslot(\"1\")",
	};
	static const char *const for_forbid[] = {
		"@redirect(\"https://a.example\")",
		"@deny_message(\"x\")",
		"@priority(\"1\")",
	};

	for (size_t i = 0; i < ARRAY_COUNT(for_permit); i++)
		assert_refused(*state, for_permit[i], "forbid");
	for (size_t i = 0; i < ARRAY_COUNT(for_forbid); i++)
		assert_refused(*state, for_forbid[i], "permit");
}

static void texts_may_be_as_long_as_their_bounds(void **state)
{
	char value[OBLIGATIONS_MAX_REDIRECT_BYTES + 2];
	char text[sizeof(value) + 100];
	static const struct {
		const char *key, *start;
		size_t bound;
	} rows[] = {
		{"redirect", "https://a.example/", OBLIGATIONS_MAX_REDIRECT_BYTES},
		{"deny_message", "", OBLIGATIONS_MAX_MESSAGE_BYTES},
		{"id", "", OBLIGATIONS_MAX_ID_BYTES},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		memset(value, 'x', sizeof(value));
		memcpy(value, rows[i].start, strlen(rows[i].start));
		value[rows[i].bound] = '\0';
		snprintf(text, sizeof(text), "@%s(\"%s\")", rows[i].key, value);
		compile_ok(*state, text, "forbid");
		value[rows[i].bound] = 'x';
		value[rows[i].bound + 1] = '\0';
		snprintf(text, sizeof(text), "@%s(\"%s\")", rows[i].key, value);
		assert_refused(*state, text, "forbid");
	}
}

static void a_near_miss_is_suggested(void **state)
{
	struct obligations obligations;

	assert_int_equal(compile("@idle_timout(\"1\\\"5m\")\npermit(principal, action, resource);",
				 &obligations, *state),
			 ERR_NONE);
	assert_str_equal(buf_str(*state),
			 "t:1:14: warning: @idle_timout means nothing here; did you mean "
			 "@idle_timeout?\n"
			 "@idle_timout(\"1\\\"5m\")\n"
			 "             ^~~~~~~\n");
	assert_int_equal(compile("@zzz permit(principal, action, resource);", &obligations, *state),
			 ERR_NONE);
	assert_str_equal(buf_str(*state), "t:1:2: warning: @zzz means nothing here\n"
					  "@zzz permit(principal, action, resource);\n"
					  " ^~~\n");
}

static void every_fault_of_a_policy_is_reported(void **state)
{
	struct obligations obligations;
	const char *said;

	assert_int_equal(compile("@max_shells(\"0\") @timeslot(\"x\") @redirect(\"y\")\n"
				 "permit(principal, action, resource);",
				 &obligations, *state),
			 ERR_INVALID);
	said = buf_text(*state);
	assert_non_null(strstr(said, "t:1:13: error: @max_shells must be"));
	assert_non_null(strstr(said, "t:1:28: error: @timeslot must be"));
	assert_non_null(strstr(said, "t:1:43: error: @redirect is for forbid only"));
}

/* Merging. */

static void the_smallest_grant_wins_and_nothing_counts_as_none(void **state)
{
	struct grant grant = {.idle_timeout_ms = 5, .quota = {.max_shells = 3}};
	struct grant other = {.idle_timeout_ms = 4,
			      .max_lifetime_ms = 9,
			      .quota = {.max_shells = QUOTA_UNLIMITED, .timeslot_s = 1}};
	struct grant none = {.idle_timeout_ms = 0};

	(void)state;
	grant_merge(&grant, &other);
	grant_merge(&grant, &none);
	assert_int_equal(grant.idle_timeout_ms, 4);
	assert_int_equal(grant.max_lifetime_ms, 9);
	assert_int_equal(grant.quota.max_shells, 3);
	assert_int_equal(grant.quota.timeslot_s, 1);
	assert_int_equal(grant.quota.max_operations, 0);
}

enum { PERMUTATION_COUNT = 120, ITEM_COUNT = 5 };

/* The `number`-th order of ITEM_COUNT items. */
static void permute(int number, size_t order[ITEM_COUNT])
{
	size_t left[ITEM_COUNT] = {0, 1, 2, 3, 4};

	for (size_t i = 0; i < ITEM_COUNT; i++) {
		size_t remaining = ITEM_COUNT - i;
		size_t pick = (size_t)number % remaining;
		number /= (int)remaining;
		order[i] = left[pick];
		memmove(&left[pick], &left[pick + 1], (remaining - pick - 1) * sizeof(*left));
	}
}

static void merging_does_not_depend_on_the_order(void **state)
{
	static const struct grant grants[ITEM_COUNT] = {
		{.idle_timeout_ms = 5},
		{.idle_timeout_ms = 3, .quota = {.max_shells = 9, .max_operations = 1}},
		{.max_lifetime_ms = 8, .quota = {.max_shells = QUOTA_UNLIMITED}},
		{.max_lifetime_ms = 7, .quota = {.timeslot_s = 4}},
		{.quota = {.max_operations_per_timeslot = 2, .timeslot_s = 6}},
	};
	static const struct refusal refusals[ITEM_COUNT] = {
		{.redirect = {{"r0", 2}, {"e", 1}, 1}},
		{.redirect = {{"r1", 2}, {"d", 1}, 2}, .deny_message = {{"m1", 2}, {"d", 1}, 2}},
		{.redirect = {{"r2", 2}, {"c", 1}, 2}},
		{.deny_message = {{"m3", 2}, {"b", 1}, 2}},
		{.redirect = {{"r4", 2}, {"a", 1}, -1}, .deny_message = {{"m4", 2}, {"a", 1}, -1}},
	};
	struct grant first_grant = {.idle_timeout_ms = 0};

	(void)state;
	for (int number = 0; number < PERMUTATION_COUNT; number++) {
		struct grant grant = {.idle_timeout_ms = 0};
		struct refusal refusal = {.redirect = {.priority = 0}};
		size_t order[ITEM_COUNT];

		permute(number, order);
		for (size_t i = 0; i < ITEM_COUNT; i++) {
			grant_merge(&grant, &grants[order[i]]);
			refusal_merge(&refusal, &refusals[order[i]]);
		}
		if (number == 0)
			first_grant = grant;
		assert_memory_equal(&grant, &first_grant, sizeof(grant));
		assert_str_equal(refusal.redirect.text, "r2");
		assert_str_equal(refusal.deny_message.text, "m3");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_without_annotations_asks_for_nothing),
		cmocka_unit_test(what_permits_may_give_is_read),
		cmocka_unit_test(what_forbids_may_say_is_read),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(keys_on_the_wrong_effect_are_refused),
		cmocka_unit_test(texts_may_be_as_long_as_their_bounds),
		cmocka_unit_test(a_near_miss_is_suggested),
		cmocka_unit_test(every_fault_of_a_policy_is_reported),
		cmocka_unit_test(the_smallest_grant_wins_and_nothing_counts_as_none),
		cmocka_unit_test(merging_does_not_depend_on_the_order),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
