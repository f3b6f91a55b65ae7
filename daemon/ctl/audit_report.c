/* wsauthzctl audit report: a page with charts for people. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "ctl/audit_options.h"
#include "ctl/audit_source.h"
#include "ctl/output.h"
#include "ctl/report_page.h"
#include "platform/clock.h"
#include "store/audit_query.h"

enum {
	WHY_MAX = 4096,
	LATEST_COUNT = 20,
	STEPS_WANTED = 120, /* at most */
	PAGE_MAX_BYTES = 64 * 1024 * 1024,
};

struct report_options {
	struct audit_options filter;
	const char *html, *title;
};

static const struct arg_option report_options[] = {
	{"--html", ARG_TEXT, offsetof(struct report_options, html), "FILE",
	 "where to write the page; - for standard output"},
	{"--title", ARG_TEXT, offsetof(struct report_options, title), "TEXT",
	 "its title (default \"Authorization report\")"},
	AUDIT_OPTIONS(struct report_options, filter),
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

/* The newest rows of a kind, copied. */
struct latest {
	struct arena *arena;
	struct audit_row rows[LATEST_COUNT];
	struct audit_event events[LATEST_COUNT];
	size_t count;
	bool failed;
};

static bool keep_event(struct latest *latest, const struct audit_row *row)
{
	struct audit_event *event = &latest->events[latest->count];

	*event = (struct audit_event){
		.kind = arena_copy(latest->arena, row->event->kind),
		.actor = arena_copy(latest->arena, row->event->actor),
		.detail = arena_copy(latest->arena, row->event->detail),
	};
	latest->rows[latest->count] = *row;
	latest->rows[latest->count].event = event;
	return event->kind.ptr != NULL && event->actor.ptr != NULL && event->detail.ptr != NULL;
}

static bool on_row(void *arg, const struct audit_row *row)
{
	struct latest *latest = arg;
	bool kept = row->event != NULL
			    ? keep_event(latest, row)
			    : audit_source_copy(latest->arena, row, &latest->rows[latest->count]);

	latest->failed = !kept;
	latest->count += kept;
	return kept;
}

static enum error read_latest(struct audit_reader *reader, const struct audit_filter *given,
			      enum audit_rows rows, struct latest *latest, struct buf *why)
{
	struct audit_filter filter = *given;

	filter.rows = rows;
	filter.newest_first = true;
	filter.limit = LATEST_COUNT;
	if (rows == AUDIT_DECISIONS)
		filter.verdicts = AUDIT_VERDICT_BIT(AUDIT_DENY);
	enum error error = audit_query(reader, &filter, on_row, latest, why);
	return error == ERR_NONE && latest->failed ? ERR_NO_MEMORY : error;
}

/* The filter in words. */
static void describe(const struct audit_options *options, struct buf *out)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{"user", options->user},
		{"application", options->application},
		{"action", options->action},
		{"resource", options->resource},
		{"policy", options->policy},
		{"source", options->source},
		{"denied", options->denied ? "only" : NULL},
	};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (texts[i].value != NULL)
			buf_printf(out, "%s%s %s", out->length != 0 ? ", " : "", texts[i].name,
				   texts[i].value);
	}
	for (size_t i = 0; i < options->decisions.count; i++)
		buf_printf(out, "%sdecision %s", out->length != 0 ? ", " : "",
			   options->decisions.items[i]);
	if (options->revision != 0)
		buf_printf(out, "%srevision %" PRIu64, out->length != 0 ? ", " : "",
			   options->revision);
}

static enum ctl_exit write_page(const char *path, const struct buf *page)
{
	bool is_file = strcmp(path, "-") != 0;
	FILE *file = is_file ? fopen(path, "wb") : stdout;
	bool written;

	if (file == NULL) {
		output_error("%s: cannot be written", path);
		return CTL_INVALID;
	}
	written = fwrite(page->data, 1, page->length, file) == page->length;
	if (is_file)
		written &= fclose(file) == 0;
	if (!written) {
		output_error("%s: writing failed", path);
		return CTL_INVALID;
	}
	if (is_file)
		printf("%s: %zu KiB\n", path, (page->length + 1023) / 1024);
	return CTL_DONE;
}

