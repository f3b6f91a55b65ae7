/*
 *	authorize_start          decide, fill the audit row, queue it
 *	  (writer thread)        commit the batch the row is in
 *	authorize_on_recorded    apply the decision to the user records, reply
 *
 * Whatever goes wrong on the way refuses the request, and the peer takes a refusal for a denial. A
 * reservation of a user record is dropped then. In relaxed mode the reply goes out as soon as the
 * row is queued; the user records still change only behind it. When the disk falls behind so far
 * that the queue is half full, replies wait for their row there too: peers that ask faster than
 * rows can be written are slowed down before they have to be refused.
 */
#include "server/authorize.h"

#include "server/reply.h"

enum { DETAIL_MAX = 512 /* bytes, as for Refusal.detail */ };

static void decide(struct request *request, const struct question *question)
{
	struct decider decider = service_decider(request->service);

	if (decider.snapshot != NULL)
		request->snapshot = snapshot_ref(policy_snapshot(request->service->policy));
	switch (question->kind) {
	case QUESTION_USER:
		decide_user(&decider, &request->arena, question, &request->decision);
		break;
	case QUESTION_OPERATION:
		decide_operation(&decider, &request->arena, question, &request->decision);
		break;
	case QUESTION_QUOTA:
		decide_quota(&decider, &request->arena, question, &request->decision);
		break;
	}
}

/* Decisions that are none: the daemon was not able to decide. */
static enum refusal_reason refusal_of_source(enum decision_source source)
{
	switch (source) {
	case DECISION_FROM_NO_POLICY: return REFUSAL_NO_POLICY;
	case DECISION_FROM_NONE:
	case DECISION_FROM_RESOURCES:
	case DECISION_FROM_INTERNAL: return REFUSAL_INTERNAL;
	case DECISION_FROM_POLICY:
	case DECISION_FROM_DEFAULT:
	case DECISION_FROM_RECORD:
	case DECISION_FROM_BLOCK:
	case DECISION_FROM_REVOKED:
	case DECISION_FROM_BREAK_GLASS:
	case DECISION_FROM_POLICY_ERROR:
	case DECISION_FROM_MALFORMED:
	case DECISION_FROM_LIMIT: break;
	}
	return REFUSAL_NONE;
}

static enum refusal_reason refusal_of_error(enum error error)
{
	switch (error) {
	case ERR_NONE: return REFUSAL_NONE;
	case ERR_BUSY: return REFUSAL_BUSY;
	case ERR_NO_MEMORY: return REFUSAL_INTERNAL;
	default: return REFUSAL_AUDIT_FAILED;
	}
}

static void count(struct metrics *metrics, const struct decision *decision)
{
	switch (decision->verdict) {
	case DECISION_ALLOW: metrics->allowed[decision->source]++; return;
	case DECISION_REDIRECT: metrics->redirected[decision->source]++; return;
	case DECISION_DENY: break;
	}
	metrics->denied[decision->source]++;
}

static void answer(struct request *request, uint64_t decision_id)
{
	struct metrics *metrics = &request->service->metrics;

	count(metrics, &request->decision);
	histogram_add_span(&metrics->answering, request->started_ns, uv_hrtime());
	/* The row was on its way before it showed that nobody waits any more. */
	if (request->session == NULL) {
		metrics->undelivered++;
		session_add_undelivered(request->service, decision_id);
		return;
	}
	if (reply_decision(request->session, request->id, &request->decision, decision_id))
		session_watch_answer(request->session, decision_id);
	else
		session_add_undelivered(request->service, decision_id);
	request_detach(request);
}

static void give_up(struct request *request, enum refusal_reason reason, const char *detail)
{
	records_drop(request->service->records, &request->decision.change);
	record_keeper_notice(request->service->keeper);
	request_refuse(request, reason, detail);
	request_free(request);
}

/* What limit stands against recording and answering, with a sentence in `detail`; LIMIT_COUNT for
 * none. */
static enum limit limit_of(const struct request *request, char detail[DETAIL_MAX])
{
	const struct service *service = request->service;
	const struct settings *settings = service->settings;
	struct str principal = request->decision.identity.principal;

	if (request->decision.source == DECISION_FROM_RESOURCES && request_took_all(request)) {
		snprintf(detail, DETAIL_MAX,
			 "the request takes more than %lu KiB of memory (limits.request_kib)",
			 (unsigned long)settings->request_kib);
		return LIMIT_REQUEST;
	}
	if (service_is_full(service)) {
		snprintf(detail, DETAIL_MAX,
			 "clients hold all of the %lu MiB they may (limits.memory_mib)",
			 (unsigned long)settings->memory_mib);
		return LIMIT_MEMORY;
	}
	if (service->principal_rates != NULL &&
	    !rates_take(service->principal_rates, principal, request->instant.boot_ms)) {
		/* Only a SID is short and harmless. */
		if (!request->decision.identity.has_token)
			principal = STR("a sender without a token");
		snprintf(detail, DETAIL_MAX, "%.*s asks more than %lu times a second (limits.rate)",
			 STR_ARGS(principal), (unsigned long)settings->max_rate);
		return LIMIT_RATE;
	}
	return LIMIT_COUNT;
}

