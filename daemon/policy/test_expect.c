#include "policy/test_expect.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "cedar/diag.h"
#include "cedar/json_fields.h"

enum { LIST_SHOWN_BYTES = 400, ID_SHOWN_BYTES = DIAG_QUOTE_MAX + 4 };

/* The obligations that an answer carries, under the names of the annotations. */

enum value_kind { VALUE_MS, VALUE_SECONDS, VALUE_COUNT, VALUE_TEXT };

#define OBLIGATION(key, kind, member)                                                              \
	{                                                                                          \
		{key, sizeof(key) - 1}, kind, offsetof(struct obligations, member)                 \
	}

static const struct {
	struct str key;
	enum value_kind kind;
	size_t offset;
} obligations[TEST_OBLIGATION_COUNT] = {
	OBLIGATION("idle_timeout", VALUE_MS, grant.idle_timeout_ms),
	OBLIGATION("max_lifetime", VALUE_MS, grant.max_lifetime_ms),
	OBLIGATION("max_shells", VALUE_COUNT, grant.quota.max_shells),
	OBLIGATION("max_operations", VALUE_COUNT, grant.quota.max_operations),
	OBLIGATION("timeslot", VALUE_SECONDS, grant.quota.timeslot_s),
	OBLIGATION("max_operations_per_timeslot", VALUE_COUNT,
		   grant.quota.max_operations_per_timeslot),
	OBLIGATION("redirect", VALUE_TEXT, refusal.redirect.text),
	OBLIGATION("deny_message", VALUE_TEXT, refusal.deny_message.text),
};

/* Reading. */

/* Counts may be numbers; everything is read as the annotation would be. */
static void read_obligation(struct json_reader *reader, int index, struct test_expect *expect)
{
	char digits[24];
	struct str text = reader->text;
	const char *fault;

	expect->obligation_spans[index] = reader->span;
	if (reader->event == JSON_INTEGER && obligations[index].kind == VALUE_COUNT) {
		(void)snprintf(digits, sizeof(digits), "%" PRId64, reader->integer);
		text = str_from(digits);
	} else if (!json_read_expect(reader, JSON_STRING, "an obligation")) {
		return;
	}
	fault = obligations_read(obligations[index].key, text, &expect->obligations);
	if (fault != NULL)
		json_read_fail(reader, reader->span, "%.*s %s", STR_ARGS(obligations[index].key),
			       fault);
}

static void read_obligations(struct json_reader *reader, struct test_expect *expect)
{
	struct str names[TEST_OBLIGATION_COUNT];
	struct json_fields fields = {
		.names = names, .count = TEST_OBLIGATION_COUNT, .what = "a set of obligations"};
	int field;

	for (int i = 0; i < TEST_OBLIGATION_COUNT; i++)
		names[i] = obligations[i].key;
	expect->has_obligations = true;
	expect->obligations_span = reader->span;
	if (!json_read_expect(reader, JSON_OBJECT, "obligations"))
		return;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD)
		read_obligation(reader, field, expect);
}

static const struct {
	struct str text;
	enum decision_verdict verdict;
} verdicts[] = {
	{{"allow", 5}, DECISION_ALLOW},
	{{"deny", 4}, DECISION_DENY},
	{{"redirect", 8}, DECISION_REDIRECT},
};

static void read_verdict(struct json_reader *reader, struct test_expect *expect)
{
	expect->verdict_span = reader->span;
	if (!json_read_expect(reader, JSON_STRING, "the decision"))
		return;
	for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++) {
		expect->verdict = verdicts[i].verdict;
		if (str_equal(verdicts[i].text, reader->text))
			return;
	}
	json_read_fail(reader, reader->span, "a decision is \"allow\", \"deny\" or \"redirect\"");
}

static bool is_in(struct str id, const struct str *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal(ids[i], id))
			return true;
	}
	return false;
}

static void read_ids(struct json_reader *reader, struct test_ids *ids)
{
	struct str *items = NULL;
	uint32_t count = 0, capacity = 0;
	struct span span = reader->span;

	if (!json_read_expect(reader, JSON_ARRAY, "a list of policies"))
		return;
	while (json_read_element(reader)) {
		struct str *grown =
			arena_grow_array(reader->arena, items, count, &capacity, sizeof(*grown));
		if (grown == NULL) {
			json_read_abort(reader, reader->arena->refusal);
			return;
		}
		items = grown;
		if (!json_read_expect(reader, JSON_STRING, "the id of a policy"))
			return;
		if (count == DECISION_MAX_POLICIES)
			json_read_fail_limit(reader, reader->span, "more than %d policies",
					     DECISION_MAX_POLICIES);
		else if (is_in(reader->text, items, count))
			json_read_fail(reader, reader->span, "the policy stands here twice");
		items[count++] = reader->text;
	}
	*ids = (struct test_ids){items, count, span};
}

