/*
 * Requests of the authorize channel from hostile bytes: nothing is unpacked that was not scanned,
 * what is scanned fits the budget, and what is accepted is packed again to bytes that are accepted
 * and packed to the same.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/authz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t memory[BUDGET_AUTHZ_BYTES / sizeof(uint64_t)];

/* Decodes and packs again; false when the bytes are refused. */
static bool pack_again(const uint8_t *payload, size_t payload_bytes, uint8_t *frame,
		       size_t *frame_bytes)
{
	Wsauthz__Request *request = NULL;
	struct wire_diag diag;
	struct budget budget;
	enum wire_error error;

	budget_init_buffer(&budget, memory, sizeof(memory));
	error = authz_request_decode(payload, payload_bytes, &budget, &request, &diag);
	assert(error == diag.error && error != WIRE_NO_MEMORY);
	if (error != WIRE_OK) {
		assert(request == NULL && budget.used_bytes == 0);
		return false;
	}
	error = authz_request_encode(request, frame, FRAME_HEADER_BYTES + FRAME_AUTHZ_MAX_BYTES,
				     frame_bytes, &diag);
	assert(error == WIRE_OK && *frame_bytes <= FRAME_HEADER_BYTES + payload_bytes);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[FRAME_HEADER_BYTES + FRAME_AUTHZ_MAX_BYTES];
	static uint8_t second[sizeof(first)];
	size_t first_bytes, second_bytes;

	if (!pack_again(data, size, first, &first_bytes))
		return 0;
	if (!pack_again(first + FRAME_HEADER_BYTES, first_bytes - FRAME_HEADER_BYTES, second,
			&second_bytes))
		abort();
	assert(first_bytes == second_bytes && memcmp(first, second, first_bytes) == 0);
	return 0;
}
