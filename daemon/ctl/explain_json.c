/* An explanation for programs: one JSON object. */
#include <inttypes.h>

#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/audit_row.h"
#include "ctl/explain_view.h"

static const char *traced_text(enum cedar_traced traced)
{
	switch (traced) {
	case CEDAR_TRACED_SATISFIED: return "applies";
	case CEDAR_TRACED_SCOPE: return "scope";
	case CEDAR_TRACED_CONDITION: return "condition";
	case CEDAR_TRACED_ERROR: return "error";
	}
	return "unknown";
}

static void write_clause(struct json_writer *json, const struct cedar_clause *clause)
{
	json_write_object(json);
	json_member_string(json, "text", clause->text);
	json_member_u64(json, "line", clause->line);
	json_member_u64(json, "column", clause->column);
	json_member_bool(json, "scope", clause->is_scope);
	json_member_bool(json, "value", clause->value);
	json_member_array(json, "operands");
	for (size_t i = 0; i < clause->operand_count; i++) {
		json_write_object(json);
		json_member_string(json, "text", clause->operands[i].text);
		json_member_string(json, "value", clause->operands[i].value);
		json_write_object_end(json);
	}
	json_write_array_end(json);
	json_write_object_end(json);
}

static void write_policy(struct json_writer *json, const struct explained_policy *policy)
{
	const struct cedar_policy_info *info = policy->info;

	json_write_object(json);
	json_member_string(json, "id", info->id);
	json_member_string(json, "effect",
			   info->effect == CEDAR_PERMIT ? STR("permit") : STR("forbid"));
	json_member_string(json, "file", info->source);
	json_member_u64(json, "line", info->line);
	if (info->template_id.length != 0)
		json_member_string(json, "template", info->template_id);
	json_member_string(json, "text", info->text);
	json_member_string(json, "result", str_from(traced_text(policy->trace.traced)));
	if (policy->trace.traced == CEDAR_TRACED_ERROR)
		json_member_string(json, "error",
				   str_from(cedar_eval_error_text(policy->trace.error)));
	json_member_array(json, "clauses");
	for (size_t i = 0; i < policy->trace.clause_count; i++)
		write_clause(json, &policy->trace.clauses[i]);
	json_write_array_end(json);
	json_write_object_end(json);
}

static void write_policies(struct json_writer *json, const char *key,
			   const struct explained_list *list)
{
	json_member_array(json, key);
	for (size_t i = 0; i < list->count; i++)
		write_policy(json, &list->items[i]);
	json_write_array_end(json);
}

static void write_action(struct json_writer *json, const char *key,
			 const struct explain_action *action)
{
	if (!action->is_known)
		return;
	json_member_object(json, key);
	json_member_string(json, "by", action->actor);
	json_member_time(json, "at", action->at_us);
	if (action->until_us != 0)
		json_member_time(json, "until", action->until_us);
	json_member_string(json, "reason", action->reason);
	json_write_object_end(json);
}

static void write_revision(struct json_writer *json, const struct explain_view *view)
{
	if (!view->has_revision)
		return;
	json_member_object(json, "revision");
	json_member_u64(json, "revision", view->row.policy_revision);
	json_member_time(json, "activated", view->activated_us);
	json_member_string(json, "source", view->origin);
	json_write_object_end(json);
}

static void write_maker(struct json_writer *json, const struct explain_view *view)
{
	if (!view->has_maker)
		return;
	json_member_object(json, "let_in");
	json_member_u64(json, "decision", view->maker.decision_id);
	json_member_time(json, "time", view->maker.wall_us);
	json_member_u64(json, "revision", view->maker.policy_revision);
	json_write_object_end(json);
}

void explain_json(struct buf *out, const struct explain_view *view)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_write_key(&json, STR("decision"));
	audit_row_json(out, &view->row);
	json.needs_comma = true;
	json_member_string(&json, "because", str_from(explain_because(view)));
	write_maker(&json, view);
	write_action(&json, "block", &view->block);
	write_action(&json, "unblock", &view->unblock);
	write_action(&json, "revocation", &view->revocation);
	write_revision(&json, view);
	json_member_bool(&json, "explained", view->is_explained);
	if (view->is_explained) {
		json_member_string(&json, "asked", action_name(view->explanation.asked));
		json_member_bool(&json, "agrees", view->explanation.agrees);
		write_policies(&json, "determining", &view->explanation.determining);
		write_policies(&json, "erring", &view->explanation.erring);
		write_policies(&json, "nearest", &view->explanation.nearest);
	} else if (view->row.policy_revision != 0) {
		json_member_string(&json, "obstacle", str_from(error_text(view->obstacle)));
	}
	json_write_object_end(&json);
}
