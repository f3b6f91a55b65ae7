/* Types of a schema. */
#include "base/sort.h"
#include "cedar/diag.h"
#include "cedar/resolver.h"

/* Counts one level of nesting in, or reports that it is one too many. */
static bool enter(struct resolver *r, uint32_t height, struct span span)
{
	if (r->depth + height >= SCHEMA_DEPTH) {
		resolver_report_limit(r, span, "types are nested deeper than %d", SCHEMA_DEPTH);
		return false;
	}
	r->depth++;
	if (r->deepest < r->depth + height)
		r->deepest = r->depth + height;
	return true;
}

const struct type *resolver_common(struct resolver *r, struct common *common, struct span span)
{
	uint32_t deepest = r->deepest;

	switch (common->state) {
	case COMMON_FAILED: return NULL;
	case COMMON_VISITING:
		resolver_report(r, span, "the type `%s` contains itself",
				diag_quote(common->name).text);
		return NULL;
	case COMMON_DONE:
		if (!enter(r, common->height, span))
			return NULL;
		r->depth--;
		return common->type;
	case COMMON_NEW: break;
	}
	if (!enter(r, 0, span))
		return NULL;
	common->state = COMMON_VISITING;
	r->deepest = r->depth;
	common->type = resolver_type(r, common->space, common->ast->type);
	common->height = r->deepest - r->depth;
	common->state = common->type != NULL ? COMMON_DONE : COMMON_FAILED;
	if (r->deepest < deepest)
		r->deepest = deepest;
	r->depth--;
	return common->type;
}

static const struct type *resolve_name(struct resolver *r, const struct schema_ast_namespace *space,
				       const struct schema_ast_type *ast, unsigned kinds,
				       const char *what)
{
	struct meaning meaning;

	if (!resolver_find_meaning(r, space, ast->name, kinds, &meaning)) {
		resolver_report_unknown(r, what, ast->name, ast->span);
		return NULL;
	}
	if (meaning.common != NULL)
		return resolver_common(r, meaning.common, ast->span);
	if (meaning.entity != SCHEMA_NONE)
		return r->schema->entities[meaning.entity].self;
	return meaning.builtin;
}

static const struct type *resolve_extension(struct resolver *r, const struct schema_ast_type *ast)
{
	const struct type *type;

	if (resolver_find_builtin(ast->name, &type) && type->kind >= TYPE_DECIMAL)
		return type;
	resolver_report(r, ast->span, "there is no extension type `%s`",
			diag_quote(ast->name).text);
	return NULL;
}

static int compare_attrs(const void *a, const void *b)
{
	const struct type_attr *left = a, *right = b;

	return str_compare(left->name, right->name);
}

static const struct type *resolve_record(struct resolver *r,
					 const struct schema_ast_namespace *space,
					 const struct schema_ast_type *ast)
{
	struct type_attr *attrs;
	const struct type *type;
	uint32_t count = 0, used = 0;
	bool done = true;

	for (const struct schema_ast_attr *attr = ast->attrs; attr != NULL; attr = attr->next)
		count++;
	attrs = resolver_alloc(r, count, sizeof(*attrs));
	if (attrs == NULL)
		return NULL;
	for (const struct schema_ast_attr *attr = ast->attrs; attr != NULL; attr = attr->next) {
		attrs[used].name = attr->name;
		attrs[used].required = !attr->optional;
		attrs[used].type = resolver_type(r, space, attr->type);
		done = attrs[used].type != NULL && done;
		used++;
	}
	sort(attrs, count, sizeof(*attrs), compare_attrs);
	if (!done)
		return NULL;
	type = type_new_record(r->arena, attrs, count, false);
	if (type == NULL)
		resolver_note(r, ERR_NO_MEMORY);
	return type;
}

static const struct type *resolve_set(struct resolver *r, const struct schema_ast_namespace *space,
				      const struct schema_ast_type *ast)
{
	const struct type *element = resolver_type(r, space, ast->element), *type;

	if (element == NULL)
		return NULL;
	type = type_new_set(r->arena, element);
	if (type == NULL)
		resolver_note(r, ERR_NO_MEMORY);
	return type;
}

static const struct type *resolve_form(struct resolver *r, const struct schema_ast_namespace *space,
				       const struct schema_ast_type *ast)
{
	switch (ast->form) {
	case SCHEMA_NAME:
		return resolve_name(r, space, ast, MEANS_COMMON | MEANS_ENTITY | MEANS_BUILTIN,
				    "type");
	case SCHEMA_COMMON_NAME:
		return resolve_name(r, space, ast, MEANS_COMMON | MEANS_BUILTIN, "common type");
	case SCHEMA_ENTITY_NAME: return resolve_name(r, space, ast, MEANS_ENTITY, "entity type");
	case SCHEMA_EXTENSION: return resolve_extension(r, ast);
	case SCHEMA_BOOL: return type_simple(TYPE_BOOL);
	case SCHEMA_LONG: return type_simple(TYPE_LONG);
	case SCHEMA_STRING: return type_simple(TYPE_STRING);
	case SCHEMA_SET: return resolve_set(r, space, ast);
	case SCHEMA_RECORD: return resolve_record(r, space, ast);
	}
	return NULL;
}

const struct type *resolver_type(struct resolver *r, const struct schema_ast_namespace *space,
				 const struct schema_ast_type *ast)
{
	const struct type *type;

	if (!enter(r, 0, ast->span))
		return NULL;
	type = resolve_form(r, space, ast);
	r->depth--;
	return type;
}

/* A type that must be a record; an empty one when none is written. */
const struct type *resolver_shape(struct resolver *r, const struct schema_ast_namespace *space,
				  const struct schema_ast_type *ast, const char *what)
{
	const struct type *type;

	if (ast == NULL) {
		type = type_new_record(r->arena, NULL, 0, false);
		if (type == NULL)
			resolver_note(r, ERR_NO_MEMORY);
		return type;
	}
	type = resolver_type(r, space, ast);
	if (type != NULL && type->kind != TYPE_RECORD) {
		resolver_report(r, ast->span, "%s must be a record", what);
		return NULL;
	}
	return type;
}
