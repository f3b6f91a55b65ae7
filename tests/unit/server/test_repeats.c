/* server/repeats.h */
#include "server/repeats.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/authz.h"
#include "support/cmocka.h"
#include "support/decision_fill.h"
#include "support/fault.h"

#define GET "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"
#define WMI "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service"

#define PERMIT "@id(\"all\") permit(principal, action, resource);"
#define PERMIT_IN_TIME                                                                             \
	"permit(principal, action, resource)"                                                      \
	"when { context.session.weekday != \"Sunday\" };"

static const struct hash_key key = {3, 4};

/* What the tests ask with. */
struct asking {
	struct repeats *repeats;
	struct snapshot *snapshot;
	struct buf scratch;
	uint8_t frame[FRAME_AUTHZ_MAX_BYTES + FRAME_HEADER_BYTES];
	struct str payload;
	const char *application;
};

static int setup(void **state)
{
	struct asking *asking = calloc(1, sizeof(*asking));

	assert_non_null(asking);
	buf_init(&asking->scratch, DECIDE_SCRATCH_BYTES);
	asking->snapshot = decision_fill_build(PERMIT);
	assert_non_null(asking->snapshot);
	assert_int_equal(repeats_new(key, &asking->repeats), ERR_NONE);
	asking->application = "wsman/Test";
	*state = asking;
	return 0;
}

static int teardown(void **state)
{
	struct asking *asking = *state;

	repeats_free(asking->repeats);
	snapshot_unref(asking->snapshot);
	buf_deinit(&asking->scratch);
	free(asking);
	return 0;
}

static void encode(struct asking *asking, const Wsauthz__Request *request)
{
	size_t length = 0;

	assert_int_equal(
		authz_request_encode(request, asking->frame, sizeof(asking->frame), &length, NULL),
		WIRE_OK);
	asking->payload =
		str_make((char *)asking->frame + FRAME_HEADER_BYTES, length - FRAME_HEADER_BYTES);
}

/* Makes the request of an operation the payload. */
static void write_operation(struct asking *asking, uint64_t id, const char *sid,
			    struct str resource)
{
	Wsauthz__AuthorizeOperation body = WSAUTHZ__AUTHORIZE_OPERATION__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;

	token.user_sid = authz_bytes(sid, strlen(sid));
	sender.token = &token;
	sender.mechanism = authz_bytes("Kerberos", 8);
	body.sender = &sender;
	body.action_uri = authz_bytes(GET, sizeof(GET) - 1);
	body.resource_uri = authz_bytes(resource.ptr, resource.length);
	request.id = id;
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION;
	request.authorize_operation = &body;
	encode(asking, &request);
}

static struct repeat *find(struct asking *asking)
{
	return repeats_find(asking->repeats, asking->snapshot, str_from(asking->application),
			    asking->payload, &asking->scratch);
}

/* Whether it is remembered, or will be from now on. */
static bool is_found(struct asking *asking)
{
	struct repeat *repeat = find(asking);

	repeat_release(repeat);
	return repeat != NULL;
}

static bool is_found_for(struct asking *asking, uint64_t id, const char *sid)
{
	write_operation(asking, id, sid, STR(WMI));
	return is_found(asking);
}

static void a_question_is_remembered_from_its_second_time_on(void **state)
{
	struct asking *asking = *state;
	const struct question *question;
	struct repeat *repeat;

	assert_false(is_found_for(asking, 1, "S-1-5-21-1-2-3-4"));
	assert_int_equal(repeats_count(asking->repeats), 0);
	assert_true(is_found_for(asking, 1, "S-1-5-21-1-2-3-4"));
	assert_int_equal(repeats_count(asking->repeats), 1);
	/* Whatever its id, of whatever length. */
	assert_true(is_found_for(asking, UINT64_MAX, "S-1-5-21-1-2-3-4"));
	assert_int_equal(repeats_count(asking->repeats), 1);

	write_operation(asking, 300, "S-1-5-21-1-2-3-4", STR(WMI));
	repeat = find(asking);
	assert_non_null(repeat);
	memset(asking->frame, 0, sizeof(asking->frame)); /* nothing of it is borrowed */
	question = repeat_question(repeat);
	assert_int_equal(question->kind, QUESTION_OPERATION);
	assert_str_equal(question->application, "wsman/Test");
	assert_str_equal(question->resource_uri, WMI);
	assert_str_equal(question->reading->identity.principal, "S-1-5-21-1-2-3-4");
	assert_int_equal(question->reading->operation.action, ACTION_GET);
	assert_true(question->reading->context_json.length != 0);
	assert_null(question->permission);
	assert_true(repeat_bytes(repeat) > asking->payload.length);
	repeat_release(repeat);
}

