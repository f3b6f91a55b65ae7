/* wsauthzctl records list, show, revoke: the user records, a page at a time from the daemon. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "base/hex.h"
#include "base/log.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/ctl.h"
#include "ctl/link.h"
#include "ctl/output.h"
#include "ctl/record.h"

enum { LINE_MAX_BYTES = 1 << 20 };

struct list_options {
	const char *user, *sid;
};

static const struct arg_option list_options[] = {
	{"--user", ARG_TEXT, offsetof(struct list_options, user), "NAME",
	 "only senders of this name, whatever the case"},
	{"--sid", ARG_TEXT, offsetof(struct list_options, sid), "SID", "only this user"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static const char *const titles[] = {"RECORD", "USER",      "APPLICATION", "MECHANISM", "REVISION",
				     "IDLE",   "IDLE LEFT", "LIFE LEFT",   "STATE"};

static const char *state_text(const Wsauthz__Record *record)
{
	if (record->revoked)
		return "revoked";
	return record->administrator ? "administrator" : "live";
}

static uint64_t idle_left_ms(const Wsauthz__Record *record)
{
	return record->idle_timeout_ms > record->idle_ms ? record->idle_timeout_ms - record->idle_ms
							 : 0;
}

static bool add_row(struct table *table, const Wsauthz__Record *record)
{
	struct buf id, revision, idle, idle_ends, ends;
	bool ok;

	buf_init(&id, 64);
	buf_init(&revision, 32);
	buf_init(&idle, 32);
	buf_init(&idle_ends, 32);
	buf_init(&ends, 32);
	hex_append(&id, record->record_id.data, record->record_id.len);
	buf_printf(&revision, "%" PRIu64, record->policy_revision);
	output_duration(&idle, record->idle_ms);
	output_duration(&idle_ends, idle_left_ms(record));
	output_duration(&ends, record->lifetime_left_ms);
	ok = table_add(table, (const struct str[]){
				      buf_str(&id),
				      link_str(record->name),
				      link_str(record->application),
				      link_str(record->mechanism),
				      buf_str(&revision),
				      buf_str(&idle),
				      buf_str(&idle_ends),
				      buf_str(&ends),
				      str_from(state_text(record)),
			      });
	buf_deinit(&id);
	buf_deinit(&revision);
	buf_deinit(&idle);
	buf_deinit(&idle_ends);
	buf_deinit(&ends);
	return ok;
}

static void json_record(struct buf *out, const Wsauthz__Record *record)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_member_hex(&json, "record", record->record_id.data, record->record_id.len);
	json_member_string(&json, "application", link_str(record->application));
	json_member_string(&json, "user", link_str(record->name));
	json_member_string(&json, "mechanism", link_str(record->mechanism));
	json_member_string(&json, "sid", link_str(record->user_sid));
	json_member_time(&json, "created", (int64_t)record->created_us);
	json_member_u64(&json, "policy_revision", record->policy_revision);
	json_member_u64(&json, "idle_ms", record->idle_ms);
	json_member_u64(&json, "idle_timeout_ms", record->idle_timeout_ms);
	json_member_u64(&json, "lifetime_left_ms", record->lifetime_left_ms);
	json_member_u64(&json, "decision", record->decision_id);
	json_member_u64(&json, "contexts", record->context_count);
	json_member_bool(&json, "administrator", record->administrator);
	json_member_bool(&json, "revoked", record->revoked);
	json_write_object_end(&json);
}

/* All there is of one. */

static void print_line(const char *name, struct str value)
{
	struct buf text;

	buf_init(&text, 8 * LINE_MAX_BYTES);
	log_escape(&text, value);
	printf("%-14s %s\n", name, buf_text(&text));
	buf_deinit(&text);
}

static void print_span(const char *name, uint64_t ms)
{
	struct buf text;

	buf_init(&text, 64);
	output_duration(&text, ms);
	printf("%-14s %s\n", name, buf_text(&text));
	buf_deinit(&text);
}

