#include "server/audit_log.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "server/audit_key.h"
#include "server/audit_upkeep.h"
#include "store/seal_key.h"
#include "store/segment.h"

enum { MICROSECONDS_OF_MS = 1000, WHY_MAX_BYTES = 4096 };

/* What is handed from thread to thread. */
struct shared {
	uv_mutex_t lock;
	struct audit *next;  /* prepared; the writer takes it */
	struct audit *ended; /* to be closed by the worker */
	bool is_wanted;      /* the next segment is to begin, full or not */
	uint32_t number;     /* of the live segment */
	uint64_t rows;       /* in it, at most */
	int64_t begun_us;
	struct audit_head head;
};

/* What one turn of the worker is to do, and did. */
struct turn {
	uv_work_t work;
	bool prepare, seal, prune;
	uint32_t live;     /* segments before this one are closed */
	int64_t oldest_us; /* what is all before it is not kept */
	bool was_asked;    /* to prune */
	uint32_t sealed_count, removed_count;
	enum error error;
};

struct audit_log {
	struct audit_log_options options;
	struct shared shared;
	struct buf aside_name, aside_reason;
	struct seal_key key; /* when has_key() */

	struct audit *live; /* the writer's; NULL while it is broken */

	/* Loop thread. */
	struct audit_queue *queue;
	uv_timer_t timer;
	bool is_working, is_stopping;
	bool seal_is_due; /* there may be closed segments */
	int64_t not_before_ms, prune_at_ms, head_at_ms;
	int64_t age_holds_until_ms; /* nothing is removed by age but on request */
	int64_t clock_offset_ms;    /* wall clock minus running time, when last looked at */
	struct audit_log_waiter *sealing, *pruning; /* asked for; both lists */
	uint32_t sealed_for_waiters;
	void (*on_stopped)(void *arg);
	void *on_stopped_arg;

	struct turn turn;
	struct audit_upkeep upkeep; /* the worker's */
};

static bool has_key(const struct audit_log *log)
{
	return log->options.settings->audit_key[0] != '\0';
}

/* The writer. */

static void publish(struct audit_log *log)
{
	struct shared *shared = &log->shared;

	uv_mutex_lock(&shared->lock);
	shared->number = audit_segment_number(log->live);
	shared->rows = audit_segment_rows(log->live);
	shared->begun_us = audit_segment_begun_us(log->live);
	shared->head = audit_head(log->live);
	uv_mutex_unlock(&shared->lock);
}

static bool is_old(const struct audit_log *log, int64_t begun_us)
{
	int64_t age_us = clock_wall_us(log->options.clock) - begun_us;

	return begun_us != 0 && age_us / MICROSECONDS_OF_MS >= log->options.settings->seal_ms;
}

static bool is_full(const struct audit_log *log, uint64_t rows)
{
	return rows >= log->options.settings->seal_rows;
}

/* Begins the prepared segment when it is time. */
static void rotate_if_due(struct audit_log *log)
{
	struct shared *shared = &log->shared;
	uint64_t rows = audit_segment_rows(log->live);
	struct audit *next = NULL;

	uv_mutex_lock(&shared->lock);
	if (shared->next != NULL && shared->ended == NULL && rows != 0 &&
	    (shared->is_wanted || is_full(log, rows) ||
	     is_old(log, audit_segment_begun_us(log->live)))) {
		next = shared->next;
		shared->next = NULL;
	}
	uv_mutex_unlock(&shared->lock);
	if (next == NULL)
		return;
	enum error error = audit_rotate(log->live, next, clock_wall_us(log->options.clock));
	uv_mutex_lock(&shared->lock);
	shared->ended = error == ERR_NONE ? log->live : next;
	shared->is_wanted &= error != ERR_NONE;
	uv_mutex_unlock(&shared->lock);
	if (error == ERR_NONE)
		log->live = next;
	else
		log_error(log->options.log, "audit.not_rotated",
			  "the next segment could not begin: %s (%s)", error_text(error),
			  audit_failure_text(next));
}

static enum error sink_append(void *arg, const struct audit_row *rows, size_t count,
			      uint64_t *first_id)
{
	struct audit_log *log = arg;
	enum error error = audit_append(log->live, rows, count, first_id);

	if (error == ERR_NONE) {
		rotate_if_due(log);
		publish(log);
	}
	return error;
}

