/* What is remembered of questions changes no answer. */
#include <signal.h>
#include <stdlib.h>

#include "running.h"
#include "support/cmocka.h"

enum { TIMES = 3 /* from the second on it is remembered */ };

#define PERMIT_CONNECT                                                                             \
	"@id(\"connect\") permit(principal, action == WinRM::Action::\"Connect\", resource);\n"

static const Wsauthz__AdminReply *ask_admin(struct talk *talk, Wsauthz__AdminRequest *request,
					    Wsauthz__AdminRequest__BodyCase body)
{
	const Wsauthz__AdminReply *reply;

	request->body_case = body;
	assert_true(talk_ask_admin(talk, request));
	reply = talk_admin_reply(talk);
	assert_non_null(reply);
	assert_int_not_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_REFUSAL);
	return reply;
}

/* How many requests were remembered from before. */
static unsigned long repeated_count(struct talk *admin)
{
	static const char name[] = "\nwsauthz_repeated_requests_total ";
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Metrics body = WSAUTHZ__METRICS__INIT;
	const Wsauthz__AdminReply *reply;
	const char *found;

	request.metrics = &body;
	reply = ask_admin(admin, &request, WSAUTHZ__ADMIN_REQUEST__BODY_METRICS);
	found = memmem(reply->metrics->text.data, reply->metrics->text.len, name, sizeof(name) - 1);
	assert_non_null(found);
	return strtoul(found + sizeof(name) - 1, NULL, 10);
}

static void reload(struct running *running, struct talk *admin, const char *policy)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__PolicyReload body = WSAUTHZ__POLICY_RELOAD__INIT;
	const Wsauthz__AdminReply *reply;

	running_write_policy(running, policy);
	request.policy_reload = &body;
	reply = ask_admin(admin, &request, WSAUTHZ__ADMIN_REQUEST__BODY_POLICY_RELOAD);
	assert_true(reply->policy_reload->activated);
}

static const Wsauthz__Decision *ask_operation(struct talk *talk)
{
	assert_true(talk_ask_operation(talk, "CONTOSO\\alice", ALICE, USERS));
	return talk_decision(talk);
}

static void expect(struct talk *talk, uint32_t verdict, Wsauthz__Decision__Source source)
{
	const Wsauthz__Decision *decision = ask_operation(talk);

	assert_int_equal(decision->verdict, verdict);
	assert_int_equal(decision->source, source);
}

#define PERMITTED VERDICT_ALLOW, WSAUTHZ__DECISION__SOURCE__POLICY

static void every_time_has_its_answer_and_its_row(void **state)
{
	struct running *running = *state;
	uint8_t record[AUTHZ_ID_BYTES] = {0};
	struct running_rows rows;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	for (int i = 0; i < TIMES; i++) {
		const Wsauthz__Decision *decision = ask_operation(&talk);

		assert_int_equal(decision->verdict, VERDICT_ALLOW);
		assert_int_equal(decision->source, WSAUTHZ__DECISION__SOURCE__POLICY);
		assert_int_equal(decision->policy_revision, 1);
		assert_int_equal(decision->decision_id, 3 + i);
		assert_int_equal(decision->n_reasons, 1);
		assert_str_equal(
			str_make((char *)decision->reasons[0].data, decision->reasons[0].len),
			"users-read");
		assert_int_equal(decision->record_id.len, AUTHZ_ID_BYTES);
		if (i == 0)
			memcpy(record, decision->record_id.data, sizeof(record));
		assert_memory_equal(decision->record_id.data, record, sizeof(record));
	}
	assert_int_equal(repeated_count(&admin), TIMES - 1);
	rows = running_count_rows(running);
	assert_int_equal(rows.all, TIMES);
	assert_int_equal(rows.allowed, TIMES);
	talk_close(&talk);
	talk_close(&admin);
}

static void a_new_policy_decides_what_was_permitted_before(void **state)
{
	struct running *running = *state;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	for (int i = 0; i < TIMES; i++)
		expect(&talk, PERMITTED);
	reload(running, &admin, PERMIT_CONNECT);
	for (int i = 0; i < TIMES; i++)
		expect(&talk, VERDICT_DENY, WSAUTHZ__DECISION__SOURCE__DEFAULT);
	reload(running, &admin, running_policy);
	for (int i = 0; i < TIMES; i++)
		expect(&talk, PERMITTED);
	talk_close(&talk);
	talk_close(&admin);
}

static void blocks_and_revocations_hold_for_what_was_permitted_before(void **state)
{
	Wsauthz__RecordsRevoke revoke = WSAUTHZ__RECORDS_REVOKE__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Unblock unblock = WSAUTHZ__UNBLOCK__INIT;
	Wsauthz__Block block = WSAUTHZ__BLOCK__INIT;
	struct running *running = *state;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	for (int i = 0; i < TIMES; i++)
		expect(&talk, PERMITTED);
	block.principal = talk_text(ALICE);
	request.block = &block;
	ask_admin(&admin, &request, WSAUTHZ__ADMIN_REQUEST__BODY_BLOCK);
	expect(&talk, VERDICT_DENY, WSAUTHZ__DECISION__SOURCE__BLOCK);
	unblock.principal = talk_text(ALICE);
	request = (Wsauthz__AdminRequest)WSAUTHZ__ADMIN_REQUEST__INIT;
	request.unblock = &unblock;
	ask_admin(&admin, &request, WSAUTHZ__ADMIN_REQUEST__BODY_UNBLOCK);
	expect(&talk, PERMITTED);
	revoke.whose_case = WSAUTHZ__RECORDS_REVOKE__WHOSE_PRINCIPAL;
	revoke.principal = talk_text(ALICE);
	request = (Wsauthz__AdminRequest)WSAUTHZ__ADMIN_REQUEST__INIT;
	request.records_revoke = &revoke;
	ask_admin(&admin, &request, WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_REVOKE);
	expect(&talk, VERDICT_DENY, WSAUTHZ__DECISION__SOURCE__REVOKED);
	talk_close(&talk);
	talk_close(&admin);
}

