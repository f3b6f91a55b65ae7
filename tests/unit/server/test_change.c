/* What operators change from the admin channel, and what others may not. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/file.h"
#include "running.h"
#include "store/state.h"
#include "support/cmocka.h"

enum { OPERATOR_UID = 64001, AUDITOR_UID = 64002, STRANGER_UID = 64003 };
enum { FORBIDDEN_BUDGET = 20 /* refusals that are recorded at once */ };

static const Wsauthz__AdminReply *ask(struct talk *talk, Wsauthz__AdminRequest *request,
				      Wsauthz__AdminRequest__BodyCase body)
{
	const Wsauthz__AdminReply *reply;

	request->body_case = body;
	assert_true(talk_ask_admin(talk, request));
	reply = talk_admin_reply(talk);
	assert_non_null(reply);
	return reply;
}

static const Wsauthz__AdminReply *ask_block(struct talk *talk, const char *principal,
					    uint64_t duration_s, const char *reason)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Block body = WSAUTHZ__BLOCK__INIT;

	body.principal = talk_text(principal);
	body.duration_s = duration_s;
	body.reason = talk_text(reason);
	request.block = &body;
	return ask(talk, &request, WSAUTHZ__ADMIN_REQUEST__BODY_BLOCK);
}

static const Wsauthz__AdminReply *ask_unblock(struct talk *talk, const char *principal)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Unblock body = WSAUTHZ__UNBLOCK__INIT;

	body.principal = talk_text(principal);
	request.unblock = &body;
	return ask(talk, &request, WSAUTHZ__ADMIN_REQUEST__BODY_UNBLOCK);
}

static const Wsauthz__AdminReply *ask_revoke(struct talk *talk, const char *principal)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__RecordsRevoke body = WSAUTHZ__RECORDS_REVOKE__INIT;

	body.whose_case = WSAUTHZ__RECORDS_REVOKE__WHOSE_PRINCIPAL;
	body.principal = talk_text(principal);
	request.records_revoke = &body;
	return ask(talk, &request, WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_REVOKE);
}

static const Wsauthz__AdminReply *ask_blocks(struct talk *talk, ProtobufCBinaryData after,
					     uint32_t limit)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__BlocksList body = WSAUTHZ__BLOCKS_LIST__INIT;

	body.after = after;
	body.limit = limit;
	request.blocks_list = &body;
	return ask(talk, &request, WSAUTHZ__ADMIN_REQUEST__BODY_BLOCKS_LIST);
}

static uint32_t revoked_count(const Wsauthz__AdminReply *reply)
{
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_RECORDS_REVOKE);
	return reply->records_revoke->revoked_count;
}

static bool was_found(const Wsauthz__AdminReply *reply)
{
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_UNBLOCK);
	return reply->unblock->found;
}

static void expect_user(struct talk *talk, uint32_t verdict)
{
	assert_true(talk_ask_user(talk, "CONTOSO\\alice", ALICE, USERS));
	assert_int_equal(talk_decision(talk)->verdict, verdict);
}

static void expect_operation(struct talk *talk, uint32_t verdict, Wsauthz__Decision__Source source)
{
	const Wsauthz__Decision *decision;

	assert_true(talk_ask_operation(talk, "CONTOSO\\alice", ALICE, USERS));
	decision = talk_decision(talk);
	assert_int_equal(decision->verdict, verdict);
	assert_int_equal(decision->source, source);
}

#define ALLOWED VERDICT_ALLOW, WSAUTHZ__DECISION__SOURCE__POLICY
#define BLOCKED VERDICT_DENY, WSAUTHZ__DECISION__SOURCE__BLOCK
#define REVOKED VERDICT_DENY, WSAUTHZ__DECISION__SOURCE__REVOKED
#define LET_IN  VERDICT_ALLOW, WSAUTHZ__DECISION__SOURCE__BREAK_GLASS

