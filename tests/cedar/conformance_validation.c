/*
 * corpus-validation, validation-cases: NAME.validation.json has the verdicts of the validator on
 * each policy, strict and permissive, with the texts of its errors; on each entity, loaded alone;
 * and on each request. Texts change between versions: of them only the kinds of errors are
 * compared.
 */
#include "conformance_validation.h"

#include <stdio.h>

#include "base/buf.h"
#include "cedar/parser.h"
#include "cedar/validate.h"
#include "conformance_entities.h"
#include "conformance_request.h"

enum { KIND_COUNT = VALIDATE_TOO_COMPLEX + 1 };

/* The kind of an error by a part of its text. */
static const struct {
	const char *part;
	enum validate_kind kind;
} kinds[] = {
	{"unrecognized entity type", VALIDATE_UNKNOWN_TYPE},
	{"unrecognized action", VALIDATE_UNKNOWN_ACTION},
	{"not declared as a valid eid", VALIDATE_BAD_ENUM_ID},
	{"unable to find an applicable action", VALIDATE_INAPPLICABLE},
	{"unexpected type", VALIDATE_UNEXPECTED_TYPE},
	{"are not compatible", VALIDATE_INCOMPATIBLE},
	{"not found", VALIDATE_NO_ATTRIBUTE},
	{"safety of access to optional attribute", VALIDATE_UNSAFE_ATTRIBUTE},
	{"safety of access to tag", VALIDATE_UNSAFE_TAG},
	{"safety of access to optional tag", VALIDATE_UNSAFE_TAG},
	{"tags are not allowed", VALIDATE_NO_TAGS},
	{"empty set literals", VALIDATE_EMPTY_SET},
	{"wrong number of arguments", VALIDATE_ARITY},
	{"extension function argument validation", VALIDATE_BAD_LITERAL},
	{"non-literal expressions", VALIDATE_NOT_LITERAL},
};

/* How many errors of each kind there are, and how many different texts they have. */
struct tally {
	uint32_t of[KIND_COUNT];
	uint32_t distinct[KIND_COUNT];
};

static bool contains(struct str text, const char *part)
{
	struct str wanted = str_from(part);

	for (size_t i = 0; i + wanted.length <= text.length; i++) {
		if (memcmp(text.ptr + i, wanted.ptr, wanted.length) == 0)
			return true;
	}
	return false;
}

static void count_text(const struct tree *texts, size_t index, enum validate_kind kind,
		       struct tally *tally)
{
	bool again = false;

	for (size_t i = 0; i < index; i++)
		again = again || str_equal(texts->items[i]->text, texts->items[index]->text);
	tally->of[kind]++;
	tally->distinct[kind] += !again;
}

static void count_golden(struct run *run, const struct tree *texts, struct tally *tally)
{
	for (size_t i = 0; i < tree_count(texts); i++) {
		size_t k = 0;

		while (k < ARRAY_COUNT(kinds) && !contains(texts->items[i]->text, kinds[k].part))
			k++;
		if (k == ARRAY_COUNT(kinds))
			run_fail(run, "unknown error text: %.*s", STR_ARGS(texts->items[i]->text));
		else
			count_text(texts, i, kinds[k].kind, tally);
	}
}

static void on_finding(void *arg, enum validate_kind kind, enum cedar_severity severity)
{
	struct tally *tally = arg;

	if (severity == CEDAR_ERROR)
		tally->of[kind]++;
}

static const char *kind_text(size_t kind)
{
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		if ((size_t)kinds[i].kind == kind)
			return kinds[i].part;
	}
	return "another kind";
}

/* Validates one policy and compares verdict and kinds with {"strict", "strictErrors"} or their
 * permissive counterparts. */
