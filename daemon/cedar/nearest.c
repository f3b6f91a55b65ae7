#include "cedar/nearest.h"

#include <string.h>

#include "cedar/question.h"

enum { NEAREST_MAX = 64 };

struct nearness {
	uint32_t failing, holding; /* elements of the scope */
	uint32_t policy;
};

static bool is_nearer(const struct nearness *a, const struct nearness *b)
{
	if (a->failing != b->failing)
		return a->failing < b->failing;
	if (a->holding != b->holding)
		return a->holding > b->holding;
	return a->policy < b->policy;
}

static struct nearness measure(const struct question *question, const struct policy *policy)
{
	struct nearness nearness = {.policy = policy->number};

	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		struct constraint constraint = policy_constraint(policy, var);

		if (constraint.kind == AST_SCOPE_ANY)
			continue;
		if (question_constraint_holds(question, var, constraint))
			nearness.holding++;
		else
			nearness.failing++;
	}
	return nearness;
}

/* Keeps the `max` nearest, in order. */
static size_t keep(struct nearness *nearest, size_t count, size_t max, struct nearness candidate)
{
	size_t at = count < max ? count : max;

	while (at > 0 && is_nearer(&candidate, &nearest[at - 1]))
		at--;
	if (at == max)
		return count;
	if (count < max)
		count++;
	memmove(&nearest[at + 1], &nearest[at], (count - 1 - at) * sizeof(*nearest));
	nearest[at] = candidate;
	return count;
}

static bool applied(const struct question *question, const struct policy *policy)
{
	const struct cedar_request *request = question->request;

	for (uint32_t i = 0; i < request->permit_count; i++) {
		if (request->permits[i] == policy->number)
			return true;
	}
	return false;
}

size_t cedar_nearest_permits(struct cedar_request *request, uint32_t *policies, size_t max)
{
	const struct index *index = &request->engine->index;
	struct nearness nearest[NEAREST_MAX];
	struct question question;
	size_t count = 0;

	if (max > NEAREST_MAX)
		max = NEAREST_MAX;
	question_begin(&question, request);
	for (uint32_t i = 0; i < index->policy_count; i++) {
		const struct policy *policy = &index->policies[i];
		struct nearness candidate;

		if (policy->is_forbid || policy->is_repeated || applied(&question, policy))
			continue;
		candidate = measure(&question, policy);
		if (candidate.failing == 0 || candidate.holding != 0)
			count = keep(nearest, count, max, candidate);
	}
	/* Beside one that lacks little, what lacks much is noise. */
	while (count > 1 && nearest[count - 1].failing > 1 &&
	       nearest[count - 1].failing > nearest[0].failing)
		count--;
	for (size_t i = 0; i < count; i++)
		policies[i] = nearest[i].policy;
	return count;
}
