/*
 * A channel in memory, without threads: the test is the world. Time stands still unless the test
 * moves it, connecting gives what the test says, and what the client writes is kept for it.
 */
#ifndef TESTS_CLIENT_FAKE_CHANNEL_H
#define TESTS_CLIENT_FAKE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "client-plugin/channel.h"
#include "proto/authz.h"

enum { FAKE_START_MS = 1000000 };

struct channel {
	const struct channel_events *events;
	void *arg;
	int64_t now_ms, wall_us;
	int64_t next_ms; /* what the last turn asked for */
	enum client_reason connect_result;
	struct channel_obstacle obstacle;
	bool connected;
	unsigned connect_count, disconnect_count, wake_count;
	void (*on_wake)(void *arg); /* from channel_wake(), by the thread that asks */
	void *on_wake_arg;
	int64_t connected_ms; /* when channel_connect() was last called */
	bool hold_writes;     /* a write does not complete until the test lets it */
	const uint8_t *writing;
	size_t writing_bytes;
	struct buf written; /* since the connection was made; what was read is consumed */
	uint8_t random;
	uint64_t memory[4096]; /* of the request read last */
};

/* What the next channel_connect() of channels made from now on gives; CLIENT_OK at first. */
void fake_channel_set_connect_result(enum client_reason result);

/* The channel made last. */
struct channel *fake_channel_last(void);

/* Gives the client's thread turns until it has nothing to do at this time. */
void fake_channel_turn(struct channel *channel);

/* Moves time on and gives turns. */
void fake_channel_advance(struct channel *channel, int64_t ms);

/* Completes a held write and gives turns. */
void fake_channel_complete_write(struct channel *channel);

/* Bytes from the server, and turns. */
void fake_channel_deliver(struct channel *channel, const void *bytes, size_t length);

/* The server closes the connection, and turns. */
void fake_channel_hang_up(struct channel *channel);

/* The next request that the client wrote, or NULL. Valid until the next one is read. Fails the test
 * when it is not a valid request. */
const Wsauthz__Request *fake_channel_read(struct channel *channel);

#endif
