/*
 * Stopping, step by step: give back the sockets and read no more; let the sessions answer what is
 * in flight and close, by force when the time is over; close the audit queue, which brings back
 * what is still on its way to disk; let its work in the background end; write the last record changes and what administrators changed;
 * close what is left in the loop.
 */
#include "server/server.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"
#include "platform/platform.h"
#include "server/admin.h"
#include "server/authorize.h"
#include "server/dispatch.h"
#include "server/listener.h"
#include "server/metrics_file.h"
#include "server/policy_watch.h"
#include "server/request.h"
#include "server/sandbox.h"
#include "server/state_store.h"
#include "server/version.h"

enum { HOUSEKEEPING_MS = 1000, AUDIT_RETRY_MS = 250 };

enum stop_stage {
	STOP_NOT,
	STOP_SESSIONS, /* sessions finish */
	STOP_AUDIT,    /* what is on its way to disk comes back */
	STOP_SEGMENTS, /* what the audit does in the background ends */
	STOP_RECORDS,  /* the last record changes are written */
	STOP_CHANGES,  /* what administrators changed is written */
	STOP_HANDLES,  /* the loop lets go of the rest */
};

/* Handles without an owner of their own. */
struct server_handles {
	uv_prepare_t before_wait;
	uv_timer_t housekeeping;
	uv_timer_t watchdog;
	uv_timer_t stop_limit;
	uv_signal_t stop_signals[PROCESS_STOP_SIGNALS_MAX], reload_signal;
	struct policy_watch policy_watch; /* with RELOAD_ON_CHANGE */
	struct metrics_file metrics_file;
};

struct server {
	uv_loop_t loop;
	struct server_handles handles;
	bool has_loop, has_handles;
	uv_async_t asked; /* wakes the loop for the next two */
	atomic_bool stop_asked, reload_asked;
	enum stop_stage stop_stage;
	bool is_policy_open, is_audit_started, is_shadow_running;

	struct daemon_lock *lock;
	struct store_env store_env;
	struct schema_memo schema_memo;
	struct boot_id boot_id;
	struct state_store *state_store;

	struct service service;
	struct conn_pool pool;
	struct listener authorize, admin;
};

/* Stopping. */

static void tell_manager(const struct server *server, const char *state)
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
			audit_events_add(service->events, "daemon.stopped", STR(""), STR("{}"));
			audit_events_attach(service->events, NULL);
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

static void on_session_gone(struct session_owner *owner)
{
	struct listener *listener = CONTAINER_OF(owner, struct listener, sessions);
	struct server *server = CONTAINER_OF(listener->service, struct server, service);

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

static void begin_stop(struct server *server)
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
	continue_stop(server);
}

static void stop(struct server *server, const char *reason)
{
	if (server->stop_stage != STOP_NOT)
		return;
	log_info(server->service.log, "server.stopping", "%s", reason);
	tell_manager(server, "STOPPING=1");
	begin_stop(server);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
	char reason[32];

	snprintf(reason, sizeof(reason), "signal %d", number);
	stop(handle->data, reason);
}

/* The loop's other events. */

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
		stop(server, "the service manager asked");
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

	if (expired == 0)
		return;
	log_debug(service->log, "records.expired", "%zu user records ended", expired);
	if (service->keeper != NULL)
		record_keeper_notice(service->keeper);
}

