#include "client-plugin/failures.h"

#include <assert.h>
#include <string.h>

#include "proto/authz.h"

static bool is_counted(enum client_reason reason)
{
	return reason > CLIENT_OK && reason < CLIENT_INVALID;
}

void failures_init(struct failures *failures, int64_t now_us)
{
	memset(failures, 0, sizeof(*failures));
	failures->since_us = now_us;
	for (size_t i = 0; i < CLIENT_REASON_COUNT; i++)
		atomic_init(&failures->counts[i], 0);
}

void failures_count(struct failures *failures, enum client_reason reason)
{
	if (is_counted(reason))
		atomic_fetch_add_explicit(&failures->counts[reason], 1, memory_order_relaxed);
}

uint64_t failures_get(const struct failures *failures, enum client_reason reason)
{
	if (!is_counted(reason))
		return 0;
	return atomic_load_explicit(&failures->counts[reason], memory_order_relaxed);
}

bool failures_due(const struct failures *failures)
{
	if (failures->report_id != 0)
		return false;
	for (size_t i = 0; i < CLIENT_REASON_COUNT; i++) {
		if (failures_get(failures, (enum client_reason)i) != failures->acknowledged[i])
			return true;
	}
	return false;
}

size_t failures_report(struct failures *failures, uint64_t id, int64_t now_us,
		       uint8_t frame[FAILURES_FRAME_BYTES])
{
	Wsauthz__FailureCount counts[CLIENT_REASON_COUNT];
	Wsauthz__FailureCount *list[CLIENT_REASON_COUNT];
	Wsauthz__FailureReport report = WSAUTHZ__FAILURE_REPORT__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	enum wire_error error;
	size_t frame_bytes = 0;

	for (size_t i = 0; i < CLIENT_REASON_COUNT; i++) {
		Wsauthz__FailureCount *count = &counts[report.n_counts];

		failures->reported[i] = failures_get(failures, (enum client_reason)i);
		if (failures->reported[i] == failures->acknowledged[i])
			continue;
		wsauthz__failure_count__init(count);
		count->reason = (Wsauthz__FailureCount__Reason)i;
		count->count = failures->reported[i] - failures->acknowledged[i];
		list[report.n_counts++] = count;
	}
	report.counts = list;
	report.from_us = (uint64_t)failures->since_us;
	report.to_us = (uint64_t)now_us;
	request.id = id;
	request.body_case = WSAUTHZ__REQUEST__BODY_FAILURE_REPORT;
	request.failure_report = &report;
	error = authz_request_encode(&request, frame, FAILURES_FRAME_BYTES, &frame_bytes, NULL);
	assert(error == WIRE_OK); /* at most 20 counts of at most 13 bytes each */
	(void)error;
	failures->report_id = id;
	failures->reported_us = now_us;
	return frame_bytes;
}

void failures_acknowledge(struct failures *failures)
{
	for (size_t i = 0; i < CLIENT_REASON_COUNT; i++)
		failures->acknowledged[i] = failures->reported[i];
	failures->since_us = failures->reported_us;
	failures->report_id = 0;
}

void failures_abandon(struct failures *failures)
{
	failures->report_id = 0;
}
