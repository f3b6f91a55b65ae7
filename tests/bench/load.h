/*
 * An event-driven load on a Unix socket that speaks length-prefixed frames: C connections, each
 * with N requests outstanding, in one thread (a client of blocking threads would measure the
 * scheduler).
 */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOAD_MAX_CONNECTIONS = 1024, LOAD_MAX_OUTSTANDING = 64, LOAD_BUCKETS = 64 * 64 };

/* What one connection sends. */
struct load_peer {
	const unsigned char
		*hello; /* a whole frame, sent first and answered first; NULL for none */
	size_t hello_bytes;
	unsigned char *request; /* a whole frame; `stamp` changes it before each use */
	size_t request_bytes;
};

struct load_plan {
	const char *path;
	size_t connection_count; /* at most LOAD_MAX_CONNECTIONS */
	size_t outstanding;      /* a connection; at most LOAD_MAX_OUTSTANDING */
	double warm_up_s, measured_s;
	struct load_peer *peers; /* connection_count of them, as long as the load is open */
	/* Gives a request its number, from 1 on each connection; NULL to send it as it is. */
	void (*stamp)(struct load_peer *peer, uint64_t number);
	/* Looks at a reply payload; false counts it as failed. NULL to take any. */
	bool (*check)(const unsigned char *payload, size_t length);
};

/* How long replies took, at 1 outstanding from a request's write to its reply's read: 64 steps for each
 * power of two of nanoseconds. Zeroed at first. */
struct load_times {
	uint32_t buckets[LOAD_BUCKETS];
};

void load_times_add(struct load_times *times, const struct load_times *more);

/* What that share of the replies, 0 to 1, took at most, in microseconds; 0 without replies. */
double load_times_us(const struct load_times *times, double share);

struct load_result {
	uint64_t replies; /* within the measured time */
	uint64_t failed;  /* replies that `check` refused, from the start */
	double seconds;
	struct load_times times;
	double p50_us, p99_us, max_us; /* of `times` */
};

/* Runs the plan; false with a message on stderr when a connection fails. */
bool load_run(const struct load_plan *plan, struct load_result *result);

/* The same in turns: a turn goes on with the connections, and with the requests that the one before left
 * under way. load_close() after a load_open() that failed, too, with what it made, perhaps NULL. */
struct load;
bool load_open(const struct load_plan *plan, struct load **load);
bool load_turn(struct load *load, struct load_result *result);
void load_close(struct load *load);

#endif
