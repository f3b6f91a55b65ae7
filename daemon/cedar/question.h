/* A question that was asked, made ready to be answered or explained. For this layer only. */
#ifndef CEDAR_QUESTION_H
#define CEDAR_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "cedar/ast.h"
#include "cedar/entity.h"
#include "cedar/entity_overlay.h"
#include "cedar/eval.h"
#include "cedar/policy.h"
#include "cedar/request.h"
#include "cedar/symbols.h"

/* One question while it is being answered. */
struct question {
	struct cedar_request *request;
	struct eval eval;
	uint32_t types[3]; /* of principal, action, resource */
	uint32_t keys[3];  /* by which the index was descended */
};

static inline void question_begin(struct question *question, struct cedar_request *request)
{
	const struct cedar_engine *engine = request->engine;

	*question = (struct question){
		.request = request,
		.eval = {.program = &engine->program,
			 .symbols = &request->symbols,
			 .entities = &request->entities,
			 .scratch = &request->scratch,
			 .stack = request->stack},
	};
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		cedar_uid uid = request->scope[var];

		question->types[var] = symbols_uid(&request->symbols, uid)->type;
		question->eval.vars[var] = cedar_entity(uid);
		question->eval.var_entities[var] = entity_overlay_find(&request->entities, uid);
	}
	question->eval.vars[AST_CONTEXT] = request->context;
}

static inline bool question_is_in(const struct question *question, int var, cedar_uid uid)
{
	return question->request->scope[var] == uid ||
	       entity_is_below(question->eval.var_entities[var], uid);
}

static inline bool question_constraint_holds(const struct question *question, int var,
					     struct constraint constraint)
{
	const uint32_t *list;

	switch (constraint.kind) {
	case AST_SCOPE_ANY: return true;
	case AST_SCOPE_EQ: return question->request->scope[var] == constraint.uid;
	case AST_SCOPE_IN: return question_is_in(question, var, constraint.uid);
	case AST_SCOPE_IS: return question->types[var] == constraint.type;
	case AST_SCOPE_IS_IN:
		return question->types[var] == constraint.type &&
		       question_is_in(question, var, constraint.uid);
	case AST_SCOPE_IN_LIST: break;
	}
	list = &question->request->engine->uid_lists[constraint.uid];
	for (uint32_t i = 0; i < constraint.type; i++) {
		if (question_is_in(question, var, list[i]))
			return true;
	}
	return false;
}

#endif
