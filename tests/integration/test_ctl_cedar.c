/* wsauthzctl cedar: what it prints, and the exit codes scripts rely on. No daemon runs. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "integration/command.h"
#include "support/cmocka.h"
#include "support/tmpdir.h"

static const char schema[] = "entity Group;\n"
			     "entity User in [Group] { age?: Long };\n"
			     "entity Photo;\n"
			     "action view, edit appliesTo {\n"
			     "  principal: User, resource: Photo, context: { late?: Bool }\n"
			     "};\n";

static const char schema_json[] =
	"{\"\":{\"entityTypes\":{\"User\":{},\"Photo\":{}},\"actions\":{\"view\":{"
	"\"appliesTo\":{\"principalTypes\":[\"User\"],\"resourceTypes\":[\"Photo\"]}}}}}";

static const char policies[] =
	"@id(\"friends-view\")\n"
	"permit (principal in Group::\"friends\", action == Action::\"view\", resource);\n"
	"\n"
	"@id(\"not-late\")\n"
	"forbid (principal, action, resource) when { context has late && context.late };\n"
	"@id(\"owner-of\")\n"
	"permit (principal == ?principal, action, resource == ?resource);\n";

static const char policies_json[] =
	"{\"staticPolicies\":{\"all\":{\"effect\":\"permit\",\"principal\":{\"op\":\"All\"},"
	"\"action\":{\"op\":\"All\"},\"resource\":{\"op\":\"All\"},\"conditions\":[]}}}";

static const char entities[] =
	"[{\"uid\":{\"type\":\"User\",\"id\":\"alice\"},\"attrs\":{\"age\":30},"
	"\"parents\":[{\"type\":\"Group\",\"id\":\"friends\"}]}]";

#define ALICE " --principal 'User::\"alice\"'"
#define BOB   " --principal 'User::\"bob\"'"
#define VIEW  " --action 'Action::\"view\"' --resource 'Photo::\"cat\"'"

struct fixture {
	struct tmpdir dir;
};

static void write_file(struct fixture *f, const char *name, const char *text)
{
	tmpdir_write(&f->dir, name, text, strlen(text));
}

static int setup(void **state)
{
	struct fixture *f = malloc(sizeof(*f));

	assert_non_null(f);
	tmpdir_create(&f->dir);
	write_file(f, "app.cedarschema", schema);
	write_file(f, "schema.json", schema_json);
	write_file(f, "policies.cedar", policies);
	write_file(f, "policies.json", policies_json);
	write_file(f, "entities.json", entities);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tmpdir_remove(&f->dir);
	free(f);
	return 0;
}

/* Runs a shell command in the directory of the test. */
static int shell(struct fixture *f, const char *command)
{
	char line[2048];

	assert_true(snprintf(line, sizeof(line), "cd '%s' && %s", f->dir.path, command) <
		    (int)sizeof(line));
	return command_shell(line);
}

/* wsauthzctl cedar ARGUMENTS, with what it says on stderr. */
static int cedar(struct fixture *f, const char *arguments)
{
	char command[1024];

	assert_true(snprintf(command, sizeof(command), "%s cedar %s 2>&1", WSAUTHZCTL, arguments) <
		    (int)sizeof(command));
	return shell(f, command);
}

/* The same without stderr. */
static int cedar_stdout(struct fixture *f, const char *arguments)
{
	char command[1024];

	assert_true(snprintf(command, sizeof(command), "%s cedar %s 2>/dev/null", WSAUTHZCTL,
			     arguments) < (int)sizeof(command));
	return shell(f, command);
}

static void authorize_allows_and_denies_by_files(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		cedar(f, "authorize --policies policies.cedar --entities entities.json" ALICE VIEW),
		COMMAND_DONE);
	assert_string_equal(command_output(), "ALLOW\n");
	assert_int_equal(
		cedar(f, "authorize --policies policies.cedar --entities entities.json" BOB VIEW),
		COMMAND_DENIED);
	assert_string_equal(command_output(), "DENY\n");
}

