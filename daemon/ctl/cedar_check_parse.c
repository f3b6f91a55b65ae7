/* wsauthzctl cedar check-parse: whether files are what they should be, each by itself. */
#include <stddef.h>

#include "ctl/cedar_work.h"
#include "ctl/ctl.h"
#include "ctl/output.h"

struct check_parse_options {
	struct cedar_files files; /* first: see ctl/cedar_work.h */
};

static const struct arg_option check_parse_options[] = {
	CEDAR_FILES_POLICIES,
	CEDAR_FILES_POLICY_FORMAT,
	CEDAR_FILES_TEMPLATE_LINKED,
	CEDAR_FILES_SCHEMA,
	CEDAR_FILES_SCHEMA_FORMAT,
	CEDAR_FILES_ENTITIES,
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static enum ctl_exit run(const struct ctl *ctl, const void *opaque, char **operands,
			 int operand_count)
{
	const struct cedar_files *files = &((const struct check_parse_options *)opaque)->files;
	bool only_policies = files->schema == NULL && files->entities == NULL;
	struct cedar_work work;
	enum ctl_exit code;

	(void)operands;
	(void)operand_count;
	if (files->template_linked != NULL && files->policies == NULL && !only_policies) {
		output_error("cedar check-parse: links need their templates; give --policies FILE");
		return CTL_USAGE;
	}
	code = cedar_work_init(&work, files);
	if (code == CTL_DONE) {
		if (files->policies != NULL || only_policies)
			cedar_work_policies(&work);
		if (cedar_work_schema(&work))
			cedar_work_entities(&work);
		cedar_work_seal(&work);
		code = cedar_work_report(&work, ctl, false);
	}
	cedar_work_deinit(&work);
	return code;
}

const struct ctl_command cedar_check_parse_command = {
	.words = "cedar check-parse",
	.operands = "",
	.summary = "whether policies, schemas and entities can be read",
	.options = check_parse_options,
	.options_size = sizeof(struct check_parse_options),
	.run = run,
};
