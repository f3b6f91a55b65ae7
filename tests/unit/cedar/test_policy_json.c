#include "cedar/policy_json.h"

#include <stdio.h>

#include "base/attributes.h"
#include "cedar/parser.h"
#include "parsed.h"
#include "support/cmocka.h"
#include "support/fault.h"

/* A policy read from JSON. */
struct json_policy {
	struct arena arena;
	struct source source;
	struct cedar_diags diags;
	struct ast_policy policy;
	enum error error;
};

static void read_json(struct json_policy *p, struct str text, uint32_t max_depth)
{
	struct policy_json reader;
	struct json_reader json;

	*p = (struct json_policy){.error = ERR_NONE};
	arena_init(&p->arena, 256, SIZE_MAX);
	cedar_diags_init(&p->diags);
	p->error = source_init(&p->source, &p->arena, STR("p.json"), text);
	if (p->error != ERR_NONE)
		return;
	json_read_init(&json, &p->arena, &p->source, &p->diags);
	policy_json_init(&reader, &json, max_depth);
	json_read_next(&json);
	policy_json_read(&reader, &p->policy);
	p->error = json_read_finish(&json);
	policy_json_deinit(&reader);
}

static void free_json(struct json_policy *p)
{
	cedar_diags_deinit(&p->diags);
	arena_deinit(&p->arena);
}

/* The text of a policy with this body of its only condition. */
static void with_body(struct buf *out, const char *body)
{
	buf_clear(out);
	buf_append_str(out, STR("{\"effect\":\"permit\",\"principal\":{\"op\":\"All\"},\"action\":"
				"{\"op\":\"All\"},\"resource\":{\"op\":\"All\"},\"conditions\":"
				"[{\"kind\":\"when\",\"body\":"));
	buf_append_str(out, str_from(body));
	buf_append_str(out, STR("}]}"));
}

static void assert_reads_as(struct str json, const struct ast_policy *expected)
{
	struct json_policy read;

	read_json(&read, json, PARSER_DEPTH);
	if (read.error != ERR_NONE)
		print_error("%s\n", read.diags.first->message.ptr);
	assert_int_equal(read.error, ERR_NONE);
	assert_true(ast_policy_equal(&read.policy, expected));
	free_json(&read);
}

