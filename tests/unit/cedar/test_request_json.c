#include "support/cmocka.h"

#include "base/buf.h"
#include "cedar/cedar.h"
#include "support/fault.h"

static const char schema_text[] =
	"entity U, V; entity C enum [\"red\"];"
	"action view appliesTo { principal: [U, C], resource: V,"
	" context: { n: Long, from?: ipaddr, who?: U, col?: C, url?: { port: Long } } };"
	"action group;";

struct fixture {
	struct cedar_schema *schema;
	struct cedar_engine *engine;
	struct cedar_request *request;
	struct cedar_diags diags;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;

	*f = (struct fixture){0};
	cedar_diags_init(&f->diags);
	assert_int_equal(cedar_schema_read(STR("s"), str_from(schema_text), CEDAR_SCHEMA_TEXT,
					   &f->diags, &f->schema),
			 ERR_NONE);
	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &f->engine), ERR_NONE);
	assert_int_equal(cedar_engine_add_actions(f->engine, f->schema, &f->diags), ERR_NONE);
	assert_int_equal(
		cedar_engine_add_policies(f->engine, STR("p"),
					  STR("permit(principal, action, resource) when { context "
					      "has from && context.from == ip(\"::1\") };"),
					  CEDAR_IDS_BY_POSITION, &f->diags),
		ERR_NONE);
	assert_int_equal(cedar_engine_seal(f->engine, &f->diags), ERR_NONE);
	assert_int_equal(cedar_request_new(NULL, &f->request), ERR_NONE);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cedar_request_free(f->request);
	cedar_engine_free(f->engine);
	cedar_schema_free(f->schema);
	cedar_diags_deinit(&f->diags);
	return 0;
}

static void forget_diags(struct fixture *f)
{
	cedar_diags_deinit(&f->diags);
	cedar_diags_init(&f->diags);
}

/* Asks view(U::"a", V::"b") with this context; the first error of reading and validating. */
static enum error ask(struct fixture *f, const char *action, const char *context_text,
		      bool with_schema)
{
	const struct cedar_schema *schema = with_schema ? f->schema : NULL;
	struct cedar_value context;
	cedar_uid uid;
	enum error error;

	forget_diags(f);
	cedar_request_begin(f->request, f->engine);
	uid = cedar_request_uid(f->request, STR("Action"), str_from(action));
	error = cedar_request_context(f->request, schema, uid, STR("c.json"),
				      str_from(context_text), &f->diags, &context);
	if (error != ERR_NONE)
		return error;
	cedar_request_ask(f->request, cedar_request_uid(f->request, STR("U"), STR("a")), uid,
			  cedar_request_uid(f->request, STR("V"), STR("b")), context);
	return cedar_request_validate(f->request, f->schema, &f->diags);
}

