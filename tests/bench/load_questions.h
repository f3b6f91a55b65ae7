/* The questions that a load puts to the daemon: operations of about 450 bytes, by a user of its own on
 * each connection, which the policy allows. */
#ifndef TESTS_BENCH_LOAD_QUESTIONS_H
#define TESTS_BENCH_LOAD_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load.h"

enum {
	LOAD_HELLO_MAX = 512,
	LOAD_REQUEST_MAX = 2048,
	LOAD_POLICY_BYTES = 512,
	LOAD_RESOURCES = 64
};

extern const char load_questions_policy[LOAD_POLICY_BYTES];

struct load_questions {
	unsigned char hello[LOAD_HELLO_MAX];
	unsigned char requests[LOAD_MAX_CONNECTIONS][LOAD_REQUEST_MAX];
	struct load_peer peers[LOAD_MAX_CONNECTIONS];
};

/* Fills in the peers of the first `count` connections; without `hello` for a server that only
 * echoes. */
void load_questions_make(struct load_questions *all, size_t count, bool hello);

/* For struct load_plan: a connection asks the same question each time, or LOAD_RESOURCES in turns, which
 * are more than the daemon remembers when all connections do. */
void load_questions_stamp(struct load_peer *peer, uint64_t number);
void load_questions_stamp_many(struct load_peer *peer, uint64_t number);
bool load_questions_is_allow(const unsigned char *payload, size_t length);

#endif
