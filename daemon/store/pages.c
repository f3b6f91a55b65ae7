#include "store/pages.h"

#include <string.h>

#include "base/mem.h"

/* Where the header has what; numbers are big-endian. */
enum {
	HEADER_PAGE_BYTES = 16, /* two bytes; 1 stands for 65536 */
	HEADER_RESERVED_BYTES = 20,
	HEADER_CHANGE_COUNTER = 24,
	HEADER_PAGE_COUNT = 28, /* is true when the two counters are the same */
	HEADER_FIRST_FREE = 32,
	HEADER_FREE_COUNT = 36,
	HEADER_LARGEST_ROOT = 52, /* 0 without auto_vacuum */
	HEADER_VALID_FOR = 92,
};

enum {
	PAGE_BYTES_MIN = 512,
	USABLE_BYTES_MIN = 480,
	LOCK_OFFSET = 0x40000000, /* the page there is used for locks alone, and by nobody */
};

static uint32_t read_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void mark(struct pages *pages, uint32_t number)
{
	pages->taken[number / 8] |= (uint8_t)(1U << number % 8);
}

static bool is_taken(const struct pages *pages, uint32_t number)
{
	return (pages->taken[number / 8] >> number % 8 & 1) != 0;
}

/* False for what is not known here. */
static bool read_header(struct pages *pages, const uint8_t *header, uint64_t file_bytes)
{
	uint32_t size = (uint32_t)header[HEADER_PAGE_BYTES] << 8 | header[HEADER_PAGE_BYTES + 1];

	pages->page_bytes = size != 1 ? size : PAGES_BYTES_MAX;
	pages->count = read_u32(header + HEADER_PAGE_COUNT);
	pages->first_free = read_u32(header + HEADER_FIRST_FREE);
	pages->free_count = read_u32(header + HEADER_FREE_COUNT);
	if (pages->page_bytes < PAGE_BYTES_MIN ||
	    (pages->page_bytes & (pages->page_bytes - 1)) != 0 ||
	    pages->page_bytes - header[HEADER_RESERVED_BYTES] < USABLE_BYTES_MIN)
		return false;
	pages->usable_bytes = pages->page_bytes - header[HEADER_RESERVED_BYTES];
	return pages->count != 0 && pages->count <= PAGES_COUNT_MAX &&
	       pages->count <= file_bytes / pages->page_bytes &&
	       read_u32(header + HEADER_CHANGE_COUNTER) == read_u32(header + HEADER_VALID_FOR) &&
	       read_u32(header + HEADER_LARGEST_ROOT) == 0;
}

enum error pages_init(struct pages *pages, pages_read *read, void *arg, uint64_t file_bytes,
		      bool *is_plain)
{
	uint8_t header[PAGES_HEADER_BYTES];
	enum error error = read(arg, 0, header, sizeof(header));

	if (error != ERR_NONE)
		return error;
	*pages = (struct pages){.read = read, .arg = arg};
	*is_plain = read_header(pages, header, file_bytes);
	if (!*is_plain)
		return ERR_NONE;
	pages->taken = mem_calloc((size_t)pages->count / 8 + 1, 1);
	if (pages->taken == NULL)
		return ERR_NO_MEMORY;
	uint32_t lock_page = LOCK_OFFSET / pages->page_bytes + 1;
	if (lock_page <= pages->count)
		mark(pages, lock_page);
	return ERR_NONE;
}

void pages_deinit(struct pages *pages)
{
	mem_free(pages->taken);
	pages->taken = NULL;
}

enum error pages_take(struct pages *pages, uint32_t number, void *out, size_t length)
{
	if (number == 0 || number > pages->count || is_taken(pages, number))
		return ERR_CORRUPT;
	mark(pages, number);
	uint64_t offset = (uint64_t)(number - 1) * pages->page_bytes;
	return length != 0 ? pages->read(pages->arg, offset, out, length) : ERR_NONE;
}

/* Some free pages, the trunks, are lists of others: the next trunk, a count, the numbers. */
enum error pages_take_free(struct pages *pages, uint8_t *page)
{
	enum { TRUNK_HEAD_BYTES = 8, NUMBER_BYTES = 4 };
	uint64_t found = 0;

	for (uint32_t trunk = pages->first_free; trunk != 0; trunk = read_u32(page)) {
		enum error error = pages_take(pages, trunk, page, pages->usable_bytes);
		if (error != ERR_NONE)
			return error;
		uint32_t count = read_u32(page + NUMBER_BYTES);
		if (count > (pages->usable_bytes - TRUNK_HEAD_BYTES) / NUMBER_BYTES)
			return ERR_CORRUPT;
		for (uint32_t i = 0; error == ERR_NONE && i < count; i++)
			error = pages_take(
				pages, read_u32(page + TRUNK_HEAD_BYTES + (size_t)i * NUMBER_BYTES),
				NULL, 0);
		if (error != ERR_NONE)
			return error;
		found += 1 + (uint64_t)count;
	}
	return found == pages->free_count ? ERR_NONE : ERR_CORRUPT;
}

bool pages_are_all_taken(const struct pages *pages)
{
	for (uint32_t number = 1; number <= pages->count; number++) {
		if (!is_taken(pages, number))
			return false;
	}
	return true;
}
