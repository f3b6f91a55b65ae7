#include "authz/recorded.h"

#include <string.h>

#include "authz/entities.h"
#include "authz/mask.h"
#include "cedar/json_fields.h"
#include "cedar/json_read.h"

enum { URL_MAX = 65536, CONTEXT_MAX = DECIDE_SCRATCH_BYTES };

/* The context as entities_write_context() writes it. */
struct context {
	bool has_token, elevated, has_certificate;
	struct sender_certificate certificate;
	struct str scheme, host, path;
	int64_t port;
};

static struct str read_text(struct json_reader *reader)
{
	return json_read_expect(reader, JSON_STRING, "it") ? reader->text : str_make(NULL, 0);
}

static bool read_bool(struct json_reader *reader)
{
	return json_read_expect(reader, JSON_BOOL, "it") && reader->boolean;
}

static void read_certificate(struct json_reader *reader, struct context *context)
{
	static const struct str names[] = {
		{"subject", 7}, {"subjectName", 11}, {"issuer", 6}, {"issuerThumbprint", 16}};
	struct json_fields fields = {
		.names = names, .count = ARRAY_COUNT(names), .what = "a certificate"};
	struct sender_certificate *certificate = &context->certificate;
	struct str *const texts[] = {&certificate->subject, &certificate->subject_name,
				     &certificate->issuer, &certificate->issuer_thumbprint};
	int field;

	context->has_certificate = true;
	if (!json_read_expect(reader, JSON_OBJECT, "a certificate"))
		return;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD)
		*texts[field] = read_text(reader);
}

static void read_url(struct json_reader *reader, struct context *context)
{
	static const struct str names[] = {{"scheme", 6}, {"host", 4}, {"port", 4}, {"path", 4}};
	struct json_fields fields = {.names = names, .count = ARRAY_COUNT(names), .what = "a URL"};
	int field;

	if (!json_read_expect(reader, JSON_OBJECT, "a URL"))
		return;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		if (field == 0)
			context->scheme = read_text(reader);
		else if (field == 1)
			context->host = read_text(reader);
		else if (field == 3)
			context->path = read_text(reader);
		else if (json_read_expect(reader, JSON_INTEGER, "a port"))
			context->port = reader->integer;
	}
}

static void read_session(struct json_reader *reader, struct context *context)
{
	static const struct str names[] = {
		{"hasToken", 8}, {"elevated", 8}, {"certificate", 11}, {"url", 3}};
	struct json_fields fields = {.names = names,
				     .count = ARRAY_COUNT(names),
				     .ignore_unknown = true,
				     .what = "a session"};
	int field;

	if (!json_read_expect(reader, JSON_OBJECT, "a session"))
		return;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		if (field == 0)
			context->has_token = read_bool(reader);
		else if (field == 1)
			context->elevated = read_bool(reader);
		else if (field == 2)
			read_certificate(reader, context);
		else
			read_url(reader, context);
	}
}

static enum error read_context(struct arena *arena, struct str text, struct context *context)
{
	static const struct str names[] = {{"session", 7}};
	struct json_fields fields = {
		.names = names, .count = 1, .ignore_unknown = true, .what = "a context"};
	struct cedar_diags diags;
	struct json_reader reader;
	struct source source;
	enum error error = source_init(&source, arena, STR("context"), text);

	if (error != ERR_NONE)
		return error;
	cedar_diags_init(&diags);
	json_read_init(&reader, arena, &source, &diags);
	json_read_next(&reader);
	if (json_read_expect(&reader, JSON_OBJECT, "a context")) {
		while (json_fields_next(&reader, &fields) != JSON_NO_FIELD)
			read_session(&reader, context);
	}
	error = json_read_finish(&reader);
	cedar_diags_deinit(&diags);
	return error == ERR_NONE || error == ERR_NO_MEMORY ? error : ERR_INVALID;
}

/* The endpoint as a URL again. */
static enum error make_url(struct arena *arena, const struct context *context, struct str *url)
{
	struct buf text;
	enum error error;

	*url = str_make("", 0);
	if (context->scheme.length == 0)
		return ERR_NONE;
	buf_init(&text, URL_MAX);
	buf_append_str(&text, context->scheme);
	buf_append_str(&text, STR("://"));
	buf_append_str(&text, context->host);
	buf_printf(&text, ":%lld", (long long)context->port);
	buf_append_str(&text, context->path);
	error = text.failed;
	if (error == ERR_NONE) {
		*url = arena_copy(arena, buf_str(&text));
		error = url->ptr != NULL ? ERR_NONE : ERR_NO_MEMORY;
	}
	buf_deinit(&text);
	return error;
}

static enum error make_groups(struct arena *arena, const struct audit_row *row,
			      struct sender *sender)
{
	size_t count = row->groups.count + row->deny_only_groups.count;
	struct sender_group *groups = arena_calloc(arena, count, sizeof(*groups));