static void every_expression_has_its_json_form(void **state)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{"true", "{\"Value\":true}"},
		{"-5", "{\"Value\":-5}"},
		{"-9223372036854775808", "{\"Value\":-9223372036854775808}"},
		{"\"a\\0\\u{e4}\"", "{\"Value\":\"a\\u0000\xc3\xa4\"}"},
		{"N::U::\"a\"", "{\"Value\":{\"__entity\":{\"type\":\"N::U\",\"id\":\"a\"}}}"},
		{"principal", "{\"Var\":\"principal\"}"},
		{"action", "{\"Var\":\"action\"}"},
		{"resource", "{\"Var\":\"resource\"}"},
		{"context", "{\"Var\":\"context\"}"},
		{"[]", "{\"Set\":[]}"},
		{"[1, []]", "{\"Set\":[{\"Value\":1},{\"Set\":[]}]}"},
		{"{}", "{\"Record\":{}}"},
		{"{b: 1, \"a b\": 2}", "{\"Record\":{\"b\":{\"Value\":1},\"a b\":{\"Value\":2}}}"},
		{"!true", "{\"!\":{\"arg\":{\"Value\":true}}}"},
		{"--1", "{\"neg\":{\"arg\":{\"Value\":-1}}}"},
		{"-(1)", "{\"neg\":{\"arg\":{\"Value\":1}}}"},
		{"1 && 2", "{\"&&\":{\"left\":{\"Value\":1},\"right\":{\"Value\":2}}}"},
		{"1 && 2 && 3", "{\"&&\":{\"left\":{\"&&\":{\"left\":{\"Value\":1},\"right\":"
				"{\"Value\":2}}},\"right\":{\"Value\":3}}}"},
		{"1 && (2 && 3)", "{\"&&\":{\"left\":{\"Value\":1},\"right\":{\"&&\":{\"left\":"
				  "{\"Value\":2},\"right\":{\"Value\":3}}}}}"},
		{"1 || 2", "{\"||\":{\"left\":{\"Value\":1},\"right\":{\"Value\":2}}}"},
		{"1 * 2 * 3", "{\"*\":{\"left\":{\"*\":{\"left\":{\"Value\":1},\"right\":"
			      "{\"Value\":2}}},\"right\":{\"Value\":3}}}"},
		{"1 - 2 + 3", "{\"+\":{\"left\":{\"-\":{\"left\":{\"Value\":1},\"right\":"
			      "{\"Value\":2}}},\"right\":{\"Value\":3}}}"},
		{"1 == 2", "{\"==\":{\"left\":{\"Value\":1},\"right\":{\"Value\":2}}}"},
		{"1 != 2", "{\"!=\":{\"left\":{\"Value\":1},\"right\":{\"Value\":2}}}"},
		{"1 < 2", "{\"<\":{\"left\":{\"Value\":1},\"right\":{\"Value\":2}}}"},
		{"1 <= 2", "{\"<=\":{\"left\":{\"Value\":1},\"right\":{\"Value\":2}}}"},
		{"1 > 2", "{\">\":{\"left\":{\"Value\":1},\"right\":{\"Value\":2}}}"},
		{"1 >= 2", "{\">=\":{\"left\":{\"Value\":1},\"right\":{\"Value\":2}}}"},
		{"1 in 2", "{\"in\":{\"left\":{\"Value\":1},\"right\":{\"Value\":2}}}"},
		{"context.a", "{\".\":{\"left\":{\"Var\":\"context\"},\"attr\":\"a\"}}"},
		{"context[\"a b\"]", "{\".\":{\"left\":{\"Var\":\"context\"},\"attr\":\"a b\"}}"},
		{"context has a", "{\"has\":{\"left\":{\"Var\":\"context\"},\"attr\":\"a\"}}"},
		{"context has a.b",
		 "{\"has\":{\"left\":{\"Var\":\"context\"},\"attr\":[\"a\",\"b\"]}}"},
		{"context like \"*a\\*b*\"",
		 "{\"like\":{\"left\":{\"Var\":\"context\"},\"pattern\":[\"Wildcard\","
		 "{\"Literal\":\"a*b\"},\"Wildcard\"]}}"},
		{"context like \"\"", "{\"like\":{\"left\":{\"Var\":\"context\"},\"pattern\":[]}}"},
		{"context is N::T",
		 "{\"is\":{\"left\":{\"Var\":\"context\"},\"entity_type\":\"N::T\"}}"},
		{"context is T in 1", "{\"is\":{\"left\":{\"Var\":\"context\"},\"entity_type\":"
				      "\"T\",\"in\":{\"Value\":1}}}"},
		{"if 1 then 2 else 3", "{\"if-then-else\":{\"if\":{\"Value\":1},\"then\":"
				       "{\"Value\":2},\"else\":{\"Value\":3}}}"},
		{"[].contains(1)",
		 "{\"contains\":{\"left\":{\"Set\":[]},\"right\":{\"Value\":1}}}"},
		{"context.x.getTag(1)", "{\"getTag\":{\"left\":{\".\":{\"left\":{\"Var\":"
					"\"context\"},\"attr\":\"x\"}},\"right\":{\"Value\":1}}}"},
		{"[].isEmpty()", "{\"isEmpty\":{\"arg\":{\"Set\":[]}}}"},
		{"ip(\"a\")", "{\"ip\":[{\"Value\":\"a\"}]}"},
		{"ip()", "{\"ip\":[]}"},
		{"decimal(1).lessThan(2)",
		 "{\"lessThan\":[{\"decimal\":[{\"Value\":1}]},{\"Value\":2}]}"},
	};
	struct buf json, body;

	(void)state;
	buf_init(&json, SIZE_MAX);
	buf_init(&body, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct json_writer writer = json_write_to(&json);
		struct parsed parsed;

		parsed_init_expr(&parsed, str_from(cases[i].text), NULL);
		buf_clear(&json);
		policy_json_write(&writer, parsed_policy(&parsed));
		with_body(&body, cases[i].json);
		assert_string_equal(buf_text(&json), buf_text(&body));
		assert_reads_as(buf_str(&json), parsed_policy(&parsed));
		parsed_deinit(&parsed);
	}
	buf_deinit(&body);
	buf_deinit(&json);
}

