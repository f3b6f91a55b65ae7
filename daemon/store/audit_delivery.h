/*
 * Which answers did not leave although their decisions were recorded. The event that tells stands
 * mostly in the segment of its decision, and else in a later one: those are found here.
 *
 * For this layer only.
 */
#ifndef STORE_AUDIT_DELIVERY_H
#define STORE_AUDIT_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/audit_reader.h"
#include "store/stmt.h"

/* A condition on `decision d`, for SQL on one segment: true when an event there says that the answer
 * did not leave. Finds it by an index. */
#define AUDIT_DELIVERY_FAILED                                                                      \
	"EXISTS (SELECT 1 FROM event e WHERE e.kind = 'decision.undelivered'"                      \
	" AND CAST(substr(e.detail, 16) AS INTEGER) = d.id)"

/* The events of a segment that tell so. */
#define AUDIT_DELIVERY_EVENTS "SELECT 1 FROM event WHERE kind = 'decision.undelivered'"

enum { AUDIT_DELIVERY_LATE_MAX = 1 << 20 };

/* Decisions of which a later segment says so, as far as was asked. All zero at first. */
struct audit_delivery {
	uint64_t *late; /* ids, ascending */
	size_t count, capacity;
	size_t known_from; /* segments of the list from this one on were asked */
	bool is_begun;
};

/* Asks the segments of the reader's list behind `index` that were not asked yet, for decisions of
 * that one; the one that the reader is at stays open. The list must not change meanwhile.
 * What retention removed is passed over. Errors as audit_query(), with `why`; ERR_LIMIT beyond
 * AUDIT_DELIVERY_LATE_MAX. */
enum error audit_delivery_read(struct audit_delivery *delivery, struct audit_reader *reader,
			       size_t index, struct buf *why) ATTR_MUST_CHECK;

/* Safe on all zero. */
void audit_delivery_deinit(struct audit_delivery *delivery);

bool audit_delivery_is_late(const struct audit_delivery *delivery, uint64_t decision_id);

#endif