/* Collects what is not in `frame` and appends the page. */
static enum error make_page(struct audit_reader *reader, const struct audit_filter *filter,
			    const struct report *frame, struct arena *arena, struct buf *page,
			    struct buf *why)
{
	const struct audit_summary_plan plan = {
		.filter = *filter,
		.dimensions = AUDIT_ALL_DIMENSIONS,
		.start_us = frame->steps.start_us,
		.step_us = frame->steps.step_us,
		.step_count = frame->steps.count,
	};
	struct latest denials = {.arena = arena}, events = {.arena = arena};
	struct audit_summary summary = {0};
	enum error error = audit_summary_make(reader, &plan, &summary, why);

	if (error == ERR_NONE)
		error = read_latest(reader, filter, AUDIT_DECISIONS, &denials, why);
	if (error == ERR_NONE)
		error = read_latest(reader, filter, AUDIT_EVENTS, &events, why);
	if (error == ERR_NONE) {
		const struct segment_list *segments = audit_reader_segments(reader);
		struct report report = *frame;

		report.summary = &summary;
		report.denials = denials.rows;
		report.denial_count = denials.count;
		report.events = events.rows;
		report.event_count = events.count;
		if (segments->count != 0)
			report.head = segments->items[segments->count - 1].head;
		error = report_page_append(&report, page);
	}
	audit_summary_deinit(&summary);
	return error;
}

static enum ctl_exit make_report(struct audit_reader *reader, const struct report_options *options,
				 const struct audit_options *given,
				 const struct audit_filter *filter, struct arena *arena)
{
	int64_t now_us = clock_wall_us(platform_clock());
	struct report report = {
		.title = options->title != NULL ? str_from(options->title)
						: STR("Authorization report"),
		.since_us = filter->since_us,
		.until_us = filter->until_us != 0 ? filter->until_us : now_us,
		.made_us = now_us,
	};
	enum ctl_exit code = CTL_INVALID;
	struct buf page, words, why;

	buf_init(&page, PAGE_MAX_BYTES);
	buf_init(&words, WHY_MAX);
	buf_init(&why, WHY_MAX);
	describe(given, &words);
	report.filter = buf_str(&words);
	report.steps = time_steps_choose(report.since_us, report.until_us, STEPS_WANTED);
	enum error error = make_page(reader, filter, &report, arena, &page, &why);
	if (error == ERR_NONE)
		code = write_page(options->html, &page);
	else
		output_error("%s", why.length != 0 ? buf_text(&why) : error_text(error));
	buf_deinit(&page);
	buf_deinit(&words);
	buf_deinit(&why);
	return code;
}

static enum ctl_exit run_report(const struct ctl *ctl, const void *opaque, char **operands,
				int operand_count)
{
	const struct report_options *options = opaque;
	struct audit_options given = options->filter;
	struct audit_reader *reader = NULL;
	enum ctl_exit code = CTL_USAGE;
	struct audit_filter filter;
	struct arena arena;

	(void)operands;
	(void)operand_count;
	audit_options_default_since(&given, "7d");
	arena_init(&arena, 4096, 1 << 26);
	if (options->html == NULL)
		output_error("give --html FILE, where the page is to be written");
	else if (audit_options_filter(&given, &arena, &filter))
		code = audit_source_open(ctl, &reader);
	if (code == CTL_DONE && filter.until_us == 0 &&
	    filter.since_us >= clock_wall_us(platform_clock())) {
		output_error("--since is not in the past: there is nothing to report");
		code = CTL_USAGE;
	}
	if (code == CTL_DONE)
		code = make_report(reader, options, &given, &filter, &arena);
	audit_reader_close(reader);
	arena_deinit(&arena);
	return code;
}

const struct ctl_command audit_report_command = {
	.words = "audit report",
	.operands = "",
	.summary = "one HTML file with charts of the last week",
	.options = report_options,
	.options_size = sizeof(struct report_options),
	.run = run_report,
};
