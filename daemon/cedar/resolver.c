/* Names of a schema and what they mean. */
#include "cedar/resolver.h"

#include <stdlib.h>

#include "cedar/diag.h"

void resolver_note(struct resolver *r, enum error error)
{
	if (r->failed == ERR_NONE || error == ERR_NO_MEMORY)
		r->failed = error;
}

void resolver_report(struct resolver *r, struct span span, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_vreport(r->diags, CEDAR_ERROR, &r->schema->source, span, format, args);
	va_end(args);
	resolver_note(r, ERR_INVALID);
}

void resolver_report_limit(struct resolver *r, struct span span, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_vreport(r->diags, CEDAR_ERROR, &r->schema->source, span, format, args);
	va_end(args);
	resolver_note(r, ERR_LIMIT);
}

void *resolver_alloc(struct resolver *r, size_t count, size_t size)
{
	void *memory = arena_calloc(r->arena, count, size);

	if (memory == NULL)
		resolver_note(r, ERR_NO_MEMORY);
	return memory;
}

/* Names. */

bool resolver_is_qualified(struct str name)
{
	return str_find_byte(name, ':') != NULL;
}

static struct str last_component(struct str name)
{
	size_t start = name.length;

	while (start > 0 && name.ptr[start - 1] != ':')
		start--;
	return str_make(name.ptr + start, name.length - start);
}

/* The name within the namespace, good until the next call. */
struct str resolver_qualify(struct resolver *r, const struct schema_ast_namespace *space,
			    struct str name)
{
	if (space->name.length == 0)
		return name;
	buf_clear(&r->name);
	buf_append_str(&r->name, space->name);
	buf_append_str(&r->name, STR("::"));
	buf_append_str(&r->name, name);
	if (r->name.failed != ERR_NONE)
		resolver_note(r, ERR_NO_MEMORY);
	return buf_str(&r->name);
}

struct str resolver_keep_qualified(struct resolver *r, const struct schema_ast_namespace *space,
				   struct str name)
{
	struct str copy = arena_copy(r->arena, resolver_qualify(r, space, name));

	if (copy.ptr == NULL)
		resolver_note(r, ERR_NO_MEMORY);
	return copy;
}

static int compare_common_name(const void *key, const void *element)
{
	const struct str *name = key;
	const struct common *common = element;

	return str_compare(*name, common->name);
}

struct common *resolver_find_common(const struct resolver *r, struct str name)
{
	return bsearch(&name, r->commons, r->common_count, sizeof(*r->commons),
		       compare_common_name);
}

/* What a name of a type means. */

bool resolver_find_builtin(struct str name, const struct type **type)
{
	static const struct {
		struct str name;
		enum type_kind kind;
	} builtins[] = {
		{{"Bool", 4}, TYPE_BOOL},         {{"Long", 4}, TYPE_LONG},
		{{"String", 6}, TYPE_STRING},     {{"decimal", 7}, TYPE_DECIMAL},
		{{"ipaddr", 6}, TYPE_IPADDR},     {{"datetime", 8}, TYPE_DATETIME},
		{{"duration", 8}, TYPE_DURATION},
	};

	for (size_t i = 0; i < ARRAY_COUNT(builtins); i++) {
		if (str_equal(builtins[i].name, name)) {
			*type = type_simple(builtins[i].kind);
			return true;
		}
	}
	return false;
}

static bool find_declared(const struct resolver *r, struct str name, unsigned kinds,
			  struct meaning *meaning)
{
	meaning->common = (kinds & MEANS_COMMON) != 0 ? resolver_find_common(r, name) : NULL;
	if (meaning->common != NULL)
		return true;
	meaning->entity =
		(kinds & MEANS_ENTITY) != 0 ? schema_find_entity(r->schema, name) : SCHEMA_NONE;
	return meaning->entity != SCHEMA_NONE;
}

/* Namespace before empty namespace before builtins; in each of them a common type before an entity
 * type. A qualified name stands for itself. */
bool resolver_find_meaning(struct resolver *r, const struct schema_ast_namespace *space,
			   struct str name, unsigned kinds, struct meaning *meaning)
{
	struct str builtins = STR("__cedar::");

	*meaning = (struct meaning){.entity = SCHEMA_NONE};
	if (str_starts_with(name, builtins)) {
		name = str_make(name.ptr + builtins.length, name.length - builtins.length);
		return (kinds & MEANS_BUILTIN) != 0 &&
		       resolver_find_builtin(name, &meaning->builtin);
	}
	if (!resolver_is_qualified(name) && space->name.length != 0 &&
	    find_declared(r, resolver_qualify(r, space, name), kinds, meaning))
		return true;
	if (find_declared(r, name, kinds, meaning))
		return true;
	return (kinds & MEANS_BUILTIN) != 0 && resolver_find_builtin(name, &meaning->builtin);
}

/* The declared name that was perhaps meant, without its namespace where that is not needed. */
static struct str find_nearest(struct resolver *r, struct str name)
{
	struct str candidates[SCHEMA_SUGGESTIONS];
	size_t count = 0;

	for (uint32_t i = 0; i < r->common_count && count < ARRAY_COUNT(candidates); i++)
		candidates[count++] =
			resolver_is_qualified(name) ? r->commons[i].name : r->commons[i].ast->name;
	for (uint32_t i = 0; i < r->schema->entity_count && count < ARRAY_COUNT(candidates); i++)
		candidates[count++] = resolver_is_qualified(name)
					      ? r->schema->entities[i].name
					      : last_component(r->schema->entities[i].name);
	return diag_nearest(name, candidates, count);
}

void resolver_report_unknown(struct resolver *r, const char *what, struct str name,
			     struct span span)
{
	struct str nearest = {NULL, 0};

	if (r->diags->error_count < CEDAR_MAX_DIAGS)
		nearest = find_nearest(r, name);
	if (nearest.length != 0)
		resolver_report(r, span, "there is no %s `%s`; did you mean `%s`?", what,
				diag_quote(name).text, diag_quote(nearest).text);
	else
		resolver_report(r, span, "there is no %s `%s`", what, diag_quote(name).text);
}