static void sink_on_poke(void *arg)
{
	struct audit_log *log = arg;

	rotate_if_due(log);
	publish(log);
}

static enum error sink_reopen(void *arg, struct buf *why)
{
	struct audit_log *log = arg;

	audit_close(log->live);
	log->live = NULL;
	enum error error = audit_open(log->options.settings->state_directory, log->options.env,
				      true, &log->live, why);
	if (error == ERR_NONE)
		publish(log);
	return error;
}

static const char *sink_failure_text(void *arg)
{
	struct audit_log *log = arg;

	return log->live != NULL ? audit_failure_text(log->live) : "the audit is not open";
}

struct audit_sink audit_log_sink(struct audit_log *log)
{
	return (struct audit_sink){sink_append, sink_reopen, sink_failure_text, log, sink_on_poke};
}

/* Opening. */

static enum error read_key(struct audit_log *log, struct buf *why)
{
	const char *path = log->options.settings->audit_key;
	struct buf text;

	if (!has_key(log))
		return ERR_NONE;
	enum error error = audit_key_read(path, &log->key, why);
	if (error != ERR_NONE)
		return error;
	buf_init(&text, SEAL_KEY_TEXT_MAX_BYTES);
	seal_public_key_write(&text, log->key.public_key);
	log_info(log->options.log, "audit.key", "seals are signed by %s", buf_text(&text));
	buf_deinit(&text);
	return ERR_NONE;
}

static bool is_unusable(enum error error)
{
	return error == ERR_CORRUPT || error == ERR_FOREIGN || error == ERR_VERSION;
}

/* One file at most: when the one before cannot be used either, somebody should look. */
static enum error open_live(struct audit_log *log, struct buf *why)
{
	const struct settings *settings = log->options.settings;
	const char *directory = settings->state_directory;
	enum error error = audit_open(directory, log->options.env, true, &log->live, why);

	if (!is_unusable(error) || settings->on_corrupt != ON_CORRUPT_QUARANTINE)
		return error;
	buf_append_str(&log->aside_reason, buf_str(why));
	buf_clear(why);
	error = segment_set_aside(directory, log->options.env, clock_wall_us(log->options.clock),
				  &log->aside_name);
	if (error != ERR_NONE) {
		buf_printf(why, "%s, and could not be set aside: %s", buf_text(&log->aside_reason),
			   error_text(error));
		return error;
	}
	log_error(log->options.log, "audit.set_aside", "%s is now %s", buf_text(&log->aside_reason),
		  buf_text(&log->aside_name));
	return audit_open(directory, log->options.env, true, &log->live, why);
}

struct str audit_log_aside_name(const struct audit_log *log)
{
	return buf_str(&log->aside_name);
}

struct str audit_log_aside_reason(const struct audit_log *log)
{
	return buf_str(&log->aside_reason);
}

enum error audit_log_open(const struct audit_log_options *options, struct audit_log **out,
			  struct buf *why)
{
	struct audit_log *log = mem_calloc(1, sizeof(*log));
	enum error error;

	if (log == NULL)
		return ERR_NO_MEMORY;
	log->options = *options;
	log->upkeep = (struct audit_upkeep){
		.log = options->log,
		.clock = options->clock,
		.settings = options->settings,
		.env = options->env,
		.key = has_key(log) ? &log->key : NULL,
	};
	buf_init(&log->aside_name, WHY_MAX_BYTES);
	buf_init(&log->aside_reason, WHY_MAX_BYTES);
	if (uv_mutex_init(&log->shared.lock) != 0) {
		mem_free(log);
		return ERR_NO_MEMORY;
	}
	error = read_key(log, why);
	if (error == ERR_NONE)
		error = open_live(log, why);
	if (error != ERR_NONE) {
		audit_log_close(log);
		return error;
	}
	publish(log);
	*out = log;
	return ERR_NONE;
}

void audit_log_close(struct audit_log *log)
{
	if (log == NULL)
		return;
	audit_close(log->live);
	audit_close(log->shared.next);
	audit_close(log->shared.ended);
	audit_upkeep_deinit(&log->upkeep);
	buf_deinit(&log->aside_name);
	buf_deinit(&log->aside_reason);
	seal_key_wipe(&log->key, sizeof(log->key));
	uv_mutex_destroy(&log->shared.lock);
	mem_free(log);
}

/* The worker. */

