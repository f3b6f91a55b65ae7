/* What is told of a policy that applied, did not, or failed. */
#include "support/cmocka.h"

#include <stdio.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "cedar/nearest.h"
#include "cedar/trace.h"
#include "support/fault.h"

enum { TEXT_MAX = 8192 };

/* A principal U::"a" in G::"g", the action Action::"x", the resource R::"r" in R::"top", and a
 * context of one attribute of each type. */
struct stage {
	struct cedar_engine *engine;
	struct cedar_request *request;
	struct arena arena;
	struct cedar_diags diags;
};

static enum cedar_resolution resolve(void *arg, struct str type, struct str id, struct str *out)
{
	(void)arg;
	(void)type;
	if (!str_equal(id, STR("Helpdesk")))
		return CEDAR_NAME_KEPT;
	*out = STR("S-1");
	return CEDAR_NAME_REPLACED;
}

static void ask(struct stage *stage)
{
	struct cedar_request *request = stage->request;
	struct cedar_value numbers[] = {cedar_long(2), cedar_long(1)};
	struct cedar_attr name, inner = {STR("deep"), cedar_bool(true)};
	cedar_uid user, group, resource, top;
	struct cedar_answer answer;
	struct cedar_value record;

	cedar_request_begin(request, stage->engine);
	user = cedar_request_uid(request, STR("U"), STR("a"));
	group = cedar_request_uid(request, STR("G"), STR("g"));
	resource = cedar_request_uid(request, STR("R"), STR("r"));
	top = cedar_request_uid(request, STR("R"), STR("top"));
	name = (struct cedar_attr){STR("name"), cedar_string(request, STR("ann"))};
	cedar_request_entity(request, user, &name, 1, &group, 1);
	cedar_request_entity(request, resource, NULL, 0, &top, 1);
	record = cedar_record(request, &inner, 1);
	struct cedar_attr attrs[] = {
		{STR("i"), cedar_long(7)},
		{STR("text"), cedar_string(request, STR("some text"))},
		{STR("yes"), cedar_bool(true)},
		{STR("no"), cedar_bool(false)},
		{STR("record"), record},
		{STR("set"), cedar_set(request, numbers, ARRAY_COUNT(numbers))},
		{STR("time"), cedar_datetime(INT64_C(1767225600123))},
		{STR("lapse"), cedar_duration(-90061001)},
		{STR("address"), cedar_ipaddr(request, STR("10.1.2.0/24"))},
		{STR("max"), cedar_long(INT64_MAX)},
		{STR("price"), cedar_decimal(-12345)},
	};

	cedar_request_ask(request, user, cedar_request_uid(request, STR("Action"), STR("x")),
			  resource, cedar_record(request, attrs, ARRAY_COUNT(attrs)));
	assert_int_equal(cedar_authorize(request, &answer), ERR_NONE);
}

static void open_stage(struct stage *stage, const char *policies)
{
	const struct cedar_resolver resolver = {resolve, NULL};

	*stage = (struct stage){.engine = NULL};
	arena_init(&stage->arena, 4096, SIZE_MAX);
	cedar_diags_init(&stage->diags);
	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &stage->engine), ERR_NONE);
	cedar_engine_set_resolver(stage->engine, resolver);
	if (cedar_engine_add_policies(stage->engine, STR("test"), str_from(policies),
				      CEDAR_IDS_FROM_ANNOTATION, &stage->diags) != ERR_NONE)
		fail_msg("%s: %.*s", policies, STR_ARGS(stage->diags.first->message));
	assert_int_equal(cedar_engine_seal(stage->engine, &stage->diags), ERR_NONE);
	assert_int_equal(cedar_request_new(NULL, &stage->request), ERR_NONE);
	ask(stage);
}

static void close_stage(struct stage *stage)
{
	cedar_request_free(stage->request);
	cedar_engine_free(stage->engine);
	cedar_diags_deinit(&stage->diags);
	arena_deinit(&stage->arena);
}

/* A trace as one text: what came of it, and for each clause its value, text and operands:
 * "condition; false: context.i == 8 [context.i: 7]". */
