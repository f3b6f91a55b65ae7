#include "proto/budget.h"

/* The strictest alignment that a message needs, as malloc() gives it on 64-bit systems. */
enum { ALIGNMENT_BYTES = 16 };

static void *budget_alloc(void *allocator_data, size_t size)
{
	struct budget *budget = allocator_data;
	void *memory = NULL;

	/* Limit and use are multiples of the alignment, so what fits also fits when rounded up. */
	if (size <= budget->limit_bytes - budget->used_bytes) {
		size = (size + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
		memory = budget->take != NULL ? budget->take(budget->arg, size)
					      : budget->buffer + budget->used_bytes;
	}
	if (memory == NULL) {
		budget->spent = true;
		return NULL;
	}
	budget->used_bytes += size;
	return memory;
}

static void budget_free(void *allocator_data, void *pointer)
{
	(void)allocator_data;
	(void)pointer;
}

void budget_init(struct budget *budget, size_t limit_bytes, void *(*take)(void *arg, size_t size),
		 void *arg)
{
	*budget = (struct budget){
		.allocator = {budget_alloc, budget_free, budget},
		.take = take,
		.arg = arg,
		.limit_bytes = limit_bytes / ALIGNMENT_BYTES * ALIGNMENT_BYTES,
	};
}

void budget_init_buffer(struct budget *budget, void *buffer, size_t size)
{
	budget_init(budget, size, NULL, NULL);
	budget->buffer = buffer;
}
