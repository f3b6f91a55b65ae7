/* wsauthzctl audit query: reads the audit database, with or without the daemon. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "ctl/audit_options.h"
#include "ctl/audit_row.h"
#include "ctl/audit_source.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/policy_texts.h"
#include "platform/terminal.h"
#include "store/audit_query.h"

enum {
	WHY_MAX = 4096,
	DEFAULT_LIMIT = 50,
	MAX_TABLE_ROWS = 100000,
	FORMATS = 1 << AUDIT_FORMAT_TABLE | 1 << AUDIT_FORMAT_JSON | 1 << AUDIT_FORMAT_CSV,
};

struct query_options {
	struct audit_options filter;
	const char *format;
	uint64_t id, after, before, limit;
	bool oldest_first, texts;
};

#define OPTION(name, kind, member, value, help)                                                    \
	{                                                                                          \
		name, kind, offsetof(struct query_options, member), value, help                    \
	}
static const struct arg_option query_options[] = {
	AUDIT_OPTIONS(struct query_options, filter),
	OPTION("--id", ARG_COUNT, id, "N", "this decision"),
	OPTION("--after", ARG_COUNT, after, "ID", "decisions with greater ids (paging)"),
	OPTION("--before", ARG_COUNT, before, "ID", "decisions with lesser ids (paging)"),
	OPTION("--limit", ARG_COUNT, limit, "N", "at most N rows (default 50)"),
	OPTION("--oldest-first", ARG_FLAG, oldest_first, NULL, "in the order they were made"),
	OPTION("--texts", ARG_FLAG, texts, NULL,
	       "behind them each policy that decided, as it was then (not in csv)"),
	OPTION("--format", ARG_TEXT, format, "FORMAT", "table, json or csv (default table)"),
	{NULL, ARG_FLAG, 0, NULL, NULL},
};
#undef OPTION

static bool make_filter(const struct query_options *options, struct arena *arena,
			struct audit_filter *filter)
{
	if (!audit_options_filter(&options->filter, arena, filter))
		return false;
	filter->decision_id = options->id;
	filter->after_id = options->after;
	filter->before_id = options->before;
	filter->newest_first = !options->oldest_first;
	filter->limit = options->limit != 0 ? options->limit : DEFAULT_LIMIT;
	return true;
}

struct printer {
	enum audit_format format;
	struct table table;
	struct buf line;
	struct policy_texts *texts; /* NULL: not wanted */
	uint64_t rows, last_id;
	bool failed;
};

static bool on_row(void *arg, const struct audit_row *row)
{
	struct printer *printer = arg;

	printer->rows++;
	printer->last_id = row->decision_id;
	if (printer->texts != NULL && !policy_texts_add_row(printer->texts, row))
		printer->failed = true;
	switch (printer->format) {
	case AUDIT_FORMAT_TABLE:
		if (printer->rows > MAX_TABLE_ROWS || !audit_row_table(&printer->table, row))
			printer->failed = true;
		break;
	case AUDIT_FORMAT_JSON:
		audit_row_json(&printer->line, row);
		output_line(&printer->line);
		break;
	case AUDIT_FORMAT_CSV:
		audit_row_csv(&printer->line, row);
		output_line(&printer->line);
		break;
	case AUDIT_FORMAT_OCSF: break;
	}
	return !printer->failed;
}

static enum ctl_exit print_rows(struct audit_reader *reader, const struct audit_filter *filter,
				enum audit_format format, struct policy_texts *texts)
{
	struct printer printer = {.format = format, .texts = texts};
	enum error error;
	struct buf why;

	buf_init(&why, WHY_MAX);
	buf_init(&printer.line, SIZE_MAX);
	audit_row_table_init(&printer.table);
	if (format == AUDIT_FORMAT_CSV) {
		audit_row_csv_header(&printer.line);
		output_line(&printer.line);
	}
	error = audit_query(reader, filter, on_row, &printer, &why);
	if (format == AUDIT_FORMAT_TABLE && printer.rows != 0)
		table_print(&printer.table);
	if (format == AUDIT_FORMAT_TABLE && printer.rows == 0 && error == ERR_NONE)
		printf("no decisions match\n");
	if (format == AUDIT_FORMAT_TABLE && printer.rows == filter->limit &&
	    terminal_columns() != 0)
		fprintf(stderr, "%" PRIu64 " %s, the rest with --%s %" PRIu64 "\n", printer.rows,
			count_noun(printer.rows, "row", "rows"),
			filter->newest_first ? "before" : "after", printer.last_id);
	if (printer.failed)
		output_error("a table holds at most %d rows; use --limit, --format json or csv",
			     MAX_TABLE_ROWS);
	if (error != ERR_NONE)
		output_error("%s", buf_text(&why));
	table_deinit(&printer.table);
	buf_deinit(&printer.line);
	buf_deinit(&why);
	return error == ERR_NONE && !printer.failed ? CTL_DONE : CTL_INVALID;
}

static enum ctl_exit print_texts(const struct ctl *ctl, const struct policy_texts *texts,
				 enum audit_format format)
{
	struct ctl formatted = *ctl;

	formatted.json = format == AUDIT_FORMAT_JSON;
	if (!formatted.json)
		printf("\n");
	return policy_texts_print(texts, &formatted);
}

static enum ctl_exit run_query(const struct ctl *ctl, const void *opaque, char **operands,
			       int operand_count)
{
	const struct query_options *options = opaque;
	struct audit_reader *reader = NULL;
	struct policy_texts texts;
	struct audit_filter filter;
	enum audit_format format;
	enum ctl_exit code = CTL_USAGE;
	struct arena arena;

	(void)operands;
	(void)operand_count;
	arena_init(&arena, 1024, 1 << 20);
	policy_texts_init(&texts);
	if (audit_options_format(ctl, options->format, FORMATS, AUDIT_FORMAT_TABLE, &format) &&
	    make_filter(options, &arena, &filter))
		code = CTL_DONE;
	if (code == CTL_DONE && options->texts && format == AUDIT_FORMAT_CSV) {
		output_error("--texts goes with the formats table and json");
		code = CTL_USAGE;
	}
	if (code == CTL_DONE)
		code = audit_source_open(ctl, &reader);
	filter.with_delivery = format != AUDIT_FORMAT_TABLE;
	if (code == CTL_DONE)
		code = print_rows(reader, &filter, format, options->texts ? &texts : NULL);
	if (code == CTL_DONE && texts.count != 0)
		code = print_texts(ctl, &texts, format);
	audit_reader_close(reader);
	policy_texts_deinit(&texts);
	arena_deinit(&arena);
	return code;
}

const struct ctl_command audit_query_command = {
	.words = "audit query",
	.operands = "",
	.summary = "recorded decisions, newest first",
	.options = query_options,
	.options_size = sizeof(struct query_options),
	.run = run_query,
};
