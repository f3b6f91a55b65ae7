#include "proto/authz.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "proto/prescan.h"
#include "support/cmocka.h"
#include "unit/proto/raw.h"
#include "unit/proto/samples.h"

static alignas(16) unsigned char memory[BUDGET_AUTHZ_BYTES];

static enum wire_error decode_request(struct str payload, Wsauthz__Request **request,
				      struct wire_diag *diag)
{
	struct budget budget;

	budget_init_buffer(&budget, memory, sizeof(memory));
	return authz_request_decode((const uint8_t *)payload.ptr, payload.length, &budget, request,
				    diag);
}

static enum wire_error decode_reply(struct str payload, Wsauthz__Reply **reply,
				    struct wire_diag *diag)
{
	struct budget budget;

	budget_init_buffer(&budget, memory, sizeof(memory));
	return authz_reply_decode((const uint8_t *)payload.ptr, payload.length, &budget, reply,
				  diag);
}

static void expect_text(ProtobufCBinaryData field, const char *text)
{
	assert_str_equal(str_make((const char *)field.data, field.len), text);
}

/* What was packed comes back. */

static void a_request_comes_back_as_it_was_packed(void **state)
{
	Wsauthz__AuthorizeOperation *operation;
	Wsauthz__Request *request;
	struct buf frame;

	(void)state;
	buf_init(&frame, SIZE_MAX);
	sample_request_frame(SAMPLE_AUTHORIZE_OPERATION, UINT64_MAX, &frame);
	assert_int_equal(decode_request(sample_payload(&frame), &request, NULL), WIRE_OK);
	assert_true(request->id == UINT64_MAX);
	assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION);
	operation = request->authorize_operation;
	expect_text(operation->action_uri, "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get");
	assert_int_equal(operation->record_id.len, AUTHZ_ID_BYTES);
	assert_memory_equal(operation->record_id.data, sample_record_id, AUTHZ_ID_BYTES);
	expect_text(operation->sender->name, "CONTOSO\\alice");
	assert_null(operation->sender->token);
	expect_text(operation->sender->certificate->subject, "CN=Ren\xc3\xa9, O=Contoso");
	buf_deinit(&frame);
}

static void a_token_comes_back_as_it_was_packed(void **state)
{
	Wsauthz__Request *request;
	Wsauthz__Token *token;
	struct buf frame;

	(void)state;
	buf_init(&frame, SIZE_MAX);
	sample_request_frame(SAMPLE_AUTHORIZE_USER, 2, &frame);
	assert_int_equal(decode_request(sample_payload(&frame), &request, NULL), WIRE_OK);
	token = request->authorize_user->sender->token;
	expect_text(token->user_sid, "S-1-5-21-1004336348-1177238915-682003330-512");
	assert_int_equal(token->n_group_sids, 2);
	expect_text(token->group_sids[1], "S-1-1-0");
	assert_int_equal(token->n_deny_only_group_sids, 1);
	expect_text(token->deny_only_group_sids[0], "S-1-5-32-544");
	assert_true(token->elevated);
	buf_deinit(&frame);
}

static void a_decision_comes_back_as_it_was_packed(void **state)
{
	Wsauthz__Decision *decision;
	Wsauthz__Reply *reply;
	struct buf frame;

	(void)state;
	buf_init(&frame, SIZE_MAX);
	sample_reply_frame(SAMPLE_REDIRECT, 3, &frame);
	assert_int_equal(decode_reply(sample_payload(&frame), &reply, NULL), WIRE_OK);
	assert_int_equal(reply->id, 3);
	assert_memory_equal(reply->epoch.data, sample_epoch, AUTHZ_ID_BYTES);
	decision = reply->decision;
	assert_int_equal(verdict_check(decision->verdict, decision->verdict_twin, decision->code),
			 VERDICT_REDIRECT);
	expect_text(decision->extended_information, "https://other.contoso.example/wsman");
	assert_int_equal(decision->decision_id, 1234567);
	assert_int_equal(decision->record_id.len, 0);
	buf_deinit(&frame);
}

/* Hostile bytes: each case is a whole message and what is said of it. */

