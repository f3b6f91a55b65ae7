#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/frame.h"
#include "server/conn.h"
#include "support/cmocka.h"

enum { MAX_PAYLOAD = 100, MAX_IN_FLIGHT = 4, FRAMES_MAX = 64 };

/* A connection under test with its peer at the other end of a socket pair. The owner notes what it
 * is told and, if asked to, answers every frame with as many bytes as `answer_bytes`. */
struct fixture {
	uv_loop_t loop;
	struct conn_pool pool;
	struct conn_limits limits;
	struct conn conn;
	int peer;

	char frames[FRAMES_MAX][MAX_PAYLOAD + 1];
	size_t frame_count;
	uint32_t bad_length;
	size_t bad_count;
	size_t answer_bytes;
	bool answers_later;
	bool is_closed;
	enum conn_end end;
};

static struct fixture *fixture_of(struct conn *conn)
{
	return CONTAINER_OF(conn, struct fixture, conn);
}

static void send_bytes(struct fixture *f, size_t length)
{
	uint8_t *room = conn_reserve(&f->conn, length);

	if (room == NULL)
		return;
	memset(room, 'x', length);
	conn_sent(&f->conn, length);
}

static void on_frame(struct conn *conn, const uint8_t *payload, size_t payload_bytes)
{
	struct fixture *f = fixture_of(conn);

	assert_in_range(payload_bytes, 1, MAX_PAYLOAD);
	if (f->frame_count < FRAMES_MAX) {
		memcpy(f->frames[f->frame_count], payload, payload_bytes);
		f->frames[f->frame_count][payload_bytes] = '\0';
	}
	f->frame_count++;
	if (conn->state == CONN_GREETING)
		conn_open(conn);
	if (f->answers_later)
		conn_begin(conn);
	else if (f->answer_bytes != 0)
		send_bytes(f, f->answer_bytes);
}

static void on_bad_frame(struct conn *conn, uint32_t payload_bytes)
{
	struct fixture *f = fixture_of(conn);

	f->bad_length = payload_bytes;
	f->bad_count++;
	send_bytes(f, 3);
}

static void on_closed(struct conn *conn, enum conn_end end)
{
	struct fixture *f = fixture_of(conn);

	assert_false(f->is_closed);
	f->is_closed = true;
	f->end = end;
}

enum { FAR_MS = 60000 };

