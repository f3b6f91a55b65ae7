/* wsauthzctl policy history and policy show: the revisions that were activated, from the state
 * database, with the daemon running or not. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/attributes.h"
#include "base/hex.h"
#include "base/log.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/policy_source.h"
#include "ctl/policy_texts.h"
#include "platform/terminal.h"
#include "store/state.h"

enum { LINE_MAX_BYTES = 1 << 20, DIGEST_SHOWN_BYTES = 6 };

struct history_options {
	uint64_t limit;
};

static const struct arg_option history_options[] = {
	{"--limit", ARG_COUNT, offsetof(struct history_options, limit), "N",
	 "at most the newest N revisions"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static const char *const titles[] = {"REVISION", "ACTIVATED (UTC)", "DIGEST", "FROM", "STATE"};

struct history {
	const struct ctl *ctl;
	struct table table;
	uint64_t active, pinned;
	bool failed;
};

static const char *state_of(const struct history *history, uint64_t number)
{
	if (number == history->pinned)
		return "pinned";
	return number == history->active ? "active" : "";
}

static void write_json(const struct history *history, const struct state_revision *revision)
{
	struct json_writer json;
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	json = json_write_to(&line);
	json_write_object(&json);
	json_member_u64(&json, "revision", revision->number);
	json_member_time(&json, "activated", revision->activated_us);
	json_member_hex(&json, "digest", revision->digest, sizeof(revision->digest));
	json_member_string(&json, "source", revision->source);
	json_member_bool(&json, "active", revision->number == history->active);
	json_member_bool(&json, "pinned", revision->number == history->pinned);
	json_write_object_end(&json);
	output_line(&line);
	buf_deinit(&line);
}

static bool add_row(struct history *history, const struct state_revision *revision)
{
	struct buf number, time, digest;
	bool ok;

	buf_init(&number, 32);
	buf_init(&time, 64);
	buf_init(&digest, 64);
	buf_printf(&number, "%" PRIu64, revision->number);
	output_time(&time, revision->activated_us);
	hex_append(&digest, revision->digest, DIGEST_SHOWN_BYTES);
	ok = table_add(&history->table,
		       (const struct str[]){buf_str(&number), buf_str(&time), buf_str(&digest),
					    revision->source,
					    str_from(state_of(history, revision->number))});
	buf_deinit(&number);
	buf_deinit(&time);
	buf_deinit(&digest);
	return ok;
}

static bool on_revision(void *arg, const struct state_revision *revision)
{
	struct history *history = arg;

	if (history->ctl->json)
		write_json(history, revision);
	else
		history->failed = !add_row(history, revision);
	return !history->failed;
}

static enum ctl_exit list(struct history *history, struct state *state, uint64_t limit)
{
	enum error error = state_get_pin(state, &history->pinned);

	if (error == ERR_NONE)
		error = state_each_revision(state, limit, on_revision, history);
	if (error == ERR_NONE && history->failed)
		error = ERR_NO_MEMORY;
	if (error != ERR_NONE) {
		output_error("the state database cannot be read: %s", error_text(error));
		return CTL_INVALID;
	}
	return CTL_DONE;
}

static enum ctl_exit run_history(const struct ctl *ctl, const void *opaque, char **operands,
				 int operand_count)
{
	const struct history_options *options = opaque;
	struct history history = {.ctl = ctl};
	struct state *state = NULL;
	enum ctl_exit code;

	(void)operands;
	(void)operand_count;
	table_init(&history.table, titles, ARRAY_COUNT(titles), 3);
	code = policy_state_open(ctl, &state);
	if (code == CTL_DONE)
		code = policy_state_active(state, &history.active);
	if (code == CTL_DONE)
		code = list(&history, state, options->limit);
	if (code == CTL_DONE && !ctl->json) {
		if (history.table.first != NULL)
			table_print(&history.table);
		else
			printf("no revision was ever activated\n");
	}
	state_close(state);
	table_deinit(&history.table);
	return code;
}

/* policy show. */