static void refuse(const struct buf *message, enum wire_error expected, const char *path,
		   uint64_t id)
{
	Wsauthz__Request *request = NULL;
	struct wire_diag diag;
	struct budget budget;
	enum wire_error error;

	assert_int_equal(message->failed, ERR_NONE);
	budget_init_buffer(&budget, memory, sizeof(memory));
	error = authz_request_decode((const uint8_t *)message->data, message->length, &budget,
				     &request, &diag);
	if (error != expected || strcmp(diag.path, path) != 0)
		fail_msg("'%s' %s, expected: '%s' %s", diag.path, wire_error_text(error), path,
			 wire_error_text(expected));
	assert_int_equal(diag.error, expected);
	assert_int_equal(diag.id, id);
	assert_null(request);
	assert_int_equal(budget.used_bytes, 0); /* nothing was unpacked */
}

/* AuthorizeUser by hand, with `sid_field` in place of the user's SID. */
static void authorize_user(struct buf *message, const struct buf *sid_field)
{
	struct buf token, sender, body;

	buf_init(&token, SIZE_MAX);
	buf_init(&sender, SIZE_MAX);
	buf_init(&body, SIZE_MAX);
	buf_append(&token, sid_field->data, sid_field->length);
	raw_text(&token, 2, "S-1-1-0");
	raw_text(&sender, 1, "CONTOSO\\alice");
	raw_text(&sender, 2, "Kerberos");
	raw_message(&sender, 3, &token);
	raw_message(&body, 1, &sender);
	buf_clear(message);
	raw_uint(message, 1, 77);
	raw_message(message, 3, &body);
	buf_deinit(&token);
	buf_deinit(&sender);
	buf_deinit(&body);
}

static void refuse_sid_field(struct buf *sid_field, enum wire_error expected, const char *path)
{
	struct buf message;

	buf_init(&message, SIZE_MAX);
	authorize_user(&message, sid_field);
	refuse(&message, expected, path, 77);
	buf_deinit(&message);
	buf_clear(sid_field);
}

static void a_damaged_user_field_is_named(void **state)
{
	static const char sid[] = "authorize_user.sender.token.user_sid";
	struct buf field;

	(void)state;
	buf_init(&field, SIZE_MAX);
	raw_bytes(&field, 1, "S-1-5-18\0admin", 14);
	refuse_sid_field(&field, WIRE_NUL, sid);
	raw_text(&field, 1, "S-1-5-18\xc0\x80");
	refuse_sid_field(&field, WIRE_NOT_UTF8, sid);
	raw_text(&field, 1, "S-1-5-18");
	raw_text(&field, 1, "S-1-5-32");
	refuse_sid_field(&field, WIRE_DUPLICATE_FIELD, sid);
	raw_uint(&field, 1, 18);
	refuse_sid_field(&field, WIRE_BAD_TYPE, sid);
	raw_tag(&field, 1, RAW_GROUP);
	refuse_sid_field(&field, WIRE_BAD_TYPE, sid);
	raw_tag(&field, 1, 6);
	refuse_sid_field(&field, WIRE_BAD_TYPE, sid);
	refuse_sid_field(&field, WIRE_MISSING_FIELD, sid);
	raw_text(&field, 1, "");
	refuse_sid_field(&field, WIRE_TOO_SHORT, sid);
	raw_fill(&field, 1, AUTHZ_SID_BYTES + 1);
	refuse_sid_field(&field, WIRE_TOO_LONG, sid);
	raw_text(&field, 5, "S-1-5-18");
	refuse_sid_field(&field, WIRE_UNKNOWN_FIELD, "authorize_user.sender.token.5");
	raw_text(&field, 0, "S-1-5-18");
	refuse_sid_field(&field, WIRE_UNKNOWN_FIELD, "authorize_user.sender.token.0");
	raw_text(&field, 2, "S-1-5-32-544");
	raw_text(&field, 2, "S-1-5-32-\xff");
	refuse_sid_field(&field, WIRE_NOT_UTF8, "authorize_user.sender.token.group_sids[1]");
	buf_deinit(&field);
}

static void a_tag_in_a_longer_form_is_refused(void **state)
{
	struct buf field;

	(void)state;
	buf_init(&field, SIZE_MAX);
	buf_append_str(&field, STR("\x8a\x00\x08S-1-5-18"));
	refuse_sid_field(&field, WIRE_BAD_VARINT, "authorize_user.sender.token");
	/* A field number that is 1 only to a decoder that looks at 32 bits. */
	buf_append_str(&field, STR("\x8a\x80\x80\x80\x80\x01\x08S-1-5-18"));
	refuse_sid_field(&field, WIRE_UNKNOWN_FIELD, "authorize_user.sender.token.4294967297");
	buf_deinit(&field);
}

