/* Policies in process: how long a policy directory takes to load, and a decision by it. */
#include "ctl/bench.h"

#include <stdio.h>

#include "authz/decide.h"
#include "platform/bench.h"
#include "platform/process.h"
#include "policy/load.h"

enum { DECISIONS_AT_ONCE = 1000 };

/* What a decision takes. */
struct stage {
	struct arena arena;
	struct buf scratch;
	struct decide_settings settings;
	struct decider decider;
	struct blocks *blocks;
	struct records *records;
	struct cedar_request *cedar;
};

static const struct sender_group groups[] = {{.sid = {"S-1-5-21-1-2-3-1101", 19}},
					     {.sid = {"S-1-5-32-545", 12}},
					     {.sid = {"S-1-1-0", 7}}};

static const struct sender sender = {
	.name = {"CONTOSO\\alice", 13},
	.mechanism = {"Kerberos", 8},
	.http_url = {"https://server.contoso.com:5986/wsman", 37},
	.has_token = true,
	.user_sid = {"S-1-5-21-1-2-3-2001", 19},
	.groups = groups,
	.group_count = ARRAY_COUNT(groups),
};

static const struct question question = {
	.kind = QUESTION_OPERATION,
	.application = {"wsman/Bench", 11},
	.sender = &sender,
	.action_uri = {"http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", 50},
	.resource_uri = {"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service",
			 70},
	.instant = {.wall_us = INT64_C(1767225600000000), .boot_ms = 1000000},
};

static void stage_close(struct stage *stage)
{
	cedar_request_free(stage->cedar);
	blocks_free(stage->blocks);
	records_free(stage->records);
	buf_deinit(&stage->scratch);
	arena_deinit(&stage->arena);
}

static bool stage_open(struct stage *stage, struct hash_key key)
{
	uint8_t secret[32];

	*stage = (struct stage){.settings = decide_settings_default()};
	arena_init(&stage->arena, 64 * 1024, SIZE_MAX);
	buf_init(&stage->scratch, DECIDE_SCRATCH_BYTES);
	return platform_random(secret, sizeof(secret)) == ERR_NONE &&
	       records_new(1, secret, &stage->records) == ERR_NONE &&
	       blocks_new(key, &stage->blocks) == ERR_NONE &&
	       cedar_request_new(NULL, &stage->cedar) == ERR_NONE;
}

/* The median of a thousand decisions at a time, so that the clock costs nothing. */
static void measure(struct bench *bench, struct stage *stage, const struct snapshot *snapshot)
{
	struct arena_mark empty = arena_get_mark(&stage->arena);
	struct decider decider = {
		.snapshot = snapshot,
		.records = stage->records,
		.blocks = stage->blocks,
		.settings = &stage->settings,
		.cedar = stage->cedar,
		.scratch = &stage->scratch,
	};
	uint64_t began_ns = bench_now_ns();

	bench_samples_clear(&bench->ours);
	while (!bench_is_over(bench, began_ns)) {
		uint64_t start_ns = bench_now_ns();

		for (int i = 0; i < DECISIONS_AT_ONCE; i++) {
			struct decision decision;

			decide_what_if_connected(&decider, &stage->arena, &question, &decision);
			arena_reset(&stage->arena, empty);
		}
		bench_samples_add(&bench->ours, bench_now_ns() - start_ns);
	}
}

static bool run(struct bench *bench, const char *directory)
{
	struct policy_load load;
	struct hash_key key;
	struct stage stage;
	uint64_t start_ns;
	char name[64];
	bool done;

	if (platform_random(&key, sizeof(key)) != ERR_NONE || !stage_open(&stage, key)) {
		buf_printf(&bench->why, "%s", error_text(ERR_NO_MEMORY));
		return false;
	}
	policy_load_init(&load);
	start_ns = bench_now_ns();
	policy_load_directory(&load, directory, key);
	done = load.error == ERR_NONE;
	if (done) {
		double load_ms = (double)(bench_now_ns() - start_ns) / 1e6;

		snprintf(name, sizeof(name), "policy: loading %zu policies",
			 cedar_policy_count(snapshot_engine(load.snapshot)));
		bench_report(bench, name, load_ms, 0, "ms");
		measure(bench, &stage, load.snapshot);
		bench_report(bench, "policy: a decision in process, median",
			     (double)bench_samples_ns(&bench->ours, 50) / DECISIONS_AT_ONCE, 0,
			     "ns");
	} else {
		buf_printf(&bench->why, "%s: the policy is invalid; see wsauthzctl policy check",
			   directory);
	}
	policy_load_deinit(&load);
	stage_close(&stage);
	return done;
}

bool bench_policy(struct bench *bench)
{
	if (bench->policy != NULL)
		return run(bench, bench->policy);
	if (run(bench, bench->configured_policy))
		return true;
	/* A machine on which no policy is set up yet. */
	buf_clear(&bench->why);
	return run(bench, bench->own_policy);
}
