#include "client-plugin/failures.h"

#include "proto/authz.h"
#include "support/cmocka.h"

static uint64_t memory[1024];

/* Opens a report and reads back what the daemon will see. */
static const Wsauthz__FailureReport *report(struct failures *failures, uint64_t id, int64_t now_us)
{
	uint8_t frame[FAILURES_FRAME_BYTES];
	size_t frame_bytes = failures_report(failures, id, now_us, frame);
	Wsauthz__Request *request;
	struct budget budget;

	budget_init_buffer(&budget, memory, sizeof(memory));
	assert_int_equal(authz_request_decode(frame + FRAME_HEADER_BYTES,
					      frame_bytes - FRAME_HEADER_BYTES, &budget, &request,
					      NULL),
			 WIRE_OK);
	assert_int_equal(request->id, id);
	assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_FAILURE_REPORT);
	return request->failure_report;
}

static void failures_are_counted_by_reason(void **state)
{
	struct failures failures;

	(void)state;
	failures_init(&failures, 0);
	failures_count(&failures, CLIENT_NO_SERVER);
	failures_count(&failures, CLIENT_NO_SERVER);
	failures_count(&failures, CLIENT_CLOSED);
	assert_int_equal(failures_get(&failures, CLIENT_NO_SERVER), 2);
	assert_int_equal(failures_get(&failures, CLIENT_CLOSED), 1);
	assert_int_equal(failures_get(&failures, CLIENT_DEADLINE), 0);
}

static void what_is_no_failure_is_not_counted(void **state)
{
	struct failures failures;

	(void)state;
	failures_init(&failures, 0);
	failures_count(&failures, CLIENT_OK);
	failures_count(&failures, CLIENT_INVALID);
	failures_count(&failures, CLIENT_REASON_COUNT);
	failures_count(&failures, (enum client_reason)12345);
	assert_int_equal(failures_get(&failures, CLIENT_INVALID), 0);
	assert_int_equal(failures_get(&failures, (enum client_reason)12345), 0);
	assert_false(failures_due(&failures));
}

static void a_report_tells_what_is_new(void **state)
{
	const Wsauthz__FailureReport *seen;
	struct failures failures;

	(void)state;
	failures_init(&failures, 1000);
	failures_count(&failures, CLIENT_DEADLINE);
	assert_true(failures_due(&failures));
	seen = report(&failures, 5, 2000);
	assert_int_equal(seen->n_counts, 1);
	assert_int_equal(seen->counts[0]->reason, WSAUTHZ__FAILURE_COUNT__REASON__DEADLINE);
	assert_int_equal(seen->counts[0]->count, 1);
	assert_int_equal(seen->from_us, 1000);
	assert_int_equal(seen->to_us, 2000);

	/* Counted while the report is open: part of the next. */
	failures_count(&failures, CLIENT_DEADLINE);
	failures_count(&failures, CLIENT_NO_SERVER);
	assert_false(failures_due(&failures));
	failures_acknowledge(&failures);
	assert_true(failures_due(&failures));
	seen = report(&failures, 6, 3000);
	assert_int_equal(seen->n_counts, 2);
	assert_int_equal(seen->counts[0]->reason, WSAUTHZ__FAILURE_COUNT__REASON__NO_SERVER);
	assert_int_equal(seen->counts[0]->count, 1);
	assert_int_equal(seen->counts[1]->count, 1);
	assert_int_equal(seen->from_us, 2000);
	failures_acknowledge(&failures);
	assert_false(failures_due(&failures));
}

static void an_abandoned_report_is_told_again(void **state)
{
	const Wsauthz__FailureReport *seen;
	struct failures failures;

	(void)state;
	failures_init(&failures, 1000);
	failures_count(&failures, CLIENT_DEADLINE);
	report(&failures, 5, 2000);
	failures_abandon(&failures);
	failures_count(&failures, CLIENT_DEADLINE);
	assert_true(failures_due(&failures));
	seen = report(&failures, 6, 3000);
	assert_int_equal(seen->counts[0]->count, 2);
	assert_int_equal(seen->from_us, 1000);
	assert_int_equal(seen->to_us, 3000);
}

static void the_largest_report_fits(void **state)
{
	const Wsauthz__FailureReport *seen;
	struct failures failures;

	(void)state;
	failures_init(&failures, INT64_MAX);
	for (int reason = CLIENT_OK + 1; reason < CLIENT_INVALID; reason++)
		failures.counts[reason] = UINT64_MAX;
	seen = report(&failures, UINT64_MAX, INT64_MAX);
	assert_int_equal(seen->n_counts, CLIENT_INVALID - 1);
	assert_true(seen->counts[0]->count == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_are_counted_by_reason),
		cmocka_unit_test(what_is_no_failure_is_not_counted),
		cmocka_unit_test(a_report_tells_what_is_new),
		cmocka_unit_test(an_abandoned_report_is_told_again),
		cmocka_unit_test(the_largest_report_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
