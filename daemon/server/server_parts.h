/*
 * What the server consists of, for the files that put it together (server_open.c), run it (server.c)
 * and take it apart in order (server_stop.c). Nobody else looks inside. Loop thread.
 */
#ifndef SERVER_SERVER_PARTS_H
#define SERVER_SERVER_PARTS_H

#include <stdatomic.h>
#include <stdbool.h>

#include <uv.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "platform/clock.h"
#include "platform/lock.h"
#include "platform/process.h"
#include "server/conn.h"
#include "server/listener.h"
#include "server/metrics_file.h"
#include "server/policy_watch.h"
#include "server/server.h"
#include "server/service.h"
#include "server/state_store.h"

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
	struct boot_id boot_id;
	struct state_store *state_store;

	struct service service;
	struct conn_pool pool;
	struct listener authorize, admin;
};

/* Before the loop is there: what the parts are told from the settings, and what is random. */
enum error server_init_service(struct server *server, const struct settings *settings,
			       const struct log *log, const struct clock *clock) ATTR_MUST_CHECK;

/* With the loop: stores, records and blocks, addresses, then the sandbox, the policy, the queues, and
 * last of all the doors. What was opened before an error is closed by server_free(). */
enum error server_open(struct server *server, struct buf *why) ATTR_MUST_CHECK;

/* Begins to stop, once; says so to the log and the service manager. */
void server_stop(struct server *server, const char *reason);

/* The same without a word, also for a server of which only some parts are open. */
void server_begin_stop(struct server *server);

/* A session is gone: the next step of a stop may be due. */
void server_on_session_gone(struct session_owner *owner);

/* A state in the words of sd_notify(3). A failure is logged. */
void server_tell_manager(const struct server *server, const char *state);

#endif
