/* A server on a Unix socket that behaves as told, on a thread of its own. One connection at a time;
 * Hello is answered unless it says otherwise. */
#ifndef TESTS_CLIENT_FAKE_SERVER_H
#define TESTS_CLIENT_FAKE_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "proto/authz.h"

enum fake_behaviour {
	FAKE_ANSWERS,      /* allows everything */
	FAKE_ANSWERS_LATE, /* reads on after fake_server_go(), answers the 200 questions last */
	FAKE_PASSES_DESCRIPTOR, /* the same, with a file descriptor beside each reply */
	FAKE_HANGS_UP,          /* closes the connection at the first question */
	FAKE_SILENT,            /* reads and never answers a question */
	FAKE_DEAF,              /* greets and reads no more */
};

enum { FAKE_LATE_COUNT = 200 };

struct fake_server {
	enum fake_behaviour behaviour;
	int listen_fd, stop_fd, go_fd;
	pthread_t thread;
	atomic_uint accepted_count, ended_count;
	atomic_uint question_count;
	atomic_uint_fast64_t received_bytes;
	uint64_t late_ids[FAKE_LATE_COUNT];
	uint8_t in[FRAME_HEADER_BYTES + FRAME_AUTHZ_MAX_BYTES];
	size_t in_bytes;
	uint64_t memory[BUDGET_AUTHZ_BYTES / 8];
};

/* Listens at `path` and starts the thread; fails the test when it cannot. */
void fake_server_start(struct fake_server *server, const char *path, enum fake_behaviour behaviour);

/* For FAKE_ANSWERS_LATE. */
void fake_server_go(struct fake_server *server);

/* Ends the thread and closes the socket. */
void fake_server_stop(struct fake_server *server);

#endif
