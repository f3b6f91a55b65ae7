#include "server/admin_reply.h"

#include <string.h>

#include "base/utf8.h"
#include "platform/process.h"
#include "server/health.h"
#include "server/version.h"
#include "store/segment.h"

void admin_reply_send(struct session *session, uint64_t id, Wsauthz__AdminReply *reply)
{
	struct wire_diag diag;
	uint8_t *frame;
	size_t capacity, length = 0;

	reply->id = id;
	reply->epoch = authz_bytes(session->epoch, sizeof(session->epoch));
	capacity = admin_reply_frame_bytes(reply);
	frame = conn_reserve(&session->conn, capacity);
	if (frame == NULL)
		return;
	if (admin_reply_encode(reply, frame, capacity, &length, &diag) == WIRE_OK) {
		conn_sent(&session->conn, length);
		return;
	}
	log_error(session->service->log, "reply.not_encoded", "admin request %llu: %s %s",
		  (unsigned long long)id, diag.path, wire_error_text(diag.error));
	session_refuse(session, &(struct session_refusal){id, REFUSAL_INTERNAL, "",
							  "the answer could not be encoded"});
}

size_t admin_reply_encode_refusal(const uint8_t epoch[SESSION_EPOCH_BYTES],
				  const struct session_refusal *refusal, uint8_t *frame,
				  size_t capacity_bytes)
{
	Wsauthz__Refusal message = WSAUTHZ__REFUSAL__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;
	size_t length = 0;

	message.reason = (Wsauthz__Refusal__Reason)refusal->reason;
	message.detail = authz_bytes(refusal->detail, strlen(refusal->detail));
	message.field = authz_bytes(refusal->field, strlen(refusal->field));
	reply.id = refusal->id;
	reply.epoch = authz_bytes(epoch, SESSION_EPOCH_BYTES);
	reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_REFUSAL;
	reply.refusal = &message;
	return admin_reply_encode(&reply, frame, capacity_bytes, &length, NULL) == WIRE_OK ? length
											   : 0;
}

void admin_reply_fill_block(const struct block *block, struct block_time now,
			    Wsauthz__BlockEntry *entry)
{
	int64_t end_us = block_end_us(block, now);

	entry->principal = authz_bytes(block->principal.ptr, block->principal.length);
	entry->created_us = block->created_us > 0 ? (uint64_t)block->created_us : 0;
	if (end_us != BLOCK_FOR_EVER) {
		/* 0 would say for ever. */
		entry->until_us = end_us > 0 ? (uint64_t)end_us : 1;
		entry->left_ms = (uint64_t)block_left_ms(block, now);
	}
	entry->reason = authz_bytes(block->reason.ptr, block->reason.length);
}

/* As much of `text` as a field of the channel takes: valid UTF-8 without NUL, within its bound. */
static ProtobufCBinaryData field_text(struct str text, size_t max_bytes)
{
	const char *nul = str_find_byte(text, '\0');

	if (nul != NULL)
		text.length = (size_t)(nul - text.ptr);
	if (text.length > max_bytes)
		text.length = max_bytes;
	return authz_bytes(text.ptr, utf8_valid_length(text));
}

static void fill_diagnostic(const struct cedar_diag *diag, Wsauthz__Diagnostic *message)
{
	message->severity = diag->severity == CEDAR_ERROR ? WSAUTHZ__DIAGNOSTIC__SEVERITY__ERROR
							  : WSAUTHZ__DIAGNOSTIC__SEVERITY__WARNING;
	message->source = field_text(diag->source, ADMIN_FILE_BYTES);
	message->line = diag->line;
	message->column = diag->column;
	message->length = diag->length;
	message->message = field_text(diag->message, ADMIN_MESSAGE_BYTES);
	message->excerpt = field_text(diag->excerpt, ADMIN_MESSAGE_BYTES);
	message->caret = diag->caret;
}

static Wsauthz__Diagnostic *add_diagnostic(struct arena *arena, Wsauthz__Diagnostic **list,
					   size_t *count)
{
	Wsauthz__Diagnostic *message = arena_alloc(arena, sizeof(*message));

	if (message == NULL)
		return NULL;
	wsauthz__diagnostic__init(message);
	list[(*count)++] = message;
	return message;
}

bool admin_reply_diagnostics(struct arena *arena, const struct policy_load *load,
			     Wsauthz__Diagnostic ***out, size_t *out_count)
{
	Wsauthz__Diagnostic **list = arena_calloc(arena, ADMIN_DIAGNOSTICS_MAX, sizeof(*list));
	Wsauthz__Diagnostic *message;
	size_t count = 0;

	if (list == NULL)
		return false;
	if (load->obstacle.length != 0) {
		message = add_diagnostic(arena, list, &count);
		if (message == NULL)
			return false;
		message->severity = WSAUTHZ__DIAGNOSTIC__SEVERITY__ERROR;
		message->message = field_text(buf_str(&load->obstacle), ADMIN_MESSAGE_BYTES);
	}
	for (const struct cedar_diag *diag = load->diags.first;
	     diag != NULL && count < ADMIN_DIAGNOSTICS_MAX; diag = diag->next) {
		message = add_diagnostic(arena, list, &count);
		if (message == NULL)
			return false;
		fill_diagnostic(diag, message);
	}
	*out = list;
	*out_count = count;
	return true;
}

uint32_t admin_reply_error_count(const struct policy_load *load)
{
	return load->diags.error_count + (load->obstacle.length != 0);
}

