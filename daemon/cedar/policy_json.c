#include "cedar/policy_json.h"

#include "cedar/diag.h"
#include "cedar/json_escape.h"
#include "cedar/json_fields.h"

void policy_json_init(struct policy_json *reader, struct json_reader *json, uint32_t max_depth)
{
	*reader = (struct policy_json){.json = json, .max_depth = max_depth};
	ast_lists_init(&reader->lists, json->arena);
	buf_init(&reader->literal, SIZE_MAX);
}

void policy_json_deinit(struct policy_json *reader)
{
	buf_deinit(&reader->literal);
	ast_lists_deinit(&reader->lists);
}

const struct ast_expr *policy_json_check(struct policy_json *reader, const struct ast_expr *expr)
{
	struct json_reader *json = reader->json;

	if (expr == NULL) {
		json_read_abort(json, ERR_NO_MEMORY);
		return NULL;
	}
	if (expr->height > reader->max_depth) {
		json_read_fail_limit(json, expr->span,
				     "the expression is nested deeper than %u levels",
				     (unsigned)reader->max_depth);
		return NULL;
	}
	return expr;
}

struct ast_expr *policy_json_new(struct policy_json *reader, enum ast_kind kind, uint32_t start)
{
	struct ast_expr *expr = ast_new(reader->json->arena, kind, policy_json_span(reader, start));

	if (expr == NULL)
		json_read_abort(reader->json, ERR_NO_MEMORY);
	return expr;
}

void *policy_json_end_list(struct policy_json *reader, size_t start, size_t element_size,
			   uint32_t *count)
{
	void *elements = NULL;

	if (reader->json->failed == ERR_NONE) {
		elements = ast_list_end(&reader->lists, start, element_size, count);
		if (elements == NULL)
			json_read_abort(reader->json, ERR_NO_MEMORY);
	}
	return elements;
}

/* The scope. */

static const char *const var_names[] = {"principal", "action", "resource"};

static bool check_action(struct json_reader *json, const struct ast_uid *uid)
{
	if (str_equal(uid->type, STR("Action")) || str_ends_with(uid->type, STR("::Action")))
		return true;
	json_read_fail(json, uid->span, "an action is an entity of type `Action`; `%s` is not",
		       diag_quote(uid->type).text);
	return false;
}

static bool read_uid(struct json_reader *json, enum ast_var var, struct ast_uid *uid)
{
	uint32_t start = json->span.start;
	struct json_uid names;

	if (!json_read_uid(json, &names))
		return false;
	*uid = (struct ast_uid){names.type, names.id, span_make(start, json->span.end)};
	return var != AST_ACTION || check_action(json, uid);
}

/* {"type", "id"} of the scope. */
static bool read_scope_uid(struct policy_json *reader, enum ast_var var, struct ast_scope *scope)
{
	struct ast_uid *uid = arena_alloc(reader->json->arena, sizeof(*uid));

	if (uid == NULL) {
		json_read_abort(reader->json, ERR_NO_MEMORY);
		return false;
	}
	scope->uids = uid;
	scope->uid_count = 1;
	return read_uid(reader->json, var, uid);
}

/* [ {"type", "id"}, .. ] of the action. */
static bool read_scope_uids(struct policy_json *reader, enum ast_var var, struct ast_scope *scope)
{
	struct json_reader *json = reader->json;
	size_t list = ast_list_start(&reader->lists);

	if (!json_read_expect(json, JSON_ARRAY, "\"entities\""))
		return false;
	while (json_read_element(json)) {
		struct ast_uid uid;

		if (!read_uid(json, var, &uid))
			return false;
		ast_list_push(&reader->lists, &uid, sizeof(uid));
	}
	scope->uids = policy_json_end_list(reader, list, sizeof(*scope->uids), &scope->uid_count);
	return scope->uids != NULL;
}