static void compare_policy(struct run *run, const struct cedar_schema *schema,
			   const struct ast_policy *policy, const struct tree *golden, bool strict)
{
	struct tally found = {{0}, {0}}, wanted = {{0}, {0}};
	struct validate_options options = {
		.strict = strict, .on_finding = on_finding, .arg = &found};
	bool expected = tree_get_bool(golden, strict ? "strict" : "permissive");
	struct cedar_diags diags;
	struct buf what;
	bool passed;

	cedar_diags_init(&diags);
	buf_init(&what, SIZE_MAX);
	passed = validate_policy(schema, policy, NULL, &options, &run->arena, &diags) == ERR_NONE;
	buf_printf(&what, "%.*s %s: %s", STR_ARGS(policy->id), strict ? "strict" : "permissive",
		   passed ? "passes" : "is refused");
	if (passed != expected)
		run_fail_diags(run, buf_text(&what), &diags);
	count_golden(run, tree_get(golden, strict ? "strictErrors" : "permissiveErrors"), &wanted);
	/* The reference repeats an error for each copy that it makes of an expression, and for each
	   type that a part of it has, which the text does not always tell. */
	for (size_t kind = 0; kind < KIND_COUNT; kind++) {
		if (found.of[kind] <= wanted.of[kind] && found.of[kind] >= wanted.distinct[kind])
			continue;
		buf_clear(&what);
		buf_printf(&what, "%.*s %s: %u errors, not %u, of the kind \"%s\"",
			   STR_ARGS(policy->id), strict ? "strict" : "permissive",
			   (unsigned)found.of[kind], (unsigned)wanted.of[kind], kind_text(kind));
		run_fail_diags(run, buf_text(&what), &diags);
	}
	buf_deinit(&what);
	cedar_diags_deinit(&diags);
}

static bool parse(struct run *run, struct str text, struct source *source,
		  struct ast_policies *policies)
{
	struct cedar_diags diags;
	enum error error = source_init(source, &run->arena, STR("policies"), text);

	cedar_diags_init(&diags);
	if (error == ERR_NONE)
		error = parse_policies(&run->arena, source, NULL, &diags, policies);
	if (error != ERR_NONE)
		run_fail_diags(run, "the policies are not accepted", &diags);
	cedar_diags_deinit(&diags);
	return error == ERR_NONE;
}

static void compare_policies(struct run *run, const struct cedar_schema *schema, struct str text,
			     const struct tree *golden)
{
	const struct tree *each = tree_get(golden, "perPolicy");
	struct ast_policies policies;
	struct source source;

	if (!parse(run, text, &source, &policies))
		return;
	if (tree_count(each) != policies.count)
		run_fail(run, "%u policies, not %zu", (unsigned)policies.count, tree_count(each));
	for (const struct ast_policy *policy = policies.first; policy != NULL;
	     policy = policy->next) {
		const struct tree *verdict = tree_get_str(each, policy->id);

		compare_policy(run, schema, policy, verdict, true);
		compare_policy(run, schema, policy, verdict, false);
	}
	for (int strict = 0; strict <= 1; strict++) {
		struct cedar_diags diags;
		bool passed;

		cedar_diags_init(&diags);
		passed = conformance_validate(run, schema, text, strict, &diags);
		if (passed != tree_get_bool(golden, strict ? "strict" : "permissive"))
			run_fail(run, "all policies %s: %s", strict ? "strict" : "permissive",
				 passed ? "pass" : "are refused");
		cedar_diags_deinit(&diags);
	}
}

bool conformance_validate(struct run *run, const struct cedar_schema *schema, struct str policies,
			  bool strict, struct cedar_diags *diags)
{
	struct cedar_validation options = {.mode = strict ? CEDAR_STRICT : CEDAR_PERMISSIVE};
	struct cedar_engine *engine = NULL;
	enum error error = ERR_NO_MEMORY;

	if (cedar_engine_new(NULL, run_key(), &engine) == ERR_NONE &&
	    conformance_add_policies(run, engine, policies)) {
		error = cedar_engine_validate(engine, schema, &options, diags);
		if ((error != ERR_NONE) != (diags->error_count != 0))
			run_fail(run, "the verdict and the diagnostics disagree");
	}
	cedar_engine_free(engine);
	return error == ERR_NONE;
}

/* Requests. */

static bool is_valid_request(const struct cedar_engine *engine, const struct cedar_schema *schema,
			     const struct tree *request, struct cedar_diags *diags)
{
	struct cedar_request *question = NULL;
	bool valid = cedar_request_new(NULL, &question) == ERR_NONE &&
		     conformance_ask(question, engine, schema, request, diags) == ERR_NONE;

	cedar_request_free(question);
	return valid;
}

static void compare_requests(struct run *run, const struct cedar_schema *schema,
			     const struct tree *requests, const struct tree *golden)
{
	struct cedar_engine *engine = conformance_engine(run, schema, STR("[]"));

	if (engine == NULL || !conformance_seal(run, engine)) {
		cedar_engine_free(engine);
		return;
	}
	if (tree_count(golden) != tree_count(requests))
		run_fail(run, "%zu verdicts on %zu requests", tree_count(golden),
			 tree_count(requests));
	for (size_t i = 0; i < tree_count(golden) && i < tree_count(requests); i++) {
		bool expected = tree_get_bool(golden->items[i], "strict");
		struct cedar_diags diags;

		cedar_diags_init(&diags);
		if (is_valid_request(engine, schema, requests->items[i], &diags) != expected)
			run_fail_diags(run,
				       expected ? "a request is refused"
						: "an invalid request is accepted",
				       &diags);
		if (!expected && diags.error_count == 0)
			run_fail(run, "a request is refused without a reason");
		cedar_diags_deinit(&diags);
	}
	cedar_engine_free(engine);
}

