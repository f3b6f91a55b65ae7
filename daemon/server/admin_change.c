#include "server/admin_change.h"

#include <stdio.h>
#include <string.h>

#include "base/casefold.h"
#include "base/civil.h"
#include "base/hex.h"
#include "cedar/json_write.h"
#include "server/admin_reply.h"
#include "server/question.h"

enum { MICROSECONDS = 1000000, MICROSECONDS_OF_MS = 1000 };
enum { ARGUMENTS_MAX_BYTES = 60 * 1024, UNTIL_MAX_BYTES = 64 };

/* A change with what it needs until it is answered; in the request's arena. */
struct admin_change {
	struct change change;
	struct request *request;
	struct state_block block;           /* Block, Unblock; the reply tells it as well */
	enum state_lookup found;            /* Unblock */
	struct record_keeper_waiter waiter; /* RecordsRevoke */
	struct record_id *ids;
	size_t count;          /* of the records that this command revoked */
	enum error not_stored; /* what kept them from the disk */
	char *refusal;         /* of what is not allowed */
};

static struct admin_change *change_of(struct change *change)
{
	return CONTAINER_OF(change, struct admin_change, change);
}

static void refuse_and_free(struct request *request, enum refusal_reason reason, const char *detail)
{
	request_refuse(request, reason, detail);
	request_free(request);
}

static void refuse_memory(struct request *request)
{
	refuse_and_free(request, REFUSAL_INTERNAL, error_text(ERR_NO_MEMORY));
}

/* What is recorded of a command besides who asked for it. */
struct description {
	const char *action;
	struct str key, subject; /* of whom, under which name; a text of the request or its arena */
	struct str reason;       /* may be empty */
	int64_t until_us;        /* when it ends; 0: nothing is said of that */
};

static void write_until(struct json_writer *json, int64_t until_us)
{
	char memory[UNTIL_MAX_BYTES];
	struct buf text;

	buf_init_fixed(&text, memory, sizeof(memory));
	civil_append(&text, until_us);
	json_write_key(json, STR("until"));
	json_write_string(json, buf_str(&text));
}

/* Fills what is recorded of the command. False when memory is spent. */
static bool fill_action(struct admin_change *change, const struct description *description)
{
	struct request *request = change->request;
	struct state_action *record = &change->change.action;
	struct json_writer json;
	struct buf arguments;

	buf_init(&arguments, ARGUMENTS_MAX_BYTES);
	json = json_write_to(&arguments);
	json_write_object(&json);
	json_write_key(&json, description->key);
	json_write_string(&json, description->subject);
	if (description->until_us != 0)
		write_until(&json, description->until_us);
	if (description->reason.length != 0) {
		json_write_key(&json, STR("reason"));
		json_write_string(&json, description->reason);
	}
	json_write_object_end(&json);
	*record = (struct state_action){
		.at_us = request->instant.wall_us,
		.actor = arena_copy(&request->arena, str_from(request->session->peer)),
		.action = str_from(description->action),
		.outcome = STR("done"),
	};
	if (arguments.failed == ERR_NONE)
		record->arguments = arena_copy(&request->arena, buf_str(&arguments));
	buf_deinit(&arguments);
	return record->actor.ptr != NULL && record->arguments.ptr != NULL;
}

/* The same, and says so in the log. */
static bool describe(struct admin_change *change, const struct description *description)
{
	const struct request *request = change->request;

	log_info(request->service->log, description->action, "asked for by %s",
		 request->session->peer);
	return fill_action(change, description);
}

static struct admin_change *change_new(struct request *request)
{
	struct admin_change *change = arena_calloc(&request->arena, 1, sizeof(*change));

	if (change != NULL)
		change->request = request;
	return change;
}

static void answer(struct request *request, Wsauthz__AdminReply *reply)
{
	if (request->session == NULL) {
		request->service->metrics.undelivered++;
	} else {
		admin_reply_send(request->session, request->id, reply);
		request_detach(request);
	}
	request_free(request);
}

/* The principal that an administrator typed. False after a refusal, which ended the request. */
static bool read_principal(struct request *request, ProtobufCBinaryData text, struct str *principal)
{
	enum error error = identity_read_principal(&request->arena, question_text(text), principal);

	if (error == ERR_NONE)
		return true;
	if (error == ERR_NO_MEMORY)
		refuse_memory(request);
	else
		refuse_and_free(request, REFUSAL_BAD_REQUEST, "the principal is no valid text");
	return false;
}