static void begin(struct fixture *f)
{
	static const struct conn_owner owner = {on_frame, on_bad_frame, on_closed};
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	f->peer = fds[1];
	conn_start(&f->conn, &f->pool, &owner, &f->limits, fds[0]);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	conn_pool_init(&f->pool, &f->loop, SIZE_MAX);
	f->limits = (struct conn_limits){MAX_PAYLOAD, MAX_IN_FLIGHT, false, FAR_MS, FAR_MS, FAR_MS};
	begin(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

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

/* Lets the loop do what there is to do now. */
static void turn(struct fixture *f)
{
	conn_pool_flush(&f->pool);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	conn_pool_flush(&f->pool);
}

/* Runs until the connection is gone, by a deadline or otherwise. */
static void run_until_closed(struct fixture *f)
{
	while (!f->is_closed) {
		conn_pool_flush(&f->pool);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
}

/* Begins anew with other deadlines. */
static void begin_again(struct fixture *f, int64_t hello_ms, int64_t frame_ms, int64_t idle_ms)
{
	conn_abort(&f->conn, CONN_END_STOP);
	run_until_closed(f);
	close(f->peer);
	f->conn = (struct conn){.state = CONN_NEW};
	f->is_closed = false;
	f->limits.hello_ms = hello_ms;
	f->limits.frame_ms = frame_ms;
	f->limits.idle_ms = idle_ms;
	begin(f);
}

static void put(struct fixture *f, const void *bytes, size_t length)
{
	assert_int_equal(write(f->peer, bytes, length), length);
}

static void put_frame(struct fixture *f, const char *payload)
{
	uint8_t header[FRAME_HEADER_BYTES];

	frame_write_header(header, (uint32_t)strlen(payload));
	put(f, header, sizeof(header));
	put(f, payload, strlen(payload));
}

/* Reads all the peer can read; -1 at the end of the stream. */
static ssize_t drain(struct fixture *f)
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

static void a_frame_arrives_whole(void **state)
{
	struct fixture *f = *state;

	put_frame(f, "hello");
	turn(f);
	assert_int_equal(f->frame_count, 1);
	assert_string_equal(f->frames[0], "hello");
	assert_int_equal(f->conn.state, CONN_OPEN);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
	static const char bytes[] = "\5\0\0\0hello\1\0\0\0x";
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		put(f, &bytes[i], 1);
		turn(f);
	}
	assert_int_equal(f->frame_count, 2);
	assert_string_equal(f->frames[0], "hello");
	assert_string_equal(f->frames[1], "x");
}

static void many_frames_may_come_at_once_and_the_last_in_part(void **state)
{
	static const char bytes[] = "\1\0\0\0a\2\0\0\0bb\3\0\0\0ccc\4\0";
	struct fixture *f = *state;

	put(f, bytes, sizeof(bytes) - 1);
	turn(f);
	assert_int_equal(f->frame_count, 3);
	assert_string_equal(f->frames[2], "ccc");
	put(f, "\0\0dddd\1\0\0\0e", 11);
	turn(f);
	assert_int_equal(f->frame_count, 5);
	assert_string_equal(f->frames[3], "dddd");
	assert_string_equal(f->frames[4], "e");
}

/* Every way to cut a stream of three frames into two pieces gives the same three frames. */
static void wherever_a_stream_is_cut_the_frames_are_the_same(void **state)
{
	static const char bytes[] = "\3\0\0\0one\1\0\0\0x\5\0\0\0three";
	const size_t length = sizeof(bytes) - 1;
	struct fixture *f = *state;

	for (size_t cut = 1; cut < length; cut++) {
		f->frame_count = 0;
		put(f, bytes, cut);
		turn(f);
		put(f, bytes + cut, length - cut);
		turn(f);
		assert_int_equal(f->frame_count, 3);
		assert_string_equal(f->frames[0], "one");
		assert_string_equal(f->frames[1], "x");
		assert_string_equal(f->frames[2], "three");
	}
}

static void the_longest_frame_is_taken(void **state)
{
	struct fixture *f = *state;
	char payload[MAX_PAYLOAD + 1];

	memset(payload, 'p', MAX_PAYLOAD);
	payload[MAX_PAYLOAD] = '\0';
	put_frame(f, payload);
	turn(f);
	assert_int_equal(f->frame_count, 1);
	assert_string_equal(f->frames[0], payload);
}

static void assert_refuses_length(struct fixture *f, uint32_t length)
{
	uint8_t header[FRAME_HEADER_BYTES];

	frame_write_header(header, length);
	put(f, header, sizeof(header));
	put(f, "more", 4);
	run_until_closed(f);
	assert_int_equal(f->frame_count, 0);
	assert_int_equal(f->bad_count, 1);
	assert_int_equal(f->bad_length, length);
	assert_int_equal(f->end, CONN_END_REFUSED);
	/* The last words arrive before the end. */
	assert_int_equal(drain(f), 3);
}

static void a_length_of_zero_is_refused(void **state)
{
	assert_refuses_length(*state, 0);
}

static void a_length_above_the_limit_is_refused(void **state)
{
	assert_refuses_length(*state, MAX_PAYLOAD + 1);
}

static void the_largest_length_is_refused_without_memory_for_it(void **state)
{
	struct fixture *f = *state;

	assert_refuses_length(f, UINT32_MAX);
}

static void a_refused_length_that_comes_in_parts_is_refused(void **state)
{
	struct fixture *f = *state;

	put(f, "\xff\xff", 2);
	turn(f);
	assert_int_equal(f->bad_count, 0);
	put(f, "\xff\x7f", 2);
	run_until_closed(f);
	assert_int_equal(f->bad_length, 0x7fffffff);
}

static void answers_are_written_once_a_pass(void **state)
{
	struct fixture *f = *state;

	f->answer_bytes = 10;
	put_frame(f, "a");
	put_frame(f, "b");
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->frame_count, 2);
	assert_int_equal(drain(f), 0);
	conn_pool_flush(&f->pool);
	assert_int_equal(drain(f), 20);
}

static void a_peer_that_closes_is_noticed(void **state)
{
	struct fixture *f = *state;

	close(f->peer);
	f->peer = -1;
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_PEER);
}

static void a_peer_that_closes_its_sending_half_still_gets_its_answer(void **state)
{
	struct fixture *f = *state;

	f->answers_later = true;
	put_frame(f, "a");
	assert_int_equal(shutdown(f->peer, SHUT_WR), 0);
	turn(f);
	turn(f);
	assert_int_equal(f->conn.state, CONN_FINISHING);
	assert_false(f->is_closed);
	send_bytes(f, 7);
	conn_done(&f->conn);
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_PEER);
	assert_int_equal(drain(f), 7);
}

