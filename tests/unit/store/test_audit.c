#include "base/mem.h"
#include "support/fault.h"
#include "unit/store/fixture.h"

/* Rows as a query delivers them, copied. */
struct capture {
	struct audit_row expected;
	size_t count;
};

static void assert_texts_equal(struct str a, struct str b)
{
	assert_int_equal(a.length, b.length);
	if (a.length != 0)
		assert_memory_equal(a.ptr, b.ptr, a.length);
}

static void assert_lists_equal(const struct audit_list *a, const struct audit_list *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_texts_equal(a->items[i], b->items[i]);
}

static void assert_rows_equal(const struct audit_row *a, const struct audit_row *b)
{
	assert_int_equal(a->wall_us, b->wall_us);
	assert_int_equal(a->boot_ms, b->boot_ms);
	assert_int_equal(a->utc_offset_minutes, b->utc_offset_minutes);
	assert_texts_equal(a->application, b->application);
	assert_texts_equal(a->principal, b->principal);
	assert_texts_equal(a->user, b->user);
	assert_texts_equal(a->user_folded, b->user_folded);
	assert_texts_equal(a->mechanism, b->mechanism);
	assert_lists_equal(&a->groups, &b->groups);
	assert_lists_equal(&a->deny_only_groups, &b->deny_only_groups);
	assert_int_equal(a->kind, b->kind);
	assert_texts_equal(a->action, b->action);
	assert_texts_equal(a->action_uri, b->action_uri);
	assert_texts_equal(a->resource_uri, b->resource_uri);
	assert_texts_equal(a->context, b->context);
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->administrator, b->administrator);
	assert_int_equal(a->code, b->code);
	assert_texts_equal(a->source, b->source);
	assert_texts_equal(a->extended, b->extended);
	assert_int_equal(a->policy_revision, b->policy_revision);
	assert_lists_equal(&a->policies, &b->policies);
	assert_lists_equal(&a->erring, &b->erring);
	assert_memory_equal(a->record_id, b->record_id, sizeof(a->record_id));
	assert_int_equal(a->connection, b->connection);
	assert_texts_equal(a->peer, b->peer);
	assert_int_equal(a->peer_pid, b->peer_pid);
	assert_int_equal(a->latency_us, b->latency_us);
	assert_int_equal(a->relaxed, b->relaxed);
}

static bool compare_row(void *arg, const struct audit_row *row)
{
	struct capture *capture = arg;

	assert_rows_equal(row, &capture->expected);
	assert_int_equal(row->decision_id, capture->expected.decision_id);
	capture->count++;
	return true;
}

/* Stores `row` alone, closes, and reads it back. */
static void assert_survives(struct fixture *fixture, const struct audit_row *row)
{
	struct capture capture = {.expected = *row};
	struct audit *audit = fixture_audit(fixture);
	struct audit_reader *reader;
	struct audit_filter filter = {0};

	assert_int_equal(audit_append(audit, row, 1, &capture.expected.decision_id), ERR_NONE);
	audit_close(audit);
	filter.decision_id = capture.expected.decision_id;
	assert_int_equal(
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_query(reader, &filter, compare_row, &capture, &fixture->why),
			 ERR_NONE);
	assert_int_equal(capture.count, 1);
	audit_reader_close(reader);
	fixture_assert_audit(fixture, capture.expected.decision_id);
}

static void a_row_comes_back_as_it_was(void **state)
{
	struct store_row_texts texts;
	struct audit_row row;

	store_row_make(10, &texts, &row);
	row.administrator = true;
	row.verdict = AUDIT_REDIRECT;
	row.code = 0x80338199;
	row.extended = STR("https://other.contoso.com/wsman");
	row.erring = (struct audit_list){texts.policies, 1};
	row.relaxed = true;
	row.utc_offset_minutes = -570;
	row.policy_revision = UINT64_MAX;
	row.connection = UINT64_MAX;
	row.peer_pid = UINT64_MAX;
	row.latency_us = UINT64_MAX;
	row.wall_us = INT64_MIN;
	row.boot_ms = INT64_MAX;
	assert_survives(*state, &row);
}

