#include "server/shadow.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "policy/replay.h"
#include "server/policy_store.h"
#include "server/policy_watch.h"

struct shadow {
	struct shadow_options options;
	uv_timer_t timer;
	uv_work_t work;
	struct policy_watch watch;
	bool is_working, is_stopping;
	bool is_stale; /* the directory is to be read again */
	void (*on_stopped)(void *arg);
	void *on_stopped_arg;
	struct shadow_status status; /* after the last pass */

	/* The worker's between uv_queue_work() and on_passed(). */
	struct policy_load load;
	bool loads;         /* the directory, first */
	bool begins;        /* another content is compared from here on */
	bool is_valid;      /* the load has a snapshot that is compared */
	uint64_t after_id;  /* the last decision that was compared or skipped */
	uint64_t newest_id; /* when the pass began */
	struct state_shadow progress;
	struct audit_reader *reader; /* NULL until it could be opened */
	struct state *state;         /* likewise; for reading revisions */
	struct arena arena;          /* of the differences */
	struct state_difference *differences;
	uint32_t difference_count, difference_capacity;
	int64_t took_ms;
	bool progressed; /* the pass met decisions */
};

/* The worker. */

static enum error get_progress(struct state *state, void *arg)
{
	struct shadow *shadow = arg;
	enum state_lookup found = STATE_MISSING;
	struct state_shadow stored;
	struct arena arena;
	enum error error;

	arena_init(&arena, 256, SIZE_MAX);
	error = state_get_shadow(state, &arena, &stored, &found);
	if (error == ERR_NONE && found == STATE_FOUND) {
		shadow->progress = stored;
		shadow->progress.directory = str_from(shadow->options.directory);
	}
	arena_deinit(&arena);
	return error;
}

static void load_directory(struct shadow *shadow)
{
	const struct shadow_options *options = &shadow->options;
	struct policy_candidate candidate = {
		.directory = options->directory,
		.key = options->key,
		.in_child = options->isolates_candidates,
	};
	struct policy_load load;

	policy_load_init(&load);
	policy_store_load(&load, &candidate, options->clock, NULL);
	policy_store_log(&load, options->log);
	shadow->is_valid = load.error == ERR_NONE;
	if (!shadow->is_valid) {
		log_warning(options->log, "shadow.invalid",
			    "%s is not valid; nothing is compared until it is", options->directory);
		policy_load_deinit(&load);
		return;
	}
	/* After a restart it goes on. What cannot be read begins anew, and is logged. */
	if (shadow->progress.since_us == 0 &&
	    state_store_use(options->store, "shadow.failed", get_progress, shadow) == ERR_NONE)
		shadow->after_id = shadow->newest_id;
	policy_load_deinit(&shadow->load);
	shadow->load = load;
	if (memcmp(load.digest, shadow->progress.digest, sizeof(load.digest)) == 0)
		return;
	/* Until that is stored. */
	shadow->begins = true;
	shadow->progress = (struct state_shadow){
		.directory = str_from(options->directory),
		.since_us = clock_wall_us(options->clock),
	};
	memcpy(shadow->progress.digest, load.digest, sizeof(load.digest));
	shadow->after_id = shadow->newest_id;
	log_info(options->log, "shadow.began", "%s decides beside the policy that serves",
		 options->directory);
}

static bool open_databases(struct shadow *shadow)
{
	const struct shadow_options *options = &shadow->options;
	enum error error = ERR_NONE;
	struct buf why;

	buf_init(&why, LOG_MESSAGE_MAX);
	if (shadow->reader == NULL)
		error = audit_reader_open(options->state_directory, options->env, &shadow->reader,
					  &why);
	if (error == ERR_NONE && shadow->state == NULL)
		error = state_open_readonly(options->state_directory, options->env, &shadow->state,
					    &why);
	if (error != ERR_NONE)
		log_warning(options->log, "shadow.failed", "%s", buf_text(&why));
	buf_deinit(&why);
	return error == ERR_NONE;
}

