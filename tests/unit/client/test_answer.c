#include "client-plugin/answer.h"

#include "base/attributes.h"
#include "support/cmocka.h"
#include "unit/proto/samples.h"

static const enum pending_kind kinds[] = {PENDING_USER, PENDING_OPERATION, PENDING_QUOTA,
					  PENDING_PING};

static char text[AUTHZ_INFORMATION_BYTES + 1];

static unsigned distance(uint32_t a, uint32_t b)
{
	unsigned bits = 0;

	for (uint32_t different = a ^ b; different != 0; different &= different - 1)
		bits++;
	return bits;
}

static Wsauthz__Decision make_decision(uint32_t verdict)
{
	Wsauthz__Decision decision = WSAUTHZ__DECISION__INIT;

	decision.verdict = verdict;
	decision.verdict_twin = ~verdict;
	decision.code = verdict_code(verdict);
	decision.extended_information = sample_text("https://elsewhere.example/");
	decision.administrator = 1;
	decision.policy_revision = 3;
	decision.decision_id = 99;
	decision.record_id = authz_bytes(sample_record_id, AUTHZ_ID_BYTES);
	return decision;
}

static struct client_answer read_decision(enum pending_kind kind, Wsauthz__Decision *decision)
{
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

	reply.body_case = WSAUTHZ__REPLY__BODY_DECISION;
	reply.decision = decision;
	return answer_read(kind, &reply, text);
}

static void expect_denial(struct client_answer answer, enum client_reason reason)
{
	assert_int_equal(answer.verdict, CLIENT_DENY);
	assert_int_equal(answer.reason, reason);
	assert_int_equal(answer.code, 5);
	assert_string_equal(answer.information, "");
	assert_false(answer.administrator);
	assert_false(answer.has_record);
	assert_false(answer.has_quota);
	assert_int_equal(answer.decision_id, 0);
}

static void a_denial_is_complete(void **state)
{
	(void)state;
	expect_denial(answer_deny(CLIENT_DEADLINE), CLIENT_DEADLINE);
}

static void verdicts_for_callers_are_far_apart(void **state)
{
	(void)state;
	assert_int_equal(CLIENT_DENY, 0);
	assert_true(distance(CLIENT_ALLOW, CLIENT_DENY) >= 16);
	assert_true(distance(CLIENT_REDIRECT, CLIENT_DENY) >= 16);
	assert_true(distance(CLIENT_ALLOW, CLIENT_REDIRECT) >= 16);
}

static void an_allowing_decision_allows(void **state)
{
	Wsauthz__Decision decision = make_decision(VERDICT_ALLOW);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct client_answer answer = read_decision(kinds[i], &decision);

		assert_int_equal(answer.verdict, CLIENT_ALLOW);
		assert_int_equal(answer.reason, CLIENT_OK);
		assert_int_equal(answer.code, 0);
		assert_true(answer.administrator);
		assert_true(answer.has_record);
		assert_memory_equal(answer.record_id, sample_record_id, AUTHZ_ID_BYTES);
		assert_int_equal(answer.policy_revision, 3);
		assert_int_equal(answer.decision_id, 99);
	}
}

static void nobody_is_administrator_without_being_allowed(void **state)
{
	Wsauthz__Decision denial = make_decision(VERDICT_DENY);
	Wsauthz__Decision redirect = make_decision(VERDICT_REDIRECT);

	(void)state;
	assert_false(read_decision(PENDING_USER, &denial).administrator);
	assert_false(read_decision(PENDING_USER, &redirect).administrator);
}

static void a_redirect_carries_its_url(void **state)
{
	Wsauthz__Decision decision = make_decision(VERDICT_REDIRECT);
	struct client_answer answer = read_decision(PENDING_USER, &decision);

	(void)state;
	assert_int_equal(answer.verdict, CLIENT_REDIRECT);
	assert_int_equal(answer.code, 0x80338199);
	assert_string_equal(answer.information, "https://elsewhere.example/");
	decision.extended_information.len = 0;
	expect_denial(read_decision(PENDING_USER, &decision), CLIENT_BAD_VERDICT);
}

