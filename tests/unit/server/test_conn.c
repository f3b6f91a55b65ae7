/* What a connection takes and gives: frames in, answers out, and the memory both may hold. */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pair.h"
#include "proto/frame.h"
#include "support/cmocka.h"

static void a_frame_arrives_whole(void **state)
{
	struct pair *f = *state;

	pair_put_frame(f, "hello");
	pair_turn(f);
	assert_int_equal(f->frame_count, 1);
	assert_string_equal(f->frames[0], "hello");
	assert_int_equal(f->conn.state, CONN_OPEN);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
	static const char bytes[] = "\5\0\0\0hello\1\0\0\0x";
	struct pair *f = *state;

	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		pair_put(f, &bytes[i], 1);
		pair_turn(f);
	}
	assert_int_equal(f->frame_count, 2);
	assert_string_equal(f->frames[0], "hello");
	assert_string_equal(f->frames[1], "x");
}

static void many_frames_may_come_at_once_and_the_last_in_part(void **state)
{
	static const char bytes[] = "\1\0\0\0a\2\0\0\0bb\3\0\0\0ccc\4\0";
	struct pair *f = *state;

	pair_put(f, bytes, sizeof(bytes) - 1);
	pair_turn(f);
	assert_int_equal(f->frame_count, 3);
	assert_string_equal(f->frames[2], "ccc");
	pair_put(f, "\0\0dddd\1\0\0\0e", 11);
	pair_turn(f);
	assert_int_equal(f->frame_count, 5);
	assert_string_equal(f->frames[3], "dddd");
	assert_string_equal(f->frames[4], "e");
}

/* Every way to cut a stream of three frames into two pieces gives the same three frames. */
static void wherever_a_stream_is_cut_the_frames_are_the_same(void **state)
{
	static const char bytes[] = "\3\0\0\0one\1\0\0\0x\5\0\0\0three";
	const size_t length = sizeof(bytes) - 1;
	struct pair *f = *state;

	for (size_t cut = 1; cut < length; cut++) {
		f->frame_count = 0;
		pair_put(f, bytes, cut);
		pair_turn(f);
		pair_put(f, bytes + cut, length - cut);
		pair_turn(f);
		assert_int_equal(f->frame_count, 3);
		assert_string_equal(f->frames[0], "one");
		assert_string_equal(f->frames[1], "x");
		assert_string_equal(f->frames[2], "three");
	}
}

static void the_longest_frame_is_taken(void **state)
{
	struct pair *f = *state;
	char payload[PAIR_MAX_PAYLOAD + 1];

	memset(payload, 'p', PAIR_MAX_PAYLOAD);
	payload[PAIR_MAX_PAYLOAD] = '\0';
	pair_put_frame(f, payload);
	pair_turn(f);
	assert_int_equal(f->frame_count, 1);
	assert_string_equal(f->frames[0], payload);
}

static void assert_refuses_length(struct pair *f, uint32_t length)
{
	uint8_t header[FRAME_HEADER_BYTES];

	frame_write_header(header, length);
	pair_put(f, header, sizeof(header));
	pair_put(f, "more", 4);
	pair_run_until_closed(f);
	assert_int_equal(f->frame_count, 0);
	assert_int_equal(f->bad_count, 1);
	assert_int_equal(f->bad_length, length);
	assert_int_equal(f->end, CONN_END_REFUSED);
	/* The last words arrive before the end. */
	assert_int_equal(pair_drain(f), 3);
}

static void a_length_of_zero_is_refused(void **state)
{
	assert_refuses_length(*state, 0);
}

static void a_length_above_the_limit_is_refused(void **state)
{
	assert_refuses_length(*state, PAIR_MAX_PAYLOAD + 1);
}

static void the_largest_length_is_refused_without_memory_for_it(void **state)
{
	struct pair *f = *state;

	assert_refuses_length(f, UINT32_MAX);
}

static void a_refused_length_that_comes_in_parts_is_refused(void **state)
{
	struct pair *f = *state;

	pair_put(f, "\xff\xff", 2);
	pair_turn(f);
	assert_int_equal(f->bad_count, 0);
	pair_put(f, "\xff\x7f", 2);
	pair_run_until_closed(f);
	assert_int_equal(f->bad_length, 0x7fffffff);
}

