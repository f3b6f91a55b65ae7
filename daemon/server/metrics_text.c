#include "server/metrics_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/attributes.h"
#include "proto/authz.h"
#include "server/session.h"
#include "server/version.h"

enum { LABEL_MAX = 64 };

/* A family: what Prometheus is told of it once, before its samples. */
static void family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP wsauthz_%s %s\n# TYPE wsauthz_%s %s\n", name, help, name, type);
}

static void sample(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, "wsauthz_%s %" PRIu64 "\n", name, value);
}

/* A value as a label: "BAD_REQUEST" and "bad request" are bad_request. Only names of ours come
 * here, so nothing has to be escaped. */
static void labelled(struct buf *out, const char *name, const char *label, const char *text,
		     uint64_t value)
{
	char word[LABEL_MAX];
	size_t length = 0;

	for (; text[length] != '\0' && length < sizeof(word) - 1; length++)
		word[length] =
			text[length] == ' ' ? '_' : (char)tolower((unsigned char)text[length]);
	word[length] = '\0';
	buf_printf(out, "wsauthz_%s{%s=\"%s\"} %" PRIu64 "\n", name, label, word, value);
}

static void gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
	family(out, name, "gauge", help);
	sample(out, name, value);
}

static void counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
	family(out, name, "counter", help);
	sample(out, name, value);
}

/* Seconds with microseconds; never in the form of an exponent. */
static void seconds(struct buf *out, const char *name, const char *help, uint64_t us)
{
	family(out, name, "gauge", help);
	buf_printf(out, "wsauthz_%s %" PRIu64 ".%06" PRIu64 "\n", name, us / 1000000, us % 1000000);
}

/* The bound of a bucket in seconds, without zeros at its end. */
static void append_bound(struct buf *out, uint64_t ns)
{
	char text[32];
	size_t length;

	snprintf(text, sizeof(text), "%" PRIu64 ".%06" PRIu64, ns / 1000000000,
		 ns % 1000000000 / 1000);
	for (length = strlen(text); text[length - 1] == '0'; length--)
		text[length - 1] = '\0';
	if (text[length - 1] == '.')
		text[length - 1] = '\0';
	buf_append_str(out, str_from(text));
}

/* The samples of a histogram; `label` is "" or a label with a comma behind it. */
static void histogram(struct buf *out, const char *name, const char *label,
		      const struct histogram *histogram)
{
	size_t label_length = strlen(label);
	uint64_t count = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKET_COUNT; i++) {
		count += histogram->counts[i];
		buf_printf(out, "wsauthz_%s_bucket{%sle=\"", name, label);
		append_bound(out, histogram_bounds_ns[i]);
		buf_printf(out, "\"} %" PRIu64 "\n", count);
	}
	count += histogram->counts[HISTOGRAM_BUCKET_COUNT];
	buf_printf(out, "wsauthz_%s_bucket{%sle=\"+Inf\"} %" PRIu64 "\n", name, label, count);
	/* The comma separates from "le", which these do not have. */
	for (int is_count = 0; is_count <= 1; is_count++) {
		buf_printf(out, "wsauthz_%s%s", name, is_count ? "_count" : "_sum");
		if (label_length != 0)
			buf_printf(out, "{%.*s}", (int)label_length - 1, label);
		if (is_count)
			buf_printf(out, " %" PRIu64 "\n", count);
		else
			buf_printf(out, " %" PRIu64 ".%09" PRIu64 "\n",
				   histogram->sum_ns / 1000000000, histogram->sum_ns % 1000000000);
	}
}

/* Decisions that are made every day are there from the start, so that rates begin at 0. */
static bool is_usual(enum decision_verdict verdict, enum decision_source source)
{
	switch (verdict) {
	case DECISION_ALLOW:
		return source == DECISION_FROM_POLICY || source == DECISION_FROM_RECORD ||
		       source == DECISION_FROM_BREAK_GLASS;
	case DECISION_REDIRECT: return source == DECISION_FROM_POLICY;
	case DECISION_DENY: break;
	}
	return source == DECISION_FROM_POLICY || source == DECISION_FROM_DEFAULT ||
	       source == DECISION_FROM_BLOCK || source == DECISION_FROM_REVOKED ||
	       source == DECISION_FROM_POLICY_ERROR || source == DECISION_FROM_MALFORMED ||
	       source == DECISION_FROM_LIMIT;
}

