/* Validating what is hostile: what has no end, what is long or deep, and without memory. */
#include "support/cmocka.h"

#include <string.h>

#include "base/buf.h"
#include "support/fault.h"
#include "validating.h"

/* A "%d" in the piece becomes the number of its repetition. */
static void append_repeated(struct buf *text, const char *piece, int count)
{
	const char *number = strstr(piece, "%d");
	size_t front = number != NULL ? (size_t)(number - piece) : strlen(piece);

	for (int i = 0; i < count; i++) {
		buf_append(text, piece, front);
		if (number == NULL)
			continue;
		buf_printf(text, "%d", i);
		buf_append_str(text, str_from(number + 2));
	}
}

/* Two types of 2^60 leaves each, equal but for the last, are compared. */
static void a_comparison_without_end_is_given_up(void **state)
{
	struct validate_options options = {.strict = false};
	struct validating f = {0};
	struct cedar_diags diags;
	struct buf text;

	(void)state;
	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 60; i++)
		buf_printf(&text, "type A%d = {a: A%d, b: A%d}; type B%d = {a: B%d, b: B%d};", i,
			   i + 1, i + 1, i, i + 1, i + 1);
	buf_append_str(&text, STR("type A60 = Long; type B60 = { x: Long };"
				  "entity U { a: A0, b: B0 };"
				  "action r appliesTo { principal: U, resource: U };"));
	cedar_diags_init(&diags);
	assert_int_equal(
		cedar_schema_read(STR("s"), buf_str(&text), CEDAR_SCHEMA_TEXT, &diags, &f.schema),
		ERR_NONE);
	cedar_diags_deinit(&diags);
	parsed_init(&f.parsed,
		    STR("permit(principal, action, resource) when { [principal.a, "
			"principal.b].isEmpty() };"),
		    NULL);
	assert_int_equal(validate_policy(f.schema, parsed_policy(&f.parsed), NULL, &options,
					 &f.parsed.arena, &f.parsed.diags),
			 ERR_LIMIT);
	assert_int_equal(f.parsed.diags.error_count, 1);
	parsed_deinit(&f.parsed);
	cedar_schema_free(f.schema);
	buf_deinit(&text);
}

static void a_long_chain_is_checked(void **state)
{
	struct validating *f = *state;
	struct buf text;

	buf_init(&text, SIZE_MAX);
	buf_append_str(&text, STR("permit(principal is User, action, resource) when { "
				  "principal has o"));
	append_repeated(&text, " && principal has boss && principal.n == %d", 5000);
	buf_append_str(&text, STR(" && principal.o == \"a\" };"));
	assert_policy_valid(f, buf_text(&text), true);
	buf_deinit(&text);
}

static void a_path_beyond_its_bound_is_refused(void **state)
{
	struct validating *f = *state;

	for (int extra = 0; extra <= 1; extra++) {
		struct buf text;
		enum error error;

		buf_init(&text, SIZE_MAX);
		buf_append_str(&text, STR("permit(principal is User, action, resource) when { "
					  "principal has boss"));
		append_repeated(&text, ".boss", VALIDATE_PATH - 1 + extra);
		buf_append_str(&text, STR(" };"));
		error = validating_run(f, buf_text(&text), true);
		assert_int_equal(error, extra == 0 ? ERR_NONE : ERR_LIMIT);
		parsed_deinit(&f->parsed);
		buf_deinit(&text);
	}
}

static void deep_expressions_are_checked(void **state)
{
	struct cedar_limits limits = {.expression_depth = 1000};
	struct validate_options options = {.strict = true};
	struct validating *f = *state;
	struct buf text;

	buf_init(&text, SIZE_MAX);
	append_repeated(&text, "[", 990);
	buf_append_str(&text, STR("1"));
	append_repeated(&text, "]", 990);
	buf_append_str(&text, STR(".isEmpty()"));
	parsed_init_expr(&f->parsed, buf_str(&text), &limits);
	assert_int_equal(f->parsed.error, ERR_NONE);
	assert_int_equal(validate_policy(f->schema, parsed_policy(&f->parsed), NULL, &options,
					 &f->parsed.arena, &f->parsed.diags),
			 ERR_NONE);
	parsed_deinit(&f->parsed);
	buf_deinit(&text);
}

static void every_missing_allocation_is_reported(void **state)
{
	struct validating *f = *state;
	struct validate_options options = {.strict = true};
	bool fired = true;
	struct buf text;

	buf_init(&text, SIZE_MAX);
	buf_append_str(&text,
		       STR("permit(principal is User, action in [Action::\"read\"], resource)"
			   " when { principal has o"));
	append_repeated(&text, " && {a: [%d], b: principal has boss.boss.o} == {a: [1], b: true}",
			200);
	append_repeated(&text, " && principal.z%d", 50);
	buf_append_str(&text, STR(" };"));
	parsed_init(&f->parsed, buf_str(&text), NULL);
	for (uint64_t i = 0; fired; i++) {
		struct cedar_diags diags;
		struct arena arena;
		enum error error;

		cedar_diags_init(&diags);
		arena_init(&arena, 256, SIZE_MAX);
		fault_arm(i, FAULT_STICKY);
		error = validate_policy(f->schema, parsed_policy(&f->parsed), NULL, &options,
					&arena, &diags);
		fired = fault_disarm();
		/* A diagnostic that found no memory is counted all the same. */
		assert_true(error == ERR_NO_MEMORY || error == ERR_INVALID);
		if (!fired)
			assert_int_equal(error, ERR_INVALID);
		arena_deinit(&arena);
		cedar_diags_deinit(&diags);
	}
	parsed_deinit(&f->parsed);
	buf_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_comparison_without_end_is_given_up),
		cmocka_unit_test(a_long_chain_is_checked),
		cmocka_unit_test(a_path_beyond_its_bound_is_refused),
		cmocka_unit_test(deep_expressions_are_checked),
		cmocka_unit_test(every_missing_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, validating_setup, validating_teardown);
}
