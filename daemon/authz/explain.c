#include "authz/explain.h"

#include <string.h>

#include "authz/blocks.h"
#include "authz/entities.h"
#include "cedar/nearest.h"

/* A decision while it is explained. */
struct explainer {
	struct explanation *explanation;
	struct arena *arena;
	const struct snapshot *snapshot;
	const struct audit_row *row;
	const struct explain_options *options;
	struct cedar_request *cedar;
};

/* Sources that speak of what the policy said. */
static bool is_of_policy(struct str source)
{
	static const enum decision_source sources[] = {DECISION_FROM_POLICY, DECISION_FROM_DEFAULT,
						       DECISION_FROM_POLICY_ERROR};

	for (size_t i = 0; i < ARRAY_COUNT(sources); i++) {
		if (str_equal(source, str_from(decision_source_text(sources[i]))))
			return true;
	}
	return false;
}

bool explain_is_beside_policy(struct str source)
{
	return !is_of_policy(source) &&
	       !str_equal(source, str_from(decision_source_text(DECISION_FROM_BREAK_GLASS)));
}

static bool has_record(const struct audit_row *row)
{
	static const uint8_t none[AUDIT_RECORD_ID_BYTES];

	return memcmp(row->record_id, none, sizeof(none)) != 0;
}

/* An operation that was denied under a record, or allowed: its record may have answered for
 * Connect, and then the action alone was asked. */
static bool may_be_connected(const struct audit_row *row)
{
	return row->kind == AUDIT_AUTHORIZE_OPERATION && has_record(row);
}

static void decide(const struct explainer *explainer, const struct decider *decider, bool connected,
		   struct decision *decision)
{
	const struct question *question = &explainer->explanation->recorded.question;

	if (connected)
		decide_what_if_connected(decider, explainer->arena, question, decision);
	else
		decide_what_if(decider, explainer->arena, question, decision);
}

/* Decides anew, by policy alone. */
static enum error decide_anew(struct explainer *explainer)
{
	struct decide_settings settings = *explainer->options->settings;
	struct decider decider = {
		.snapshot = explainer->snapshot, .settings = &settings, .cedar = explainer->cedar};
	struct blocks *blocks = NULL;
	struct buf scratch;
	enum error error = blocks_new((struct hash_key){0, 0}, &blocks);

	if (error != ERR_NONE)
		return error;
	/* What the policy said is to be explained, not who got in nevertheless. */
	settings.break_glass_group = str_make(NULL, 0);
	buf_init(&scratch, DECIDE_SCRATCH_BYTES);
	decider.blocks = blocks;
	decider.scratch = &scratch;
	decide(explainer, &decider, may_be_connected(explainer->row),
	       &explainer->explanation->decision);
	buf_deinit(&scratch);
	blocks_free(blocks);
	switch (explainer->explanation->decision.source) {
	case DECISION_FROM_RESOURCES: return ERR_NO_MEMORY;
	case DECISION_FROM_LIMIT: return ERR_LIMIT;
	default: return ERR_NONE;
	}
}

static enum error explain_policy(struct explainer *explainer, uint32_t policy,
				 struct explained_policy *out)
{
	out->info = cedar_policy_at(snapshot_engine(explainer->snapshot), policy);
	return cedar_trace(explainer->cedar, policy, explainer->arena, &out->trace);
}

static enum error explain_policies(struct explainer *explainer, const uint32_t *policies,
				   size_t count, struct explained_list *list)
{
	struct explained_policy *items = arena_calloc(explainer->arena, count, sizeof(*items));
	enum error error = items != NULL ? ERR_NONE : ERR_NO_MEMORY;

	for (size_t i = 0; i < count && error == ERR_NONE; i++)
		error = explain_policy(explainer, policies[i], &items[i]);
	*list = (struct explained_list){items, count};
	return error;
}

static enum error explain_errors(struct explainer *explainer, const struct cedar_answer *answer)
{
	uint32_t *policies = arena_calloc(explainer->arena, answer->error_count, sizeof(*policies));

