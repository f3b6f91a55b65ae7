/*
 * The happy path, downward: on_read takes what arrived apart into frames; the owner answers into
 * `output`, at once or later; before the loop waits, conn_pool_flush() writes each connection's
 * output with one system call. What does not fit into the socket goes to uv_write() and the
 * flushing of this connection goes on when that is done.
 *
 * One timer per connection watches all deadlines. It is set when a deadline comes nearer, and
 * otherwise looks again when it fires, so that a request costs no timer.
 */
#include "server/conn.h"

#include <assert.h>
#include <string.h>

#include "proto/frame.h"

const char *conn_end_text(enum conn_end end)
{
	static const char *const texts[] = {
#define X(name, text) text,
		CONN_END_LIST(X)
#undef X
	};

	return end < ARRAY_COUNT(texts) ? texts[end] : "unknown";
}

static void set_state(struct conn *conn, enum conn_state state)
{
	static const uint8_t successors[] = {
		[CONN_NEW] = 1 << CONN_GREETING,
		[CONN_GREETING] = 1 << CONN_OPEN | 1 << CONN_FINISHING | 1 << CONN_CLOSING,
		[CONN_OPEN] = 1 << CONN_FINISHING | 1 << CONN_CLOSING,
		[CONN_FINISHING] = 1 << CONN_CLOSING,
		[CONN_CLOSING] = 1 << CONN_CLOSED,
		[CONN_CLOSED] = 0,
	};

	assert((successors[conn->state] & 1 << state) != 0);
	conn->state = state;
}

static bool takes_input(const struct conn *conn)
{
	return conn->state == CONN_GREETING || conn->state == CONN_OPEN;
}

static uint64_t now_ms(const struct conn *conn)
{
	return uv_now(conn->pool->loop);
}

/* Memory. */

/* Tells the pool what the buffers take now. False when all connections take too much, and this one
 * has to suffer for it. */
static bool account(struct conn *conn)
{
	size_t bytes = conn->input.capacity + conn->output.capacity + conn->writing.capacity;

	conn->pool->held_bytes -= conn->held_bytes;
	conn->pool->held_bytes += bytes;
	conn->held_bytes = bytes;
	return conn->limits->outlives_memory || conn->pool->held_bytes <= conn->pool->max_bytes;
}

static void empty(struct conn *conn, struct buf *buf)
{
	if (buf->capacity > CONN_KEEP_BYTES)
		buf_deinit(buf);
	else
		buf_clear(buf);
	(void)account(conn);
}

/* Closing. */

static void on_handle_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;

	if (--conn->open_handles != 0)
		return;
	buf_deinit(&conn->input);
	buf_deinit(&conn->output);
	buf_deinit(&conn->writing);
	(void)account(conn);
	set_state(conn, CONN_CLOSED);
	conn->owner->on_closed(conn, conn->end);
}

static void forget_flush(struct conn *conn)
{
	struct conn **link = &conn->pool->unflushed;

	if (!conn->is_unflushed)
		return;
	while (*link != conn)
		link = &(*link)->next_unflushed;
	*link = conn->next_unflushed;
	conn->is_unflushed = false;
}

void conn_abort(struct conn *conn, enum conn_end end)
{
	if (conn->state == CONN_CLOSING || conn->state == CONN_CLOSED)
		return;
	/* Who finishes has said why already. */
	if (conn->state != CONN_FINISHING || end != CONN_END_PEER)
		conn->end = end;
	set_state(conn, CONN_CLOSING);
	forget_flush(conn);
	if (conn->is_writing) {
		size_t left = uv_stream_get_write_queue_size((uv_stream_t *)&conn->pipe);

		conn->written_bytes += conn->rest_bytes - left;
		conn->rest_bytes = left;
	}
	uv_close((uv_handle_t *)&conn->pipe, on_handle_closed);
	uv_close((uv_handle_t *)&conn->timer, on_handle_closed);
}

/* Deadlines. */