static void a_revoked_user_is_denied_on_every_connection_also_after_a_restart(void **state)
{
	struct running *running = *state;
	struct talk first, second, admin;

	running_start(running);
	running_open_authorize(running, &first);
	running_open_authorize(running, &second);
	running_open_admin(running, &admin);
	expect_user(&first, VERDICT_ALLOW);
	expect_operation(&first, ALLOWED);
	expect_operation(&second, ALLOWED);
	assert_int_equal(revoked_count(ask_revoke(&admin, "contoso\\ALICE")), 1);
	expect_operation(&first, REVOKED);
	expect_operation(&second, REVOKED);
	assert_int_equal(revoked_count(ask_revoke(&admin, ALICE)), 0);
	talk_close(&first);
	talk_close(&second);
	talk_close(&admin);
	running_stop(running);

	running_start(running);
	running_open_authorize(running, &first);
	expect_operation(&first, REVOKED);
	expect_user(&first, VERDICT_ALLOW);
	expect_operation(&first, ALLOWED);
	talk_close(&first);
}

/* The answer leaves before its row, and what comes next may be there before it, too. */
static void in_relaxed_mode_a_revoked_user_is_let_in_anew_at_once(void **state)
{
	struct running *running = *state;
	struct talk talk, admin;

	running->config.server.durability = DURABILITY_RELAXED;
	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	expect_user(&talk, VERDICT_ALLOW);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(revoked_count(ask_revoke(&admin, ALICE)), 1);
		expect_operation(&talk, REVOKED);
		expect_user(&talk, VERDICT_ALLOW);
		expect_operation(&talk, ALLOWED);
	}
	talk_close(&talk);
	talk_close(&admin);
}

/* Who comes under two names is one account, and a name that is revoked means it. */
static void a_name_that_is_revoked_stands_for_all_records_of_its_account(void **state)
{
	struct running *running = *state;
	struct talk one, other, admin;

	running_start(running);
	running_open_authorize(running, &one);
	talk_open(&other, running->authorize);
	assert_non_null(talk_hello(&other, "wsman/Other"));
	running_open_admin(running, &admin);
	expect_user(&one, VERDICT_ALLOW);
	assert_true(talk_ask_user(&other, "alice@contoso.example", ALICE, USERS));
	assert_int_equal(talk_decision(&other)->verdict, VERDICT_ALLOW);
	assert_true(talk_ask_user(&other, "CONTOSO\\bob", "S-1-5-21-1-2-3-1002", USERS));
	assert_int_equal(talk_decision(&other)->verdict, VERDICT_ALLOW);
	assert_int_equal(revoked_count(ask_revoke(&admin, "contoso\\ALICE")), 2);
	expect_operation(&one, REVOKED);
	expect_operation(&other, REVOKED);
	talk_close(&one);
	talk_close(&other);
	talk_close(&admin);
}

static void a_record_is_revoked_by_its_id(void **state)
{
	Wsauthz__AdminRequest list = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__AdminRequest revoke = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__RecordsList query = WSAUTHZ__RECORDS_LIST__INIT;
	Wsauthz__RecordsRevoke body = WSAUTHZ__RECORDS_REVOKE__INIT;
	struct running *running = *state;
	const Wsauthz__AdminReply *reply;
	struct talk talk, admin;
	uint8_t id[16];

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	expect_user(&talk, VERDICT_ALLOW);
	query.limit = 10;
	list.records_list = &query;
	reply = ask(&admin, &list, WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_LIST);
	assert_int_equal(reply->records_list->n_records, 1);
	assert_false(reply->records_list->records[0]->revoked);
	memcpy(id, reply->records_list->records[0]->record_id.data, sizeof(id));

	body.whose_case = WSAUTHZ__RECORDS_REVOKE__WHOSE_RECORD_ID;
	body.record_id = authz_bytes(id, sizeof(id));
	revoke.records_revoke = &body;
	reply = ask(&admin, &revoke, WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_REVOKE);
	assert_int_equal(revoked_count(reply), 1);
	expect_operation(&talk, REVOKED);

	query.record_id = authz_bytes(id, sizeof(id));
	list.id = 0;
	reply = ask(&admin, &list, WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_LIST);
	assert_int_equal(reply->records_list->n_records, 1);
	assert_true(reply->records_list->records[0]->revoked);
	talk_close(&talk);
	talk_close(&admin);
}

