#include "server/audit_queue.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/mem.h"

enum { AUDIT_QUEUE_FAILURE_BYTES = 256 };

/* Entries in the order they were pushed. */
struct entry_list {
	struct audit_entry *first, **last;
};

struct audit_queue {
	struct audit_queue_options options;
	uint32_t gather_rows; /* so many are worth a commit */
	uv_async_t wakeup;
	uv_thread_t thread;

	/* Loop thread. */
	struct entry_list pushed; /* not yet handed to the writer */
	uint32_t pushed_count;
	uint32_t length;
	size_t held_bytes; /* by the entries on their way */
	bool is_ended;     /* the writer, and the loop has its part */
	/* The entries on their way in the order they were pushed, which is how they come back. */
	struct audit_entry *first_out, *last_out;
	void (*on_closed)(void *arg);
	void *on_closed_arg;

	/* Under the lock. */
	uv_mutex_t lock;
	uv_cond_t work;
	struct entry_list submitted;
	uint32_t submitted_count;
	bool is_gathering; /* the writer waits for enough of them, or for long enough */
	struct entry_list done;
	bool is_closing;
	bool is_poked;
	struct audit_queue_work done_work;
	int64_t failing_since_us; /* 0 while the audit can be written */
	char failure[AUDIT_QUEUE_FAILURE_BYTES];

	/* Written by the writer, read by the loop. */
	atomic_bool is_failing;
	atomic_bool is_blocked; /* failing, and nothing new can be taken */

	/* Writer thread. */
	bool is_broken; /* the connection must be opened again before the next row */
	uint64_t failed_rows;
	struct log_rate reopen_rate;
	struct audit_row rows[AUDIT_QUEUE_BATCH_ROWS];
};

