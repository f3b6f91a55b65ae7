#include "cedar/policy_set_json.h"

#include "base/attributes.h"
#include "parsed.h"
#include "support/cmocka.h"
#include "support/fault.h"

/* A JSON text with double quotes for its single ones. */
static void quote(struct buf *out, const char *text)
{
	buf_init(out, SIZE_MAX);
	for (; *text != '\0'; text++)
		buf_append_byte(out, *text == '\'' ? '"' : *text);
}

struct fixture {
	struct buf text;
	struct arena arena, texts;
	struct source source;
	struct cedar_diags diags;
	struct policy_set set;
	enum error error;
};

static void read_set(struct fixture *f, const char *text, const struct cedar_limits *limits)
{
	*f = (struct fixture){.error = ERR_NONE};
	quote(&f->text, text);
	arena_init(&f->arena, 256, SIZE_MAX);
	arena_init(&f->texts, 256, SIZE_MAX);
	cedar_diags_init(&f->diags);
	f->error = source_init(&f->source, &f->arena, STR("set.json"), buf_str(&f->text));
	if (f->error == ERR_NONE)
		f->error = policy_set_json_read(&f->arena, &f->texts, &f->source, limits, &f->diags,
						&f->set);
}

static void free_set(struct fixture *f)
{
	cedar_diags_deinit(&f->diags);
	arena_deinit(&f->texts);
	arena_deinit(&f->arena);
	buf_deinit(&f->text);
}

#define ANY      "permit(principal, action, resource);"
#define TEMPLATE "permit(principal == ?principal, action, resource in ?resource);"
#define ANY_JSON                                                                                   \
	"{'effect':'permit','principal':{'op':'All'},'action':{'op':'All'},'resource':{'op':"      \
	"'All'},'conditions':[]}"

static void a_set_holds_policies_templates_and_links(void **state)
{
	const struct cedar_link *link;
	const struct ast_policy *policy;
	struct parsed parsed;
	struct fixture f;

	(void)state;
	read_set(&f,
		 "{'staticPolicies': {'a': '" ANY "', 'b': " ANY_JSON "},"
		 "'templates': {'t': '" TEMPLATE "'},"
		 "'templateLinks': [{'templateId': 't', 'newId': 'l', 'values': {"
		 "  '?resource': {'__entity': {'type': 'R', 'id': 'r'}},"
		 "  '?principal': {'type': 'N::U', 'id': 'u\\u0000'}}}]}",
		 NULL);
	assert_int_equal(f.error, ERR_NONE);
	assert_int_equal(f.set.policies.count, 3);
	parsed_init(&parsed, STR(ANY), NULL);
	policy = f.set.policies.first;
	assert_str_equal(policy->id, "a");
	assert_true(ast_policy_equal(policy, parsed_policy(&parsed)));
	assert_str_equal(policy->source->name, "set.json: policy a");
	policy = policy->next;
	assert_str_equal(policy->id, "b");
	assert_true(ast_policy_equal(policy, parsed_policy(&parsed)));
	assert_ptr_equal(policy->source, &f.source);
	policy = policy->next;
	assert_str_equal(policy->id, "t");
	assert_true(ast_is_template(policy));
	assert_int_equal(f.set.link_count, 1);
	link = &f.set.links[0].link;
	assert_str_equal(link->template_id, "t");
	assert_str_equal(link->new_id, "l");
	assert_int_equal(link->value_count, 2);
	assert_str_equal(link->values[0].slot, "?resource");
	assert_str_equal(link->values[0].type, "R");
	assert_str_equal(link->values[1].slot, "?principal");
	assert_int_equal(link->values[1].id.length, 2);
	parsed_deinit(&parsed);
	free_set(&f);
}

static void sections_may_be_left_out(void **state)
{
	struct fixture f;

	(void)state;
	read_set(&f, "{}", NULL);
	assert_int_equal(f.error, ERR_NONE);
	assert_int_equal(f.set.policies.count, 0);
	assert_int_equal(f.set.link_count, 0);
	free_set(&f);
}

static void a_set_that_is_written_is_read_as_the_same(void **state)
{
	const char *text = "{'staticPolicies':{'a':" ANY_JSON "},'templates':{'t':{'effect':"
			   "'forbid','principal':{'op':'in','slot':'?principal'},'action':{'op':"
			   "'All'},'resource':{'op':'All'},'conditions':[]}},'templateLinks':[{"
			   "'templateId':'t','newId':'l','values':{'?principal':{'type':'U','id':"
			   "'a'}}},{'templateId':'t','newId':'m','values':{}}]}";
	struct fixture f;
	struct buf out;
	struct json_writer writer = json_write_to(&out);

	(void)state;
	buf_init(&out, SIZE_MAX);
	read_set(&f, text, NULL);
	assert_int_equal(f.error, ERR_NONE);
	policy_set_json_write(&writer, &f.set);
	assert_string_equal(buf_text(&out), buf_text(&f.text));
	buf_deinit(&out);
	free_set(&f);
}

