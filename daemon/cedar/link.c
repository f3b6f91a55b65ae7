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

/* A link in the making. */
struct linking {
	struct cedar_engine *engine;
	struct cedar_diags *diags;
	const struct source *source; /* where the link is written; may be NULL */
	struct span span;
	struct engine_item item;
};

ATTR_PRINTF(2, 3)
static void report(const struct linking *linking, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (linking->source != NULL)
		diag_vreport(linking->diags, CEDAR_ERROR, linking->source, linking->span, format,
			     args);
	else
		diag_vreport_source(linking->diags, CEDAR_ERROR, linking->item.id, format, args);
	va_end(args);
}

static enum error fill_slot(struct linking *linking, const struct cedar_slot_value *value)
{
	struct value_builder *builder = &linking->engine->builder;
	struct str id = value->id;
	cedar_uid uid;
	int var;

	if (!find_slot(value->slot, &var) || !linking->item.ast->scope[var].has_slot) {
		report(linking, "the template has no slot %s", diag_quote(value->slot).text);
		return ERR_INVALID;
	}
	if (linking->item.slots[var] != CEDAR_NO_UID) {
		report(linking, "the slot %s has two values", slot_name(var).ptr);
		return ERR_INVALID;
	}
	if (!ast_is_path(value->type) || !utf8_valid(value->id)) {
		report(linking,
		       "the value of %s is no entity: \"%s\" must be a type, and the "
		       "id must be UTF-8",
		       slot_name(var).ptr, diag_quote(value->type).text);
		return ERR_INVALID;
	}
	if (!engine_resolve(&linking->engine->resolver, value->type, &id)) {
		report(linking, "the name \"%s\" is unknown", diag_quote(id).text);
		return ERR_INVALID;
	}
	uid = value_build_uid(builder, value->type, id);
	if (uid == CEDAR_NO_UID)
		return builder->failed;
	linking->item.slots[var] = uid;
	return ERR_NONE;
}

static enum error fill_slots(struct linking *linking, const struct cedar_link *link)
{
	for (size_t i = 0; i < link->value_count; i++) {
		enum error error = fill_slot(linking, &link->values[i]);

		if (error != ERR_NONE)
			return error;
	}
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		if (linking->item.ast->scope[var].has_slot &&
		    linking->item.slots[var] == CEDAR_NO_UID) {
			report(linking, "the slot %s has no value", slot_name(var).ptr);
			return ERR_INVALID;
		}
	}
	return ERR_NONE;
}

static enum error find_template(struct linking *linking, struct str template_id)
{
	uint32_t number = engine_find_item(linking->engine, template_id);
	const struct engine_item *item =
		number != ENGINE_NO_ITEM ? &linking->engine->items[number] : NULL;

	if (item == NULL || item->template_item != ENGINE_NO_ITEM || !ast_is_template(item->ast)) {
		report(linking, "there is no template with the id \"%s\"",
		       diag_quote(template_id).text);
		return ERR_NOT_FOUND;
	}
	linking->item.ast = item->ast;
	linking->item.template_item = number;
	return ERR_NONE;
}

enum error engine_link(struct cedar_engine *engine, const struct cedar_link *link,
		       const struct source *source, struct span span, struct cedar_diags *diags)
{
	struct linking linking = {
		.engine = engine,
		.diags = diags,
		.source = source,
		.span = span,
		.item = {.id = link->new_id, .slots = {CEDAR_NO_UID, CEDAR_NO_UID, CEDAR_NO_UID}},
	};
	enum error error;

	assert(!engine->sealed);
	error = find_template(&linking, link->template_id);
	if (error == ERR_NONE)
		error = fill_slots(&linking, link);
	if (error == ERR_NONE)
		error = engine_add_item(engine, &linking.item);
	if (error == ERR_EXISTS)
		report(&linking, "the policy id \"%s\" is already in use",
		       diag_quote(link->new_id).text);
	else if (error == ERR_LIMIT)
		report(&linking, "more than %u policies and templates; the limit is configurable",
		       (unsigned int)engine->limits.policies);
	return error;
}

enum error cedar_engine_link(struct cedar_engine *engine, const struct cedar_link *link,
			     struct cedar_diags *diags)
{
	return engine_link(engine, link, NULL, span_make(0, 0), diags);
}
