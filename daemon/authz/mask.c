#include "authz/mask.h"

#include <stdint.h>

#include "base/buf.h"

static const struct {
	struct str name;
	enum mask_field field;
} fields[] = {
	{{"user", 4}, MASK_USER},
	{{"principal", 9}, MASK_PRINCIPAL},
	{{"action_uri", 10}, MASK_ACTION_URI},
	{{"resource_uri", 12}, MASK_RESOURCE_URI},
	{{"context", 7}, MASK_CONTEXT},
	{{"extended", 8}, MASK_EXTENDED},
};

const char mask_field_names[] = "user, principal, action_uri, resource_uri, context or extended";

static struct str trim(struct str text)
{
	while (text.length != 0 && text.ptr[0] == ' ')
		text = str_make(text.ptr + 1, text.length - 1);
	while (text.length != 0 && text.ptr[text.length - 1] == ' ')
		text.length--;
	return text;
}

static bool find_field(struct str name, enum mask_field *field)
{
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
		if (str_equal(fields[i].name, name)) {
			*field = fields[i].field;
			return true;
		}
	}
	return false;
}

enum error mask_rule_read(struct str text, struct mask_rule *out)
{
	const char *colon = str_find_byte(text, ':');
	struct mask_rule rule = {0};

	if (colon == NULL ||
	    !find_field(trim(str_make(text.ptr, (size_t)(colon - text.ptr))), &rule.field))
		return ERR_SYNTAX;
	rule.before = trim(str_make(colon + 1, text.length - (size_t)(colon - text.ptr) - 1));
	if (rule.before.length == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < rule.before.length; i++) {
		unsigned char c = (unsigned char)rule.before.ptr[i];

		if (c < ' ' || c == '"' || c == '\\')
			return ERR_SYNTAX;
	}
	const char *star = str_find_byte(rule.before, '*');
	if (star != NULL) {
		size_t length = (size_t)(star - rule.before.ptr);

		rule.has_star = true;
		rule.after = str_make(star + 1, rule.before.length - length - 1);
		rule.before.length = length;
		if (str_find_byte(rule.after, '*') != NULL)
			return ERR_SYNTAX;
	}
	*out = rule;
	return ERR_NONE;
}

static bool stands_at(struct str text, size_t at, struct str part)
{
	return part.length <= text.length - at &&
	       str_equal_ascii_case(str_make(text.ptr + at, part.length), part);
}

/* The bytes at `at` that belong together: an escape sequence of JSON, else one byte. */
static size_t unit_bytes(struct str text, size_t at, bool is_json)
{
	size_t bytes = 1;

	if (is_json && text.ptr[at] == '\\')
		bytes = at + 1 < text.length && text.ptr[at + 1] == 'u' ? 6 : 2;
	return bytes <= text.length - at ? bytes : text.length - at;
}

/* Appends a text, or what stands between the quotes of a JSON string, as the rule has it. A pattern
 * has no backslash, so that it begins and ends at whole escape sequences. */
static void mask_text(const struct mask_rule *rule, struct str text, bool is_json, struct buf *out)
{
	size_t at = 0;

	while (at < text.length) {
		if (!stands_at(text, at, rule->before)) {
			size_t bytes = unit_bytes(text, at, is_json);

			buf_append(out, text.ptr + at, bytes);
			at += bytes;
			continue;
		}
		if (!rule->has_star) {
			buf_append_str(out, STR(MASK_TEXT));
			at += rule->before.length;
			continue;
		}
		buf_append(out, text.ptr + at, rule->before.length);
		at += rule->before.length;
		size_t start = at;
		while (at < text.length &&
		       (rule->after.length == 0 || !stands_at(text, at, rule->after)))
			at += unit_bytes(text, at, is_json);
		if (at != start)
			buf_append_str(out, STR(MASK_TEXT));
		/* What ends one occurrence does not begin the next. */
		if (at < text.length) {
			buf_append(out, text.ptr + at, rule->after.length);
			at += rule->after.length;
		}
	}
}

/* The length of the string whose first byte behind the quote is at `at`. */
static size_t string_bytes(struct str json, size_t at)
{
	size_t start = at;

	while (at < json.length && json.ptr[at] != '"')
		at += unit_bytes(json, at, true);
	return at - start;
}

static bool is_name(struct str json, size_t behind)
{
	while (behind < json.length && json.ptr[behind] == ' ')
		behind++;
	return behind < json.length && json.ptr[behind] == ':';
}

static void mask_json(const struct mask_rule *rule, struct str json, struct buf *out)
{
	size_t at = 0;

	while (at < json.length) {
		buf_append_byte(out, json.ptr[at]);
		if (json.ptr[at++] != '"')
			continue;
		size_t length = string_bytes(json, at);
		struct str string = str_make(json.ptr + at, length);

		at += length;
		if (is_name(json, at + 1))
			buf_append_str(out, string);
		else
			mask_text(rule, string, true, out);
		if (at < json.length)
			buf_append_byte(out, json.ptr[at++]);
	}
}

static enum error mask_field(const struct mask_rule *rule, struct arena *arena, struct str *text)
{
	enum error error = ERR_NONE;
	struct buf out;

	if (text->length == 0)
		return ERR_NONE;
	buf_init(&out, SIZE_MAX);
	if (rule->field == MASK_CONTEXT)
		mask_json(rule, *text, &out);
	else
		mask_text(rule, *text, false, &out);
	error = out.failed;
	if (error == ERR_NONE && !str_equal(buf_str(&out), *text)) {
		struct str copy = arena_copy(arena, buf_str(&out));

		if (copy.ptr == NULL)
			error = ERR_NO_MEMORY;
		else
			*text = copy;
	}
	buf_deinit(&out);
	return error;
}

enum error mask_apply(const struct mask_rules *rules, struct arena *arena, struct audit_row *row)
{
	enum error error = ERR_NONE;

	for (size_t i = 0; error == ERR_NONE && i < rules->count; i++) {
		const struct mask_rule *rule = &rules->items[i];

		switch (rule->field) {
		case MASK_USER:
			error = mask_field(rule, arena, &row->user);
			if (error == ERR_NONE)
				error = mask_field(rule, arena, &row->user_folded);
			break;
		case MASK_PRINCIPAL: error = mask_field(rule, arena, &row->principal); break;
		case MASK_ACTION_URI: error = mask_field(rule, arena, &row->action_uri); break;
		case MASK_RESOURCE_URI: error = mask_field(rule, arena, &row->resource_uri); break;
		case MASK_CONTEXT: error = mask_field(rule, arena, &row->context); break;
		case MASK_EXTENDED: error = mask_field(rule, arena, &row->extended); break;
		}
	}
	return error;
}
