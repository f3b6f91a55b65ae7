/*
 * What closed segments of the audit need: they are sealed, and removed when retention does not keep
 * them, each with its note in the state database and its head in the log. One thread at a time, a
 * worker's: this reads and writes whole files.
 */
#ifndef SERVER_AUDIT_UPKEEP_H
#define SERVER_AUDIT_UPKEEP_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/settings.h"
#include "server/state_store.h"
#include "store/audit.h"
#include "store/env.h"
#include "store/seal_key.h"
#include "store/segment.h"

/* Embedded; everything is borrowed but the list. All zero needs no deinit. */
struct audit_upkeep {
	const struct log *log;
	const struct clock *clock;
	const struct settings *settings;
	const struct store_env *env;
	const struct seal_key *key; /* signs the seals; NULL: nothing does */
	struct state_store *store;
	struct segment_list segments; /* as last read; what is sealed is read once only */
};

void audit_upkeep_deinit(struct audit_upkeep *upkeep);

/* Seals the closed segments before segment `live`, notes those whose note is missing, and adds to `*count` how many, also when an error
 * ended it. ERR_BUSY: somebody reads one, try again. Other errors, those of segment_list_read(),
 * seal_segment() and state_store_use(), are in the log. */
enum error audit_upkeep_seal(struct audit_upkeep *upkeep, uint32_t live,
			     uint32_t *count) ATTR_MUST_CHECK;

/* Removes the sealed segments with no row from `oldest_us` on by the wall clock, and what else
 * retention does not keep of them, from the oldest on, and adds to `*count` how many, also when an
 * error ended it. Errors, those of segment_list_read(),
 * state_store_use() and segment_remove(), are in the log. */
enum error audit_upkeep_prune(struct audit_upkeep *upkeep, int64_t oldest_us,
			      uint32_t *count) ATTR_MUST_CHECK;

/* Logs `event` with a head, for 'wsauthzctl audit verify --head', should the tail of the audit be cut
 * off. Any thread. */
void audit_upkeep_tell_head(const struct audit_upkeep *upkeep, const char *event, uint32_t number,
			    const struct audit_head *head);

#endif
