/*
 * The state database (DIR/state.db): what the daemon must still know after a restart. User records
 * live in memory; this is their copy, written behind the audit rows that allowed them. Policy
 * revisions are kept with their full texts, for rollback, explanation and replay.
 *
 * Every function that changes something is one transaction, on disk when it returns ERR_NONE, and
 * changes nothing otherwise. The errors are those of audit_append(): after ERR_FULL, ERR_BUSY and
 * ERR_NO_MEMORY the call may be repeated; after ERR_IO, ERR_CORRUPT and ERR_INTERNAL every further
 * call fails alike until the database is closed and opened again. ERR_LIMIT and ERR_INVALID speak
 * of the arguments. state_failure_text() says more.
 *
 * Synchronous; one thread at a time uses a `struct state`.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "store/env.h"
#include "store/segment.h"

enum {
	STATE_RECORD_ID_BYTES = 16,
	STATE_RECORD_KEY_BYTES = 32,
	STATE_RECORD_ENDPOINT_BYTES = 16,
	STATE_BOOT_ID_BYTES = 16,
	STATE_DIGEST_BYTES = 32,
	STATE_TEXT_MAX_BYTES = 64 * 1024,        /* any text but a policy file */
	STATE_FILE_MAX_BYTES = 16 * 1024 * 1024, /* one policy file */
};

struct state;

/* As audit_open(). */
enum error state_open(const char *directory, const struct store_env *env, bool check,
		      struct state **out, struct buf *why) ATTR_MUST_CHECK;

/* Opens for reading only; functions that change something return ERR_DENIED. ERR_NOT_FOUND when
 * there is no state. `env->create_private` is not used. */
enum error state_open_readonly(const char *directory, const struct store_env *env,
			       struct state **out, struct buf *why) ATTR_MUST_CHECK;

/* Accepts NULL. */
void state_close(struct state *state);

/* What went wrong last, in SQLite's words; "" when nothing did. Valid until the next call. */
const char *state_failure_text(const struct state *state);

/* User records. */

/* One user record. Times are of clock_boot_ms() in the boot `boot_id` names. All texts are
 * borrowed. A zero quota field means that none is set. */
struct state_record {
	uint8_t id[STATE_RECORD_ID_BYTES];
	uint8_t key[STATE_RECORD_KEY_BYTES];           /* digest of what makes the record unique */
	uint8_t endpoint[STATE_RECORD_ENDPOINT_BYTES]; /* digest of where it answers */
	uint8_t boot_id[STATE_BOOT_ID_BYTES];
	struct str application;
	struct str principal;
	struct str user; /* the name as sent, for people */
	struct str mechanism;
	uint64_t policy_revision; /* under which it was last authorized */
	uint64_t decision_id;     /* that allowed it */
	int64_t created_us;       /* wall clock, for people */
	int64_t created_ms;
	int64_t last_used_ms;
	int64_t expires_ms; /* the earlier of idle time-out and maximum lifetime */
	int64_t idle_ms;
	int64_t max_lifetime_ms;
	uint32_t max_shells;
	uint32_t max_operations;
	uint32_t timeslot_s;
	uint32_t max_operations_per_timeslot;
	bool administrator;
	bool revoked; /* by an administrator; kept so that it stays so */
};

/* What a batch does to the records: first the deletions, then the puts. A put replaces the record
 * with the same id or the same key. Deleting what is not there is no error. */
struct state_record_changes {
	const struct state_record *puts;
	size_t put_count;
	const uint8_t (*deletes)[STATE_RECORD_ID_BYTES];
	size_t delete_count;
};

enum error state_apply_records(struct state *state,
			       const struct state_record_changes *changes) ATTR_MUST_CHECK;

/* Removes the records of other boots than `boot_id`, which have expired, then delivers the rest, those that are revoked first.
 * The texts live until `on_record` returns; its error ends the loading and is returned. Nothing
 * that expired within this boot is left out: that is for the caller, who knows the time. */
enum error state_load_records(struct state *state, const uint8_t boot_id[STATE_BOOT_ID_BYTES],
			      enum error (*on_record)(void *arg, const struct state_record *record),
			      void *arg) ATTR_MUST_CHECK;

/* Policy revisions. */

struct state_policy_file {
	struct str name; /* relative to the policy directory, with '/' */
	struct str text;
};

/* One revision: the content of a policy directory as it was activated. */
struct state_revision {
	uint64_t number;                    /* from 1 */
	uint8_t digest[STATE_DIGEST_BYTES]; /* SHA-256 of the content, as the caller computes it */
	int64_t activated_us;               /* wall clock, when it was first activated */
	struct str source;                  /* where it came from, for people */
	const struct state_policy_file *files; /* ascending by the bytes of their names */
	size_t file_count;
};

/* Stores a revision; `revision->number` is not looked at. When the newest revision has the same
 * digest nothing is added. `*number` is the newest revision either way, `*added` tells which. File
 * texts are kept once by content. ERR_INVALID when the names are not strictly ascending. */
enum error state_put_revision(struct state *state, const struct state_revision *revision,
			      uint64_t *number, bool *added) ATTR_MUST_CHECK;

enum state_lookup { STATE_MISSING, STATE_FOUND };

/* Revision `number`, or the newest for 0, with its files; all that `*out` points to lives in
 * `arena`, and `*out` is written only when `*found` is STATE_FOUND. */
enum error state_get_revision(struct state *state, uint64_t number, struct arena *arena,
			      struct state_revision *out, enum state_lookup *found) ATTR_MUST_CHECK;

/* Delivers the revisions, newest first, without their files; `limit` at most, 0 for all. Texts live
 * until `on_revision` returns; when it returns false the listing ends early. */
