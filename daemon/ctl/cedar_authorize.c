/* wsauthzctl cedar authorize: what policies in files say to a question. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cedar/diag.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/cedar_question.h"
#include "ctl/cedar_work.h"
#include "ctl/ctl.h"
#include "ctl/output.h"

struct authorize_options {
	struct cedar_files files; /* first: see ctl/cedar_work.h */
	struct cedar_question_options question;
	bool verbose;
};

#define OPTION(name, kind, member, value, help)                                                    \
	{                                                                                          \
		name, kind, offsetof(struct authorize_options, member), value, help                \
	}
static const struct arg_option authorize_options[] = {
	CEDAR_FILES_POLICIES,
	CEDAR_FILES_POLICY_FORMAT,
	CEDAR_FILES_TEMPLATE_LINKED,
	CEDAR_FILES_ENTITIES,
	CEDAR_FILES_SCHEMA,
	CEDAR_FILES_SCHEMA_FORMAT,
	OPTION("-l, --principal", ARG_TEXT, question.uids[AST_PRINCIPAL], "ENTITY",
	       "who asks, such as 'User::\"alice\"'"),
	OPTION("-a, --action", ARG_TEXT, question.uids[AST_ACTION], "ENTITY",
	       "such as 'Action::\"view\"'"),
	OPTION("-r, --resource", ARG_TEXT, question.uids[AST_RESOURCE], "ENTITY",
	       "such as 'Photo::\"cat.jpg\"'"),
	OPTION("-c, --context", ARG_TEXT, question.context, "FILE",
	       "a JSON object (default: an empty one)"),
	OPTION("--request-json", ARG_TEXT, question.request_json, "FILE",
	       "a JSON object with all four instead"),
	OPTION("-v, --verbose", ARG_FLAG, verbose, NULL, "name the determining policies"),
	{NULL, ARG_FLAG, 0, NULL, NULL},
};
#undef OPTION

/* The offset of the policy in the file it is from, to which its place in a line adds what it lacks.
 * False when the text does not stand there as it is, such as a policy in a JSON string. */
static bool find_policy(const struct source *file, const struct cedar_policy_info *policy,
			uint32_t *offset)
{
	struct str line;
	size_t start, length = policy->text.length;

	if (policy->line == 0 || policy->line > file->line_count)
		return false;
	line = source_line(file, policy->line);
	start = (size_t)(line.ptr - file->text.ptr);
	for (size_t i = 0; i <= line.length && length <= file->text.length - start - i; i++) {
		if (memcmp(line.ptr + i, policy->text.ptr, length) == 0) {
			*offset = (uint32_t)(start + i);
			return true;
		}
	}
	return false;
}

/* Makes warnings of the policies that erred: they took no part, which may be the mistake. */
static void report_errors(struct cedar_work *work, const struct cedar_answer *answer)
{
	for (size_t i = 0; i < answer->error_count; i++) {
		const struct cedar_policy_error *error = &answer->errors[i];
		const struct cedar_policy_info *policy =
			cedar_policy_at(work->engine, error->policy);
		struct diag_quote id = diag_quote(policy->id);
		const char *what = cedar_eval_error_text(error->kind);
		uint32_t start;

		if (find_policy(&work->policies, policy, &start))
			diag_report(&work->diags, CEDAR_WARNING, &work->policies,
				    span_make(start + error->offset,
					      start + error->offset + error->length),
				    "policy `%s` does not count, it failed: %s", id.text, what);
		else
			diag_report_source(&work->diags, CEDAR_WARNING, policy->source,
					   "policy `%s` does not count, it failed: %s", id.text,
					   what);
	}
}

static void print_reasons(struct buf *out, const struct cedar_work *work,
			  const struct cedar_answer *answer)
{
	if (answer->reason_count == 0)
		buf_append_str(out, STR("  because no policy permits it\n"));
	for (size_t i = 0; i < answer->reason_count; i++) {
		const struct cedar_policy_info *policy =
			cedar_policy_at(work->engine, answer->reasons[i]);

		buf_append_str(out, STR("  because of "));
		log_escape(out, policy->id);
		buf_append_str(out, STR(" ("));
		log_escape(out, policy->source);
		buf_printf(out, ":%u)\n", (unsigned)policy->line);
	}
}

static void json_answer(struct buf *out, const struct cedar_work *work,
			const struct cedar_answer *answer)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_member_string(&json, "decision",
			   answer->decision == CEDAR_ALLOW ? STR("allow") : STR("deny"));
	json_member_array(&json, "reasons");
	for (size_t i = 0; i < answer->reason_count; i++)
		json_write_string(&json, cedar_policy_at(work->engine, answer->reasons[i])->id);
	json_write_array_end(&json);
	json_member_array(&json, "errors");
	for (size_t i = 0; i < answer->error_count; i++) {
		const struct cedar_policy_error *error = &answer->errors[i];

		json_write_object(&json);
		json_member_string(&json, "policy",
				   cedar_policy_at(work->engine, error->policy)->id);
		json_member_string(&json, "message", str_from(cedar_eval_error_text(error->kind)));
		json_write_object_end(&json);
	}
	json_write_array_end(&json);
	json_write_object_end(&json);
	buf_append_byte(out, '\n');
}

static enum ctl_exit print_answer(struct cedar_work *work, const struct ctl *ctl, bool verbose,
				  const struct cedar_answer *answer)
{
	bool allowed = answer->decision == CEDAR_ALLOW;
	struct buf out;

	buf_init(&out, SIZE_MAX);
	if (ctl->json) {
		json_answer(&out, work, answer);
	} else {
		report_errors(work, answer);
		cedar_work_print(work);
		buf_printf(&out, "%s\n", allowed ? "ALLOW" : "DENY");
		if (verbose)
			print_reasons(&out, work, answer);
	}
	output_text(stdout, buf_str(&out));
	buf_deinit(&out);
	return allowed ? CTL_DONE : CTL_DENIED;
}

/* Reads everything, so that all mistakes are told at once, then decides. */
static enum ctl_exit authorize(struct cedar_work *work, const struct ctl *ctl,
			       const struct authorize_options *options)
{
	struct cedar_question question;
	struct cedar_request *request = NULL;
	struct cedar_answer answer;
	enum ctl_exit code;

	cedar_work_policies(work);
	if (cedar_work_schema(work))
		cedar_work_entities(work);
	cedar_question_read(work, &options->question, &question);
	if (cedar_work_seal(work) &&
	    cedar_work_check(work, "request", cedar_request_new(NULL, &request)) &&
	    cedar_question_ask(work, &question, request) &&
	    cedar_work_check(work, "request", cedar_authorize(request, &answer)))
		code = print_answer(work, ctl, options->verbose, &answer);
	else
		code = cedar_work_fail(work, ctl);
	cedar_request_free(request);
	return code;
}

static enum ctl_exit run(const struct ctl *ctl, const void *opaque, char **operands,
			 int operand_count)
{
	const struct authorize_options *options = opaque;
	struct cedar_work work;
	enum ctl_exit code;

	(void)operands;
	(void)operand_count;
	if (!cedar_question_complete(&options->question))
		return CTL_USAGE;
	code = cedar_work_init(&work, &options->files);
	if (code == CTL_DONE)
		code = authorize(&work, ctl, options);
	cedar_work_deinit(&work);
	return code;
}

const struct ctl_command cedar_authorize_command = {
	.words = "cedar authorize",
	.operands = "",
	.summary = "what Cedar policies in files say to a question",
	.options = authorize_options,
	.options_size = sizeof(struct authorize_options),
	.run = run,
};