static void other_bytes_are_another_question(void **state)
{
	struct asking *asking = *state;

	assert_false(is_found_for(asking, 1, "S-1-5-21-1-2-3-4"));
	assert_true(is_found_for(asking, 2, "S-1-5-21-1-2-3-4"));
	assert_false(is_found_for(asking, 3, "S-1-5-21-1-2-3-5"));
	write_operation(asking, 3, "S-1-5-21-1-2-3-4", STR(WMI "?Name=x"));
	assert_false(is_found(asking));
	assert_int_equal(repeats_count(asking->repeats), 1);
}

/* Alike in every byte, and of two applications. */
static void applications_share_nothing(void **state)
{
	struct asking *asking = *state;
	struct repeat *first, *second;

	assert_false(is_found_for(asking, 1, "S-1-5-21-1-2-3-4"));
	first = find(asking);
	asking->application = "wsman/Other";
	second = find(asking);
	assert_non_null(first);
	assert_non_null(second);
	assert_ptr_not_equal(first, second);
	assert_str_equal(repeat_question(second)->reading->identity.application, "wsman/Other");
	assert_int_equal(repeats_count(asking->repeats), 2);
	repeat_release(first);
	repeat_release(second);
}

static void what_asks_for_nobody_is_never_remembered(void **state)
{
	struct asking *asking = *state;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	Wsauthz__Ping ping = WSAUTHZ__PING__INIT;
	char *text;

	request.id = 7;
	request.body_case = WSAUTHZ__REQUEST__BODY_PING;
	request.ping = &ping;
	encode(asking, &request);
	for (int i = 0; i < 3; i++)
		assert_false(is_found(asking));
	/* A SID that is none, and a URI that could be read in two ways. */
	for (int i = 0; i < 3; i++)
		assert_false(is_found_for(asking, 1, "S-1-5-x-1-2-3"));
	write_operation(asking, 1, "S-1-5-21-1-2-3-4", STR(WMI "/../x"));
	for (int i = 0; i < 3; i++)
		assert_false(is_found(asking));
	/* What the scan refuses: a field twice. */
	write_operation(asking, 1, "S-1-5-21-1-2-3-4", STR(WMI));
	text = (char *)asking->frame + FRAME_HEADER_BYTES;
	memcpy(text + asking->payload.length, text + 2, asking->payload.length - 2);
	asking->payload.length += asking->payload.length - 2;
	for (int i = 0; i < 3; i++)
		assert_false(is_found(asking));
	/* Without the id in front, or with one that is not in its shortest form. */
	write_operation(asking, 1, "S-1-5-21-1-2-3-4", STR(WMI));
	asking->payload = str_make(asking->payload.ptr + 2, asking->payload.length - 2);
	for (int i = 0; i < 3; i++)
		assert_false(is_found(asking));
	write_operation(asking, 128, "S-1-5-21-1-2-3-4", STR(WMI));
	text = (char *)asking->frame + FRAME_HEADER_BYTES;
	text[1] = (char)0x81, text[2] = 0;
	for (int i = 0; i < 3; i++)
		assert_false(is_found(asking));
	asking->payload.length = 0;
	assert_false(is_found(asking));
	assert_int_equal(repeats_count(asking->repeats), 0);
}

/* A resource with selectors that makes the body `bytes` long. */
static void write_body_of(struct asking *asking, size_t bytes)
{
	static char resource[2 * REPEATS_MAX_BODY_BYTES];
	Wsauthz__AuthorizeUser body = WSAUTHZ__AUTHORIZE_USER__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;

	memset(resource, 'n', sizeof(resource));
	sender.mechanism = authz_bytes("NTLM", 4);
	request.id = 1;
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
	request.authorize_user = &body;
	body.sender = &sender;
	sender.name = authz_bytes(resource, bytes - 100);
	encode(asking, &request);
	sender.name.len += bytes - (asking->payload.length - 2);
	encode(asking, &request);
	assert_int_equal(asking->payload.length - 2, bytes);
}

