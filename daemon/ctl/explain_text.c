/* An explanation for people. What came from outside is escaped. */
#include <inttypes.h>

#include "authz/entities.h"
#include "base/hex.h"
#include "base/log.h"
#include "ctl/explain_view.h"
#include "ctl/output.h"
#include "ctl/policy_texts.h"

static void label(struct buf *out, const char *text)
{
	buf_printf(out, "%-10s", text);
}

static void end_line(struct buf *out)
{
	buf_append_byte(out, '\n');
}

static void write_list(struct buf *out, const struct audit_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (i != 0)
			buf_append_str(out, STR(", "));
		log_escape(out, list->items[i]);
	}
}

/* The request. */

static void write_time(struct buf *out, const struct audit_row *row)
{
	struct session_time time = session_time_of(row->wall_us, row->utc_offset_minutes * 60);
	int64_t seconds = time.local_day_ms / 1000;

	label(out, "when");
	output_time(out, row->wall_us);
	buf_printf(out, " UTC (%.*s %02d:%02d:%02d local time)", STR_ARGS(time.weekday),
		   (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
	end_line(out);
}

static void write_who(struct buf *out, const struct explain_view *view)
{
	const struct audit_row *row = &view->row;
	const struct sender *sender = &view->explanation.recorded.sender;

	label(out, "who");
	log_escape(out, row->user.length != 0 ? row->user : row->principal);
	if (row->user.length != 0 && row->principal.length != 0) {
		buf_append_str(out, STR(", "));
		log_escape(out, row->principal);
	}
	buf_append_str(out, STR(", by "));
	log_escape(out, row->mechanism);
	if (view->is_explained && sender->has_token)
		buf_append_str(out, sender->elevated ? STR(", elevated") : STR(", not elevated"));
	end_line(out);
	if (row->groups.count != 0) {
		label(out, "groups");
		write_list(out, &row->groups);
		end_line(out);
	}
	if (row->deny_only_groups.count != 0) {
		label(out, "");
		buf_append_str(out, STR("deny-only: "));
		write_list(out, &row->deny_only_groups);
		end_line(out);
	}
}

static void write_what(struct buf *out, const struct explain_view *view)
{
	const struct audit_row *row = &view->row;
	const struct sender *sender = &view->explanation.recorded.sender;

	label(out, "asked");
	switch (row->kind) {
	case AUDIT_AUTHORIZE_USER: buf_append_str(out, STR("to connect (AuthorizeUser)")); break;
	case AUDIT_QUERY_QUOTA: buf_append_str(out, STR("for the quota (QueryQuota)")); break;
	case AUDIT_AUTHORIZE_OPERATION:
		log_escape(out, row->action.length != 0 ? row->action : STR("?"));
		buf_append_str(out, STR(" by "));
		log_escape(out, row->action_uri);
		break;
	}
	end_line(out);
	if (row->kind == AUDIT_AUTHORIZE_OPERATION) {
		label(out, "on");
		log_escape(out, row->resource_uri);
		end_line(out);
	}
	label(out, "at");
	log_escape(out, row->application);
	if (view->is_explained && sender->http_url.length != 0) {
		buf_append_str(out, STR(", "));
		log_escape(out, sender->http_url);
	}
	end_line(out);
}

static void write_answer(struct buf *out, const struct explain_view *view)
{
	const struct audit_row *row = &view->row;

	label(out, "answer");
	switch (row->verdict) {
	case AUDIT_DENY: buf_append_str(out, STR("DENIED")); break;
	case AUDIT_ALLOW: buf_append_str(out, STR("ALLOWED")); break;
	case AUDIT_REDIRECT: buf_append_str(out, STR("REDIRECTED")); break;
	}
	if (row->verdict == AUDIT_ALLOW && row->administrator)
		buf_append_str(out, STR(", as administrator of other users' shells"));
	if (row->extended.length != 0) {
		buf_append_str(out,
			       row->verdict == AUDIT_REDIRECT ? STR(" to ") : STR(", saying: "));
		log_escape(out, row->extended);
	}
	end_line(out);
	label(out, "because");
	buf_append_str(out, str_from(explain_because(view)));
	end_line(out);
	if (row->delivered == AUDIT_UNDELIVERED) {
		label(out, "delivered");
		buf_append_str(out, STR("no, the client was gone before the answer"));
		end_line(out);
	}
}

/* What else had a part in it. */

static void write_maker(struct buf *out, const struct explain_view *view)
{
	static const uint8_t none[AUDIT_RECORD_ID_BYTES];
	const struct audit_row *maker = &view->maker;

	if (memcmp(view->row.record_id, none, sizeof(none)) == 0)
		return;
	label(out, "record");
	hex_append(out, view->row.record_id, AUDIT_RECORD_ID_BYTES);
	if (view->has_maker) {
		buf_printf(out, ", since decision %" PRIu64 " at ", maker->decision_id);
		output_time(out, maker->wall_us);
		buf_printf(out, " UTC (revision %" PRIu64 ": ", maker->policy_revision);
		write_list(out, &maker->policies);
		buf_append_byte(out, ')');
	}
	end_line(out);
}

static void write_action(struct buf *out, const char *what, const struct explain_action *action)
{
	if (!action->is_known)
		return;
	label(out, what);
	buf_append_str(out, STR("by "));
	log_escape(out, action->actor);
	buf_append_str(out, STR(" at "));
	output_time(out, action->at_us);
	buf_append_str(out, STR(" UTC"));
	if (action->until_us != 0) {
		buf_append_str(out, STR(", until "));
		output_time(out, action->until_us);
		buf_append_str(out, STR(" UTC"));
	}
	if (action->reason.length != 0) {
		buf_append_str(out, STR(": "));
		log_escape(out, action->reason);
	}
	end_line(out);
}

static void write_revision(struct buf *out, const struct explain_view *view)
{
	if (view->row.policy_revision == 0)
		return;
	label(out, "revision");
	buf_printf(out, "%" PRIu64, view->row.policy_revision);
	if (view->has_revision) {
		buf_append_str(out, STR(", stored "));
		output_time(out, view->activated_us);
		buf_append_str(out, STR(" UTC from "));
		log_escape(out, view->origin);
	}
	end_line(out);
}

/* The policies. */

/* On one line, blanks and line breaks as one blank. */
static void write_folded(struct buf *out, struct str text)
{
	bool blank = false;

	for (size_t i = 0; i < text.length;) {
		size_t start = i;

		while (i < text.length && str_find_byte(STR(" \t\r\n"), text.ptr[i]) == NULL)
			i++;
		if (i != start) {
			if (blank)
				buf_append_byte(out, ' ');
			log_escape(out, str_make(text.ptr + start, i - start));
			blank = true;
		} else {
			i++;
		}
	}
}

static void write_clause(struct buf *out, const struct cedar_policy_info *info, const char *word,
			 const struct cedar_clause *clause)
{
	buf_printf(out, "    %-8s", word);
	write_folded(out, clause->text);
	buf_append_str(out, STR("   "));
	log_escape(out, info->source);
	buf_printf(out, ":%u:%u\n", (unsigned)clause->line, (unsigned)clause->column);
	for (size_t i = 0; i < clause->operand_count; i++) {
		buf_append_str(out, STR("              "));
		write_folded(out, clause->operands[i].text);
		buf_append_str(out, STR(" is "));
		log_escape(out, clause->operands[i].value);
		end_line(out);
	}
}

static const char *clause_word(const struct cedar_trace *trace, const struct cedar_clause *clause)
{
	if (trace->traced == CEDAR_TRACED_ERROR)
		return "failed";
	return clause->value ? "true" : "false";
}

static void write_policy(struct buf *out, const struct explained_policy *policy, bool with_source)
{
	const struct cedar_policy_info *info = policy->info;

	buf_append_str(out, STR("  "));
	log_escape(out, info->id);
	buf_append_str(out, STR("   "));
	log_escape(out, info->source);
	buf_printf(out, ":%u", (unsigned)info->line);
	if (info->template_id.length != 0) {
		buf_append_str(out, STR(" (template "));
		log_escape(out, info->template_id);
		buf_append_byte(out, ')');
	}
	if (policy->trace.traced == CEDAR_TRACED_ERROR)
		buf_printf(out, "   %s", cedar_eval_error_text(policy->trace.error));
	end_line(out);
	if (with_source)
		policy_texts_quote(out, info->text);
	for (size_t i = 0; i < policy->trace.clause_count; i++)
		write_clause(out, info, clause_word(&policy->trace, &policy->trace.clauses[i]),
			     &policy->trace.clauses[i]);
}

static void write_policies(struct buf *out, const char *title, const struct explained_list *list,
			   bool with_source)
{
	if (list->count == 0)
		return;
	buf_printf(out, "\n%s\n", title);
	for (size_t i = 0; i < list->count; i++)
		write_policy(out, &list->items[i], with_source);
}

static const char *determining_title(const struct explain_view *view)
{
	if (view->explanation.determining.count != 0 &&
	    view->explanation.determining.items[0].info->effect == CEDAR_FORBID)
		return "forbidden by";
	return explain_is_beside_policy(view->row.source) ? "what the policy says: permitted by"
							  : "permitted by";
}

static void write_explanation(struct buf *out, const struct explain_view *view)
{
	const struct explanation *explanation = &view->explanation;

	if (view->row.kind == AUDIT_AUTHORIZE_OPERATION && explanation->asked == ACTION_CONNECT)
		buf_append_str(out, STR("\nThe user had no user record and was not let in: the "
					"policy was asked for Connect.\n"));
	if (explanation->determining.count == 0 && explain_is_beside_policy(view->row.source))
		buf_append_str(out, STR("\nwhat the policy says: no policy permits it\n"));
	write_policies(out, determining_title(view), &explanation->determining, true);
	write_policies(out, "could not be evaluated", &explanation->erring, true);
	write_policies(out, "nearest permits, and what they lack", &explanation->nearest, false);
	if (!explanation->agrees)
		buf_append_str(out, STR("\nAsked again, the policy does not say what was decided. "
					"Settings such as policy.on_error were\nothers then, or "
					"the decision was made by another version of wsauthzd.\n"));
}

void explain_text(struct buf *out, const struct explain_view *view)
{
	label(out, "decision");
	buf_printf(out, "%" PRIu64 "\n", view->row.decision_id);
	write_time(out, &view->row);
	write_who(out, view);
	write_what(out, view);
	write_answer(out, view);
	write_maker(out, view);
	write_action(out, "blocked", &view->block);
	write_action(out, "unblocked", &view->unblock);
	write_action(out, "revoked", &view->revocation);
	write_revision(out, view);
	if (view->is_explained)
		write_explanation(out, view);
	else if (view->row.policy_revision != 0)
		buf_printf(out, "\nThe policy cannot be asked again: %s.\n",
			   view->obstacle == ERR_INVALID
				   ? "the recorded request is masked or incomplete"
				   : error_text(view->obstacle));
}