static void append_decisions(struct buf *out, const struct metrics *metrics)
{
	static const enum decision_source sources[] = {
#define X(name, text) DECISION_FROM_##name,
		DECISION_SOURCE_LIST(X)
#undef X
	};
	const struct {
		const char *text;
		enum decision_verdict verdict;
		const uint64_t *counts;
	} verdicts[] = {{"allow", DECISION_ALLOW, metrics->allowed},
			{"deny", DECISION_DENY, metrics->denied},
			{"redirect", DECISION_REDIRECT, metrics->redirected}};

	family(out, "decisions_total", "counter",
	       "Answers, by decision (allow is code 0, deny 5, redirect 0x80338199) and by what it "
	       "rests on.");
	for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(sources); j++) {
			uint64_t count = verdicts[i].counts[sources[j]];

			if (count != 0 || is_usual(verdicts[i].verdict, sources[j]))
				buf_printf(out,
					   "wsauthz_decisions_total{decision=\"%s\",source=\"%s\"} "
					   "%" PRIu64 "\n",
					   verdicts[i].text, decision_source_text(sources[j]),
					   count);
		}
	}
}

static void append_refusals(struct buf *out, const struct metrics *metrics)
{
	const ProtobufCEnumDescriptor *reasons = &wsauthz__failure_count__reason__descriptor;

	family(out, "refusals_total", "counter",
	       "Requests and connections that were refused undecided, by reason; each is a "
	       "denial.");
	for (size_t i = 1; i < REFUSAL_COUNT; i++)
		labelled(out, "refusals_total", "reason", refusal_text((enum refusal_reason)i),
			 metrics->refused[i]);
	family(out, "limit_refusals_total", "counter",
	       "Refusals because a limit was reached, by limit.");
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		labelled(out, "limit_refusals_total", "limit", limit_text((enum limit)i),
			 metrics->limited[i]);
	family(out, "client_failures_total", "counter",
	       "Requests that clients denied by themselves, as they reported, by reason.");
	for (size_t i = 0; i < METRICS_FAILURE_COUNT; i++) {
		const ProtobufCEnumValue *value =
			protobuf_c_enum_descriptor_get_value(reasons, (int)i);

		if (value != NULL)
			labelled(out, "client_failures_total", "reason", value->name,
				 metrics->reported[i]);
	}
	counter(out, "held_back_reports_total",
		"Reports of such denials that became no event of their own.",
		metrics->held_reports);
	counter(out, "undelivered_replies_total", "Answers whose asker had gone.",
		metrics->undelivered);
	counter(out, "repeated_requests_total",
		"Requests that were remembered from before and not read again.", metrics->repeated);
}

static void append_durations(struct buf *out, const struct metrics *metrics)
{
	family(out, "request_duration_seconds", "histogram",
	       "From the whole frame of a question to its answer.");
	histogram(out, "request_duration_seconds", "", &metrics->answering);
	family(out, "request_stage_duration_seconds", "histogram",
	       "The parts of it: decode, decide, and record, which ends when the row is on disk.");
	histogram(out, "request_stage_duration_seconds", "stage=\"decode\",", &metrics->decoding);
	histogram(out, "request_stage_duration_seconds", "stage=\"decide\",", &metrics->deciding);
	histogram(out, "request_stage_duration_seconds", "stage=\"record\",", &metrics->recording);
}

static void append_connections(struct buf *out, const struct service *service)
{
	static const char *const ends[] = {
#define X(name, text) #name,
		CONN_END_LIST(X)
#undef X
	};
	const struct settings *settings = service->settings;
	const struct metrics *metrics = &service->metrics;

	family(out, "connections", "gauge", "Open connections, by channel.");
	labelled(out, "connections", "channel", "authorize", service->authorize_sessions->count);
	labelled(out, "connections", "channel", "admin", service->admin_sessions->count);
	family(out, "connections_limit", "gauge", "How many may be open, by channel.");
	labelled(out, "connections_limit", "channel", "authorize",
		 settings->authorize.max_connections);
	labelled(out, "connections_limit", "channel", "admin", settings->admin.max_connections);
	counter(out, "connections_accepted_total", "Connections that were let in.",
		metrics->accepted);
	family(out, "connections_ended_total", "counter", "Connections that ended, by reason.");
	for (size_t i = 0; i < CONN_END_COUNT; i++)
		labelled(out, "connections_ended_total", "reason", ends[i], metrics->ended[i]);
	gauge(out, "client_memory_bytes",
	      "Memory of connections and of requests that wait for the disk.",
	      service_held_bytes(service));
	gauge(out, "client_memory_limit_bytes", "How much it may be.",
	      (uint64_t)settings->memory_mib << 20);
	gauge(out, "requests_in_flight", "Requests that are being decided or recorded.",
	      audit_queue_length(service->audit));
}