static void print_limit(const char *name, uint32_t value)
{
	if (value == UINT32_MAX)
		printf("%-14s unlimited\n", name);
	else
		printf("%-14s %" PRIu32 "\n", name, value);
}

static void print_record(const Wsauthz__Record *record)
{
	struct buf text;

	buf_init(&text, 64);
	hex_append(&text, record->record_id.data, record->record_id.len);
	print_line("record", buf_str(&text));
	buf_clear(&text);
	output_time(&text, (int64_t)record->created_us);
	print_line("user", link_str(record->name));
	if (record->user_sid.len != 0)
		print_line("sid", link_str(record->user_sid));
	print_line("application", link_str(record->application));
	print_line("mechanism", link_str(record->mechanism));
	print_line("state", str_from(state_text(record)));
	print_line("created", buf_str(&text));
	printf("%-14s %" PRIu64 "\n%-14s %" PRIu64 "\n%-14s %" PRIu32 "\n", "revision",
	       record->policy_revision, "decision", record->decision_id, "contexts",
	       record->context_count);
	print_span("idle", record->idle_ms);
	print_span("idle left", idle_left_ms(record));
	print_span("life left", record->lifetime_left_ms);
	if (record->quota != NULL) {
		print_limit("shells", record->quota->max_concurrent_shells);
		print_limit("operations", record->quota->max_concurrent_operations);
		printf("%-14s %" PRIu32 "s\n", "timeslot", record->quota->timeslot_s);
		print_limit("per timeslot", record->quota->max_operations_per_timeslot);
	}
	buf_deinit(&text);
}

/* What is done with each record that the daemon tells. */
struct listing {
	const struct ctl *ctl;
	struct table *table; /* NULL: all there is of each, one below the other */
	struct buf line;
	size_t count;
};

static bool print_one(struct listing *listing, const Wsauthz__Record *record)
{
	listing->count++;
	if (listing->ctl->json) {
		json_record(&listing->line, record);
		output_line(&listing->line);
		return true;
	}
	if (listing->table != NULL)
		return add_row(listing->table, record);
	if (listing->count > 1)
		printf("\n");
	print_record(record);
	return true;
}

/* All pages of the records that `wanted` is about. */
static enum ctl_exit list(struct listing *listing, struct link *link,
			  const Wsauthz__RecordsList *wanted)
{
	Wsauthz__RecordsList query = *wanted;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	uint8_t last[AUTHZ_ID_BYTES];
	enum ctl_exit code;

	query.limit = ADMIN_RECORDS_MAX;
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_LIST;
	request.records_list = &query;
	do {
		const Wsauthz__RecordsListReply *page;

		code = link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_RECORDS_LIST, &reply);
		if (code != CTL_DONE)
			return code;
		page = reply->records_list;
		for (size_t i = 0; i < page->n_records; i++) {
			if (!print_one(listing, page->records[i])) {
				output_error("out of memory");
				return CTL_INVALID;
			}
		}
		if (page->n_records == 0 || !page->more)
			return CTL_DONE;
		memcpy(last, page->records[page->n_records - 1]->record_id.data, sizeof(last));
		query.after = authz_bytes(last, sizeof(last));
	} while (true);
}

static enum ctl_exit run_list(const struct ctl *ctl, const void *opaque, char **operands,
			      int operand_count)
{
	const struct list_options *options = opaque;
	Wsauthz__RecordsList query = WSAUTHZ__RECORDS_LIST__INIT;
	struct listing listing = {.ctl = ctl};
	struct link *link = NULL;
	struct table table;
	enum ctl_exit code;

	(void)operands;
	(void)operand_count;
	buf_init(&listing.line, LINE_MAX_BYTES);
	table_init(&table, titles, ARRAY_COUNT(titles), 1);
	listing.table = &table;
	query.name = link_bytes(str_from(options->user));
	query.user_sid = link_bytes(str_from(options->sid));
	code = link_open(ctl, &link);
	if (code == CTL_DONE)
		code = list(&listing, link, &query);
	if (code == CTL_DONE && !ctl->json && table.first != NULL)
		table_print(&table);
	if (code == CTL_DONE && !ctl->json && table.first == NULL)
		printf("no live records\n");
	link_close(link);
	table_deinit(&table);
	buf_deinit(&listing.line);
	return code;
}

