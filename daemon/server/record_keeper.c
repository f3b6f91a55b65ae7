#include "server/record_keeper.h"

#include "base/mem.h"

enum { FINAL_ATTEMPTS = 2 };

struct record_keeper {
	uv_loop_t *loop;
	struct records *records;
	struct state_store *store;
	struct boot_id boot_id;
	uv_timer_t timer;
	uv_work_t work;
	bool is_working;
	bool is_closing;
	int attempts_left; /* while closing */
	struct record_keeper_waiter *waiters;
	void (*on_closed)(void *arg);
	void *on_closed_arg;

	/* The worker's between uv_queue_work() and on_written(). */
	struct arena arena;
	struct state_record_changes changes;
	enum error error;
};

enum error record_keeper_new(uv_loop_t *loop, struct records *records, struct state_store *store,
			     const struct boot_id *boot_id, struct record_keeper **out)
{
	struct record_keeper *keeper = mem_calloc(1, sizeof(*keeper));

	if (keeper == NULL)
		return ERR_NO_MEMORY;
	keeper->loop = loop;
	keeper->records = records;
	keeper->store = store;
	keeper->boot_id = *boot_id;
	arena_init(&keeper->arena, 16 * 1024, SIZE_MAX);
	uv_timer_init(loop, &keeper->timer); /* cannot fail */
	keeper->timer.data = keeper;
	keeper->work.data = keeper;
	*out = keeper;
	return ERR_NONE;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct record_keeper *keeper = handle->data;
	void (*on_closed)(void *arg) = keeper->on_closed;
	void *arg = keeper->on_closed_arg;

	arena_deinit(&keeper->arena);
	mem_free(keeper);
	on_closed(arg);
}

static enum error apply_changes(struct state *state, void *arg)
{
	struct record_keeper *keeper = arg;

	return state_apply_records(state, &keeper->changes);
}

static void write_changes(uv_work_t *work)
{
	struct record_keeper *keeper = work->data;

	keeper->error = state_store_use(keeper->store, "records.not_kept", apply_changes, keeper);
}

static void start_work(struct record_keeper *keeper);

static void on_timer(uv_timer_t *timer)
{
	start_work(timer->data);
}

static void wait_for(struct record_keeper *keeper, uint64_t delay_ms)
{
	if (keeper->is_working || keeper->is_closing ||
	    uv_is_active((const uv_handle_t *)&keeper->timer))
		return;
	/* Only a closing handle is refused. */
	(void)uv_timer_start(&keeper->timer, on_timer, delay_ms, 0);
}

static bool is_stored(const struct record_keeper *keeper, const struct record_keeper_waiter *waiter)
{
	for (size_t i = 0; i < waiter->count; i++) {
		if (!records_is_stored(keeper->records, waiter->ids[i]))
			return false;
	}
	return true;
}

/* Calls those whose records are on disk, or all of them on an error. */
static void call_waiters(struct record_keeper *keeper, enum error error)
{
	struct record_keeper_waiter *waiting = keeper->waiters;

	keeper->waiters = NULL;
	while (waiting != NULL) {
		struct record_keeper_waiter *waiter = waiting;

		waiting = waiter->next;
		if (error != ERR_NONE || is_stored(keeper, waiter)) {
			waiter->on_stored(waiter, error);
		} else {
			waiter->next = keeper->waiters;
			keeper->waiters = waiter;
		}
	}
}

static void end(struct record_keeper *keeper)
{
	call_waiters(keeper, ERR_NONE);
	call_waiters(keeper, ERR_CANCELLED);
	uv_close((uv_handle_t *)&keeper->timer, on_handle_closed);
}

/* Goes on after a batch, or ends. */
static void next_step(struct record_keeper *keeper, bool failed)
{
	if (!keeper->is_closing) {
		if (!records_have_changes(keeper->records))
			return; /* who still waits is called after the next notice */
		if (failed)
			wait_for(keeper, RECORD_KEEPER_RETRY_MS);
		else
			wait_for(keeper, keeper->waiters != NULL ? 0 : RECORD_KEEPER_DELAY_MS);
		return;
	}
	if (failed)
		keeper->attempts_left--;
	if (records_have_changes(keeper->records) && keeper->attempts_left > 0)
		start_work(keeper);
	else
		end(keeper);
}

static void on_written(uv_work_t *work, int status)
{
	struct record_keeper *keeper = work->data;

	keeper->is_working = false;
	if (status != 0)
		keeper->error = ERR_CANCELLED;
	records_changes_written(keeper->records, keeper->error == ERR_NONE);
	arena_deinit(&keeper->arena);
	call_waiters(keeper, keeper->error);
	next_step(keeper, keeper->error != ERR_NONE);
}

static void start_work(struct record_keeper *keeper)
{
	enum error error;

	if (!records_have_changes(keeper->records)) {
		call_waiters(keeper, ERR_NONE);
		next_step(keeper, false);
		return;
	}
	error = records_collect_changes(keeper->records, &keeper->arena, keeper->boot_id.bytes,
					RECORD_KEEPER_BATCH_COUNT, &keeper->changes);
	if (error != ERR_NONE) {
		arena_deinit(&keeper->arena);
		call_waiters(keeper, error);
		next_step(keeper, true);
		return;
	}
	keeper->is_working = true;
	/* Fails only without a callback. */
	(void)uv_queue_work(keeper->loop, &keeper->work, write_changes, on_written);
}

/* Sooner than a change alone would. */
static void look_now(struct record_keeper *keeper)
{
	if (keeper->is_working || keeper->is_closing)
		return;
	/* Only a closing handle is refused. */
	(void)uv_timer_start(&keeper->timer, on_timer, 0, 0);
}

void record_keeper_notice(struct record_keeper *keeper)
{
	if (keeper->waiters != NULL)
		look_now(keeper);
	else if (records_have_changes(keeper->records))
		wait_for(keeper, RECORD_KEEPER_DELAY_MS);
}

void record_keeper_await(struct record_keeper *keeper, struct record_keeper_waiter *waiter)
{
	waiter->next = keeper->waiters;
	keeper->waiters = waiter;
	look_now(keeper);
}

void record_keeper_close(struct record_keeper *keeper, void (*on_closed)(void *arg), void *arg)
{
	keeper->is_closing = true;
	keeper->attempts_left = FINAL_ATTEMPTS;
	keeper->on_closed = on_closed;
	keeper->on_closed_arg = arg;
	uv_timer_stop(&keeper->timer);
	if (!keeper->is_working)
		next_step(keeper, false);
}