static void a_record_that_ended_is_made_anew(void **state)
{
	struct running *running = *state;
	uint8_t record[AUTHZ_ID_BYTES];
	const Wsauthz__Decision *decision;
	struct talk talk;

	running_stop_clock(running);
	running_start(running);
	running_open_authorize(running, &talk);
	for (int i = 0; i < TIMES; i++) {
		decision = ask_operation(&talk);
		assert_int_equal(decision->verdict, VERDICT_ALLOW);
		memcpy(record, decision->record_id.data, sizeof(record));
	}
	running_advance(running, INT64_C(16) * 60000);
	decision = ask_operation(&talk);
	assert_int_equal(decision->verdict, VERDICT_ALLOW);
	assert_memory_not_equal(decision->record_id.data, record, sizeof(record));
	talk_close(&talk);
}

static void a_policy_that_looks_at_the_time_sees_it_pass(void **state)
{
	struct running *running = *state;
	struct talk talk, admin;

	running_stop_clock(running);
	running_write_policy(running, PERMIT_CONNECT
			     "permit(principal, action in WinRM::Action::\"Read\", resource)\n"
			     "when { context.session.time < datetime(\"2100-01-01\") };\n");
	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	for (int i = 0; i < TIMES; i++)
		expect(&talk, PERMITTED);
	assert_int_equal(repeated_count(&admin), TIMES - 1);
	running_step_wall(running, INT64_C(100) * 366 * 24 * 3600 * 1000);
	expect(&talk, VERDICT_DENY, WSAUTHZ__DECISION__SOURCE__DEFAULT);
	running_step_wall(running, -INT64_C(100) * 366 * 24 * 3600 * 1000);
	expect(&talk, PERMITTED);
	talk_close(&talk);
	talk_close(&admin);
}

static void another_application_asks_for_itself(void **state)
{
	struct running *running = *state;
	const Wsauthz__Reply *reply;
	struct talk talk, other;

	running_write_policy(running, "permit(principal, action,\n"
				      "resource in WinRM::Application::\"wsman/Other\");\n");
	running_start(running);
	talk_open(&other, running->authorize);
	reply = talk_hello(&other, "wsman/Other");
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_HELLO);
	running_open_authorize(running, &talk);
	for (int i = 0; i < TIMES; i++) {
		expect(&other, PERMITTED);
		expect(&talk, VERDICT_DENY, WSAUTHZ__DECISION__SOURCE__DEFAULT);
	}
	talk_close(&talk);
	talk_close(&other);
}

/* Users without a token, so that all of it is the same but the id. */
static void an_id_in_use_is_refused_also_when_the_question_is_remembered(void **state)
{
	struct running *running = *state;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	talk_ask_together(&talk, TIMES, true);
	/* Refusals do not wait for the disk. */
	for (int i = 0; i < TIMES - 1; i++)
		talk_assert_refused(talk_reply(&talk), WSAUTHZ__REFUSAL__REASON__DUPLICATE_ID);
	assert_int_equal(talk_decision(&talk)->verdict, VERDICT_DENY);
	assert_int_equal(repeated_count(&admin), TIMES - 1);
	talk_ask_together(&talk, TIMES, false);
	for (int i = 0; i < TIMES; i++)
		assert_int_equal(talk_decision(&talk)->verdict, VERDICT_DENY);
	talk_close(&talk);
	talk_close(&admin);
}

static void nothing_is_remembered_for_who_has_not_said_hello(void **state)
{
	struct running *running = *state;
	struct talk talk, rude;

	running_start(running);
	running_open_authorize(running, &talk);
	for (int i = 0; i < TIMES; i++)
		expect(&talk, PERMITTED);
	talk_open(&rude, running->authorize);
	assert_true(talk_ask_operation(&rude, "CONTOSO\\alice", ALICE, USERS));
	talk_assert_refused(talk_reply(&rude), WSAUTHZ__REFUSAL__REASON__NOT_HELLO);
	talk_close(&rude);
	talk_close(&talk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, running_setup, running_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_time_has_its_answer_and_its_row),
		TEST(a_new_policy_decides_what_was_permitted_before),
		TEST(blocks_and_revocations_hold_for_what_was_permitted_before),
		TEST(a_record_that_ended_is_made_anew),
		TEST(a_policy_that_looks_at_the_time_sees_it_pass),
		TEST(another_application_asks_for_itself),
		TEST(an_id_in_use_is_refused_also_when_the_question_is_remembered),
		TEST(nothing_is_remembered_for_who_has_not_said_hello),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
