/* What a request is made of; for this layer. The public side is cedar/cedar.h. */
#ifndef CEDAR_REQUEST_H
#define CEDAR_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "cedar/cedar.h"
#include "cedar/engine.h"
#include "cedar/entity_overlay.h"
#include "cedar/symbols.h"
#include "cedar/value.h"

struct cedar_request {
	struct arena arena;   /* of the question */
	struct arena scratch; /* of the evaluation of one policy */
	const struct cedar_engine *engine;
	struct symbols symbols;
	struct value_builder builder; /* its `failed` is the failure of the question */
	struct entity_overlay entities;

	cedar_uid scope[3]; /* by AST_PRINCIPAL, AST_ACTION, AST_RESOURCE */
	struct cedar_value context;
	bool asked;

	struct cedar_value *stack; /* on the heap, grows to the largest engine seen */
	uint32_t stack_capacity;

	/* The answer; arrays in `arena`. */
	uint32_t *permits, *forbids;
	struct cedar_policy_error *errors;
	uint32_t permit_count, permit_capacity;
	uint32_t forbid_count, forbid_capacity;
	uint32_t error_count, error_capacity;
};

#endif