static bool fill_policy(struct arena *arena, const struct service *service,
			Wsauthz__StatusReply *status)
{
	struct policy_status policy = policy_status(service->policy);
	Wsauthz__PolicyStatus *message;

	if (policy.snapshot == NULL)
		return true;
	message = arena_alloc(arena, sizeof(*message));
	if (message == NULL)
		return false;
	wsauthz__policy_status__init(message);
	message->revision = snapshot_revision(policy.snapshot);
	message->digest = authz_bytes(snapshot_digest(policy.snapshot), SNAPSHOT_DIGEST_BYTES);
	message->directory =
		field_text(str_from(service->settings->policy_directory), ADMIN_FILE_BYTES);
	message->activated_us = (uint64_t)policy.activated_us;
	message->policy_count = (uint32_t)cedar_policy_count(snapshot_engine(policy.snapshot));
	message->pinned = policy.is_pinned;
	message->fallback = policy.is_fallback;
	status->policy = message;
	return true;
}

static bool fill_failure(struct arena *arena, const struct service *service,
			 Wsauthz__StatusReply *status)
{
	const struct policy_load *failure = policy_status(service->policy).failure;
	Wsauthz__PolicyFailure *message;

	if (failure == NULL)
		return true;
	message = arena_alloc(arena, sizeof(*message));
	if (message == NULL)
		return false;
	wsauthz__policy_failure__init(message);
	message->failed_us = (uint64_t)failure->finished_us;
	if (failure->has_digest)
		message->digest = authz_bytes(failure->digest, sizeof(failure->digest));
	message->error_count = admin_reply_error_count(failure);
	status->failure = message;
	return admin_reply_diagnostics(arena, failure, &message->diagnostics,
				       &message->n_diagnostics);
}

static bool fill_audit(struct arena *arena, const struct service *service,
		       Wsauthz__StatusReply *status)
{
	Wsauthz__AuditStatus *message = arena_alloc(arena, sizeof(*message));
	char *name;

	if (message == NULL)
		return false;
	wsauthz__audit_status__init(message);
	message->durability = service->settings->durability == DURABILITY_STRICT
				      ? WSAUTHZ__AUDIT_STATUS__DURABILITY__STRICT
				      : WSAUTHZ__AUDIT_STATUS__DURABILITY__RELAXED;
	message->writable = audit_queue_writable(service->audit);
	message->last_decision_id = service->last_decision_id;
	message->queued_count = audit_queue_length(service->audit);
	name = arena_alloc(arena, SEGMENT_NAME_BYTES);
	if (name == NULL)
		return false;
	segment_name(audit_log_segment(service->audit_log), name);
	message->segment = authz_bytes(name, strlen(name));
	status->audit = message;
	return true;
}

static bool fill_shadow(struct arena *arena, const struct service *service,
			Wsauthz__StatusReply *status)
{
	struct shadow_status shadow;
	Wsauthz__ShadowStatus *message;

	if (service->shadow == NULL)
		return true;
	message = arena_alloc(arena, sizeof(*message));
	if (message == NULL)
		return false;
	shadow = shadow_status(service->shadow);
	wsauthz__shadow_status__init(message);
	message->directory = field_text(shadow.progress.directory, ADMIN_FILE_BYTES);
	message->valid = shadow.is_valid;
	message->compared_count = shadow.progress.compared_count;
	message->differed_count = shadow.progress.differed_count;
	message->skipped_count = shadow.progress.skipped_count;
	status->shadow = message;
	return true;
}

static bool fill_problems(struct arena *arena, const struct service *service,
			  Wsauthz__StatusReply *status)
{
	Wsauthz__Problem *messages;
	struct health health;

	if (!health_examine(arena, service, &health))
		return false;
	messages = arena_calloc(arena, health.count + 1, sizeof(*messages));
	status->problems = arena_calloc(arena, health.count + 1, sizeof(*status->problems));
	if (messages == NULL || status->problems == NULL)
		return false;
	for (size_t i = 0; i < health.count; i++) {
		const struct problem *problem = &health.problems[i];

		wsauthz__problem__init(&messages[i]);
		messages[i].code = authz_bytes(problem->code, strlen(problem->code));
		messages[i].text = field_text(problem->text, ADMIN_MESSAGE_BYTES);
		messages[i].since_us = problem->since_us > 0 ? (uint64_t)problem->since_us : 0;
		status->problems[i] = &messages[i];
	}
	status->n_problems = health.count;
	return true;
}

/* Blocks that ended stay a while. */
struct block_tally {
	struct block_time now;
	uint64_t count;
};

static bool tally_block(const struct block *block, void *arg)
{
	struct block_tally *tally = arg;

	tally->count += block_holds(block, tally->now);
	return true;
}

#define SUM(counters) metrics_sum(counters, ARRAY_COUNT(counters))

bool admin_reply_status(struct arena *arena, const struct service *service,
			Wsauthz__StatusReply *status)
{
	const struct metrics *metrics = &service->metrics;
	struct block_tally blocks = {.now = service_block_time(service)};

	blocks_each(service->blocks, tally_block, &blocks);
	status->server_version = authz_bytes(server_version(), strlen(server_version()));
	status->pid = (uint32_t)process_id();
	status->started_us = (uint64_t)service->started_us;
	status->uptime_ms = (uint64_t)(clock_boot_ms(service->clock) - service->started_ms);
	status->record_count = records_count(service->records);
	status->block_count = blocks.count;
	status->connection_count = service->authorize_sessions->greeted_count;
	status->in_flight_count = audit_queue_length(service->audit);
	status->allowed_count = SUM(metrics->allowed);
	status->denied_count = SUM(metrics->denied);
	status->redirected_count = SUM(metrics->redirected);
	status->refused_count = SUM(metrics->refused);
	return fill_policy(arena, service, status) && fill_failure(arena, service, status) &&
	       fill_shadow(arena, service, status) && fill_audit(arena, service, status) &&
	       fill_problems(arena, service, status);
}