static void a_block_holds_from_the_next_request_on_and_over_a_restart(void **state)
{
	struct running *running = *state;
	const Wsauthz__AdminReply *reply;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	expect_user(&talk, VERDICT_ALLOW);
	reply = ask_block(&admin, "CONTOSO\\Alice", 0, "left the company");
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_BLOCK);
	assert_str_equal(str_make((char *)reply->block->block->principal.data,
				  reply->block->block->principal.len),
			 "contoso\\alice");
	assert_int_equal(reply->block->block->until_us, 0);
	expect_operation(&talk, BLOCKED);
	expect_user(&talk, VERDICT_DENY);
	talk_close(&talk);
	talk_close(&admin);
	running_stop(running);

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	expect_operation(&talk, BLOCKED);
	assert_true(was_found(ask_unblock(&admin, "contoso\\ALICE")));
	expect_operation(&talk, ALLOWED);
	assert_false(was_found(ask_unblock(&admin, "contoso\\ALICE")));
	talk_close(&talk);
	talk_close(&admin);
	running_stop(running);

	running_start(running);
	running_open_authorize(running, &talk);
	expect_operation(&talk, ALLOWED);
	talk_close(&talk);
}

static void the_last_of_commands_sent_together_holds(void **state)
{
	struct running *running = *state;
	struct talk talk, admin;

	running->config.server.admin.max_in_flight = 64;
	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	for (int i = 0; i < 21; i++) {
		Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
		Wsauthz__Unblock unblock = WSAUTHZ__UNBLOCK__INIT;
		Wsauthz__Block block = WSAUTHZ__BLOCK__INIT;

		unblock.principal = block.principal = talk_text(ALICE);
		if (i % 2 == 0) {
			request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_BLOCK;
			request.block = &block;
		} else {
			request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_UNBLOCK;
			request.unblock = &unblock;
		}
		assert_true(talk_ask_admin(&admin, &request));
	}
	for (int i = 0; i < 21; i++)
		assert_int_not_equal(talk_admin_reply(&admin)->body_case,
				     WSAUTHZ__ADMIN_REPLY__BODY_REFUSAL);
	expect_operation(&talk, BLOCKED);
	talk_close(&talk);
	talk_close(&admin);
}

static void blocks_are_listed_in_pages(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	struct running *running = *state;
	const Wsauthz__AdminReply *reply;
	struct talk admin;

	running_start(running);
	running_open_admin(running, &admin);
	for (size_t i = ARRAY_COUNT(names); i-- > 0;)
		ask_block(&admin, names[i], 3600, "");
	reply = ask_blocks(&admin, authz_bytes(NULL, 0), 3);
	assert_int_equal(reply->blocks_list->n_blocks, 3);
	assert_true(reply->blocks_list->more);
	assert_true(reply->blocks_list->blocks[0]->until_us > 0);
	reply = ask_blocks(&admin, talk_text("c"), 3);
	assert_int_equal(reply->blocks_list->n_blocks, 2);
	assert_false(reply->blocks_list->more);
	assert_memory_equal(reply->blocks_list->blocks[1]->principal.data, "e", 1);
	talk_close(&admin);
}

static uint64_t count_blocks(struct running *running)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Status body = WSAUTHZ__STATUS__INIT;
	struct talk admin;
	uint64_t count;

	running_open_admin(running, &admin);
	request.status = &body;
	count = ask(&admin, &request, WSAUTHZ__ADMIN_REQUEST__BODY_STATUS)->status->block_count;
	talk_close(&admin);
	return count;
}

static void status_counts_blocks_until_their_last_moment(void **state)
{
	struct running *running = *state;
	struct talk admin;

	running_stop_clock(running);
	running_start(running);
	running_open_admin(running, &admin);
	ask_block(&admin, "a", 10, "");
	ask_block(&admin, "b", 0, "");
	talk_close(&admin);
	running_advance(running, 10000);
	assert_int_equal(count_blocks(running), 2);
	running_advance(running, 1);
	assert_int_equal(count_blocks(running), 1);
}

static void a_member_of_the_break_glass_group_gets_in_and_it_is_logged(void **state)
{
	struct running *running = *state;
	struct talk talk, admin;

	running->config.server.decide.break_glass_group = STR(USERS);
	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	ask_block(&admin, ALICE, 0, "");
	expect_operation(&talk, LET_IN);
	talk_close(&talk);
	talk_close(&admin);
	running_stop(running);
	if (strstr(buf_text(&running->log_text), "break_glass.used") == NULL)
		fail_msg("%s", buf_text(&running->log_text));
}

