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

enum { LOAD_MAX_CONNECTIONS = 1024, LOAD_MAX_OUTSTANDING = 64 };

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
	struct load_peer *peers; /* connection_count of them */
	/* Gives a request its number, from 1 on each connection; NULL to send it as it is. */
	void (*stamp)(struct load_peer *peer, uint64_t number);
	/* Looks at a reply payload; false counts it as failed. NULL to take any. */
	bool (*check)(const unsigned char *payload, size_t length);
};

struct load_result {
	uint64_t replies; /* within the measured time */
	uint64_t failed;  /* replies that `check` refused, from the start */
	double seconds;
	double p50_us, p99_us; /* from a request's write to its reply's read, at 1 outstanding */
	double max_us;         /* likewise, of the slowest */
};

/* Runs the plan; false with a message on stderr when a connection fails. */
bool load_run(const struct load_plan *plan, struct load_result *result);

#endif