static void an_empty_row_comes_back_as_it_was(void **state)
{
	struct audit_row row = {.kind = AUDIT_QUERY_QUOTA};

	assert_survives(*state, &row);
}

static void hostile_texts_are_stored_losslessly(void **state)
{
	static const char *const texts[] = {
		"a\n2026-01-01 ALLOW root",
		"\x1b]0;title\x07\x1b[2J",
		"\xe2\x80\xae"
		"evil",
		"\xff\xfe\xc0\xaf",
		"'); DROP TABLE decision; --",
		"\\\"\\u0000\\\\\"[],{}",
		"%s%n%x",
		"\xed\xa0\x80 lone surrogate",
	};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct str text = str_from(texts[i]);
		struct str list[] = {text, STR(""), text};
		struct audit_row row = {
			.application = text,
			.principal = text,
			.user = text,
			.user_folded = text,
			.mechanism = text,
			.groups = {list, 3},
			.deny_only_groups = {list, 1},
			.kind = AUDIT_AUTHORIZE_USER,
			.action = text,
			.action_uri = text,
			.resource_uri = text,
			.context = text,
			.source = text,
			.extended = text,
			.policies = {list, 2},
			.erring = {list, 3},
			.peer = text,
		};
		assert_survives(*state, &row);
	}
}

static void nul_bytes_are_stored_losslessly(void **state)
{
	struct str text = STR("alice\0admin\0");
	struct str list[] = {text, STR("\0")};
	struct audit_row row = {
		.kind = AUDIT_AUTHORIZE_USER,
		.user = text,
		.resource_uri = text,
		.groups = {list, 2},
		.context = STR("\0"),
	};

	assert_survives(*state, &row);
}

static void ids_grow_across_restarts(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture);

	assert_int_equal(audit_head(audit).decision_id, 0);
	assert_int_equal(fixture_append(audit, 0, 10), 1);
	assert_int_equal(fixture_append(audit, 10, 5), 11);
	audit_close(audit);
	audit = fixture_audit(fixture);
	assert_int_equal(audit_head(audit).decision_id, 15);
	assert_int_equal(fixture_append(audit, 15, 1), 16);
	audit_close(audit);
	fixture_assert_audit(fixture, 16);
}

static void the_head_is_the_last_row(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture);
	struct audit_verification result;
	struct audit_reader *reader;

	fixture_append(audit, 0, 3);
	struct audit_head head = audit_head(audit);
	assert_int_equal(
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_verify(reader, NULL, &result, &fixture->why), ERR_NONE);
	assert_int_equal(head.decision_id, 3);
	assert_int_equal(result.head.decision_id, 3);
	assert_memory_equal(result.head.chain, head.chain, sizeof(head.chain));
	audit_reader_close(reader);
	audit_close(audit);
}

static void a_batch_of_no_rows_does_nothing(void **state)
{
	struct audit *audit = fixture_audit(*state);
	uint64_t first_id = 77;

	assert_int_equal(audit_append(audit, NULL, 0, &first_id), ERR_NONE);
	assert_int_equal(first_id, 77);
	audit_close(audit);
}

static void given_ids_are_taken_when_they_grow(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture);
	struct audit_row rows[3] = {
		{.kind = AUDIT_AUTHORIZE_USER, .decision_id = 100},
		{.kind = AUDIT_AUTHORIZE_USER},
		{.kind = AUDIT_AUTHORIZE_USER, .decision_id = 200},
	};
	uint64_t first_id;

	assert_int_equal(audit_append(audit, rows, 3, &first_id), ERR_NONE);
	assert_int_equal(first_id, 100);
	assert_int_equal(audit_head(audit).decision_id, 200);
	audit_close(audit);
	assert_int_equal(fixture_int(fixture, AUDIT_FILE, "SELECT sum(id) FROM decision"),
			 100 + 101 + 200);
}

