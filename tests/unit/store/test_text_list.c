#include "store/text_list.h"

#include "base/attributes.h"
#include "support/cmocka.h"
#include "support/fault.h"

static void assert_round_trip(const struct str *items, size_t count, const char *json)
{
	struct audit_list list = {items, count}, back;
	struct arena arena;
	struct buf out;

	buf_init(&out, 4096);
	arena_init(&arena, 256, SIZE_MAX);
	text_list_write(&out, &list);
	if (json != NULL)
		assert_str_equal(buf_str(&out), json);
	assert_int_equal(text_list_read(&arena, buf_str(&out), &back), ERR_NONE);
	assert_int_equal(back.count, count);
	for (size_t i = 0; i < count; i++)
		assert_true(str_equal(back.items[i], items[i]));
	arena_deinit(&arena);
	buf_deinit(&out);
}

static void lists_are_json_and_come_back(void **state)
{
	(void)state;
	assert_round_trip(NULL, 0, "[]");
	assert_round_trip((struct str[]){STR("")}, 1, "[\"\"]");
	assert_round_trip((struct str[]){STR("a"), STR("b c")}, 2, "[\"a\",\"b c\"]");
	assert_round_trip((struct str[]){STR("\"\\"), STR("\n\x1f"), STR("a\0b")}, 3,
			  "[\"\\\"\\\\\",\"\\u000a\\u001f\",\"a\\u0000b\"]");
	assert_round_trip((struct str[]){STR("],["), STR("\",\"")}, 2, NULL);
}

static void every_byte_comes_back(void **state)
{
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	assert_round_trip((struct str[]){str_make(bytes, 256), str_make(bytes + 128, 128)}, 2,
			  NULL);
}

static void anything_else_is_damage(void **state)
{
	static const char *const texts[] = {
		"",
		"[",
		"]",
		"[]]",
		"[] ",
		" []",
		"{}",
		"null",
		"[1]",
		"[\"a\"",
		"[\"a\",]",
		"[,\"a\"]",
		"[\"a]",
		"[\"a\\\"]",
		"[\"\\x\"]",
		"[\"\\u0\"]",
		"[\"\\u00",
		"[\"\\u0020\"]",
		"[\"\\u0041\"]",
		"[\"\\u001\"]",
		"[\"\\u001G\"]",
		"[\"\\u001F\"]",
		"[\"a\n\"]",
		"[\"a\" ,\"b\"]",
		"[\"a\"\"b\"]",
		"[\"a\"][\"b\"]",
		"[[\"a\"]]",
		"[\"\\n\"]",
	};
	struct audit_list list;
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (text_list_read(&arena, str_from(texts[i]), &list) != ERR_CORRUPT)
			fail_msg("%s was read", texts[i]);
	}
	arena_deinit(&arena);
}

static void reading_without_memory_fails(void **state)
{
	struct audit_list list;
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	fault_arm(0, FAULT_ONCE);
	assert_int_equal(text_list_read(&arena, STR("[\"a\"]"), &list), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	assert_int_equal(text_list_read(&arena, STR("[\"a\"]"), &list), ERR_NONE);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_json_and_come_back),
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(anything_else_is_damage),
		cmocka_unit_test(reading_without_memory_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
