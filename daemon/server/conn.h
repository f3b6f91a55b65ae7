/*
 * A connection: bytes to frames and back, deadlines, and limits on what may gather on either side.
 * It knows nothing of messages; its owner is told of frames and of the end.
 *
 * Output is collected and written once per pass of the loop (conn_pool_flush()). What the peer does
 * not take waits, up to CONN_OUTPUT_MAX_BYTES; then the connection is dropped. Reading pauses while
 * too many frames wait for their answer or too much output waits for the peer.
 *
 * A connection ends in one of two ways: finishing reads no more, lets what is in flight be answered
 * and written, and closes; aborting closes at once. Either way the owner hears it once, last, when
 * nothing of the connection is left in the loop.
 */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

enum {
	CONN_RECEIVE_BYTES = 64 * 1024,
	CONN_OUTPUT_MAX_BYTES = 1024 * 1024,  /* that may wait for the peer */
	CONN_OUTPUT_PAUSE_BYTES = 256 * 1024, /* above it nothing more is read */
	CONN_KEEP_BYTES = 16 * 1024,          /* a larger buffer is freed when it is empty */
};

/* Why a connection ended, for the log and the metrics. */
#define CONN_END_LIST(X)                                                                           \
	X(PEER, "closed by the peer")                                                              \
	X(HELLO_TIMEOUT, "no Hello in time")                                                       \
	X(FRAME_TIMEOUT, "a frame did not arrive in time")                                         \
	X(IDLE, "no request for too long")                                                         \
	X(REFUSED, "the contract was broken")                                                      \
	X(SLOW_READER, "replies were not read")                                                    \
	X(FINISH_TIMEOUT, "the last replies could not be written in time")                         \
	X(IO, "input/output error")                                                                \
	X(MEMORY, "out of memory")                                                                 \
	X(MEMORY_LIMIT, "the memory of all connections is spent")                                  \
	X(STOP, "the daemon stops")

enum conn_end {
#define X(name, text) CONN_END_##name,
	CONN_END_LIST(X)
#undef X
		CONN_END_COUNT
};

/* A static text; any value. */
const char *conn_end_text(enum conn_end end);

enum conn_state {
	CONN_NEW,      /* not started */
	CONN_GREETING, /* its first frame has not been accepted yet */
	CONN_OPEN,
	CONN_FINISHING, /* reads no more, writes what is left */
	CONN_CLOSING,   /* waits for the loop to let go of it */
	CONN_CLOSED,
};

struct conn;

struct conn_limits {
	uint32_t max_payload_bytes;
	uint32_t max_in_flight; /* above it nothing is read */
	bool outlives_memory;   /* is not dropped when all connections take too much */
	int64_t hello_ms;
	int64_t frame_ms; /* for a frame, for the peer to take what was written, and to finish */
	int64_t idle_ms;
};

/* What the owner is told; loop thread. It may finish or abort the connection from each. */
struct conn_owner {
	/* A whole frame; `payload` is valid until the function returns. */
	void (*on_frame)(struct conn *conn, const uint8_t *payload, size_t payload_bytes);
	/* A frame with a refused length; the connection is finished when the function returns. */
	void (*on_bad_frame)(struct conn *conn, uint32_t payload_bytes);
	/* The end. The connection may be freed. */
	void (*on_closed)(struct conn *conn, enum conn_end end);
};

/* What the connections of a loop share. */
struct conn_pool {
	uv_loop_t *loop;
	struct conn *unflushed; /* with output to write, or an end to come to */
	size_t held_bytes;      /* by the buffers of all connections */
	size_t max_bytes;       /* beyond it, what makes them grow ends its connection */
	char receive[CONN_RECEIVE_BYTES];
};

/* Embedded in what owns it; the fields are its own. */
struct conn {
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_write_t write;
	struct conn_pool *pool;
	const struct conn_owner *owner;
	const struct conn_limits *limits;
	enum conn_state state;
	enum conn_end end;
	uint8_t open_handles;
	bool is_reading;
	bool is_writing; /* `writing` is with the loop */
	bool is_unflushed;
	struct conn *next_unflushed;
	uint32_t in_flight;
	struct buf input;   /* the beginning of a frame */
	struct buf output;  /* collected in this pass */
	struct buf writing; /* what the peer did not take at once */
	size_t rest_bytes;  /* of `writing`, with the loop */
	/* Ever. The socket took `written_bytes` of the output; final when the owner hears the end. */
	uint64_t sent_bytes, written_bytes;
	size_t held_bytes; /* by the three, as the pool knows it */
	/* Times of uv_now(). */
	uint64_t started_ms;
	uint64_t frame_started_ms; /* of the frame in `input` */
	uint64_t write_started_ms;
	uint64_t used_ms; /* last request or reply */
	uint64_t finishing_ms;
};

void conn_pool_init(struct conn_pool *pool, uv_loop_t *loop, size_t max_bytes);

/* Writes what was collected; to be called before the loop waits. */
void conn_pool_flush(struct conn_pool *pool);

/* Takes over the connected `descriptor` and reads. `conn` must be zeroed; `limits` and `owner` are
 * borrowed. What fails here ends the connection like any later failure. */
void conn_start(struct conn *conn, struct conn_pool *pool, const struct conn_owner *owner,
		const struct conn_limits *limits, int descriptor);

/* The first frame was what it had to be. */
void conn_open(struct conn *conn);

/* Room for a frame of up to `length` bytes, to be followed by conn_sent() with its true length.
 * NULL when the connection does not take output any more; it is dropped if that is because it
 * holds too much. */
uint8_t *conn_reserve(struct conn *conn, size_t length) ATTR_MUST_CHECK;
void conn_sent(struct conn *conn, size_t length);

/* A frame will be answered later; was answered. */
void conn_begin(struct conn *conn);
void conn_done(struct conn *conn);

/* Ends the connection; without effect on one that is closing. */
void conn_finish(struct conn *conn, enum conn_end end);
void conn_abort(struct conn *conn, enum conn_end end);

#endif
