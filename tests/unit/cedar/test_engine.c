/* Engines while they are built: ids, all or nothing, links, names, sealing. */
#include "support/cmocka.h"

#include <stdio.h>

#include "base/attributes.h"
#include "cedar/engine.h"
#include "support/fault.h"

static const struct hash_key key = {1, 2};

struct fixture {
	struct cedar_engine *engine;
	struct cedar_diags diags;
};

static void fixture_init(struct fixture *f, const struct cedar_limits *limits)
{
	cedar_diags_init(&f->diags);
	assert_int_equal(cedar_engine_new(limits, key, &f->engine), ERR_NONE);
}

static void fixture_deinit(struct fixture *f)
{
	cedar_engine_free(f->engine);
	cedar_diags_deinit(&f->diags);
}

static enum error add(struct fixture *f, const char *source, const char *text, enum cedar_ids ids)
{
	return cedar_engine_add_policies(f->engine, str_from(source), str_from(text), ids,
					 &f->diags);
}

static void seal(struct fixture *f)
{
	assert_int_equal(cedar_engine_seal(f->engine, &f->diags), ERR_NONE);
}

/* Fails unless the sealed policies have these ids, separated by blanks. */
static void assert_ids(const struct fixture *f, const char *ids)
{
	char text[256] = "";
	size_t length = 0;

	for (size_t i = 0; i < cedar_policy_count(f->engine); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%.*s",
					   i == 0 ? "" : " ",
					   STR_ARGS(cedar_policy_at(f->engine, i)->id));
	assert_string_equal(text, ids);
}

#define ANY    "permit(principal, action, resource);"
#define LINKED "permit(principal == ?principal, action, resource in ?resource);"

static void positions_count_templates_too(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	assert_int_equal(add(&f, "a", ANY LINKED "@id(\"x\")" ANY, CEDAR_IDS_BY_POSITION),
			 ERR_NONE);
	seal(&f);
	assert_ids(&f, "policy0 policy2");
	fixture_deinit(&f);
}

static void annotations_name_policies_or_else_source_and_position(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	assert_int_equal(add(&f, "a.cedar", "@id(\"one\")" ANY ANY LINKED "@id " ANY,
			     CEDAR_IDS_FROM_ANNOTATION),
			 ERR_NONE);
	assert_int_equal(add(&f, "b.cedar", ANY, CEDAR_IDS_FROM_ANNOTATION), ERR_NONE);
	seal(&f);
	assert_ids(&f, "one a.cedar#1 a.cedar#3 b.cedar#0");
	fixture_deinit(&f);
}

static void a_text_with_any_error_adds_nothing(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	assert_int_equal(add(&f, "a", "@id(\"x\")" ANY, CEDAR_IDS_FROM_ANNOTATION), ERR_NONE);
	assert_int_equal(add(&f, "b", "@id(\"y\")" ANY "@id(\"x\")" ANY "@id(\"y\")" ANY,
			     CEDAR_IDS_FROM_ANNOTATION),
			 ERR_EXISTS);
	assert_int_equal(f.diags.error_count, 2);
	assert_str_equal(f.diags.first->message, "the policy id \"x\" is already in use");
	assert_str_equal(f.diags.first->source, "b");
	assert_int_equal(f.diags.first->line, 1);
	assert_int_equal(add(&f, "c", "@id(\"y\")" ANY "permit;", CEDAR_IDS_FROM_ANNOTATION),
			 ERR_SYNTAX);
	assert_int_equal(add(&f, "d", "@id(\"y\")" ANY, CEDAR_IDS_FROM_ANNOTATION), ERR_NONE);
	seal(&f);
	assert_ids(&f, "x y");
	fixture_deinit(&f);
}