enum error state_each_revision(struct state *state, uint64_t limit,
			       bool (*on_revision)(void *arg,
						   const struct state_revision *revision),
			       void *arg) ATTR_MUST_CHECK;

/* The pin: the revision that a rollback put in force until the next reload, also across restarts.
 */

/* Pins revision `number`, or ends the pin with 0. `*found` is STATE_MISSING, and nothing changed,
 * when there is no such revision. */
enum error state_set_pin(struct state *state, uint64_t number,
			 enum state_lookup *found) ATTR_MUST_CHECK;

/* The pinned revision, 0 for none. */
enum error state_get_pin(struct state *state, uint64_t *number) ATTR_MUST_CHECK;

/* Blocks. */

#define STATE_BLOCK_FOR_EVER INT64_MAX

/* A principal that an administrator blocked. Texts are borrowed. */
struct state_block {
	struct str principal; /* the key */
	int64_t created_us;   /* wall clock */
	/* Its last moment by either clock, or STATE_BLOCK_FOR_EVER. */
	int64_t until_us;   /* wall clock */
	int64_t until_ms;   /* boot clock of the boot last noted */
	bool by_wall_clock; /* which of the two counts */
	struct str reason;
};

/* Notes how far the boot clock of this boot has come. When another boot was noted before, what was
 * left of each block by the boot clock when that was last noted is left from `boot_ms` on: time in
 * which the machine was off, or in which nothing was noted, does not count. The first note gives
 * blocks that were there before their whole time from `boot_ms` on. */
enum error state_note_block_clock(struct state *state, const uint8_t boot_id[STATE_BOOT_ID_BYTES],
				  int64_t boot_ms) ATTR_MUST_CHECK;

/* Adds a block or replaces the one of the same principal. The boot clock is to be noted before, now
 * and then, and with each block for a span: see state_note_block_clock(). */
enum error state_put_block(struct state *state, const struct state_block *block) ATTR_MUST_CHECK;

/* `*found` tells whether there was one. */
enum error state_delete_block(struct state *state, struct str principal,
			      enum state_lookup *found) ATTR_MUST_CHECK;

/* Deletes the block of this principal if it still is the one that was made then. */
enum error state_delete_old_block(struct state *state, struct str principal,
				  int64_t created_us) ATTR_MUST_CHECK;

/* Delivers all blocks in the order of their principals, also those that ended. Texts live until `on_block` returns; its error ends the loading and is returned. */
enum error state_load_blocks(struct state *state,
			     enum error (*on_block)(void *arg, const struct state_block *block),
			     void *arg) ATTR_MUST_CHECK;

/* What administrators did. */

struct state_action {
	uint64_t id;   /* from 1, given by state_put_action() */
	int64_t at_us; /* wall clock */
	struct str actor;
	struct str action;    /* "records.revoke", "policy.rollback", ... */
	struct str arguments; /* JSON object */
	struct str outcome;   /* "done", or what was wrong */
};

/* Appends an action; `action->id` is not looked at. */
enum error state_put_action(struct state *state, const struct state_action *action,
			    uint64_t *id) ATTR_MUST_CHECK;

/* Delivers the actions, newest first; `limit` at most, 0 for all. Texts live until `on_action`
 * returns; when it returns false the listing ends early. */
enum error state_each_action(struct state *state, uint64_t limit,
			     bool (*on_action)(void *arg, const struct state_action *action),
			     void *arg) ATTR_MUST_CHECK;

/* The shadow policy: how far it has come, and what it would have decided otherwise. */

enum { STATE_DIFFERENCES_MAX = 100000 /* the newest stay */ };

struct state_shadow {
	struct str directory;
	uint8_t digest[STATE_DIGEST_BYTES]; /* of the content of its files */
	int64_t since_us, updated_us;       /* wall clock: begun with this content, last compared */
	uint64_t compared_count;
	uint64_t differed_count;
	uint64_t not_compared_count; /* decided by what no policy decides */
	uint64_t skipped_count;      /* left out because it was too far behind */
};

struct state_difference {
	uint64_t decision_id;
	int64_t decided_us; /* wall clock */
	struct str flip;    /* "allow to deny", ... */
	struct str user;
	struct str before, after; /* what decided, and what would have */
};

/* Notes how far the shadow has come, and adds differences, whose decisions must be new. `begins`:
 * another content is compared from here on, and the differences of the one before go. */
enum error state_put_shadow(struct state *state, const struct state_shadow *shadow, bool begins,
			    const struct state_difference *items, size_t count) ATTR_MUST_CHECK;

/* `*out` is written only when `*found` is STATE_FOUND; its texts live in `arena`. */
enum error state_get_shadow(struct state *state, struct arena *arena, struct state_shadow *out,
			    enum state_lookup *found) ATTR_MUST_CHECK;

/* Delivers the differences, newest first; `limit` at most, 0 for all. Texts live until
 * `on_difference` returns; when it returns false the listing ends early. */
enum error state_each_difference(struct state *state, uint64_t limit,
				 bool (*on_difference)(void *arg,
						       const struct state_difference *difference),
				 void *arg) ATTR_MUST_CHECK;

/* The segments of the audit: what was sealed, and what retention removed. */

/* Notes a sealed segment; what is noted of it already stays as it is. */
enum error state_put_segment(struct state *state, const struct segment *segment) ATTR_MUST_CHECK;

/* Lists what is noted of the sealed segments that were not removed, ascending; their begun_us is 0
 * and is_signed false, which are not noted. `list` is zeroed before and unchanged on failure. */
enum error state_list_segments(struct state *state, struct segment_list *list) ATTR_MUST_CHECK;

/* Notes that a sealed segment is about to be removed, for `reason`. */
enum error state_put_segment_removed(struct state *state, const struct segment *segment,
				     int64_t wall_us, struct str reason) ATTR_MUST_CHECK;

#endif
