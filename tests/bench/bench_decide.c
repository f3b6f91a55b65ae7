/*
 * Decisions in process, without wire and audit: the sender made canonical, the record found, the
 * policy asked, the audit row's texts made. 100 policies, each scoped to one group and one action
 * or resource, of which a few concern the user; users with 10 and with 100 groups.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "authz/decide.h"
#include "bench/bench.h"

enum { POLICY_COUNT = 100, GROUP_MAX = 100, ROUNDS = 5, DECISIONS = 50000 };

#define WMI "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2"

struct stage {
	struct arena arena;
	struct buf scratch;
	struct decider decider;
	struct records *records;
	struct blocks *blocks;
	struct snapshot *snapshot;
	struct decide_settings settings;
	char sids[GROUP_MAX][64];
	struct sender_group groups[GROUP_MAX];
	struct sender sender;
	struct question question;
};

typedef void decide_function(const struct decider *decider, struct arena *arena,
			     const struct question *question, struct decision *decision);

struct bench_case {
	const char *name;
	decide_function *decide;
	enum question_kind kind;
	size_t group_count;
	bool with_record; /* the user has a live record */
};

static const struct bench_case cases[] = {
	{"decide/user/record/10-groups", decide_user, QUESTION_USER, 10, true},
	{"decide/user/policy/10-groups", decide_user, QUESTION_USER, 10, false},
	{"decide/operation/record/10-groups", decide_operation, QUESTION_OPERATION, 10, true},
	{"decide/operation/policy/10-groups", decide_operation, QUESTION_OPERATION, 10, false},
	{"decide/operation/record/100-groups", decide_operation, QUESTION_OPERATION, 100, true},
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The first policies let the user of the bench connect and read WMI; the others concern others. */
static bool write_policies(struct buf *out)
{
	buf_printf(
		out,
		"@idle_timeout(\"15m\") @max_shells(\"5\")\n"
		"permit(principal in WinRM::Group::\"S-1-5-21-1-2-3-2000\",\n"
		"       action == WinRM::Action::\"Connect\", resource)\n"
		"when { context.session.mechanism == \"kerberos\" };\n"
		"permit(principal in WinRM::Group::\"S-1-5-21-1-2-3-2001\",\n"
		"       action in WinRM::Action::\"Read\", resource in WinRM::Resource::\"%s\");\n"
		"forbid(principal, action, resource)\n"
		"when { context.session.mechanism == \"basic\" };\n",
		WMI);
	for (int i = 3; i < POLICY_COUNT; i++)
		buf_printf(out,
			   "permit(principal in WinRM::Group::\"S-1-5-21-1-2-3-%d\",\n"
			   "       action == WinRM::Action::\"Invoke\",\n"
			   "       resource in WinRM::Resource::\"%s/class_%d\")\n"
			   "when { context has method && context.method == \"start\" };\n",
			   5000 + i, WMI, i);
	return out->failed == ERR_NONE;
}

static bool build_policy(struct stage *stage)
{
	struct cedar_diags diags;
	struct buf text;
	enum error error = ERR_NO_MEMORY;

	cedar_diags_init(&diags);
	buf_init(&text, SIZE_MAX);
	if (write_policies(&text)) {
		struct snapshot_file file = {STR("bench.cedar"), buf_str(&text)};
		error = snapshot_new(&file, 1, NULL, (struct hash_key){1, 2}, &diags,
				     &stage->snapshot);
	}
	if (error == ERR_NONE)
		snapshot_set_revision(stage->snapshot, 1);
	buf_deinit(&text);
	cedar_diags_deinit(&diags);
	return error == ERR_NONE;
}

static bool stage_open(struct stage *stage)
{
	static const uint8_t secret[32] = {1};

	*stage = (struct stage){.settings = decide_settings_default()};
	arena_init(&stage->arena, 65536, SIZE_MAX);
	buf_init(&stage->scratch, DECIDE_SCRATCH_BYTES);
	if (records_new(1000, secret, &stage->records) != ERR_NONE ||
	    blocks_new((struct hash_key){3, 4}, &stage->blocks) != ERR_NONE ||
	    cedar_request_new(NULL, &stage->decider.cedar) != ERR_NONE || !build_policy(stage))
		return false;
	stage->decider.snapshot = stage->snapshot;
	stage->decider.records = stage->records;
	stage->decider.blocks = stage->blocks;
	stage->decider.settings = &stage->settings;
	stage->decider.scratch = &stage->scratch;
	for (int i = 0; i < GROUP_MAX; i++) {
		int length = snprintf(stage->sids[i], sizeof(stage->sids[i]), "S-1-5-21-1-2-3-%d",
				      2000 + i);
		stage->groups[i].sid = str_make(stage->sids[i], (size_t)length);
	}
	stage->sender = (struct sender){
		.name = STR("CONTOSO\\Alice"),
		.mechanism = STR("Kerberos"),
		.http_url = STR("https://ps.contoso.com:5986/wsman"),
		.has_token = true,
		.user_sid = STR("S-1-5-21-1-2-3-1001"),
		.groups = stage->groups,
	};
	stage->question = (struct question){
		.application = STR("wsman/Contoso"),
		.sender = &stage->sender,
		.action_uri = STR("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"),
		.resource_uri = STR(WMI "/Win32_Service?Name=Spooler"),
		.instant = {.wall_us = INT64_C(1767225600000000), .boot_ms = 1000000},
	};
	return true;
}

static void stage_close(struct stage *stage)
{
	snapshot_unref(stage->snapshot);
	cedar_request_free(stage->decider.cedar);
	blocks_free(stage->blocks);
	records_free(stage->records);
	buf_deinit(&stage->scratch);
	arena_deinit(&stage->arena);
}

/* False when the policy did not allow, and the bench measures something else than it says. */
static bool decide_once(struct stage *stage, decide_function *decide, bool keep_record)
{
	struct decision decision;

	arena_reset(&stage->arena, (struct arena_mark){0});
	decide(&stage->decider, &stage->arena, &stage->question, &decision);
	if (keep_record)
		records_apply(stage->records, &decision.change, 1);
	else
		records_drop(stage->records, &decision.change);
	return decision.verdict == DECISION_ALLOW;
}

static bool run_case(struct stage *stage, const struct bench_case *bench, bool json)
{
	int rounds = bench_size(ROUNDS, 1), count = bench_size(DECISIONS, 10);
	double round_ns[ROUNDS];

	stage->sender.group_count = bench->group_count;
	stage->question.kind = bench->kind;
	if (!decide_once(stage, bench->decide, bench->with_record))
		return false;
	for (int round = 0; round < rounds; round++) {
		double start_s = now_s();
		bool allowed = true;
		for (int i = 0; i < count; i++)
			allowed &= decide_once(stage, bench->decide, bench->with_record);
		if (!allowed)
			return false;
		round_ns[round] = (now_s() - start_s) * 1e9 / count;
	}
	bench_report(&(struct bench_result){.name = bench->name,
					    .value = bench_median(round_ns, rounds),
					    .unit = "ns"},
		     json);
	return true;
}

int bench_decide(bool json)
{
	struct stage *stage = malloc(sizeof(*stage));
	bool good = stage != NULL;

	for (size_t i = 0; good && i < ARRAY_COUNT(cases); i++) {
		good = stage_open(stage) && run_case(stage, &cases[i], json);
		stage_close(stage);
	}
	free(stage);
	if (!good)
		fprintf(stderr, "bench_decide: a decision was not what it should be\n");
	return good ? 0 : 1;
}
