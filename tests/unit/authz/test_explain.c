/* Recorded decisions, read again and explained: what is told is what was decided. */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "authz/explain.h"
#include "support/fault.h"
#include "world.h"

enum { RANDOM_DECISIONS = 10000 };

static const char *const sids[] = {HELPDESK, ADMINS, "S-1-5-32-545", "S-1-5-11", "S-1-5-32-580"};

/* Policies of every kind: permits, forbids, conditions on time, errors at run time. */
static const char policies[] =
	"@id(\"helpdesk-connect\") permit(principal in WinRM::Group::\"" HELPDESK "\",\n"
	"  action == WinRM::Action::\"Connect\", resource)\n"
	"  when { context.session.localTime > duration(\"6h\") };\n"
	"@id(\"helpdesk-read\") permit(principal in WinRM::Group::\"" HELPDESK "\",\n"
	"  action in WinRM::Action::\"Read\", resource in WinRM::Resource::\"" WMI "\");\n"
	"@id(\"admins\") permit(principal in WinRM::Group::\"" ADMINS "\", action, resource)\n"
	"  unless { context.session.weekday == \"Sunday\" && !context.session.elevated };\n"
	"@id(\"start\") permit(principal, action == WinRM::Action::\"Invoke\", resource)\n"
	"  when { context has method && context.method == \"startservice\" };\n"
	"@id(\"no-basic\") @deny_message(\"no\") forbid(principal, action, resource)\n"
	"  when { context.session.mechanism == \"basic\" };\n"
	"@id(\"overflow\") forbid(principal, action == WinRM::Action::\"Put\", resource)\n"
	"  when { context.session.url.port + 9223372036854775500 < 0 };\n"
	"@id(\"deny-only\") forbid(principal, action, resource)\n"
	"  when { principal.denyOnlyGroups.contains(WinRM::Group::\"S-1-5-32-580\") };\n";

struct random {
	uint64_t state;
};

static unsigned pick(struct random *random, unsigned count)
{
	random->state = random->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random->state >> 33) % count;
}

/* A sender of random properties. */
static void choose_sender(struct random *random, struct world *world,
			  struct sender_group groups[ARRAY_COUNT(sids)],
			  struct sender_certificate *certificate)
{
	static const char *const mechanisms[] = {"Kerberos", "Negotiate", "Basic",
						 "ClientCertificate"};
	static const char *const names[] = {"CONTOSO\\Alice", "bob@contoso.com", "CN=\xc3\x89va",
					    "o'neill:%"};
	struct sender *sender = &world->sender;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_COUNT(sids); i++) {
		if (pick(random, 3) != 0)
			groups[count++] =
				(struct sender_group){str_from(sids[i]), pick(random, 9) == 0};
	}
	*certificate = (struct sender_certificate){STR("CN=Eva"), STR("Eva"), STR("CN=CA"),
						   STR("ABCDEF01")};
	*sender = (struct sender){
		.name = str_from(names[pick(random, ARRAY_COUNT(names))]),
		.mechanism = str_from(mechanisms[pick(random, ARRAY_COUNT(mechanisms))]),
		.http_url = pick(random, 4) == 0 ? str_make(NULL, 0)
						 : STR("https://PS.contoso.com/PowerShell?x=1"),
		.has_token = pick(random, 4) != 0,
		.elevated = pick(random, 2) != 0,
		.certificate = certificate,
	};
	if (sender->has_token) {
		sender->user_sid = pick(random, 2) != 0 ? STR(ALICE) : STR(BOB);
		sender->groups = groups;
		sender->group_count = count;
	}
}

static const struct decision *ask_something(struct random *random, struct world *world)
{
	static const char *const actions[] = {TRANSFER "/Get", TRANSFER "/Put",
					      WMI "/Win32_Service/StartService",
					      WMI "/Win32_Service/StopService", ENUMERATE};
	static const char *const resources[] = {WMI "/Win32_Service?Name=Spooler", CMD,
						"http://schemas.microsoft.com/wbem/wsman/1/config"};

	fake_clock_advance_ms(&world->clock, pick(random, 600000));
	switch (pick(random, 4)) {
	case 0: return world_ask_user(world);
	case 1: return world_ask_quota(world);
	default:
		return world_ask_operation(world, actions[pick(random, ARRAY_COUNT(actions))],
					   resources[pick(random, ARRAY_COUNT(resources))]);
	}
}

static bool is_from(const struct audit_row *row, const char *source)
{
	return str_equal(row->source, str_from(source));
}

