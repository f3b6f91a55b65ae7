#include "store/pages.h"

#include <string.h>

#include "base/attributes.h"
#include "support/cmocka.h"
#include "support/fault.h"

/* A file of which only the first pages are there. */
enum { PAGE_BYTES = 512, PAGES = 200 };

struct file {
	uint8_t bytes[PAGES * PAGE_BYTES];
};

static enum error read_file(void *arg, uint64_t offset, void *out, size_t length)
{
	const struct file *file = arg;

	if (offset > sizeof(file->bytes) || length > sizeof(file->bytes) - offset)
		return ERR_CORRUPT;
	memcpy(out, file->bytes + offset, length);
	return ERR_NONE;
}

static void put_u32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put_header(struct file *file, uint32_t page_bytes, uint32_t page_count)
{
	memset(file, 0, sizeof(*file));
	file->bytes[16] = (uint8_t)(page_bytes >> 8);
	file->bytes[17] = page_bytes == PAGES_BYTES_MAX ? 1 : (uint8_t)page_bytes;
	put_u32(file->bytes + 28, page_count);
}

/* Whether the file of that size is one that is known. */
static bool is_known(struct file *file, uint64_t file_bytes)
{
	struct pages pages;
	bool is_plain;

	assert_int_equal(pages_init(&pages, read_file, file, file_bytes, &is_plain), ERR_NONE);
	if (is_plain)
		pages_deinit(&pages);
	return is_plain;
}

static void only_a_file_that_is_known_is_plain(void **state)
{
	static const struct {
		uint32_t page_bytes, page_count;
		uint64_t file_bytes;
		bool is_plain;
	} cases[] = {
		{512, 3, 3 * 512, true},
		{512, 3, 3 * 512 - 1, false},
		{512, 3, 4 * 512, true},
		{512, 0, 3 * 512, false},
		{256, 3, 3 * 256, false},
		{768, 3, 3 * 768, false},
		{PAGES_BYTES_MAX, 3, 3 * (uint64_t)PAGES_BYTES_MAX, true},
		{512, PAGES_COUNT_MAX, UINT64_MAX, true},
		{512, PAGES_COUNT_MAX + 1, UINT64_MAX, false},
	};
	static struct file file;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		put_header(&file, cases[i].page_bytes, cases[i].page_count);
		if (is_known(&file, cases[i].file_bytes) != cases[i].is_plain)
			fail_msg("case %zu", i);
	}
}

static void a_header_that_sqlite_reads_otherwise_is_not_plain(void **state)
{
	/* Reserved bytes up to 32, counters that differ, a root that auto_vacuum keeps. */
	static const struct {
		size_t at;
		uint8_t value;
		bool is_plain;
	} cases[] = {
		{20, 32, true}, {20, 33, false}, {27, 1, false}, {95, 1, false}, {55, 1, false}};
	static struct file file;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		put_header(&file, PAGE_BYTES, 3);
		file.bytes[cases[i].at] = cases[i].value;
		if (is_known(&file, sizeof(file.bytes)) != cases[i].is_plain)
			fail_msg("case %zu", i);
	}
}

static void open_pages(struct pages *pages, struct file *file)
{
	bool is_plain;

	assert_int_equal(pages_init(pages, read_file, file, sizeof(file->bytes), &is_plain),
			 ERR_NONE);
	assert_true(is_plain);
}

static void a_page_is_taken_once(void **state)
{
	static struct file file;
	struct pages pages;
	uint8_t byte;

	(void)state;
	put_header(&file, PAGE_BYTES, 3);
	file.bytes[PAGE_BYTES] = 7;
	open_pages(&pages, &file);
	assert_int_equal(pages_take(&pages, 0, &byte, 1), ERR_CORRUPT);
	assert_int_equal(pages_take(&pages, 4, &byte, 1), ERR_CORRUPT);
	assert_int_equal(pages_take(&pages, 2, &byte, 1), ERR_NONE);
	assert_int_equal(byte, 7);
	assert_int_equal(pages_take(&pages, 2, &byte, 1), ERR_CORRUPT);
	assert_int_equal(pages_take(&pages, 3, NULL, 0), ERR_NONE);
	assert_false(pages_are_all_taken(&pages));
	assert_int_equal(pages_take(&pages, 1, NULL, 0), ERR_NONE);
	assert_true(pages_are_all_taken(&pages));
	pages_deinit(&pages);
}

