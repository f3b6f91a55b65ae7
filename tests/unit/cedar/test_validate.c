#include "support/cmocka.h"

#include "base/attributes.h"
#include "base/buf.h"
#include "validating.h"

static void write_policy(struct buf *text, const char *condition)
{
	buf_printf(text,
		   "permit(principal is User, action == Action::\"read\", resource) when { %s };",
		   condition);
}

/* A condition for a User who reads a Doc. */
static void assert_condition_valid(struct validating *f, const char *condition, bool strict)
{
	struct buf text;

	buf_init(&text, SIZE_MAX);
	write_policy(&text, condition);
	assert_policy_valid(f, buf_text(&text), strict);
	buf_deinit(&text);
}

static void assert_ok(struct validating *f, const char *condition)
{
	assert_condition_valid(f, condition, true);
	assert_condition_valid(f, condition, false);
}

static void assert_bad_in(struct validating *f, bool strict, const char *condition,
			  enum validate_kind kind, const char *at)
{
	struct buf text;

	buf_init(&text, SIZE_MAX);
	write_policy(&text, condition);
	assert_finding(f, buf_text(&text), strict, kind, at);
	buf_deinit(&text);
}

static void assert_bad(struct validating *f, const char *condition, enum validate_kind kind,
		       const char *at)
{
	assert_bad_in(f, true, condition, kind, at);
	assert_bad_in(f, false, condition, kind, at);
}

static void assert_bad_when_strict(struct validating *f, const char *condition,
				   enum validate_kind kind, const char *at)
{
	assert_bad_in(f, true, condition, kind, at);
	assert_condition_valid(f, condition, false);
}

/* The condition is false wherever the policy could apply, and nothing else is said. */
static void assert_impossible(struct validating *f, const char *condition)
{
	struct buf text;

	buf_init(&text, SIZE_MAX);
	write_policy(&text, condition);
	assert_finding(f, buf_text(&text), true, VALIDATE_IMPOSSIBLE, "permit");
	buf_deinit(&text);
}

static void operands_must_have_the_types_of_the_operator(void **state)
{
	struct validating *f = *state;

	assert_ok(f, "principal.n + 1 < 2 * principal.n - 3 && -principal.n >= 0");
	assert_bad(f, "principal.n + \"a\" == 1", VALIDATE_UNEXPECTED_TYPE, "\"a\"");
	assert_bad(f, "-principal.on == 1", VALIDATE_UNEXPECTED_TYPE, "principal.on");
	assert_bad(f, "principal.n", VALIDATE_UNEXPECTED_TYPE, "principal.n");
	assert_bad(f, "principal.on && principal.n", VALIDATE_UNEXPECTED_TYPE, "principal.n");
	assert_bad(f, "!principal.n", VALIDATE_UNEXPECTED_TYPE, "principal.n");
	assert_bad(f, "if 1 then true else false", VALIDATE_UNEXPECTED_TYPE, "1");
	assert_bad(f, "principal.n like \"a\"", VALIDATE_UNEXPECTED_TYPE, "principal.n");
	assert_bad(f, "principal.n.x == 1", VALIDATE_UNEXPECTED_TYPE, "principal.n");
	assert_bad(f, "principal.n has x", VALIDATE_UNEXPECTED_TYPE, "principal.n");
	assert_bad(f, "principal.n is User", VALIDATE_UNEXPECTED_TYPE, "principal.n");
	assert_bad(f, "principal in principal.n", VALIDATE_UNEXPECTED_TYPE, "principal.n");
	assert_bad(f, "principal in [1]", VALIDATE_UNEXPECTED_TYPE, "[1]");
	assert_bad(f, "principal.n.contains(1)", VALIDATE_UNEXPECTED_TYPE, "principal.n");
	assert_bad(f, "principal.tags.containsAll(\"a\")", VALIDATE_UNEXPECTED_TYPE, "\"a\"");
	assert_bad(f, "principal.home.isEmpty()", VALIDATE_UNEXPECTED_TYPE, "principal.home");
	assert_bad(f, "principal.hasTag(1)", VALIDATE_UNEXPECTED_TYPE, "1");
	assert_bad(f, "principal.home.hasTag(\"a\")", VALIDATE_UNEXPECTED_TYPE, "principal.home");
	assert_bad(f, "principal.ip.isInRange(principal.dec)", VALIDATE_UNEXPECTED_TYPE,
		   "principal.dec");
}

