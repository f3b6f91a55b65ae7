#include "policy/tests.h"

#include <assert.h>

#include "base/mem.h"
#include "cedar/diag.h"
#include "cedar/json_fields.h"
#include "platform/peer.h"
#include "policy/test_expect.h"
#include "policy/test_request.h"

struct test {
	struct str name;
	struct span name_span;
	const struct source *source;
	struct test_request request;
	struct span request_span;
	struct test_expect expect;
};

struct policy_tests {
	struct arena arena;
	struct names names;
	struct test *tests;
	uint32_t count, capacity;
	uint32_t first_of_file; /* while reading */

	/* What questions are asked with. */
	struct blocks *blocks; /* none */
	struct decide_settings settings;
	struct cedar_request *cedar;
	struct buf scratch;
	struct arena question;
	struct decision decision; /* the last one */
};

/* Reading. */

enum { TEST_NAME, TEST_REQUEST, TEST_EXPECT, TEST_KEY_COUNT };

static void check_name(struct policy_tests *tests, struct json_reader *reader,
		       const struct test *test)
{
	for (uint32_t i = tests->first_of_file; i < tests->count; i++) {
		if (str_equal(tests->tests[i].name, test->name))
			json_read_fail(reader, test->name_span,
				       "another test of this file has the same name");
	}
	if (test->name.length == 0)
		json_read_fail(reader, test->name_span, "a test must have a name");
}

static void add_test(struct policy_tests *tests, struct json_reader *reader,
		     const struct test *test)
{
	struct test *grown;

	if (tests->count == POLICY_TESTS_MAX) {
		json_read_fail_limit(reader, test->name_span, "more than %d tests",
				     POLICY_TESTS_MAX);
		return;
	}
	grown = arena_grow_array(&tests->arena, tests->tests, tests->count, &tests->capacity,
				 sizeof(*grown));
	if (grown == NULL) {
		json_read_abort(reader, ERR_NO_MEMORY);
		return;
	}
	tests->tests = grown;
	tests->tests[tests->count++] = *test;
}

/* {"name": .., "request": .., "expect": ..} */
static void read_test(struct policy_tests *tests, struct json_reader *reader,
		      const struct test_request *shared)
{
	static const struct str names[TEST_KEY_COUNT] = {
		{"name", 4}, {"request", 7}, {"expect", 6}};
	struct json_fields fields = {.names = names, .count = TEST_KEY_COUNT, .what = "a test"};
	struct test test = {.source = reader->source, .request = *shared};
	struct span object = reader->span;
	int field;

	if (!json_read_expect(reader, JSON_OBJECT, "a test"))
		return;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		if (field == TEST_REQUEST) {
			test.request_span = reader->span;
			(void)test_request_read(reader, &tests->names, &test.request);
		} else if (field == TEST_EXPECT) {
			(void)test_expect_read(reader, &test.expect);
		} else if (json_read_expect(reader, JSON_STRING, "the name of a test")) {
			test.name = reader->text;
			test.name_span = reader->span;
		}
	}
	for (int i = 0; i < TEST_KEY_COUNT; i++) {
		if (!json_fields_require(reader, &fields, i, object))
			return;
	}
	check_name(tests, reader, &test);
	if (test_request_check(reader, &test.request, test.request_span))
		add_test(tests, reader, &test);
}

/* {"request": what all tests share, "tests": [..]}, in this order. */
static void read_file(struct policy_tests *tests, struct json_reader *reader)
{
	static const struct str names[] = {{"request", 7}, {"tests", 5}};
	struct json_fields fields = {.names = names, .count = 2, .what = "a file of tests"};
	struct test_request shared = test_request_default();
	struct span object = reader->span;
	int field;

	if (!json_read_expect(reader, JSON_OBJECT, "a file of tests"))
		return;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		if (field == 0 && json_fields_seen(&fields, 1)) {
			json_read_fail(reader, reader->span,
				       "what the tests share must stand before them");
		} else if (field == 0) {
			(void)test_request_read(reader, &tests->names, &shared);
		} else if (json_read_expect(reader, JSON_ARRAY, "the list of tests")) {
			while (json_read_element(reader))
				read_test(tests, reader, &shared);
		}
	}
	(void)json_fields_require(reader, &fields, 1, object);
}

static enum error read_text(struct policy_tests *tests, const struct snapshot_file *file,
			    struct cedar_diags *diags)
{
	struct source *source = arena_alloc(&tests->arena, sizeof(*source));
	struct json_reader reader;
	enum error error;

	if (source == NULL)
		return ERR_NO_MEMORY;
	error = source_init(source, &tests->arena, file->name, file->text);
	if (error != ERR_NONE)
		return error;
	tests->first_of_file = tests->count;
	json_read_init(&reader, &tests->arena, source, diags);
	json_read_next(&reader);
	read_file(tests, &reader);
	return json_read_finish(&reader);
}

/* All files, so that one run shows the first mistake of each. */
static enum error read_files(struct policy_tests *tests, const struct snapshot_file *files,
			     size_t file_count, struct cedar_diags *diags)
{
	enum error result = ERR_NONE;

	for (size_t i = 0; i < file_count; i++) {
		enum error error = ERR_NONE;

		if (snapshot_is_test_file(files[i].name))
			error = read_text(tests, &files[i], diags);
		if (error == ERR_NO_MEMORY)
			return error;
		if (error != ERR_NONE)
			result = error;
	}
	return result;
}

static enum error read_names(struct policy_tests *tests, const struct snapshot_file *files,
			     size_t file_count, struct cedar_diags *diags)
{
	for (size_t i = 0; i < file_count; i++) {
		if (str_equal(files[i].name, STR(SNAPSHOT_FILE_NAMES)))
			return names_read_directory(&tests->names, files[i].name, files[i].text,
						    diags);
	}
	return ERR_NONE;
}

