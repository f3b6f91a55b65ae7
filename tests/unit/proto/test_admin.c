#include "proto/admin.h"

#include <stdlib.h>

#include "base/attributes.h"
#include "support/cmocka.h"
#include "unit/proto/raw.h"
#include "unit/proto/samples.h"

struct fixture {
	void *memory;
	struct buf message;
	struct budget budget;
	struct wire_diag diag;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->memory = malloc(BUDGET_ADMIN_BYTES);
	assert_non_null(fixture->memory);
	buf_init(&fixture->message, SIZE_MAX);
	budget_init_buffer(&fixture->budget, fixture->memory, BUDGET_ADMIN_BYTES);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	buf_deinit(&fixture->message);
	free(fixture->memory);
	free(fixture);
	return 0;
}

static enum wire_error decode_request(struct fixture *fixture, Wsauthz__AdminRequest **request)
{
	return admin_request_decode((const uint8_t *)fixture->message.data, fixture->message.length,
				    &fixture->budget, request, &fixture->diag);
}

static void a_request_comes_back_as_it_was_packed(void **state)
{
	struct fixture *fixture = *state;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__AdminAuthorize authorize = WSAUTHZ__ADMIN_AUTHORIZE__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT, *decoded;
	uint8_t frame[512];
	size_t length;

	sender.name = sample_text("CONTOSO\\alice");
	sender.mechanism = sample_text("Kerberos");
	authorize.sender = &sender;
	authorize.application = sample_text("wsman/Contoso");
	authorize.action = sample_text("Connect");
	request.id = 12;
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_AUTHORIZE;
	request.authorize = &authorize;
	assert_int_equal(
		admin_request_encode(&request, frame, sizeof(frame), &length, &fixture->diag),
		WIRE_OK);
	assert_int_equal(length, admin_request_frame_bytes(&request));
	buf_append(&fixture->message, frame + FRAME_HEADER_BYTES, length - FRAME_HEADER_BYTES);
	assert_int_equal(decode_request(fixture, &decoded), WIRE_OK);
	assert_int_equal(decoded->id, 12);
	assert_int_equal(decoded->authorize->action.len, 7);
	assert_memory_equal(decoded->authorize->sender->name.data, "CONTOSO\\alice", 13);
}

static void a_message_of_the_authorize_channel_is_known_as_such(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned kind = 0; kind < SAMPLE_REQUEST_COUNT; kind++) {
		Wsauthz__AdminRequest *request = NULL;
		struct str payload;
		struct buf frame;

		buf_init(&frame, SIZE_MAX);
		sample_request_frame((enum sample_request)kind, 8, &frame);
		payload = sample_payload(&frame);
		assert_int_equal(admin_request_decode((const uint8_t *)payload.ptr, payload.length,
						      &fixture->budget, &request, &fixture->diag),
				 WIRE_WRONG_CHANNEL);
		assert_int_equal(fixture->diag.id, 8);
		buf_deinit(&frame);
	}
}

static void bounds_of_shared_messages_hold_here_too(void **state)
{
	struct fixture *fixture = *state;
	Wsauthz__AdminRequest *request = NULL;
	struct buf sender, body;

	buf_init(&sender, SIZE_MAX);
	buf_init(&body, SIZE_MAX);
	raw_bytes(&sender, 1, "alice\0admin", 11);
	raw_text(&sender, 2, "Basic");
	raw_message(&body, 1, &sender);
	raw_text(&body, 2, "wsman");
	raw_text(&body, 3, "Connect");
	raw_uint(&fixture->message, 1, 3);
	raw_message(&fixture->message, 34, &body);
	assert_int_equal(decode_request(fixture, &request), WIRE_NUL);
	assert_string_equal(fixture->diag.path, "authorize.sender.name");
	buf_deinit(&sender);
	buf_deinit(&body);
}

/* A page of records as full as the frame allows. */
static void the_largest_reply_fits_the_budget(void **state)
{
	struct fixture *fixture = *state;
	Wsauthz__AdminReply *reply;
	struct buf record, page;

	buf_init(&record, SIZE_MAX);
	buf_init(&page, SIZE_MAX);
	for (size_t i = 0; i < ADMIN_RECORDS_MAX; i++) {
		raw_bytes(&record, 1, sample_record_id, AUTHZ_ID_BYTES);
		raw_text(&record, 2, "wsman");
		raw_fill(&record, 3, 4020);
		raw_text(&record, 4, "Kerberos");
		raw_message(&page, 1, &record);
	}
	raw_uint(&fixture->message, 1, 1);
	raw_bytes(&fixture->message, 2, sample_epoch, AUTHZ_ID_BYTES);
	raw_message(&fixture->message, 35, &page);
	assert_in_range(fixture->message.length, FRAME_ADMIN_MAX_BYTES - 10000,
			FRAME_ADMIN_MAX_BYTES);
	assert_int_equal(admin_reply_decode((const uint8_t *)fixture->message.data,
					    fixture->message.length, &fixture->budget, &reply,
					    &fixture->diag),
			 WIRE_OK);
	assert_int_equal(reply->records_list->n_records, ADMIN_RECORDS_MAX);
	assert_in_range(fixture->budget.used_bytes, 1, BUDGET_ADMIN_BYTES / 2);
	buf_deinit(&record);
	buf_deinit(&page);
}

static void a_reply_is_checked_before_it_leaves(void **state)
{
	struct fixture *fixture = *state;
	Wsauthz__AuditStatus audit = WSAUTHZ__AUDIT_STATUS__INIT;
	Wsauthz__StatusReply status = WSAUTHZ__STATUS_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;
	uint8_t frame[512];
	size_t length = 0;

	reply.id = 4;
	reply.epoch = authz_bytes(sample_epoch, sizeof(sample_epoch));
	reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_STATUS;
	reply.status = &status;
	status.server_version = sample_text("1.0.0");
	status.audit = &audit;
	assert_int_equal(admin_reply_encode(&reply, frame, sizeof(frame), &length, &fixture->diag),
			 WIRE_MISSING_FIELD);
	assert_string_equal(fixture->diag.path, "status.audit.durability");
	audit.durability = WSAUTHZ__AUDIT_STATUS__DURABILITY__STRICT;
	assert_int_equal(admin_reply_encode(&reply, frame, sizeof(frame), &length, &fixture->diag),
			 WIRE_OK);
	assert_int_equal(length, admin_reply_frame_bytes(&reply));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_comes_back_as_it_was_packed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_message_of_the_authorize_channel_is_known_as_such,
						setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_of_shared_messages_hold_here_too, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_largest_reply_fits_the_budget, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reply_is_checked_before_it_leaves, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
