/* wsauthzctl cedar format: policies laid out anew, with their comments. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/cedar_work.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "platform/user_file.h"

enum {
	WIDTH_MAX = 10000,
	INDENT_MAX = 64,
	FORMATTED_MAX_BYTES = 256 << 20,
};

struct format_options {
	struct cedar_files files; /* first: see ctl/cedar_work.h */
	const char *line_width, *indent_width;
	bool write, check;
};

#define OPTION(name, kind, member, value, help)                                                    \
	{                                                                                          \
		name, kind, offsetof(struct format_options, member), value, help                   \
	}
static const struct arg_option format_options[] = {
	CEDAR_FILES_POLICIES,
	OPTION("-l, --line-width", ARG_TEXT, line_width, "N", "characters of a line (default 80)"),
	OPTION("-i, --indent-width", ARG_TEXT, indent_width, "N", "blanks of a level (default 2)"),
	OPTION("-w, --write", ARG_FLAG, write, NULL, "put the result into the file"),
	OPTION("-c, --check", ARG_FLAG, check, NULL,
	       "only say, with exit code 1, that the layout would change"),
	{NULL, ARG_FLAG, 0, NULL, NULL},
};
#undef OPTION

/* What the options say. */
struct layout_widths {
	uint32_t line, indent;
};

static bool read_width(const char *option, const char *text, uint32_t min, uint32_t max,
		       uint32_t *width)
{
	uint64_t value;

	if (text == NULL)
		return true;
	if (!str_to_u64(str_from(text), &value) || value < min || value > max) {
		output_error("%s: '%s' is no whole number from %" PRIu32 " to %" PRIu32, option,
			     text, min, max);
		return false;
	}
	*width = (uint32_t)value;
	return true;
}

static bool read_options(const struct format_options *options, struct layout_widths *widths)
{
	*widths = (struct layout_widths){CEDAR_FORMAT_WIDTH, CEDAR_FORMAT_INDENT};
	if (options->write && options->check) {
		output_error("cedar format: --write or --check, not both");
		return false;
	}
	if (options->write && options->files.policies == NULL) {
		output_error("cedar format: --write needs --policies FILE");
		return false;
	}
	return read_width("--line-width", options->line_width, 1, WIDTH_MAX, &widths->line) &&
	       read_width("--indent-width", options->indent_width, 0, INDENT_MAX, &widths->indent);
}

static bool write_back(struct cedar_work *work, const char *path, struct str text)
{
	struct buf why;
	bool good;

	buf_init(&why, CEDAR_WORK_WHY_BYTES);
	good = cedar_work_check_why(work, "--write", file_replace(path, text, &why), &why);
	buf_deinit(&why);
	return good;
}

static void print_json(struct str source, bool changed, bool written, struct str text)
{
	struct json_writer json;
	struct buf line;

	buf_init(&line, SIZE_MAX);
	json = json_write_to(&line);
	json_write_object(&json);
	json_member_string(&json, "source", source);
	json_member_bool(&json, "changed", changed);
	json_member_bool(&json, "written", written);
	json_member_string(&json, "text", text);
	json_write_object_end(&json);
	output_line(&line);
	buf_deinit(&line);
}

/* Delivers the formatted text in the way that was asked for. */
static enum ctl_exit deliver(struct cedar_work *work, const struct ctl *ctl,
			     const struct format_options *options, struct str text)
{
	struct str source = work->policies.name;
	bool changed = !str_equal(work->policies.text, text);
	bool writes = options->write && changed;

	if (writes && !write_back(work, options->files.policies, text))
		return cedar_work_fail(work, ctl);
	if (ctl->json)
		print_json(source, changed, writes, text);
	else if (writes)
		printf("formatted %s\n", options->files.policies);
	else if (options->check && changed)
		output_error("%.*s: is not formatted", STR_ARGS(source));
	else if (!options->write && !options->check && text.length != 0)
		output_text(stdout, text);
	return options->check && changed ? CTL_DENIED : CTL_DONE;
}

static enum ctl_exit format(struct cedar_work *work, const struct ctl *ctl,
			    const struct format_options *options, struct layout_widths widths)
{
	struct source *source = &work->policies;
	enum ctl_exit code;
	struct buf text;

	buf_init(&text, FORMATTED_MAX_BYTES);
	if (cedar_work_read(work, "--policies", options->files.policies, source) &&
	    cedar_work_check(work, "--policies",
			     cedar_format(source->name, source->text, widths.line, widths.indent,
					  &text, &work->diags)))
		code = deliver(work, ctl, options, buf_str(&text));
	else
		code = cedar_work_fail(work, ctl);
	buf_deinit(&text);
	return code;
}

static enum ctl_exit run(const struct ctl *ctl, const void *opaque, char **operands,
			 int operand_count)
{
	const struct format_options *options = opaque;
	struct layout_widths widths;
	struct cedar_work work;
	enum ctl_exit code;

	(void)operands;
	(void)operand_count;
	if (!read_options(options, &widths))
		return CTL_USAGE;
	code = cedar_work_init(&work, &options->files);
	if (code == CTL_DONE)
		code = format(&work, ctl, options, widths);
	cedar_work_deinit(&work);
	return code;
}

const struct ctl_command cedar_format_command = {
	.words = "cedar format",
	.operands = "",
	.summary = "lays Cedar policies out anew, with their comments",
	.options = format_options,
	.options_size = sizeof(struct format_options),
	.run = run,
};
