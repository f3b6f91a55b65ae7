#include "ctl/cedar_question.h"

#include "cedar/json_fields.h"
#include "cedar/json_read.h"
#include "ctl/cedar_uid.h"
#include "ctl/output.h"

enum { FIELD_CONTEXT = 3, FIELD_COUNT };

bool cedar_question_complete(const struct cedar_question_options *options)
{
	int named = 0;

	for (int i = 0; i < 3; i++)
		named += options->uids[i] != NULL;
	if (options->request_json != NULL && (named != 0 || options->context != NULL)) {
		output_error("cedar authorize: --request-json stands for --principal, --action, "
			     "--resource and --context; give either");
		return false;
	}
	if (options->request_json == NULL && named != 3) {
		output_error("cedar authorize: who does what? Give --principal, --action and "
			     "--resource, or --request-json");
		return false;
	}
	return true;
}

/* The object that begins with the last event, as a text of its own in which everything has the line
 * and the column it has in the file: blanks stand for the characters before it. */
static struct str cut_object(struct json_reader *reader)
{
	struct str file = reader->source->text;
	uint32_t start = reader->span.start, length = 0;
	char *copy;

	json_read_skip(reader);
	if (reader->failed != ERR_NONE)
		return STR("");
	copy = arena_alloc(reader->arena, reader->span.end);
	if (copy == NULL) {
		json_read_abort(reader, ERR_NO_MEMORY);
		return STR("");
	}
	for (uint32_t i = 0; i < reader->span.end; i++) {
		bool is_continuation = ((unsigned char)file.ptr[i] & 0xc0) == 0x80;

		if (i >= start || file.ptr[i] == '\n')
			copy[length++] = file.ptr[i];
		else if (!is_continuation)
			copy[length++] = ' ';
	}
	return str_make(copy, length);
}

static void read_fields(struct json_reader *reader, struct cedar_question *question)
{
	static const struct str names[FIELD_COUNT] = {
		[AST_PRINCIPAL] = {"principal", 9},
		[AST_ACTION] = {"action", 6},
		[AST_RESOURCE] = {"resource", 8},
		[FIELD_CONTEXT] = {"context", 7},
	};
	struct json_fields fields = {.names = names, .count = FIELD_COUNT, .what = "a request"};
	struct span object = reader->span;
	int field;

	if (!json_read_expect(reader, JSON_OBJECT, "a request"))
		return;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		if (field != FIELD_CONTEXT)
			cedar_uid_read_json(reader, names[field].ptr, &question->uids[field]);
		else if (json_read_expect(reader, JSON_OBJECT, "the context"))
			question->context = cut_object(reader);
	}
	for (int i = 0; i < FIELD_CONTEXT; i++)
		json_fields_require(reader, &fields, i, object);
}

static void read_request_file(struct cedar_work *work, const char *path,
			      struct cedar_question *question)
{
	struct json_reader reader;
	struct source source;

	if (!cedar_work_read(work, "--request-json", path, &source))
		return;
	question->context_name = source.name;
	json_read_init(&reader, &work->arena, &source, &work->diags);
	json_read_next(&reader);
	read_fields(&reader, question);
	cedar_work_check(work, "--request-json", json_read_finish(&reader));
}

void cedar_question_read(struct cedar_work *work, const struct cedar_question_options *options,
			 struct cedar_question *question)
{
	static const char *const names[] = {
		[AST_PRINCIPAL] = "--principal",
		[AST_ACTION] = "--action",
		[AST_RESOURCE] = "--resource",
	};
	struct source source;

	*question = (struct cedar_question){.context_name = STR("--context"), .context = STR("{}")};
	if (options->request_json != NULL) {
		read_request_file(work, options->request_json, question);
		return;
	}
	for (int i = 0; i < 3; i++) {
		enum error error =
			cedar_uid_read(&work->arena, str_from(names[i]), str_from(options->uids[i]),
				       &work->diags, &question->uids[i]);
		cedar_work_check(work, names[i], error);
	}
	if (options->context != NULL &&
	    cedar_work_read(work, "--context", options->context, &source)) {
		question->context_name = source.name;
		question->context = source.text;
	}
}

bool cedar_question_ask(struct cedar_work *work, const struct cedar_question *question,
			struct cedar_request *request)
{
	struct cedar_value context;
	cedar_uid uids[3];
	enum error error;

	cedar_request_begin(request, work->engine);
	for (int i = 0; i < 3; i++)
		uids[i] = cedar_request_uid(request, question->uids[i].type, question->uids[i].id);
	error = cedar_request_context(request, work->schema, uids[AST_ACTION],
				      question->context_name, question->context, &work->diags,
				      &context);
	if (error == ERR_NONE) {
		cedar_request_ask(request, uids[AST_PRINCIPAL], uids[AST_ACTION],
				  uids[AST_RESOURCE], context);
		if (work->schema != NULL)
			error = cedar_request_validate(request, work->schema, &work->diags);
	}
	return cedar_work_check(work, "request", error);
}
