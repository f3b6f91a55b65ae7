#include "cedar/engine.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cedar/compile.h"
#include "cedar/diag.h"
#include "cedar/parser.h"
#include "cedar/tree.h"

enum { FIRST_CHUNK_BYTES = 16384 };

static struct cedar_limits with_defaults(const struct cedar_limits *limits)
{
	struct cedar_limits result = limits != NULL ? *limits : (struct cedar_limits){0};

	if (result.text_bytes == 0)
		result.text_bytes = PARSER_TEXT_BYTES;
	if (result.expression_depth == 0)
		result.expression_depth = PARSER_DEPTH;
	if (result.policies == 0)
		result.policies = PARSER_POLICIES;
	if (result.request_bytes == 0)
		result.request_bytes = ENGINE_REQUEST_BYTES;
	return result;
}

enum error cedar_engine_new(const struct cedar_limits *limits, struct hash_key key,
			    struct cedar_engine **out)
{
	struct cedar_engine *engine = mem_calloc(1, sizeof(*engine));

	if (engine == NULL)
		return ERR_NO_MEMORY;
	engine->limits = with_defaults(limits);
	arena_init(&engine->build, FIRST_CHUNK_BYTES, SIZE_MAX);
	arena_init(&engine->keep, FIRST_CHUNK_BYTES, SIZE_MAX);
	symbols_init(&engine->symbols, NULL, key, &engine->build, &engine->keep);
	symbols_init(&engine->ids, NULL, key, &engine->build, &engine->keep);
	value_builder_init(&engine->builder, &engine->symbols, &engine->keep, true);
	entity_store_init(&engine->entities, &engine->symbols, &engine->build, &engine->keep);
	*out = engine;
	return ERR_NONE;
}

void cedar_engine_free(struct cedar_engine *engine)
{
	if (engine == NULL)
		return;
	arena_deinit(&engine->build);
	arena_deinit(&engine->keep);
	mem_free(engine);
}

void cedar_engine_set_resolver(struct cedar_engine *engine, struct cedar_resolver resolver)
{
	assert(engine->item_count == 0 && engine->entities.count == 0);
	engine->resolver = resolver;
}

bool engine_resolve(const struct cedar_resolver *resolver, struct str type, struct str *id)
{
	struct str meant = *id;
	enum cedar_resolution resolution = CEDAR_NAME_KEPT;

	if (resolver->resolve != NULL)
		resolution = resolver->resolve(resolver->arg, type, *id, &meant);
	if (resolution == CEDAR_NAME_REPLACED)
		*id = meant;
	return resolution != CEDAR_NAME_UNKNOWN;
}

/* Adding. */

uint32_t engine_find_item(const struct cedar_engine *engine, struct str id)
{
	return symbols_find_name(&engine->ids, id);
}

enum error engine_add_item(struct cedar_engine *engine, const struct engine_item *item)
{
	struct engine_item *items;
	uint32_t number;

	if (engine_find_item(engine, item->id) != ENGINE_NO_ITEM)
		return ERR_EXISTS;
	if (engine->item_count >= engine->limits.policies)
		return ERR_LIMIT;
	items = arena_grow_array(&engine->build, engine->items, engine->item_count,
				 &engine->item_capacity, sizeof(*items));
	if (items == NULL)
		return engine->build.refusal;
	engine->items = items;
	number = symbols_put_name(&engine->ids, item->id);
	if (number == SYMBOL_NONE)
		return ERR_NO_MEMORY;
	assert(number == engine->item_count);
	items[number] = *item;
	items[number].id = symbols_name(&engine->ids, number);
	engine->item_count++;
	return ERR_NONE;
}

void engine_truncate_items(struct cedar_engine *engine, uint32_t item_count)
{
	symbols_truncate_names(&engine->ids, item_count);
	engine->item_count = item_count;
}

static struct str annotated_id(struct cedar_engine *engine, const struct ast_policy *policy,
			       uint32_t position, enum cedar_ids ids)
{
	const struct ast_annotation *id = ast_find_annotation(policy, STR("id"));
	struct str name = policy->source->name;
	size_t size = name.length + sizeof("#4294967295");
	char *text;
	int digits;

	if (id != NULL && id->has_value)
		return id->value;
	if (ids == CEDAR_IDS_AS_TOOL)
		return policy->id;
	text = arena_alloc(&engine->build, size);
	if (text == NULL)
		return str_make(NULL, 0);
	if (name.length != 0)
		memcpy(text, name.ptr, name.length);
	digits = snprintf(text + name.length, size - name.length, "#%u", (unsigned int)position);
	return str_make(text, name.length + (size_t)digits);
}

static enum error add_policy(struct cedar_engine *engine, const struct ast_policy *policy,
			     struct str id, struct cedar_diags *diags)
{
	struct engine_item item = {
		id, policy, ENGINE_NO_ITEM, {CEDAR_NO_UID, CEDAR_NO_UID, CEDAR_NO_UID}};
	const struct ast_annotation *annotation = ast_find_annotation(policy, STR("id"));
	struct span span = policy->effect_span;
	enum error error;