static void thirty_two_thousand_unknown_fields_cost_nothing(void **state)
{
	struct buf message;

	(void)state;
	buf_init(&message, SIZE_MAX);
	raw_uint(&message, 1, 9);
	while (message.length + 2 <= FRAME_AUTHZ_MAX_BYTES)
		raw_text(&message, 15, "");
	refuse(&message, WIRE_UNKNOWN_FIELD, "15", 9);
	buf_deinit(&message);
}

static void groups_above_the_limit_cost_nothing(void **state)
{
	struct buf field;

	(void)state;
	buf_init(&field, SIZE_MAX);
	raw_text(&field, 1, "S-1-5-18");
	for (size_t i = 0; i < AUTHZ_GROUPS_MAX + 1; i++)
		raw_text(&field, 2, "S-1-1-0");
	refuse_sid_field(&field, WIRE_TOO_MANY_ELEMENTS,
			 "authorize_user.sender.token.group_sids[1024]");
	buf_deinit(&field);
}

static void both_kinds_of_groups_share_the_limit(void **state)
{
	struct buf field;

	(void)state;
	buf_init(&field, SIZE_MAX);
	raw_text(&field, 1, "S-1-5-18");
	for (size_t i = 0; i < AUTHZ_GROUPS_MAX; i++)
		raw_text(&field, 3, "S-1-1-0");
	/* authorize_user() adds one more, of the other kind. */
	refuse_sid_field(&field, WIRE_TOO_MANY_ELEMENTS,
			 "authorize_user.sender.token.group_sids[0]");
	buf_deinit(&field);
}

static void a_request_has_exactly_one_body(void **state)
{
	struct buf message, empty;

	(void)state;
	buf_init(&message, SIZE_MAX);
	buf_init(&empty, SIZE_MAX);
	raw_uint(&message, 1, 5);
	refuse(&message, WIRE_MISSING_BODY, "", 5);
	raw_message(&message, 8, &empty);
	raw_message(&message, 8, &empty);
	refuse(&message, WIRE_DUPLICATE_FIELD, "ping", 5);
	buf_clear(&message);
	raw_uint(&message, 1, 5);
	raw_message(&message, 8, &empty);
	raw_message(&message, 7, &empty);
	refuse(&message, WIRE_DUPLICATE_BODY, "failure_report", 5);
	buf_deinit(&message);
	buf_deinit(&empty);
}

static void a_request_has_an_id(void **state)
{
	struct buf message, empty;

	(void)state;
	buf_init(&message, SIZE_MAX);
	buf_init(&empty, SIZE_MAX);
	raw_message(&message, 8, &empty);
	refuse(&message, WIRE_MISSING_FIELD, "id", 0);
	raw_uint(&message, 1, 0);
	refuse(&message, WIRE_OUT_OF_RANGE, "id", 0);
	buf_clear(&message);
	refuse(&message, WIRE_MISSING_FIELD, "id", 0);
	buf_deinit(&message);
	buf_deinit(&empty);
}

static void a_message_of_the_admin_channel_is_known_as_such(void **state)
{
	struct buf message, empty;

	(void)state;
	buf_init(&message, SIZE_MAX);
	buf_init(&empty, SIZE_MAX);
	for (uint32_t number = 31; number <= 64; number++) {
		char path[8];

		buf_clear(&message);
		raw_uint(&message, 1, 5);
		raw_message(&message, number, &empty);
		snprintf(path, sizeof(path), "%u", number);
		refuse(&message,
		       number >= 32 && number <= 63 ? WIRE_WRONG_CHANNEL : WIRE_UNKNOWN_FIELD, path,
		       5);
	}
	buf_deinit(&message);
	buf_deinit(&empty);
}

static void a_payload_above_the_frame_limit_is_refused_unread(void **state)
{
	static const uint8_t zeros[FRAME_AUTHZ_MAX_BYTES + 1];
	Wsauthz__Request *request = NULL;
	struct wire_diag diag;
	struct budget budget;

	(void)state;
	budget_init_buffer(&budget, memory, sizeof(memory));
	assert_int_equal(authz_request_decode(zeros, sizeof(zeros), &budget, &request, &diag),
			 WIRE_FRAME_SIZE);
	assert_int_equal(authz_request_decode(zeros, sizeof(zeros) - 1, &budget, &request, &diag),
			 WIRE_UNKNOWN_FIELD);
}

