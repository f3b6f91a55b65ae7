#include "authz/obligations.h"

#include <assert.h>

#include "authz/url.h"
#include "base/utf8.h"
#include "cedar/diag.h"
#include "cedar/ext.h"

/* The kinds of values. */
enum value_kind {
	VALUE_DURATION_MS,
	VALUE_DURATION_S,
	VALUE_COUNT,
	VALUE_INTEGER,
	VALUE_REDIRECT,
	VALUE_TEXT,
	VALUE_ID
};

enum { ON_PERMIT = 1, ON_FORBID = 2 };

/* What may be annotated. `offset` is where the value goes in struct obligations. */
struct rule {
	struct str key;
	enum value_kind kind;
	int allowed_on;
	size_t offset;
};

#define RULE(key, kind, allowed_on, member)                                                        \
	{                                                                                          \
		{key, sizeof(key) - 1}, kind, allowed_on, offsetof(struct obligations, member)     \
	}

static const struct rule rules[] = {
	RULE("idle_timeout", VALUE_DURATION_MS, ON_PERMIT, grant.idle_timeout_ms),
	RULE("max_lifetime", VALUE_DURATION_MS, ON_PERMIT, grant.max_lifetime_ms),
	RULE("max_shells", VALUE_COUNT, ON_PERMIT, grant.quota.max_shells),
	RULE("max_operations", VALUE_COUNT, ON_PERMIT, grant.quota.max_operations),
	RULE("max_operations_per_timeslot", VALUE_COUNT, ON_PERMIT,
	     grant.quota.max_operations_per_timeslot),
	RULE("timeslot", VALUE_DURATION_S, ON_PERMIT, grant.quota.timeslot_s),
	RULE("redirect", VALUE_REDIRECT, ON_FORBID, refusal.redirect.text),
	RULE("deny_message", VALUE_TEXT, ON_FORBID, refusal.deny_message.text),
	RULE("priority", VALUE_INTEGER, ON_FORBID, refusal.redirect.priority),
	RULE("id", VALUE_ID, ON_PERMIT | ON_FORBID, grant),
};

enum { RULE_COUNT = ARRAY_COUNT(rules) };

/* Values. Each reader writes to `out` and returns NULL, or says what a value must be. */

static bool is_clean_text(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c < ' ' || c == 0x7f)
			return false;
	}
	return text.length != 0 && utf8_valid(text);
}

bool obligations_id_valid(struct str id)
{
	return id.length <= OBLIGATIONS_MAX_ID_BYTES && is_clean_text(id);
}

static const char *read_duration(struct str text, int64_t unit_ms, int64_t *out)
{
	int64_t ms;

	if (!ext_parse_duration(text, &ms) || ms < unit_ms || ms > OBLIGATIONS_MAX_DURATION_MS ||
	    ms % unit_ms != 0)
		return unit_ms == 1 ? "must be a duration from \"1ms\" to \"366d\", such as "
				      "\"15m\" or \"8h\""
				    : "must be a duration of whole seconds from \"1s\" to "
				      "\"366d\", such as \"60s\"";
	*out = ms / unit_ms;
	return NULL;
}

static const char *read_count(struct str text, uint32_t *out)
{
	uint64_t value;

	if (str_equal(text, STR("unlimited"))) {
		*out = QUOTA_UNLIMITED;
		return NULL;
	}
	if (!str_to_u64(text, &value) || value == 0 || value > UINT32_MAX)
		return "must be a number from 1 to 4294967295, or \"unlimited\"";
	*out = (uint32_t)value;
	return NULL;
}

static const char *read_integer(struct str text, int64_t *out)
{
	bool negative = str_starts_with(text, STR("-"));
	struct str digits = negative ? str_make(text.ptr + 1, text.length - 1) : text;
	uint64_t value;

	if (!str_to_u64(digits, &value) || value > INT32_MAX)
		return "must be a number from -2147483647 to 2147483647";
	*out = negative ? -(int64_t)value : (int64_t)value;
	return NULL;
}

