/*
 * Damage that leaves every row and the whole chain as they were, and leads questions past rows: each
 * is planted in the file of a sealed segment, and found with the name of what was damaged.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "store/audit_schema.h"
#include "store/index_proof.h"
#include "store/seal.h"
#include "store/stmt.h"
#include "support/fault.h"
#include "unit/store/fixture.h"

enum { ROWS = 3000, FILE_MAX = 1 << 24 };

/* A sealed segment as it was written, and the copy that is damaged. */
struct scene {
	struct fixture *fixture;
	struct buf original, bytes;
};

static void write_file(const struct scene *scene, const char *name, const struct buf *bytes)
{
	char path[256];
	FILE *stream;

	tmpdir_path(&scene->fixture->dir, name, path, sizeof(path));
	(void)remove(path);
	stream = fopen(path, "wb");
	assert_non_null(stream);
	assert_int_equal(fwrite(bytes->data, 1, bytes->length, stream), bytes->length);
	assert_int_equal(fclose(stream), 0);
}

static void restore(struct scene *scene)
{
	write_file(scene, AUDIT_FILE, &scene->original);
	buf_clear(&scene->bytes);
	buf_append(&scene->bytes, scene->original.data, scene->original.length);
}

/* Rows, then a few events, two of which say that an answer did not leave, and a row without a record
 * whose text does not fit into one page. */
static void fill(struct fixture *fixture)
{
	static char long_context[9000];
	const struct audit_event events[] = {
		{STR("daemon.started"), STR("uid:0"), STR("{\"pid\":1}")},
		{STR("decision.undelivered"), STR(""), STR("{\"decision_id\":1}")},
		{STR("decision.undelivered"), STR(""), STR("{\"decision_id\":2}")},
	};
	struct audit *audit = fixture_audit(fixture);
	struct store_row_texts texts;
	struct audit_row row;
	uint64_t id;

	fixture_append(audit, 0, ROWS);
	for (size_t i = 0; i < ARRAY_COUNT(events); i++) {
		row = (struct audit_row){
			.wall_us = 5 + (int64_t)i, .boot_ms = 7, .event = &events[i]};
		assert_int_equal(audit_append(audit, &row, 1, &id), ERR_NONE);
	}
	memset(long_context, 'x', sizeof(long_context));
	store_row_make(ROWS, &texts, &row);
	memset(row.record_id, 0, sizeof(row.record_id));
	row.context = str_make(long_context, sizeof(long_context));
	assert_int_equal(audit_append(audit, &row, 1, &id), ERR_NONE);
	audit_close(audit);
}

static int setup(void **state)
{
	static struct scene scene;
	struct segment segment;

	if (fixture_setup((void **)&scene.fixture) != 0)
		return -1;
	fill(scene.fixture);
	assert_int_equal(seal_segment(scene.fixture->dir.path, 1, &scene.fixture->env, NULL, 2,
				      &segment, &scene.fixture->why),
			 ERR_NONE);
	buf_init(&scene.original, FILE_MAX);
	buf_init(&scene.bytes, FILE_MAX);
	fixture_read(scene.fixture, AUDIT_FILE, &scene.original);
	*state = &scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	buf_deinit(&scene->original);
	buf_deinit(&scene->bytes);
	return fixture_teardown((void **)&scene->fixture);
}

static int start(void **state)
{
	restore(*state);
	return 0;
}

/* What is said of the file as it is; an error to read it on is a finding as well. */
static enum error verify(const struct scene *scene, struct audit_verification *result)
{
	struct fixture *fixture = scene->fixture;
	struct audit_reader *reader;

	buf_clear(&fixture->why);
	enum error error =
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why);
	if (error != ERR_NONE)
		return error;
	error = audit_verify(reader, NULL, result, &fixture->why);
	audit_reader_close(reader);
	return error;
}

static void expect_intact(const struct scene *scene)
{
	struct audit_verification result;

	if (verify(scene, &result) != ERR_NONE)
		fail_msg("%s", buf_text(&scene->fixture->why));
	if (!result.intact)
		fail_msg("flaw %d at %s", (int)result.flaw,
			 result.place != NULL ? result.place : "a row");
	assert_int_equal(result.row_count, ROWS + 4);
}

