/* The audit when its disk or its files fail: no answer but a refusal without a row, and nothing
 * deleted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "integration/command.h"
#include "integration/fixture.h"

enum {
	FILE_MAX = 1 << 20,
	ASKS_MAX = 200000,
	ALLOWED_MAX = ASKS_MAX,
	RECOVERY_MS = 5000, /* from space returning to the next answer */
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

/* A full disk. */

struct disk {
	const char *name;
	char image[256]; /* of ext4 */
};

/* Puts a small file system where the state goes; false when this process may not. */
static bool mount_disk(const struct daemon *daemon, struct disk *disk)
{
	char command[2048];

	if (strcmp(disk->name, "tmpfs") == 0)
		return mount("tmpfs", daemon->state_dir, "tmpfs", 0, "size=8m,mode=0700") == 0;
	tmpdir_path(&daemon->dir, "image", disk->image, sizeof(disk->image));
	snprintf(command, sizeof(command),
		 "{ truncate -s 24M %s && mkfs.ext4 -q -m 0 -O ^has_journal %s && mount -o loop %s"
		 " %s && chmod 0700 %s; } >/dev/null 2>&1",
		 disk->image, disk->image, disk->image, daemon->state_dir, daemon->state_dir);
	return system(command) == 0;
}

/* All that is free, to the last block. */
static void fill_disk(const char *path)
{
	static const char block[4096] = {1};
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct asked {
	struct raw_peer peer;
	struct raw_sender sender;
	uint64_t *allowed; /* decision ids */
	size_t allowed_count;
};

/* Whether the answer was to allow; else it must be a refusal. */
static bool ask(struct asked *asked)
{
	const Wsauthz__Reply *reply =
		raw_peer_authorize(&asked->peer, &asked->sender, ACTION_GET_URI, RESOURCE_OS);

	assert_non_null(reply);
	if (reply->body_case != WSAUTHZ__REPLY__BODY_DECISION) {
		fixture_expect_refusal(reply, WSAUTHZ__REFUSAL__REASON__AUDIT_FAILED);
		return false;
	}
	assert_int_equal(fixture_verdict(reply), VERDICT_ALLOW);
	assert_true(asked->allowed_count < ALLOWED_MAX);
	asked->allowed[asked->allowed_count++] = reply->decision->decision_id;
	return true;
}

static void expect_rows(const struct daemon *daemon, const struct asked *asked)
{
	char path[256];
	sqlite3_stmt *statement;
	sqlite3 *db;

	tmpdir_path(&daemon->dir, "state/audit-000001.db", path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT verdict FROM decision WHERE id = ?1", -1,
					    &statement, NULL),
			 SQLITE_OK);
	for (size_t i = 0; i < asked->allowed_count; i++) {
		sqlite3_bind_int64(statement, 1, (sqlite3_int64)asked->allowed[i]);
		assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
		assert_int_equal(sqlite3_column_int(statement, 0), 1);
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void fill_and_free(struct daemon *daemon, struct asked *asked)
{
	char ballast[256];
	size_t asks = 0;

	tmpdir_path(&daemon->dir, "state/ballast", ballast, sizeof(ballast));
	assert_true(ask(asked));
	fill_disk(ballast);
	/* The log may still have some room. */
	while (ask(asked))
		assert_true(++asks < ASKS_MAX);
	for (int i = 0; i < 50; i++)
		(void)ask(asked);
	assert_int_equal(unlink(ballast), 0);
	int64_t freed_ms = now_ms();
	while (!ask(asked))
		assert_true(now_ms() - freed_ms < RECOVERY_MS);
	print_message("%zu allowed before, answers again %d ms after space returned\n", asks,
		      (int)(now_ms() - freed_ms));
	for (int i = 0; i < 50; i++)
		assert_true(ask(asked));
}

static void fill_up(const char *name)
{
	struct disk disk = {.name = name};
	struct asked asked = {.allowed = calloc(ALLOWED_MAX, sizeof(*asked.allowed))};
	struct daemon daemon;

	assert_non_null(asked.allowed);
	daemon_init(&daemon, &(struct daemon_options){.policy = FIXTURE_POLICY("15m")});
	if (!mount_disk(&daemon, &disk)) {
		print_message("skipped: no %s can be mounted here (%s)\n", name,
			      geteuid() != 0 ? "not root" : "the system refuses");
		daemon_deinit(&daemon, false);
		free(asked.allowed);
		skip();
	}
	assert_true(daemon_start(&daemon, NULL));
	raw_sender_init(&asked.sender, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_open(&asked.peer, daemon.authorize_path, "wsman/Test");
	for (int round = 0; round < 2; round++)
		fill_and_free(&daemon, &asked);
	raw_peer_close(&asked.peer);
	assert_int_equal(daemon_stop(&daemon), 0);
	expect_rows(&daemon, &asked);
	assert_int_equal(command_run(&daemon, "audit verify"), COMMAND_DONE);
	assert_int_equal(umount2(daemon.state_dir, MNT_DETACH), 0);
	daemon_deinit(&daemon, false);
	free(asked.allowed);
}

static void a_full_tmpfs_denies_and_recovers_without_a_restart(void **state)
{
	(void)state;
	fill_up("tmpfs");
}

static void a_full_ext4_denies_and_recovers_without_a_restart(void **state)
{
	(void)state;
	fill_up("ext4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_cannot_be_used_is_refused_and_kept),
		cmocka_unit_test(a_file_that_cannot_be_used_is_set_aside_when_the_settings_say_so),
		cmocka_unit_test(a_full_tmpfs_denies_and_recovers_without_a_restart),
		cmocka_unit_test(a_full_ext4_denies_and_recovers_without_a_restart),
	};

	return cmocka_run_group_tests_name("audit_safety", tests, NULL, NULL);
}
