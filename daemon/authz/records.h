/*
 * The user records: who was let in, at which endpoint, under which revision of the policy, and for
 * how long. While a record lives, Connect is not asked again there. Loop thread only.
 *
 * A record exists only behind the audit row that allowed it. A decision that allows reserves its
 * record; until the row is durable the record is pending, answers nobody and is not listed. Then
 * the decision's change is applied, or, when the row could not be written, dropped:
 *
 *	records_reserve()  ->  audit row committed  ->  records_apply()
 *	                   ->  failed, request gone ->  records_drop()
 *
 * Decisions on the same key that wait at the same time share one record id. A record that is ended
 * while changes to it wait stays ended: applying them then does nothing.
 *
 * Time is the boot clock (base/clock.h): a record is used within its idle time-out and its maximum
 * lifetime, the last millisecond of either included. A revoked record is remembered for the rest of
 * its lifetime.
 */
#ifndef AUTHZ_RECORDS_H
#define AUTHZ_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authz/identity.h"
#include "authz/obligations.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "store/state.h"

enum {
	RECORD_ID_BYTES = 16,
	RECORDS_DEFAULT_MAX_COUNT = 100000,
	RECORDS_MAX_TEXT_BYTES = 256 << 20, /* owners of all records together */
};

/* Names a record to the outside. Cannot be guessed; all zero names none. */
struct record_id {
	uint8_t bytes[RECORD_ID_BYTES];
};

bool record_id_equal(struct record_id a, struct record_id b);
bool record_id_is_none(struct record_id id);

/* Whose record it is. */
struct record_owner {
	struct record_key key;
	struct str application;
	struct str principal;
	struct str name; /* as the sender gave it when the record was made */
	struct str mechanism;
};

/* A live record, for reading. */
struct record {
	struct record_id id;
	struct record_owner owner;
	struct record_endpoint endpoint; /* where the user was let in last */
	uint64_t revision;               /* of the policy that let the user in */
	uint64_t decision_id;            /* audit row that says so */
	int64_t created_us;              /* wall clock, for people */
	int64_t created_ms;              /* boot clock */
	int64_t last_used_ms;            /* boot clock */
	struct grant grant;              /* time-outs are set; fields of the quota may be 0 */
	bool administrator;
	bool revoked;           /* by an administrator: it admits nobody, but is remembered */
	uint32_t context_count; /* contexts that hosts hold, as far as this process knows */
};

/* The last millisecond, by the boot clock, at which it may be used; of a revoked one, at which it
 * is remembered. */
static inline int64_t record_last_usable_ms(const struct record *record)
{
	int64_t idle_ms = record->last_used_ms + record->grant.idle_timeout_ms;
	int64_t life_ms = record->created_ms + record->grant.max_lifetime_ms;

	return idle_ms < life_ms && !record->revoked ? idle_ms : life_ms;
}

/* What a decision does to a record once its audit row is durable. */
enum record_change_kind {
	RECORD_KEEP,  /* nothing */
	RECORD_TOUCH, /* it was used */
	RECORD_PUT,   /* it was reserved, and begins or goes on as the change says */
	RECORD_END,   /* its user may no longer connect */
};

struct record_change {
	enum record_change_kind kind;
	struct record_id id;
	int64_t boot_ms;   /* time of the decision */
	bool adds_context; /* the answer gives the host a context */
	/* RECORD_PUT: */
	int64_t wall_us;
	struct record_endpoint endpoint;
	uint64_t revision;
	struct grant grant; /* time-outs are set */
	bool administrator;
};

struct records;

/* `secret` must be random and new for each process; record ids are derived from it. At most
 * `max_count` records live or are pending at the same time. */
enum error records_new(size_t max_count, const uint8_t secret[32],
		       struct records **out) ATTR_MUST_CHECK;
void records_free(struct records *records);

/* The live record with this key or id that may still be used at `now_ms`, or NULL. Valid until the
 * records change. */
const struct record *records_find(const struct records *records, const struct record_key *key,
				  int64_t now_ms);
