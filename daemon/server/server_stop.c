/*
 * Stopping, step by step: give back the sockets and read no more; let the sessions answer what is
 * in flight and close, by force when the time is over; close the audit queue, which brings back
 * what is still on its way to disk; let its work in the background end; write the last record
 * changes and what administrators changed; close what is left in the loop.
 */
#include "platform/service.h"
#include "server/server_parts.h"

void server_tell_manager(const struct server *server, const char *state)
{
	enum error error = service_notify(state);

	if (error != ERR_NONE)
		log_warning(server->service.log, "service.notify", "%s: %s", state,
			    error_text(error));
}

static void continue_stop(struct server *server);

static void on_audit_closed(void *arg)
{
	struct server *server = arg;

	server->service.audit = NULL;
	continue_stop(server);
}

static void on_segments_stopped(void *arg)
{
	struct server *server = arg;

	server->is_audit_started = false;
	continue_stop(server);
}

static void on_keeper_closed(void *arg)
{
	struct server *server = arg;

	server->service.keeper = NULL;
	continue_stop(server);
}

static void on_changes_closed(void *arg)
{
	struct server *server = arg;

	server->service.changes = NULL;
	continue_stop(server);
}

static void on_shadow_stopped(void *arg)
{
	struct server *server = arg;

	server->is_shadow_running = false;
	continue_stop(server);
}

static void on_policy_closed(void *arg)
{
	struct server *server = arg;

	server->is_policy_open = false;
	continue_stop(server);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static bool sessions_are_gone(const struct server *server)
{
	return server->authorize.sessions.count == 0 && server->admin.sessions.count == 0;
}

/* Answers whose clients have gone become events as their rows come back, and the queue takes only so
 * many at a time. */
static void write_last_events(struct service *service)
{
	struct audit_events *events = service->events;
	uint32_t before = UINT32_MAX;

	audit_queue_drain(service->audit);
	failure_reports_flush(&service->reports);
	audit_events_add(events, "daemon.stopped", STR(""), STR("{}"));
	for (uint32_t left; (left = audit_events_pending(events)) != 0 && left < before;
	     before = left) {
		audit_queue_drain(service->audit);
		audit_events_attach(events, service->audit);
	}
	audit_events_attach(events, NULL);
}

/* Takes the next step when nothing stands in its way any more. */
static void continue_stop(struct server *server)
{
	struct service *service = &server->service;

	if (server->stop_stage == STOP_SESSIONS && sessions_are_gone(server)) {
		server->stop_stage = STOP_AUDIT;
		if (server->is_policy_open)
			policy_close(service->policy, on_policy_closed, server);
		if (server->is_shadow_running)
			shadow_stop(service->shadow, on_shadow_stopped, server);
		if (service->audit != NULL) {
			write_last_events(service);
			audit_queue_close(service->audit, on_audit_closed, server);
			return;
		}
	}
	if (server->stop_stage == STOP_AUDIT && service->audit == NULL) {
		server->stop_stage = STOP_SEGMENTS;
		if (server->is_audit_started) {
			audit_log_stop(service->audit_log, on_segments_stopped, server);
			return;
		}
	}
	if (server->stop_stage == STOP_SEGMENTS && !server->is_audit_started) {
		server->stop_stage = STOP_RECORDS;
		if (service->keeper != NULL) {
			record_keeper_close(service->keeper, on_keeper_closed, server);
			return;
		}
	}
	if (server->stop_stage == STOP_RECORDS && service->keeper == NULL &&
	    !server->is_policy_open && !server->is_shadow_running) {
		server->stop_stage = STOP_CHANGES;
		if (service->changes != NULL) {
			changes_close(service->changes, on_changes_closed, server);
			return;
		}
	}
	if (server->stop_stage == STOP_CHANGES && service->changes == NULL) {
		server->stop_stage = STOP_HANDLES;
		/* Nothing is left but handles that need no farewell. */
		uv_walk(&server->loop, close_handle, NULL);
	}
}

void server_on_session_gone(struct session_owner *owner)
{
	struct server *server = CONTAINER_OF(owner->service, struct server, service);

	continue_stop(server);
}

static void on_stop_limit(uv_timer_t *timer)
{
	struct server *server = timer->data;

	log_warning(server->service.log, "server.stop_limit",
		    "%u connections are closed before all of their requests were answered",
		    (unsigned)(server->authorize.sessions.count + server->admin.sessions.count));
	session_abort_all(&server->authorize.sessions, CONN_END_STOP);
	session_abort_all(&server->admin.sessions, CONN_END_STOP);
}

void server_begin_stop(struct server *server)
{
	const struct settings *settings = server->service.settings;

	if (server->stop_stage != STOP_NOT)
		return;
	server->stop_stage = STOP_SESSIONS;
	listener_close(&server->authorize);
	listener_close(&server->admin);
	session_finish_all(&server->authorize.sessions, CONN_END_STOP);
	session_finish_all(&server->admin.sessions, CONN_END_STOP);
	if (server->has_handles) {
		(void)uv_timer_start(&server->handles.stop_limit, on_stop_limit,
				     (uint64_t)settings->stop_ms, 0);
		metrics_file_stop(&server->handles.metrics_file);
	}
	if (server->is_policy_open)
		policy_cancel(server->service.policy);
	if (server->service.block_keeper != NULL)
		block_keeper_stop(server->service.block_keeper);
	continue_stop(server);
}

void server_stop(struct server *server, const char *reason)
{
	if (server->stop_stage != STOP_NOT)
		return;
	log_info(server->service.log, "server.stopping", "%s", reason);
	server_tell_manager(server, "STOPPING=1");
	server_begin_stop(server);
}