static void wrong_sets_are_refused(void **state)
{
	static const struct {
		const char *json, *message;
		uint32_t column;
	} cases[] = {
		{"[]", "a policy set must be an object, found an array", 1},
		{"{'policies':{}}", "a policy set has no \"policies\"", 2},
		{"{'staticPolicies':[]}", "\"staticPolicies\" must be an object, found an array",
		 19},
		{"{'templates':1}", "\"templates\" must be an object, found an integer", 14},
		{"{'templateLinks':{}}", "\"templateLinks\" must be an array, found an object", 18},
		{"{'staticPolicies':{'a':1}}", "a policy must be an object, found an integer", 24},
		{"{'staticPolicies':{'a':''}}", "the text must be one policy, but there are 0", 24},
		{"{'staticPolicies':{'a':'" ANY ANY "'}}",
		 "the text must be one policy, but there are 2", 24},
		{"{'staticPolicies':{'a':'" TEMPLATE "'}}",
		 "this has a slot; it belongs to \"templates\"", 20},
		{"{'templates':{'a':'" ANY "'}}",
		 "this has no slot; it belongs to \"staticPolicies\"", 15},
		{"{'templates':{'a':" ANY_JSON "}}",
		 "this has no slot; it belongs to \"staticPolicies\"", 15},
		{"{'staticPolicies':{'a':" ANY_JSON ",'a':" ANY_JSON "}}",
		 "the key \"a\" stands here a second time", 131},
		{"{'templateLinks':[{}]}", "a link must have \"templateId\"", 19},
		{"{'templateLinks':[{'templateId':'t','newId':1}]}",
		 "an id must be a string, found an integer", 45},
		{"{'templateLinks':[{'templateId':'t','newId':'l','values':{'?action':1}}]}",
		 "the values of a link has no \"?action\"", 59},
		{"{'templateLinks':[{'templateId':'t','newId':'l','values':{'?resource':1}}]}",
		 "an entity is written as {\"type\": \"..\", \"id\": \"..\"}", 71},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct fixture f;

		read_set(&f, cases[i].json, NULL);
		assert_int_equal(f.error, ERR_SYNTAX);
		assert_int_equal(f.diags.error_count, 1);
		assert_string_equal(f.diags.first->message.ptr, cases[i].message);
		assert_int_equal(f.diags.first->column, cases[i].column);
		free_set(&f);
	}
}

static void every_policy_in_a_string_is_diagnosed_at_its_own_place(void **state)
{
	const struct cedar_diag *diag;
	struct fixture f;

	(void)state;
	read_set(&f,
		 "{'staticPolicies':{'a':'allow(principal, action, resource);',"
		 "'b':'" ANY "','c':'permit(principal, action);'}}",
		 NULL);
	assert_int_equal(f.error, ERR_SYNTAX);
	assert_int_equal(f.diags.error_count, 2);
	diag = f.diags.first;
	assert_str_equal(diag->source, "set.json: policy a");
	assert_int_equal(diag->column, 1);
	diag = diag->next;
	assert_str_equal(diag->source, "set.json: policy c");
	assert_int_equal(diag->column, 25);
	free_set(&f);
}

static void limits_hold_at_their_value_and_not_beyond(void **state)
{
	static const char set[] = "{'staticPolicies':{'a':'" ANY "','b':" ANY_JSON "}}";
	struct cedar_limits limits = {.policies = 2, .text_bytes = sizeof(ANY) - 1};
	struct fixture f;

	(void)state;
	read_set(&f, set, &limits);
	assert_int_equal(f.error, ERR_NONE);
	free_set(&f);

	limits.policies = 1;
	read_set(&f, set, &limits);
	assert_int_equal(f.error, ERR_LIMIT);
	assert_string_equal(f.diags.first->message.ptr, "there are more than 1 policies");
	free_set(&f);

	limits = (struct cedar_limits){.text_bytes = sizeof(ANY) - 2};
	read_set(&f, set, &limits);
	assert_int_equal(f.error, ERR_LIMIT);
	assert_string_equal(f.diags.first->message.ptr,
			    "the text has 36 bytes; at most 35 are allowed");
	free_set(&f);
}

/* The engine. */

struct engine_fixture {
	struct buf text;
	struct cedar_engine *engine;
	struct cedar_diags diags;
};

static enum error add_set(struct engine_fixture *f, const char *text)
{
	const struct hash_key key = {1, 2};

	quote(&f->text, text);
	cedar_diags_init(&f->diags);
	assert_int_equal(cedar_engine_new(NULL, key, &f->engine), ERR_NONE);
	return cedar_engine_add_policy_set(f->engine, STR("set.json"), buf_str(&f->text),
					   &f->diags);
}

static void free_engine(struct engine_fixture *f)
{
	cedar_engine_free(f->engine);
	cedar_diags_deinit(&f->diags);
	buf_deinit(&f->text);
}