const struct record *records_find_id(const struct records *records, struct record_id id,
				     int64_t now_ms);

/* The id of the record of this owner, which is made pending when there is none; texts are copied.
 * One that may no longer be used at `now_ms` is ended before. Each reservation is to be ended by
 * exactly one records_apply() or records_drop() of a RECORD_PUT. ERR_LIMIT when the table is full,
 * ERR_NO_MEMORY. */
enum error records_reserve(struct records *records, const struct record_owner *owner,
			   int64_t now_ms, struct record_id *id) ATTR_MUST_CHECK;

/* Applies a change whose audit row, number `decision_id`, is durable. Does nothing to a record that
 * ended meanwhile, and changes nothing that was decided later. Cannot fail. */
void records_apply(struct records *records, const struct record_change *change,
		   uint64_t decision_id);

/* Says that the answer which lets the user in leaves before its audit row, as in relaxed durability:
 * who asks next may be whom it let in. Nothing else changes. */
void records_admit(struct records *records, const struct record_change *change);

/* Forgets a change whose audit row was not written. */
void records_drop(struct records *records, const struct record_change *change);

/* Ends a record at once, as an administrator asks, and with it what waits to be applied to it. WinRM
 * may hold on to the user it was told to let in, so the record is remembered to the end of its
 * maximum lifetime or until its user connects anew: until then records_is_revoked(). A pending one is
 * remembered likewise once its change is applied, as its user is let in then, and forgotten when that
 * is dropped. True when it lived or was pending. */
bool records_revoke(struct records *records, struct record_id id);

/* True when the record with this key was revoked and its user was not let in since. */
bool records_is_revoked(const struct records *records, const struct record_key *key,
			int64_t now_ms);

/* A host gave back a context. The record ends with the last one. An unknown id is ignored. */
void records_release(struct records *records, struct record_id id);

/* Ends the records that may no longer be used at `now_ms`; returns how many. Costs what it ends. */
size_t records_expire(struct records *records, int64_t now_ms);

/* When records_expire() has something to do at the earliest; INT64_MAX when never. */
int64_t records_next_expiry_ms(const struct records *records);

/* Live records; neither pending nor revoked ones count. */
size_t records_count(const struct records *records);

/* Persistence (store/state.h). The table remembers which records changed since they were written;
 * use alone is written only now and then, so that a restart may end a record a little early. */

/* Brings back a record of this boot at start; texts are copied. Contexts that were handed out
 * before are not known any more. Ignores a record that may no longer be used at `now_ms`.
 * ERR_INVALID for values that no record can have, ERR_EXISTS, ERR_LIMIT, ERR_NO_MEMORY. */
enum error records_load(struct records *records, const struct state_record *row,
			int64_t now_ms) ATTR_MUST_CHECK;

/* Collects at most `max_count` changes for state_apply_records() into `arena`. Until
 * records_changes_written() no further changes are collected. ERR_NO_MEMORY changes nothing. */
enum error records_collect_changes(struct records *records, struct arena *arena,
				   const uint8_t boot_id[STATE_BOOT_ID_BYTES], size_t max_count,
				   struct state_record_changes *changes) ATTR_MUST_CHECK;

/* Says whether the changes last collected are on disk; if not, they will be collected again. */
void records_changes_written(struct records *records, bool written);

/* True when all that happened to the record so far was written; also for one that is unknown. Not
 * for one that was revoked while it is pending: what was revoked can be written only behind its
 * audit row. */
bool records_is_stored(const struct records *records, struct record_id id);

/* True when records_collect_changes() has something to collect. */
bool records_have_changes(const struct records *records);

/* Visits the live records, and those that are remembered as revoked, in no particular order; stops
 * when `visit` returns false. `visit` must not change the records. */
void records_each(const struct records *records,
		  bool (*visit)(const struct record *record, void *arg), void *arg);

/* The same, and visits also the pending ones, of which only the owner is set. */
void records_each_owner(const struct records *records,
			bool (*visit)(const struct record *record, void *arg), void *arg);

#endif