static const char *read_redirect(struct str text, struct str *out)
{
	struct url url;

	if (text.length > OBLIGATIONS_MAX_REDIRECT_BYTES)
		return "must be at most 2048 bytes long";
	if (!url_read(text, &url) || !str_equal_ascii_case(url.scheme, STR("https")) ||
	    str_equal(url.host, STR("+")) || str_equal(url.host, STR("*")))
		return "must be an absolute https URL, such as \"https://ps2.contoso.com/wsman\"";
	*out = text;
	return NULL;
}

static const char *read_value(const struct rule *rule, struct str text, void *out)
{
	int64_t seconds = 0;
	const char *fault = NULL;

	switch (rule->kind) {
	case VALUE_DURATION_MS: fault = read_duration(text, 1, out); break;
	case VALUE_DURATION_S:
		fault = read_duration(text, 1000, &seconds);
		*(uint32_t *)out = (uint32_t)seconds;
		break;
	case VALUE_COUNT: fault = read_count(text, out); break;
	case VALUE_INTEGER: fault = read_integer(text, out); break;
	case VALUE_REDIRECT: fault = read_redirect(text, out); break;
	case VALUE_TEXT:
		if (text.length > OBLIGATIONS_MAX_MESSAGE_BYTES || !is_clean_text(text))
			fault = "must be a text of 1 to 1024 bytes without line breaks";
		else
			*(struct str *)out = text;
		break;
	case VALUE_ID:
		if (!obligations_id_valid(text))
			fault = "must be a text of 1 to 256 bytes without line breaks";
		break;
	}
	return fault;
}

/* Places. The engine knows where an annotation's value starts (its key, without one). */

static uint32_t offset_of(const struct source *source, uint32_t line, uint32_t column)
{
	struct str text = source_line(source, line);
	size_t at = 0;

	for (uint32_t i = 1; i < column && at < text.length; i++) {
		uint32_t code_point;
		size_t step = utf8_decode(str_make(text.ptr + at, text.length - at), &code_point);
		at += step != 0 ? step : 1;
	}
	return source->line_starts[line - 1] + (uint32_t)at;
}

/* The annotation from where the engine places it to the end of the string literal or the key. */
static struct span span_of(const struct source *source, const struct cedar_annotation *annotation)
{
	uint32_t start = offset_of(source, annotation->line, annotation->column);
	uint32_t end = start + 1;
	uint32_t limit = (uint32_t)source->text.length;

	if (!annotation->has_value)
		return span_make(start, start + (uint32_t)annotation->key.length);
	while (end < limit && source->text.ptr[end] != '"')
		end += source->text.ptr[end] == '\\' ? 2 : 1;
	return span_make(start, end < limit ? end + 1 : limit);
}

/* Compiling. */

struct compilation {
	const struct cedar_policy_info *policy;
	const struct source *source;
	struct cedar_diags *diags;
	bool failed;
};

static void warn_unknown(struct compilation *compilation, const struct cedar_annotation *annotation)
{
	struct span span = span_of(compilation->source, annotation);
	struct str keys[RULE_COUNT];
	struct str nearest;

	for (size_t i = 0; i < RULE_COUNT; i++)
		keys[i] = rules[i].key;
	nearest = diag_nearest(annotation->key, keys, RULE_COUNT);
	if (nearest.length != 0)
		diag_report(compilation->diags, CEDAR_WARNING, compilation->source, span,
			    "@%s means nothing here; did you mean @%.*s?",
			    diag_quote(annotation->key).text, STR_ARGS(nearest));
	else
		diag_report(compilation->diags, CEDAR_WARNING, compilation->source, span,
			    "@%s means nothing here", diag_quote(annotation->key).text);
}

static const struct rule *find_rule(struct str key)
{
	for (size_t i = 0; i < RULE_COUNT; i++) {
		if (str_equal(rules[i].key, key))
			return &rules[i];
	}
	return NULL;
}

