#include "client-plugin/plugin.h"

#include <stdlib.h>

#include "client-plugin/memory.h"
#include "proto/authz.h"
#include "support/cmocka.h"
#include "unit/client-plugin/fake_host.h"
#include "unit/client/fake_channel.h"
#include "unit/proto/samples.h"

static const uint8_t record_one[AUTHZ_ID_BYTES] = {1};
static const uint8_t record_two[AUTHZ_ID_BYTES] = {2};

struct fixture {
	PVOID application;
	struct channel *channel;
	WSMAN_SENDER_DETAILS sender;
};

/* Answers the Hello. */
static void greet(struct channel *channel)
{
	const Wsauthz__Request *request;
	struct buf frame;

	fake_channel_turn(channel);
	request = fake_channel_read(channel);
	assert_non_null(request);
	assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_HELLO);
	buf_init(&frame, SIZE_MAX);
	sample_reply_frame(SAMPLE_HELLO_REPLY, request->id, &frame);
	fake_channel_deliver(channel, frame.data, frame.length);
	buf_deinit(&frame);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	setenv("WSAUTHZ_ENDPOINT", "socket", 1);
	fake_channel_set_connect_result(CLIENT_OK);
	fake_host_reset();
	assert_int_equal(WSManPluginStartup(0, u"wsman/Test", NULL, &fixture->application),
			 NO_ERROR);
	fixture->channel = fake_channel_last();
	fixture->sender = fake_host_sender();
	greet(fixture->channel);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(WSManPluginShutdown(fixture->application, 0, 3), NO_ERROR);
	free(fixture);
	return 0;
}

/* The next question; reports of failures are not what these tests are about. */
static const Wsauthz__Request *next_request(struct fixture *fixture)
{
	const Wsauthz__Request *request;

	fake_channel_turn(fixture->channel);
	do {
		request = fake_channel_read(fixture->channel);
		assert_non_null(request);
	} while (request->body_case == WSAUTHZ__REQUEST__BODY_FAILURE_REPORT);
	return request;
}

static void deliver(struct fixture *fixture, Wsauthz__Reply *reply)
{
	struct buf frame;

	reply->epoch = authz_bytes(sample_epoch, AUTHZ_ID_BYTES);
	buf_init(&frame, SIZE_MAX);
	sample_encode_reply(reply, &frame);
	fake_channel_deliver(fixture->channel, frame.data, frame.length);
	buf_deinit(&frame);
}

/* Answers the next question; `record_id` may be NULL. */
static void decide(struct fixture *fixture, uint32_t verdict, const char *information,
		   const uint8_t *record_id)
{
	Wsauthz__Decision decision = WSAUTHZ__DECISION__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

	decision.verdict = verdict;
	decision.verdict_twin = ~verdict;
	decision.code = verdict_code(verdict);
	decision.extended_information = sample_text(information);
	decision.record_id = authz_bytes(record_id, record_id != NULL ? AUTHZ_ID_BYTES : 0);
	decision.decision_id = 4711;
	decision.source = WSAUTHZ__DECISION__SOURCE__POLICY;
	decision.administrator = verdict == VERDICT_ALLOW;
	reply.id = next_request(fixture)->id;
	reply.body_case = WSAUTHZ__REPLY__BODY_DECISION;
	reply.decision = &decision;
	deliver(fixture, &reply);
}

static void ask_user(struct fixture *fixture)
{
	WSManPluginAuthzUser(fixture->application, &fixture->sender, 0);
}

static void ask_operation(struct fixture *fixture)
{
	WSManPluginAuthzOperation(fixture->application, &fixture->sender, 0, 17, u"action",
				  u"resource");
}

static void *allow_user(struct fixture *fixture, const uint8_t *record_id)
{
	ask_user(fixture);
	decide(fixture, VERDICT_ALLOW, "", record_id);
	assert_int_equal(fake_host()->last.code, NO_ERROR);
	return fake_host()->last.context;
}

/* The last completion is this call's, and denies it. */
static void expect_denied(const struct fixture *fixture, enum fake_completion_kind kind)
{
	const struct fake_completion *last = &fake_host()->last;

	assert_int_equal(fake_host()->completion_count, 1);
	assert_int_equal(last->kind, kind);
	assert_ptr_equal(last->details, &fixture->sender);
	assert_int_equal(last->flags, 0);
	assert_int_equal(last->code, ERROR_ACCESS_DENIED);
	assert_null(last->context);
	assert_null(last->token);
	assert_false(last->administrator || last->has_quota);
	assert_int_not_equal(last->text[0], 0);
}

