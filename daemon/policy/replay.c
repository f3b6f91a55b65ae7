#include "policy/replay.h"

#include <string.h>

#include "authz/blocks.h"
#include "authz/recorded.h"
#include "base/map.h"
#include "policy/load.h"
#include "policy/replay_tally.h"

enum {
	MEMORY_MAX_BYTES = 64 << 20, /* of inputs that are remembered */
	PROGRESS_ROWS = 8192,
	REVISIONS_MAX = 16, /* that are kept at a time */
};

/* A recorded decision, and the question that led to it. */
struct asked {
	struct recorded recorded;
	struct str user;
	struct str before; /* what decided */
	uint64_t revision;
	bool has_record;
	bool is_by_policy; /* by evaluation; else by a record */
	bool administrator;
};

/* What is known of decisions with the same inputs. */
struct input {
	struct map_node node;
	struct audit_inputs numbers;
	bool has_record;
	bool is_gap;
	enum replay_gap gap;
	struct asked *asked; /* NULL when it is not kept */
	bool is_answered;    /* for all of them, as nobody looks at the time: */
	bool is_flip;
	struct tally_slot slot;
};

/* A revision that decided. */
struct revision {
	uint64_t number;
	struct policy_load load; /* no snapshot when it is not stored */
	bool looks_at_time;
	uint64_t last_use;
};

struct replay {
	const struct replay_options *options;
	const struct snapshot *candidate;
	bool looks_at_time; /* the candidate does */
	bool saw_time;      /* who was asked last did */
	struct decide_settings settings;
	struct decider decider;
	struct blocks *blocks;
	struct buf scratch;
	struct arena arena; /* of one question */

	struct arena memory; /* of the inputs below */
	struct map inputs;
	uint32_t segment; /* whose numbers they have */

	struct revision revisions[REVISIONS_MAX];
	size_t revision_count;
	uint64_t use_count;

	struct tally tally;
	struct replay_result *result;
};

const char *replay_flip_text(enum replay_flip flip)
{
	static const char *const texts[] = {
#define X(name, text) [REPLAY_##name] = (text),
		REPLAY_FLIP_LIST(X)
#undef X
	};

	return (size_t)flip < ARRAY_COUNT(texts) ? texts[flip] : "unknown";
}

const char *replay_gap_text(enum replay_gap gap)
{
	static const char *const texts[] = {
#define X(name, text) [REPLAY_GAP_##name] = (text),
		REPLAY_GAP_LIST(X)
#undef X
	};

	return (size_t)gap < ARRAY_COUNT(texts) ? texts[gap] : "unknown";
}

/* Revisions that decided. */

static struct revision *slot_of(struct replay *replay)
{
	struct revision *oldest = &replay->revisions[0];

	if (replay->revision_count < REVISIONS_MAX) {
		oldest = &replay->revisions[replay->revision_count++];
	} else {
		for (size_t i = 1; i < REVISIONS_MAX; i++) {
			if (replay->revisions[i].last_use < oldest->last_use)
				oldest = &replay->revisions[i];
		}
		policy_load_deinit(&oldest->load);
	}
	policy_load_init(&oldest->load);
	return oldest;
}

/* The revision; it has no snapshot when it is not stored. */
static struct revision *revision_of(struct replay *replay, uint64_t number)
{
	struct revision *revision = NULL;

	for (size_t i = 0; i < replay->revision_count && revision == NULL; i++) {
		if (replay->revisions[i].number == number)
			revision = &replay->revisions[i];
	}
	if (revision == NULL) {
		revision = slot_of(replay);
		revision->number = number;
		policy_load_stored(&revision->load, replay->options->state, number,
				   replay->options->key);
		revision->looks_at_time = revision->load.snapshot != NULL &&
					  snapshot_looks_at_time(revision->load.snapshot);
	}
	revision->last_use = ++replay->use_count;
	return revision;
}

/* Asking. */

static enum error ask(struct replay *replay, const struct snapshot *snapshot,
		      const struct asked *asked, bool is_connected, struct decision *decision)
{
	struct decider decider = replay->decider;
	const struct question *question = &asked->recorded.question;

	decider.snapshot = snapshot;
	if (is_connected)
		decide_what_if_connected(&decider, &replay->arena, question, decision);
	else
		decide_what_if(&decider, &replay->arena, question, decision);
	return decision->source == DECISION_FROM_RESOURCES ? ERR_NO_MEMORY : ERR_NONE;
}

