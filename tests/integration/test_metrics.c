/* What the daemon counts, against what it did and what docs/metrics.md says of it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "integration/command.h"
#include "integration/fixture.h"
#include "support/prometheus.h"

enum { FILE_MAX = 1 << 20 };

static char file_text[FILE_MAX];
static const char *output; /* of the last command, or the file that was read last */
static struct prometheus metrics;

static int ctl(const struct daemon *daemon, const char *arguments)
{
	int code = command_run(daemon, arguments);

	output = command_output();
	return code;
}

static void read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t length;

	assert_non_null(file);
	length = fread(file_text, 1, sizeof(file_text) - 1, file);
	file_text[length] = '\0';
	output = file_text;
	assert_int_equal(fclose(file), 0);
}

static void read_output(void)
{
	if (!prometheus_read(&metrics, output))
		fail_msg("%s", metrics.fault);
}

static void ask_metrics(const struct daemon *daemon)
{
	assert_int_equal(ctl(daemon, "metrics"), COMMAND_DONE);
	read_output();
}

static void expect(const char *series, int value)
{
	double found = prometheus_value(&metrics, series);

	if (found != value)
		fail_msg("%s is %g, not %d", series, found, value);
}

static void connect_as(const struct daemon *daemon, const char *sid, const char *group)
{
	struct raw_sender sender;
	struct raw_peer peer;

	raw_sender_init(&sender, "CONTOSO\\someone", sid, group);
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	fixture_verdict(raw_peer_authorize(&peer, &sender, NULL, NULL));
	raw_peer_close(&peer);
}

/* The next row of the table: "| `name` | type | labels | ...". NULL at the end. */
static const char *next_row(const char *at, struct prometheus_family *row)
{
	at = strstr(at, "\n| `wsauthz_");
	if (at == NULL)
		return NULL;
	*row = (struct prometheus_family){.name = ""};
	if (sscanf(at, "\n| `%255[a-z_]` | %15[a-z] | %255[a-z, ]", row->name, row->type,
		   row->labels) < 2)
		fail_msg("not a row: %.60s", at);
	while (row->labels[0] != '\0' && row->labels[strlen(row->labels) - 1] == ' ')
		row->labels[strlen(row->labels) - 1] = '\0';
	return at + 1;
}

static void docs_list_what_the_daemon_emits_with_type_and_labels(void **state)
{
	struct prometheus_family row;
	struct daemon daemon;
	const char *at;
	size_t count = 0;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	ask_metrics(&daemon);
	fixture_stop(&daemon);
	read_file(SOURCES "/docs/metrics.md");
	at = output;
	while ((at = next_row(at, &row)) != NULL) {
		const struct prometheus_family *family = &metrics.families[count];

		if (count == metrics.family_count || strcmp(family->name, row.name) != 0)
			fail_msg("docs/metrics.md has %s where the daemon emits %s", row.name,
				 count < metrics.family_count ? family->name : "nothing");
		assert_string_equal(family->type, row.type);
		assert_string_equal(family->labels, row.labels);
		count++;
	}
	if (count < metrics.family_count)
		fail_msg("docs/metrics.md lacks %s", metrics.families[count].name);
}

/* True when a query may name `name`: a family, or a series of a histogram. */
static bool is_known(const char *name, size_t length)
{
	static const char *const suffixes[] = {"", "_bucket", "_sum", "_count"};

	for (size_t i = 0; i < metrics.family_count; i++) {
		const struct prometheus_family *family = &metrics.families[i];
		size_t family_length = strlen(family->name);
		bool is_histogram = strcmp(family->type, "histogram") == 0;

		for (size_t j = is_histogram ? 1 : 0; j < (is_histogram ? 4U : 1U); j++) {
			if (length == family_length + strlen(suffixes[j]) &&
			    strncmp(name, family->name, family_length) == 0 &&
			    strncmp(name + family_length, suffixes[j], strlen(suffixes[j])) == 0)
				return true;
		}
	}
	return false;
}

static void alerts_name_only_metrics_that_there_are(void **state)
{
	struct daemon daemon;
	size_t count = 0;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	ask_metrics(&daemon);
	fixture_stop(&daemon);
	read_file(SOURCES "/packaging/prometheus/wsauthz.rules.yaml");
	for (const char *at = output; (at = strstr(at, "wsauthz_")) != NULL; count++) {
		size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_");

		if (!is_known(at, length))
			fail_msg("no metric is called %.*s", (int)length, at);
		at += length;
	}
	assert_true(count >= 8);
}

