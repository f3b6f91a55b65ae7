/* Rows to disk: the audit beside a bare SQLite database on the same disk, in turns. */
#include "ctl/bench.h"
#include "platform/file.h"
#include "platform/process.h"
#include "store/audit.h"
#include "store/floor.h"

enum { GROUP_COUNT = 3 };

static const struct str groups[GROUP_COUNT] = {
	{"S-1-5-21-1-2-3-1101", 19}, {"S-1-5-21-1-2-3-1102", 19}, {"S-1-5-32-545", 12}};

/* A row as a decision leaves it. */
static struct audit_row make_row(uint64_t number)
{
	static const struct str policy = {"helpdesk-read", 13};

	return (struct audit_row){
		.wall_us = INT64_C(1767225600000000) + (int64_t)number,
		.boot_ms = (int64_t)number,
		.application = STR("wsman/Bench"),
		.principal = STR("S-1-5-21-1-2-3-2001"),
		.user = STR("CONTOSO\\alice"),
		.user_folded = STR("contoso\\alice"),
		.mechanism = STR("kerberos"),
		.groups = {groups, GROUP_COUNT},
		.kind = AUDIT_AUTHORIZE_OPERATION,
		.action = STR("Get"),
		.action_uri = STR("http://schemas.xmlsoap.org/ws/2004/09/transfer/get"),
		.resource_uri = STR("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/x"),
		.context = STR("{}"),
		.verdict = AUDIT_ALLOW,
		.source = STR("policy"),
		.policy_revision = 1,
		.policies = {&policy, 1},
		.record_id = {1},
		.connection = 1,
		.peer = STR("uid:0"),
		.latency_us = 5,
	};
}

static bool append(void *arg, size_t count, struct buf *why)
{
	struct audit_row rows[BENCH_BATCH];
	uint64_t first_id;

	for (size_t i = 0; i < count; i++)
		rows[i] = make_row(i);
	if (audit_append(arg, rows, count, &first_id) == ERR_NONE)
		return true;
	buf_printf(why, "the audit could not be written: %s", audit_failure_text(arg));
	return false;
}

static bool compare(struct bench *bench, struct audit *audit, struct floor_db *floor)
{
	struct bench_work ours = {append, audit}, bare = {bench_floor_go, floor};

	if (!bench_compare(bench, &ours, &bare, 1))
		return false;
	bench_report(bench, "audit: one row on disk, median", bench_median_us(&bench->ours),
		     bench_median_us(&bench->floor), "us");
	if (!bench_compare(bench, &ours, &bare, BENCH_BATCH))
		return false;
	bench_report(bench, "audit: rows in batches of 64",
		     bench_per_second(&bench->ours, BENCH_BATCH),
		     bench_per_second(&bench->floor, BENCH_BATCH), "rows/s");
	return true;
}

bool bench_audit(struct bench *bench, struct floor_db *floor)
{
	struct store_env env = {
		.create_private = file_create_private,
		.list_names = directory_list_names,
		.make_readonly = file_make_readonly,
	};
	struct audit *audit = NULL;
	bool done = platform_random(&env.hash_key, sizeof(env.hash_key)) == ERR_NONE &&
		    audit_open(bench->directory, &env, false, &audit, &bench->why) == ERR_NONE &&
		    compare(bench, audit, floor);

	audit_close(audit);
	return done;
}