static void json_may_spell_expressions_in_other_ways(void **state)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
		{"{\"Value\":[1,[\"a\"]]}", "[1, [\"a\"]]"},
		{"{\"Value\":{\"a\":1,\"b\":{}}}", "{a: 1, b: {}}"},
		{"{\"Value\":{\"__entity\":{\"id\":\"a\",\"type\":\"U\",\"more\":1}}}", "U::\"a\""},
		{"{\"Value\":{\"__entity\":{\"type\":\"U\"}}}", "{\"__entity\": {type: \"U\"}}"},
		{"{\"Value\":{\"__entity\":{\"type\":\"U\",\"id\":\"a\"},\"b\":1}}",
		 "{\"__entity\": {type: \"U\", id: \"a\"}, b: 1}"},
		{"{\"Value\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"a\"}}}", "ip(\"a\")"},
		{"{\"Value\":{\"__extn\":{\"fn\":\"isInRange\",\"args\":[1,[2]]}}}",
		 "1.isInRange([2])"},
		{"{\"Value\":{\"__extn\":{\"fn\":\"ip\",\"arg\":{\"__extn\":{\"fn\":\"decimal\","
		 "\"args\":[]}},\"args\":[1]}}}",
		 "ip(decimal())"},
		{"{\"==\":{\"right\":{\"Value\":2},\"left\":{\"Value\":1}}}", "1 == 2"},
		{"{\"has\":{\"attr\":[\"a b\"],\"left\":{\"Var\":\"context\"}}}",
		 "context has \"a b\""},
		{"{\"like\":{\"left\":{\"Var\":\"context\"},\"pattern\":[{\"Literal\":\"a\"},"
		 "{\"Literal\":\"\"},{\"Literal\":\"*\"},\"Wildcard\",\"Wildcard\","
		 "{\"Literal\":\"b\"}]}}",
		 "context like \"a\\***b\""},
	};
	struct buf json;

	(void)state;
	buf_init(&json, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct parsed parsed;

		parsed_init_expr(&parsed, str_from(cases[i].text), NULL);
		with_body(&json, cases[i].json);
		assert_reads_as(buf_str(&json), parsed_policy(&parsed));
		parsed_deinit(&parsed);
	}
	buf_deinit(&json);
}

static void policies_survive_in_every_form_of_the_scope(void **state)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{"forbid(principal == U::\"a\", action == N::Action::\"b\", resource in R::\"c\");",
		 "{\"effect\":\"forbid\",\"principal\":{\"op\":\"==\",\"entity\":{\"type\":\"U\","
		 "\"id\":\"a\"}},\"action\":{\"op\":\"==\",\"entity\":{\"type\":\"N::Action\","
		 "\"id\":\"b\"}},\"resource\":{\"op\":\"in\",\"entity\":{\"type\":\"R\",\"id\":"
		 "\"c\"}},\"conditions\":[]}"},
		{"permit(principal is U, action in Action::\"a\", resource is R in ?resource);",
		 "{\"effect\":\"permit\",\"principal\":{\"op\":\"is\",\"entity_type\":\"U\"},"
		 "\"action\":{\"op\":\"in\",\"entity\":{\"type\":\"Action\",\"id\":\"a\"}},"
		 "\"resource\":{\"op\":\"is\",\"entity_type\":\"R\",\"in\":{\"slot\":\"?resource\"}"
		 "},\"conditions\":[]}"},
		{"permit(principal == ?principal, action in [Action::\"a\"], resource in "
		 "?resource);",
		 "{\"effect\":\"permit\",\"principal\":{\"op\":\"==\",\"slot\":\"?principal\"},"
		 "\"action\":{\"op\":\"in\",\"entities\":[{\"type\":\"Action\",\"id\":\"a\"}]},"
		 "\"resource\":{\"op\":\"in\",\"slot\":\"?resource\"},\"conditions\":[]}"},
		{"permit(principal is U in G::\"g\", action in [], resource);",
		 "{\"effect\":\"permit\",\"principal\":{\"op\":\"is\",\"entity_type\":\"U\",\"in\":"
		 "{\"entity\":{\"type\":\"G\",\"id\":\"g\"}}},\"action\":{\"op\":\"in\","
		 "\"entities\":[]},\"resource\":{\"op\":\"All\"},\"conditions\":[]}"},
		{"@a(\"x\") @if @e(\"\") permit(principal, action, resource) when { 1 } unless "
		 "{ 2 };",
		 "{\"effect\":\"permit\",\"principal\":{\"op\":\"All\"},\"action\":{\"op\":\"All\"}"
		 ",\"resource\":{\"op\":\"All\"},\"conditions\":[{\"kind\":\"when\",\"body\":"
		 "{\"Value\":1}},{\"kind\":\"unless\",\"body\":{\"Value\":2}}],\"annotations\":"
		 "{\"a\":\"x\",\"if\":null,\"e\":\"\"}}"},
	};
	struct buf json;

	(void)state;
	buf_init(&json, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct json_writer writer = json_write_to(&json);
		struct parsed parsed;

		parsed_init(&parsed, str_from(cases[i].text), NULL);
		buf_clear(&json);
		policy_json_write(&writer, parsed_policy(&parsed));
		assert_string_equal(buf_text(&json), cases[i].json);
		assert_reads_as(buf_str(&json), parsed_policy(&parsed));
		parsed_deinit(&parsed);
	}
	buf_deinit(&json);
}

