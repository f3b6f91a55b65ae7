/*
 * The chain over the rows of an audit:
 *
 *	chain(0) = 32 zero bytes
 *	chain(n) = BLAKE2b-256(chain(n-1) | id | wall_us | boot_ms | utc_offset_minutes | verdict |
 *	           latency_us | relaxed | record id | digests of the parts)
 *
 * which is two blocks of BLAKE2b, where each number is eight bytes, least significant first, signed
 * ones in two's complement, the record id its 16 bytes, and the digests (audit_part.h) stand in the
 * order of enum audit_part. That is of a decision; of an event
 *
 *	chain(n) = BLAKE2b-256(chain(n-1) | id | wall_us | boot_ms | BLAKE2b-256(texts))
 *
 * where the texts are kind, actor and detail, each its length as a number and its bytes. The two
 * differ in length, so that neither can pass for the other.
 *
 * For this layer only.
 */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include <stdint.h>

#include "store/audit.h"
#include "store/audit_part.h"

/* Moves the head on over a row with its decision id. */
void chain_advance(struct audit_head *head, const struct audit_row *row, uint64_t decision_id,
		   const struct audit_digests *digests);

/* The same over an event. */
void chain_advance_event(struct audit_head *head, const struct audit_row *row, uint64_t event_id);

#endif
