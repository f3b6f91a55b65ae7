#include "authz/expiry.h"

#include "base/mem.h"

enum { EXPIRY_FIRST_CAPACITY = 64 };

void expiry_init(struct expiry *expiry)
{
	*expiry = (struct expiry){NULL, 0, 0};
}

void expiry_deinit(struct expiry *expiry)
{
	mem_free(expiry->nodes);
	expiry_init(expiry);
}

enum error expiry_reserve(struct expiry *expiry, size_t count)
{
	size_t capacity = expiry->capacity != 0 ? expiry->capacity : EXPIRY_FIRST_CAPACITY;
	struct expiry_node **nodes;

	if (count <= expiry->capacity)
		return ERR_NONE;
	while (capacity < count)
		capacity *= 2;
	nodes = mem_resize(expiry->nodes, capacity, sizeof(struct expiry_node *));
	if (nodes == NULL)
		return ERR_NO_MEMORY;
	expiry->nodes = nodes;
	expiry->capacity = capacity;
	return ERR_NONE;
}

static void place(struct expiry *expiry, size_t index, struct expiry_node *node)
{
	expiry->nodes[index] = node;
	node->index = index;
}

/* Moves `node`, whose place is `index`, up or down to where it belongs. */
static void settle(struct expiry *expiry, size_t index, struct expiry_node *node)
{
	size_t child;

	while (index > 0 && node->due_ms < expiry->nodes[(index - 1) / 2]->due_ms) {
		place(expiry, index, expiry->nodes[(index - 1) / 2]);
		index = (index - 1) / 2;
	}
	while ((child = 2 * index + 1) < expiry->count) {
		if (child + 1 < expiry->count &&
		    expiry->nodes[child + 1]->due_ms < expiry->nodes[child]->due_ms)
			child++;
		if (node->due_ms <= expiry->nodes[child]->due_ms)
			break;
		place(expiry, index, expiry->nodes[child]);
		index = child;
	}
	place(expiry, index, node);
}

void expiry_put(struct expiry *expiry, struct expiry_node *node, int64_t due_ms)
{
	node->due_ms = due_ms;
	expiry->count++;
	settle(expiry, expiry->count - 1, node);
}

void expiry_remove(struct expiry *expiry, struct expiry_node *node)
{
	struct expiry_node *last = expiry->nodes[--expiry->count];

	if (last != node)
		settle(expiry, node->index, last);
}

void expiry_move(struct expiry *expiry, struct expiry_node *node, int64_t due_ms)
{
	node->due_ms = due_ms;
	settle(expiry, node->index, node);
}

struct expiry_node *expiry_first(const struct expiry *expiry)
{
	return expiry->count != 0 ? expiry->nodes[0] : NULL;
}
