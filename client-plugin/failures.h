/*
 * How often the client denied by itself, by reason: counted from any thread, and reported to the
 * daemon from the client's thread. A report stays open until the daemon acknowledges it; what was
 * not acknowledged is part of the next one.
 */
#ifndef CLIENT_PLUGIN_FAILURES_H
#define CLIENT_PLUGIN_FAILURES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client-plugin/client.h"

/* Space for the frame of any report. */
enum { FAILURES_FRAME_BYTES = 1024 };

struct failures {
	atomic_uint_fast64_t counts[CLIENT_REASON_COUNT];
	/* The client's thread only: */
	uint64_t acknowledged[CLIENT_REASON_COUNT];
	uint64_t reported[CLIENT_REASON_COUNT]; /* counts as of the open report */
	uint64_t report_id;                     /* of the open report; 0 when there is none */
	int64_t since_us;                       /* wall clock: where the next report begins */
	int64_t reported_us;                    /* where the open report ends */
};

void failures_init(struct failures *failures, int64_t now_us);

/* Any thread. Only reasons that a client denies with are counted. */
void failures_count(struct failures *failures, enum client_reason reason);
uint64_t failures_get(const struct failures *failures, enum client_reason reason);

/* True when no report is open and there is something to tell. */
bool failures_due(const struct failures *failures);

/* Opens a report under this request id and writes its frame; returns the frame's length. */
size_t failures_report(struct failures *failures, uint64_t id, int64_t now_us,
		       uint8_t frame[FAILURES_FRAME_BYTES]);

/* The open report was recorded by the daemon. */
void failures_acknowledge(struct failures *failures);

/* The open report was refused, or its connection ended. */
void failures_abandon(struct failures *failures);

#endif