	if (id.ptr == NULL)
		return ERR_NO_MEMORY;
	error = engine_add_item(engine, &item);
	if (annotation != NULL && str_equal(annotation->value, id))
		span = annotation->value_span;
	if (error == ERR_EXISTS)
		diag_report(diags, CEDAR_ERROR, policy->source, span,
			    "the policy id \"%s\" is already in use", diag_quote(id).text);
	else if (error == ERR_LIMIT)
		diag_report(diags, CEDAR_ERROR, policy->source, span,
			    "more than %u policies and templates; the limit is configurable",
			    (unsigned int)engine->limits.policies);
	return error;
}

enum error engine_add_parsed(struct cedar_engine *engine, const struct ast_policies *policies,
			     enum cedar_ids ids, struct cedar_diags *diags)
{
	uint32_t item_count = engine->item_count, position = 0;
	enum error result = ERR_NONE;

	for (const struct ast_policy *policy = policies->first; policy != NULL;
	     policy = policy->next, position++) {
		struct str id = ids == CEDAR_IDS_BY_POSITION
					? policy->id
					: annotated_id(engine, policy, position, ids);
		enum error error = add_policy(engine, policy, id, diags);

		if (error != ERR_NONE)
			result = error;
		/* Every id in use twice is worth a message; running out is worth one. */
		if (error != ERR_NONE && error != ERR_EXISTS)
			break;
	}
	if (result != ERR_NONE)
		engine_truncate_items(engine, item_count);
	return result;
}

enum error engine_own_source(struct cedar_engine *engine, struct str name, struct str text,
			     struct source **out)
{
	struct source *own = arena_alloc(&engine->build, sizeof(*own));
	struct str own_name = arena_copy(&engine->keep, name);
	struct str own_text = arena_copy(&engine->keep, text);
	enum error error;

	if (own == NULL || own_name.ptr == NULL || own_text.ptr == NULL)
		return ERR_NO_MEMORY;
	error = source_init(own, &engine->build, own_name, own_text);
	if (error == ERR_NONE)
		*out = own;
	return error;
}

enum error cedar_engine_add_policies(struct cedar_engine *engine, struct str source,
				     struct str text, enum cedar_ids ids, struct cedar_diags *diags)
{
	struct ast_policies policies;
	struct source *own;
	enum error error;

	assert(!engine->sealed);
	error = engine_own_source(engine, source, text, &own);
	if (error == ERR_NONE)
		error = parse_policies(&engine->build, own, &engine->limits, diags, &policies);
	if (error == ERR_NONE)
		error = engine_add_parsed(engine, &policies, ids, diags);
	return error;
}

uint32_t engine_tree_count(const struct cedar_engine *engine)
{
	assert(!engine->sealed);
	return engine->item_count;
}

const struct ast_policy *engine_tree_at(const struct cedar_engine *engine, uint32_t index)
{
	const struct engine_item *item = &engine->items[index];

	assert(index < engine->item_count);
	return item->template_item == ENGINE_NO_ITEM ? item->ast : NULL;
}

/* Sealing. */

struct seal {
	struct cedar_engine *engine;
	struct compiler compiler;
	struct policy *policies;  /* records of those that decide */
	struct policy *templates; /* records by item, compiled when first linked */
	bool *is_compiled;
};

static const struct entity_place *find_place(const struct cedar_engine *engine, cedar_uid uid)
{
	for (uint32_t i = 0; i < engine->place_count; i++) {
		if (engine->places[i].uid == uid)
			return &engine->places[i];
	}
	return NULL;
}

static void report_entity(const struct cedar_engine *engine, cedar_uid culprit, const char *fault,
			  struct cedar_diags *diags)
{
	const struct uid_entry *uid = symbols_uid(&engine->symbols, culprit);
	const struct entity_place *place = find_place(engine, culprit);
	struct diag_quote type = diag_quote(symbols_name(&engine->symbols, uid->type));
	struct diag_quote id = diag_quote(uid->id);

	if (place != NULL)
		diag_report(diags, CEDAR_ERROR, place->source, place->span, "entity %s::\"%s\" %s",
			    type.text, id.text, fault);
	else
		diag_report_source(diags, CEDAR_ERROR, STR("entities"), "entity %s::\"%s\" %s",
				   type.text, id.text, fault);
}

static enum error close_entities(struct cedar_engine *engine, struct cedar_diags *diags)
{
	cedar_uid culprit = CEDAR_NO_UID;
	enum error error = entity_store_close(&engine->entities, &culprit);

	if (error != ERR_NONE && culprit != CEDAR_NO_UID)
		report_entity(engine, culprit,
			      error == ERR_INVALID ? "is its own ancestor"
						   : "has too many ancestors",
			      diags);
	return error;
}

static enum error compile_item(struct seal *seal, uint32_t number, struct policy *out)
{
	const struct engine_item *item = &seal->engine->items[number];
	uint32_t template_item = item->template_item;
	enum error error;