struct show_options {
	const char *policy;
};

static const struct arg_option show_options[] = {
	{"--policy", ARG_TEXT, offsetof(struct show_options, policy), "ID",
	 "this policy alone, not all files"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static void show_text(const struct policy_source *source)
{
	struct buf text;

	buf_init(&text, SIZE_MAX);
	buf_printf(&text, "// revision %" PRIu64 ", activated ", source->revision);
	output_time(&text, source->activated_us);
	buf_append_str(&text, STR(" UTC from "));
	log_escape(&text, source->origin);
	buf_append_str(&text, STR("\n// SHA-256 "));
	hex_append(&text, (const uint8_t *)source->digest.ptr, source->digest.length);
	buf_append_byte(&text, '\n');
	for (size_t i = 0; i < source->file_count; i++) {
		buf_append_str(&text, STR("\n// "));
		log_escape(&text, source->files[i].name);
		buf_append_byte(&text, '\n');
		/* A file gets what the policy is; a person must not be shown something else. */
		if (terminal_columns() != 0)
			output_safe_text(&text, source->files[i].text);
		else
			buf_append_str(&text, source->files[i].text);
		if (!str_ends_with(source->files[i].text, STR("\n")))
			buf_append_byte(&text, '\n');
	}
	output_text(stdout, buf_str(&text));
	buf_deinit(&text);
}

static void show_json(const struct policy_source *source)
{
	struct json_writer json;
	struct buf line;

	buf_init(&line, SIZE_MAX);
	json = json_write_to(&line);
	json_write_object(&json);
	json_member_u64(&json, "revision", source->revision);
	json_member_time(&json, "activated", source->activated_us);
	json_member_hex(&json, "digest", (const uint8_t *)source->digest.ptr,
			source->digest.length);
	json_member_string(&json, "source", source->origin);
	json_member_object(&json, "files");
	for (size_t i = 0; i < source->file_count; i++) {
		json_write_key(&json, source->files[i].name);
		json_write_string(&json, source->files[i].text);
	}
	json_write_object_end(&json);
	json_write_object_end(&json);
	output_line(&line);
	buf_deinit(&line);
}

static enum ctl_exit show_policy(const struct ctl *ctl, uint64_t revision, const char *id)
{
	enum ctl_exit code = CTL_INVALID;
	struct policy_texts texts;

	policy_texts_init(&texts);
	if (policy_texts_add(&texts, revision, str_from(id)))
		code = policy_texts_print(&texts, ctl);
	else
		output_error("%s", error_text(ERR_NO_MEMORY));
	policy_texts_deinit(&texts);
	return code;
}

static enum ctl_exit run_show(const struct ctl *ctl, const void *opaque, char **operands,
			      int operand_count)
{
	const struct show_options *options = opaque;
	struct policy_source source;
	enum ctl_exit code;

	(void)operand_count;
	code = policy_source_open(&source, ctl, operands[0]);
	if (code == CTL_DONE && source.revision == 0) {
		output_error("'%s' is no revision: a number, or active", operands[0]);
		code = CTL_USAGE;
	}
	if (code == CTL_DONE && options->policy != NULL)
		code = show_policy(ctl, source.revision, options->policy);
	else if (code == CTL_DONE && ctl->json)
		show_json(&source);
	else if (code == CTL_DONE)
		show_text(&source);
	policy_source_deinit(&source);
	return code;
}

const struct ctl_command policy_history_command = {
	.words = "policy history",
	.operands = "",
	.summary = "the revisions that were activated",
	.options = history_options,
	.options_size = sizeof(struct history_options),
	.run = run_history,
};

const struct ctl_command policy_show_command = {
	.words = "policy show",
	.operands = "REV|active",
	.summary = "a revision with its texts, or one policy of it",
	.options = show_options,
	.options_size = sizeof(struct show_options),
	.operand_min = 1,
	.operand_max = 1,
	.run = run_show,
};