static void expect_found(const struct scene *scene, const char *what, const char *place)
{
	struct audit_verification result;

	if (verify(scene, &result) != ERR_NONE)
		fail_msg("%s: %s", what, buf_text(&scene->fixture->why));
	if (result.intact)
		fail_msg("%s: not found", what);
	if (result.flaw != AUDIT_FLAW_INDEX || strcmp(result.place, place) != 0)
		fail_msg("%s: flaw %d at %s", what, (int)result.flaw,
			 result.place != NULL ? result.place : "a row");
	assert_int_equal(result.segment, 1);
	assert_int_equal(result.first_bad_id, 1);
}

/* The bytes of `scene->bytes` become the file. */
static void expect_bytes_found(const struct scene *scene, const char *what, const char *place)
{
	write_file(scene, AUDIT_FILE, &scene->bytes);
	expect_found(scene, what, place);
}

/* As somebody who knows SQLite: past triggers and checks. */
static void sql(const struct scene *scene, const char *text)
{
	char path[256];
	sqlite3 *db;

	tmpdir_path(&scene->fixture->dir, AUDIT_FILE, path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "PRAGMA ignore_check_constraints = ON;"
				      "PRAGMA synchronous = OFF;"
				      "PRAGMA writable_schema = ON",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t ask(const struct scene *scene, const char *text)
{
	return fixture_int(scene->fixture, AUDIT_FILE, text);
}

/* Pages and cells of `scene->bytes`. */

enum { PAGE_BYTES = 4096, INNER_TABLE = 5, INNER_INDEX = 2, LEAF_INDEX = 10 };

static uint8_t *page_at(const struct scene *scene, uint32_t number)
{
	assert_in_range(number, 1, scene->bytes.length / PAGE_BYTES);
	return (uint8_t *)scene->bytes.data + (size_t)(number - 1) * PAGE_BYTES;
}

static uint32_t get_u16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get_u32(const uint8_t *p)
{
	return get_u16(p) << 16 | get_u16(p + 2);
}

static void put_u32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint8_t *root_of(const struct scene *scene, const char *name)
{
	char text[128];

	snprintf(text, sizeof(text), "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", name);
	return page_at(scene, (uint32_t)ask(scene, text));
}

static bool is_leaf(const uint8_t *page)
{
	return page[0] >= LEAF_INDEX;
}

/* Where the place of cell `index` stands. */
static uint8_t *pointer_at(uint8_t *page, uint32_t index)
{
	return page + (is_leaf(page) ? 8 : 12) + (size_t)2 * index;
}

static uint8_t *cell_at(uint8_t *page, uint32_t index)
{
	return page + get_u16(pointer_at(page, index));
}

static void swap(uint8_t *a, uint8_t *b, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = a[i];
		a[i] = b[i];
		b[i] = byte;
	}
}

static uint8_t *first_leaf(const struct scene *scene, const char *name)
{
	uint8_t *page = root_of(scene, name);

	while (!is_leaf(page))
		page = page_at(scene, get_u32(cell_at(page, 0)));
	return page;
}

static uint8_t *last_leaf(const struct scene *scene, const char *name)
{
	uint8_t *page = root_of(scene, name);

	while (!is_leaf(page))
		page = page_at(scene, get_u32(page + 8));
	return page;
}

static const char *const indexes[] = {"decision_subject", "decision_request", "decision_outcome",
				      "decision_denied"};

static void the_segment_itself_is_intact(void **state)
{
	expect_intact(*state);
}

static void entries_in_wrong_order_are_found(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
		uint8_t *page = first_leaf(scene, indexes[i]);
		swap(pointer_at(page, 5), pointer_at(page, 6), 2);
		expect_bytes_found(scene, "swapped", indexes[i]);
		restore(scene);
	}
}

/* Another one is missed instead, and there are as many as there should be. */
static void an_entry_that_is_there_twice_is_found(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
		uint8_t *page = first_leaf(scene, indexes[i]);
		memcpy(pointer_at(page, 6), pointer_at(page, 5), 2);
		expect_bytes_found(scene, "twice", indexes[i]);
		restore(scene);
	}
}