/* The next deadline, and in `*end` what it would mean to miss it. UINT64_MAX when there is none. */
static uint64_t next_deadline(const struct conn *conn, enum conn_end *end)
{
	const struct conn_limits *limits = conn->limits;

	switch (conn->state) {
	case CONN_GREETING:
		*end = CONN_END_HELLO_TIMEOUT;
		return conn->started_ms + (uint64_t)limits->hello_ms;
	case CONN_OPEN:
		if (conn->is_writing) {
			*end = CONN_END_SLOW_READER;
			return conn->write_started_ms + (uint64_t)limits->frame_ms;
		}
		/* A pause in reading is ours, not the peer's. */
		if (!conn->is_reading)
			break;
		if (conn->input.length != 0) {
			*end = CONN_END_FRAME_TIMEOUT;
			return conn->frame_started_ms + (uint64_t)limits->frame_ms;
		}
		if (conn->in_flight != 0)
			break;
		*end = CONN_END_IDLE;
		return conn->used_ms + (uint64_t)limits->idle_ms;
	case CONN_FINISHING:
		*end = CONN_END_FINISH_TIMEOUT;
		return conn->finishing_ms + (uint64_t)limits->frame_ms;
	case CONN_NEW:
	case CONN_CLOSING:
	case CONN_CLOSED: break;
	}
	return UINT64_MAX;
}

static void on_timer(uv_timer_t *timer);

/* Sets the timer so that it fires no later than at the next deadline. */
static void watch_deadline(struct conn *conn)
{
	const struct conn_limits *limits = conn->limits;
	uint64_t now = now_ms(conn), due;
	enum conn_end end;

	due = next_deadline(conn, &end);
	/* Without a deadline, such as while a request is in flight, one may come back soon. */
	if (due == UINT64_MAX)
		due = now + (uint64_t)(limits->frame_ms < limits->idle_ms ? limits->frame_ms
									  : limits->idle_ms);
	if (uv_is_active((const uv_handle_t *)&conn->timer) &&
	    uv_timer_get_due_in(&conn->timer) <= (due > now ? due - now : 0))
		return;
	/* Only a closing handle is refused. */
	if (uv_timer_start(&conn->timer, on_timer, due > now ? due - now : 0, 0) != 0)
		conn_abort(conn, CONN_END_IO);
}

static void on_timer(uv_timer_t *timer)
{
	struct conn *conn = timer->data;
	enum conn_end end = CONN_END_IO;

	if (next_deadline(conn, &end) <= now_ms(conn))
		conn_abort(conn, end);
	else
		watch_deadline(conn);
}

/* Reading. */

static void on_alloc(uv_handle_t *handle, size_t suggested_bytes, uv_buf_t *buf)
{
	struct conn *conn = handle->data;

	(void)suggested_bytes;
	*buf = uv_buf_init(conn->pool->receive, sizeof(conn->pool->receive));
}

/* Keeps the beginning of a frame until the rest is there. */
static void keep(struct conn *conn, const uint8_t *bytes, size_t length)
{
	if (conn->input.length == 0)
		conn->frame_started_ms = now_ms(conn);
	buf_append(&conn->input, bytes, length);
	if (conn->input.failed != ERR_NONE)
		conn_abort(conn, CONN_END_MEMORY);
	else if (!account(conn))
		conn_abort(conn, CONN_END_MEMORY_LIMIT);
	else
		watch_deadline(conn);
}

static void refuse_frame(struct conn *conn, const struct frame *frame)
{
	conn->owner->on_bad_frame(conn, frame->payload_bytes);
	conn_finish(conn, CONN_END_REFUSED);
}

/* Adds to the frame whose beginning was kept; returns how many bytes were its own. */
static size_t continue_frame(struct conn *conn, const uint8_t *bytes, size_t length)
{
	struct frame frame;
	size_t taken;

	frame_find((const uint8_t *)conn->input.data, conn->input.length,
		   conn->limits->max_payload_bytes, &frame);
	taken = frame.needed_bytes - conn->input.length;
	if (taken > length)
		taken = length;
	keep(conn, bytes, taken);
	if (!takes_input(conn))
		return taken;
	switch (frame_find((const uint8_t *)conn->input.data, conn->input.length,
			   conn->limits->max_payload_bytes, &frame)) {
	case FRAME_MORE: break;
	case FRAME_COMPLETE:
		conn->owner->on_frame(conn, frame.payload, frame.payload_bytes);
		empty(conn, &conn->input);
		break;
	case FRAME_REFUSED: refuse_frame(conn, &frame); break;
	}
	return taken;
}

