/*
 * Messages of the admin channel from hostile bytes, requests and replies, under the rules of
 * fuzz_request.c. The first byte says which.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "proto/admin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t memory[BUDGET_ADMIN_BYTES / sizeof(uint64_t)];
static uint8_t frame[FRAME_HEADER_BYTES + FRAME_ADMIN_MAX_BYTES];

static enum wire_error fuzz_request_payload(const uint8_t *payload, size_t payload_bytes,
					    struct budget *budget)
{
	Wsauthz__AdminRequest *request;
	struct wire_diag diag;
	size_t frame_bytes;
	enum wire_error error =
		admin_request_decode(payload, payload_bytes, budget, &request, &diag);

	if (error == WIRE_OK &&
	    admin_request_encode(request, frame, sizeof(frame), &frame_bytes, &diag) != WIRE_OK)
		abort();
	return error;
}

static enum wire_error fuzz_reply_payload(const uint8_t *payload, size_t payload_bytes,
					  struct budget *budget)
{
	Wsauthz__AdminReply *reply;
	struct wire_diag diag;
	size_t frame_bytes;
	enum wire_error error = admin_reply_decode(payload, payload_bytes, budget, &reply, &diag);

	if (error == WIRE_OK &&
	    admin_reply_encode(reply, frame, sizeof(frame), &frame_bytes, &diag) != WIRE_OK)
		abort();
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct budget budget;
	enum wire_error error;

	if (size == 0)
		return 0;
	budget_init_buffer(&budget, memory, sizeof(memory));
	error = data[0] % 2 == 0 ? fuzz_request_payload(data + 1, size - 1, &budget)
				 : fuzz_reply_payload(data + 1, size - 1, &budget);
	assert(error != WIRE_NO_MEMORY);
	assert(error == WIRE_OK || budget.used_bytes == 0);
	return 0;
}