/* A JSON text with double quotes for its single ones. */
static const char *quoted(struct buf *out, const char *text)
{
	buf_clear(out);
	for (; *text != '\0'; text++)
		buf_append_byte(out, *text == '\'' ? '"' : *text);
	return buf_text(out);
}

static void assert_refused(struct str json, const char *message)
{
	struct json_policy read;

	read_json(&read, json, PARSER_DEPTH);
	assert_int_equal(read.error, ERR_SYNTAX);
	assert_int_equal(read.diags.error_count, 1);
	assert_string_equal(read.diags.first->message.ptr, message);
	assert_int_not_equal(read.diags.first->line, 0);
	free_json(&read);
}

static void wrong_expressions_are_refused(void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{"1", "an expression must be an object, found an integer"},
		{"{}", "an expression has one key, as in {\"Var\": \"principal\"}"},
		{"{'Value':1,'Var':'context'}", "an expression has only one key"},
		{"{'Value':null}", "null is not a value of Cedar"},
		{"{'Value':1.5}", "numbers must be integers from -9223372036854775808 to "
				  "9223372036854775807"},
		{"{'Value':9223372036854775808}",
		 "numbers must be integers from -9223372036854775808 to 9223372036854775807"},
		{"{'Value':{'__expr':'1'}}", "the escape `__expr` is not supported"},
		{"{'Value':{'__entity':{'type':'A B','id':''}}}",
		 "\"A B\" is not the name of an entity type"},
		{"{'Value':{'__extn':{'fn':'contains','args':[1,2]}}}",
		 "there is no extension function `contains`"},
		{"{'Value':{'__extn':{'fn':'isIpv4','args':[]}}}",
		 "the method `isIpv4` needs a receiver as its first argument"},
		{"{'Value':{'a':1,'a':2}}", "this key stands in the record a second time"},
		{"{'Record':{'a':{'Value':1},'a':{'Value':2}}}",
		 "this key stands in the record a second time"},
		{"{'Var':'user'}", "unknown variable \"user\"; there are principal, action, "
				   "resource and context"},
		{"{'Slot':'?principal'}", "slots stand in the scope only"},
		{"{'unknown':[{'Value':1}]}", "there is no expression \"unknown\""},
		{"{'?':{}}", "there is no expression \"?\""},
		{"{'isIpv4':[]}", "the method `isIpv4` needs a receiver as its first argument"},
		{"{'ip':{'Value':1}}", "the list must be an array, found an object"},
		{"{'contains':[{'Value':1},{'Value':2}]}",
		 "the operation must be an object, found an array"},
		{"{'==':{'left':{'Value':1}}}", "the operation must have \"right\""},
		{"{'==':{'left':{'Value':1},'right':{'Value':1},'x':1}}",
		 "the operation has no \"x\""},
		{"{'==':{'left':{'Value':1},'left':{'Value':1}}}",
		 "the key \"left\" stands here twice"},
		{"{'!':{'left':{'Value':1}}}", "the operation has no \"left\""},
		{"{'.':{'left':{'Value':1},'attr':['a']}}",
		 "\"attr\" must be a string, found an array"},
		{"{'has':{'left':{'Value':1},'attr':[]}}", "\"attr\" names no attribute"},
		{"{'has':{'left':{'Value':1},'attr':['a','b c']}}",
		 "\"b c\" cannot be part of a path, which is made of plain names"},
		{"{'has':{'left':{'Value':1},'attr':['a','if']}}",
		 "\"if\" cannot be part of a path, which is made of plain names"},
		{"{'has':{'left':{'Value':1},'attr':[1]}}",
		 "the name of an attribute must be a string, found an integer"},
		{"{'like':{'left':{'Value':1},'pattern':'a*'}}",
		 "\"pattern\" must be an array, found a string"},
		{"{'like':{'left':{'Value':1},'pattern':['a']}}",
		 "an element of a pattern is \"Wildcard\" or {\"Literal\": \"..\"}"},
		{"{'like':{'left':{'Value':1},'pattern':[{}]}}",
		 "an element of a pattern must have \"Literal\""},
		{"{'is':{'left':{'Value':1},'entity_type':'if'}}",
		 "\"if\" is not the name of an entity type"},
		{"{'is':{'left':{'Value':1}}}", "\"is\" must have \"entity_type\""},
		{"{'if-then-else':{'if':{'Value':1},'then':{'Value':1}}}",
		 "the operation must have \"else\""},
	};
	struct buf body, json;

	(void)state;
	buf_init(&body, SIZE_MAX);
	buf_init(&json, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		with_body(&json, quoted(&body, cases[i].json));
		assert_refused(buf_str(&json), cases[i].message);
	}
	buf_deinit(&json);
	buf_deinit(&body);
}

