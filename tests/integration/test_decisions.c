/* What a client is told, and what is recorded about it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "integration/fixture.h"

static void users_are_allowed_denied_and_redirected_by_policy(void **state)
{
	struct raw_sender alice, mallory, moved, banned;
	const Wsauthz__Reply *reply;
	struct daemon daemon;
	struct raw_peer peer;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_sender_init(&mallory, "CONTOSO\\mallory", "S-1-5-21-1-2-3-2003", NULL);
	raw_sender_init(&moved, "CONTOSO\\moved", "S-1-5-21-1-2-3-2004", MOVED);
	raw_sender_init(&banned, "CONTOSO\\banned", "S-1-5-21-1-2-3-2005", BANNED);
	raw_peer_open(&peer, daemon.authorize_path, "wsman/Test");

	reply = raw_peer_authorize(&peer, &alice, NULL, NULL);
	assert_int_equal(fixture_verdict(reply), VERDICT_ALLOW);
	assert_int_equal(reply->decision->code, 0);
	assert_int_equal(reply->decision->source, WSAUTHZ__DECISION__SOURCE__POLICY);
	assert_int_equal(reply->decision->record_id.len, AUTHZ_ID_BYTES);
	assert_int_equal(reply->decision->policy_revision, 1);
	assert_true(reply->decision->decision_id >= 1);

	reply = raw_peer_authorize(&peer, &alice, ACTION_GET_URI, RESOURCE_OS);
	assert_int_equal(fixture_verdict(reply), VERDICT_ALLOW);
	reply = raw_peer_authorize(&peer, &alice, ACTION_PUT_URI, RESOURCE_OS);
	assert_int_equal(fixture_verdict(reply), VERDICT_DENY);
	assert_int_equal(reply->decision->source, WSAUTHZ__DECISION__SOURCE__DEFAULT);

	reply = raw_peer_authorize(&peer, &mallory, NULL, NULL);
	assert_int_equal(fixture_verdict(reply), VERDICT_DENY);
	assert_int_equal(reply->decision->code, 5);
	assert_int_equal(reply->decision->record_id.len, 0);

	reply = raw_peer_authorize(&peer, &moved, NULL, NULL);
	assert_int_equal(fixture_verdict(reply), VERDICT_REDIRECT);
	assert_int_equal(reply->decision->code, 0x80338199);
	assert_str_equal(str_make((const char *)reply->decision->extended_information.data,
				  reply->decision->extended_information.len),
			 "https://ps2.contoso.example/wsman");

	reply = raw_peer_authorize(&peer, &banned, NULL, NULL);
	assert_int_equal(fixture_verdict(reply), VERDICT_DENY);
	assert_int_equal(reply->decision->source, WSAUTHZ__DECISION__SOURCE__POLICY);
	assert_str_equal(str_make((const char *)reply->decision->extended_information.data,
				  reply->decision->extended_information.len),
			 "Ask the help desk.");
	raw_peer_close(&peer);
	fixture_stop(&daemon);
}

static Wsauthz__Decision__Source connect_source(struct raw_peer *peer,
						const struct raw_sender *sender)
{
	const Wsauthz__Reply *reply = raw_peer_authorize(peer, sender, NULL, NULL);

	assert_int_equal(fixture_verdict(reply), VERDICT_ALLOW);
	return reply->decision->source;
}

static void a_record_answers_until_its_idle_time_out_and_is_then_evaluated_again(void **state)
{
	struct raw_sender alice;
	struct daemon daemon;
	struct raw_peer peer;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("1s"), "log:\n  level: debug\n");
	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_open(&peer, daemon.authorize_path, "wsman/Test");
	assert_int_equal(connect_source(&peer, &alice), WSAUTHZ__DECISION__SOURCE__POLICY);
	assert_int_equal(connect_source(&peer, &alice), WSAUTHZ__DECISION__SOURCE__RECORD);
	assert_true(daemon_wait_log(&daemon, "records.expired"));
	assert_int_equal(connect_source(&peer, &alice), WSAUTHZ__DECISION__SOURCE__POLICY);
	raw_peer_close(&peer);
	fixture_stop(&daemon);
}

static void a_record_survives_a_restart_of_the_daemon(void **state)
{
	struct raw_sender alice, bob;
	struct daemon daemon;
	struct raw_peer peer;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_sender_init(&bob, "CONTOSO\\bob", BOB, OPERATORS);
	raw_peer_open(&peer, daemon.authorize_path, "wsman/Test");
	assert_int_equal(connect_source(&peer, &alice), WSAUTHZ__DECISION__SOURCE__POLICY);
	raw_peer_close(&peer);
	assert_int_equal(daemon_stop(&daemon), 0);

	assert_true(daemon_start(&daemon, NULL));
	raw_peer_open(&peer, daemon.authorize_path, "wsman/Test");
	assert_int_equal(connect_source(&peer, &alice), WSAUTHZ__DECISION__SOURCE__RECORD);
	assert_int_equal(connect_source(&peer, &bob), WSAUTHZ__DECISION__SOURCE__POLICY);
	raw_peer_close(&peer);
	fixture_stop(&daemon);
}

static void a_quota_comes_from_the_policy_that_let_the_user_in(void **state)
{
	Wsauthz__QueryQuota query = WSAUTHZ__QUERY_QUOTA__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	const Wsauthz__Reply *reply;
	struct raw_sender alice;
	struct daemon daemon;
	struct raw_peer peer;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_open(&peer, daemon.authorize_path, "wsman/Test");
	connect_source(&peer, &alice);
	query.sender = &alice.sender;
	request.body_case = WSAUTHZ__REQUEST__BODY_QUERY_QUOTA;
	request.query_quota = &query;
	reply = raw_peer_call(&peer, &request);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_QUOTA);
	assert_non_null(reply->quota->quota);
	assert_int_equal(reply->quota->quota->max_concurrent_shells, 5);
	assert_true(reply->quota->quota->max_concurrent_operations != 0);
	assert_true(reply->quota->quota->max_operations_per_timeslot != 0);
	assert_true(reply->quota->quota->timeslot_s != 0);
	raw_peer_close(&peer);
	fixture_stop(&daemon);
}

static void a_new_policy_holds_for_the_next_operation_of_a_live_record(void **state)
{
	static const char forbids_reading[] =
		FIXTURE_POLICY("15m") "@id(\"frozen\") forbid(principal, action, resource);\n";
	const Wsauthz__Reply *reply;
	struct raw_sender alice;
	struct daemon daemon;
	struct raw_peer peer;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_open(&peer, daemon.authorize_path, "wsman/Test");
	connect_source(&peer, &alice);
	daemon_write_policy(&daemon, "policy.cedar", forbids_reading);
	kill(daemon.pid, SIGHUP);
	assert_true(daemon_wait_log(&daemon, "revision 2"));
	reply = raw_peer_authorize(&peer, &alice, ACTION_GET_URI, RESOURCE_OS);
	assert_int_equal(fixture_verdict(reply), VERDICT_DENY);
	assert_int_equal(reply->decision->policy_revision, 2);
	raw_peer_close(&peer);
	fixture_stop(&daemon);
}

static void an_invalid_policy_leaves_the_last_good_one_serving(void **state)
{
	struct raw_sender alice;
	struct daemon daemon;
	struct raw_peer peer;
	char *log;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	daemon_write_policy(&daemon, "policy.cedar",
			    "permit(principal, action, resource)\nwhen { 1 / 2 == 0 };\n");
	kill(daemon.pid, SIGHUP);
	assert_true(daemon_wait_log(&daemon, "policy.cedar:2:10: error: "));
	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_open(&peer, daemon.authorize_path, "wsman/Test");
	assert_int_equal(connect_source(&peer, &alice), WSAUTHZ__DECISION__SOURCE__POLICY);
	raw_peer_close(&peer);
	log = daemon_log(&daemon);
	assert_non_null(strstr(log, "when { 1 / 2 == 0 };"));
	assert_non_null(strstr(log, "^"));
	free(log);
	fixture_stop(&daemon);
}

static void a_forbid_that_errs_denies(void **state)
{
	static const char policy[] = "@id(\"all\") permit(principal, action, resource);\n"
				     "@id(\"errs\") forbid(principal, action, resource)\n"
				     "when { 9223372036854775807 + 1 > 0 };\n";
	const Wsauthz__Reply *reply;
	struct raw_sender alice;
	struct daemon daemon;
	struct raw_peer peer;

	(void)state;
	fixture_start(&daemon, policy, NULL);
	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_open(&peer, daemon.authorize_path, "wsman/Test");
	reply = raw_peer_authorize(&peer, &alice, NULL, NULL);
	assert_int_equal(fixture_verdict(reply), VERDICT_DENY);
	assert_int_equal(reply->decision->source, WSAUTHZ__DECISION__SOURCE__POLICY_ERROR);
	raw_peer_close(&peer);
	fixture_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_allowed_denied_and_redirected_by_policy),
		cmocka_unit_test(
			a_record_answers_until_its_idle_time_out_and_is_then_evaluated_again),
		cmocka_unit_test(a_record_survives_a_restart_of_the_daemon),
		cmocka_unit_test(a_quota_comes_from_the_policy_that_let_the_user_in),
		cmocka_unit_test(a_new_policy_holds_for_the_next_operation_of_a_live_record),
		cmocka_unit_test(an_invalid_policy_leaves_the_last_good_one_serving),
		cmocka_unit_test(a_forbid_that_errs_denies),
	};

	return cmocka_run_group_tests_name("decisions", tests, NULL, NULL);
}
