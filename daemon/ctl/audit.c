/* wsauthzctl audit query, audit verify: read the audit database, with or without the daemon. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "base/casefold.h"
#include "base/civil.h"
#include "ctl/audit_row.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/when.h"
#include "platform/platform.h"
#include "store/audit_query.h"

enum { WHY_MAX = 4096, DEFAULT_LIMIT = 50, MAX_TABLE_ROWS = 100000 };

struct query_options {
	const char *user, *application, *action, *resource, *policy, *source, *since, *until,
		*format;
	uint64_t revision, id, after, limit;
	bool denied, oldest_first;
};

#define OPTION(name, kind, member, value, help)                                                    \
	{                                                                                          \
		name, kind, offsetof(struct query_options, member), value, help                    \
	}
static const struct arg_option query_options[] = {
	OPTION("--user", ARG_TEXT, user, "NAME|SID", "of this user, whatever the case"),
	OPTION("--denied", ARG_FLAG, denied, NULL, "denials only"),
	OPTION("--since", ARG_TEXT, since, "TIME",
	       "from then: 15m, 7d (ago), today, 2026-11-22, 2026-11-22T21:38 (UTC)"),
	OPTION("--until", ARG_TEXT, until, "TIME", "before then"),
	OPTION("--action", ARG_TEXT, action, "ACTION", "Connect, Get, Invoke, ..."),
	OPTION("--resource", ARG_TEXT, resource, "PREFIX", "resource URIs that start with it"),
	OPTION("--policy", ARG_TEXT, policy, "ID", "decided by this policy, or it erred"),
	OPTION("--application", ARG_TEXT, application, "NAME", "of this application"),
	OPTION("--source", ARG_TEXT, source, "SOURCE",
	       "policy, default, record, policy_error, ..."),
	OPTION("--revision", ARG_COUNT, revision, "N", "under this policy revision"),
	OPTION("--id", ARG_COUNT, id, "N", "this decision"),
	OPTION("--after", ARG_COUNT, after, "N", "decisions with greater ids (paging)"),
	OPTION("--limit", ARG_COUNT, limit, "N", "at most N rows (default 50)"),
	OPTION("--oldest-first", ARG_FLAG, oldest_first, NULL, "in the order they were made"),
	OPTION("--format", ARG_TEXT, format, "FORMAT", "table, json or csv (default table)"),
	{NULL, ARG_FLAG, 0, NULL, NULL},
};
#undef OPTION

/* Opening for reading needs none of the services of the writer. */
static enum ctl_exit open_reader(const struct ctl *ctl, struct audit_reader **out)
{
	struct store_env env = {.list_names = directory_list_names};
	const char *directory;
	enum error error;
	struct buf why;

	if (!ctl_find_state(ctl, &directory))
		return CTL_INVALID;
	if (platform_random(&env.hash_key, sizeof(env.hash_key)) != ERR_NONE) {
		output_error("the system gives no random bytes");
		return CTL_INVALID;
	}
	buf_init(&why, WHY_MAX);
	error = audit_reader_open(directory, &env, out, &why);
	if (error != ERR_NONE)
		output_error("%s", buf_text(&why));
	buf_deinit(&why);
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

static bool read_time(const char *option, const char *text, int64_t *wall_us)
{
	if (text == NULL || when_parse(str_from(text), clock_wall_us(platform_clock()), wall_us))
		return true;
	output_error("%s: '%s' is no time; give a span such as 15m or 7d, today, or a date such as "
		     "2026-11-22T21:38 (UTC)",
		     option, text);
	return false;
}

static bool make_filter(const struct query_options *options, struct arena *arena,
			struct audit_filter *filter)
{
	*filter = (struct audit_filter){
		.application = str_from(options->application),
		.action = str_from(options->action),
		.resource_prefix = str_from(options->resource),
		.policy = str_from(options->policy),
		.source = str_from(options->source),
		.policy_revision = options->revision,
		.decision_id = options->id,
		.verdicts = options->denied ? AUDIT_VERDICT_BIT(AUDIT_DENY) : 0,
		.after_id = options->after,
		.newest_first = !options->oldest_first,
		.limit = options->limit != 0 ? options->limit : DEFAULT_LIMIT,
	};
	if (options->user != NULL) {
		filter->user = casefold(arena, str_from(options->user));
		if (filter->user.ptr == NULL) {
			output_error("out of memory");
			return false;
		}
	}
	return read_time("--since", options->since, &filter->since_us) &&
	       read_time("--until", options->until, &filter->until_us);
}

struct printer {
	enum audit_format format;
	struct table table;
	struct buf line;
	uint64_t rows;
	bool failed;
};

static bool on_row(void *arg, const struct audit_row *row)
{
	struct printer *printer = arg;

	printer->rows++;
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
	}
	return !printer->failed;
}