static bool copy_text(struct arena *arena, struct str *text)
{
	*text = arena_copy(arena, *text);
	return text->ptr != NULL;
}

static enum error on_difference(void *arg, const struct replay_difference *difference)
{
	struct shadow *shadow = arg;
	struct state_difference *items =
		arena_grow_array(&shadow->arena, shadow->differences, shadow->difference_count,
				 &shadow->difference_capacity, sizeof(*items));
	struct state_difference item = {
		.decision_id = difference->decision_id,
		.decided_us = difference->wall_us,
		.flip = str_from(replay_flip_text(difference->flip)),
		.user = difference->user,
		.before = difference->before,
		.after = difference->after,
	};

	if (items == NULL || !copy_text(&shadow->arena, &item.user) ||
	    !copy_text(&shadow->arena, &item.before) || !copy_text(&shadow->arena, &item.after))
		return ERR_NO_MEMORY;
	items[shadow->difference_count++] = item;
	shadow->differences = items;
	return ERR_NONE;
}

/* Passes over what has waited too long. */
static void skip(struct shadow *shadow)
{
	uint64_t backlog = shadow->options.max_backlog;

	if (shadow->newest_id <= shadow->after_id + backlog)
		return;
	shadow->progress.skipped_count += shadow->newest_id - shadow->after_id - backlog;
	shadow->after_id = shadow->newest_id - backlog;
}

static enum error compare(struct shadow *shadow, struct buf *why)
{
	const struct shadow_options *options = &shadow->options;
	struct replay_options replay = {
		.settings = options->settings,
		.range = {.after_id = shadow->after_id, .limit = SHADOW_PASS_DECISIONS},
		.key = options->key,
		.state = shadow->state,
		.arg = shadow,
		.on_difference = on_difference,
	};
	struct state_shadow *progress = &shadow->progress;
	struct replay_result result;
	enum error error = replay_run(shadow->load.snapshot, shadow->reader, &replay, &result, why);

	if (error != ERR_NONE)
		return error;
	shadow->progressed = result.last_id != 0;
	if (shadow->progressed)
		shadow->after_id = result.last_id;
	progress->compared_count += result.replayed_count;
	progress->differed_count += result.flip_count;
	progress->not_compared_count += result.decision_count - result.replayed_count;
	replay_result_deinit(&result);
	return ERR_NONE;
}

static enum error put(struct state *state, void *arg)
{
	const struct shadow *shadow = arg;

	return state_put_shadow(state, &shadow->progress, shadow->begins, shadow->differences,
				shadow->difference_count);
}

/* Closes what an error may have left unusable; the next pass opens it again. */
static void close_databases(struct shadow *shadow)
{
	audit_reader_close(shadow->reader);
	state_close(shadow->state);
	shadow->reader = NULL;
	shadow->state = NULL;
}

static void pass(uv_work_t *work)
{
	struct shadow *shadow = work->data;
	const struct shadow_options *options = &shadow->options;
	int64_t started_ms = clock_boot_ms(options->clock);
	struct state_shadow before;
	uint64_t before_id;
	enum error error;
	struct buf why;

	shadow->progressed = false;
	if (shadow->loads)
		load_directory(shadow);
	if (shadow->is_valid && open_databases(shadow)) {
		buf_init(&why, LOG_MESSAGE_MAX);
		before = shadow->progress;
		before_id = shadow->after_id;
		skip(shadow);
		error = compare(shadow, &why);
		shadow->progress.updated_us = clock_wall_us(options->clock);
		if (error == ERR_NONE)
			error = state_store_use(options->store, "shadow.not_stored", put, shadow);
		if (error == ERR_NONE) {
			shadow->begins = false;
		} else {
			/* Again from where it was. */
			if (why.length != 0)
				log_warning(options->log, "shadow.failed", "%s", buf_text(&why));
			close_databases(shadow);
			shadow->progress = before;
			shadow->after_id = before_id;
		}
		buf_deinit(&why);
	}
	arena_reset(&shadow->arena, (struct arena_mark){0});
	shadow->differences = NULL;
	shadow->difference_count = shadow->difference_capacity = 0;
	shadow->took_ms = clock_boot_ms(options->clock) - started_ms;
}