/* The last one, so that the others are in order. */
static void a_missing_entry_is_found(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
		uint8_t *page = last_leaf(scene, indexes[i]);
		page[4]--;
		expect_bytes_found(scene, "missing", indexes[i]);
		restore(scene);
	}
}

/* The last byte of an entry is the last one of its id, and what stands behind its header is of the
 * first column. */
static void an_entry_with_another_id_or_key_is_found(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
		uint8_t *page = last_leaf(scene, indexes[i]);
		uint8_t *cell = cell_at(page, get_u16(page + 3) - 1);
		cell[cell[0]] ^= 1;
		expect_bytes_found(scene, "another id", indexes[i]);
		restore(scene);
		page = first_leaf(scene, indexes[i]);
		cell = cell_at(page, 0);
		cell[1 + cell[1]]--;
		expect_bytes_found(scene, "another key", indexes[i]);
		restore(scene);
	}
}

static void an_entry_that_is_written_in_another_way_is_found(void **state)
{
	struct scene *scene = *state;
	uint8_t *page = first_leaf(scene, "decision_request");
	uint8_t *cell = cell_at(page, 0);

	cell[2] =
		0; /* NULL for an integer of no byte, and the first of its bytes is one too many */
	expect_bytes_found(scene, "NULL", "decision_request");
	restore(scene);
	page = first_leaf(scene, "decision_request");
	cell_at(page, 0)[1]++;
	expect_bytes_found(scene, "a longer header", "decision_request");
	restore(scene);
	page = first_leaf(scene, "decision_request");
	cell_at(page, 0)[0]++;
	expect_bytes_found(scene, "a byte more", "decision_request");
}

/* Index `name` takes no rows while `text` runs. */
static void behind_the_back_of(const struct scene *scene, const char *name, const char *text)
{
	struct buf all;

	buf_init(&all, 4096);
	buf_printf(&all,
		   "CREATE TEMP TABLE was AS SELECT sql FROM sqlite_schema WHERE name = '%s';"
		   "UPDATE sqlite_schema SET sql = replace(sql, ' WHERE verdict = 0', '') ||"
		   " ' WHERE verdict > 9' WHERE name = '%s';"
		   "PRAGMA writable_schema = RESET; %s; PRAGMA writable_schema = ON;"
		   "UPDATE sqlite_schema SET sql = (SELECT sql FROM was) WHERE name = '%s';"
		   "PRAGMA writable_schema = RESET",
		   name, name, text, name);
	sql(scene, buf_text(&all));
	buf_deinit(&all);
}

static const char add_row[] =
	"INSERT INTO decision SELECT 9999, wall_us, boot_ms, utc_offset_minutes, subject,"
	" group_set, request, context, verdict, outcome, origin, record_id, latency_us, relaxed,"
	" chain FROM decision WHERE id = 1";

/* Of a row that is not there, and the same beside one that is missing. */
static void an_entry_of_no_row_is_found(void **state)
{
	static const char hide_row[] =
		"CREATE TEMP TABLE kept AS SELECT * FROM decision WHERE id = 11;"
		"DELETE FROM decision WHERE id = 11; INSERT INTO decision SELECT * FROM kept";
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
		sql(scene, add_row);
		behind_the_back_of(scene, indexes[i], "DELETE FROM decision WHERE id = 9999");
		expect_found(scene, "of no row", indexes[i]);
		restore(scene);
		behind_the_back_of(scene, indexes[i], hide_row);
		expect_intact(scene); /* the old entry stayed, and is that of the row */
		sql(scene, add_row);
		behind_the_back_of(scene, indexes[i],
				   "UPDATE decision SET id = 11111 WHERE id = 11;"
				   "UPDATE decision SET id = 11 WHERE id = 11111;"
				   "DELETE FROM decision WHERE id = 9999");
		expect_found(scene, "of no row instead of one", indexes[i]);
		restore(scene);
	}
}

