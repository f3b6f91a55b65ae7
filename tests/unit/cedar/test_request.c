/* Requests: what they add to an engine, what they refuse, and that they cost no heap memory. */
#include "support/cmocka.h"

#include <pthread.h>
#include <stdio.h>

#include "base/attributes.h"
#include "cedar/engine.h"
#include "support/fault.h"

struct fixture {
	struct cedar_engine *engine;
	struct cedar_request *request;
};

/* An engine that knows the entities U::"static" below G::"top" and G::"mid" below G::"top", and of
 * U::"named" only the name. */
static void fixture_init(struct fixture *f, const char *policies)
{
	struct value_builder *b;
	struct cedar_diags diags;
	cedar_uid user, mid, top;

	cedar_diags_init(&diags);
	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &f->engine), ERR_NONE);
	assert_int_equal(cedar_request_new(NULL, &f->request), ERR_NONE);
	b = &f->engine->builder;
	user = value_build_uid(b, STR("U"), STR("static"));
	mid = value_build_uid(b, STR("G"), STR("mid"));
	top = value_build_uid(b, STR("G"), STR("top"));
	(void)value_build_uid(b, STR("U"), STR("named"));
	assert_int_equal(entity_store_add(&f->engine->entities, user, NULL, NULL, &top, 1),
			 ERR_NONE);
	assert_int_equal(entity_store_add(&f->engine->entities, mid, NULL, NULL, &top, 1),
			 ERR_NONE);
	assert_int_equal(cedar_engine_add_policies(f->engine, STR("p"), str_from(policies),
						   CEDAR_IDS_BY_POSITION, &diags),
			 ERR_NONE);
	assert_int_equal(cedar_engine_seal(f->engine, &diags), ERR_NONE);
	cedar_diags_deinit(&diags);
}

static void fixture_deinit(struct fixture *f)
{
	cedar_request_free(f->request);
	cedar_engine_free(f->engine);
}

static cedar_uid user(struct fixture *f, const char *id)
{
	return cedar_request_uid(f->request, STR("U"), str_from(id));
}

static cedar_uid group(struct fixture *f, const char *id)
{
	return cedar_request_uid(f->request, STR("G"), str_from(id));
}

static enum error ask_for(struct fixture *f, cedar_uid principal, struct cedar_answer *answer)
{
	cedar_request_ask(f->request, principal,
			  cedar_request_uid(f->request, STR("Action"), STR("x")),
			  cedar_request_uid(f->request, STR("R"), STR("r")),
			  cedar_record(f->request, NULL, 0));
	return cedar_authorize(f->request, answer);
}

static void assert_allowed(struct fixture *f, cedar_uid principal, bool expected)
{
	struct cedar_answer answer;

	assert_int_equal(ask_for(f, principal, &answer), ERR_NONE);
	assert_int_equal(answer.error_count, 0);
	assert_int_equal(answer.decision, expected ? CEDAR_ALLOW : CEDAR_DENY);
}

static void a_new_entity_inherits_from_the_engine_and_the_request(void **state)
{
	cedar_uid parent, child;
	struct fixture f;

	(void)state;
	fixture_init(&f, "permit(principal in G::\"top\", action, resource);");
	cedar_request_begin(f.request, f.engine);
	parent = group(&f, "mid");
	cedar_request_entity(f.request, user(&f, "named"), NULL, 0, &parent, 1);
	parent = group(&f, "none");
	cedar_request_entity(f.request, user(&f, "stranger"), NULL, 0, &parent, 1);
	child = user(&f, "child");
	parent = user(&f, "named");
	cedar_request_entity(f.request, child, NULL, 0, &parent, 1);
	assert_allowed(&f, user(&f, "named"), true);
	assert_allowed(&f, user(&f, "stranger"), false);
	assert_allowed(&f, child, true);
	assert_allowed(&f, user(&f, "static"), true);
	assert_allowed(&f, user(&f, "nobody"), false);
	/* Nothing of it is left for the next question. */
	cedar_request_begin(f.request, f.engine);
	assert_allowed(&f, user(&f, "child"), false);
	assert_allowed(&f, user(&f, "named"), false);
	fixture_deinit(&f);
}