static void print_trace(struct buf *out, const struct cedar_trace *trace)
{
	static const char *const words[] = {
		[CEDAR_TRACED_SATISFIED] = "applies",
		[CEDAR_TRACED_SCOPE] = "scope",
		[CEDAR_TRACED_CONDITION] = "condition",
		[CEDAR_TRACED_ERROR] = "error",
	};

	buf_append_str(out, str_from(words[trace->traced]));
	if (trace->traced == CEDAR_TRACED_ERROR)
		buf_printf(out, " (%s)", cedar_eval_error_text(trace->error));
	for (size_t i = 0; i < trace->clause_count; i++) {
		const struct cedar_clause *clause = &trace->clauses[i];

		buf_printf(out, "; %s: %.*s", clause->value ? "true" : "false",
			   STR_ARGS(clause->text));
		for (size_t k = 0; k < clause->operand_count; k++)
			buf_printf(out, "%s%.*s: %.*s", k == 0 ? " [" : ", ",
				   STR_ARGS(clause->operands[k].text),
				   STR_ARGS(clause->operands[k].value));
		if (clause->operand_count != 0)
			buf_append_byte(out, ']');
	}
}

static void check_policy(const char *policy, const char *expected)
{
	struct cedar_trace trace;
	struct stage stage;
	struct buf text;

	open_stage(&stage, policy);
	buf_init(&text, TEXT_MAX);
	assert_int_equal(cedar_trace(stage.request, 0, &stage.arena, &trace), ERR_NONE);
	print_trace(&text, &trace);
	if (!str_equal(buf_str(&text), str_from(expected)))
		fail_msg("%s\n  gives    %s\n  expected %s", policy, buf_text(&text), expected);
	buf_deinit(&text);
	close_stage(&stage);
}

struct sample {
	const char *condition, *expected;
};

static void check_conditions(const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char policy[TEXT_MAX];

		(void)snprintf(policy, sizeof(policy), "permit(principal, action, resource) %s;",
			       samples[i].condition);
		check_policy(policy, samples[i].expected);
	}
}

static void a_false_comparison_is_told_with_its_values(void **state)
{
	static const struct sample samples[] = {
		{"when { context.i == 8 }", "condition; false: context.i == 8 [context.i: 7]"},
		{"when { 8 == context.i }", "condition; false: 8 == context.i [context.i: 7]"},
		{"when { context.i != 7 }", "condition; false: context.i != 7 [context.i: 7]"},
		{"when { context.i < 7 }", "condition; false: context.i < 7 [context.i: 7]"},
		{"when { context.i > 7 }", "condition; false: context.i > 7 [context.i: 7]"},
		{"when { context.i >= 8 }", "condition; false: context.i >= 8 [context.i: 7]"},
		{"when { context.i <= 6 }", "condition; false: context.i <= 6 [context.i: 7]"},
		{"when { context.text like \"*x\" }",
		 "condition; false: context.text like \"*x\" [context.text: \"some text\"]"},
		{"when { context.no }", "condition; false: context.no"},
		{"when { false }", "condition; false: false"},
		{"when { principal.name == context.text }",
		 "condition; false: principal.name == context.text "
		 "[principal.name: \"ann\", context.text: \"some text\"]"},
		{"when { context.record.deep == false }",
		 "condition; false: context.record.deep == false [context.record.deep: true]"},
		{"when { context.set.contains(3) }",
		 "condition; false: context.set.contains(3) [context.set: [1, 2]]"},
		{"when { context.i + 1 == 9 }",
		 "condition; false: context.i + 1 == 9 [context.i + 1: 8, context.i: 7]"},
		{"when { context.time.toTime() == duration(\"1h\") }",
		 "condition; false: context.time.toTime() == duration(\"1h\") "
		 "[context.time.toTime(): duration(\"123ms\"), "
		 "context.time: datetime(\"2026-01-01T00:00:00.123Z\")]"},
		{"when { context.lapse > duration(\"0s\") }",
		 "condition; false: context.lapse > duration(\"0s\") "
		 "[context.lapse: duration(\"-1d1h1m1s1ms\")]"},
		{"when { context.address.isInRange(ip(\"11.0.0.0/8\")) }",
		 "condition; false: context.address.isInRange(ip(\"11.0.0.0/8\")) "
		 "[context.address: ip(\"10.1.2.0/24\")]"},
		{"when { context.price.greaterThan(decimal(\"0.5\")) }",
		 "condition; false: context.price.greaterThan(decimal(\"0.5\")) "
		 "[context.price: decimal(\"-1.2345\")]"},
		{"when { context.i == context.i && context.i + context.i == 15 }",
		 "condition; false: context.i + context.i == 15 "
		 "[context.i + context.i: 14, context.i: 7]"},
	};

	(void)state;
	check_conditions(samples, ARRAY_COUNT(samples));
}

