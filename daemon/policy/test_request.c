#include "policy/test_request.h"

#include <string.h>

#include "authz/operation.h"
#include "base/civil.h"
#include "cedar/diag.h"
#include "cedar/json_fields.h"

enum { MINUTE_US = 60000000, OFFSET_LENGTH = 6 /* "+01:00" */, OFFSET_MAX_MINUTES = 14 * 60 };

/* 2026-01-05T12:00:00Z */
#define DEFAULT_TIME_US INT64_C(1767614400000000)

static uint32_t bit(enum test_field field)
{
	return UINT32_C(1) << field;
}

static bool is_given(const struct test_request *request, enum test_field field)
{
	return (request->given & bit(field)) != 0;
}

struct test_request test_request_default(void)
{
	struct test_request request = {.instant = {.wall_us = DEFAULT_TIME_US}};

	request.texts[TEST_MECHANISM] = STR("Kerberos");
	request.texts[TEST_APPLICATION] = STR("wsman");
	request.texts[TEST_ACTION] = STR("Connect");
	return request;
}

/* Names. */

/* What a SID, or a name of directory.json, stands for. */
static bool resolve_sid(struct json_reader *reader, struct names *names, struct str *sid)
{
	struct cedar_resolver resolver = names_resolver(names);
	struct str meant = reader->text;
	enum cedar_resolution resolution;

	if (!json_read_expect(reader, JSON_STRING, "a SID or a name"))
		return false;
	resolution = resolver.resolve(resolver.arg, STR("WinRM::Group"), reader->text, &meant);
	if (names->failed != ERR_NONE)
		json_read_abort(reader, names->failed);
	else if (resolution == CEDAR_NAME_UNKNOWN)
		json_read_fail(reader, reader->span,
			       "the name \"%s\" is unknown: write a SID, or add it to "
			       "directory.json as a name",
			       diag_quote(reader->text).text);
	*sid = meant;
	return reader->failed == ERR_NONE;
}

static bool read_sids(struct json_reader *reader, struct names *names, struct test_sids *sids)
{
	struct str *items = NULL;
	uint32_t count = 0, capacity = 0;

	if (!json_read_expect(reader, JSON_ARRAY, "a list of groups"))
		return false;
	while (json_read_element(reader)) {
		struct str *grown =
			arena_grow_array(reader->arena, items, count, &capacity, sizeof(*grown));
		if (grown == NULL) {
			json_read_abort(reader, reader->arena->refusal);
			return false;
		}
		items = grown;
		if (!resolve_sid(reader, names, &items[count]))
			return false;
		count++;
	}
	*sids = (struct test_sids){items, count};
	return reader->failed == ERR_NONE;
}

/* The certificate. */

static bool read_certificate(struct json_reader *reader, struct sender_certificate *certificate)
{
	static const struct str names[] = {
		{"subject", 7}, {"subjectName", 11}, {"issuer", 6}, {"issuerThumbprint", 16}};
	struct json_fields fields = {
		.names = names, .count = ARRAY_COUNT(names), .what = "the certificate"};
	struct span object = reader->span;
	struct str texts[ARRAY_COUNT(names)];
	int field;

	if (!json_read_expect(reader, JSON_OBJECT, "the certificate"))
		return false;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		if (json_read_expect(reader, JSON_STRING, "a part of the certificate"))
			texts[field] = reader->text;
	}
	for (int i = 0; i < (int)ARRAY_COUNT(names); i++) {
		if (!json_fields_require(reader, &fields, i, object))
			return false;
	}
	*certificate = (struct sender_certificate){texts[0], texts[1], texts[2], texts[3]};
	return true;
}

/* Time. */

/* Takes "+01:00" off the end; false when nothing of the kind stands there. */
static bool take_offset(struct str *text, int32_t *minutes)
{
	const char *end = text->ptr + text->length - OFFSET_LENGTH;
	int digits[4];

	if (text->length < OFFSET_LENGTH || (end[0] != '+' && end[0] != '-') || end[3] != ':')
		return false;
	for (int i = 0; i < 4; i++) {
		char c = end[i < 2 ? i + 1 : i + 2];

		if (c < '0' || c > '9')
			return false;
		digits[i] = c - '0';
	}
	*minutes = (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3];
	if (digits[2] > 5 || *minutes > OFFSET_MAX_MINUTES)
		return false;
	if (end[0] == '-')
		*minutes = -*minutes;
	text->length -= OFFSET_LENGTH;
	return true;
}

