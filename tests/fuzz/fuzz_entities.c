/*
 * Entities from hostile text, with and without a schema: what is refused has a reason, and nothing
 * that is loaded makes sealing fail without one.
 */
#include <assert.h>

#include "cedar/cedar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema_text[] =
	"entity G in [G]; entity U in [G] { n?: Long, o?: String, e?: U, i?: ipaddr, d?: decimal,"
	" s?: Set<Long>, r?: { a: Long, b?: U }, t?: datetime, x?: duration, c?: C }"
	" tags Set<ipaddr>; entity C enum [\"red\", \"blue\"];"
	"action a, b in [g] appliesTo { principal: [U], resource: [U, C] }; action g;";

static void load(const struct cedar_schema *schema, struct str text)
{
	struct cedar_engine *engine = NULL;
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_engine_new(NULL, (struct hash_key){1, 2}, &engine);
	assert(error == ERR_NONE);
	error = cedar_engine_add_entities(engine, schema, STR("fuzz"), text, &diags);
	if (error == ERR_NONE && schema != NULL)
		error = cedar_engine_add_actions(engine, schema, &diags);
	if (error == ERR_NONE)
		error = cedar_engine_seal(engine, &diags);
	assert((error == ERR_NONE) == (diags.error_count == 0));
	cedar_engine_free(engine);
	cedar_diags_deinit(&diags);
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
	load(NULL, text);
	load(schema, text);
	cedar_schema_free(schema);
	cedar_diags_deinit(&diags);
	return 0;
}
