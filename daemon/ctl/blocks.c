/* wsauthzctl block, unblock, blocks: principals that are denied before any policy is asked. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "base/log.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/ctl.h"
#include "ctl/link.h"
#include "ctl/output.h"
#include "ctl/record.h"
#include "ctl/when.h"
#include "platform/clock.h"

enum { LINE_MAX_BYTES = 1 << 20, SIDS_MAX = 8 /* that are told */ };

struct block_options {
	const char *duration, *until, *reason;
};

static const struct arg_option block_options[] = {
	{"--for", ARG_TEXT, offsetof(struct block_options, duration), "SPAN",
	 "how long, such as 30m or 8h, in which the machine runs or sleeps; for ever without it"},
	{"--until", ARG_TEXT, offsetof(struct block_options, until), "TIME",
	 "instead of --for: its end by the wall clock, such as 18:00 or 2026-12-01T08:00+01:00 "
	 "(without: UTC)"},
	{"--reason", ARG_TEXT, offsetof(struct block_options, reason), "TEXT",
	 "why, for other administrators"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static void append_until(struct buf *out, const Wsauthz__BlockEntry *entry)
{
	if (entry->until_us == 0)
		buf_append_str(out, STR("for ever"));
	else
		output_time_of_second(out, (int64_t)entry->until_us);
}

static void json_block(struct buf *out, const Wsauthz__BlockEntry *entry)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_member_string(&json, "principal", link_str(entry->principal));
	json_member_time(&json, "created", (int64_t)entry->created_us);
	if (entry->until_us != 0) {
		json_member_time(&json, "until", (int64_t)entry->until_us);
		json_member_u64(&json, "left_ms", entry->left_ms);
	}
	json_member_string(&json, "reason", link_str(entry->reason));
	json_write_object_end(&json);
}

static void print_block(const struct ctl *ctl, const Wsauthz__BlockEntry *entry)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	if (ctl->json) {
		json_block(&line, entry);
	} else {
		buf_append_str(&line, STR("blocked "));
		log_escape(&line, link_str(entry->principal));
		buf_append_str(&line, entry->until_us != 0 ? STR(" until ") : STR(" "));
		append_until(&line, entry);
		buf_append_str(&line, entry->until_us != 0 ? STR(" UTC") : STR(""));
	}
	output_line(&line);
	buf_deinit(&line);
}

static bool read_end(const char *text, uint64_t *until_us)
{
	int64_t now_us = clock_wall_us(platform_clock()), end_us;
	uint64_t span_ms;

	/* A span as a time would lie in the past. */
	if (when_parse_span(str_from(text), &span_ms) ||
	    !when_parse(str_from(text), now_us, &end_us)) {
		output_error("--until takes a time such as 18:00 or 2026-12-01T08:00+01:00; not "
			     "'%s'",
			     text);
		return false;
	}
	if (end_us <= now_us) {
		output_error("--until %s is over", text);
		return false;
	}
	*until_us = (uint64_t)end_us;
	return true;
}

/* Reads --for, into whole seconds, or --until. */
static bool read_span(const struct block_options *options, Wsauthz__Block *block)
{
	uint64_t ms = 0;

	if (options->duration != NULL && options->until != NULL) {
		output_error("give --for or --until, not both");
		return false;
	}
	if (options->duration != NULL && !when_parse_span(str_from(options->duration), &ms)) {
		output_error("--for takes a span such as 30m, 8h or 1d12h; not '%s'",
			     options->duration);
		return false;
	}
	block->duration_s = (ms + 999) / 1000;
	return options->until == NULL || read_end(options->until, &block->until_us);
}

/* The principal of a record: its SID, or without one the name its user came under. */
static enum ctl_exit principal_of_record(struct link *link, uint8_t id[AUTHZ_ID_BYTES],
					 struct buf *out)
{
	const Wsauthz__Record *record = NULL;
	enum ctl_exit code = record_fetch(link, id, &record);

	if (code == CTL_DONE)
		buf_append_str(
			out, link_str(record->user_sid.len != 0 ? record->user_sid : record->name));
	return code;
}

