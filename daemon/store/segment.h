/*
 * The segments of an audit: files audit-000001.db, audit-000002.db, ... in one directory, each with
 * a run of the decisions and events, and each beginning where the one before ended. The newest is
 * the live one, to which rows are added; an older one is closed, and sealed once its indexes are
 * built. Retention removes the oldest sealed ones whole.
 *
 * A segment says itself what it is (schema/audit/0002-segment.sql), so that the list can be made
 * from the directory alone, without the daemon.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/audit.h"
#include "store/env.h"

enum {
	SEGMENT_NUMBER_MAX = 999999,
	SEGMENT_NAME_BYTES = sizeof("audit-000001.db"),
	SEGMENT_KEY_BYTES = 32,       /* an Ed25519 public key */
	SEGMENT_SIGNATURE_BYTES = 64, /* an Ed25519 signature */
};

enum segment_state {
	SEGMENT_LIVE,   /* the newest: takes rows */
	SEGMENT_CLOSED, /* takes no more; its indexes are not built yet */
	SEGMENT_SEALED,
};

struct segment {
	uint32_t number; /* from 1 */
	enum segment_state state;
	uint64_t first_id, last_id; /* of its decisions and events; 0: it has none */
	/* Wall clock. Sealed: the least and the greatest time of its rows; else the times of its
	 * first and last row, and rows between them may have others when the clock was set. */
	int64_t first_us, last_us;
	int64_t begun_us;         /* when it began; 0 where schema version 1 began it */
	struct audit_head before; /* where the chain stood when it began */
	struct audit_head head;   /* where it stands at last_id */
	uint64_t file_bytes;      /* of the database file, without its log */

	/* Sealed only. */
	int64_t sealed_us;
	uint64_t decision_count, event_count;
	/* The least decision, also of an earlier segment, of which an event here says that its answer
	 * did not leave; 0: none says so. Not known from notes that an earlier version made. */
	uint64_t undelivered_id;
	bool knows_undelivered;
	bool is_signed;
	uint8_t public_key[SEGMENT_KEY_BYTES];
	uint8_t signature[SEGMENT_SIGNATURE_BYTES];
};

/* Ascending by number. All zero is an empty list. */
struct segment_list {
	struct segment *items;
	size_t count;
};

/* Writes the file name of segment `number`, zero-terminated; numbers above the maximum are a
 * mistake of the caller. */
void segment_name(uint32_t number, char out[SEGMENT_NAME_BYTES]);

/* The number in such a name; 0 for any other name. */
uint32_t segment_number(const char *name);

/* Lists the segments in `directory`. What `list` had is replaced: what it knew of sealed segments
 * that are still there is kept without opening them again. A file prepared as the next segment is
 * not listed. Segments that retention removed are simply not there; a number missing between two
 * others is for audit_verify() to judge. Errors with `why` are those of audit_reader_open(), but no
 * segment at all is an empty list; on failure `list` is as it was. */
enum error segment_list_read(struct segment_list *list, const char *directory,
			     const struct store_env *env, struct buf *why) ATTR_MUST_CHECK;

/* Safe on a zeroed list. */
void segment_list_deinit(struct segment_list *list);

/* Removes the file of a sealed segment, for good when this returns. What is gone already is no
 * error. */
enum error segment_remove(const char *directory, uint32_t number,
			  const struct store_env *env) ATTR_MUST_CHECK;

/* Takes the newest segment out of the audit, whatever is wrong with it: its file and its log get the
 * names "NAME.aside-SECONDS", beside them, byte for byte as they are. Nothing may have it open.
 * `name` gets the new name. ERR_NOT_FOUND when there is none; ERR_IO. */
enum error segment_set_aside(const char *directory, const struct store_env *env, int64_t wall_us,
			     struct buf *name) ATTR_MUST_CHECK;

/* The index of the segment with that decision or event; list->count when none can have it. */
size_t segment_list_find(const struct segment_list *list, uint64_t id);

#endif
