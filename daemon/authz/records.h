/*
 * The user records: who was let in, under which revision of the policy, and for how long. While a
 * record lives, Connect is not asked again. Loop thread only.
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
 * lifetime, the last millisecond of either included.
 */
#ifndef AUTHZ_RECORDS_H
#define AUTHZ_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authz/identity.h"
#include "authz/obligations.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

enum { RECORD_ID_BYTES = 16, RECORDS_DEFAULT_MAX_COUNT = 100000 };

/* Names a record to the outside. Cannot be guessed; all zero names none. */
struct record_id {
	uint8_t bytes[RECORD_ID_BYTES];
};

bool record_id_equal(struct record_id a, struct record_id b);
bool record_id_is_none(struct record_id id);

/* A live record, for reading. */
struct record {
	struct record_id id;
	struct record_key key;
	struct str application;
	struct str principal;
	struct str name; /* as the sender gave it when the record was made */
	struct str mechanism;
	uint64_t revision;    /* of the policy that let the user in */
	uint64_t decision_id; /* audit row that did */
	int64_t created_us;   /* wall clock, for people */
	int64_t created_ms;   /* boot clock */
	int64_t last_used_ms; /* boot clock */
	struct grant grant;   /* time-outs are set; quota may have fields that are 0 */
	bool administrator;
	uint32_t context_count; /* contexts that hosts hold */
};

/* What a decision does to a record once its audit row is durable. */
enum record_change_kind {
	RECORD_KEEP,  /* nothing */
	RECORD_TOUCH, /* it was used */
	RECORD_PUT,   /* it begins, or goes on under another revision; was reserved */
	RECORD_END,   /* its user may no longer connect */
};

struct record_change {
	enum record_change_kind kind;
	struct record_id id;
	int64_t now_ms;    /* boot clock of the decision */
	bool adds_context; /* the answer gives the host a context */
	/* RECORD_PUT: what the record is to be. Texts live as long as the decision. id, key,
	 * last_used_ms and context_count are not read; created_* only when the record begins. */
	struct record record;
};

struct records;

/* `secret` must be random; record ids are derived from it. At most `max_count` records live or are
 * pending at the same time. */
enum error records_new(size_t max_count, const uint8_t secret[32],
		       struct records **out) ATTR_MUST_CHECK;
void records_free(struct records *records);

/* The live record with this key or id that may still be used at `now_ms`, or NULL. Valid until the
 * records change. */
const struct record *records_find(const struct records *records, const struct record_key *key,
				  int64_t now_ms);
const struct record *records_find_id(const struct records *records, struct record_id id,
				     int64_t now_ms);

/* The id of the record with this key, which is made pending when there is none. Each reservation
 * is ended by exactly one records_apply() or records_drop() of a RECORD_PUT. ERR_LIMIT when the
 * table is full, ERR_NO_MEMORY. */
enum error records_reserve(struct records *records, const struct record_key *key,
			   struct record_id *id) ATTR_MUST_CHECK;

/* Applies a change whose audit row is durable, and returns true when the record it is about lives
 * afterwards. False when it does not, also for lack of memory: the answer stands, and the next
 * request is evaluated afresh. `decision_id` is the number of the audit row. */
bool records_apply(struct records *records, const struct record_change *change,
		   uint64_t decision_id);

/* Forgets a change whose audit row was not written. */
void records_drop(struct records *records, const struct record_change *change);

/* Ends a record at once, as an administrator asks. True when it lived or was pending. */
bool records_revoke(struct records *records, struct record_id id);

/* Ends all records of a principal or of a case-folded name; returns how many. */
size_t records_revoke_principal(struct records *records, struct str principal);

/* A host gave back a context. The record ends with the last one. An unknown id is ignored. */
void records_release(struct records *records, struct record_id id);

/* Ends the records that may no longer be used at `now_ms`; returns how many. Costs what it ends. */
size_t records_expire(struct records *records, int64_t now_ms);

/* When records_expire() has something to do at the earliest; INT64_MAX when never. */
int64_t records_next_expiry_ms(const struct records *records);

/* Live records; pending ones do not count. */
size_t records_count(const struct records *records);

/* Visits the live records in no particular order; stops when `visit` returns false. `visit` must
 * not change the records. */
void records_each(const struct records *records,
		  bool (*visit)(const struct record *record, void *arg), void *arg);

#endif