/* Blocks. */

static struct block block_of(const struct state_block *row)
{
	return (struct block){
		.principal = row->principal,
		.created_us = row->created_us,
		.until_us = row->until_us == STATE_BLOCK_FOR_EVER ? BLOCK_FOR_EVER : row->until_us,
		.until_ms = row->until_ms,
		.by_wall_clock = row->by_wall_clock,
		.reason = row->reason,
	};
}

static enum error write_block(struct state *state, struct change *base)
{
	const struct admin_change *change = change_of(base);
	const struct request *request = change->request;
	enum error error = state_note_block_clock(state, request->service->boot_id->bytes,
						  request->instant.boot_ms);

	return error == ERR_NONE ? state_put_block(state, &change->block) : error;
}

static void on_blocked(struct change *base, enum error error)
{
	struct admin_change *change = change_of(base);
	struct request *request = change->request;
	struct block block = block_of(&change->block);
	Wsauthz__BlockEntry entry = WSAUTHZ__BLOCK_ENTRY__INIT;
	Wsauthz__BlockReply body = WSAUTHZ__BLOCK_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;
	/* Again, stored or not, for an earlier command may have lifted it meanwhile. */
	enum error kept = blocks_put(request->service->blocks, &block);

	if (kept != ERR_NONE) {
		refuse_and_free(request, REFUSAL_INTERNAL,
				"the daemon lacks the memory for the block: block again");
		return;
	}
	if (error != ERR_NONE) {
		refuse_and_free(
			request, REFUSAL_INTERNAL,
			"the block holds, but could not be stored: it ends with the daemon; "
			"see its log");
		return;
	}
	admin_reply_fill_block(&block, service_block_time(request->service), &entry);
	body.block = &entry;
	reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_BLOCK;
	reply.block = &body;
	answer(request, &reply);
}

/* Sets the ends of the block. False when they cannot be. */
static bool read_end(const Wsauthz__Block *body, const struct instant *now, struct state_block *row)
{
	const uint64_t max_us = ADMIN_BLOCK_MAX_S * MICROSECONDS;
	uint64_t span_us = body->duration_s * MICROSECONDS, now_us = (uint64_t)now->wall_us;

	row->created_us = now->wall_us;
	row->until_us = STATE_BLOCK_FOR_EVER;
	row->until_ms = STATE_BLOCK_FOR_EVER;
	row->by_wall_clock = body->until_us != 0;
	if (row->by_wall_clock) {
		if (span_us != 0 || body->until_us < now_us || body->until_us - now_us > max_us)
			return false;
		span_us = body->until_us - now_us;
	}
	if (row->by_wall_clock || span_us != 0) {
		row->until_us = row->created_us + (int64_t)span_us;
		row->until_ms = now->boot_ms + (int64_t)(span_us / MICROSECONDS_OF_MS);
	}
	return true;
}

void admin_change_block(struct request *request, const Wsauthz__AdminRequest *message)
{
	const Wsauthz__Block *body = message->block;
	struct admin_change *change = change_new(request);
	struct description description = {.action = "records.block", .key = STR("principal")};
	struct state_block *row;
	struct block block;
	enum error error;

	if (change == NULL) {
		refuse_memory(request);
		return;
	}
	row = &change->block;
	if (!read_principal(request, body->principal, &row->principal))
		return;
	if (!read_end(body, &request->instant, row)) {
		refuse_and_free(request, REFUSAL_BAD_REQUEST,
				"until_us is no time to come within a hundred years, or not alone");
		return;
	}
	row->reason = question_text(body->reason);
	description.subject = row->principal;
	description.reason = row->reason;
	description.until_us = row->until_us != STATE_BLOCK_FOR_EVER ? row->until_us : 0;
	block = block_of(row);
	error = blocks_put(request->service->blocks, &block);
	if (error == ERR_LIMIT) {
		refuse_and_free(request, REFUSAL_INTERNAL, "there are too many blocks");
	} else if (error != ERR_NONE || !describe(change, &description)) {
		refuse_memory(request);
	} else {
		change->change.write = write_block;
		change->change.on_done = on_blocked;
		changes_push(request->service->changes, &change->change);
	}
}

static enum error delete_block(struct state *state, struct change *base)
{
	struct admin_change *change = change_of(base);

	return state_delete_block(state, change->block.principal, &change->found);
}