static void policies_reach_the_limit_and_not_beyond(void **state)
{
	struct cedar_limits limits = {.policies = 3};
	struct fixture f;

	(void)state;
	fixture_init(&f, &limits);
	assert_int_equal(add(&f, "a", ANY LINKED, CEDAR_IDS_FROM_ANNOTATION), ERR_NONE);
	assert_int_equal(add(&f, "b", ANY ANY, CEDAR_IDS_FROM_ANNOTATION), ERR_LIMIT);
	assert_int_equal(f.diags.error_count, 1);
	assert_int_equal(add(&f, "c", ANY, CEDAR_IDS_FROM_ANNOTATION), ERR_NONE);
	seal(&f);
	assert_ids(&f, "a#0 c#0");
	fixture_deinit(&f);
}

static void a_policy_tells_about_itself(void **state)
{
	const struct cedar_policy_info *info;
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	assert_int_equal(add(&f, "a.cedar",
			     "// comment\n\n@id(\"no\")\n@note(\"a\\tb\") @flag\nforbid(principal, "
			     "action, resource)\nwhen { true };\n" ANY,
			     CEDAR_IDS_FROM_ANNOTATION),
			 ERR_NONE);
	seal(&f);
	info = cedar_policy_at(f.engine, 0);
	assert_str_equal(info->id, "no");
	assert_int_equal(info->effect, CEDAR_FORBID);
	assert_str_equal(info->source, "a.cedar");
	assert_int_equal(info->line, 3);
	assert_str_equal(info->text,
			 "@id(\"no\")\n@note(\"a\\tb\") @flag\nforbid(principal, action, "
			 "resource)\nwhen { true };");
	assert_int_equal(info->template_id.length, 0);
	assert_int_equal(info->annotation_count, 3);
	assert_str_equal(info->annotations[1].key, "note");
	assert_str_equal(info->annotations[1].value, "a\tb");
	assert_true(info->annotations[1].has_value);
	assert_int_equal(info->annotations[1].line, 4);
	assert_int_equal(info->annotations[1].column, 7);
	assert_str_equal(info->annotations[2].key, "flag");
	assert_str_equal(info->annotations[2].value, "");
	assert_false(info->annotations[2].has_value);
	assert_int_equal(info->annotations[2].column, 16);
	assert_int_equal(cedar_policy_at(f.engine, 1)->annotation_count, 0);
	fixture_deinit(&f);
}

/* Links. */

static enum error link_slots(struct cedar_engine *engine, const char *template_id,
			     const char *new_id, struct cedar_diags *diags)
{
	const struct cedar_link link = {
		.template_id = str_from(template_id),
		.new_id = str_from(new_id),
		.values = {{STR("?principal"), STR("U"), STR("a")},
			   {STR("?resource"), STR("R"), STR("r")}},
		.value_count = 2,
	};

	return cedar_engine_link(engine, &link, diags);
}

static enum error link_both(struct fixture *f, const char *template_id, const char *new_id)
{
	return link_slots(f->engine, template_id, new_id, &f->diags);
}

static enum cedar_decision decide(const struct cedar_engine *engine, const char *principal)
{
	struct cedar_request *request = NULL;
	struct cedar_answer answer;
	enum cedar_decision decision;

	assert_int_equal(cedar_request_new(NULL, &request), ERR_NONE);
	cedar_request_begin(request, engine);
	cedar_request_ask(request, cedar_request_uid(request, STR("U"), str_from(principal)),
			  cedar_request_uid(request, STR("Action"), STR("x")),
			  cedar_request_uid(request, STR("R"), STR("r")),
			  cedar_record(request, NULL, 0));
	assert_int_equal(cedar_authorize(request, &answer), ERR_NONE);
	decision = answer.decision;
	cedar_request_free(request);
	return decision;
}

static void a_link_decides_for_its_slots_under_its_own_id(void **state)
{
	const struct cedar_policy_info *info;
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	assert_int_equal(add(&f, "t", "@id(\"t\") @note(\"n\") " LINKED, CEDAR_IDS_FROM_ANNOTATION),
			 ERR_NONE);
	assert_int_equal(link_both(&f, "t", "link"), ERR_NONE);
	seal(&f);
	assert_ids(&f, "link");
	info = cedar_policy_at(f.engine, 0);
	assert_str_equal(info->template_id, "t");
	assert_str_equal(info->annotations[1].value, "n");
	assert_int_equal(decide(f.engine, "a"), CEDAR_ALLOW);
	assert_int_equal(decide(f.engine, "b"), CEDAR_DENY);
	fixture_deinit(&f);
}