/* The tree of another index, whole and sound. */
static void an_index_that_is_another_is_found(void **state)
{
	struct scene *scene = *state;

	sql(scene, "CREATE TEMP TABLE was AS SELECT name, rootpage FROM sqlite_schema;"
		   "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM was"
		   " WHERE was.name = 'decision_outcome') WHERE name = 'decision_request';"
		   "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM was"
		   " WHERE was.name = 'decision_request') WHERE name = 'decision_outcome'");
	expect_found(scene, "another index", "decision_request");
}

/* An index made by SQLite itself of rows one of which is missing, in the place of the right one. */
static void an_index_of_other_rows_is_found(void **state)
{
	struct scene *scene = *state;

	sql(scene, "CREATE TABLE other AS SELECT * FROM decision WHERE id <> 77;"
		   "CREATE INDEX other_request ON other (request);"
		   "CREATE TEMP TABLE was AS SELECT rootpage FROM sqlite_schema"
		   " WHERE name = 'other_request';"
		   "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM was)"
		   " WHERE name = 'decision_request';"
		   "DELETE FROM sqlite_schema WHERE name LIKE 'other%'");
	expect_found(scene, "of other rows", "decision_request");
}

static void children_in_wrong_order_are_found(void **state)
{
	struct scene *scene = *state;
	uint8_t *page = root_of(scene, "decision_subject");

	assert_int_equal(page[0], INNER_INDEX);
	swap(cell_at(page, 1), cell_at(page, 2), 4);
	expect_bytes_found(scene, "swapped children", "decision_subject");
	restore(scene);
	/* Only the last bit of an entry that parts two leaves. */
	uint8_t *cell = cell_at(root_of(scene, "decision_subject"), 1) + 4;
	cell[cell[0]] ^= 1;
	expect_bytes_found(scene, "another parting", "decision_subject");
	restore(scene);
	page = root_of(scene, "decision");
	swap(cell_at(page, 1), cell_at(page, 2), 4);
	write_file(scene, AUDIT_FILE, &scene->bytes);
	struct audit_verification result;
	assert_int_equal(verify(scene, &result), ERR_NONE);
	assert_int_equal(result.flaw, AUDIT_FLAW_ROW); /* SQLite itself reads the rows so */
}

/* A key that parts two leaves of the rows: a search takes the wrong way, reading all rows does not. */
static void a_parting_that_misleads_a_search_for_an_id_is_found(void **state)
{
	struct scene *scene = *state;
	uint8_t *page = root_of(scene, "decision");
	char question[96];

	assert_int_equal(page[0], INNER_TABLE);
	uint8_t *cell = cell_at(page, 0) + 4;
	uint32_t id = cell[0];
	assert_true(id > 1 && id < 0x80);
	snprintf(question, sizeof(question), "SELECT count(*) FROM decision WHERE id = %u", id);
	assert_int_equal(ask(scene, question), 1);
	cell[0]--;
	write_file(scene, AUDIT_FILE, &scene->bytes);
	assert_int_equal(ask(scene, question), 0);
	assert_int_equal(ask(scene, "SELECT count(*) FROM decision"), ROWS + 1);
	expect_found(scene, "one less", "decision");
	cell[0] += 2;
	expect_bytes_found(scene, "one more", "decision");
}

/* Column `name` of `table` takes any value while `text` runs. */
static void past_the_type(const struct scene *scene, const char *table, const char *declared,
			  const char *text)
{
	struct buf all;

	buf_init(&all, 4096);
	buf_printf(&all,
		   "CREATE TEMP TABLE was AS SELECT sql FROM sqlite_schema WHERE name = '%s';"
		   "UPDATE sqlite_schema SET sql = replace(replace(sql, '%s', '%.*s'),"
		   " ') STRICT', ')') WHERE name = '%s';"
		   "PRAGMA writable_schema = RESET; %s; PRAGMA writable_schema = ON;"
		   "UPDATE sqlite_schema SET sql = (SELECT sql FROM was) WHERE name = '%s';"
		   "PRAGMA writable_schema = RESET",
		   table, declared, (int)strcspn(declared, " "), declared, table, text, table);
	sql(scene, buf_text(&all));
	buf_deinit(&all);
}

