#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "cedar/engine.h"
#include "cedar/parser.h"
#include "cedar/request.h"
#include "naive.h"

enum { QUESTIONS = 6, MAX_LINKS = 20, MAX_FIELDS = 32 };

/* A world with policies, for the engine and for the naive evaluator. */
struct round {
	struct random *random;
	struct arena arena;
	struct naive_world world;
	struct source source;
	struct naive_policy *policies;
	size_t policy_count;
	struct comparison comparison;
	struct cedar_engine *engine;
	struct cedar_request *request;
	struct cedar_diags diags;
};

/* Memory is not what is tested here. */
static void must(bool condition, const char *what)
{
	if (condition)
		return;
	(void)fprintf(stderr, "oracle: %s\n", what);
	abort();
}

/* From naive values to the engine's. */

static cedar_uid convert_uid(struct value_builder *builder, const struct naive_uid *uid)
{
	return value_build_uid(builder, uid->type, uid->id);
}

static struct cedar_value convert(struct value_builder *builder, const struct naive_value *value);

static struct cedar_value convert_many(struct value_builder *builder,
				       const struct naive_value *value)
{
	struct cedar_value items[MAX_FIELDS];
	struct cedar_attr attrs[MAX_FIELDS];

	must(value->count <= MAX_FIELDS, "a value is too large");
	for (size_t i = 0; i < value->count; i++) {
		items[i] = convert(builder, &value->items[i]);
		if (value->kind == NAIVE_RECORD)
			attrs[i] = (struct cedar_attr){value->keys[i], items[i]};
	}
	return value->kind == NAIVE_SET ? value_build_set(builder, items, value->count)
					: value_build_record(builder, attrs, value->count);
}

static struct cedar_value convert(struct value_builder *builder, const struct naive_value *value)
{
	struct naive_uid uid = {value->type, value->text};
	struct cedar_value ip = {0};

	switch (value->kind) {
	case NAIVE_BOOL: return cedar_bool(value->number != 0);
	case NAIVE_LONG: return cedar_long(value->number);
	case NAIVE_STRING: return value_build_string(builder, value->text);
	case NAIVE_ENTITY: return value_build_entity(builder, convert_uid(builder, &uid));
	case NAIVE_SET:
	case NAIVE_RECORD: return convert_many(builder, value);
	case NAIVE_DECIMAL: return cedar_decimal(value->number);
	case NAIVE_DATETIME: return cedar_datetime(value->number);
	case NAIVE_DURATION: return cedar_duration(value->number);
	case NAIVE_IP: must(ext_make_ipaddr(builder->arena, &value->ip, &ip), "no memory");
	}
	return ip;
}

static size_t convert_attrs(struct value_builder *builder, const struct naive_value *record,
			    struct cedar_attr attrs[MAX_FIELDS])
{
	for (size_t i = 0; i < record->count; i++)
		attrs[i] =
			(struct cedar_attr){record->keys[i], convert(builder, &record->items[i])};
	return record->count;
}

static void convert_parents(struct value_builder *builder, const struct naive_entity *entity,
			    cedar_uid *parents)
{
	for (size_t i = 0; i < entity->parent_count; i++)
		parents[i] = convert_uid(builder, &entity->parents[i]);
}

static void add_entity(struct cedar_engine *engine, const struct naive_entity *entity)
{
	struct value_builder *builder = &engine->builder;
	struct cedar_value attrs = convert(builder, &entity->attrs);
	struct cedar_value tags = convert(builder, &entity->tags);
	cedar_uid uid = convert_uid(builder, &entity->uid), parents[MAX_FIELDS];

	convert_parents(builder, entity, parents);
	must(builder->failed == ERR_NONE, "an entity cannot be built");
	must(entity_store_add(&engine->entities, uid, value_record(attrs), value_record(tags),
			      parents, entity->parent_count) == ERR_NONE,
	     "an entity cannot be added");
}

static void define_entity(struct cedar_request *request, const struct naive_entity *entity)
{
	struct value_builder *builder = &request->builder;
	cedar_uid uid = convert_uid(builder, &entity->uid), parents[MAX_FIELDS];
	struct cedar_attr attrs[MAX_FIELDS], tags[MAX_FIELDS];
	size_t attr_count = convert_attrs(builder, &entity->attrs, attrs);
	size_t tag_count = convert_attrs(builder, &entity->tags, tags);

	convert_parents(builder, entity, parents);
	cedar_request_entity(request, uid, attrs, attr_count, parents, entity->parent_count);
	cedar_request_tags(request, uid, tags, tag_count);
}

/* Making a round. */