static void decisions_are_counted_by_what_they_are_and_rest_on(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, ALICE, OPERATORS);
	connect_as(&daemon, ALICE, OPERATORS);
	connect_as(&daemon, "S-1-5-21-1-2-3-9", NULL);
	connect_as(&daemon, BOB, BANNED);
	connect_as(&daemon, BOB, MOVED);
	ask_metrics(&daemon);
	expect("wsauthz_decisions_total{decision=\"allow\",source=\"policy\"}", 1);
	expect("wsauthz_decisions_total{decision=\"allow\",source=\"record\"}", 1);
	expect("wsauthz_decisions_total{decision=\"deny\",source=\"default\"}", 1);
	expect("wsauthz_decisions_total{decision=\"deny\",source=\"policy\"}", 1);
	expect("wsauthz_decisions_total{decision=\"redirect\",source=\"policy\"}", 1);
	/* With the two events of the start. */
	expect("wsauthz_audit_rows_total", 7);
	expect("wsauthz_audit_queue_rows", 0);
	expect("wsauthz_audit_lag_seconds", 0);
	expect("wsauthz_request_duration_seconds_count", 5);
	expect("wsauthz_request_stage_duration_seconds_count{stage=\"decode\"}", 5);
	expect("wsauthz_request_stage_duration_seconds_count{stage=\"decide\"}", 5);
	expect("wsauthz_request_stage_duration_seconds_count{stage=\"record\"}", 5);
	assert_true(prometheus_value(&metrics, "wsauthz_audit_commit_duration_seconds_count") >= 1);
	assert_true(prometheus_value(&metrics, "wsauthz_request_duration_seconds_sum") > 0);
	expect("wsauthz_records", 1);
	expect("wsauthz_policy_revision", 1);
	expect("wsauthz_policy_policies", 4);
	expect("wsauthz_connections{channel=\"admin\"}", 1);
	expect("wsauthz_connections_accepted_total", 6);
	fixture_stop(&daemon);
}

/* One connection at a time. */
static void start_narrow(struct daemon *daemon)
{
	char config[1024];
	int length, code = 0;

	daemon_init(daemon, &(struct daemon_options){.policy = FIXTURE_POLICY("15m")});
	length = snprintf(config, sizeof(config),
			  "authorize:\n  socket: %s\n  max_connections: 1\n"
			  "admin:\n  socket: %s\n"
			  "state:\n  directory: %s\n"
			  "policy:\n  directory: %s\n",
			  daemon->authorize_path, daemon->admin_path, daemon->state_dir,
			  daemon->policy_dir);
	assert_true(length > 0 && (size_t)length < sizeof(config));
	tmpdir_write(&daemon->dir, "wsauthz.yaml", config, (size_t)length);
	assert_true(daemon_start(daemon, &code));
}

static void refusals_are_counted_by_reason_and_by_limit(void **state)
{
	static const uint8_t oversized[4] = {0, 0, 0, 0x7f};
	struct raw_peer first, second;
	struct daemon daemon;

	(void)state;
	start_narrow(&daemon);
	raw_peer_open(&first, daemon.authorize_path, "wsman/Test");
	raw_peer_connect(&second, daemon.authorize_path);
	fixture_expect_refusal(raw_peer_reply(&second), WSAUTHZ__REFUSAL__REASON__BUSY);
	raw_peer_close(&second);
	assert_true(raw_peer_send(&first, oversized, sizeof(oversized)));
	fixture_expect_refusal(raw_peer_reply(&first), WSAUTHZ__REFUSAL__REASON__FRAME_SIZE);
	assert_null(raw_peer_reply(&first));
	raw_peer_close(&first);

	ask_metrics(&daemon);
	expect("wsauthz_refusals_total{reason=\"busy\"}", 1);
	expect("wsauthz_refusals_total{reason=\"frame_size\"}", 1);
	expect("wsauthz_limit_refusals_total{limit=\"connections\"}", 1);
	expect("wsauthz_limit_refusals_total{limit=\"frame_bytes\"}", 1);
	expect("wsauthz_limit_refusals_total{limit=\"in_flight\"}", 0);
	expect("wsauthz_connections_limit{channel=\"authorize\"}", 1);
	fixture_stop(&daemon);
}