static void a_template_alone_decides_nothing(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	assert_int_equal(add(&f, "t", LINKED, CEDAR_IDS_BY_POSITION), ERR_NONE);
	seal(&f);
	assert_int_equal(cedar_policy_count(f.engine), 0);
	assert_int_equal(decide(f.engine, "a"), CEDAR_DENY);
	fixture_deinit(&f);
}

static void links_that_do_not_fit_are_refused(void **state)
{
	const struct {
		struct cedar_slot_value values[CEDAR_SLOTS];
		size_t count;
		const char *message;
	} cases[] = {
		{{{{NULL, 0}, {NULL, 0}, {NULL, 0}}}, 0, "the slot ?principal has no value"},
		{{{STR("?principal"), STR("U"), STR("a")}}, 1, "the slot ?resource has no value"},
		{{{STR("?principal"), STR("U"), STR("a")}, {STR("?principal"), STR("U"), STR("a")}},
		 2,
		 "the slot ?principal has two values"},
		{{{STR("?action"), STR("U"), STR("a")}}, 1, "the template has no slot ?action"},
		{{{STR("principal"), STR("U"), STR("a")}}, 1, "the template has no slot principal"},
		{{{STR("?principal"), STR("not a type"), STR("a")}},
		 1,
		 "the value of ?principal is no entity: \"not a type\" must be a type, and the id "
		 "must be UTF-8"},
		{{{STR("?principal"), STR("U"), STR("\xff")}},
		 1,
		 "the value of ?principal is no entity: \"U\" must be a type, and the id must be "
		 "UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct cedar_link link = {STR("policy0"),
					  STR("l"),
					  {cases[i].values[0], cases[i].values[1]},
					  cases[i].count};
		struct fixture f;

		fixture_init(&f, NULL);
		assert_int_equal(add(&f, "t", LINKED, CEDAR_IDS_BY_POSITION), ERR_NONE);
		assert_int_equal(cedar_engine_link(f.engine, &link, &f.diags), ERR_INVALID);
		assert_str_equal(f.diags.first->message, cases[i].message);
		assert_str_equal(f.diags.first->source, "l");
		seal(&f);
		assert_int_equal(cedar_policy_count(f.engine), 0);
		fixture_deinit(&f);
	}
}

static void a_link_needs_a_template_and_an_id_of_its_own(void **state)
{
	struct cedar_limits limits = {.policies = 3};
	struct fixture f;

	(void)state;
	fixture_init(&f, &limits);
	assert_int_equal(add(&f, "t", LINKED ANY, CEDAR_IDS_BY_POSITION), ERR_NONE);
	assert_int_equal(link_both(&f, "none", "l"), ERR_NOT_FOUND);
	assert_int_equal(link_both(&f, "policy1", "l"), ERR_NOT_FOUND);
	assert_int_equal(link_both(&f, "policy0", "policy0"), ERR_EXISTS);
	assert_int_equal(link_both(&f, "policy0", "policy1"), ERR_EXISTS);
	assert_int_equal(link_both(&f, "policy0", "l"), ERR_NONE);
	assert_int_equal(link_both(&f, "l", "m"), ERR_NOT_FOUND);
	assert_int_equal(link_both(&f, "policy0", "l"), ERR_EXISTS);
	assert_int_equal(link_both(&f, "policy0", "m"), ERR_LIMIT);
	assert_int_equal(f.diags.error_count, 7);
	seal(&f);
	assert_ids(&f, "policy1 l");
	fixture_deinit(&f);
}

/* Names. */