static void wrong_policies_are_refused(void **state)
{
#define REST   "'resource':{'op':'All'},'conditions':[]}"
#define ACTION "'action':{'op':'All'}," REST
#define FRONT  "{'effect':'permit',"
	static const char other_scope[] = "this takes {\"op\": \"All\"}, \"==\" or \"in\" with "
					  "either \"entity\" or \"slot\", "
					  "or \"is\" with \"entity_type\" and maybe \"in\"";
	static const char action_scope[] =
		"the action takes {\"op\": \"All\"}, \"==\" with \"entity\", or \"in\" with "
		"\"entity\" or \"entities\"";
	static const struct {
		const char *json, *message;
	} cases[] = {
		{"[]", "a policy must be an object, found an array"},
		{"{}", "a policy must have \"principal\""},
		{"{'effect':'allow'}", "\"effect\" is \"permit\" or \"forbid\""},
		{"{'principle':1}", "a policy has no \"principle\"; did you mean \"principal\"?"},
		{FRONT "'principal':{}," ACTION, "a scope must have \"op\""},
		{FRONT "'principal':{'op':'like'}," ACTION, other_scope},
		{FRONT "'principal':{'op':'All','entity':{'type':'A','id':'a'}}," ACTION,
		 other_scope},
		{FRONT "'principal':{'op':'=='}," ACTION, other_scope},
		{FRONT "'principal':{'op':'==','entity':{'type':'A','id':'a'},'slot':'?principal'}"
		       "," ACTION,
		 other_scope},
		{FRONT "'principal':{'op':'in','entities':[]}," ACTION, other_scope},
		{FRONT "'principal':{'op':'is'}," ACTION, other_scope},
		{FRONT "'principal':{'op':'is','entity_type':'A','in':{}}," ACTION,
		 "\"in\" takes either \"entity\" or \"slot\""},
		{FRONT "'principal':{'op':'==','slot':'?resource'}," ACTION,
		 "the slot of the principal is \"?principal\""},
		{FRONT "'principal':{'op':'==','entity':'A::\\'a\\''}," ACTION,
		 "an entity is written as {\"type\": \"..\", \"id\": \"..\"}"},
		{FRONT "'principal':{'op':'All'},'action':{'op':'==','slot':'?action'}," REST,
		 "the action has no slot"},
		{FRONT "'principal':{'op':'All'},'action':{'op':'is','entity_type':'A','in':"
		       "{'entity':{'type':'Action','id':'a'}}}," REST,
		 action_scope},
		{FRONT "'principal':{'op':'All'},'action':{'op':'is','entity_type':'A'}," REST,
		 action_scope},
		{FRONT "'principal':{'op':'All'},'action':{'op':'==','entity':{'type':'A','id':"
		       "'a'}}," REST,
		 "an action is an entity of type `Action`; `A` is not"},
		{FRONT "'principal':{'op':'All'},'action':{'op':'in','entities':[{'type':"
		       "'MyAction','id':'a'}]}," REST,
		 "an action is an entity of type `Action`; `MyAction` is not"},
		{"{'conditions':[{'kind':'if'}]}", "\"kind\" is \"when\" or \"unless\""},
		{"{'conditions':[{'kind':'when'}]}", "a condition must have \"body\""},
		{"{'conditions':[{'body':{'Value':1}}]}", "a condition must have \"kind\""},
		{"{'annotations':{'a-b':'x'}}", "the name of an annotation is an identifier"},
		{"{'annotations':{'a':1}}", "the value of an annotation must be a string, found "
					    "an integer"},
		{"{'annotations':{'a':'x','b':'y','a':'z'}}",
		 "the annotation \"a\" stands here a second time"},
	};
#undef FRONT
#undef ACTION
#undef REST
	struct buf json;

	(void)state;
	buf_init(&json, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		quoted(&json, cases[i].json);
		assert_refused(buf_str(&json), cases[i].message);
	}
	buf_deinit(&json);
}

