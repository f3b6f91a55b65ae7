#include "world.h"

#include "support/cmocka.h"

static const struct sender_group alice_groups[] = {
	{{HELPDESK, sizeof(HELPDESK) - 1}, false},
	{{"S-1-5-32-545", 12}, false},
};

void world_init(struct world *world)
{
	static const uint8_t secret[32] = {1};

	*world = (struct world){.settings = decide_settings_default()};
	fake_clock_init(&world->clock);
	arena_init(&world->arena, 16384, SIZE_MAX);
	buf_init(&world->scratch, DECIDE_SCRATCH_BYTES);
	assert_int_equal(records_new(1000, secret, &world->records), ERR_NONE);
	assert_int_equal(blocks_new((struct hash_key){1, 2}, &world->blocks), ERR_NONE);
	assert_int_equal(cedar_request_new(NULL, &world->cedar), ERR_NONE);
	world->sender = (struct sender){
		.name = STR("CONTOSO\\Alice"),
		.mechanism = STR("Kerberos"),
		.http_url = STR("https://ps.contoso.com/powershell"),
		.has_token = true,
		.user_sid = STR(ALICE),
		.groups = alice_groups,
		.group_count = ARRAY_COUNT(alice_groups),
	};
}

void world_deinit(struct world *world)
{
	snapshot_unref(world->snapshot);
	cedar_request_free(world->cedar);
	blocks_free(world->blocks);
	records_free(world->records);
	buf_deinit(&world->scratch);
	arena_deinit(&world->arena);
}

struct snapshot *world_build(const char *text, uint64_t revision)
{
	struct snapshot_file file = {STR("test.cedar"), str_from(text)};
	struct snapshot *snapshot = NULL;
	struct cedar_diags diags;
	struct buf printed;
	enum error error;

	cedar_diags_init(&diags);
	error = snapshot_new(&file, 1, NULL, (struct hash_key){3, 4}, &diags, &snapshot);
	buf_init(&printed, SIZE_MAX);
	for (struct cedar_diag *diag = diags.first; diag != NULL; diag = diag->next)
		cedar_diag_print(&printed, diag);
	if (error != ERR_NONE)
		fail_msg("%s: %s", error_text(error), buf_text(&printed));
	buf_deinit(&printed);
	cedar_diags_deinit(&diags);
	snapshot_set_revision(snapshot, revision);
	return snapshot;
}

void world_set_policy(struct world *world, const char *text, uint64_t revision)
{
	snapshot_unref(world->snapshot);
	world->snapshot = world_build(text, revision);
}

static const struct decision *
ask(struct world *world, void (*decide)(const struct decider *decider, struct arena *arena,
					const struct question *question, struct decision *decision))
{
	struct decider decider = {world->snapshot,  world->records, world->blocks,
				  &world->settings, world->cedar,   &world->scratch};

	arena_reset(&world->arena, (struct arena_mark){0});
	world->question.application = STR("wsman/Test");
	world->question.sender = &world->sender;
	world->question.instant = (struct instant){
		.wall_us = clock_wall_us(&world->clock.clock),
		.boot_ms = clock_boot_ms(&world->clock.clock),
	};
	decide(&decider, &world->arena, &world->question, &world->decision);
	return &world->decision;
}

const struct decision *world_ask_user(struct world *world)
{
	world->question = (struct question){.kind = QUESTION_USER};
	return ask(world, decide_user);
}

const struct decision *world_ask_operation(struct world *world, const char *action,
					   const char *resource)
{
	world->question = (struct question){
		.kind = QUESTION_OPERATION,
		.action_uri = str_from(action),
		.resource_uri = str_from(resource),
	};
	return ask(world, decide_operation);
}

const struct decision *world_ask_quota(struct world *world)
{
	world->question = (struct question){.kind = QUESTION_QUOTA};
	return ask(world, decide_quota);
}

void world_commit(struct world *world)
{
	records_apply(world->records, &world->decision.change, ++world->decision_id);
}

void world_abandon(struct world *world)
{
	records_drop(world->records, &world->decision.change);
}

const struct record *world_record(struct world *world)
{
	return records_find(world->records, &world->decision.identity.key,
			    clock_boot_ms(&world->clock.clock));
}

int world_setup(void **state)
{
	static struct world world;

	world_init(&world);
	*state = &world;
	return 0;
}

int world_teardown(void **state)
{
	world_deinit(*state);
	return 0;
}

void world_expect_source(const struct decision *decision, enum decision_verdict verdict,
			 enum decision_source source)
{
	assert_string_equal(decision_source_text(decision->source), decision_source_text(source));
	assert_int_equal(decision->verdict, verdict);
}

void world_expect_denied(const struct decision *decision, enum decision_source source)
{
	world_expect_source(decision, DECISION_DENY, source);
	assert_int_equal(decision_win32_code(decision), 5);
	assert_false(decision->administrator);
}

void world_expect_allowed(const struct decision *decision, enum decision_source source)
{
	world_expect_source(decision, DECISION_ALLOW, source);
	assert_int_equal(decision_win32_code(decision), 0);
}