static enum cedar_resolution resolve(void *arg, struct str type, struct str id, struct str *out)
{
	int *calls = arg;

	(*calls)++;
	if (!str_equal(type, STR("U")))
		return CEDAR_NAME_KEPT;
	if (str_equal(id, STR("nobody")))
		return CEDAR_NAME_UNKNOWN;
	*out = STR("resolved");
	return CEDAR_NAME_REPLACED;
}

static void names_are_replaced_in_policies_and_links(void **state)
{
	int calls = 0;
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	cedar_engine_set_resolver(f.engine, (struct cedar_resolver){resolve, &calls});
	assert_int_equal(add(&f, "t", LINKED "permit(principal == U::\"z\", action, resource);",
			     CEDAR_IDS_BY_POSITION),
			 ERR_NONE);
	assert_int_equal(add(&f, "u",
			     "@id(\"c\") permit(principal, action, resource) when { "
			     "[U::\"y\", R::\"x\"].contains(principal) };",
			     CEDAR_IDS_FROM_ANNOTATION),
			 ERR_NONE);
	assert_int_equal(link_both(&f, "policy0", "l"), ERR_NONE);
	seal(&f);
	assert_int_equal(calls, 5);
	assert_int_equal(decide(f.engine, "resolved"), CEDAR_ALLOW);
	assert_int_equal(decide(f.engine, "a"), CEDAR_DENY);
	assert_int_equal(decide(f.engine, "z"), CEDAR_DENY);
	fixture_deinit(&f);
}

static void every_unknown_name_is_reported_at_its_place(void **state)
{
	const struct cedar_link nobody = {
		.template_id = STR("policy0"),
		.new_id = STR("l"),
		.values = {{STR("?principal"), STR("U"), STR("nobody")},
			   {STR("?resource"), STR("R"), STR("r")}},
		.value_count = 2,
	};
	int calls = 0;
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	cedar_engine_set_resolver(f.engine, (struct cedar_resolver){resolve, &calls});
	assert_int_equal(add(&f, "t",
			     LINKED "\npermit(principal == U::\"nobody\", action, resource)\n"
				    "when { principal in [U::\"nobody\"] };",
			     CEDAR_IDS_BY_POSITION),
			 ERR_NONE);
	assert_int_equal(cedar_engine_link(f.engine, &nobody, &f.diags), ERR_INVALID);
	assert_int_equal(cedar_engine_seal(f.engine, &f.diags), ERR_INVALID);
	assert_int_equal(f.diags.error_count, 3);
	assert_int_equal(f.diags.first->next->line, 2);
	assert_int_equal(f.diags.first->next->column, 21);
	assert_int_equal(f.diags.first->next->next->line, 3);
	fixture_deinit(&f);
}

static void a_hierarchy_with_a_cycle_is_not_sealed(void **state)
{
	struct fixture f;
	cedar_uid uid;

	(void)state;
	fixture_init(&f, NULL);
	uid = value_build_uid(&f.engine->builder, STR("U"), STR("a"));
	assert_int_equal(entity_store_add(&f.engine->entities, uid, NULL, NULL, &uid, 1), ERR_NONE);
	assert_int_equal(cedar_engine_seal(f.engine, &f.diags), ERR_INVALID);
	assert_str_equal(f.diags.first->message, "entity U::\"a\" is its own ancestor");
	fixture_deinit(&f);
}

/* Faults. */

#define EVERYTHING                                                                                 \
	"@id(\"a\") @note(\"x\\ty\") permit(principal == U::\"a\", action in [Action::\"x\", "     \
	"Action::\"y\"], resource) when { context.x + 1 - 2 * 3 == 4 && context has a.b.c };"      \
	"@id(\"b\") forbid(principal is U in U::\"g\", action, resource) unless { [1, "            \
	"ip(\"::1\"), "                                                                            \
	"{a: 1, \"\\t\": \"x\\ty\"}].contains(if context.x then 1 else {z: context.y, a: "         \
	"principal}) || \"x\\ty\" like \"*\\t*\" };"                                               \
	"@id(\"t\") permit(principal == ?principal, action, resource in ?resource) when { 1 < 2 "  \
	"};"

