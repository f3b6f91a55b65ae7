/* Values from outside data. */
#include "base/utf8.h"
#include "cedar/value.h"

void value_builder_init(struct value_builder *builder, struct symbols *symbols, struct arena *arena,
			bool copies_text)
{
	*builder = (struct value_builder){
		.symbols = symbols,
		.arena = arena,
		.copies_text = copies_text,
		.last_type = SYMBOL_NONE,
	};
}

void value_builder_fail(struct value_builder *builder, enum error failed)
{
	if (builder->failed == ERR_NONE)
		builder->failed = failed;
}

/* The symbol of a name. What was a symbol before is known to be valid. */
static uint32_t build_name(struct value_builder *builder, struct str name)
{
	struct symbols *symbols = builder->symbols;
	uint32_t count = symbols_name_count(symbols);
	uint32_t symbol = symbols_put_name(symbols, name);

	if (symbol == SYMBOL_NONE)
		value_builder_fail(builder, symbols->refusal);
	else if (symbol == count && !utf8_valid(name))
		value_builder_fail(builder, ERR_INVALID);
	return symbol;
}

static uint32_t build_type(struct value_builder *builder, struct str type)
{
	uint32_t last = builder->last_type;

	if (last == SYMBOL_NONE || !str_equal(symbols_name(builder->symbols, last), type))
		builder->last_type = build_name(builder, type);
	return builder->last_type;
}

cedar_uid value_build_uid(struct value_builder *builder, struct str type, struct str id)
{
	struct symbols *symbols = builder->symbols;
	uint32_t type_symbol, uid, count = symbols_uid_count(symbols);

	if (builder->failed != ERR_NONE)
		return CEDAR_NO_UID;
	type_symbol = build_type(builder, type);
	if (builder->failed != ERR_NONE)
		return CEDAR_NO_UID;
	uid = symbols_put_uid(symbols, type_symbol, id);
	if (uid == SYMBOL_NONE)
		value_builder_fail(builder, symbols->refusal);
	else if (uid == count && !utf8_valid(id))
		value_builder_fail(builder, ERR_INVALID);
	return builder->failed == ERR_NONE ? uid : CEDAR_NO_UID;
}

struct cedar_value value_build_entity(struct value_builder *builder, cedar_uid uid)
{
	if (uid >= symbols_uid_count(builder->symbols))
		value_builder_fail(builder, ERR_INVALID);
	return builder->failed == ERR_NONE ? value_of_bits(VALUE_ENTITY, uid, 0)
					   : (struct cedar_value){0};
}

struct cedar_value value_build_string(struct value_builder *builder, struct str text)
{
	if (!utf8_valid(text))
		value_builder_fail(builder, ERR_INVALID);
	if (text.length > UINT32_MAX)
		value_builder_fail(builder, ERR_LIMIT);
	if (builder->copies_text && builder->failed == ERR_NONE) {
		struct str copy = arena_copy(builder->arena, text);

		if (copy.ptr == NULL)
			value_builder_fail(builder, builder->arena->refusal);
		text = copy;
	}
	if (builder->failed != ERR_NONE)
		return (struct cedar_value){0};
	return value_of_string(text);
}

/* Refuses values that no constructor of this builder's symbol space can have made. */
static bool check_part(struct value_builder *builder, struct cedar_value value)
{
	if (value.tag == VALUE_INVALID || value.tag > VALUE_IPV6 ||
	    (value.tag == VALUE_ENTITY && value.aux >= symbols_uid_count(builder->symbols)))
		value_builder_fail(builder, ERR_INVALID);
	return builder->failed == ERR_NONE;
}

struct cedar_value value_build_set(struct value_builder *builder,
				   const struct cedar_value *elements, size_t count)
{
	struct cedar_value set = {0};
	enum error error;

	for (size_t i = 0; i < count; i++) {
		if (!check_part(builder, elements[i]))
			return set;
	}
	if (builder->failed != ERR_NONE)
		return set;
	error = value_set_make(builder->arena, elements, count, &set);
	if (error == ERR_NO_MEMORY)
		value_builder_fail(builder, builder->arena->refusal);
	else if (error != ERR_NONE)
		value_builder_fail(builder, error);
	return set;
}

struct cedar_value value_build_record(struct value_builder *builder, const struct cedar_attr *attrs,
				      size_t count)
{
	struct value_record *record = NULL;
	enum error error;

	if (builder->failed == ERR_NONE) {
		record = value_record_alloc(builder->arena, count);
		if (record == NULL)
			value_builder_fail(builder, builder->arena->refusal);
	}
	for (size_t i = 0; record != NULL && i < count; i++) {
		if (!check_part(builder, attrs[i].value))
			return (struct cedar_value){0};
		record->fields[i] =
			(struct value_field){attrs[i].value, build_name(builder, attrs[i].key)};
	}
	if (builder->failed != ERR_NONE)
		return (struct cedar_value){0};
	error = value_record_finish(record);
	if (error != ERR_NONE) {
		value_builder_fail(builder, error == ERR_EXISTS ? ERR_INVALID : error);
		return (struct cedar_value){0};
	}
	return value_of_address(VALUE_RECORD, 0, record);
}
