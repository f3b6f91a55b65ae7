#include "store/btree.h"

#include <string.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "support/fault.h"
#include "unit/store/fixture.h"

enum { PAGE_BYTES = 512, FILE_MAX = 1 << 20, DEEP_PAGES = 32 };

/* A file in memory. */
struct file {
	struct buf bytes;
	uint32_t read_count;
};

static enum error read_file(void *arg, uint64_t offset, void *out, size_t length)
{
	struct file *file = arg;

	if (offset > file->bytes.length || length > file->bytes.length - offset)
		return ERR_CORRUPT;
	memcpy(out, file->bytes.data + offset, length);
	file->read_count++;
	return ERR_NONE;
}

/* What a walk came by. */
struct seen {
	uint64_t cell_count, payload_bytes;
	int64_t last;
	uint64_t refused; /* the cell that is none; 0: none */
};

static bool on_cell(void *arg, const struct btree_cell *cell)
{
	struct seen *seen = arg;

	seen->cell_count++;
	seen->payload_bytes += cell->payload_bytes;
	seen->last = cell->rowid;
	return seen->cell_count != seen->refused;
}

/* A database of small pages with a table and an index, in which `sql` has run. */
static void make_file(struct fixture *fixture, const char *sql, struct file *file)
{
	fixture_sql(fixture, "some.db",
		    "PRAGMA page_size = 512;"
		    "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b BLOB);"
		    "CREATE INDEX t_a ON t (a)");
	fixture_sql(fixture, "some.db", sql);
	*file = (struct file){0};
	buf_init(&file->bytes, FILE_MAX);
	fixture_read(fixture, "some.db", &file->bytes);
}

static const char rows_sql[] =
	"INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)"
	" SELECT i * 3, i % 10, CASE i WHEN 77 THEN zeroblob(3000) ELSE x'0102' END FROM n";

static uint32_t root_of(struct fixture *fixture, const char *sql)
{
	return (uint32_t)fixture_int(fixture, "some.db", sql);
}

static enum error walk(struct file *file, enum btree_kind kind, uint32_t root, struct seen *seen)
{
	struct pages pages;
	bool is_plain;

	file->read_count = 0;
	enum error error = pages_init(&pages, read_file, file, file->bytes.length, &is_plain);
	if (error != ERR_NONE)
		return error;
	assert_true(is_plain);
	error = btree_walk(&pages, kind, root, on_cell, seen);
	pages_deinit(&pages);
	return error;
}

static const char table_root[] = "SELECT rootpage FROM sqlite_schema WHERE name = 't'";
static const char index_root[] = "SELECT rootpage FROM sqlite_schema WHERE name = 't_a'";

static void all_cells_come_in_order(void **state)
{
	struct fixture *fixture = *state;
	struct seen rows = {0}, entries = {0}, schema = {0};
	struct file file;

	make_file(fixture, rows_sql, &file);
	assert_int_equal(walk(&file, BTREE_TABLE, root_of(fixture, table_root), &rows), ERR_NONE);
	assert_int_equal(rows.cell_count, 2000);
	assert_int_equal(rows.last, 6000);
	assert_true(rows.payload_bytes > 3000 + 2000 * 3);
	assert_int_equal(walk(&file, BTREE_INDEX, root_of(fixture, index_root), &entries),
			 ERR_NONE);
	assert_int_equal(entries.cell_count, 2000);
	assert_int_equal(walk(&file, BTREE_TABLE, 1, &schema), ERR_NONE);
	assert_int_equal(schema.cell_count, 2);
	buf_deinit(&file.bytes);
}

static void an_empty_tree_has_one_page(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen = {0};
	struct file file;

	make_file(fixture, "SELECT 1", &file);
	assert_int_equal(walk(&file, BTREE_TABLE, root_of(fixture, table_root), &seen), ERR_NONE);
	assert_int_equal(seen.cell_count, 0);
	assert_int_equal(file.read_count, 2);
	buf_deinit(&file.bytes);
}

static void a_tree_of_the_other_kind_is_none(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen = {0};
	struct file file;

	make_file(fixture, rows_sql, &file);
	assert_int_equal(walk(&file, BTREE_INDEX, root_of(fixture, table_root), &seen),
			 ERR_CORRUPT);
	assert_int_equal(walk(&file, BTREE_TABLE, root_of(fixture, index_root), &seen),
			 ERR_CORRUPT);
	assert_int_equal(walk(&file, BTREE_TABLE, 0, &seen), ERR_CORRUPT);
	assert_int_equal(walk(&file, BTREE_TABLE, UINT32_MAX, &seen), ERR_CORRUPT);
	buf_deinit(&file.bytes);
}

