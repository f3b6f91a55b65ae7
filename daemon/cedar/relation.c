#include "cedar/relation.h"

#include <assert.h>

enum error relation_init(struct relation *relation, struct arena *arena, uint32_t count)
{
	uint32_t row_words = (count + 63) / 64;
	uint64_t *rows = arena_calloc(arena, (size_t)count * row_words, sizeof(*rows));

	assert(count <= RELATION_MAX);
	if (rows == NULL)
		return ERR_NO_MEMORY;
	*relation = (struct relation){rows, count, row_words};
	return ERR_NONE;
}

static uint64_t *row(const struct relation *relation, uint32_t from)
{
	return relation->rows + (size_t)from * relation->row_words;
}

void relation_add(struct relation *relation, uint32_t from, uint32_t to)
{
	row(relation, from)[to / 64] |= UINT64_C(1) << (to % 64);
}

bool relation_has(const struct relation *relation, uint32_t from, uint32_t to)
{
	return (row(relation, from)[to / 64] >> (to % 64) & 1) != 0;
}

/* S. Warshall, "A theorem on Boolean matrices", 1962, a row at a time. */
void relation_close(struct relation *relation)
{
	for (uint32_t middle = 0; middle < relation->count; middle++) {
		const uint64_t *onward = row(relation, middle);

		for (uint32_t from = 0; from < relation->count; from++) {
			uint64_t *reached = row(relation, from);

			if (from == middle || !relation_has(relation, from, middle))
				continue;
			for (uint32_t word = 0; word < relation->row_words; word++)
				reached[word] |= onward[word];
		}
	}
}
