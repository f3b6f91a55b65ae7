/* No acknowledged decision is ever lost: SIGKILL under load, then count replies against rows. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sqlite3.h>

#include "integration/fixture.h"
#include "platform/platform.h"
#include "store/audit_query.h"

enum { CONNECTIONS = 64, KILLS = 12, MAX_REPLIES = 1 << 20 };

struct load {
	size_t connections;
	struct raw_peer peers[CONNECTIONS];
	struct raw_sender senders[CONNECTIONS];
	char names[CONNECTIONS][40], sids[CONNECTIONS][40];
	uint64_t *acknowledged; /* decision ids of replies that arrived */
	size_t acknowledged_count;
};

static void ask(struct load *load, size_t i)
{
	Wsauthz__AuthorizeOperation operation = WSAUTHZ__AUTHORIZE_OPERATION__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	operation.sender = &load->senders[i].sender;
	operation.action_uri = raw_text(ACTION_GET_URI);
	operation.resource_uri = raw_text(RESOURCE_OS);
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION;
	request.authorize_operation = &operation;
	raw_peer_request(&load->peers[i], &request);
}

static void note(struct load *load, const Wsauthz__Reply *reply)
{
	assert_int_equal(fixture_verdict(reply), VERDICT_ALLOW);
	assert_true(load->acknowledged_count < MAX_REPLIES);
	load->acknowledged[load->acknowledged_count++] = reply->decision->decision_id;
}

static void open_all(struct load *load, const struct daemon *daemon)
{
	for (size_t i = 0; i < load->connections; i++) {
		snprintf(load->names[i], sizeof(load->names[i]), "CONTOSO\\user%zu", i);
		snprintf(load->sids[i], sizeof(load->sids[i]), "S-1-5-21-1-2-3-%zu", 5000 + i);
		raw_sender_init(&load->senders[i], load->names[i], load->sids[i], OPERATORS);
		raw_peer_open(&load->peers[i], daemon->authorize_path, "wsman/Test");
	}
}

/* Keeps one request outstanding on every connection until `replies` have arrived. */
static void drive(struct load *load, size_t replies)
{
	struct pollfd waits[CONNECTIONS];
	size_t target = load->acknowledged_count + replies;

	for (size_t i = 0; i < load->connections; i++) {
		waits[i] = (struct pollfd){.fd = load->peers[i].fd, .events = POLLIN};
		ask(load, i);
	}
	while (load->acknowledged_count < target) {
		assert_true(poll(waits, load->connections, PEER_TIMEOUT_MS) > 0);
		for (size_t i = 0; i < load->connections; i++) {
			if ((waits[i].revents & POLLIN) == 0)
				continue;
			note(load, raw_peer_reply(&load->peers[i]));
			ask(load, i);
		}
	}
}

