/* The loop: its handles, what they call, and the life of the whole. */
#include "server/server.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "platform/lock.h"
#include "platform/process.h"
#include "server/request.h"
#include "server/server_parts.h"

enum { HOUSEKEEPING_MS = 1000 };

static void on_stop_signal(uv_signal_t *handle, int number)
{
	char reason[32];

	snprintf(reason, sizeof(reason), "signal %d", number);
	server_stop(handle->data, reason);
}

static void reload(struct server *server)
{
	if (server->stop_stage != STOP_NOT)
		return;
	policy_reload(server->service.policy, NULL);
	if (server->service.shadow != NULL)
		shadow_notice_change(server->service.shadow);
}

static void on_reload_signal(uv_signal_t *handle, int number)
{
	(void)number;
	reload(handle->data);
}

static void on_asked(uv_async_t *async)
{
	struct server *server = async->data;

	if (atomic_exchange(&server->reload_asked, false))
		reload(server);
	if (atomic_exchange(&server->stop_asked, false))
		server_stop(server, "the service manager asked");
}

void server_ask(void *arg, enum service_request request)
{
	struct server *server = arg;

	switch (request) {
	case SERVICE_ASKS_STOP: atomic_store(&server->stop_asked, true); break;
	case SERVICE_ASKS_RELOAD: atomic_store(&server->reload_asked, true); break;
	}
	(void)uv_async_send(&server->asked);
}

static void on_policy_changed(void *arg)
{
	struct server *server = arg;

	if (server->stop_stage == STOP_NOT)
		policy_notice_change(server->service.policy);
}

/* What came in one pass of the loop goes out as one batch of rows and one write a connection. */
static void on_before_wait(uv_prepare_t *handle)
{
	struct server *server = handle->data;

	if (server->service.audit != NULL)
		audit_queue_submit(server->service.audit);
	conn_pool_flush(&server->pool);
}

static void on_housekeeping(uv_timer_t *timer)
{
	struct server *server = timer->data;
	struct service *service = &server->service;

	size_t expired = records_expire(service->records, clock_boot_ms(service->clock));

	audit_events_tick(service->events);
	failure_reports_tick(&service->reports);
	block_keeper_tick(service->block_keeper);
	/* A policy that was replaced goes also when nobody asks. */
	if (server->stop_stage == STOP_NOT && policy_snapshot(service->policy) != NULL)
		repeats_use_policy(service->repeats, policy_snapshot(service->policy));

	if (expired == 0)
		return;
	log_debug(service->log, "records.expired", "%zu user %s ended", expired,
		  count_noun(expired, "record", "records"));
	if (service->keeper != NULL)
		record_keeper_notice(service->keeper);
}

static void on_watchdog(uv_timer_t *timer)
{
	server_tell_manager(timer->data, "WATCHDOG=1");
}

static enum error start_signal(struct server *server, uv_signal_t *handle, uv_signal_cb on_signal,
			       int number)
{
	handle->data = server;
	return uv_signal_init(&server->loop, handle) == 0 &&
			       uv_signal_start(handle, on_signal, number) == 0
		       ? ERR_NONE
		       : ERR_IO;
}

static void start_timer(struct server *server, uv_timer_t *timer, uv_timer_cb on_timer,
			uint64_t interval_ms)
{
	uv_timer_init(&server->loop, timer); /* cannot fail */
	timer->data = server;
	if (interval_ms != 0)
		(void)uv_timer_start(timer, on_timer, interval_ms, interval_ms);
}

static void watch_policy(struct server *server)
{
	struct policy_watch *watch = &server->handles.policy_watch;
	struct policy_watch_options options = {
		.log = server->service.log,
		.directory = server->service.settings->policy_directory,
		.lost_event = "policy.not_watched",
		.quiet_ms = POLICY_WATCH_QUIET_MS,
		.on_changed = on_policy_changed,
		.arg = server,
	};

	policy_watch_start(watch, &server->loop, &options);
	server->service.policy_watch = watch;
}