static uint64_t microseconds_since(const struct clock *clock, int64_t then_us)
{
	int64_t now_us = clock_wall_us(clock);

	return now_us > then_us ? (uint64_t)(now_us - then_us) : 0;
}

/* The audit has the denial, the log what was wrong with the request. */
static void log_malformed(const struct request *request)
{
	struct service *service = request->service;

	log_event_limited(service->log, LOG_WARNING, "request.malformed", &service->rates.refusals,
			  "connection %llu, application %.*s: %.*s",
			  (unsigned long long)request->session->number,
			  STR_ARGS(request->session->application),
			  STR_ARGS(request->decision.detail));
}

/* Never left unsaid: whoever may do this may do anything. As the audit has it, masked. */
static void log_break_glass(const struct request *request)
{
	const struct audit_row *row = &request->audit.row;

	log_warning(request->service->log, "break_glass.used",
		    "connection %llu, application %.*s: %.*s (%.*s) was let in against a denial",
		    (unsigned long long)request->session->number,
		    STR_ARGS(request->session->application), STR_ARGS(row->user),
		    STR_ARGS(row->principal));
}

/* Fills the row of the decision and puts it on its way. */
static enum error queue_row(struct request *request)
{
	struct service *service = request->service;
	bool gives_id = service->settings->durability == DURABILITY_RELAXED;
	struct audit_row *row = &request->audit.row;
	enum error error;

	*row = decision_audit_row(&request->decision);
	row->connection = request->session->number;
	row->peer_pid = request->session->host_pid;
	row->relaxed = gives_id &&
		       audit_queue_length(service->audit) < service->settings->audit_queue_rows / 2;
	row->latency_us = microseconds_since(service->clock, request->instant.wall_us);
	/* The session may be gone before the row is written. */
	row->peer = arena_copy(&request->arena, str_from(request->session->account));
	if (row->peer.ptr == NULL)
		return ERR_NO_MEMORY;
	error = mask_apply(&service->settings->mask, &request->arena, row);
	if (error != ERR_NONE)
		return error;
	if (request->decision.source == DECISION_FROM_BREAK_GLASS)
		log_break_glass(request);
	if (gives_id)
		row->decision_id = service->last_decision_id + 1;
	request->audit.held_bytes = request_held_bytes(request);
	error = audit_queue_push(service->audit, &request->audit);
	if (error == ERR_BUSY)
		service->metrics.limited[LIMIT_AUDIT_QUEUE]++;
	if (error == ERR_NONE && gives_id)
		service->last_decision_id++;
	return error;
}

void authorize_start(struct request *request, const struct question *question)
{
	struct metrics *metrics = &request->service->metrics;
	uint64_t decoded_ns = uv_hrtime();
	enum refusal_reason refusal;
	char detail[DETAIL_MAX];
	enum limit limit;

	decide(request, question);
	if (request->repeat != NULL)
		repeats_keep_permission(request->service->repeats, request->repeat,
					&request->decision);
	histogram_add_span(&metrics->decoding, request->started_ns, decoded_ns);
	histogram_add_span(&metrics->deciding, decoded_ns, uv_hrtime());
	if (request->decision.source == DECISION_FROM_MALFORMED)
		log_malformed(request);
	refusal = refusal_of_source(request->decision.source);
	limit = limit_of(request, detail);
	if (limit != LIMIT_COUNT) {
		metrics->limited[limit]++;
		give_up(request, REFUSAL_BUSY, detail);
		return;
	}
	if (refusal == REFUSAL_NONE)
		refusal = refusal_of_error(queue_row(request));
	if (refusal != REFUSAL_NONE) {
		give_up(request, refusal, refusal_text(refusal));
	} else if (request->audit.row.relaxed) {
		records_admit(request->service->records, &request->decision.change);
		answer(request, request->audit.row.decision_id);
	}
}

void authorize_on_recorded(struct audit_entry *entry, enum error error, void *arg)
{
	struct request *request = CONTAINER_OF(entry, struct request, audit);
	struct service *service = arg;

	if (error == ERR_NONE && service->settings->durability == DURABILITY_STRICT)
		service->last_decision_id = entry->row.decision_id;
	if (entry->row.event != NULL) {
		audit_events_on_recorded(service->events, entry, error);
		return;
	}
	if (error != ERR_NONE) {
		give_up(request, REFUSAL_AUDIT_FAILED, refusal_text(REFUSAL_AUDIT_FAILED));
		return;
	}
	histogram_add_span(&service->metrics.recording, entry->pushed_ns, uv_hrtime());
	records_apply(service->records, &request->decision.change, entry->row.decision_id);
	record_keeper_notice(service->keeper);
	if (!entry->row.relaxed)
		answer(request, entry->row.decision_id);
	request_free(request);
}
