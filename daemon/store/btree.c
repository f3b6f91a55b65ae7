#include "store/btree.h"

#include "base/mem.h"

/* The first byte of a page. */
enum page_type {
	PAGE_INNER_INDEX = 2,
	PAGE_INNER_TABLE = 5,
	PAGE_LEAF_INDEX = 10,
	PAGE_LEAF_TABLE = 13,
};

enum {
	PAGE_CELL_COUNT = 3, /* two bytes, from the beginning of the page's head */
	PAGE_CONTENT = 5,    /* two bytes: where cells begin; 0 stands for 65536 */
	PAGE_LAST_CHILD = 8, /* four bytes, of an inner page */
	LEAF_HEAD_BYTES = 8, /* then follows where each cell is, two bytes a cell */
	INNER_HEAD_BYTES = 12,
	CHILD_BYTES = 4,
	CELL_BYTES_MIN = 4,
	VARINT_MAX_BYTES = 9,
	LENGTH_MAX_BYTES = 5, /* of a varint that counts a payload's bytes */
};

/* A page on the way from the root to where the walk is. */
struct level {
	uint8_t *page;
	uint32_t head; /* behind the file's header in the first page */
	uint32_t cell_count;
	uint32_t content; /* where the first of them may begin */
	uint32_t next;    /* how many children were gone into */
	bool is_leaf;
};

struct walk {
	struct pages *pages;
	enum btree_kind kind;
	btree_on_cell *on_cell;
	void *arg;
	struct level levels[BTREE_DEPTH_MAX];
	uint32_t depth;
	uint32_t leaf_depth; /* of all leaves; 0: none was seen */
	bool has_last;
	int64_t last; /* key of a table */
};

static uint32_t read_u16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t read_u32(const uint8_t *p)
{
	return read_u16(p) << 16 | read_u16(p + 2);
}

/* Seven bits a byte, the first ones first; the ninth byte counts whole. False at the end. */
static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
	const uint8_t *p = *at;
	uint64_t value = 0;

	for (int i = 0; p < end; i++) {
		uint8_t byte = *p++;
		if (i == VARINT_MAX_BYTES - 1) {
			value = value << 8 | byte;
		} else {
			value = value << 7 | (byte & 0x7f);
			if ((byte & 0x80) != 0)
				continue;
		}
		*out = value;
		*at = p;
		return true;
	}
	return false;
}

/* A varint that SQLite writes in few bytes: longer ones it does not read alike everywhere. */
static bool read_length(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
	const uint8_t *start = *at;

	return read_varint(at, end, out) && *at - start <= LENGTH_MAX_BYTES && *out <= INT32_MAX;
}

/* How much of a payload stands in its cell. */
static uint32_t local_bytes(const struct walk *walk, uint32_t payload_bytes)
{
	uint32_t usable = walk->pages->usable_bytes;
	uint32_t max = walk->kind == BTREE_TABLE ? usable - 35 : (usable - 12) * 64 / 255 - 23;
	uint32_t min = (usable - 12) * 32 / 255 - 23;

	if (payload_bytes <= max)
		return payload_bytes;
	uint32_t local = min + (payload_bytes - min) % (usable - 4);
	return local <= max ? local : min;
}

/* Takes the pages that hold what does not stand in the cell: each begins with the next one's number. */
static enum error take_overflow(const struct walk *walk, const struct btree_cell *cell,
				uint32_t first)
{
	uint32_t a_page = walk->pages->usable_bytes - CHILD_BYTES;
	uint32_t left = cell->payload_bytes - cell->local_bytes;
	uint32_t number = first;

	while (left != 0) {
		uint8_t next[CHILD_BYTES];
		enum error error = pages_take(walk->pages, number, next, sizeof(next));
		if (error != ERR_NONE)
			return error;
		number = read_u32(next);
		left -= left < a_page ? left : a_page;
	}
	return number == 0 ? ERR_NONE : ERR_CORRUPT;
}

/* Where cell `index` of a page begins; NULL when no cell may begin there. */
static const uint8_t *find_cell(const struct walk *walk, const struct level *level, uint32_t index)
{
	uint32_t list = level->head + (level->is_leaf ? LEAF_HEAD_BYTES : INNER_HEAD_BYTES);
	uint32_t at = read_u16(level->page + list + (size_t)2 * index);

	if (at < level->content || at > walk->pages->usable_bytes - CELL_BYTES_MIN)
		return NULL;
	return level->page + at;
}

static enum error visit_payload(struct walk *walk, const uint8_t *at, const uint8_t *end,
				uint32_t payload_bytes, int64_t rowid)
{
	const struct btree_cell cell = {.payload = at,
					.payload_bytes = payload_bytes,
					.local_bytes = local_bytes(walk, payload_bytes),
					.rowid = rowid};
	bool overflows = cell.local_bytes < payload_bytes;

	if ((size_t)(end - at) < cell.local_bytes + (overflows ? (size_t)CHILD_BYTES : 0))
		return ERR_CORRUPT;
	if (overflows) {
		enum error error = take_overflow(walk, &cell, read_u32(at + cell.local_bytes));
		if (error != ERR_NONE)
			return error;
	}
	return walk->on_cell == NULL || walk->on_cell(walk->arg, &cell) ? ERR_NONE : ERR_CORRUPT;
}