/* The moment, and the server's local time, which is what stands there. */
static bool read_time(struct json_reader *reader, struct instant *instant)
{
	struct str text = reader->text;
	int32_t minutes = 0;
	int64_t local_us;
	bool has_zone;

	if (!json_read_expect(reader, JSON_STRING, "the time"))
		return false;
	has_zone = str_ends_with(text, STR("Z")) || take_offset(&text, &minutes);
	if (!has_zone || str_find_byte(text, 'T') == NULL || !civil_parse(text, &local_us)) {
		json_read_fail(reader, reader->span,
			       "not a time such as \"2026-01-05T08:30:00+01:00\", the server's "
			       "local time and what that is ahead of UTC");
		return false;
	}
	instant->wall_us = local_us - (int64_t)minutes * MINUTE_US;
	instant->utc_offset_s = minutes * 60;
	return true;
}

/* Action and resource. */

static void fail_action(struct json_reader *reader)
{
	struct str names[ACTION_COUNT], near;

	for (int i = 0; i < ACTION_COUNT; i++)
		names[i] = action_name((enum action)i);
	near = diag_nearest(reader->text, names, ACTION_COUNT);
	if (near.length != 0)
		json_read_fail(reader, reader->span,
			       "there is no action \"%s\"; did you mean \"%.*s\"?",
			       diag_quote(reader->text).text, STR_ARGS(near));
	else
		json_read_fail(reader, reader->span,
			       "\"%s\" is neither an action of the schema nor an action URI",
			       diag_quote(reader->text).text);
}

static bool read_action(struct json_reader *reader, struct str *text)
{
	enum action action;

	if (!json_read_expect(reader, JSON_STRING, "the action"))
		return false;
	if (!action_find(reader->text, &action) && str_find_byte(reader->text, ':') == NULL)
		fail_action(reader);
	else if (str_equal(reader->text, action_name(ACTION_ADMINISTER)))
		json_read_fail(reader, reader->span,
			       "Administer is asked together with Connect; expect "
			       "\"administrator\" there");
	*text = reader->text;
	return reader->failed == ERR_NONE;
}

static bool read_resource(struct json_reader *reader, struct str *text)
{
	enum error error;

	if (!json_read_expect(reader, JSON_STRING, "the resource"))
		return false;
	error = operation_resource_uri(reader->arena, reader->text, text);
	if (error == ERR_NO_MEMORY)
		json_read_abort(reader, error);
	else if (error != ERR_NONE)
		json_read_fail(reader, reader->span,
			       "not a resource URI, nor one that begins with an alias such as "
			       "wmicimv2");
	return reader->failed == ERR_NONE;
}

/* The request. */

static void read_field(struct json_reader *reader, struct names *names, enum test_field field,
		       struct test_request *request)
{
	struct str *text = &request->texts[field];

	request->spans[field] = reader->span;
	request->given |= bit(field);
	switch (field) {
	case TEST_SID: (void)resolve_sid(reader, names, text); break;
	case TEST_GROUPS: (void)read_sids(reader, names, &request->groups); break;
	case TEST_DENY_ONLY_GROUPS:
		(void)read_sids(reader, names, &request->deny_only_groups);
		break;
	case TEST_ELEVATED:
		if (json_read_expect(reader, JSON_BOOL, "elevated"))
			request->elevated = reader->boolean;
		break;
	case TEST_CERTIFICATE: (void)read_certificate(reader, &request->certificate); break;
	case TEST_TIME: (void)read_time(reader, &request->instant); break;
	case TEST_ACTION: (void)read_action(reader, text); break;
	case TEST_RESOURCE: (void)read_resource(reader, text); break;
	case TEST_USER:
	case TEST_MECHANISM:
	case TEST_URL:
	case TEST_APPLICATION:
	case TEST_METHOD:
	case TEST_FIELD_COUNT:
		if (json_read_expect(reader, JSON_STRING, "this part of a request"))
			*text = reader->text;
		break;
	}
}

bool test_request_read(struct json_reader *reader, struct names *names,
		       struct test_request *request)
{
	static const struct str field_names[TEST_FIELD_COUNT] = {
		{"user", 4},         {"sid", 3},       {"groups", 6},       {"denyOnlyGroups", 14},
		{"elevated", 8},     {"mechanism", 9}, {"certificate", 11}, {"url", 3},
		{"application", 11}, {"time", 4},      {"action", 6},       {"method", 6},
		{"resource", 8},
	};
	struct json_fields fields = {
		.names = field_names, .count = TEST_FIELD_COUNT, .what = "a request"};
	int field;

