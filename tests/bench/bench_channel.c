/*
 * The channel suite: decisions through the running daemon beside a bare libuv echo of the same
 * request. Rounds alternate echo and daemon and the medians are compared, because the machine's
 * speed drifts; quote the ratio.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/attributes.h"
#include "bench/bench.h"
#include "bench/echo_server.h"
#include "bench/load.h"
#include "proto/authz.h"
#include "support/daemon.h"

enum { ROUNDS = 5, DISK_COMMITS = 200, HELLO_MAX = 512, REQUEST_MAX = 2048, GROUP_COUNT = 4 };

/* Nine bytes as a varint whatever the number added, so that a request is stamped in place. */
#define ID_BASE (UINT64_C(1) << 56)

static const char policy_text[] =
	"@id(\"operators-connect\") @idle_timeout(\"15m\") @max_shells(\"5\")\n"
	"permit(principal in WinRM::Group::\"S-1-5-21-1-2-3-1101\",\n"
	"       action == WinRM::Action::\"Connect\", resource);\n"
	"@id(\"operators-read\")\n"
	"permit(principal in WinRM::Group::\"S-1-5-21-1-2-3-1101\",\n"
	"       action in WinRM::Action::\"Read\", resource);\n"
	"@id(\"no-basic\")\n"
	"forbid(principal, action, resource)\n"
	"when { context.session.mechanism == \"basic\" };\n";

static const struct channel_case {
	const char *name;
	const char *settings;
	size_t connections, outstanding;
} cases[] = {
	{"channel/1x1/strict", "audit:\n  durability: strict\n", 1, 1},
	{"channel/64x1/strict", "audit:\n  durability: strict\n", 64, 1},
	{"channel/64x16/strict", "audit:\n  durability: strict\n", 64, 16},
	{"channel/1x1/relaxed", "audit:\n  durability: relaxed\n", 1, 1},
	{"channel/64x1/relaxed", "audit:\n  durability: relaxed\n", 64, 1},
};

static ProtobufCBinaryData text(const char *s)
{
	return authz_bytes(s, strlen(s));
}

static size_t encode(const Wsauthz__Request *request, unsigned char *frame, size_t capacity)
{
	struct wire_diag diag = {0};
	size_t length = 0;

	if (authz_request_encode(request, frame, capacity, &length, &diag) != WIRE_OK) {
		fprintf(stderr, "bench: the request does not encode\n");
		exit(1);
	}
	return length;
}

static size_t make_hello(unsigned char *frame)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = text("wsman/Bench");
	hello.program = text("wsauthz-bench");
	request.id = 1;
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	return encode(&request, frame, HELLO_MAX);
}

/* An operation of about 450 bytes by a user of its own on each connection. */
static size_t make_request(size_t index, unsigned char *frame)
{
	static const char *const groups[GROUP_COUNT] = {
		"S-1-5-21-1-2-3-1101", "S-1-5-21-3623811015-3361044348-30300820-513",
		"S-1-5-32-545", "S-1-5-11"};
	char name[32], sid[64];
	ProtobufCBinaryData group_sids[GROUP_COUNT];
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__AuthorizeOperation operation = WSAUTHZ__AUTHORIZE_OPERATION__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	snprintf(name, sizeof(name), "CONTOSO\\user%04zu", index);
	snprintf(sid, sizeof(sid), "S-1-5-21-3623811015-3361044348-30300820-%zu", 2000 + index);
	for (size_t i = 0; i < GROUP_COUNT; i++)
		group_sids[i] = text(groups[i]);
	token.user_sid = text(sid);
	token.n_group_sids = GROUP_COUNT;
	token.group_sids = group_sids;
	sender.name = text(name);
	sender.mechanism = text("Kerberos");
	sender.http_url = text("https://server17.contoso.example:5986/wsman");
	sender.token = &token;
	operation.sender = &sender;
	operation.action_uri = text("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get");
	operation.resource_uri = text("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/"
				      "win32_operatingsystem");
	request.id = ID_BASE;
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION;
	request.authorize_operation = &operation;
	return encode(&request, frame, REQUEST_MAX);
}

/* Field 1 stands first: the tag, then the id. */
static void stamp(struct load_peer *peer, uint64_t number)
{
	unsigned char *varint = peer->request + FRAME_HEADER_BYTES + 1;
	uint64_t id = ID_BASE + number;

	for (int i = 0; i < 8; i++, id >>= 7)
		varint[i] = (unsigned char)(id | 0x80);
	varint[8] = (unsigned char)id;
}

