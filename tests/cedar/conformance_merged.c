/*
 * The policies of the corpus merged into sets of 10 to 5,000, so that the index has something to
 * leave out: every request of the tests in a set, with the entities of its test, is asked by the
 * index, linearly, and of the naive evaluator. What the data expect does not matter here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cedar/parser.h"
#include "comparison.h"
#include "conformance_request.h"
#include "naive_json.h"

enum {
	MERGED_TEXT_BYTES = 64 << 20,
	ASKED_TESTS = 100, /* of a set: in larger ones only so many tests ask, evenly spread */
	LABEL_BYTES = 64,
};

static const uint32_t set_sizes[] = {10, 100, 1000, 5000};

static const struct cedar_limits limits = {.text_bytes = MERGED_TEXT_BYTES};

/* A test of the corpus: what it asks, and where its policies stand in the text of all. */
struct member {
	struct str test, entities;
	size_t text_start, text_end;
	uint32_t policy_count;
};

struct corpus {
	struct run run; /* first: see collect() */
	struct arena arena;
	struct buf text; /* the policies of all tests */
	struct member *members;
	size_t count, capacity;
};

/* Collecting. */

static struct str keep(struct corpus *corpus, struct str text)
{
	struct str copy = arena_copy(&corpus->arena, text);

	if (copy.ptr == NULL)
		abort();
	return copy;
}

static uint32_t count_policies(struct run *run, struct str text)
{
	struct ast_policies policies = {NULL, 0};
	struct cedar_diags diags;
	struct source source;

	cedar_diags_init(&diags);
	if (source_init(&source, &run->arena, STR("policies"), text) != ERR_NONE ||
	    parse_policies(&run->arena, &source, NULL, &diags, &policies) != ERR_NONE)
		run_fail_diags(run, "the policies cannot be parsed", &diags);
	cedar_diags_deinit(&diags);
	return policies.count;
}

static void collect(struct run *run, const char *name)
{
	struct corpus *corpus = (struct corpus *)run;
	struct str json, policies, entities, file;
	const struct tree *test;
	struct member member;

	if (!run_read(run, &json, "corpus-tests/%s.json", name))
		return;
	test = tree_read(&run->arena, json);
	file = tree_get_text(test, "policies");
	if (!run_read(run, &policies, "%.*s", STR_ARGS(file)))
		return;
	file = tree_get_text(test, "entities");
	if (!run_read(run, &entities, "%.*s", STR_ARGS(file)))
		return;
	member = (struct member){.test = keep(corpus, json),
				 .entities = keep(corpus, entities),
				 .text_start = corpus->text.length,
				 .policy_count = count_policies(run, policies)};
	buf_append_str(&corpus->text, policies);
	buf_append_byte(&corpus->text, '\n');
	member.text_end = corpus->text.length;
	if (corpus->count == corpus->capacity) {
		corpus->capacity = corpus->capacity * 2 + 64;
		corpus->members =
			mem_resize(corpus->members, corpus->capacity, sizeof(*corpus->members));
		if (corpus->members == NULL)
			abort();
	}
	corpus->members[corpus->count++] = member;
}

static bool is_test(const char *name)
{
	return !str_ends_with(str_from(name), STR(".entities"));
}

/* Asking. */

/* Some tests with their policies in one set. */
struct set {
	struct run *run;
	struct arena arena;
	struct source source;
	struct str text;
	struct naive_policy *policies;
	struct outcome *expected;
	size_t policy_count;
	struct comparison_tally tally;
};

static bool set_init(struct set *set, struct run *run, struct str text)
{
	struct ast_policies parsed = {NULL, 0};
	struct cedar_diags diags;
	enum error error;

	*set = (struct set){.run = run, .text = text};
	arena_init(&set->arena, 1 << 16, SIZE_MAX);
	cedar_diags_init(&diags);
	error = source_init(&set->source, &set->arena, STR("merged"), text);
	if (error == ERR_NONE)
		error = parse_policies(&set->arena, &set->source, &limits, &diags, &parsed);
	if (error != ERR_NONE)
		run_fail_diags(run, "the merged policies cannot be parsed", &diags);
	cedar_diags_deinit(&diags);
	set->policies = arena_calloc(&set->arena, parsed.count + 1, sizeof(*set->policies));
	set->expected = arena_calloc(&set->arena, parsed.count + 1, sizeof(*set->expected));
	if (set->policies == NULL || set->expected == NULL)
		abort();
	for (const struct ast_policy *policy = parsed.first; policy != NULL; policy = policy->next)
		set->policies[set->policy_count++] = (struct naive_policy){.ast = policy};
	return error == ERR_NONE;
}

static struct cedar_engine *make_engine(struct set *set, const struct member *member)
{
	struct cedar_engine *engine = NULL;
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_engine_new(&limits, run_key(), &engine);
	if (error == ERR_NONE)
		error = cedar_engine_add_entities(engine, NULL, STR("entities"), member->entities,
						  &diags);
	if (error == ERR_NONE)
		error = cedar_engine_add_policies(engine, STR("merged"), set->text,
						  CEDAR_IDS_BY_POSITION, &diags);
	if (error == ERR_NONE)
		error = cedar_engine_seal(engine, &diags);
	if (error == ERR_NONE && cedar_policy_count(engine) != set->policy_count)
		run_fail(set->run, "%zu policies of %zu", cedar_policy_count(engine),
			 set->policy_count);
	if (error != ERR_NONE) {
		run_fail_diags(set->run, "the merged set is not accepted", &diags);
		cedar_engine_free(engine);
		engine = NULL;
	}
	cedar_diags_deinit(&diags);
	return engine;
}