	if (!json_read_expect(reader, JSON_OBJECT, "the request"))
		return false;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD)
		read_field(reader, names, (enum test_field)field, request);
	return reader->failed == ERR_NONE;
}

static bool is_connect(const struct test_request *request)
{
	return str_equal(request->texts[TEST_ACTION], action_name(ACTION_CONNECT));
}

bool test_request_check(struct json_reader *reader, const struct test_request *request,
			struct span object)
{
	bool is_invoke = str_equal(request->texts[TEST_ACTION], action_name(ACTION_INVOKE));
	uint32_t of_token = bit(TEST_GROUPS) | bit(TEST_DENY_ONLY_GROUPS) | bit(TEST_ELEVATED);

	if (reader->failed != ERR_NONE)
		return false;
	if (!is_given(request, TEST_USER))
		json_read_fail(reader, object, "a request must have \"user\", the sender's name");
	else if ((request->given & of_token) != 0 && !is_given(request, TEST_SID))
		json_read_fail(reader, object,
			       "groups and elevated belong to a token; give \"sid\", too");
	else if (!is_connect(request) && !is_given(request, TEST_RESOURCE))
		json_read_fail(reader, request->spans[TEST_ACTION],
			       "an operation must have \"resource\", what it works on");
	else if (is_given(request, TEST_METHOD) && !is_invoke)
		json_read_fail(reader, request->spans[TEST_METHOD],
			       "only the action \"Invoke\" has a method");
	return reader->failed == ERR_NONE;
}

/* Asking. */

/* A method's action URI is that of the class with the method behind it. */
static enum error action_uri_of(const struct test_request *request, struct arena *arena,
				struct str *uri)
{
	struct str method = request->texts[TEST_METHOD], base = request->texts[TEST_RESOURCE];
	const char *selectors = str_find_byte(base, '?');
	enum action action;
	char *text;

	*uri = request->texts[TEST_ACTION];
	if (action_find(*uri, &action))
		*uri = action_canonical_uri(action);
	if (!is_given(request, TEST_METHOD))
		return ERR_NONE;
	if (selectors != NULL)
		base.length = (size_t)(selectors - base.ptr);
	text = arena_alloc(arena, base.length + 1 + method.length);
	if (text == NULL)
		return ERR_NO_MEMORY;
	memcpy(text, base.ptr, base.length);
	text[base.length] = '/';
	if (method.length != 0)
		memcpy(text + base.length + 1, method.ptr, method.length);
	*uri = str_make(text, base.length + 1 + method.length);
	return ERR_NONE;
}

static enum error make_groups(const struct test_request *request, struct arena *arena,
			      struct sender *sender)
{
	size_t enabled = request->groups.count, all = enabled + request->deny_only_groups.count;
	struct sender_group *groups = arena_calloc(arena, all, sizeof(*groups));

	if (groups == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < all; i++)
		groups[i] = i < enabled
				    ? (struct sender_group){request->groups.items[i], false}
				    : (struct sender_group){
					      request->deny_only_groups.items[i - enabled], true};
	sender->groups = groups;
	sender->group_count = all;
	return ERR_NONE;
}

enum error test_request_ask(const struct test_request *request, struct arena *arena,
			    struct question *question)
{
	struct sender *sender = arena_alloc(arena, sizeof(*sender));
	enum error error;

	if (sender == NULL)
		return ERR_NO_MEMORY;
	*sender = (struct sender){
		.name = request->texts[TEST_USER],
		.mechanism = request->texts[TEST_MECHANISM],
		.http_url = request->texts[TEST_URL],
		.has_token = is_given(request, TEST_SID),
		.elevated = request->elevated,
		.user_sid = request->texts[TEST_SID],
		.certificate = is_given(request, TEST_CERTIFICATE) ? &request->certificate : NULL,
	};
	*question = (struct question){
		.kind = is_connect(request) ? QUESTION_USER : QUESTION_OPERATION,
		.application = request->texts[TEST_APPLICATION],
		.sender = sender,
		.resource_uri = request->texts[TEST_RESOURCE],
		.instant = request->instant,
	};
	error = make_groups(request, arena, sender);
	if (error == ERR_NONE && question->kind == QUESTION_OPERATION)
		error = action_uri_of(request, arena, &question->action_uri);
	return error;
}
