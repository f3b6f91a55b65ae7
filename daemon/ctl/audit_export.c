/* wsauthzctl audit export: all rows that match, in order, for other programs. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/audit_ocsf.h"
#include "ctl/audit_options.h"
#include "ctl/audit_row.h"
#include "ctl/audit_source.h"
#include "ctl/output.h"
#include "store/audit_query.h"

enum {
	WHY_MAX = 4096,
	FORMATS = 1 << AUDIT_FORMAT_JSON | 1 << AUDIT_FORMAT_CSV | 1 << AUDIT_FORMAT_OCSF,
};

struct export_options {
	struct audit_options filter;
	const char *format;
	uint64_t after, limit;
	bool events;
};

static const struct arg_option export_options[] = {
	AUDIT_OPTIONS(struct export_options, filter),
	{"--events", ARG_FLAG, offsetof(struct export_options, events), NULL,
	 "events too, among the decisions (not in csv)"},
	{"--after", ARG_COUNT, offsetof(struct export_options, after), "ID",
	 "with greater ids: go on behind the last export"},
	{"--limit", ARG_COUNT, offsetof(struct export_options, limit), "N",
	 "at most N rows (default: all)"},
	{"--format", ARG_TEXT, offsetof(struct export_options, format), "FORMAT",
	 "json, csv or ocsf (default json)"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

struct exporter {
	enum audit_format format;
	struct buf line;
};

static bool on_row(void *arg, const struct audit_row *row)
{
	struct exporter *exporter = arg;

	if (exporter->format == AUDIT_FORMAT_OCSF)
		audit_ocsf_append(&exporter->line, row);
	else if (exporter->format == AUDIT_FORMAT_CSV)
		audit_row_csv(&exporter->line, row);
	else
		audit_row_json(&exporter->line, row);
	if (exporter->line.failed != ERR_NONE)
		return false;
	output_line(&exporter->line);
	return !ferror(stdout);
}

static enum ctl_exit print_rows(struct audit_reader *reader, const struct audit_filter *filter,
				enum audit_format format)
{
	struct exporter exporter = {.format = format};
	enum error error;
	struct buf why;

	buf_init(&why, WHY_MAX);
	buf_init(&exporter.line, SIZE_MAX);
	if (format == AUDIT_FORMAT_CSV) {
		audit_row_csv_header(&exporter.line);
		output_line(&exporter.line);
	}
	error = audit_query(reader, filter, on_row, &exporter, &why);
	if (error == ERR_NONE)
		error = exporter.line.failed;
	if (error != ERR_NONE)
		output_error("%s", why.length != 0 ? buf_text(&why) : error_text(error));
	buf_deinit(&exporter.line);
	buf_deinit(&why);
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

static enum ctl_exit run_export(const struct ctl *ctl, const void *opaque, char **operands,
				int operand_count)
{
	const struct export_options *options = opaque;
	struct audit_reader *reader = NULL;
	enum ctl_exit code = CTL_USAGE;
	struct audit_filter filter;
	enum audit_format format;
	struct arena arena;

	(void)operands;
	(void)operand_count;
	arena_init(&arena, 1024, 1 << 20);
	if (audit_options_format(ctl, options->format, FORMATS, AUDIT_FORMAT_JSON, &format) &&
	    audit_options_filter(&options->filter, &arena, &filter))
		code = CTL_DONE;
	if (code == CTL_DONE && options->events &&
	    (format == AUDIT_FORMAT_CSV || audit_options_are_of_decisions(&options->filter))) {
		output_error("--events goes with json and ocsf, and with no condition that only "
			     "decisions can meet");
		code = CTL_USAGE;
	}
	if (code == CTL_DONE)
		code = audit_source_open(ctl, &reader);
	filter.rows = options->events ? AUDIT_ALL_ROWS : AUDIT_DECISIONS;
	filter.after_id = options->after;
	filter.limit = options->limit;
	filter.with_delivery = true;
	if (code == CTL_DONE)
		code = print_rows(reader, &filter, format);
	audit_reader_close(reader);
	arena_deinit(&arena);
	return code;
}

const struct ctl_command audit_export_command = {
	.words = "audit export",
	.operands = "",
	.summary = "all recorded decisions, oldest first, as JSON, CSV or OCSF",
	.options = export_options,
	.options_size = sizeof(struct export_options),
	.run = run_export,
};
