#include "comparison.h"

#include "base/attributes.h"
#include "cedar/engine.h"
#include "cedar/trace.h"

void comparison_expect(struct comparison *comparison, const struct naive_world *world)
{
	for (size_t i = 0; i < comparison->policy_count; i++) {
		struct outcome *outcome = &comparison->expected[i];

		outcome->satisfied = false;
		outcome->error =
			naive_evaluate(world, &comparison->policies[i], &outcome->satisfied);
	}
}

void comparison_plant(struct comparison *comparison)
{
	struct outcome *outcome = &comparison->expected[0];

	outcome->error = outcome->error == CEDAR_EVAL_NONE ? CEDAR_EVAL_OVERFLOW : CEDAR_EVAL_NONE;
	outcome->satisfied = false;
}

static bool differ(const struct comparison *comparison, const char *how, size_t policy,
		   const char *what)
{
	buf_printf(comparison->report, "%s: %s", how, what);
	if (policy < comparison->policy_count) {
		const struct cedar_policy_info *info = cedar_policy_at(comparison->engine, policy);

		buf_printf(comparison->report, ": %.*s: %.*s", STR_ARGS(info->id),
			   STR_ARGS(info->text));
	}
	buf_append_byte(comparison->report, '\n');
	return false;
}

static bool is_forbidden(const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->policy_count; i++) {
		if (comparison->expected[i].satisfied &&
		    comparison->policies[i].ast->effect == CEDAR_FORBID)
			return true;
	}
	return false;
}

/* Takes the reasons and errors off the answer one by one, as the policies come. */
static bool check(const struct comparison *comparison, const char *how,
		  const struct cedar_answer *answer, struct comparison_tally *tally)
{
	size_t reason = 0, error = 0;
	enum cedar_effect deciding = is_forbidden(comparison) ? CEDAR_FORBID : CEDAR_PERMIT;
	bool allowed;

	for (size_t i = 0; i < comparison->policy_count; i++) {
		const struct outcome *outcome = &comparison->expected[i];

		if (outcome->error != CEDAR_EVAL_NONE) {
			if (error == answer->error_count || answer->errors[error].policy != i)
				return differ(comparison, how, i, "an error is missing");
			if (answer->errors[error++].kind != outcome->error)
				return differ(comparison, how, i, "the error is another");
		} else if (outcome->satisfied && comparison->policies[i].ast->effect == deciding) {
			if (reason == answer->reason_count || answer->reasons[reason++] != i)
				return differ(comparison, how, i, "a reason is missing");
		}
	}
	if (reason != answer->reason_count)
		return differ(comparison, how, answer->reasons[reason], "a reason too many");
	if (error != answer->error_count)
		return differ(comparison, how, answer->errors[error].policy, "an error too many");
	allowed = deciding == CEDAR_PERMIT && reason != 0;
	if ((answer->decision == CEDAR_ALLOW) != allowed)
		return differ(comparison, how, SIZE_MAX, "the decision is wrong");
	tally->allowed += allowed;
	tally->denied += !allowed;
	tally->reasons += reason;
	tally->errors += error;
	return true;
}

/* What is told of a policy, against what it must have come to. */
static bool check_trace(const struct comparison *comparison, struct cedar_request *request,
			size_t policy, struct arena *arena)
{
	const struct outcome *expected = &comparison->expected[policy];
	struct cedar_trace trace;

	if (cedar_trace(request, (uint32_t)policy, arena, &trace) != ERR_NONE)
		return differ(comparison, "traced", policy, "no trace");
	if ((trace.traced == CEDAR_TRACED_ERROR) != (expected->error != CEDAR_EVAL_NONE) ||
	    (trace.traced == CEDAR_TRACED_ERROR && trace.error != expected->error))
		return differ(comparison, "traced", policy, "another error");
	if ((trace.traced == CEDAR_TRACED_SATISFIED) != expected->satisfied)
		return differ(comparison, "traced", policy, "another outcome");
	if (trace.traced != CEDAR_TRACED_SATISFIED && trace.clause_count == 0)
		return differ(comparison, "traced", policy, "no clause");
	return true;
}

enum { TRACED_EACH = 20, TRACED_POLICIES = 16 };

/* A few policies of a question now and then, for tracing parses a policy anew. */
static bool check_traces(const struct comparison *comparison, struct cedar_request *request,
			 uint64_t number)
{
	size_t count = comparison->policy_count;
	struct arena arena;
	bool good = true;

	if (number % TRACED_EACH != 0)
		return true;
	arena_init(&arena, 65536, SIZE_MAX);
	for (size_t i = 0; i < TRACED_POLICIES && i < count && good; i++) {
		good = check_trace(comparison, request, (number + i) % count, &arena);
		arena_reset(&arena, (struct arena_mark){0});
	}
	arena_deinit(&arena);
	return good;
}

bool comparison_ask(const struct comparison *comparison, struct cedar_request *request,
		    struct comparison_tally *tally)
{
	struct comparison_tally linear = {0};
	struct cedar_answer answer;

	if (cedar_authorize_linear(request, &answer) != ERR_NONE)
		return differ(comparison, "linear", SIZE_MAX, "no answer");
	if (!check(comparison, "linear", &answer, &linear))
		return false;
	if (cedar_authorize(request, &answer) != ERR_NONE)
		return differ(comparison, "indexed", SIZE_MAX, "no answer");
	tally->requests++;
	return check(comparison, "indexed", &answer, tally) &&
	       check_traces(comparison, request, tally->requests);
}
