/* wsauthzctl audit verify, audit head: whether the audit is what was written. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/hex.h"
#include "ctl/audit_source.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "platform/clock.h"
#include "platform/terminal.h"
#include "platform/user_file.h"
#include "store/audit_head.h"
#include "store/audit_query.h"
#include "store/seal_key.h"

enum { WHY_MAX = 4096, PROGRESS_MS = 500 };

struct verify_options {
	const char *head, *public_key;
	uint64_t signed_from;
	bool rows_only;
};

static const struct arg_option verify_options[] = {
	{"--head", ARG_TEXT, offsetof(struct verify_options, head), "HEAD|FILE",
	 "a head that was kept elsewhere: also a tail that was cut off is found"},
	{"--public-key", ARG_TEXT, offsetof(struct verify_options, public_key), "KEY|FILE",
	 "every segment must be sealed and signed by this key, but those at the end"},
	{"--signed-from", ARG_COUNT, offsetof(struct verify_options, signed_from), "N",
	 "segments before N may be without signature, with --public-key"},
	{"--rows-only", ARG_FLAG, offsetof(struct verify_options, rows_only), NULL,
	 "leave out the indexes, a fifth of the time: a row may be hidden from questions then"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

/* The text itself or, when it is none that `is_text` knows, what the file of that name holds. */
static bool read_argument(const char *option, const char *argument, struct buf *text)
{
	struct buf why;

	buf_init(&why, WHY_MAX);
	enum error error = file_read(argument, SEAL_KEY_TEXT_MAX_BYTES, text, &why);
	if (error != ERR_NONE)
		output_error("%s: %s", option, buf_text(&why));
	buf_deinit(&why);
	while (text->length != 0 &&
	       (text->data[text->length - 1] == '\n' || text->data[text->length - 1] == '\r'))
		text->length--;
	return error == ERR_NONE;
}

static bool read_head(const char *argument, struct audit_head *head)
{
	struct buf text;
	bool done = argument == NULL || audit_head_parse(str_from(argument), head) == ERR_NONE;

	if (done)
		return true;
	buf_init(&text, SEAL_KEY_TEXT_MAX_BYTES);
	if (read_argument("--head", argument, &text)) {
		done = audit_head_parse(buf_str(&text), head) == ERR_NONE;
		if (!done)
			output_error("--head: '%s' holds no head; 'wsauthzctl audit head' and the "
				     "log have them, as ID:CHAIN",
				     argument);
	}
	buf_deinit(&text);
	return done;
}

static bool read_public_key(const char *argument, uint8_t key[SEGMENT_KEY_BYTES])
{
	struct buf text;
	bool done = argument == NULL || seal_public_key_read(str_from(argument), key) == ERR_NONE;

	if (done)
		return true;
	buf_init(&text, SEAL_KEY_TEXT_MAX_BYTES);
	if (read_argument("--public-key", argument, &text)) {
		done = seal_public_key_read(buf_str(&text), key) == ERR_NONE;
		if (!done)
			output_error("--public-key: '%s' holds no public key of the audit",
				     argument);
	}
	buf_deinit(&text);
	return done;
}

static const char *flaw_name(enum audit_flaw flaw)
{
	switch (flaw) {
	case AUDIT_FLAW_NONE: return "none";
	case AUDIT_FLAW_ROW: return "row";
	case AUDIT_FLAW_BEGINNING: return "beginning";
	case AUDIT_FLAW_MISSING: return "missing";
	case AUDIT_FLAW_SEAL: return "seal";
	case AUDIT_FLAW_SIGNATURE: return "signature";
	case AUDIT_FLAW_UNSIGNED: return "unsigned";
	case AUDIT_FLAW_TEXT: return "text";
	case AUDIT_FLAW_CUT: return "cut";
	case AUDIT_FLAW_HEAD: return "head";
	case AUDIT_FLAW_INDEX: return "index";
	}
	return "unknown";
}

static const char *flaw_text(enum audit_flaw flaw)
{
	switch (flaw) {
	case AUDIT_FLAW_NONE: break;
	case AUDIT_FLAW_ROW: return "a row was changed, removed, added or moved";
	case AUDIT_FLAW_BEGINNING: return "the segment does not begin where the one before ends";
	case AUDIT_FLAW_MISSING: return "the segment is not there";
	case AUDIT_FLAW_SEAL: return "the segment does not hold the rows that its seal names";
	case AUDIT_FLAW_SIGNATURE: return "the segment has no seal that is signed by the key";
	case AUDIT_FLAW_UNSIGNED: return "no segment is signed by the key";
	case AUDIT_FLAW_TEXT:
		return "there are texts that no row has: rows at its end were removed";
	case AUDIT_FLAW_CUT: return "the audit ends before the given head: its tail is missing";
	case AUDIT_FLAW_HEAD: return "the chain at the given head is another one";
	case AUDIT_FLAW_INDEX: return "all rows are there, but questions may miss some";
	}
	return "";
}

