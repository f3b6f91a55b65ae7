#include "ctl/explain_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "authz/decide.h"
#include "base/civil.h"
#include "base/hex.h"
#include "cedar/json_fields.h"
#include "cedar/json_read.h"
#include "config/settings.h"
#include "ctl/audit_source.h"
#include "ctl/output.h"
#include "ctl/policy_source.h"
#include "platform/process.h"
#include "store/state.h"

#define MS_PER_DAY INT64_C(86400000)

/* How far back the decision that let a user in is looked for: longer than most records live. */
enum { MAKER_DAYS = 7 };

static bool is_from(const struct audit_row *row, enum decision_source source)
{
	return str_equal(row->source, str_from(decision_source_text(source)));
}

static bool has_record(const struct audit_row *row)
{
	static const uint8_t none[AUDIT_RECORD_ID_BYTES];

	return memcmp(row->record_id, none, sizeof(none)) != 0;
}

const char *explain_because(const struct explain_view *view)
{
	static const struct {
		enum decision_source source;
		const char *text;
	} texts[] = {
		{DECISION_FROM_DEFAULT, "no policy permits it"},
		{DECISION_FROM_RECORD, "the user was let in before, and has a user record"},
		{DECISION_FROM_BLOCK, "an administrator blocked the principal"},
		{DECISION_FROM_REVOKED, "an administrator revoked the user's record"},
		{DECISION_FROM_BREAK_GLASS,
		 "a member of the break-glass group is let in, against a denial"},
		{DECISION_FROM_POLICY_ERROR, "a forbid policy could not be evaluated"},
		{DECISION_FROM_NO_POLICY, "no policy was active"},
		{DECISION_FROM_MALFORMED, "the request broke the bounds of what a request may be"},
		{DECISION_FROM_LIMIT,
		 "evaluation, or the number of user records, was at its limit"},
		{DECISION_FROM_RESOURCES, "the daemon had no memory left"},
		{DECISION_FROM_INTERNAL, "the daemon failed; its log says more"},
	};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (is_from(&view->row, texts[i].source))
			return texts[i].text;
	}
	return view->row.verdict == AUDIT_ALLOW ? "policies permit it" : "policies forbid it";
}

/* The row. */

static void say_missing(struct audit_reader *reader, uint64_t id)
{
	const struct segment_list *segments = audit_reader_segments(reader);
	uint64_t first = segments->count != 0 ? segments->items[0].first_id : 0;

	if (first != 0 && id < first)
		output_error("decision %" PRIu64 " is gone: the audit begins with %" PRIu64
			     "; see audit.retention_age in the configuration",
			     id, first);
	else
		output_error("there is no decision %" PRIu64 "; see wsauthzctl audit query", id);
}

static enum ctl_exit read_row(struct explain_view *view, struct audit_reader *reader, uint64_t id)
{
	struct audit_filter filter = {.decision_id = id, .limit = 1, .with_delivery = true};
	bool found = false;
	enum ctl_exit code =
		audit_source_find(reader, &filter, NULL, NULL, &view->arena, &view->row, &found);

	if (code == CTL_DONE && !found) {
		say_missing(reader, id);
		code = CTL_INVALID;
	}
	return code;
}

/* The record. */

static bool has_same_record(void *arg, const struct audit_row *row)
{
	const struct audit_row *wanted = arg;

	return memcmp(row->record_id, wanted->record_id, sizeof(row->record_id)) == 0 &&
	       is_from(row, DECISION_FROM_POLICY) && row->kind != AUDIT_AUTHORIZE_OPERATION;
}

static bool has_any_record(void *arg, const struct audit_row *row)
{
	(void)arg;
	return has_record(row);
}

/* Rows of the same principal before this one, newest first. */
static struct audit_filter rows_before(const struct audit_row *row)
{
	return (struct audit_filter){
		.user = row->principal,
		.application = row->application,
		.before_id = row->decision_id,
		.since_us = row->wall_us - MAKER_DAYS * MS_PER_DAY * 1000,
		.newest_first = true,
	};
}

static enum ctl_exit find_maker(struct explain_view *view, struct audit_reader *reader)
{
	struct audit_filter filter = rows_before(&view->row);

	if (!has_record(&view->row) || has_same_record(&view->row, &view->row))
		return CTL_DONE;
	return audit_source_find(reader, &filter, has_same_record, &view->row, &view->arena,
				 &view->maker, &view->has_maker);
}

/* What administrators did. */

/* A text member of the JSON object that the arguments of an action are; empty when it is not there.
 */
static struct str argument(struct arena *arena, struct str arguments, struct str key)
{
	struct json_fields fields = {
		.names = &key, .count = 1, .ignore_unknown = true, .what = "the arguments"};
	struct str value = str_make(NULL, 0);
	struct cedar_diags diags;
	struct json_reader reader;
	struct source source;

	if (source_init(&source, arena, STR("arguments"), arguments) != ERR_NONE)
		return value;
	cedar_diags_init(&diags);
	json_read_init(&reader, arena, &source, &diags);
	json_read_next(&reader);
	if (json_read_expect(&reader, JSON_OBJECT, "the arguments")) {
		while (json_fields_next(&reader, &fields) != JSON_NO_FIELD) {
			if (json_read_expect(&reader, JSON_STRING, "it"))
				value = reader.text;
		}
	}
	if (json_read_finish(&reader) != ERR_NONE)
		value = str_make(NULL, 0);
	cedar_diags_deinit(&diags);
	return value;
}

/* Looks for the last action of a kind that was about the user, before the decision, or for the first
 * one behind it. */
struct action_search {
	struct explain_view *view;
	struct str name;   /* of the action */
	struct str record; /* of the user, in hexadecimal; or empty */
	bool is_behind;
	struct explain_action *out;
};

