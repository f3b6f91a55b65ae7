#include "server/page.h"

#include <string.h>

void page_put(struct page *page, const void *item)
{
	size_t place = page->count;

	while (place > 0 && page->compare(item, page->items[place - 1]) < 0)
		place--;
	if (page->count == page->limit) {
		page->more = true;
		if (place == page->limit)
			return;
		page->count--;
	}
	memmove(&page->items[place + 1], &page->items[place],
		(page->count - place) * sizeof(page->items[0]));
	page->items[place] = item;
	page->count++;
}
