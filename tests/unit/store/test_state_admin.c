/* What administrators leave in the state: pins, blocks and the list of what they did. */
#include "base/mem.h"
#include "store/state.h"
#include "unit/store/fixture.h"

static struct state *open_state(struct fixture *fixture)
{
	struct state *state = NULL;

	buf_clear(&fixture->why);
	if (state_open(fixture->dir.path, &fixture->env, true, &state, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	return state;
}

static struct state *reopen(struct fixture *fixture, struct state *state)
{
	state_close(state);
	return open_state(fixture);
}

/* Pins. */

static void put_revisions(struct state *store, uint8_t count)
{
	for (uint8_t i = 1; i <= count; i++) {
		struct state_revision revision = {.digest = {i}};
		uint64_t number;
		bool added;
		assert_int_equal(state_put_revision(store, &revision, &number, &added), ERR_NONE);
	}
}

static uint64_t pin_of(struct state *store)
{
	uint64_t number = 99;

	assert_int_equal(state_get_pin(store, &number), ERR_NONE);
	return number;
}

static enum state_lookup set_pin(struct state *store, uint64_t number)
{
	enum state_lookup found;

	assert_int_equal(state_set_pin(store, number, &found), ERR_NONE);
	return found;
}

static void a_pin_holds_across_restarts_until_it_is_ended(void **state)
{
	struct state *store = open_state(*state);

	put_revisions(store, 3);
	assert_int_equal(pin_of(store), 0);
	assert_int_equal(set_pin(store, 2), STATE_FOUND);
	store = reopen(*state, store);
	assert_int_equal(pin_of(store), 2);
	assert_int_equal(set_pin(store, 1), STATE_FOUND);
	assert_int_equal(pin_of(store), 1);
	assert_int_equal(set_pin(store, 0), STATE_FOUND);
	store = reopen(*state, store);
	assert_int_equal(pin_of(store), 0);
	state_close(store);
}

static void pinning_what_is_not_there_changes_nothing(void **state)
{
	struct state *store = open_state(*state);

	put_revisions(store, 1);
	assert_int_equal(set_pin(store, 1), STATE_FOUND);
	assert_int_equal(set_pin(store, 2), STATE_MISSING);
	assert_int_equal(set_pin(store, UINT64_MAX), STATE_MISSING);
	assert_int_equal(pin_of(store), 1);
	state_close(store);
}

/* Blocks. */

struct blocks {
	struct {
		char principal[32], reason[32];
		int64_t created_us, until_us, until_ms;
		bool by_wall_clock;
	} block[4];
	size_t count;
	enum error answer;
};

static void copy_text(char out[32], struct str text)
{
	assert_true(text.length < 32);
	if (text.length != 0)
		memcpy(out, text.ptr, text.length);
	out[text.length] = '\0';
}

static enum error keep_block(void *arg, const struct state_block *block)
{
	struct blocks *blocks = arg;

	copy_text(blocks->block[blocks->count].principal, block->principal);
	copy_text(blocks->block[blocks->count].reason, block->reason);
	blocks->block[blocks->count].created_us = block->created_us;
	blocks->block[blocks->count].until_us = block->until_us;
	blocks->block[blocks->count].until_ms = block->until_ms;
	blocks->block[blocks->count].by_wall_clock = block->by_wall_clock;
	blocks->count++;
	return blocks->answer;
}

static struct blocks load_blocks(struct state *store)
{
	struct blocks blocks = {.count = 0};

	assert_int_equal(state_load_blocks(store, keep_block, &blocks), ERR_NONE);
	return blocks;
}

static const struct state_block alice = {.principal = {"S-1-5-21-7", 10},
					 .created_us = 5,
					 .until_us = STATE_BLOCK_FOR_EVER,
					 .reason = {"incident 12", 11}};
static const struct state_block bob = {
	.principal = {"contoso\\bob", 11}, .created_us = 6, .until_us = 7, .reason = {NULL, 0}};

static void blocks_survive_a_restart(void **state)
{
	struct state *store = open_state(*state);

	assert_int_equal(load_blocks(store).count, 0);
	assert_int_equal(state_put_block(store, &bob), ERR_NONE);
	assert_int_equal(state_put_block(store, &alice), ERR_NONE);
	store = reopen(*state, store);
	struct blocks blocks = load_blocks(store);
	assert_int_equal(blocks.count, 2);
	assert_string_equal(blocks.block[0].principal, "S-1-5-21-7");
	assert_string_equal(blocks.block[0].reason, "incident 12");
	assert_int_equal(blocks.block[0].created_us, 5);
	assert_int_equal(blocks.block[0].until_us, STATE_BLOCK_FOR_EVER);
	assert_string_equal(blocks.block[1].principal, "contoso\\bob");
	assert_string_equal(blocks.block[1].reason, "");
	assert_int_equal(blocks.block[1].until_us, 7);
	state_close(store);
	assert_int_equal(fixture_int(*state, STATE_FILE,
				     "SELECT count(*) FROM v_block WHERE principal = 'S-1-5-21-7'"
				     " AND blocked_until IS NULL"),
			 1);
}

static void a_block_replaces_that_of_the_same_principal(void **state)
{
	struct state *store = open_state(*state);
	struct state_block longer = bob;

	longer.until_us = 100;
	assert_int_equal(state_put_block(store, &bob), ERR_NONE);
	assert_int_equal(state_put_block(store, &longer), ERR_NONE);
	struct blocks blocks = load_blocks(store);
	assert_int_equal(blocks.count, 1);
	assert_int_equal(blocks.block[0].until_us, 100);
	state_close(store);
}

static void a_deleted_block_is_gone(void **state)
{
	struct state *store = open_state(*state);
	enum state_lookup found;

	assert_int_equal(state_put_block(store, &alice), ERR_NONE);
	assert_int_equal(state_delete_block(store, bob.principal, &found), ERR_NONE);
	assert_int_equal(found, STATE_MISSING);
	assert_int_equal(state_delete_block(store, alice.principal, &found), ERR_NONE);
	assert_int_equal(found, STATE_FOUND);
	assert_int_equal(load_blocks(store).count, 0);
	state_close(store);
}

static void an_old_block_is_deleted_and_one_made_since_is_not(void **state)
{
	struct state *store = open_state(*state);
	struct state_block anew = bob;

	anew.created_us++;
	assert_int_equal(state_put_block(store, &anew), ERR_NONE);
	assert_int_equal(state_delete_old_block(store, bob.principal, bob.created_us), ERR_NONE);
	assert_int_equal(load_blocks(store).count, 1);
	assert_int_equal(state_delete_old_block(store, bob.principal, anew.created_us), ERR_NONE);
	assert_int_equal(load_blocks(store).count, 0);
	assert_int_equal(state_delete_old_block(store, bob.principal, 1), ERR_NONE);
	state_close(store);
}

static void another_boot_goes_on_with_what_is_left_of_each_block(void **state)
{
	static const uint8_t first[STATE_BOOT_ID_BYTES] = {1}, second[STATE_BOOT_ID_BYTES] = {2};
	struct state *store = open_state(*state);
	struct state_block ended = alice, left = bob;
	struct blocks blocks;

	ended.until_us = 70;
	ended.until_ms = 1400;
	ended.by_wall_clock = true;
	left.until_us = 80;
	left.until_ms = 5000;
	assert_int_equal(state_note_block_clock(store, first, 1000), ERR_NONE);
	assert_int_equal(state_put_block(store, &ended), ERR_NONE);
	assert_int_equal(state_put_block(store, &left), ERR_NONE);
	assert_int_equal(state_note_block_clock(store, first, 1500), ERR_NONE);
	/* What is noted never goes back within a boot. */
	assert_int_equal(state_note_block_clock(store, first, 1200), ERR_NONE);
	assert_int_equal(load_blocks(store).block[1].until_ms, 5000);
	state_close(store);

	store = open_state(*state);
	assert_int_equal(state_note_block_clock(store, second, 10), ERR_NONE);
	blocks = load_blocks(store);
	assert_int_equal(blocks.block[0].until_ms, -90);
	assert_true(blocks.block[0].by_wall_clock);
	assert_int_equal(blocks.block[1].until_ms, 3510);
	assert_false(blocks.block[1].by_wall_clock);
	assert_int_equal(blocks.block[1].until_us, 80);
	/* Once. */
	assert_int_equal(state_note_block_clock(store, second, 20), ERR_NONE);
	assert_int_equal(load_blocks(store).block[1].until_ms, 3510);
	state_close(store);
}

static void a_block_for_ever_is_so_in_every_boot(void **state)
{
	static const uint8_t first[STATE_BOOT_ID_BYTES] = {1}, second[STATE_BOOT_ID_BYTES] = {2};
	struct state *store = open_state(*state);
	struct state_block block = alice;

	block.until_ms = STATE_BLOCK_FOR_EVER;
	assert_int_equal(state_note_block_clock(store, first, 10), ERR_NONE);
	assert_int_equal(state_put_block(store, &block), ERR_NONE);
	assert_int_equal(state_note_block_clock(store, second, 1000), ERR_NONE);
	assert_int_equal(load_blocks(store).block[0].until_ms, STATE_BLOCK_FOR_EVER);
	assert_int_equal(load_blocks(store).block[0].until_us, STATE_BLOCK_FOR_EVER);
	state_close(store);
}

/* A version without the boot clock stored them. */
static void a_block_of_before_the_first_note_lasts_its_time_from_then_on(void **state)
{
	static const uint8_t first[STATE_BOOT_ID_BYTES] = {1};
	struct state *store = open_state(*state);
	struct state_block block = bob;
	struct blocks blocks;

	block.until_us = block.created_us + 90 * 1000;
	block.until_ms = 0;
	block.by_wall_clock = true;
	assert_int_equal(state_put_block(store, &block), ERR_NONE);
	assert_int_equal(state_put_block(store, &alice), ERR_NONE);
	assert_int_equal(state_note_block_clock(store, first, 1000), ERR_NONE);
	blocks = load_blocks(store);
	assert_int_equal(blocks.block[0].until_us, STATE_BLOCK_FOR_EVER);
	assert_int_equal(blocks.block[0].until_ms, alice.until_ms);
	assert_int_equal(blocks.block[1].until_ms, 1090);
	assert_true(blocks.block[1].by_wall_clock);
	state_close(store);
}

static void the_receivers_error_ends_the_loading(void **state)
{
	struct state *store = open_state(*state);
	struct blocks blocks = {.answer = ERR_NO_MEMORY};

	assert_int_equal(state_put_block(store, &alice), ERR_NONE);
	assert_int_equal(state_put_block(store, &bob), ERR_NONE);
	assert_int_equal(state_load_blocks(store, keep_block, &blocks), ERR_NO_MEMORY);
	assert_int_equal(blocks.count, 1);
	state_close(store);
}

/* Actions. */

struct actions {
	uint64_t ids[8];
	size_t count, stop_at;
};

static bool list_action(void *arg, const struct state_action *action)
{
	struct actions *actions = arg;

	assert_str_equal(action->actor, "uid:0");
	assert_str_equal(action->action, "policy.rollback");
	assert_str_equal(action->arguments, "{\"revision\":3}");
	assert_str_equal(action->outcome, "done");
	assert_int_equal(action->at_us, INT64_C(1767225600000000));
	actions->ids[actions->count++] = action->id;
	return actions->count != actions->stop_at;
}

static const struct state_action rollback = {.at_us = INT64_C(1767225600000000),
					     .actor = {"uid:0", 5},
					     .action = {"policy.rollback", 15},
					     .arguments = {"{\"revision\":3}", 14},
					     .outcome = {"done", 4}};

static void put_action(struct state *store, uint64_t expected)
{
	uint64_t id;

	assert_int_equal(state_put_action(store, &rollback, &id), ERR_NONE);
	assert_int_equal(id, expected);
}

static void actions_are_numbered_and_listed_newest_first(void **state)
{
	struct state *store = open_state(*state);
	struct actions actions = {.count = 0};

	put_action(store, 1);
	put_action(store, 2);
	store = reopen(*state, store);
	put_action(store, 3);
	assert_int_equal(state_each_action(store, 0, list_action, &actions), ERR_NONE);
	assert_int_equal(actions.count, 3);
	assert_int_equal(actions.ids[0], 3);
	assert_int_equal(actions.ids[2], 1);
	actions = (struct actions){.count = 0};
	assert_int_equal(state_each_action(store, 2, list_action, &actions), ERR_NONE);
	assert_int_equal(actions.count, 2);
	actions = (struct actions){.stop_at = 1};
	assert_int_equal(state_each_action(store, 0, list_action, &actions), ERR_NONE);
	assert_int_equal(actions.count, 1);
	state_close(store);
	assert_int_equal(fixture_int(*state, STATE_FILE,
				     "SELECT count(*) FROM v_admin_action WHERE actor = 'uid:0'"
				     " AND done_at = '2026-01-01T00:00:00.000Z'"),
			 3);
}

static void actions_cannot_be_changed_from_outside(void **state)
{
	struct state *store = open_state(*state);

	put_action(store, 1);
	state_close(store);
	fixture_sql_fails(*state, STATE_FILE, "UPDATE admin_action SET actor = ''");
	fixture_sql_fails(*state, STATE_FILE, "DELETE FROM admin_action");
	fixture_sql_fails(
		*state, STATE_FILE,
		"REPLACE INTO admin_action SELECT id, 0, '', '', '', '' FROM admin_action");
}

/* Limits and rights of all three. */

static void texts_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
	char *text = mem_calloc(STATE_TEXT_MAX_BYTES + 1, 1);
	struct str longest = str_make(text, STATE_TEXT_MAX_BYTES);
	struct str too_long = str_make(text, STATE_TEXT_MAX_BYTES + 1);
	struct state *store = open_state(*state);
	struct state_action action = rollback;
	struct state_block block = bob;
	uint64_t id;

	assert_non_null(text);
	block.principal = block.reason = longest;
	assert_int_equal(state_put_block(store, &block), ERR_NONE);
	block.principal = too_long;
	assert_int_equal(state_put_block(store, &block), ERR_LIMIT);
	block = bob;
	block.reason = too_long;
	assert_int_equal(state_put_block(store, &block), ERR_LIMIT);
	struct str *texts[] = {&action.actor, &action.action, &action.arguments, &action.outcome};
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		*texts[i] = longest;
		assert_int_equal(state_put_action(store, &action, &id), ERR_NONE);
		*texts[i] = too_long;
		assert_int_equal(state_put_action(store, &action, &id), ERR_LIMIT);
		*texts[i] = longest;
	}
	state_close(store);
	mem_free(text);
}