/* Cases. */

static bool has_no_errors(const struct tree *golden)
{
	return tree_get(golden, "errors") == NULL;
}

struct texts {
	struct str schema, policies, entities, test, golden;
};

static void compare_case(struct run *run, const struct texts *texts)
{
	const struct tree *test = tree_read(&run->arena, texts->test);
	const struct tree *golden = tree_read(&run->arena, texts->golden);
	struct cedar_schema *schema = conformance_read_schema(run, texts->schema);

	if (schema == NULL)
		return;
	compare_policies(run, schema, texts->policies, tree_get(golden, "policyValidation"));
	conformance_each_entity(run, schema, texts->entities,
				tree_get(tree_get(golden, "entityValidation"), "perEntity"),
				has_no_errors);
	compare_requests(run, schema, tree_get(test, "requests"),
			 tree_get(golden, "requestValidation"));
	cedar_schema_free(schema);
}

/* Reads what belongs to NAME in a folder, and runs it. */
static void run_named(struct run *run, const char *folder, const char *golden_folder,
		      const char *name)
{
	struct texts texts;

	if (run_read(run, &texts.schema, "%s/%s.cedarschema", folder, name) &&
	    run_read(run, &texts.policies, "%s/%s.cedar", folder, name) &&
	    run_read(run, &texts.entities, "%s/%s.entities.json", folder, name) &&
	    run_read(run, &texts.test, "%s/%s.json", folder, name) &&
	    run_read(run, &texts.golden, "%s/%s.validation.json", golden_folder, name))
		compare_case(run, &texts);
}

static void run_corpus_case(struct run *run, const char *name)
{
	run_named(run, "corpus-tests", "corpus-validation", name);
}

static void run_validation_case(struct run *run, const char *name)
{
	run_named(run, "validation-cases", "validation-cases", name);
}

void conformance_corpus_validation(struct run *run)
{
	run_each(run, run->folder, ".validation.json", NULL, run_corpus_case);
}

void conformance_validation_cases(struct run *run)
{
	run_each(run, run->folder, ".validation.json", NULL, run_validation_case);
}

/* strict-cases: NAME.json = {"schema", "policies", "strict", "perPolicy"}, verdicts only. The schema is
 * text, or the name of a file in the folder. */
static struct cedar_schema *read_case_schema(struct run *run, const struct tree *test)
{
	struct str text = tree_get_text(test, "schema");

	if (str_ends_with(text, STR(".cedarschema")) &&
	    !run_read(run, &text, "strict-cases/%.*s", STR_ARGS(text)))
		return NULL;
	return conformance_read_schema(run, text);
}

static void run_strict_case(struct run *run, const char *name)
{
	struct validate_options options = {.strict = true};
	struct ast_policies policies;
	struct source source;
	struct str json;
	const struct tree *test;
	struct cedar_schema *schema;
	bool all = true;

	if (!run_read(run, &json, "strict-cases/%s.json", name))
		return;
	test = tree_read(&run->arena, json);
	schema = read_case_schema(run, test);
	if (schema == NULL)
		return;
	if (!parse(run, tree_get_text(test, "policies"), &source, &policies))
		policies.first = NULL;
	for (const struct ast_policy *policy = policies.first; policy != NULL;
	     policy = policy->next) {
		const struct tree *verdict = tree_get_str(tree_get(test, "perPolicy"), policy->id);
		struct cedar_diags diags;
		bool passed;

		cedar_diags_init(&diags);
		passed = validate_policy(schema, policy, NULL, &options, &run->arena, &diags) ==
			 ERR_NONE;
		if (verdict == NULL || verdict->boolean != passed)
			run_fail_diags(run, passed ? "a policy passes" : "a policy is refused",
				       &diags);
		all = all && passed;
		cedar_diags_deinit(&diags);
	}
	if (all != tree_get_bool(test, "strict"))
		run_fail(run, "the policies %s", all ? "pass" : "are refused");
	cedar_schema_free(schema);
}

void conformance_strict_cases(struct run *run)
{
	run_each(run, run->folder, ".json", NULL, run_strict_case);
}