static void letters_and_ids_are_those_of_cedars_tool(void **state)
{
	struct fixture *f = *state;

	write_file(f, "two.cedar",
		   "forbid (principal, action, resource) when { false };\n"
		   "permit (principal, action, resource);\n");
	assert_int_equal(cedar(f, "authorize -v -p two.cedar -l 'User::\"alice\"'"
				  " -a 'Action::\"view\"' -r 'Photo::\"cat\"'"),
			 0);
	command_expect("policy1 (two.cedar:2)");
}

static void verbose_names_the_determining_policies(void **state)
{
	struct fixture *f = *state;

	write_file(f, "late.json", "{\"late\": true}");
	assert_int_equal(cedar(f, "authorize --verbose --policies policies.cedar"
				  " --entities entities.json" ALICE VIEW),
			 COMMAND_DONE);
	assert_string_equal(command_output(),
			    "ALLOW\n  because of friends-view (policies.cedar:1)\n");
	assert_int_equal(cedar(f,
			       "authorize --verbose --policies policies.cedar --context late.json"
			       " --entities entities.json" ALICE VIEW),
			 COMMAND_DENIED);
	assert_string_equal(command_output(), "DENY\n  because of not-late (policies.cedar:4)\n");
	assert_int_equal(cedar(f, "authorize --verbose --policies policies.cedar" BOB VIEW),
			 COMMAND_DENIED);
	assert_string_equal(command_output(), "DENY\n  because no policy permits it\n");
}

static void authorize_in_json_is_one_object(void **state)
{
	struct fixture *f = *state;

	write_file(f, "policies.cedar",
		   "@id(\"a\") permit (principal, action, resource);\n"
		   "@id(\"b\") permit (principal, action, resource) when { context.x };\n");
	assert_int_equal(cedar(f, "authorize --json --policies policies.cedar" BOB VIEW),
			 COMMAND_DONE);
	assert_string_equal(command_output(),
			    "{\"decision\":\"allow\",\"reasons\":[\"a\"],\"errors\":[{\"policy\":"
			    "\"b\",\"message\":\"attribute not found\"}]}\n");
	assert_int_equal(cedar(f, "authorize --json --policies nowhere.cedar" BOB VIEW),
			 COMMAND_INVALID);
	command_expect("{\"valid\":false,\"errors\":1,");
	command_expect("nowhere.cedar: cannot open: No such file or directory");
}

static void a_policy_that_fails_is_shown_where_it_fails(void **state)
{
	struct fixture *f = *state;

	write_file(f, "policies.cedar",
		   "permit (principal, action, resource);  "
		   "@id(\"b\") permit (principal, action, resource)\nwhen { context.x };\n");
	assert_int_equal(cedar(f, "authorize --policies policies.cedar" BOB VIEW), COMMAND_DONE);
	command_expect("policies.cedar:2:8: warning: policy `b` does not count, it failed: "
		       "attribute not found\nwhen { context.x };\n       ^~~~~~~~~\n");
	assert_int_equal(cedar_stdout(f, "authorize --policies policies.cedar" BOB VIEW),
			 COMMAND_DONE);
	assert_string_equal(command_output(), "ALLOW\n");
}

static void a_policy_of_a_json_set_that_fails_is_named(void **state)
{
	struct fixture *f = *state;

	write_file(f, "policies.json",
		   "{\"staticPolicies\":{\"b\":"
		   "\"permit (principal, action, resource)\\nwhen { context.x };\"}}");
	assert_int_equal(
		cedar(f, "authorize --policies policies.json --policy-format json" BOB VIEW),
		COMMAND_DENIED);
	command_expect("warning: policy `b` does not count, it failed: attribute not found\n");
	command_expect("DENY\n");
}