static bool fails_at_connect(const struct decision *decision)
{
	return decision->verdict != DECISION_ALLOW && decision->decided_action == ACTION_CONNECT;
}

/* Not what is wrong with a revision, but with reading it. */
static bool is_passing(enum error error)
{
	return error == ERR_NO_MEMORY || error == ERR_IO || error == ERR_BUSY;
}

/* What the candidate says, given that a record may have let the user in. `*carried`: the record did,
 * and the answer for Connect stays. ERR_NOT_FOUND when the revision that decided cannot be had. */
static enum error ask_candidate(struct replay *replay, const struct asked *asked,
				struct decision *decision, bool *carried)
{
	const struct revision *revision;
	struct decision before;
	enum error error = ask(replay, replay->candidate, asked, false, decision);

	replay->result->asked_count++;
	replay->saw_time = replay->looks_at_time;
	*carried = false;
	if (error != ERR_NONE || !asked->has_record || !fails_at_connect(decision))
		return error;
	revision = revision_of(replay, asked->revision);
	if (revision->load.snapshot == NULL)
		return is_passing(revision->load.error) ? revision->load.error : ERR_NOT_FOUND;
	replay->saw_time |= revision->looks_at_time;
	error = ask(replay, revision->load.snapshot, asked, false, &before);
	if (error != ERR_NONE || !fails_at_connect(&before))
		return error;
	if (asked->recorded.question.kind == QUESTION_OPERATION)
		return ask(replay, replay->candidate, asked, true, decision);
	*carried = true;
	return ERR_NONE;
}

static enum audit_verdict verdict_of(const struct decision *decision)
{
	switch (decision->verdict) {
	case DECISION_ALLOW: return AUDIT_ALLOW;
	case DECISION_REDIRECT: return AUDIT_REDIRECT;
	case DECISION_DENY: break;
	}
	return AUDIT_DENY;
}

/* How the decision comes out otherwise; false when it does not. */
static bool find_flip(const struct asked *asked, enum audit_verdict was,
		      const struct decision *decision, enum replay_flip *flip)
{
	static const enum replay_flip flips[3][3] = {
		[AUDIT_DENY] = {[AUDIT_ALLOW] = REPLAY_DENY_TO_ALLOW,
				[AUDIT_REDIRECT] = REPLAY_DENY_TO_REDIRECT},
		[AUDIT_ALLOW] = {[AUDIT_DENY] = REPLAY_ALLOW_TO_DENY,
				 [AUDIT_REDIRECT] = REPLAY_ALLOW_TO_REDIRECT},
		[AUDIT_REDIRECT] = {[AUDIT_DENY] = REPLAY_REDIRECT_TO_DENY,
				    [AUDIT_ALLOW] = REPLAY_REDIRECT_TO_ALLOW},
	};
	enum audit_verdict is = verdict_of(decision);

	if (was != is) {
		*flip = flips[was][is];
		return true;
	}
	/* The flag is asked for when somebody is let in; later it is that of the record. */
	if (is != AUDIT_ALLOW || !asked->is_by_policy ||
	    asked->recorded.question.kind == QUESTION_OPERATION ||
	    asked->administrator == decision->administrator)
		return false;
	*flip = decision->administrator ? REPLAY_ADMINISTRATOR_GAINED : REPLAY_ADMINISTRATOR_LOST;
	return true;
}

/* What decided, in a few words: the ids of policies, or the source. */
static enum error describe(struct arena *arena, struct str source, const struct str *policies,
			   size_t count, struct str *out)
{
	struct buf text;
	enum error error;

	buf_init(&text, AUDIT_ROW_MAX_BYTES);
	for (size_t i = 0; i < count; i++) {
		if (i != 0)
			buf_append_str(&text, STR(", "));
		buf_append_str(&text, policies[i]);
	}
	if (count == 0)
		buf_append_str(&text, source);
	*out = arena_copy(arena, buf_str(&text));
	error = text.failed != ERR_NONE || out->ptr != NULL ? text.failed : ERR_NO_MEMORY;
	buf_deinit(&text);
	return error;
}

