#include "base/attributes.h"
#include "store/audit_query.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/audit_filter.h"
#include "store/audit_sql.h"
#include "support/fake_clock.h"
#include "support/fault.h"
#include "unit/store/fixture.h"

enum { ROWS = 3000 };

/* The ids a query delivered. */
struct ids {
	uint64_t id[ROWS];
	size_t count, stop_at;
};

static bool collect(void *arg, const struct audit_row *row)
{
	struct ids *ids = arg;

	assert_true(ids->count < ROWS);
	ids->id[ids->count++] = row->decision_id;
	return ids->count != ids->stop_at;
}

struct scene {
	struct fixture *fixture;
	struct audit_reader *reader;
	struct ids ids;
};

static int setup(void **state)
{
	struct scene *scene = mem_calloc(1, sizeof(*scene));
	void *fixture;

	assert_non_null(scene);
	fixture_setup(&fixture);
	scene->fixture = fixture;
	struct audit *audit = fixture_audit(scene->fixture);
	fixture_append(audit, 0, ROWS);
	audit_close(audit);
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

/* The number of rows for `filter`; their ids are in scene->ids. */
static size_t query(struct scene *scene, const struct audit_filter *filter)
{
	scene->ids.count = 0;
	if (audit_query(scene->reader, filter, collect, &scene->ids, &scene->fixture->why) !=
	    ERR_NONE)
		fail_msg("%s", buf_text(&scene->fixture->why));
	return scene->ids.count;
}

#define QUERY(scene, ...) query((scene), &(struct audit_filter){__VA_ARGS__})

static void the_zero_filter_yields_everything_in_order(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(QUERY(scene, .limit = 0), ROWS);
	for (size_t i = 0; i < ROWS; i++)
		assert_int_equal(scene->ids.id[i], i + 1);
	assert_int_equal(QUERY(scene, .newest_first = true), ROWS);
	for (size_t i = 0; i < ROWS; i++)
		assert_int_equal(scene->ids.id[i], ROWS - i);
}

static void users_are_found_by_sid_and_by_folded_name(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(QUERY(scene, .user = STR("contoso\\user5")), 3);
	assert_int_equal(scene->ids.id[0], 6);
	assert_int_equal(scene->ids.id[2], 2006);
	assert_int_equal(QUERY(scene, .user = STR("S-1-5-21-3623811015-3361044348-30300820-1005")),
			 3);
	assert_int_equal(QUERY(scene, .user = STR("s-1-5-21-3623811015-3361044348-30300820-1005")),
			 3);
	assert_int_equal(QUERY(scene, .user = STR("contoso\\user")), 0);
	assert_int_equal(QUERY(scene, .user = STR("' OR 1 = 1 --")), 0);
}

/* One user under as many applications as are listed by their numbers, and one more. */
static void a_user_of_many_applications_is_found_under_all(void **state)
{
	enum { APPLICATIONS = AUDIT_FILTER_SUBJECTS_MAX + 1 };
	struct scene *scene = *state;
	struct audit *audit = fixture_audit(scene->fixture);
	char name[32];

	for (uint32_t i = 0; i < APPLICATIONS; i++) {
		struct store_row_texts texts;
		struct audit_row row;
		uint64_t id;

		store_row_make(0, &texts, &row);
		snprintf(name, sizeof(name), "application %u", (unsigned)i);
		row.application = str_from(name);
		row.user_folded = row.principal = STR("many");
		assert_int_equal(audit_append(audit, &row, 1, &id), ERR_NONE);
		assert_int_equal(QUERY(scene, .user = STR("many")), i + 1);
	}
	audit_close(audit);
	assert_int_equal(QUERY(scene, .user = STR("many"), .application = STR("application 3")), 1);
}

static void the_host_that_was_asked_is_found_whatever_the_case(void **state)
{
	static const char *const contexts[] = {
		"{\"session\":{\"url\":{\"host\":\"server7.contoso.com\"}}}",
		"{\"session\":{\"url\":{\"host\":\"server77.contoso.com\"}}}",
		"{\"session\":{\"url\":{\"host\":7}}}",
		/* What is no JSON has no host, and does not keep the others from being found. */
		"server7.contoso.com",
	};
	struct scene *scene = *state;
	struct audit *audit = fixture_audit(scene->fixture);

	for (size_t i = 0; i < ARRAY_COUNT(contexts); i++) {
		struct store_row_texts texts;
		struct audit_row row;
		uint64_t id;

		store_row_make(0, &texts, &row);
		row.context = str_from(contexts[i]);
		assert_int_equal(audit_append(audit, &row, 1, &id), ERR_NONE);
	}
	audit_close(audit);
	assert_int_equal(QUERY(scene, .host = STR("server7.contoso.com")), 1);
	assert_int_equal(QUERY(scene, .host = STR("SERVER77.Contoso.com")), 1);
	assert_int_equal(QUERY(scene, .host = STR("server8.contoso.com")), 0);
	assert_int_equal(QUERY(scene, .host = STR("' OR 1 = 1 --")), 0);
	assert_int_equal(QUERY(scene, .host = STR("server7.contoso.com"), .action = STR("Get")), 0);
}

static void every_condition_narrows(void **state)
{
	struct scene *scene = *state;
	int64_t start = INT64_C(1767225600000000);

	assert_int_equal(QUERY(scene, .verdicts = AUDIT_VERDICT_BIT(AUDIT_DENY)), ROWS / 10);
	assert_int_equal(
		QUERY(scene, .application = STR("http://schemas.microsoft.com/powershell")), ROWS);
	assert_int_equal(QUERY(scene, .application = STR("other")), 0);
	assert_int_equal(QUERY(scene, .action = STR("invoke")), ROWS);
	assert_int_equal(QUERY(scene, .action = STR("Get")), 0);
	assert_int_equal(QUERY(scene, .source = STR("policy")), ROWS);
	assert_int_equal(QUERY(scene, .source = STR("block")), 0);
	assert_int_equal(QUERY(scene, .policy_revision = 17), ROWS);
	assert_int_equal(QUERY(scene, .policy_revision = 18), 0);
	assert_int_equal(QUERY(scene, .policy = STR("policy3")), 429);
	assert_int_equal(QUERY(scene, .policy = STR("policy")), 0);
	assert_int_equal(QUERY(scene, .decision_id = 77), 1);
	assert_int_equal(QUERY(scene, .decision_id = ROWS + 1), 0);
	assert_int_equal(QUERY(scene, .since_us = start + 1000), ROWS - 1);
	assert_int_equal(QUERY(scene, .until_us = start + 1000), 1);
	assert_int_equal(QUERY(scene, .since_us = start + 1000, .until_us = start + 1000), 0);
	assert_int_equal(QUERY(scene, .verdicts = AUDIT_VERDICT_BIT(AUDIT_DENY),
			       .user = STR("contoso\\user10"), .since_us = start + 1000 * 1000),
			 2);
}

static void resources_are_found_by_prefix_whatever_the_case(void **state)
{
	struct scene *scene = *state;
	const char base[] = "HTTP://schemas.microsoft.com/wbem/wsman/1/wmi/root/CIMV2/class";
	char prefix[128];

	assert_int_equal(QUERY(scene, .resource_prefix = str_from(base)), ROWS);
	snprintf(prefix, sizeof(prefix), "%s1", base);
	/* class1 and class10 to class19 of fifty */
	assert_int_equal(QUERY(scene, .resource_prefix = str_from(prefix)), ROWS / 50 * 11);
	snprintf(prefix, sizeof(prefix), "%s%%", base);
	assert_int_equal(QUERY(scene, .resource_prefix = str_from(prefix)), 0);
	snprintf(prefix, sizeof(prefix), "%s49/longer", base);
	assert_int_equal(QUERY(scene, .resource_prefix = str_from(prefix)), 0);
}

static void pages_join_without_gap_or_overlap(void **state)
{
	struct scene *scene = *state;
	uint64_t expected = 1;

	for (struct audit_filter filter = {.limit = 7};; filter.after_id = expected - 1) {
		size_t count = query(scene, &filter);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(scene->ids.id[i], expected++);
		if (count < 7)
			break;
	}
	assert_int_equal(expected, ROWS + 1);
	assert_int_equal(QUERY(scene, .newest_first = true, .before_id = 5, .limit = 3), 3);
	assert_int_equal(scene->ids.id[0], 4);
	assert_int_equal(scene->ids.id[2], 2);
}

static void bounds_beyond_any_id_are_harmless(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(QUERY(scene, .before_id = UINT64_MAX), ROWS);
	assert_int_equal(QUERY(scene, .after_id = UINT64_MAX), 0);
	assert_int_equal(QUERY(scene, .decision_id = UINT64_MAX), 0);
	assert_int_equal(QUERY(scene, .limit = UINT64_MAX), ROWS);
}

static void the_receiver_may_stop(void **state)
{
	struct scene *scene = *state;

	scene->ids.stop_at = 4;
	assert_int_equal(QUERY(scene, .limit = 0), 4);
	scene->ids.stop_at = 0;
	assert_int_equal(QUERY(scene, .limit = 0), ROWS);
}

static int yields;

static void count_yield(void)
{
	yields++;
}

static bool take_values(void *arg, const struct audit_sql_value *values, size_t count)
{
	(void)arg;
	(void)values;
	(void)count;
	return true;
}

static void who_reads_yields_often_and_who_writes_does_not(void **state)
{
	const struct audit_sql_sink sink = {.on_row = take_values};
	struct scene *scene = *state;
	struct fixture *fixture = scene->fixture;
	struct fake_clock clock;

	audit_reader_close(scene->reader);
	fixture->env.yield = count_yield;
	yields = 0;
	struct audit *audit = fixture_audit(fixture);
	fixture_append(audit, ROWS, ROWS);
	audit_close(audit);
	assert_int_equal(yields, 0);
	assert_int_equal(
		audit_reader_open(fixture->dir.path, &fixture->env, &scene->reader, &fixture->why),
		ERR_NONE);
	assert_int_equal(QUERY(scene, .before_id = ROWS), ROWS - 1);
	assert_in_range(yields, 2, ROWS);
	yields = 0;
	fake_clock_init(&clock);
	assert_int_equal(audit_sql_run(scene->reader, STR("SELECT count(*) FROM v_decision"),
				       &clock.clock, 0, &sink, &fixture->why),
			 ERR_NONE);
	assert_in_range(yields, 2, ROWS);
}

/* Appends a row in the middle of a query. */
struct interference {
	struct audit *audit;
	size_t count;
};

static bool append_meanwhile(void *arg, const struct audit_row *row)
{
	struct interference *interference = arg;

	(void)row;
	if (interference->count++ % 500 == 0)
		fixture_append(interference->audit, 0, 1);
	return true;
}

static void a_query_sees_one_moment_while_rows_are_added(void **state)
{
	struct scene *scene = *state;
	struct interference interference = {.audit = fixture_audit(scene->fixture)};

	assert_int_equal(audit_query(scene->reader, &(struct audit_filter){0}, append_meanwhile,
				     &interference, &scene->fixture->why),
			 ERR_NONE);
	assert_int_equal(interference.count, ROWS);
	interference.count = 1;
	assert_int_equal(audit_query(scene->reader, &(struct audit_filter){0}, append_meanwhile,
				     &interference, &scene->fixture->why),
			 ERR_NONE);
	assert_int_equal(interference.count, 1 + ROWS + ROWS / 500);
	audit_close(interference.audit);
}

static void querying_survives_any_failed_allocation(void **state)
{
	struct scene *scene = *state;

	for (uint64_t n = 0;; n++) {
		struct audit_filter filter = {.user = STR("contoso\\user5"), .limit = 1};
		scene->ids.count = 0;
		fault_arm(n, FAULT_ONCE);
		enum error error = audit_query(scene->reader, &filter, collect, &scene->ids,
					       &scene->fixture->why);
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			assert_true(n > 0);
			return;
		}
		assert_int_equal(error, ERR_NO_MEMORY);
	}
}

