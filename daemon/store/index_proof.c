#include "store/index_proof.h"

#include <string.h>

#include "base/attributes.h"
#include "base/mem.h"
#include "store/btree.h"
#include "store/pages.h"
#include "store/stmt.h"

enum { COLUMNS_MAX = 2, SAID_MAX_BYTES = 4096 };

static const char the_file[] = "the file";

/* An index has its columns and then the id. */
static const struct {
	const char *name;
	int column_count;
} indexes[INDEX_COUNT] = {
	[INDEX_SUBJECT] = {"decision_subject", 2}, /* subject, wall_us */
	[INDEX_REQUEST] = {"decision_request", 1},
	[INDEX_OUTCOME] = {"decision_outcome", 1},
	[INDEX_DENIED] = {"decision_denied", 1}, /* wall_us, of denials alone */
};

enum { FIRST_OF_OWN = 1 };

/* All tables but that of decisions. The first one is that of all trees, which has no index. */
static const char *const small_tables[] = {
	"sqlite_schema", "subject", "group_set", "request",   "context",
	"outcome",       "origin",  "event",     "beginning", "seal",
};

/* What the columns of a decision may be. */
enum column { COLUMN_ID, COLUMN_INTEGER, COLUMN_RECORD_ID, COLUMN_CHAIN };

static const uint8_t decision_columns[] = {
	COLUMN_ID,        /* id, which stands before the record */
	COLUMN_INTEGER,   /* wall_us */
	COLUMN_INTEGER,   /* boot_ms */
	COLUMN_INTEGER,   /* utc_offset_minutes */
	COLUMN_INTEGER,   /* subject */
	COLUMN_INTEGER,   /* group_set */
	COLUMN_INTEGER,   /* request */
	COLUMN_INTEGER,   /* context */
	COLUMN_INTEGER,   /* verdict */
	COLUMN_INTEGER,   /* outcome */
	COLUMN_INTEGER,   /* origin */
	COLUMN_RECORD_ID, /* record_id */
	COLUMN_INTEGER,   /* latency_us */
	COLUMN_INTEGER,   /* relaxed */
	COLUMN_CHAIN,     /* chain */
};

/* Types of values in a record: sqlite.org/fileformat2.html, section 2.1. */
enum {
	TYPE_NULL = 0,
	TYPE_FLOAT = 7,
	TYPE_ONE = 9,       /* the last one of integers */
	TYPE_16_BYTES = 44, /* a blob: 12 and twice its length */
	TYPE_32_BYTES = 76,
};

/* Of an integer by its type; zero and one take no byte. */
static const uint8_t integer_bytes[TYPE_ONE + 1] = {0, 1, 2, 3, 4, 6, 8, 0, 0, 0};

static bool is_integer(uint8_t type)
{
	return type != TYPE_NULL && type <= TYPE_ONE && type != TYPE_FLOAT;
}

void index_proof_begin(struct index_proof *proof, struct hash_key key)
{
	*proof = (struct index_proof){.key = key};
}

static void add(struct index_proof *proof, enum index_name index, const int64_t *entry)
{
	proof->sums[index] += hash_bytes(
		proof->key, entry, ((size_t)indexes[index].column_count + 1) * sizeof(*entry));
}

void index_proof_add(struct index_proof *proof, const struct index_row *row)
{
	add(proof, INDEX_SUBJECT, (int64_t[]){row->subject, row->wall_us, row->id});
	add(proof, INDEX_REQUEST, (int64_t[]){row->request, row->id});
	add(proof, INDEX_OUTCOME, (int64_t[]){row->outcome, row->id});
	if (row->is_denial)
		add(proof, INDEX_DENIED, (int64_t[]){row->wall_us, row->id});
	proof->row_count++;
}

/* The walk over one index. */
struct index_walk {
	struct index_proof sums;
	enum index_name index;
	bool has_last;
	int64_t last[COLUMNS_MAX + 1];
};

static int64_t read_integer(const uint8_t *at, size_t length)
{
	uint64_t value = length != 0 && (at[0] & 0x80) != 0 ? UINT64_MAX : 0;

	for (size_t i = 0; i < length; i++)
		value = value << 8 | at[i];
	return (int64_t)value;
}

