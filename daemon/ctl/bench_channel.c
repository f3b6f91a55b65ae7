/*
 * Questions to a daemon of our own and back, beside a process that sends back what it is sent: one
 * question at a time, which is what a user waits for, and many at a time, which is what a busy host
 * asks. The client is one thread that waits.
 */
#include <assert.h>

#include "ctl/bench.h"
#include "ctl/bench_peer.h"
#include "platform/bench.h"
#include "platform/channel.h"
#include "platform/user_file.h"

static const char config_format[] = "authorize:\n"
				    "  socket: %s/run/authorize.sock\n"
				    "admin:\n"
				    "  socket: %s/admin/admin.sock\n"
				    "state:\n"
				    "  directory: %s/%s\n"
				    "policy:\n"
				    "  directory: %s\n"
				    "audit:\n"
				    "  durability: %s\n"
				    "log:\n"
				    "  level: warning\n";

/* Paths below the bench's directory. */
struct daemon_paths {
	struct buf config, log, socket;
};

static void paths_init(struct daemon_paths *paths, const struct bench *bench)
{
	buf_init(&paths->config, SIZE_MAX);
	buf_init(&paths->log, SIZE_MAX);
	buf_init(&paths->socket, SIZE_MAX);
	buf_printf(&paths->config, "%s/wsauthz.yaml", bench->directory);
	buf_printf(&paths->log, "%s/log", bench->directory);
	buf_printf(&paths->socket, "%s/run/authorize.sock", bench->directory);
}

static void paths_deinit(struct daemon_paths *paths)
{
	buf_deinit(&paths->config);
	buf_deinit(&paths->log);
	buf_deinit(&paths->socket);
}

static bool write_config(struct bench *bench, const char *path, const char *durability)
{
	const char *directory = bench->directory;
	struct buf text;
	bool done;

	buf_init(&text, SIZE_MAX);
	buf_printf(&text, config_format, directory, directory, directory, durability,
		   bench->own_policy, durability);
	done = text.failed == ERR_NONE &&
	       file_publish(path, buf_str(&text), &bench->why) == ERR_NONE;
	buf_deinit(&text);
	return done;
}

static bool start_daemon(struct bench *bench, const struct daemon_paths *paths,
			 const char *durability, struct bench_process **out)
{
	const char *arguments[] = {"wsauthzd",   "--config", paths->config.data,
				   "--ready-fd", "3",        NULL};

	static_assert(BENCH_READY_FD == 3, "as the argument says");
	if (paths->config.failed != ERR_NONE || paths->log.failed != ERR_NONE ||
	    paths->socket.failed != ERR_NONE) {
		buf_printf(&bench->why, "%s", error_text(ERR_NO_MEMORY));
		return false;
	}
	if (!write_config(bench, paths->config.data, durability))
		return false;
	return bench_process_start(bench->daemon, arguments, paths->log.data, out, &bench->why) ==
	       ERR_NONE;
}

static bool ask(void *arg, size_t count, struct buf *why)
{
	return bench_peer_ask(arg, count, why);
}

/* Relaxed: the answer does not wait for the disk, and is compared with the echo. */
static bool compare_relaxed(struct bench *bench, const struct bench_work *daemon,
			    const struct bench_work *echo)
{
	if (!bench_compare(bench, daemon, echo, 1))
		return false;
	bench_report(bench, "decision, relaxed, median (echo)", bench_median_us(&bench->ours),
		     bench_median_us(&bench->floor), "us");
	if (!bench_compare(bench, daemon, echo, BENCH_BATCH))
		return false;
	bench_report(bench, "decisions, relaxed, 64 at once (echo)",
		     bench_per_second(&bench->ours, BENCH_BATCH),
		     bench_per_second(&bench->floor, BENCH_BATCH), "/s");
	return true;
}

/* Strict: the answer comes behind its row, and is compared with a bare commit. */
static bool compare_strict(struct bench *bench, const struct bench_work *daemon,
			   const struct bench_work *commit)
{
	if (!bench_compare(bench, daemon, commit, 1))
		return false;
	bench_report(bench, "decision, strict, median (commit)", bench_median_us(&bench->ours),
		     bench_median_us(&bench->floor), "us");
	if (!bench_compare(bench, daemon, commit, BENCH_BATCH))
		return false;
	bench_report(bench, "decisions, strict, 64 at once (commit)",
		     bench_per_second(&bench->ours, BENCH_BATCH),
		     bench_per_second(&bench->floor, BENCH_BATCH), "/s");
	return true;
}

static bool with_daemon(struct bench *bench, const char *durability, const struct bench_work *floor,
			bool (*compare)(struct bench *bench, const struct bench_work *daemon,
					const struct bench_work *floor))
{
	struct bench_process *process = NULL;
	struct channel *channel = NULL;
	struct daemon_paths paths;
	struct bench_peer peer;
	bool done = false;

	paths_init(&paths, bench);
	if (start_daemon(bench, &paths, durability, &process) &&
	    channel_open(paths.socket.data, BENCH_PEER_TIMEOUT_MS, &channel, &bench->why) ==
		    ERR_NONE) {
		struct bench_work daemon = {ask, &peer};

		done = bench_peer_init(&peer, channel, &bench->why) &&
		       bench_peer_greet(&peer, &bench->why) && compare(bench, &daemon, floor);
		bench_peer_deinit(&peer);
	}
	bench_process_stop(process);
	paths_deinit(&paths);
	return done;
}

static bool with_echo(struct bench *bench)
{
	struct bench_process *process = NULL;
	struct channel *channel = NULL;
	struct bench_peer peer;
	struct bench_work echo = {ask, &peer};
	bool done;

	if (bench_echo_start(&channel, &process, &bench->why) != ERR_NONE)
		return false;
	done = bench_peer_init(&peer, channel, &bench->why) &&
	       with_daemon(bench, "relaxed", &echo, compare_relaxed);
	bench_peer_deinit(&peer);
	bench_process_stop(process);
	return done;
}

bool bench_channel(struct bench *bench, struct floor_db *floor)
{
	struct bench_work commit = {bench_floor_go, floor};

	return with_echo(bench) && with_daemon(bench, "strict", &commit, compare_strict);
}
