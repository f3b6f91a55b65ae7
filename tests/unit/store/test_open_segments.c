/* Which segments stay open, and which are closed for others. */
#include "store/open_segments.h"

#include "support/fault.h"
#include "unit/store/fixture.h"

enum { SEGMENTS = OPEN_SEGMENTS_MAX + 1 };

struct scene {
	struct fixture *fixture;
	struct open_segments open;
};

static int setup(void **state)
{
	static struct scene scene;
	struct audit *audit, *next;
	void *fixture;

	fixture_setup(&fixture);
	scene.fixture = fixture;
	audit = fixture_audit(scene.fixture);
	for (uint32_t number = 1; number < SEGMENTS; number++) {
		assert_int_equal(audit_prepare_next(scene.fixture->dir.path, &scene.fixture->env,
						    number, &next, &scene.fixture->why),
				 ERR_NONE);
		assert_int_equal(audit_rotate(audit, next, 1), ERR_NONE);
		audit_close(audit);
		audit = next;
	}
	audit_close(audit);
	open_segments_init(&scene.open, scene.fixture->dir.path, &scene.fixture->env, NULL);
	*state = &scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;
	void *fixture = scene->fixture;

	open_segments_deinit(&scene->open);
	return fixture_teardown(&fixture);
}

static struct db *use(struct scene *scene, uint32_t number)
{
	struct db *db = NULL;

	if (open_segments_use(&scene->open, number, &db, &scene->fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&scene->fixture->why));
	return db;
}

static bool is_open(const struct scene *scene, uint32_t number)
{
	for (size_t i = 0; i < OPEN_SEGMENTS_MAX; i++) {
		if (scene->open.items[i].number == number)
			return true;
	}
	return false;
}

static void a_segment_is_opened_once(void **state)
{
	struct scene *scene = *state;
	const struct db *first = use(scene, 1);

	assert_ptr_equal(use(scene, 2), use(scene, 2));
	assert_ptr_equal(use(scene, 1), first);
}

static void one_more_than_there_is_room_for_closes_the_one_unused_for_longest(void **state)
{
	struct scene *scene = *state;

	for (uint32_t number = 1; number <= OPEN_SEGMENTS_MAX; number++)
		use(scene, number);
	for (uint32_t number = 1; number <= OPEN_SEGMENTS_MAX; number++)
		assert_true(is_open(scene, number));
	use(scene, 1);
	use(scene, OPEN_SEGMENTS_MAX + 1);
	assert_true(is_open(scene, 1));
	assert_false(is_open(scene, 2));
	assert_true(is_open(scene, 3));
	assert_true(is_open(scene, OPEN_SEGMENTS_MAX + 1));
}

static void what_is_held_is_not_closed_for_others(void **state)
{
	struct scene *scene = *state;
	struct db *held = use(scene, 1);

	scene->open.held = 1;
	for (uint32_t number = 2; number <= SEGMENTS; number++)
		use(scene, number);
	assert_true(is_open(scene, 1));
	assert_false(is_open(scene, 2));
	assert_ptr_equal(use(scene, 1), held);
}

static void only_the_newest_stays_for_the_next_question(void **state)
{
	struct scene *scene = *state;

	use(scene, 1);
	use(scene, SEGMENTS - 1);
	use(scene, SEGMENTS);
	scene->open.held = 1;
	open_segments_trim(&scene->open, SEGMENTS - 1);
	assert_false(is_open(scene, 1));
	assert_true(is_open(scene, SEGMENTS - 1));
	/* Prepared, and not yet in the list. */
	assert_true(is_open(scene, SEGMENTS));
	assert_int_equal(scene->open.held, 0);
}

static void a_connection_that_broke_is_not_used_again(void **state)
{
	struct scene *scene = *state;

	(void)db_break(use(scene, 1), ERR_IO, "a failed read");
	assert_int_equal(use(scene, 1)->broken, ERR_NONE);
}

static void a_segment_that_is_not_there_takes_no_place(void **state)
{
	struct scene *scene = *state;
	struct db *db = NULL;

	assert_int_equal(open_segments_use(&scene->open, SEGMENTS + 1, &db, &scene->fixture->why),
			 ERR_NOT_FOUND);
	assert_null(db);
	assert_false(is_open(scene, SEGMENTS + 1));
}

static void opening_survives_any_failed_allocation(void **state)
{
	struct scene *scene = *state;
	bool fired = true;

	for (uint64_t n = 0; fired; n++) {
		struct db *db = NULL;

		fault_arm(n, FAULT_ONCE);
		enum error error = open_segments_use(&scene->open, 1, &db, &scene->fixture->why);
		fired = fault_disarm();
		assert_true(error == ERR_NONE || error == ERR_NO_MEMORY);
		assert_int_equal(is_open(scene, 1), error == ERR_NONE);
		open_segments_deinit(&scene->open);
		buf_clear(&scene->fixture->why);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_segment_is_opened_once),
		TEST(one_more_than_there_is_room_for_closes_the_one_unused_for_longest),
		TEST(what_is_held_is_not_closed_for_others),
		TEST(only_the_newest_stays_for_the_next_question),
		TEST(a_connection_that_broke_is_not_used_again),
		TEST(a_segment_that_is_not_there_takes_no_place),
		TEST(opening_survives_any_failed_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