enum {
	EXPECT_DECISION,
	EXPECT_REASONS,
	EXPECT_ERRORS,
	EXPECT_OBLIGATIONS,
	EXPECT_ADMINISTRATOR,
	EXPECT_FIELD_COUNT
};

static void read_field(struct json_reader *reader, int field, struct test_expect *expect)
{
	switch (field) {
	case EXPECT_DECISION: read_verdict(reader, expect); break;
	case EXPECT_REASONS:
		expect->has_reasons = true;
		read_ids(reader, &expect->reasons);
		break;
	case EXPECT_ERRORS: read_ids(reader, &expect->errors); break;
	case EXPECT_OBLIGATIONS: read_obligations(reader, expect); break;
	default:
		expect->has_administrator = true;
		expect->administrator_span = reader->span;
		if (json_read_expect(reader, JSON_BOOL, "administrator"))
			expect->administrator = reader->boolean;
		break;
	}
}

bool test_expect_read(struct json_reader *reader, struct test_expect *expect)
{
	static const struct str names[EXPECT_FIELD_COUNT] = {{"decision", 8},
							     {"reasons", 7},
							     {"errors", 6},
							     {"obligations", 11},
							     {"administrator", 13}};
	struct json_fields fields = {
		.names = names, .count = EXPECT_FIELD_COUNT, .what = "an expectation"};
	int field;

	*expect = (struct test_expect){.span = reader->span};
	expect->errors.span = reader->span;
	if (!json_read_expect(reader, JSON_OBJECT, "the expectation"))
		return false;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD)
		read_field(reader, field, expect);
	return json_fields_require(reader, &fields, EXPECT_DECISION, expect->span);
}

/* Comparing. */

struct comparison {
	struct str name;
	const struct source *source;
	const struct decision *decision;
	struct cedar_diags *diags;
	bool equal;
};

static void differ(struct comparison *comparison, struct span span, const char *what)
{
	comparison->equal = false;
	diag_report(comparison->diags, CEDAR_ERROR, comparison->source, span, "test \"%s\": %s",
		    diag_quote(comparison->name).text, what);
}

/* Appends the ids that `others` lacks; false when there are none. */
static bool append_missing(struct buf *out, const char *title, const struct str *ids, size_t count,
			   const struct str *others, size_t other_count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (is_in(ids[i], others, other_count))
			continue;
		if (out->length + ID_SHOWN_BYTES > LIST_SHOWN_BYTES) {
			buf_append_str(out, STR(" .."));
			break;
		}
		buf_printf(out, "%s%s", any ? ", " : title, diag_quote(ids[i]).text);
		any = true;
	}
	return any;
}

static void compare_ids(struct comparison *comparison, const char *what, const struct test_ids *ids,
			const struct str *found, size_t found_count)
{
	char memory[2 * LIST_SHOWN_BYTES];
	struct buf text;
	bool differs;

	buf_init_fixed(&text, memory, sizeof(memory));
	buf_printf(&text, "%s: ", what);
	differs = append_missing(&text, "missing ", ids->items, ids->count, found, found_count);
	if (append_missing(&text, differs ? "; unexpected " : "unexpected ", found, found_count,
			   ids->items, ids->count))
		differs = true;
	if (differs)
		differ(comparison, ids->span, buf_text(&text));
}

static const char *verdict_text(enum decision_verdict verdict)
{
	switch (verdict) {
	case DECISION_ALLOW: return "allow";
	case DECISION_REDIRECT: return "redirect";
	case DECISION_DENY: break;
	}
	return "deny";
}

/* "(no policy permits Get)", "(by p, q)": why the decision is as it is. */
static void append_why(struct buf *text, const struct decision *decision)
{
	struct str action = action_name(decision->decided_action);

	if (decision->source == DECISION_FROM_DEFAULT)
		buf_printf(text, " (no policy permits %.*s)", STR_ARGS(action));
	else if (decision->source != DECISION_FROM_POLICY)
		buf_printf(text, " (%s: %s)", decision_source_text(decision->source),
			   diag_quote(decision->detail).text);
	else if (append_missing(text, " (by ", decision->reasons, decision->reason_count, NULL, 0))
		buf_printf(text, " at %.*s)", STR_ARGS(action));
}