static void the_operand_that_decided_is_told(void **state)
{
	static const struct sample samples[] = {
		{"when { context.yes && context.i == 8 && context.no }",
		 "condition; false: context.i == 8 [context.i: 7]"},
		{"when { (context.no || context.i == 8) && context.yes }",
		 "condition; false: context.no; false: context.i == 8 [context.i: 7]"},
		{"when { !context.yes }", "condition; true: context.yes"},
		{"when { !(context.no || context.i == 7) }",
		 "condition; true: context.i == 7 [context.i: 7]"},
		{"when { !(context.yes && context.i == 7) }",
		 "condition; true: context.yes; true: context.i == 7 [context.i: 7]"},
		{"when { if context.yes then context.i == 8 else context.yes }",
		 "condition; false: context.i == 8 [context.i: 7]"},
		{"when { if context.no then context.yes else context.i == 8 }",
		 "condition; false: context.i == 8 [context.i: 7]"},
		{"when { !(if context.no then context.no else context.i == 7) }",
		 "condition; true: context.i == 7 [context.i: 7]"},
		{"when { context.yes } when { context.i == 8 }",
		 "condition; false: context.i == 8 [context.i: 7]"},
	};

	(void)state;
	check_conditions(samples, ARRAY_COUNT(samples));
}

static void an_unless_is_told_by_what_was_true(void **state)
{
	static const struct sample samples[] = {
		{"unless { context.i == 7 }", "condition; true: context.i == 7 [context.i: 7]"},
		{"unless { context.i != 8 }", "condition; true: context.i != 8 [context.i: 7]"},
		{"unless { context.i > 6 }", "condition; true: context.i > 6 [context.i: 7]"},
		{"unless { !context.no }", "condition; false: context.no"},
		{"unless { context.no || context.yes }", "condition; true: context.yes"},
		{"when { context.yes } unless { context.yes && context.i == 7 }",
		 "condition; true: context.yes; true: context.i == 7 [context.i: 7]"},
		{"when { context.yes } unless { context.no }",
		 "applies; true: context.yes; false: context.no"},
		{"unless { context.i == 8 }", "applies; false: context.i == 8 [context.i: 7]"},
	};

	(void)state;
	check_conditions(samples, ARRAY_COUNT(samples));
}

static void an_error_is_told_with_the_expression_that_failed(void **state)
{
	static const struct sample samples[] = {
		{"when { context.i + context.max > 0 }",
		 "error (integer overflow); false: context.i + context.max "
		 "[context.i: 7, context.max: 9223372036854775807]"},
		{"when { context.yes && context.record.other == 1 }",
		 "error (attribute not found); false: context.record.other "
		 "[context.record: {deep: true}]"},
		{"when { context.text < 1 }",
		 "error (type error); false: context.text < 1 [context.text: \"some text\"]"},
		{"unless { principal.other }",
		 "error (attribute not found); false: principal.other [principal: U::\"a\"]"},
	};

	(void)state;
	check_conditions(samples, ARRAY_COUNT(samples));
}

