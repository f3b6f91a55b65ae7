/*
 * Policies from hostile text against a schema with a bit of everything: validation ends, says why
 * when it refuses, and accepts permissively whatever it accepts strictly.
 */
#include <assert.h>

#include "cedar/cedar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema_text[] =
	"entity G in [G]; entity U in [G] { n: Long, o?: String, e?: U, i?: ipaddr, d?: decimal,"
	" s?: Set<Long>, r?: { a: Long, b?: U }, t?: datetime, x: duration } tags Long;"
	"entity C enum [\"red\", \"blue\"]; entity R { n: String } tags String;"
	"action a, b in [g] appliesTo { principal: [U, R], resource: [U, C],"
	" context: { x?: Long, r: { y?: Set<U> } } }; action g;";

static enum error validate(const struct cedar_schema *schema, struct str text,
			   enum cedar_validation_mode mode)
{
	const struct cedar_limits limits = {.expression_depth = 100};
	const struct cedar_validation options = {.mode = mode};
	struct cedar_engine *engine = NULL;
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_engine_new(&limits, (struct hash_key){1, 2}, &engine);
	if (error == ERR_NONE)
		error = cedar_engine_add_policies(engine, STR("fuzz"), text, CEDAR_IDS_BY_POSITION,
						  &diags);
	if (error == ERR_NONE)
		error = cedar_engine_validate(engine, schema, &options, &diags);
	assert((error == ERR_NONE) == (diags.error_count == 0));
	cedar_engine_free(engine);
	cedar_diags_deinit(&diags);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make((const char *)data, size);
	struct cedar_schema *schema = NULL;
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_schema_read(STR("s"), str_from(schema_text), CEDAR_SCHEMA_TEXT, &diags,
				  &schema);
	assert(error == ERR_NONE);
	if (validate(schema, text, CEDAR_STRICT) == ERR_NONE) {
		error = validate(schema, text, CEDAR_PERMISSIVE);
		assert(error == ERR_NONE);
	} else {
		validate(schema, text, CEDAR_PERMISSIVE);
	}
	cedar_schema_free(schema);
	cedar_diags_deinit(&diags);
	return 0;
}
