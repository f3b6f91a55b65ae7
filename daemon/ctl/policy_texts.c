#include "ctl/policy_texts.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "cedar/cedar.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/output.h"
#include "ctl/policy_source.h"
#include "platform/process.h"
#include "policy/load.h"
#include "store/state.h"

void policy_texts_init(struct policy_texts *texts)
{
	*texts = (struct policy_texts){.count = 0};
	arena_init(&texts->arena, 4096, SIZE_MAX);
}

void policy_texts_deinit(struct policy_texts *texts)
{
	arena_deinit(&texts->arena);
}

bool policy_texts_add(struct policy_texts *texts, uint64_t revision, struct str id)
{
	for (size_t i = 0; i < texts->count; i++) {
		if (texts->items[i].revision == revision && str_equal(texts->items[i].id, id))
			return true;
	}
	if (texts->count == POLICY_TEXTS_MAX) {
		texts->has_more = true;
		return true;
	}
	texts->items[texts->count].revision = revision;
	texts->items[texts->count].id = arena_copy(&texts->arena, id);
	if (texts->items[texts->count].id.ptr == NULL)
		return false;
	texts->count++;
	return true;
}

bool policy_texts_add_row(struct policy_texts *texts, const struct audit_row *row)
{
	bool ok = true;

	for (size_t i = 0; ok && i < row->policies.count; i++)
		ok = policy_texts_add(texts, row->policy_revision, row->policies.items[i]);
	for (size_t i = 0; ok && i < row->erring.count; i++)
		ok = policy_texts_add(texts, row->policy_revision, row->erring.items[i]);
	return ok;
}

void policy_texts_quote(struct buf *out, struct str text)
{
	while (text.length != 0) {
		const char *end = str_find_byte(text, '\n');
		size_t length = end != NULL ? (size_t)(end - text.ptr) : text.length;
		struct str line = str_make(text.ptr, length);

		buf_append_str(out, STR("    | "));
		while (line.length != 0 && line.ptr[0] == '\t') {
			buf_append_str(out, STR("    "));
			line = str_make(line.ptr + 1, line.length - 1);
		}
		log_escape(out, line);
		buf_append_byte(out, '\n');
		length += end != NULL;
		text = str_make(text.ptr + length, text.length - length);
	}
}

/* The revision that is read, which serves all policies of it. */
struct opened {
	struct policy_load load;
	uint64_t number; /* 0: none yet */
	int64_t activated_us;
};

static bool on_revision(void *arg, const struct state_revision *revision)
{
	struct opened *opened = arg;

	if (revision->number != opened->number)
		return true;
	opened->activated_us = revision->activated_us;
	return false;
}

/* Opens another revision, unless it is the one that is open. */
static enum error open_revision(struct opened *opened, struct state *state, uint64_t number)
{
	struct hash_key key;
	enum error error;

	if (opened->number == number)
		return opened->load.error;
	policy_load_deinit(&opened->load);
	policy_load_init(&opened->load);
	opened->number = number;
	opened->activated_us = 0;
	error = state_each_revision(state, 0, on_revision, opened);
	if (error == ERR_NONE)
		error = platform_random(&key, sizeof(key));
	if (error == ERR_NONE) {
		policy_load_stored(&opened->load, state, number, key);
		error = opened->load.error;
	}
	opened->load.error = error;
	return error;
}

static const struct cedar_policy_info *find(const struct snapshot *snapshot, struct str id)
{
	const struct cedar_engine *engine = snapshot_engine(snapshot);

	for (size_t i = 0; i < cedar_policy_count(engine); i++) {
		const struct cedar_policy_info *info = cedar_policy_at(engine, i);

		if (str_equal(info->id, id))
			return info;
	}
	return NULL;
}

static void write_text(struct buf *out, const struct opened *opened,
		       const struct cedar_policy_info *info)
{
	log_escape(out, info->id);
	buf_printf(out, "   revision %" PRIu64 " of ", opened->number);
	output_time(out, opened->activated_us);
	buf_append_str(out, STR(" UTC   "));
	log_escape(out, info->source);
	buf_printf(out, ":%" PRIu32 "\n", info->line);
	policy_texts_quote(out, info->text);
}

static void write_json(struct buf *out, const struct opened *opened,
		       const struct cedar_policy_info *info)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_member_string(&json, "policy", info->id);
	json_member_u64(&json, "revision", opened->number);
	json_member_string(&json, "file", info->source);
	json_member_u64(&json, "line", info->line);
	json_member_string(&json, "text", info->text);
	json_write_object_end(&json);
	buf_append_byte(out, '\n');
}

static enum ctl_exit print_one(const struct ctl *ctl, struct opened *opened, struct state *state,
			       uint64_t revision, struct str id)
{
	enum error error = open_revision(opened, state, revision);
	const struct cedar_policy_info *info = NULL;
	struct buf out;

	if (error != ERR_NONE) {
		output_error("policy '%.*s': revision %" PRIu64 " cannot be read: %s", STR_ARGS(id),
			     revision, error_text(error));
		return CTL_INVALID;
	}
	info = find(opened->load.snapshot, id);
	if (info == NULL) {
		output_error("revision %" PRIu64 " has no policy '%.*s'; wsauthzctl policy show "
			     "%" PRIu64 " shows all",
			     revision, STR_ARGS(id), revision);
		return CTL_INVALID;
	}
	buf_init(&out, SIZE_MAX);
	if (ctl->json)
		write_json(&out, opened, info);
	else
		write_text(&out, opened, info);
	output_text(stdout, buf_str(&out));
	error = out.failed;
	buf_deinit(&out);
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

enum ctl_exit policy_texts_print(const struct policy_texts *texts, const struct ctl *ctl)
{
	struct opened opened = {.number = 0};
	struct state *state = NULL;
	enum ctl_exit code;

	policy_load_init(&opened.load);
	code = policy_state_open(ctl, &state);
	for (size_t i = 0; state != NULL && i < texts->count; i++) {
		enum ctl_exit one = print_one(ctl, &opened, state, texts->items[i].revision,
					      texts->items[i].id);

		code = code == CTL_DONE ? one : code;
	}
	if (texts->has_more) {
		output_error("more than %d policies decided; narrow the question for the rest",
			     POLICY_TEXTS_MAX);
		code = CTL_INVALID;
	}
	state_close(state);
	policy_load_deinit(&opened.load);
	return code;
}
