/* wsauthzctl cedar validate: whether policies can go wrong at run time, given a schema. */
#include <stddef.h>
#include <string.h>

#include "ctl/cedar_work.h"
#include "ctl/ctl.h"
#include "ctl/output.h"

struct validate_options {
	struct cedar_files files; /* first: see ctl/cedar_work.h */
	const char *mode;
	bool deny_warnings;
};

static const struct arg_option validate_options[] = {
	CEDAR_FILES_SCHEMA,
	CEDAR_FILES_SCHEMA_FORMAT,
	CEDAR_FILES_POLICIES,
	CEDAR_FILES_POLICY_FORMAT,
	CEDAR_FILES_TEMPLATE_LINKED,
	{"--validation-mode", ARG_TEXT, offsetof(struct validate_options, mode),
	 "strict|permissive", "default strict"},
	{"--deny-warnings", ARG_FLAG, offsetof(struct validate_options, deny_warnings), NULL,
	 "a warning makes the policies invalid"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

/* Strict when `text` is NULL. */
static bool read_mode(const char *text, enum cedar_validation_mode *mode)
{
	*mode = text != NULL && strcmp(text, "permissive") == 0 ? CEDAR_PERMISSIVE : CEDAR_STRICT;
	if (text == NULL || *mode == CEDAR_PERMISSIVE || strcmp(text, "strict") == 0)
		return true;
	output_error("--validation-mode: '%s' is neither strict nor permissive", text);
	return false;
}

static enum ctl_exit run(const struct ctl *ctl, const void *opaque, char **operands,
			 int operand_count)
{
	const struct validate_options *options = opaque;
	struct cedar_validation validation = {0};
	struct cedar_work work;
	enum ctl_exit code;

	(void)operands;
	(void)operand_count;
	if (options->files.schema == NULL) {
		output_error("cedar validate: against which schema? Give --schema FILE");
		return CTL_USAGE;
	}
	if (!read_mode(options->mode, &validation.mode))
		return CTL_USAGE;
	code = cedar_work_init(&work, &options->files);
	if (code == CTL_DONE) {
		cedar_work_policies(&work);
		cedar_work_schema(&work);
		if (cedar_work_good(&work))
			cedar_work_check(&work, "wsauthzctl",
					 cedar_engine_validate(work.engine, work.schema,
							       &validation, &work.diags));
		code = cedar_work_report(&work, ctl, options->deny_warnings);
	}
	cedar_work_deinit(&work);
	return code;
}

const struct ctl_command cedar_validate_command = {
	.words = "cedar validate",
	.operands = "",
	.summary = "whether Cedar policies agree with a schema",
	.options = validate_options,
	.options_size = sizeof(struct validate_options),
	.run = run,
};