static void only_types_with_an_order_are_compared(void **state)
{
	struct validating *f = *state;

	assert_ok(f, "principal.t < principal.t && principal.d <= principal.d");
	assert_bad(f, "principal.t < principal.d", VALIDATE_UNEXPECTED_TYPE, "principal.d");
	assert_bad(f, "principal.t < principal.n", VALIDATE_UNEXPECTED_TYPE, "principal.t");
	assert_bad(f, "principal.n > \"a\"", VALIDATE_UNEXPECTED_TYPE, "\"a\"");
	assert_bad(f, "\"a\" >= principal.n", VALIDATE_UNEXPECTED_TYPE, "\"a\"");
	validating_run(f,
		       "permit(principal is User, action, resource) when { principal.dec < "
		       "principal.name };",
		       true);
	assert_int_equal(f->count, 2);
	parsed_deinit(&f->parsed);
}

static void strict_equality_needs_types_that_go_together(void **state)
{
	struct validating *f = *state;

	assert_ok(f, "principal.n == 1 && principal.name != \"a\"");
	assert_bad_when_strict(f, "principal.n == \"a\"", VALIDATE_INCOMPATIBLE,
			       "principal.n == \"a\"");
	assert_bad_when_strict(f, "principal.n != \"a\"", VALIDATE_INCOMPATIBLE,
			       "principal.n != \"a\"");
	assert_bad_when_strict(f, "principal.tags.contains(1)", VALIDATE_INCOMPATIBLE,
			       "principal.tags.contains(1)");
	assert_bad_when_strict(f, "principal.tags.containsAny([1])", VALIDATE_INCOMPATIBLE,
			       "principal.tags.containsAny([1])");
	assert_bad(f, "[1, \"a\"].isEmpty()", VALIDATE_INCOMPATIBLE, "[1, \"a\"]");
	assert_bad_when_strict(f, "[principal, resource].isEmpty()", VALIDATE_INCOMPATIBLE,
			       "[principal, resource]");
	assert_bad(f, "(if principal.on then 1 else \"a\") == 1", VALIDATE_INCOMPATIBLE,
		   "if principal.on then 1 else \"a\"");
	assert_bad_when_strict(f, "{a: 1} == {b: 1}", VALIDATE_INCOMPATIBLE, "{a: 1} == {b: 1}");
	assert_bad_when_strict(f, "[].isEmpty()", VALIDATE_EMPTY_SET, "[]");
}

static void permissive_records_join_to_what_they_share(void **state)
{
	struct validating *f = *state;

	assert_condition_valid(f, "(if principal.on then {a: 1, b: 2} else {a: 3, c: true}).a == 1",
			       false);
	assert_bad_in(f, false, "(if principal.on then {a: 1, b: 2} else {a: 3, c: true}).b == 1",
		      VALIDATE_NO_ATTRIBUTE,
		      "(if principal.on then {a: 1, b: 2} else {a: 3, c: true}).b");
	/* The record might have more than is known of it. */
	assert_condition_valid(f,
			       "(if principal.on then {a: 1, b: 2} else {a: 3}) has b && "
			       "principal.on",
			       false);
	assert_condition_valid(f, "(if principal.on then principal else resource).n == 1", false);
	assert_bad_in(f, false, "(if principal.on then principal else resource).name == \"a\"",
		      VALIDATE_NO_ATTRIBUTE, "(if principal.on then principal else resource).name");
}

static void what_cannot_be_reached_is_not_checked(void **state)
{
	struct validating *f = *state;

	assert_ok(f, "true || 1");
	assert_ok(f, "principal.on || true || 1 + \"a\" == 3");
	assert_ok(f, "if true then true else 1");
	assert_ok(f, "if false then 1 else true");
	assert_ok(f, "principal is User || principal.nonsense");
	assert_impossible(f, "false && 1");
	assert_impossible(f, "principal.on && false && 1");
	assert_impossible(f, "1 == 2");
	assert_impossible(f, "\"a\" == 1");
	assert_impossible(f, "User::\"a\" == User::\"b\"");
	assert_impossible(f, "principal == resource");
	assert_impossible(f, "principal is Doc && principal.nonsense");
	assert_impossible(f, "principal in resource");
	assert_impossible(f, "principal in [resource]");
	assert_impossible(f, "action in Action::\"alone\"");
	assert_impossible(f, "action == Action::\"write\"");
	assert_impossible(f, "principal has nonsense && principal.nonsense == 1");
	assert_impossible(f, "!(context has y)");
	assert_impossible(f, "Color::\"red\".hasTag(\"k\")");
	assert_ok(f, "action in [Action::\"all\"] || 1 == 1 || 1");
	assert_condition_valid(f, "action in [User::\"a\", Action::\"all\"] || 1", false);
	assert_ok(f, "User::\"a\" == User::\"a\" && action == Action::\"read\"");
	assert_ok(f, "principal in principal.g && principal.g in Group::\"x\"");
}