static bool concerns(const struct action_search *search, struct str arguments)
{
	struct arena *arena = &search->view->arena;
	const struct audit_row *row = &search->view->row;
	struct str principal = argument(arena, arguments, STR("principal"));
	struct str record = argument(arena, arguments, STR("record"));

	if (principal.length != 0 && (str_equal_ascii_case(principal, row->principal) ||
				      str_equal(principal, row->user_folded)))
		return true;
	return record.length != 0 && str_equal(record, search->record);
}

static bool on_action(void *arg, const struct state_action *action)
{
	struct action_search *search = arg;
	struct arena *arena = &search->view->arena;

	bool is_behind = action->at_us > search->view->row.wall_us;
	int64_t until_us = 0;

	/* Newest first. */
	if (search->is_behind && !is_behind)
		return false;
	if (!str_equal(action->action, search->name) || is_behind != search->is_behind ||
	    !concerns(search, action->arguments))
		return true;
	(void)civil_parse(argument(arena, action->arguments, STR("until")), &until_us);
	*search->out = (struct explain_action){
		.is_known = true,
		.at_us = action->at_us,
		.actor = arena_copy(arena, action->actor),
		.reason = arena_copy(arena, argument(arena, action->arguments, STR("reason"))),
		.until_us = until_us,
	};
	return search->is_behind;
}

static enum ctl_exit find_action(struct explain_view *view, struct state *state,
				 struct action_search *search)
{
	enum error error;

	search->view = view;
	error = state_each_action(state, 0, on_action, search);
	if (error != ERR_NONE)
		output_error("the state database cannot be read: %s", error_text(error));
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

/* The record that was revoked was the last one the user had. */
static enum ctl_exit find_revocation(struct explain_view *view, struct state *state,
				     struct audit_reader *reader)
{
	struct action_search search = {.name = STR("records.revoke"), .out = &view->revocation};
	struct audit_filter filter = rows_before(&view->row);
	struct audit_row last;
	bool found = false;
	struct buf hex;
	enum ctl_exit code = audit_source_find(reader, &filter, has_any_record, NULL, &view->arena,
					       &last, &found);

	buf_init(&hex, 2 * AUDIT_RECORD_ID_BYTES + 1);
	if (code == CTL_DONE && found)
		hex_append(&hex, last.record_id, AUDIT_RECORD_ID_BYTES);
	search.record = buf_str(&hex);
	if (code == CTL_DONE)
		code = find_action(view, state, &search);
	buf_deinit(&hex);
	return code;
}

static enum ctl_exit find_circumstances(struct explain_view *view, struct state *state,
					struct audit_reader *reader)
{
	struct action_search block = {.name = STR("records.block"), .out = &view->block};
	struct action_search unblock = {
		.name = STR("records.unblock"), .is_behind = true, .out = &view->unblock};

	if (is_from(&view->row, DECISION_FROM_BLOCK)) {
		enum ctl_exit code = find_action(view, state, &block);

		return code == CTL_DONE ? find_action(view, state, &unblock) : code;
	}
	if (is_from(&view->row, DECISION_FROM_REVOKED))
		return find_revocation(view, state, reader);
	return find_maker(view, reader);
}

/* The policy. */

static bool take_revision(void *arg, const struct state_revision *revision)
{
	struct explain_view *view = arg;

	if (revision->number != view->row.policy_revision)
		return true;
	view->activated_us = revision->activated_us;
	view->origin = arena_copy(&view->arena, revision->source);
	view->has_revision = true;
	return false;
}

static void load_revision(struct explain_view *view, struct state *state)
{
	struct hash_key key;

	view->obstacle = state_each_revision(state, 0, take_revision, view);
	if (view->obstacle == ERR_NONE && !view->has_revision)
		view->obstacle = ERR_NOT_FOUND;
	if (view->obstacle == ERR_NONE)
		view->obstacle = platform_random(&key, sizeof(key));
	if (view->obstacle != ERR_NONE)
		return;
	policy_load_stored(&view->load, state, view->row.policy_revision, key);
	view->obstacle = view->load.error;
}

static void explain(struct explain_view *view, const struct settings *settings, uint64_t nearest)
{
	struct explain_options options = {
		.settings = &settings->decide,
		.nearest = nearest < EXPLAIN_NEAREST_MAX ? (size_t)nearest : EXPLAIN_NEAREST_MAX,
	};

	if (view->obstacle == ERR_NONE)
		view->obstacle = explain_decision(&view->explanation, &view->arena,
						  view->load.snapshot, &view->row, &options);
	view->is_explained = view->obstacle == ERR_NONE;
}

enum ctl_exit explain_view_open(struct explain_view *view, const struct ctl *ctl, uint64_t id,
				uint64_t nearest)
{
	const struct settings *settings;
	struct audit_reader *reader = NULL;
	struct state *state = NULL;
	enum ctl_exit code = CTL_INVALID;

	*view = (struct explain_view){.is_explained = false};
	arena_init(&view->arena, 64 * 1024, SIZE_MAX);
	policy_load_init(&view->load);
	if (ctl_find_settings(ctl, &settings))
		code = audit_source_open(ctl, &reader);
	if (code == CTL_DONE)
		code = read_row(view, reader, id);
	if (code == CTL_DONE)
		code = policy_state_open(ctl, &state);
	if (code == CTL_DONE)
		code = find_circumstances(view, state, reader);
	if (code == CTL_DONE && view->row.policy_revision != 0) {
		load_revision(view, state);
		explain(view, settings, nearest);
	}
	state_close(state);
	audit_reader_close(reader);
	return code;
}

void explain_view_deinit(struct explain_view *view)
{
	policy_load_deinit(&view->load);
	arena_deinit(&view->arena);
}