static bool ignore(void *arg, const struct audit_row *row)
{
	(void)arg;
	(void)row;
	return true;
}

/* Reads a damaged file in every way; any answer will do. */
static void read_damaged(struct fixture *fixture)
{
	const struct audit_filter by_policy = {.policy = STR("policy3")};
	struct audit_verification result;
	struct audit_reader *reader;

	buf_clear(&fixture->why);
	if (audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why) !=
	    ERR_NONE) {
		assert_true(fixture->why.length > 0);
		return;
	}
	for (int i = 0; i < 3; i++) {
		buf_clear(&fixture->why);
		enum error error =
			i == 0   ? audit_query(reader, &by_policy, ignore, NULL, &fixture->why)
			: i == 1 ? audit_query(reader, &(struct audit_filter){0}, ignore, NULL,
					       &fixture->why)
				 : audit_verify(reader, NULL, &result, &fixture->why);
		assert_true(error == ERR_NONE || fixture->why.length > 0);
	}
	audit_reader_close(reader);
}

static void no_damage_crashes_a_reader(void **state)
{
	struct scene *scene = *state;
	struct buf whole;
	unsigned seed = 7;

	buf_init(&whole, SIZE_MAX);
	fixture_read(scene->fixture, AUDIT_FILE, &whole);
	for (int i = 0; i < 200; i++) {
		size_t at[16];
		char saved[16];
		for (size_t j = 0; j < ARRAY_COUNT(at); j++) {
			at[j] = (size_t)rand_r(&seed) % whole.length;
			saved[j] = whole.data[at[j]];
			whole.data[at[j]] = (char)rand_r(&seed);
		}
		tmpdir_write(&scene->fixture->dir, AUDIT_FILE, whole.data, whole.length);
		read_damaged(scene->fixture);
		for (size_t j = ARRAY_COUNT(at); j-- > 0;)
			whole.data[at[j]] = saved[j];
	}
	buf_deinit(&whole);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_zero_filter_yields_everything_in_order),
		TEST(users_are_found_by_sid_and_by_folded_name),
		TEST(a_user_of_many_applications_is_found_under_all),
		TEST(the_host_that_was_asked_is_found_whatever_the_case),
		TEST(every_condition_narrows),
		TEST(resources_are_found_by_prefix_whatever_the_case),
		TEST(pages_join_without_gap_or_overlap),
		TEST(bounds_beyond_any_id_are_harmless),
		TEST(the_receiver_may_stop),
		TEST(who_reads_yields_often_and_who_writes_does_not),
		TEST(a_query_sees_one_moment_while_rows_are_added),
		TEST(querying_survives_any_failed_allocation),
		TEST(no_damage_crashes_a_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
