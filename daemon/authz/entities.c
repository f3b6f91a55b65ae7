#include "authz/entities.h"

#include <assert.h>

#include "base/attributes.h"
#include "base/civil.h"
#include "cedar/json_write.h"

#define NAMESPACE "WinRM::"

static const struct str type_user = {NAMESPACE "User", sizeof(NAMESPACE "User") - 1};
static const struct str type_group = {NAMESPACE "Group", sizeof(NAMESPACE "Group") - 1};
static const struct str type_action = {NAMESPACE "Action", sizeof(NAMESPACE "Action") - 1};
static const struct str type_resource = {NAMESPACE "Resource", sizeof(NAMESPACE "Resource") - 1};
static const struct str type_family = {NAMESPACE "ResourceFamily",
				       sizeof(NAMESPACE "ResourceFamily") - 1};
static const struct str type_application = {NAMESPACE "Application",
					    sizeof(NAMESPACE "Application") - 1};

/* Time. */

struct session_time session_time_of(int64_t wall_us, int32_t utc_offset_s)
{
	static const struct str weekdays[] = {
		{"Sunday", 6},   {"Monday", 6}, {"Tuesday", 7},  {"Wednesday", 9},
		{"Thursday", 8}, {"Friday", 6}, {"Saturday", 8},
	};
	const int64_t day_us = INT64_C(86400) * 1000000;
	int64_t local_us = wall_us + (int64_t)(utc_offset_s / 60) * 60 * 1000000;
	int64_t into_day_us = (local_us % day_us + day_us) % day_us;
	int64_t into_ms_us = (wall_us % 1000 + 1000) % 1000;

	return (struct session_time){
		.utc_ms = (wall_us - into_ms_us) / 1000,
		.local_day_ms = into_day_us / 1000,
		.weekday = weekdays[civil_from_us(local_us).weekday],
	};
}

/* Attributes in the making. */
struct attrs {
	struct cedar_request *request;
	struct cedar_attr items[8];
	size_t count;
};

static void add_value(struct attrs *attrs, struct str key, struct cedar_value value)
{
	assert(attrs->count < ARRAY_COUNT(attrs->items));
	attrs->items[attrs->count++] = (struct cedar_attr){key, value};
}

static void add_text(struct attrs *attrs, struct str key, struct str text)
{
	add_value(attrs, key, cedar_string(attrs->request, text));
}

static struct cedar_value record_of(const struct attrs *attrs)
{
	return cedar_record(attrs->request, attrs->items, attrs->count);
}

/* Entities. */

static cedar_uid *group_uids(struct cedar_request *request, struct arena *arena,
			     const struct str *sids, size_t count)
{
	cedar_uid *uids = arena_calloc(arena, count, sizeof(*uids));

	for (size_t i = 0; uids != NULL && i < count; i++)
		uids[i] = cedar_request_uid(request, type_group, sids[i]);
	return uids;
}

static bool define_user(struct cedar_request *request, struct arena *arena,
			const struct identity *identity, cedar_uid user)
{
	size_t deny_only_count = identity->deny_only_group_count;
	cedar_uid *parents = group_uids(request, arena, identity->groups, identity->group_count);
	cedar_uid *deny_only =
		group_uids(request, arena, identity->deny_only_groups, deny_only_count);
	struct cedar_value *values = arena_calloc(arena, deny_only_count, sizeof(*values));
	struct attrs attrs = {.request = request};

	if (parents == NULL || deny_only == NULL || values == NULL)
		return false;
	for (size_t i = 0; i < deny_only_count; i++)
		values[i] = cedar_entity(deny_only[i]);
	add_text(&attrs, STR("name"), identity->name);
	add_text(&attrs, STR("account"), identity->account);
	if (identity->domain.length != 0)
		add_text(&attrs, STR("domain"), identity->domain);
	if (identity->has_token)
		add_text(&attrs, STR("sid"), identity->sid);
	add_value(&attrs, STR("denyOnlyGroups"), cedar_set(request, values, deny_only_count));
	cedar_request_entity(request, user, attrs.items, attrs.count, parents,
			     identity->group_count);
	return true;
}