static void answers_are_written_once_a_pass(void **state)
{
	struct pair *f = *state;

	f->answer_bytes = 10;
	pair_put_frame(f, "a");
	pair_put_frame(f, "b");
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->frame_count, 2);
	assert_int_equal(pair_drain(f), 0);
	conn_pool_flush(&f->pool);
	assert_int_equal(pair_drain(f), 20);
}

static void a_peer_that_closes_is_noticed(void **state)
{
	struct pair *f = *state;

	close(f->peer);
	f->peer = -1;
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_PEER);
}

static void a_peer_that_closes_its_sending_half_still_gets_its_answer(void **state)
{
	struct pair *f = *state;

	f->answers_later = true;
	pair_put_frame(f, "a");
	assert_int_equal(shutdown(f->peer, SHUT_WR), 0);
	pair_turn(f);
	pair_turn(f);
	assert_int_equal(f->conn.state, CONN_FINISHING);
	assert_false(f->is_closed);
	pair_send(f, 7);
	conn_done(&f->conn);
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_PEER);
	assert_int_equal(pair_drain(f), 7);
}

static void answers_to_a_peer_that_is_gone_are_dropped(void **state)
{
	struct pair *f = *state;

	f->answers_later = true;
	pair_put_frame(f, "a");
	pair_turn(f);
	close(f->peer);
	f->peer = -1;
	pair_send(f, 7);
	conn_done(&f->conn);
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_PEER);
}

static void what_the_socket_took_is_known_when_the_connection_ends(void **state)
{
	struct pair *f = *state;

	pair_turn(f);
	pair_send(f, 10);
	pair_turn(f);
	assert_int_equal(f->conn.sent_bytes, 10);
	assert_int_equal(f->conn.written_bytes, 10);
	pair_send(f, 7);
	assert_int_equal(f->conn.sent_bytes, 17);
	close(f->peer);
	f->peer = -1;
	pair_run_until_closed(f);
	assert_int_equal(f->conn.sent_bytes, 17);
	assert_int_equal(f->conn.written_bytes, 10);
}

static void what_the_socket_took_of_more_than_it_holds_is_known(void **state)
{
	struct pair *f = *state;
	size_t received = 0;
	char bytes[4096];
	ssize_t got;

	pair_turn(f);
	while (!f->conn.is_writing) {
		pair_send(f, CONN_OUTPUT_MAX_BYTES / 4);
		conn_pool_flush(&f->pool);
	}
	/* The loop goes on with the rest, and does not come to its end. */
	assert_true(read(f->peer, bytes, sizeof(bytes)) == sizeof(bytes));
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_true(f->conn.is_writing);
	conn_abort(&f->conn, CONN_END_STOP);
	pair_run_until_closed(f);
	received = sizeof(bytes);
	while ((got = read(f->peer, bytes, sizeof(bytes))) > 0)
		received += (size_t)got;
	assert_int_equal(f->conn.written_bytes, received);
	assert_true(f->conn.sent_bytes > received);
}

static void above_the_limit_in_flight_nothing_is_read(void **state)
{
	struct pair *f = *state;

	f->answers_later = true;
	for (int i = 0; i < PAIR_MAX_IN_FLIGHT; i++)
		pair_put_frame(f, "a");
	pair_turn(f);
	assert_int_equal(f->frame_count, PAIR_MAX_IN_FLIGHT);
	assert_false(f->conn.is_reading);
	pair_put_frame(f, "b");
	pair_turn(f);
	assert_int_equal(f->frame_count, PAIR_MAX_IN_FLIGHT);
	conn_done(&f->conn);
	pair_turn(f);
	assert_int_equal(f->frame_count, PAIR_MAX_IN_FLIGHT + 1);
}

