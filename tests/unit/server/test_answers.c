/* Questions and their answers, records and rows. */
#include <signal.h>
#include <stdio.h>

#include <sqlite3.h>

#include "platform/channel.h"
#include "platform/file.h"
#include "running.h"
#include "store/state.h"
#include "support/cmocka.h"

static void an_allowed_user_and_a_stranger_get_their_answers_and_rows(void **state)
{
	struct running *running = *state;
	const Wsauthz__Decision *decision;
	struct running_rows rows;
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	assert_true(talk_ask_user(&talk, "CONTOSO\\alice", ALICE, USERS));
	decision = talk_decision(&talk);
	assert_int_equal(decision->verdict, VERDICT_ALLOW);
	assert_int_equal(decision->code, 0);
	assert_int_equal(decision->source, WSAUTHZ__DECISION__SOURCE__POLICY);
	assert_int_equal(decision->record_id.len, AUTHZ_ID_BYTES);
	assert_int_equal(decision->policy_revision, 1);
	/* Behind the start of the daemon and the policy. */
	assert_int_equal(decision->decision_id, 3);
	assert_int_equal(decision->n_reasons, 1);
	assert_str_equal(str_make((char *)decision->reasons[0].data, decision->reasons[0].len),
			 "users-connect");

	assert_true(talk_ask_user(&talk, "EVIL\\mallory", STRANGER, ""));
	decision = talk_decision(&talk);
	assert_int_equal(decision->verdict, VERDICT_DENY);
	assert_int_equal(decision->code, 5);
	assert_int_equal(decision->record_id.len, 0);
	assert_int_equal(decision->decision_id, 4);

	/* The rows are there while the daemon runs. */
	rows = running_count_rows(running);
	assert_int_equal(rows.all, 2);
	assert_int_equal(rows.allowed, 1);
	talk_close(&talk);
}

static void a_record_answers_the_second_time_and_ends_with_its_last_context(void **state)
{
	Wsauthz__ContextReleased released = WSAUTHZ__CONTEXT_RELEASED__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct running *running = *state;
	const Wsauthz__Decision *decision;
	uint8_t id[AUTHZ_ID_BYTES];
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = talk_decision(&talk);
	memcpy(id, decision->record_id.data, sizeof(id));
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = talk_decision(&talk);
	assert_int_equal(decision->source, WSAUTHZ__DECISION__SOURCE__RECORD);
	assert_memory_equal(decision->record_id.data, id, sizeof(id));

	released.record_id = authz_bytes(id, sizeof(id));
	request.body_case = WSAUTHZ__REQUEST__BODY_CONTEXT_RELEASED;
	request.context_released = &released;
	for (int i = 0; i < 2; i++) {
		request.id = 0;
		assert_true(talk_ask(&talk, &request));
	}
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = talk_decision(&talk);
	assert_int_equal(decision->source, WSAUTHZ__DECISION__SOURCE__POLICY);
	assert_memory_not_equal(decision->record_id.data, id, sizeof(id));
	talk_close(&talk);
}