static void optional_attributes_need_a_test(void **state)
{
	struct validating *f = *state;

	assert_bad(f, "principal.o == \"a\"", VALIDATE_UNSAFE_ATTRIBUTE, "principal.o");
	assert_ok(f, "principal has o && principal.o == \"a\"");
	assert_ok(f, "principal has \"o\" && principal[\"o\"] == \"a\"");
	assert_ok(f, "if principal has o then principal.o == \"a\" else false");
	assert_bad(f, "if principal has o then true else principal.o == \"a\"",
		   VALIDATE_UNSAFE_ATTRIBUTE, "principal.o");
	assert_bad(f, "principal.o == \"a\" && principal has o", VALIDATE_UNSAFE_ATTRIBUTE,
		   "principal.o");
	assert_bad(f, "principal has o || principal.o == \"a\"", VALIDATE_UNSAFE_ATTRIBUTE,
		   "principal.o");
	assert_bad(f, "!(principal has o) && principal.o == \"a\"", VALIDATE_UNSAFE_ATTRIBUTE,
		   "principal.o");
	assert_bad(f, "(principal has o) == true && principal.o == \"a\"",
		   VALIDATE_UNSAFE_ATTRIBUTE, "principal.o");
	assert_ok(f, "(principal has o || (principal has o && principal.on)) && principal.o == "
		     "\"a\"");
	assert_bad(f, "(principal has o || principal.n == 1) && principal.o == \"a\"",
		   VALIDATE_UNSAFE_ATTRIBUTE, "principal.o");
	assert_ok(f, "(principal.on && principal has o) && (principal.on && principal.o == \"a\")");
	assert_ok(f, "(if principal.on then principal has o else (principal has o && "
		     "principal.on)) && principal.o == \"a\"");
	assert_ok(f, "context has x && context.x == 1");
	assert_ok(f, "resource.owner has o && resource.owner.o == \"a\"");
	assert_bad(f, "principal has o && resource.owner.o == \"a\"", VALIDATE_UNSAFE_ATTRIBUTE,
		   "resource.owner.o");
	assert_bad(f, "principal.home.zip == 1", VALIDATE_UNSAFE_ATTRIBUTE, "principal.home.zip");
}

static void a_path_of_has_tests_each_step(void **state)
{
	struct validating *f = *state;

	assert_ok(f, "principal has home.zip && principal.home.zip == 1");
	assert_ok(f, "principal has boss.boss.o && principal.boss.boss.o == \"a\"");
	assert_bad(f, "principal has boss.boss && principal.boss.boss.o == \"a\"",
		   VALIDATE_UNSAFE_ATTRIBUTE, "principal.boss.boss.o");
	assert_bad(f, "principal has n.x", VALIDATE_UNEXPECTED_TYPE, "principal has n.x");
	assert_impossible(f, "principal has home.nonsense.x");
	assert_impossible(f, "principal has nonsense.x");
}

static void what_several_conditions_have_tested_adds_up(void **state)
{
	struct validating *f = *state;

	assert_policy_valid(
		f,
		"permit(principal is User, action, resource) when { principal has o } when { "
		"principal.o == \"a\" };",
		true);
	assert_finding(f,
		       "permit(principal is User, action, resource) unless { principal has o } "
		       "when { principal.o == \"a\" };",
		       true, VALIDATE_UNSAFE_ATTRIBUTE, "principal.o");
	assert_finding(f,
		       "permit(principal is User, action, resource) when { principal.o == \"a\" } "
		       "when { principal has o };",
		       true, VALIDATE_UNSAFE_ATTRIBUTE, "principal.o");
}

