#include "cedar/ast_list.h"

#include <string.h>

#include "base/sort.h"
#include "base/str.h"

void ast_lists_init(struct ast_lists *lists, struct arena *arena)
{
	lists->arena = arena;
	buf_init(&lists->stack, SIZE_MAX);
}

void ast_lists_deinit(struct ast_lists *lists)
{
	buf_deinit(&lists->stack);
}

void *ast_list_end(struct ast_lists *lists, size_t start, size_t element_size, uint32_t *count)
{
	size_t length = lists->stack.length - start;
	void *elements;

	if (lists->stack.failed != ERR_NONE)
		return NULL;
	elements = arena_alloc(lists->arena, length);
	if (elements == NULL)
		return NULL;
	if (length != 0)
		memcpy(elements, lists->stack.data + start, length);
	ast_list_drop(lists, start);
	*count = (uint32_t)(length / element_size);
	return elements;
}

/* By text, and the same text in the order of the list. */
static int compare_keys(const void *left, const void *right)
{
	const struct str *a = *(const struct str *const *)left;
	const struct str *b = *(const struct str *const *)right;
	int order = str_compare(*a, *b);

	if (order != 0)
		return order;
	return a < b ? -1 : a > b;
}

enum error ast_list_find_repeated(struct ast_lists *lists, const void *elements,
				  size_t element_size, uint32_t count, uint32_t *index)
{
	struct arena_mark mark = arena_get_mark(lists->arena);
	const struct str **keys = arena_alloc(lists->arena, count * sizeof(*keys));
	const char *first = elements;
	uint32_t found = count;

	if (keys == NULL)
		return ERR_NO_MEMORY;
	for (uint32_t i = 0; i < count; i++)
		keys[i] = (const struct str *)(const void *)(first + i * element_size);
	sort(keys, count, sizeof(*keys), compare_keys);
	for (uint32_t i = 1; i < count; i++) {
		size_t at = (size_t)((const char *)keys[i] - first) / element_size;

		if (str_equal(*keys[i - 1], *keys[i]) && at < found)
			found = (uint32_t)at;
	}
	arena_reset(lists->arena, mark);
	*index = found;
	return ERR_NONE;
}