static void on_unblocked(struct change *base, enum error error)
{
	struct admin_change *change = change_of(base);
	struct request *request = change->request;
	Wsauthz__UnblockReply body = WSAUTHZ__UNBLOCK_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;

	if (error != ERR_NONE) {
		refuse_and_free(request, REFUSAL_INTERNAL,
				"the block could not be lifted: it holds; see the daemon's log");
		return;
	}
	body.found = blocks_remove(request->service->blocks, change->block.principal) ||
		     change->found == STATE_FOUND;
	reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_UNBLOCK;
	reply.unblock = &body;
	answer(request, &reply);
}

void admin_change_unblock(struct request *request, const Wsauthz__AdminRequest *message)
{
	struct admin_change *change = change_new(request);

	if (change == NULL) {
		refuse_memory(request);
		return;
	}
	if (!read_principal(request, message->unblock->principal, &change->block.principal))
		return;
	if (!describe(change, &(struct description){.action = "records.unblock",
						    .key = STR("principal"),
						    .subject = change->block.principal})) {
		refuse_memory(request);
		return;
	}
	change->change.write = delete_block;
	change->change.on_done = on_unblocked;
	changes_push(request->service->changes, &change->change);
}

/* Revoking. */

static void on_revoked(struct change *base, enum error error)
{
	struct admin_change *change = change_of(base);
	Wsauthz__RecordsRevokeReply body = WSAUTHZ__RECORDS_REVOKE_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;

	if (error != ERR_NONE || change->not_stored != ERR_NONE) {
		refuse_and_free(change->request, REFUSAL_INTERNAL,
				"the records ended, but that could not be stored yet; see the "
				"daemon's log");
		return;
	}
	body.revoked_count = (uint32_t)change->count;
	reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_RECORDS_REVOKE;
	reply.records_revoke = &body;
	answer(change->request, &reply);
}

static void on_stored(struct record_keeper_waiter *waiter, enum error error)
{
	struct admin_change *change = CONTAINER_OF(waiter, struct admin_change, waiter);

	change->not_stored = error;
	/* The records ended all the same, and who ended them must not stay unsaid. */
	if (error != ERR_NONE)
		change->change.action.outcome = str_from(error_text(error));
	changes_push(change->request->service->changes, &change->change);
}

/* The records of principals: of the one that was asked for, or of those that have come under that
 * name. Whatever name each of their records has, it is theirs. */
struct search {
	struct arena *arena;
	struct str asked; /* canonical */
	struct str *principals;
	uint32_t principal_count, principal_capacity;
	bool is_short; /* of memory */
	struct record_id *ids;
	size_t count, capacity;
};

static bool is_searched(const struct search *search, struct str principal)
{
	bool found = str_equal(principal, search->asked);

	for (uint32_t i = 0; i < search->principal_count && !found; i++)
		found = str_equal(principal, search->principals[i]);
	return found;
}

static bool find_principal(const struct record *record, void *arg)
{
	struct search *search = arg;
	struct arena_mark mark = arena_get_mark(search->arena);
	struct str name = casefold(search->arena, record->owner.name);
	bool has_name = str_equal(name, search->asked);
	struct str *principals;

	search->is_short |= name.ptr == NULL && record->owner.name.length != 0;
	arena_reset(search->arena, mark);
	if (!has_name || is_searched(search, record->owner.principal))
		return true;
	principals = arena_grow_array(search->arena, search->principals, search->principal_count,
				      &search->principal_capacity, sizeof(*principals));
	if (principals == NULL) {
		search->is_short = true;
		return false;
	}
	principals[search->principal_count++] = record->owner.principal;
	search->principals = principals;
	return true;
}

static bool find_record(const struct record *record, void *arg)
{
	struct search *search = arg;

	if (is_searched(search, record->owner.principal)) {
		if (search->count < search->capacity)
			search->ids[search->count] = record->id;
		search->count++;
	}
	return true;
}

/* Finds whose records end. False when memory is spent. */
static bool find_records(struct admin_change *change, struct str principal)
{
	struct request *request = change->request;
	struct search search = {.arena = &request->arena, .asked = principal};

	records_each_owner(request->service->records, find_principal, &search);
	records_each_owner(request->service->records, find_record, &search);
	if (!search.is_short)
		search.ids = arena_calloc(&request->arena, search.count + 1, sizeof(*search.ids));
	if (search.ids == NULL)
		return false;
	search.capacity = search.count;
	search.count = 0;
	records_each_owner(request->service->records, find_record, &search);
	change->ids = search.ids;
	change->count = search.count;
	return true;
}

