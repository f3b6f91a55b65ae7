/*
 * The JSON reader on hostile bytes: it must end, stay inside the text, never report without
 * failing or fail without reporting, and what it accepts must survive writing and reading again.
 */
#include <assert.h>

#include "cedar/json_read.h"
#include "cedar/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copies the event to the writer; other numbers have no form of their own and become null. */
static void copy_event(struct json_writer *json, const struct json_reader *reader)
{
	switch (reader->event) {
	case JSON_OBJECT: json_write_object(json); break;
	case JSON_OBJECT_END: json_write_object_end(json); break;
	case JSON_ARRAY: json_write_array(json); break;
	case JSON_ARRAY_END: json_write_array_end(json); break;
	case JSON_KEY: json_write_key(json, reader->text); break;
	case JSON_STRING: json_write_string(json, reader->text); break;
	case JSON_INTEGER: json_write_i64(json, reader->integer); break;
	case JSON_BOOL: json_write_bool(json, reader->boolean); break;
	case JSON_NUMBER:
	case JSON_NULL: json_write_null(json); break;
	case JSON_FAILED:
	case JSON_END: break;
	}
}

/* Writes what is read from `text` to `out`; the error of reading. */
static enum error rewrite(struct str text, struct buf *out)
{
	struct arena arena;
	struct cedar_diags diags;
	struct source source;
	struct json_reader reader;
	struct json_writer json = json_write_to(out);
	enum error error;

	arena_init(&arena, 1024, SIZE_MAX);
	cedar_diags_init(&diags);
	error = source_init(&source, &arena, STR("fuzz.json"), text);
	assert(error == ERR_NONE);
	json_read_init(&reader, &arena, &source, &diags);
	while (json_read_next(&reader) != JSON_END && reader.event != JSON_FAILED) {
		assert(reader.span.start <= reader.span.end && reader.span.end <= text.length);
		copy_event(&json, &reader);
	}
	error = json_read_finish(&reader);
	assert(diags.error_count == (error == ERR_NONE ? 0 : 1));
	cedar_diags_deinit(&diags);
	arena_deinit(&arena);
	return error;
}

/* Skipping must agree with reading about what is valid. */
static enum error skip(struct str text)
{
	struct arena arena;
	struct source source;
	struct json_reader reader;
	enum error error;

	arena_init(&arena, 1024, SIZE_MAX);
	error = source_init(&source, &arena, STR("fuzz.json"), text);
	assert(error == ERR_NONE);
	json_read_init(&reader, &arena, &source, NULL);
	json_read_next(&reader);
	json_read_skip(&reader);
	error = json_read_finish(&reader);
	arena_deinit(&arena);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first, second;
	struct str text = str_make((const char *)data, size);
	enum error error;

	buf_init(&first, SIZE_MAX);
	buf_init(&second, SIZE_MAX);
	error = rewrite(text, &first);
	assert(skip(text) == error);
	if (error == ERR_NONE) {
		error = rewrite(buf_str(&first), &second);
		assert(error == ERR_NONE);
		assert(str_equal(buf_str(&first), buf_str(&second)));
	}
	buf_deinit(&first);
	buf_deinit(&second);
	return 0;
}