static void an_id_that_does_not_grow_fails_the_batch_and_uses_no_id(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture);
	struct audit_row rows[2] = {
		{.kind = AUDIT_AUTHORIZE_USER, .user = STR("new")},
		{.kind = AUDIT_AUTHORIZE_USER},
	};
	uint64_t first_id = 0;

	fixture_append(audit, 0, 4);
	struct audit_head head = audit_head(audit);
	for (uint64_t bad = 1; bad <= 5; bad++) {
		rows[1].decision_id = bad; /* 5 is the id of rows[0] */
		assert_int_equal(audit_append(audit, rows, 2, &first_id), ERR_INVALID);
	}
	rows[1].decision_id = (uint64_t)INT64_MAX + 1;
	assert_int_equal(audit_append(audit, rows, 2, &first_id), ERR_INVALID);
	assert_int_equal(first_id, 0);
	assert_memory_equal(audit_head(audit).chain, head.chain, sizeof(head.chain));
	assert_int_equal(fixture_append(audit, 4, 1), 5);
	audit_close(audit);
	fixture_assert_audit(fixture, 5);
	assert_int_equal(
		fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM subject WHERE user = 'new'"),
		0);
}

/* The writer's own connection does not ask the triggers. */
static void assert_gives_up_after(struct fixture *fixture, uint32_t row_count, const char *sql)
{
	struct audit *audit = fixture_audit(fixture);
	struct audit_row row = {.kind = AUDIT_AUTHORIZE_USER};
	uint64_t first_id = 0;

	if (row_count != 0)
		fixture_append(audit, 0, row_count);
	fixture_sql(fixture, AUDIT_FILE, sql);
	int64_t count = fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM decision");
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_CORRUPT);
	assert_non_null(strstr(audit_failure_text(audit), "somebody else"));
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_CORRUPT);
	assert_int_equal(first_id, 0);
	audit_close(audit);
	assert_int_equal(fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM decision"), count);
}

#define ANOTHER_ROW                                                                                \
	"INSERT INTO decision SELECT id + 1, wall_us, boot_ms, utc_offset_minutes, subject,"       \
	" group_set, request, context, verdict, outcome, origin, record_id, latency_us, relaxed,"  \
	" chain FROM decision ORDER BY id DESC LIMIT 1"

static void rows_that_somebody_else_added_end_the_writing(void **state)
{
	assert_gives_up_after(*state, 3, ANOTHER_ROW);
}

static void a_last_row_that_somebody_took_away_ends_the_writing(void **state)
{
	assert_gives_up_after(*state, 3,
			      "DROP TRIGGER decision_no_delete; DELETE FROM decision WHERE id = 3");
}

static void an_event_that_somebody_else_added_ends_the_writing(void **state)
{
	assert_gives_up_after(*state, 0,
			      "INSERT INTO event VALUES (1, 0, 0, 'a', '', '{}', zeroblob(32))");
}

static void a_segment_that_somebody_else_sealed_takes_no_row(void **state)
{
	assert_gives_up_after(
		*state, 3,
		"INSERT INTO seal VALUES (1, 0, 1, 3, 3, 0, 0, 0, zeroblob(32), NULL, NULL)");
}

static void the_greatest_id_ends_the_audit(void **state)
{
	struct audit *audit = fixture_audit(*state);
	struct audit_row row = {.kind = AUDIT_AUTHORIZE_USER, .decision_id = INT64_MAX};
	uint64_t first_id;

	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_NONE);
	row.decision_id = 0;
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_INVALID);
	audit_close(audit);
}

static void a_row_may_be_as_large_as_the_limit_and_no_larger(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture);
	char *text = mem_alloc(AUDIT_ROW_MAX_BYTES + 1);
	struct audit_row row = {.kind = AUDIT_AUTHORIZE_USER};
	uint64_t first_id;

	assert_non_null(text);
	/* The byte that grows most when it is written as JSON. */
	memset(text, 1, AUDIT_ROW_MAX_BYTES + 1);
	struct str items[] = {str_make(text, AUDIT_ROW_MAX_BYTES - 2)};
	row.policies = (struct audit_list){items, 1};
	assert_true(audit_row_fits(&row));
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_NONE);
	items[0].length++;
	assert_false(audit_row_fits(&row));
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_LIMIT);

	row.policies.count = 0;
	row.user = str_make(text, AUDIT_ROW_MAX_BYTES);
	assert_true(audit_row_fits(&row));
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_NONE);
	row.peer = STR("x");
	assert_false(audit_row_fits(&row));
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_LIMIT);
	mem_free(text);
	audit_close(audit);
	fixture_assert_audit(fixture, 2);
}