static void on_watchdog(uv_timer_t *timer)
{
	tell_manager(timer->data, "WATCHDOG=1");
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
	const struct settings *settings = server->service.settings;
	enum error error;

	error = policy_watch_start(&server->handles.policy_watch, &server->loop,
				   settings->policy_directory, POLICY_WATCH_QUIET_MS,
				   on_policy_changed, server);
	if (error != ERR_NONE)
		log_warning(server->service.log, "policy.not_watched",
			    "%s: changes are not noticed; use wsauthzctl policy reload",
			    settings->policy_directory);
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
	start_timer(server, &handles->stop_limit, on_stop_limit, 0);
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

/* Putting together. */

static enum error init_service(struct server *server, const struct settings *settings,
			       const struct log *log, const struct clock *clock)
{
	struct service *service = &server->service;
	enum error error;

	*service = (struct service){
		.settings = settings,
		.log = log,
		.clock = clock,
		.rates = {.refusals = LOG_RATE_INIT(20, 3000),
			  .connections = LOG_RATE_INIT(20, 3000),
			  .reports = LOG_RATE_INIT(20, 3000),
			  .forbidden = LOG_RATE_INIT(20, 3000),
			  .exhaustion = LOG_RATE_INIT(1, 60000)},
		.metrics_file = &server->handles.metrics_file,
		.authorize_sessions = &server->authorize.sessions,
		.admin_sessions = &server->admin.sessions,
		.started_us = clock_wall_us(clock),
		.started_ms = clock_boot_ms(clock),
		.offset_minute = INT64_MIN,
	};
	buf_init(&service->scratch, DECIDE_SCRATCH_BYTES);
	error = platform_random(&service->hash_key, sizeof(service->hash_key));
	if (error == ERR_NONE)
		error = platform_random(&server->store_env.hash_key,
					sizeof(server->store_env.hash_key));
	server->store_env.create_private = file_create_private;
	server->store_env.list_names = directory_list_names;
	server->store_env.memo = &server->schema_memo;
	server->store_env.make_readonly = file_make_readonly;
	if (error == ERR_NONE)
		error = platform_boot_id(&server->boot_id);
	return error;
}

static enum error open_events(struct server *server)
{
	struct service *service = &server->service;
	bool gives_id = service->settings->durability == DURABILITY_RELAXED;
	struct audit_events_options options = {
		.log = service->log,
		.clock = service->clock,
		.last_id = gives_id ? &service->last_decision_id : NULL,
	};
	enum error error = audit_events_new(&options, &service->events);
	char memory[128];
	struct buf detail;

	if (error != ERR_NONE)
		return error;
	buf_init_fixed(&detail, memory, sizeof(memory));
	buf_printf(&detail, "{\"version\":\"%s\"}", server_version());
	audit_events_add(service->events, "daemon.started", STR(""), buf_str(&detail));
	if (audit_log_aside_name(service->audit_log).length != 0)
		audit_events_add_aside(service->events, audit_log_aside_name(service->audit_log),
				       audit_log_aside_reason(service->audit_log));
	return ERR_NONE;
}

static enum error open_audit(struct server *server, struct buf *why)
{
	struct service *service = &server->service;
	struct audit_log_options options = {
		.log = service->log,
		.clock = service->clock,
		.settings = service->settings,
		.env = &server->store_env,
	};
	enum error error = audit_log_open(&options, &service->audit_log, why);

	if (error != ERR_NONE)
		return error;
	service->last_decision_id = audit_log_last_id(service->audit_log);
	return open_events(server);
}

static enum error open_stores(struct server *server, struct buf *why)
{
	const struct service *service = &server->service;
	const char *directory = service->settings->state_directory;
	enum error error;

	error = directory_make_private(directory, why);
	if (error == ERR_NONE)
		error = daemon_lock_take(directory, &server->lock, why);
	if (error == ERR_NONE)
		error = open_audit(server, why);
	if (error == ERR_NONE)
		error = state_store_open(directory, &server->store_env, service->log,
					 &server->state_store, why);
	return error;
}

static enum error load_record(void *arg, const struct state_record *row)
{
	struct server *server = arg;
	const struct service *service = &server->service;
	enum error error = records_load(service->records, row, clock_boot_ms(service->clock));

	if (error == ERR_NO_MEMORY)
		return error;
	/* A record less only costs a fresh evaluation. */
	if (error != ERR_NONE)
		log_warning(service->log, "records.not_loaded", "a stored user record: %s",
			    error_text(error));
	return ERR_NONE;
}

/* A block that cannot be loaded stops the start: it must not be lost. */
static enum error load_block(void *arg, const struct state_block *row)
{
	struct server *server = arg;
	struct block block = {
		.principal = row->principal,
		.created_us = row->created_us,
		.until_us = row->until_us == STATE_BLOCK_FOR_EVER ? BLOCK_FOR_EVER : row->until_us,
		.reason = row->reason,
	};

	return blocks_put(server->service.blocks, &block);
}

static enum error load_state(struct state *state, void *arg)
{
	struct server *server = arg;
	enum error error = state_load_records(state, server->boot_id.bytes, load_record, server);

	return error == ERR_NONE ? state_load_blocks(state, load_block, server) : error;
}

static enum error open_deciding(struct server *server)
{
	struct service *service = &server->service;
	uint8_t secret[32];
	enum error error = platform_random(secret, sizeof(secret));

	if (error == ERR_NONE)
		error = records_new(service->settings->max_records, secret, &service->records);
	if (error == ERR_NONE)
		error = blocks_new(service->hash_key, &service->blocks);
	if (error == ERR_NONE)
		error = cedar_request_new(NULL, &service->cedar);
	if (error == ERR_NONE && service->settings->max_rate != QUOTA_UNLIMITED)
		error = rates_new(service->settings->max_rate, service->settings->max_burst,
				  service->hash_key, &service->principal_rates);
	if (error == ERR_NONE)
		error = state_store_use(server->state_store, "state.not_loaded", load_state,
					server);
	return error;
}

static enum error open_policy(struct server *server)
{
	struct service *service = &server->service;
	struct policy_options options = {
		.loop = &server->loop,
		.log = service->log,
		.clock = service->clock,
		.directory = service->settings->policy_directory,
		.key = service->hash_key,
		.isolates_candidates = service->settings->isolates_candidates,
		.gate = {.max_flips = service->settings->max_flips,
			 .window_ms = service->settings->replay_window_ms,
			 .directory = service->settings->state_directory,
			 .env = &server->store_env,
			 .settings = &service->settings->decide},
		.store = server->state_store,
		.metrics = &service->metrics,
		.events = service->events,
	};
	enum error error = policy_new(&options, &service->policy);

	if (error != ERR_NONE)
		return error;
	server->is_policy_open = true;
	return policy_start(service->policy);
}

/* Without it the daemon serves as well. */
static void start_shadow(struct server *server)
{
	struct service *service = &server->service;
	const struct settings *settings = service->settings;
	struct shadow_options options = {
		.loop = &server->loop,
		.log = service->log,
		.clock = service->clock,
		.directory = settings->shadow_directory,
		.state_directory = settings->state_directory,
		.env = &server->store_env,
		.settings = &settings->decide,
		.store = server->state_store,
		.key = service->hash_key,
		.isolates_candidates = settings->isolates_candidates,
		.max_backlog = SHADOW_BACKLOG_DECISIONS,
		.cpu_percent = settings->shadow_cpu_percent,
		.last_decision_id = &service->last_decision_id,
	};
	enum error error;

	if (settings->shadow_directory[0] == '\0')
		return;
	error = shadow_start(&options, &service->shadow);
	server->is_shadow_running = error == ERR_NONE;
	if (error != ERR_NONE)
		log_warning(service->log, "shadow.failed", "%s", error_text(error));
}

static enum error open_queues(struct server *server)
{
	struct service *service = &server->service;
	struct audit_queue_options options = {
		.loop = &server->loop,
		.log = service->log,
		.sink = audit_log_sink(service->audit_log),
		.max_rows = service->settings->audit_queue_rows,
		.retry_ms = AUDIT_RETRY_MS,
		.relaxed = service->settings->durability == DURABILITY_RELAXED,
		.on_done = authorize_on_recorded,
		.arg = service,
	};
	enum error error;

	error = record_keeper_new(&server->loop, service->records, server->state_store,
				  &server->boot_id, &service->keeper);
	if (error == ERR_NONE)
		error = changes_new(&server->loop, server->state_store, service->events,
				    &service->changes);
	if (error == ERR_NONE)
		error = audit_queue_new(&options, &service->audit);
	if (error == ERR_NONE) {
		audit_events_attach(service->events, service->audit);
		audit_log_start(service->audit_log, &server->loop, service->audit,
				server->state_store);
		server->is_audit_started = true;
		start_shadow(server);
	}
	return error;
}

/* From here on clients can connect; they wait until open_doors(). */
static enum error take_addresses(struct server *server, struct buf *why)
{
	const struct settings *settings = server->service.settings;
	struct role_rules roles;
	enum error error = role_rules_read_hosts(settings, &roles, why);
	unsigned passed;

	if (error == ERR_NONE)
		error = listener_open(&server->authorize, &server->service,
				      &dispatch_authorize_channel, &settings->authorize, &roles,
				      &server->pool, why);
	if (error == ERR_NONE)
		error = role_rules_read_admins(settings, &roles, why);
	if (error == ERR_NONE)
		error = listener_open(&server->admin, &server->service, &admin_channel,
				      &settings->admin, &roles, &server->pool, why);
	if (error != ERR_NONE)
		return error;
	passed = (unsigned)endpoint_is_passed(server->authorize.endpoint) +
		 (unsigned)endpoint_is_passed(server->admin.endpoint);
	if (service_socket_count() == passed)
		return ERR_NONE;
	/* Clients of the others would wait for ever. */
	buf_printf(
		why,
		"the service manager listens on %u sockets for the daemon, and %u of them are at "
		"authorize.socket (%s) or admin.socket (%s): make ListenStream= and the "
		"configuration agree",
		service_socket_count(), passed, settings->authorize.socket, settings->admin.socket);
	return ERR_INVALID;
}

static enum error open_doors(struct server *server)
{
	enum error error = listener_start(&server->authorize, &server->loop);

	return error == ERR_NONE ? listener_start(&server->admin, &server->loop) : error;
}

enum error server_new(const struct settings *settings, const struct log *log,
		      const struct clock *clock, struct server **out, struct buf *why)
{
	struct server *server = mem_calloc(1, sizeof(*server));
	enum error error;

	if (server == NULL)
		return ERR_NO_MEMORY;
	server->authorize.sessions.on_gone = on_session_gone;
	server->admin.sessions.on_gone = on_session_gone;
	error = init_service(server, settings, log, clock);
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
		error = open_stores(server, why);
	if (error == ERR_NONE)
		error = open_deciding(server);
	if (error == ERR_NONE)
		error = take_addresses(server, why);
	/* Before the first thread, and before anything of the policy is read. */
	if (error == ERR_NONE)
		error = sandbox_enter(settings, log, why);
	if (error == ERR_NONE)
		error = open_policy(server);
	if (error == ERR_NONE)
		error = open_queues(server);
	if (error == ERR_NONE)
		error = open_doors(server);
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
	log_info(server->service.log, "server.stopped", "%llu connections were served",
		 (unsigned long long)server->service.metrics.accepted);
}

static void close_loop(struct server *server)
{
	int result;

	begin_stop(server);
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
	buf_deinit(&server->service.scratch);
	records_free(server->service.records);
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