/* A SID, or a sender without token as policies name it, has no other spelling. */
static bool is_name(struct str principal)
{
	return !str_starts_with(principal, STR("S-1-")) &&
	       !str_starts_with(principal, STR("s-1-")) && str_find_byte(principal, ':') == NULL;
}

/* The SIDs of `records`, each once, behind a colon. */
static void append_sids(struct buf *out, const Wsauthz__RecordsListReply *records)
{
	struct str sids[SIDS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < records->n_records && count < SIDS_MAX; i++) {
		struct str sid = link_str(records->records[i]->user_sid);
		size_t known = 0;

		while (known < count && !str_equal(sids[known], sid))
			known++;
		if (sid.length == 0 || known < count)
			continue;
		sids[count++] = sid;
		buf_append_str(out, count == 1 ? STR(": ") : STR(", "));
		buf_append_str(out, sid);
	}
}

/* Says that a block of a name is not yet one of its account, and which SIDs have come under it. */
static void tell_of_spellings(struct link *link, struct str name)
{
	Wsauthz__RecordsList query = WSAUTHZ__RECORDS_LIST__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	struct buf sids;

	buf_init(&sids, LINE_MAX_BYTES);
	query.limit = ADMIN_RECORDS_MAX;
	query.name = link_bytes(name);
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_LIST;
	request.records_list = &query;
	if (link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_RECORDS_LIST, &reply) == CTL_DONE)
		append_sids(&sids, reply->records_list);
	if (sids.length == 0)
		buf_append_str(&sids, STR(", which wsauthzctl audit query --json tells"));
	output_error("a name is one spelling of an account, and who is blocked may come under "
		     "another; to be sure, block the SID%s",
		     buf_text(&sids));
	buf_deinit(&sids);
}

static enum ctl_exit run_block(const struct ctl *ctl, const void *opaque, char **operands,
			       int operand_count)
{
	const struct block_options *options = opaque;
	Wsauthz__Block block = WSAUTHZ__BLOCK__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	uint8_t id[AUTHZ_ID_BYTES];
	struct link *link = NULL;
	struct buf principal;
	enum ctl_exit code;

	(void)operand_count;
	if (!read_span(options, &block))
		return CTL_USAGE;
	buf_init(&principal, LINE_MAX_BYTES);
	block.reason = link_bytes(str_from(options->reason));
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_BLOCK;
	request.block = &block;
	code = link_open(ctl, &link);
	if (code == CTL_DONE && record_id_parse(operands[0], id))
		code = principal_of_record(link, id, &principal);
	else
		buf_append_str(&principal, str_from(operands[0]));
	block.principal = link_bytes(buf_str(&principal));
	if (code == CTL_DONE)
		code = link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_BLOCK, &reply);
	if (code == CTL_DONE) {
		print_block(ctl, reply->block->block);
		if (is_name(buf_str(&principal)))
			tell_of_spellings(link, buf_str(&principal));
	}
	buf_deinit(&principal);
	link_close(link);
	return code;
}

static enum ctl_exit run_unblock(const struct ctl *ctl, const void *options, char **operands,
				 int operand_count)
{
	Wsauthz__Unblock unblock = WSAUTHZ__UNBLOCK__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	struct link *link = NULL;
	enum ctl_exit code;

	(void)options;
	(void)operand_count;
	unblock.principal = link_bytes(str_from(operands[0]));
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_UNBLOCK;
	request.unblock = &unblock;
	code = link_open(ctl, &link);
	if (code == CTL_DONE)
		code = link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_UNBLOCK, &reply);
	if (code == CTL_DONE) {
		bool found = reply->unblock->found;

		if (ctl->json)
			printf("{\"found\":%s}\n", found ? "true" : "false");
		else
			printf("%s\n", found ? "unblocked"
					     : "there was no such block; see wsauthzctl blocks");
		code = found ? CTL_DONE : CTL_DENIED;
	}
	link_close(link);
	return code;
}

