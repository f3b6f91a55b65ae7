/* wsauthzctl policy check: whether a directory could be activated; needs no daemon. */
#include "ctl/policy_check.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "cedar/json_member.h"
#include "ctl/ctl.h"
#include "ctl/diagnostics.h"
#include "ctl/output.h"
#include "platform/process.h"
#include "platform/tree.h"
#include "policy/candidate.h"
#include "policy/load.h"

enum { TEXT_MAX_BYTES = 4 << 20 };

static uint32_t error_count(const struct policy_load *load)
{
	return load->diags.error_count != 0 ? load->diags.error_count : load->error != ERR_NONE;
}

static void print_text(struct buf *out, const struct policy_load *load, const char *directory)
{
	policy_load_print(load, out);
	log_escape(out, str_from(directory));
	if (load->error != ERR_NONE) {
		buf_append_str(out, STR(": invalid, "));
		output_count(out, error_count(load), "error", "errors");
	} else {
		buf_append_str(out, STR(": valid, "));
		output_count(out, cedar_policy_count(snapshot_engine(load->snapshot)), "policy",
			     "policies");
		if (load->tests.run != 0) {
			buf_append_str(out, STR(", "));
			output_count(out, load->tests.run, "test", "tests");
		}
	}
	if (load->diags.warning_count != 0) {
		buf_append_str(out, STR(", "));
		output_count(out, load->diags.warning_count, "warning", "warnings");
	}
	buf_append_byte(out, '\n');
}

static void print_json(struct buf *out, const struct policy_load *load)
{
	struct json_writer json = json_write_to(out);
	bool valid = load->error == ERR_NONE;

	json_write_object(&json);
	json_member_bool(&json, "valid", valid);
	json_member_hex(&json, "digest", load->digest, load->has_digest ? sizeof(load->digest) : 0);
	json_member_u64(&json, "policies",
			valid ? cedar_policy_count(snapshot_engine(load->snapshot)) : 0);
	json_member_u64(&json, "tests", load->tests.run);
	json_member_u64(&json, "testsFailed", load->tests.failed);
	json_member_u64(&json, "errors", error_count(load));
	json_member_u64(&json, "warnings", load->diags.warning_count);
	json_member_string(&json, "obstacle", buf_str(&load->obstacle));
	json_member_array(&json, "diagnostics");
	for (const struct cedar_diag *diag = load->diags.first; diag != NULL; diag = diag->next)
		diagnostic_json(&json, diag);
	json_write_array_end(&json);
	json_write_object_end(&json);
	buf_append_byte(out, '\n');
}

void policy_check_directory(struct policy_load *load, const char *directory, struct hash_key key)
{
	struct tree tree;

	load->error = policy_read_directory(directory, &tree, &load->obstacle);
	if (load->error != ERR_NONE)
		return;
	policy_candidate_check(load, &tree, &policy_candidate_limits);
	if (load->error == ERR_NONE)
		policy_load_checked(load, &tree, key);
	tree_deinit(&tree);
}

static enum ctl_exit run(const struct ctl *ctl, const void *options, char **operands,
			 int operand_count)
{
	struct policy_load load;
	struct hash_key key;
	enum ctl_exit code;
	struct buf out;

	(void)options;
	(void)operand_count;
	if (platform_random(&key, sizeof(key)) != ERR_NONE) {
		output_error("the system gives no random numbers");
		return CTL_INVALID;
	}
	policy_load_init(&load);
	buf_init(&out, TEXT_MAX_BYTES);
	policy_check_directory(&load, operands[0], key);
	if (ctl->json)
		print_json(&out, &load);
	else
		print_text(&out, &load, operands[0]);
	output_text(stdout, buf_str(&out));
	code = load.error == ERR_NONE ? CTL_DONE : CTL_INVALID;
	buf_deinit(&out);
	policy_load_deinit(&load);
	return code;
}

const struct ctl_command policy_check_command = {
	.words = "policy check",
	.operands = "DIR",
	.summary = "whether a policy directory could be activated, without the daemon",
	.options = ctl_no_options,
	.operand_min = 1,
	.operand_max = 1,
	.run = run,
};