/* One record, by its id. False when memory is spent. */
static bool take_record(struct admin_change *change, ProtobufCBinaryData id)
{
	struct record_id *copy = arena_alloc(&change->request->arena, sizeof(*copy));
	char memory[2 * RECORD_ID_BYTES + 1];
	struct buf hex;

	if (copy == NULL)
		return false;
	memcpy(copy->bytes, id.data, sizeof(copy->bytes));
	buf_init_fixed(&hex, memory, sizeof(memory));
	hex_append(&hex, copy->bytes, sizeof(copy->bytes));
	change->ids = copy;
	change->count = 1;
	return describe(change, &(struct description){.action = "records.revoke",
						      .key = STR("record"),
						      .subject = buf_str(&hex)});
}

/* Reads what is to be revoked. False after a refusal, which ended the request. */
static bool read_revocation(struct admin_change *change, const Wsauthz__RecordsRevoke *body)
{
	struct str principal;
	bool is_read;

	if (body->whose_case == WSAUTHZ__RECORDS_REVOKE__WHOSE_RECORD_ID) {
		is_read = take_record(change, body->record_id);
	} else {
		if (!read_principal(change->request, body->principal, &principal))
			return false;
		is_read = describe(change, &(struct description){.action = "records.revoke",
								 .key = STR("principal"),
								 .subject = principal}) &&
			  find_records(change, principal);
	}
	if (!is_read)
		refuse_memory(change->request);
	return is_read;
}

void admin_change_revoke(struct request *request, const Wsauthz__AdminRequest *message)
{
	struct admin_change *change = change_new(request);
	struct service *service = request->service;
	size_t found_count;

	if (change == NULL) {
		refuse_memory(request);
		return;
	}
	if (!read_revocation(change, message->records_revoke))
		return;
	found_count = change->count;
	change->count = 0;
	for (size_t i = 0; i < found_count; i++)
		change->count += records_revoke(service->records, change->ids[i]);
	change->change.on_done = on_revoked;
	/* For all of them: one that was revoked a moment before may not be on disk yet. */
	change->waiter = (struct record_keeper_waiter){
		.ids = change->ids, .count = found_count, .on_stored = on_stored};
	record_keeper_await(service->keeper, &change->waiter);
}

/* What is not allowed. */

static void on_forbidden(struct change *base, enum error error)
{
	struct admin_change *change = change_of(base);

	/* What failed is logged; the refusal stands. */
	(void)error;
	refuse_and_free(change->request, REFUSAL_NOT_PERMITTED, change->refusal);
}

/* Describes the refusal of a command for the log and the record, which it then waits for; NULL when
 * it is not recorded. Whoever may do little can ask for much, so both have a budget: each record is
 * a write to disk that the changes of others wait behind. */
static struct admin_change *describe_refusal(struct request *request, const char *command,
					     const char *detail)
{
	struct service *service = request->service;
	struct admin_change *change;
	char more[64] = "";
	uint64_t suppressed;
	size_t bytes = strlen(detail) + 1;

	if (!log_rate_allow(&service->rates.forbidden, service->clock, &suppressed))
		return NULL;
	log_event_after(service->log, LOG_INFO, "admin.refused", suppressed,
			"%s was asked for by %s", command, request->session->peer);
	if (suppressed != 0)
		snprintf(more, sizeof(more), "%llu more were refused before",
			 (unsigned long long)suppressed);
	change = change_new(request);
	if (change == NULL ||
	    !fill_action(change, &(struct description){.action = "admin.refused",
						       .key = STR("command"),
						       .subject = str_from(command),
						       .reason = str_from(more)}))
		return NULL;
	change->refusal = arena_alloc(&request->arena, bytes);
	if (change->refusal == NULL || request_wait(request) != ERR_NONE)
		return NULL;
	memcpy(change->refusal, detail, bytes);
	change->change.action.outcome = str_from(change->refusal);
	change->change.on_done = on_forbidden;
	return change;
}

void admin_change_forbid(struct request *request, const char *command, enum role needed)
{
	const char *role = role_text(request->session->role);
	struct admin_change *change;
	char detail[160];

	snprintf(detail, sizeof(detail), "%s takes the role %s; this account has the role %s",
		 command, role_text(needed), role);
	change = describe_refusal(request, command, detail);
	if (change != NULL)
		changes_push(request->service->changes, &change->change);
	else
		refuse_and_free(request, REFUSAL_NOT_PERMITTED, detail);
}
