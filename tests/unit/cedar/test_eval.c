/*
 * Expressions and what they come to. Each is the condition of a permit that is asked once; the
 * environment is that of environment().
 */
#include "support/cmocka.h"

#include <stdio.h>

#include "base/attributes.h"
#include "cedar/engine.h"

enum { TEXT_MAX = 4096 };

/* Outcomes beside the kinds of error, which stand for themselves. */
enum { IS_FALSE = -2, IS_TRUE = -1 };

struct expression {
	const char *text;
	int outcome;
};

/* U::"a" with attributes, tags and the parent G::"g", which is below G::"h"; the latter, U::"b" and
 * R::"r" are no entities. */
static void environment(struct cedar_engine *engine)
{
	struct value_builder *b = &engine->builder;
	cedar_uid a = value_build_uid(b, STR("U"), STR("a"));
	cedar_uid other = value_build_uid(b, STR("U"), STR("b"));
	cedar_uid g = value_build_uid(b, STR("G"), STR("g"));
	cedar_uid h = value_build_uid(b, STR("G"), STR("h"));
	struct cedar_value numbers[2] = {cedar_long(1), cedar_long(2)};
	struct cedar_attr x = {STR("x"), cedar_long(1)}, tag = {STR("t"), cedar_bool(true)};
	struct cedar_attr attrs[] = {
		{STR("s"), value_build_set(b, numbers, 2)},
		{STR("r"), value_build_record(b, &x, 1)},
		{STR("e"), value_build_entity(b, other)},
		{STR("self"), value_build_entity(b, a)},
		{STR("n"), cedar_long(5)},
		{STR("if"), cedar_long(6)},
	};
	struct cedar_value record = value_build_record(b, attrs, ARRAY_COUNT(attrs));
	struct cedar_value tags = value_build_record(b, &tag, 1);

	assert_int_equal(b->failed, ERR_NONE);
	assert_int_equal(entity_store_add(&engine->entities, a, value_record(record),
					  value_record(tags), &g, 1),
			 ERR_NONE);
	assert_int_equal(entity_store_add(&engine->entities, g, NULL, NULL, &h, 1), ERR_NONE);
}

static void ask(struct cedar_request *request, const struct cedar_engine *engine,
		struct cedar_answer *answer)
{
	struct cedar_attr inner = {STR("deep"), cedar_bool(true)};
	struct cedar_value record;

	cedar_request_begin(request, engine);
	record = cedar_record(request, &inner, 1);
	struct cedar_attr attrs[] = {
		{STR("i"), cedar_long(7)},
		{STR("max"), cedar_long(INT64_MAX)},
		{STR("min"), cedar_long(INT64_MIN)},
		{STR("text"), cedar_string(request, STR("some text"))},
		{STR("yes"), cedar_bool(true)},
		{STR("record"), record},
		{STR("when"), cedar_datetime(1000)},
		{STR("lapse"), cedar_duration(-59999)},
		{STR("address"), cedar_ipaddr(request, STR("10.1.2.3"))},
	};

	cedar_request_ask(request, cedar_request_uid(request, STR("U"), STR("a")),
			  cedar_request_uid(request, STR("Action"), STR("x")),
			  cedar_request_uid(request, STR("R"), STR("r")),
			  cedar_record(request, attrs, ARRAY_COUNT(attrs)));
	assert_int_equal(cedar_authorize(request, answer), ERR_NONE);
}

static struct cedar_engine *engine_of(const char *policy)
{
	struct cedar_engine *engine = NULL;
	struct cedar_diags diags;

	cedar_diags_init(&diags);
	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &engine), ERR_NONE);
	environment(engine);
	if (cedar_engine_add_policies(engine, STR("test"), str_from(policy), CEDAR_IDS_BY_POSITION,
				      &diags) != ERR_NONE)
		fail_msg("%s: %.*s", policy, STR_ARGS(diags.first->message));
	assert_int_equal(cedar_engine_seal(engine, &diags), ERR_NONE);
	cedar_diags_deinit(&diags);
	return engine;
}

static int outcome_of(const struct cedar_answer *answer)
{
	if (answer->error_count != 0) {
		assert_int_equal(answer->decision, CEDAR_DENY);
		assert_int_equal(answer->error_count, 1);
		return (int)answer->errors[0].kind;
	}
	assert_int_equal(answer->reason_count, answer->decision == CEDAR_ALLOW);
	return answer->decision == CEDAR_ALLOW ? IS_TRUE : IS_FALSE;
}

