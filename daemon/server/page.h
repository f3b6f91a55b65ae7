/* A page of a listing: the smallest items of a set that is visited in no particular order. */
#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	PAGE_MAX_COUNT = 256,
	/* Half a frame of the admin channel: texts may be long, and the head of the reply needs
	 * room as well. A single item is far smaller. */
	PAGE_MAX_BYTES = 512 * 1024,
	PAGE_ITEM_HEAD_BYTES = 6, /* tag and length of an item in its list, at most */
};

struct page {
	int (*compare)(const void *a, const void *b);
	size_t limit; /* 1 to PAGE_MAX_COUNT */
	const void *items[PAGE_MAX_COUNT];
	size_t count;
	bool more; /* an item was left out */
};

/* Puts the item in its place; what is pushed out at the end belongs to a later page. */
void page_put(struct page *page, const void *item);

#endif