static bool is_text(ProtobufCBinaryData bytes, const char *text)
{
	return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

/* What is asked. */

static void a_question_carries_the_whole_sender(void **state)
{
	struct fixture *fixture = *state;
	const Wsauthz__Sender *sender;

	ask_user(fixture);
	sender = next_request(fixture)->authorize_user->sender;
	assert_true(is_text(sender->name, "CONTOSO\\alice"));
	assert_true(is_text(sender->mechanism, "Kerberos"));
	assert_true(is_text(sender->http_url, "https://host/wsman"));
	assert_true(is_text(sender->token->user_sid, "S-1-5-21-1-2-3-2001"));
	assert_int_equal(sender->token->n_group_sids, 2);
	assert_true(is_text(sender->token->group_sids[1], "S-1-5-21-1-2-3-1101"));
	assert_int_equal(sender->token->n_deny_only_group_sids, 1);
	assert_null(sender->certificate);
}

static void a_certificate_is_read_when_it_identifies_the_sender(void **state)
{
	WSMAN_CERTIFICATE_DETAILS certificate = {u"CN=alice", u"CN=CA", u"0123ab",
						 u"alice.example"};
	struct fixture *fixture = *state;
	const Wsauthz__Certificate *sent;

	fixture->sender.authenticationMechanism = u"clientCERTIFICATE";
	fixture->sender.certificateDetails = &certificate;
	ask_user(fixture);
	sent = next_request(fixture)->authorize_user->sender->certificate;
	assert_non_null(sent);
	assert_true(is_text(sent->subject, "CN=alice"));
	assert_true(is_text(sent->issuer_name, "CN=CA"));
	assert_true(is_text(sent->issuer_thumbprint, "0123ab"));
	assert_true(is_text(sent->subject_name, "alice.example"));
}

static void otherwise_the_certificate_is_not_even_looked_at(void **state)
{
	struct fixture *fixture = *state;

	fixture->sender.certificateDetails = (WSMAN_CERTIFICATE_DETAILS *)(uintptr_t)16;
	ask_user(fixture);
	assert_null(next_request(fixture)->authorize_user->sender->certificate);
}

static void an_operation_is_asked_by_its_uris(void **state)
{
	struct fixture *fixture = *state;
	const Wsauthz__Request *request;

	ask_operation(fixture);
	request = next_request(fixture);
	assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION);
	assert_true(is_text(request->authorize_operation->action_uri, "action"));
	assert_true(is_text(request->authorize_operation->resource_uri, "resource"));
}

static void who_cannot_be_asked_for_is_denied_at_once(void **state)
{
	static const WCHAR half[] = {'a', 0xD800, 0};
	static const struct client_token nobody = {.user_sid = NULL};
	struct fixture *fixture = *state;
	WSMAN_SENDER_DETAILS good = fixture->sender;
	WSMAN_SENDER_DETAILS bad[5];

	for (size_t i = 0; i < 5; i++)
		bad[i] = good;
	bad[0].clientToken = NULL;
	bad[1].senderName = half;
	bad[2].authenticationMechanism = NULL;
	bad[3].authenticationMechanism = u"ClientCertificate"; /* and no certificate */
	bad[4].clientToken = (HANDLE)(uintptr_t)&nobody;
	for (size_t i = 0; i < 5; i++) {
		fixture->sender = bad[i];
		fake_host_reset();
		ask_user(fixture);
		expect_denied(fixture, FAKE_USER);
		fake_host_reset();
		ask_operation(fixture);
		expect_denied(fixture, FAKE_OPERATION);
		fake_host_reset();
		WSManPluginAuthzQueryQuota(fixture->application, &fixture->sender, 0);
		expect_denied(fixture, FAKE_QUOTA);
	}
	WSManPluginAuthzUser(fixture->application, NULL, 0); /* no call to complete */
	assert_int_equal(fake_host()->completion_count, 1);
}

/* What is answered. */

static void an_allowed_user_keeps_its_own_token(void **state)
{
	struct fixture *fixture = *state;
	const struct fake_completion *last = &fake_host()->last;

	assert_non_null(allow_user(fixture, record_one));
	assert_int_equal(last->kind, FAKE_USER);
	assert_ptr_equal(last->details, &fixture->sender);
	assert_ptr_equal(last->token, fixture->sender.clientToken);
	assert_true(last->administrator);
	assert_int_equal(last->flags, 0);
	assert_int_equal(last->text[0], 0);
}