static void the_longest_information_fits(void **state)
{
	char longest[AUTHZ_INFORMATION_BYTES];
	Wsauthz__Decision decision = make_decision(VERDICT_DENY);
	struct client_answer answer;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	decision.extended_information = authz_bytes(longest, sizeof(longest));
	answer = read_decision(PENDING_USER, &decision);
	assert_int_equal(strlen(answer.information), AUTHZ_INFORMATION_BYTES);
	decision.extended_information = authz_bytes(NULL, 0);
	answer = read_decision(PENDING_USER, &decision);
	assert_string_equal(answer.information, "");
}

static void a_damaged_decision_denies(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t flip = UINT32_C(1) << bit;
		Wsauthz__Decision decision = make_decision(VERDICT_ALLOW);

		decision.verdict ^= flip;
		expect_denial(read_decision(PENDING_USER, &decision), CLIENT_BAD_VERDICT);
		decision = make_decision(VERDICT_ALLOW);
		decision.verdict_twin ^= flip;
		expect_denial(read_decision(PENDING_USER, &decision), CLIENT_BAD_VERDICT);
		decision = make_decision(VERDICT_ALLOW);
		decision.code ^= flip;
		expect_denial(read_decision(PENDING_USER, &decision), CLIENT_BAD_VERDICT);
	}
}

static void a_decision_about_a_quota_can_only_deny(void **state)
{
	Wsauthz__Decision allow = make_decision(VERDICT_ALLOW);
	Wsauthz__Decision redirect = make_decision(VERDICT_REDIRECT);
	Wsauthz__Decision deny = make_decision(VERDICT_DENY);

	(void)state;
	expect_denial(read_decision(PENDING_QUOTA, &allow), CLIENT_BAD_VERDICT);
	expect_denial(read_decision(PENDING_QUOTA, &redirect), CLIENT_BAD_VERDICT);
	assert_int_equal(read_decision(PENDING_QUOTA, &deny).verdict, CLIENT_DENY);
	assert_int_equal(read_decision(PENDING_QUOTA, &deny).reason, CLIENT_OK);
}

static void a_quota_comes_with_permission_or_not_at_all(void **state)
{
	Wsauthz__Quota quota = WSAUTHZ__QUOTA__INIT;
	Wsauthz__QuotaReply quota_reply = WSAUTHZ__QUOTA_REPLY__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;
	struct client_answer answer;

	(void)state;
	reply.body_case = WSAUTHZ__REPLY__BODY_QUOTA;
	reply.quota = &quota_reply;
	answer = answer_read(PENDING_QUOTA, &reply, text);
	assert_int_equal(answer.verdict, CLIENT_ALLOW);
	assert_int_equal(answer.code, 0);
	assert_false(answer.has_quota);
	quota_reply.quota = &quota;
	quota.max_concurrent_shells = 1;
	quota.max_concurrent_operations = 2;
	quota.timeslot_s = 3;
	quota.max_operations_per_timeslot = 4;
	answer = answer_read(PENDING_QUOTA, &reply, text);
	assert_true(answer.has_quota);
	assert_int_equal(answer.quota.max_concurrent_shells, 1);
	assert_int_equal(answer.quota.max_concurrent_operations, 2);
	assert_int_equal(answer.quota.timeslot_s, 3);
	assert_int_equal(answer.quota.max_operations_per_timeslot, 4);
}