/* The chain is the same, for what it is computed from is the same number or text. */
static void a_value_of_another_type_is_found(void **state)
{
	static const struct {
		const char *table, *declared, *change, *question;
	} cases[] = {
		{"decision", "verdict            INTEGER",
		 "UPDATE decision SET verdict = CAST(verdict AS BLOB) WHERE id = 7",
		 "SELECT count(*) FROM decision WHERE id = 7 AND verdict = 1"},
		{"decision", "boot_ms            INTEGER NOT NULL",
		 "UPDATE decision SET boot_ms = CAST(boot_ms AS BLOB) WHERE id = 7",
		 "SELECT count(*) FROM decision WHERE id = 7 AND boot_ms < 1e15"},
		{"decision", "record_id          BLOB",
		 "UPDATE decision SET record_id = x'' WHERE record_id IS NULL",
		 "SELECT count(*) FROM decision WHERE record_id IS NULL"},
		{"subject", "user        TEXT", "UPDATE subject SET user = CAST(user AS BLOB)",
		 "SELECT count(*) FROM subject WHERE user = 'CONTOSO\\User7'"},
		{"event", "actor   TEXT", "UPDATE event SET actor = CAST(actor AS BLOB)",
		 "SELECT count(*) FROM event WHERE actor = 'uid:0'"},
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		int64_t count = ask(scene, cases[i].question);
		past_the_type(scene, cases[i].table, cases[i].declared, cases[i].change);
		if (ask(scene, cases[i].question) == count)
			fail_msg("%s: changes nothing", cases[i].change);
		expect_found(scene, cases[i].change, cases[i].table);
		restore(scene);
	}
}

static void damage_of_small_tables_and_their_indexes_is_found(void **state)
{
	struct scene *scene = *state;
	uint8_t *page = first_leaf(scene, "sqlite_autoindex_subject_1");

	swap(pointer_at(page, 1), pointer_at(page, 2), 2);
	expect_bytes_found(scene, "swapped", "subject");
	restore(scene);
	page = first_leaf(scene, "sqlite_autoindex_request_1");
	page[4]--;
	expect_bytes_found(scene, "missing", "request");
	restore(scene);
	page = first_leaf(scene, "event_undelivered");
	assert_int_equal(get_u16(page + 3), 2);
	page[4]--;
	expect_bytes_found(scene, "missing", "event");
	restore(scene);
	page = root_of(scene, "subject");
	cell_at(page, 0)[4]--;
	expect_bytes_found(scene, "parting", "subject");
}

/* The chain of pages behind a long text goes on behind its end. */
static void a_text_that_goes_on_behind_its_end_is_found(void **state)
{
	struct scene *scene = *state;
	uint8_t *page = first_leaf(scene, "context");
	uint8_t *last = NULL;

	/* The second text is 9,000 bytes long: 4 pages of which the row has the rest. */
	uint8_t *cell = cell_at(page, 1);
	for (uint32_t at = (uint32_t)(cell - page); at < PAGE_BYTES - 4; at++) {
		uint32_t number = get_u32(page + at);
		if (page[at - 1] == 'x' && number > 1 && number <= scene->bytes.length / PAGE_BYTES)
			last = page_at(scene, number);
	}
	assert_non_null(last);
	while (get_u32(last) != 0)
		last = page_at(scene, get_u32(last));
	put_u32(last, 3);
	expect_bytes_found(scene, "goes on", "context");
}