/* What was changed besides the rows, and how it becomes what it was. */
static void print_place(struct buf *out, const struct audit_verification *found)
{
	struct str place = str_from(found->place);
	char name[SEGMENT_NAME_BYTES];

	segment_name(found->segment, name);
	if (str_equal(place, STR("state.db")))
		buf_append_str(out,
			       STR("; what state.db notes of it was changed\n"
				   "to mend    restore state.db from a backup, or ask a copy of "
				   "the segments in a directory without it (--state)"));
	else if (str_starts_with(place, STR("decision_")) || str_starts_with(place, STR("event_")))
		buf_printf(out,
			   "; its index %s was changed\nto mend    keep a copy of %s as evidence, "
			   "then have the indexes made from the rows: sqlite3 %s REINDEX",
			   found->place, name, name);
	else
		buf_printf(
			out,
			"; %s was changed\nto mend    keep %s as evidence, and restore it from a "
			"backup",
			found->place, name);
}

static void print_json(struct buf *out, const struct audit_verification *found)
{
	char head[AUDIT_HEAD_TEXT_BYTES];

	audit_head_format(&found->head, head);
	buf_printf(out,
		   "{\"intact\":%s,\"rows\":%" PRIu64 ",\"events\":%" PRIu64
		   ",\"segments\":%" PRIu32 ",\"signed\":%" PRIu32 ",\"last_good\":%" PRIu64,
		   found->intact ? "true" : "false", found->row_count, found->event_count,
		   found->segment_count, found->signed_count, found->head.decision_id);
	if (!found->intact)
		buf_printf(out, ",\"flaw\":\"%s\",\"segment\":%" PRIu32 ",\"first_bad\":%" PRIu64,
			   flaw_name(found->flaw), found->segment, found->first_bad_id);
	else
		buf_printf(out, ",\"unsigned_segments\":%" PRIu32 ",\"unsigned_rows\":%" PRIu64,
			   found->unsigned_segments, found->unsigned_rows);
	if (found->place != NULL)
		buf_printf(out, ",\"place\":\"%s\"", found->place);
	if (found->head_is_older)
		buf_append_str(out, STR(",\"head_is_older\":true"));
	buf_printf(out, ",\"head\":\"%s\",\"chain\":\"", head);
	hex_append(out, found->head.chain, AUDIT_CHAIN_BYTES);
	buf_append_str(out, STR("\"}"));
}

static void print_counts(struct buf *out, const struct audit_verification *found)
{
	output_count(out, found->row_count - found->event_count, "decision", "decisions");
	buf_append_str(out, STR(" and "));
	output_count(out, found->event_count, "event", "events");
	buf_append_str(out, STR(" in "));
	output_count(out, found->segment_count, "segment", "segments");
}

static void print_intact(struct buf *out, const struct audit_verification *found)
{
	buf_append_str(out, STR("intact: "));
	print_counts(out, found);
	if (found->signed_count != 0) {
		buf_printf(out, ", %" PRIu32 " signed; under no signature at the end: ",
			   found->signed_count);
		output_count(out, found->unsigned_segments, "segment", "segments");
		buf_append_str(out, STR(" with "));
		output_count(out, found->unsigned_rows, "row", "rows");
	}
	if (found->head_is_older)
		buf_append_str(out, STR("; the given head is older than all of them"));
}

static void print_unsigned(struct buf *out, const struct audit_verification *found)
{
	buf_append_str(out, STR("NOT PROVED: "));
	print_counts(out, found);
	buf_printf(out,
		   "; the chain holds, but %s\n"
		   "to mend    'wsauthzctl audit seal' first, if the audit is young and "
		   "audit.signing_key is set; else its seals were taken away",
		   flaw_text(found->flaw));
}