static void list_init(struct entry_list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static void list_append(struct entry_list *list, struct entry_list *more)
{
	if (more->first == NULL)
		return;
	*list->last = more->first;
	list->last = more->last;
	list_init(more);
}

static void list_push(struct entry_list *list, struct audit_entry *entry)
{
	entry->next = NULL;
	*list->last = entry;
	list->last = &entry->next;
}

static struct audit_entry *list_pop(struct entry_list *list)
{
	struct audit_entry *entry = list->first;

	list->first = entry->next;
	if (list->first == NULL)
		list_init(list);
	return entry;
}

/* What store/audit.h says can be tried again as it is. */
static bool is_passing(enum error error)
{
	return error == ERR_FULL || error == ERR_BUSY || error == ERR_NO_MEMORY ||
	       error == ERR_LIMIT || error == ERR_INVALID;
}

/* Rows that are not taken as they are will not be taken later. */
static bool may_succeed_later(enum error error)
{
	return error != ERR_LIMIT && error != ERR_INVALID;
}

/* What status tells of the failure. */
static void keep_failure(struct audit_queue *queue, enum error error)
{
	uv_mutex_lock(&queue->lock);
	queue->done_work.failed_count++;
	if (queue->failing_since_us == 0)
		queue->failing_since_us = clock_wall_us(queue->options.log->clock);
	snprintf(queue->failure, sizeof(queue->failure), "%s (%s)", error_text(error),
		 queue->options.sink.failure_text(queue->options.sink.arg));
	uv_mutex_unlock(&queue->lock);
}

static void note_failure(struct audit_queue *queue, enum error error, size_t row_count)
{
	keep_failure(queue, error);
	if (!atomic_load(&queue->is_failing))
		log_error(queue->options.log, "audit.failed",
			  "%zu %s could not be recorded: %s (%s); requests are refused until the "
			  "audit can be written again",
			  row_count, count_noun(row_count, "row", "rows"), error_text(error),
			  queue->options.sink.failure_text(queue->options.sink.arg));
	queue->failed_rows += row_count;
	/* Who sees the failure finds the queue blocked already. */
	atomic_store(&queue->is_blocked,
		     queue->is_broken || (queue->options.relaxed && may_succeed_later(error)));
	atomic_store(&queue->is_failing, true);
}

static void note_success(struct audit_queue *queue)
{
	if (!atomic_load(&queue->is_failing))
		return;
	log_warning(queue->options.log, "audit.recovered",
		    "the audit can be written again; %llu attempts to record a row had failed",
		    (unsigned long long)queue->failed_rows);
	queue->failed_rows = 0;
	uv_mutex_lock(&queue->lock);
	queue->failing_since_us = 0;
	uv_mutex_unlock(&queue->lock);
	atomic_store(&queue->is_blocked, false);
	atomic_store(&queue->is_failing, false);
}

static enum error reopen(struct audit_queue *queue)
{
	struct buf why;
	enum error error;

	buf_init(&why, LOG_MESSAGE_MAX);
	error = queue->options.sink.reopen(queue->options.sink.arg, &why);
	if (error == ERR_NONE)
		queue->is_broken = false;
	else
		log_event_limited(queue->options.log, LOG_ERROR, "audit.reopen",
				  &queue->reopen_rate, "%s", buf_text(&why));
	buf_deinit(&why);
	return error;
}

static void count_commit(struct audit_queue *queue, size_t row_count, uint64_t began_ns)
{
	uint64_t ended_ns = uv_hrtime();

	uv_mutex_lock(&queue->lock);
	histogram_add_span(&queue->done_work.commits, began_ns, ended_ns);
	queue->done_work.row_count += row_count;
	uv_mutex_unlock(&queue->lock);
}

static enum error append(struct audit_queue *queue, size_t count, uint64_t *first_id)
{
	enum error error = ERR_NONE;

	if (queue->is_broken)
		error = reopen(queue);
	if (error == ERR_NONE) {
		uint64_t began_ns = uv_hrtime();

		error = queue->options.sink.append(queue->options.sink.arg, queue->rows, count,
						   first_id);
		if (error == ERR_NONE)
			count_commit(queue, count, began_ns);
		queue->is_broken = error != ERR_NONE && !is_passing(error);
	}
	if (error == ERR_NONE)
		note_success(queue);
	else
		note_failure(queue, error, count);
	return error;
}

/* Waits for the next attempt; true when the queue is closing, which makes it the last one. */
static bool wait_to_retry(struct audit_queue *queue)
{
	bool is_closing;

	uv_mutex_lock(&queue->lock);
	if (!queue->is_closing)
		uv_cond_timedwait(&queue->work, &queue->lock,
				  queue->options.retry_ms * UINT64_C(1000000));
	is_closing = queue->is_closing;
	uv_mutex_unlock(&queue->lock);
	return is_closing;
}

/* Tries a batch whose answers have left until it is stored or the queue closes. */
static enum error insist(struct audit_queue *queue, size_t count, enum error error,
			 uint64_t *first_id)
{
	bool is_unknown = false; /* the batch may be on disk in spite of the error */
	bool is_last = false;

	while (error != ERR_NONE && may_succeed_later(error) && !is_last) {
		is_unknown |= queue->is_broken;
		is_last = wait_to_retry(queue);
		error = append(queue, count, first_id);
	}
	/* Nobody else gives ids: if these are taken, it is by this batch, which is there whole. */
	if (error == ERR_INVALID && is_unknown) {
		note_success(queue);
		error = ERR_NONE;
	}
	return error;
}

/* Writes up to a batch from the front of `list` and hands the entries back. */
static void write_batch(struct audit_queue *queue, struct entry_list *list)
{
	struct entry_list written;
	uint64_t first_id = 0;
	enum error error;
	size_t count = 0;

	list_init(&written);
	while (list->first != NULL && count < AUDIT_QUEUE_BATCH_ROWS) {
		struct audit_entry *entry = list_pop(list);

		queue->rows[count++] = entry->row;
		list_push(&written, entry);
	}
	error = append(queue, count, &first_id);
	if (queue->options.relaxed)
		error = insist(queue, count, error, &first_id);
	for (struct audit_entry *entry = written.first; entry != NULL; entry = entry->next) {
		entry->error = error;
		if (error == ERR_NONE && entry->row.decision_id == 0)
			entry->row.decision_id = first_id++;
	}
	uv_mutex_lock(&queue->lock);
	list_append(&queue->done, &written);
	uv_mutex_unlock(&queue->lock);
	uv_async_send(&queue->wakeup);
}

/* Waits for more rows to share the commit with. */
static void gather(struct audit_queue *queue)
{
	uint64_t now_ns = uv_hrtime();
	uint64_t end_ns = now_ns + queue->options.gather_ms * UINT64_C(1000000);

	queue->is_gathering = true;
	while (queue->submitted_count < queue->gather_rows && !queue->is_closing &&
	       now_ns < end_ns) {
		uv_cond_timedwait(&queue->work, &queue->lock, end_ns - now_ns);
		now_ns = uv_hrtime();
	}
	queue->is_gathering = false;
}

/* Sleeps until there is work, and mends a broken connection meanwhile. False at the end. */
static bool wait_for_work(struct audit_queue *queue, struct entry_list *list)
{
	uv_mutex_lock(&queue->lock);
	while (queue->submitted.first == NULL && !queue->is_closing) {
		if (queue->is_poked) {
			queue->is_poked = false;
			uv_mutex_unlock(&queue->lock);
			if (!queue->is_broken)
				queue->options.sink.on_poke(queue->options.sink.arg);
			uv_mutex_lock(&queue->lock);
			continue;
		}
		if (!queue->is_broken) {
			uv_cond_wait(&queue->work, &queue->lock);
			continue;
		}
		uv_cond_timedwait(&queue->work, &queue->lock,
				  queue->options.retry_ms * UINT64_C(1000000));
		uv_mutex_unlock(&queue->lock);
		if (reopen(queue) == ERR_NONE)
			note_success(queue);
		uv_mutex_lock(&queue->lock);
	}
	if (queue->options.gather_ms != 0)
		gather(queue);
	list_append(list, &queue->submitted);
	queue->submitted_count = 0;
	uv_mutex_unlock(&queue->lock);
	return list->first != NULL;
}

static void writer(void *arg)
{
	struct audit_queue *queue = arg;
	struct entry_list list;

	list_init(&list);
	while (wait_for_work(queue, &list)) {
		while (list.first != NULL)
			write_batch(queue, &list);
	}
}

static void deliver(struct audit_queue *queue)
{
	struct entry_list done;

	list_init(&done);
	uv_mutex_lock(&queue->lock);
	list_append(&done, &queue->done);
	uv_mutex_unlock(&queue->lock);
	while (done.first != NULL) {
		struct audit_entry *entry = list_pop(&done);

		assert(queue->first_out == entry);
		queue->first_out = entry->next_out;
		queue->length--;
		queue->held_bytes -= entry->held_bytes;
		queue->options.on_done(entry, entry->error, queue->options.arg);
	}
}

static void on_wakeup(uv_async_t *wakeup)
{
	deliver(wakeup->data);
}

static bool init_lock(struct audit_queue *queue)
{
	if (uv_mutex_init(&queue->lock) != 0)
		return false;
	if (uv_cond_init(&queue->work) != 0) {
		uv_mutex_destroy(&queue->lock);
		return false;
	}
	return true;
}

/* Lets the writer finish what was handed to it, and waits for its end. */
static void end_thread(struct audit_queue *queue)
{
	if (queue->is_ended)
		return;
	queue->is_ended = true;
	uv_mutex_lock(&queue->lock);
	queue->is_closing = true;
	uv_cond_signal(&queue->work);
	uv_mutex_unlock(&queue->lock);
	uv_thread_join(&queue->thread);
}

static void destroy(struct audit_queue *queue)
{
	uv_cond_destroy(&queue->work);
	uv_mutex_destroy(&queue->lock);
	mem_free(queue);
}

enum error audit_queue_new(const struct audit_queue_options *options, struct audit_queue **out)
{
	struct audit_queue *queue = mem_calloc(1, sizeof(*queue));

	if (queue == NULL)
		return ERR_NO_MEMORY;
	queue->options = *options;
	/* A small queue must not be full while the writer waits. */
	queue->gather_rows = options->max_rows / 4;
	if (queue->gather_rows > AUDIT_QUEUE_GATHER_ROWS)
		queue->gather_rows = AUDIT_QUEUE_GATHER_ROWS;
	queue->reopen_rate = (struct log_rate)LOG_RATE_INIT(1, AUDIT_QUEUE_LOG_INTERVAL_MS);
	list_init(&queue->pushed);
	list_init(&queue->submitted);
	list_init(&queue->done);
	atomic_init(&queue->is_failing, false);
	atomic_init(&queue->is_blocked, false);
	if (!init_lock(queue)) {
		mem_free(queue);
		return ERR_NO_MEMORY;
	}
	if (uv_thread_create(&queue->thread, writer, queue) != 0) {
		destroy(queue);
		return ERR_NO_MEMORY;
	}
	/* Last, because a handle can only be taken back by way of the loop. */
	if (uv_async_init(options->loop, &queue->wakeup, on_wakeup) != 0) {
		end_thread(queue);
		destroy(queue);
		return ERR_NO_MEMORY;
	}
	queue->wakeup.data = queue;
	*out = queue;
	return ERR_NONE;
}

/* Large requests must not fill the memory while the disk falls behind. */
static bool has_room(const struct audit_queue *queue, const struct audit_entry *entry)
{
	size_t max_bytes = (size_t)queue->options.max_rows * AUDIT_QUEUE_ROW_BYTES;

	if (queue->length == 0)
		return true;
	return queue->length < queue->options.max_rows && queue->held_bytes <= max_bytes &&
	       entry->held_bytes <= max_bytes - queue->held_bytes;
}

enum error audit_queue_push(struct audit_queue *queue, struct audit_entry *entry)
{
	if (atomic_load_explicit(&queue->is_blocked, memory_order_relaxed))
		return ERR_IO;
	if (!has_room(queue, entry))
		return ERR_BUSY;
	/* One row that does not fit would fail the batch it is in. */
	if (!audit_row_fits(&entry->row))
		return ERR_LIMIT;
	list_push(&queue->pushed, entry);
	queue->pushed_count++;
	entry->pushed_ns = uv_hrtime();
	entry->next_out = NULL;
	if (queue->first_out == NULL)
		queue->first_out = entry;
	else
		queue->last_out->next_out = entry;
	queue->last_out = entry;
	queue->length++;
	queue->held_bytes += entry->held_bytes;
	return ERR_NONE;
}

void audit_queue_submit(struct audit_queue *queue)
{
	if (queue->pushed.first == NULL)
		return;
	uv_mutex_lock(&queue->lock);
	list_append(&queue->submitted, &queue->pushed);
	queue->submitted_count += queue->pushed_count;
	queue->pushed_count = 0;
	if (!queue->is_gathering || queue->submitted_count >= queue->gather_rows)
		uv_cond_signal(&queue->work);
	uv_mutex_unlock(&queue->lock);
}

void audit_queue_poke(struct audit_queue *queue)
{
	uv_mutex_lock(&queue->lock);
	queue->is_poked = true;
	uv_cond_signal(&queue->work);
	uv_mutex_unlock(&queue->lock);
}

uint32_t audit_queue_length(const struct audit_queue *queue)
{
	return queue->length;
}

size_t audit_queue_held_bytes(const struct audit_queue *queue)
{
	return queue->held_bytes;
}

bool audit_queue_writable(const struct audit_queue *queue)
{
	return !atomic_load_explicit(&queue->is_failing, memory_order_relaxed);
}

uint64_t audit_queue_lag_ns(const struct audit_queue *queue)
{
	uint64_t now_ns = uv_hrtime();

	if (queue->first_out == NULL || now_ns < queue->first_out->pushed_ns)
		return 0;
	return now_ns - queue->first_out->pushed_ns;
}

void audit_queue_get_work(struct audit_queue *queue, struct audit_queue_work *out)
{
	uv_mutex_lock(&queue->lock);
	*out = queue->done_work;
	uv_mutex_unlock(&queue->lock);
}

int64_t audit_queue_failing_since_us(struct audit_queue *queue, struct buf *why)
{
	int64_t since_us;

	uv_mutex_lock(&queue->lock);
	since_us = queue->failing_since_us;
	if (since_us != 0)
		buf_append_str(why, str_from(queue->failure));
	uv_mutex_unlock(&queue->lock);
	return since_us;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct audit_queue *queue = handle->data;
	void (*on_closed)(void *arg) = queue->on_closed;
	void *arg = queue->on_closed_arg;

	destroy(queue);
	on_closed(arg);
}

void audit_queue_drain(struct audit_queue *queue)
{
	struct entry_list rest;

	audit_queue_submit(queue);
	end_thread(queue);
	list_init(&rest);
	/* The writer left none, if it had not ended before. */
	list_append(&rest, &queue->submitted);
	while (rest.first != NULL)
		write_batch(queue, &rest);
	deliver(queue);
}

void audit_queue_close(struct audit_queue *queue, void (*on_closed)(void *arg), void *arg)
{
	audit_queue_drain(queue);
	assert(queue->length == 0 && queue->pushed.first == NULL);
	queue->on_closed = on_closed;
	queue->on_closed_arg = arg;
	uv_close((uv_handle_t *)&queue->wakeup, on_handle_closed);
}