static void compare_verdicts(struct comparison *comparison, const struct test_expect *expect)
{
	const struct decision *decision = comparison->decision;
	char memory[2 * LIST_SHOWN_BYTES];
	struct buf text;

	if (decision->verdict == expect->verdict)
		return;
	buf_init_fixed(&text, memory, sizeof(memory));
	buf_printf(&text, "the decision is %s", verdict_text(decision->verdict));
	append_why(&text, decision);
	buf_printf(&text, ", expected %s", verdict_text(expect->verdict));
	differ(comparison, expect->verdict_span, buf_text(&text));
}

/* What came with the answer. */
static struct obligations obligations_of(const struct decision *decision)
{
	struct obligations found = {.grant = {.idle_timeout_ms = 0}};

	if (decision->verdict == DECISION_ALLOW)
		found.grant = decision->grant;
	else if (decision->verdict == DECISION_REDIRECT)
		found.refusal.redirect.text = decision->extended_information;
	else
		found.refusal.deny_message.text = decision->extended_information;
	return found;
}

static void append_duration(struct buf *out, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};

	for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
		if (ms % units[i].ms != 0)
			continue;
		buf_printf(out, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
		return;
	}
}

static void append_count(struct buf *out, uint32_t count)
{
	if (count == QUOTA_UNLIMITED)
		buf_append_str(out, STR("unlimited"));
	else
		buf_printf(out, "%" PRIu32, count);
}

/* Appends the value, or that there is none. */
static void append_value(struct buf *out, enum value_kind kind, const void *value)
{
	size_t start = out->length;
	const struct str *text = value;

	switch (kind) {
	case VALUE_MS:
		if (*(const int64_t *)value != 0)
			append_duration(out, *(const int64_t *)value);
		break;
	case VALUE_SECONDS:
		if (*(const uint32_t *)value != 0)
			append_duration(out, (int64_t) * (const uint32_t *)value * 1000);
		break;
	case VALUE_COUNT:
		if (*(const uint32_t *)value != 0)
			append_count(out, *(const uint32_t *)value);
		break;
	case VALUE_TEXT:
		if (text->length != 0)
			buf_printf(out, "\"%s\"", diag_quote(*text).text);
		break;
	}
	if (out->length == start)
		buf_append_str(out, STR("not set"));
}

static bool values_equal(enum value_kind kind, const void *a, const void *b)
{
	switch (kind) {
	case VALUE_MS: return *(const int64_t *)a == *(const int64_t *)b;
	case VALUE_SECONDS:
	case VALUE_COUNT: return *(const uint32_t *)a == *(const uint32_t *)b;
	case VALUE_TEXT: break;
	}
	return str_equal(*(const struct str *)a, *(const struct str *)b);
}

static void compare_obligations(struct comparison *comparison, const struct test_expect *expect)
{
	struct obligations answer = obligations_of(comparison->decision);

	for (int i = 0; i < TEST_OBLIGATION_COUNT; i++) {
		const void *found = (const char *)&answer + obligations[i].offset;
		const void *expected = (const char *)&expect->obligations + obligations[i].offset;
		struct span span = expect->obligation_spans[i];
		char memory[2 * LIST_SHOWN_BYTES];
		struct buf text;

		if (values_equal(obligations[i].kind, found, expected))
			continue;
		buf_init_fixed(&text, memory, sizeof(memory));
		buf_printf(&text, "%.*s is ", STR_ARGS(obligations[i].key));
		append_value(&text, obligations[i].kind, found);
		buf_append_str(&text, STR(", expected "));
		append_value(&text, obligations[i].kind, expected);
		differ(comparison, span.end != 0 ? span : expect->obligations_span,
		       buf_text(&text));
	}
}

bool test_expect_compare(const struct test_expect *expect, struct str name,
			 const struct source *source, const struct decision *decision,
			 struct cedar_diags *diags)
{
	struct comparison comparison = {name, source, decision, diags, true};

	compare_verdicts(&comparison, expect);
	if (expect->has_reasons)
		compare_ids(&comparison, "reasons", &expect->reasons, decision->reasons,
			    decision->reason_count);
	compare_ids(&comparison, "errors", &expect->errors, decision->erring,
		    decision->error_count);
	if (expect->has_obligations)
		compare_obligations(&comparison, expect);
	if (expect->has_administrator && expect->administrator != decision->administrator)
		differ(&comparison, expect->administrator_span,
		       decision->administrator ? "administrator is true, expected false"
					       : "administrator is false, expected true");
	return comparison.equal;
}
