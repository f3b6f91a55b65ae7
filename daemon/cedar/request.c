#include "cedar/request.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "cedar/ext.h"

enum { FIRST_CHUNK_BYTES = 8192 };

enum error cedar_request_new(const struct cedar_limits *limits, struct cedar_request **out)
{
	size_t max_bytes = limits != NULL ? limits->request_bytes : 0;
	struct cedar_request *request = mem_calloc(1, sizeof(*request));

	if (request == NULL)
		return ERR_NO_MEMORY;
	if (max_bytes == 0)
		max_bytes = ENGINE_REQUEST_BYTES;
	arena_init(&request->arena, FIRST_CHUNK_BYTES, max_bytes);
	arena_init(&request->scratch, FIRST_CHUNK_BYTES, max_bytes);
	*out = request;
	return ERR_NONE;
}

void cedar_request_free(struct cedar_request *request)
{
	if (request == NULL)
		return;
	arena_deinit(&request->arena);
	arena_deinit(&request->scratch);
	mem_free(request->stack);
	mem_free(request);
}

static void reserve_stack(struct cedar_request *request, uint32_t count)
{
	struct cedar_value *stack;

	if (count <= request->stack_capacity)
		return;
	stack = mem_resize(request->stack, count, sizeof(*stack));
	if (stack == NULL) {
		value_builder_fail(&request->builder, ERR_NO_MEMORY);
		return;
	}
	request->stack = stack;
	request->stack_capacity = count;
}

void cedar_request_begin(struct cedar_request *request, const struct cedar_engine *engine)
{
	assert(engine->sealed);
	arena_reset(&request->arena, (struct arena_mark){0});
	request->engine = engine;
	symbols_init(&request->symbols, &engine->symbols, engine->symbols.key, &request->arena,
		     NULL);
	value_builder_init(&request->builder, &request->symbols, &request->arena, false);
	entity_overlay_init(&request->entities, &engine->entities, &request->symbols,
			    &request->arena);
	request->asked = false;
	request->permits = request->forbids = NULL;
	request->errors = NULL;
	request->permit_count = request->permit_capacity = 0;
	request->forbid_count = request->forbid_capacity = 0;
	request->error_count = request->error_capacity = 0;
	reserve_stack(request, engine->program.stack_depth);
}

cedar_uid cedar_request_uid(struct cedar_request *request, struct str type, struct str id)
{
	return value_build_uid(&request->builder, type, id);
}

struct cedar_value cedar_bool(bool value)
{
	return value_of_bits(VALUE_BOOL, 0, value);
}

struct cedar_value cedar_long(int64_t value)
{
	return value_of_bits(VALUE_LONG, 0, (uint64_t)value);
}

struct cedar_value cedar_entity(cedar_uid uid)
{
	return uid != CEDAR_NO_UID ? value_of_bits(VALUE_ENTITY, uid, 0) : (struct cedar_value){0};
}

struct cedar_value cedar_decimal(int64_t ten_thousandths)
{
	return value_of_bits(VALUE_DECIMAL, 0, (uint64_t)ten_thousandths);
}

struct cedar_value cedar_datetime(int64_t ms_since_1970)
{
	return value_of_bits(VALUE_DATETIME, 0, (uint64_t)ms_since_1970);
}

struct cedar_value cedar_duration(int64_t ms)
{
	return value_of_bits(VALUE_DURATION, 0, (uint64_t)ms);
}

struct cedar_value cedar_string(struct cedar_request *request, struct str value)
{
	return value_build_string(&request->builder, value);
}

struct cedar_value cedar_ipaddr(struct cedar_request *request, struct str text)
{
	struct cedar_value value = {0};
	struct ext_ipaddr ip;

	if (!ext_parse_ipaddr(text, &ip))
		value_builder_fail(&request->builder, ERR_INVALID);
	else if (!ext_make_ipaddr(&request->arena, &ip, &value))
		value_builder_fail(&request->builder, request->arena.refusal);
	return value;
}

struct cedar_value cedar_set(struct cedar_request *request, const struct cedar_value *elements,
			     size_t count)
{
	return value_build_set(&request->builder, elements, count);
}

struct cedar_value cedar_record(struct cedar_request *request, const struct cedar_attr *attrs,
				size_t count)
{
	return value_build_record(&request->builder, attrs, count);
}

static bool uids_are_valid(const struct cedar_request *request, const cedar_uid *uids, size_t count)
{
	bool valid = true;

	for (size_t i = 0; i < count && valid; i++)
		valid = uids[i] < symbols_uid_count(&request->symbols);
	return valid;
}

void cedar_request_entity(struct cedar_request *request, cedar_uid uid,
			  const struct cedar_attr *attrs, size_t attr_count,
			  const cedar_uid *parents, size_t parent_count)
{
	struct value_builder *builder = &request->builder;
	struct cedar_value record = value_build_record(builder, attrs, attr_count);
	enum error error;

	if (!uids_are_valid(request, &uid, 1) || !uids_are_valid(request, parents, parent_count))
		value_builder_fail(builder, ERR_INVALID);
	if (builder->failed != ERR_NONE)
		return;
	error = entity_overlay_add(&request->entities, uid, value_record(record), parents,
				   parent_count);
	if (error != ERR_NONE)
		value_builder_fail(builder, error);
}

void cedar_request_tags(struct cedar_request *request, cedar_uid uid, const struct cedar_attr *tags,
			size_t tag_count)
{
	struct value_builder *builder = &request->builder;
	struct cedar_value record = value_build_record(builder, tags, tag_count);
	struct entity *entity = NULL;

	if (uids_are_valid(request, &uid, 1))
		entity = entity_overlay_own(&request->entities, uid);
	if (entity == NULL || entity->tags != NULL)
		value_builder_fail(builder, ERR_INVALID);
	if (builder->failed == ERR_NONE)
		entity->tags = value_record(record);
}

void cedar_request_ask(struct cedar_request *request, cedar_uid principal, cedar_uid action,
		       cedar_uid resource, struct cedar_value context)
{
	cedar_uid scope[3] = {principal, action, resource};

	if (!uids_are_valid(request, scope, 3) || context.tag != VALUE_RECORD)
		value_builder_fail(&request->builder, ERR_INVALID);
	memcpy(request->scope, scope, sizeof(scope));
	request->context = context;
	request->asked = true;
}