static void assert_message(struct fixture *f, const char *part)
{
	struct buf message;

	assert_int_equal(f->diags.error_count, 1);
	buf_init(&message, SIZE_MAX);
	buf_append_str(&message, f->diags.first->message);
	if (strstr(buf_text(&message), part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", buf_text(&message), part);
	buf_deinit(&message);
}

static void a_context_is_read_by_the_types_of_the_action(void **state)
{
	struct fixture *f = *state;
	struct cedar_answer answer;

	assert_int_equal(ask(f, "view", "{\"n\":1,\"from\":\"::1\"}", true), ERR_NONE);
	assert_int_equal(cedar_authorize(f->request, &answer), ERR_NONE);
	assert_int_equal(answer.decision, CEDAR_ALLOW);
	assert_int_equal(ask(f, "view",
			     "{\"n\":1,\"from\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::1\"}}}",
			     false),
			 ERR_NONE);
	assert_int_equal(cedar_authorize(f->request, &answer), ERR_NONE);
	assert_int_equal(answer.decision, CEDAR_ALLOW);
}

static void a_context_that_does_not_fit_is_refused_where_it_goes_wrong(void **state)
{
	static const struct {
		const char *text;
		uint32_t column;
		const char *message;
	} cases[] = {
		{"{\"n\":\"1\"}", 6, "must be a Long"},
		{" {}", 2, "`n` is missing"},
		{"{\"n\":1,\"m\":2}", 8, "`m` is not declared"},
		{"{\"n\":1,\"n\":1}", 8, "second time"},
		{"{\"n\":1,\"col\":{\"type\":\"C\",\"id\":\"x\"}}", 14, "not one of the ids"},
		{"[]", 1, "a context must be an object"},
		{"{\"n\":1} 2", 9, "end of the text"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(ask(f, "view", cases[i].text, true), ERR_SYNTAX);
		assert_message(f, cases[i].message);
		assert_int_equal(f->diags.first->column, cases[i].column);
	}
	assert_int_equal(ask(f, "nope", "{}", true), ERR_INVALID);
	assert_message(f, "\"nope\" is not declared");
	assert_int_equal(ask(f, "view", "{\"x\":null}", false), ERR_SYNTAX);
}

/* Validates a question whose context is {n: 1} plus `extra`. */
static enum error validate(struct fixture *f, const char *principal_type, const char *principal,
			   const char *action, const char *resource_type,
			   const struct cedar_attr *extra)
{
	struct cedar_request *request = f->request;
	struct cedar_attr attrs[2] = {{STR("n"), cedar_long(1)}};

	forget_diags(f);
	if (extra != NULL)
		attrs[1] = *extra;
	cedar_request_ask(request,
			  cedar_request_uid(request, str_from(principal_type), str_from(principal)),
			  cedar_request_uid(request, STR("Action"), str_from(action)),
			  cedar_request_uid(request, str_from(resource_type), STR("r")),
			  cedar_record(request, attrs, extra != NULL ? 2 : 1));
	return cedar_request_validate(request, f->schema, &f->diags);
}

static void a_question_must_be_as_the_schema_says(void **state)
{
	static const struct {
		const char *principal_type, *principal, *action, *resource_type;
		const char *message; /* NULL when it is valid */
	} cases[] = {
		{"U", "a", "view", "V", NULL},
		{"C", "red", "view", "V", NULL},
		{"X", "a", "nope", "Y", "`X` is not declared"},
		{"C", "pink", "nope", "V", "not one of the ids"},
		{"U", "a", "nope", "Y", "`Y` is not declared"},
		{"U", "a", "nope", "V", "Action::\"nope\" is not declared"},
		{"V", "a", "view", "U", "does not apply to a principal of type `V`"},
		{"U", "a", "view", "U", "does not apply to a resource of type `U`"},
		{"U", "a", "group", "V", "does not apply to a principal of type `U`"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		cedar_request_begin(f->request, f->engine);
		assert_int_equal(validate(f, cases[i].principal_type, cases[i].principal,
					  cases[i].action, cases[i].resource_type, NULL),
				 cases[i].message == NULL ? ERR_NONE : ERR_INVALID);
		if (cases[i].message != NULL)
			assert_message(f, cases[i].message);
	}
}

static void the_context_of_a_question_must_be_as_the_schema_says(void **state)
{
	struct fixture *f = *state;
	struct cedar_attr extra = {.key = STR("who")};

	cedar_request_begin(f->request, f->engine);
	extra.value = cedar_entity(cedar_request_uid(f->request, STR("U"), STR("q")));
	assert_int_equal(validate(f, "U", "a", "view", "V", &extra), ERR_NONE);
	extra.value = cedar_entity(cedar_request_uid(f->request, STR("V"), STR("q")));
	assert_int_equal(validate(f, "U", "a", "view", "V", &extra), ERR_INVALID);
	assert_message(f, "the context: attribute `who`: the value must be an entity of type `U`");
	extra = (struct cedar_attr){STR("url"), cedar_record(f->request, NULL, 0)};
	assert_int_equal(validate(f, "U", "a", "view", "V", &extra), ERR_INVALID);
	assert_message(f, "the context: attribute `url`: attribute `port` is missing");
	extra = (struct cedar_attr){STR("zz"), cedar_bool(true)};
	assert_int_equal(validate(f, "U", "a", "view", "V", &extra), ERR_INVALID);
	assert_message(f, "attribute `zz` is not declared");
}

static void nothing_asked_is_not_valid(void **state)
{
	struct fixture *f = *state;

	cedar_request_begin(f->request, f->engine);
	assert_int_equal(cedar_request_validate(f->request, f->schema, &f->diags), ERR_INVALID);
}

static void every_missing_allocation_is_reported(void **state)
{
	struct fixture *f = *state;
	bool fired = true;
	struct buf text;

	buf_init(&text, SIZE_MAX);
	buf_append_str(&text, STR("{\"n\":1"));
	for (int i = 0; i < 2000; i++)
		buf_printf(&text, ",\"a%d\":[{\"b\":\"\\n%d\"}]", i, i);
	buf_append_byte(&text, '}');
	for (uint64_t i = 0; fired; i++) {
		struct cedar_request *request = NULL;
		struct cedar_value context;
		enum error error;

		fault_arm(i, FAULT_STICKY);
		error = cedar_request_new(NULL, &request);
		if (error == ERR_NONE) {
			cedar_uid uid;

			cedar_request_begin(request, f->engine);
			uid = cedar_request_uid(request, STR("Action"), STR("view"));
			error = cedar_request_context(request, NULL, uid, STR("c"), buf_str(&text),
						      &f->diags, &context);
		}
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		cedar_request_free(request);
	}
	buf_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_context_is_read_by_the_types_of_the_action),
		cmocka_unit_test(a_context_that_does_not_fit_is_refused_where_it_goes_wrong),
		cmocka_unit_test(a_question_must_be_as_the_schema_says),
		cmocka_unit_test(the_context_of_a_question_must_be_as_the_schema_says),
		cmocka_unit_test(nothing_asked_is_not_valid),
		cmocka_unit_test(every_missing_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
