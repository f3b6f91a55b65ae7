/*
 * Walking every page of a hostile database file as a table and as an index: all bytes of a cell lie
 * in the page, rowids ascend, and no page is read twice in one walk.
 */
#include <assert.h>
#include <string.h>

#include "store/btree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
	const uint8_t *data;
	size_t size;
	uint32_t read_count;
};

static enum error read_file(void *arg, uint64_t offset, void *out, size_t length)
{
	struct file *file = arg;

	if (offset > file->size || length > file->size - offset)
		return ERR_CORRUPT;
	memcpy(out, file->data + offset, length);
	file->read_count++;
	return ERR_NONE;
}

struct seen {
	enum btree_kind kind;
	bool has_last;
	int64_t last;
	unsigned sum; /* of all bytes, so that each is read */
};

static bool on_cell(void *arg, const struct btree_cell *cell)
{
	struct seen *seen = arg;

	assert(cell->local_bytes <= cell->payload_bytes);
	for (uint32_t i = 0; i < cell->local_bytes; i++)
		seen->sum += cell->payload[i];
	assert(seen->kind == BTREE_INDEX || !seen->has_last || cell->rowid > seen->last);
	seen->has_last = true;
	seen->last = cell->rowid;
	return seen->sum != 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { ROOTS_MAX = 64 };
	struct file file = {.data = data, .size = size};
	static uint8_t page[PAGES_BYTES_MAX];
	uint32_t count = 1;

	for (uint32_t root = 1; root <= count && root <= ROOTS_MAX; root++) {
		for (int kind = BTREE_TABLE; kind <= BTREE_INDEX; kind++) {
			struct seen seen = {.kind = (enum btree_kind)kind};
			struct pages pages;
			bool is_plain;

			if (pages_init(&pages, read_file, &file, size, &is_plain) != ERR_NONE ||
			    !is_plain)
				return 0;
			count = pages.count;
			file.read_count = 0;
			(void)btree_walk(&pages, (enum btree_kind)kind, root, on_cell, &seen);
			(void)pages_take_free(&pages, page);
			assert(file.read_count <= count);
			(void)pages_are_all_taken(&pages);
			pages_deinit(&pages);
		}
	}
	return 0;
}