static struct cedar_value make_session(struct cedar_request *request,
				       const struct identity *identity,
				       const struct session_time *time)
{
	const struct sender_certificate *from = &identity->certificate;
	struct attrs certificate = {.request = request};
	struct attrs url = {.request = request};
	struct attrs session = {.request = request};

	if (identity->has_certificate) {
		add_text(&certificate, STR("subject"), from->subject);
		add_text(&certificate, STR("subjectName"), from->subject_name);
		add_text(&certificate, STR("issuer"), from->issuer);
		add_text(&certificate, STR("issuerThumbprint"), from->issuer_thumbprint);
		add_value(&session, STR("certificate"), record_of(&certificate));
	}
	add_text(&url, STR("scheme"), identity->url.scheme);
	add_text(&url, STR("host"), identity->url.host);
	add_value(&url, STR("port"), cedar_long(identity->url.port));
	add_text(&url, STR("path"), identity->url.path);
	add_text(&session, STR("mechanism"), identity->mechanism);
	add_value(&session, STR("hasToken"), cedar_bool(identity->has_token));
	add_value(&session, STR("elevated"), cedar_bool(identity->elevated));
	add_value(&session, STR("url"), record_of(&url));
	add_value(&session, STR("time"), cedar_datetime(time->utc_ms));
	add_value(&session, STR("localTime"), cedar_duration(time->local_day_ms));
	add_text(&session, STR("weekday"), time->weekday);
	return record_of(&session);
}

static bool define_resource(struct cedar_request *request, struct arena *arena,
			    const struct operation *operation, cedar_uid application,
			    cedar_uid resource)
{
	size_t count = operation->prefix_count;
	cedar_uid *parents = arena_calloc(arena, count + 2, sizeof(*parents));
	struct attrs attrs = {.request = request};

	if (parents == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		parents[i] = cedar_request_uid(request, type_resource, operation->prefixes[i]);
	parents[count] =
		cedar_request_uid(request, type_family, resource_family_name(operation->family));
	parents[count + 1] = application;
	add_text(&attrs, STR("uri"), operation->resource_uri);
	cedar_request_entity(request, resource, attrs.items, attrs.count, parents, count + 2);
	return true;
}

bool entities_define(struct cedar_request *request, struct arena *arena,
		     const struct identity *identity, const struct session_time *time,
		     const struct operation *operation, struct entities *entities)
{
	struct entities defined = {
		.request = request,
		.operation = operation,
		.user = cedar_request_uid(request, type_user, identity->principal),
		.application = cedar_request_uid(request, type_application, identity->application),
		.resource = CEDAR_NO_UID,
	};

	if (!define_user(request, arena, identity, defined.user))
		return false;
	if (operation != NULL) {
		defined.resource =
			cedar_request_uid(request, type_resource, operation->resource_uri);
		if (!define_resource(request, arena, operation, defined.application,
				     defined.resource))
			return false;
	}
	defined.session = make_session(request, identity, time);
	*entities = defined;
	return true;
}

/* Questions. */

void entities_ask(const struct entities *entities, enum action action)
{
	struct cedar_request *request = entities->request;
	const struct operation *operation = entities->operation;
	bool of_application = action == ACTION_CONNECT || action == ACTION_ADMINISTER;
	struct attrs context = {.request = request};

	add_value(&context, STR("session"), entities->session);
	if (!of_application) {
		add_text(&context, STR("actionUri"), operation->action_uri);
		if (action == ACTION_INVOKE)
			add_text(&context, STR("method"), operation->method);
	}
	cedar_request_ask(request, entities->user,
			  cedar_request_uid(request, type_action, action_name(action)),
			  of_application ? entities->application : entities->resource,
			  record_of(&context));
}

/* The context as JSON. */

static void write_text(struct json_writer *json, struct str key, struct str text)
{
	json_write_key(json, key);
	json_write_string(json, text);
}

static void write_session(struct json_writer *json, const struct identity *identity)
{
	const struct sender_certificate *certificate = &identity->certificate;

	json_write_object(json);
	write_text(json, STR("mechanism"), identity->mechanism);
	json_write_key(json, STR("hasToken"));
	json_write_bool(json, identity->has_token);
	json_write_key(json, STR("elevated"));
	json_write_bool(json, identity->elevated);
	if (identity->has_certificate) {
		json_write_key(json, STR("certificate"));
		json_write_object(json);
		write_text(json, STR("subject"), certificate->subject);
		write_text(json, STR("subjectName"), certificate->subject_name);
		write_text(json, STR("issuer"), certificate->issuer);
		write_text(json, STR("issuerThumbprint"), certificate->issuer_thumbprint);
		json_write_object_end(json);
	}
	json_write_key(json, STR("url"));
	json_write_object(json);
	write_text(json, STR("scheme"), identity->url.scheme);
	write_text(json, STR("host"), identity->url.host);
	json_write_key(json, STR("port"));
	json_write_i64(json, identity->url.port);
	write_text(json, STR("path"), identity->url.path);
	json_write_object_end(json);
	json_write_object_end(json);
}

void entities_write_context(struct buf *out, const struct identity *identity,
			    const struct operation *operation)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_write_key(&json, STR("session"));
	write_session(&json, identity);
	if (operation != NULL) {
		write_text(&json, STR("actionUri"), operation->action_uri);
		if (operation->action == ACTION_INVOKE)
			write_text(&json, STR("method"), operation->method);
	}
	json_write_object_end(&json);
}
