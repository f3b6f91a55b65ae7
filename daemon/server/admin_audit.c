#include "server/admin_audit.h"

#include "server/admin_reply.h"
#include "server/changes.h"

/* Work that was asked for; in the request's arena. */
struct audit_work {
	struct request *request;
	struct audit_log_waiter waiter;
	struct change change; /* records who asked, and how it ended */
	enum error error;     /* of the work */
	uint32_t count;
};

static void on_recorded(struct change *change, enum error error)
{
	struct audit_work *work = CONTAINER_OF(change, struct audit_work, change);
	struct request *request = work->request;
	Wsauthz__AuditWorkReply body = WSAUTHZ__AUDIT_WORK_REPLY__INIT;
	Wsauthz__AdminReply reply = WSAUTHZ__ADMIN_REPLY__INIT;

	if (request->session == NULL) {
		request->service->metrics.undelivered++;
	} else if (work->error == ERR_CANCELLED) {
		request_refuse(request, REFUSAL_SHUTTING_DOWN, "the daemon is stopping");
	} else if (work->error != ERR_NONE || error != ERR_NONE) {
		request_refuse(request, REFUSAL_INTERNAL,
			       "it could not be done, or not recorded; see the daemon's log");
	} else {
		body.segment_count = work->count;
		reply.body_case = WSAUTHZ__ADMIN_REPLY__BODY_AUDIT_WORK;
		reply.audit_work = &body;
		admin_reply_send(request->session, request->id, &reply);
		request_detach(request);
	}
	request_free(request);
}

static void on_worked(struct audit_log_waiter *waiter, enum error error, uint32_t count)
{
	struct audit_work *work = CONTAINER_OF(waiter, struct audit_work, waiter);

	work->error = error;
	work->count = count;
	if (error != ERR_NONE)
		work->change.action.outcome = str_from(error_text(error));
	changes_push(work->request->service->changes, &work->change);
}

/* NULL after a refusal, which ended the request. */
static struct audit_work *work_new(struct request *request, struct str action)
{
	struct audit_work *work = arena_calloc(&request->arena, 1, sizeof(*work));

	if (work != NULL) {
		work->request = request;
		work->waiter.on_done = on_worked;
		work->change.on_done = on_recorded;
		work->change.action = (struct state_action){
			.at_us = request->instant.wall_us,
			.actor = arena_copy(&request->arena, str_from(request->session->peer)),
			.action = action,
			.arguments = STR("{}"),
			.outcome = STR("done"),
		};
	}
	if (work == NULL || work->change.action.actor.ptr == NULL) {
		request_refuse(request, REFUSAL_INTERNAL, error_text(ERR_NO_MEMORY));
		request_free(request);
		return NULL;
	}
	log_info(request->service->log, "audit.asked", "%.*s asked for by %s", STR_ARGS(action),
		 request->session->peer);
	return work;
}

void admin_audit_seal(struct request *request, const Wsauthz__AdminRequest *message)
{
	struct audit_work *work = work_new(request, STR("audit.seal"));

	(void)message;
	if (work != NULL)
		audit_log_seal(request->service->audit_log, &work->waiter);
}

void admin_audit_prune(struct request *request, const Wsauthz__AdminRequest *message)
{
	struct audit_work *work = work_new(request, STR("audit.prune"));

	(void)message;
	if (work != NULL)
		audit_log_prune(request->service->audit_log, &work->waiter);
}
