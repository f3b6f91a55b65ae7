/* The segments of an audit: which there are, where one ends and the next begins, and that readers
 * see all of them as one audit. */
#include "store/segment.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
#include "support/fault.h"
#include "unit/store/fixture.h"

enum { ROWS = 40 };

/* Begins the next segment; the old one is closed. */
static struct audit *rotate(struct fixture *fixture, struct audit *audit, int64_t wall_us)
{
	struct audit *next;

	if (audit_prepare_next(fixture->dir.path, &fixture->env, audit_segment_number(audit), &next,
			       &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	assert_int_equal(audit_rotate(audit, next, wall_us), ERR_NONE);
	audit_close(audit);
	return next;
}

/* Three segments of ROWS decisions each. */
static struct audit_head fill(struct fixture *fixture)
{
	struct audit *audit = fixture_audit(fixture);

	fixture_append(audit, 0, ROWS);
	audit = rotate(fixture, audit, 1000);
	fixture_append(audit, ROWS, ROWS);
	audit = rotate(fixture, audit, 2000);
	fixture_append(audit, 2 * ROWS, ROWS);
	struct audit_head head = audit_head(audit);
	audit_close(audit);
	return head;
}

static struct segment_list list(struct fixture *fixture)
{
	struct segment_list segments = {0};

	if (segment_list_read(&segments, fixture->dir.path, &fixture->env, &fixture->why) !=
	    ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	return segments;
}

static void names_and_numbers_fit_each_other(void **state)
{
	static const char *const others[] = {
		"",
		"audit-000000.db",
		"audit-00001.db",
		"audit-0000001.db",
		"audit-000001.db-wal",
		"audit-000001.DB",
		"audit-00000x.db",
		"state.db",
		"xaudit-000001.db",
	};
	char name[SEGMENT_NAME_BYTES];

	(void)state;
	segment_name(1, name);
	assert_string_equal(name, "audit-000001.db");
	assert_int_equal(segment_number(name), 1);
	segment_name(SEGMENT_NUMBER_MAX, name);
	assert_string_equal(name, "audit-999999.db");
	assert_int_equal(segment_number(name), SEGMENT_NUMBER_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		assert_int_equal(segment_number(others[i]), 0);
}

static void an_empty_directory_has_no_segments(void **state)
{
	struct segment_list segments = list(*state);

	assert_int_equal(segments.count, 0);
	segment_list_deinit(&segments);
}

static void each_segment_begins_where_the_one_before_ended(void **state)
{
	struct audit_head head = fill(*state);
	struct segment_list segments = list(*state);

	assert_int_equal(segments.count, 3);
	for (size_t i = 0; i < segments.count; i++) {
		const struct segment *segment = &segments.items[i];
		assert_int_equal(segment->number, i + 1);
		assert_int_equal(segment->state, i == 2 ? SEGMENT_LIVE : SEGMENT_CLOSED);
		assert_int_equal(segment->first_id, i * ROWS + 1);
		assert_int_equal(segment->last_id, (i + 1) * ROWS);
		assert_int_equal(segment->begun_us, i * 1000);
		assert_true(segment->first_us != 0 && segment->first_us < segment->last_us);
		assert_true(segment->file_bytes >= 4096);
		if (i != 0)
			assert_memory_equal(&segment->before, &segments.items[i - 1].head,
					    sizeof(segment->before));
	}
	assert_memory_equal(&segments.items[2].head, &head, sizeof(head));
	assert_int_equal(segment_list_find(&segments, ROWS), 0);
	assert_int_equal(segment_list_find(&segments, ROWS + 1), 1);
	assert_int_equal(segment_list_find(&segments, 3 * ROWS + 1), 3);
	segment_list_deinit(&segments);
}

static void the_chain_goes_on_across_segments(void **state)
{
	fill(*state);
	fixture_assert_audit(*state, 3 * ROWS);
}

static void a_start_goes_on_in_the_newest_segment(void **state)
{
	struct fixture *fixture = *state;
	struct audit_head head = fill(fixture);
	struct audit *audit = fixture_audit(fixture);
	struct audit_head found = audit_head(audit);

	assert_int_equal(audit_segment_number(audit), 3);
	assert_int_equal(audit_segment_rows(audit), ROWS);
	assert_int_equal(audit_segment_begun_us(audit), 2000);
	assert_memory_equal(&found, &head, sizeof(head));
	fixture_append(audit, 0, 1);
	audit_close(audit);
	fixture_assert_audit(fixture, 3 * ROWS + 1);
}

static void a_prepared_segment_is_none_until_it_begins(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture), *next;
	struct store_row_texts texts;
	struct audit_row row;
	uint64_t id;

	fixture_append(audit, 0, ROWS);
	assert_int_equal(
		audit_prepare_next(fixture->dir.path, &fixture->env, 1, &next, &fixture->why),
		ERR_NONE);
	store_row_make(0, &texts, &row);
	assert_int_equal(audit_append(next, &row, 1, &id), ERR_INVALID);
	audit_close(next);
	audit_close(audit);
	struct segment_list segments = list(fixture);
	assert_int_equal(segments.count, 1);
	assert_int_equal(segments.items[0].state, SEGMENT_LIVE);
	segment_list_deinit(&segments);
	/* A start goes on in the first, and the file is used when its time comes. */
	audit = fixture_audit(fixture);
	assert_int_equal(audit_segment_number(audit), 1);
	fixture_append(audit, ROWS, 1);
	audit = rotate(fixture, audit, 5);
	fixture_append(audit, ROWS, 1);
	audit_close(audit);
	fixture_assert_audit(fixture, ROWS + 2);
}

static void only_the_number_that_follows_can_begin(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture), *next;

	assert_int_equal(
		audit_prepare_next(fixture->dir.path, &fixture->env, 2, &next, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_rotate(audit, next, 1), ERR_INVALID);
	audit_close(next);
	assert_int_equal(audit_prepare_next(fixture->dir.path, &fixture->env, SEGMENT_NUMBER_MAX,
					    &next, &fixture->why),
			 ERR_LIMIT);
	audit_close(audit);
}

struct seen {
	uint64_t ids[3 * ROWS];
	size_t count, stop_after;
};

static bool on_row(void *arg, const struct audit_row *row)
{
	struct seen *seen = arg;

	seen->ids[seen->count++] = row->decision_id;
	return seen->count != seen->stop_after;
}

static struct seen query(struct fixture *fixture, struct audit_filter filter, size_t stop_after)
{
	struct seen seen = {.stop_after = stop_after};
	struct audit_reader *reader;

	if (audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why) !=
		    ERR_NONE ||
	    audit_query(reader, &filter, on_row, &seen, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	audit_reader_close(reader);
	return seen;
}

static void a_query_yields_the_rows_of_all_segments_in_order(void **state)
{
	fill(*state);
	struct seen seen = query(*state, (struct audit_filter){0}, 0);
	assert_int_equal(seen.count, 3 * ROWS);
	for (size_t i = 0; i < seen.count; i++)
		assert_int_equal(seen.ids[i], i + 1);
	seen = query(*state, (struct audit_filter){.newest_first = true}, 0);
	assert_int_equal(seen.count, 3 * ROWS);
	for (size_t i = 0; i < seen.count; i++)
		assert_int_equal(seen.ids[i], 3 * ROWS - i);
}

static void a_limit_counts_over_all_segments(void **state)
{
	fill(*state);
	assert_int_equal(query(*state, (struct audit_filter){.limit = ROWS}, 0).count, ROWS);
	assert_int_equal(query(*state, (struct audit_filter){.limit = ROWS + 1}, 0).count,
			 ROWS + 1);
	struct seen seen = query(
		*state,
		(struct audit_filter){.limit = 2, .after_id = ROWS - 1, .before_id = ROWS + 3}, 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.ids[0], ROWS);
	assert_int_equal(seen.ids[1], ROWS + 1);
	seen = query(*state, (struct audit_filter){.decision_id = 2 * ROWS}, 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.ids[0], 2 * ROWS);
}

static void a_query_that_was_ended_does_not_go_on_in_the_next_segment(void **state)
{
	fill(*state);
	assert_int_equal(query(*state, (struct audit_filter){0}, ROWS).count, ROWS);
}

static void an_open_reader_sees_the_segments_that_come(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture);
	struct audit_reader *reader;
	struct audit_filter filter = {0};
	struct seen seen = {0};

	fixture_append(audit, 0, 2);
	assert_int_equal(
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_query(reader, &filter, on_row, &seen, &fixture->why), ERR_NONE);
	assert_int_equal(seen.count, 2);
	fixture_append(audit, 2, 1);
	audit = rotate(fixture, audit, 1);
	fixture_append(audit, 3, 2);
	filter.after_id = 2;
	assert_int_equal(audit_query(reader, &filter, on_row, &seen, &fixture->why), ERR_NONE);
	assert_int_equal(seen.count, 5);
	assert_int_equal(seen.ids[4], 5);
	assert_int_equal(audit_reader_segments(reader)->count, 2);
	audit_close(audit);
	audit_reader_close(reader);
}

static void a_segment_that_is_not_the_next_link_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct audit_verification result;
	struct audit_reader *reader;
	char path[256];

	fill(fixture);
	assert_int_equal(remove(tmpdir_path(&fixture->dir, "audit-000002.db", path, sizeof(path))),
			 0);
	assert_int_equal(
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_verify(reader, NULL, &result, &fixture->why), ERR_NONE);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_MISSING);
	assert_int_equal(result.segment, 2);
	assert_int_equal(result.first_bad_id, ROWS + 1);
	assert_int_equal(result.head.decision_id, ROWS);
	audit_reader_close(reader);
}

/* Until it succeeds nothing has another name. */
static void the_newest_file_is_set_aside_with_its_log_or_not_at_all(void **state)
{
	struct fixture *fixture = *state;
	const char *directory = fixture->dir.path;
	char path[256];
	struct buf name;

	buf_init(&name, 256);
	assert_int_equal(segment_set_aside(directory, &fixture->env, 7000000, &name),
			 ERR_NOT_FOUND);
	struct audit *audit = fixture_audit(fixture);
	fixture_append(audit, 0, 3);
	audit_close(audit);
	tmpdir_write(&fixture->dir, AUDIT_FILE "-wal", "log", 3);
	for (uint64_t n = 0;; n++) {
		fault_arm(n, FAULT_ONCE);
		enum error error = segment_set_aside(directory, &fixture->env, 7000000, &name);
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			assert_true(n >= 8);
			break;
		}
		assert_int_equal(error, ERR_NO_MEMORY);
		assert_int_equal(
			access(tmpdir_path(&fixture->dir, AUDIT_FILE, path, sizeof(path)), F_OK),
			0);
		/* A buffer that found no memory once says so until it is cleared. */
		buf_deinit(&name);
		buf_init(&name, 256);
	}
	assert_string_equal(buf_text(&name), AUDIT_FILE ".aside-7");
	assert_int_equal(
		access(tmpdir_path(&fixture->dir, AUDIT_FILE ".aside-7", path, sizeof(path)), F_OK),
		0);
	assert_int_equal(
		access(tmpdir_path(&fixture->dir, AUDIT_FILE ".aside-7-wal", path, sizeof(path)),
		       F_OK),
		0);
	assert_int_not_equal(
		access(tmpdir_path(&fixture->dir, AUDIT_FILE, path, sizeof(path)), F_OK), 0);
	buf_deinit(&name);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers_fit_each_other),
		TEST(the_newest_file_is_set_aside_with_its_log_or_not_at_all),
		TEST(an_empty_directory_has_no_segments),
		TEST(each_segment_begins_where_the_one_before_ended),
		TEST(the_chain_goes_on_across_segments),
		TEST(a_start_goes_on_in_the_newest_segment),
		TEST(a_prepared_segment_is_none_until_it_begins),
		TEST(only_the_number_that_follows_can_begin),
		TEST(a_query_yields_the_rows_of_all_segments_in_order),
		TEST(a_limit_counts_over_all_segments),
		TEST(a_query_that_was_ended_does_not_go_on_in_the_next_segment),
		TEST(an_open_reader_sees_the_segments_that_come),
		TEST(a_segment_that_is_not_the_next_link_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
