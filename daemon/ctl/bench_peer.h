/* The asking end of wsauthzctl bench: whole questions of the authorize channel, and their answers. */
#ifndef CTL_BENCH_PEER_H
#define CTL_BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "platform/channel.h"
#include "proto/authz.h"

enum { BENCH_PEER_TIMEOUT_MS = 10000 };

struct bench_peer {
	struct channel *channel; /* owned */
	struct buf in, out;
	uint64_t next_id;
	bool is_greeted; /* answers are decisions; otherwise they are the questions themselves */
};

/* Takes over the channel, also on failure. The question is one that the policy of bench_peer_policy
 * allows. All functions say what went wrong in `why`. */
bool bench_peer_init(struct bench_peer *peer, struct channel *channel, struct buf *why);
void bench_peer_deinit(struct bench_peer *peer);

/* Says Hello and connects the user, who has a record from then on. */
bool bench_peer_greet(struct bench_peer *peer, struct buf *why);

/* Sends that many questions in one go and waits for all answers; the last must allow. */
bool bench_peer_ask(struct bench_peer *peer, size_t count, struct buf *why);

/* A policy that allows what is asked. */
extern const char bench_peer_policy[];

#endif
