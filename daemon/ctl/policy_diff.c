/* wsauthzctl policy diff: what is different between two policies, by policy. */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/policy_source.h"
#include "ctl/policy_texts.h"
#include "policy/diff.h"

enum { TEXT_MAX_BYTES = 64 << 20 };

struct printing {
	const struct ctl *ctl;
	struct buf line;
	size_t count;
};

static const char *change_text(enum policy_change change)
{
	static const char *const texts[] = {"added", "removed", "changed"};

	return texts[change];
}

static void append_side(struct buf *out, struct str text)
{
	if (text.length == 0)
		buf_append_str(out, STR("nothing"));
	else
		log_escape(out, text);
}

static void append_part(struct buf *out, const struct policy_part *part)
{
	buf_append_str(out, STR("\n  "));
	log_escape(out, part->name);
	buf_append_str(out, STR("\n    was  "));
	append_side(out, part->before);
	buf_append_str(out, STR("\n    now  "));
	append_side(out, part->after);
}

static void append_text(struct buf *out, const struct policy_difference *difference)
{
	buf_printf(out, "%-8s ", change_text(difference->change));
	log_escape(out, difference->id);
	if (difference->is_file)
		return;
	buf_append_str(out, STR(" ("));
	log_escape(out, difference->source);
	buf_printf(out, ":%" PRIu32 ")", difference->line);
	if (difference->text.length != 0) {
		buf_append_byte(out, '\n');
		policy_texts_quote(out, difference->text);
		out->length--; /* the last line's end */
	}
	for (size_t i = 0; i < difference->part_count; i++)
		append_part(out, &difference->parts[i]);
}

static void append_json(struct buf *out, const struct policy_difference *difference)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_member_string(&json, "change", str_from(change_text(difference->change)));
	json_write_key(&json, difference->is_file ? STR("file") : STR("policy"));
	json_write_string(&json, difference->id);
	if (!difference->is_file) {
		json_member_string(&json, "source", difference->source);
		json_member_u64(&json, "line", difference->line);
	}
	if (difference->text.length != 0)
		json_member_string(&json, "text", difference->text);
	if (difference->part_count != 0) {
		json_member_array(&json, "parts");
		for (size_t i = 0; i < difference->part_count; i++) {
			json_write_object(&json);
			json_member_string(&json, "part", difference->parts[i].name);
			json_member_string(&json, "before", difference->parts[i].before);
			json_member_string(&json, "after", difference->parts[i].after);
			json_write_object_end(&json);
		}
		json_write_array_end(&json);
	}
	json_write_object_end(&json);
}

static void on_difference(void *arg, const struct policy_difference *difference)
{
	struct printing *printing = arg;

	if (printing->ctl->json)
		append_json(&printing->line, difference);
	else
		append_text(&printing->line, difference);
	output_line(&printing->line);
	printing->count++;
}

static enum ctl_exit compare(const struct ctl *ctl, const struct policy_source *before,
			     const struct policy_source *after)
{
	struct printing printing = {.ctl = ctl};
	struct cedar_diags diags;
	enum error error;
	struct buf text;

	cedar_diags_init(&diags);
	buf_init(&printing.line, TEXT_MAX_BYTES);
	buf_init(&text, TEXT_MAX_BYTES);
	error = policy_diff(before->files, before->file_count, after->files, after->file_count,
			    &diags, on_difference, &printing);
	for (const struct cedar_diag *diag = diags.first; diag != NULL; diag = diag->next)
		cedar_diag_print(&text, diag);
	output_text(stderr, buf_str(&text));
	if (error != ERR_NONE && diags.error_count == 0)
		output_error("%s", error_text(error));
	if (error == ERR_NONE && printing.count == 0 && !ctl->json)
		printf("no differences\n");
	buf_deinit(&text);
	buf_deinit(&printing.line);
	cedar_diags_deinit(&diags);
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

static enum ctl_exit run(const struct ctl *ctl, const void *options, char **operands,
			 int operand_count)
{
	struct policy_source before, after;
	enum ctl_exit code;

	(void)options;
	(void)operand_count;
	code = policy_source_open(&before, ctl, operands[0]);
	if (code == CTL_DONE) {
		code = policy_source_open(&after, ctl, operands[1]);
		if (code == CTL_DONE)
			code = compare(ctl, &before, &after);
		policy_source_deinit(&after);
	}
	policy_source_deinit(&before);
	return code;
}

const struct ctl_command policy_diff_command = {
	.words = "policy diff",
	.operands = "A B",
	.summary = "what changed from A to B: revisions, active, directories",
	.options = ctl_no_options,
	.operand_min = 2,
	.operand_max = 2,
	.run = run,
};