/* Keys of leaves ascend; one of an inner page may equal the last one on its left. */
static bool take_key(struct walk *walk, int64_t key, bool is_leaf)
{
	bool is_behind = !walk->has_last || key > walk->last || (!is_leaf && key == walk->last);

	walk->has_last = true;
	walk->last = key;
	return is_behind;
}

static enum error visit_cell(struct walk *walk, const struct level *level, uint32_t index)
{
	const uint8_t *at = find_cell(walk, level, index);
	const uint8_t *end = level->page + walk->pages->usable_bytes;
	bool is_table = walk->kind == BTREE_TABLE;
	uint64_t payload_bytes = 0, key = 0;

	if (at == NULL)
		return ERR_CORRUPT;
	at += level->is_leaf ? 0 : CHILD_BYTES;
	if ((level->is_leaf || !is_table) && !read_length(&at, end, &payload_bytes))
		return ERR_CORRUPT;
	if (is_table &&
	    (!read_varint(&at, end, &key) || !take_key(walk, (int64_t)key, level->is_leaf)))
		return ERR_CORRUPT;
	/* An inner page of a table has keys alone. */
	return is_table && !level->is_leaf
		       ? ERR_NONE
		       : visit_payload(walk, at, end, (uint32_t)payload_bytes, (int64_t)key);
}

/* The walk goes down to a page. */
static enum error enter(struct walk *walk, uint32_t number)
{
	bool is_table = walk->kind == BTREE_TABLE;

	if (walk->depth == BTREE_DEPTH_MAX)
		return ERR_CORRUPT;
	struct level *level = &walk->levels[walk->depth];
	if (level->page == NULL)
		level->page = mem_alloc(walk->pages->page_bytes);
	if (level->page == NULL)
		return ERR_NO_MEMORY;
	enum error error = pages_take(walk->pages, number, level->page, walk->pages->usable_bytes);
	if (error != ERR_NONE)
		return error;
	walk->depth++;
	level->head = number == 1 ? PAGES_HEADER_BYTES : 0;
	level->next = 0;
	uint8_t type = level->page[level->head];
	level->is_leaf = type == (is_table ? PAGE_LEAF_TABLE : PAGE_LEAF_INDEX);
	if (!level->is_leaf && type != (is_table ? PAGE_INNER_TABLE : PAGE_INNER_INDEX))
		return ERR_CORRUPT;
	level->cell_count = read_u16(level->page + level->head + PAGE_CELL_COUNT);
	uint32_t list = level->head + (level->is_leaf ? LEAF_HEAD_BYTES : INNER_HEAD_BYTES);
	uint32_t content = read_u16(level->page + level->head + PAGE_CONTENT);
	level->content = content != 0 ? content : PAGES_BYTES_MAX;
	/* Only a root has no cells, when the tree is empty: SQLite goes into no other such page. */
	if (list + 2 * level->cell_count > level->content ||
	    (level->cell_count != 0 && level->content > walk->pages->usable_bytes) ||
	    (level->cell_count == 0 && (walk->depth != 1 || !level->is_leaf)))
		return ERR_CORRUPT;
	return ERR_NONE;
}

static enum error walk_leaf(struct walk *walk, const struct level *level)
{
	enum error error = ERR_NONE;

	if (walk->leaf_depth != 0 && walk->leaf_depth != walk->depth)
		return ERR_CORRUPT;
	walk->leaf_depth = walk->depth;
	for (uint32_t i = 0; error == ERR_NONE && i < level->cell_count; i++)
		error = visit_cell(walk, level, i);
	walk->depth--;
	return error;
}

/* Each cell of an inner page stands between the child that it names and the next one. */
static enum error walk_inner(struct walk *walk, struct level *level)
{
	uint32_t child, index = level->next++;
	enum error error = ERR_NONE;

	if (index > level->cell_count) {
		walk->depth--;
		return ERR_NONE;
	}
	if (index != 0)
		error = visit_cell(walk, level, index - 1);
	if (error != ERR_NONE)
		return error;
	if (index == level->cell_count) {
		child = read_u32(level->page + level->head + PAGE_LAST_CHILD);
	} else {
		const uint8_t *cell = find_cell(walk, level, index);
		if (cell == NULL)
			return ERR_CORRUPT;
		child = read_u32(cell);
	}
	return enter(walk, child);
}

enum error btree_walk(struct pages *pages, enum btree_kind kind, uint32_t root,
		      btree_on_cell *on_cell, void *arg)
{
	struct walk walk = {.pages = pages, .kind = kind, .on_cell = on_cell, .arg = arg};
	enum error error = enter(&walk, root);

	while (error == ERR_NONE && walk.depth != 0) {
		struct level *level = &walk.levels[walk.depth - 1];
		error = level->is_leaf ? walk_leaf(&walk, level) : walk_inner(&walk, level);
	}
	for (int i = 0; i < BTREE_DEPTH_MAX; i++)
		mem_free(walk.levels[i].page);
	return error;
}