static bool read_vars(struct arena *arena, const struct tree *test, struct naive_world *world)
{
	static const char *const names[] = {"principal", "action", "resource"};

	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		struct naive_uid uid;

		if (!naive_json_uid(tree_get(test, names[var]), &uid))
			return false;
		world->vars[var] = (struct naive_value){
			.kind = NAIVE_ENTITY, .type = uid.type, .text = uid.id};
	}
	return naive_json_record(arena, tree_get(test, "context"), &world->vars[AST_CONTEXT]);
}

static void ask(struct set *set, struct comparison *comparison, struct cedar_request *request,
		const struct tree *test, struct naive_world *world)
{
	struct cedar_diags diags;

	cedar_diags_init(&diags);
	if (!read_vars(world->arena, test, world)) {
		run_fail(set->run, "a request cannot be read");
	} else if (conformance_ask(request, comparison->engine, NULL, test, &diags) != ERR_NONE) {
		run_fail_diags(set->run, "a request is not accepted", &diags);
	} else {
		comparison_expect(comparison, world);
		if (!comparison_ask(comparison, request, &set->tally))
			run_fail(set->run, "%s", buf_text(comparison->report));
	}
	cedar_diags_deinit(&diags);
}

static void ask_member(struct set *set, const struct member *member)
{
	struct comparison comparison = {.policies = set->policies,
					.expected = set->expected,
					.policy_count = set->policy_count};
	struct cedar_engine *engine = make_engine(set, member);
	struct cedar_request *request = NULL;
	const struct tree *requests;
	struct naive_world world;
	struct arena arena;
	struct buf report;

	if (engine == NULL)
		return;
	arena_init(&arena, 1 << 16, SIZE_MAX);
	buf_init(&report, MERGED_TEXT_BYTES);
	comparison.engine = engine;
	comparison.report = &report;
	world = (struct naive_world){.arena = &arena};
	requests = tree_get(tree_read(&arena, member->test), "requests");
	if (cedar_request_new(NULL, &request) != ERR_NONE ||
	    !naive_json_entities(&arena, tree_read(&arena, member->entities), &world))
		run_fail(set->run, "the entities cannot be read");
	for (size_t i = 0; i < tree_count(requests) && !set->run->case_failed; i++)
		ask(set, &comparison, request, requests->items[i], &world);
	cedar_request_free(request);
	cedar_engine_free(engine);
	buf_deinit(&report);
	arena_deinit(&arena);
}

static void run_set(struct run *run, const struct corpus *corpus, size_t first, size_t end,
		    struct comparison_tally *tally)
{
	const struct member *members = corpus->members;
	size_t step = 1 + (end - first - 1) / ASKED_TESTS;
	char label[LABEL_BYTES];
	struct set set;

	snprintf(label, sizeof(label), "tests %zu to %zu", first, end - 1);
	run_case(run, label);
	if (set_init(&set, run,
		     str_make(corpus->text.data + members[first].text_start,
			      members[end - 1].text_end - members[first].text_start))) {
		for (size_t i = first; i < end && !run->case_failed; i += step)
			ask_member(&set, &members[i]);
	}
	tally->requests += set.tally.requests;
	tally->reasons += set.tally.reasons;
	tally->errors += set.tally.errors;
	arena_deinit(&set.arena);
	run_case_end(run);
}

/* Sets of `size` policies, one behind the other, and one of what is left over. */
static void run_size(struct run *run, const struct corpus *corpus, uint32_t size)
{
	struct comparison_tally tally = {0};
	uint32_t policy_count = 0, most = 0;
	size_t first = 0, sets = 0;

	for (size_t i = 0; i < corpus->count; i++) {
		policy_count += corpus->members[i].policy_count;
		if (policy_count < size && i + 1 < corpus->count)
			continue;
		run_set(run, corpus, first, i + 1, &tally);
		most = policy_count > most ? policy_count : most;
		first = i + 1;
		policy_count = 0;
		sets++;
	}
	printf("  %zu sets of %u policies: %llu requests, %llu reasons, %llu errors\n", sets,
	       (unsigned)most, (unsigned long long)tally.requests,
	       (unsigned long long)tally.reasons, (unsigned long long)tally.errors);
	if (sets == 0)
		run->failed++;
}

void conformance_merged(struct run *run)
{
	struct corpus corpus = {.run = {.root = run->root, .folder = "merged"}};

	arena_init(&corpus.run.arena, 1 << 16, SIZE_MAX);
	arena_init(&corpus.arena, 1 << 20, SIZE_MAX);
	buf_init(&corpus.text, MERGED_TEXT_BYTES);
	run_each(&corpus.run, "corpus-tests", ".json", is_test, collect);
	run->failed += corpus.run.failed;
	if (corpus.text.failed != ERR_NONE)
		abort();
	for (size_t i = 0; i < ARRAY_COUNT(set_sizes); i++)
		run_size(run, &corpus, set_sizes[i]);
	mem_free(corpus.members);
	buf_deinit(&corpus.text);
	arena_deinit(&corpus.arena);
	arena_deinit(&corpus.run.arena);
}
