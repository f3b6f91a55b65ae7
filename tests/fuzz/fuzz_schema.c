/*
 * Schemas from hostile text, in JSON syntax when it starts with a brace, else in Cedar syntax: what
 * is refused has a reason, and the JSON form of what is accepted is accepted and has the same JSON
 * form.
 */
#include <assert.h>

#include "cedar/cedar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cedar_schema *read_schema(struct str text, enum cedar_schema_syntax syntax)
{
	struct cedar_schema *schema = NULL;
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_schema_read(STR("fuzz"), text, syntax, &diags, &schema);
	assert((error == ERR_NONE) == (diags.error_count == 0));
	assert((error == ERR_NONE) == (schema != NULL));
	cedar_diags_deinit(&diags);
	return schema;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make((const char *)data, size);
	struct cedar_schema *schema, *again;
	struct buf json, json_again;

	schema = read_schema(text,
			     size != 0 && data[0] == '{' ? CEDAR_SCHEMA_JSON : CEDAR_SCHEMA_TEXT);
	if (schema == NULL)
		return 0;
	buf_init(&json, SIZE_MAX);
	buf_init(&json_again, SIZE_MAX);
	cedar_schema_write_json(schema, &json);
	again = read_schema(buf_str(&json), CEDAR_SCHEMA_JSON);
	assert(again != NULL);
	cedar_schema_write_json(again, &json_again);
	assert(str_equal(buf_str(&json), buf_str(&json_again)));
	cedar_schema_free(again);
	cedar_schema_free(schema);
	buf_deinit(&json);
	buf_deinit(&json_again);
	return 0;
}