static void names_unknown_to_the_engine_are_equal_when_they_are_the_same(void **state)
{
	struct cedar_value elements[2];
	struct cedar_attr attrs[3];
	struct cedar_answer answer;
	struct fixture f;

	(void)state;
	fixture_init(&f, "permit(principal, action, resource) when { context.a == context.b && "
			 "context.c.contains(principal) && principal == context.a.who && "
			 "principal in context.c };");
	for (int same = 0; same < 2; same++) {
		cedar_uid other;

		cedar_request_begin(f.request, f.engine);
		other = cedar_request_uid(f.request, STR("New"), str_from(same ? "x" : "y"));
		elements[0] = cedar_entity(other);
		elements[1] = cedar_long(1);
		attrs[0] = (struct cedar_attr){STR("who"), elements[0]};
		attrs[1] = (struct cedar_attr){STR("new key"), cedar_string(f.request, STR("z"))};
		elements[1] = cedar_record(f.request, attrs, 2);
		attrs[1] = attrs[0];
		attrs[0] = (struct cedar_attr){STR("new key"), cedar_string(f.request, STR("z"))};
		attrs[0] = (struct cedar_attr){STR("a"), cedar_record(f.request, attrs, 2)};
		attrs[1] = (struct cedar_attr){STR("b"), elements[1]};
		attrs[2] = (struct cedar_attr){STR("c"), cedar_set(f.request, elements, 1)};
		cedar_request_ask(f.request, cedar_request_uid(f.request, STR("New"), STR("x")),
				  cedar_request_uid(f.request, STR("Action"), STR("x")),
				  cedar_request_uid(f.request, STR("R"), STR("r")),
				  cedar_record(f.request, attrs, 3));
		assert_int_equal(cedar_authorize(f.request, &answer), ERR_NONE);
		assert_int_equal(answer.error_count, 0);
		assert_int_equal(answer.decision, same ? CEDAR_ALLOW : CEDAR_DENY);
	}
	fixture_deinit(&f);
}

static void attributes_and_tags_of_the_request_are_seen(void **state)
{
	struct cedar_attr attr = {STR("level"), cedar_long(3)}, tag = {STR("team"), cedar_long(4)};
	struct fixture f;
	cedar_uid uid;

	(void)state;
	fixture_init(&f, "permit(principal, action, resource) when { principal.level == 3 && "
			 "principal.hasTag(\"team\") && principal.getTag(\"team\") == 4 && "
			 "!principal.hasTag(\"level\") && !(principal has team) };");
	cedar_request_begin(f.request, f.engine);
	uid = user(&f, "a");
	cedar_request_entity(f.request, uid, &attr, 1, NULL, 0);
	cedar_request_tags(f.request, uid, &tag, 1);
	assert_allowed(&f, uid, true);
	fixture_deinit(&f);
}

/* Things that a question refuses, each alone. */
enum refusal {
	ENTITY_OF_THE_ENGINE,
	ENTITY_TWICE,
	ENTITY_TWICE_KNOWN_BY_NAME,
	ENTITY_AS_ITS_OWN_PARENT,
	ENTITY_BELOW_ITSELF,
	PARENT_AFTER_CHILD,
	UID_THAT_IS_NONE,
	PARENT_THAT_IS_NONE,
	ATTRIBUTE_TWICE,
	TAGS_WITHOUT_ENTITY,
	TAGS_OF_THE_ENGINE,
	TAGS_TWICE,
	CONTEXT_NO_RECORD,
	PRINCIPAL_NONE,
	BAD_UTF8,
	BAD_ADDRESS,
	REFUSAL_COUNT
};

static void spoil(struct fixture *f, enum refusal refusal)
{
	struct cedar_request *r = f->request;
	struct cedar_attr twice[2] = {{STR("a"), cedar_long(1)}, {STR("a"), cedar_long(2)}};
	cedar_uid a = user(f, "a"), b = user(f, "b"), known = user(f, "static"),
		  none = CEDAR_NO_UID;
	cedar_uid named = user(f, "named");

	switch (refusal) {
	case ENTITY_OF_THE_ENGINE: cedar_request_entity(r, known, NULL, 0, NULL, 0); break;
	case ENTITY_TWICE:
		cedar_request_entity(r, a, NULL, 0, NULL, 0);
		cedar_request_entity(r, a, NULL, 0, NULL, 0);
		break;
	case ENTITY_TWICE_KNOWN_BY_NAME:
		cedar_request_entity(r, named, NULL, 0, NULL, 0);
		cedar_request_entity(r, named, NULL, 0, NULL, 0);
		break;
	case ENTITY_AS_ITS_OWN_PARENT: cedar_request_entity(r, a, NULL, 0, &a, 1); break;
	case ENTITY_BELOW_ITSELF:
	case PARENT_AFTER_CHILD:
		cedar_request_entity(r, b, NULL, 0, &a, 1);
		cedar_request_entity(r, a, NULL, 0, &b, refusal == ENTITY_BELOW_ITSELF);
		break;
	case UID_THAT_IS_NONE: cedar_request_entity(r, 4000, NULL, 0, NULL, 0); break;
	case PARENT_THAT_IS_NONE: cedar_request_entity(r, a, NULL, 0, &none, 1); break;
	case ATTRIBUTE_TWICE: cedar_request_entity(r, a, twice, 2, NULL, 0); break;
	case TAGS_WITHOUT_ENTITY: cedar_request_tags(r, a, twice, 1); break;
	case TAGS_OF_THE_ENGINE: cedar_request_tags(r, known, twice, 1); break;
	case TAGS_TWICE:
		cedar_request_entity(r, a, NULL, 0, NULL, 0);
		cedar_request_tags(r, a, twice, 1);
		cedar_request_tags(r, a, twice, 1);
		break;
	case CONTEXT_NO_RECORD: cedar_request_ask(r, a, a, a, cedar_long(1)); break;
	case PRINCIPAL_NONE: cedar_request_ask(r, none, a, a, cedar_record(r, NULL, 0)); break;
	case BAD_UTF8: (void)cedar_string(r, STR("\xc0\x80")); break;
	case BAD_ADDRESS: (void)cedar_ipaddr(r, STR("1.2.3")); break;
	case REFUSAL_COUNT: break;
	}
}