/* Decodes one reply in 64: enough to notice a daemon that does not allow, too few to slow the
 * client. */
static bool is_allow(const unsigned char *payload, size_t length)
{
	static uint64_t seen;
	static _Alignas(16) unsigned char memory[BUDGET_AUTHZ_BYTES];
	struct budget budget;
	Wsauthz__Reply *reply;

	if (seen++ % 64 != 0)
		return true;
	budget_init_buffer(&budget, memory, sizeof(memory));
	return authz_reply_decode(payload, length, &budget, &reply, NULL) == WIRE_OK &&
	       reply->body_case == WSAUTHZ__REPLY__BODY_DECISION &&
	       verdict_check(reply->decision->verdict, reply->decision->verdict_twin,
			     reply->decision->code) == VERDICT_ALLOW;
}

struct channel_peers {
	unsigned char hello[HELLO_MAX];
	unsigned char requests[LOAD_MAX_CONNECTIONS][REQUEST_MAX];
	struct load_peer peers[LOAD_MAX_CONNECTIONS];
};

static void make_peers(struct channel_peers *all, size_t count, bool hello)
{
	size_t hello_bytes = make_hello(all->hello);

	for (size_t i = 0; i < count; i++) {
		all->peers[i] = (struct load_peer){
			hello ? all->hello : NULL,
			hello_bytes,
			all->requests[i],
			make_request(i, all->requests[i]),
		};
	}
}

static bool measure(const struct channel_case *c, struct channel_peers *all, const char *path,
		    bool daemon, struct load_result *result)
{
	struct load_plan plan = {
		.path = path,
		.connection_count = c->connections,
		.outstanding = c->outstanding,
		.warm_up_s = 0.3,
		.measured_s = 1.0,
		.peers = all->peers,
		.stamp = stamp,
		.check = daemon ? is_allow : NULL,
	};

	make_peers(all, c->connections, daemon);
	if (!load_run(&plan, result))
		return false;
	if (result->failed != 0)
		fprintf(stderr, "bench: %s: %llu replies were no ALLOW\n", c->name,
			(unsigned long long)result->failed);
	return result->failed == 0;
}

static void report(const struct channel_case *c, const double rate[2], const double p50[2],
		   const double p99[2], bool json)
{
	char name[64];

	bench_report(&(struct bench_result){c->name, rate[1], "requests/s", rate[0]}, json);
	snprintf(name, sizeof(name), "%s/p50", c->name);
	bench_report(&(struct bench_result){name, p50[1], "us", p50[0]}, json);
	snprintf(name, sizeof(name), "%s/p99", c->name);
	bench_report(&(struct bench_result){name, p99[1], "us", p99[0]}, json);
}

static bool run_case(const struct channel_case *c, struct channel_peers *all, bool json)
{
	struct daemon_options options = {.policy = policy_text, .settings = c->settings};
	double rates[2][ROUNDS], p50s[2][ROUNDS], p99s[2][ROUNDS];
	double rate[2], p50[2], p99[2];
	struct daemon daemon;
	char echo_path[128];
	pid_t echo = -1;
	bool ok;

	daemon_init(&daemon, &options);
	tmpdir_path(&daemon.dir, "echo.sock", echo_path, sizeof(echo_path));
	ok = daemon_start(&daemon, NULL) && echo_server_start(echo_path, &echo);
	for (int round = 0; ok && round < ROUNDS; round++) {
		for (int side = 0; ok && side < 2; side++) {
			struct load_result result;

			ok = measure(c, all, side == 1 ? daemon.authorize_path : echo_path,
				     side == 1, &result);
			rates[side][round] = (double)result.replies / result.seconds;
			p50s[side][round] = result.p50_us;
			p99s[side][round] = result.p99_us;
		}
	}
	if (echo > 0)
		echo_server_stop(echo);
	daemon_deinit(&daemon, !ok);
	for (int side = 0; ok && side < 2; side++) {
		rate[side] = bench_median(rates[side], ROUNDS);
		p50[side] = bench_median(p50s[side], ROUNDS);
		p99[side] = bench_median(p99s[side], ROUNDS);
	}
	if (ok)
		report(c, rate, p50, p99, json);
	return ok;
}

/* What one durable commit costs at least on the disk the daemon's state is on, for the strict cases:
 * N connections with one request each cannot do more than N in this time. */
