#include "server/admin_blocks.h"

#include "server/admin_reply.h"
#include "server/page.h"
#include "server/question.h"

struct listing {
	struct page page;
	struct str after;
};

static int compare(const void *a, const void *b)
{
	const struct block *left = a, *right = b;

	return str_compare(left->principal, right->principal);
}

static bool visit(const struct block *block, void *arg)
{
	struct listing *listing = arg;

	if (listing->after.length == 0 || str_compare(block->principal, listing->after) > 0)
		page_put(&listing->page, block);
	return true;
}

bool admin_blocks_list(struct arena *arena, const struct service *service,
		       const Wsauthz__BlocksList *query, Wsauthz__BlocksListReply *reply)
{
	struct listing *listing = arena_calloc(arena, 1, sizeof(*listing));
	struct block_time now = service_block_time(service);
	const struct page *page;
	size_t bytes = 0;

	if (listing == NULL)
		return false;
	page = &listing->page;
	listing->page.compare = compare;
	listing->page.limit = query->limit < ADMIN_BLOCKS_MAX ? query->limit : ADMIN_BLOCKS_MAX;
	listing->after = question_text(query->after);
	blocks_each(service->blocks, visit, listing);

	reply->blocks = arena_calloc(arena, page->count + 1, sizeof(Wsauthz__BlockEntry *));
	if (reply->blocks == NULL)
		return false;
	reply->more = page->more;
	for (size_t i = 0; i < page->count; i++) {
		Wsauthz__BlockEntry *entry = arena_alloc(arena, sizeof(*entry));

		if (entry == NULL)
			return false;
		wsauthz__block_entry__init(entry);
		admin_reply_fill_block(page->items[i], now, entry);
		bytes += PAGE_ITEM_HEAD_BYTES + wsauthz__block_entry__get_packed_size(entry);
		if (bytes > PAGE_MAX_BYTES) {
			reply->more = true;
			break;
		}
		reply->blocks[reply->n_blocks++] = entry;
	}
	return true;
}
