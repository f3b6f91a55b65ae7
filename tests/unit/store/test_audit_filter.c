/* Filters over segments large enough that the way to the rows is chosen: whichever it is, the rows
 * are those that a look at every row finds. */
#include "store/audit_filter.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/audit_schema.h"
#include "store/seal.h"
#include "unit/store/fixture.h"

enum { SEGMENT_ROWS = 24000, SEGMENTS = 2, ROWS = SEGMENTS * SEGMENT_ROWS, BATCH = 1000 };

#define SECOND_US INT64_C(1000000)
#define START_US  INT64_C(1767225600000000)

/* The clock runs evenly, or it is wrong for a while in each segment. */
struct scene {
	struct fixture *fixture;
	struct audit_reader *reader;
	bool is_clock_set;
};

static int64_t time_of(const struct scene *scene, uint32_t number)
{
	int64_t us = START_US + number * SECOND_US;

	/* Between two samples, which do not show it. */
	if (scene->is_clock_set && number % SEGMENT_ROWS >= 10300 && number % SEGMENT_ROWS < 10700)
		us -= 8000 * SECOND_US;
	return us;
}

static void make_row(const struct scene *scene, uint32_t number, struct store_row_texts *texts,
		     struct audit_row *row)
{
	store_row_make(number, texts, row);
	row->wall_us = time_of(scene, number);
	row->verdict = number % 10 == 0   ? AUDIT_DENY
		       : number % 97 == 0 ? AUDIT_REDIRECT
					  : AUDIT_ALLOW;
	row->action = number % 3 == 0 ? STR("Get") : STR("Invoke");
	row->source = number % 1000 == 7 ? STR("block") : STR("policy");
}

static void append_event(struct audit *audit, int64_t wall_us, struct str kind)
{
	const struct audit_event event = {kind, STR("uid:0"), STR("{}")};
	const struct audit_row row = {.wall_us = wall_us, .event = &event};
	uint64_t id;

	assert_int_equal(audit_append(audit, &row, 1, &id), ERR_NONE);
}

/* Ids are given, with room for events between them. */
static uint64_t id_of(uint32_t number)
{
	return (uint64_t)number * 4 + 1;
}

static void fill_segment(struct scene *scene, struct audit *audit, uint32_t first)
{
	struct audit_row *rows = mem_calloc(BATCH, sizeof(*rows));
	struct store_row_texts *texts = mem_calloc(BATCH, sizeof(*texts));
	uint64_t id;

	assert_true(rows != NULL && texts != NULL);
	for (uint32_t at = 0; at < SEGMENT_ROWS; at += BATCH) {
		for (uint32_t i = 0; i < BATCH; i++) {
			make_row(scene, first + at + i, &texts[i], &rows[i]);
			rows[i].decision_id = id_of(first + at + i);
		}
		assert_int_equal(audit_append(audit, rows, BATCH, &id), ERR_NONE);
		/* The daemon told of it in the first segment, and did not run in the second. */
		if (at == 10000 && scene->is_clock_set)
			append_event(audit, time_of(scene, first + 10400),
				     first == 0 ? STR("clock.stepped") : STR("daemon.started"));
		if (at % (10 * BATCH) == 0)
			append_event(audit, time_of(scene, first + at + BATCH),
				     at == 0 ? STR("daemon.started") : STR("policy.activated"));
	}
	mem_free(rows);
	mem_free(texts);
}

static struct scene *make_scene(bool is_clock_set)
{
	struct scene *scene = mem_calloc(1, sizeof(*scene));
	struct audit *audit, *next;
	struct segment segment;
	struct fixture *fixture;
	void *state;

	assert_non_null(scene);
	fixture_setup(&state);
	scene->fixture = fixture = state;
	scene->is_clock_set = is_clock_set;
	audit = fixture_audit(fixture);
	fill_segment(scene, audit, 0);
	assert_int_equal(
		audit_prepare_next(fixture->dir.path, &fixture->env, 1, &next, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_rotate(audit, next, START_US), ERR_NONE);
	audit_close(audit);
	assert_int_equal(seal_segment(fixture->dir.path, 1, &fixture->env, NULL, START_US, &segment,
				      &fixture->why),
			 ERR_NONE);
	fill_segment(scene, next, SEGMENT_ROWS);
	audit_close(next);
	assert_int_equal(
		audit_reader_open(fixture->dir.path, &fixture->env, &scene->reader, &fixture->why),
		ERR_NONE);
	return scene;
}

static void free_scene(struct scene *scene)
{
	void *state = scene->fixture;

	audit_reader_close(scene->reader);
	fixture_teardown(&state);
	mem_free(scene);
}

/* The definition of a filter but for its times, in C. */
static bool matches(const struct audit_filter *filter, const struct audit_row *row)
{
	bool policy = row->policies.count == 1 && str_equal(row->policies.items[0], filter->policy);

	return (filter->user.length == 0 || str_equal(filter->user, row->user_folded)) &&
	       (filter->action.length == 0 || str_equal(filter->action, row->action)) &&
	       str_starts_with(row->resource_uri, filter->resource_prefix) &&
	       (filter->policy.length == 0 || policy) &&
	       (filter->source.length == 0 || str_equal(filter->source, row->source)) &&
	       (filter->verdicts == 0 || (filter->verdicts & AUDIT_VERDICT_BIT(row->verdict)) != 0);
}

/* A count and a digest of ids in their order. */
struct sum {
	uint64_t count, digest, limit;
};

static void add_id(struct sum *sum, uint64_t id)
{
	sum->count++;
	sum->digest = (sum->digest ^ id) * 1099511628211U;
}

static bool on_row(void *arg, const struct audit_row *row)
{
	add_id(arg, row->decision_id);
	return true;
}

static struct sum expect(const struct scene *scene, const struct audit_filter *filter)
{
	struct store_row_texts texts;
	struct sum sum = {0};
	struct audit_row row;