static bool report_disk(bool json)
{
	char name[256], block[4096] = {0};
	double commit_us[DISK_COMMITS];
	struct tmpdir dir;
	bool ok = true;
	int fd;

	tmpdir_create(&dir);
	fd = open(tmpdir_path(&dir, "disk", name, sizeof(name)), O_RDWR | O_CREAT | O_CLOEXEC,
		  0600);
	for (int i = 0; ok && i < DISK_COMMITS; i++) {
		struct timespec start, end;

		ok = fd >= 0 && pwrite(fd, block, sizeof(block), i * (off_t)sizeof(block)) > 0;
		clock_gettime(CLOCK_MONOTONIC, &start);
		ok = ok && fdatasync(fd) == 0;
		clock_gettime(CLOCK_MONOTONIC, &end);
		commit_us[i] = (double)(end.tv_sec - start.tv_sec) * 1e6 +
			       (double)(end.tv_nsec - start.tv_nsec) / 1e3;
	}
	if (fd >= 0)
		close(fd);
	tmpdir_remove(&dir);
	if (ok)
		bench_report(&(struct bench_result){.name = "channel/disk/fdatasync/p50",
						    .value = bench_median(commit_us, DISK_COMMITS),
						    .unit = "us"},
			     json);
	else
		perror("bench: writing to the disk");
	return ok;
}

/* Reloads in turns while the load runs. */
struct reloader {
	const struct daemon *daemon;
	atomic_bool is_over;
	unsigned count, failed;
};

static void *reload_in_turns(void *arg)
{
	struct reloader *reloader = arg;
	char command[512], policy[sizeof(policy_text) + 64];

	(void)snprintf(command, sizeof(command), "%s policy reload --config %s >/dev/null 2>&1",
		       WSAUTHZCTL, reloader->daemon->config_path);
	while (!atomic_load(&reloader->is_over)) {
		(void)snprintf(policy, sizeof(policy), "// %u\n%s", ++reloader->count, policy_text);
		daemon_write_policy(reloader->daemon, "policy.cedar", policy);
		reloader->failed += system(command) != 0;
	}
	return NULL;
}

/* The longest that a request waits while the policy is reloaded as fast as it goes, beside the
 * longest without reloads. Relaxed, so that it is not the disk that is measured; half the connections
 * that the daemon takes, for it may see the end of those before later than the next begin. */
static bool run_reload_case(struct channel_peers *all, bool json)
{
	static const struct channel_case c = {
		"channel/32x1/reloading", "  reload: on_request\naudit:\n  durability: relaxed\n",
		32, 1};
	struct daemon_options options = {.policy = policy_text, .settings = c.settings};
	double maxima[2][ROUNDS], p99s[2][ROUNDS];
	struct daemon daemon;
	char name[64];
	unsigned reloads = 0;
	bool ok;

	daemon_init(&daemon, &options);
	ok = daemon_start(&daemon, NULL);
	for (int round = 0; ok && round < ROUNDS; round++) {
		for (int side = 0; ok && side < 2; side++) {
			struct reloader reloader = {.daemon = &daemon};
			struct load_result result;
			pthread_t thread;

			if (side == 1)
				ok = pthread_create(&thread, NULL, reload_in_turns, &reloader) == 0;
			ok = ok && measure(&c, all, daemon.authorize_path, true, &result);
			if (side == 1) {
				atomic_store(&reloader.is_over, true);
				pthread_join(thread, NULL);
				ok = ok && reloader.failed == 0;
				reloads += reloader.count;
			}
			maxima[side][round] = result.max_us;
			p99s[side][round] = result.p99_us;
		}
	}
	daemon_deinit(&daemon, !ok);
	if (!ok)
		return false;
	(void)snprintf(name, sizeof(name), "%s/p99", c.name);
	bench_report(&(struct bench_result){name, bench_median(p99s[1], ROUNDS), "us",
					    bench_median(p99s[0], ROUNDS)},
		     json);
	(void)snprintf(name, sizeof(name), "%s/max", c.name);
	bench_report(&(struct bench_result){name, bench_median(maxima[1], ROUNDS), "us",
					    bench_median(maxima[0], ROUNDS)},
		     json);
	bench_report(&(struct bench_result){.name = "channel/32x1/reloading/reloads",
					    .value = reloads / (double)ROUNDS,
					    .unit = "a round"},
		     json);
	return true;
}

int bench_channel(bool json)
{
	struct channel_peers *all = calloc(1, sizeof(*all));
	bool ok = all != NULL && report_disk(json);

	for (size_t i = 0; ok && i < ARRAY_COUNT(cases); i++)
		ok = run_case(&cases[i], all, json);
	ok = ok && run_reload_case(all, json);
	free(all);
	return ok ? 0 : 1;
}
