/* An explanation for programs: one JSON object. */
#include <inttypes.h>

#include "base/civil.h"
#include "cedar/json_write.h"
#include "ctl/audit_row.h"
#include "ctl/explain_view.h"
#include "ctl/output.h"

enum { TIME_BYTES = 64 };

static void write_text(struct json_writer *json, const char *key, struct str value)
{
	json_write_key(json, str_from(key));
	json_write_string(json, value);
}

static void write_count(struct json_writer *json, const char *key, uint64_t value)
{
	json_write_key(json, str_from(key));
	json_write_u64(json, value);
}

static void write_bool(struct json_writer *json, const char *key, bool value)
{
	json_write_key(json, str_from(key));
	json_write_bool(json, value);
}

static void write_time(struct json_writer *json, const char *key, int64_t wall_us)
{
	struct buf text;

	buf_init(&text, TIME_BYTES);
	civil_append(&text, wall_us);
	write_text(json, key, buf_str(&text));
	buf_deinit(&text);
}

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
	write_text(json, "text", clause->text);
	write_count(json, "line", clause->line);
	write_count(json, "column", clause->column);
	write_bool(json, "scope", clause->is_scope);
	write_bool(json, "value", clause->value);
	json_write_key(json, STR("operands"));
	json_write_array(json);
	for (size_t i = 0; i < clause->operand_count; i++) {
		json_write_object(json);
		write_text(json, "text", clause->operands[i].text);
		write_text(json, "value", clause->operands[i].value);
		json_write_object_end(json);
	}
	json_write_array_end(json);
	json_write_object_end(json);
}

static void write_policy(struct json_writer *json, const struct explained_policy *policy)
{
	const struct cedar_policy_info *info = policy->info;

	json_write_object(json);
	write_text(json, "id", info->id);
	write_text(json, "effect", info->effect == CEDAR_PERMIT ? STR("permit") : STR("forbid"));
	write_text(json, "file", info->source);
	write_count(json, "line", info->line);
	if (info->template_id.length != 0)
		write_text(json, "template", info->template_id);
	write_text(json, "text", info->text);
	write_text(json, "result", str_from(traced_text(policy->trace.traced)));
	if (policy->trace.traced == CEDAR_TRACED_ERROR)
		write_text(json, "error", str_from(cedar_eval_error_text(policy->trace.error)));
	json_write_key(json, STR("clauses"));
	json_write_array(json);
	for (size_t i = 0; i < policy->trace.clause_count; i++)
		write_clause(json, &policy->trace.clauses[i]);
	json_write_array_end(json);
	json_write_object_end(json);
}

static void write_policies(struct json_writer *json, const char *key,
			   const struct explained_list *list)
{
	json_write_key(json, str_from(key));
	json_write_array(json);
	for (size_t i = 0; i < list->count; i++)
		write_policy(json, &list->items[i]);
	json_write_array_end(json);
}

static void write_action(struct json_writer *json, const char *key,
			 const struct explain_action *action)
{
	if (!action->is_known)
		return;
	json_write_key(json, str_from(key));
	json_write_object(json);
	write_text(json, "by", action->actor);
	write_time(json, "at", action->at_us);
	if (action->until_us != 0)
		write_time(json, "until", action->until_us);
	write_text(json, "reason", action->reason);
	json_write_object_end(json);
}

static void write_revision(struct json_writer *json, const struct explain_view *view)
{
	if (!view->has_revision)
		return;
	json_write_key(json, STR("revision"));
	json_write_object(json);
	write_count(json, "revision", view->row.policy_revision);
	write_time(json, "activated", view->activated_us);
	write_text(json, "source", view->origin);
	json_write_object_end(json);
}

static void write_maker(struct json_writer *json, const struct explain_view *view)
{
	if (!view->has_maker)
		return;
	json_write_key(json, STR("let_in"));
	json_write_object(json);
	write_count(json, "decision", view->maker.decision_id);
	write_time(json, "time", view->maker.wall_us);
	write_count(json, "revision", view->maker.policy_revision);
	json_write_object_end(json);
}

void explain_json(struct buf *out, const struct explain_view *view)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_write_key(&json, STR("decision"));
	audit_row_json(out, &view->row);
	json.needs_comma = true;
	write_text(&json, "because", str_from(explain_because(view)));
	write_maker(&json, view);
	write_action(&json, "block", &view->block);
	write_action(&json, "unblock", &view->unblock);
	write_action(&json, "revocation", &view->revocation);
	write_revision(&json, view);
	write_bool(&json, "explained", view->is_explained);
	if (view->is_explained) {
		write_text(&json, "asked", action_name(view->explanation.asked));
		write_bool(&json, "agrees", view->explanation.agrees);
		write_policies(&json, "determining", &view->explanation.determining);
		write_policies(&json, "erring", &view->explanation.erring);
		write_policies(&json, "nearest", &view->explanation.nearest);
	} else if (view->row.policy_revision != 0) {
		write_text(&json, "obstacle", str_from(error_text(view->obstacle)));
	}
	json_write_object_end(&json);
}