	if (groups == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < row->groups.count; i++)
		groups[i].sid = row->groups.items[i];
	for (size_t i = 0; i < row->deny_only_groups.count; i++)
		groups[row->groups.count + i] =
			(struct sender_group){row->deny_only_groups.items[i], true};
	sender->groups = groups;
	sender->group_count = count;
	return ERR_NONE;
}

static enum question_kind kind_of(enum audit_kind kind)
{
	switch (kind) {
	case AUDIT_AUTHORIZE_USER: return QUESTION_USER;
	case AUDIT_AUTHORIZE_OPERATION: return QUESTION_OPERATION;
	case AUDIT_QUERY_QUOTA: break;
	}
	return QUESTION_QUOTA;
}

static enum error make_question(struct recorded *recorded, struct arena *arena,
				const struct audit_row *row)
{
	struct context context = {.has_token = false};
	enum error error = read_context(arena, row->context, &context);

	if (error != ERR_NONE)
		return error;
	recorded->certificate = context.certificate;
	recorded->sender = (struct sender){
		.name = row->user,
		.mechanism = row->mechanism,
		.has_token = context.has_token,
		.elevated = context.elevated,
		.user_sid = context.has_token ? row->principal : str_make(NULL, 0),
		.certificate = context.has_certificate ? &recorded->certificate : NULL,
	};
	recorded->question = (struct question){
		.kind = kind_of(row->kind),
		.application = row->application,
		.sender = &recorded->sender,
		.action_uri = row->action_uri,
		.resource_uri = row->resource_uri,
		.instant = {.wall_us = row->wall_us,
			    .boot_ms = row->boot_ms,
			    .utc_offset_s = row->utc_offset_minutes * 60},
	};
	error = make_url(arena, &context, &recorded->sender.http_url);
	return error == ERR_NONE ? make_groups(arena, row, &recorded->sender) : error;
}

static bool lists_equal(const struct str *items, size_t count, const struct audit_list *list)
{
	bool equal = count == list->count;

	for (size_t i = 0; i < count && equal; i++)
		equal = str_equal(items[i], list->items[i]);
	return equal;
}

/* Reads the question as a decision does. */
static enum error read_question(struct recorded *recorded, struct arena *arena)
{
	struct question *question = &recorded->question;
	struct question_reading *reading = &recorded->reading;
	const char *what;
	enum error error = identity_read(arena, question->application, question->sender,
					 &reading->identity, &what);

	reading->operation = (struct operation){.family = FAMILY_OTHER};
	if (error == ERR_NONE && question->kind == QUESTION_OPERATION)
		error = operation_read(arena, question->action_uri, question->resource_uri,
				       &reading->operation, &what);
	question->reading = reading;
	return error == ERR_NONE || error == ERR_NO_MEMORY ? error : ERR_INVALID;
}

/* Whether the question is read as it was when it was recorded. */
static enum error check_question(const struct recorded *recorded, const struct audit_row *row)
{
	bool is_operation = recorded->question.kind == QUESTION_OPERATION;
	const struct operation *operation = &recorded->reading.operation;
	const struct identity *identity = &recorded->reading.identity;
	struct buf context;
	enum error error;
	bool same;

	buf_init(&context, CONTEXT_MAX);
	entities_write_context(&context, identity, is_operation ? operation : NULL);
	error = context.failed;
	same = str_equal(buf_str(&context), row->context) &&
	       str_equal(identity->principal, row->principal) &&
	       lists_equal(identity->groups, identity->group_count, &row->groups) &&
	       lists_equal(identity->deny_only_groups, identity->deny_only_group_count,
			   &row->deny_only_groups) &&
	       (!is_operation || str_equal(action_name(operation->action), row->action));
	buf_deinit(&context);
	if (error != ERR_NONE)
		return error;
	return same ? ERR_NONE : ERR_INVALID;
}

static bool contains(struct str text, struct str part)
{
	for (size_t i = 0; i + part.length <= text.length; i++) {
		if (memcmp(text.ptr + i, part.ptr, part.length) == 0)
			return true;
	}
	return false;
}

/* Whether the audit was told to keep something back that a policy may look at. Selectors of a
 * resource are nothing of the kind. */
static bool is_masked(const struct audit_row *row)
{
	const char *selectors = str_find_byte(row->resource_uri, '?');
	struct str resource = row->resource_uri;
	struct str mask = STR(MASK_TEXT);

	if (selectors != NULL)
		resource.length = (size_t)(selectors - resource.ptr);
	return contains(row->user, mask) || contains(row->principal, mask) ||
	       contains(row->action_uri, mask) || contains(resource, mask) ||
	       contains(row->context, mask);
}

enum error recorded_read(struct recorded *recorded, struct arena *arena,
			 const struct audit_row *row)
{
	enum error error;

	if (row->context.length == 0 || is_masked(row))
		return ERR_INVALID;
	error = make_question(recorded, arena, row);
	if (error == ERR_NONE)
		error = read_question(recorded, arena);
	return error == ERR_NONE ? check_question(recorded, row) : error;
}
