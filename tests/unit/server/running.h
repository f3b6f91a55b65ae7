/* The server whole, on a thread of the test, with its own directory. */
#ifndef TESTS_UNIT_SERVER_RUNNING_H
#define TESTS_UNIT_SERVER_RUNNING_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/clock.h"
#include "config/config.h"
#include "server/server.h"
#include "support/tmpdir.h"
#include "talk.h"

#define ALICE    "S-1-5-21-1-2-3-1001"
#define STRANGER "S-1-5-21-9-9-9-9"
#define USERS    "S-1-5-21-1-2-3-513"

/* Members of USERS may connect and read. */
extern const char running_policy[];

/* Clocks that only the test moves, while the server reads them. */
struct running_clock {
	struct clock clock;
	_Atomic int64_t wall_us, boot_ms;
};

struct running {
	struct tmpdir dir;
	char authorize[160], admin[160], state_dir[160], policy_dir[160];
	struct config config; /* to be changed before the start */
	struct log log;
	struct running_clock clock; /* with running_stop_clock() */
	uv_mutex_t log_lock;
	struct buf log_text; /* to be read while the server does not run */
	struct buf why;
	struct server *server;
	uv_thread_t thread;
};

/* For cmocka: `*state` becomes a struct running that was not started; one that still runs is
 * stopped. */
int running_setup(void **state);
int running_teardown(void **state);

/* Replaces the policy file. */
void running_write_policy(struct running *running, const char *text);

/* Starts the server; false when it does not start, with running->why. */
bool running_try_start(struct running *running);

/* The same; fails the test when it does not start. */
void running_start(struct running *running);

/* Stops the server by SIGTERM and waits for its end; nothing when it does not run. */
void running_stop(struct running *running);

/* Before a start: the server's clocks stand still from here on, and over restarts move only as they
 * are moved. */
void running_stop_clock(struct running *running);

/* Lets time pass, awake or asleep. */
void running_advance(struct running *running, int64_t ms);

/* Sets the wall clock anew. */
void running_step_wall(struct running *running, int64_t ms);

/* While the server does not run: what is stored is now of another boot of the machine. */
void running_change_boot(struct running *running);

/* Connects and says Hello. */
void running_open_authorize(struct running *running, struct talk *talk);
void running_open_admin(struct running *running, struct talk *talk);

/* What the audit holds. */
struct running_rows {
	size_t all, allowed;
	uint64_t last_id;
};

struct running_rows running_count_rows(struct running *running);

/* Runs SQL on a database of the state directory, beside the server if it runs, and returns the number
 * that comes out, 0 when nothing does. */
long long running_sql(const struct running *running, const char *database, const char *sql);

#endif
