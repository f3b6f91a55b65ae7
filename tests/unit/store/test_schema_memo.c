#include "store/schema_memo.h"

#include <string.h>

#include "base/attributes.h"
#include "store/db.h"
#include "support/cmocka.h"

static const uint8_t one[SCHEMA_DIGEST_BYTES] = {1}, other[SCHEMA_DIGEST_BYTES] = {2};
static const struct db_schema schema, other_schema;

static void what_was_put_is_there_under_its_key_alone(void **state)
{
	const struct schema_key key = {&schema, 2, false};
	const struct schema_key others[] = {
		{&other_schema, 2, false}, {&schema, 1, false}, {&schema, 2, true}};
	struct schema_memo memo = {0};

	(void)state;
	assert_false(schema_memo_has(&memo, &key, one));
	schema_memo_put(&memo, &key, one);
	assert_true(schema_memo_has(&memo, &key, one));
	assert_false(schema_memo_has(&memo, &key, other));
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		assert_false(schema_memo_has(&memo, &others[i], one));
}

static void one_more_than_there_is_room_for_is_not_kept(void **state)
{
	struct schema_memo memo = {0};

	(void)state;
	for (uint64_t version = 1; version <= SCHEMA_MEMO_ITEMS + 1; version++)
		schema_memo_put(&memo, &(struct schema_key){&schema, version, false}, one);
	for (uint64_t version = 1; version <= SCHEMA_MEMO_ITEMS; version++)
		assert_true(
			schema_memo_has(&memo, &(struct schema_key){&schema, version, false}, one));
	assert_false(schema_memo_has(
		&memo, &(struct schema_key){&schema, SCHEMA_MEMO_ITEMS + 1, false}, one));
}

/* What is being written by another thread is not there yet. */
static void what_is_not_written_to_its_end_is_not_there(void **state)
{
	const struct schema_key key = {&schema, 2, false};
	struct schema_memo memo = {0};

	(void)state;
	schema_memo_put(&memo, &key, one);
	atomic_store(&memo.items[0].stage, 1);
	assert_false(schema_memo_has(&memo, &key, one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_there_under_its_key_alone),
		cmocka_unit_test(one_more_than_there_is_room_for_is_not_kept),
		cmocka_unit_test(what_is_not_written_to_its_end_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