/* Handles the frame at the start of `bytes`; returns how many bytes were its own. */
static size_t take_frame(struct conn *conn, const uint8_t *bytes, size_t length)
{
	struct frame frame;

	switch (frame_find(bytes, length, conn->limits->max_payload_bytes, &frame)) {
	case FRAME_MORE: keep(conn, bytes, length); return length;
	case FRAME_COMPLETE:
		conn->owner->on_frame(conn, frame.payload, frame.payload_bytes);
		return frame.needed_bytes;
	case FRAME_REFUSED: refuse_frame(conn, &frame); break;
	}
	return length;
}

static void update_reading(struct conn *conn);

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf)
{
	struct conn *conn = stream->data;
	const uint8_t *bytes = (const uint8_t *)buf->base;
	size_t left = length > 0 ? (size_t)length : 0;

	if (length == UV_EOF) {
		conn_finish(conn, CONN_END_PEER);
		return;
	}
	if (length < 0) {
		conn_abort(conn, length == UV_ECONNRESET ? CONN_END_PEER : CONN_END_IO);
		return;
	}
	conn->used_ms = now_ms(conn);
	while (left != 0 && takes_input(conn)) {
		size_t taken = conn->input.length != 0 ? continue_frame(conn, bytes, left)
						       : take_frame(conn, bytes, left);

		bytes += taken;
		left -= taken;
	}
	update_reading(conn);
}

/* Reads exactly when there is room for what comes of it. */
static void update_reading(struct conn *conn)
{
	bool wanted = takes_input(conn) && conn->in_flight < conn->limits->max_in_flight &&
		      conn->output.length + conn->writing.length < CONN_OUTPUT_PAUSE_BYTES;

	if (wanted == conn->is_reading || conn->state == CONN_CLOSING)
		return;
	conn->is_reading = wanted;
	if (!wanted) {
		uv_read_stop((uv_stream_t *)&conn->pipe);
		return;
	}
	conn->frame_started_ms = now_ms(conn);
	conn->used_ms = now_ms(conn);
	if (uv_read_start((uv_stream_t *)&conn->pipe, on_alloc, on_read) != 0)
		conn_abort(conn, CONN_END_IO);
	else
		watch_deadline(conn);
}

/* Writing. */

static void need_flush(struct conn *conn)
{
	if (conn->is_unflushed)
		return;
	conn->is_unflushed = true;
	conn->next_unflushed = conn->pool->unflushed;
	conn->pool->unflushed = conn;
}

uint8_t *conn_reserve(struct conn *conn, size_t length)
{
	char *room;

	if (!takes_input(conn) && conn->state != CONN_FINISHING)
		return NULL;
	if (length > CONN_OUTPUT_MAX_BYTES - conn->writing.length - conn->output.length) {
		conn_abort(conn, CONN_END_SLOW_READER);
		return NULL;
	}
	room = buf_reserve(&conn->output, length);
	if (room == NULL) {
		conn_abort(conn, CONN_END_MEMORY);
	} else if (!account(conn) && conn->is_writing) {
		/* Whoever reads what it is sent gets rid of it in this pass. */
		conn_abort(conn, CONN_END_MEMORY_LIMIT);
		return NULL;
	}
	return (uint8_t *)room;
}

void conn_sent(struct conn *conn, size_t length)
{
	buf_grow(&conn->output, length);
	conn->sent_bytes += length;
	need_flush(conn);
}

static void on_written(uv_write_t *write, int status)
{
	struct conn *conn = write->data;

	conn->is_writing = false;
	empty(conn, &conn->writing);
	if (status != 0) {
		/* While closing, writes are cancelled; abort then does nothing. */
		conn_abort(conn, status == UV_EPIPE ? CONN_END_PEER : CONN_END_IO);
		return;
	}
	conn->written_bytes += conn->rest_bytes;
	/* Or they are told to have succeeded, when the socket had taken all just before. */
	if (conn->state == CONN_CLOSING)
		return;
	conn->used_ms = now_ms(conn);
	need_flush(conn);
	update_reading(conn);
}