static void add_link(struct round *round, const struct ast_policy *template, uint32_t number)
{
	struct naive_policy naive = {.ast = template};
	struct cedar_link link = {.template_id = template->id};
	char id[32];

	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		struct naive_uid uid = random_uid(round->random);

		if (!template->scope[var].has_slot)
			continue;
		naive.slots[var] = uid;
		link.values[link.value_count++] = (struct cedar_slot_value){
			var == AST_PRINCIPAL ? STR("?principal") : STR("?resource"), uid.type,
			uid.id};
	}
	(void)snprintf(id, sizeof(id), "link%u", (unsigned int)number);
	link.new_id = str_from(id);
	must(cedar_engine_link(round->engine, &link, &round->diags) == ERR_NONE,
	     "a template cannot be linked");
	round->policies[round->policy_count++] = naive;
}

/* False when the text is no policies. */
static bool add_policies(struct round *round, struct str text)
{
	const struct ast_policy **templates;
	struct ast_policies parsed;
	uint32_t template_count = 0;

	must(source_init(&round->source, &round->arena, STR("oracle"), text) == ERR_NONE,
	     "no memory");
	if (parse_policies(&round->arena, &round->source, NULL, &round->diags, &parsed) != ERR_NONE)
		return false;
	must(cedar_engine_add_policies(round->engine, STR("oracle"), text, CEDAR_IDS_BY_POSITION,
				       &round->diags) == ERR_NONE,
	     "the policies cannot be added");
	round->policies =
		arena_calloc(&round->arena, parsed.count + MAX_LINKS, sizeof(*round->policies));
	round->comparison.expected = arena_calloc(&round->arena, parsed.count + MAX_LINKS,
						  sizeof(*round->comparison.expected));
	templates = arena_calloc(&round->arena, parsed.count, sizeof(const struct ast_policy *));
	must(round->policies != NULL && round->comparison.expected != NULL && templates != NULL,
	     "no memory");
	for (const struct ast_policy *policy = parsed.first; policy != NULL;
	     policy = policy->next) {
		if (ast_is_template(policy))
			templates[template_count++] = policy;
		else
			round->policies[round->policy_count++] =
				(struct naive_policy){.ast = policy};
	}
	for (uint32_t i = 0; template_count != 0 && i < MAX_LINKS; i++)
		add_link(round, templates[random_below(round->random, template_count)], i);
	return true;
}

static bool round_init(struct round *round, struct random *random, struct str text,
		       struct buf *report)
{
	struct hash_key key = {random->state, ~random->state};

	*round = (struct round){.random = random, .comparison = {.report = report}};
	arena_init(&round->arena, 65536, SIZE_MAX);
	cedar_diags_init(&round->diags);
	round->world.arena = &round->arena;
	must(cedar_engine_new(NULL, key, &round->engine) == ERR_NONE &&
		     cedar_request_new(NULL, &round->request) == ERR_NONE,
	     "no memory");
	random_entities(round->random, &round->world);
	for (size_t i = 0; i < round->world.entity_count; i++) {
		if (!round->world.entities[i].in_request)
			add_entity(round->engine, &round->world.entities[i]);
	}
	if (!add_policies(round, text))
		return false;
	must(cedar_engine_seal(round->engine, &round->diags) == ERR_NONE, "cannot seal");
	must(cedar_policy_count(round->engine) == round->policy_count, "policies are missing");
	round->comparison.engine = round->engine;
	round->comparison.policies = round->policies;
	round->comparison.policy_count = round->policy_count;
	return true;
}

static void round_deinit(struct round *round)
{
	cedar_request_free(round->request);
	cedar_engine_free(round->engine);
	cedar_diags_deinit(&round->diags);
	arena_deinit(&round->arena);
}

/* Asking. */

static void ask(struct round *round)
{
	struct cedar_request *request = round->request;
	struct value_builder *builder = &request->builder;
	cedar_uid uids[3];

	cedar_request_begin(request, round->engine);
	/* Parents come later in the world, and must come first here. */
	for (size_t i = round->world.entity_count; i > 0; i--) {
		if (round->world.entities[i - 1].in_request)
			define_entity(request, &round->world.entities[i - 1]);
	}
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		const struct naive_value *value = &round->world.vars[var];
		struct naive_uid uid = {value->type, value->text};

		uids[var] = convert_uid(builder, &uid);
	}
	cedar_request_ask(request, uids[AST_PRINCIPAL], uids[AST_ACTION], uids[AST_RESOURCE],
			  convert(builder, &round->world.vars[AST_CONTEXT]));
}

enum oracle_result oracle_compare(struct random *random, struct str policies, bool plant,
				  struct comparison_tally *tally, struct buf *report)
{
	struct round round;
	bool accepted = round_init(&round, random, policies, report), agree = true;

	for (int i = 0; i < QUESTIONS && accepted && agree; i++) {
		random_request(round.random, &round.world);
		ask(&round);
		comparison_expect(&round.comparison, &round.world);
		if (plant)
			comparison_plant(&round.comparison);
		agree = comparison_ask(&round.comparison, round.request, tally);
	}
	round_deinit(&round);
	if (!accepted)
		return ORACLE_REFUSED;
	return agree ? ORACLE_AGREES : ORACLE_DIFFERS;
}