static void tags_need_a_test(void **state)
{
	struct validating *f = *state;

	assert_ok(f, "principal.hasTag(\"k\") && principal.getTag(\"k\") == \"v\"");
	assert_ok(f, "principal.hasTag(principal.name) && principal.getTag(principal.name) like "
		     "\"v*\"");
	assert_bad(f, "principal.getTag(\"k\") == \"v\"", VALIDATE_UNSAFE_TAG,
		   "principal.getTag(\"k\")");
	assert_bad(f, "principal.hasTag(\"j\") && principal.getTag(\"k\") == \"v\"",
		   VALIDATE_UNSAFE_TAG, "principal.getTag(\"k\")");
	assert_bad(f,
		   "principal has k && principal.getTag(\"q\") == \"v\" || principal.getTag(\"k\")"
		   " == \"v\"",
		   VALIDATE_UNSAFE_TAG, "principal.getTag(\"k\")");
}

static void attributes_are_named_by_their_path(void **state)
{
	static const struct {
		const char *condition, *message;
	} cases[] = {
		{"principal.nam == \"a\"", "User has no attribute `nam`; did you mean `name`?"},
		{"principal.home.citi == \"a\"",
		 "User has no attribute `home.citi`; did you mean `city`?"},
		{"resource.owner.home.zzzz == 1", "User has no attribute `home.zzzz`"},
		{"context.zzzz == 1", "the context of the action \"read\" has no attribute `zzzz`"},
		{"context.x == 1",
		 "the attribute `x` of the context of the action \"read\" is optional; test for "
		 "it first with `has`"},
		{"principal.home.zip == 1",
		 "the attribute `home.zip` of User is optional; test for it first with `has`"},
		{"{a: 1}.zzzz == 1", "{a: Long} has no attribute `zzzz`"},
	};
	struct validating *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf text;

		buf_init(&text, SIZE_MAX);
		write_policy(&text, cases[i].condition);
		assert_int_equal(validating_run(f, buf_text(&text), true), ERR_INVALID);
		assert_str_equal(f->parsed.diags.first->message, cases[i].message);
		parsed_deinit(&f->parsed);
		buf_deinit(&text);
	}
}

static void constructors_are_checked_by_what_they_parse(void **state)
{
	struct validating *f = *state;

	assert_ok(f, "principal.ip.isInRange(ip(\"10.0.0.0/8\")) && principal.dec.lessThan("
		     "decimal(\"1.5\"))");
	assert_bad(f, "ip(\"zz\").isIpv4()", VALIDATE_BAD_LITERAL, "\"zz\"");
	assert_bad(f, "principal.t == datetime(\"2024\")", VALIDATE_BAD_LITERAL, "\"2024\"");
	assert_bad(f, "ip(\"::1\", \"::2\").isIpv4()", VALIDATE_ARITY, "ip(\"::1\", \"::2\")");
	assert_bad(f, "principal.ip.isIpv4(1)", VALIDATE_ARITY, "principal.ip.isIpv4(1)");
	assert_bad_when_strict(f, "ip(principal.name).isIpv4()", VALIDATE_NOT_LITERAL,
			       "ip(principal.name)");
	assert_bad(f, "ip(1).isIpv4()", VALIDATE_UNEXPECTED_TYPE, "1");
}

static void everything_named_must_be_declared(void **state)
{
	struct validating *f = *state;

	assert_bad(f, "principal == Usr::\"a\"", VALIDATE_UNKNOWN_TYPE, "Usr::\"a\"");
	assert_bad(f, "principal is Usr || principal.on", VALIDATE_UNKNOWN_TYPE, "Usr");
	assert_bad(f, "principal.on || action == Action::\"nope\"", VALIDATE_UNKNOWN_ACTION,
		   "Action::\"nope\"");
	assert_bad(f, "principal.on || Color::\"pink\" == Color::\"red\"", VALIDATE_BAD_ENUM_ID,
		   "Color::\"pink\"");
	assert_finding(f, "permit(principal == Color::\"red\", action, resource);", true,
		       VALIDATE_INAPPLICABLE, "principal == Color::\"red\", action, resource");
}

