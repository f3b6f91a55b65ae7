/*
 * Runs the code of conditions (docs.cedarpolicy.com, "Evaluation of policies"). The order of
 * evaluation is Cedar's, since it decides which error there is. No recursion, no memory but the
 * stack, which the caller provides, and sets and records made on the way.
 */
#ifndef CEDAR_EVAL_H
#define CEDAR_EVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"
#include "cedar/entity_overlay.h"
#include "cedar/program.h"
#include "cedar/symbols.h"

struct eval {
	const struct program *program;
	const struct symbols *symbols; /* of the request */
	const struct entity_overlay *entities;
	struct arena *scratch;                /* of values made on the way */
	struct cedar_value *stack;            /* room for program->stack_depth values */
	struct cedar_value vars[4];           /* by enum ast_var */
	const struct entity *var_entities[3]; /* of principal, action, resource; or NULL */
	/* Of the last condition that failed. */
	enum cedar_eval_error error;
	uint32_t error_at; /* position in the code */
};

/* Evaluates the condition at `code`. False when it failed: `error` and `error_at` tell why. */
bool eval_condition(struct eval *eval, uint32_t code, bool *result) ATTR_MUST_CHECK;

/* The state before an instruction runs. */
struct eval_step {
	uint32_t at;            /* position of the instruction */
	bool has_top;           /* the stack is not empty, and what is on top of it: */
	struct cedar_value top; /* good as long as the scratch arena */
};

/* Every step of one evaluation, in `arena`. */
struct eval_steps {
	struct arena *arena;
	struct eval_step *items;
	uint32_t count, capacity;
	bool is_short; /* memory was spent, and steps are missing */
};

/* The same, and notes every step: the same code, so that what is told of a decision is what was
 * decided. */
bool eval_condition_stepwise(struct eval *eval, uint32_t code, bool *result,
			     struct eval_steps *steps) ATTR_MUST_CHECK;

static inline uint32_t eval_type_of(const struct eval *eval, cedar_uid uid)
{
	return symbols_uid(eval->symbols, uid)->type;
}

/* Operators. Each writes its result, which may overlap the operands, only when it returns
 * CEDAR_EVAL_NONE. */

enum cedar_eval_error eval_attribute(const struct eval *eval, struct cedar_value of, uint32_t key,
				     struct cedar_value *out) ATTR_MUST_CHECK;
enum cedar_eval_error eval_has(const struct eval *eval, struct cedar_value of, uint32_t key,
			       bool *out) ATTR_MUST_CHECK;
enum cedar_eval_error eval_has_path(const struct eval *eval, struct cedar_value of,
				    const uint32_t *keys, uint32_t count,
				    bool *out) ATTR_MUST_CHECK;
enum cedar_eval_error eval_in_uid(const struct eval *eval, struct cedar_value left, cedar_uid uid,
				  bool *out) ATTR_MUST_CHECK;
/* Operators with two operands and one value. */
enum cedar_eval_error eval_binary(const struct eval *eval, enum op op, struct cedar_value left,
				  struct cedar_value right,
				  struct cedar_value *out) ATTR_MUST_CHECK;
/* A set of values[0 .. count), or a record of the shape. */
enum cedar_eval_error eval_set(const struct eval *eval, const struct cedar_value *values,
			       uint32_t count, struct cedar_value *out) ATTR_MUST_CHECK;
enum cedar_eval_error eval_record(const struct eval *eval, const struct cedar_value *values,
				  const struct shape *shape,
				  struct cedar_value *out) ATTR_MUST_CHECK;

#endif