static void a_malformed_question_is_denied_with_an_error(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, "permit(principal, action, resource);");
	for (int i = 0; i <= REFUSAL_COUNT; i++) {
		struct cedar_answer answer = {.decision = CEDAR_ALLOW, .reason_count = 7};
		enum error error;

		cedar_request_begin(f.request, f.engine);
		spoil(&f, (enum refusal)i);
		error = ask_for(&f, user(&f, "a"), &answer);
		if (i == REFUSAL_COUNT) {
			assert_int_equal(error, ERR_NONE);
			continue;
		}
		if (error != ERR_INVALID && error != ERR_EXISTS)
			fail_msg("case %d: %s", i, error_text(error));
		assert_int_equal(answer.decision, CEDAR_DENY);
		assert_int_equal(answer.reason_count, 0);
	}
	fixture_deinit(&f);
}

static void an_answer_has_all_reasons_and_errors_in_order(void **state)
{
	static const uint32_t permits[] = {0, 3}, forbids[] = {4};
	struct cedar_answer answer;
	struct cedar_attr stop = {STR("stop"), cedar_bool(true)};
	struct fixture f;

	(void)state;
	fixture_init(&f, "permit(principal, action, resource);"
			 "permit(principal, action, resource) when { false };"
			 "permit(principal, action, resource) when { context.none };"
			 "permit(principal, action == Action::\"x\", resource);"
			 "forbid(principal, action, resource) when { context has stop };"
			 "forbid(principal, action, resource) when { principal.none == 1 };");
	cedar_request_begin(f.request, f.engine);
	assert_int_equal(ask_for(&f, user(&f, "a"), &answer), ERR_NONE);
	assert_int_equal(answer.decision, CEDAR_ALLOW);
	assert_int_equal(answer.reason_count, 2);
	assert_memory_equal(answer.reasons, permits, sizeof(permits));
	assert_int_equal(answer.error_count, 2);
	assert_int_equal(answer.errors[0].policy, 2);
	assert_int_equal(answer.errors[0].kind, CEDAR_EVAL_NO_ATTRIBUTE);
	assert_int_equal(answer.errors[1].policy, 5);
	assert_int_equal(answer.errors[1].kind, CEDAR_EVAL_NO_ENTITY);
	/* The same entities, another question. */
	cedar_request_ask(f.request, user(&f, "a"),
			  cedar_request_uid(f.request, STR("Action"), STR("y")), user(&f, "a"),
			  cedar_record(f.request, &stop, 1));
	assert_int_equal(cedar_authorize(f.request, &answer), ERR_NONE);
	assert_int_equal(answer.decision, CEDAR_DENY);
	assert_int_equal(answer.reason_count, 1);
	assert_memory_equal(answer.reasons, forbids, sizeof(forbids));
	assert_int_equal(answer.error_count, 2);
	fixture_deinit(&f);
}

static void every_kind_of_error_has_a_text_of_its_own(void **state)
{
	(void)state;
	for (int a = CEDAR_EVAL_NONE; a <= CEDAR_EVAL_MEMORY; a++) {
		const char *text = cedar_eval_error_text((enum cedar_eval_error)a);

		assert_true(strlen(text) > 0);
		for (int b = CEDAR_EVAL_NONE; b < a; b++)
			assert_string_not_equal(text,
						cedar_eval_error_text((enum cedar_eval_error)b));
	}
}