static void print_text(struct buf *out, const struct audit_verification *found)
{
	char head[AUDIT_HEAD_TEXT_BYTES];

	audit_head_format(&found->head, head);
	if (found->intact)
		print_intact(out, found);
	else if (found->flaw == AUDIT_FLAW_UNSIGNED)
		print_unsigned(out, found);
	if (found->intact || found->flaw == AUDIT_FLAW_UNSIGNED) {
		buf_printf(out, "\nhead  %s", head);
		return;
	}
	buf_printf(out, "NOT INTACT: segment %" PRIu32 ": %s", found->segment,
		   flaw_text(found->flaw));
	if (found->place != NULL)
		print_place(out, found);
	buf_printf(out, "\nfirst bad  %" PRIu64 "\nlast good  %s", found->first_bad_id, head);
}

/* What is told of a long work on a terminal. */
struct progress {
	int64_t told_ms;
	bool is_shown;
};

static bool on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct progress *progress = arg;
	int64_t now_ms = clock_boot_ms(platform_clock());

	if (now_ms - progress->told_ms < PROGRESS_MS)
		return true;
	progress->told_ms = now_ms;
	progress->is_shown = true;
	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " rows", done, total);
	return true;
}

static enum ctl_exit verify(const struct ctl *ctl, struct audit_reader *reader,
			    struct audit_verify_options *options)
{
	struct progress progress = {.told_ms = clock_boot_ms(platform_clock())};
	struct audit_verification found;
	enum ctl_exit code = CTL_INVALID;
	struct buf why, out;

	if (terminal_columns() != 0) {
		options->on_progress = on_progress;
		options->arg = &progress;
	}
	buf_init(&why, WHY_MAX);
	buf_init(&out, WHY_MAX);
	enum error error = audit_verify(reader, options, &found, &why);
	if (progress.is_shown)
		fputs("\r\033[K", stderr);
	if (error != ERR_NONE) {
		output_error("%s", buf_text(&why));
	} else {
		code = found.intact ? CTL_DONE : CTL_DENIED;
		if (ctl->json)
			print_json(&out, &found);
		else
			print_text(&out, &found);
		output_line(&out);
	}
	buf_deinit(&why);
	buf_deinit(&out);
	return code;
}

static enum ctl_exit run_verify(const struct ctl *ctl, const void *opaque, char **operands,
				int operand_count)
{
	const struct verify_options *given = opaque;
	uint8_t public_key[SEGMENT_KEY_BYTES];
	struct audit_reader *reader = NULL;
	struct audit_head head;
	struct audit_verify_options options = {
		.expected = given->head != NULL ? &head : NULL,
		.public_key = given->public_key != NULL ? public_key : NULL,
		.signed_from =
			given->signed_from < UINT32_MAX ? (uint32_t)given->signed_from : UINT32_MAX,
		.rows_only = given->rows_only,
	};

	(void)operands;
	(void)operand_count;
	if (given->signed_from != 0 && given->public_key == NULL) {
		output_error("--signed-from needs --public-key");
		return CTL_USAGE;
	}
	if (!read_head(given->head, &head) || !read_public_key(given->public_key, public_key))
		return CTL_USAGE;
	enum ctl_exit code = audit_source_open(ctl, &reader);
	if (code == CTL_DONE)
		code = verify(ctl, reader, &options);
	audit_reader_close(reader);
	return code;
}

static enum ctl_exit run_head(const struct ctl *ctl, const void *options, char **operands,
			      int operand_count)
{
	char text[AUDIT_HEAD_TEXT_BYTES];
	struct audit_reader *reader = NULL;
	enum ctl_exit code = audit_source_open(ctl, &reader);

	(void)options;
	(void)operands;
	(void)operand_count;
	if (code != CTL_DONE)
		return code;
	/* A reader without segments is not opened. */
	const struct segment_list *segments = audit_reader_segments(reader);
	const struct segment *last = &segments->items[segments->count - 1];
	audit_head_format(&last->head, text);
	if (ctl->json)
		printf("{\"segment\":%" PRIu32 ",\"head\":\"%s\"}\n", last->number, text);
	else
		printf("%s\n", text);
	audit_reader_close(reader);
	return CTL_DONE;
}

const struct ctl_command audit_verify_command = {
	.words = "audit verify",
	.operands = "",
	.summary = "whether the audit is what was written, and signed",
	.options = verify_options,
	.options_size = sizeof(struct verify_options),
	.run = run_verify,
};

const struct ctl_command audit_head_command = {
	.words = "audit head",
	.operands = "",
	.summary = "the end of the chain, to keep elsewhere for audit verify",
	.options = ctl_no_options,
	.run = run_head,
};
