#include "client-plugin/question.h"

#include "base/attributes.h"
#include "client-plugin/memory.h"
#include "proto/authz.h"
#include "support/cmocka.h"
#include "unit/proto/samples.h"

static uint64_t memory[BUDGET_AUTHZ_BYTES / 8];

/* What the daemon will see of a question; frees the question. */
static const Wsauthz__Request *read_back(struct pending *pending)
{
	Wsauthz__Request *request;
	struct budget budget;
	struct frame frame;

	assert_int_equal(
		frame_find(pending->frame, pending->frame_bytes, FRAME_AUTHZ_MAX_BYTES, &frame),
		FRAME_COMPLETE);
	assert_int_equal(frame.needed_bytes, pending->frame_bytes);
	budget_init_buffer(&budget, memory, sizeof(memory));
	assert_int_equal(
		authz_request_decode(frame.payload, frame.payload_bytes, &budget, &request, NULL),
		WIRE_OK);
	assert_true(request->id == pending->id);
	pending_free(pending);
	return request;
}

static void expect_text(ProtobufCBinaryData field, const char *text)
{
	assert_str_equal(str_make((const char *)field.data, field.len), text);
}

static const char *const groups[] = {"S-1-5-32-545", "S-1-1-0"};
static const char *const deny_only[] = {"S-1-5-32-544"};
static const struct client_token token = {
	.user_sid = "S-1-5-21-1-2-3-1001",
	.group_sids = groups,
	.group_count = ARRAY_COUNT(groups),
	.deny_only_group_sids = deny_only,
	.deny_only_group_count = ARRAY_COUNT(deny_only),
	.elevated = true,
};
static const struct client_certificate certificate = {
	.subject = "CN=alice",
	.issuer_name = "CN=Contoso CA",
	.issuer_thumbprint = "A9993E364706816ABA3E25717850C26C9CD0D89D",
	.subject_name = "alice@contoso.example",
};
static const struct client_sender sender = {
	.name = "CONTOSO\\alice",
	.mechanism = "Kerberos",
	.http_url = "https://host.contoso.example/wsman",
	.token = &token,
	.certificate = &certificate,
};

static void a_question_about_a_user_carries_the_sender(void **state)
{
	const struct question question = {.kind = PENDING_USER, .sender = &sender};
	const Wsauthz__Sender *seen;
	struct pending *pending;

	(void)state;
	assert_int_equal(question_pack(&question, 7, &pending), CLIENT_OK);
	assert_int_equal(pending->kind, PENDING_USER);
	seen = read_back(pending)->authorize_user->sender;
	expect_text(seen->name, "CONTOSO\\alice");
	expect_text(seen->mechanism, "Kerberos");
	expect_text(seen->http_url, "https://host.contoso.example/wsman");
	expect_text(seen->token->user_sid, "S-1-5-21-1-2-3-1001");
	assert_int_equal(seen->token->n_group_sids, 2);
	expect_text(seen->token->group_sids[1], "S-1-1-0");
	assert_int_equal(seen->token->n_deny_only_group_sids, 1);
	expect_text(seen->token->deny_only_group_sids[0], "S-1-5-32-544");
	assert_true(seen->token->elevated);
	expect_text(seen->certificate->subject, "CN=alice");
	expect_text(seen->certificate->issuer_name, "CN=Contoso CA");
	expect_text(seen->certificate->subject_name, "alice@contoso.example");
}

static void a_sender_may_be_known_by_little(void **state)
{
	const struct client_sender small = {.mechanism = "Basic"};
	const struct question question = {.kind = PENDING_USER, .sender = &small};
	const Wsauthz__Sender *seen;
	struct pending *pending;

	(void)state;
	assert_int_equal(question_pack(&question, 7, &pending), CLIENT_OK);
	seen = read_back(pending)->authorize_user->sender;
	assert_int_equal(seen->name.len, 0);
	assert_null(seen->token);
	assert_null(seen->certificate);
}

static void a_question_about_an_operation_carries_record_and_uris(void **state)
{
	const struct question question = {
		.kind = PENDING_OPERATION,
		.sender = &sender,
		.record_id = sample_record_id,
		.action_uri = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get",
		.resource_uri = "http://schemas.microsoft.com/wbem/wsman/1/config",
	};
	const Wsauthz__AuthorizeOperation *seen;
	struct pending *pending;

	(void)state;
	assert_int_equal(question_pack(&question, 8, &pending), CLIENT_OK);
	seen = read_back(pending)->authorize_operation;
	assert_memory_equal(seen->record_id.data, sample_record_id, AUTHZ_ID_BYTES);
	expect_text(seen->action_uri, "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get");
	expect_text(seen->resource_uri, "http://schemas.microsoft.com/wbem/wsman/1/config");
}