static void a_namespace_that_is_missing_or_wrong_is_suggested(void **state)
{
	static const char text[] =
		"namespace N { entity User; entity Doc;"
		" action read appliesTo { principal: [User], resource: [Doc] }; }";
	static const struct {
		const char *policy, *message;
	} cases[] = {
		{"permit(principal == User::\"a\", action, resource);",
		 "there is no entity type `User`; did you mean `N::User`?"},
		{"permit(principal == M::User::\"a\", action, resource);",
		 "there is no entity type `M::User`; did you mean `N::User`?"},
		{"permit(principal, action == Action::\"read\", resource);",
		 "there is no action Action::\"read\"; did you mean N::Action::\"read\"?"},
		{"permit(principal, action == N::Action::\"raed\", resource);",
		 "there is no action N::Action::\"raed\"; did you mean \"read\"?"},
	};
	struct validating f = {0};
	struct cedar_diags diags;

	(void)state;
	cedar_diags_init(&diags);
	assert_int_equal(
		cedar_schema_read(STR("s"), str_from(text), CEDAR_SCHEMA_TEXT, &diags, &f.schema),
		ERR_NONE);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(validating_run(&f, cases[i].policy, true), ERR_INVALID);
		if (!str_equal(f.parsed.diags.first->message, str_from(cases[i].message)))
			validating_fail(&f, cases[i].policy, cases[i].message);
		parsed_deinit(&f.parsed);
	}
	cedar_schema_free(f.schema);
	cedar_diags_deinit(&diags);
}

static void scopes_must_admit_an_action_that_applies(void **state)
{
	static const struct {
		const char *scope;
		bool applicable;
	} cases[] = {
		{"principal, action, resource", true},
		{"principal == User::\"a\", action, resource", true},
		{"principal in Group::\"a\", action, resource", true},
		{"principal in User::\"a\", action, resource", true},
		{"principal is User in Group::\"a\", action, resource", true},
		{"principal is User in Doc::\"a\", action, resource", false},
		{"principal is Robot in Group::\"a\", action, resource", false},
		{"principal is Robot, action, resource", true},
		{"principal is Robot, action == Action::\"build\", resource", true},
		{"principal is Robot, action in Action::\"all\", resource", true},
		{"principal is Robot, action in [Action::\"read\"], resource", false},
		{"principal is Robot, action in [Action::\"read\", Action::\"build\"], resource",
		 true},
		{"principal, action == Action::\"all\", resource", false},
		{"principal, action == Action::\"alone\", resource", false},
		{"principal, action in Action::\"all\", resource", true},
		{"principal, action, resource is Doc", true},
		{"principal, action, resource is User", false},
		{"principal, action, resource in Doc::\"a\"", true},
		{"principal == ?principal, action, resource in ?resource", true},
		{"principal is Doc in ?principal, action, resource", false},
	};
	struct validating *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf text;
		bool reported = false;
		enum error error;

		buf_init(&text, SIZE_MAX);
		buf_printf(&text, "permit(%s);", cases[i].scope);
		error = validating_run(f, buf_text(&text), true);
		for (uint32_t k = 0; k < f->count; k++)
			reported = reported || f->kinds[k] == VALIDATE_INAPPLICABLE;
		if (reported == cases[i].applicable || (error == ERR_NONE) == reported)
			validating_fail(f, buf_text(&text), "applicable?");
		parsed_deinit(&f->parsed);
		buf_deinit(&text);
	}
}

static void an_inapplicable_policy_can_be_a_warning(void **state)
{
	struct validate_options options = {.strict = true, .inapplicable_is_warning = true};
	struct validating *f = *state;

	parsed_init(&f->parsed, STR("permit(principal, action == Action::\"all\", resource);"),
		    NULL);
	assert_int_equal(validate_policy(f->schema, parsed_policy(&f->parsed), NULL, &options,
					 &f->parsed.arena, &f->parsed.diags),
			 ERR_NONE);
	assert_int_equal(f->parsed.diags.error_count, 0);
	assert_int_equal(f->parsed.diags.warning_count, 1);
	parsed_deinit(&f->parsed);
}

static void an_empty_list_of_actions_has_no_type(void **state)
{
	struct validating *f = *state;

	validating_run(f, "permit(principal, action in [], resource);", true);
	assert_int_equal(f->count, 2);
	assert_int_equal(f->kinds[0], VALIDATE_INAPPLICABLE);
	assert_int_equal(f->kinds[1], VALIDATE_EMPTY_SET);
	parsed_deinit(&f->parsed);
}