/* The page at 1 GiB, which SQLite locks bytes of and never uses. */
static void the_page_of_locks_belongs_to_nobody(void **state)
{
	static struct file file;
	struct pages pages;
	bool is_plain;

	(void)state;
	put_header(&file, PAGES_BYTES_MAX, 16386);
	assert_int_equal(pages_init(&pages, read_file, &file, UINT64_MAX, &is_plain), ERR_NONE);
	assert_int_equal(pages_take(&pages, 16384, NULL, 0), ERR_NONE);
	assert_int_equal(pages_take(&pages, 16385, NULL, 0), ERR_CORRUPT);
	assert_int_equal(pages_take(&pages, 16386, NULL, 0), ERR_NONE);
	pages_deinit(&pages);
}

/* A trunk in page 2 that lists `count` pages from 3 on. */
static void put_free(struct file *file, uint32_t count, uint32_t told)
{
	uint8_t *trunk = file->bytes + PAGE_BYTES;

	put_header(file, PAGE_BYTES, PAGES);
	put_u32(file->bytes + 32, 2);
	put_u32(file->bytes + 36, told);
	put_u32(trunk + 4, count);
	for (uint32_t i = 0; i < count && 8 + 4 * i < PAGE_BYTES; i++)
		put_u32(trunk + 8 + (size_t)4 * i, 3 + i);
}

static enum error take_free(struct file *file)
{
	uint8_t page[PAGE_BYTES];
	struct pages pages;

	open_pages(&pages, file);
	enum error error = pages_take_free(&pages, page);
	pages_deinit(&pages);
	return error;
}

static void free_pages_are_as_many_as_the_header_says(void **state)
{
	enum { TRUNK_MAX = (PAGE_BYTES - 8) / 4 };
	static struct file file;

	(void)state;
	put_header(&file, PAGE_BYTES, PAGES);
	assert_int_equal(take_free(&file), ERR_NONE);
	put_free(&file, 5, 6);
	assert_int_equal(take_free(&file), ERR_NONE);
	put_free(&file, 5, 5);
	assert_int_equal(take_free(&file), ERR_CORRUPT);
	put_free(&file, TRUNK_MAX, TRUNK_MAX + 1);
	assert_int_equal(take_free(&file), ERR_NONE);
	put_free(&file, TRUNK_MAX + 1, TRUNK_MAX + 2);
	assert_int_equal(take_free(&file), ERR_CORRUPT);
}

static void a_list_of_free_pages_that_comes_back_ends(void **state)
{
	static struct file file;

	(void)state;
	put_free(&file, 1, 2);
	put_u32(file.bytes + PAGE_BYTES, 2);
	assert_int_equal(take_free(&file), ERR_CORRUPT);
	put_free(&file, 1, 2);
	put_u32(file.bytes + PAGE_BYTES + 8, 2);
	assert_int_equal(take_free(&file), ERR_CORRUPT);
}

static void without_memory_nothing_is_left_behind(void **state)
{
	static struct file file;
	struct pages pages = {0};
	bool is_plain;

	(void)state;
	put_header(&file, PAGE_BYTES, 3);
	fault_arm(0, FAULT_ONCE);
	assert_int_equal(pages_init(&pages, read_file, &file, sizeof(file.bytes), &is_plain),
			 ERR_NO_MEMORY);
	assert_true(fault_disarm());
	pages_deinit(&pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_file_that_is_known_is_plain),
		cmocka_unit_test(a_header_that_sqlite_reads_otherwise_is_not_plain),
		cmocka_unit_test(a_page_is_taken_once),
		cmocka_unit_test(the_page_of_locks_belongs_to_nobody),
		cmocka_unit_test(free_pages_are_as_many_as_the_header_says),
		cmocka_unit_test(a_list_of_free_pages_that_comes_back_ends),
		cmocka_unit_test(without_memory_nothing_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