static void a_denial_carries_message_and_receipt(void **state)
{
	struct fixture *fixture = *state;

	ask_user(fixture);
	decide(fixture, VERDICT_DENY, "Ask the help desk.", NULL);
	expect_denied(fixture, FAKE_USER);
	assert_true(fake_host_text_holds("Ask the help desk. Decision 4711."));
	fake_host_reset();
	ask_operation(fixture);
	decide(fixture, VERDICT_DENY, "", NULL);
	expect_denied(fixture, FAKE_OPERATION);
	assert_true(fake_host_text_holds("Access is denied. Decision 4711."));
}

static void a_redirect_is_a_bare_url(void **state)
{
	struct fixture *fixture = *state;
	const struct fake_completion *last = &fake_host()->last;

	ask_user(fixture);
	decide(fixture, VERDICT_REDIRECT, "https://ps2.contoso.example/wsman", NULL);
	assert_int_equal(last->code, 0x80338199);
	assert_true(fake_host_text_holds("https://ps2.contoso.example/wsman"));
	assert_int_equal(last->text[33], 0);
	assert_null(last->token);
	assert_null(last->context);
}

/* A policy may write it so, RFC 3986, section 3.1. */
static void the_scheme_of_a_redirect_has_any_case(void **state)
{
	struct fixture *fixture = *state;

	ask_user(fixture);
	decide(fixture, VERDICT_REDIRECT, "HTTPs://ps2.contoso.example/wsman", NULL);
	assert_int_equal(fake_host()->last.code, 0x80338199);
	assert_true(fake_host_text_holds("HTTPs://ps2.contoso.example/wsman"));
}

static void a_redirect_to_anything_else_is_a_denial(void **state)
{
	static const char *const urls[] = {"http://contoso.example/",
					   "https://a b",
					   "https://a\r\nSet-Cookie: x",
					   "https://\xc3\xa4",
					   "https:\x0f\x0f"
					   "a",
					   "HTTPS",
					   "httpS\x1a//a"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		fake_host_reset();
		ask_user(fixture);
		decide(fixture, VERDICT_REDIRECT, urls[i], NULL);
		expect_denied(fixture, FAKE_USER);
	}
}

static void an_operation_is_never_redirected(void **state)
{
	struct fixture *fixture = *state;

	ask_operation(fixture);
	decide(fixture, VERDICT_REDIRECT, "https://contoso.example/", NULL);
	expect_denied(fixture, FAKE_OPERATION);
	assert_false(fake_host_text_holds("contoso"));
}

static void answer_quota(struct fixture *fixture, Wsauthz__Quota *quota)
{
	Wsauthz__QuotaReply answer = WSAUTHZ__QUOTA_REPLY__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

	WSManPluginAuthzQueryQuota(fixture->application, &fixture->sender, 0);
	answer.quota = quota;
	reply.id = next_request(fixture)->id;
	reply.body_case = WSAUTHZ__REPLY__BODY_QUOTA;
	reply.quota = &answer;
	deliver(fixture, &reply);
}

static void a_quota_is_passed_on_or_left_to_the_host(void **state)
{
	struct fixture *fixture = *state;
	Wsauthz__Quota quota = WSAUTHZ__QUOTA__INIT;
	const struct fake_completion *last = &fake_host()->last;

	quota.max_concurrent_shells = 2;
	quota.max_concurrent_operations = 3;
	quota.timeslot_s = 60;
	quota.max_operations_per_timeslot = UINT32_MAX;
	answer_quota(fixture, &quota);
	assert_int_equal(last->kind, FAKE_QUOTA);
	assert_int_equal(last->code, NO_ERROR);
	assert_true(last->has_quota);
	assert_int_equal(last->quota.maxAllowedConcurrentShells, 2);
	assert_int_equal(last->quota.maxAllowedConcurrentOperations, 3);
	assert_int_equal(last->quota.timeslotSize, 60);
	assert_int_equal(last->quota.maxAllowedOperationsPerTimeslot, UINT32_MAX);
	answer_quota(fixture, NULL);
	assert_int_equal(last->code, NO_ERROR);
	assert_false(last->has_quota);
}

static void a_silent_daemon_is_a_denial_in_time(void **state)
{
	struct fixture *fixture = *state;

	ask_operation(fixture);
	next_request(fixture);
	fake_channel_advance(fixture->channel, CLIENT_DEFAULT_REPLY_TIMEOUT_MS - 1);
	assert_int_equal(fake_host()->completion_count, 0);
	fake_channel_advance(fixture->channel, 1);
	expect_denied(fixture, FAKE_OPERATION);
	assert_true(fake_host_text_holds("no reply in time"));
}