static void scope_elements_that_do_not_match_are_told(void **state)
{
	(void)state;
	check_policy("permit(principal == U::\"b\", action, resource in R::\"other\") "
		     "when { context.no };",
		     "scope; false: principal == U::\"b\" [principal: U::\"a\"]; "
		     "false: resource in R::\"other\" [resource: R::\"r\"]");
	check_policy("permit(principal is G, action in [Action::\"y\", Action::\"z\"], resource);",
		     "scope; false: principal is G [principal: U::\"a\"]; "
		     "false: action in [Action::\"y\", Action::\"z\"] [action: Action::\"x\"]");
	check_policy("permit(principal in G::\"Helpdesk\", action, resource);",
		     "scope; false: principal in G::\"Helpdesk\" [principal: U::\"a\", "
		     "G::\"Helpdesk\": G::\"S-1\"]");
	check_policy("permit(principal, action in [], resource);",
		     "scope; false: action in [] [action: Action::\"x\"]");
	check_policy("permit(principal in G::\"g\", action, resource in R::\"top\");",
		     "applies; true: principal in G::\"g\" [principal: U::\"a\"]; "
		     "true: resource in R::\"top\" [resource: R::\"r\"]");
}

/* Leading conjuncts like those of a scope have no code of their own. */
static void conjuncts_that_joined_the_scope_are_told_where_they_stand(void **state)
{
	(void)state;
	check_policy("permit(principal, action, resource) "
		     "when { principal in G::\"Helpdesk\" && context.no };",
		     "scope; false: principal in G::\"Helpdesk\" [principal: U::\"a\", "
		     "G::\"Helpdesk\": G::\"S-1\"]");
	check_policy("permit(principal, action, resource) "
		     "when { principal in G::\"g\" && principal in G::\"Helpdesk\" };",
		     "condition; false: principal in G::\"Helpdesk\" [principal: U::\"a\", "
		     "G::\"Helpdesk\": G::\"S-1\"]");
	check_policy("permit(principal, action, resource) "
		     "when { principal in G::\"g\" } when { resource == R::\"r\" && context.yes };",
		     "applies; true: principal in G::\"g\" [principal: U::\"a\"]; "
		     "true: resource == R::\"r\" [resource: R::\"r\"]; true: context.yes");
	check_policy("permit(principal, action, resource) "
		     "when { context.yes && principal is U in G::\"Helpdesk\" };",
		     "condition; false: principal is U in G::\"Helpdesk\" [principal: U::\"a\", "
		     "G::\"Helpdesk\": G::\"S-1\"]");
}

static void policies_that_share_code_are_told_in_their_own_words(void **state)
{
	static const char policies[] = "@id(\"one\") permit(principal, action, resource)\n"
				       "  when { context.i == 8 };\n"
				       "@id(\"two\")\n"
				       "permit(principal, action == Action::\"x\", resource)\n"
				       "  when { context.i == 8 };\n";
	struct cedar_trace trace;
	struct stage stage;

	(void)state;
	open_stage(&stage, policies);
	assert_int_equal(cedar_trace(stage.request, 1, &stage.arena, &trace), ERR_NONE);
	assert_int_equal(trace.clause_count, 1);
	assert_str_equal(trace.clauses[0].text, "context.i == 8");
	assert_int_equal(trace.clauses[0].line, 5);
	assert_int_equal(trace.clauses[0].column, 10);
	assert_int_equal(cedar_trace(stage.request, 0, &stage.arena, &trace), ERR_NONE);
	assert_int_equal(trace.clauses[0].line, 2);
	close_stage(&stage);
}

static void a_clause_of_the_first_line_knows_its_column(void **state)
{
	struct cedar_trace trace;
	struct stage stage;

	(void)state;
	open_stage(&stage, "   permit(principal, action, resource) when { context.no };");
	assert_int_equal(cedar_trace(stage.request, 0, &stage.arena, &trace), ERR_NONE);
	assert_int_equal(trace.clauses[0].line, 1);
	assert_int_equal(trace.clauses[0].column, 47);
	close_stage(&stage);
}

