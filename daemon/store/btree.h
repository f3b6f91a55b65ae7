/*
 * Walking a b-tree of a SQLite database (sqlite.org/fileformat2.html, section 1.6), table or index,
 * over all its pages and cells from the first key to the last.
 *
 * Of a table that was walked, every row is found by its rowid: the rowids ascend, and each key of an
 * inner page lies between those on its left, which it may equal, and those on its right, so that a
 * search never takes the wrong way. In an index the cells of inner pages are entries like those of
 * the leaves; when the caller has seen all of them ascend, a search comes to every one.
 *
 * How the free bytes within a page are kept is not looked at: only a writer reads that.
 *
 * For this layer only. One thread at a time.
 */
#ifndef STORE_BTREE_H
#define STORE_BTREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "store/pages.h"

enum { BTREE_DEPTH_MAX = 20 }; /* as in SQLite */

enum btree_kind { BTREE_TABLE, BTREE_INDEX };

/* A row of a table or an entry of an index. */
struct btree_cell {
	const uint8_t *payload; /* the record, until the next cell */
	uint32_t payload_bytes; /* all of it */
	uint32_t
		local_bytes; /* as far as it stands in `payload`; the rest is on pages of its own */
	int64_t rowid;       /* of a table */
};

/* False when the cell is not what it may be. */
typedef bool btree_on_cell(void *arg, const struct btree_cell *cell);

/* Takes all pages of the tree, and delivers its cells in order. ERR_CORRUPT when the tree is not
 * sound, or `on_cell` (may be NULL) says so of a cell; ERR_NO_MEMORY; errors of pages->read. */
enum error btree_walk(struct pages *pages, enum btree_kind kind, uint32_t root,
		      btree_on_cell *on_cell, void *arg) ATTR_MUST_CHECK;

#endif