static void pages_of_nobody_and_of_two_are_found(void **state)
{
	enum { FIRST_FREE = 32, FREE_COUNT = 36 };
	struct scene *scene = *state;
	struct buf free;

	sql(scene, "CREATE TABLE other AS SELECT * FROM decision LIMIT 500; DROP TABLE other");
	expect_intact(scene);
	buf_init(&free, FILE_MAX);
	fixture_read(scene->fixture, AUDIT_FILE, &free);
	for (int i = 0; i < 5; i++) {
		buf_clear(&scene->bytes);
		buf_append(&scene->bytes, free.data, free.length);
		uint8_t *header = page_at(scene, 1);
		uint8_t *trunk = page_at(scene, get_u32(header + FIRST_FREE));
		assert_true(get_u32(trunk + 4) > 3);
		switch (i) {
		case 0: put_u32(header + FREE_COUNT, get_u32(header + FREE_COUNT) + 1); break;
		case 1:
			put_u32(header + FREE_COUNT, 0);
			put_u32(header + FIRST_FREE, 0);
			break;
		case 2: put_u32(trunk + 8, 2); break;
		case 3: put_u32(trunk + 8, get_u32(trunk + 12)); break;
		case 4: put_u32(trunk + 4, (PAGE_BYTES - 8) / 4 + 1); break;
		}
		expect_bytes_found(scene, "free pages", "the file");
	}
	buf_deinit(&free);
}

/* What stands in a log beside the file is what SQLite reads. */
static void a_log_that_was_put_beside_the_file_is_found(void **state)
{
	struct scene *scene = *state;
	char path[256], log_path[256];
	struct buf log;
	sqlite3 *db;

	buf_init(&log, FILE_MAX);
	tmpdir_path(&scene->fixture->dir, AUDIT_FILE, path, sizeof(path));
	tmpdir_path(&scene->fixture->dir, AUDIT_FILE "-wal", log_path, sizeof(log_path));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			     "PRAGMA journal_mode = WAL; PRAGMA writable_schema = ON;"
			     "CREATE TEMP TABLE was AS SELECT sql FROM sqlite_schema"
			     " WHERE name = 'decision_request';"
			     "CREATE TEMP TABLE kept AS SELECT * FROM decision WHERE id = 11;"
			     "DELETE FROM decision WHERE id = 11;"
			     "UPDATE sqlite_schema SET sql = sql || ' WHERE verdict > 9'"
			     " WHERE name = 'decision_request';"
			     "PRAGMA writable_schema = RESET;"
			     "INSERT INTO decision SELECT * FROM kept;"
			     "PRAGMA writable_schema = ON;"
			     "UPDATE sqlite_schema SET sql = (SELECT sql FROM was)"
			     " WHERE name = 'decision_request';",
			     NULL, NULL, NULL),
		SQLITE_OK);
	fixture_read(scene->fixture, AUDIT_FILE "-wal", &log);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	restore(scene);
	expect_intact(scene);
	write_file(scene, AUDIT_FILE "-wal", &log);
	expect_found(scene, "a log", "decision_request");
	assert_int_equal(remove(log_path), 0);
	buf_deinit(&log);
}

/* What an administrator may do to a file without changing what it says. */
static void a_file_that_was_made_anew_is_intact(void **state)
{
	static const char *const changes[] = {
		"VACUUM",
		"REINDEX",
		"ANALYZE",
		"PRAGMA page_size = 512; VACUUM",
		"PRAGMA page_size = 65536; VACUUM",
		"PRAGMA auto_vacuum = FULL; VACUUM",
		"PRAGMA journal_mode = WAL",
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
		sql(scene, changes[i]);
		expect_intact(scene);
		restore(scene);
	}
}

/* The proof of the rows as they are. */
static void prove(const struct scene *scene, struct db *db, struct index_proof *proof)
{
	struct stmt stmt;
	bool row = true;

	index_proof_begin(proof, scene->fixture->env.hash_key);
	assert_int_equal(db_begin_read(db), ERR_NONE);
	assert_int_equal(stmt_prepare(&stmt, db,
				      "SELECT id, wall_us, subject, request, outcome, verdict = 0"
				      " FROM decision NOT INDEXED ORDER BY id"),
			 ERR_NONE);
	for (;;) {
		assert_int_equal(stmt_step(&stmt, &row), ERR_NONE);
		if (!row)
			break;
		const struct index_row of_row = {stmt_int(&stmt, 0), stmt_int(&stmt, 1),
						 stmt_int(&stmt, 2), stmt_int(&stmt, 3),
						 stmt_int(&stmt, 4), stmt_int(&stmt, 5) != 0};
		index_proof_add(proof, &of_row);
	}
	stmt_finish(&stmt);
}

