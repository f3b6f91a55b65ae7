/*
 * What answering a request takes, put together by server.c and used by everything between a frame
 * and its reply. Loop thread.
 */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "authz/blocks.h"
#include "authz/decide.h"
#include "authz/records.h"
#include "base/hash.h"
#include "base/log.h"
#include "cedar/cedar.h"
#include "config/settings.h"
#include "platform/clock.h"
#include "server/audit_events.h"
#include "server/audit_log.h"
#include "server/audit_queue.h"
#include "server/block_keeper.h"
#include "server/changes.h"
#include "server/failure_reports.h"
#include "server/metrics.h"
#include "server/policy.h"
#include "server/rates.h"
#include "server/record_keeper.h"
#include "server/shadow.h"

struct metrics_file;
struct repeats;
struct request;
struct session_owner;

/* Events that a peer can cause are logged within a budget of their kind. */
struct service_rates {
	struct log_rate refusals;
	struct log_rate connections;
	struct log_rate forbidden;
	struct log_rate exhaustion;
};

struct service {
	const struct settings *settings;
	const struct log *log;
	const struct clock *clock;
	struct hash_key hash_key; /* for tables keyed by what peers send */
	const struct boot_id *boot_id;

	struct records *records;
	struct blocks *blocks;
	struct cedar_request *cedar;
	struct buf scratch;
	struct policy *policy;
	struct repeats *repeats;
	const struct policy_watch *policy_watch; /* NULL: changes are not looked for */
	struct shadow *shadow;                   /* NULL without a shadow policy */
	struct audit_log *audit_log;
	struct audit_queue *audit;
	struct audit_events *events;
	struct record_keeper *keeper;
	struct changes *changes;
	struct block_keeper *block_keeper;

	struct metrics metrics;
	struct metrics_file *metrics_file;
	struct service_rates rates;
	struct failure_reports reports;
	struct rates *principal_rates; /* NULL for any number */
	const struct conn_pool *pool;
	uint64_t last_decision_id; /* relaxed: the last that was given; strict: the last recorded */
	uint64_t connection_count; /* that were ever accepted; numbers them */
	const struct session_owner *authorize_sessions, *admin_sessions;
	int64_t started_us;
	int64_t started_ms;

	/* Local time minus UTC, of the minute in which it was looked up last. */
	int64_t offset_minute;
	int32_t offset_s;

	struct request *free_requests;
	uint32_t free_request_count;
};

/* The time now, as blocks see it. */
struct block_time service_block_time(const struct service *service);

/* The time now, as decisions see it. */
struct instant service_now(struct service *service);

/* Memory that clients make the daemon hold: connections, and requests that wait for the disk. */
uint64_t service_held_bytes(const struct service *service);

/* Whether that is all they may. */
bool service_is_full(const struct service *service);

/* What decisions are made with now. */
struct decider service_decider(struct service *service);

#endif