	for (uint32_t i = 0; i < ROWS; i++) {
		uint32_t number = filter->newest_first ? ROWS - 1 - i : i;

		/* Making a row takes long. */
		if ((filter->since_us != 0 && time_of(scene, number) < filter->since_us) ||
		    (filter->until_us != 0 && time_of(scene, number) >= filter->until_us))
			continue;
		make_row(scene, number, &texts, &row);
		if (matches(filter, &row) && (filter->limit == 0 || sum.count < filter->limit))
			add_id(&sum, id_of(number));
	}
	return sum;
}

static void compare(struct scene *scene, const struct audit_filter *filter)
{
	struct sum expected = expect(scene, filter), found = {0};

	if (audit_query(scene->reader, filter, on_row, &found, &scene->fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&scene->fixture->why));
	assert_int_equal(found.count, expected.count);
	assert_int_equal(found.digest, expected.digest);
}

/* All combinations of some conditions, over some spans of time. */
static void compare_all(struct scene *scene)
{
	static const struct {
		int64_t since_s, until_s;
	} spans[] = {{0, 0}, {15000, 15300}, {40000, 0}, {0, 2500}, {23500, 24500}, {26000, 27000}};
	static const char *const resources[] = {
		NULL, "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/class7"};

	for (unsigned which = 0; which < 64; which++) {
		for (size_t span = 0; span < ARRAY_COUNT(spans); span++) {
			struct audit_filter filter = {
				.user = str_from((which & 1) != 0 ? "contoso\\user123" : NULL),
				.verdicts = (which & 2) != 0 ? AUDIT_VERDICT_BIT(AUDIT_DENY) : 0,
				.source = str_from((which & 4) != 0 ? "block" : NULL),
				.policy = str_from((which & 8) != 0 ? "policy3" : NULL),
				.resource_prefix = str_from(resources[(which & 16) != 0]),
				.newest_first = (which & 32) != 0,
				.limit = (which & 32) != 0 ? 50 : 0,
			};

			/* A look at every row takes long: not all spans for all. */
			if (which != 0 && (which + span) % 7 != 0)
				continue;
			if (spans[span].since_s != 0)
				filter.since_us = START_US + spans[span].since_s * SECOND_US;
			if (spans[span].until_s != 0)
				filter.until_us = START_US + spans[span].until_s * SECOND_US;
			compare(scene, &filter);
		}
	}
}

static void every_way_leads_to_the_same_rows(void **state)
{
	struct scene *scene = *state;

	compare_all(scene);
	compare(scene, &(struct audit_filter){.verdicts = AUDIT_VERDICT_BIT(AUDIT_DENY) |
							  AUDIT_VERDICT_BIT(AUDIT_REDIRECT)});
	compare(scene,
		&(struct audit_filter){.verdicts = AUDIT_VERDICT_BIT(AUDIT_REDIRECT), .limit = 3});
}

static void so_it_is_when_the_clock_was_set(void **state)
{
	struct scene *scene = make_scene(true);

	(void)state;
	compare_all(scene);
	free_scene(scene);
}

static void a_span_of_time_becomes_a_range_of_ids(void **state)
{
	struct scene *scene = *state;
	struct fixture *fixture = scene->fixture;
	struct audit_filter filter = {.since_us = START_US + 9000 * SECOND_US,
				      .until_us = START_US + 9300 * SECOND_US};
	struct audit_filter same = filter, none = {.since_us = START_US - 20000 * SECOND_US,
						   .until_us = START_US - 10000 * SECOND_US};
	struct db db;

	assert_int_equal(audit_open_segment(fixture->dir.path, 1, &fixture->env, DB_READ, &db,
					    &fixture->why),
			 ERR_NONE);
	assert_int_equal(audit_filter_narrow(&filter, &db), ERR_NONE);
	/* The slack and the distance of samples to each side. */
	assert_in_range(filter.after_id, id_of(9000 - 600 - 2 * AUDIT_FILTER_SAMPLE_ROWS),
			id_of(9000 - 600));
	assert_in_range(filter.before_id, id_of(9300 + 600),
			id_of(9300 + 600 + 2 * AUDIT_FILTER_SAMPLE_ROWS));
	/* What the caller asked for stays when it is narrower. */
	same.after_id = id_of(9100);
	same.before_id = id_of(9200);
	assert_int_equal(audit_filter_narrow(&same, &db), ERR_NONE);
	assert_int_equal(same.after_id, id_of(9100));
	assert_int_equal(same.before_id, id_of(9200));
	assert_int_equal(audit_filter_narrow(&none, &db), ERR_NONE);
	assert_true(none.after_id + 1 >= none.before_id);
	db_close(&db);
}

static void an_index_is_used_where_it_leads_to_few_rows(void **state)
{
	static const struct {
		struct audit_filter filter;
		bool is_sealed;
		enum audit_access access;
	} cases[] = {
		{{.limit = 1}, true, AUDIT_SCAN},
		{{.user = {"contoso\\user1", 13}}, true, AUDIT_BY_SUBJECT},
		{{.user = {"contoso\\user1", 13}}, false, AUDIT_SCAN},
		{{.user = {"contoso\\user1", 13}, .verdicts = AUDIT_VERDICT_BIT(AUDIT_DENY)},
		 false,
		 AUDIT_BY_DENIAL},
		{{.verdicts = AUDIT_VERDICT_BIT(AUDIT_ALLOW)}, false, AUDIT_SCAN},
		{{.source = {"block", 5}}, true, AUDIT_BY_TEXT},
		{{.source = {"block", 5}}, false, AUDIT_SCAN},
		{{.source = {"policy", 6}}, true, AUDIT_SCAN},
		{{.source = {"block", 5}, .decision_id = 5}, true, AUDIT_SCAN},
	};
	struct scene *scene = *state;
	struct fixture *fixture = scene->fixture;
	struct db db;

	assert_int_equal(audit_open_segment(fixture->dir.path, 1, &fixture->env, DB_READ, &db,
					    &fixture->why),
			 ERR_NONE);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		enum audit_access access;

		assert_int_equal(
			audit_filter_choose(&cases[i].filter, &db, cases[i].is_sealed, &access),
			ERR_NONE);
		assert_int_equal(access, cases[i].access);
	}
	db_close(&db);
}

