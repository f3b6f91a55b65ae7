/* edge: single cases of one array, each with the verdict of the reference. */
#include <stdio.h>

#include "base/log.h"
#include "cedar/ast.h"
#include "cedar/parser.h"
#include "conformance_entities.h"
#include "conformance_request.h"
#include "conformance_validation.h"

/* The reference knows unknown(), a function of partial evaluation, which the language as such has
 * not: here it is a mistake of the text. */
static const char *const parse_errors_here[] = {"unknown(\"x\") == 1"};

static const char expr_entities[] =
	"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"parents\":[{\"type\":\"G\",\"id\":\"g\"}],"
	"\"tags\":{\"t\":\"v\"},\"attrs\":{\"s\":[1,2],\"r\":{\"x\":1},"
	"\"e\":{\"__entity\":{\"type\":\"U\",\"id\":\"b\"}},\"n\":5}},"
	"{\"uid\":{\"type\":\"G\",\"id\":\"g\"},\"parents\":[{\"type\":\"G\",\"id\":\"h\"}],"
	"\"attrs\":{}}]";

/* The contexts of the cases that do not record theirs. */
static const struct {
	size_t index;
	const char *input;
	const char *context;
} contexts[] = {
	{123, "context.a == 1", "{\"a\":1}"},
	{124, "context.a == 1", "{\"a\":1.5}"},
	{125, "context.a.__entity == 1",
	 "{\"a\":{\"__entity\":{\"type\":\"U\",\"id\":\"a\"},\"b\":1}}"},
	{126, "context.a == ip(\"1.1.1.1\")",
	 "{\"a\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"1.1.1.1\"}}}"},
	{127, "context.a == ip(\"1.1.1.1\")",
	 "{\"a\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"bad\"}}}"},
	{128, "true", "{\"a\":{\"__expr\":\"1\"}}"},
};

static struct str context_of(const struct tree *test, size_t index)
{
	const struct tree *own = tree_get(test, "context");

	if (own != NULL)
		return own->text;
	for (size_t i = 0; i < ARRAY_COUNT(contexts); i++) {
		if (contexts[i].index == index &&
		    str_equal(str_from(contexts[i].input), tree_get_text(test, "input")))
			return str_from(contexts[i].context);
	}
	return STR("{}");
}

/* The verdict on an expression, as a word of the data. */
static const char *evaluate(const struct cedar_engine *engine, struct cedar_request *request,
			    struct str context_text, struct cedar_diags *diags)
{
	struct cedar_answer answer;
	struct cedar_value context;
	cedar_uid principal, action, resource;

	cedar_request_begin(request, engine);
	principal = cedar_request_uid(request, STR("U"), STR("a"));
	action = cedar_request_uid(request, STR("Action"), STR("x"));
	resource = cedar_request_uid(request, STR("R"), STR("r"));
	if (cedar_request_context(request, NULL, action, STR("context"), context_text, diags,
				  &context) != ERR_NONE)
		return "PARSE-ERR";
	cedar_request_ask(request, principal, action, resource, context);
	if (cedar_authorize(request, &answer) != ERR_NONE)
		return "no answer";
	if (answer.error_count != 0)
		return "EVAL-ERR";
	return answer.decision == CEDAR_ALLOW ? "true" : "false";
}

static const char *expr_verdict(struct run *run, struct str input, struct str context,
				struct cedar_diags *diags)
{
	struct cedar_engine *engine = conformance_engine(run, NULL, str_from(expr_entities));
	struct cedar_request *request = NULL;
	const char *verdict = "PARSE-ERR";
	struct buf text;

	buf_init(&text, SIZE_MAX);
	buf_append_str(&text, STR("permit(principal,action,resource) when { "));
	buf_append_str(&text, input);
	buf_append_str(&text, STR(" };"));
	if (engine != NULL &&
	    cedar_engine_add_policies(engine, STR("policy"), buf_str(&text), CEDAR_IDS_BY_POSITION,
				      diags) == ERR_NONE &&
	    cedar_engine_seal(engine, diags) == ERR_NONE &&
	    cedar_request_new(NULL, &request) == ERR_NONE)
		verdict = evaluate(engine, request, context, diags);
	cedar_request_free(request);
	cedar_engine_free(engine);
	buf_deinit(&text);
	return verdict;
}

static void run_expr_case(struct run *run, const struct tree *test, size_t index)
{
	struct str input = tree_get_text(test, "input"), expected = tree_get_text(test, "result");
	const char *verdict;
	struct cedar_diags diags;

	for (size_t i = 0; i < ARRAY_COUNT(parse_errors_here); i++) {
		if (str_equal(input, str_from(parse_errors_here[i])))
			expected = STR("PARSE-ERR");
	}
	cedar_diags_init(&diags);
	verdict = expr_verdict(run, input, context_of(test, index), &diags);
	if (!str_starts_with(expected, str_from(verdict)))
		run_fail_diags(run, verdict, &diags);
	cedar_diags_deinit(&diags);
}