static void answers_to_a_peer_that_is_gone_are_dropped(void **state)
{
	struct fixture *f = *state;

	f->answers_later = true;
	put_frame(f, "a");
	turn(f);
	close(f->peer);
	f->peer = -1;
	send_bytes(f, 7);
	conn_done(&f->conn);
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_PEER);
}

static void what_the_socket_took_is_known_when_the_connection_ends(void **state)
{
	struct fixture *f = *state;

	turn(f);
	send_bytes(f, 10);
	turn(f);
	assert_int_equal(f->conn.sent_bytes, 10);
	assert_int_equal(f->conn.written_bytes, 10);
	send_bytes(f, 7);
	assert_int_equal(f->conn.sent_bytes, 17);
	close(f->peer);
	f->peer = -1;
	run_until_closed(f);
	assert_int_equal(f->conn.sent_bytes, 17);
	assert_int_equal(f->conn.written_bytes, 10);
}

static void what_the_socket_took_of_more_than_it_holds_is_known(void **state)
{
	struct fixture *f = *state;
	size_t received = 0;
	char bytes[4096];
	ssize_t got;

	turn(f);
	while (!f->conn.is_writing) {
		send_bytes(f, CONN_OUTPUT_MAX_BYTES / 4);
		conn_pool_flush(&f->pool);
	}
	/* The loop goes on with the rest, and does not come to its end. */
	assert_true(read(f->peer, bytes, sizeof(bytes)) == sizeof(bytes));
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_true(f->conn.is_writing);
	conn_abort(&f->conn, CONN_END_STOP);
	run_until_closed(f);
	received = sizeof(bytes);
	while ((got = read(f->peer, bytes, sizeof(bytes))) > 0)
		received += (size_t)got;
	assert_int_equal(f->conn.written_bytes, received);
	assert_true(f->conn.sent_bytes > received);
}

static void above_the_limit_in_flight_nothing_is_read(void **state)
{
	struct fixture *f = *state;

	f->answers_later = true;
	for (int i = 0; i < MAX_IN_FLIGHT; i++)
		put_frame(f, "a");
	turn(f);
	assert_int_equal(f->frame_count, MAX_IN_FLIGHT);
	assert_false(f->conn.is_reading);
	put_frame(f, "b");
	turn(f);
	assert_int_equal(f->frame_count, MAX_IN_FLIGHT);
	conn_done(&f->conn);
	turn(f);
	assert_int_equal(f->frame_count, MAX_IN_FLIGHT + 1);
}

/* A peer that sends and never reads: reading pauses, then the time for writing runs out. */
static void a_peer_that_never_reads_is_paused_and_dropped(void **state)
{
	struct fixture *f = *state;
	size_t before;

	begin_again(f, FAR_MS, 50, FAR_MS);
	f->answer_bytes = 64 * 1024;
	for (int i = 0; i < 100 && (i == 0 || f->conn.is_reading); i++) {
		put_frame(f, "a");
		turn(f);
	}
	assert_false(f->conn.is_reading);
	assert_in_range(f->conn.output.length + f->conn.writing.length, CONN_OUTPUT_PAUSE_BYTES,
			CONN_OUTPUT_PAUSE_BYTES + f->answer_bytes);
	before = f->frame_count;
	put_frame(f, "a");
	run_until_closed(f);
	assert_int_equal(f->frame_count, before);
	assert_int_equal(f->end, CONN_END_SLOW_READER);
}

static void what_waits_for_the_peer_has_a_limit(void **state)
{
	struct fixture *f = *state;

	put_frame(f, "a");
	turn(f);
	send_bytes(f, CONN_OUTPUT_MAX_BYTES);
	assert_false(f->is_closed);
	assert_int_equal(f->conn.state, CONN_OPEN);
	send_bytes(f, 1);
	assert_int_equal(f->conn.state, CONN_CLOSING);
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_SLOW_READER);
}

