/* An audit file that cannot be used: refused or set aside, and never deleted. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "integration/command.h"
#include "integration/fixture.h"

enum {
	FILE_MAX = 1 << 20,
	INVALID = 4,
};

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static size_t read_file(const char *path, char *bytes)
{
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	size_t length = fread(bytes, 1, FILE_MAX, file);
	fclose(file);
	return length;
}

static void connect_once(const struct daemon *daemon)
{
	struct raw_sender sender;
	struct raw_peer peer;

	raw_sender_init(&sender, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	assert_int_equal(fixture_verdict(raw_peer_authorize(&peer, &sender, NULL, NULL)),
			 VERDICT_ALLOW);
	raw_peer_close(&peer);
}

/* Ways to lose a database. */

static void write_garbage(const char *path)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("no database", file);
	fclose(file);
}

static void cut_off(const char *path)
{
	assert_int_equal(truncate(path, 3 * 4096 + 100), 0);
}

static void damage_a_page(const char *path)
{
	static const char zeros[4096];
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, zeros, sizeof(zeros), 4096), sizeof(zeros));
	close(fd);
}

static void make_newer(const char *path)
{
	run_sql(path, "PRAGMA user_version = 9999");
}

static void make_foreign(const char *path)
{
	run_sql(path, "PRAGMA application_id = 1");
}

static void add_a_trigger(const char *path)
{
	run_sql(path, "CREATE TRIGGER x AFTER INSERT ON event BEGIN SELECT 1; END");
}

static const struct loss {
	void (*happen)(const char *path);
	const char *message;
} losses[] = {
	{write_garbage, "is not a SQLite database"},
	{cut_off, "audit-000001.db"},
	{damage_a_page, "audit-000001.db"},
	{make_newer, "has schema version 9999"},
	{make_foreign, "is a database of another program"},
	{add_a_trigger, "was changed at trigger x"},
};

static void make_audit(struct daemon *daemon, const char *settings)
{
	fixture_start(daemon, FIXTURE_POLICY("15m"), settings);
	connect_once(daemon);
	assert_int_equal(daemon_stop(daemon), 0);
}

static void a_file_that_cannot_be_used_is_refused_and_kept(void **state)
{
	static char before[FILE_MAX], after[FILE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(losses); i++) {
		struct daemon daemon;
		char path[256];
		int exit_code = 0;

		make_audit(&daemon, NULL);
		tmpdir_path(&daemon.dir, "state/audit-000001.db", path, sizeof(path));
		losses[i].happen(path);
		size_t length = read_file(path, before);
		assert_false(daemon_start(&daemon, &exit_code));
		assert_int_equal(exit_code, INVALID);
		char *log = daemon_log(&daemon);
		if (strstr(log, losses[i].message) == NULL)
			fail_msg("expected '%s' in:\n%s", losses[i].message, log);
		free(log);
		assert_int_equal(read_file(path, after), length);
		assert_memory_equal(after, before, length);
		daemon_deinit(&daemon, false);
	}
}

/* The name that the event in the audit tells. */
static void find_aside(const struct daemon *daemon, char *path, size_t size)
{
	static const char sql[] = "SELECT json_extract(detail, '$.file') FROM event"
				  " WHERE kind = 'audit.set_aside'";
	char name[128], database[256];
	sqlite3_stmt *statement;
	sqlite3 *db;

	tmpdir_path(&daemon->dir, "state/audit-000001.db", database, sizeof(database));
	assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	snprintf(name, sizeof(name), "state/%.100s",
		 (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	tmpdir_path(&daemon->dir, name, path, size);
}

static void a_file_that_cannot_be_used_is_set_aside_when_the_settings_say_so(void **state)
{
	static char before[FILE_MAX], after[FILE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(losses); i++) {
		struct daemon daemon;
		char path[256], aside[256];

		make_audit(&daemon, "audit:\n  on_corrupt: quarantine\n");
		tmpdir_path(&daemon.dir, "state/audit-000001.db", path, sizeof(path));
		losses[i].happen(path);
		size_t length = read_file(path, before);
		assert_true(daemon_start(&daemon, NULL));
		connect_once(&daemon);
		assert_int_equal(daemon_stop(&daemon), 0);
		char *log = daemon_log(&daemon);
		assert_non_null(strstr(log, "audit.set_aside"));
		free(log);
		find_aside(&daemon, aside, sizeof(aside));
		assert_int_equal(read_file(aside, after), length);
		assert_memory_equal(after, before, length);
		assert_int_equal(command_run(&daemon, "audit verify"), COMMAND_DONE);
		daemon_deinit(&daemon, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_cannot_be_used_is_refused_and_kept),
		cmocka_unit_test(a_file_that_cannot_be_used_is_set_aside_when_the_settings_say_so),
	};

	return cmocka_run_group_tests_name("audit_safety", tests, NULL, NULL);
}
