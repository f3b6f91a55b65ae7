/* wsauthzctl audit key: the key that seals of the audit are signed with. */
#include <stddef.h>

#include "ctl/ctl.h"
#include "ctl/output.h"
#include "platform/file.h"
#include "platform/process.h"
#include "platform/user_file.h"
#include "store/seal_key.h"

enum { WHY_MAX = 4096 };

struct key_options {
	bool public_only;
};

static const struct arg_option key_options[] = {
	{"--public", ARG_FLAG, offsetof(struct key_options, public_only), NULL,
	 "make no key, but print the public key of the one in FILE"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

/* Makes the file; one that is there is never touched, because what it signed depends on it. */
static enum error make_file(const char *path, struct buf *text, struct buf *why)
{
	uint8_t seed[SEAL_SEED_BYTES];
	enum error error = platform_random(seed, sizeof(seed));

	if (error == ERR_NONE)
		error = file_create_private(path);
	if (error != ERR_NONE) {
		buf_printf(why, "%s: %s", path, error_text(error));
		return error;
	}
	seal_key_write(text, seed);
	seal_key_wipe(seed, sizeof(seed));
	return file_replace(path, buf_str(text), why);
}

static enum ctl_exit run_key(const struct ctl *ctl, const void *opaque, char **operands,
			     int operand_count)
{
	const struct key_options *options = opaque;
	char memory[SEAL_KEY_TEXT_MAX_BYTES + 1];
	struct seal_key key;
	struct buf text, line, why;
	enum error error;

	(void)ctl;
	(void)operand_count;
	buf_init_fixed(&text, memory, sizeof(memory));
	buf_init(&line, WHY_MAX);
	buf_init(&why, WHY_MAX);
	error = options->public_only
			? file_read_secret(operands[0], SEAL_KEY_TEXT_MAX_BYTES, &text, &why)
			: make_file(operands[0], &text, &why);
	if (error == ERR_NONE) {
		error = seal_key_read(buf_str(&text), &key);
		if (error != ERR_NONE)
			buf_printf(&why, "%s: holds no key for the audit", operands[0]);
	}
	if (error == ERR_NONE) {
		seal_public_key_write(&line, key.public_key);
		output_text(stdout, buf_str(&line));
	} else {
		output_error("%s", buf_text(&why));
	}
	seal_key_wipe(memory, sizeof(memory));
	seal_key_wipe(&key, sizeof(key));
	buf_deinit(&line);
	buf_deinit(&why);
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

const struct ctl_command audit_key_command = {
	.words = "audit key",
	.operands = "FILE",
	.summary = "make a key that signs segments; print its public half",
	.options = key_options,
	.options_size = sizeof(struct key_options),
	.operand_min = 1,
	.operand_max = 1,
	.run = run_key,
};