struct expected_action {
	const char *action, *outcome;
	size_t count;
};

static bool compare_action(void *arg, const struct state_action *action)
{
	struct expected_action *expected = arg;

	if (str_equal(action->action, str_from(expected->action)) &&
	    str_starts_with(action->outcome, str_from(expected->outcome)) &&
	    str_starts_with(action->actor, STR("uid ")))
		expected->count++;
	return true;
}

static size_t count_actions(struct running *running, const char *action, const char *outcome)
{
	struct store_env env = {.create_private = file_create_private};
	struct expected_action expected = {action, outcome, 0};
	struct state *store = NULL;

	assert_int_equal(state_open_readonly(running->state_dir, &env, &store, &running->why),
			 ERR_NONE);
	assert_int_equal(state_each_action(store, 0, compare_action, &expected), ERR_NONE);
	state_close(store);
	return expected.count;
}

static void every_change_is_recorded_with_who_asked_for_it(void **state)
{
	struct running *running = *state;
	struct talk admin;

	running_start(running);
	running_open_admin(running, &admin);
	ask_block(&admin, ALICE, 0, "why not");
	ask_unblock(&admin, ALICE);
	ask_revoke(&admin, ALICE);
	talk_close(&admin);
	running_stop(running);
	assert_int_equal(count_actions(running, "records.block", "done"), 1);
	assert_int_equal(count_actions(running, "records.unblock", "done"), 1);
	assert_int_equal(count_actions(running, "records.revoke", "done"), 1);
}

/* From here on the disk takes nothing into the table. */
static void break_table(const struct running *running, const char *table)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "CREATE TRIGGER broken BEFORE INSERT ON %s BEGIN SELECT RAISE(ABORT, 'no'); END",
		 table);
	running_sql(running, "state.db", sql);
}

static void a_block_that_could_not_be_stored_holds_whatever_was_lifted_before(void **state)
{
	Wsauthz__AdminRequest requests[] = {WSAUTHZ__ADMIN_REQUEST__INIT,
					    WSAUTHZ__ADMIN_REQUEST__INIT};
	Wsauthz__Unblock unblock = WSAUTHZ__UNBLOCK__INIT;
	Wsauthz__Block block = WSAUTHZ__BLOCK__INIT;
	struct running *running = *state;
	const Wsauthz__AdminReply *reply;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	ask_block(&admin, ALICE, 0, "");
	break_table(running, "block");
	unblock.principal = block.principal = talk_text(ALICE);
	requests[0].body_case = WSAUTHZ__ADMIN_REQUEST__BODY_UNBLOCK;
	requests[0].unblock = &unblock;
	requests[1].body_case = WSAUTHZ__ADMIN_REQUEST__BODY_BLOCK;
	requests[1].block = &block;
	for (size_t i = 0; i < ARRAY_COUNT(requests); i++)
		assert_true(talk_ask_admin(&admin, &requests[i]));
	assert_true(was_found(talk_admin_reply(&admin)));
	reply = talk_admin_reply(&admin);
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_REFUSAL);
	assert_int_equal(reply->refusal->reason, WSAUTHZ__REFUSAL__REASON__INTERNAL);
	expect_operation(&talk, BLOCKED);
	talk_close(&talk);
	talk_close(&admin);
}

static void a_revocation_that_could_not_be_stored_holds_and_is_an_event(void **state)
{
	struct running *running = *state;
	const Wsauthz__AdminReply *reply;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	expect_user(&talk, VERDICT_ALLOW);
	break_table(running, "record");
	reply = ask_revoke(&admin, ALICE);
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_REFUSAL);
	assert_int_equal(reply->refusal->reason, WSAUTHZ__REFUSAL__REASON__INTERNAL);
	expect_operation(&talk, REVOKED);
	talk_close(&talk);
	talk_close(&admin);
	running_stop(running);
	assert_int_equal(running_sql(running, "audit-000001.db",
				     "SELECT count(*) FROM v_event WHERE kind = "
				     "'admin.records.revoke' AND detail NOT LIKE '%done%'"),
			 1);
}

/* Roles. The server asks the kernel who connects, so a thread takes another account. */

