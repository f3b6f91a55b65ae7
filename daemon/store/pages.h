/*
 * The pages of a SQLite database file as they lie in it (sqlite.org/fileformat2.html), for a look at
 * its b-trees that is faster than SQLite's own. Each page is taken once, so that in the end it shows
 * which ones belong to two things or to none.
 *
 * Every byte of the file is hostile: whatever it may not be is ERR_CORRUPT.
 *
 * For this layer only. One thread at a time.
 */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

enum {
	PAGES_HEADER_BYTES = 100, /* of the file, in its first page */
	PAGES_BYTES_MAX = 65536,  /* of one */
	PAGES_COUNT_MAX = 1 << 26,
};

/* Fills `out` from `offset` of the file on. ERR_CORRUPT when the file ends before that. */
typedef enum error pages_read(void *arg, uint64_t offset, void *out, size_t length);

struct pages {
	pages_read *read;
	void *arg;
	uint32_t page_bytes;   /* 512 to PAGES_BYTES_MAX */
	uint32_t usable_bytes; /* of each page, from its beginning; at least 480 */
	uint32_t count;        /* numbered from 1 */
	uint32_t first_free, free_count;
	uint8_t *taken; /* a bit a page */
};

/* Reads the header of a file of `file_bytes`. `*is_plain` is false, and nothing is to be freed, for a
 * file that SQLite reads in ways that are not known here: with pages that keep track of others
 * (auto_vacuum), written by a SQLite before 3.7, or of more than PAGES_COUNT_MAX pages. */
enum error pages_init(struct pages *pages, pages_read *read, void *arg, uint64_t file_bytes,
		      bool *is_plain) ATTR_MUST_CHECK;

/* Safe on zeroed pages. */
void pages_deinit(struct pages *pages);

/* Takes a page and reads its first `length` bytes. ERR_CORRUPT when there is no such page or it is
 * taken. */
enum error pages_take(struct pages *pages, uint32_t number, void *out,
		      size_t length) ATTR_MUST_CHECK;

/* Takes the free pages; ERR_CORRUPT also unless they are as many as the header says. `page` has room
 * for one. */
enum error pages_take_free(struct pages *pages, uint8_t *page) ATTR_MUST_CHECK;

/* Whether no page is left. */
bool pages_are_all_taken(const struct pages *pages);

#endif
