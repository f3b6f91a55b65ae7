/* Recorded decisions asked again: of the policy that made them, and of others. */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/replay.h"
#include "support/decision_fill.h"
#include "support/fault.h"
#include "support/tmpdir.h"

enum { DECISIONS = 10000, FEW = 300, SWEPT = 40 };

#define GROUP(n) "principal in WinRM::Group::\"S-1-5-21-1-2-3-" #n "\""

/* Permits, a forbid with a message, a redirect, conditions on time, and errors at run time. */
#define COMMON                                                                                     \
	"@id(\"read\") permit(" GROUP(                                                             \
		5001) ", action in WinRM::Action::\"Read\", resource);\n"                          \
		      "@id(\"write\") permit(" GROUP(                                              \
			      5002) ", action in WinRM::Action::\"Write\", resource);\n"           \
				    "@id(\"start\") permit(" GROUP(                                \
					    5003) ", action == WinRM::Action::\"Invoke\", "        \
						  "resource)\n"                                    \
						  "  when { context has method && context.method " \
						  "== \"startservice\" };\n"                       \
						  "@id(\"administer\") permit(" GROUP(             \
							  5004) ", action == "                     \
								"WinRM::Action::\"Administer\","   \
								" resource);\n"                    \
								"@id(\"basic\") "                  \
								"@deny_message(\"no\") "           \
								"forbid(principal, action, "       \
								"resource)\n"                      \
								"  when { "                        \
								"context.session.mechanism == "    \
								"\"basic\" };\n"                   \
								"@id(\"moved\") "                  \
								"@redirect(\"https://"             \
								"other.contoso.com/wsman\") "      \
								"forbid(" GROUP(                   \
									5005) ", action == "       \
									      "WinRM::Action::"    \
									      "\"Connect\", "      \
									      "resource) when { "  \
									      "principal has sid " \
									      "};\n"               \
									      "@id(\"overflow\") " \
									      "forbid(principal, " \
									      "action == "         \
									      "WinRM::Action::"    \
									      "\"Put\", "          \
									      "resource)\n"        \
									      "  when { "          \
									      "context.session."   \
									      "url.port + "        \
									      "922337203685477550" \
									      "0 < 0 };\n"

static const char timed[] = COMMON
	"@id(\"connect\") permit(principal, action == WinRM::Action::\"Connect\", resource)\n"
	"  when { context.session.localTime < duration(\"17h\") };\n"
	"@id(\"weekend\") permit(principal, action in WinRM::Action::\"Read\", resource)\n"
	"  when { context.session.weekday == \"Sunday\" };\n";
static const char plain[] =
	COMMON "@id(\"connect\") permit(principal, action == WinRM::Action::\"Connect\", "
	       "resource);\n";

struct stage {
	struct tmpdir dir;
	struct decision_fill fill;
	struct audit_reader *reader;
};

/* An audit of `count` decisions of each policy. */
static void open_stage(struct stage *stage, const char *first, const char *second, uint32_t count)
{
	struct buf why;

	*stage = (struct stage){.reader = NULL};
	tmpdir_create(&stage->dir);
	stage->fill = (struct decision_fill){.directory = stage->dir.path,
					     .user_count = 60,
					     .resource_count = 5,
					     .step_ms = 120000};
	assert_true(decision_fill_open(&stage->fill));
	assert_true(decision_fill_set_policy(&stage->fill, first));
	assert_true(decision_fill_run(&stage->fill, count));
	if (second != NULL) {
		assert_true(decision_fill_set_policy(&stage->fill, second));
		assert_true(decision_fill_run(&stage->fill, count));
	}
	buf_init(&why, 4096);
	assert_int_equal(audit_reader_open(stage->dir.path, &stage->fill.env, &stage->reader, &why),
			 ERR_NONE);
	buf_deinit(&why);
}

static void close_stage(struct stage *stage)
{
	audit_reader_close(stage->reader);
	decision_fill_close(&stage->fill);
	tmpdir_remove(&stage->dir);
}