#define WITH_LINK(new_id, values)                                                                  \
	"{'staticPolicies':{'a':'forbid(principal == U::\\'no\\', action, resource);'},"           \
	"'templates':{'t':'permit(principal == ?principal, action, resource);'},"                  \
	"'templateLinks':[{'templateId':'t','newId':'" new_id "','values':{" values "}}]}"

static bool is_allowed(struct cedar_engine *engine, struct str id)
{
	struct cedar_request *request;
	struct cedar_answer answer;
	bool allowed;

	assert_int_equal(cedar_request_new(NULL, &request), ERR_NONE);
	cedar_request_begin(request, engine);
	cedar_request_ask(request, cedar_request_uid(request, STR("U"), id),
			  cedar_request_uid(request, STR("Action"), STR("x")),
			  cedar_request_uid(request, STR("R"), STR("r")),
			  cedar_record(request, NULL, 0));
	assert_int_equal(cedar_authorize(request, &answer), ERR_NONE);
	allowed = answer.decision == CEDAR_ALLOW;
	cedar_request_free(request);
	return allowed;
}

static void an_engine_decides_by_the_links_of_a_set(void **state)
{
	struct engine_fixture f;

	(void)state;
	assert_int_equal(add_set(&f, WITH_LINK("l", "'?principal':{'type':'U','id':'yes'}")),
			 ERR_NONE);
	assert_int_equal(cedar_engine_seal(f.engine, &f.diags), ERR_NONE);
	/* Nothing may depend on the caller's text any more. */
	memset(f.text.data, 'x', f.text.length);
	assert_int_equal(cedar_policy_count(f.engine), 2);
	assert_str_equal(cedar_policy_at(f.engine, 0)->id, "a");
	assert_str_equal(cedar_policy_at(f.engine, 0)->source, "set.json: policy a");
	assert_str_equal(cedar_policy_at(f.engine, 1)->id, "l");
	assert_str_equal(cedar_policy_at(f.engine, 1)->template_id, "t");
	assert_true(is_allowed(f.engine, STR("yes")));
	assert_false(is_allowed(f.engine, STR("no")));
	assert_false(is_allowed(f.engine, STR("other")));
	free_engine(&f);
}

static void wrong_links_are_placed_and_leave_nothing_behind(void **state)
{
	static const struct {
		const char *json, *message;
		enum error error;
	} cases[] = {
		{WITH_LINK("l", ""), "the slot ?principal has no value", ERR_INVALID},
		{WITH_LINK("l", "'?resource':{'type':'R','id':'r'}"),
		 "the template has no slot ?resource", ERR_INVALID},
		{WITH_LINK("a", "'?principal':{'type':'U','id':'yes'}"),
		 "the policy id \"a\" is already in use", ERR_EXISTS},
		{"{'templateLinks':[{'templateId':'t','newId':'l','values':{}}]}",
		 "there is no template with the id \"t\"", ERR_NOT_FOUND},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct engine_fixture f;

		assert_int_equal(add_set(&f, cases[i].json), cases[i].error);
		assert_int_equal(f.diags.error_count, 1);
		assert_string_equal(f.diags.first->message.ptr, cases[i].message);
		assert_str_equal(f.diags.first->source, "set.json");
		assert_int_equal(f.diags.first->line, 1);
		assert_int_equal(cedar_engine_seal(f.engine, &f.diags), ERR_NONE);
		assert_int_equal(cedar_policy_count(f.engine), 0);
		free_engine(&f);
	}
}

static void every_allocation_may_fail(void **state)
{
	bool fired = true;

	(void)state;
	for (uint64_t n = 0; fired; n++) {
		struct cedar_engine *engine = NULL;
		const struct hash_key key = {1, 2};
		struct cedar_diags diags;
		struct buf text;
		enum error error;

		quote(&text, WITH_LINK("l", "'?principal':{'type':'U','id':'yes'}"));
		cedar_diags_init(&diags);
		fault_arm(n, FAULT_ONCE);
		error = cedar_engine_new(NULL, key, &engine);
		if (error == ERR_NONE)
			error = cedar_engine_add_policy_set(engine, STR("set.json"), buf_str(&text),
							    &diags);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		cedar_engine_free(engine);
		cedar_diags_deinit(&diags);
		buf_deinit(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_holds_policies_templates_and_links),
		cmocka_unit_test(sections_may_be_left_out),
		cmocka_unit_test(a_set_that_is_written_is_read_as_the_same),
		cmocka_unit_test(wrong_sets_are_refused),
		cmocka_unit_test(every_policy_in_a_string_is_diagnosed_at_its_own_place),
		cmocka_unit_test(limits_hold_at_their_value_and_not_beyond),
		cmocka_unit_test(an_engine_decides_by_the_links_of_a_set),
		cmocka_unit_test(wrong_links_are_placed_and_leave_nothing_behind),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