/* The record of an entry: its header, which is its own length and a type a value, and the values. */
static bool read_entry(const struct btree_cell *cell, size_t value_count, int64_t *entry)
{
	const uint8_t *record = cell->payload;
	size_t header = value_count + 1, at = header;

	if (cell->local_bytes != cell->payload_bytes || cell->payload_bytes < header ||
	    record[0] != header)
		return false;
	for (size_t i = 0; i < value_count; i++) {
		uint8_t type = record[1 + i];
		if (!is_integer(type) || cell->payload_bytes - at < integer_bytes[type])
			return false;
		entry[i] = type < TYPE_FLOAT ? read_integer(record + at, integer_bytes[type])
					     : type == TYPE_ONE;
		at += integer_bytes[type];
	}
	return at == cell->payload_bytes;
}

static bool is_ascending(const int64_t *before, const int64_t *entry, size_t value_count)
{
	for (size_t i = 0; i < value_count; i++) {
		if (before[i] != entry[i])
			return before[i] < entry[i];
	}
	return false;
}

static bool on_entry(void *arg, const struct btree_cell *cell)
{
	struct index_walk *walk = arg;
	size_t value_count = (size_t)indexes[walk->index].column_count + 1;
	int64_t entry[COLUMNS_MAX + 1];

	if (!read_entry(cell, value_count, entry) ||
	    (walk->has_last && !is_ascending(walk->last, entry, value_count)))
		return false;
	walk->has_last = true;
	memcpy(walk->last, entry, value_count * sizeof(*entry));
	add(&walk->sums, walk->index, entry);
	return true;
}

/* A row that SQLite would read as another type than its column's is none that a question about the
 * column finds. */
static bool on_decision(void *arg, const struct btree_cell *cell)
{
	uint64_t *row_count = arg;
	const uint8_t *record = cell->payload;
	size_t bytes = sizeof(decision_columns) + 1;

	if (cell->local_bytes != cell->payload_bytes || cell->payload_bytes < bytes ||
	    record[0] != bytes)
		return false;
	for (size_t i = 0; i < sizeof(decision_columns); i++) {
		uint8_t type = record[1 + i];
		bool fits = false;
		switch ((enum column)decision_columns[i]) {
		case COLUMN_ID: fits = type == TYPE_NULL; break;
		case COLUMN_INTEGER:
			fits = is_integer(type);
			bytes += fits ? integer_bytes[type] : 0;
			break;
		case COLUMN_RECORD_ID:
			fits = type == TYPE_NULL || type == TYPE_16_BYTES;
			bytes += type == TYPE_NULL ? 0 : 16;
			break;
		case COLUMN_CHAIN:
			fits = type == TYPE_32_BYTES;
			bytes += 32;
			break;
		}
		if (!fits)
			return false;
	}
	(*row_count)++;
	return bytes == cell->payload_bytes;
}

/* The name, of those known here, that stands in a name or sentence of SQLite's. */
static const char *name_in(struct str said)
{
	static const char *const names[] = {
		"decision_subject",
		"decision_request",
		"decision_outcome",
		"decision_denied",
		"event_undelivered",
		"sqlite_schema",
		"subject",
		"group_set",
		"request",
		"context",
		"outcome",
		"origin",
		"event",
		"beginning",
		"seal",
		"decision",
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		for (size_t at = 0; at < said.length; at++) {
			struct str rest = str_make(said.ptr + at, said.length - at);
			if (str_starts_with(rest, str_from(names[i])))
				return names[i];
		}
	}
	return the_file;
}

/* A tree that is not sound is a finding and no error. */
static enum error find(enum error error, const char *name, const char **where)
{
	if (error != ERR_CORRUPT)
		return error;
	*where = name;
	return ERR_NONE;
}

static enum error check_index(const struct index_proof *proof, struct pages *pages, uint32_t root,
			      enum index_name index, const char **where)
{
	struct index_walk walk = {.index = index};

	index_proof_begin(&walk.sums, proof->key);
	enum error error = btree_walk(pages, BTREE_INDEX, root, on_entry, &walk);
	if (error == ERR_NONE && walk.sums.sums[index] != proof->sums[index])
		error = ERR_CORRUPT;
	return find(error, indexes[index].name, where);
}

static enum error check_decisions(const struct index_proof *proof, struct pages *pages,
				  uint32_t root, const char **where)
{
	uint64_t row_count = 0;
	enum error error = btree_walk(pages, BTREE_TABLE, root, on_decision, &row_count);

	if (error == ERR_NONE && row_count != proof->row_count)
		error = ERR_CORRUPT;
	return find(error, "decision", where);
}