/* Counts what all connections hold; what is held is given back when it is not needed. */
static void the_memory_of_all_connections_is_known_and_given_back(void **state)
{
	struct fixture *f = *state;

	put_frame(f, "a");
	turn(f);
	send_bytes(f, CONN_OUTPUT_MAX_BYTES);
	assert_true(f->pool.held_bytes >= CONN_OUTPUT_MAX_BYTES);
	for (int i = 0; i < 10000 && f->pool.held_bytes > (size_t)3 * CONN_KEEP_BYTES; i++) {
		turn(f);
		drain(f);
	}
	assert_in_range(f->pool.held_bytes, 0, 3 * CONN_KEEP_BYTES);
	conn_abort(&f->conn, CONN_END_STOP);
	run_until_closed(f);
	assert_int_equal(f->pool.held_bytes, 0);
}

static void a_frame_that_takes_all_memory_is_taken_and_one_that_takes_more_is_not(void **state)
{
	struct fixture *f = *state;

	put(f, "\x64\0\0\0half", 8);
	turn(f);
	assert_true(f->pool.held_bytes > 0);
	f->pool.max_bytes = f->pool.held_bytes;
	put(f, "a", 1);
	turn(f);
	assert_false(f->is_closed);
	f->pool.max_bytes = f->pool.held_bytes - 1;
	put(f, "b", 1);
	turn(f);
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_MEMORY_LIMIT);
}

static void who_does_not_read_is_dropped_when_memory_is_spent(void **state)
{
	struct fixture *f = *state;

	f->pool.max_bytes = 0;
	put_frame(f, "a");
	turn(f);
	/* Who reads is answered all the same. */
	send_bytes(f, 1000);
	turn(f);
	assert_false(f->is_closed);
	send_bytes(f, CONN_OUTPUT_PAUSE_BYTES * 3);
	turn(f);
	assert_true(f->conn.is_writing);
	assert_null(conn_reserve(&f->conn, 1));
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_MEMORY_LIMIT);
}

static void a_peer_that_reads_slowly_gets_all_of_it(void **state)
{
	struct fixture *f = *state;
	ssize_t total = 0;

	put_frame(f, "a");
	turn(f);
	send_bytes(f, CONN_OUTPUT_MAX_BYTES);
	for (int i = 0; i < 10000 && total < CONN_OUTPUT_MAX_BYTES; i++) {
		turn(f);
		total += drain(f);
	}
	assert_int_equal(total, CONN_OUTPUT_MAX_BYTES);
	turn(f);
	assert_true(f->conn.is_reading);
	assert_false(f->conn.is_writing);
	/* A buffer of that size is not kept. */
	assert_true(f->conn.output.capacity <= CONN_KEEP_BYTES);
}

static void what_is_finished_is_written_before_the_end(void **state)
{
	struct fixture *f = *state;
	ssize_t total = 0, got = 0;

	put_frame(f, "a");
	turn(f);
	send_bytes(f, CONN_OUTPUT_MAX_BYTES);
	conn_finish(&f->conn, CONN_END_STOP);
	for (int i = 0; i < 10000 && got >= 0; i++) {
		total += got;
		turn(f);
		got = drain(f);
	}
	run_until_closed(f);
	assert_int_equal(total, CONN_OUTPUT_MAX_BYTES);
	assert_int_equal(f->end, CONN_END_STOP);
}

static void nothing_is_read_after_finishing(void **state)
{
	struct fixture *f = *state;

	f->answers_later = true;
	put_frame(f, "a");
	turn(f);
	conn_finish(&f->conn, CONN_END_STOP);
	put_frame(f, "b");
	turn(f);
	assert_int_equal(f->frame_count, 1);
	assert_false(f->is_closed);
	conn_done(&f->conn);
	run_until_closed(f);
}

static void finishing_has_a_deadline(void **state)
{
	struct fixture *f = *state;

	begin_again(f, FAR_MS, 20, FAR_MS);
	f->answers_later = true;
	put_frame(f, "a");
	turn(f);
	conn_finish(&f->conn, CONN_END_STOP);
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_FINISH_TIMEOUT);
}

static void a_frame_that_does_not_end_has_a_deadline(void **state)
{
	struct fixture *f = *state;

	begin_again(f, FAR_MS, 20, FAR_MS);
	put_frame(f, "a");
	turn(f);
	put(f, "\5\0", 2);
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_FRAME_TIMEOUT);
}

static void on_drip(uv_timer_t *timer)
{
	struct fixture *f = timer->data;

	if (f->is_closed || write(f->peer, "x", 1) != 1)
		uv_close((uv_handle_t *)timer, NULL);
}

