/*
 * The authorizer (docs.cedarpolicy.com, "Authorization"): every policy whose scope matches is
 * evaluated, also when the decision is known, because all satisfied policies of the deciding effect
 * and all errors are part of the answer.
 */
#include <assert.h>

#include "base/sort.h"
#include "cedar/question.h"

static bool scope_holds(const struct question *question, const struct policy *policy)
{
	bool holds = true;

	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE && holds; var++)
		holds = question_constraint_holds(question, var, policy_constraint(policy, var));
	return holds;
}

/* What is left to test of a constraint when the index was descended by its key. A policy for a list
 * is met under each element that holds, and counts under the first of them. */
static bool keyed_constraint_holds(const struct question *question, int var,
				   struct constraint constraint)
{
	const uint32_t *list;

	if (constraint.kind == AST_SCOPE_IS_IN)
		return question->types[var] == constraint.type;
	if (constraint.kind != AST_SCOPE_IN_LIST)
		return true;
	list = &question->request->engine->uid_lists[constraint.uid];
	for (uint32_t i = 0; list[i] != question->keys[var]; i++) {
		if (question_is_in(question, var, list[i]))
			return false;
	}
	return true;
}

/* The scope of a policy met at a node that was reached by the variables in `used`. */
static bool rest_holds(const struct question *question, const struct policy *policy, uint32_t used)
{
	bool holds = true;

	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE && holds; var++) {
		struct constraint constraint = policy_constraint(policy, var);

		holds = (used & 1u << var) != 0
				? keyed_constraint_holds(question, var, constraint)
				: question_constraint_holds(question, var, constraint);
	}
	return holds;
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

static enum error add_satisfied(struct cedar_request *request, const struct policy *policy)
{
	if (policy->is_forbid)
		return add_number(&request->arena, &request->forbids, &request->forbid_count,
				  &request->forbid_capacity, policy->number);
	return add_number(&request->arena, &request->permits, &request->permit_count,
			  &request->permit_capacity, policy->number);
}

static enum error add_error(struct question *question, const struct policy *policy)
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
		.policy = policy->number,
		.kind = question->eval.error,
		.offset = policy->code_offset + span.start,
		.length = span.end - span.start,
	};
	request->errors = errors;
	return ERR_NONE;
}

/* Evaluates a policy whose scope holds. */
static enum error evaluate(struct question *question, const struct policy *policy)
{
	struct cedar_request *request = question->request;
	bool satisfied = true, done = true;

	if (policy->code != POLICY_NO_CODE) {
		done = eval_condition(&question->eval, policy->code, &satisfied);
		if (request->scratch.used_bytes != 0)
			arena_reset(&request->scratch, (struct arena_mark){0});
	}
	if (!done)
		return add_error(question, policy);
	return satisfied ? add_satisfied(request, policy) : ERR_NONE;
}

static void answer_denial(struct cedar_answer *answer)
{
	*answer = (struct cedar_answer){.decision = CEDAR_DENY};
}

static int compare_errors(const void *a, const void *b)
{
	uint32_t left = ((const struct cedar_policy_error *)a)->policy;
	uint32_t right = ((const struct cedar_policy_error *)b)->policy;

	return (left > right) - (left < right);
}

static void decide(struct cedar_request *request, struct cedar_answer *answer)
{
	bool allow = request->forbid_count == 0 && request->permit_count != 0;
	uint32_t *reasons = allow ? request->permits : request->forbids;
	uint32_t reason_count = allow ? request->permit_count : request->forbid_count;

	sort_u32(reasons, reason_count);
	sort(request->errors, request->error_count, sizeof(*request->errors), compare_errors);
	*answer = (struct cedar_answer){
		.decision = allow ? CEDAR_ALLOW : CEDAR_DENY,
		.reasons = reasons,
		.reason_count = reason_count,
		.errors = request->errors,
		.error_count = request->error_count,
	};
}

/* Descending the index. */