static void no_policy_denies(void **state)
{
	struct cedar_answer answer;
	struct fixture f;

	(void)state;
	fixture_init(&f, "");
	cedar_request_begin(f.request, f.engine);
	assert_int_equal(ask_for(&f, user(&f, "a"), &answer), ERR_NONE);
	assert_int_equal(answer.decision, CEDAR_DENY);
	assert_int_equal(answer.reason_count, 0);
	assert_int_equal(answer.error_count, 0);
	fixture_deinit(&f);
}

/* A question with a little of everything. */
#define RICH                                                                                       \
	"permit(principal in G::\"top\", action, resource) when { principal.name like \"n*\" && "  \
	"[context.a, 1, {x: principal}].contains(context.r) == false && context.ip.isIpv6() };"    \
	"forbid(principal, action, resource) when { context.none };"                               \
	"permit(principal, action, resource) when { ip(context.text) == context.ip };"

static enum error rich_question(struct cedar_request *request, const struct cedar_engine *engine,
				struct cedar_answer *answer)
{
	cedar_uid uid, parents[20];
	char names[20][8];

	cedar_request_begin(request, engine);
	for (size_t i = 0; i < 20; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "g%d", (int)i);
		parents[i] = cedar_request_uid(request, STR("G"),
					       i == 7 ? STR("mid") : str_from(names[i]));
	}
	uid = cedar_request_uid(request, STR("U"), STR("new user"));
	struct cedar_attr attr = {STR("name"), cedar_string(request, STR("nora"))};
	struct cedar_attr inner = {STR("x"), cedar_entity(uid)};
	struct cedar_attr attrs[] = {
		{STR("a"), cedar_long(1)},
		{STR("r"), cedar_record(request, &attr, 1)},
		{STR("unheard of"), cedar_record(request, &inner, 1)},
		{STR("ip"), cedar_ipaddr(request, STR("::1"))},
		{STR("text"), cedar_string(request, STR("::1"))},
	};

	cedar_request_entity(request, uid, &attr, 1, parents, 20);
	cedar_request_tags(request, uid, &attr, 1);
	cedar_request_ask(request, uid, cedar_request_uid(request, STR("Action"), STR("x")),
			  cedar_request_uid(request, STR("R"), STR("r")),
			  cedar_record(request, attrs, ARRAY_COUNT(attrs)));
	return cedar_authorize(request, answer);
}

static void assert_rich_answer(const struct cedar_answer *answer)
{
	assert_int_equal(answer->decision, CEDAR_ALLOW);
	assert_int_equal(answer->reason_count, 2);
	assert_int_equal(answer->error_count, 1);
	assert_int_equal(answer->errors[0].policy, 1);
}

static void a_question_in_the_steady_state_takes_no_heap_memory(void **state)
{
	struct cedar_answer answer;
	struct fixture f;

	(void)state;
	fixture_init(&f, RICH);
	for (int i = 0; i < 5; i++)
		assert_int_equal(rich_question(f.request, f.engine, &answer), ERR_NONE);
	fault_arm(0, FAULT_STICKY);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(rich_question(f.request, f.engine, &answer), ERR_NONE);
		assert_rich_answer(&answer);
	}
	assert_false(fault_disarm());
	fixture_deinit(&f);
}

static void lack_of_memory_anywhere_denies(void **state)
{
	struct fixture f;
	uint64_t failed = 0;

	(void)state;
	fixture_init(&f, RICH);
	for (uint64_t n = 0;; n++) {
		struct cedar_answer answer = {.decision = CEDAR_ALLOW};
		struct cedar_request *request = NULL;
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = cedar_request_new(NULL, &request);
		if (error == ERR_NONE)
			error = rich_question(request, f.engine, &answer);
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			cedar_request_free(request);
			break;
		}
		assert_int_equal(error, ERR_NO_MEMORY);
		if (request != NULL) {
			assert_int_equal(answer.decision, CEDAR_DENY);
			assert_int_equal(rich_question(request, f.engine, &answer), ERR_NONE);
			assert_rich_answer(&answer);
		}
		cedar_request_free(request);
		failed++;
	}
	assert_true(failed > 2);
	fixture_deinit(&f);
}

static void the_memory_of_a_request_is_bounded(void **state)
{
	struct fixture f;
	uint32_t limited = 0;

	(void)state;
	fixture_init(&f, RICH);
	for (size_t bytes = 16;; bytes += 16) {
		struct cedar_limits limits = {.request_bytes = bytes};
		struct cedar_request *request = NULL;
		struct cedar_answer answer = {.decision = CEDAR_ALLOW};
		enum error error;

		assert_int_equal(cedar_request_new(&limits, &request), ERR_NONE);
		error = rich_question(request, f.engine, &answer);
		cedar_request_free(request);
		if (error == ERR_NONE)
			break;
		assert_int_equal(error, ERR_LIMIT);
		assert_int_equal(answer.decision, CEDAR_DENY);
		assert_int_equal(answer.error_count, 0);
		limited++;
	}
	assert_true(limited > 10);
	fixture_deinit(&f);
}