/* Whoever opens the file refuses it. In one that was open before it is found. */
static void an_index_that_is_none_of_ours_is_found(void **state)
{
	static const struct {
		const char *sql, *place;
	} cases[] = {
		{"SELECT 1", NULL},
		{"CREATE INDEX evil ON decision (wall_us)", "the file"},
		{"CREATE INDEX more ON event (kind)", NULL}, /* asked of SQLite */
	};
	struct scene *scene = *state;
	struct fixture *fixture = scene->fixture;
	struct index_proof proof;
	const char *place;
	struct db db;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(audit_open_segment(fixture->dir.path, 1, &fixture->env, DB_READ,
						    &db, &fixture->why),
				 ERR_NONE);
		sql(scene, cases[i].sql);
		prove(scene, &db, &proof);
		assert_int_equal(index_proof_check(&proof, &db, &place), ERR_NONE);
		if ((place == NULL) != (cases[i].place == NULL) ||
		    (place != NULL && strcmp(place, cases[i].place) != 0))
			fail_msg("%s: %s", cases[i].sql, place != NULL ? place : "not found");
		db_rollback(&db);
		db_close(&db);
		restore(scene);
	}
}

/* A search by time that finds nothing, and an index of every column whose rows were changed behind it,
 * which SQLite prefers for what the file says of its size. */
static void an_index_under_a_name_of_sqlites_own_is_refused(void **state)
{
	static const char empty[] =
		"CREATE TABLE other (wall_us); CREATE INDEX other_wall ON other (wall_us);"
		"CREATE TEMP TABLE was AS SELECT rootpage FROM sqlite_schema"
		" WHERE name = 'other_wall';"
		"DELETE FROM sqlite_schema WHERE name = 'other_wall';"
		"INSERT INTO sqlite_schema SELECT 'index', 'sqlite_evil', 'decision', rootpage,"
		" 'CREATE INDEX sqlite_evil ON decision (wall_us)' FROM was;"
		"PRAGMA writable_schema = RESET; DROP TABLE other";
	static const char copy[] =
		"CREATE INDEX evil ON decision (id, wall_us, boot_ms, utc_offset_minutes, subject,"
		" group_set, request, context, verdict, outcome, origin, record_id, latency_us,"
		" relaxed, chain); ANALYZE; UPDATE sqlite_stat1 SET stat = stat || ' sz=1',"
		" idx = 'sqlite_evil' WHERE idx = 'evil'";
	static const char rename[] = "UPDATE sqlite_schema SET name = 'sqlite_evil', sql ="
				     " replace(sql, 'evil', 'sqlite_evil') WHERE name = 'evil'";
	struct scene *scene = *state;
	struct audit_verification result;

	sql(scene, empty);
	assert_int_equal(ask(scene, "SELECT count(*) FROM decision WHERE wall_us > 0"), 0);
	assert_int_equal(verify(scene, &result), ERR_FOREIGN);
	restore(scene);
	sql(scene, copy);
	behind_the_back_of(scene, "evil", "UPDATE decision SET boot_ms = boot_ms + 1 WHERE id = 7");
	sql(scene, rename);
	assert_int_equal(ask(scene, "SELECT boot_ms = (SELECT boot_ms FROM decision NOT INDEXED"
				    " WHERE id = 7) FROM (SELECT id, boot_ms FROM decision"
				    " ORDER BY id LIMIT 6, 1)"),
			 0);
	assert_int_equal(verify(scene, &result), ERR_FOREIGN);
}

/* As the command says to. */
static void reindexing_mends_an_index(void **state)
{
	struct scene *scene = *state;
	uint8_t *page = first_leaf(scene, "decision_denied");

	memcpy(pointer_at(page, 6), pointer_at(page, 5), 2);
	expect_bytes_found(scene, "twice", "decision_denied");
	sql(scene, "REINDEX");
	expect_intact(scene);
}

/* A row of pseudo-random numbers (xorshift). */
static uint32_t next_random(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	return *random ^= *random << 5;
}