/* Compares with "ok" or "ERR". */
static void compare_verdict(struct run *run, const struct tree *test, enum error error,
			    const struct cedar_diags *diags)
{
	bool expected = str_starts_with(tree_get_text(test, "result"), STR("ok"));

	if (error != ERR_NONE && expected)
		run_fail_diags(run, "rejected", diags);
	else if (error == ERR_NONE && !expected)
		run_fail(run, "accepted");
	else if (error != ERR_NONE && diags->error_count == 0)
		run_fail(run, "rejected without a reason");
}

/* The text of a static policy set may hold no template. */
static enum error parse_static(struct run *run, struct str text, struct cedar_diags *diags)
{
	struct ast_policies policies;
	struct source source;
	enum error error = source_init(&source, &run->arena, STR("policies"), text);

	if (error == ERR_NONE)
		error = parse_policies(&run->arena, &source, NULL, diags, &policies);
	if (error != ERR_NONE)
		return error;
	for (const struct ast_policy *policy = policies.first; policy != NULL;
	     policy = policy->next) {
		if (ast_is_template(policy)) {
			diags->error_count++;
			return ERR_INVALID;
		}
	}
	return ERR_NONE;
}

static void run_policyset_case(struct run *run, const struct tree *test)
{
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = parse_static(run, tree_get_text(test, "input"), &diags);
	compare_verdict(run, test, error, &diags);
	cedar_diags_deinit(&diags);
}

static void run_schema_case(struct run *run, const struct tree *test)
{
	struct cedar_schema *schema = NULL;
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_schema_read(STR("schema"), tree_get_text(test, "input"), CEDAR_SCHEMA_TEXT,
				  &diags, &schema);
	compare_verdict(run, test, error, &diags);
	cedar_schema_free(schema);
	cedar_diags_deinit(&diags);
}

static void run_entities_case(struct run *run, const struct tree *test)
{
	struct cedar_schema *schema = NULL;
	struct cedar_diags diags;
	enum error error;

	if (tree_get(test, "schema") != NULL) {
		schema = conformance_read_schema(run, tree_get_text(test, "schema"));
		if (schema == NULL)
			return;
	}
	cedar_diags_init(&diags);
	error = conformance_load_entities(schema, tree_get_text(test, "input"), &diags);
	compare_verdict(run, test, error, &diags);
	cedar_diags_deinit(&diags);
	cedar_schema_free(schema);
}

/* The reference of these cases warns where no action can be applied, as versions from 4.13 on do;
 * here that is an error unless the caller says otherwise. */
static const char *const errors_here[] = {"permit(principal,action == Action::\"g\",resource);"};

static void run_validate_case(struct run *run, const struct tree *test)
{
	struct str input = tree_get_text(test, "input");
	bool expected = str_starts_with(tree_get_text(test, "result"), STR("ok"));
	struct cedar_schema *schema = conformance_read_schema(run, tree_get_text(test, "schema"));
	struct cedar_diags diags;

	if (schema == NULL)
		return;
	for (size_t i = 0; i < ARRAY_COUNT(errors_here); i++)
		expected = expected && !str_equal(input, str_from(errors_here[i]));
	cedar_diags_init(&diags);
	if (conformance_validate(run, schema, input, true, &diags) != expected)
		run_fail_diags(run, expected ? "refused" : "accepted", &diags);
	cedar_diags_deinit(&diags);
	cedar_schema_free(schema);
}

static void run_edge_case(struct run *run, const struct tree *test, size_t index)
{
	struct str kind = tree_get_text(test, "kind");

	if (str_equal(kind, STR("expr")))
		run_expr_case(run, test, index);
	else if (str_equal(kind, STR("policyset")))
		run_policyset_case(run, test);
	else if (str_equal(kind, STR("schema")))
		run_schema_case(run, test);
	else if (str_equal(kind, STR("entities")))
		run_entities_case(run, test);
	else if (str_equal(kind, STR("validate")))
		run_validate_case(run, test);
	else
		run_fail(run, "unknown kind of case");
}

void conformance_edge(struct run *run)
{
	struct arena arena;
	struct str text;
	const struct tree *cases;

	run_case(run, "edge-cases.json");
	if (!run_read(run, &text, "edge/edge-cases.json")) {
		run_case_end(run);
		return;
	}
	/* The cases outlive the arena of each. */
	arena_init(&arena, 1 << 16, SIZE_MAX);
	text = arena_copy(&arena, text);
	cases = tree_read(&arena, text);
	for (size_t i = 0; i < tree_count(cases); i++) {
		const struct tree *test = cases->items[i];
		struct buf label;

		buf_init(&label, SIZE_MAX);
		buf_printf(&label, "%zu %.*s: ", i, STR_ARGS(tree_get_text(test, "kind")));
		log_escape(&label, tree_get_text(test, "input"));
		run_case(run, buf_text(&label));
		buf_deinit(&label);
		run_edge_case(run, test, i);
		run_case_end(run);
	}
	arena_deinit(&arena);
}