static void a_reader_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	enum state_lookup found;
	struct state *reader;
	uint64_t id;

	struct state *store = open_state(fixture);
	assert_int_equal(state_put_block(store, &alice), ERR_NONE);
	assert_int_equal(
		state_open_readonly(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NONE);
	assert_int_equal(state_put_block(reader, &bob), ERR_DENIED);
	assert_int_equal(state_delete_block(reader, alice.principal, &found), ERR_DENIED);
	assert_int_equal(state_set_pin(reader, 0, &found), ERR_DENIED);
	assert_int_equal(state_put_action(reader, &rollback, &id), ERR_DENIED);
	assert_int_equal(load_blocks(reader).count, 1);
	assert_int_equal(pin_of(reader), 0);
	state_close(reader);
	state_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_pin_holds_across_restarts_until_it_is_ended),
		TEST(pinning_what_is_not_there_changes_nothing),
		TEST(blocks_survive_a_restart),
		TEST(a_block_replaces_that_of_the_same_principal),
		TEST(a_deleted_block_is_gone),
		TEST(an_old_block_is_deleted_and_one_made_since_is_not),
		TEST(another_boot_goes_on_with_what_is_left_of_each_block),
		TEST(a_block_for_ever_is_so_in_every_boot),
		TEST(a_block_of_before_the_first_note_lasts_its_time_from_then_on),
		TEST(the_receivers_error_ends_the_loading),
		TEST(actions_are_numbered_and_listed_newest_first),
		TEST(actions_cannot_be_changed_from_outside),
		TEST(texts_may_be_as_long_as_the_limit_and_no_longer),
		TEST(a_reader_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