static struct replay_options options_of(const struct stage *stage)
{
	return (struct replay_options){
		.settings = &stage->fill.settings,
		.state = stage->fill.state,
		.key = {3, 4},
	};
}

static enum error replay(struct stage *stage, const char *candidate,
			 const struct replay_options *options, struct replay_result *result)
{
	struct snapshot *snapshot = decision_fill_build(candidate);
	struct buf why;
	enum error error;

	assert_non_null(snapshot);
	buf_init(&why, 4096);
	error = replay_run(snapshot, stage->reader, options, result, &why);
	if (error != ERR_NONE)
		assert_true(why.length != 0);
	buf_deinit(&why);
	snapshot_unref(snapshot);
	return error;
}

static void replay_all(struct stage *stage, const char *candidate, struct replay_result *result)
{
	struct replay_options options = options_of(stage);

	assert_int_equal(replay(stage, candidate, &options, result), ERR_NONE);
}

static void check_no_flips(const char *policy)
{
	struct replay_result result;
	struct stage stage;

	open_stage(&stage, policy, NULL, DECISIONS);
	replay_all(&stage, policy, &result);
	assert_int_equal(result.decision_count, DECISIONS);
	assert_int_equal(result.replayed_count, DECISIONS);
	assert_int_equal(result.flip_count, 0);
	assert_int_equal(result.by_policy.count, 0);
	replay_result_deinit(&result);
	close_stage(&stage);
}

static void a_policy_replayed_over_its_own_decisions_flips_nothing(void **state)
{
	(void)state;
	check_no_flips(plain);
}

/* Records carry users over the end of their hours. */
static void nor_does_one_that_looks_at_the_time(void **state)
{
	(void)state;
	check_no_flips(timed);
}

static void equal_inputs_are_asked_once_unless_somebody_looks_at_the_time(void **state)
{
	struct replay_result result;
	struct stage stage;

	(void)state;
	open_stage(&stage, plain, NULL, DECISIONS);
	replay_all(&stage, plain, &result);
	assert_true(result.asked_count < DECISIONS / 2);
	replay_result_deinit(&result);
	replay_all(&stage, timed, &result);
	assert_int_equal(result.asked_count, DECISIONS);
	replay_result_deinit(&result);
	close_stage(&stage);
}

static void expect_same(const struct replay_groups *a, const struct replay_groups *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->items[i]->flip, b->items[i]->flip);
		assert_int_equal(a->items[i]->count, b->items[i]->count);
		assert_true(str_equal(a->items[i]->user, b->items[i]->user));
		assert_true(str_equal(a->items[i]->before, b->items[i]->before));
		assert_true(str_equal(a->items[i]->after, b->items[i]->after));
		assert_int_equal(a->items[i]->examples[0], b->items[i]->examples[0]);
	}
}

static void asking_once_counts_what_asking_each_counts(void **state)
{
	/* Decided by one that looks at the time, so that records count; asked of one that does not
	 * let anybody in, or fewer. */
	static const char *const candidates[] = {
		COMMON,
		COMMON "permit(principal, action == WinRM::Action::\"Connect\", resource) when { "
		       "context.session.url.scheme == \"https\" };",
		"permit(principal, action, resource);",
		"forbid(principal, action, resource);",
	};
	struct replay_result once, each;
	struct stage stage;

	(void)state;
	open_stage(&stage, timed, plain, DECISIONS / 2);
	for (size_t i = 0; i < ARRAY_COUNT(candidates); i++) {
		struct replay_options options = options_of(&stage);

		replay_all(&stage, candidates[i], &once);
		options.asks_each = true;
		assert_int_equal(replay(&stage, candidates[i], &options, &each), ERR_NONE);
		assert_int_equal(each.asked_count, DECISIONS);
		assert_true(once.asked_count < each.asked_count);
		assert_true(once.flip_count > 100);
		assert_int_equal(once.flip_count, each.flip_count);
		for (int flip = 0; flip < REPLAY_FLIP_COUNT; flip++)
			assert_int_equal(once.flips[flip], each.flips[flip]);
		expect_same(&once.by_policy, &each.by_policy);
		expect_same(&once.by_user, &each.by_user);
		replay_result_deinit(&once);
		replay_result_deinit(&each);
	}
	close_stage(&stage);
}