static enum error descend(struct question *question, const struct index_node *node, uint32_t used);

/* Goes on by one key, if there is something to find. */
static enum error follow(struct question *question, const struct index_node *node, uint32_t family,
			 uint32_t value, uint32_t used)
{
	const struct index *index = &question->request->engine->index;
	uint32_t var = family / INDEX_KINDS;
	const struct index_node *child =
		index_find(index, (uint32_t)(node - index->nodes), family, value);

	if (child == NULL)
		return ERR_NONE;
	question->keys[var] = value;
	return descend(question, child, used | 1u << var);
}

/* By a uid and its ancestors. Numbers above those of the engine, which come last, are names that
 * only the request knows. */
static enum error follow_uids(struct question *question, const struct index_node *node, int var,
			      uint32_t used)
{
	const struct entity *entity = question->eval.var_entities[var];
	cedar_uid self = question->request->scope[var];
	cedar_uid end = question->request->symbols.first_uid;
	uint32_t count = entity != NULL ? entity->ancestor_count : 0;
	uint32_t family = index_family(var, INDEX_IN);
	enum error error = ERR_NONE;

	if (self < end)
		error = follow(question, node, family, self, used);
	for (uint32_t i = 0; i < count && entity->ancestors[i] < end && error == ERR_NONE; i++)
		error = follow(question, node, family, entity->ancestors[i], used);
	return error;
}

static enum error follow_variable(struct question *question, const struct index_node *node, int var,
				  uint32_t used)
{
	uint32_t equal = index_family(var, INDEX_EQ), is = index_family(var, INDEX_IS);
	enum error error = ERR_NONE;

	if ((node->families & 1u << equal) != 0)
		error = follow(question, node, equal, question->request->scope[var], used);
	if (error == ERR_NONE && (node->families & 1u << index_family(var, INDEX_IN)) != 0)
		error = follow_uids(question, node, var, used);
	if (error == ERR_NONE && (node->families & 1u << is) != 0)
		error = follow(question, node, is, question->types[var], used);
	return error;
}

/* Evaluates what matches at the node and below. The depth is that of the index: at most four. */
static enum error descend(struct question *question, const struct index_node *node, uint32_t used)
{
	const struct policy *policies = &question->request->engine->index.policies[node->first];
	enum error error = ERR_NONE;

	for (uint32_t i = 0; i < node->count && error == ERR_NONE; i++) {
		if (rest_holds(question, &policies[i], used))
			error = evaluate(question, &policies[i]);
	}
	for (int var = AST_PRINCIPAL;
	     var <= AST_RESOURCE && node->families != 0 && error == ERR_NONE; var++) {
		if ((used & 1u << var) == 0)
			error = follow_variable(question, node, var, used);
	}
	return error;
}

static enum error test_all(struct question *question)
{
	const struct index *index = &question->request->engine->index;
	enum error error = ERR_NONE;

	for (uint32_t i = 0; i < index->policy_count && error == ERR_NONE; i++) {
		const struct policy *policy = &index->policies[i];

		if (!policy->is_repeated && scope_holds(question, policy))
			error = evaluate(question, policy);
	}
	return error;
}

static enum error authorize(struct cedar_request *request, bool linear, struct cedar_answer *answer)
{
	struct question question;
	enum error error = request->builder.failed;

	assert(request->asked || error != ERR_NONE);
	answer_denial(answer);
	if (error != ERR_NONE)
		return error;
	question_begin(&question, request);
	request->permit_count = request->forbid_count = request->error_count = 0;
	error = linear ? test_all(&question)
		       : descend(&question, &request->engine->index.nodes[INDEX_ROOT], 0);
	if (error == ERR_NONE)
		decide(request, answer);
	return error;
}

enum error cedar_authorize(struct cedar_request *request, struct cedar_answer *answer)
{
	return authorize(request, false, answer);
}

enum error cedar_authorize_linear(struct cedar_request *request, struct cedar_answer *answer)
{
	return authorize(request, true, answer);
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
