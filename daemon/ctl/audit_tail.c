/* wsauthzctl audit tail: the last rows, and then each as it is written. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/log.h"
#include "ctl/audit_options.h"
#include "ctl/audit_row.h"
#include "ctl/audit_source.h"
#include "ctl/output.h"
#include "ctl/resource.h"
#include "platform/watch.h"
#include "store/audit_query.h"

enum {
	WHY_MAX = 4096,
	DEFAULT_ROWS = 10,
	ROWS_MAX = 1000,
	/* Looked again after so long without a change, should one go by unnoticed. */
	LOOK_AGAIN_MS = 5000,
	LINE_MAX_BYTES = 1 << 20,
	FORMATS = 1 << AUDIT_FORMAT_TABLE | 1 << AUDIT_FORMAT_JSON,
};

struct tail_options {
	struct audit_options filter;
	const char *format;
	uint64_t rows;
	bool no_follow;
};

static const struct arg_option tail_options[] = {
	AUDIT_OPTIONS(struct tail_options, filter),
	{"--limit", ARG_COUNT, offsetof(struct tail_options, rows), "N",
	 "the last N rows first (default 10, at most 1000)"},
	{"--no-follow", ARG_FLAG, offsetof(struct tail_options, no_follow), NULL, "end after them"},
	{"--format", ARG_TEXT, offsetof(struct tail_options, format), "FORMAT",
	 "table or json (default table)"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

struct tailer {
	struct audit_reader *reader;
	struct audit_filter filter;
	enum audit_format format;
	uint64_t last_id;       /* printed */
	uint64_t ids[ROWS_MAX]; /* of the rows before the first, newest first */
	size_t id_count;
	struct buf line;
};

static struct str verdict_text(enum audit_verdict verdict)
{
	switch (verdict) {
	case AUDIT_ALLOW: return STR("allow   ");
	case AUDIT_REDIRECT: return STR("redirect");
	case AUDIT_DENY: break;
	}
	return STR("deny    ");
}

/* Appends a text and blanks up to `width`. */
static void append_padded(struct buf *out, struct str text, size_t width)
{
	size_t start = out->length;

	log_escape(out, text);
	while (out->length - start < width && out->failed == ERR_NONE)
		buf_append_byte(out, ' ');
}

/* Lines cannot be lined up in columns that nobody knows yet, only about. */
static void append_line(struct buf *out, const struct audit_row *row)
{
	struct buf resource, reason;

	output_time(out, row->wall_us);
	if (row->event != NULL) {
		buf_append_str(out, STR("  event     "));
		append_padded(out, row->event->kind, 18);
		buf_append_str(out, STR("  "));
		append_padded(out, row->event->actor, 10);
		buf_append_str(out, STR("  "));
		log_escape(out, row->event->detail);
		return;
	}
	buf_init(&resource, LINE_MAX_BYTES);
	buf_init(&reason, LINE_MAX_BYTES);
	resource_shorten(&resource,
			 row->resource_uri.length != 0 ? row->resource_uri : row->application);
	audit_row_reason(&reason, row);
	buf_append_str(out, STR("  "));
	buf_append_str(out, verdict_text(row->verdict));
	buf_append_str(out, STR("  "));
	append_padded(out, row->user.length != 0 ? row->user : row->principal, 18);
	buf_append_str(out, STR("  "));
	append_padded(out, row->action, 10);
	buf_append_str(out, STR("  "));
	log_escape(out, buf_str(&resource));
	buf_append_str(out, STR("  ("));
	log_escape(out, buf_str(&reason));
	buf_printf(out, ")  #%" PRIu64, row->decision_id);
	buf_deinit(&resource);
	buf_deinit(&reason);
}

static bool on_row(void *arg, const struct audit_row *row)
{
	struct tailer *tailer = arg;

	tailer->last_id = row->decision_id;
	if (tailer->format == AUDIT_FORMAT_JSON)
		audit_row_json(&tailer->line, row);
	else
		append_line(&tailer->line, row);
	if (tailer->line.failed != ERR_NONE)
		return false;
	output_line(&tailer->line);
	return !ferror(stdout);
}

static bool on_old_row(void *arg, const struct audit_row *row)
{
	struct tailer *tailer = arg;

	tailer->ids[tailer->id_count++] = row->decision_id;
	return true;
}

/* Rows that were there when the last query began have been looked at, whether they matched or not. */
static void skip_seen(struct tailer *tailer)
{
	const struct segment_list *segments = audit_reader_segments(tailer->reader);
	uint64_t last_id =
		segments->count != 0 ? segments->items[segments->count - 1].head.decision_id : 0;

	if (last_id > tailer->last_id)
		tailer->last_id = last_id;
}

/* Finds the id behind which the last `rows` matching rows begin. */
static enum error find_start(struct tailer *tailer, uint64_t rows, struct buf *why)
{
	struct audit_filter filter = tailer->filter;

	filter.newest_first = true;
	filter.limit = rows;
	enum error error = audit_query(tailer->reader, &filter, on_old_row, tailer, why);
	if (tailer->id_count != 0)
		tailer->last_id = tailer->ids[tailer->id_count - 1] - 1;
	else
		skip_seen(tailer);
	return error;
}

/* Prints what is new. */
static enum error print_new(struct tailer *tailer, struct buf *why)
{
	enum error error;

	tailer->filter.after_id = tailer->last_id;
	error = audit_query(tailer->reader, &tailer->filter, on_row, tailer, why);
	if (error == ERR_NONE)
		error = tailer->line.failed;
	if (error == ERR_NONE)
		skip_seen(tailer);
	if (error == ERR_NONE && fflush(stdout) != 0)
		error = ERR_CLOSED;
	return error;
}

static enum error follow(struct tailer *tailer, struct watch *watch, struct buf *why)
{
	enum error error = ERR_NONE;

	while (error == ERR_NONE) {
		error = watch_wait(watch, LOOK_AGAIN_MS);
		if (error == ERR_NONE || error == ERR_TIMEOUT)
			error = print_new(tailer, why);
		/* Somebody else, with a shell perhaps, holds the file for a moment. */
		if (error == ERR_BUSY) {
			buf_clear(why);
			error = ERR_NONE;
		}
	}
	return error;
}

static enum ctl_exit print_tail(struct tailer *tailer, const char *directory, uint64_t rows,
				bool no_follow)
{
	struct watch *watch = NULL;
	enum error error;
	struct buf why;

	buf_init(&why, WHY_MAX);
	/* Before the first look, so that nothing falls between. */
	error = watch_open(directory, &watch, &why);
	if (error == ERR_NONE)
		error = find_start(tailer, rows, &why);
	if (error == ERR_NONE)
		error = print_new(tailer, &why);
	if (error == ERR_NONE && !no_follow)
		error = follow(tailer, watch, &why);
	/* A pipe that nobody reads any more ends it, too. */
	if (error != ERR_NONE && error != ERR_CLOSED)
		output_error("%s", why.length != 0 ? buf_text(&why) : error_text(error));
	watch_close(watch);
	buf_deinit(&why);
	return error == ERR_NONE || error == ERR_CLOSED ? CTL_DONE : CTL_INVALID;
}

static enum ctl_exit run_tail(const struct ctl *ctl, const void *opaque, char **operands,
			      int operand_count)
{
	const struct tail_options *options = opaque;
	uint64_t rows = options->rows != 0 ? options->rows : DEFAULT_ROWS;
	struct tailer tailer = {0};
	enum ctl_exit code = CTL_USAGE;
	const char *directory;
	struct arena arena;

	(void)operands;
	(void)operand_count;
	arena_init(&arena, 1024, 1 << 20);
	buf_init(&tailer.line, LINE_MAX_BYTES);
	if (rows > ROWS_MAX)
		output_error("--limit: at most %d", ROWS_MAX);
	else if (audit_options_format(ctl, options->format, FORMATS, AUDIT_FORMAT_TABLE,
				      &tailer.format) &&
		 audit_options_filter(&options->filter, &arena, &tailer.filter))
		code = ctl_find_state(ctl, &directory) ? CTL_DONE : CTL_INVALID;
	if (code == CTL_DONE)
		code = audit_source_open(ctl, &tailer.reader);
	if (!audit_options_are_of_decisions(&options->filter))
		tailer.filter.rows = AUDIT_ALL_ROWS;
	if (code == CTL_DONE)
		code = print_tail(&tailer, directory, rows, options->no_follow);
	audit_reader_close(tailer.reader);
	buf_deinit(&tailer.line);
	arena_deinit(&arena);
	return code;
}

const struct ctl_command audit_tail_command = {
	.words = "audit tail",
	.operands = "",
	.summary = "the last decisions and events, and each new one",
	.options = tail_options,
	.options_size = sizeof(struct tail_options),
	.run = run_tail,
};
