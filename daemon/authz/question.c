#include "authz/decide.h"
#include "authz/entities.h"

enum error question_read(struct arena *arena, struct buf *scratch, const struct question *question,
			 struct question_reading *reading)
{
	bool is_operation = question->kind == QUESTION_OPERATION;
	struct question_reading read = {.operation = {.family = FAMILY_OTHER}};
	const char *what;
	enum error error = identity_read(arena, question->application, question->sender,
					 &read.identity, &what);

	if (error == ERR_NONE && is_operation)
		error = operation_read(arena, question->action_uri, question->resource_uri,
				       &read.operation, &what);
	if (error != ERR_NONE)
		return error;
	buf_clear(scratch);
	entities_write_context(scratch, &read.identity, is_operation ? &read.operation : NULL);
	if (scratch->failed != ERR_NONE)
		return scratch->failed;
	read.context_json = arena_copy(arena, buf_str(scratch));
	if (read.context_json.ptr == NULL)
		return ERR_NO_MEMORY;
	*reading = read;
	return ERR_NONE;
}
