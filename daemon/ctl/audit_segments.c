/* wsauthzctl audit segments, audit seal, audit prune: the files of the audit. */
#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"
#include "ctl/ctl.h"
#include "ctl/link.h"
#include "ctl/output.h"
#include "platform/file.h"
#include "store/segment.h"

enum { WHY_MAX = 4096, CELL_BYTES = 64 };

static const char *state_text(enum segment_state state)
{
	switch (state) {
	case SEGMENT_LIVE: return "live";
	case SEGMENT_CLOSED: return "closed";
	case SEGMENT_SEALED: return "sealed";
	}
	return "unknown";
}

static void print_json(struct buf *out, const struct segment *segment)
{
	buf_printf(out,
		   "{\"segment\":%" PRIu32 ",\"state\":\"%s\",\"first_id\":%" PRIu64
		   ",\"last_id\":%" PRIu64 ",\"first_us\":%" PRId64 ",\"last_us\":%" PRId64
		   ",\"file_bytes\":%" PRIu64,
		   segment->number, state_text(segment->state), segment->first_id, segment->last_id,
		   segment->first_us, segment->last_us, segment->file_bytes);
	if (segment->state == SEGMENT_SEALED)
		buf_printf(out,
			   ",\"decisions\":%" PRIu64 ",\"events\":%" PRIu64
			   ",\"sealed_us\":%" PRId64 ",\"signed\":%s",
			   segment->decision_count, segment->event_count, segment->sealed_us,
			   segment->is_signed ? "true" : "false");
	buf_printf(out, ",\"chain\":\"");
	hex_append(out, segment->head.chain, AUDIT_CHAIN_BYTES);
	buf_printf(out, "\"}");
	output_line(out);
}

static bool add_row(struct table *table, const struct segment *segment)
{
	char number[CELL_BYTES], first[CELL_BYTES], last[CELL_BYTES], size[CELL_BYTES];
	struct buf from, to;
	bool added;

	buf_init(&from, CELL_BYTES);
	buf_init(&to, CELL_BYTES);
	if (segment->last_id >= segment->first_id && segment->first_id != 0) {
		output_time(&from, segment->first_us);
		output_time(&to, segment->last_us);
	}
	snprintf(number, sizeof(number), "%" PRIu32, segment->number);
	snprintf(first, sizeof(first), "%" PRIu64, segment->first_id);
	snprintf(last, sizeof(last), "%" PRIu64, segment->last_id);
	snprintf(size, sizeof(size), "%.1f", (double)segment->file_bytes / (1024 * 1024));
	added = table_add(table, (const struct str[]){
					 str_from(number),
					 str_from(state_text(segment->state)),
					 str_from(first),
					 str_from(last),
					 buf_str(&from),
					 buf_str(&to),
					 str_from(size),
				 });
	buf_deinit(&from);
	buf_deinit(&to);
	return added;
}

static enum ctl_exit print_segments(const struct ctl *ctl, const struct segment_list *segments)
{
	static const char *const titles[] = {"SEGMENT", "STATE", "FIRST", "LAST",
					     "FROM",    "TO",    "MIB"};
	enum ctl_exit code = CTL_DONE;
	struct table table;
	struct buf line;

	buf_init(&line, WHY_MAX);
	table_init(&table, titles, sizeof(titles) / sizeof(titles[0]), 4);
	for (size_t i = 0; i < segments->count && code == CTL_DONE; i++) {
		if (ctl->json)
			print_json(&line, &segments->items[i]);
		else if (!add_row(&table, &segments->items[i]))
			code = CTL_INVALID;
	}
	if (code != CTL_DONE)
		output_error("%s", error_text(ERR_NO_MEMORY));
	else if (!ctl->json)
		table_print(&table);
	table_deinit(&table);
	buf_deinit(&line);
	return code;
}

static enum ctl_exit run_segments(const struct ctl *ctl, const void *options, char **operands,
				  int operand_count)
{
	struct store_env env = {.list_names = directory_list_names};
	struct segment_list segments = {0};
	enum ctl_exit code = CTL_DONE;
	const char *directory;
	struct buf why;

	(void)options;
	(void)operands;
	(void)operand_count;
	if (!ctl_find_state(ctl, &directory))
		return CTL_INVALID;
	buf_init(&why, WHY_MAX);
	if (segment_list_read(&segments, directory, &env, &why) != ERR_NONE) {
		output_error("%s", buf_text(&why));
		code = CTL_INVALID;
	} else if (segments.count == 0) {
		output_error("%s: there is no audit", directory);
		code = CTL_INVALID;
	}
	if (code == CTL_DONE)
		code = print_segments(ctl, &segments);
	segment_list_deinit(&segments);
	buf_deinit(&why);
	return code;
}

/* Sends a request that is answered by an AuditWorkReply. */
static enum ctl_exit ask(const struct ctl *ctl, Wsauthz__AdminRequest *request, const char *done)
{
	const Wsauthz__AdminReply *reply = NULL;
	struct link *link = NULL;
	enum ctl_exit code = link_open(ctl, &link);
	struct buf line;

	buf_init(&line, WHY_MAX);
	if (code == CTL_DONE)
		code = link_call(link, request, WSAUTHZ__ADMIN_REPLY__BODY_AUDIT_WORK, &reply);
	if (code == CTL_DONE) {
		if (ctl->json) {
			buf_printf(&line, "{\"%s\":%" PRIu32 "}", done,
				   reply->audit_work->segment_count);
		} else {
			output_count(&line, reply->audit_work->segment_count, "segment",
				     "segments");
			buf_printf(&line, " %s", done);
		}
		output_line(&line);
	}
	buf_deinit(&line);
	link_close(link);
	return code;
}

static enum ctl_exit run_seal(const struct ctl *ctl, const void *options, char **operands,
			      int operand_count)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__AuditSeal seal = WSAUTHZ__AUDIT_SEAL__INIT;

	(void)options;
	(void)operands;
	(void)operand_count;
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_AUDIT_SEAL;
	request.audit_seal = &seal;
	return ask(ctl, &request, "sealed");
}

static enum ctl_exit run_prune(const struct ctl *ctl, const void *options, char **operands,
			       int operand_count)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__AuditPrune prune = WSAUTHZ__AUDIT_PRUNE__INIT;

	(void)options;
	(void)operands;
	(void)operand_count;
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_AUDIT_PRUNE;
	request.audit_prune = &prune;
	return ask(ctl, &request, "removed");
}

const struct ctl_command audit_segments_command = {
	.words = "audit segments",
	.operands = "",
	.summary = "the files of the audit, and which are sealed",
	.options = ctl_no_options,
	.run = run_segments,
};

const struct ctl_command audit_seal_command = {
	.words = "audit seal",
	.operands = "",
	.summary = "begin the next segment and seal the one before",
	.options = ctl_no_options,
	.run = run_seal,
};

const struct ctl_command audit_prune_command = {
	.words = "audit prune",
	.operands = "",
	.summary = "remove the segments that retention does not keep",
	.options = ctl_no_options,
	.run = run_prune,
};