static void a_link_is_told_with_what_its_slots_stand_for(void **state)
{
	const struct cedar_link link = {
		STR("t"), STR("l"), {{STR("?principal"), STR("G"), STR("Helpdesk")}}, 1};
	const struct cedar_resolver resolver = {resolve, NULL};
	struct stage stage = {.engine = NULL};
	struct cedar_trace trace;
	struct buf text;

	(void)state;
	arena_init(&stage.arena, 4096, SIZE_MAX);
	cedar_diags_init(&stage.diags);
	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &stage.engine), ERR_NONE);
	cedar_engine_set_resolver(stage.engine, resolver);
	assert_int_equal(
		cedar_engine_add_policies(stage.engine, STR("test"),
					  STR("@id(\"t\") permit(principal in ?principal, action, "
					      "resource);"),
					  CEDAR_IDS_FROM_ANNOTATION, &stage.diags),
		ERR_NONE);
	assert_int_equal(cedar_engine_link(stage.engine, &link, &stage.diags), ERR_NONE);
	assert_int_equal(cedar_engine_seal(stage.engine, &stage.diags), ERR_NONE);
	assert_int_equal(cedar_request_new(NULL, &stage.request), ERR_NONE);
	ask(&stage);
	buf_init(&text, TEXT_MAX);
	assert_int_equal(cedar_trace(stage.request, 0, &stage.arena, &trace), ERR_NONE);
	print_trace(&text, &trace);
	assert_string_equal(buf_text(&text), "scope; false: principal in ?principal "
					     "[principal: U::\"a\", ?principal: G::\"S-1\"]");
	buf_deinit(&text);
	close_stage(&stage);
}

static void a_long_value_is_cut_between_characters(void **state)
{
	char policy[4 * CEDAR_TRACE_VALUE_BYTES];
	struct cedar_trace trace;
	struct stage stage;
	struct str value;
	size_t length;

	(void)state;
	length = (size_t)snprintf(policy, sizeof(policy),
				  "permit(principal, action, resource) when { "
				  "[context.text, \"a");
	for (int i = 0; i < CEDAR_TRACE_VALUE_BYTES; i++)
		length += (size_t)snprintf(policy + length, sizeof(policy) - length, "\xc3\xa9");
	(void)snprintf(policy + length, sizeof(policy) - length, "\"] == [] };");
	open_stage(&stage, policy);
	assert_int_equal(cedar_trace(stage.request, 0, &stage.arena, &trace), ERR_NONE);
	assert_int_equal(trace.clause_count, 1);
	value = trace.clauses[0].operands[0].value;
	assert_true(value.length <= CEDAR_TRACE_VALUE_BYTES);
	assert_true(value.length >= CEDAR_TRACE_VALUE_BYTES - 4);
	assert_true(str_ends_with(value, STR("..")));
	close_stage(&stage);
}

static void no_more_clauses_are_told_than_the_bound(void **state)
{
	char policy[TEXT_MAX] = "permit(principal, action, resource) when { context.no";
	size_t length = strlen(policy);
	struct cedar_trace trace;
	struct stage stage;

	(void)state;
	for (int i = 0; i < CEDAR_TRACE_CLAUSES; i++)
		length += (size_t)snprintf(policy + length, sizeof(policy) - length,
					   " || context.i == %d", 100 + i);
	(void)snprintf(policy + length, sizeof(policy) - length, " };");
	open_stage(&stage, policy);
	assert_int_equal(cedar_trace(stage.request, 0, &stage.arena, &trace), ERR_NONE);
	assert_int_equal(trace.clause_count, CEDAR_TRACE_CLAUSES);
	close_stage(&stage);
}

static void there_is_no_policy_beyond_the_last(void **state)
{
	struct cedar_trace trace;
	struct stage stage;

	(void)state;
	open_stage(&stage, "permit(principal, action, resource);");
	assert_int_equal(cedar_trace(stage.request, 1, &stage.arena, &trace), ERR_NOT_FOUND);
	close_stage(&stage);
}

/* Nearest permits. */