/* What was already on its way when the daemon died counts as acknowledged too. */
static void drain_and_close(struct load *load)
{
	for (size_t i = 0; i < load->connections; i++) {
		const Wsauthz__Reply *reply;

		while ((reply = raw_peer_reply(&load->peers[i])) != NULL)
			note(load, reply);
		raw_peer_close(&load->peers[i]);
	}
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct rows {
	const struct load *load;
	size_t matched;
	uint64_t last_id;
};

/* Rows come in ascending order, and so are the acknowledged ids. */
static bool on_row(void *arg, const struct audit_row *row)
{
	struct rows *rows = arg;

	/* Events stand between decisions; what lacks is found by the chain. */
	assert_true(row->decision_id > rows->last_id);
	rows->last_id = row->decision_id;
	if (rows->matched < rows->load->acknowledged_count &&
	    rows->load->acknowledged[rows->matched] == row->decision_id) {
		assert_int_equal(row->verdict, AUDIT_ALLOW);
		rows->matched++;
	}
	return true;
}

static void expect_every_reply_recorded(struct load *load, const struct daemon *daemon)
{
	struct store_env env = {.list_names = directory_list_names};
	struct audit_filter all = {0};
	struct audit_verification chain;
	struct audit_reader *reader;
	struct rows rows = {load, 0, 0};
	struct buf why;

	buf_init(&why, 4096);
	qsort(load->acknowledged, load->acknowledged_count, sizeof(uint64_t), by_id);
	for (size_t i = 1; i < load->acknowledged_count; i++)
		assert_true(load->acknowledged[i] != load->acknowledged[i - 1]);
	assert_int_equal(audit_reader_open(daemon->state_dir, &env, &reader, &why), ERR_NONE);
	assert_int_equal(audit_query(reader, &all, on_row, &rows, &why), ERR_NONE);
	assert_int_equal(rows.matched, load->acknowledged_count);
	assert_int_equal(audit_verify(reader, NULL, &chain, &why), ERR_NONE);
	assert_true(chain.intact);
	audit_reader_close(reader);
	buf_deinit(&why);
}

static struct load *load_new(size_t connections)
{
	struct load *load = calloc(1, sizeof(*load));

	assert_non_null(load);
	load->connections = connections;
	load->acknowledged = calloc(MAX_REPLIES, sizeof(uint64_t));
	assert_non_null(load->acknowledged);
	return load;
}

static void load_free(struct load *load)
{
	free(load->acknowledged);
	free(load);
}

static void killing_the_daemon_under_load_loses_no_acknowledged_decision(void **state)
{
	struct load *load = load_new(CONNECTIONS);
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	for (int round = 0; round < KILLS; round++) {
		uint16_t jitter;

		assert_int_equal(getrandom(&jitter, sizeof(jitter), 0), sizeof(jitter));
		open_all(load, &daemon);
		drive(load, 200 + jitter % 1000);
		daemon_kill(&daemon);
		drain_and_close(load);
		assert_true(daemon_start(&daemon, NULL));
	}
	expect_every_reply_recorded(load, &daemon);
	print_message("%zu acknowledged decisions over %d kills, all recorded\n",
		      load->acknowledged_count, KILLS);
	fixture_stop(&daemon);
	load_free(load);
}

static bool has_events(sqlite3 *db)
{
	sqlite3_stmt *statement;
	bool found;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM event", -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	found = sqlite3_column_int(statement, 0) >= 2;
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	return found;
}

/* A second writer on the audit, which keeps the daemon from committing, once the events of the start
 * are out of its queue. */
static sqlite3 *stop_the_disk(const struct daemon *daemon)
{
	char path[256];
	sqlite3 *db;

	tmpdir_path(&daemon->dir, "state/audit-000001.db", path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(db, PEER_TIMEOUT_MS), SQLITE_OK);
	for (;;) {
		assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
		if (has_events(db))
			return db;
		assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	}
}

static void start_the_disk(sqlite3 *db)
{
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void ping(struct raw_peer *peer)
{
	Wsauthz__Ping ping = WSAUTHZ__PING__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	request.body_case = WSAUTHZ__REQUEST__BODY_PING;
	request.ping = &ping;
	raw_peer_request(peer, &request);
}

/* Half of the smallest queue takes rows whose answers leave at once; the next rows are waited for.
 * The answer to a ping sent behind a question shows that the question was taken. */
static void in_relaxed_mode_peers_faster_than_the_disk_are_slowed_down_not_refused(void **state)
{
	struct load *load = load_new(8);
	struct daemon daemon;
	sqlite3 *db;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"),
		      "audit:\n  durability: relaxed\n  queue_rows: 16\n");
	open_all(load, &daemon);
	db = stop_the_disk(&daemon);
	for (size_t i = 0; i < load->connections; i++) {
		ask(load, i);
		note(load, raw_peer_reply(&load->peers[i]));
	}
	for (size_t i = 0; i < load->connections; i++) {
		const Wsauthz__Reply *reply;

		ask(load, i);
		ping(&load->peers[i]);
		reply = raw_peer_reply(&load->peers[i]);
		assert_non_null(reply);
		assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_PONG);
	}
	start_the_disk(db);
	for (size_t i = 0; i < load->connections; i++)
		note(load, raw_peer_reply(&load->peers[i]));
	assert_int_equal(daemon_stop(&daemon), 0);
	drain_and_close(load);
	expect_every_reply_recorded(load, &daemon);
	daemon_deinit(&daemon, false);
	load_free(load);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killing_the_daemon_under_load_loses_no_acknowledged_decision),
		cmocka_unit_test(
			in_relaxed_mode_peers_faster_than_the_disk_are_slowed_down_not_refused),
	};

	return cmocka_run_group_tests_name("durability", tests, NULL, NULL);
}
