#include "conformance_tree.h"

#include <stdio.h>
#include <string.h>

/* A node with the place of the next one in its container. */
struct link {
	struct link *next;
	struct str key;
	struct tree *tree;
};

static struct tree *read_value(struct arena *arena, struct json_reader *reader);

static struct link *read_links(struct arena *arena, struct json_reader *reader, size_t *count)
{
	bool is_object = reader->event == JSON_OBJECT;
	struct link *first = NULL, **tail = &first;

	for (*count = 0;; ++*count) {
		struct link *link;

		if (is_object ? !json_read_key(reader) : !json_read_element(reader))
			return first;
		link = arena_calloc(arena, 1, sizeof(*link));
		if (link == NULL)
			return NULL;
		if (is_object) {
			link->key = reader->text;
			json_read_next(reader);
		}
		link->tree = read_value(arena, reader);
		*tail = link;
		tail = &link->next;
	}
}

static bool read_items(struct arena *arena, struct json_reader *reader, struct tree *tree)
{
	struct link *link = read_links(arena, reader, &tree->count);

	tree->items = arena_calloc(arena, tree->count, sizeof(*tree->items));
	tree->keys = arena_calloc(arena, tree->count, sizeof(*tree->keys));
	if (tree->items == NULL || tree->keys == NULL)
		return false;
	for (size_t i = 0; link != NULL; link = link->next, i++) {
		tree->items[i] = link->tree;
		tree->keys[i] = link->key;
	}
	return true;
}

static struct tree *read_value(struct arena *arena, struct json_reader *reader)
{
	struct tree *tree = arena_calloc(arena, 1, sizeof(*tree));
	uint32_t start = reader->span.start;

	if (tree == NULL)
		return NULL;
	tree->kind = reader->event;
	tree->text = reader->text;
	tree->integer = reader->integer;
	tree->boolean = reader->boolean;
	if ((tree->kind == JSON_OBJECT || tree->kind == JSON_ARRAY) &&
	    !read_items(arena, reader, tree))
		return NULL;
	tree->raw = source_slice(reader->source, span_make(start, reader->span.end));
	return tree;
}

const struct tree *tree_read(struct arena *arena, struct str text)
{
	struct source *source = arena_alloc(arena, sizeof(*source));
	struct json_reader reader;
	struct tree *tree;

	if (source == NULL || source_init(source, arena, STR("data"), text) != ERR_NONE)
		return NULL;
	json_read_init(&reader, arena, source, NULL);
	json_read_next(&reader);
	tree = read_value(arena, &reader);
	return json_read_finish(&reader) == ERR_NONE ? tree : NULL;
}

const struct tree *tree_get_str(const struct tree *tree, struct str key)
{
	if (tree == NULL || tree->kind != JSON_OBJECT)
		return NULL;
	for (size_t i = 0; i < tree->count; i++) {
		if (str_equal(tree->keys[i], key))
			return tree->items[i];
	}
	return NULL;
}

const struct tree *tree_get(const struct tree *tree, const char *key)
{
	return tree_get_str(tree, str_from(key));
}

struct str tree_get_text(const struct tree *tree, const char *key)
{
	const struct tree *member = tree_get(tree, key);

	return member != NULL && member->kind == JSON_STRING ? member->text : STR("");
}

bool tree_get_bool(const struct tree *tree, const char *key)
{
	const struct tree *member = tree_get(tree, key);

	return member != NULL && member->kind == JSON_BOOL && member->boolean;
}

size_t tree_count(const struct tree *tree)
{
	return tree != NULL ? tree->count : 0;
}

static void put_before(char place[TREE_PLACE_BYTES], struct str step)
{
	char longer[2 * TREE_PLACE_BYTES];

	snprintf(longer, sizeof(longer), "/%.*s%s", (int)(step.length < 100 ? step.length : 100),
		 step.ptr, place);
	snprintf(place, TREE_PLACE_BYTES, "%.*s", TREE_PLACE_BYTES - 1, longer);
}

static bool equal_items(const struct tree *a, const struct tree *b, char place[TREE_PLACE_BYTES])
{
	for (size_t i = 0; i < a->count; i++) {
		bool is_object = a->kind == JSON_OBJECT;
		const struct tree *other = is_object ? tree_get_str(b, a->keys[i]) : b->items[i];
		char number[24];

		if (tree_equal(a->items[i], other, place))
			continue;
		snprintf(number, sizeof(number), "%zu", i);
		put_before(place, is_object ? a->keys[i] : str_from(number));
		return false;
	}
	return true;
}

bool tree_equal(const struct tree *a, const struct tree *b, char place[TREE_PLACE_BYTES])
{
	place[0] = '\0';
	if (a == NULL || b == NULL || a->kind != b->kind || a->count != b->count)
		return false;
	switch (a->kind) {
	case JSON_STRING: return str_equal(a->text, b->text);
	case JSON_INTEGER: return a->integer == b->integer;
	case JSON_BOOL: return a->boolean == b->boolean;
	case JSON_NUMBER: return str_equal(a->raw, b->raw);
	default: return equal_items(a, b, place);
	}
}