/* Whether integrity_check of that table looks at what its indexes hold. */
static bool is_small(struct str table)
{
	for (size_t i = FIRST_OF_OWN; i < ARRAY_COUNT(small_tables); i++) {
		if (str_equal(table, str_from(small_tables[i])))
			return true;
	}
	return false;
}

/* The tree of the current row: type, name, root and table. `*seen` counts those that hold decisions. */
static enum error check_tree(const struct index_proof *proof, struct pages *pages,
			     const struct stmt *stmt, int *seen, const char **where)
{
	bool is_index = str_equal(stmt_bytes(stmt, 0), STR("index"));
	struct str name = stmt_bytes(stmt, 1);
	int64_t number = stmt_int(stmt, 2);
	uint32_t root = number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;

	for (int i = 0; is_index && i < INDEX_COUNT; i++) {
		if (str_equal(name, str_from(indexes[i].name))) {
			(*seen)++;
			return check_index(proof, pages, root, (enum index_name)i, where);
		}
	}
	if (!is_index && str_equal(name, STR("decision"))) {
		(*seen)++;
		return check_decisions(proof, pages, root, where);
	}
	/* What nobody compares with rows may lead past them. */
	if (is_index && !is_small(stmt_bytes(stmt, 3)))
		return find(ERR_CORRUPT, the_file, where);
	return find(btree_walk(pages, is_index ? BTREE_INDEX : BTREE_TABLE, root, NULL, NULL),
		    name_in(name), where);
}

/* A root that is stored as a text SQLite may read in a way of its own. Why not indexed: migrate.c. */
static const char trees_sql[] = "SELECT type, name, CASE typeof(rootpage) WHEN 'integer' THEN"
				" rootpage ELSE 0 END, tbl_name"
				" FROM sqlite_schema NOT INDEXED"
				" WHERE type IN ('table', 'index')";

static enum error check_trees(const struct index_proof *proof, struct db *db, struct pages *pages,
			      const char **where)
{
	struct stmt stmt;
	bool row = true;
	int seen = 0;
	enum error error = stmt_prepare(&stmt, db, trees_sql);

	if (error == ERR_NONE)
		error = find(btree_walk(pages, BTREE_TABLE, 1, NULL, NULL), the_file, where);
	while (error == ERR_NONE && *where == NULL) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		error = check_tree(proof, pages, &stmt, &seen, where);
	}
	stmt_finish(&stmt);
	if (error == ERR_NONE && *where == NULL && seen != INDEX_COUNT + 1)
		*where = the_file;
	return error;
}

/* Every page is of one tree, or free. */
static enum error check_rest(struct pages *pages, const char **where)
{
	uint8_t *page = mem_alloc(pages->page_bytes);
	enum error error = page == NULL ? ERR_NO_MEMORY : pages_take_free(pages, page);

	mem_free(page);
	if (error == ERR_NONE && !pages_are_all_taken(pages))
		error = ERR_CORRUPT;
	return find(error, the_file, where);
}

/* `table` may be NULL, for all. */
static enum error ask(struct db *db, const char *table, const char **where)
{
	bool is_sound = true;
	struct buf said;

	buf_init(&said, SAID_MAX_BYTES);
	enum error error = db_check(db, table, &is_sound, &said);
	if (error == ERR_NONE && !is_sound) {
		*where = name_in(buf_str(&said));
		if (*where == the_file && table != NULL)
			*where = table;
	}
	buf_deinit(&said);
	return error;
}

enum error index_proof_ask(struct db *db, const char **where)
{
	*where = NULL;
	return ask(db, NULL, where);
}

enum error index_proof_check(const struct index_proof *proof, struct db *db, const char **where)
{
	struct pages pages = {0};
	uint64_t file_bytes = 0;
	bool is_plain = false;
	enum error error = db_file_bytes(db, &file_bytes);

	*where = NULL;
	if (error == ERR_NONE && !db_has_log(db))
		error = pages_init(&pages, db_read_file, db, file_bytes, &is_plain);
	if (error != ERR_NONE || !is_plain)
		return error == ERR_NONE ? index_proof_ask(db, where) : error;
	error = check_trees(proof, db, &pages, where);
	if (error == ERR_NONE && *where == NULL)
		error = check_rest(&pages, where);
	pages_deinit(&pages);
	for (size_t i = 0; error == ERR_NONE && *where == NULL && i < ARRAY_COUNT(small_tables);
	     i++)
		error = ask(db, small_tables[i], where);
	return error;
}