static void a_refused_cell_ends_the_walk(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen = {.refused = 100};
	struct file file;

	make_file(fixture, rows_sql, &file);
	assert_int_equal(walk(&file, BTREE_TABLE, root_of(fixture, table_root), &seen),
			 ERR_CORRUPT);
	assert_int_equal(seen.cell_count, 100);
	buf_deinit(&file.bytes);
}

/* Inner pages each of which names the next one as its first child, by the cell at its end. */
static void make_deep_file(struct fixture *fixture, struct file *file)
{
	make_file(fixture, "SELECT 1", file);
	while (file->bytes.length < (size_t)DEEP_PAGES * PAGE_BYTES)
		buf_append_byte(&file->bytes, 0);
	uint8_t *bytes = (uint8_t *)file->bytes.data;
	bytes[31] = DEEP_PAGES;
	for (uint32_t number = 2; number < DEEP_PAGES; number++) {
		uint8_t *page = bytes + (size_t)(number - 1) * PAGE_BYTES;
		uint32_t cell = PAGE_BYTES - 8;
		memset(page, 0, PAGE_BYTES);
		page[0] = 5;
		page[4] = 1;
		page[5] = page[12] = (uint8_t)(cell >> 8);
		page[6] = page[13] = (uint8_t)cell;
		page[cell + 3] = (uint8_t)(number + 1);
	}
}

static void a_tree_that_is_too_deep_is_given_up(void **state)
{
	struct seen seen = {0};
	struct file file;

	make_deep_file(*state, &file);
	assert_int_equal(walk(&file, BTREE_TABLE, 2, &seen), ERR_CORRUPT);
	/* The header, and as many pages as a tree may be deep. */
	assert_int_equal(file.read_count, 1 + BTREE_DEPTH_MAX);
	/* From there on it is not too deep, but its last page is no page of a table. */
	uint32_t root = DEEP_PAGES - BTREE_DEPTH_MAX + 1;
	assert_int_equal(walk(&file, BTREE_TABLE, root, &seen), ERR_CORRUPT);
	assert_int_equal(file.read_count, 1 + BTREE_DEPTH_MAX);
	buf_deinit(&file.bytes);
}

static void a_tree_that_comes_back_to_a_page_is_given_up(void **state)
{
	struct seen seen = {0};
	struct file file;

	make_deep_file(*state, &file);
	((uint8_t *)file.bytes.data)[2 * PAGE_BYTES + PAGE_BYTES - 8 + 3] = 2;
	assert_int_equal(walk(&file, BTREE_TABLE, 2, &seen), ERR_CORRUPT);
	assert_int_equal(file.read_count, 1 + 2);
	buf_deinit(&file.bytes);
}

static void a_file_that_ends_early_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen = {0};
	struct pages pages;
	struct file file;
	bool is_plain;

	make_file(fixture, rows_sql, &file);
	assert_int_equal(pages_init(&pages, read_file, &file, file.bytes.length, &is_plain),
			 ERR_NONE);
	assert_true(is_plain);
	file.bytes.length -= PAGE_BYTES;
	/* The page that is not there any more belongs to one of the two. */
	enum error table =
		btree_walk(&pages, BTREE_TABLE, root_of(fixture, table_root), on_cell, &seen);
	enum error index =
		btree_walk(&pages, BTREE_INDEX, root_of(fixture, index_root), on_cell, &seen);
	assert_true((table == ERR_CORRUPT) != (index == ERR_CORRUPT));
	pages_deinit(&pages);
	buf_deinit(&file.bytes);
}

static void walking_survives_any_failed_allocation(void **state)
{
	struct fixture *fixture = *state;
	uint32_t root;
	struct file file;

	make_file(fixture, rows_sql, &file);
	root = root_of(fixture, table_root);
	for (uint64_t n = 0;; n++) {
		struct seen seen = {0};
		fault_arm(n, FAULT_ONCE);
		enum error error = walk(&file, BTREE_TABLE, root, &seen);
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			assert_true(n > 2);
			break;
		}
		assert_int_equal(error, ERR_NO_MEMORY);
	}
	buf_deinit(&file.bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(all_cells_come_in_order),
		TEST(an_empty_tree_has_one_page),
		TEST(a_tree_of_the_other_kind_is_none),
		TEST(a_refused_cell_ends_the_walk),
		TEST(a_tree_that_is_too_deep_is_given_up),
		TEST(a_tree_that_comes_back_to_a_page_is_given_up),
		TEST(a_file_that_ends_early_is_found),
		TEST(walking_survives_any_failed_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
