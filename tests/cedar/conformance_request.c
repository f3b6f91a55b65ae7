#include "conformance_request.h"

#include <string.h>

#include "base/buf.h"

struct cedar_schema *conformance_read_schema(struct run *run, struct str text)
{
	struct cedar_diags diags;
	struct cedar_schema *schema = NULL;

	cedar_diags_init(&diags);
	if (cedar_schema_read(STR("schema"), text, CEDAR_SCHEMA_TEXT, &diags, &schema) != ERR_NONE)
		run_fail_diags(run, "the schema is not accepted", &diags);
	cedar_diags_deinit(&diags);
	return schema;
}

struct cedar_engine *conformance_engine(struct run *run, const struct cedar_schema *schema,
					struct str entities)
{
	struct cedar_engine *engine = NULL;
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_engine_new(NULL, run_key(), &engine);
	if (error == ERR_NONE)
		error = cedar_engine_add_entities(engine, schema, STR("entities"), entities,
						  &diags);
	if (error == ERR_NONE && schema != NULL)
		error = cedar_engine_add_actions(engine, schema, &diags);
	if (error != ERR_NONE) {
		run_fail_diags(run, "the entities are not accepted", &diags);
		cedar_engine_free(engine);
		engine = NULL;
	}
	cedar_diags_deinit(&diags);
	return engine;
}

bool conformance_add_policies(struct run *run, struct cedar_engine *engine, struct str text)
{
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_engine_add_policies(engine, STR("policies"), text, CEDAR_IDS_BY_POSITION,
					  &diags);
	if (error != ERR_NONE)
		run_fail_diags(run, "the policies are not accepted", &diags);
	cedar_diags_deinit(&diags);
	return error == ERR_NONE;
}

/* Policies or templates, {id: text}: the id is put in front of each as its annotation. */
static bool add_named(struct run *run, struct cedar_engine *engine, const struct tree *policies)
{
	struct cedar_diags diags;
	struct buf text;
	enum error error;

	buf_init(&text, SIZE_MAX);
	for (size_t i = 0; i < tree_count(policies); i++)
		buf_printf(&text, "@id(\"%.*s\") %.*s\n", STR_ARGS(policies->keys[i]),
			   STR_ARGS(policies->items[i]->text));
	cedar_diags_init(&diags);
	error = cedar_engine_add_policies(engine, STR("policies"), buf_str(&text),
					  CEDAR_IDS_FROM_ANNOTATION, &diags);
	if (error != ERR_NONE)
		run_fail_diags(run, "the policies are not accepted", &diags);
	cedar_diags_deinit(&diags);
	buf_deinit(&text);
	return error == ERR_NONE;
}

static bool add_link(struct run *run, struct cedar_engine *engine, const struct tree *link)
{
	const struct tree *uids = tree_get(link, "values");
	struct cedar_link made = {.template_id = tree_get_text(link, "templateId"),
				  .new_id = tree_get_text(link, "newId")};
	struct cedar_diags diags;
	enum error error;

	for (size_t i = 0; i < tree_count(uids) && i < CEDAR_SLOTS; i++)
		made.values[made.value_count++] = (struct cedar_slot_value){
			uids->keys[i], tree_get_text(uids->items[i], "type"),
			tree_get_text(uids->items[i], "id")};
	cedar_diags_init(&diags);
	error = cedar_engine_link(engine, &made, &diags);
	if (error != ERR_NONE)
		run_fail_diags(run, "a link is not accepted", &diags);
	cedar_diags_deinit(&diags);
	return error == ERR_NONE;
}

bool conformance_add_policy_set(struct run *run, struct cedar_engine *engine,
				const struct tree *policy_set)
{
	const struct tree *links = tree_get(policy_set, "templateLinks");

	if (!add_named(run, engine, tree_get(policy_set, "staticPolicies")) ||
	    !add_named(run, engine, tree_get(policy_set, "templates")))
		return false;
	for (size_t i = 0; i < tree_count(links); i++) {
		if (!add_link(run, engine, links->items[i]))
			return false;
	}
	return true;
}

bool conformance_seal(struct run *run, struct cedar_engine *engine)
{
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_engine_seal(engine, &diags);
	if (error != ERR_NONE)
		run_fail_diags(run, "the engine cannot be sealed", &diags);
	cedar_diags_deinit(&diags);
	return error == ERR_NONE;
}