/* The loop. */

static void on_timer(uv_timer_t *timer);

/* Rests so long that the work was its share of the time, and a while when nothing waits. */
static uint64_t rest_ms(const struct shadow *shadow)
{
	uint64_t share = shadow->options.cpu_percent;
	uint64_t took_ms = shadow->took_ms > 0 ? (uint64_t)shadow->took_ms : 0;
	uint64_t needed_ms = took_ms * (100 - share) / share;
	bool is_behind = shadow->is_valid && *shadow->options.last_decision_id > shadow->after_id &&
			 shadow->progressed;

	return is_behind || needed_ms > SHADOW_INTERVAL_MS ? needed_ms : SHADOW_INTERVAL_MS;
}

static void on_passed(uv_work_t *work, int status)
{
	struct shadow *shadow = work->data;

	shadow->is_working = false;
	if (status == 0)
		shadow->status = (struct shadow_status){.progress = shadow->progress,
							.is_valid = shadow->is_valid};
	if (shadow->is_stopping)
		shadow->on_stopped(shadow->on_stopped_arg);
	else
		(void)uv_timer_start(&shadow->timer, on_timer, rest_ms(shadow), 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct shadow *shadow = timer->data;

	shadow->newest_id = *shadow->options.last_decision_id;
	if (!shadow->is_stale && shadow->newest_id <= shadow->after_id) {
		(void)uv_timer_start(timer, on_timer, SHADOW_INTERVAL_MS, 0);
		return;
	}
	shadow->loads = shadow->is_stale;
	shadow->is_stale = false;
	shadow->is_working = true;
	(void)uv_queue_work(shadow->options.loop, &shadow->work, pass, on_passed);
}

static void on_changed(void *arg)
{
	shadow_notice_change(arg);
}

enum error shadow_start(const struct shadow_options *options, struct shadow **out)
{
	struct shadow *shadow = mem_calloc(1, sizeof(*shadow));
	struct policy_watch_options watch = {
		.log = options->log,
		.directory = options->directory,
		.lost_event = "shadow.not_watched",
		.quiet_ms = POLICY_WATCH_QUIET_MS,
		.on_changed = on_changed,
		.arg = shadow,
	};

	if (shadow == NULL)
		return ERR_NO_MEMORY;
	shadow->options = *options;
	shadow->is_stale = true;
	shadow->after_id = *options->last_decision_id;
	shadow->status.progress.directory = str_from(options->directory);
	shadow->progress.directory = str_from(options->directory);
	shadow->work.data = shadow;
	policy_load_init(&shadow->load);
	arena_init(&shadow->arena, 16384, SIZE_MAX);
	uv_timer_init(options->loop, &shadow->timer); /* cannot fail */
	shadow->timer.data = shadow;
	(void)uv_timer_start(&shadow->timer, on_timer, 0, 0);
	policy_watch_start(&shadow->watch, options->loop, &watch);
	*out = shadow;
	return ERR_NONE;
}

void shadow_notice_change(struct shadow *shadow)
{
	shadow->is_stale = true;
}

void shadow_stop(struct shadow *shadow, void (*on_stopped)(void *arg), void *arg)
{
	shadow->is_stopping = true;
	shadow->on_stopped = on_stopped;
	shadow->on_stopped_arg = arg;
	(void)uv_timer_stop(&shadow->timer);
	if (!shadow->is_working)
		on_stopped(arg);
}

void shadow_free(struct shadow *shadow)
{
	if (shadow == NULL)
		return;
	close_databases(shadow);
	policy_load_deinit(&shadow->load);
	arena_deinit(&shadow->arena);
	mem_free(shadow);
}

struct shadow_status shadow_status(const struct shadow *shadow)
{
	struct shadow_status status = shadow->status;

	status.not_watched_since_us = policy_watch_lost_since_us(&shadow->watch);
	return status;
}