static void close_ended(struct audit_log *log)
{
	struct audit *ended;

	uv_mutex_lock(&log->shared.lock);
	ended = log->shared.ended;
	uv_mutex_unlock(&log->shared.lock);
	audit_close(ended);
	/* Only now, because nothing else may open the segment before. */
	uv_mutex_lock(&log->shared.lock);
	log->shared.ended = NULL;
	uv_mutex_unlock(&log->shared.lock);
}

static enum error prepare(struct audit_log *log)
{
	const char *directory = log->options.settings->state_directory;
	struct audit *next;
	struct buf why;

	buf_init(&why, WHY_MAX_BYTES);
	enum error error =
		audit_prepare_next(directory, log->options.env, log->turn.live, &next, &why);
	if (error == ERR_NONE) {
		uv_mutex_lock(&log->shared.lock);
		log->shared.next = next;
		uv_mutex_unlock(&log->shared.lock);
	} else {
		log_error(log->options.log, "audit.not_prepared", "%s", buf_text(&why));
	}
	buf_deinit(&why);
	return error;
}

static void work(uv_work_t *work)
{
	struct audit_log *log = work->data;
	struct turn *turn = &log->turn;

	close_ended(log);
	if (turn->seal)
		turn->error = audit_upkeep_seal(&log->upkeep, turn->live, &turn->sealed_count);
	if (turn->prune && turn->error == ERR_NONE)
		turn->error =
			audit_upkeep_prune(&log->upkeep, turn->oldest_us, &turn->removed_count);
	if (turn->prepare) {
		enum error error = prepare(log);

		turn->error = error != ERR_NONE ? error : turn->error;
	}
}

/* The loop. */

static void answer(struct audit_log_waiter **list, enum error error, uint32_t count)
{
	struct audit_log_waiter *waiter = *list;

	*list = NULL;
	while (waiter != NULL) {
		struct audit_log_waiter *next = waiter->next;

		waiter->on_done(waiter, error, count);
		waiter = next;
	}
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct audit_log *log = handle->data;

	log->on_stopped(log->on_stopped_arg);
}

static void finish_stop(struct audit_log *log)
{
	answer(&log->sealing, ERR_CANCELLED, 0);
	answer(&log->pruning, ERR_CANCELLED, 0);
	uv_close((uv_handle_t *)&log->timer, on_timer_closed);
}

static void look(struct audit_log *log);

static void on_worked(uv_work_t *work, int status)
{
	struct audit_log *log = work->data;
	struct turn *turn = &log->turn;

	log->is_working = false;
	if (status != 0)
		turn->error = ERR_CANCELLED;
	if (turn->error != ERR_NONE)
		log->not_before_ms = clock_boot_ms(log->options.clock) + AUDIT_LOG_RETRY_MS;
	log->seal_is_due |= turn->seal && turn->error != ERR_NONE;
	log->sealed_for_waiters += turn->sealed_count;
	if (turn->was_asked)
		answer(&log->pruning, turn->error, turn->removed_count);
	if (log->is_stopping)
		finish_stop(log);
	else
		look(log);
}

static int64_t clock_offset_ms(const struct clock *clock)
{
	return clock_wall_us(clock) / MICROSECONDS_OF_MS - clock_boot_ms(clock);
}

/* Slewing moves the clock slowly, and is followed. */
static void look_at_clock(struct audit_log *log, int64_t now_ms)
{
	int64_t offset_ms = clock_offset_ms(log->options.clock);
	int64_t step_ms = offset_ms - log->clock_offset_ms;

	log->clock_offset_ms = offset_ms;
	if (step_ms >= AUDIT_LOG_CLOCK_STEP_MS || step_ms <= -AUDIT_LOG_CLOCK_STEP_MS)
		log->age_holds_until_ms = now_ms + AUDIT_LOG_AGE_HOLD_MS;
}

/* What rows must be before to be too old. */
static int64_t oldest_us(const struct audit_log *log, int64_t now_ms)
{
	if (log->pruning == NULL && now_ms < log->age_holds_until_ms)
		return INT64_MIN;
	return clock_wall_us(log->options.clock) -
	       log->options.settings->retention_ms * MICROSECONDS_OF_MS;
}