/* Counts the rows that a candidate without conditions must flip. */
static bool count_verdicts(void *arg, const struct audit_row *row)
{
	((uint64_t *)arg)[row->verdict]++;
	return true;
}

static void flips_are_counted_by_kind(void **state)
{
	struct audit_filter all = {.limit = 0};
	uint64_t verdicts[3] = {0};
	struct replay_result result;
	struct stage stage;
	struct buf why;

	(void)state;
	open_stage(&stage, plain, NULL, DECISIONS);
	buf_init(&why, 4096);
	assert_int_equal(audit_query(stage.reader, &all, count_verdicts, verdicts, &why), ERR_NONE);
	buf_deinit(&why);
	assert_true(verdicts[0] > 100 && verdicts[1] > 100 && verdicts[2] > 10);

	replay_all(&stage, "forbid(principal, action, resource);", &result);
	assert_int_equal(result.flips[REPLAY_ALLOW_TO_DENY], verdicts[AUDIT_ALLOW]);
	assert_int_equal(result.flips[REPLAY_REDIRECT_TO_DENY], verdicts[AUDIT_REDIRECT]);
	assert_int_equal(result.flip_count, verdicts[AUDIT_ALLOW] + verdicts[AUDIT_REDIRECT]);
	replay_result_deinit(&result);

	replay_all(&stage, "@id(\"all\") permit(principal, action, resource);", &result);
	assert_int_equal(result.flips[REPLAY_DENY_TO_ALLOW], verdicts[AUDIT_DENY]);
	assert_int_equal(result.flips[REPLAY_REDIRECT_TO_ALLOW], verdicts[AUDIT_REDIRECT]);
	assert_true(result.flips[REPLAY_ADMINISTRATOR_GAINED] > 0);
	assert_int_equal(result.flips[REPLAY_ADMINISTRATOR_LOST], 0);
	for (size_t i = 0; i < result.by_policy.count; i++)
		assert_str_equal(result.by_policy.items[i]->after, "all");
	for (size_t i = 1; i < result.by_user.count; i++)
		assert_true(result.by_user.items[i - 1]->count >= result.by_user.items[i]->count);
	replay_result_deinit(&result);
	close_stage(&stage);
}

static void what_no_policy_decides_is_not_replayed(void **state)
{
	struct block block = {.principal = STR("contoso\\user1"), .until_us = BLOCK_FOR_EVER};
	struct replay_result result;
	struct stage stage;

	(void)state;
	open_stage(&stage, plain, NULL, FEW);
	assert_int_equal(blocks_put(stage.fill.blocks, &block), ERR_NONE);
	assert_true(decision_fill_run(&stage.fill, 2000));
	replay_all(&stage, "forbid(principal, action, resource);", &result);
	assert_true(result.gaps[REPLAY_GAP_BLOCKED] > 10);
	assert_int_equal(result.replayed_count + result.gaps[REPLAY_GAP_BLOCKED],
			 result.decision_count);
	replay_result_deinit(&result);
	close_stage(&stage);
}

