#include <stdio.h>

#include "base/attributes.h"
#include "ctl/cedar_links.h"
#include "ctl/cedar_uid.h"
#include "support/cmocka.h"
#include "support/fault.h"

static const char links[] = "[{\"template_id\":\"t\",\"link_id\":\"l\","
			    "\"args\":{\"?principal\":\"User::\\\"al\\\\tice\\\"\"}}]";

static enum error read_uid(const char *text, char *out, size_t size)
{
	struct cedar_diags diags;
	struct arena arena;
	struct ast_uid uid;
	enum error error;

	arena_init(&arena, 256, SIZE_MAX);
	cedar_diags_init(&diags);
	error = cedar_uid_read(&arena, STR("--principal"), str_from(text), &diags, &uid);
	assert_true((error == ERR_SYNTAX) == (diags.error_count != 0));
	if (error == ERR_NONE)
		snprintf(out, size, "%.*s/%.*s", STR_ARGS(uid.type), STR_ARGS(uid.id));
	cedar_diags_deinit(&diags);
	arena_deinit(&arena);
	return error;
}

static void an_entity_is_read_and_nothing_else(void **state)
{
	static const char *const wrong[] = {
		"",  "User",      "User::alice",   "\"User\"", "User::\"a",  "User::\"a\";",
		"1", "if::\"a\"", "User::\"\\q\"", "::\"a\"",  "User:\"a\"", "User::\"\xff\""};
	char out[64];

	(void)state;
	assert_int_equal(read_uid("User::\"alice\"", out, sizeof(out)), ERR_NONE);
	assert_string_equal(out, "User/alice");
	assert_int_equal(read_uid(" App :: User :: \"a\\\"b\" ", out, sizeof(out)), ERR_NONE);
	assert_string_equal(out, "App::User/a\"b");
	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
		assert_int_equal(read_uid(wrong[i], out, sizeof(out)), ERR_SYNTAX);
}

/* Adds the links to an engine with their template while one allocation fails. */
static enum error add_links(uint64_t fault, bool *was_reached)
{
	struct cedar_engine *engine = NULL;
	struct cedar_diags diags;
	struct source source;
	struct arena arena;
	enum error error;

	arena_init(&arena, 64, SIZE_MAX);
	cedar_diags_init(&diags);
	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &engine), ERR_NONE);
	assert_int_equal(
		cedar_engine_add_policies(engine, STR("p"),
					  STR("@id(\"t\") permit (principal == ?principal, action, "
					      "resource);"),
					  CEDAR_IDS_FROM_ANNOTATION, &diags),
		ERR_NONE);
	assert_int_equal(source_init(&source, &arena, STR("links.json"), str_from(links)),
			 ERR_NONE);
	fault_arm(fault, FAULT_ONCE);
	error = cedar_links_add(engine, &arena, &source, &diags);
	*was_reached = fault_disarm();
	if (error == ERR_NONE) {
		assert_int_equal(cedar_engine_seal(engine, &diags), ERR_NONE);
		assert_int_equal(cedar_policy_count(engine), 1);
	}
	cedar_engine_free(engine);
	cedar_diags_deinit(&diags);
	arena_deinit(&arena);
	return error;
}

static void links_without_memory_are_an_error(void **state)
{
	bool was_reached = true;

	(void)state;
	for (uint64_t n = 0; was_reached; n++) {
		enum error error = add_links(n, &was_reached);

		if (error != ERR_NO_MEMORY && (was_reached || error != ERR_NONE))
			fail_msg("allocation %llu: %s", (unsigned long long)n, error_text(error));
		assert_true(n < 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entity_is_read_and_nothing_else),
		cmocka_unit_test(links_without_memory_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