static enum error start_handles(struct server *server)
{
	struct server_handles *handles = &server->handles;
	enum error error = ERR_NONE;

	uv_prepare_init(&server->loop, &handles->before_wait); /* cannot fail */
	handles->before_wait.data = server;
	(void)uv_prepare_start(&handles->before_wait, on_before_wait);
	start_timer(server, &handles->housekeeping, on_housekeeping, HOUSEKEEPING_MS);
	start_timer(server, &handles->watchdog, on_watchdog, service_watchdog_ms());
	start_timer(server, &handles->stop_limit, NULL, 0); /* begun by a stop */
	if (server->service.settings->policy_reload == RELOAD_ON_CHANGE)
		watch_policy(server);
	metrics_file_start(&handles->metrics_file, &server->service, &server->loop);
	server->has_handles = true;
	for (size_t i = 0; error == ERR_NONE && process_stop_signals[i] != 0; i++)
		error = start_signal(server, &handles->stop_signals[i], on_stop_signal,
				     process_stop_signals[i]);
	if (error == ERR_NONE && process_reload_signal != 0)
		error = start_signal(server, &handles->reload_signal, on_reload_signal,
				     process_reload_signal);
	return error;
}

enum error server_new(const struct settings *settings, const struct log *log,
		      const struct clock *clock, struct server **out, struct buf *why)
{
	struct server *server = mem_calloc(1, sizeof(*server));
	enum error error;

	if (server == NULL)
		return ERR_NO_MEMORY;
	server->authorize.sessions.on_gone = server_on_session_gone;
	server->admin.sessions.on_gone = server_on_session_gone;
	error = server_init_service(server, settings, log, clock);
	if (error == ERR_NONE) {
		error = uv_loop_init(&server->loop) == 0 ? ERR_NONE : ERR_NO_MEMORY;
		server->has_loop = error == ERR_NONE;
	}
	if (error == ERR_NONE) {
		error = uv_async_init(&server->loop, &server->asked, on_asked) == 0 ? ERR_NONE
										    : ERR_IO;
		server->asked.data = server;
	}
	conn_pool_init(&server->pool, &server->loop, (size_t)settings->memory_mib << 20);
	server->service.pool = &server->pool;
	if (error == ERR_NONE)
		error = server_open(server, why);
	if (error == ERR_NONE)
		error = start_handles(server);
	if (error != ERR_NONE) {
		server_free(server);
		return error;
	}
	*out = server;
	return ERR_NONE;
}

void server_run(struct server *server)
{
	log_info(server->service.log, "server.serving", "%s and %s",
		 server->service.settings->authorize.socket,
		 server->service.settings->admin.socket);
	uv_run(&server->loop, UV_RUN_DEFAULT);
	log_info(server->service.log, "server.stopped", "connections served: %llu",
		 (unsigned long long)server->service.metrics.accepted);
}

static void close_loop(struct server *server)
{
	int result;

	server_begin_stop(server);
	uv_run(&server->loop, UV_RUN_DEFAULT);
	result = uv_loop_close(&server->loop);
	assert(result == 0);
	(void)result;
}

void server_free(struct server *server)
{
	if (server == NULL)
		return;
	if (server->has_loop)
		close_loop(server);
	metrics_file_deinit(&server->handles.metrics_file);
	request_pool_deinit(&server->service);
	repeats_free(server->service.repeats);
	buf_deinit(&server->service.scratch);
	records_free(server->service.records);
	block_keeper_free(server->service.block_keeper);
	blocks_free(server->service.blocks);
	cedar_request_free(server->service.cedar);
	rates_free(server->service.principal_rates);
	shadow_free(server->service.shadow);
	state_store_close(server->state_store);
	audit_events_free(server->service.events);
	audit_log_close(server->service.audit_log);
	daemon_lock_release(server->lock);
	mem_free(server);
}