static const struct {
	const char *name;
	Wsauthz__AdminRequest__BodyCase body;
	uid_t least; /* 0: administrators only */
} commands[] = {
	{"status", WSAUTHZ__ADMIN_REQUEST__BODY_STATUS, AUDITOR_UID},
	{"blocks", WSAUTHZ__ADMIN_REQUEST__BODY_BLOCKS_LIST, AUDITOR_UID},
	{"block", WSAUTHZ__ADMIN_REQUEST__BODY_BLOCK, OPERATOR_UID},
	{"unblock", WSAUTHZ__ADMIN_REQUEST__BODY_UNBLOCK, OPERATOR_UID},
	{"revoke", WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_REVOKE, OPERATOR_UID},
	{"reload", WSAUTHZ__ADMIN_REQUEST__BODY_POLICY_RELOAD, 0},
};

static bool is_permitted(size_t command, uid_t uid)
{
	return commands[command].least == AUDITOR_UID ||
	       (commands[command].least == OPERATOR_UID && uid == OPERATOR_UID);
}

/* True when the command was refused as not permitted, false when it was done. */
static bool is_refused(struct talk *talk, Wsauthz__AdminRequest__BodyCase body)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__PolicyReload reload = WSAUTHZ__POLICY_RELOAD__INIT;
	Wsauthz__Status status = WSAUTHZ__STATUS__INIT;
	const Wsauthz__AdminReply *reply;

	switch (body) {
	case WSAUTHZ__ADMIN_REQUEST__BODY_BLOCK: reply = ask_block(talk, ALICE, 0, ""); break;
	case WSAUTHZ__ADMIN_REQUEST__BODY_UNBLOCK: reply = ask_unblock(talk, ALICE); break;
	case WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_REVOKE: reply = ask_revoke(talk, ALICE); break;
	case WSAUTHZ__ADMIN_REQUEST__BODY_BLOCKS_LIST:
		reply = ask_blocks(talk, authz_bytes(NULL, 0), 1);
		break;
	case WSAUTHZ__ADMIN_REQUEST__BODY_POLICY_RELOAD:
		request.policy_reload = &reload;
		reply = ask(talk, &request, body);
		break;
	default:
		request.status = &status;
		reply = ask(talk, &request, WSAUTHZ__ADMIN_REQUEST__BODY_STATUS);
		break;
	}
	return reply->body_case == WSAUTHZ__ADMIN_REPLY__BODY_REFUSAL &&
	       reply->refusal->reason == WSAUTHZ__REFUSAL__REASON__NOT_PERMITTED &&
	       strstr((char *)reply->refusal->detail.data, "takes the role") != NULL;
}

/* Tries all commands; returns the number of the first one that did not
 * go as it must, from 1, or 0. */
static int try_commands(const struct running *running, uid_t uid)
{
	const Wsauthz__AdminReply *reply;
	struct talk talk;

	talk_open(&talk, running->admin);
	if (uid == STRANGER_UID) {
		/* Told before it said a word. */
		bool is_told;

		reply = talk_admin_reply(&talk);
		is_told = reply != NULL && reply->body_case == WSAUTHZ__ADMIN_REPLY__BODY_REFUSAL &&
			  reply->refusal->reason == WSAUTHZ__REFUSAL__REASON__PEER_NOT_ALLOWED;
		talk_close(&talk);
		return is_told ? 0 : 101;
	}
	reply = talk_admin_hello(&talk);
	if (reply == NULL || reply->body_case != WSAUTHZ__ADMIN_REPLY__BODY_HELLO)
		return 102;
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
		if (is_refused(&talk, commands[i].body) == is_permitted(i, uid))
			return (int)i + 1;
	}
	talk_close(&talk);
	return 0;
}

/* Asks often for what an auditor may not do. */
static int insist(const struct running *running, uid_t uid)
{
	struct talk talk;

	(void)uid;
	talk_open(&talk, running->admin);
	if (talk_admin_hello(&talk) == NULL)
		return 102;
	for (int i = 0; i < 3 * FORBIDDEN_BUDGET; i++) {
		if (!is_refused(&talk, WSAUTHZ__ADMIN_REQUEST__BODY_BLOCK))
			return 1;
	}
	talk_close(&talk);
	return 0;
}