	if (template_item == ENGINE_NO_ITEM)
		return compile_policy(&seal->compiler, item->ast, out);
	if (!seal->is_compiled[template_item]) {
		error = compile_policy(&seal->compiler, item->ast, &seal->templates[template_item]);
		if (error != ERR_NONE)
			return error;
		seal->is_compiled[template_item] = true;
	}
	*out = seal->templates[template_item];
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		if (item->slots[var] != CEDAR_NO_UID)
			out->uids[var] = item->slots[var];
	}
	return ERR_NONE;
}

static enum error describe_annotations(struct seal *seal, const struct ast_policy *ast,
				       struct cedar_policy_info *out)
{
	struct compiler *compiler = &seal->compiler;
	struct cedar_annotation *annotations =
		arena_calloc(&seal->engine->keep, ast->annotation_count, sizeof(*annotations));

	if (annotations == NULL)
		return ERR_NO_MEMORY;
	compiler->policy = ast;
	for (uint32_t i = 0; i < ast->annotation_count; i++) {
		const struct ast_annotation *from = &ast->annotations[i];
		struct span span = from->has_value ? from->value_span : from->key_span;
		struct source_place place = source_locate(ast->source, span.start);

		annotations[i] = (struct cedar_annotation){
			.key = compile_text(compiler, from->key),
			.value = compile_text(compiler, from->value),
			.has_value = from->has_value,
			.line = place.line,
			.column = place.column,
		};
	}
	out->annotations = annotations;
	out->annotation_count = ast->annotation_count;
	return compiler->failed;
}

static enum error describe_item(struct seal *seal, uint32_t number, struct cedar_policy_info *out)
{
	const struct engine_item *items = seal->engine->items, *item = &items[number];
	const struct ast_policy *ast = item->ast;
	struct source_place place = source_locate(ast->source, ast->span.start);

	*out = (struct cedar_policy_info){
		.id = item->id,
		.effect = ast->effect,
		.source = ast->source->name,
		.line = place.line,
		.column = place.column,
		.text = source_slice(ast->source, ast->span),
	};
	if (item->template_item != ENGINE_NO_ITEM)
		out->template_id = items[item->template_item].id;
	return describe_annotations(seal, ast, out);
}

static enum error compile_items(struct seal *seal)
{
	struct cedar_engine *engine = seal->engine;
	uint32_t count = 0;
	enum error error;

	for (uint32_t i = 0; i < engine->item_count; i++) {
		const struct engine_item *item = &engine->items[i];

		if (item->template_item == ENGINE_NO_ITEM && ast_is_template(item->ast))
			continue;
		error = compile_item(seal, i, &seal->policies[count]);
		if (error == ERR_NONE)
			error = describe_item(seal, i, &engine->infos[count]);
		if (error != ERR_NONE)
			return error;
		seal->policies[count].number = count;
		count++;
	}
	engine->policy_count = count;
	return compile_finish(&seal->compiler, &engine->program, &engine->uid_lists);
}

enum error cedar_engine_seal(struct cedar_engine *engine, struct cedar_diags *diags)
{
	struct seal seal = {.engine = engine};
	uint32_t count = engine->item_count;
	enum error error;

	assert(!engine->sealed);
	error = engine->builder.failed;
	if (error == ERR_NONE)
		error = close_entities(engine, diags);
	if (error != ERR_NONE)
		return error;
	compile_init(&seal.compiler, engine, diags);
	seal.templates = arena_calloc(&engine->build, count, sizeof(*seal.templates));
	seal.is_compiled = arena_calloc(&engine->build, count, sizeof(*seal.is_compiled));
	seal.policies = arena_calloc(&engine->build, count, sizeof(*seal.policies));
	engine->infos = arena_calloc(&engine->keep, count, sizeof(*engine->infos));
	if (seal.templates == NULL || seal.is_compiled == NULL || seal.policies == NULL ||
	    engine->infos == NULL)
		return ERR_NO_MEMORY;
	error = compile_items(&seal);
	if (error == ERR_NONE)
		error = index_build(&engine->index, seal.policies, engine->policy_count,
				    engine->uid_lists, &engine->build, &engine->keep);
	if (error == ERR_NONE)
		error = entity_store_freeze(&engine->entities);
	if (error == ERR_NONE)
		error = symbols_freeze(&engine->symbols, &engine->keep);
	if (error != ERR_NONE)
		return error;
	engine->items = NULL;
	engine->item_count = 0;
	arena_deinit(&engine->build);
	engine->sealed = true;
	return ERR_NONE;
}

size_t cedar_policy_count(const struct cedar_engine *engine)
{
	return engine->policy_count;
}

const struct cedar_policy_info *cedar_policy_at(const struct cedar_engine *engine, size_t index)
{
	assert(index < engine->policy_count);
	return &engine->infos[index];
}

bool cedar_engine_mentions(const struct cedar_engine *engine, struct str name)
{
	return symbols_find_name(&engine->symbols, name) != SYMBOL_NONE;
}
