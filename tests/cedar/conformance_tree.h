/* A JSON text as a tree, for the files of the conformance data. */
#ifndef TESTS_CEDAR_CONFORMANCE_TREE_H
#define TESTS_CEDAR_CONFORMANCE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "cedar/json_read.h"

struct tree {
	enum json_event kind; /* JSON_OBJECT, JSON_ARRAY, JSON_STRING, .. */
	struct str raw;       /* the text of the value */
	struct str text;      /* JSON_STRING */
	int64_t integer;      /* JSON_INTEGER */
	bool boolean;         /* JSON_BOOL */
	struct tree **items;  /* of an array, or the values of an object */
	struct str *keys;     /* of an object */
	size_t count;
};

/* The tree of `text`, which it refers to, in `arena`; NULL when the text is not JSON. */
const struct tree *tree_read(struct arena *arena, struct str text);

/* The member of an object, or NULL when there is none, or `tree` is NULL or no object. */
const struct tree *tree_get(const struct tree *tree, const char *key);
const struct tree *tree_get_str(const struct tree *tree, struct str key);

/* The text of a string member; empty when there is none. */
struct str tree_get_text(const struct tree *tree, const char *key);

/* A boolean member; false when there is none. */
bool tree_get_bool(const struct tree *tree, const char *key);

/* The number of elements or members; 0 for NULL. */
size_t tree_count(const struct tree *tree);

/* Equality with objects unordered and arrays ordered. Where the trees differ, `*place` gets a path
 * such as "/a/0/b", at most PLACE_BYTES long. */
enum { TREE_PLACE_BYTES = 512 };
bool tree_equal(const struct tree *a, const struct tree *b, char place[TREE_PLACE_BYTES]);

#endif
