/*
 * A connection under test with its peer at the other end of a socket pair. Its owner notes what it is told
 * and, if asked to, answers every frame with as many bytes as `answer_bytes`.
 */
#ifndef TESTS_SERVER_PAIR_H
#define TESTS_SERVER_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/conn.h"

enum {
	PAIR_MAX_PAYLOAD = 100,
	PAIR_MAX_IN_FLIGHT = 4,
	PAIR_FRAMES_MAX = 64, /* that are kept */
	PAIR_FAR_MS = 60000,
};

struct pair {
	uv_loop_t loop;
	struct conn_pool pool;
	struct conn_limits limits;
	struct conn conn;
	int peer;

	char frames[PAIR_FRAMES_MAX][PAIR_MAX_PAYLOAD + 1];
	size_t frame_count;
	uint32_t bad_length;
	size_t bad_count;
	size_t answer_bytes;
	bool answers_later;
	bool is_closed;
	enum conn_end end;
};

/* For each test: the state is a pair whose deadlines are far away. */
int pair_setup(void **state);
int pair_teardown(void **state);

/* Begins anew with other deadlines. */
void pair_begin_again(struct pair *f, int64_t hello_ms, int64_t frame_ms, int64_t idle_ms);

/* Lets the loop do what there is to do now. */
void pair_turn(struct pair *f);

/* Runs until the connection is gone, by a deadline or otherwise. */
void pair_run_until_closed(struct pair *f);

/* Sends so many bytes to the peer, if the connection takes them. */
void pair_send(struct pair *f, size_t length);

/* The peer writes. */
void pair_put(struct pair *f, const void *bytes, size_t length);
void pair_put_frame(struct pair *f, const char *payload);

/* Reads all the peer can read; -1 at the end of the stream. */
ssize_t pair_drain(struct pair *f);

#endif
