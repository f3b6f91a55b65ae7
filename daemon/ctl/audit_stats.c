/* wsauthzctl audit stats: decisions over time, with a chart. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/civil.h"
#include "ctl/audit_options.h"
#include "ctl/audit_source.h"
#include "ctl/bar.h"
#include "ctl/output.h"
#include "ctl/time_steps.h"
#include "ctl/when.h"
#include "platform/clock.h"
#include "platform/terminal.h"
#include "store/audit_summary.h"

enum {
	WHY_MAX = 4096,
	CELL_BYTES = 512,
	STEPS_WANTED = 48, /* at most, when --by does not say */
	FIXED_COLUMNS = 64,
	BAR_MIN = 16,
	BAR_MAX = 80,
	FORMATS = 1 << AUDIT_FORMAT_TABLE | 1 << AUDIT_FORMAT_JSON | 1 << AUDIT_FORMAT_CSV,
};

struct stats_options {
	struct audit_options filter;
	const char *by, *format;
};

static const struct arg_option stats_options[] = {
	AUDIT_OPTIONS(struct stats_options, filter),
	{"--by", ARG_TEXT, offsetof(struct stats_options, by), "SPAN",
	 "length of a step: 1m, 15m, 1h, 1d, ... (default: what fits)"},
	{"--format", ARG_TEXT, offsetof(struct stats_options, format), "FORMAT",
	 "table, json or csv (default table)"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

/* "2026-11-22 21:38", and the day alone when steps are whole days. */
static void append_start(struct buf *out, int64_t wall_us, int64_t step_us)
{
	struct civil civil = civil_from_us(wall_us);

	buf_printf(out, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
	if (step_us % INT64_C(86400000000) != 0)
		buf_printf(out, " %02d:%02d", civil.hour, civil.minute);
	if (step_us % INT64_C(60000000) != 0)
		buf_printf(out, ":%02d", civil.second);
}

/* "5.6 %" of all, or nothing when there is nothing. */
static void append_share(struct buf *out, uint64_t part, uint64_t sum)
{
	if (sum != 0)
		buf_printf(out, "%.1f %%", 100.0 * (double)part / (double)sum);
}

static bool add_row(struct table *table, const struct audit_step *step, int64_t start_us,
		    int64_t step_us, uint64_t max, unsigned bar_width)
{
	uint64_t sum = audit_counts_sum(&step->counts);
	uint64_t denied = step->counts.of[AUDIT_DENY];
	struct buf cells[6];
	struct str texts[6];
	bool added;

	for (size_t i = 0; i < 6; i++)
		buf_init(&cells[i], CELL_BYTES);
	append_start(&cells[0], start_us, step_us);
	buf_printf(&cells[1], "%" PRIu64, sum);
	buf_printf(&cells[2], "%" PRIu64, denied);
	append_share(&cells[3], denied, sum);
	if (sum != 0)
		buf_printf(&cells[4], "%" PRIu64 "us", audit_latency_at(&step->latency, 990));
	bar_append(&cells[5], denied, sum - denied, max, bar_width);
	for (size_t i = 0; i < 6; i++)
		texts[i] = buf_str(&cells[i]);
	added = table_add(table, texts);
	for (size_t i = 0; i < 6; i++)
		buf_deinit(&cells[i]);
	return added;
}

static void print_sums(const struct audit_summary *summary)
{
	uint64_t sum = audit_counts_sum(&summary->counts);
	struct buf line;

	buf_init(&line, CELL_BYTES);
	buf_append_byte(&line, '\n');
	output_count(&line, sum, "decision", "decisions");
	buf_printf(&line, ": %" PRIu64 " allowed, %" PRIu64 " denied (",
		   summary->counts.of[AUDIT_ALLOW], summary->counts.of[AUDIT_DENY]);
	append_share(&line, summary->counts.of[AUDIT_DENY], sum);
	buf_printf(&line,
		   "), %" PRIu64 " redirected\nlatency: half within %" PRIu64
		   "us, 99 %% within %" PRIu64 "us",
		   summary->counts.of[AUDIT_REDIRECT], audit_latency_at(&summary->latency, 500),
		   audit_latency_at(&summary->latency, 990));
	output_line(&line);
	buf_deinit(&line);
}

static enum error print_table(const struct audit_summary *summary, const struct time_steps *steps)
{
	static const char *const titles[] = {
		"TIME (UTC)", "DECISIONS", "DENIED",
		"",           "99 % IN",   "DENIED \xe2\x96\x88 OTHERS \xe2\x96\x92"};
	unsigned columns = terminal_columns();
	unsigned bar_width = columns > FIXED_COLUMNS + BAR_MIN ? columns - FIXED_COLUMNS : BAR_MIN;
	enum error error = ERR_NONE;
	struct table table;
	uint64_t max = 0;

	if (audit_counts_sum(&summary->counts) == 0) {
		printf("no decisions match\n");
		return ERR_NONE;
	}
	for (size_t i = 0; i < steps->count; i++) {
		uint64_t sum = audit_counts_sum(&summary->steps[i].counts);
		max = sum > max ? sum : max;
	}
	bar_width = columns == 0 ? BAR_MIN * 2 : bar_width < BAR_MAX ? bar_width : BAR_MAX;
	table_init(&table, titles, 6, 5);
	for (size_t i = 0; i < steps->count && error == ERR_NONE; i++) {
		int64_t start_us = steps->start_us + (int64_t)i * steps->step_us;
		if (!add_row(&table, &summary->steps[i], start_us, steps->step_us, max, bar_width))
			error = ERR_NO_MEMORY;
	}
	if (error == ERR_NONE) {
		table_print(&table);
		print_sums(summary);
	}
	table_deinit(&table);
	return error;
}

static void print_step(const struct audit_step *step, int64_t start_us, int64_t end_us, bool json,
		       struct buf *line)
{
	uint64_t half_us = audit_latency_at(&step->latency, 500);
	uint64_t most_us = audit_latency_at(&step->latency, 990);
	const struct audit_counts *counts = &step->counts;

	buf_append_str(line, json ? STR("{\"from\":\"") : STR(""));
	civil_append(line, start_us);
	buf_append_str(line, json ? STR("\",\"to\":\"") : STR(","));
	civil_append(line, end_us);
	buf_printf(line,
		   json ? "\",\"allowed\":%" PRIu64 ",\"denied\":%" PRIu64
			  ",\"redirected\":%" PRIu64 ",\"latency_p50_us\":%" PRIu64
			  ",\"latency_p99_us\":%" PRIu64 "}"
			: ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
		   counts->of[AUDIT_ALLOW], counts->of[AUDIT_DENY], counts->of[AUDIT_REDIRECT],
		   half_us, most_us);
	output_line(line);
}

static void print_lines(const struct audit_summary *summary, const struct time_steps *steps,
			bool json)
{
	struct buf line;

	buf_init(&line, CELL_BYTES);
	if (!json)
		printf("from,to,allowed,denied,redirected,latency_p50_us,latency_p99_us\n");
	for (size_t i = 0; i < steps->count; i++) {
		int64_t start_us = steps->start_us + (int64_t)i * steps->step_us;
		print_step(&summary->steps[i], start_us, start_us + steps->step_us, json, &line);
	}
	buf_deinit(&line);
}

static enum ctl_exit print_stats(struct audit_reader *reader, const struct audit_summary_plan *plan,
				 const struct time_steps *steps, enum audit_format format)
{
	struct audit_summary summary = {0};
	enum error error;
	struct buf why;

	buf_init(&why, WHY_MAX);
	error = audit_summary_make(reader, plan, &summary, &why);
	if (error == ERR_NONE && format == AUDIT_FORMAT_TABLE)
		error = print_table(&summary, steps);
	else if (error == ERR_NONE)
		print_lines(&summary, steps, format == AUDIT_FORMAT_JSON);
	if (error != ERR_NONE)
		output_error("%s", why.length != 0 ? buf_text(&why) : error_text(error));
	audit_summary_deinit(&summary);
	buf_deinit(&why);
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

/* The steps for the filter's span of time, which ends now when nothing else is said. */
static bool make_steps(const char *by, const struct audit_filter *filter, struct time_steps *steps)
{
	int64_t now_us = clock_wall_us(platform_clock());
	int64_t until_us = filter->until_us != 0 ? filter->until_us : now_us + 1;
	uint64_t step_ms;

	if (until_us <= filter->since_us) {
		output_error("--since is not in the past: there is nothing to count");
		return false;
	}
	if (by == NULL) {
		*steps = time_steps_choose(filter->since_us, until_us, STEPS_WANTED);
		return true;
	}
	if (!when_parse_span(str_from(by), &step_ms)) {
		output_error("--by: '%s' is no span of time such as 15m, 1h or 1d", by);
		return false;
	}
	*steps = time_steps_make(filter->since_us, until_us, (int64_t)step_ms * 1000,
				 AUDIT_STEPS_MAX);
	if (steps->count == 0)
		output_error("--by %s: that are more than %d steps", by, AUDIT_STEPS_MAX);
	return steps->count != 0;
}

static enum ctl_exit run_stats(const struct ctl *ctl, const void *opaque, char **operands,
			       int operand_count)
{
	const struct stats_options *options = opaque;
	struct audit_options given = options->filter;
	struct audit_summary_plan plan = {0};
	struct audit_reader *reader = NULL;
	enum ctl_exit code = CTL_USAGE;
	enum audit_format format;
	struct time_steps steps;
	struct arena arena;

	(void)operands;
	(void)operand_count;
	audit_options_default_since(&given, "1d");
	arena_init(&arena, 1024, 1 << 20);
	if (audit_options_format(ctl, options->format, FORMATS, AUDIT_FORMAT_TABLE, &format) &&
	    audit_options_filter(&given, &arena, &plan.filter) &&
	    make_steps(options->by, &plan.filter, &steps)) {
		plan.start_us = steps.start_us;
		plan.step_us = steps.step_us;
		plan.step_count = steps.count;
		code = audit_source_open(ctl, &reader);
	}
	if (code == CTL_DONE)
		code = print_stats(reader, &plan, &steps, format);
	audit_reader_close(reader);
	arena_deinit(&arena);
	return code;
}

const struct ctl_command audit_stats_command = {
	.words = "audit stats",
	.operands = "",
	.summary = "decisions over time with a chart, of the last day",
	.options = stats_options,
	.options_size = sizeof(struct stats_options),
	.run = run_stats,
};