static const char *const titles[] = {"PRINCIPAL", "SINCE (UTC)", "UNTIL (UTC)", "GOES ON FOR",
				     "REASON"};

/* How long the block goes on; nothing when it does so for ever. */
static void append_left(struct buf *out, const Wsauthz__BlockEntry *entry)
{
	if (entry->left_ms != 0)
		output_duration(out, entry->left_ms);
	else if (entry->until_us != 0)
		buf_append_str(out, STR("ended"));
}

static bool add_row(struct table *table, const Wsauthz__BlockEntry *entry)
{
	struct buf since, until, left;
	bool ok;

	buf_init(&since, 64);
	buf_init(&until, 64);
	buf_init(&left, 32);
	output_time_of_second(&since, (int64_t)entry->created_us);
	append_until(&until, entry);
	append_left(&left, entry);
	ok = table_add(table, (const struct str[]){link_str(entry->principal), buf_str(&since),
						   buf_str(&until), buf_str(&left),
						   link_str(entry->reason)});
	buf_deinit(&since);
	buf_deinit(&until);
	buf_deinit(&left);
	return ok;
}

static enum ctl_exit take_page(const struct ctl *ctl, const Wsauthz__BlocksListReply *page,
			       struct table *table)
{
	for (size_t i = 0; i < page->n_blocks; i++) {
		if (ctl->json) {
			print_block(ctl, page->blocks[i]);
		} else if (!add_row(table, page->blocks[i])) {
			output_error("out of memory");
			return CTL_INVALID;
		}
	}
	return CTL_DONE;
}

static enum ctl_exit list(const struct ctl *ctl, struct link *link, struct table *table)
{
	Wsauthz__BlocksList query = WSAUTHZ__BLOCKS_LIST__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	enum ctl_exit code;
	struct buf last;

	buf_init(&last, LINE_MAX_BYTES);
	query.limit = ADMIN_BLOCKS_MAX;
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_BLOCKS_LIST;
	request.blocks_list = &query;
	do {
		const Wsauthz__BlocksListReply *page;

		code = link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_BLOCKS_LIST, &reply);
		if (code != CTL_DONE)
			break;
		page = reply->blocks_list;
		code = take_page(ctl, page, table);
		if (code != CTL_DONE || page->n_blocks == 0 || !page->more)
			break;
		/* The reply is gone with the next call. */
		buf_clear(&last);
		buf_append_str(&last, link_str(page->blocks[page->n_blocks - 1]->principal));
		query.after = link_bytes(buf_str(&last));
	} while (true);
	buf_deinit(&last);
	return code;
}

static enum ctl_exit run_blocks(const struct ctl *ctl, const void *options, char **operands,
				int operand_count)
{
	struct link *link = NULL;
	struct table table;
	enum ctl_exit code;

	(void)options;
	(void)operands;
	(void)operand_count;
	table_init(&table, titles, ARRAY_COUNT(titles), 0);
	code = link_open(ctl, &link);
	if (code == CTL_DONE)
		code = list(ctl, link, &table);
	if (code == CTL_DONE && !ctl->json) {
		if (table.first != NULL)
			table_print(&table);
		else
			printf("nobody is blocked\n");
	}
	link_close(link);
	table_deinit(&table);
	return code;
}

const struct ctl_command block_command = {
	.words = "block",
	.operands = "SID|NAME|RECORD",
	.summary = "deny a principal, whatever the policy says",
	.options = block_options,
	.options_size = sizeof(struct block_options),
	.operand_min = 1,
	.operand_max = 1,
	.run = run_block,
};

const struct ctl_command unblock_command = {
	.words = "unblock",
	.operands = "SID|NAME",
	.summary = "lift a block",
	.options = ctl_no_options,
	.operand_min = 1,
	.operand_max = 1,
	.run = run_unblock,
};

const struct ctl_command blocks_command = {
	.words = "blocks",
	.operands = "",
	.summary = "the blocks, and how long each goes on",
	.options = ctl_no_options,
	.run = run_blocks,
};