static void a_range_of_time_or_the_newest_are_replayed_alone(void **state)
{
	struct replay_options options;
	struct replay_result result;
	struct stage stage;
	int64_t middle_us;

	(void)state;
	open_stage(&stage, plain, NULL, FEW);
	middle_us = clock_wall_us(&stage.fill.clock.clock) + 1;
	fake_clock_advance_ms(&stage.fill.clock, 1000);
	assert_true(decision_fill_run(&stage.fill, FEW + 1));
	options = options_of(&stage);
	options.range.since_us = middle_us;
	assert_int_equal(replay(&stage, plain, &options, &result), ERR_NONE);
	assert_int_equal(result.decision_count, FEW + 1);
	assert_true(result.first_us >= middle_us);
	replay_result_deinit(&result);
	options.range = (struct audit_scan_range){.until_us = middle_us};
	assert_int_equal(replay(&stage, plain, &options, &result), ERR_NONE);
	assert_int_equal(result.decision_count, FEW);
	replay_result_deinit(&result);
	options.range = (struct audit_scan_range){.newest = 7};
	assert_int_equal(replay(&stage, plain, &options, &result), ERR_NONE);
	assert_int_equal(result.decision_count, 7);
	replay_result_deinit(&result);
	close_stage(&stage);
}

struct watched {
	unsigned calls, stop_at;
	uint64_t done;
};

static bool on_progress(void *arg, const struct audit_scan_progress *progress)
{
	struct watched *watched = arg;

	assert_true(progress->done >= watched->done && progress->done <= progress->total);
	watched->done = progress->done;
	return ++watched->calls != watched->stop_at;
}

static void progress_is_told_and_can_end_the_work(void **state)
{
	struct watched watched = {.stop_at = 0};
	struct replay_options options;
	struct replay_result result;
	struct stage stage;

	(void)state;
	open_stage(&stage, plain, plain, DECISIONS);
	options = options_of(&stage);
	options.on_progress = on_progress;
	options.arg = &watched;
	assert_int_equal(replay(&stage, plain, &options, &result), ERR_NONE);
	assert_int_equal(watched.calls, 2);
	replay_result_deinit(&result);
	watched = (struct watched){.stop_at = 1};
	assert_int_equal(replay(&stage, plain, &options, &result), ERR_CANCELLED);
	close_stage(&stage);
}

static bool replay_with_fault(struct stage *stage, const struct snapshot *candidate, uint64_t n,
			      enum fault_mode mode)
{
	struct replay_options options = options_of(stage);
	struct replay_result result;
	struct buf why;
	enum error error;
	bool fired;

	buf_init(&why, 4096);
	fault_arm(n, mode);
	error = replay_run(candidate, stage->reader, &options, &result, &why);
	fired = fault_disarm();
	if (error == ERR_NONE) {
		assert_int_equal(result.replayed_count, SWEPT);
		assert_true(result.flip_count > 0);
		replay_result_deinit(&result);
	} else {
		assert_true(fired);
		assert_int_equal(error, ERR_NO_MEMORY);
	}
	buf_deinit(&why);
	return fired;
}

static void it_says_so_when_memory_runs_out(void **state)
{
	struct snapshot *candidate = decision_fill_build("forbid(principal, action, resource);");
	struct stage stage;
	uint64_t n;

	(void)state;
	assert_non_null(candidate);
	open_stage(&stage, plain, NULL, SWEPT);
	for (n = 0; replay_with_fault(&stage, candidate, n, FAULT_ONCE); n++)
		continue;
	assert_true(n > 20);
	for (n = 0; replay_with_fault(&stage, candidate, n, FAULT_STICKY); n++)
		continue;
	snapshot_unref(candidate);
	close_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_replayed_over_its_own_decisions_flips_nothing),
		cmocka_unit_test(nor_does_one_that_looks_at_the_time),
		cmocka_unit_test(equal_inputs_are_asked_once_unless_somebody_looks_at_the_time),
		cmocka_unit_test(asking_once_counts_what_asking_each_counts),
		cmocka_unit_test(flips_are_counted_by_kind),
		cmocka_unit_test(what_no_policy_decides_is_not_replayed),
		cmocka_unit_test(a_range_of_time_or_the_newest_are_replayed_alone),
		cmocka_unit_test(progress_is_told_and_can_end_the_work),
		cmocka_unit_test(it_says_so_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