/* Damage. The copy has its exact size, so that a sanitizer sees a byte read too many. */

static bool decodes(bool reply, const char *bytes, size_t length)
{
	char *copy = malloc(length != 0 ? length : 1);
	struct wire_diag diag = {.error = WIRE_OK};
	Wsauthz__Request *request;
	Wsauthz__Reply *answer;
	enum wire_error error;
	char text[256];

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	error = reply ? decode_reply(str_make(copy, length), &answer, &diag)
		      : decode_request(str_make(copy, length), &request, &diag);
	free(copy);
	assert_int_equal(diag.error, error);
	assert_int_not_equal(error, WIRE_NO_MEMORY);
	if (error == WIRE_OK) {
		/* What was accepted is a message that we would send, too. */
		size_t size = reply ? authz_reply_frame_bytes(answer)
				    : authz_request_frame_bytes(request);
		uint8_t *frame = malloc(size);

		assert_non_null(frame);
		error = reply ? authz_reply_encode(answer, frame, size, &size, &diag)
			      : authz_request_encode(request, frame, size, &size, &diag);
		assert_int_equal(error, WIRE_OK);
		assert_true(size <= FRAME_HEADER_BYTES + length);
		free(frame);
		return true;
	}
	wire_diag_print(&diag, text, sizeof(text));
	assert_true(strlen(text) > 5);
	return false;
}

static void damage(bool reply, const struct buf *frame)
{
	struct str payload = sample_payload(frame);
	char *bytes = malloc(payload.length);

	assert_non_null(bytes);
	memcpy(bytes, payload.ptr, payload.length);
	assert_true(decodes(reply, bytes, payload.length));
	for (size_t length = 0; length < payload.length; length++)
		assert_false(decodes(reply, bytes, length));
	for (size_t at = 0; at < payload.length; at++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			bytes[at] = (char)byte;
			decodes(reply, bytes, payload.length);
		}
		bytes[at] = payload.ptr[at];
	}
	free(bytes);
}

static void no_cut_or_changed_byte_of_a_request_does_harm(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < SAMPLE_REQUEST_COUNT; kind++) {
		struct buf frame;

		buf_init(&frame, SIZE_MAX);
		sample_request_frame((enum sample_request)kind, 300, &frame);
		damage(false, &frame);
		buf_deinit(&frame);
	}
}

static void no_cut_or_changed_byte_of_a_reply_does_harm(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < SAMPLE_REPLY_COUNT; kind++) {
		struct buf frame;

		buf_init(&frame, SIZE_MAX);
		sample_reply_frame((enum sample_reply)kind, 300, &frame);
		damage(true, &frame);
		buf_deinit(&frame);
	}
}

/* Encoding. */

static void nothing_leaves_that_the_peer_would_refuse(void **state)
{
	char long_sid[AUTHZ_SID_BYTES + 1];
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__AuthorizeUser user = WSAUTHZ__AUTHORIZE_USER__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	uint8_t frame[1024];
	size_t length = 999;
	struct wire_diag diag;

	(void)state;
	assert_int_equal(authz_request_encode(&request, frame, sizeof(frame), &length, &diag),
			 WIRE_MISSING_FIELD);
	assert_string_equal(diag.path, "id");
	memset(long_sid, '1', sizeof(long_sid));
	token.user_sid = authz_bytes(long_sid, sizeof(long_sid));
	sender.mechanism = sample_text("Basic");
	sender.token = &token;
	user.sender = &sender;
	request.id = 1;
	assert_int_equal(authz_request_encode(&request, frame, sizeof(frame), &length, &diag),
			 WIRE_MISSING_BODY);
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
	request.authorize_user = &user;
	assert_int_equal(authz_request_encode(&request, frame, sizeof(frame), &length, &diag),
			 WIRE_TOO_LONG);
	assert_string_equal(diag.path, "authorize_user.sender.token.user_sid");
	assert_int_equal(length, 999);
	token.user_sid.len--;
	assert_int_equal(authz_request_encode(&request, frame, sizeof(frame), &length, NULL),
			 WIRE_OK);
	assert_int_equal(length, authz_request_frame_bytes(&request));
}

