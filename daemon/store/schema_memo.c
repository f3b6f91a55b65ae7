#include "store/schema_memo.h"

#include <string.h>

enum { FREE, BEING_WRITTEN, WRITTEN };

bool schema_memo_has(struct schema_memo *memo, const struct schema_key *key,
		     const uint8_t digest[SCHEMA_DIGEST_BYTES])
{
	for (int i = 0; i < SCHEMA_MEMO_ITEMS; i++) {
		struct schema_memo_item *item = &memo->items[i];

		if (atomic_load_explicit(&item->stage, memory_order_acquire) == WRITTEN &&
		    item->key.schema == key->schema && item->key.version == key->version &&
		    item->key.is_sealed == key->is_sealed &&
		    memcmp(item->digest, digest, SCHEMA_DIGEST_BYTES) == 0)
			return true;
	}
	return false;
}

void schema_memo_put(struct schema_memo *memo, const struct schema_key *key,
		     const uint8_t digest[SCHEMA_DIGEST_BYTES])
{
	for (int i = 0; i < SCHEMA_MEMO_ITEMS; i++) {
		struct schema_memo_item *item = &memo->items[i];
		int stage = FREE;

		if (!atomic_compare_exchange_strong(&item->stage, &stage, BEING_WRITTEN))
			continue;
		item->key = *key;
		memcpy(item->digest, digest, SCHEMA_DIGEST_BYTES);
		atomic_store_explicit(&item->stage, WRITTEN, memory_order_release);
		return;
	}
}