static void a_request_can_be_a_file(void **state)
{
	struct fixture *f = *state;

	write_file(
		f, "request.json",
		"{\"principal\": \"User::\\\"alice\\\"\", \"action\": \"Action::\\\"view\\\"\",\n"
		" \"resource\": \"Photo::\\\"cat\\\"\", \"context\": {\"late\": false}}");
	assert_int_equal(cedar(f, "authorize --policies policies.cedar --entities entities.json"
				  " --request-json request.json"),
			 COMMAND_DONE);
	write_file(f, "request.json",
		   "{\"principal\": \"User\", \"action\": \"Action::\\\"view\\\"\",\n"
		   " \"resource\": \"Photo::\\\"cat\\\"\"}");
	assert_int_equal(
		cedar(f, "authorize --policies policies.cedar --request-json request.json"),
		COMMAND_INVALID);
	command_expect("request.json:1:15: error: principal: ");
	write_file(f, "request.json", "{\"principal\": \"User::\\\"alice\\\"\"}");
	assert_int_equal(
		cedar(f, "authorize --policies policies.cedar --request-json request.json"),
		COMMAND_INVALID);
	command_expect("request.json:1:1: error: ");
}

static void a_mistake_in_the_context_of_a_request_file_has_its_place(void **state)
{
	struct fixture *f = *state;

	write_file(f, "request.json",
		   "{\"principal\": \"User::\\\"\xc3\xa9\\\"\", \"action\": "
		   "\"Action::\\\"view\\\"\",\n"
		   " \"resource\": \"Photo::\\\"\xc3\xa9\\\"\", \"context\": {\"late\": null}}");
	assert_int_equal(
		cedar(f, "authorize --policies policies.cedar --request-json request.json"),
		COMMAND_INVALID);
	command_expect("request.json:2:50: error: ");
}

static void entities_on_the_command_line_are_checked(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cedar(f, "authorize --policies policies.cedar --principal User::alice"
				  " --action 'Action::\"view' --resource 'Photo::\"cat\" x'"),
			 COMMAND_INVALID);
	command_expect("--principal:1:1: error: ");
	command_expect("--action:1:9: error: ");
	command_expect("--resource:1:14: error: ");
}

static void with_a_schema_the_question_must_agree_with_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cedar(f, "authorize --policies policies.cedar --entities entities.json"
				  " --schema app.cedarschema" ALICE VIEW),
			 COMMAND_DONE);
	assert_int_equal(cedar(f, "authorize --policies policies.cedar --schema app.cedarschema"
				  " --principal 'Photo::\"cat\"'" VIEW),
			 COMMAND_INVALID);
	command_expect("request: error: ");
	write_file(f, "entities.json",
		   "[{\"uid\":{\"type\":\"User\",\"id\":\"alice\"},\"attrs\":{\"age\":\"old\"},"
		   "\"parents\":[]}]");
	assert_int_equal(cedar(f, "authorize --policies policies.cedar --entities entities.json"
				  " --schema app.cedarschema" ALICE VIEW),
			 COMMAND_INVALID);
	command_expect("entities.json:1:");
}