static void a_refused_policy_shows_until_one_is_accepted(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), "  reload: on_request\n");
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action, resource) when;\n");
	assert_int_equal(ctl(&daemon, "policy reload"), COMMAND_INVALID);
	ask_metrics(&daemon);
	expect("wsauthz_policy_load_success", 0);
	expect("wsauthz_policy_loads_total{result=\"invalid\"}", 1);
	expect("wsauthz_policy_revision", 1);
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action, resource);\n");
	assert_int_equal(ctl(&daemon, "policy reload"), COMMAND_DONE);
	ask_metrics(&daemon);
	expect("wsauthz_policy_load_success", 1);
	expect("wsauthz_policy_loads_total{result=\"valid\"}", 1);
	expect("wsauthz_policy_revision", 2);
	fixture_stop(&daemon);
}

static const Wsauthz__Reply *ask_as_alice(struct raw_peer *peer)
{
	struct raw_sender alice;

	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	return raw_peer_authorize(peer, &alice, NULL, NULL);
}

/* Somebody else holds the lock of the database, so that the daemon cannot write. */
static void an_audit_that_cannot_be_written_shows_until_it_can(void **state)
{
	struct raw_peer peer;
	struct daemon daemon;
	char path[256];
	sqlite3 *db = NULL;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	raw_peer_open(&peer, daemon.authorize_path, "wsman/Test");
	assert_int_equal(fixture_verdict(ask_as_alice(&peer)), VERDICT_ALLOW);

	snprintf(path, sizeof(path), "%s/audit-000001.db", daemon.state_dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	fixture_expect_refusal(ask_as_alice(&peer), WSAUTHZ__REFUSAL__REASON__AUDIT_FAILED);
	ask_metrics(&daemon);
	expect("wsauthz_audit_writable", 0);
	expect("wsauthz_refusals_total{reason=\"audit_failed\"}", 1);
	assert_true(prometheus_value(&metrics, "wsauthz_audit_commit_failures_total") >= 1);
	assert_int_equal(ctl(&daemon, "status"), COMMAND_DENIED);
	assert_non_null(strstr(output, "DEGRADED"));
	assert_non_null(
		strstr(output, "the audit cannot be written, so every request is denied: "));

	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(fixture_verdict(ask_as_alice(&peer)), VERDICT_ALLOW);
	ask_metrics(&daemon);
	expect("wsauthz_audit_writable", 1);
	assert_int_equal(ctl(&daemon, "status"), COMMAND_DONE);
	raw_peer_close(&peer);
	fixture_stop(&daemon);
}

static void json_has_a_line_for_every_sample(void **state)
{
	struct daemon daemon;
	size_t count = 0;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	ask_metrics(&daemon);
	assert_int_equal(ctl(&daemon, "metrics --json"), COMMAND_DONE);
	for (const char *at = output; *at != '\0'; at++)
		count += *at == '\n';
	assert_int_equal(count, metrics.sample_count);
	assert_non_null(
		strstr(output, "{\"name\":\"wsauthz_blocks\",\"labels\":{},\"value\":\"0\"}\n"));
	assert_non_null(strstr(output, "\"labels\":{\"stage\":\"record\",\"le\":\"+Inf\"}"));
	fixture_stop(&daemon);
}

static void the_textfile_is_whole_and_readable_by_everybody(void **state)
{
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m")};
	char path[128], config[1024];
	struct daemon daemon;
	struct stat st;
	int length;

	(void)state;
	daemon_init(&daemon, &options);
	tmpdir_path(&daemon.dir, "wsauthz.prom", path, sizeof(path));
	/* Whatever has the name of the file in between is in nobody's way. */
	tmpdir_write(&daemon.dir, "wsauthz.prom.new", "left over", 9);
	read_file(daemon.config_path);
	length = snprintf(config, sizeof(config),
			  "%smetrics:\n  file: %s\n  interval: 1s\nlog:\n  level: debug\n", output,
			  path);
	assert_true(length > 0 && (size_t)length < sizeof(config));
	tmpdir_write(&daemon.dir, "wsauthz.yaml", config, (size_t)length);
	assert_true(daemon_start(&daemon, NULL));
	assert_true(daemon_wait_log(&daemon, "metrics.written"));
	read_file(path);
	read_output();
	expect("wsauthz_policy_revision", 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	fixture_stop(&daemon);
}

static void a_textfile_that_cannot_be_written_is_logged_once(void **state)
{
	struct daemon daemon;
	char *log, *first;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"),
		      "metrics:\n  file: /nonexistent/wsauthz.prom\n  interval: 1s\n");
	assert_true(daemon_wait_log(&daemon, "metrics.not_written: /nonexistent/wsauthz.prom"));
	connect_as(&daemon, ALICE, OPERATORS);
	log = daemon_log(&daemon);
	first = strstr(log, "metrics.not_written");
	assert_null(strstr(first + 1, "metrics.not_written"));
	free(log);
	fixture_stop(&daemon);
}

static void the_reader_of_these_tests_finds_what_breaks_the_format(void **state)
{
#define HEAD      "# HELP wsauthz_x_total Text.\n# TYPE wsauthz_x_total counter\n"
#define HISTOGRAM "# HELP wsauthz_x_seconds Text.\n# TYPE wsauthz_x_seconds histogram\n"
#define BUCKETS                                                                                    \
	HISTOGRAM "wsauthz_x_seconds_bucket{le=\"1\"} 1\nwsauthz_x_seconds_bucket{le=\"+Inf\"} "   \
		  "2\n"
	static const char *const good[] = {
		HEAD "wsauthz_x_total 1\n",
		HEAD "wsauthz_x_total{a=\"b\"} 1.5\nwsauthz_x_total{a=\"c\"} 1\n",
		BUCKETS "wsauthz_x_seconds_sum 1.5\nwsauthz_x_seconds_count 2\n",
	};
	static const char *const bad[] = {
		"",
		HEAD,
		HEAD "wsauthz_x_total 1",
		HEAD "wsauthz_x_total 1\n\n",
		HEAD "wsauthz_x_total -1\n",
		HEAD "wsauthz_x_total 1e3\n",
		HEAD "wsauthz_x_total 1 \n",
		HEAD "wsauthz_x_total 1\nwsauthz_x_total 1\n",
		HEAD "wsauthz_x_total{a=\"b\"} 1\nwsauthz_x_total{c=\"b\"} 1\n",
		HEAD "wsauthz_x_total{a=\"b\\\"} 1\n",
		HEAD "wsauthz_x_total{a=b} 1\n",
		HEAD "wsauthz_x_total{a=\"b\" 1\n",
		HEAD "wsauthz_y_total 1\n",
		HEAD "wsauthz_x_total 1\n" HEAD "wsauthz_x_total{a=\"b\"} 1\n",
		"wsauthz_x_total 1\n",
		"# TYPE wsauthz_x_total counter\nwsauthz_x_total 1\n",
		"# HELP wsauthz_x_total Text.\n# TYPE wsauthz_x_total gauge\nwsauthz_x_total 1\n",
		"# HELP wsauthz_x Text.\n# TYPE wsauthz_x counter\nwsauthz_x 1\n",
		"# HELP wsauthz_x_ms Text.\n# TYPE wsauthz_x_ms gauge\nwsauthz_x_ms 1\n",
		"# HELP x_total Text.\n# TYPE x_total counter\nx_total 1\n",
		BUCKETS "wsauthz_x_seconds_count 2\n",
		BUCKETS "wsauthz_x_seconds_sum 1.5\nwsauthz_x_seconds_count 3\n",
		BUCKETS "wsauthz_x_seconds_sum 1.5\n",
		HISTOGRAM "wsauthz_x_seconds_bucket{le=\"1\"} 3\n"
			  "wsauthz_x_seconds_bucket{le=\"+Inf\"} 2\n"
			  "wsauthz_x_seconds_sum 1\nwsauthz_x_seconds_count 2\n",
		HISTOGRAM "wsauthz_x_seconds_bucket{le=\"1\"} 1\n"
			  "wsauthz_x_seconds_sum 1\nwsauthz_x_seconds_count 1\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!prometheus_read(&metrics, good[i]))
			fail_msg("%s\n%s", metrics.fault, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (prometheus_read(&metrics, bad[i]))
			fail_msg("this was taken for good:\n%s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(docs_list_what_the_daemon_emits_with_type_and_labels),
		cmocka_unit_test(alerts_name_only_metrics_that_there_are),
		cmocka_unit_test(decisions_are_counted_by_what_they_are_and_rest_on),
		cmocka_unit_test(refusals_are_counted_by_reason_and_by_limit),
		cmocka_unit_test(a_refused_policy_shows_until_one_is_accepted),
		cmocka_unit_test(an_audit_that_cannot_be_written_shows_until_it_can),
		cmocka_unit_test(json_has_a_line_for_every_sample),
		cmocka_unit_test(the_textfile_is_whole_and_readable_by_everybody),
		cmocka_unit_test(a_textfile_that_cannot_be_written_is_logged_once),
		cmocka_unit_test(the_reader_of_these_tests_finds_what_breaks_the_format),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