static enum error read_nested(uint32_t count, uint32_t max_depth)
{
	struct json_policy read;
	struct buf body, json;
	enum error error;

	buf_init(&body, SIZE_MAX);
	buf_init(&json, SIZE_MAX);
	for (uint32_t i = 0; i < count; i++)
		buf_append_str(&body, STR("{\"!\":{\"arg\":"));
	buf_append_str(&body, STR("{\"Value\":1}"));
	for (uint32_t i = 0; i < count; i++)
		buf_append_str(&body, STR("}}"));
	with_body(&json, buf_text(&body));
	read_json(&read, buf_str(&json), max_depth);
	error = read.error;
	assert_int_equal(read.diags.error_count, error != ERR_NONE);
	free_json(&read);
	buf_deinit(&json);
	buf_deinit(&body);
	return error;
}

static void depth_is_bounded_by_the_limit_and_by_json(void **state)
{
	(void)state;
	assert_int_equal(read_nested(9, 10), ERR_NONE);
	assert_int_equal(read_nested(10, 10), ERR_LIMIT);
	assert_int_equal(read_nested(JSON_DEPTH / 2 - 2, PARSER_DEPTH), ERR_NONE);
	assert_int_equal(read_nested(JSON_DEPTH / 2 - 1, PARSER_DEPTH), ERR_LIMIT);
}

static void every_allocation_may_fail(void **state)
{
	static const char text[] =
		"{'annotations':{'a':'\\n'},'effect':'permit','principal':{'op':'==','entity':"
		"{'type':'U','id':'a'}},'action':{'op':'in','entities':[{'type':'Action','id':''}]}"
		",'resource':{'op':'All'},'conditions':[{'kind':'when','body':{'&&':{'left':"
		"{'Set':[{'Value':[1,{'a':{'__extn':{'fn':'ip','arg':'\\n'}}}]}]},'right':{'like':"
		"{'left':{'Record':{'a':{'Var':'context'}}},'pattern':['Wildcard',{'Literal':'x'}]"
		"}}}}}]}";
	bool fired = true;
	struct buf json;

	(void)state;
	buf_init(&json, SIZE_MAX);
	quoted(&json, text);
	for (uint64_t n = 0; fired; n++) {
		struct json_policy read;

		fault_arm(n, FAULT_ONCE);
		read_json(&read, buf_str(&json), PARSER_DEPTH);
		fired = fault_disarm();
		assert_int_equal(read.error, fired ? ERR_NO_MEMORY : ERR_NONE);
		assert_int_equal(read.diags.error_count, 0);
		free_json(&read);
	}
	buf_deinit(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_expression_has_its_json_form),
		cmocka_unit_test(json_may_spell_expressions_in_other_ways),
		cmocka_unit_test(policies_survive_in_every_form_of_the_scope),
		cmocka_unit_test(wrong_expressions_are_refused),
		cmocka_unit_test(wrong_policies_are_refused),
		cmocka_unit_test(depth_is_bounded_by_the_limit_and_by_json),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
