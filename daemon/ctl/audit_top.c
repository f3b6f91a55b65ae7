/* wsauthzctl audit top: who and what stands for most of the decisions. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/audit_options.h"
#include "ctl/audit_source.h"
#include "ctl/bar.h"
#include "ctl/csv.h"
#include "ctl/output.h"
#include "ctl/resource.h"
#include "store/audit_summary.h"

enum {
	WHY_MAX = 4096,
	DEFAULT_LIMIT = 10,
	LIMIT_MAX = 100000,
	BAR_WIDTH = 16,
	CELL_BYTES = 256,
	LABEL_MAX_BYTES = 1 << 20,
	FORMATS = 1 << AUDIT_FORMAT_TABLE | 1 << AUDIT_FORMAT_JSON | 1 << AUDIT_FORMAT_CSV,
};

struct top_options {
	struct audit_options filter;
	const char *format;
	uint64_t limit;
};

static const struct arg_option top_options[] = {
	AUDIT_OPTIONS(struct top_options, filter),
	{"--limit", ARG_COUNT, offsetof(struct top_options, limit), "N",
	 "the N first (default 10)"},
	{"--format", ARG_TEXT, offsetof(struct top_options, format), "FORMAT",
	 "table, json or csv (default table)"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static const struct kind {
	const char *name;
	enum audit_dimension dimension;
	const char *title;
	bool is_default; /* shown when none is named */
} kinds[] = {
	{"users", AUDIT_BY_USER, "USER", true},
	{"resources", AUDIT_BY_RESOURCE, "RESOURCE", true},
	{"policies", AUDIT_BY_POLICY, "POLICY", true},
	{"reasons", AUDIT_BY_REASON, "REASON", true},
	{"actions", AUDIT_BY_ACTION, "ACTION", false},
	{"applications", AUDIT_BY_APPLICATION, "APPLICATION", false},
};

static bool add_row(struct table *table, const struct kind *kind, const struct audit_entry *entry,
		    uint64_t max)
{
	uint64_t sum = audit_counts_sum(&entry->counts);
	char decisions[CELL_BYTES], denied[CELL_BYTES];
	struct buf bar, label;
	bool added;

	buf_init(&bar, CELL_BYTES);
	buf_init(&label, LABEL_MAX_BYTES);
	if (kind->dimension == AUDIT_BY_RESOURCE)
		resource_shorten(&label, entry->label);
	else
		buf_append_str(&label, entry->label);
	snprintf(decisions, sizeof(decisions), "%" PRIu64, sum);
	snprintf(denied, sizeof(denied), "%" PRIu64, entry->counts.of[AUDIT_DENY]);
	bar_append(&bar, entry->counts.of[AUDIT_DENY], sum - entry->counts.of[AUDIT_DENY], max,
		   BAR_WIDTH);
	added = table_add(table, (const struct str[]){
					 str_from(decisions),
					 str_from(denied),
					 buf_str(&bar),
					 buf_str(&label),
					 kind->dimension == AUDIT_BY_USER ? entry->key : STR(""),
				 });
	buf_deinit(&bar);
	buf_deinit(&label);
	return added;
}

static enum error print_table(const struct kind *kind, const struct audit_entry **top, size_t count)
{
	const char *const titles[] = {"DECISIONS", "DENIED", "", kind->title, "PRINCIPAL"};
	size_t columns = kind->dimension == AUDIT_BY_USER ? 5 : 4;
	enum error error = ERR_NONE;
	struct table table;
	uint64_t max = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t sum = audit_counts_sum(&top[i]->counts);
		max = sum > max ? sum : max;
	}
	table_init(&table, titles, columns, 3);
	for (size_t i = 0; i < count && error == ERR_NONE; i++)
		error = add_row(&table, kind, top[i], max) ? ERR_NONE : ERR_NO_MEMORY;
	if (error == ERR_NONE)
		table_print(&table);
	table_deinit(&table);
	return error;
}

static void print_json(const struct kind *kind, const struct audit_entry *entry, struct buf *line)
{
	static const char *const verdicts[] = {"denied", "allowed", "redirected"};
	struct json_writer json = json_write_to(line);

	json_write_object(&json);
	json_member_string(&json, "top", str_from(kind->name));
	json_member_string(&json, "key", entry->key);
	json_member_string(&json, "label", entry->label);
	json_member_u64(&json, "decisions", audit_counts_sum(&entry->counts));
	for (size_t i = 0; i < AUDIT_VERDICT_COUNT; i++)
		json_member_u64(&json, verdicts[i], entry->counts.of[i]);
	json_write_object_end(&json);
	output_line(line);
}