static void links_are_read_in_either_form(void **state)
{
	struct fixture *f = *state;
	const char *command = "authorize --verbose --policies policies.cedar"
			      " --template-linked links.json" BOB VIEW;

	write_file(f, "links.json",
		   "[{\"template_id\":\"owner-of\",\"link_id\":\"bobs-cat\",\"args\":{"
		   "\"?principal\":\"User::\\\"bob\\\"\",\"?resource\":\"Photo::\\\"cat\\\"\"}}]");
	assert_int_equal(cedar(f, command), COMMAND_DONE);
	command_expect("because of bobs-cat");
	write_file(f, "links.json",
		   "[{\"templateId\":\"owner-of\",\"newId\":\"bobs-cat\",\"values\":{"
		   "\"?principal\":{\"type\":\"User\",\"id\":\"bob\"},"
		   "\"?resource\":{\"type\":\"Photo\",\"id\":\"cat\"}}}]");
	assert_int_equal(cedar(f, command), COMMAND_DONE);
	command_expect("because of bobs-cat");
	write_file(f, "links.json", "[]");
	assert_int_equal(cedar(f, command), COMMAND_DENIED);
	write_file(f, "links.json",
		   "[{\"template_id\":\"none\",\"link_id\":\"bobs-cat\",\"args\":{}}]");
	assert_int_equal(cedar(f, command), COMMAND_INVALID);
	command_expect("none");
	write_file(f, "links.json", "[{\"template_id\":\"owner-of\",\"link_id\":\"bobs-cat\"}]");
	assert_int_equal(cedar(f, command), COMMAND_INVALID);
	command_expect("links.json:1:2: error: ");
}

static void mistakes_in_all_files_are_told_at_once(void **state)
{
	struct fixture *f = *state;

	write_file(f, "policies.cedar", "permit (principal, action);\n");
	write_file(f, "entities.json", "[{}]");
	assert_int_equal(cedar(f, "authorize --policies policies.cedar --entities entities.json"
				  " --context nowhere.json" ALICE VIEW),
			 COMMAND_INVALID);
	command_expect("policies.cedar:1:");
	command_expect("entities.json:1:");
	command_expect("--context: error: nowhere.json: cannot open");
}

static void half_a_question_is_a_usage_error(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cedar(f, "authorize --policies policies.cedar" ALICE), COMMAND_USAGE);
	assert_int_equal(cedar(f, "authorize --request-json request.json" ALICE), COMMAND_USAGE);
	assert_int_equal(cedar(f, "authorize --request-json r.json --context c.json"),
			 COMMAND_USAGE);
	assert_int_equal(cedar(f, "authorize --policy-format yaml" ALICE VIEW), COMMAND_USAGE);
	assert_int_equal(cedar(f, "authorize --help"), COMMAND_DONE);
	command_expect("--template-linked FILE");
}

static void validate_says_valid_or_what_is_wrong(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cedar(f, "validate --schema app.cedarschema --policies policies.cedar"),
			 COMMAND_DONE);
	assert_string_equal(command_output(), "valid\n");
	write_file(f, "policies.cedar",
		   "permit (principal, action, resource)\nwhen { principal.age > 17 };\n");
	assert_int_equal(cedar(f, "validate --schema app.cedarschema --policies policies.cedar"),
			 COMMAND_INVALID);
	command_expect("policies.cedar:2:8: error: ");
	command_expect("\nwhen { principal.age > 17 };\n       ^~~");
	command_expect("NOT valid: 1 error, 0 warnings\n");
	assert_int_equal(
		cedar(f, "validate --json --schema app.cedarschema --policies policies.cedar"),
		COMMAND_INVALID);
	command_expect("{\"valid\":false,\"errors\":1,\"warnings\":0,\"diagnostics\":[{"
		       "\"severity\":\"error\",\"source\":\"policies.cedar\",\"line\":2,");
}

static void validate_knows_the_json_formats(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cedar(f, "validate --schema schema.json --schema-format json"
				  " --policies policies.json --policy-format=json --json"),
			 COMMAND_DONE);
	assert_string_equal(command_output(), "{\"valid\":true,\"errors\":0,\"warnings\":0,"
					      "\"diagnostics\":[]}\n");
	assert_int_equal(cedar(f, "validate --schema schema.json --policies policies.cedar"),
			 COMMAND_INVALID);
	command_expect("schema.json:1:");
}

static void validate_reads_policies_from_standard_input(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cedar(f, "validate --schema app.cedarschema <policies.cedar"),
			 COMMAND_DONE);
	write_file(f, "policies.cedar", "permit");
	assert_int_equal(cedar(f, "validate --schema app.cedarschema <policies.cedar"),
			 COMMAND_INVALID);
	command_expect("<stdin>:1:");
}

