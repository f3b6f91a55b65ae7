/* Template links: a policy that borrows everything but the uids of its slots. */
#include <assert.h>

#include "base/utf8.h"
#include "cedar/diag.h"
#include "cedar/engine.h"

static struct str slot_name(int var)
{
	return var == AST_PRINCIPAL ? STR("?principal") : STR("?resource");
}

/* The variable whose slot has this name; false for other names. */
static bool find_slot(struct str name, int *var)
{
	for (*var = AST_PRINCIPAL; *var <= AST_RESOURCE; *var += AST_RESOURCE - AST_PRINCIPAL) {
		if (str_equal(name, slot_name(*var)))
			return true;
	}
	return false;
}

struct link {
	struct cedar_engine *engine;
	struct cedar_diags *diags;
	const struct source *source; /* where the link is written; may be NULL */
	struct span span;
	struct engine_item item;
};

ATTR_PRINTF(2, 3)
static void report(const struct link *link, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (link->source != NULL)
		diag_vreport(link->diags, CEDAR_ERROR, link->source, link->span, format, args);
	else
		diag_vreport_source(link->diags, CEDAR_ERROR, link->item.id, format, args);
	va_end(args);
}

static enum error fill_slot(struct link *link, const struct cedar_slot_value *value)
{
	struct value_builder *builder = &link->engine->builder;
	struct str id = value->id;
	cedar_uid uid;
	int var;

	if (!find_slot(value->slot, &var) || !link->item.ast->scope[var].has_slot) {
		report(link, "the template has no slot %s", diag_quote(value->slot).text);
		return ERR_INVALID;
	}
	if (link->item.slots[var] != CEDAR_NO_UID) {
		report(link, "the slot %s has two values", slot_name(var).ptr);
		return ERR_INVALID;
	}
	if (!ast_is_path(value->type) || !utf8_valid(value->id)) {
		report(link,
		       "the value of %s is no entity: \"%s\" must be a type, and the "
		       "id must be UTF-8",
		       slot_name(var).ptr, diag_quote(value->type).text);
		return ERR_INVALID;
	}
	if (!engine_resolve(&link->engine->resolver, value->type, &id)) {
		report(link, "the name \"%s\" is unknown", diag_quote(id).text);
		return ERR_INVALID;
	}
	uid = value_build_uid(builder, value->type, id);
	if (uid == CEDAR_NO_UID)
		return builder->failed;
	link->item.slots[var] = uid;
	return ERR_NONE;
}

static enum error fill_slots(struct link *link, const struct cedar_slot_value *values,
			     size_t value_count)
{
	for (size_t i = 0; i < value_count; i++) {
		enum error error = fill_slot(link, &values[i]);

		if (error != ERR_NONE)
			return error;
	}
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		if (link->item.ast->scope[var].has_slot && link->item.slots[var] == CEDAR_NO_UID) {
			report(link, "the slot %s has no value", slot_name(var).ptr);
			return ERR_INVALID;
		}
	}
	return ERR_NONE;
}

static enum error find_template(struct link *link, struct str template_id)
{
	uint32_t number = engine_find_item(link->engine, template_id);
	const struct engine_item *item =
		number != ENGINE_NO_ITEM ? &link->engine->items[number] : NULL;

	if (item == NULL || item->template_item != ENGINE_NO_ITEM || !ast_is_template(item->ast)) {
		report(link, "there is no template with the id \"%s\"",
		       diag_quote(template_id).text);
		return ERR_NOT_FOUND;
	}
	link->item.ast = item->ast;
	link->item.template_item = number;
	return ERR_NONE;
}

enum error engine_link(struct cedar_engine *engine, struct str template_id, struct str new_id,
		       const struct cedar_slot_value *values, size_t value_count,
		       const struct source *source, struct span span, struct cedar_diags *diags)
{
	struct link link = {
		.engine = engine,
		.diags = diags,
		.source = source,
		.span = span,
		.item = {.id = new_id, .slots = {CEDAR_NO_UID, CEDAR_NO_UID, CEDAR_NO_UID}},
	};
	enum error error;

	assert(!engine->sealed);
	error = find_template(&link, template_id);
	if (error == ERR_NONE)
		error = fill_slots(&link, values, value_count);
	if (error == ERR_NONE)
		error = engine_add_item(engine, &link.item);
	if (error == ERR_EXISTS)
		report(&link, "the policy id \"%s\" is already in use", diag_quote(new_id).text);
	else if (error == ERR_LIMIT)
		report(&link, "more than %u policies and templates; the limit is configurable",
		       (unsigned int)engine->limits.policies);
	return error;
}

enum error cedar_engine_link(struct cedar_engine *engine, struct str template_id, struct str new_id,
			     const struct cedar_slot_value *values, size_t value_count,
			     struct cedar_diags *diags)
{
	return engine_link(engine, template_id, new_id, values, value_count, NULL, span_make(0, 0),
			   diags);
}