static void the_nearest_permits_come_first(void **state)
{
	static const char policies[] =
		"@id(\"far\") permit(principal == U::\"b\", action == Action::\"y\", resource == "
		"R::\"q\");\n"
		"@id(\"resource\") permit(principal in G::\"g\", action == Action::\"x\", resource "
		"== R::\"q\");\n"
		"@id(\"no\") forbid(principal, action, resource) when { context.no };\n"
		"@id(\"two\") permit(principal in G::\"g\", action == Action::\"y\", resource == "
		"R::\"q\");\n"
		"@id(\"condition\") permit(principal, action, resource) when { context.no };\n"
		"@id(\"vague\") permit(principal in G::\"h\", action, resource in R::\"top\");\n";
	static const char *const expected[] = {"condition", "resource", "vague"};
	uint32_t policies_found[8];
	struct stage stage;

	(void)state;
	open_stage(&stage, policies);
	assert_int_equal(cedar_nearest_permits(stage.request, policies_found, 8), 3);
	for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
		assert_str_equal(cedar_policy_at(stage.engine, policies_found[i])->id, expected[i]);
	assert_int_equal(cedar_nearest_permits(stage.request, policies_found, 1), 1);
	assert_str_equal(cedar_policy_at(stage.engine, policies_found[0])->id, "condition");
	assert_int_equal(cedar_nearest_permits(stage.request, policies_found, 0), 0);
	close_stage(&stage);
}

static void permits_that_lack_more_are_shown_when_no_other_is_there(void **state)
{
	uint32_t found[2];
	struct stage stage;

	(void)state;
	open_stage(&stage, "permit(principal in G::\"g\", action == Action::\"y\", resource == "
			   "R::\"q\");");
	assert_int_equal(cedar_nearest_permits(stage.request, found, 2), 1);
	close_stage(&stage);
}

/* Memory. */

static bool trace_with_fault(uint64_t n, enum fault_mode mode)
{
	struct cedar_trace trace;
	struct stage stage;
	enum error error;
	bool fired;

	open_stage(&stage, "permit(principal in G::\"g\", action, resource) when { context.yes && "
			   "[context.i, 8].containsAll([context.i + 1, 9]) };");
	arena_deinit(&stage.arena);
	arena_init(&stage.arena, 256, SIZE_MAX);
	fault_arm(n, mode);
	error = cedar_trace(stage.request, 0, &stage.arena, &trace);
	fired = fault_disarm();
	if (fired && error != ERR_NONE)
		assert_int_equal(error, ERR_NO_MEMORY);
	if (!fired) {
		assert_int_equal(error, ERR_NONE);
		assert_int_equal(trace.traced, CEDAR_TRACED_CONDITION);
		assert_int_equal(trace.clause_count, 1);
	}
	close_stage(&stage);
	return fired;
}

static void it_says_so_when_memory_runs_out(void **state)
{
	uint64_t n;

	(void)state;
	for (n = 0; trace_with_fault(n, FAULT_ONCE); n++)
		continue;
	assert_true(n > 1);
	for (n = 0; trace_with_fault(n, FAULT_STICKY); n++)
		continue;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_false_comparison_is_told_with_its_values),
		cmocka_unit_test(the_operand_that_decided_is_told),
		cmocka_unit_test(an_unless_is_told_by_what_was_true),
		cmocka_unit_test(an_error_is_told_with_the_expression_that_failed),
		cmocka_unit_test(scope_elements_that_do_not_match_are_told),
		cmocka_unit_test(conjuncts_that_joined_the_scope_are_told_where_they_stand),
		cmocka_unit_test(policies_that_share_code_are_told_in_their_own_words),
		cmocka_unit_test(a_clause_of_the_first_line_knows_its_column),
		cmocka_unit_test(a_link_is_told_with_what_its_slots_stand_for),
		cmocka_unit_test(a_long_value_is_cut_between_characters),
		cmocka_unit_test(no_more_clauses_are_told_than_the_bound),
		cmocka_unit_test(there_is_no_policy_beyond_the_last),
		cmocka_unit_test(the_nearest_permits_come_first),
		cmocka_unit_test(permits_that_lack_more_are_shown_when_no_other_is_there),
		cmocka_unit_test(it_says_so_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