static void permissive_validation_lets_more_pass(void **state)
{
	struct fixture *f = *state;
	const char *strict = "validate --schema app.cedarschema --policies policies.cedar"
			     " --validation-mode strict";

	write_file(f, "policies.cedar",
		   "permit (principal, action, resource) when { [] == [] };\n");
	assert_int_equal(cedar(f, strict), COMMAND_INVALID);
	assert_int_equal(cedar(f, "validate --schema app.cedarschema --policies policies.cedar"
				  " --validation-mode permissive"),
			 COMMAND_DONE);
	assert_int_equal(cedar(f, "validate --schema app.cedarschema --policies policies.cedar"
				  " --validation-mode partial"),
			 COMMAND_USAGE);
	assert_int_equal(cedar(f, "validate --policies policies.cedar"), COMMAND_USAGE);
}

static void warnings_can_be_denied(void **state)
{
	struct fixture *f = *state;

	write_file(f, "policies.cedar", "permit (principal, action, resource) when { false };\n");
	assert_int_equal(cedar(f, "validate --schema app.cedarschema --policies policies.cedar"),
			 COMMAND_DONE);
	command_expect("valid: 0 errors, 1 warning\n");
	assert_int_equal(cedar(f, "validate --schema app.cedarschema --policies policies.cedar"
				  " --deny-warnings"),
			 COMMAND_INVALID);
	command_expect("NOT valid: 0 errors, 1 warning\n");
}

static void links_are_validated_too(void **state)
{
	struct fixture *f = *state;

	write_file(f, "links.json",
		   "[{\"template_id\":\"owner-of\",\"link_id\":\"wrong\",\"args\":{"
		   "\"?principal\":\"Photo::\\\"a\\\"\",\"?resource\":\"Photo::\\\"cat\\\"\"}}]");
	assert_int_equal(cedar(f, "validate --schema app.cedarschema --policies policies.cedar"
				  " --template-linked links.json"),
			 COMMAND_INVALID);
}

static void check_parse_reads_what_it_is_given(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cedar(f, "check-parse --policies policies.cedar --schema app.cedarschema"
				  " --entities entities.json"),
			 COMMAND_DONE);
	assert_string_equal(command_output(), "valid\n");
	assert_int_equal(cedar(f, "check-parse --schema app.cedarschema </dev/null"), COMMAND_DONE);
	assert_int_equal(cedar(f, "check-parse --entities policies.cedar --json"), COMMAND_INVALID);
	command_expect("\"source\":\"policies.cedar\",\"line\":1,\"column\":1,");
	assert_int_equal(cedar(f, "check-parse <policies.cedar"), COMMAND_DONE);
	assert_int_equal(cedar(f, "check-parse <entities.json"), COMMAND_INVALID);
	command_expect("NOT valid");
	assert_int_equal(cedar(f, "check-parse --policies policies.json --policy-format json"),
			 COMMAND_DONE);
	assert_int_equal(cedar(f, "check-parse --schema app.cedarschema --template-linked x"),
			 COMMAND_USAGE);
}

static void format_prints_a_layout_that_stays_as_it_is(void **state)
{
	struct fixture *f = *state;

	write_file(f, "policies.cedar",
		   "// why\npermit(principal,action,resource)// all\nwhen{true};\n");
	assert_int_equal(cedar(f, "format --policies policies.cedar >once"), COMMAND_DONE);
	assert_int_equal(cedar(f, "format <once >twice"), COMMAND_DONE);
	assert_int_equal(shell(f, "cmp once twice && grep -c '// why\\|// all' once"), 0);
	assert_string_equal(command_output(), "2\n");
	assert_int_equal(cedar(f, "format --check --policies once"), COMMAND_DONE);
	assert_string_equal(command_output(), "");
}