static void a_body_is_remembered_up_to_its_bound_and_not_one_past_it(void **state)
{
	struct asking *asking = *state;

	write_body_of(asking, REPEATS_MAX_BODY_BYTES);
	assert_false(is_found(asking));
	assert_true(is_found(asking));
	write_body_of(asking, REPEATS_MAX_BODY_BYTES + 1);
	for (int i = 0; i < 3; i++)
		assert_false(is_found(asking));
	assert_int_equal(repeats_count(asking->repeats), 1);
}

/* Asks until it is remembered; another one may have taken its place among the first times. */
static void remember(struct asking *asking)
{
	while (!is_found(asking))
		continue;
}

static void one_more_than_there_is_room_for_takes_the_place_of_all(void **state)
{
	struct asking *asking = *state;
	char sid[64];

	for (int i = 0; i < REPEATS_MAX_COUNT; i++) {
		assert_int_equal(repeats_count(asking->repeats), i);
		snprintf(sid, sizeof(sid), "S-1-5-21-1-2-3-%d", i + 1);
		write_operation(asking, 1, sid, STR(WMI));
		remember(asking);
	}
	assert_int_equal(repeats_count(asking->repeats), REPEATS_MAX_COUNT);
	write_operation(asking, 1, "S-1-5-21-1-2-4-1", STR(WMI));
	remember(asking);
	assert_int_equal(repeats_count(asking->repeats), 1);
}

static void the_bytes_they_take_are_bounded(void **state)
{
	struct asking *asking = *state;
	size_t count = 0, bytes = 0, taken = 0;
	struct repeat *repeat;

	for (;; count++) {
		write_body_of(asking, REPEATS_MAX_BODY_BYTES - 10 - count);
		remember(asking);
		if (repeats_count(asking->repeats) != count + 1)
			break;
		repeat = find(asking);
		taken = repeat_bytes(repeat);
		repeat_release(repeat);
		bytes += taken;
		assert_true(bytes <= REPEATS_MAX_BYTES);
	}
	/* The bytes, not the number. */
	assert_true(count < REPEATS_MAX_COUNT);
	assert_true(bytes + taken > REPEATS_MAX_BYTES);
	assert_int_equal(repeats_count(asking->repeats), 1);
}

static void another_policy_forgets_them_and_one_that_is_held_goes_on(void **state)
{
	struct asking *asking = *state;
	struct repeat *held;

	assert_null(
		repeats_find(asking->repeats, NULL, STR("a"), asking->payload, &asking->scratch));
	assert_false(is_found_for(asking, 1, "S-1-5-21-1-2-3-4"));
	held = find(asking);
	assert_non_null(held);
	/* The same text, and yet not the same policy. */
	snapshot_unref(asking->snapshot);
	asking->snapshot = decision_fill_build(PERMIT);
	assert_false(is_found_for(asking, 2, "S-1-5-21-1-2-3-5"));
	assert_int_equal(repeats_count(asking->repeats), 0);
	assert_str_equal(repeat_question(held)->reading->identity.principal, "S-1-5-21-1-2-3-4");
	repeat_release(held);
	assert_true(is_found_for(asking, 2, "S-1-5-21-1-2-3-4"));
	assert_int_equal(repeats_count(asking->repeats), 1);
	/* Also when nobody asks. */
	repeats_use_policy(asking->repeats, asking->snapshot);
	assert_int_equal(repeats_count(asking->repeats), 1);
	snapshot_unref(asking->snapshot);
	asking->snapshot = decision_fill_build(PERMIT);
	repeats_use_policy(asking->repeats, asking->snapshot);
	assert_int_equal(repeats_count(asking->repeats), 0);
}

/* Keeps a decision of the policy and says whether the question has a permission then. */
static bool keeps(struct asking *asking, const struct decision *decision)
{
	struct repeat *repeat;
	bool has;

	repeat_release(find(asking));
	repeat = find(asking);
	assert_non_null(repeat);
	repeats_keep_permission(asking->repeats, repeat, decision);
	has = repeat_question(repeat)->permission != NULL;
	repeat_release(repeat);
	return has;
}