static enum ctl_exit run_show(const struct ctl *ctl, const void *options, char **operands,
			      int operand_count)
{
	Wsauthz__RecordsList query = WSAUTHZ__RECORDS_LIST__INIT;
	struct listing listing = {.ctl = ctl};
	struct str whose = str_from(operands[0]);
	uint8_t id[AUTHZ_ID_BYTES];
	struct link *link = NULL;
	enum ctl_exit code;

	(void)options;
	(void)operand_count;
	if (record_id_parse(operands[0], id))
		query.record_id = authz_bytes(id, sizeof(id));
	else if (str_starts_with(whose, STR("S-1-")))
		query.user_sid = link_bytes(whose);
	else
		query.name = link_bytes(whose);
	buf_init(&listing.line, LINE_MAX_BYTES);
	code = link_open(ctl, &link);
	if (code == CTL_DONE)
		code = list(&listing, link, &query);
	if (code == CTL_DONE && listing.count == 0) {
		output_error("there is no live record of '%s'; see wsauthzctl records list",
			     operands[0]);
		code = CTL_DENIED;
	}
	link_close(link);
	buf_deinit(&listing.line);
	return code;
}

static void print_revoked(const struct ctl *ctl, uint32_t count)
{
	if (ctl->json)
		printf("{\"revoked\":%" PRIu32 "}\n", count);
	else
		printf("%" PRIu32 " %s revoked\n", count, count_noun(count, "record", "records"));
}

static enum ctl_exit run_revoke(const struct ctl *ctl, const void *options, char **operands,
				int operand_count)
{
	Wsauthz__RecordsRevoke revoke = WSAUTHZ__RECORDS_REVOKE__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	uint8_t id[AUTHZ_ID_BYTES];
	struct link *link = NULL;
	enum ctl_exit code;

	(void)options;
	(void)operand_count;
	if (record_id_parse(operands[0], id)) {
		revoke.whose_case = WSAUTHZ__RECORDS_REVOKE__WHOSE_RECORD_ID;
		revoke.record_id = authz_bytes(id, sizeof(id));
	} else {
		revoke.whose_case = WSAUTHZ__RECORDS_REVOKE__WHOSE_PRINCIPAL;
		revoke.principal = link_bytes(str_from(operands[0]));
	}
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_REVOKE;
	request.records_revoke = &revoke;
	code = link_open(ctl, &link);
	if (code == CTL_DONE)
		code = link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_RECORDS_REVOKE, &reply);
	if (code == CTL_DONE) {
		print_revoked(ctl, reply->records_revoke->revoked_count);
		code = reply->records_revoke->revoked_count != 0 ? CTL_DONE : CTL_DENIED;
	}
	link_close(link);
	return code;
}

const struct ctl_command records_show_command = {
	.words = "records show",
	.operands = "RECORD|SID|NAME",
	.summary = "all there is of one record, or of a user's records",
	.options = ctl_no_options,
	.operand_min = 1,
	.operand_max = 1,
	.run = run_show,
};

const struct ctl_command records_revoke_command = {
	.words = "records revoke",
	.operands = "RECORD|SID|NAME",
	.summary = "deny a user who is in, until they connect anew",
	.options = ctl_no_options,
	.operand_min = 1,
	.operand_max = 1,
	.run = run_revoke,
};

const struct ctl_command records_list_command = {
	.words = "records list",
	.operands = "",
	.summary = "live user records",
	.options = list_options,
	.options_size = sizeof(struct list_options),
	.run = run_list,
};