/* One byte now and then keeps no connection alive. */
static void a_drip_of_bytes_does_not_put_the_deadline_off(void **state)
{
	struct fixture *f = *state;
	uv_timer_t timer = {.data = f};

	begin_again(f, FAR_MS, 100, FAR_MS);
	put_frame(f, "a");
	turn(f);
	put(f, "\x64\0\0\0", 4);
	assert_int_equal(uv_timer_init(&f->loop, &timer), 0);
	assert_int_equal(uv_timer_start(&timer, on_drip, 10, 10), 0);
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_FRAME_TIMEOUT);
	assert_int_equal(f->frame_count, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void the_first_frame_has_a_deadline(void **state)
{
	struct fixture *f = *state;

	begin_again(f, 20, FAR_MS, FAR_MS);
	put(f, "\1", 1);
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_HELLO_TIMEOUT);
}

static void a_connection_without_requests_has_a_deadline(void **state)
{
	struct fixture *f = *state;

	begin_again(f, FAR_MS, FAR_MS, 20);
	put_frame(f, "a");
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_IDLE);
}

static void a_request_in_flight_is_not_idle(void **state)
{
	struct fixture *f = *state;
	uint64_t began;

	begin_again(f, FAR_MS, 10, 10);
	f->answers_later = true;
	put_frame(f, "a");
	turn(f);
	began = uv_now(&f->loop);
	while (uv_now(&f->loop) < began + 50)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_false(f->is_closed);
	conn_done(&f->conn);
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_IDLE);
}

static void an_aborted_connection_takes_no_output(void **state)
{
	struct fixture *f = *state;

	conn_abort(&f->conn, CONN_END_STOP);
	assert_null(conn_reserve(&f->conn, 1));
	conn_abort(&f->conn, CONN_END_IO);
	conn_finish(&f->conn, CONN_END_IO);
	run_until_closed(f);
	assert_int_equal(f->end, CONN_END_STOP);
}

static void every_end_has_a_text(void **state)
{
	(void)state;
	for (int end = 0; end < CONN_END_COUNT; end++)
		assert_string_not_equal(conn_end_text((enum conn_end)end), "unknown");
	assert_string_equal(conn_end_text(CONN_END_COUNT), "unknown");
}

#define CONN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONN_TEST(a_frame_arrives_whole),
		CONN_TEST(a_frame_may_come_byte_by_byte),
		CONN_TEST(many_frames_may_come_at_once_and_the_last_in_part),
		CONN_TEST(wherever_a_stream_is_cut_the_frames_are_the_same),
		CONN_TEST(the_longest_frame_is_taken),
		CONN_TEST(a_length_of_zero_is_refused),
		CONN_TEST(a_length_above_the_limit_is_refused),
		CONN_TEST(the_largest_length_is_refused_without_memory_for_it),
		CONN_TEST(a_refused_length_that_comes_in_parts_is_refused),
		CONN_TEST(answers_are_written_once_a_pass),
		CONN_TEST(a_peer_that_closes_is_noticed),
		CONN_TEST(a_peer_that_closes_its_sending_half_still_gets_its_answer),
		CONN_TEST(answers_to_a_peer_that_is_gone_are_dropped),
		CONN_TEST(what_the_socket_took_is_known_when_the_connection_ends),
		CONN_TEST(what_the_socket_took_of_more_than_it_holds_is_known),
		CONN_TEST(the_memory_of_all_connections_is_known_and_given_back),
		CONN_TEST(a_frame_that_takes_all_memory_is_taken_and_one_that_takes_more_is_not),
		CONN_TEST(who_does_not_read_is_dropped_when_memory_is_spent),
		CONN_TEST(above_the_limit_in_flight_nothing_is_read),
		CONN_TEST(a_peer_that_never_reads_is_paused_and_dropped),
		CONN_TEST(what_waits_for_the_peer_has_a_limit),
		CONN_TEST(a_peer_that_reads_slowly_gets_all_of_it),
		CONN_TEST(what_is_finished_is_written_before_the_end),
		CONN_TEST(nothing_is_read_after_finishing),
		CONN_TEST(finishing_has_a_deadline),
		CONN_TEST(a_frame_that_does_not_end_has_a_deadline),
		CONN_TEST(a_drip_of_bytes_does_not_put_the_deadline_off),
		CONN_TEST(the_first_frame_has_a_deadline),
		CONN_TEST(a_connection_without_requests_has_a_deadline),
		CONN_TEST(a_request_in_flight_is_not_idle),
		CONN_TEST(an_aborted_connection_takes_no_output),
		cmocka_unit_test(every_end_has_a_text),
	};

	/* As the daemon does before anything else. */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
