/* What the shadow policy leaves in the state database. */
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

static struct state_difference difference_of(uint64_t id)
{
	return (struct state_difference){id,         (int64_t)id * 1000, STR("allow to deny"),
					 STR("ann"), STR("read"),        STR("default")};
}

static struct state_shadow progress_of(uint64_t compared)
{
	return (struct state_shadow){
		.directory = STR("/etc/shadow-policy"),
		.digest = {7},
		.since_us = 5,
		.updated_us = 6,
		.compared_count = compared,
		.differed_count = 2,
		.not_compared_count = 3,
		.skipped_count = 4,
	};
}

struct seen {
	uint64_t count, first, stop_at;
};

static bool see(void *arg, const struct state_difference *difference)
{
	struct seen *seen = arg;

	if (seen->count++ == 0)
		seen->first = difference->decision_id;
	assert_str_equal(difference->flip, "allow to deny");
	assert_str_equal(difference->user, "ann");
	assert_str_equal(difference->before, "read");
	assert_str_equal(difference->after, "default");
	assert_int_equal(difference->decided_us, difference->decision_id * 1000);
	return seen->count != seen->stop_at;
}

static struct seen differences(struct state *store, uint64_t limit, uint64_t stop_at)
{
	struct seen seen = {.stop_at = stop_at};

	assert_int_equal(state_each_difference(store, limit, see, &seen), ERR_NONE);
	return seen;
}

static void put(struct state *store, uint64_t compared, bool begins, uint64_t first, size_t count)
{
	struct state_difference *items = mem_calloc(count + 1, sizeof(*items));
	struct state_shadow progress = progress_of(compared);

	assert_non_null(items);
	for (size_t i = 0; i < count; i++)
		items[i] = difference_of(first + i);
	assert_int_equal(state_put_shadow(store, &progress, begins, items, count), ERR_NONE);
	mem_free(items);
}

static void progress_and_differences_come_back(void **state)
{
	struct state *store = open_state(*state);
	enum state_lookup found;
	struct state_shadow got;
	struct arena arena;

	arena_init(&arena, 256, SIZE_MAX);
	assert_int_equal(state_get_shadow(store, &arena, &got, &found), ERR_NONE);
	assert_int_equal(found, STATE_MISSING);
	put(store, 10, true, 1, 3);
	put(store, 20, false, 8, 2);
	assert_int_equal(state_get_shadow(store, &arena, &got, &found), ERR_NONE);
	assert_int_equal(found, STATE_FOUND);
	assert_str_equal(got.directory, "/etc/shadow-policy");
	assert_int_equal(got.digest[0], 7);
	assert_int_equal(got.since_us, 5);
	assert_int_equal(got.updated_us, 6);
	assert_int_equal(got.compared_count, 20);
	assert_int_equal(got.differed_count, 2);
	assert_int_equal(got.not_compared_count, 3);
	assert_int_equal(got.skipped_count, 4);
	assert_int_equal(differences(store, 0, 0).count, 5);
	assert_int_equal(differences(store, 0, 0).first, 9);
	assert_int_equal(differences(store, 2, 0).count, 2);
	assert_int_equal(differences(store, 0, 1).count, 1);
	arena_deinit(&arena);
	state_close(store);
}

static void another_content_forgets_the_differences_of_the_one_before(void **state)
{
	struct state *store = open_state(*state);

	put(store, 10, true, 1, 3);
	put(store, 0, true, 50, 1);
	assert_int_equal(differences(store, 0, 0).count, 1);
	assert_int_equal(differences(store, 0, 0).first, 50);
	state_close(store);
}

static void the_newest_differences_stay(void **state)
{
	struct state *store = open_state(*state);

	put(store, 1, true, 1, STATE_DIFFERENCES_MAX);
	assert_int_equal(differences(store, 0, 0).count, STATE_DIFFERENCES_MAX);
	put(store, 2, false, STATE_DIFFERENCES_MAX + 1, 2);
	assert_int_equal(differences(store, 0, 0).count, STATE_DIFFERENCES_MAX);
	assert_int_equal(differences(store, 0, 0).first, STATE_DIFFERENCES_MAX + 2);
	state_close(store);
}

static void a_text_beyond_its_bound_changes_nothing(void **state)
{
	struct state *store = open_state(*state);
	char *text = mem_calloc(STATE_TEXT_MAX_BYTES + 1, 1);
	struct state_shadow progress = progress_of(1);
	struct state_difference item = difference_of(1);

	assert_non_null(text);
	item.after = str_make(text, STATE_TEXT_MAX_BYTES + 1);
	assert_int_equal(state_put_shadow(store, &progress, false, &item, 1), ERR_LIMIT);
	assert_int_equal(differences(store, 0, 0).count, 0);
	mem_free(text);
	state_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(progress_and_differences_come_back, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(
			another_content_forgets_the_differences_of_the_one_before, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(the_newest_differences_stay, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(a_text_beyond_its_bound_changes_nothing,
						fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