enum error policy_tests_new(const struct snapshot_file *files, size_t file_count,
			    struct hash_key key, struct cedar_diags *diags,
			    struct policy_tests **out)
{
	struct policy_tests *tests = mem_calloc(1, sizeof(*tests));
	enum error error;

	if (tests == NULL)
		return ERR_NO_MEMORY;
	arena_init(&tests->arena, 16384, SIZE_MAX);
	arena_init(&tests->question, 16384, SIZE_MAX);
	buf_init(&tests->scratch, DECIDE_SCRATCH_BYTES);
	names_init(&tests->names, &tests->arena, key, account_find_sid);
	tests->settings = (struct decide_settings){.on_error = DECIDE_ERROR_DENIES};
	error = blocks_new(key, &tests->blocks);
	if (error == ERR_NONE)
		error = cedar_request_new(NULL, &tests->cedar);
	if (error == ERR_NONE)
		error = read_names(tests, files, file_count, diags);
	if (error == ERR_NONE)
		error = read_files(tests, files, file_count, diags);
	if (error == ERR_NONE)
		*out = tests;
	else
		policy_tests_free(tests);
	return error;
}

void policy_tests_free(struct policy_tests *tests)
{
	if (tests == NULL)
		return;
	cedar_request_free(tests->cedar);
	blocks_free(tests->blocks);
	names_deinit(&tests->names);
	buf_deinit(&tests->scratch);
	arena_deinit(&tests->question);
	arena_deinit(&tests->arena);
	mem_free(tests);
}

size_t policy_tests_count(const struct policy_tests *tests)
{
	return tests->count;
}

struct policy_test_info policy_tests_at(const struct policy_tests *tests, size_t index)
{
	const struct test *test = &tests->tests[index];
	struct source_place place;

	assert(index < tests->count);
	place = source_locate(test->source, test->name_span.start);
	return (struct policy_test_info){test->name, test->source->name, place.line, place.column};
}

/* Running. */

/* True when the policy had its say; what the sender or the machine made impossible is no answer. */
static bool is_decided(const struct decision *decision)
{
	switch (decision->source) {
	case DECISION_FROM_POLICY:
	case DECISION_FROM_DEFAULT:
	case DECISION_FROM_POLICY_ERROR: return true;
	case DECISION_FROM_NONE:
	case DECISION_FROM_RECORD:
	case DECISION_FROM_BLOCK:
	case DECISION_FROM_REVOKED:
	case DECISION_FROM_BREAK_GLASS:
	case DECISION_FROM_NO_POLICY:
	case DECISION_FROM_MALFORMED:
	case DECISION_FROM_LIMIT:
	case DECISION_FROM_RESOURCES:
	case DECISION_FROM_INTERNAL: break;
	}
	return false;
}

static enum error decide(struct policy_tests *tests, const struct test *test,
			 const struct snapshot *snapshot)
{
	struct decider decider = {
		.snapshot = snapshot,
		.blocks = tests->blocks,
		.settings = &tests->settings,
		.cedar = tests->cedar,
		.scratch = &tests->scratch,
	};
	struct question *question;
	enum error error;

	arena_reset(&tests->question, (struct arena_mark){0});
	question = arena_calloc(&tests->question, 1, sizeof(*question));
	if (question == NULL)
		return ERR_NO_MEMORY;
	error = test_request_ask(&test->request, &tests->question, question);
	if (error != ERR_NONE)
		return error;
	decide_what_if(&decider, &tests->question, question, &tests->decision);
	return tests->decision.source == DECISION_FROM_RESOURCES ? ERR_NO_MEMORY : ERR_NONE;
}

enum error policy_tests_run(struct policy_tests *tests, size_t index,
			    const struct snapshot *snapshot, struct cedar_diags *diags,
			    bool *passed, const struct decision **decision)
{
	const struct test *test = &tests->tests[index];
	enum error error;

	assert(index < tests->count);
	error = decide(tests, test, snapshot);
	if (error != ERR_NONE)
		return error;
	if (decision != NULL)
		*decision = &tests->decision;
	if (!is_decided(&tests->decision)) {
		*passed = false;
		diag_report(diags, CEDAR_ERROR, test->source, test->request_span,
			    "test \"%s\": the request cannot be decided: %s",
			    diag_quote(test->name).text, diag_quote(tests->decision.detail).text);
		return ERR_NONE;
	}
	*passed = test_expect_compare(&test->expect, test->name, test->source, &tests->decision,
				      diags);
	return ERR_NONE;
}

static enum error run_all(struct policy_tests *tests, const struct snapshot *snapshot,
			  struct cedar_diags *diags, struct policy_tests_summary *summary)
{
	for (size_t i = 0; i < tests->count; i++) {
		bool passed = false;
		enum error error = policy_tests_run(tests, i, snapshot, diags, &passed, NULL);

		if (error != ERR_NONE)
			return error;
		summary->run++;
		summary->failed += !passed;
	}
	return summary->failed == 0 ? ERR_NONE : ERR_INVALID;
}

enum error policy_tests_gate(const struct snapshot_file *files, size_t file_count,
			     struct hash_key key, const struct snapshot *snapshot,
			     struct cedar_diags *diags, struct policy_tests_summary *summary)
{
	struct policy_tests *tests = NULL;
	enum error error = policy_tests_new(files, file_count, key, diags, &tests);

	*summary = (struct policy_tests_summary){0};
	if (error == ERR_NONE)
		error = run_all(tests, snapshot, diags, summary);
	policy_tests_free(tests);
	return error;
}