static enum error describe_answer(struct arena *arena, const struct decision *decision,
				  struct str *out)
{
	if (decision->source == DECISION_FROM_POLICY_ERROR)
		return describe(arena, STR("policy_error"), decision->erring, decision->error_count,
				out);
	return describe(arena, str_from(decision_source_text(decision->source)), decision->reasons,
			decision->reason_count, out);
}

/* Puts the question to the candidate, at the time of the row. */
static enum error answer(struct replay *replay, struct input *input, struct asked *asked,
			 const struct audit_scan_row *row)
{
	struct decision decision;
	struct str after;
	enum replay_flip flip;
	bool carried;
	enum error error;

	asked->recorded.question.instant.wall_us = row->wall_us;
	asked->recorded.question.instant.utc_offset_s = row->utc_offset_minutes * 60;
	error = ask_candidate(replay, asked, &decision, &carried);
	if (error == ERR_NOT_FOUND) {
		input->is_gap = true;
		input->gap = REPLAY_GAP_REVISION;
		return ERR_NONE;
	}
	if (error != ERR_NONE)
		return error;
	input->is_answered = !replay->saw_time && !replay->options->asks_each;
	input->is_flip = !carried && find_flip(asked, row->verdict, &decision, &flip);
	if (!input->is_flip)
		return ERR_NONE;
	error = describe_answer(&replay->arena, &decision, &after);
	if (error != ERR_NONE)
		return error;
	return tally_find(&replay->tally, flip, asked->user, asked->before, after, &input->slot);
}

/* Inputs. */

static void forget_inputs(struct replay *replay)
{
	map_deinit(&replay->inputs);
	map_init(&replay->inputs);
	arena_reset(&replay->memory, (struct arena_mark){0});
}

static uint64_t hash_of(const struct replay *replay, const struct audit_scan_row *row)
{
	const struct audit_inputs *inputs = &row->inputs;
	uint64_t hash = (uint64_t)inputs->subject;

	hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)inputs->group_set;
	hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)inputs->request;
	hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)inputs->context;
	hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)inputs->outcome;
	return hash_u64(replay->options->key, hash * 2 + row->has_record);
}

static struct input *find_input(const struct replay *replay, const struct audit_scan_row *row,
				uint64_t hash)
{
	for (struct map_node *node = map_first(&replay->inputs, hash); node != NULL;
	     node = map_next(node)) {
		struct input *input = CONTAINER_OF(node, struct input, node);
		const struct audit_inputs *numbers = &input->numbers;

		if (numbers->subject == row->inputs.subject &&
		    numbers->group_set == row->inputs.group_set &&
		    numbers->request == row->inputs.request &&
		    numbers->context == row->inputs.context &&
		    numbers->outcome == row->inputs.outcome && input->has_record == row->has_record)
			return input;
	}
	return NULL;
}

static bool copy_text(struct arena *arena, struct str *text)
{
	*text = arena_copy(arena, *text);
	return text->ptr != NULL;
}

static bool copy_list(struct arena *arena, struct audit_list *list)
{
	struct str *items = arena_calloc(arena, list->count, sizeof(*items));

	for (size_t i = 0; items != NULL && i < list->count; i++) {
		items[i] = list->items[i];
		if (!copy_text(arena, &items[i]))
			return false;
	}
	list->items = items;
	return items != NULL;
}

/* What a question is made of, in the memory of the inputs. */
static bool copy_row(struct arena *arena, struct audit_row *row)
{
	struct str *const texts[] = {&row->application, &row->principal,    &row->user,
				     &row->user_folded, &row->mechanism,    &row->action,
				     &row->action_uri,  &row->resource_uri, &row->context};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (!copy_text(arena, texts[i]))
			return false;
	}
	return copy_list(arena, &row->groups) && copy_list(arena, &row->deny_only_groups);
}

