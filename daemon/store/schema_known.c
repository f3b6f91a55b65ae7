#include "store/schema_known.h"

#include <string.h>

#include <sodium.h>

#include "base/attributes.h"

static const struct schema_known audit_items[] = {
	{1, false, "d8f0c5b24b6b7ee2c5b4b34a611c2e5228987b659d8f6841ab69dc4ce000b970"},
	{2, false, "1e94a33e0edad7eb88c34d455ca71e777f55631cbc041704f29a8446d1defacb"},
	{2, true, "4bfb6557bfa539e96055f75317011f8f663350d3c2116697bedc3c957c56490a"},
	{3, false, "b0eef31318bf688f887858c3974365b2652fbae0445f3c7405ba0cc0ca52deb7"},
	{3, true, "53366a804978184877ed2f05ab65594c00accaf1c37b0ffb29d041ad8a10aaa2"},
};

const struct schema_known_list audit_known = {audit_items, ARRAY_COUNT(audit_items)};

static const struct schema_known state_items[] = {
	{1, false, "8361e412e081d90afe723563c6a7a13a0c846353ef7d76d7769398ebcd21aedf"},
	{2, false, "ec5265cf4896ae0bf07e29afe9b5bacfba631332ae324ebb5c025fb3f09b063e"},
	{3, false, "e288deeb3a8718a9ff7e7c0c789da495fcf0935b5d8b8277fb4f31282302725a"},
	{4, false, "4f3b5d79d441300639aa9025553f463ea516acdc81b0553664893f62a725c90a"},
	{5, false, "10736d79d45776311484424ec29f2ec6fa5f8386e801d19224730a906c9a3d5e"},
	{6, false, "ee47b81b5fa06dcddfc0c086c0047aa050819dd0c77291a64c6cd3cce88a4043"},
	{7, false, "f9689884a17dcebe9885d86fdc6d69fdd303b82ee760288de979a49a0728f5ba"},
	{8, false, "1fad666827168d2d6583e45e39dfd1e11bde2c1f00fabed8cd4f03558509e851"},
	{9, false, "b8ecd4f5561866e17a533fbe63e82f491a3f613157b6870dc111490970cf7e2d"},
	{10, false, "68767710a75ec284ff236bbce66169a5924c7af5fd9e866f16ec1abc3c15c8c3"},
	{11, false, "e34195a709ad75f1f7d985dd8b3761db97fcaadc1fbeb33fae89e6464fe70319"},
};

const struct schema_known_list state_known = {state_items, ARRAY_COUNT(state_items)};

bool schema_is_known(const struct schema_known_list *list, uint64_t version, bool is_sealed,
		     const uint8_t digest[SCHEMA_DIGEST_BYTES])
{
	char text[2 * SCHEMA_DIGEST_BYTES + 1];

	sodium_bin2hex(text, sizeof(text), digest, SCHEMA_DIGEST_BYTES);
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		const struct schema_known *item = &list->items[i];

		if (item->version == version && item->is_sealed == is_sealed &&
		    strcmp(item->digest, text) == 0)
			return true;
	}
	return false;
}