/* What an events filter yields. */
struct kinds {
	size_t events, decisions;
	uint64_t last_id;
	bool is_ordered, newest_first;
};

static bool on_any_row(void *arg, const struct audit_row *row)
{
	struct kinds *kinds = arg;

	if (row->event != NULL)
		kinds->events++;
	else
		kinds->decisions++;
	if (kinds->last_id != 0 && (row->decision_id < kinds->last_id) != kinds->newest_first)
		kinds->is_ordered = false;
	kinds->last_id = row->decision_id;
	return true;
}

static struct kinds query_kinds(struct scene *scene, struct audit_filter filter)
{
	struct kinds kinds = {.is_ordered = true, .newest_first = filter.newest_first};

	if (audit_query(scene->reader, &filter, on_any_row, &kinds, &scene->fixture->why) !=
	    ERR_NONE)
		fail_msg("%s", buf_text(&scene->fixture->why));
	assert_true(kinds.is_ordered);
	return kinds;
}

static void events_stand_among_decisions_in_their_order(void **state)
{
	struct scene *scene = *state;
	struct kinds kinds = query_kinds(scene, (struct audit_filter){.rows = AUDIT_ALL_ROWS});

	assert_int_equal(kinds.events, SEGMENTS * 3);
	assert_int_equal(kinds.decisions, ROWS);
	kinds = query_kinds(scene,
			    (struct audit_filter){.rows = AUDIT_ALL_ROWS, .newest_first = true});
	assert_int_equal(kinds.events, SEGMENTS * 3);
	kinds = query_kinds(scene, (struct audit_filter){.rows = AUDIT_EVENTS, .limit = 3});
	assert_int_equal(kinds.events, 3);
	assert_int_equal(kinds.decisions, 0);
	kinds = query_kinds(
		scene, (struct audit_filter){.rows = AUDIT_EVENTS, .event_kind = STR("daemon.")});
	assert_int_equal(kinds.events, SEGMENTS);
	kinds = query_kinds(scene, (struct audit_filter){.rows = AUDIT_ALL_ROWS,
							 .since_us = START_US + 10500 * SECOND_US,
							 .until_us = START_US + 11500 * SECOND_US});
	assert_int_equal(kinds.decisions, 1000);
	assert_int_equal(kinds.events, 1);
	kinds = query_kinds(scene, (struct audit_filter){.rows = AUDIT_ALL_ROWS, .limit = 2003});
	assert_int_equal(kinds.decisions + kinds.events, 2003);
	assert_int_equal(kinds.events, 1);
}

static int setup(void **state)
{
	*state = make_scene(false);
	return 0;
}

static int teardown(void **state)
{
	free_scene(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_leads_to_the_same_rows),
		cmocka_unit_test(so_it_is_when_the_clock_was_set),
		cmocka_unit_test(a_span_of_time_becomes_a_range_of_ids),
		cmocka_unit_test(an_index_is_used_where_it_leads_to_few_rows),
		cmocka_unit_test(events_stand_among_decisions_in_their_order),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