/* Queues what is due. */
static void look(struct audit_log *log)
{
	struct shared *shared = &log->shared;
	int64_t now_ms = clock_boot_ms(log->options.clock);
	struct turn *turn = &log->turn;
	bool has_next, has_ended, is_wanted, is_due;

	look_at_clock(log, now_ms);
	if (log->is_working || log->is_stopping)
		return;
	uv_mutex_lock(&shared->lock);
	has_next = shared->next != NULL;
	has_ended = shared->ended != NULL;
	is_wanted = shared->is_wanted && shared->rows != 0;
	is_due = is_wanted || (shared->rows != 0 && is_old(log, shared->begun_us));
	bool is_half_full = is_full(log, shared->rows * 2);
	uint32_t live = shared->number;
	uv_mutex_unlock(&shared->lock);
	if (has_next && is_due)
		audit_queue_poke(log->queue);
	log->seal_is_due |= has_ended;
	/* A request to seal is answered when the writer has gone on and nothing is left. */
	if (log->sealing != NULL && !is_wanted && !log->seal_is_due) {
		uint32_t count = log->sealed_for_waiters;

		log->sealed_for_waiters = 0;
		answer(&log->sealing, ERR_NONE, count);
	}
	if (now_ms < log->not_before_ms && log->pruning == NULL)
		return;
	*turn = (struct turn){
		.work.data = log,
		.prepare = !has_next && (is_due || is_half_full),
		.seal = log->seal_is_due,
		.prune = log->pruning != NULL || now_ms >= log->prune_at_ms,
		.was_asked = log->pruning != NULL,
		.oldest_us = oldest_us(log, now_ms),
		.live = live,
	};
	if (!turn->prepare && !turn->seal && !turn->prune)
		return;
	if (turn->prune)
		log->prune_at_ms = now_ms + AUDIT_LOG_PRUNE_MS;
	log->seal_is_due = false;
	log->is_working = true;
	/* Fails only without a callback. */
	(void)uv_queue_work(log->timer.loop, &turn->work, work, on_worked);
}

static void on_timer(uv_timer_t *timer)
{
	struct audit_log *log = timer->data;
	int64_t now_ms = clock_boot_ms(log->options.clock);

	look(log);
	if (now_ms < log->head_at_ms)
		return;
	log->head_at_ms = now_ms + AUDIT_LOG_HEAD_MS;
	uv_mutex_lock(&log->shared.lock);
	struct audit_head head = log->shared.head;
	uint32_t number = log->shared.number;
	uv_mutex_unlock(&log->shared.lock);
	if (head.decision_id != 0)
		audit_upkeep_tell_head(&log->upkeep, "audit.head", number, &head);
}

void audit_log_start(struct audit_log *log, uv_loop_t *loop, struct audit_queue *queue,
		     struct state_store *store)
{
	log->queue = queue;
	log->upkeep.store = store;
	log->seal_is_due = true; /* what a crash left half done */
	log->clock_offset_ms = clock_offset_ms(log->options.clock);
	log->age_holds_until_ms = clock_boot_ms(log->options.clock) + AUDIT_LOG_AGE_HOLD_MS;
	uv_timer_init(loop, &log->timer); /* cannot fail */
	log->timer.data = log;
	(void)uv_timer_start(&log->timer, on_timer, AUDIT_LOG_TICK_MS, AUDIT_LOG_TICK_MS);
}

void audit_log_stop(struct audit_log *log, void (*on_stopped)(void *arg), void *arg)
{
	log->is_stopping = true;
	log->on_stopped = on_stopped;
	log->on_stopped_arg = arg;
	uv_timer_stop(&log->timer);
	if (!log->is_working)
		finish_stop(log);
}

void audit_log_seal(struct audit_log *log, struct audit_log_waiter *waiter)
{
	uv_mutex_lock(&log->shared.lock);
	log->shared.is_wanted = log->shared.rows != 0;
	uv_mutex_unlock(&log->shared.lock);
	waiter->next = log->sealing;
	log->sealing = waiter;
	look(log);
}

void audit_log_prune(struct audit_log *log, struct audit_log_waiter *waiter)
{
	waiter->next = log->pruning;
	log->pruning = waiter;
	look(log);
}

uint32_t audit_log_segment(struct audit_log *log)
{
	uv_mutex_lock(&log->shared.lock);
	uint32_t number = log->shared.number;
	uv_mutex_unlock(&log->shared.lock);
	return number;
}

uint64_t audit_log_last_id(struct audit_log *log)
{
	uv_mutex_lock(&log->shared.lock);
	uint64_t id = log->shared.head.decision_id;
	uv_mutex_unlock(&log->shared.lock);
	return id;
}