/* "?principal" or "?resource", each of its own variable. */
static bool read_slot(struct json_reader *json, enum ast_var var, struct ast_scope *scope)
{
	struct str slot = var == AST_PRINCIPAL ? STR("?principal") : STR("?resource");

	if (!json_read_expect(json, JSON_STRING, "\"slot\""))
		return false;
	if (var == AST_ACTION)
		json_read_fail(json, json->span, "the action has no slot");
	else if (!str_equal(json->text, slot))
		json_read_fail(json, json->span, "the slot of the %s is \"%.*s\"", var_names[var],
			       STR_ARGS(slot));
	scope->has_slot = true;
	return json->failed == ERR_NONE;
}

enum { SCOPE_OP, SCOPE_ENTITY, SCOPE_ENTITIES, SCOPE_SLOT, SCOPE_TYPE, SCOPE_IN };
#define FIELD(index) (UINT32_C(1) << (index))

static const struct str scope_fields[] = {
	[SCOPE_OP] = {"op", 2},     [SCOPE_ENTITY] = {"entity", 6},
	[SCOPE_SLOT] = {"slot", 4}, [SCOPE_ENTITIES] = {"entities", 8},
	[SCOPE_IN] = {"in", 2},     [SCOPE_TYPE] = {"entity_type", 11},
};