static void format_heeds_the_widths(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cedar(f, "format --policies policies.cedar --line-width 30"
				  " --indent-width 5"),
			 COMMAND_DONE);
	command_expect("\n     principal");
	for (const char *line = command_output(); line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');

		assert_non_null(end);
		assert_true(end - line <= 40); /* what cannot be broken is no longer */
		line = end + 1;
	}
	assert_int_equal(cedar(f, "format --line-width 0 </dev/null"), COMMAND_USAGE);
	assert_int_equal(cedar(f, "format --line-width 10001 </dev/null"), COMMAND_USAGE);
	assert_int_equal(cedar(f, "format --line-width 10000 </dev/null"), COMMAND_DONE);
	assert_int_equal(cedar(f, "format --indent-width 65 </dev/null"), COMMAND_USAGE);
	assert_int_equal(cedar(f, "format --indent-width 64 </dev/null"), COMMAND_DONE);
}

static void format_checks_and_writes(void **state)
{
	struct fixture *f = *state;

	write_file(f, "policies.cedar", "permit(principal,action,resource);");
	assert_int_equal(cedar(f, "format --check --policies policies.cedar"), COMMAND_DENIED);
	command_expect("policies.cedar: is not formatted");
	assert_int_equal(cedar(f, "format --write --policies policies.cedar"), COMMAND_DONE);
	assert_string_equal(command_output(), "formatted policies.cedar\n");
	assert_int_equal(cedar(f, "format --check --policies policies.cedar"), COMMAND_DONE);
	assert_int_equal(cedar(f, "format --write --json --policies policies.cedar"), COMMAND_DONE);
	command_expect("{\"source\":\"policies.cedar\",\"changed\":false,\"written\":false,"
		       "\"text\":\"permit");
	assert_int_equal(shell(f, "tr -d ' ' <policies.cedar"), 0);
	assert_string_equal(command_output(), "permit(principal,action,resource);\n");
	assert_int_equal(cedar(f, "format --write </dev/null"), COMMAND_USAGE);
	assert_int_equal(cedar(f, "format --write --check --policies policies.cedar"),
			 COMMAND_USAGE);
}

static void a_file_with_a_mistake_is_not_formatted(void **state)
{
	struct fixture *f = *state;

	write_file(f, "policies.cedar", "permit(principal,action,resource) when;");
	assert_int_equal(cedar(f, "format --write --policies policies.cedar"), COMMAND_INVALID);
	command_expect("policies.cedar:1:");
	assert_int_equal(cedar_stdout(f, "format --policies policies.cedar"), COMMAND_INVALID);
	assert_string_equal(command_output(), "");
	assert_int_equal(cedar(f, "format --json --policies policies.cedar"), COMMAND_INVALID);
	command_expect("{\"valid\":false,");
	assert_int_equal(shell(f, "cat policies.cedar"), 0);
	assert_string_equal(command_output(), "permit(principal,action,resource) when;");
}

static void the_samples_are_valid_and_formatting_them_again_changes_nothing(void **state)
{
	struct fixture *f = *state;
	char command[1024];
	glob_t samples;

	assert_int_equal(glob(SOURCES "/docs/samples/*/*.cedar", 0, NULL, &samples), 0);
	for (size_t i = 0; i < samples.gl_pathc; i++) {
		const char *name = strstr(samples.gl_pathv[i], "/photos/") != NULL
					   ? SOURCES "/docs/samples/photos/photos.cedarschema"
					   : SOURCES "/schema/wsauthz.cedarschema";

		assert_true(snprintf(command, sizeof(command), "validate --schema '%s' <'%s'", name,
				     samples.gl_pathv[i]) < (int)sizeof(command));
		if (cedar(f, command) != COMMAND_DONE)
			fail_msg("%s", command_output());
		assert_true(snprintf(command, sizeof(command), "format <'%s' >once",
				     samples.gl_pathv[i]) < (int)sizeof(command));
		assert_int_equal(cedar(f, command), COMMAND_DONE);
		assert_int_equal(cedar(f, "format --check --policies once"), COMMAND_DONE);
	}
	globfree(&samples);
}

