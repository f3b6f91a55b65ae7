#include "store/chain.h"

#include <string.h>

#include <sodium.h>

#include "base/attributes.h"

enum { NUMBER_COUNT = 7 };

static unsigned char *put(unsigned char *at, const void *bytes, size_t length)
{
	memcpy(at, bytes, length);
	return at + length;
}

static unsigned char *put_number(unsigned char *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		*at++ = (unsigned char)(value >> (8 * i));
	return at;
}

void chain_advance(struct audit_head *head, const struct audit_row *row, uint64_t decision_id,
		   const struct audit_digests *digests)
{
	unsigned char link[AUDIT_CHAIN_BYTES + NUMBER_COUNT * 8 + AUDIT_RECORD_ID_BYTES +
			   AUDIT_PART_COUNT * AUDIT_DIGEST_BYTES];
	const uint64_t numbers[NUMBER_COUNT] = {
		decision_id,
		(uint64_t)row->wall_us,
		(uint64_t)row->boot_ms,
		(uint64_t)(int64_t)row->utc_offset_minutes,
		(uint64_t)row->verdict,
		row->latency_us,
		row->relaxed,
	};
	unsigned char *at = put(link, head->chain, AUDIT_CHAIN_BYTES);

	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
		at = put_number(at, numbers[i]);
	at = put(at, row->record_id, AUDIT_RECORD_ID_BYTES);
	put(at, digests->of, sizeof(digests->of));
	head->decision_id = decision_id;
	crypto_generichash(head->chain, AUDIT_CHAIN_BYTES, link, sizeof(link), NULL, 0);
}
