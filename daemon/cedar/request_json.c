/* The context of a request from JSON, and whether a request is as a schema says. */
#include "cedar/conformance.h"
#include "cedar/diag.h"
#include "cedar/request.h"
#include "cedar/value_json.h"

static struct json_uid names_of(const struct cedar_request *request, cedar_uid uid)
{
	const struct uid_entry *entry = symbols_uid(&request->symbols, uid);

	return (struct json_uid){symbols_name(&request->symbols, entry->type), entry->id};
}

static uint32_t find_action(const struct cedar_request *request, const struct cedar_schema *schema,
			    cedar_uid action)
{
	struct json_uid names = names_of(request, action);

	return schema_find_action(schema, names.type, names.id);
}

static enum error read_context(struct value_json *v, const struct type *type,
			       struct cedar_value *context)
{
	struct cedar_value value = {0};
	enum error error;

	json_read_next(&v->json);
	if (json_read_expect(&v->json, JSON_OBJECT, "a context"))
		value_json_read_record(v, type, &value);
	error = json_read_finish(&v->json);
	if (error == ERR_NONE)
		*context = value;
	return error;
}

enum error cedar_request_context(struct cedar_request *request, const struct cedar_schema *schema,
				 cedar_uid action, struct str source, struct str text,
				 struct cedar_diags *diags, struct cedar_value *context)
{
	static const struct cedar_resolver no_resolver;
	const struct type *type = NULL;
	struct value_json values;
	struct source lines;
	enum error error;

	if (request->builder.failed != ERR_NONE)
		return request->builder.failed;
	if (action >= symbols_uid_count(&request->symbols))
		return ERR_INVALID;
	if (schema != NULL) {
		uint32_t number = find_action(request, schema, action);

		if (number == SCHEMA_NONE) {
			diag_report_source(diags, CEDAR_ERROR, source,
					   "the action \"%s\" is not declared",
					   diag_quote(names_of(request, action).id).text);
			return ERR_INVALID;
		}
		type = schema->actions[number].context;
	}
	error = source_init(&lines, &request->arena, source, text);
	if (error != ERR_NONE)
		return error;
	value_json_init(&values, &request->arena, &lines, diags, &request->builder, &no_resolver,
			schema);
	error = read_context(&values, type, context);
	value_json_deinit(&values);
	return error;
}

/* Validation. */

static bool check_variable(struct conformance *check, const struct cedar_request *request,
			   enum ast_var var)
{
	struct json_uid names = names_of(request, request->scope[var]);

	return conformance_uid(check, names.type, names.id);
}

static bool applies_to(struct conformance *check, const struct cedar_request *request,
		       enum ast_var var, struct schema_types types)
{
	struct json_uid names = names_of(request, request->scope[var]);
	struct json_uid action = names_of(request, request->scope[AST_ACTION]);

	if (schema_types_have(types, schema_find_entity(check->schema, names.type)))
		return true;
	return conformance_refuse(check, "the action \"%s\" does not apply to a %s of type `%s`",
				  diag_quote(action.id).text,
				  var == AST_PRINCIPAL ? "principal" : "resource",
				  diag_quote(names.type).text);
}

static bool check_context(struct conformance *check, const struct cedar_request *request,
			  const struct type *type)
{
	char inner[CONFORMANCE_TEXT_BYTES];

	if (conformance_value(check, request->context, type))
		return true;
	memcpy(inner, check->text, sizeof(inner));
	return conformance_refuse(check, "the context: %s", inner);
}

static bool is_valid(struct conformance *check, const struct cedar_request *request)
{
	const struct schema_action *action;

	if (!check_variable(check, request, AST_PRINCIPAL) ||
	    !check_variable(check, request, AST_RESOURCE) ||
	    !check_variable(check, request, AST_ACTION))
		return false;
	action =
		&check->schema
			 ->actions[find_action(request, check->schema, request->scope[AST_ACTION])];
	return applies_to(check, request, AST_PRINCIPAL, action->principals) &&
	       applies_to(check, request, AST_RESOURCE, action->resources) &&
	       check_context(check, request, action->context);
}

enum error cedar_request_validate(const struct cedar_request *request,
				  const struct cedar_schema *schema, struct cedar_diags *diags)
{
	struct conformance check = {.schema = schema, .symbols = &request->symbols};

	if (request->builder.failed != ERR_NONE)
		return request->builder.failed;
	if (!request->asked)
		return ERR_INVALID;
	if (is_valid(&check, request))
		return ERR_NONE;
	diag_report_source(diags, CEDAR_ERROR, STR("request"), "%s", check.text);
	return ERR_INVALID;
}