static void values_nest_to_the_limit_in_evaluation_too(void **state)
{
	struct cedar_answer answer;
	struct fixture f;

	(void)state;
	fixture_init(&f, "permit(principal, action, resource) when { [context.deep] != [] };"
			 "permit(principal, action, resource) when { {a: context.deep} != {} };"
			 "permit(principal, action, resource) when { [[context.deep]] != [] };"
			 "permit(principal, action, resource) when { {a: [context.deep]} != {} };");
	cedar_request_begin(f.request, f.engine);
	struct cedar_value deep = cedar_long(1);
	struct cedar_attr attr;

	/* The context is one level more. */
	for (int i = 0; i < VALUE_MAX_DEPTH - 1; i++)
		deep = cedar_set(f.request, &deep, 1);
	attr = (struct cedar_attr){STR("deep"), deep};
	cedar_request_ask(f.request, user(&f, "a"), user(&f, "a"), user(&f, "a"),
			  cedar_record(f.request, &attr, 1));
	assert_int_equal(cedar_authorize(f.request, &answer), ERR_NONE);
	assert_int_equal(answer.reason_count, 2);
	assert_int_equal(answer.error_count, 2);
	assert_int_equal(answer.errors[0].policy, 2);
	assert_int_equal(answer.errors[0].kind, CEDAR_EVAL_DEPTH);
	assert_int_equal(answer.errors[1].kind, CEDAR_EVAL_DEPTH);
	fixture_deinit(&f);
}

/* Threads. */

struct worker {
	const struct cedar_engine *engine;
	int wrong;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct cedar_request *request = NULL;

	if (cedar_request_new(NULL, &request) != ERR_NONE) {
		worker->wrong++;
		return NULL;
	}
	for (int i = 0; i < 500; i++) {
		struct cedar_answer answer;

		if (rich_question(request, worker->engine, &answer) != ERR_NONE ||
		    answer.decision != CEDAR_ALLOW || answer.reason_count != 2)
			worker->wrong++;
	}
	cedar_request_free(request);
	return NULL;
}

static void threads_share_a_sealed_engine(void **state)
{
	struct worker workers[2] = {{NULL, 0}, {NULL, 0}};
	pthread_t threads[2];
	struct fixture f;

	(void)state;
	fixture_init(&f, RICH);
	for (int i = 0; i < 2; i++) {
		workers[i].engine = f.engine;
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(workers[i].wrong, 0);
	}
	fixture_deinit(&f);
}

static void a_request_serves_one_engine_after_another(void **state)
{
	struct cedar_answer answer;
	struct fixture f, g;

	(void)state;
	fixture_init(&f, RICH);
	fixture_init(
		&g, "permit(principal, action, resource) when { [1, [2, [3, [4, [5, [6, context.a]]"
		    "]]]].contains(1) };");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rich_question(f.request, f.engine, &answer), ERR_NONE);
		assert_rich_answer(&answer);
		assert_int_equal(rich_question(f.request, g.engine, &answer), ERR_NONE);
		assert_int_equal(answer.decision, CEDAR_ALLOW);
		assert_int_equal(answer.reason_count, 1);
	}
	fixture_deinit(&f);
	fixture_deinit(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_entity_inherits_from_the_engine_and_the_request),
		cmocka_unit_test(names_unknown_to_the_engine_are_equal_when_they_are_the_same),
		cmocka_unit_test(attributes_and_tags_of_the_request_are_seen),
		cmocka_unit_test(a_malformed_question_is_denied_with_an_error),
		cmocka_unit_test(an_answer_has_all_reasons_and_errors_in_order),
		cmocka_unit_test(every_kind_of_error_has_a_text_of_its_own),
		cmocka_unit_test(no_policy_denies),
		cmocka_unit_test(a_question_in_the_steady_state_takes_no_heap_memory),
		cmocka_unit_test(lack_of_memory_anywhere_denies),
		cmocka_unit_test(the_memory_of_a_request_is_bounded),
		cmocka_unit_test(values_nest_to_the_limit_in_evaluation_too),
		cmocka_unit_test(threads_share_a_sealed_engine),
		cmocka_unit_test(a_request_serves_one_engine_after_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