static enum error fill(struct cedar_engine *engine, struct cedar_diags *diags)
{
	struct value_builder *builder = &engine->builder;
	enum error error;
	cedar_uid uids[2];

	uids[0] = value_build_uid(builder, STR("U"), STR("a"));
	uids[1] = value_build_uid(builder, STR("U"), STR("g"));
	if (builder->failed != ERR_NONE)
		return builder->failed;
	error = entity_store_add(&engine->entities, uids[0], NULL, NULL, &uids[1], 1);
	if (error == ERR_NONE)
		error = cedar_engine_add_policies(engine, STR("s"), STR(EVERYTHING),
						  CEDAR_IDS_FROM_ANNOTATION, diags);
	if (error == ERR_NONE)
		error = link_slots(engine, "t", "l", diags);
	return error == ERR_NONE ? cedar_engine_seal(engine, diags) : error;
}

static enum error build(struct cedar_engine **out, struct cedar_diags *diags)
{
	enum error error = cedar_engine_new(NULL, key, out);

	return error == ERR_NONE ? fill(*out, diags) : error;
}

/* A chunk of an arena serves many allocations; a bound makes each of them fail in turn. */
static void a_bound_anywhere_fails_cleanly(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		enum error error = ERR_LIMIT;
		uint32_t failed = 0;

		for (size_t bytes = 0; error != ERR_NONE; bytes += 16) {
			struct fixture f;

			fixture_init(&f, NULL);
			if (which == 0)
				f.engine->build.max_bytes = bytes;
			else
				f.engine->keep.max_bytes = bytes;
			error = fill(f.engine, &f.diags);
			if (error != ERR_NONE && error != ERR_LIMIT && error != ERR_NO_MEMORY)
				fail_msg("%u bytes: %s", (unsigned int)bytes, error_text(error));
			failed += error != ERR_NONE;
			fixture_deinit(&f);
		}
		assert_true(failed > 100);
	}
}

static void lack_of_memory_anywhere_fails_cleanly(void **state)
{
	uint64_t failed = 0;

	(void)state;
	for (uint64_t n = 0;; n++) {
		struct cedar_engine *engine = NULL;
		struct cedar_diags diags;
		enum error error;
		bool fired;

		cedar_diags_init(&diags);
		fault_arm(n, FAULT_ONCE);
		error = build(&engine, &diags);
		fired = fault_disarm();
		if (!fired) {
			assert_int_equal(error, ERR_NONE);
			assert_int_equal(cedar_policy_count(engine), 3);
		} else {
			assert_int_equal(error, ERR_NO_MEMORY);
			assert_null(diags.first);
			failed++;
		}
		cedar_engine_free(engine);
		cedar_diags_deinit(&diags);
		if (!fired)
			break;
	}
	assert_true(failed > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positions_count_templates_too),
		cmocka_unit_test(annotations_name_policies_or_else_source_and_position),
		cmocka_unit_test(a_text_with_any_error_adds_nothing),
		cmocka_unit_test(policies_reach_the_limit_and_not_beyond),
		cmocka_unit_test(a_policy_tells_about_itself),
		cmocka_unit_test(a_link_decides_for_its_slots_under_its_own_id),
		cmocka_unit_test(a_template_alone_decides_nothing),
		cmocka_unit_test(links_that_do_not_fit_are_refused),
		cmocka_unit_test(a_link_needs_a_template_and_an_id_of_its_own),
		cmocka_unit_test(names_are_replaced_in_policies_and_links),
		cmocka_unit_test(every_unknown_name_is_reported_at_its_place),
		cmocka_unit_test(a_hierarchy_with_a_cycle_is_not_sealed),
		cmocka_unit_test(a_bound_anywhere_fails_cleanly),
		cmocka_unit_test(lack_of_memory_anywhere_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