static void check(const struct expression *cases, size_t count)
{
	struct cedar_request *request = NULL;

	assert_int_equal(cedar_request_new(NULL, &request), ERR_NONE);
	for (size_t i = 0; i < count; i++) {
		char policy[TEXT_MAX];
		struct cedar_engine *engine;
		struct cedar_answer answer;

		(void)snprintf(policy, sizeof(policy),
			       "permit(principal, action, resource) when { %s };", cases[i].text);
		engine = engine_of(policy);
		ask(request, engine, &answer);
		if (outcome_of(&answer) != cases[i].outcome)
			fail_msg("%s: %d instead of %d", cases[i].text, outcome_of(&answer),
				 cases[i].outcome);
		cedar_engine_free(engine);
	}
	cedar_request_free(request);
}

static void logic_is_lazy_and_wants_bools(void **state)
{
	static const struct expression cases[] = {
		{"true", IS_TRUE},
		{"false", IS_FALSE},
		{"1", CEDAR_EVAL_TYPE},
		{"context.yes", IS_TRUE},
		{"context.i", CEDAR_EVAL_TYPE},
		{"!false", IS_TRUE},
		{"!!true", IS_TRUE},
		{"!1", CEDAR_EVAL_TYPE},
		{"true && true", IS_TRUE},
		{"true && false", IS_FALSE},
		{"false && 1", IS_FALSE},
		{"true && 1", CEDAR_EVAL_TYPE},
		{"1 && true", CEDAR_EVAL_TYPE},
		{"1 && false", CEDAR_EVAL_TYPE},
		{"true && true && 1", CEDAR_EVAL_TYPE},
		{"true && 1 && false", CEDAR_EVAL_TYPE},
		{"true && false && 1", IS_FALSE},
		{"false || true", IS_TRUE},
		{"true || 1", IS_TRUE},
		{"false || 1", CEDAR_EVAL_TYPE},
		{"1 || true", CEDAR_EVAL_TYPE},
		{"false || false || true", IS_TRUE},
		{"false || 1 || true", CEDAR_EVAL_TYPE},
		{"false && context.none || true", IS_TRUE},
		{"(true || context.none) && true", IS_TRUE},
		{"(context.none || true) && true", CEDAR_EVAL_NO_ATTRIBUTE},
		{"(true && context.yes) == true", IS_TRUE},
		{"[true && context.i] == [true]", CEDAR_EVAL_TYPE},
		{"if true then true else context.none", IS_TRUE},
		{"if false then context.none else true", IS_TRUE},
		{"if 1 then true else true", CEDAR_EVAL_TYPE},
		{"if true then 1 else true", CEDAR_EVAL_TYPE},
		{"(if context.yes then 1 else 2) == 1", IS_TRUE},
		{"(if !context.yes then 1 else 2) == 2", IS_TRUE},
		{"if context.none then true else true", CEDAR_EVAL_NO_ATTRIBUTE},
		{"(if context.yes then context.i else 2) + (if !context.yes then 1 else 2) == 9",
		 IS_TRUE},
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
}

static void equality_never_fails(void **state)
{
	static const struct expression cases[] = {
		{"1 == 1", IS_TRUE},
		{"1 == true", IS_FALSE},
		{"1 != true", IS_TRUE},
		{"\"a\" == \"a\"", IS_TRUE},
		{"\"a\" == \"A\"", IS_FALSE},
		{"\"\" == \"\"", IS_TRUE},
		{"\"a\\0b\" == \"a\\0c\"", IS_FALSE},
		{"context.text == \"some text\"", IS_TRUE},
		{"\"some text\" == context.text", IS_TRUE},
		{"context.text == context.i", IS_FALSE},
		{"principal == U::\"a\" && 1 == 1", IS_TRUE},
		{"U::\"b\" == principal", IS_FALSE},
		{"principal == V::\"a\"", IS_FALSE},
		{"principal == principal.self", IS_TRUE},
		{"principal.e == U::\"b\"", IS_TRUE},
		{"U::\"unknown\" == U::\"unknown\"", IS_TRUE},
		{"[1, 2] == [2, 1, 1]", IS_TRUE},
		{"principal.s == [2, 1]", IS_TRUE},
		{"principal.s == [2, 1, 3]", IS_FALSE},
		{"[[1], [2]] == [[2], [1], [1, 1]]", IS_TRUE},
		{"[1, true] == [true, 1]", IS_TRUE},
		{"[] == []", IS_TRUE},
		{"[] == {}", IS_FALSE},
		{"{a: 1, b: 2} == {b: 2, a: 1}", IS_TRUE},
		{"{a: 1} == {a: 1, b: 2}", IS_FALSE},
		{"{a: 1} == {b: 1}", IS_FALSE},
		{"principal.r == {x: 1}", IS_TRUE},
		{"principal.r == {\"x\": 1}", IS_TRUE},
		{"context.record == {deep: context.yes}", IS_TRUE},
		{"[context.i, 1] == [1, 7, context.i]", IS_TRUE},
		{"decimal(\"1.0\") == decimal(\"1.0000\")", IS_TRUE},
		{"decimal(\"1.0\") == 1", IS_FALSE},
		{"ip(\"10.0.0.0/24\") == ip(\"10.0.0.1/24\")", IS_FALSE},
		{"ip(\"10.0.0.1/32\") == ip(\"10.0.0.1\")", IS_TRUE},
		{"ip(\"::1/128\") == ip(\"0:0:0:0:0:0:0:1\")", IS_TRUE},
		{"ip(\"::1\") == ip(\"127.0.0.1\")", IS_FALSE},
		{"datetime(\"1970-01-01\") == duration(\"0ms\")", IS_FALSE},
		{"context.when == datetime(\"1970-01-01T00:00:01Z\")", IS_TRUE},
		{"context.none == 1", CEDAR_EVAL_NO_ATTRIBUTE},
		{"1 == context.none", CEDAR_EVAL_NO_ATTRIBUTE},
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
}

static void arithmetic_is_checked(void **state)
{
	static const struct expression cases[] = {
		{"1 + 2 == 3", IS_TRUE},
		{"5 - 7 == -2", IS_TRUE},
		{"2 * 3 * 7 == 42", IS_TRUE},
		{"10 - 3 - 2 == 5", IS_TRUE},
		{"1 + 2 * 3 - 4 == 3", IS_TRUE},
		{"2 --1 == 3", IS_TRUE},
		{"-context.i == -7", IS_TRUE},
		{"- - context.i == 7", IS_TRUE},
		{"context.max + 0 == 9223372036854775807", IS_TRUE},
		{"context.min == -9223372036854775808", IS_TRUE},
		{"context.max + 1 == 0", CEDAR_EVAL_OVERFLOW},
		{"context.min - 1 == 0", CEDAR_EVAL_OVERFLOW},
		{"context.min + -1 == 0", CEDAR_EVAL_OVERFLOW},
		{"0 - context.min == 0", CEDAR_EVAL_OVERFLOW},
		{"-context.min == 0", CEDAR_EVAL_OVERFLOW},
		{"--9223372036854775808 == 0", CEDAR_EVAL_OVERFLOW},
		{"context.min * -1 == 0", CEDAR_EVAL_OVERFLOW},
		{"-1 * context.min == 0", CEDAR_EVAL_OVERFLOW},
		{"context.max * -1 == -9223372036854775807", IS_TRUE},
		{"context.max * 2 == 0", CEDAR_EVAL_OVERFLOW},
		{"context.max * -2 == 0", CEDAR_EVAL_OVERFLOW},
		{"context.min * 2 == 0", CEDAR_EVAL_OVERFLOW},
		{"4611686018427387904 * -2 == context.min", IS_TRUE},
		{"3037000500 * 3037000500 == 0", CEDAR_EVAL_OVERFLOW},
		{"3037000499 * 3037000499 == 9223372030926249001", IS_TRUE},
		{"context.min * 0 == 0", IS_TRUE},
		{"context.max + 1 - 1 == 0", CEDAR_EVAL_OVERFLOW},
		{"1 + true == 2", CEDAR_EVAL_TYPE},
		{"true + 1 == 2", CEDAR_EVAL_TYPE},
		{"1 - \"a\" == 2", CEDAR_EVAL_TYPE},
		{"1 * context.text == 2", CEDAR_EVAL_TYPE},
		{"-context.text == 2", CEDAR_EVAL_TYPE},
		{"true + context.none == 2", CEDAR_EVAL_NO_ATTRIBUTE},
		{"1 + true + context.none == 2", CEDAR_EVAL_TYPE},
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
}

static void order_is_for_numbers_and_times(void **state)
{
	static const struct expression cases[] = {
		{"1 < 2", IS_TRUE},
		{"2 < 1", IS_FALSE},
		{"1 < 1", IS_FALSE},
		{"1 <= 1", IS_TRUE},
		{"2 > 1", IS_TRUE},
		{"1 > 1", IS_FALSE},
		{"1 >= 1", IS_TRUE},
		{"1 >= 2", IS_FALSE},
		{"context.min < context.max", IS_TRUE},
		{"context.when < datetime(\"1970-01-02\")", IS_TRUE},
		{"context.when >= datetime(\"1970-01-01\")", IS_TRUE},
		{"context.lapse < duration(\"0s\")", IS_TRUE},
		{"duration(\"1h\") > duration(\"59m\")", IS_TRUE},
		{"duration(\"60m\") <= duration(\"1h\")", IS_TRUE},
		{"context.when < context.lapse", CEDAR_EVAL_TYPE},
		{"1 < context.when", CEDAR_EVAL_TYPE},
		{"\"a\" < \"b\"", CEDAR_EVAL_TYPE},
		{"false < true", CEDAR_EVAL_TYPE},
		{"decimal(\"1.0\") < decimal(\"2.0\")", CEDAR_EVAL_TYPE},
		{"ip(\"1.1.1.1\") < ip(\"1.1.1.2\")", CEDAR_EVAL_TYPE},
		{"true > context.none", CEDAR_EVAL_NO_ATTRIBUTE},
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
}

static void attributes_and_tags_are_apart(void **state)
{
	static const struct expression cases[] = {
		{"principal.n == 5", IS_TRUE},
		{"principal[\"n\"] == 5", IS_TRUE},
		{"principal[\"if\"] == 6", IS_TRUE},
		{"principal.none == 5", CEDAR_EVAL_NO_ATTRIBUTE},
		{"principal.t", CEDAR_EVAL_NO_ATTRIBUTE},
		{"principal.e.n == 5", CEDAR_EVAL_NO_ENTITY},
		{"resource.n == 5", CEDAR_EVAL_NO_ENTITY},
		{"U::\"a\".n == 5", IS_TRUE},
		{"U::\"z\".n == 5", CEDAR_EVAL_NO_ENTITY},
		{"principal.self.self.n == 5", IS_TRUE},
		{"context.record.deep", IS_TRUE},
		{"context.i.deep", CEDAR_EVAL_TYPE},
		{"{a: {b: 3}}.a.b == 3", IS_TRUE},
		{"{a: 1}.b == 3", CEDAR_EVAL_NO_ATTRIBUTE},
		{"{a: context.i}.a == 7", IS_TRUE},
		{"[1].a", CEDAR_EVAL_TYPE},
		{"principal has n", IS_TRUE},
		{"principal has none", IS_FALSE},
		{"principal has t", IS_FALSE},
		{"principal has \"if\"", IS_TRUE},
		{"resource has n", IS_FALSE},
		{"context has i", IS_TRUE},
		{"context has \"no such\"", IS_FALSE},
		{"context.i has a", CEDAR_EVAL_TYPE},
		{"[] has a", CEDAR_EVAL_TYPE},
		{"context has record.deep", IS_TRUE},
		{"context has record.none", IS_FALSE},
		{"context has none.deep", IS_FALSE},
		{"context has i.deep", CEDAR_EVAL_TYPE},
		{"context has record.deep.more", CEDAR_EVAL_TYPE},
		{"principal has e.n", IS_FALSE},
		{"principal has e.n.more", IS_FALSE},
		{"principal has self.self.n", IS_TRUE},
		{"context.i has a.b", CEDAR_EVAL_TYPE},
		{"principal.hasTag(\"t\")", IS_TRUE},
		{"principal.hasTag(\"n\")", IS_FALSE},
		{"principal.hasTag(\"never seen\")", IS_FALSE},
		{"principal.getTag(\"t\")", IS_TRUE},
		{"principal.getTag(\"n\")", CEDAR_EVAL_NO_TAG},
		{"resource.hasTag(\"t\")", IS_FALSE},
		{"resource.getTag(\"t\")", CEDAR_EVAL_NO_ENTITY},
		{"G::\"g\".getTag(\"t\")", CEDAR_EVAL_NO_TAG},
		{"principal.hasTag(1)", CEDAR_EVAL_TYPE},
		{"context.hasTag(\"t\")", CEDAR_EVAL_TYPE},
		{"context.record.getTag(\"t\")", CEDAR_EVAL_TYPE},
		{"resource.getTag(1)", CEDAR_EVAL_TYPE},
		{"1.getTag(context.none)", CEDAR_EVAL_NO_ATTRIBUTE},
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
}

static void the_hierarchy_is_reflexive_and_closed(void **state)
{
	static const struct expression cases[] = {
		{"principal in principal", IS_TRUE},
		{"principal in U::\"a\"", IS_TRUE},
		{"principal in G::\"g\"", IS_TRUE},
		{"principal in G::\"h\"", IS_TRUE},
		{"principal in G::\"none\"", IS_FALSE},
		{"G::\"g\" in G::\"h\"", IS_TRUE},
		{"G::\"h\" in G::\"g\"", IS_FALSE},
		{"U::\"never seen\" in U::\"never seen\"", IS_TRUE},
		{"resource in R::\"r\" && true == true", IS_TRUE},
		{"principal in []", IS_FALSE},
		{"principal in [G::\"none\", G::\"h\"]", IS_TRUE},
		{"principal in [G::\"none\", resource]", IS_FALSE},
		{"principal in [principal, 1]", CEDAR_EVAL_TYPE},
		{"principal in [1]", CEDAR_EVAL_TYPE},
		{"principal in 1", CEDAR_EVAL_TYPE},
		{"principal in context.record", CEDAR_EVAL_TYPE},
		{"1 in principal", CEDAR_EVAL_TYPE},
		{"1 in [principal]", CEDAR_EVAL_TYPE},
		{"1 in context.none", CEDAR_EVAL_NO_ATTRIBUTE},
		{"principal.e in G::\"g\"", IS_FALSE},
		{"principal is U", IS_TRUE},
		{"principal is G", IS_FALSE},
		{"principal is N::U", IS_FALSE},
		{"N::U::\"x\" is N::U", IS_TRUE},
		{"resource is R", IS_TRUE},
		{"1 is U", CEDAR_EVAL_TYPE},
		{"context is U", CEDAR_EVAL_TYPE},
		{"principal.e is U", IS_TRUE},
		{"principal is U in G::\"h\"", IS_TRUE},
		{"principal is U in G::\"none\"", IS_FALSE},
		{"principal is G in context.none", IS_FALSE},
		{"principal is U in context.none", CEDAR_EVAL_NO_ATTRIBUTE},
		{"principal.self is U in [G::\"h\"]", IS_TRUE},
		{"principal.self is U in 1", CEDAR_EVAL_TYPE},
		{"1 is U in 1", CEDAR_EVAL_TYPE},
		{"[principal.self is U in G::\"h\", context.i] == [true, 7]", IS_TRUE},
		{"[principal.self is G in G::\"h\", context.i] == [false, 7]", IS_TRUE},
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
}

static void sets_and_patterns(void **state)
{
	static const struct expression cases[] = {
		{"[1, 2].contains(1)", IS_TRUE},
		{"[1, 2].contains(3)", IS_FALSE},
		{"[1, 2].contains(\"1\")", IS_FALSE},
		{"[[1]].contains([1, 1])", IS_TRUE},
		{"[].contains(1)", IS_FALSE},
		{"principal.s.contains(principal.n)", IS_FALSE},
		{"principal.s.contains(context.i - 5)", IS_TRUE},
		{"[\"GET\", \"POST\"].contains(context.text)", IS_FALSE},
		{"[\"GET\", \"some text\"].contains(context.text)", IS_TRUE},
		{"1.contains(1)", CEDAR_EVAL_TYPE},
		{"context.contains(1)", CEDAR_EVAL_TYPE},
		{"1.contains(context.none)", CEDAR_EVAL_NO_ATTRIBUTE},
		{"[1, 2].containsAll([2, 1])", IS_TRUE},
		{"[1, 2].containsAll([])", IS_TRUE},
		{"[1, 2].containsAll([1, 3])", IS_FALSE},
		{"[1].containsAll([1, 2])", IS_FALSE},
		{"[1].containsAll(1)", CEDAR_EVAL_TYPE},
		{"1.containsAll([1])", CEDAR_EVAL_TYPE},
		{"[1, 2].containsAny([2, 3])", IS_TRUE},
		{"[1, 2].containsAny([3])", IS_FALSE},
		{"[1, 2].containsAny([])", IS_FALSE},
		{"[].containsAny([1])", IS_FALSE},
		{"[1].containsAny(1)", CEDAR_EVAL_TYPE},
		{"[].isEmpty()", IS_TRUE},
		{"[1].isEmpty()", IS_FALSE},
		{"principal.s.isEmpty()", IS_FALSE},
		{"context.isEmpty()", CEDAR_EVAL_TYPE},
		{"[1, context.none].contains(1)", CEDAR_EVAL_NO_ATTRIBUTE},
		{"[1 + true, context.none].contains(1)", CEDAR_EVAL_TYPE},
		{"[context.none, 1 + true].contains(1)", CEDAR_EVAL_NO_ATTRIBUTE},
		{"context.text like \"some*\"", IS_TRUE},
		{"context.text like \"*text\"", IS_TRUE},
		{"context.text like \"*me te*\"", IS_TRUE},
		{"context.text like \"*\\*\"", IS_FALSE},
		{"\"a*\" like \"a\\*\"", IS_TRUE},
		{"\"ab\" like \"a\\*\"", IS_FALSE},
		{"context.text like \"some text\"", IS_TRUE},
		{"context.text like \"\"", IS_FALSE},
		{"\"\" like \"*\"", IS_TRUE},
		{"context.i like \"*\"", CEDAR_EVAL_TYPE},
		/* Fields in the order of their names, whatever the order of writing. */
		{"{b: context.none, a: 1 + true} == {}", CEDAR_EVAL_TYPE},
		{"{a: 1 + true, b: context.none} == {}", CEDAR_EVAL_TYPE},
		{"{B: 1 + true, a: context.none} == {}", CEDAR_EVAL_TYPE},
		{"{z: context.i, a: 1, m: context.yes} == {a: 1, m: true, z: 7}", IS_TRUE},
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
}

static void extension_functions_fail_where_they_stand(void **state)
{
	static const struct expression cases[] = {
		{"ip(\"bad\") == ip(\"bad\")", CEDAR_EVAL_EXTENSION},
		{"false && ip(\"bad\").isIpv4()", IS_FALSE},
		{"true || ip(\"bad\").isIpv4()", IS_TRUE},
		{"[context.none, ip(\"bad\")].isEmpty()", CEDAR_EVAL_NO_ATTRIBUTE},
		{"[ip(\"bad\"), context.none].isEmpty()", CEDAR_EVAL_EXTENSION},
		{"if true then 1 == 1 else ip(\"bad\") == 1", IS_TRUE},
		{"ip(1).isIpv4()", CEDAR_EVAL_TYPE},
		{"ip(1, 2).isIpv4()", CEDAR_EVAL_ARITY},
		{"ip().isIpv4()", CEDAR_EVAL_ARITY},
		{"ip(\"bad\", \"worse\").isIpv4()", CEDAR_EVAL_ARITY},
		{"ip(context.none, 2).isIpv4()", CEDAR_EVAL_NO_ATTRIBUTE},
		{"ip(context.text).isIpv4()", CEDAR_EVAL_EXTENSION},
		{"ip(if context.yes then \"10.1.2.3\" else \"bad\") == context.address", IS_TRUE},
		{"context.address.isIpv4()", IS_TRUE},
		{"context.address.isIpv4(1)", CEDAR_EVAL_ARITY},
		{"context.i.isIpv4()", CEDAR_EVAL_TYPE},
		{"context.address.isIpv6()", IS_FALSE},
		{"ip(\"::1\").isIpv6()", IS_TRUE},
		{"ip(\"::1\").isLoopback()", IS_TRUE},
		{"ip(\"ff02::1\").isMulticast()", IS_TRUE},
		{"context.address.isInRange(ip(\"10.0.0.0/8\"))", IS_TRUE},
		{"context.address.isInRange(\"10.0.0.0/8\")", CEDAR_EVAL_TYPE},
		{"context.address.isInRange()", CEDAR_EVAL_ARITY},
		{"decimal(\"1.5\").lessThan(decimal(\"1.6\"))", IS_TRUE},
		{"decimal(\"1.5\").lessThanOrEqual(decimal(\"1.50\"))", IS_TRUE},
		{"decimal(\"1.5\").greaterThan(decimal(\"1.6\"))", IS_FALSE},
		{"decimal(\"1.5\").greaterThanOrEqual(decimal(\"1.5\"))", IS_TRUE},
		{"decimal(\"1.5\").lessThan(2)", CEDAR_EVAL_TYPE},
		{"1.lessThan(decimal(\"1.5\"))", CEDAR_EVAL_TYPE},
		{"decimal(\"1\") == 1", CEDAR_EVAL_EXTENSION},
		{"datetime(\"1970-01-01\").offset(duration(\"1s\")) == context.when", IS_TRUE},
		{"context.when.durationSince(datetime(\"1970-01-01\")) == duration(\"1s\")",
		 IS_TRUE},
		{"context.when.toDate() == datetime(\"1970-01-01\")", IS_TRUE},
		{"context.when.toTime() == duration(\"1s\")", IS_TRUE},
		{"datetime(\"1969-12-31T23:00:00Z\").toTime() == duration(\"23h\")", IS_TRUE},
		{"context.lapse.toMilliseconds() == -59999", IS_TRUE},
		{"context.lapse.toSeconds() == -59", IS_TRUE},
		{"context.lapse.toMinutes() == 0", IS_TRUE},
		{"duration(\"25h\").toHours() == 25", IS_TRUE},
		{"duration(\"-25h\").toDays() == -1", IS_TRUE},
		{"context.when.toSeconds() == 1", CEDAR_EVAL_TYPE},
		{"context.when.offset(1) == context.when", CEDAR_EVAL_TYPE},
		{"datetime(\"1970-01-02\").offset(duration(\"9223372036854775807ms\")) == 1",
		 CEDAR_EVAL_EXTENSION},
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
}

static void whole_policies(void **state)
{
	static const struct expression policies[] = {
		{"permit(principal, action, resource);", IS_TRUE},
		{"forbid(principal, action, resource);", IS_FALSE},
		{"permit(principal == U::\"a\", action == Action::\"x\", resource == R::\"r\");",
		 IS_TRUE},
		{"permit(principal == U::\"b\", action, resource) when { context.none };",
		 IS_FALSE},
		{"permit(principal in G::\"h\", action in Action::\"x\", resource in R::\"r\");",
		 IS_TRUE},
		{"permit(principal, action in [Action::\"y\", Action::\"x\"], resource);", IS_TRUE},
		{"permit(principal, action in [Action::\"y\"], resource);", IS_FALSE},
		{"permit(principal, action in [], resource) when { context.none };", IS_FALSE},
		{"permit(principal is U, action, resource is R);", IS_TRUE},
		{"permit(principal is U in G::\"g\", action, resource);", IS_TRUE},
		{"permit(principal is G in G::\"g\", action, resource);", IS_FALSE},
		{"permit(principal, action, resource) unless { false };", IS_TRUE},
		{"permit(principal, action, resource) unless { true };", IS_FALSE},
		{"permit(principal, action, resource) unless { 1 };", CEDAR_EVAL_TYPE},
		{"permit(principal, action, resource) when { true } when { false };", IS_FALSE},
		{"permit(principal, action, resource) when { true } unless { false };", IS_TRUE},
		{"permit(principal, action, resource) when { false } when { 1 };", IS_FALSE},
		{"permit(principal, action, resource) when { true } when { 1 };", CEDAR_EVAL_TYPE},
		{"permit(principal, action, resource) when { 1 } when { false };", CEDAR_EVAL_TYPE},
		{"permit(principal, action, resource) when { false } unless { 1 };", IS_FALSE},
		{"permit(principal, action, resource) unless { false } when { context.i };",
		 CEDAR_EVAL_TYPE},
		/* Conjuncts that join the scope, and what must not move in front of them. */
		{"permit(principal, action, resource) when { principal == U::\"b\" && context.none "
		 "};",
		 IS_FALSE},
		{"permit(principal, action, resource) when { context.none && principal == U::\"b\" "
		 "};",
		 CEDAR_EVAL_NO_ATTRIBUTE},
		{"permit(principal, action, resource) when { principal in G::\"h\" && "
		 "principal == U::\"b\" && resource is R && context.none };",
		 IS_FALSE},
		{"permit(principal in G::\"h\", action, resource) when { principal == U::\"b\" } "
		 "when { "
		 "resource == R::\"r\" } when { context.none };",
		 IS_FALSE},
		{"permit(principal, action, resource) when { resource == R::\"r\" } when { "
		 "U::\"a\" == "
		 "principal } when { action in Action::\"x\" };",
		 IS_TRUE},
		{"permit(principal, action, resource) unless { principal == U::\"a\" } when { "
		 "context.none };",
		 IS_FALSE},
		{"permit(principal, action, resource) unless { principal == U::\"b\" && context.i "
		 "};",
		 IS_TRUE},
		{"permit(principal, action, resource) when { principal in [U::\"a\", 1] && false "
		 "};",
		 CEDAR_EVAL_TYPE},
		{"permit(principal, action, resource) when { principal is G in G::\"h\" && "
		 "context.none };",
		 IS_FALSE},
	};
	struct cedar_request *request = NULL;

	(void)state;
	assert_int_equal(cedar_request_new(NULL, &request), ERR_NONE);
	for (size_t i = 0; i < ARRAY_COUNT(policies); i++) {
		struct cedar_engine *engine = engine_of(policies[i].text);
		struct cedar_answer answer;
		int outcome;

		ask(request, engine, &answer);
		outcome = answer.reason_count != 0 && answer.decision == CEDAR_DENY
				  ? IS_FALSE
				  : outcome_of(&answer);
		if (outcome != policies[i].outcome)
			fail_msg("%s: %d instead of %d", policies[i].text, outcome,
				 policies[i].outcome);
		cedar_engine_free(engine);
	}
	cedar_request_free(request);
}

static void an_error_names_the_expression(void **state)
{
	static const struct {
		const char *text, *culprit;
	} cases[] = {
		{"true && context.none.more == 1", "context.none"},
		{"1 + 2 + \"x\" + 3 == 4", "1 + 2 + \"x\""},
		{"true && (1 && true)", "1"},
		{"true && context.i", "context.i"},
		{"context.i && true", "context.i"},
		{"if context.i then true else false", "context.i"},
		{"[1, -context.text].isEmpty()", "-context.text"},
		{"ip(\"bad\").isIpv4()", "ip(\"bad\")"},
		{"principal.e.n == 5", "principal.e.n"},
		{"context.text like \"x\" || !context.i", "!context.i"},
	};
	struct cedar_request *request = NULL;

	(void)state;
	assert_int_equal(cedar_request_new(NULL, &request), ERR_NONE);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char policy[TEXT_MAX];
		struct cedar_engine *engine;
		struct cedar_answer answer;
		struct str text;

		(void)snprintf(policy, sizeof(policy),
			       "// first\npermit(principal, action, resource) when { %s };",
			       cases[i].text);
		engine = engine_of(policy);
		ask(request, engine, &answer);
		assert_int_equal(answer.error_count, 1);
		text = cedar_policy_at(engine, answer.errors[0].policy)->text;
		text = str_make(text.ptr + answer.errors[0].offset, answer.errors[0].length);
		assert_str_equal(text, cases[i].culprit);
		cedar_engine_free(engine);
	}
	cedar_request_free(request);
}

/* A policy whose condition is `count` times `open`, then `middle`, then `count` times `close`. */
static int outcome_of_repeated(const char *open, size_t count, const char *middle,
			       const char *close)
{
	struct cedar_request *request = NULL;
	struct cedar_engine *engine;
	struct cedar_answer answer;
	struct buf text;
	int outcome;

	buf_init(&text, SIZE_MAX);
	buf_append_str(&text, STR("permit(principal, action, resource) when { "));
	for (size_t i = 0; i < count; i++)
		buf_append_str(&text, str_from(open));
	buf_append_str(&text, str_from(middle));
	for (size_t i = 0; i < count; i++)
		buf_append_str(&text, str_from(close));
	buf_append_str(&text, STR(" };"));
	engine = engine_of(buf_text(&text));
	assert_int_equal(cedar_request_new(NULL, &request), ERR_NONE);
	ask(request, engine, &answer);
	outcome = outcome_of(&answer);
	cedar_request_free(request);
	cedar_engine_free(engine);
	buf_deinit(&text);
	return outcome;
}

static void large_expressions_are_evaluated_without_recursion(void **state)
{
	(void)state;
	assert_int_equal(outcome_of_repeated("context.yes && ", 50000, "true", ""), IS_TRUE);
	assert_int_equal(outcome_of_repeated("context.yes && ", 50000, "1", ""), CEDAR_EVAL_TYPE);
	assert_int_equal(outcome_of_repeated("false || ", 50000, "context.yes", ""), IS_TRUE);
	assert_int_equal(outcome_of_repeated("1 + ", 50000, "context.i == 50007", ""), IS_TRUE);
	assert_int_equal(outcome_of_repeated("(true && ", 400, "context.yes", ")"), IS_TRUE);
	assert_int_equal(
		outcome_of_repeated("(if context.yes then ", 400, "context.yes", " else false)"),
		IS_TRUE);
	assert_int_equal(outcome_of_repeated("[", 400, "context.i", ", 1]"), CEDAR_EVAL_TYPE);
	assert_int_equal(outcome_of_repeated("", 70000, "context has a", ".b"), IS_FALSE);
}

/* Equal conditions share code, which must not carry places from one policy to the other. */
static void an_error_is_placed_in_the_policy_that_erred(void **state)
{
	static const char policies[] =
		"permit(principal, action, resource) when { context.none };\n"
		"permit(principal == U::\"a\", action, resource is R) when { context.none };"
		"permit(principal, action, resource in R::\"r\")  when  { context.none };";
	struct cedar_engine *engine = engine_of(policies);
	struct cedar_request *request = NULL;
	struct cedar_answer answer;

	(void)state;
	assert_int_equal(cedar_request_new(NULL, &request), ERR_NONE);
	ask(request, engine, &answer);
	assert_int_equal(answer.error_count, 3);
	for (uint32_t i = 0; i < 3; i++) {
		struct str text = cedar_policy_at(engine, i)->text;

		assert_int_equal(answer.errors[i].policy, i);
		text = str_make(text.ptr + answer.errors[i].offset, answer.errors[i].length);
		assert_str_equal(text, "context.none");
	}
	cedar_request_free(request);
	cedar_engine_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logic_is_lazy_and_wants_bools),
		cmocka_unit_test(equality_never_fails),
		cmocka_unit_test(arithmetic_is_checked),
		cmocka_unit_test(order_is_for_numbers_and_times),
		cmocka_unit_test(attributes_and_tags_are_apart),
		cmocka_unit_test(the_hierarchy_is_reflexive_and_closed),
		cmocka_unit_test(sets_and_patterns),
		cmocka_unit_test(extension_functions_fail_where_they_stand),
		cmocka_unit_test(whole_policies),
		cmocka_unit_test(an_error_names_the_expression),
		cmocka_unit_test(an_error_is_placed_in_the_policy_that_erred),
		cmocka_unit_test(large_expressions_are_evaluated_without_recursion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