static void print_csv(const struct kind *kind, const struct audit_entry *entry, struct buf *line)
{
	buf_append_str(line, str_from(kind->name));
	csv_append(line, entry->key);
	csv_append(line, entry->label);
	buf_printf(line, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, entry->counts.of[AUDIT_ALLOW],
		   entry->counts.of[AUDIT_DENY], entry->counts.of[AUDIT_REDIRECT]);
	output_line(line);
}

static enum error print_kind(struct audit_summary *summary, const struct kind *kind,
			     unsigned verdicts, size_t limit, enum audit_format format)
{
	const struct audit_entry **top;
	struct buf line;
	size_t count;
	enum error error =
		audit_summary_top(summary, kind->dimension, verdicts, limit, &top, &count);

	if (error != ERR_NONE)
		return error;
	buf_init(&line, SIZE_MAX);
	if (format == AUDIT_FORMAT_TABLE && count != 0)
		error = print_table(kind, top, count);
	for (size_t i = 0; i < count && format != AUDIT_FORMAT_TABLE; i++) {
		if (format == AUDIT_FORMAT_JSON)
			print_json(kind, top[i], &line);
		else
			print_csv(kind, top[i], &line);
	}
	buf_deinit(&line);
	return error;
}

static enum error print_kinds(struct audit_summary *summary, const struct kind *only,
			      unsigned verdicts, size_t limit, enum audit_format format)
{
	enum error error = ERR_NONE;
	bool is_first = true;

	if (format == AUDIT_FORMAT_CSV)
		printf("top,key,label,allowed,denied,redirected\n");
	if (format == AUDIT_FORMAT_TABLE && audit_counts_sum(&summary->counts) == 0)
		printf("no decisions match\n");
	for (size_t i = 0; i < ARRAY_COUNT(kinds) && error == ERR_NONE; i++) {
		if (only != NULL ? &kinds[i] != only : !kinds[i].is_default)
			continue;
		if (format == AUDIT_FORMAT_TABLE && !is_first &&
		    summary->tables[kinds[i].dimension].map.count != 0)
			printf("\n");
		error = print_kind(summary, &kinds[i], verdicts, limit, format);
		is_first = false;
	}
	return error;
}

static bool find_kind(const char *name, const struct kind **kind)
{
	*kind = NULL;
	for (size_t i = 0; name != NULL && i < ARRAY_COUNT(kinds); i++) {
		if (strcmp(kinds[i].name, name) == 0)
			*kind = &kinds[i];
	}
	if (name != NULL && *kind == NULL)
		output_error("'%s' is none of users, resources, policies, reasons, actions, "
			     "applications",
			     name);
	return name == NULL || *kind != NULL;
}

static enum ctl_exit print_top(struct audit_reader *reader, const struct audit_summary_plan *plan,
			       const struct kind *kind, size_t limit, enum audit_format format)
{
	struct audit_summary summary = {0};
	enum error error;
	struct buf why;

	buf_init(&why, WHY_MAX);
	error = audit_summary_make(reader, plan, &summary, &why);
	if (error == ERR_NONE)
		error = print_kinds(&summary, kind, plan->filter.verdicts, limit, format);
	if (error != ERR_NONE)
		output_error("%s", why.length != 0 ? buf_text(&why) : error_text(error));
	audit_summary_deinit(&summary);
	buf_deinit(&why);
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

static enum ctl_exit run_top(const struct ctl *ctl, const void *opaque, char **operands,
			     int operand_count)
{
	const struct top_options *options = opaque;
	struct audit_options given = options->filter;
	uint64_t limit = options->limit != 0 ? options->limit : DEFAULT_LIMIT;
	struct audit_summary_plan plan = {.dimensions = AUDIT_ALL_DIMENSIONS};
	struct audit_reader *reader = NULL;
	enum ctl_exit code = CTL_USAGE;
	enum audit_format format;
	const struct kind *kind;
	struct arena arena;

	audit_options_default_since(&given, "1d");
	arena_init(&arena, 1024, 1 << 20);
	if (find_kind(operand_count != 0 ? operands[0] : NULL, &kind) &&
	    audit_options_format(ctl, options->format, FORMATS, AUDIT_FORMAT_TABLE, &format) &&
	    audit_options_filter(&given, &arena, &plan.filter))
		code = audit_source_open(ctl, &reader);
	if (kind != NULL)
		plan.dimensions = AUDIT_DIMENSION_BIT(kind->dimension);
	if (code == CTL_DONE)
		code = print_top(reader, &plan, kind,
				 (size_t)(limit < LIMIT_MAX ? limit : LIMIT_MAX), format);
	audit_reader_close(reader);
	arena_deinit(&arena);
	return code;
}

const struct ctl_command audit_top_command = {
	.words = "audit top",
	.operands = "[users|resources|policies|reasons|actions|applications]",
	.summary = "who and what stands for most decisions of the last day",
	.options = top_options,
	.options_size = sizeof(struct top_options),
	.operand_max = 1,
	.run = run_top,
};