bool obligations_row(size_t index, struct str *key, bool *on_permit, bool *on_forbid)
{
	if (index >= RULE_COUNT)
		return false;
	*key = rules[index].key;
	*on_permit = (rules[index].allowed_on & ON_PERMIT) != 0;
	*on_forbid = (rules[index].allowed_on & ON_FORBID) != 0;
	return true;
}

const char *obligations_read(struct str key, struct str value, struct obligations *obligations)
{
	const struct rule *rule = find_rule(key);

	assert(rule != NULL);
	return read_value(rule, value, (char *)obligations + rule->offset);
}

static void report(struct compilation *compilation, const struct cedar_annotation *annotation,
		   const char *fault)
{
	diag_report(compilation->diags, CEDAR_ERROR, compilation->source,
		    span_of(compilation->source, annotation), "@%s %s",
		    diag_quote(annotation->key).text, fault);
	compilation->failed = true;
}

static void compile_annotation(struct compilation *compilation,
			       const struct cedar_annotation *annotation,
			       struct obligations *obligations)
{
	const struct rule *rule = find_rule(annotation->key);
	bool is_permit = compilation->policy->effect == CEDAR_PERMIT;
	const char *fault;

	if (rule == NULL) {
		warn_unknown(compilation, annotation);
		return;
	}
	if ((rule->allowed_on & (is_permit ? ON_PERMIT : ON_FORBID)) == 0) {
		report(compilation, annotation,
		       is_permit ? "is for forbid only" : "is for permit only");
		return;
	}
	fault = read_value(rule, annotation->value, (char *)obligations + rule->offset);
	if (fault != NULL)
		report(compilation, annotation, fault);
}

enum error obligations_compile(const struct cedar_policy_info *policy, const struct source *source,
			       struct obligations *obligations, struct cedar_diags *diags)
{
	struct compilation compilation = {policy, source, diags, false};
	struct obligations compiled = {.grant = {.idle_timeout_ms = 0}};
	struct refusal *refusal = &compiled.refusal;

	for (size_t i = 0; i < policy->annotation_count; i++)
		compile_annotation(&compilation, &policy->annotations[i], &compiled);
	if (compilation.failed)
		return ERR_INVALID;
	refusal->redirect.policy_id = policy->id;
	refusal->deny_message.policy_id = policy->id;
	refusal->deny_message.priority = refusal->redirect.priority;
	*obligations = compiled;
	return ERR_NONE;
}

/* Merging. */

static void keep_smaller_ms(int64_t *value, int64_t other)
{
	if (other != 0 && (*value == 0 || other < *value))
		*value = other;
}

static void keep_smaller_count(uint32_t *value, uint32_t other)
{
	if (other != 0 && (*value == 0 || other < *value))
		*value = other;
}

void grant_merge(struct grant *grant, const struct grant *other)
{
	keep_smaller_ms(&grant->idle_timeout_ms, other->idle_timeout_ms);
	keep_smaller_ms(&grant->max_lifetime_ms, other->max_lifetime_ms);
	keep_smaller_count(&grant->quota.max_shells, other->quota.max_shells);
	keep_smaller_count(&grant->quota.max_operations, other->quota.max_operations);
	keep_smaller_count(&grant->quota.timeslot_s, other->quota.timeslot_s);
	keep_smaller_count(&grant->quota.max_operations_per_timeslot,
			   other->quota.max_operations_per_timeslot);
}

static void keep_stronger(struct refusal_text *text, const struct refusal_text *other)
{
	if (other->text.ptr == NULL)
		return;
	if (text->text.ptr == NULL || other->priority > text->priority ||
	    (other->priority == text->priority &&
	     str_compare(other->policy_id, text->policy_id) < 0))
		*text = *other;
}

void refusal_merge(struct refusal *refusal, const struct refusal *other)
{
	keep_stronger(&refusal->redirect, &other->redirect);
	keep_stronger(&refusal->deny_message, &other->deny_message);
}