static void a_shutdown_denies_what_is_open(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 100; i++)
		ask_user(fixture);
	WSManPluginShutdown(fixture->application, 0, 3);
	fixture->application = NULL;
	assert_int_equal(fake_host()->completion_count, 100);
	assert_int_equal(fake_host()->last.code, ERROR_ACCESS_DENIED);
}

/* Contexts. */

/* The record ids of the ContextReleased that were sent. */
static size_t count_releases(struct fixture *fixture, const uint8_t *record_id)
{
	const Wsauthz__Request *request;
	size_t count = 0;

	fake_channel_turn(fixture->channel);
	while ((request = fake_channel_read(fixture->channel)) != NULL) {
		assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_CONTEXT_RELEASED);
		assert_memory_equal(request->context_released->record_id.data, record_id,
				    AUTHZ_ID_BYTES);
		count++;
	}
	return count;
}

static void one_record_is_one_context(void **state)
{
	struct fixture *fixture = *state;
	void *first = allow_user(fixture, record_one);
	void *other = allow_user(fixture, record_two);

	assert_ptr_equal(allow_user(fixture, record_one), first);
	assert_ptr_not_equal(other, first);
	ask_operation(fixture);
	decide(fixture, VERDICT_ALLOW, "", record_one);
	assert_ptr_equal(fake_host()->last.context, first);

	WSManPluginAuthzReleaseContext(first);
	WSManPluginAuthzReleaseContext(first);
	assert_int_equal(count_releases(fixture, record_one), 0);
	WSManPluginAuthzReleaseContext(first);
	assert_int_equal(count_releases(fixture, record_one), 2); /* two AuthzUser */
	WSManPluginAuthzReleaseContext(other);
	assert_int_equal(count_releases(fixture, record_two), 1);
	WSManPluginAuthzReleaseContext(NULL);
}

static void contexts_in_one_bucket_do_not_meet(void **state)
{
	uint8_t near[AUTHZ_ID_BYTES] = {1, 0, 9}; /* the bucket is that of its first two bytes */
	struct fixture *fixture = *state;
	void *first = allow_user(fixture, record_one);
	void *second = allow_user(fixture, near);

	assert_ptr_not_equal(first, second);
	WSManPluginAuthzReleaseContext(first);
	assert_int_equal(count_releases(fixture, record_one), 1);
	WSManPluginAuthzReleaseContext(second);
	assert_int_equal(count_releases(fixture, near), 1);
}

static void an_operation_alone_releases_no_record(void **state)
{
	struct fixture *fixture = *state;

	ask_operation(fixture);
	decide(fixture, VERDICT_ALLOW, "", record_one);
	assert_non_null(fake_host()->last.context);
	WSManPluginAuthzReleaseContext(fake_host()->last.context);
	assert_int_equal(count_releases(fixture, record_one), 0);
}

static void a_completion_the_host_refuses_keeps_no_context(void **state)
{
	struct fixture *fixture = *state;

	fake_host()->status = ERROR_INVALID_PARAMETER;
	ask_user(fixture);
	decide(fixture, VERDICT_ALLOW, "", record_one);
	assert_int_equal(count_releases(fixture, record_one), 1);
}

static void what_was_not_released_goes_with_the_application(void **state)
{
	struct fixture *fixture = *state;

	/* Leak checkers see whether that is so. */
	allow_user(fixture, record_one);
	allow_user(fixture, record_two);
}

/* Starting. */

static void applications_know_nothing_of_each_other(void **state)
{
	struct fixture *fixture = *state;
	struct fixture second = {.sender = fixture->sender};

	assert_int_equal(WSManPluginStartup(1, u"wsman/Second", u"<x/>", &second.application),
			 NO_ERROR);
	second.channel = fake_channel_last();
	greet(second.channel);
	assert_ptr_not_equal(allow_user(fixture, record_one), allow_user(&second, record_one));
	ask_user(&second);
	WSManPluginShutdown(second.application, 0, 3);
	assert_int_equal(fake_host()->last.code, ERROR_ACCESS_DENIED);
	allow_user(fixture, record_one);
}

static void a_nameless_application_does_not_start(void **state)
{
	PVOID application = &application;

	(void)state;
	assert_int_equal(WSManPluginStartup(0, NULL, NULL, &application), ERROR_INVALID_PARAMETER);
	assert_int_equal(WSManPluginStartup(0, u"", NULL, &application), ERROR_INVALID_PARAMETER);
	assert_int_equal(WSManPluginStartup(0, u"wsman", NULL, NULL), ERROR_INVALID_PARAMETER);
	assert_ptr_equal(application, &application);
	assert_int_equal(WSManPluginShutdown(NULL, 0, 3), NO_ERROR);
}

