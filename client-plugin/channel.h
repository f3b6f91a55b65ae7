/*
 * The port through which the client reaches the world: one connection at a time, one thread, time
 * and randomness. channel_posix.c implements it with a Unix socket; tests implement it in memory.
 *
 * The channel's thread calls on_turn, waits for the connection, for channel_wake() and for the time
 * that on_turn asked for, delivers what happened, and starts again. All events come from that
 * thread, and never from inside a function of this header.
 */
#ifndef CLIENT_PLUGIN_CHANNEL_H
#define CLIENT_PLUGIN_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "client-plugin/client.h"

struct channel;

#define CHANNEL_STOP INT64_MIN /* from on_turn: end the thread */

struct channel_events {
	/* Does what is due and returns when it wants to be called again at the latest, by
	 * channel_now_ms(), or CHANNEL_STOP. */
	int64_t (*on_turn)(void *arg, int64_t now_ms);
	/* Bytes from the server, valid during the call. */
	void (*on_bytes)(void *arg, const uint8_t *bytes, size_t length);
	/* The write that was started is complete. */
	void (*on_written)(void *arg);
	/* The connection ended. Does not follow channel_disconnect(). */
	void (*on_closed)(void *arg);
};

/* `endpoint` and `server_owner` as in struct client_settings, copied; `events` and `arg` are
 * borrowed until channel_free(). CLIENT_INVALID, CLIENT_NO_MEMORY. */
enum client_reason channel_new(const char *endpoint, const char *server_owner,
			       const struct channel_events *events, void *arg,
			       struct channel **out);

/* Starts the thread. CLIENT_NO_MEMORY when there is none to be had. */
enum client_reason channel_start(struct channel *channel);

/* Waits until the thread has ended, which on_turn must have been told to ask for. */
void channel_join(struct channel *channel);

/* Closes the connection and frees the channel, whose thread has ended or was never started. Accepts
 * NULL. */
void channel_free(struct channel *channel);

/* Makes the thread call on_turn soon. Any thread, until channel_free(). */
void channel_wake(struct channel *channel);

/* Lets another thread run. Any thread. */
void channel_yield(void);

/* On the channel's thread only: */

/* Connects, without waiting, to a server that server_owner runs: CLIENT_OK, CLIENT_NO_SERVER,
 * CLIENT_WRONG_OWNER, CLIENT_NO_MEMORY. There is no connection yet. */
enum client_reason channel_connect(struct channel *channel);

/* What was in the way of the last channel_connect() that failed, for people. */
enum { CHANNEL_OWNER_BYTES = 187 };
struct channel_obstacle {
	enum {
		CHANNEL_FAULT,     /* CLIENT_NO_SERVER: something else than these */
		CHANNEL_ABSENT,    /* there is no endpoint, or nobody listens */
		CHANNEL_NO_ACCESS, /* this account may not open it */
		CHANNEL_BUSY,      /* all its places are taken */
	} kind;
	uint32_t system_error; /* errno, on Windows GetLastError() */
	/* CLIENT_WRONG_OWNER: who it is, written as server_owner; "" when that cannot be told. */
	char owner[CHANNEL_OWNER_BYTES];
};

/* Belongs to the channel and changes with the next channel_connect(). */
const struct channel_obstacle *channel_obstacle(const struct channel *channel);

/* Starts writing. The bytes must stay until on_written or the end of the connection; until then no
 * other write may be started. */
void channel_write(struct channel *channel, const uint8_t *bytes, size_t length);

/* Closes the connection at once; nothing of it is delivered any more. */
void channel_disconnect(struct channel *channel);

/* On any thread: */

/* Milliseconds of a clock that never steps and counts the time the machine sleeps. */
int64_t channel_now_ms(const struct channel *channel);

/* Wall clock, microseconds since 1970-01-01 UTC. */
int64_t channel_wall_us(const struct channel *channel);

/* Unpredictable bytes of the operating system. CLIENT_NO_MEMORY when it has none. */
enum client_reason channel_random(struct channel *channel, void *bytes, size_t length);

/* The id of this process. */
uint32_t channel_process_id(const struct channel *channel);

#endif
