/* Decisions by the numbers of their texts: which come, in pages and over segments, and as a whole. */
#include "base/mem.h"
#include "store/audit_scan.h"
#include "unit/store/fixture.h"

enum { ROWS = 45000, SEGMENT_ROWS = 21000 };

struct scene {
	struct fixture *fixture;
	struct audit_reader *reader;
};

/* Two segments; the first is longer than a page. */
static int setup(void **state)
{
	struct scene *scene = mem_calloc(1, sizeof(*scene));
	struct audit *audit, *next;
	void *fixture;

	assert_non_null(scene);
	fixture_setup(&fixture);
	scene->fixture = fixture;
	audit = fixture_audit(scene->fixture);
	fixture_append(audit, 0, SEGMENT_ROWS);
	assert_int_equal(audit_prepare_next(scene->fixture->dir.path, &scene->fixture->env, 1,
					    &next, &scene->fixture->why),
			 ERR_NONE);
	assert_int_equal(audit_rotate(audit, next, 1), ERR_NONE);
	audit_close(audit);
	fixture_append(next, SEGMENT_ROWS, ROWS - SEGMENT_ROWS);
	audit_close(next);
	assert_int_equal(audit_reader_open(scene->fixture->dir.path, &scene->fixture->env,
					   &scene->reader, &scene->fixture->why),
			 ERR_NONE);
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;
	void *fixture = scene->fixture;

	audit_reader_close(scene->reader);
	fixture_teardown(&fixture);
	mem_free(scene);
	return 0;
}

struct seen {
	uint64_t count, first_id, last_id, segments;
	uint32_t segment;
	uint64_t stop_at;
	bool reads;
};

static enum error see(void *arg, struct audit_scan *scan, const struct audit_scan_row *row)
{
	struct audit_scan_progress progress = audit_scan_progress(scan, row);
	struct seen *seen = arg;
	struct audit_row whole;

	assert_true(row->decision_id > seen->last_id);
	assert_true(progress.done <= progress.total);
	if (seen->count++ == 0)
		seen->first_id = row->decision_id;
	seen->last_id = row->decision_id;
	seen->segments += row->segment != seen->segment;
	seen->segment = row->segment;
	if (seen->reads) {
		assert_int_equal(audit_scan_read(scan, row, &whole), ERR_NONE);
		assert_int_equal(whole.decision_id, row->decision_id);
		assert_int_equal(whole.wall_us, row->wall_us);
		assert_int_equal(whole.verdict, row->verdict);
		assert_true(whole.principal.length != 0);
	}
	return seen->count == seen->stop_at ? ERR_CANCELLED : ERR_NONE;
}

static struct seen scan(struct scene *scene, struct audit_scan_range range, struct seen seen)
{
	enum error error = audit_scan(scene->reader, &range, see, &seen, &scene->fixture->why);

	assert_int_equal(error, seen.stop_at != 0 ? ERR_CANCELLED : ERR_NONE);
	return seen;
}

static const struct seen nothing;

static void every_decision_of_every_segment_comes_in_order(void **state)
{
	struct seen seen = scan(*state, (struct audit_scan_range){0}, nothing);

	assert_int_equal(seen.count, ROWS);
	assert_int_equal(seen.segments, 2);
}

static void a_bound_ends_it_after_that_many(void **state)
{
	struct seen all = scan(*state, (struct audit_scan_range){0}, nothing);
	struct seen few = scan(*state, (struct audit_scan_range){.limit = 1}, nothing);

	assert_int_equal(few.count, 1);
	assert_int_equal(few.first_id, all.first_id);
	few = scan(*state, (struct audit_scan_range){.limit = SEGMENT_ROWS + 1}, nothing);
	assert_int_equal(few.count, SEGMENT_ROWS + 1);
	assert_int_equal(few.segments, 2);
}

static void those_behind_an_id_come_alone(void **state)
{
	struct seen all = scan(*state, (struct audit_scan_range){0}, nothing);
	struct seen seen =
		scan(*state, (struct audit_scan_range){.after_id = all.last_id - 5}, nothing);

	assert_int_equal(seen.count, 5);
	assert_int_equal(seen.segments, 1);
	seen = scan(*state, (struct audit_scan_range){.after_id = all.last_id}, nothing);
	assert_int_equal(seen.count, 0);
}

static void the_newest_come_alone(void **state)
{
	struct seen seen = scan(*state, (struct audit_scan_range){.newest = 100}, nothing);

	assert_int_equal(seen.count, 100);
	seen = scan(*state, (struct audit_scan_range){.newest = 10 * ROWS}, nothing);
	assert_int_equal(seen.count, ROWS);
}

static void whole_rows_can_be_read_on_the_way(void **state)
{
	struct seen seen =
		scan(*state, (struct audit_scan_range){.limit = 500}, (struct seen){.reads = true});

	assert_int_equal(seen.count, 500);
}

static void an_error_of_the_caller_ends_it(void **state)
{
	struct seen seen = scan(*state, (struct audit_scan_range){0}, (struct seen){.stop_at = 3});

	assert_int_equal(seen.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_decision_of_every_segment_comes_in_order),
		cmocka_unit_test(a_bound_ends_it_after_that_many),
		cmocka_unit_test(those_behind_an_id_come_alone),
		cmocka_unit_test(the_newest_come_alone),
		cmocka_unit_test(whole_rows_can_be_read_on_the_way),
		cmocka_unit_test(an_error_of_the_caller_ends_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
