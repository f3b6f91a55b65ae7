#include "cedar/capability.h"

enum { BYTES_A_STEP = 16 }; /* of expressions that are compared */

/* Comparison of expressions costs steps by their length. */
static bool equal_exprs(struct lattice *lattice, const struct ast_expr *a, const struct ast_expr *b)
{
	uint64_t cost = (a->span.end - a->span.start) / BYTES_A_STEP;

	if (a->height != b->height)
		return false;
	lattice->budget -= cost < lattice->budget ? cost : lattice->budget;
	return a == b || ast_expr_equal(a, b);
}

static bool equal(struct lattice *lattice, const struct capability *a, const struct capability *b)
{
	if ((a->tag == NULL) != (b->tag == NULL))
		return false;
	if (a->tag == NULL ? !str_equal(a->attr, b->attr) : !equal_exprs(lattice, a->tag, b->tag))
		return false;
	return equal_exprs(lattice, a->expr, b->expr);
}

bool capability_has(struct lattice *lattice, const struct capability *set,
		    const struct capability *wanted)
{
	for (; set != NULL && lattice_step(lattice); set = set->next) {
		if (equal(lattice, set, wanted))
			return true;
	}
	return false;
}

const struct capability *capability_add(struct lattice *lattice, const struct capability *set,
					const struct capability *one)
{
	struct capability *added;

	if (!lattice_step(lattice))
		return set;
	added = arena_alloc(lattice->arena, sizeof(*added));
	if (added == NULL) {
		lattice_refused(lattice, lattice->arena);
		return set;
	}
	*added = *one;
	added->next = set;
	return added;
}

const struct capability *capability_union(struct lattice *lattice, const struct capability *a,
					  const struct capability *b)
{
	if (a == NULL)
		return b;
	for (; b != NULL && b != a && lattice->spent == ERR_NONE; b = b->next)
		a = capability_add(lattice, a, b);
	return a;
}

const struct capability *capability_intersection(struct lattice *lattice,
						 const struct capability *a,
						 const struct capability *b)
{
	const struct capability *both = NULL;

	for (; a != NULL && lattice->spent == ERR_NONE; a = a->next) {
		if (capability_has(lattice, b, a))
			both = capability_add(lattice, both, a);
	}
	return both;
}