static void only_a_plain_permission_of_the_policy_is_kept(void **state)
{
	struct asking *asking = *state;
	struct str reasons[AUTHZ_REASONS_MAX + 1] = {STR("all"), STR("more")};
	struct decision good = {.verdict = DECISION_ALLOW,
				.source = DECISION_FROM_POLICY,
				.reasons = reasons,
				.reason_count = 2};
	struct decision other = good;
	const struct permission *permission;
	struct repeat *repeat;

	write_operation(asking, 1, "S-1-5-21-1-2-3-4", STR(WMI));
	other.verdict = DECISION_DENY;
	assert_false(keeps(asking, &other));
	other = good;
	other.source = DECISION_FROM_BREAK_GLASS;
	assert_false(keeps(asking, &other));
	other = good;
	other.error_count = 1;
	assert_false(keeps(asking, &other));
	other = good;
	other.reason_count = AUTHZ_REASONS_MAX + 1;
	assert_false(keeps(asking, &other));
	assert_true(keeps(asking, &good));
	reasons[0] = reasons[1]; /* the list is a copy */
	repeat = find(asking);
	permission = repeat_question(repeat)->permission;
	assert_int_equal(permission->reason_count, 2);
	assert_str_equal(permission->reasons[0], "all");
	repeat_release(repeat);

	write_operation(asking, 1, "S-1-5-21-1-2-3-5", STR(WMI));
	good.reason_count = AUTHZ_REASONS_MAX;
	assert_true(keeps(asking, &good));
	/* Records answer for users. */
	write_body_of(asking, 1000);
	assert_false(keeps(asking, &good));
}

static void a_policy_that_looks_at_the_time_is_asked_each_time(void **state)
{
	struct asking *asking = *state;
	struct decision decision = {.verdict = DECISION_ALLOW, .source = DECISION_FROM_POLICY};
	struct str reason = STR("all");

	decision.reasons = &reason;
	decision.reason_count = 1;
	snapshot_unref(asking->snapshot);
	asking->snapshot = decision_fill_build(PERMIT_IN_TIME);
	write_operation(asking, 1, "S-1-5-21-1-2-3-4", STR(WMI));
	assert_false(keeps(asking, &decision));
}

static void without_memory_nothing_is_remembered_and_nothing_is_lost(void **state)
{
	struct asking *asking = *state;
	bool was_reached = true;

	fault_arm(0, FAULT_ONCE);
	struct repeats *none = NULL;
	assert_int_equal(repeats_new(key, &none), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	for (uint64_t n = 0; was_reached; n++) {
		struct repeat *repeat;

		repeats_free(asking->repeats);
		assert_int_equal(repeats_new(key, &asking->repeats), ERR_NONE);
		buf_deinit(&asking->scratch);
		buf_init(&asking->scratch, DECIDE_SCRATCH_BYTES);
		assert_false(is_found_for(asking, 1, "S-1-5-21-1-2-3-4"));
		fault_arm(n, FAULT_ONCE);
		repeat = find(asking);
		was_reached = fault_disarm();
		assert_int_equal(repeat != NULL, !was_reached);
		assert_int_equal(repeats_count(asking->repeats), !was_reached);
		repeat_release(repeat);
		/* And the next time it is. */
		assert_true(is_found(asking));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_question_is_remembered_from_its_second_time_on),
		TEST(other_bytes_are_another_question),
		TEST(applications_share_nothing),
		TEST(what_asks_for_nobody_is_never_remembered),
		TEST(a_body_is_remembered_up_to_its_bound_and_not_one_past_it),
		TEST(one_more_than_there_is_room_for_takes_the_place_of_all),
		TEST(the_bytes_they_take_are_bounded),
		TEST(another_policy_forgets_them_and_one_that_is_held_goes_on),
		TEST(only_a_plain_permission_of_the_policy_is_kept),
		TEST(a_policy_that_looks_at_the_time_is_asked_each_time),
		TEST(without_memory_nothing_is_remembered_and_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