/* Gives what the socket did not take to the loop. */
static void write_rest(struct conn *conn, size_t done)
{
	struct buf empty = conn->writing;
	uv_buf_t rest;
	int result;

	conn->writing = conn->output;
	conn->output = empty;
	rest = uv_buf_init(conn->writing.data + done, (unsigned)(conn->writing.length - done));
	conn->write.data = conn;
	conn->written_bytes += done;
	conn->rest_bytes = rest.len;
	result = uv_write(&conn->write, (uv_stream_t *)&conn->pipe, &rest, 1, on_written);
	if (result != 0) {
		conn_abort(conn, CONN_END_IO);
		return;
	}
	conn->is_writing = true;
	conn->write_started_ms = now_ms(conn);
	watch_deadline(conn);
	update_reading(conn);
}

static void flush(struct conn *conn)
{
	uv_buf_t bytes = uv_buf_init(conn->output.data, (unsigned)conn->output.length);
	int result = 0;

	if (conn->is_writing)
		return;
	if (conn->output.length != 0) {
		result = uv_try_write((uv_stream_t *)&conn->pipe, &bytes, 1);
		if (result < 0 && result != UV_EAGAIN) {
			conn_abort(conn, result == UV_EPIPE ? CONN_END_PEER : CONN_END_IO);
			return;
		}
		if (result < 0 || (size_t)result < conn->output.length) {
			write_rest(conn, result > 0 ? (size_t)result : 0);
			return;
		}
		conn->written_bytes += conn->output.length;
		empty(conn, &conn->output);
	}
	if (conn->state == CONN_FINISHING && conn->in_flight == 0)
		conn_abort(conn, conn->end);
	else
		update_reading(conn);
}

void conn_pool_flush(struct conn_pool *pool)
{
	while (pool->unflushed != NULL) {
		struct conn *conn = pool->unflushed;

		pool->unflushed = conn->next_unflushed;
		conn->is_unflushed = false;
		flush(conn);
	}
}

/* Life. */

void conn_pool_init(struct conn_pool *pool, uv_loop_t *loop, size_t max_bytes)
{
	pool->loop = loop;
	pool->unflushed = NULL;
	pool->held_bytes = 0;
	pool->max_bytes = max_bytes;
}

void conn_start(struct conn *conn, struct conn_pool *pool, const struct conn_owner *owner,
		const struct conn_limits *limits, int descriptor)
{
	conn->pool = pool;
	conn->owner = owner;
	conn->limits = limits;
	conn->end = CONN_END_IO;
	buf_init(&conn->input, FRAME_HEADER_BYTES + (size_t)limits->max_payload_bytes);
	buf_init(&conn->output, CONN_OUTPUT_MAX_BYTES);
	buf_init(&conn->writing, CONN_OUTPUT_MAX_BYTES);
	/* These two take nothing and cannot fail. */
	uv_timer_init(pool->loop, &conn->timer);
	uv_pipe_init(pool->loop, &conn->pipe, 0);
	conn->timer.data = conn;
	conn->pipe.data = conn;
	conn->open_handles = 2;
	set_state(conn, CONN_GREETING);
	conn->started_ms = now_ms(conn);
	conn->used_ms = conn->started_ms;
	if (uv_pipe_open(&conn->pipe, descriptor) == 0) {
		update_reading(conn);
	} else {
		uv_fs_t close;

		uv_fs_close(NULL, &close, descriptor, NULL);
		uv_fs_req_cleanup(&close);
		conn_abort(conn, CONN_END_IO);
	}
}

void conn_open(struct conn *conn)
{
	set_state(conn, CONN_OPEN);
	watch_deadline(conn);
}

void conn_begin(struct conn *conn)
{
	conn->in_flight++;
}

void conn_done(struct conn *conn)
{
	assert(conn->in_flight != 0);
	conn->in_flight--;
	conn->used_ms = now_ms(conn);
	if (conn->state == CONN_FINISHING)
		need_flush(conn);
	else
		update_reading(conn);
}

void conn_finish(struct conn *conn, enum conn_end end)
{
	if (!takes_input(conn))
		return;
	conn->end = end;
	conn->finishing_ms = now_ms(conn);
	set_state(conn, CONN_FINISHING);
	update_reading(conn);
	watch_deadline(conn);
	need_flush(conn);
}