/* In the blocks of the document, lines that begin with "$ " are commands, others what they print. */
static void the_document_prints_what_the_commands_print(void **state)
{
	static const char script[] = "/^```/ { inside = $0 == \"```console\"; next }\n"
				     "inside && /^[$] / { print substr($0, 3) >\"script\"; next }\n"
				     "inside { print >\"expected\" }\n";
	struct fixture *f = *state;

	write_file(f, "split.awk", script);
	assert_int_equal(shell(f, "awk -f split.awk " SOURCES "/docs/cedar.md"), 0);
	assert_int_equal(shell(f, "grep -c wsauthzctl script"), 0);
	assert_true(strtol(command_output(), NULL, 10) >= 8);
	if (shell(f, "here=$PWD && PATH=$(dirname " WSAUTHZCTL "):$PATH && cd " SOURCES
		     " && sh \"$here/script\" 2>&1 | diff \"$here/expected\" -") != 0)
		fail_msg("%s", command_output());
}

static void a_file_at_the_limit_is_read_and_one_byte_more_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(shell(f, "{ printf '[]'; head -c 67108862 /dev/zero | tr '\\0' ' '; }"
				  " >entities.json"),
			 0);
	assert_int_equal(cedar(f, "check-parse --entities entities.json"), COMMAND_DONE);
	assert_int_equal(shell(f, "printf ' ' >>entities.json"), 0);
	assert_int_equal(cedar(f, "check-parse --entities entities.json"), COMMAND_INVALID);
	command_expect("--entities: error: entities.json: has more than 67108864 bytes");
}

#define CEDAR_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CEDAR_TEST(authorize_allows_and_denies_by_files),
		CEDAR_TEST(letters_and_ids_are_those_of_cedars_tool),
		CEDAR_TEST(verbose_names_the_determining_policies),
		CEDAR_TEST(authorize_in_json_is_one_object),
		CEDAR_TEST(a_policy_that_fails_is_shown_where_it_fails),
		CEDAR_TEST(a_policy_of_a_json_set_that_fails_is_named),
		CEDAR_TEST(a_request_can_be_a_file),
		CEDAR_TEST(a_mistake_in_the_context_of_a_request_file_has_its_place),
		CEDAR_TEST(entities_on_the_command_line_are_checked),
		CEDAR_TEST(with_a_schema_the_question_must_agree_with_it),
		CEDAR_TEST(links_are_read_in_either_form),
		CEDAR_TEST(mistakes_in_all_files_are_told_at_once),
		CEDAR_TEST(half_a_question_is_a_usage_error),
		CEDAR_TEST(validate_says_valid_or_what_is_wrong),
		CEDAR_TEST(validate_knows_the_json_formats),
		CEDAR_TEST(validate_reads_policies_from_standard_input),
		CEDAR_TEST(permissive_validation_lets_more_pass),
		CEDAR_TEST(warnings_can_be_denied),
		CEDAR_TEST(links_are_validated_too),
		CEDAR_TEST(check_parse_reads_what_it_is_given),
		CEDAR_TEST(format_prints_a_layout_that_stays_as_it_is),
		CEDAR_TEST(format_heeds_the_widths),
		CEDAR_TEST(format_checks_and_writes),
		CEDAR_TEST(a_file_with_a_mistake_is_not_formatted),
		CEDAR_TEST(the_samples_are_valid_and_formatting_them_again_changes_nothing),
		CEDAR_TEST(the_document_prints_what_the_commands_print),
		CEDAR_TEST(a_file_at_the_limit_is_read_and_one_byte_more_refused),
	};

	return cmocka_run_group_tests_name("ctl_cedar", tests, NULL, NULL);
}