/* What was told must be what the policies came to. */
static void check_explanation(const struct explanation *explanation, const struct audit_row *row)
{
	const struct explained_list *determining = &explanation->determining;

	assert_true(explanation->is_evaluated);
	if (!explanation->agrees)
		fail_msg("decision by %.*s: the explanation says %s", STR_ARGS(row->source),
			 decision_source_text(explanation->decision.source));
	for (size_t i = 0; i < determining->count; i++)
		assert_int_equal(determining->items[i].trace.traced, CEDAR_TRACED_SATISFIED);
	for (size_t i = 0; i < explanation->erring.count; i++) {
		assert_int_equal(explanation->erring.items[i].trace.traced, CEDAR_TRACED_ERROR);
		assert_int_equal(explanation->erring.items[i].trace.error,
				 explanation->decision.errors[i].kind);
		assert_int_equal(explanation->erring.items[i].trace.clauses[0].offset,
				 explanation->decision.errors[i].offset);
	}
	for (size_t i = 0; i < explanation->nearest.count; i++) {
		const struct explained_policy *policy = &explanation->nearest.items[i];

		assert_int_equal(policy->info->effect, CEDAR_PERMIT);
		assert_int_not_equal(policy->trace.traced, CEDAR_TRACED_SATISFIED);
		assert_true(policy->trace.clause_count != 0);
	}
	if (is_from(row, "default"))
		assert_true(explanation->nearest.count != 0);
	if (!is_from(row, "record")) {
		assert_int_equal(determining->count, row->policies.count);
		assert_int_equal(explanation->erring.count, row->erring.count);
	}
}

static void explain(struct world *world, const struct audit_row *row,
		    struct explanation *explanation, struct arena *arena)
{
	struct explain_options options = {.settings = &world->settings, .nearest = 3};

	assert_int_equal(explain_decision(explanation, arena, world->snapshot, row, &options),
			 ERR_NONE);
}

static void explanations_agree_with_ten_thousand_random_decisions(void **state)
{
	struct sender_group groups[ARRAY_COUNT(sids)];
	struct sender_certificate certificate;
	struct random random = {1};
	struct world world;
	struct arena arena;
	unsigned verdicts[3] = {0}, records = 0, defaults = 0, errors = 0;

	(void)state;
	world_init(&world);
	world_set_policy(&world, policies, 1);
	arena_init(&arena, 65536, SIZE_MAX);
	for (int i = 0; i < RANDOM_DECISIONS; i++) {
		struct explanation explanation;
		struct audit_row row;

		if (i == 0 || pick(&random, 3) == 0)
			choose_sender(&random, &world, groups, &certificate);
		(void)records_expire(world.records, clock_boot_ms(&world.clock.clock));
		row = decision_audit_row(ask_something(&random, &world));
		arena_reset(&arena, (struct arena_mark){0});
		explain(&world, &row, &explanation, &arena);
		check_explanation(&explanation, &row);
		verdicts[row.verdict]++;
		records += is_from(&row, "record");
		defaults += is_from(&row, "default");
		errors += is_from(&row, "policy_error");
		world_commit(&world);
	}
	/* The decisions were of all kinds. */
	assert_true(verdicts[AUDIT_ALLOW] > 1000 && verdicts[AUDIT_DENY] > 1000);
	assert_true(records > 50 && defaults > 500 && errors > 20);
	arena_deinit(&arena);
	world_deinit(&world);
}

static struct audit_row ask_as_helpdesk(struct world *world)
{
	world_init(world);
	world_set_policy(world,
			 "@id(\"read\") permit(principal in WinRM::Group::\"" HELPDESK "\",\n"
			 "  action in WinRM::Action::\"Read\", resource)\n"
			 "  when { context.session.mechanism == \"negotiate\" };\n"
			 "@id(\"connect\") permit(principal, action == "
			 "WinRM::Action::\"Connect\", resource);\n",
			 4);
	return decision_audit_row(world_ask_operation(world, TRANSFER "/Get", WMI));
}

static void a_denial_names_the_permit_that_came_nearest(void **state)
{
	struct explanation explanation;
	const struct cedar_clause *clause;
	struct audit_row row;
	struct arena arena;
	struct world world;

	(void)state;
	row = ask_as_helpdesk(&world);
	arena_init(&arena, 4096, SIZE_MAX);
	explain(&world, &row, &explanation, &arena);
	assert_int_equal(explanation.asked, ACTION_GET);
	assert_int_equal(explanation.determining.count, 0);
	assert_str_equal(explanation.nearest.items[0].info->id, "read");
	clause = &explanation.nearest.items[0].trace.clauses[0];
	assert_str_equal(clause->text, "context.session.mechanism == \"negotiate\"");
	assert_int_equal(clause->line, 3);
	assert_str_equal(clause->operands[0].value, "\"kerberos\"");
	arena_deinit(&arena);
	world_deinit(&world);
}

