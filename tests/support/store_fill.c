#include "support/store_fill.h"

#include <stdio.h>

#include "base/mem.h"
#include "store/seal.h"

enum { BATCH_ROWS = 1000, EVENT_EVERY_ROWS = 50000 };

static uint64_t mix(uint64_t number)
{
	/* splitmix64 */
	uint64_t z = number * 0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static struct str print(char *out, size_t size, const char *prefix, uint64_t number)
{
	int length = snprintf(out, size, "%s%llu", prefix, (unsigned long long)number);

	return str_make(out, (size_t)length);
}

/* The lesser of two even numbers: low ones come often. */
static uint64_t pick_user(uint64_t random)
{
	uint64_t a = random % STORE_FILL_USERS, b = (random >> 20) % STORE_FILL_USERS;
	uint64_t c = (random >> 40) % STORE_FILL_USERS;
	uint64_t least = a < b ? a : b;

	return least < c ? least : c;
}

static void fill_subject(uint64_t user, struct store_fill_texts *texts, struct audit_row *row)
{
	static const struct str applications[] = {
		{"http://schemas.microsoft.com/powershell/Microsoft.PowerShell", 60},
		{"wsman/Contoso.Storage", 21},
		{"wsman/Contoso.Exchange", 22},
	};
	/* Most groups are those of a department. */
	size_t group_count = 3 + user % 5;

	row->application = applications[user % 3];
	row->principal = print(texts->sid, sizeof(texts->sid),
			       "S-1-5-21-3623811015-3361044348-30300820-", 1100 + user);
	row->user = print(texts->user, sizeof(texts->user), "CONTOSO\\User", user);
	row->user_folded =
		print(texts->user_folded, sizeof(texts->user_folded), "contoso\\user", user);
	row->mechanism = user % 4 == 0 ? STR("Negotiate") : STR("Kerberos");
	for (size_t i = 0; i < group_count; i++)
		texts->group_list[i] = print(texts->groups[i], sizeof(texts->groups[i]),
					     "S-1-5-21-3623811015-3361044348-30300820-",
					     5000 + (user % 40) * 8 + i);
	texts->deny_only[0] = STR("S-1-5-32-544");
	row->groups = (struct audit_list){texts->group_list, group_count};
	row->deny_only_groups = (struct audit_list){texts->deny_only, user % 10 == 0};
}

static void fill_request(uint64_t random, struct store_fill_texts *texts, struct audit_row *row)
{
	static const struct {
		enum audit_kind kind;
		struct str action, uri;
	} requests[] = {
		{AUDIT_AUTHORIZE_OPERATION,
		 {"Invoke", 6},
		 {"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send", 60}},
		{AUDIT_AUTHORIZE_OPERATION,
		 {"Command", 7},
		 {"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command", 63}},
		{AUDIT_AUTHORIZE_OPERATION,
		 {"Get", 3},
		 {"http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", 50}},
		{AUDIT_AUTHORIZE_OPERATION,
		 {"Enumerate", 9},
		 {"http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate", 59}},
		{AUDIT_AUTHORIZE_OPERATION,
		 {"CreateShell", 11},
		 {"http://schemas.xmlsoap.org/ws/2004/09/transfer/Create", 53}},
		{AUDIT_AUTHORIZE_USER, {"Connect", 7}, {"", 0}},
		{AUDIT_QUERY_QUOTA, {"Connect", 7}, {"", 0}},
	};
	size_t which = random % 7;

	row->kind = requests[which].kind;
	row->action = requests[which].action;
	row->action_uri = requests[which].uri;
	if (row->kind != AUDIT_AUTHORIZE_OPERATION)
		return;
	row->resource_uri =
		which < 2 ? STR("http://schemas.microsoft.com/powershell/Microsoft.PowerShell")
			  : print(texts->resource, sizeof(texts->resource),
				  "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/"
				  "Win32_Class",
				  (random >> 8) % 60);
}

static void fill_answer(uint64_t random, uint64_t user, struct store_fill_texts *texts,
			struct audit_row *row)
{
	/* Of every eighth user one question in four, of the others one in twenty. */
	bool denied = (random >> 16) % 100 < (user % 8 == 0 ? 25 : 5);

	row->verdict = denied ? AUDIT_DENY : AUDIT_ALLOW;
	row->code = denied ? 5 : 0;
	row->source = STR("policy");
	if (denied && (random >> 24) % 3 == 0)
		row->source = STR("default");
	else if (!denied && row->kind == AUDIT_AUTHORIZE_USER && (random >> 24) % 4 != 0)
		row->source = STR("record");
	texts->policies[0] = print(texts->policy, sizeof(texts->policy), "policy-",
				   (user + (random >> 32) % 3) % 30);
	row->policies = (struct audit_list){texts->policies, str_equal(row->source, STR("policy"))};
}

void store_fill_row(uint64_t number, int64_t wall_us, struct store_fill_texts *texts,
		    struct audit_row *row)
{
	uint64_t random = mix(number), user = pick_user(random);
	uint64_t session = user * 31 + number / 40000; /* a new user record now and then */

	*row = (struct audit_row){
		.wall_us = wall_us,
		.boot_ms = (int64_t)(1000000 + number / 10),
		.utc_offset_minutes = 60,
		.policy_revision = 1 + number / 2000000,
		/* A connection of the host program lives for a while. */
		.connection = 1 + number / 200000,
		.peer = STR("uid:33"),
		.peer_pid = 4242 + number / 1000000,
		.latency_us = 20 + (random >> 48) % 300,
	};
	fill_subject(user, texts, row);
	fill_request(random >> 12, texts, row);
	fill_answer(mix(random), user, texts, row);
	int length = snprintf(
		texts->context, sizeof(texts->context),
		"{\"mechanism\":\"%.*s\",\"hasToken\":true,\"elevated\":%s,\"url\":{\"scheme\":"
		"\"https\",\"host\":\"srv%llu.contoso.com\",\"port\":5986,\"path\":\"/powershell\"}"
		"}",
		STR_ARGS(row->mechanism), user % 10 == 0 ? "true" : "false",
		(unsigned long long)(user % 20));
	row->context = str_make(texts->context, (size_t)length);
	if (row->verdict == AUDIT_ALLOW) {
		for (size_t i = 0; i < AUDIT_RECORD_ID_BYTES; i++)
			row->record_id[i] = (uint8_t)(mix(session + 1) >> (4 * i % 57));
		row->record_id[0] |= 1;
	}
}

struct filler {
	const struct store_fill *plan;
	struct audit *audit;
	struct audit_row *rows;
	struct store_fill_texts *texts;
	uint64_t done;
	int64_t wall_us;
	struct buf *why;
};

/* Appends the next decisions, `count` at most BATCH_ROWS, with an event among them now and then. */
static enum error fill_batch(struct filler *filler, size_t count)
{
	static const struct audit_event event = {
		{"policy.activated", 16}, {"uid:0", 5}, {"{\"revision\":1}", 14}};
	size_t rows = 0;
	uint64_t first_id;

	for (size_t i = 0; i < count; i++) {
		uint64_t number = filler->done + i;

		filler->wall_us += STORE_FILL_STEP_US;
		if (number % EVENT_EVERY_ROWS == 0)
			filler->rows[rows++] = (struct audit_row){
				.wall_us = filler->wall_us, .boot_ms = 1, .event = &event};
		store_fill_row(number, filler->wall_us, &filler->texts[i], &filler->rows[rows++]);
	}
	enum error error = audit_append(filler->audit, filler->rows, rows, &first_id);
	if (error != ERR_NONE)
		buf_printf(filler->why, "filling: %s (%s)", error_text(error),
			   audit_failure_text(filler->audit));
	filler->done += count;
	return error;
}

static enum error seal(struct filler *filler, uint32_t number)
{
	struct segment segment;

	return seal_segment(filler->plan->directory, number, filler->plan->env, NULL,
			    filler->wall_us, &segment, filler->why);
}

/* The next segment begins, the one before is sealed. */
static enum error next_segment(struct filler *filler)
{
	const struct store_fill *plan = filler->plan;
	uint32_t number = audit_segment_number(filler->audit);
	struct audit *next;
	enum error error =
		audit_prepare_next(plan->directory, plan->env, number, &next, filler->why);

	if (error != ERR_NONE)
		return error;
	error = audit_rotate(filler->audit, next, filler->wall_us);
	audit_close(error == ERR_NONE ? filler->audit : next);
	if (error != ERR_NONE)
		return error;
	filler->audit = next;
	return seal(filler, number);
}

static enum error fill(struct filler *filler)
{
	const struct store_fill *plan = filler->plan;
	uint64_t segment_rows =
		plan->segment_rows != 0 ? plan->segment_rows : STORE_FILL_SEGMENT_ROWS;
	enum error error = ERR_NONE;

	while (error == ERR_NONE && filler->done < plan->row_count) {
		uint64_t left = plan->row_count - filler->done;

		if (audit_segment_rows(filler->audit) >= segment_rows)
			error = next_segment(filler);
		if (error == ERR_NONE)
			error = fill_batch(filler, (size_t)(left < BATCH_ROWS ? left : BATCH_ROWS));
		if (error == ERR_NONE && plan->on_progress != NULL)
			plan->on_progress(plan->arg, filler->done);
	}
	if (error == ERR_NONE && plan->seal_last && audit_segment_rows(filler->audit) != 0)
		error = next_segment(filler);
	return error;
}

enum error store_fill(const struct store_fill *plan, struct buf *why)
{
	struct filler filler = {
		.plan = plan,
		.rows = mem_calloc(BATCH_ROWS + 1, sizeof(*filler.rows)),
		.texts = mem_calloc(BATCH_ROWS, sizeof(*filler.texts)),
		.wall_us = plan->last_us - (int64_t)plan->row_count * STORE_FILL_STEP_US,
		.why = why,
	};
	enum error error = filler.rows != NULL && filler.texts != NULL ? ERR_NONE : ERR_NO_MEMORY;

	if (error == ERR_NONE)
		error = audit_open(plan->directory, plan->env, false, &filler.audit, why);
	if (error == ERR_NONE)
		error = fill(&filler);
	audit_close(filler.audit);
	mem_free(filler.rows);
	mem_free(filler.texts);
	return error;
}