static enum ctl_exit print_rows(struct audit_reader *reader, const struct audit_filter *filter,
				enum audit_format format)
{
	struct printer printer = {.format = format};
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

static bool read_format(const struct ctl *ctl, const char *text, enum audit_format *format)
{
	static const char *const names[] = {"table", "json", "csv"};

	*format = ctl->json ? AUDIT_FORMAT_JSON : AUDIT_FORMAT_TABLE;
	for (size_t i = 0; text != NULL && i < ARRAY_COUNT(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*format = (enum audit_format)i;
			return true;
		}
	}
	if (text != NULL)
		output_error("--format: '%s' is none of table, json, csv", text);
	return text == NULL;
}

static enum ctl_exit run_query(const struct ctl *ctl, const void *opaque, char **operands,
			       int operand_count)
{
	const struct query_options *options = opaque;
	struct audit_reader *reader = NULL;
	struct audit_filter filter;
	enum audit_format format;
	enum ctl_exit code = CTL_USAGE;
	struct arena arena;

	(void)operands;
	(void)operand_count;
	arena_init(&arena, 1024, 1 << 20);
	if (read_format(ctl, options->format, &format) && make_filter(options, &arena, &filter))
		code = open_reader(ctl, &reader);
	if (code == CTL_DONE)
		code = print_rows(reader, &filter, format);
	audit_reader_close(reader);
	arena_deinit(&arena);
	return code;
}

static void print_verification(const struct ctl *ctl, const struct audit_verification *found)
{
	struct buf out;

	buf_init(&out, 4096);
	if (ctl->json) {
		buf_printf(&out, "{\"intact\":%s,\"rows\":%" PRIu64 ",\"last_good\":%" PRIu64,
			   found->intact ? "true" : "false", found->row_count,
			   found->head.decision_id);
		if (!found->intact)
			buf_printf(&out, ",\"first_bad\":%" PRIu64, found->first_bad_id);
		buf_printf(&out, ",\"chain\":\"");
		output_hex(&out, found->head.chain, AUDIT_CHAIN_BYTES);
		buf_printf(&out, "\"}");
	} else if (found->intact) {
		buf_printf(&out,
			   "intact: %" PRIu64 " rows, the last is decision %" PRIu64 "\nhead  ",
			   found->row_count, found->head.decision_id);
		output_hex(&out, found->head.chain, AUDIT_CHAIN_BYTES);
	} else {
		buf_printf(&out,
			   "NOT INTACT: the chain breaks at decision %" PRIu64
			   "; the last good row is %" PRIu64,
			   found->first_bad_id, found->head.decision_id);
	}
	output_line(&out);
	buf_deinit(&out);
}

static enum ctl_exit run_verify(const struct ctl *ctl, const void *options, char **operands,
				int operand_count)
{
	struct audit_reader *reader = NULL;
	struct audit_verification found;
	enum ctl_exit code = open_reader(ctl, &reader);
	struct buf why;

	(void)options;
	(void)operands;
	(void)operand_count;
	buf_init(&why, WHY_MAX);
	if (code == CTL_DONE && audit_verify(reader, NULL, &found, &why) != ERR_NONE) {
		output_error("%s", buf_text(&why));
		code = CTL_INVALID;
	}
	if (code == CTL_DONE) {
		print_verification(ctl, &found);
		code = found.intact ? CTL_DONE : CTL_DENIED;
	}
	buf_deinit(&why);
	audit_reader_close(reader);
	return code;
}

static const struct arg_option no_options[] = {{NULL, ARG_FLAG, 0, NULL, NULL}};

const struct ctl_command audit_query_command = {
	.words = "audit query",
	.operands = "",
	.summary = "recorded decisions, newest first",
	.options = query_options,
	.options_size = sizeof(struct query_options),
	.run = run_query,
};

const struct ctl_command audit_verify_command = {
	.words = "audit verify",
	.operands = "",
	.summary = "whether the chain over all recorded decisions is intact",
	.options = no_options,
	.run = run_verify,
};
