/*
 * Decisions: corpus-tests and handwritten (one set of policies with its schema and entities),
 * multi-policy (many policies, entities by request), templates (links).
 */
#include "conformance_request.h"
#include "conformance_validation.h"

#include <stdio.h>

/* The content of the file that `test` names under `key`, below `folder`. */
static bool read_named(struct run *run, const struct tree *test, const char *folder,
		       const char *key, struct str *text)
{
	struct str name = tree_get_text(test, key);

	return run_read(run, text, "%s%.*s", folder, STR_ARGS(name));
}

static void run_policies(struct run *run, const struct cedar_schema *schema, struct str entities,
			 struct str policies, const struct tree *test)
{
	struct cedar_engine *engine = conformance_engine(run, schema, entities);

	if (engine != NULL && conformance_add_policies(run, engine, policies) &&
	    conformance_seal(run, engine))
		conformance_requests(run, engine, schema, tree_get(test, "requests"));
	cedar_engine_free(engine);
}

static void compare_validity(struct run *run, const struct cedar_schema *schema,
			     struct str policies, bool expected)
{
	struct cedar_diags diags;

	cedar_diags_init(&diags);
	if (conformance_validate(run, schema, policies, true, &diags) != expected)
		run_fail_diags(run, expected ? "the policies are refused" : "the policies pass",
			       &diags);
	cedar_diags_deinit(&diags);
}

/* A test with schema; the data say whether its entities can be read without one, too. */
static void run_test(struct run *run, const char *folder, const char *name, bool also_without)
{
	struct str json, policies, entities, schema_text;
	struct cedar_schema *schema;
	const struct tree *test;

	if (!run_read(run, &json, "%s", name))
		return;
	test = tree_read(&run->arena, json);
	if (!read_named(run, test, folder, "policies", &policies) ||
	    !read_named(run, test, folder, "entities", &entities) ||
	    !read_named(run, test, folder, "schema", &schema_text))
		return;
	schema = conformance_read_schema(run, schema_text);
	if (schema == NULL)
		return;
	compare_validity(run, schema, policies, tree_get_bool(test, "shouldValidate"));
	run_policies(run, schema, entities, policies, test);
	if (also_without)
		run_policies(run, NULL, entities, policies, test);
	cedar_schema_free(schema);
}

static void run_corpus_test(struct run *run, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "corpus-tests/%s.json", name);
	run_test(run, "", path, true);
}

static bool is_test(const char *name)
{
	return !str_ends_with(str_from(name), STR(".entities"));
}

void conformance_corpus_tests(struct run *run)
{
	run_each(run, "corpus-tests", ".json", is_test, run_corpus_test);
}

static void run_handwritten_test(struct run *run, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.json", run->subfolder, name);
	run_test(run, "handwritten/", path, false);
}

static void run_handwritten_folder(struct run *run, const char *path)
{
	run_each(run, path, ".json", NULL, run_handwritten_test);
}

void conformance_handwritten(struct run *run)
{
	run_each_folder(run, "handwritten/tests", run_handwritten_folder);
}

/* Adds what a set of multi-policy or templates holds. */
static bool add_set(struct run *run, struct cedar_engine *engine, const struct tree *test,
		    struct str policies)
{
	return tree_get(test, "policySet") != NULL
		       ? conformance_add_policy_set(run, engine, tree_get(test, "policySet"))
		       : conformance_add_policies(run, engine, policies);
}

/* Each request has entities of its own, and so an engine of its own. */
static void run_set_request(struct run *run, const struct tree *test, struct str policies,
			    const struct tree *request)
{
	struct tree *items[] = {(struct tree *)request};
	const struct tree one = {.kind = JSON_ARRAY, .items = items, .count = 1};
	struct cedar_engine *engine;
	struct str entities;

	if (!read_named(run, request, "", "entities", &entities))
		return;
	engine = conformance_engine(run, NULL, entities);
	if (engine != NULL && add_set(run, engine, test, policies) && conformance_seal(run, engine))
		conformance_requests(run, engine, NULL, &one);
	cedar_engine_free(engine);
}

static void run_set(struct run *run, const char *name)
{
	struct str json, policies = STR("");
	const struct tree *test, *requests;

	if (!run_read(run, &json, "%s/%s.json", run->folder, name))
		return;
	test = tree_read(&run->arena, json);
	if (tree_get(test, "policies") != NULL &&
	    !read_named(run, test, "multi-policy/", "policies", &policies))
		return;
	requests = tree_get(test, "requests");
	for (size_t i = 0; i < tree_count(requests); i++)
		run_set_request(run, test, policies, requests->items[i]);
	if (tree_count(requests) == 0)
		run_fail(run, "no requests");
}

void conformance_sets(struct run *run)
{
	run_each(run, run->folder, ".json", NULL, run_set);
}