static cedar_uid read_uid(struct cedar_request *request, const struct tree *test, const char *name)
{
	const struct tree *uid = tree_get(test, name);

	return cedar_request_uid(request, tree_get_text(uid, "type"), tree_get_text(uid, "id"));
}

enum error conformance_ask(struct cedar_request *request, const struct cedar_engine *engine,
			   const struct cedar_schema *schema, const struct tree *test,
			   struct cedar_diags *diags)
{
	const struct tree *json = tree_get(test, "context");
	struct cedar_value context;
	cedar_uid principal, action, resource;
	enum error error;

	cedar_request_begin(request, engine);
	principal = read_uid(request, test, "principal");
	action = read_uid(request, test, "action");
	resource = read_uid(request, test, "resource");
	error = cedar_request_context(request, schema, action, STR("context"),
				      json != NULL ? json->raw : STR("{}"), diags, &context);
	if (error != ERR_NONE)
		return error;
	cedar_request_ask(request, principal, action, resource, context);
	return schema != NULL ? cedar_request_validate(request, schema, diags) : ERR_NONE;
}

static bool is_listed(const struct tree *list, struct str id)
{
	for (size_t i = 0; i < tree_count(list); i++) {
		if (str_equal(list->items[i]->text, id))
			return true;
	}
	return false;
}

/* True when the policies are those of the list, which may name one twice. */
static bool same_ids(const struct cedar_engine *engine, const uint32_t *policies, size_t count,
		     const struct tree *list)
{
	size_t distinct = 0;

	for (size_t i = 0; i < tree_count(list); i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again = again || str_equal(list->items[i]->text, list->items[j]->text);
		distinct += !again;
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_listed(list, cedar_policy_at(engine, policies[i])->id))
			return false;
	}
	return distinct == count;
}

static void print_ids(struct buf *out, const struct cedar_engine *engine, const uint32_t *policies,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_append_byte(out, ' ');
		buf_append_str(out, cedar_policy_at(engine, policies[i])->id);
	}
}

static void compare_answer(struct run *run, const struct cedar_engine *engine, size_t number,
			   const struct cedar_answer *answer, const struct tree *test)
{
	bool allow = str_equal(tree_get_text(test, "decision"), STR("allow"));
	uint32_t *erring = arena_calloc(&run->arena, answer->error_count, sizeof(*erring));
	struct buf text;

	for (size_t i = 0; erring != NULL && i < answer->error_count; i++)
		erring[i] = answer->errors[i].policy;
	if (erring == NULL) {
		run_fail(run, "out of memory");
		return;
	}
	if (allow == (answer->decision == CEDAR_ALLOW) &&
	    same_ids(engine, answer->reasons, answer->reason_count, tree_get(test, "reason")) &&
	    same_ids(engine, erring, answer->error_count, tree_get(test, "errors")))
		return;
	buf_init(&text, SIZE_MAX);
	print_ids(&text, engine, answer->reasons, answer->reason_count);
	buf_append_str(&text, STR("; errors:"));
	print_ids(&text, engine, erring, answer->error_count);
	run_fail(run, "request %zu: %s because of%s", number,
		 answer->decision == CEDAR_ALLOW ? "allow" : "deny", buf_text(&text));
	buf_deinit(&text);
}

static void run_request(struct run *run, struct cedar_request *request,
			const struct cedar_engine *engine, const struct cedar_schema *schema,
			const struct tree *test, size_t number)
{
	struct cedar_answer answer;
	struct cedar_diags diags;

	cedar_diags_init(&diags);
	if (conformance_ask(request, engine, schema, test, &diags) != ERR_NONE)
		run_fail_diags(run, "a request is not accepted", &diags);
	else if (cedar_authorize(request, &answer) != ERR_NONE)
		run_fail(run, "request %zu is not answered", number);
	else
		compare_answer(run, engine, number, &answer, test);
	if (!run->case_failed && cedar_authorize_linear(request, &answer) == ERR_NONE)
		compare_answer(run, engine, number, &answer, test);
	cedar_diags_deinit(&diags);
}

void conformance_requests(struct run *run, const struct cedar_engine *engine,
			  const struct cedar_schema *schema, const struct tree *requests)
{
	struct cedar_request *request = NULL;

	if (cedar_request_new(NULL, &request) != ERR_NONE) {
		run_fail(run, "out of memory");
		return;
	}
	for (size_t i = 0; i < tree_count(requests); i++)
		run_request(run, request, engine, schema, requests->items[i], i);
	cedar_request_free(request);
}