static void a_list_of_very_many_empty_items_may_be_as_long_as_the_limit(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture);
	size_t count = AUDIT_ROW_MAX_BYTES / 2;
	struct str *items = mem_calloc(count + 1, sizeof(*items));
	struct audit_row row = {.kind = AUDIT_AUTHORIZE_USER, .groups = {items, count}};
	uint64_t first_id;

	assert_non_null(items);
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_NONE);
	row.groups.count++;
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_LIMIT);
	mem_free(items);
	audit_close(audit);
	fixture_assert_audit(fixture, 1);
}

static void equal_texts_are_stored_once(void **state)
{
	struct fixture *fixture = *state;

	/* Thrice: with a cold memory, a warm one, and after a restart. */
	for (int i = 0; i < 2; i++) {
		struct audit *audit = fixture_audit(fixture);
		fixture_append(audit, 0, 2000);
		fixture_append(audit, 0, 2000);
		audit_close(audit);
	}
	assert_int_equal(fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM decision"), 8000);
	assert_int_equal(fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM subject"), 1000);
	assert_int_equal(fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM request"), 50);
	assert_int_equal(fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM group_set"), 1);
	assert_int_equal(fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM context"), 1);
	fixture_assert_audit(fixture, 8000);
}

static void rows_stay_within_150_bytes(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture);

	for (uint32_t i = 0; i < 20; i++)
		fixture_append(audit, i * 1000, 1000);
	audit_close(audit);
	assert_in_range(fixture_int(fixture, AUDIT_FILE,
				    "SELECT page_count * page_size FROM pragma_page_count,"
				    " pragma_page_size") /
				20000,
			50, 150);
}

static void appending_survives_any_failed_allocation(void **state)
{
	struct fixture *fixture = *state;
	uint64_t expected = 0;

	for (int mode = FAULT_ONCE; mode <= FAULT_STICKY; mode++) {
		for (uint64_t n = 0;; n++) {
			struct store_row_texts texts;
			struct audit_row row;
			struct audit *audit = NULL;
			uint64_t first_id = 0;

			store_row_make((uint32_t)n, &texts, &row);
			fault_arm(n, (enum fault_mode)mode);
			enum error error = audit_open(fixture->dir.path, &fixture->env, false,
						      &audit, &fixture->why);
			if (error == ERR_NONE)
				error = audit_append(audit, &row, 1, &first_id);
			audit_close(audit);
			bool fired = fault_disarm();
			assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
			if (error == ERR_NONE)
				assert_int_equal(first_id, ++expected);
			if (!fired)
				break;
		}
	}
	fixture_assert_audit(fixture, expected);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_row_comes_back_as_it_was),
		TEST(an_empty_row_comes_back_as_it_was),
		TEST(hostile_texts_are_stored_losslessly),
		TEST(nul_bytes_are_stored_losslessly),
		TEST(ids_grow_across_restarts),
		TEST(the_head_is_the_last_row),
		TEST(a_batch_of_no_rows_does_nothing),
		TEST(given_ids_are_taken_when_they_grow),
		TEST(an_id_that_does_not_grow_fails_the_batch_and_uses_no_id),
		TEST(rows_that_somebody_else_added_end_the_writing),
		TEST(a_last_row_that_somebody_took_away_ends_the_writing),
		TEST(an_event_that_somebody_else_added_ends_the_writing),
		TEST(a_segment_that_somebody_else_sealed_takes_no_row),
		TEST(the_greatest_id_ends_the_audit),
		TEST(a_row_may_be_as_large_as_the_limit_and_no_larger),
		TEST(a_list_of_very_many_empty_items_may_be_as_long_as_the_limit),
		TEST(equal_texts_are_stored_once),
		TEST(rows_stay_within_150_bytes),
		TEST(appending_survives_any_failed_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
