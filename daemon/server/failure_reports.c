#include "server/failure_reports.h"

#include "base/buf.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"

void failure_reports_init(struct failure_reports *reports, const struct log *log,
			  const struct clock *clock, struct audit_events *events,
			  struct metrics *metrics)
{
	*reports = (struct failure_reports){
		.log = log,
		.clock = clock,
		.events = events,
		.metrics = metrics,
		.log_rate = LOG_RATE_INIT(20, 3000),
		.all = LOG_RATE_INIT(FAILURE_REPORTS_ALL_BURST, FAILURE_REPORTS_ALL_EACH_MS),
	};
}

/* Counts come from outside and stop at the largest number. */
static void add(uint64_t *sum, uint64_t count)
{
	*sum = count < UINT64_MAX - *sum ? *sum + count : UINT64_MAX;
}

/* A reason of a later minor version is counted as none in particular. */
static size_t reason_of(const Wsauthz__FailureCount *count)
{
	size_t reason = (size_t)count->reason;

	return reason < METRICS_FAILURE_COUNT ? reason : 0;
}

/* The name that the protocol has for it. */
static struct str reason_name(size_t reason)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
		&wsauthz__failure_count__reason__descriptor, (int)reason);

	return value != NULL ? str_from(value->name) : STR("unknown");
}

static void sum_report(struct failure_sum *sum, const Wsauthz__FailureReport *report)
{
	for (size_t i = 0; i < report->n_counts; i++)
		add(&sum->counts[reason_of(report->counts[i])], report->counts[i]->count);
	if (sum->report_count == 0 || report->from_us < sum->from_us)
		sum->from_us = report->from_us;
	if (report->to_us > sum->to_us)
		sum->to_us = report->to_us;
	sum->report_count++;
}

/* The period and the counts that are not 0, into the object that is open. */
static void write_sum(struct json_writer *json, const struct failure_sum *sum)
{
	json_member_u64(json, "from_us", sum->from_us);
	json_member_u64(json, "to_us", sum->to_us);
	json_member_array(json, "counts");
	for (size_t reason = 0; reason < METRICS_FAILURE_COUNT; reason++) {
		if (sum->counts[reason] == 0)
			continue;
		json_write_object(json);
		json_member_string(json, "reason", reason_name(reason));
		json_member_u64(json, "count", sum->counts[reason]);
		json_write_object_end(json);
	}
	json_write_array_end(json);
}

/* An event of this report, NULL for none, and of what was held back before. */
static void add_event(struct failure_reports *reports, const struct failure_reporter *reporter,
		      const struct failure_sum *sum)
{
	struct json_writer json;
	struct buf detail;

	buf_init(&detail, AUDIT_ROW_MAX_BYTES / 2);
	json = json_write_to(&detail);
	json_write_object(&json);
	if (sum != NULL) {
		json_member_u64(&json, "connection", reporter->connection);
		json_member_string(&json, "application", reporter->application);
		write_sum(&json, sum);
	}
	if (reports->held.report_count != 0) {
		json_member_object(&json, "held_back");
		json_member_u64(&json, "reports", reports->held.report_count);
		write_sum(&json, &reports->held);
		json_write_object_end(&json);
	}
	json_write_object_end(&json);
	if (detail.failed == ERR_NONE &&
	    audit_events_add(reports->events, "client.failures",
			     sum != NULL ? reporter->account : STR(""), buf_str(&detail)))
		reports->held = (struct failure_sum){.report_count = 0};
	buf_deinit(&detail);
}

/* The first that is held back is told; how many there are is in the metrics and the event. */
static void hold_back(struct failure_reports *reports, const struct failure_reporter *reporter,
		      const Wsauthz__FailureReport *report)
{
	if (reports->held.report_count == 0)
		log_warning(reports->log, "client.reports_held_back",
			    "connection %llu: more reports of failures than become events of the "
			    "audit; their sums follow",
			    (unsigned long long)reporter->connection);
	reports->metrics->held_reports++;
	sum_report(&reports->held, report);
}

static uint64_t total_of(const struct failure_sum *sum)
{
	uint64_t total = 0;

	for (size_t reason = 0; reason < METRICS_FAILURE_COUNT; reason++)
		add(&total, sum->counts[reason]);
	return total;
}

void failure_reports_add(struct failure_reports *reports, const struct failure_reporter *reporter,
			 const Wsauthz__FailureReport *report)
{
	struct failure_sum sum = {.report_count = 0};
	uint64_t ignored;

	sum_report(&sum, report);
	if (total_of(&sum) == 0)
		return;
	for (size_t reason = 0; reason < METRICS_FAILURE_COUNT; reason++)
		add(&reports->metrics->reported[reason], sum.counts[reason]);
	log_event_limited(reports->log, LOG_WARNING, "client.failures", &reports->log_rate,
			  "connection %llu: the client denied %llu %s by itself",
			  (unsigned long long)reporter->connection,
			  (unsigned long long)total_of(&sum),
			  count_noun(total_of(&sum), "request", "requests"));
	if (log_rate_allow(reporter->rate, reports->clock, &ignored) &&
	    log_rate_allow(&reports->all, reports->clock, &ignored))
		add_event(reports, reporter, &sum);
	else
		hold_back(reports, reporter, report);
}

void failure_reports_flush(struct failure_reports *reports)
{
	if (reports->held.report_count != 0)
		add_event(reports, NULL, NULL);
}

void failure_reports_tick(struct failure_reports *reports)
{
	uint64_t ignored;

	if (reports->held.report_count != 0 &&
	    log_rate_allow(&reports->all, reports->clock, &ignored))
		failure_reports_flush(reports);
}