static void every_refusal_denies_under_its_reason(void **state)
{
	static const struct {
		Wsauthz__Refusal__Reason refusal;
		enum client_reason reason;
	} cases[] = {
		{WSAUTHZ__REFUSAL__REASON__UNSPECIFIED, CLIENT_REFUSED_OTHER},
		{WSAUTHZ__REFUSAL__REASON__BUSY, CLIENT_REFUSED_BUSY},
		{WSAUTHZ__REFUSAL__REASON__BAD_REQUEST, CLIENT_REFUSED_OTHER},
		{WSAUTHZ__REFUSAL__REASON__VERSION, CLIENT_VERSION},
		{WSAUTHZ__REFUSAL__REASON__AUDIT_FAILED, CLIENT_REFUSED_AUDIT},
		{WSAUTHZ__REFUSAL__REASON__NO_POLICY, CLIENT_REFUSED_NO_POLICY},
		{WSAUTHZ__REFUSAL__REASON__PEER_NOT_ALLOWED, CLIENT_REFUSED_PEER},
		{WSAUTHZ__REFUSAL__REASON__DEADLINE, CLIENT_DEADLINE},
		{WSAUTHZ__REFUSAL__REASON__INTERNAL, CLIENT_REFUSED_OTHER},
		{(Wsauthz__Refusal__Reason)9999, CLIENT_REFUSED_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		Wsauthz__Refusal refusal = WSAUTHZ__REFUSAL__INIT;
		Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

		refusal.reason = cases[i].refusal;
		reply.body_case = WSAUTHZ__REPLY__BODY_REFUSAL;
		reply.refusal = &refusal;
		for (size_t j = 0; j < ARRAY_COUNT(kinds); j++)
			expect_denial(answer_read(kinds[j], &reply, text), cases[i].reason);
	}
}

static void a_reply_of_the_wrong_kind_is_malformed(void **state)
{
	Wsauthz__Decision decision = make_decision(VERDICT_ALLOW);
	Wsauthz__QuotaReply quota = WSAUTHZ__QUOTA_REPLY__INIT;
	Wsauthz__Pong pong = WSAUTHZ__PONG__INIT;
	Wsauthz__HelloReply hello = WSAUTHZ__HELLO_REPLY__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		reply.body_case = WSAUTHZ__REPLY__BODY__NOT_SET;
		expect_denial(answer_read(kinds[i], &reply, text), CLIENT_MALFORMED);
		reply.body_case = WSAUTHZ__REPLY__BODY_HELLO;
		reply.hello = &hello;
		expect_denial(answer_read(kinds[i], &reply, text), CLIENT_MALFORMED);
		if (kinds[i] != PENDING_PING) {
			reply.body_case = WSAUTHZ__REPLY__BODY_PONG;
			reply.pong = &pong;
			expect_denial(answer_read(kinds[i], &reply, text), CLIENT_MALFORMED);
		}
		if (kinds[i] != PENDING_QUOTA) {
			reply.body_case = WSAUTHZ__REPLY__BODY_QUOTA;
			reply.quota = &quota;
			expect_denial(answer_read(kinds[i], &reply, text), CLIENT_MALFORMED);
		}
	}
	reply.body_case = WSAUTHZ__REPLY__BODY_DECISION;
	reply.decision = &decision;
	expect_denial(answer_read(PENDING_PING, &reply, text), CLIENT_MALFORMED);
}

static void a_pong_says_that_the_server_is_there_and_allows_nothing(void **state)
{
	Wsauthz__Pong pong = WSAUTHZ__PONG__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

	(void)state;
	reply.body_case = WSAUTHZ__REPLY__BODY_PONG;
	reply.pong = &pong;
	expect_denial(answer_read(PENDING_PING, &reply, text), CLIENT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_denial_is_complete),
		cmocka_unit_test(verdicts_for_callers_are_far_apart),
		cmocka_unit_test(an_allowing_decision_allows),
		cmocka_unit_test(nobody_is_administrator_without_being_allowed),
		cmocka_unit_test(a_redirect_carries_its_url),
		cmocka_unit_test(the_longest_information_fits),
		cmocka_unit_test(a_damaged_decision_denies),
		cmocka_unit_test(a_decision_about_a_quota_can_only_deny),
		cmocka_unit_test(a_quota_comes_with_permission_or_not_at_all),
		cmocka_unit_test(every_refusal_denies_under_its_reason),
		cmocka_unit_test(a_reply_of_the_wrong_kind_is_malformed),
		cmocka_unit_test(a_pong_says_that_the_server_is_there_and_allows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