/* What SQLite finds wrong with the file; empty for nothing, or for what no reader can meet. */
static void ask_sqlite(const struct scene *scene, char said[256])
{
	char path[256];
	sqlite3 *db;
	sqlite3_stmt *statement = NULL;

	tmpdir_path(&scene->fixture->dir, AUDIT_FILE, path, sizeof(path));
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	snprintf(said, 256, "%s", "");
	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(20)", -1, &statement, NULL) != SQLITE_OK)
		snprintf(said, 256, "%s", sqlite3_errmsg(db));
	while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);
		/* How free bytes within a page are kept is of writers alone. */
		if (strcmp(text, "ok") != 0 && strstr(text, "Fragmentation of") == NULL &&
		    strstr(text, "Multiple uses for byte") == NULL &&
		    strstr(text, "free space corruption") == NULL)
			snprintf(said, 256, "%s", text);
	}
	sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Whatever SQLite's own check of everything finds is found. */
static void what_integrity_check_finds_of_random_damage_is_found(void **state)
{
	enum { TURNS = 100, FOUND_MIN = 40 };
	struct scene *scene = *state;
	struct audit_verification result;
	uint32_t random = 0x9e3779b9, found = 0;
	char said[256];

	for (int turn = 0; turn < TURNS; turn++) {
		uint32_t pages = (uint32_t)(scene->bytes.length / PAGE_BYTES);
		uint8_t *page = page_at(scene, 1 + next_random(&random) % pages);
		/* In turns in the head of a page and anywhere. */
		uint32_t at = next_random(&random) % (turn % 2 == 0 ? 32 : PAGE_BYTES);

		page[at] ^= (uint8_t)(1 + next_random(&random) % 255);
		write_file(scene, AUDIT_FILE, &scene->bytes);
		ask_sqlite(scene, said);
		if (said[0] != '\0') {
			found++;
			if (verify(scene, &result) == ERR_NONE && result.intact)
				fail_msg("turn %d: not found: %s", turn, said);
		}
		restore(scene);
	}
	assert_true(found >= FOUND_MIN);
}

static void verifying_survives_any_failed_allocation(void **state)
{
	struct scene *scene = *state;
	struct audit_verification result;
	struct audit_reader *reader;
	struct fixture *fixture = scene->fixture;

	for (uint64_t n = 0;; n++) {
		assert_int_equal(
			audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why),
			ERR_NONE);
		fault_arm(n, FAULT_ONCE);
		enum error error = audit_verify(reader, NULL, &result, &fixture->why);
		bool fired = fault_disarm();
		audit_reader_close(reader);
		if (!fired) {
			assert_int_equal(error, ERR_NONE);
			assert_true(result.intact);
			assert_true(n > 10);
			return;
		}
		assert_int_equal(error, ERR_NO_MEMORY);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
	const struct CMUnitTest tests[] = {
		TEST(the_segment_itself_is_intact),
		TEST(entries_in_wrong_order_are_found),
		TEST(an_entry_that_is_there_twice_is_found),
		TEST(a_missing_entry_is_found),
		TEST(an_entry_with_another_id_or_key_is_found),
		TEST(an_entry_that_is_written_in_another_way_is_found),
		TEST(an_entry_of_no_row_is_found),
		TEST(an_index_that_is_another_is_found),
		TEST(an_index_of_other_rows_is_found),
		TEST(children_in_wrong_order_are_found),
		TEST(a_parting_that_misleads_a_search_for_an_id_is_found),
		TEST(a_value_of_another_type_is_found),
		TEST(damage_of_small_tables_and_their_indexes_is_found),
		TEST(a_text_that_goes_on_behind_its_end_is_found),
		TEST(pages_of_nobody_and_of_two_are_found),
		TEST(a_log_that_was_put_beside_the_file_is_found),
		TEST(a_file_that_was_made_anew_is_intact),
		TEST(an_index_that_is_none_of_ours_is_found),
		TEST(an_index_under_a_name_of_sqlites_own_is_refused),
		TEST(reindexing_mends_an_index),
		TEST(what_integrity_check_finds_of_random_damage_is_found),
		TEST(verifying_survives_any_failed_allocation),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