static void the_other_questions_carry_what_they_need(void **state)
{
	const struct question quota = {.kind = PENDING_QUOTA, .sender = &sender};
	const struct question ping = {.kind = PENDING_PING};
	const struct question release = {.kind = PENDING_RELEASE, .record_id = sample_record_id};
	const Wsauthz__Request *seen;
	struct pending *pending;

	(void)state;
	assert_int_equal(question_pack(&quota, 1, &pending), CLIENT_OK);
	seen = read_back(pending);
	assert_int_equal(seen->query_quota->record_id.len, 0);
	expect_text(seen->query_quota->sender->name, "CONTOSO\\alice");
	assert_int_equal(question_pack(&ping, 2, &pending), CLIENT_OK);
	assert_int_equal(read_back(pending)->body_case, WSAUTHZ__REQUEST__BODY_PING);
	assert_int_equal(question_pack(&release, 3, &pending), CLIENT_OK);
	seen = read_back(pending);
	assert_memory_equal(seen->context_released->record_id.data, sample_record_id,
			    AUTHZ_ID_BYTES);
}

static enum client_reason pack_sender(const struct client_sender *with)
{
	const struct question question = {.kind = PENDING_USER, .sender = with};
	struct pending *pending = NULL;
	enum client_reason reason = question_pack(&question, 1, &pending);

	assert_true((reason == CLIENT_OK) == (pending != NULL));
	pending_free(pending);
	return reason;
}

static void what_does_not_fit_is_too_large(void **state)
{
	static char name[AUTHZ_NAME_BYTES + 2];
	static const char *many[AUTHZ_GROUPS_MAX + 1];
	struct client_token large_token = token;
	struct client_sender large = sender;

	(void)state;
	memset(name, 'x', AUTHZ_NAME_BYTES);
	large.name = name;
	assert_int_equal(pack_sender(&large), CLIENT_OK);
	name[AUTHZ_NAME_BYTES] = 'x';
	assert_int_equal(pack_sender(&large), CLIENT_TOO_LARGE);

	large = sender;
	large.token = &large_token;
	for (size_t i = 0; i < ARRAY_COUNT(many); i++)
		many[i] = "S-1-5-21-1-2-3-1001";
	large_token.group_sids = many;
	large_token.group_count = AUTHZ_GROUPS_MAX - 1; /* and one deny-only group */
	assert_int_equal(pack_sender(&large), CLIENT_OK);
	large_token.group_count = AUTHZ_GROUPS_MAX;
	assert_int_equal(pack_sender(&large), CLIENT_TOO_LARGE);
	large_token.group_count = AUTHZ_GROUPS_MAX + 1;
	assert_int_equal(pack_sender(&large), CLIENT_TOO_LARGE);
	large_token.group_count = SIZE_MAX;
	assert_int_equal(pack_sender(&large), CLIENT_TOO_LARGE);

	/* Each text within its bound, all together above the frame's. */
	name[AUTHZ_SID_BYTES] = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(many); i++)
		many[i] = name;
	large_token.group_count = 500;
	assert_int_equal(pack_sender(&large), CLIENT_TOO_LARGE);
}

static void what_is_no_valid_question_is_a_sender_problem(void **state)
{
	struct client_token bad_token = token;
	struct client_sender bad = sender;

	(void)state;
	bad.mechanism = NULL;
	assert_int_equal(pack_sender(&bad), CLIENT_SENDER);
	bad = sender;
	bad.name = "\xff";
	assert_int_equal(pack_sender(&bad), CLIENT_SENDER);
	bad = sender;
	bad.token = &bad_token;
	bad_token.user_sid = NULL;
	assert_int_equal(pack_sender(&bad), CLIENT_SENDER);
	bad_token.user_sid = "S-1";
	assert_int_equal(pack_sender(&bad), CLIENT_SENDER);
}

struct countdown {
	unsigned left;
	bool fired;
};

static bool count_down(void *arg)
{
	struct countdown *countdown = arg;

	if (countdown->left-- != 0)
		return false;
	countdown->left = 0;
	countdown->fired = true;
	return true;
}

static void every_missing_byte_of_memory_is_survived(void **state)
{
	(void)state;
	for (unsigned n = 0;; n++) {
		struct countdown countdown = {n, false};
		enum client_reason reason;

		memory_set_fault_hook(count_down, &countdown);
		reason = pack_sender(&sender);
		memory_set_fault_hook(NULL, NULL);
		if (!countdown.fired) {
			assert_int_equal(reason, CLIENT_OK);
			assert_int_equal(n, 3); /* two lists of groups and the question */
			break;
		}
		assert_int_equal(reason, CLIENT_NO_MEMORY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_about_a_user_carries_the_sender),
		cmocka_unit_test(a_sender_may_be_known_by_little),
		cmocka_unit_test(a_question_about_an_operation_carries_record_and_uris),
		cmocka_unit_test(the_other_questions_carry_what_they_need),
		cmocka_unit_test(what_does_not_fit_is_too_large),
		cmocka_unit_test(what_is_no_valid_question_is_a_sender_problem),
		cmocka_unit_test(every_missing_byte_of_memory_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
