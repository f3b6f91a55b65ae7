/*
 * Lists for syntax trees whose length is not known when their first element is. Elements are pushed
 * on a stack and moved into the arena when the list is complete, so lists nest:
 *
 *	size_t list = ast_list_start(&lists);
 *
 *	while (more)
 *		ast_list_push(&lists, &element, sizeof(element));
 *	elements = ast_list_end(&lists, list, sizeof(element), &count);
 */
#ifndef CEDAR_AST_LIST_H
#define CEDAR_AST_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

struct ast_lists {
	struct arena *arena;
	struct buf stack;
};

/* `arena` is borrowed. */
void ast_lists_init(struct ast_lists *lists, struct arena *arena);
void ast_lists_deinit(struct ast_lists *lists);

static inline size_t ast_list_start(const struct ast_lists *lists)
{
	return lists->stack.length;
}

/* Copies the element; a failure shows at the end. */
static inline void ast_list_push(struct ast_lists *lists, const void *element, size_t size)
{
	buf_append(&lists->stack, element, size);
}

/* Moves the elements pushed since `start` into the arena. NULL when memory is spent, also in a push
 * before; an empty list is not NULL. */
void *ast_list_end(struct ast_lists *lists, size_t start, size_t element_size,
		   uint32_t *count) ATTR_MUST_CHECK;

/* Forgets everything pushed since `start`. */
static inline void ast_list_drop(struct ast_lists *lists, size_t start)
{
	lists->stack.length = start;
}

/* The index of the first of `count` elements whose key, the struct str it begins with, stood in an
 * element before it; `count` when all differ. ERR_NO_MEMORY. */
enum error ast_list_find_repeated(struct ast_lists *lists, const void *elements,
				  size_t element_size, uint32_t count,
				  uint32_t *index) ATTR_MUST_CHECK;

#endif
