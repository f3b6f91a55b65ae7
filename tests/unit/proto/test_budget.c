#include "proto/budget.h"

#include <stdalign.h>

#include "base/arena.h"
#include "proto/authz.h"
#include "support/cmocka.h"
#include "unit/proto/raw.h"
#include "unit/proto/samples.h"

static void *take(struct budget *budget, size_t size)
{
	return budget->allocator.alloc(budget->allocator.allocator_data, size);
}

static void a_budget_gives_what_it_has_and_then_nothing(void **state)
{
	alignas(16) unsigned char memory[64];
	struct budget budget;

	(void)state;
	budget_init_buffer(&budget, memory, sizeof(memory));
	assert_ptr_equal(take(&budget, 1), memory);
	assert_ptr_equal(take(&budget, 17), memory + 16);
	assert_null(take(&budget, 17));
	assert_true(budget.spent);
	assert_ptr_equal(take(&budget, 16), memory + 48);
	assert_null(take(&budget, 1));
	assert_int_equal(budget.used_bytes, 64);
	budget.allocator.free(budget.allocator.allocator_data, memory);
	assert_null(take(&budget, 1));
}

static void a_huge_request_does_not_wrap_around(void **state)
{
	alignas(16) unsigned char memory[64];
	struct budget budget;

	(void)state;
	budget_init_buffer(&budget, memory, sizeof(memory) - 1);
	assert_null(take(&budget, SIZE_MAX));
	assert_null(take(&budget, SIZE_MAX - 15));
	assert_null(take(&budget, 49)); /* the odd end of the buffer is not used */
	assert_non_null(take(&budget, 48));
}

static void *take_from_arena(void *arg, size_t size)
{
	return arena_alloc(arg, size);
}

static void an_arena_can_lend_the_memory(void **state)
{
	struct budget budget;
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, 128);
	budget_init(&budget, 96, take_from_arena, &arena);
	assert_non_null(take(&budget, 96));
	assert_null(take(&budget, 1));
	budget_init(&budget, 96, take_from_arena, &arena);
	assert_null(take(&budget, 96)); /* within the budget, but the arena is spent */
	assert_true(budget.spent);
	assert_int_equal(budget.used_bytes, 0);
	arena_deinit(&arena);
}

/* Unpacks a payload with just the documented budget and returns what it took of it. */
static size_t unpack(const struct buf *payload)
{
	static alignas(16) unsigned char memory[BUDGET_AUTHZ_BYTES];
	Wsauthz__Request *request;
	struct wire_diag diag;
	struct budget budget;

	budget_init_buffer(&budget, memory, sizeof(memory));
	if (authz_request_decode((const uint8_t *)payload->data, payload->length, &budget, &request,
				 &diag) != WIRE_OK)
		fail_msg("%s %s", diag.path, wire_error_text(diag.error));
	return budget.used_bytes;
}

/* The most that a frame can hold: as many groups as allowed and text up to the frame's limit. */
static void the_largest_messages_fit_the_budget(void **state)
{
	struct buf token, sender, body, message;

	(void)state;
	buf_init(&token, SIZE_MAX);
	buf_init(&sender, SIZE_MAX);
	buf_init(&body, SIZE_MAX);
	buf_init(&message, SIZE_MAX);
	raw_text(&token, 1, "S-1-5-18");
	for (size_t i = 0; i < AUTHZ_GROUPS_MAX; i++)
		raw_fill(&token, 2 + i % 2, 45); /* leaves 13 of 48 bytes to padding */
	raw_fill(&sender, 1, 13000);
	raw_text(&sender, 2, "Basic");
	raw_message(&sender, 3, &token);
	raw_message(&body, 1, &sender);
	raw_uint(&message, 1, 1);
	raw_message(&message, 3, &body);
	assert_in_range(message.length, FRAME_AUTHZ_MAX_BYTES - 6000, FRAME_AUTHZ_MAX_BYTES);
	assert_in_range(unpack(&message), 100000, BUDGET_AUTHZ_BYTES / 4 * 3);
	buf_deinit(&token);
	buf_deinit(&sender);
	buf_deinit(&body);
	buf_deinit(&message);
}

static void a_message_above_its_budget_is_refused_for_any_budget(void **state)
{
	struct buf frame;
	struct str payload;
	size_t limit;

	(void)state;
	buf_init(&frame, SIZE_MAX);
	sample_request_frame(SAMPLE_AUTHORIZE_OPERATION, 1, &frame);
	payload = sample_payload(&frame);
	for (limit = 0;; limit += 8) {
		alignas(16) unsigned char memory[4096];
		Wsauthz__Request *request = NULL;
		struct wire_diag diag;
		struct budget budget;

		assert_in_range(limit, 0, sizeof(memory));
		budget_init_buffer(&budget, memory, limit);
		if (authz_request_decode((const uint8_t *)payload.ptr, payload.length, &budget,
					 &request, &diag) == WIRE_OK)
			break;
		assert_int_equal(diag.error, WIRE_NO_MEMORY);
		assert_int_equal(diag.id, 1);
		assert_true(budget.spent);
		assert_null(request);
	}
	assert_true(limit > 0);
	buf_deinit(&frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_budget_gives_what_it_has_and_then_nothing),
		cmocka_unit_test(a_huge_request_does_not_wrap_around),
		cmocka_unit_test(an_arena_can_lend_the_memory),
		cmocka_unit_test(the_largest_messages_fit_the_budget),
		cmocka_unit_test(a_message_above_its_budget_is_refused_for_any_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
