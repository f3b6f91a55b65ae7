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
	/* Written out, because compilers then make one store of it. */
	const unsigned char bytes[8] = {
		(unsigned char)value,         (unsigned char)(value >> 8),
		(unsigned char)(value >> 16), (unsigned char)(value >> 24),
		(unsigned char)(value >> 32), (unsigned char)(value >> 40),
		(unsigned char)(value >> 48), (unsigned char)(value >> 56),
	};

	return put(at, bytes, sizeof(bytes));
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

static void hash_text(crypto_generichash_state *hash, struct str text)
{
	unsigned char length[8];

	put_number(length, text.length);
	crypto_generichash_update(hash, length, sizeof(length));
	crypto_generichash_update(hash, (const unsigned char *)text.ptr, text.length);
}

void chain_advance_event(struct audit_head *head, const struct audit_row *row, uint64_t event_id)
{
	unsigned char link[AUDIT_CHAIN_BYTES + 3 * 8 + AUDIT_CHAIN_BYTES];
	unsigned char texts[AUDIT_CHAIN_BYTES];
	crypto_generichash_state hash;
	unsigned char *at = put(link, head->chain, AUDIT_CHAIN_BYTES);

	crypto_generichash_init(&hash, NULL, 0, sizeof(texts));
	hash_text(&hash, row->event->kind);
	hash_text(&hash, row->event->actor);
	hash_text(&hash, row->event->detail);
	crypto_generichash_final(&hash, texts, sizeof(texts));
	at = put_number(at, event_id);
	at = put_number(at, (uint64_t)row->wall_us);
	at = put_number(at, (uint64_t)row->boot_ms);
	put(at, texts, sizeof(texts));
	head->decision_id = event_id;
	crypto_generichash(head->chain, AUDIT_CHAIN_BYTES, link, sizeof(link), NULL, 0);
}
