/* How a connection ends: when it is finished, when a deadline passes, when it is aborted. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "pair.h"
#include "support/cmocka.h"

static size_t try_bytes = SIZE_MAX;

/* In place of libuv's: takes no more than `try_bytes`, as if the socket had been full and the peer had
 * read just behind it. */
int uv_try_write(uv_stream_t *stream, const uv_buf_t bufs[], unsigned int count)
{
	size_t length = bufs[0].len < try_bytes ? bufs[0].len : try_bytes;
	uv_os_fd_t fd;
	ssize_t done;

	assert_int_equal(count, 1);
	assert_int_equal(uv_fileno((uv_handle_t *)stream, &fd), 0);
	done = write(fd, bufs[0].base, length);
	if (done >= 0)
		return (int)done;
	return errno == EAGAIN ? UV_EAGAIN : uv_translate_sys_error(errno);
}

static void what_is_finished_is_written_before_the_end(void **state)
{
	struct pair *f = *state;
	ssize_t total = 0, got = 0;

	pair_put_frame(f, "a");
	pair_turn(f);
	pair_send(f, CONN_OUTPUT_MAX_BYTES);
	conn_finish(&f->conn, CONN_END_STOP);
	for (int i = 0; i < 10000 && got >= 0; i++) {
		total += got;
		pair_turn(f);
		got = pair_drain(f);
	}
	pair_run_until_closed(f);
	assert_int_equal(total, CONN_OUTPUT_MAX_BYTES);
	assert_int_equal(f->end, CONN_END_STOP);
}

static void nothing_is_read_after_finishing(void **state)
{
	struct pair *f = *state;

	f->answers_later = true;
	pair_put_frame(f, "a");
	pair_turn(f);
	conn_finish(&f->conn, CONN_END_STOP);
	pair_put_frame(f, "b");
	pair_turn(f);
	assert_int_equal(f->frame_count, 1);
	assert_false(f->is_closed);
	conn_done(&f->conn);
	pair_run_until_closed(f);
}

static void finishing_has_a_deadline(void **state)
{
	struct pair *f = *state;

	pair_begin_again(f, PAIR_FAR_MS, 20, PAIR_FAR_MS);
	f->answers_later = true;
	pair_put_frame(f, "a");
	pair_turn(f);
	conn_finish(&f->conn, CONN_END_STOP);
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_FINISH_TIMEOUT);
}

static void a_frame_that_does_not_end_has_a_deadline(void **state)
{
	struct pair *f = *state;

	pair_begin_again(f, PAIR_FAR_MS, 20, PAIR_FAR_MS);
	pair_put_frame(f, "a");
	pair_turn(f);
	pair_put(f, "\5\0", 2);
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_FRAME_TIMEOUT);
}

static void on_drip(uv_timer_t *timer)
{
	struct pair *f = timer->data;

	if (f->is_closed || write(f->peer, "x", 1) != 1)
		uv_close((uv_handle_t *)timer, NULL);
}

/* One byte now and then keeps no connection alive. */
static void a_drip_of_bytes_does_not_put_the_deadline_off(void **state)
{
	struct pair *f = *state;
	uv_timer_t timer = {.data = f};

	pair_begin_again(f, PAIR_FAR_MS, 100, PAIR_FAR_MS);
	pair_put_frame(f, "a");
	pair_turn(f);
	pair_put(f, "\x64\0\0\0", 4);
	assert_int_equal(uv_timer_init(&f->loop, &timer), 0);
	assert_int_equal(uv_timer_start(&timer, on_drip, 10, 10), 0);
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_FRAME_TIMEOUT);
	assert_int_equal(f->frame_count, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void the_first_frame_has_a_deadline(void **state)
{
	struct pair *f = *state;

	pair_begin_again(f, 20, PAIR_FAR_MS, PAIR_FAR_MS);
	pair_put(f, "\1", 1);
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_HELLO_TIMEOUT);
}

static void a_connection_without_requests_has_a_deadline(void **state)
{
	struct pair *f = *state;

	pair_begin_again(f, PAIR_FAR_MS, PAIR_FAR_MS, 20);
	pair_put_frame(f, "a");
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_IDLE);
}

static void a_request_in_flight_is_not_idle(void **state)
{
	struct pair *f = *state;
	uint64_t began;

	pair_begin_again(f, PAIR_FAR_MS, 10, 10);
	f->answers_later = true;
	pair_put_frame(f, "a");
	pair_turn(f);
	began = uv_now(&f->loop);
	while (uv_now(&f->loop) < began + 50)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_false(f->is_closed);
	conn_done(&f->conn);
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_IDLE);
}

static void an_aborted_connection_takes_no_output(void **state)
{
	struct pair *f = *state;

	conn_abort(&f->conn, CONN_END_STOP);
	assert_null(conn_reserve(&f->conn, 1));
	conn_abort(&f->conn, CONN_END_IO);
	conn_finish(&f->conn, CONN_END_IO);
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_STOP);
}

/* The loop tells of a write that is done only later, and then the connection may be about to go. */
static void a_write_that_was_done_before_an_abort_is_counted_once(void **state)
{
	struct pair *f = *state;

	pair_put_frame(f, "a");
	pair_turn(f);
	try_bytes = 3;
	pair_send(f, 10);
	conn_pool_flush(&f->pool);
	try_bytes = SIZE_MAX;
	pair_send(f, 7);
	conn_abort(&f->conn, CONN_END_IO);
	while (!f->is_closed)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_null(f->pool.unflushed);
	assert_int_equal(f->conn.written_bytes, 10);
	assert_int_equal(f->conn.sent_bytes, 17);
	assert_int_equal(pair_drain(f), 10);
}

static void every_end_has_a_text(void **state)
{
	(void)state;
	for (int end = 0; end < CONN_END_COUNT; end++)
		assert_string_not_equal(conn_end_text((enum conn_end)end), "unknown");
	assert_string_equal(conn_end_text(CONN_END_COUNT), "unknown");
}

#define CONN_TEST(name) cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONN_TEST(what_is_finished_is_written_before_the_end),
		CONN_TEST(nothing_is_read_after_finishing),
		CONN_TEST(finishing_has_a_deadline),
		CONN_TEST(a_frame_that_does_not_end_has_a_deadline),
		CONN_TEST(a_drip_of_bytes_does_not_put_the_deadline_off),
		CONN_TEST(the_first_frame_has_a_deadline),
		CONN_TEST(a_connection_without_requests_has_a_deadline),
		CONN_TEST(a_request_in_flight_is_not_idle),
		CONN_TEST(an_aborted_connection_takes_no_output),
		CONN_TEST(a_write_that_was_done_before_an_abort_is_counted_once),
		cmocka_unit_test(every_end_has_a_text),
	};

	/* As the daemon does before anything else. */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
