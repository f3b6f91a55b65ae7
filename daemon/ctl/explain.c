/* wsauthzctl explain: why a recorded decision was made; with the daemon running or not. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/ctl.h"
#include "ctl/explain_view.h"
#include "ctl/output.h"

enum { DEFAULT_NEAREST = 3 };

struct explain_options_given {
	uint64_t nearest;
};

static const struct arg_option explain_options[] = {
	{"--nearest", ARG_COUNT, offsetof(struct explain_options_given, nearest), "N",
	 "for a denial, show the N permits that came nearest (default 3, at most 32)"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

/* The number of a decision as people have it: alone, or in the text that a denied user saw, such as
 * "Access is denied. Decision 4711." */
static bool read_id(struct str text, uint64_t *id)
{
	static const struct str word = {"ecision ", 8};
	size_t start = 0, end;

	for (size_t i = 0; i + word.length < text.length; i++) {
		if (str_equal(str_make(text.ptr + i, word.length), word))
			start = i + word.length;
	}
	for (end = start; end < text.length && text.ptr[end] >= '0' && text.ptr[end] <= '9';)
		end++;
	if (end + 1 < text.length || (end < text.length && text.ptr[end] != '.'))
		return false;
	return str_to_u64(str_make(text.ptr + start, end - start), id) && *id != 0 &&
	       *id <= INT64_MAX;
}

static enum ctl_exit run_explain(const struct ctl *ctl, const void *opaque, char **operands,
				 int operand_count)
{
	const struct explain_options_given *options = opaque;
	struct explain_view view;
	enum ctl_exit code;
	struct buf out;
	uint64_t id;

	(void)operand_count;
	if (!read_id(str_from(operands[0]), &id)) {
		output_error("'%s' names no decision: give its number, or the text of the denial "
			     "that ends with it, such as \"Access is denied. Decision 17.\"",
			     operands[0]);
		return CTL_USAGE;
	}
	buf_init(&out, SIZE_MAX);
	code = explain_view_open(&view, ctl, id,
				 options->nearest != 0 ? options->nearest : DEFAULT_NEAREST);
	if (code == CTL_DONE && ctl->json) {
		explain_json(&out, &view);
		output_line(&out);
	} else if (code == CTL_DONE) {
		explain_text(&out, &view);
		output_text(stdout, buf_str(&out));
	}
	explain_view_deinit(&view);
	buf_deinit(&out);
	return code;
}

const struct ctl_command explain_command = {
	.words = "explain",
	.operands = "DECISION-ID",
	.summary = "why a decision was made: policy, clause and values",
	.options = explain_options,
	.options_size = sizeof(struct explain_options_given),
	.operand_min = 1,
	.operand_max = 1,
	.run = run_explain,
};