	if (policies == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < answer->error_count; i++)
		policies[i] = answer->errors[i].policy;
	return explain_policies(explainer, policies, answer->error_count,
				&explainer->explanation->erring);
}

static enum error explain_nearest(struct explainer *explainer)
{
	uint32_t policies[EXPLAIN_NEAREST_MAX];
	size_t max = explainer->options->nearest;
	size_t count;

	if (max > EXPLAIN_NEAREST_MAX)
		max = EXPLAIN_NEAREST_MAX;
	count = cedar_nearest_permits(explainer->cedar, policies, max);
	return explain_policies(explainer, policies, count, &explainer->explanation->nearest);
}

/* Puts the question that decided to the engine once more, and traces the policies. */
static enum error explain_answer(struct explainer *explainer)
{
	struct explanation *explanation = explainer->explanation;
	const struct decision *decision = &explanation->decision;
	const struct instant *instant = &explanation->recorded.question.instant;
	struct session_time time = session_time_of(instant->wall_us, instant->utc_offset_s);
	bool is_operation = explanation->recorded.question.kind == QUESTION_OPERATION;
	struct cedar_answer answer;
	struct entities entities;
	enum error error;

	explanation->asked = decision->decided_action;
	cedar_request_begin(explainer->cedar, snapshot_engine(explainer->snapshot));
	if (!entities_define(explainer->cedar, explainer->arena, &decision->identity, &time,
			     is_operation ? &decision->operation : NULL, &entities))
		return ERR_NO_MEMORY;
	entities_ask(&entities, explanation->asked);
	error = cedar_authorize(explainer->cedar, &answer);
	if (error == ERR_NONE)
		error = explain_policies(explainer, answer.reasons, answer.reason_count,
					 &explanation->determining);
	if (error == ERR_NONE)
		error = explain_errors(explainer, &answer);
	if (error == ERR_NONE && answer.decision == CEDAR_DENY && answer.reason_count == 0)
		error = explain_nearest(explainer);
	explanation->is_evaluated = error == ERR_NONE;
	return error;
}

static bool lists_equal(const struct str *items, size_t count, const struct audit_list *list)
{
	bool equal = count == list->count;

	for (size_t i = 0; i < count && equal; i++)
		equal = str_equal(items[i], list->items[i]);
	return equal;
}

/* Whether what was recorded is what the policy says now. */
static bool agrees(const struct explainer *explainer)
{
	const struct decision *decision = &explainer->explanation->decision;
	const struct audit_row *row = explainer->row;
	bool is_break_glass =
		str_equal(row->source, str_from(decision_source_text(DECISION_FROM_BREAK_GLASS)));

	if (explain_is_beside_policy(row->source))
		return true;
	return lists_equal(decision->reasons, decision->reason_count, &row->policies) &&
	       lists_equal(decision->erring, decision->error_count, &row->erring) &&
	       (is_break_glass ||
		(decision_win32_code(decision) == row->code &&
		 str_equal(str_from(decision_source_text(decision->source)), row->source)));
}

enum error explain_decision(struct explanation *explanation, struct arena *arena,
			    const struct snapshot *snapshot, const struct audit_row *row,
			    const struct explain_options *options)
{
	struct explainer explainer = {
		.explanation = explanation,
		.arena = arena,
		.snapshot = snapshot,
		.row = row,
		.options = options,
	};
	enum error error;

	*explanation = (struct explanation){.is_evaluated = false};
	error = recorded_read(&explanation->recorded, arena, row);
	if (error == ERR_NONE)
		error = cedar_request_new(NULL, &explainer.cedar);
	if (error == ERR_NONE)
		error = decide_anew(&explainer);
	if (error == ERR_NONE)
		error = explain_answer(&explainer);
	if (error == ERR_NONE)
		explanation->agrees = agrees(&explainer);
	cedar_request_free(explainer.cedar);
	return error;
}
