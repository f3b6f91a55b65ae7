/* Putting the server together, in an order that matters: see server_open(). */
#include "platform/clock.h"
#include "platform/endpoint.h"
#include "platform/file.h"
#include "platform/lock.h"
#include "platform/process.h"
#include "platform/service.h"
#include "server/admin.h"
#include "server/authorize.h"
#include "server/dispatch.h"
#include "server/sandbox.h"
#include "server/server_parts.h"
#include "server/version.h"

enum {
	AUDIT_RETRY_MS = 250,
	AUDIT_GATHER_MS = 10, /* far below the 50 ms within which a relaxed row is promised */
};

enum error server_init_service(struct server *server, const struct settings *settings,
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
	server->store_env.make_readonly = file_make_readonly;
	if (error == ERR_NONE)
		error = platform_boot_id(&server->boot_id);
	service->boot_id = &server->boot_id;
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
	failure_reports_init(&service->reports, service->log, service->clock, service->events,
			     &service->metrics);
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
		.until_ms = row->until_ms,
		.by_wall_clock = row->by_wall_clock,
		.reason = row->reason,
	};

	return blocks_put(server->service.blocks, &block);
}

static enum error load_state(struct state *state, void *arg)
{
	struct server *server = arg;
	enum error error = state_load_records(state, server->boot_id.bytes, load_record, server);

	if (error == ERR_NONE)
		error = state_note_block_clock(state, server->boot_id.bytes,
					       clock_boot_ms(server->service.clock));
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
	if (error == ERR_NONE)
		error = repeats_new(service->hash_key, &service->repeats);
	if (error == ERR_NONE && service->settings->max_rate != QUOTA_UNLIMITED)
		error = rates_new(service->settings->max_rate, service->settings->max_burst,
				  service->hash_key, &service->principal_rates);
	if (error == ERR_NONE)
		error = state_store_use(server->state_store, "state.not_loaded", load_state,
					server);
	return error;
}

static enum error open_policy(struct server *server, struct buf *why)
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
	error = policy_start(service->policy);
	if (error == ERR_INVALID)
		buf_printf(
			why,
			"%s is no valid policy, and no earlier one was stored; wsauthzctl policy "
			"check %s says what is wrong",
			options.directory, options.directory);
	return error;
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

static enum error open_block_keeper(struct service *service)
{
	struct block_keeper_options options = {
		.clock = service->clock,
		.boot_id = service->boot_id,
		.blocks = service->blocks,
		.changes = service->changes,
		.events = service->events,
	};

	return block_keeper_new(&options, &service->block_keeper);
}

static enum error open_queues(struct server *server)
{
	struct service *service = &server->service;
	bool is_relaxed = service->settings->durability == DURABILITY_RELAXED;
	struct audit_queue_options options = {
		.loop = &server->loop,
		.log = service->log,
		.sink = audit_log_sink(service->audit_log),
		.max_rows = service->settings->audit_queue_rows,
		.retry_ms = AUDIT_RETRY_MS,
		.gather_ms = is_relaxed ? AUDIT_GATHER_MS : 0,
		.relaxed = is_relaxed,
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
	if (error == ERR_NONE)
		error = open_block_keeper(service);
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

enum error server_open(struct server *server, struct buf *why)
{
	const struct service *service = &server->service;
	enum error error = open_stores(server, why);

	if (error == ERR_NONE)
		error = open_deciding(server);
	if (error == ERR_NONE)
		error = take_addresses(server, why);
	/* Before the first thread, and before anything of the policy is read. */
	if (error == ERR_NONE)
		error = sandbox_enter(service->settings, service->log, why);
	if (error == ERR_NONE)
		error = open_policy(server, why);
	if (error == ERR_NONE)
		error = open_queues(server);
	return error == ERR_NONE ? open_doors(server) : error;
}
