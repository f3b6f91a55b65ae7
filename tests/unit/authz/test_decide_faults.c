/* Decisions when memory runs out: a denial under its own source, and nothing lost or leaked. */
#include "support/cmocka.h"

#include "support/fault.h"
#include "world.h"

static const char policy[] =
	"@max_shells(\"5\") permit(principal in WinRM::Group::\"" HELPDESK "\", action, resource);"
	"permit(principal, action == WinRM::Action::\"Administer\", resource);"
	"forbid(principal, action, resource) when { principal.denyOnlyGroups.contains("
	"WinRM::Group::\"S-1-5-32-544\") };";

/* Asks with the N-th allocation failing, in a world of its own; true when it was reached. */
static bool ask_with_fault(uint64_t n, enum fault_mode mode,
			   const struct decision *(*ask)(struct world *world))
{
	struct world world;
	bool fired;

	world_init(&world);
	world_set_policy(&world, policy, 1);
	fault_arm(n, mode);
	ask(&world);
	fired = fault_disarm();
	if (fired) {
		assert_int_equal(world.decision.verdict, DECISION_DENY);
		assert_int_equal(world.decision.source, DECISION_FROM_RESOURCES);
		assert_int_equal(world.decision.change.kind, RECORD_KEEP);
		assert_false(world.decision.administrator);
		assert_null(world_record(&world));
		/* The next question finds nothing broken. */
		ask(&world);
	}
	assert_int_equal(world.decision.verdict, DECISION_ALLOW);
	world_commit(&world);
	assert_non_null(world_record(&world));
	world_deinit(&world);
	return fired;
}

static const struct decision *ask_operation(struct world *world)
{
	return world_ask_operation(world, WMI "/Win32_Service/StartService", WMI "/Win32_Service");
}

static void sweep(const struct decision *(*ask)(struct world *world))
{
	uint64_t n;

	for (n = 0; ask_with_fault(n, FAULT_ONCE, ask); n++)
		continue;
	assert_true(n > 0);
	for (n = 0; ask_with_fault(n, FAULT_STICKY, ask); n++)
		continue;
	assert_true(n > 0);
}

static void a_user_is_denied_when_memory_runs_out(void **state)
{
	(void)state;
	sweep(world_ask_user);
}

static void an_operation_is_denied_when_memory_runs_out(void **state)
{
	(void)state;
	sweep(ask_operation);
}

static void a_quota_is_denied_when_memory_runs_out(void **state)
{
	(void)state;
	sweep(world_ask_quota);
}

/* Asks with an arena of every size until one suffices. */
static void sweep_arena(const struct decision *(*ask)(struct world *world),
			enum decision_source source)
{
	struct world world;
	size_t max_bytes = 0;

	world_init(&world);
	world_set_policy(&world, policy, 1);
	for (;; max_bytes += 16) {
		world.arena.max_bytes = max_bytes;
		if (ask(&world)->source != DECISION_FROM_RESOURCES)
			break;
		assert_int_equal(world.decision.verdict, DECISION_DENY);
		assert_int_equal(world.decision.change.kind, RECORD_KEEP);
		assert_false(world.decision.administrator);
	}
	assert_true(max_bytes > 0);
	assert_int_equal(world.decision.source, source);
	world_abandon(&world);
	world_deinit(&world);
}

static const struct decision *ask_malformed(struct world *world)
{
	return world_ask_operation(world, "", "");
}

static const struct decision *ask_with_an_erring_policy(struct world *world)
{
	if (snapshot_revision(world->snapshot) == 1)
		world_set_policy(
			world,
			"permit(principal, action, resource);"
			"forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };",
			2);
	return world_ask_user(world);
}

static void a_question_that_spends_its_arena_is_denied(void **state)
{
	(void)state;
	sweep_arena(world_ask_user, DECISION_FROM_POLICY);
	sweep_arena(ask_operation, DECISION_FROM_POLICY);
	sweep_arena(world_ask_quota, DECISION_FROM_POLICY);
	sweep_arena(ask_malformed, DECISION_FROM_MALFORMED);
	sweep_arena(ask_with_an_erring_policy, DECISION_FROM_POLICY_ERROR);
}

static void a_context_that_does_not_fit_is_denied(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world_set_policy(&world, policy, 1);
	world.scratch.max_bytes = 16;
	assert_int_equal(world_ask_user(&world)->source, DECISION_FROM_LIMIT);
	assert_int_equal(world.decision.verdict, DECISION_DENY);
	world_deinit(&world);
}

static void a_record_survives_denials_for_lack_of_memory(void **state)
{
	struct world world;
	struct record_id id;
	bool fired = true;

	(void)state;
	world_init(&world);
	world_set_policy(&world, policy, 1);
	id = world_ask_user(&world)->record_id;
	world_commit(&world);
	world_set_policy(&world, policy, 2);
	for (uint64_t n = 0; fired; n++) {
		cedar_request_free(world.cedar);
		assert_int_equal(cedar_request_new(NULL, &world.cedar), ERR_NONE);
		arena_deinit(&world.arena);
		fault_arm(n, FAULT_ONCE);
		ask_operation(&world);
		fired = fault_disarm();
		if (fired) {
			assert_int_equal(world.decision.source, DECISION_FROM_RESOURCES);
			world_commit(&world);
			assert_non_null(records_find_id(world.records, id,
							clock_boot_ms(&world.clock.clock)));
		}
	}
	assert_int_equal(world.decision.verdict, DECISION_ALLOW);
	world_commit(&world);
	assert_int_equal(records_count(world.records), 1);
	world_deinit(&world);
}

static void in_the_steady_state_nothing_is_taken_from_the_heap(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world_set_policy(&world, policy, 1);
	world_ask_user(&world);
	world_commit(&world);
	ask_operation(&world);
	fault_arm(0, FAULT_STICKY);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(world_ask_user(&world)->verdict, DECISION_ALLOW);
		world_commit(&world);
		assert_int_equal(ask_operation(&world)->verdict, DECISION_ALLOW);
		world_commit(&world);
		assert_int_equal(world_ask_quota(&world)->verdict, DECISION_ALLOW);
		world_commit(&world);
	}
	assert_false(fault_disarm());
	world_deinit(&world);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_denied_when_memory_runs_out),
		cmocka_unit_test(an_operation_is_denied_when_memory_runs_out),
		cmocka_unit_test(a_quota_is_denied_when_memory_runs_out),
		cmocka_unit_test(a_question_that_spends_its_arena_is_denied),
		cmocka_unit_test(a_context_that_does_not_fit_is_denied),
		cmocka_unit_test(a_record_survives_denials_for_lack_of_memory),
		cmocka_unit_test(in_the_steady_state_nothing_is_taken_from_the_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