/* Whether the policy has anything to say to what decided. */
static bool is_gap(struct str source, enum replay_gap *gap)
{
	static const struct {
		enum decision_source source;
		enum replay_gap gap;
	} gaps[] = {
		{DECISION_FROM_BLOCK, REPLAY_GAP_BLOCKED},
		{DECISION_FROM_REVOKED, REPLAY_GAP_REVOKED},
		{DECISION_FROM_BREAK_GLASS, REPLAY_GAP_BREAK_GLASS},
		{DECISION_FROM_MALFORMED, REPLAY_GAP_MALFORMED},
	};
	static const enum decision_source asked[] = {DECISION_FROM_POLICY, DECISION_FROM_DEFAULT,
						     DECISION_FROM_POLICY_ERROR,
						     DECISION_FROM_RECORD};

	for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
		if (str_equal(source, str_from(decision_source_text(asked[i]))))
			return false;
	}
	*gap = REPLAY_GAP_LIMITED;
	for (size_t i = 0; i < ARRAY_COUNT(gaps); i++) {
		if (str_equal(source, str_from(decision_source_text(gaps[i].source))))
			*gap = gaps[i].gap;
	}
	return true;
}

/* Reads the question of a row into `home`; `*out` stays NULL where there is a gap. */
static enum error read_asked(struct input *input, struct arena *home, struct audit_row *row,
			     struct asked **out)
{
	const struct audit_list *decided;
	struct asked *asked;
	enum error error;

	input->is_gap = is_gap(row->source, &input->gap);
	if (input->is_gap)
		return ERR_NONE;
	asked = arena_calloc(home, 1, sizeof(*asked));
	if (asked == NULL || !copy_row(home, row))
		return ERR_NO_MEMORY;
	asked->user = row->user.length != 0 ? row->user : row->principal;
	asked->revision = row->policy_revision;
	asked->administrator = row->administrator;
	asked->has_record = input->has_record;
	asked->is_by_policy =
		!str_equal(row->source, str_from(decision_source_text(DECISION_FROM_RECORD)));
	decided = str_equal(row->source, str_from(decision_source_text(DECISION_FROM_POLICY_ERROR)))
			  ? &row->erring
			  : &row->policies;
	error = describe(home, row->source, decided->items, decided->count, &asked->before);
	if (error == ERR_NONE)
		error = recorded_read(&asked->recorded, home, row);
	if (error == ERR_INVALID) {
		input->is_gap = true;
		input->gap = REPLAY_GAP_UNREADABLE;
		return ERR_NONE;
	}
	if (error == ERR_NONE)
		*out = asked;
	return error;
}

/* Answers a row whose input has no answer yet. Questions that are asked at each time anew are kept,
 * as far as memory goes. */
static enum error answer_row(struct replay *replay, struct audit_scan *scan, struct input *input,
			     const struct audit_scan_row *row)
{
	bool keeps = (replay->looks_at_time || replay->options->asks_each) &&
		     replay->memory.used_bytes <= MEMORY_MAX_BYTES;
	struct asked *asked = input->asked;
	struct audit_row whole;
	enum error error = ERR_NONE;

	arena_reset(&replay->arena, (struct arena_mark){0});
	if (asked == NULL)
		error = audit_scan_read(scan, row, &whole);
	if (asked == NULL && error == ERR_NONE)
		error = read_asked(input, keeps ? &replay->memory : &replay->arena, &whole, &asked);
	if (keeps)
		input->asked = asked;
	return error == ERR_NONE && asked != NULL ? answer(replay, input, asked, row) : error;
}

static enum error add_input(struct replay *replay, const struct audit_scan_row *row, uint64_t hash,
			    struct input **out)
{
	struct input *input;

	if (replay->memory.used_bytes > 2 * (size_t)MEMORY_MAX_BYTES)
		forget_inputs(replay);
	input = arena_calloc(&replay->memory, 1, sizeof(*input));
	if (input == NULL)
		return ERR_NO_MEMORY;
	input->numbers = row->inputs;
	input->has_record = row->has_record;
	*out = input;
	return map_put(&replay->inputs, &input->node, hash);
}

/* Rows. */

static enum error report(const struct replay *replay, const struct audit_scan *scan,
			 const struct audit_scan_row *row)
{
	struct audit_scan_progress progress;

	if (replay->options->on_progress == NULL ||
	    replay->result->decision_count % PROGRESS_ROWS != 0)
		return ERR_NONE;
	progress = audit_scan_progress(scan, row);
	return replay->options->on_progress(replay->options->arg, &progress) ? ERR_NONE
									     : ERR_CANCELLED;
}