static void what_nobody_let_in_asked_for_is_explained_by_connect(void **state)
{
	struct explanation explanation;
	struct audit_row row;
	struct arena arena;
	struct world world;

	(void)state;
	world_init(&world);
	world_set_policy(&world, "permit(principal, action in WinRM::Action::\"Read\", resource);",
			 1);
	row = decision_audit_row(world_ask_operation(&world, TRANSFER "/Get", WMI));
	arena_init(&arena, 4096, SIZE_MAX);
	explain(&world, &row, &explanation, &arena);
	assert_true(explanation.agrees);
	assert_int_equal(explanation.asked, ACTION_CONNECT);
	arena_deinit(&arena);
	world_deinit(&world);
}

static void another_policy_is_found_not_to_agree(void **state)
{
	struct explanation explanation;
	struct audit_row row;
	struct arena arena;
	struct world world;

	(void)state;
	row = ask_as_helpdesk(&world);
	arena_init(&arena, 4096, SIZE_MAX);
	world_set_policy(&world, "permit(principal, action, resource);", 5);
	explain(&world, &row, &explanation, &arena);
	assert_false(explanation.agrees);
	arena_deinit(&arena);
	world_deinit(&world);
}

/* Recorded questions. */

static void check_refused(const struct audit_row *row)
{
	struct recorded recorded;
	struct arena arena;

	arena_init(&arena, 4096, SIZE_MAX);
	assert_int_equal(recorded_read(&recorded, &arena, row), ERR_INVALID);
	arena_deinit(&arena);
}

static void a_row_that_reads_otherwise_is_refused(void **state)
{
	struct audit_row row, changed;
	struct world world;

	(void)state;
	row = ask_as_helpdesk(&world);
	changed = row;
	changed.context = STR("");
	check_refused(&changed);
	changed.context = STR("{\"session\":[]}");
	check_refused(&changed);
	changed.context = STR("{\"session\":{\"hasToken\":1}}");
	check_refused(&changed);
	changed.context = STR("no JSON");
	check_refused(&changed);
	changed = row;
	changed.mechanism = STR("Basic");
	check_refused(&changed);
	changed = row;
	changed.principal = STR("S-1-5-021");
	check_refused(&changed);
	changed = row;
	changed.deny_only_groups = row.groups;
	check_refused(&changed);
	changed = row;
	changed.action = STR("Put");
	check_refused(&changed);
	changed = row;
	changed.resource_uri = STR("http://a/../b");
	check_refused(&changed);
	changed = row;
	changed.user = STR("CONTOSO\\[masked]");
	check_refused(&changed);
	changed = row;
	changed.resource_uri = STR(WMI "/[masked]?a=b");
	check_refused(&changed);
	world_deinit(&world);
}

static void masked_selectors_are_no_matter(void **state)
{
	struct recorded recorded;
	struct audit_row row;
	struct arena arena;
	struct world world;

	(void)state;
	row = ask_as_helpdesk(&world);
	row.resource_uri = STR(WMI "?token=[masked]");
	arena_init(&arena, 4096, SIZE_MAX);
	assert_int_equal(recorded_read(&recorded, &arena, &row), ERR_NONE);
	arena_deinit(&arena);
	world_deinit(&world);
}

static bool explain_with_fault(uint64_t n, enum fault_mode mode)
{
	struct explain_options options = {.nearest = 3};
	struct explanation explanation;
	struct audit_row row;
	struct arena arena;
	struct world world;
	enum error error;
	bool fired;

	row = ask_as_helpdesk(&world);
	options.settings = &world.settings;
	arena_init(&arena, 256, SIZE_MAX);
	fault_arm(n, mode);
	error = explain_decision(&explanation, &arena, world.snapshot, &row, &options);
	fired = fault_disarm();
	assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
	if (!fired)
		assert_true(explanation.agrees);
	arena_deinit(&arena);
	world_deinit(&world);
	return fired;
}

static void it_says_so_when_memory_runs_out(void **state)
{
	uint64_t n;

	(void)state;
	for (n = 0; explain_with_fault(n, FAULT_ONCE); n++)
		continue;
	assert_true(n > 5);
	for (n = 0; explain_with_fault(n, FAULT_STICKY); n++)
		continue;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explanations_agree_with_ten_thousand_random_decisions),
		cmocka_unit_test(a_denial_names_the_permit_that_came_nearest),
		cmocka_unit_test(what_nobody_let_in_asked_for_is_explained_by_connect),
		cmocka_unit_test(another_policy_is_found_not_to_agree),
		cmocka_unit_test(a_row_that_reads_otherwise_is_refused),
		cmocka_unit_test(masked_selectors_are_no_matter),
		cmocka_unit_test(it_says_so_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
