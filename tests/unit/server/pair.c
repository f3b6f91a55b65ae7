#include "pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/frame.h"
#include "support/cmocka.h"

static struct pair *pair_of(struct conn *conn)
{
	return CONTAINER_OF(conn, struct pair, conn);
}

void pair_send(struct pair *f, size_t length)
{
	uint8_t *room = conn_reserve(&f->conn, length);

	if (room == NULL)
		return;
	memset(room, 'x', length);
	conn_sent(&f->conn, length);
}

static void on_frame(struct conn *conn, const uint8_t *payload, size_t payload_bytes)
{
	struct pair *f = pair_of(conn);

	assert_in_range(payload_bytes, 1, PAIR_MAX_PAYLOAD);
	if (f->frame_count < PAIR_FRAMES_MAX) {
		memcpy(f->frames[f->frame_count], payload, payload_bytes);
		f->frames[f->frame_count][payload_bytes] = '\0';
	}
	f->frame_count++;
	if (conn->state == CONN_GREETING)
		conn_open(conn);
	if (f->answers_later)
		conn_begin(conn);
	else if (f->answer_bytes != 0)
		pair_send(f, f->answer_bytes);
}

static void on_bad_frame(struct conn *conn, uint32_t payload_bytes)
{
	struct pair *f = pair_of(conn);

	f->bad_length = payload_bytes;
	f->bad_count++;
	pair_send(f, 3);
}

static void on_closed(struct conn *conn, enum conn_end end)
{
	struct pair *f = pair_of(conn);

	assert_false(f->is_closed);
	f->is_closed = true;
	f->end = end;
}

static void begin(struct pair *f)
{
	static const struct conn_owner owner = {on_frame, on_bad_frame, on_closed};
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	f->peer = fds[1];
	conn_start(&f->conn, &f->pool, &owner, &f->limits, fds[0]);
}

int pair_setup(void **state)
{
	struct pair *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	conn_pool_init(&f->pool, &f->loop, SIZE_MAX);
	f->limits = (struct conn_limits){PAIR_MAX_PAYLOAD, PAIR_MAX_IN_FLIGHT, false,
					 PAIR_FAR_MS,      PAIR_FAR_MS,        PAIR_FAR_MS};
	begin(f);
	*state = f;
	return 0;
}

int pair_teardown(void **state)
{
	struct pair *f = *state;

	if (!f->is_closed)
		conn_abort(&f->conn, CONN_END_STOP);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->is_closed);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	if (f->peer >= 0)
		close(f->peer);
	free(f);
	return 0;
}

void pair_turn(struct pair *f)
{
	conn_pool_flush(&f->pool);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	conn_pool_flush(&f->pool);
}

void pair_run_until_closed(struct pair *f)
{
	while (!f->is_closed) {
		conn_pool_flush(&f->pool);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
}

void pair_begin_again(struct pair *f, int64_t hello_ms, int64_t frame_ms, int64_t idle_ms)
{
	conn_abort(&f->conn, CONN_END_STOP);
	pair_run_until_closed(f);
	close(f->peer);
	f->conn = (struct conn){.state = CONN_NEW};
	f->is_closed = false;
	f->limits.hello_ms = hello_ms;
	f->limits.frame_ms = frame_ms;
	f->limits.idle_ms = idle_ms;
	begin(f);
}

void pair_put(struct pair *f, const void *bytes, size_t length)
{
	assert_int_equal(write(f->peer, bytes, length), length);
}

void pair_put_frame(struct pair *f, const char *payload)
{
	uint8_t header[FRAME_HEADER_BYTES];

	frame_write_header(header, (uint32_t)strlen(payload));
	pair_put(f, header, sizeof(header));
	pair_put(f, payload, strlen(payload));
}

ssize_t pair_drain(struct pair *f)
{
	char bytes[64 * 1024];
	ssize_t total = 0, got;

	while ((got = read(f->peer, bytes, sizeof(bytes))) > 0)
		total += got;
	if (got == 0)
		return total != 0 ? total : -1;
	assert_true(errno == EAGAIN || errno == ECONNRESET);
	return total;
}
