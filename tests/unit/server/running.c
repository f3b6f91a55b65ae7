#include "running.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/file.h"
#include "store/audit_query.h"
#include "support/cmocka.h"

const char running_policy[] =
	"@id(\"users-connect\") @max_shells(\"5\")\n"
	"permit(principal in WinRM::Group::\"" USERS "\", action == WinRM::Action::\"Connect\","
	" resource);\n"
	"@id(\"users-read\")\n"
	"permit(principal in WinRM::Group::\"" USERS "\", action in WinRM::Action::\"Read\","
	" resource);\n";

static void keep_line(void *arg, enum log_level level, struct str line)
{
	struct running *running = arg;

	(void)level;
	uv_mutex_lock(&running->log_lock);
	buf_append_str(&running->log_text, line);
	uv_mutex_unlock(&running->log_lock);
}

void running_write_policy(struct running *running, const char *text)
{
	tmpdir_write(&running->dir, "policy/main.cedar", text, strlen(text));
}

int running_setup(void **state)
{
	struct running *running = calloc(1, sizeof(*running));

	assert_non_null(running);
	umask(077);
	tmpdir_create(&running->dir);
	assert_int_equal(uv_mutex_init(&running->log_lock), 0);
	buf_init(&running->log_text, 1 << 20);
	buf_init(&running->why, 4096);
	running->log = (struct log){
		.level = LOG_DEBUG, .clock = platform_clock(), .sink = keep_line, .arg = running};
	running->config = config_default();
	running->config.server.authorize.socket = tmpdir_path(
		&running->dir, "a.sock", running->authorize, sizeof(running->authorize));
	running->config.server.admin.socket =
		tmpdir_path(&running->dir, "admin.sock", running->admin, sizeof(running->admin));
	running->config.server.state_directory =
		tmpdir_path(&running->dir, "state", running->state_dir, sizeof(running->state_dir));
	running->config.server.policy_directory = tmpdir_path(
		&running->dir, "policy", running->policy_dir, sizeof(running->policy_dir));
	running->config.server.policy_reload = RELOAD_ON_REQUEST;
	/* What this process gives up it would lack in the next test. */
	running->config.server.sandbox = SANDBOX_OFF;
	assert_int_equal(mkdir(running->policy_dir, 0700), 0);
	running_write_policy(running, running_policy);
	*state = running;
	return 0;
}

static void run_server(void *arg)
{
	struct running *running = arg;

	server_run(running->server);
}

bool running_try_start(struct running *running)
{
	const struct settings *settings = &running->config.server;

	buf_clear(&running->why);
	if (server_new(settings, &running->log, running->log.clock, &running->server,
		       &running->why) != ERR_NONE)
		return false;
	assert_int_equal(uv_thread_create(&running->thread, run_server, running), 0);
	return true;
}

void running_start(struct running *running)
{
	if (!running_try_start(running))
		fail_msg("%s\n%s", buf_text(&running->why), buf_text(&running->log_text));
}

void running_stop(struct running *running)
{
	if (running->server == NULL)
		return;
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(uv_thread_join(&running->thread), 0);
	server_free(running->server);
	running->server = NULL;
}

int running_teardown(void **state)
{
	struct running *running = *state;

	running_stop(running);
	buf_deinit(&running->why);
	buf_deinit(&running->log_text);
	uv_mutex_destroy(&running->log_lock);
	tmpdir_remove(&running->dir);
	free(running);
	return 0;
}

static int64_t stopped_wall_us(const struct clock *clock)
{
	return CONTAINER_OF((struct clock *)(uintptr_t)clock, struct running_clock, clock)->wall_us;
}

static int64_t stopped_boot_ms(const struct clock *clock)
{
	return CONTAINER_OF((struct clock *)(uintptr_t)clock, struct running_clock, clock)->boot_ms;
}

void running_stop_clock(struct running *running)
{
	running->clock.clock = (struct clock){stopped_wall_us, stopped_boot_ms};
	running->clock.wall_us = clock_wall_us(running->log.clock);
	running->clock.boot_ms = 1000000;
	running->log.clock = &running->clock.clock;
}

void running_advance(struct running *running, int64_t ms)
{
	running->clock.wall_us += ms * 1000;
	running->clock.boot_ms += ms;
}

void running_step_wall(struct running *running, int64_t ms)
{
	running->clock.wall_us += ms * 1000;
}

long long running_sql(const struct running *running, const char *database, const char *sql)
{
	char command[1024], answer[32] = "";
	FILE *pipe;
	int length;

	length = snprintf(command, sizeof(command), "sqlite3 -cmd '.timeout 10000' %s/%s \"%s\"",
			  running->state_dir, database, sql);
	assert_true(length > 0 && (size_t)length < sizeof(command));
	pipe = popen(command, "r");
	assert_non_null(pipe);
	(void)!fgets(answer, sizeof(answer), pipe);
	assert_int_equal(pclose(pipe), 0);
	return strtoll(answer, NULL, 10);
}

void running_change_boot(struct running *running)
{
	running_sql(running, "state.db",
		    "UPDATE record SET boot_id = zeroblob(16); UPDATE block_clock SET boot_id = "
		    "zeroblob(16)");
}

void running_open_authorize(struct running *running, struct talk *talk)
{
	const Wsauthz__Reply *reply;

	talk_open(talk, running->authorize);
	reply = talk_hello(talk, "wsman/Test");
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_HELLO);
}

void running_open_admin(struct running *running, struct talk *talk)
{
	const Wsauthz__AdminReply *reply;

	talk_open(talk, running->admin);
	reply = talk_admin_hello(talk);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_HELLO);
}

static bool count_row(void *arg, const struct audit_row *row)
{
	struct running_rows *count = arg;

	count->all++;
	count->allowed += row->verdict == AUDIT_ALLOW;
	count->last_id = row->decision_id;
	return true;
}

struct running_rows running_count_rows(struct running *running)
{
	struct store_env env = {.create_private = file_create_private,
				.list_names = directory_list_names};
	struct running_rows count = {0, 0, 0};
	struct audit_filter all = {0};
	struct audit_reader *reader;

	assert_int_equal(audit_reader_open(running->state_dir, &env, &reader, &running->why),
			 ERR_NONE);
	assert_int_equal(audit_query(reader, &all, count_row, &count, &running->why), ERR_NONE);
	audit_reader_close(reader);
	return count;
}
