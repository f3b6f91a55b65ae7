/*
 * The authorizer (docs.cedarpolicy.com, "Authorization"): every policy whose scope matches is
 * evaluated, also when the decision is known, because all satisfied policies of the deciding effect
 * and all errors are part of the answer.
 */
#include <assert.h>

#include "base/sort.h"
#include "cedar/eval.h"
#include "cedar/request.h"

/* One question while it is being answered. */
struct question {
	struct cedar_request *request;
	struct eval eval;
	uint32_t types[3]; /* of principal, action, resource */
};

static void prepare(struct question *question, struct cedar_request *request)
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
	request->permit_count = request->forbid_count = request->error_count = 0;
}

static bool is_in(const struct question *question, int var, cedar_uid uid)
{
	return question->request->scope[var] == uid ||
	       entity_is_below(question->eval.var_entities[var], uid);
}

static bool constraint_holds(const struct question *question, int var,
			     const struct constraint *constraint)
{
	const uint32_t *list;

	switch ((enum ast_scope_kind)constraint->kind) {
	case AST_SCOPE_ANY: return true;
	case AST_SCOPE_EQ: return question->request->scope[var] == constraint->uid;
	case AST_SCOPE_IN: return is_in(question, var, constraint->uid);
	case AST_SCOPE_IS: return question->types[var] == constraint->type;
	case AST_SCOPE_IS_IN:
		return question->types[var] == constraint->type &&
		       is_in(question, var, constraint->uid);
	case AST_SCOPE_IN_LIST: break;
	}
	list = &question->request->engine->uid_lists[constraint->uid];
	for (uint32_t i = 0; i < constraint->type; i++) {
		if (is_in(question, var, list[i]))
			return true;
	}
	return false;
}

static bool scope_holds(const struct question *question, const struct policy *policy)
{
	return constraint_holds(question, AST_PRINCIPAL, &policy->scope[AST_PRINCIPAL]) &&
	       constraint_holds(question, AST_ACTION, &policy->scope[AST_ACTION]) &&
	       constraint_holds(question, AST_RESOURCE, &policy->scope[AST_RESOURCE]);
}

static enum error add_number(struct arena *arena, uint32_t **numbers, uint32_t *count,
			     uint32_t *capacity, uint32_t number)
{
	uint32_t *grown = arena_grow_array(arena, *numbers, *count, capacity, sizeof(*grown));

	if (grown == NULL)
		return arena->refusal;
	grown[(*count)++] = number;
	*numbers = grown;
	return ERR_NONE;
}

static enum error add_satisfied(struct cedar_request *request, uint32_t number,
				const struct policy *policy)
{
	if (policy->effect == CEDAR_FORBID)
		return add_number(&request->arena, &request->forbids, &request->forbid_count,
				  &request->forbid_capacity, number);
	return add_number(&request->arena, &request->permits, &request->permit_count,
			  &request->permit_capacity, number);
}

static enum error add_error(struct question *question, uint32_t number)
{
	struct cedar_request *request = question->request;
	struct span span = question->eval.program->spans[question->eval.error_at];
	struct cedar_policy_error *errors;

	if (question->eval.error == CEDAR_EVAL_MEMORY)
		return request->scratch.refusal;
	errors = arena_grow_array(&request->arena, request->errors, request->error_count,
				  &request->error_capacity, sizeof(*errors));
	if (errors == NULL)
		return request->arena.refusal;
	errors[request->error_count++] = (struct cedar_policy_error){
		.policy = number,
		.kind = question->eval.error,
		.offset = span.start,
		.length = span.end - span.start,
	};
	request->errors = errors;
	return ERR_NONE;
}

/* Evaluates a policy whose scope holds. */
static enum error evaluate(struct question *question, uint32_t number)
{
	struct cedar_request *request = question->request;
	const struct policy *policy = &request->engine->policies[number];
	bool satisfied = true, done = true;

	if (policy->code != POLICY_NO_CODE) {
		done = eval_condition(&question->eval, policy->code, &satisfied);
		if (request->scratch.used_bytes != 0)
			arena_reset(&request->scratch, (struct arena_mark){0});
	}
	if (!done)
		return add_error(question, number);
	return satisfied ? add_satisfied(request, number, policy) : ERR_NONE;
}

static void answer_denial(struct cedar_answer *answer)
{
	*answer = (struct cedar_answer){.decision = CEDAR_DENY};
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static int compare_errors(const void *a, const void *b)
{
	return compare_numbers(&((const struct cedar_policy_error *)a)->policy,
			       &((const struct cedar_policy_error *)b)->policy);
}

static void decide(struct cedar_request *request, struct cedar_answer *answer)
{
	bool allow = request->forbid_count == 0 && request->permit_count != 0;
	uint32_t *reasons = allow ? request->permits : request->forbids;
	uint32_t reason_count = allow ? request->permit_count : request->forbid_count;

	sort(reasons, reason_count, sizeof(*reasons), compare_numbers);
	sort(request->errors, request->error_count, sizeof(*request->errors), compare_errors);
	*answer = (struct cedar_answer){
		.decision = allow ? CEDAR_ALLOW : CEDAR_DENY,
		.reasons = reasons,
		.reason_count = reason_count,
		.errors = request->errors,
		.error_count = request->error_count,
	};
}

enum error cedar_authorize_linear(struct cedar_request *request, struct cedar_answer *answer)
{
	const struct cedar_engine *engine = request->engine;
	struct question question;
	enum error error = request->builder.failed;

	assert(request->asked || error != ERR_NONE);
	answer_denial(answer);
	if (error != ERR_NONE)
		return error;
	prepare(&question, request);
	for (uint32_t i = 0; i < engine->policy_count && error == ERR_NONE; i++) {
		if (scope_holds(&question, &engine->policies[i]))
			error = evaluate(&question, i);
	}
	if (error == ERR_NONE)
		decide(request, answer);
	return error;
}

enum error cedar_authorize(struct cedar_request *request, struct cedar_answer *answer)
{
	return cedar_authorize_linear(request, answer);
}

const char *cedar_eval_error_text(enum cedar_eval_error kind)
{
	switch (kind) {
	case CEDAR_EVAL_NONE: return "no error";
	case CEDAR_EVAL_TYPE: return "type error";
	case CEDAR_EVAL_NO_ATTRIBUTE: return "attribute not found";
	case CEDAR_EVAL_NO_TAG: return "tag not found";
	case CEDAR_EVAL_NO_ENTITY: return "entity does not exist";
	case CEDAR_EVAL_OVERFLOW: return "integer overflow";
	case CEDAR_EVAL_EXTENSION: return "extension function failed";
	case CEDAR_EVAL_ARITY: return "wrong number of arguments";
	case CEDAR_EVAL_DEPTH: return "values nested too deep";
	case CEDAR_EVAL_MEMORY: return "out of memory";
	}
	return "unknown error";
}