static void a_buffer_that_is_too_small_is_not_written(void **state)
{
	Wsauthz__Ping ping = WSAUTHZ__PING__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	uint8_t frame[16];
	size_t needed, length = 0;

	(void)state;
	request.id = 1;
	request.body_case = WSAUTHZ__REQUEST__BODY_PING;
	request.ping = &ping;
	needed = authz_request_frame_bytes(&request);
	for (size_t capacity = 0; capacity < needed; capacity++) {
		memset(frame, 0xee, sizeof(frame));
		assert_int_equal(authz_request_encode(&request, frame, capacity, &length, NULL),
				 WIRE_NO_MEMORY);
		assert_int_equal(frame[0], 0xee);
	}
	assert_int_equal(authz_request_encode(&request, frame, needed, &length, NULL), WIRE_OK);
}

static void a_message_larger_than_a_frame_is_not_packed(void **state)
{
	static uint8_t frame[2 * FRAME_AUTHZ_MAX_BYTES];
	static char text[AUTHZ_NAME_BYTES];
	ProtobufCBinaryData groups[AUTHZ_GROUPS_MAX];
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__AuthorizeUser user = WSAUTHZ__AUTHORIZE_USER__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	size_t length, payload;
	struct wire_diag diag;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < ARRAY_COUNT(groups); i++)
		groups[i] = authz_bytes(text, 60);
	token.user_sid = sample_text("S-1-5-18");
	token.group_sids = groups;
	token.n_group_sids = ARRAY_COUNT(groups);
	sender.mechanism = sample_text("Basic");
	sender.token = &token;
	user.sender = &sender;
	request.id = 1;
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
	request.authorize_user = &user;
	payload = authz_request_frame_bytes(&request) - FRAME_HEADER_BYTES;
	assert_in_range(payload, 1, FRAME_AUTHZ_MAX_BYTES - 1000);
	/* Three bytes of tag and length come with a name above 127 bytes. */
	sender.name = authz_bytes(text, FRAME_AUTHZ_MAX_BYTES - payload - 3);
	sender.name.len -=
		authz_request_frame_bytes(&request) - FRAME_HEADER_BYTES - FRAME_AUTHZ_MAX_BYTES;
	assert_int_equal(authz_request_encode(&request, frame, sizeof(frame), &length, &diag),
			 WIRE_OK);
	assert_int_equal(length, FRAME_HEADER_BYTES + FRAME_AUTHZ_MAX_BYTES);
	sender.name.len++;
	assert_int_equal(authz_request_encode(&request, frame, sizeof(frame), &length, &diag),
			 WIRE_FRAME_SIZE);
	assert_string_equal(diag.path, "");
}

static void a_diagnostic_reads_as_a_sentence(void **state)
{
	struct wire_diag diag = {.error = WIRE_NUL, .path = "authorize_user.sender.name"};
	char text[128], small[10];

	(void)state;
	wire_diag_print(&diag, text, sizeof(text));
	assert_string_equal(text, "authorize_user.sender.name holds a NUL byte");
	wire_diag_print(&diag, small, sizeof(small));
	assert_string_equal(small, "authorize");
	diag = (struct wire_diag){.error = WIRE_MISSING_BODY};
	wire_diag_print(&diag, text, sizeof(text));
	assert_string_equal(text, "the message has no body");
	assert_non_null(wire_error_text((enum wire_error)9999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_comes_back_as_it_was_packed),
		cmocka_unit_test(a_token_comes_back_as_it_was_packed),
		cmocka_unit_test(a_decision_comes_back_as_it_was_packed),
		cmocka_unit_test(a_damaged_user_field_is_named),
		cmocka_unit_test(a_tag_in_a_longer_form_is_refused),
		cmocka_unit_test(thirty_two_thousand_unknown_fields_cost_nothing),
		cmocka_unit_test(groups_above_the_limit_cost_nothing),
		cmocka_unit_test(both_kinds_of_groups_share_the_limit),
		cmocka_unit_test(a_request_has_exactly_one_body),
		cmocka_unit_test(a_request_has_an_id),
		cmocka_unit_test(a_message_of_the_admin_channel_is_known_as_such),
		cmocka_unit_test(a_payload_above_the_frame_limit_is_refused_unread),
		cmocka_unit_test(no_cut_or_changed_byte_of_a_request_does_harm),
		cmocka_unit_test(no_cut_or_changed_byte_of_a_reply_does_harm),
		cmocka_unit_test(nothing_leaves_that_the_peer_would_refuse),
		cmocka_unit_test(a_buffer_that_is_too_small_is_not_written),
		cmocka_unit_test(a_message_larger_than_a_frame_is_not_packed),
		cmocka_unit_test(a_diagnostic_reads_as_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
