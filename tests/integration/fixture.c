#include "integration/fixture.h"

void fixture_start(struct daemon *daemon, const char *policy, const char *settings)
{
	struct daemon_options options = {.policy = policy, .settings = settings};
	int code = 0;

	daemon_init(daemon, &options);
	if (!daemon_start(daemon, &code)) {
		daemon_deinit(daemon, true);
		fail_msg("the daemon did not start: exit code %d", code);
	}
}

void fixture_stop(struct daemon *daemon)
{
	int code = daemon_stop(daemon);

	daemon_deinit(daemon, code != 0);
	assert_int_equal(code, 0);
}

uint32_t fixture_verdict(const Wsauthz__Reply *reply)
{
	uint32_t verdict;

	assert_non_null(reply);
	if (reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL)
		fail_msg("refused: reason %d, %.*s", (int)reply->refusal->reason,
			 (int)reply->refusal->detail.len, (char *)reply->refusal->detail.data);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_DECISION);
	verdict = verdict_check(reply->decision->verdict, reply->decision->verdict_twin,
				reply->decision->code);
	assert_int_not_equal(verdict, 0);
	return verdict;
}

void fixture_expect_refusal(const Wsauthz__Reply *reply, Wsauthz__Refusal__Reason reason)
{
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_REFUSAL);
	assert_int_equal(reply->refusal->reason, reason);
}

void fixture_expect_service(const struct daemon *daemon)
{
	struct raw_sender alice;
	struct raw_peer peer;

	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	assert_int_equal(fixture_verdict(raw_peer_authorize(&peer, &alice, NULL, NULL)),
			 VERDICT_ALLOW);
	raw_peer_close(&peer);
}