static void unusable_settings_deny_and_say_so(void **state)
{
	struct fixture local = {.sender = fake_host_sender()};

	(void)state;
	fake_host_reset();
	setenv("WSAUTHZ_REPLY_TIMEOUT_MS", "soon", 1);
	assert_int_equal(WSManPluginStartup(0, u"wsman", NULL, &local.application), NO_ERROR);
	unsetenv("WSAUTHZ_REPLY_TIMEOUT_MS");
	ask_user(&local);
	expect_denied(&local, FAKE_USER);
	assert_true(fake_host_text_holds("the settings are not valid"));
	WSManPluginShutdown(local.application, 0, 3);
}

/* Memory. */

struct countdown {
	size_t left;
	bool fired;
};

static bool count_down(void *arg)
{
	struct countdown *countdown = arg;

	countdown->fired = countdown->fired || countdown->left == 0;
	return countdown->left-- == 0;
}

static void every_allocation_of_a_start_may_fail(void **state)
{
	size_t n = 0;
	bool fired = true;

	(void)state;
	for (; fired; n++) {
		struct countdown countdown = {.left = n};
		PVOID application = NULL;
		DWORD status;

		memory_set_fault_hook(count_down, &countdown);
		status = WSManPluginStartup(0, u"wsman/Test", NULL, &application);
		memory_set_fault_hook(NULL, NULL);
		fired = countdown.fired;
		assert_int_equal(status, fired ? ERROR_NOT_ENOUGH_MEMORY : NO_ERROR);
		assert_true((application == NULL) == fired);
		WSManPluginShutdown(application, 0, 3);
	}
	assert_true(n > 5);
}

static void every_allocation_of_a_question_may_fail(void **state)
{
	struct fixture *fixture = *state;
	size_t n = 0;
	bool fired = true;

	for (; fired; n++) {
		struct countdown countdown = {.left = n};

		fake_host_reset();
		memory_set_fault_hook(count_down, &countdown);
		ask_user(fixture);
		fired = countdown.fired;
		memory_set_fault_hook(NULL, NULL);
		if (fired) {
			expect_denied(fixture, FAKE_USER);
			assert_true(fake_host_text_holds("out of memory"));
		}
	}
	assert_int_equal(fake_host()->completion_count, 0);
	assert_true(n > 3);
}

static void without_memory_for_a_context_nothing_is_allowed(void **state)
{
	struct fixture *fixture = *state;
	struct countdown countdown = {.left = 0};

	ask_user(fixture);
	fake_channel_turn(fixture->channel);
	memory_set_fault_hook(count_down, &countdown);
	decide(fixture, VERDICT_ALLOW, "", record_one);
	memory_set_fault_hook(NULL, NULL);
	assert_true(countdown.fired);
	expect_denied(fixture, FAKE_USER);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_question_carries_the_whole_sender),
		TEST(a_certificate_is_read_when_it_identifies_the_sender),
		TEST(otherwise_the_certificate_is_not_even_looked_at),
		TEST(an_operation_is_asked_by_its_uris),
		TEST(who_cannot_be_asked_for_is_denied_at_once),
		TEST(an_allowed_user_keeps_its_own_token),
		TEST(a_denial_carries_message_and_receipt),
		TEST(a_redirect_is_a_bare_url),
		TEST(the_scheme_of_a_redirect_has_any_case),
		TEST(a_redirect_to_anything_else_is_a_denial),
		TEST(an_operation_is_never_redirected),
		TEST(a_quota_is_passed_on_or_left_to_the_host),
		TEST(a_silent_daemon_is_a_denial_in_time),
		TEST(a_shutdown_denies_what_is_open),
		TEST(one_record_is_one_context),
		TEST(contexts_in_one_bucket_do_not_meet),
		TEST(an_operation_alone_releases_no_record),
		TEST(a_completion_the_host_refuses_keeps_no_context),
		TEST(what_was_not_released_goes_with_the_application),
		TEST(applications_know_nothing_of_each_other),
		cmocka_unit_test(a_nameless_application_does_not_start),
		cmocka_unit_test(unusable_settings_deny_and_say_so),
		TEST(every_allocation_of_a_start_may_fail),
		TEST(every_allocation_of_a_question_may_fail),
		TEST(without_memory_for_a_context_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