static void count_row(struct replay_result *result, const struct audit_scan_row *row)
{
	if (result->decision_count == 0 || row->wall_us < result->first_us)
		result->first_us = row->wall_us;
	if (result->decision_count == 0 || row->wall_us > result->last_us)
		result->last_us = row->wall_us;
	result->last_id = row->decision_id;
	result->decision_count++;
}

static enum error tell(const struct replay *replay, const struct input *input,
		       const struct audit_scan_row *row)
{
	const struct tally_slot *slot = &input->slot;
	struct replay_difference difference = {
		.decision_id = row->decision_id, .wall_us = row->wall_us, .flip = slot->flip};

	if (replay->options->on_difference == NULL)
		return ERR_NONE;
	if (slot->by_policy != NULL) {
		difference.before = slot->by_policy->before;
		difference.after = slot->by_policy->after;
	}
	if (slot->by_user != NULL)
		difference.user = slot->by_user->user;
	return replay->options->on_difference(replay->options->arg, &difference);
}

static enum error on_row(void *arg, struct audit_scan *scan, const struct audit_scan_row *row)
{
	struct replay *replay = arg;
	struct replay_result *result = replay->result;
	struct input *input;
	enum error error = ERR_NONE;
	uint64_t hash;

	if (row->segment != replay->segment) {
		forget_inputs(replay);
		replay->segment = row->segment;
	}
	count_row(result, row);
	hash = hash_of(replay, row);
	input = find_input(replay, row, hash);
	if (input == NULL)
		error = add_input(replay, row, hash, &input);
	if (error == ERR_NONE && !input->is_gap && !input->is_answered)
		error = answer_row(replay, scan, input, row);
	if (error != ERR_NONE)
		return error;
	if (input->is_gap) {
		result->gaps[input->gap]++;
	} else {
		result->replayed_count++;
		if (input->is_flip) {
			tally_count(&replay->tally, &input->slot, row->decision_id);
			error = tell(replay, input, row);
		}
	}
	return error == ERR_NONE ? report(replay, scan, row) : error;
}

/* The whole. */

static enum error prepare(struct replay *replay)
{
	enum error error = blocks_new(replay->options->key, &replay->blocks);

	if (error == ERR_NONE)
		error = cedar_request_new(NULL, &replay->decider.cedar);
	/* What the policy says counts, not who got in nevertheless. */
	replay->settings = *replay->options->settings;
	replay->settings.break_glass_group = str_make(NULL, 0);
	replay->decider.blocks = replay->blocks;
	replay->decider.settings = &replay->settings;
	replay->decider.scratch = &replay->scratch;
	replay->looks_at_time = snapshot_looks_at_time(replay->candidate);
	return error;
}

static void deinit(struct replay *replay)
{
	for (size_t i = 0; i < replay->revision_count; i++)
		policy_load_deinit(&replay->revisions[i].load);
	cedar_request_free(replay->decider.cedar);
	blocks_free(replay->blocks);
	buf_deinit(&replay->scratch);
	map_deinit(&replay->inputs);
	arena_deinit(&replay->arena);
	arena_deinit(&replay->memory);
	tally_deinit(&replay->tally);
}

enum error replay_run(const struct snapshot *candidate, struct audit_reader *reader,
		      const struct replay_options *options, struct replay_result *result,
		      struct buf *why)
{
	struct replay replay = {.options = options, .candidate = candidate, .result = result};
	size_t said = why->length;
	enum error error;

	*result = (struct replay_result){.decision_count = 0};
	arena_init(&result->arena, 16384, SIZE_MAX);
	arena_init(&replay.arena, 65536, SIZE_MAX);
	arena_init(&replay.memory, 65536, SIZE_MAX);
	buf_init(&replay.scratch, DECIDE_SCRATCH_BYTES);
	map_init(&replay.inputs);
	tally_init(&replay.tally, result, options->key);
	error = prepare(&replay);
	if (error == ERR_NONE)
		error = audit_scan(reader, &options->range, on_row, &replay, why);
	if (error == ERR_NONE)
		error = tally_finish(&replay.tally);
	deinit(&replay);
	if (error != ERR_NONE) {
		replay_result_deinit(result);
		if (why->length == said)
			buf_append_str(why, str_from(error_text(error)));
	}
	return error;
}

void replay_result_deinit(struct replay_result *result)
{
	arena_deinit(&result->arena);
}