/* A peer that sends and never reads: reading pauses, then the time for writing runs out. */
static void a_peer_that_never_reads_is_paused_and_dropped(void **state)
{
	struct pair *f = *state;
	size_t before;

	pair_begin_again(f, PAIR_FAR_MS, 50, PAIR_FAR_MS);
	f->answer_bytes = 64 * 1024;
	for (int i = 0; i < 100 && (i == 0 || f->conn.is_reading); i++) {
		pair_put_frame(f, "a");
		pair_turn(f);
	}
	assert_false(f->conn.is_reading);
	assert_in_range(f->conn.output.length + f->conn.writing.length, CONN_OUTPUT_PAUSE_BYTES,
			CONN_OUTPUT_PAUSE_BYTES + f->answer_bytes);
	before = f->frame_count;
	pair_put_frame(f, "a");
	pair_run_until_closed(f);
	assert_int_equal(f->frame_count, before);
	assert_int_equal(f->end, CONN_END_SLOW_READER);
}

static void what_waits_for_the_peer_has_a_limit(void **state)
{
	struct pair *f = *state;

	pair_put_frame(f, "a");
	pair_turn(f);
	pair_send(f, CONN_OUTPUT_MAX_BYTES);
	assert_false(f->is_closed);
	assert_int_equal(f->conn.state, CONN_OPEN);
	pair_send(f, 1);
	assert_int_equal(f->conn.state, CONN_CLOSING);
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_SLOW_READER);
}

/* Counts what all connections hold; what is held is given back when it is not needed. */
static void the_memory_of_all_connections_is_known_and_given_back(void **state)
{
	struct pair *f = *state;

	pair_put_frame(f, "a");
	pair_turn(f);
	pair_send(f, CONN_OUTPUT_MAX_BYTES);
	assert_true(f->pool.held_bytes >= CONN_OUTPUT_MAX_BYTES);
	for (int i = 0; i < 10000 && f->pool.held_bytes > (size_t)3 * CONN_KEEP_BYTES; i++) {
		pair_turn(f);
		pair_drain(f);
	}
	assert_in_range(f->pool.held_bytes, 0, 3 * CONN_KEEP_BYTES);
	conn_abort(&f->conn, CONN_END_STOP);
	pair_run_until_closed(f);
	assert_int_equal(f->pool.held_bytes, 0);
}

static void a_frame_that_takes_all_memory_is_taken_and_one_that_takes_more_is_not(void **state)
{
	struct pair *f = *state;

	pair_put(f, "\x64\0\0\0half", 8);
	pair_turn(f);
	assert_true(f->pool.held_bytes > 0);
	f->pool.max_bytes = f->pool.held_bytes;
	pair_put(f, "a", 1);
	pair_turn(f);
	assert_false(f->is_closed);
	f->pool.max_bytes = f->pool.held_bytes - 1;
	pair_put(f, "b", 1);
	pair_turn(f);
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_MEMORY_LIMIT);
}

static void who_does_not_read_is_dropped_when_memory_is_spent(void **state)
{
	struct pair *f = *state;

	f->pool.max_bytes = 0;
	pair_put_frame(f, "a");
	pair_turn(f);
	/* Who reads is answered all the same. */
	pair_send(f, 1000);
	pair_turn(f);
	assert_false(f->is_closed);
	pair_send(f, CONN_OUTPUT_PAUSE_BYTES * 3);
	pair_turn(f);
	assert_true(f->conn.is_writing);
	assert_null(conn_reserve(&f->conn, 1));
	pair_run_until_closed(f);
	assert_int_equal(f->end, CONN_END_MEMORY_LIMIT);
}

static void a_peer_that_reads_slowly_gets_all_of_it(void **state)
{
	struct pair *f = *state;
	ssize_t total = 0;

	pair_put_frame(f, "a");
	pair_turn(f);
	pair_send(f, CONN_OUTPUT_MAX_BYTES);
	for (int i = 0; i < 10000 && total < CONN_OUTPUT_MAX_BYTES; i++) {
		pair_turn(f);
		total += pair_drain(f);
	}
	assert_int_equal(total, CONN_OUTPUT_MAX_BYTES);
	pair_turn(f);
	assert_true(f->conn.is_reading);
	assert_false(f->conn.is_writing);
	/* A buffer of that size is not kept. */
	assert_true(f->conn.output.capacity <= CONN_KEEP_BYTES);
}

#define CONN_TEST(name) cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)

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
	};

	/* As the daemon does before anything else. */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