static void an_error_of_one_environment_is_an_error_of_the_policy(void **state)
{
	struct validating *f = *state;

	/* A Robot has no name, a User has no `extra`. */
	assert_finding(f, "permit(principal, action, resource) when { principal.name == \"a\" };",
		       true, VALIDATE_NO_ATTRIBUTE, "principal.name");
	assert_policy_valid(f,
			    "permit(principal, action, resource) when { principal is User && "
			    "principal.name == \"a\" };",
			    true);
	assert_policy_valid(f,
			    "permit(principal, action, resource) when { if principal is Robot then "
			    "principal.extra == 1 else principal.name == \"a\" };",
			    true);
	/* `context.y` exists for two of the three actions. */
	assert_finding(f, "permit(principal, action, resource) when { context.y };", true,
		       VALIDATE_NO_ATTRIBUTE, "context.y");
	assert_policy_valid(
		f,
		"permit(principal, action in [Action::\"read\", Action::\"write\"], resource) "
		"when { context.y };",
		true);
}

static void text_that_deceives_the_eye_is_a_warning(void **state)
{
	struct validating *f = *state;

	assert_finding(f,
		       "permit(principal is User, action, resource) when { principal.name == "
		       "\"\xe2\x80\xaegnp.exe\" };",
		       true, VALIDATE_SUSPICIOUS_TEXT, "\"\xe2\x80\xaegnp.exe\"");
}

/* Links, through an engine. */

static enum error validate_link(struct validating *f, struct str principal_type,
				struct cedar_diags *diags)
{
	struct cedar_engine *engine = NULL;
	const struct cedar_link link = {
		STR("t"), STR("l"), {{STR("?principal"), principal_type, STR("a")}}, 1};
	enum error error;

	cedar_diags_init(diags);
	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &engine), ERR_NONE);
	assert_int_equal(cedar_engine_add_policies(engine, STR("p"),
						   STR("@id(\"t\") permit(principal is User in "
						       "?principal, action, resource);"),
						   CEDAR_IDS_FROM_ANNOTATION, diags),
			 ERR_NONE);
	assert_int_equal(cedar_engine_validate(engine, f->schema, NULL, diags), ERR_NONE);
	assert_int_equal(cedar_engine_link(engine, &link, diags), ERR_NONE);
	error = cedar_engine_validate(engine, f->schema, NULL, diags);
	cedar_engine_free(engine);
	return error;
}

static void links_are_checked_for_what_they_put_into_slots(void **state)
{
	struct validating *f = *state;
	struct cedar_diags diags;

	assert_int_equal(validate_link(f, STR("Group"), &diags), ERR_NONE);
	cedar_diags_deinit(&diags);
	assert_int_equal(validate_link(f, STR("Doc"), &diags), ERR_INVALID);
	assert_int_equal(diags.error_count, 1);
	cedar_diags_deinit(&diags);
	assert_int_equal(validate_link(f, STR("Nope"), &diags), ERR_INVALID);
	assert_int_equal(diags.error_count, 2);
	cedar_diags_deinit(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operands_must_have_the_types_of_the_operator),
		cmocka_unit_test(only_types_with_an_order_are_compared),
		cmocka_unit_test(strict_equality_needs_types_that_go_together),
		cmocka_unit_test(permissive_records_join_to_what_they_share),
		cmocka_unit_test(what_cannot_be_reached_is_not_checked),
		cmocka_unit_test(optional_attributes_need_a_test),
		cmocka_unit_test(a_path_of_has_tests_each_step),
		cmocka_unit_test(what_several_conditions_have_tested_adds_up),
		cmocka_unit_test(tags_need_a_test),
		cmocka_unit_test(attributes_are_named_by_their_path),
		cmocka_unit_test(constructors_are_checked_by_what_they_parse),
		cmocka_unit_test(everything_named_must_be_declared),
		cmocka_unit_test(a_namespace_that_is_missing_or_wrong_is_suggested),
		cmocka_unit_test(scopes_must_admit_an_action_that_applies),
		cmocka_unit_test(an_inapplicable_policy_can_be_a_warning),
		cmocka_unit_test(an_empty_list_of_actions_has_no_type),
		cmocka_unit_test(an_error_of_one_environment_is_an_error_of_the_policy),
		cmocka_unit_test(text_that_deceives_the_eye_is_a_warning),
		cmocka_unit_test(links_are_checked_for_what_they_put_into_slots),
	};

	return cmocka_run_group_tests(tests, validating_setup, validating_teardown);
}