/* One who takes another account, on a thread of his own. */
struct impostor {
	const struct running *running;
	uid_t uid;
	int (*try)(const struct running *running, uid_t uid);
	int status;
};

/* Past the C library, which would take the account for all threads. A forked process would wait for
 * ever for a lock of the allocator that a thread of the server held in that moment. */
static bool take_account(uid_t uid)
{
	return syscall(SYS_setgroups, 0, NULL) == 0 && syscall(SYS_setresgid, uid, uid, uid) == 0 &&
	       syscall(SYS_setresuid, uid, uid, uid) == 0;
}

static void play(void *arg)
{
	struct impostor *impostor = arg;

	impostor->status =
		take_account(impostor->uid) ? impostor->try(impostor->running, impostor->uid) : 100;
}

static void run_as(const struct running *running, uid_t uid,
		   int (*try)(const struct running *running, uid_t uid))
{
	struct impostor impostor = {running, uid, try, 0};
	uv_thread_t thread;

	assert_int_equal(uv_thread_create(&thread, play, &impostor), 0);
	uv_thread_join(&thread);
	if (impostor.status != 0)
		fail_msg("uid %d: step %d", (int)uid, impostor.status);
}

/* Starts the server so that others may talk to it, each in its role. */
static void start_for_roles(struct running *running)
{
	if (geteuid() != 0) {
		print_message("skipped: only root can take other accounts\n");
		skip();
	}
	running->config.server.operators.users.items[0] = STR("64001");
	running->config.server.operators.users.count = 1;
	running->config.server.auditors.groups.items[0] = STR("64002");
	running->config.server.auditors.groups.count = 1;
	running_start(running);
	assert_int_equal(chmod(running->dir.path, 0755), 0);
	assert_int_equal(chmod(running->admin, 0666), 0);
}

static void a_role_may_do_what_it_is_for_and_nothing_else(void **state)
{
	struct running *running = *state;

	start_for_roles(running);
	run_as(running, AUDITOR_UID, try_commands);
	run_as(running, OPERATOR_UID, try_commands);
	run_as(running, STRANGER_UID, try_commands);
	running_stop(running);
	assert_int_equal(count_actions(running, "admin.refused", "policy reload takes the role"),
			 2);
	assert_int_equal(count_actions(running, "admin.refused", "records block takes the role"),
			 1);
	if (strstr(buf_text(&running->log_text), "this account is not served") == NULL)
		fail_msg("%s", buf_text(&running->log_text));
}

static void who_insists_on_what_is_not_allowed_does_not_keep_the_disk_busy(void **state)
{
	struct running *running = *state;

	running_stop_clock(running);
	start_for_roles(running);
	run_as(running, AUDITOR_UID, insist);
	running_advance(running, 3000); /* one more */
	run_as(running, AUDITOR_UID, insist);
	running_stop(running);
	assert_int_equal(count_actions(running, "admin.refused", "records block takes the role"),
			 FORBIDDEN_BUDGET + 1);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, running_setup, running_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(a_revoked_user_is_denied_on_every_connection_also_after_a_restart),
		SERVER_TEST(in_relaxed_mode_a_revoked_user_is_let_in_anew_at_once),
		SERVER_TEST(a_name_that_is_revoked_stands_for_all_records_of_its_account),
		SERVER_TEST(a_record_is_revoked_by_its_id),
		SERVER_TEST(a_block_holds_from_the_next_request_on_and_over_a_restart),
		SERVER_TEST(the_last_of_commands_sent_together_holds),
		SERVER_TEST(blocks_are_listed_in_pages),
		SERVER_TEST(status_counts_blocks_until_their_last_moment),
		SERVER_TEST(a_member_of_the_break_glass_group_gets_in_and_it_is_logged),
		SERVER_TEST(every_change_is_recorded_with_who_asked_for_it),
		SERVER_TEST(a_block_that_could_not_be_stored_holds_whatever_was_lifted_before),
		SERVER_TEST(a_revocation_that_could_not_be_stored_holds_and_is_an_event),
		SERVER_TEST(a_role_may_do_what_it_is_for_and_nothing_else),
		SERVER_TEST(who_insists_on_what_is_not_allowed_does_not_keep_the_disk_busy),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
