/* No acknowledged decision is ever lost: SIGKILL under load, then count replies against rows. */
#include <sys/random.h>

#include <sqlite3.h>

#include "integration/command.h"
#include "integration/load.h"

enum { CONNECTIONS = 64, KILLS = 12, HALF_QUEUE = 8 };

static void killing_the_daemon_under_load_loses_no_acknowledged_decision(void **state)
{
	struct load *load = load_new(CONNECTIONS, 1);
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	for (int round = 0; round < KILLS; round++) {
		uint16_t jitter;

		assert_int_equal(getrandom(&jitter, sizeof(jitter), 0), sizeof(jitter));
		load_open(load, &daemon);
		load_until_allowed(load, 200 + jitter % 1000);
		daemon_kill(&daemon);
		/* What was on its way when the daemon died counts as acknowledged. */
		load_close(load);
		assert_true(daemon_start(&daemon, NULL));
	}
	load_expect_rows(load, &daemon);
	assert_int_equal(load->refused_count, 0);
	print_message("%zu acknowledged decisions over %d kills, all recorded\n",
		      load->allowed_count, KILLS);
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

/* Starts the daemon in relaxed mode with the smallest queue and stops its disk. Half of the queue takes
 * rows whose answers leave at once, as many as are asked here; the next rows are waited for. */
static sqlite3 *answer_without_the_disk(struct load *load, struct daemon *daemon)
{
	sqlite3 *db;

	fixture_start(daemon, FIXTURE_POLICY("15m"),
		      "audit:\n  durability: relaxed\n  queue_rows: 16\n");
	load_open(load, daemon);
	db = stop_the_disk(daemon);
	for (size_t i = 0; i < HALF_QUEUE; i++) {
		load_ask(load, i);
		assert_true(load_take(load, i));
	}
	return db;
}

/* The answer to a ping sent behind a question shows that the question was taken. */
static void in_relaxed_mode_peers_faster_than_the_disk_are_slowed_down_not_refused(void **state)
{
	struct load *load = load_new(HALF_QUEUE, 1);
	struct daemon daemon;
	sqlite3 *db;

	(void)state;
	db = answer_without_the_disk(load, &daemon);
	for (size_t i = 0; i < load->connections; i++) {
		const Wsauthz__Reply *reply;

		load_ask(load, i);
		ping(&load->peers[i]);
		reply = raw_peer_reply(&load->peers[i]);
		assert_non_null(reply);
		assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_PONG);
	}
	start_the_disk(db);
	for (size_t i = 0; i < load->connections; i++)
		assert_true(load_take(load, i));
	assert_int_equal(daemon_stop(&daemon), 0);
	load_close(load);
	load_expect_rows(load, &daemon);
	assert_int_equal(load->refused_count, 0);
	daemon_deinit(&daemon, false);
	load_free(load);
}

/* The last of these rows waits for the disk, for answers to leave, while its client breaks the
 * contract and is dropped. */
static void an_answer_whose_client_had_gone_is_told_as_not_delivered(void **state)
{
	static const unsigned char too_long[] = {0xff, 0xff, 0xff, 0xff};
	struct load *load = load_new(HALF_QUEUE + 1, 1);
	struct raw_peer *last = &load->peers[HALF_QUEUE];
	struct daemon daemon;
	sqlite3 *db;

	(void)state;
	db = answer_without_the_disk(load, &daemon);
	load_ask(load, HALF_QUEUE);
	ping(last);
	assert_int_equal(raw_peer_reply(last)->body_case, WSAUTHZ__REPLY__BODY_PONG);
	assert_true(raw_peer_send(last, too_long, sizeof(too_long)));
	while (raw_peer_reply(last) != NULL)
		continue;
	load->waiting[HALF_QUEUE] = 0;
	start_the_disk(db);
	/* What is answered now was recorded behind it, or refused before it was. */
	for (size_t allowed = load->allowed_count; load->allowed_count == allowed;) {
		load_ask(load, 0);
		assert_true(load_take(load, 0));
	}
	load_close(load);
	assert_int_equal(daemon_stop(&daemon), 0);
	assert_int_equal(load_expect_rows(load, &daemon), 1);
	assert_int_equal(command_run(&daemon, "audit sql \"SELECT decision_id, delivered, user FROM"
					      " v_decision WHERE NOT delivered\" --format csv"),
			 COMMAND_DONE);
	command_expect(",0,\"CONTOSO\\user8\"\n");
	assert_int_equal(command_run(&daemon, "audit query --user 'contoso\\user8' --format json"),
			 COMMAND_DONE);
	command_expect("\"delivered\":false");
	assert_int_equal(command_run(&daemon, "audit export --limit 1 --format csv"), COMMAND_DONE);
	command_expect(",delivered\n");
	command_expect(",relaxed,true\n");
	daemon_deinit(&daemon, false);
	load_free(load);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killing_the_daemon_under_load_loses_no_acknowledged_decision),
		cmocka_unit_test(
			in_relaxed_mode_peers_faster_than_the_disk_are_slowed_down_not_refused),
		cmocka_unit_test(an_answer_whose_client_had_gone_is_told_as_not_delivered),
	};

	return cmocka_run_group_tests_name("durability", tests, NULL, NULL);
}