/* What stands under "in": {"entity"} or {"slot"}. */
static bool read_scope_in(struct policy_json *reader, enum ast_var var, struct ast_scope *scope)
{
	static const struct str names[] = {{"entity", 6}, {"slot", 4}};
	struct json_fields fields = {.names = names, .count = 2, .what = "\"in\""};
	struct json_reader *json = reader->json;
	struct span object = json->span;
	int field;

	if (!json_read_expect(json, JSON_OBJECT, "\"in\""))
		return false;
	while ((field = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		if (field == 0)
			read_scope_uid(reader, var, scope);
		else
			read_slot(json, var, scope);
	}
	if (fields.seen != FIELD(0) && fields.seen != FIELD(1))
		json_read_fail(json, object, "\"in\" takes either \"entity\" or \"slot\"");
	return json->failed == ERR_NONE;
}

static bool read_scope_field(struct policy_json *reader, enum ast_var var, int field,
			     struct ast_scope *scope, struct str *op)
{
	struct json_reader *json = reader->json;

	switch (field) {
	case SCOPE_OP: *op = json->text; return json_read_expect(json, JSON_STRING, "\"op\"");
	case SCOPE_ENTITY: return read_scope_uid(reader, var, scope);
	case SCOPE_ENTITIES: return read_scope_uids(reader, var, scope);
	case SCOPE_SLOT: return read_slot(json, var, scope);
	case SCOPE_TYPE: scope->type_span = json->span; return json_read_type(json, &scope->type);
	default: return read_scope_in(reader, var, scope);
	}
}

/* Finds the kind of the scope from "op" and the fields besides it. */
static bool find_scope_kind(struct str op, uint32_t seen, enum ast_var var,
			    enum ast_scope_kind *kind)
{
	bool is_action = var == AST_ACTION;
	static const struct {
		struct str op;
		uint32_t fields;
		enum ast_scope_kind kind;
		bool for_action, for_others;
	} kinds[] = {
		{{"All", 3}, 0, AST_SCOPE_ANY, true, true},
		{{"all", 3}, 0, AST_SCOPE_ANY, true, true},
		{{"==", 2}, FIELD(SCOPE_ENTITY), AST_SCOPE_EQ, true, true},
		{{"==", 2}, FIELD(SCOPE_SLOT), AST_SCOPE_EQ, false, true},
		{{"in", 2}, FIELD(SCOPE_ENTITY), AST_SCOPE_IN, true, true},
		{{"in", 2}, FIELD(SCOPE_SLOT), AST_SCOPE_IN, false, true},
		{{"in", 2}, FIELD(SCOPE_ENTITIES), AST_SCOPE_IN_LIST, true, false},
		{{"is", 2}, FIELD(SCOPE_TYPE), AST_SCOPE_IS, false, true},
		{{"is", 2}, FIELD(SCOPE_TYPE) | FIELD(SCOPE_IN), AST_SCOPE_IS_IN, false, true},
	};

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		if (str_equal(kinds[i].op, op) && kinds[i].fields == (seen & ~FIELD(SCOPE_OP)) &&
		    (is_action ? kinds[i].for_action : kinds[i].for_others)) {
			*kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

static bool read_scope(struct policy_json *reader, enum ast_var var, struct ast_scope *scope)
{
	struct json_reader *json = reader->json;
	struct json_fields fields = {
		.names = scope_fields, .count = ARRAY_COUNT(scope_fields), .what = "a scope"};
	struct span object = json->span;
	struct str op = STR("");
	int field;

	*scope = (struct ast_scope){.kind = AST_SCOPE_ANY};
	if (!json_read_expect(json, JSON_OBJECT, "a scope"))
		return false;
	while ((field = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		if (!read_scope_field(reader, var, field, scope, &op))
			return false;
	}
	if (!json_fields_require(json, &fields, SCOPE_OP, object))
		return false;
	if (!find_scope_kind(op, fields.seen, var, &scope->kind)) {
		json_read_fail(
			json, object,
			var == AST_ACTION
				? "the action takes {\"op\": \"All\"}, \"==\" with \"entity\", "
				  "or \"in\" with \"entity\" or \"entities\""
				: "this takes {\"op\": \"All\"}, \"==\" or \"in\" with either "
				  "\"entity\" or \"slot\", or \"is\" with \"entity_type\" and "
				  "maybe \"in\"");
		return false;
	}
	scope->span = span_make(object.start, json->span.end);
	return true;
}

/* Conditions and annotations. */

/* {"kind": "when" or "unless", "body": expression} */
static bool read_condition(struct policy_json *reader, struct ast_condition *condition)
{
	enum { KIND, BODY };
	static const struct str names[] = {{"kind", 4}, {"body", 4}};
	struct json_fields fields = {.names = names, .count = 2, .what = "a condition"};
	struct json_reader *json = reader->json;
	struct span object = json->span;
	int field;

	if (!json_read_expect(json, JSON_OBJECT, "a condition"))
		return false;
	while ((field = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		if (field == BODY) {
			condition->body = policy_json_read_expr(reader);
		} else if (json_read_expect(json, JSON_STRING, "\"kind\"")) {
			condition->unless = str_equal(json->text, STR("unless"));
			if (!condition->unless && !str_equal(json->text, STR("when")))
				json_read_fail(json, json->span,
					       "\"kind\" is \"when\" or \"unless\"");
		}
	}
	if (!json_fields_require(json, &fields, KIND, object) ||
	    !json_fields_require(json, &fields, BODY, object))
		return false;
	condition->span = span_make(object.start, json->span.end);
	return true;
}

static bool read_conditions(struct policy_json *reader, struct ast_policy *policy)
{
	size_t list = ast_list_start(&reader->lists);

	if (!json_read_expect(reader->json, JSON_ARRAY, "\"conditions\""))
		return false;
	while (json_read_element(reader->json)) {
		struct ast_condition condition = {.body = NULL};

		if (!read_condition(reader, &condition))
			return false;
		ast_list_push(&reader->lists, &condition, sizeof(condition));
	}
	policy->conditions = policy_json_end_list(reader, list, sizeof(*policy->conditions),
						  &policy->condition_count);
	return policy->conditions != NULL;
}

/* The value of an annotation: a string, or null when it has none. */
static bool read_annotation(struct json_reader *json, struct ast_annotation *annotation)
{
	*annotation = (struct ast_annotation){
		.key = json->text, .key_span = json->span, .value = STR("")};
	if (!ast_is_identifier(json->text)) {
		json_read_fail(json, json->span, "the name of an annotation is an identifier");
		return false;
	}
	if (json_read_next(json) == JSON_NULL)
		return true;
	annotation->has_value = true;
	annotation->value = json->text;
	annotation->value_span = json->span;
	return json_read_expect(json, JSON_STRING, "the value of an annotation");
}

static bool check_annotations(struct policy_json *reader, const struct ast_policy *policy)
{
	const struct ast_annotation *annotations = policy->annotations;
	uint32_t repeated;

	if (ast_list_find_repeated(&reader->lists, annotations, sizeof(*annotations),
				   policy->annotation_count, &repeated) != ERR_NONE) {
		json_read_abort(reader->json, ERR_NO_MEMORY);
		return false;
	}
	if (repeated == policy->annotation_count)
		return true;
	json_read_fail(reader->json, annotations[repeated].key_span,
		       "the annotation \"%.*s\" stands here a second time",
		       STR_ARGS(annotations[repeated].key));
	return false;
}

static bool read_annotations(struct policy_json *reader, struct ast_policy *policy)
{
	size_t list = ast_list_start(&reader->lists);

	if (!json_read_expect(reader->json, JSON_OBJECT, "\"annotations\""))
		return false;
	while (json_read_key(reader->json)) {
		struct ast_annotation annotation;

		if (!read_annotation(reader->json, &annotation))
			return false;
		ast_list_push(&reader->lists, &annotation, sizeof(annotation));
	}
	policy->annotations = policy_json_end_list(reader, list, sizeof(*policy->annotations),
						   &policy->annotation_count);
	return policy->annotations != NULL && check_annotations(reader, policy);
}

/* The policy. */

static bool read_effect(struct json_reader *json, struct ast_policy *policy)
{
	if (!json_read_expect(json, JSON_STRING, "\"effect\""))
		return false;
	policy->effect_span = json->span;
	policy->effect = CEDAR_FORBID;
	if (str_equal(json->text, STR("permit")))
		policy->effect = CEDAR_PERMIT;
	else if (!str_equal(json->text, STR("forbid")))
		json_read_fail(json, json->span, "\"effect\" is \"permit\" or \"forbid\"");
	return json->failed == ERR_NONE;
}

enum {
	PRINCIPAL,
	ACTION,
	RESOURCE,
	EFFECT,
	CONDITIONS,
	REQUIRED_COUNT,
	ANNOTATIONS = REQUIRED_COUNT
};

static const struct str policy_fields[] = {
	[PRINCIPAL] = {"principal", 9},    [ACTION] = {"action", 6},
	[RESOURCE] = {"resource", 8},      [EFFECT] = {"effect", 6},
	[CONDITIONS] = {"conditions", 10}, [ANNOTATIONS] = {"annotations", 11},
};

static bool read_policy_field(struct policy_json *reader, int field, struct ast_policy *policy)
{
	switch (field) {
	case EFFECT: return read_effect(reader->json, policy);
	case CONDITIONS: return read_conditions(reader, policy);
	case ANNOTATIONS: return read_annotations(reader, policy);
	default: return read_scope(reader, (enum ast_var)field, &policy->scope[field]);
	}
}

bool policy_json_read(struct policy_json *reader, struct ast_policy *policy)
{
	struct json_reader *json = reader->json;
	struct json_fields fields = {
		.names = policy_fields, .count = ARRAY_COUNT(policy_fields), .what = "a policy"};
	struct ast_policy result = {.source = json->source};
	struct span object = json->span;
	int field;

	if (!json_read_expect(json, JSON_OBJECT, "a policy"))
		return false;
	while ((field = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		if (!read_policy_field(reader, field, &result))
			return false;
	}
	for (field = 0; field < REQUIRED_COUNT; field++) {
		if (!json_fields_require(json, &fields, field, object))
			return false;
	}
	result.span = span_make(object.start, json->span.end);
	*policy = result;
	return true;
}
