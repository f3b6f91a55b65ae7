/* The shadow at work in a loop of its own: what it compares, skips and stores. */
#include "support/cmocka.h"

#include "server/shadow.h"
#include "support/decision_fill.h"
#include "support/tmpdir.h"

enum { DECISIONS = 3000, BACKLOG = 1000 };

static const char serving[] = "@id(\"all\") permit(principal, action, resource);\n";
static const char shadowing[] = "@id(\"https\") permit(principal, action, resource) when { "
				"context.session.url.scheme == \"https\" };\n";

struct stage {
	struct tmpdir dir, shadow_dir;
	struct decision_fill fill;
	struct state_store *store;
	struct log log;
	uv_loop_t loop;
	struct shadow *shadow;
	uint64_t last_decision_id;
	bool is_stopped;
};

static void ignore(void *arg, enum log_level level, struct str line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static void open_stage(struct stage *stage, uint32_t max_backlog)
{
	struct shadow_options options;
	struct buf why;

	*stage = (struct stage){.shadow = NULL};
	tmpdir_create(&stage->dir);
	tmpdir_create(&stage->shadow_dir);
	tmpdir_write(&stage->shadow_dir, "policy.cedar", shadowing, strlen(shadowing));
	stage->fill = (struct decision_fill){
		.directory = stage->dir.path, .user_count = 50, .resource_count = 3, .step_ms = 10};
	assert_true(decision_fill_open(&stage->fill));
	assert_true(decision_fill_set_policy(&stage->fill, serving));
	stage->log = (struct log){.sink = ignore, .clock = &stage->fill.clock.clock};
	buf_init(&why, 4096);
	assert_int_equal(state_store_open(stage->dir.path, &stage->fill.env, &stage->log,
					  &stage->store, &why),
			 ERR_NONE);
	buf_deinit(&why);
	assert_int_equal(uv_loop_init(&stage->loop), 0);
	options = (struct shadow_options){
		.loop = &stage->loop,
		.log = &stage->log,
		.clock = &stage->fill.clock.clock,
		.directory = stage->shadow_dir.path,
		.state_directory = stage->dir.path,
		.env = &stage->fill.env,
		.settings = &stage->fill.settings,
		.store = stage->store,
		.max_backlog = max_backlog,
		.cpu_percent = 100,
		.last_decision_id = &stage->last_decision_id,
	};
	assert_int_equal(shadow_start(&options, &stage->shadow), ERR_NONE);
}

static void on_stopped(void *arg)
{
	((struct stage *)arg)->is_stopped = true;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void close_stage(struct stage *stage)
{
	shadow_stop(stage->shadow, on_stopped, stage);
	while (!stage->is_stopped)
		uv_run(&stage->loop, UV_RUN_ONCE);
	uv_walk(&stage->loop, close_handle, NULL);
	uv_run(&stage->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&stage->loop), 0);
	shadow_free(stage->shadow);
	state_store_close(stage->store);
	decision_fill_close(&stage->fill);
	tmpdir_remove(&stage->dir);
	tmpdir_remove(&stage->shadow_dir);
}

/* Runs the loop until the shadow has its policy. */
static void await_valid(struct stage *stage)
{
	while (!shadow_status(stage->shadow).is_valid)
		uv_run(&stage->loop, UV_RUN_ONCE);
}

static struct state_shadow await_compared(struct stage *stage, uint64_t count)
{
	while (shadow_status(stage->shadow).progress.compared_count < count)
		uv_run(&stage->loop, UV_RUN_ONCE);
	return shadow_status(stage->shadow).progress;
}

static bool count_one(void *arg, const struct state_difference *difference)
{
	assert_str_equal(difference->flip, "allow to deny");
	assert_str_equal(difference->after, "default");
	++*(uint64_t *)arg;
	return true;
}

static void decisions_behind_its_start_are_compared(void **state)
{
	struct state_shadow progress;
	struct stage stage;
	uint64_t stored = 0;

	(void)state;
	open_stage(&stage, 100000);
	await_valid(&stage);
	assert_true(decision_fill_run(&stage.fill, DECISIONS));
	stage.last_decision_id = DECISIONS;
	progress = await_compared(&stage, DECISIONS);
	assert_int_equal(progress.compared_count, DECISIONS);
	assert_int_equal(progress.skipped_count, 0);
	assert_true(progress.differed_count > 100 && progress.differed_count < DECISIONS / 2);
	assert_int_equal(state_each_difference(stage.fill.state, 0, count_one, &stored), ERR_NONE);
	assert_int_equal(stored, progress.differed_count);
	close_stage(&stage);
}

static void what_waits_beyond_the_bound_is_skipped_and_counted(void **state)
{
	struct state_shadow progress;
	struct stage stage;

	(void)state;
	open_stage(&stage, BACKLOG);
	await_valid(&stage);
	assert_true(decision_fill_run(&stage.fill, DECISIONS));
	stage.last_decision_id = DECISIONS;
	progress = await_compared(&stage, BACKLOG);
	assert_int_equal(progress.compared_count, BACKLOG);
	assert_int_equal(progress.skipped_count, DECISIONS - BACKLOG);
	close_stage(&stage);
}

static void a_shadow_that_is_stopped_at_once_leaves_nothing(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, BACKLOG);
	close_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions_behind_its_start_are_compared),
		cmocka_unit_test(what_waits_beyond_the_bound_is_skipped_and_counted),
		cmocka_unit_test(a_shadow_that_is_stopped_at_once_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