static void records_survive_a_restart(void **state)
{
	struct running *running = *state;
	const Wsauthz__Decision *decision;
	uint8_t id[AUTHZ_ID_BYTES];
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = talk_decision(&talk);
	memcpy(id, decision->record_id.data, sizeof(id));
	running_stop(running);
	talk_close(&talk);

	running_start(running);
	running_open_authorize(running, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = talk_decision(&talk);
	assert_int_equal(decision->source, WSAUTHZ__DECISION__SOURCE__RECORD);
	/* Two events of each start, one of a stop, and one decision before. */
	assert_int_equal(decision->decision_id, 7);
	assert_memory_equal(decision->record_id.data, id, sizeof(id));
	talk_close(&talk);
}

static void a_stored_block_denies_from_the_start(void **state)
{
	struct store_env env = {.create_private = file_create_private,
				.list_names = directory_list_names};
	struct state_block block = {.principal = STR(ALICE), .until_us = STATE_BLOCK_FOR_EVER};
	struct running *running = *state;
	const Wsauthz__Decision *decision;
	struct state *store = NULL;
	struct talk talk;

	assert_int_equal(directory_make_private(running->state_dir, &running->why), ERR_NONE);
	assert_int_equal(state_open(running->state_dir, &env, false, &store, &running->why),
			 ERR_NONE);
	assert_int_equal(state_put_block(store, &block), ERR_NONE);
	state_close(store);
	running_start(running);
	running_open_authorize(running, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = talk_decision(&talk);
	assert_int_equal(decision->verdict, VERDICT_DENY);
	assert_int_equal(decision->source, WSAUTHZ__DECISION__SOURCE__BLOCK);
	talk_close(&talk);
}

static void a_quota_comes_from_the_policy(void **state)
{
	Wsauthz__QueryQuota body = WSAUTHZ__QUERY_QUOTA__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;
	ProtobufCBinaryData group = talk_text(USERS);
	struct running *running = *state;
	const Wsauthz__Reply *reply;
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	token.user_sid = talk_text(ALICE);
	token.group_sids = &group;
	token.n_group_sids = 1;
	sender.mechanism = talk_text("Kerberos");
	sender.name = talk_text("alice");
	sender.token = &token;
	body.sender = &sender;
	request.body_case = WSAUTHZ__REQUEST__BODY_QUERY_QUOTA;
	request.query_quota = &body;
	assert_true(talk_ask(&talk, &request));
	reply = talk_reply(&talk);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_QUOTA);
	assert_non_null(reply->quota->quota);
	assert_int_equal(reply->quota->quota->max_concurrent_shells, 5);
	assert_true(reply->quota->quota->max_concurrent_operations != 0);

	/* Who may not connect has no quota. */
	token.n_group_sids = 0;
	token.user_sid = talk_text(STRANGER);
	request.id = 0;
	assert_true(talk_ask(&talk, &request));
	assert_int_equal(talk_decision(&talk)->verdict, VERDICT_DENY);
	talk_close(&talk);
}

static void a_half_closed_connection_still_gets_its_answer(void **state)
{
	struct running *running = *state;
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	assert_int_equal(channel_finish(talk.channel), ERR_NONE);
	assert_int_equal(talk_decision(&talk)->verdict, VERDICT_ALLOW);
	assert_null(talk_reply(&talk));
	talk_close(&talk);
}

/* While the audit is held, what is asked waits for its row. */
static sqlite3 *hold_audit(const struct running *running)
{
	sqlite3 *db = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s/audit-000001.db", running->state_dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(db, 10000), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

static void who_closes_before_the_answer_is_told_as_undelivered(void **state)
{
	enum { ROUNDS = 5 };
	struct running *running = *state;
	struct running_rows rows;

	running_start(running);
	for (int i = 0; i < ROUNDS; i++) {
		sqlite3 *held = hold_audit(running);
		struct talk talk;

		running_open_authorize(running, &talk);
		assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
		talk_close(&talk);
		assert_int_equal(sqlite3_close(held), SQLITE_OK);
	}
	running_stop(running);
	/* A machine that is slow may hold the audit too long for a row, and then nothing is decided. */
	rows = running_count_rows(running);
	assert_true(rows.all != 0);
	assert_int_equal(
		running_sql(running, "audit-000001.db",
			    "SELECT count(*) FROM v_event e JOIN v_decision ON decision_id = "
			    "detail ->> 'decision_id' WHERE e.kind = 'decision.undelivered'"),
		rows.all);
}

static void who_reads_the_answer_got_it(void **state)
{
	struct running *running = *state;
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	for (int i = 0; i < 100; i++) {
		assert_true(talk_ask_operation(&talk, "alice", ALICE, USERS));
		assert_int_equal(talk_decision(&talk)->verdict, VERDICT_ALLOW);
	}
	talk_close(&talk);
	running_stop(running);
	assert_int_equal(running_sql(running, "audit-000001.db",
				     "SELECT count(*) FROM v_event WHERE kind = "
				     "'decision.undelivered'"),
			 0);
}

static void in_relaxed_mode_the_rows_follow(void **state)
{
	struct running *running = *state;
	struct running_rows rows;
	struct talk talk;

	running->config.server.durability = DURABILITY_RELAXED;
	running_start(running);
	running_open_authorize(running, &talk);
	for (uint64_t i = 1; i <= 20; i++) {
		assert_true(talk_ask_operation(&talk, "alice", ALICE, USERS));
		/* Behind the two events of the start. */
		assert_int_equal(talk_decision(&talk)->decision_id, i + 2);
	}
	running_stop(running);
	talk_close(&talk);
	rows = running_count_rows(running);
	assert_int_equal(rows.all, 20);
	assert_int_equal(rows.last_id, 22);

	/* The numbers go on where they ended. */
	running_start(running);
	running_open_authorize(running, &talk);
	assert_true(talk_ask_operation(&talk, "alice", ALICE, USERS));
	assert_int_equal(talk_decision(&talk)->decision_id, 26);
	talk_close(&talk);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, running_setup, running_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(an_allowed_user_and_a_stranger_get_their_answers_and_rows),
		SERVER_TEST(a_record_answers_the_second_time_and_ends_with_its_last_context),
		SERVER_TEST(records_survive_a_restart),
		SERVER_TEST(a_stored_block_denies_from_the_start),
		SERVER_TEST(a_quota_comes_from_the_policy),
		SERVER_TEST(a_half_closed_connection_still_gets_its_answer),
		SERVER_TEST(who_closes_before_the_answer_is_told_as_undelivered),
		SERVER_TEST(who_reads_the_answer_got_it),
		SERVER_TEST(in_relaxed_mode_the_rows_follow),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