static void append_policy(struct buf *out, const struct service *service)
{
	struct policy_status policy = policy_status(service->policy);
	const struct metrics *metrics = &service->metrics;
	bool is_active = policy.snapshot != NULL;

	gauge(out, "policy_revision", "The revision that serves; 0 when there is none.",
	      is_active ? snapshot_revision(policy.snapshot) : 0);
	seconds(out, "policy_activated_timestamp_seconds",
		"When it was activated, since 1970-01-01 UTC.",
		is_active && policy.activated_us > 0 ? (uint64_t)policy.activated_us : 0);
	gauge(out, "policy_policies", "Policies in it, links of templates included.",
	      is_active ? cedar_policy_count(snapshot_engine(policy.snapshot)) : 0);
	gauge(out, "policy_pinned", "1 when a rollback pinned it.", is_active && policy.is_pinned);
	gauge(out, "policy_fallback",
	      "1 when it is the last good one because the directory was invalid at start.",
	      is_active && policy.is_fallback);
	gauge(out, "policy_load_success", "0 when the last attempt to load a policy failed.",
	      policy.failure == NULL);
	family(out, "policy_loads_total", "counter",
	       "Attempts to load a policy since the start, by result.");
	labelled(out, "policy_loads_total", "result", "valid",
		 metrics->reloads - metrics->failed_reloads);
	labelled(out, "policy_loads_total", "result", "invalid", metrics->failed_reloads);
}

static void append_state(struct buf *out, const struct service *service)
{
	gauge(out, "records", "Live user records.", records_count(service->records));
	gauge(out, "records_limit", "How many there may be.", service->settings->max_records);
	gauge(out, "blocks", "Blocks of principals, with those that ended a moment ago.",
	      blocks_count(service->blocks));
}

static void append_audit(struct buf *out, struct service *service)
{
	struct audit_queue_work work;

	audit_queue_get_work(service->audit, &work);
	gauge(out, "audit_writable", "0 while decisions cannot be recorded and are refused.",
	      audit_queue_writable(service->audit));
	gauge(out, "audit_queue_rows", "Rows that wait for the disk.",
	      audit_queue_length(service->audit));
	gauge(out, "audit_queue_limit_rows", "How many may wait; more requests are refused.",
	      service->settings->audit_queue_rows);
	seconds(out, "audit_lag_seconds", "How long the oldest of them has waited.",
		audit_queue_lag_ns(service->audit) / 1000);
	gauge(out, "audit_segment", "Number of the live segment.",
	      audit_log_segment(service->audit_log));
	counter(out, "audit_rows_total", "Rows that were recorded.", work.row_count);
	counter(out, "audit_commit_failures_total", "Transactions that failed.", work.failed_count);
	family(out, "audit_commit_duration_seconds", "histogram",
	       "How long a transaction took to be on disk.");
	histogram(out, "audit_commit_duration_seconds", "", &work.commits);
}

static void append_process(struct buf *out, const struct service *service)
{
	uv_rusage_t usage;

	family(out, "build_info", "gauge", "Which version runs.");
	buf_printf(out, "wsauthz_build_info{version=\"%s\"} 1\n", server_version());
	seconds(out, "start_time_seconds", "When the daemon started, since 1970-01-01 UTC.",
		service->started_us > 0 ? (uint64_t)service->started_us : 0);
	if (uv_getrusage(&usage) != 0)
		return;
	family(out, "cpu_seconds_total", "counter", "Processor time of the daemon.");
	buf_printf(out, "wsauthz_cpu_seconds_total %.6f\n",
		   (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

void metrics_text_append(struct service *service, struct buf *out)
{
	append_process(out, service);
	append_decisions(out, &service->metrics);
	append_refusals(out, &service->metrics);
	append_durations(out, &service->metrics);
	append_connections(out, service);
	append_policy(out, service);
	append_state(out, service);
	append_audit(out, service);
}
