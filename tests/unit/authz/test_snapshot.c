#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "authz/snapshot.h"
#include "base/attributes.h"
#include "diags.h"
#include "support/fault.h"

#define PERMIT "permit(principal, action, resource);\n"

/* A slice of a literal where only constants may stand. */
#define STR_INIT(text)                                                                             \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct hash_key key = {1, 2};

/* What building some files came to. */
struct outcome {
	enum error error;
	struct snapshot *snapshot;
	struct cedar_diags diags;
	struct buf said;
};

static int setup(void **state)
{
	static struct outcome outcome;

	outcome = (struct outcome){.error = ERR_NONE};
	buf_init(&outcome.said, SIZE_MAX);
	cedar_diags_init(&outcome.diags);
	*state = &outcome;
	return 0;
}

static int teardown(void **state)
{
	struct outcome *outcome = *state;

	snapshot_unref(outcome->snapshot);
	cedar_diags_deinit(&outcome->diags);
	buf_deinit(&outcome->said);
	return 0;
}

static void build(struct outcome *outcome, const struct snapshot_file *files, size_t count)
{
	snapshot_unref(outcome->snapshot);
	outcome->snapshot = NULL;
	cedar_diags_deinit(&outcome->diags);
	cedar_diags_init(&outcome->diags);
	outcome->error = snapshot_new(files, count, NULL, key, &outcome->diags, &outcome->snapshot);
	buf_clear(&outcome->said);
	diags_print(&outcome->said, &outcome->diags);
}

static void build_one(struct outcome *outcome, const char *name, const char *text)
{
	struct snapshot_file file = {str_from(name), str_from(text)};

	build(outcome, &file, 1);
}

static void assert_refused(const struct outcome *outcome, enum error error, const char *said)
{
	assert_int_equal(outcome->error, error);
	assert_null(outcome->snapshot);
	assert_true(outcome->diags.error_count > 0);
	assert_str_equal(buf_str(&outcome->said), said);
}

static void policies_of_all_files_are_numbered_in_the_order_of_the_file_names(void **state)
{
	static const struct snapshot_file files[] = {
		{{"b.cedar", 7}, STR_INIT(PERMIT)},
		{{"a.cedar", 7}, STR_INIT(PERMIT "@id(\"x\") " PERMIT)},
	};
	struct outcome *outcome = *state;
	const struct cedar_engine *engine;

	build(outcome, files, 2);
	assert_int_equal(outcome->error, ERR_NONE);
	engine = snapshot_engine(outcome->snapshot);
	assert_int_equal(cedar_policy_count(engine), 3);
	assert_str_equal(cedar_policy_at(engine, 0)->id, "a.cedar#0");
	assert_str_equal(cedar_policy_at(engine, 1)->id, "x");
	assert_str_equal(cedar_policy_at(engine, 2)->id, "b.cedar#0");
}

static void a_revision_has_its_number_and_obligations(void **state)
{
	struct outcome *outcome = *state;

	build_one(outcome, "a.cedar", PERMIT "@max_shells(\"3\") " PERMIT);
	assert_int_equal(outcome->error, ERR_NONE);
	assert_int_equal(snapshot_revision(outcome->snapshot), 0);
	snapshot_set_revision(outcome->snapshot, 42);
	assert_int_equal(snapshot_revision(outcome->snapshot), 42);
	assert_int_equal(snapshot_obligations(outcome->snapshot, 0)->grant.quota.max_shells, 0);
	assert_int_equal(snapshot_obligations(outcome->snapshot, 1)->grant.quota.max_shells, 3);
}

static void a_snapshot_lives_until_its_last_reference(void **state)
{
	struct outcome *outcome = *state;
	struct snapshot *other;

	build_one(outcome, "a.cedar", PERMIT);
	other = snapshot_ref(outcome->snapshot);
	snapshot_unref(outcome->snapshot);
	outcome->snapshot = NULL;
	assert_int_equal(cedar_policy_count(snapshot_engine(other)), 1);
	snapshot_unref(other);
	snapshot_unref(NULL);
}

static void an_empty_set_is_refused(void **state)
{
	build(*state, NULL, 0);
	assert_refused(*state, ERR_INVALID,
		       "policy directory: error: there is no policy (*.cedar), so that everything "
		       "would be denied; write one as wsauthz-policy(5) says, or, if that is "
		       "meant: forbid (principal, action, resource);\n");
	build_one(*state, "a.cedar", "// nothing\n");
	assert_int_equal(((struct outcome *)*state)->error, ERR_INVALID);
}

static void templates_without_links_are_no_policy(void **state)
{
	build_one(*state, "a.cedar", "permit(principal == ?principal, action, resource);");
	assert_int_equal(((struct outcome *)*state)->error, ERR_INVALID);
}

static void mistakes_of_all_files_are_shown_at_once(void **state)
{
	static const struct snapshot_file files[] = {
		{{"a.cedar", 7}, {"permit(", 7}},
		{{"b.cedar", 7}, {"forbid(", 7}},
	};
	struct outcome *outcome = *state;

	build(outcome, files, 2);
	assert_int_equal(outcome->error, ERR_SYNTAX);
	assert_null(outcome->snapshot);
	assert_int_equal(outcome->diags.error_count, 2);
	assert_non_null(strstr(buf_text(&outcome->said), "a.cedar:1:8: error: "));
	assert_non_null(strstr(buf_text(&outcome->said), "b.cedar:1:8: error: "));
}

static void an_id_twice_is_refused(void **state)
{
	static const struct snapshot_file files[] = {
		{{"a.cedar", 7}, STR_INIT("@id(\"x\") " PERMIT)},
		{{"b.cedar", 7}, STR_INIT("@id(\"x\") " PERMIT)},
	};

	build(*state, files, 2);
	assert_refused(*state, ERR_EXISTS,
		       "b.cedar:1:5: error: the policy id \"x\" is already in use\n"
		       "@id(\"x\") permit(principal, action, resource);\n"
		       "    ^~~\n");
}

static void a_bad_obligation_refuses_all(void **state)
{
	build_one(*state, "a.cedar", PERMIT "  @max_shells(\"0\")\n" PERMIT);
	assert_refused(*state, ERR_INVALID,
		       "a.cedar:2:15: error: @max_shells must be a number from 1 to 4294967295, or "
		       "\"unlimited\"\n"
		       "  @max_shells(\"0\")\n"
		       "              ^~~\n");
}

static void files_that_cannot_be_read_yet_are_refused(void **state)
{
	build_one(*state, "tests/a.rego", "package a\n");
	assert_refused(
		*state, ERR_UNSUPPORTED,
		"tests/a.rego: error: not a file of tests (*.json); remove the file or end its "
		"name in .txt or .md\n");
	build_one(*state, "policy.cedr", PERMIT);
	assert_refused(*state, ERR_UNSUPPORTED,
		       "policy.cedr: error: not a policy (*.cedar); remove the file or end its "
		       "name in .txt or .md\n");
}

static void documentation_and_hidden_files_are_not_wanted(void **state)
{
	(void)state;
	assert_true(snapshot_wants_file(STR("a.cedar")));
	assert_true(snapshot_wants_file(STR("sub/links.json")));
	assert_true(snapshot_wants_file(STR("typo.ceder")));
	assert_false(snapshot_wants_file(STR("README.md")));
	assert_false(snapshot_wants_file(STR("notes.txt")));
	assert_false(snapshot_wants_file(STR(".a.cedar.swp")));
	assert_false(snapshot_wants_file(STR("sub/.git/a.cedar")));
}

static void names_of_files_are_checked(void **state)
{
	static const struct snapshot_file twice[] = {
		{{"a.cedar", 7}, STR_INIT(PERMIT)},
		{{"a.cedar", 7}, STR_INIT(PERMIT)},
	};
	char name[SNAPSHOT_MAX_NAME_BYTES + 2];

	build(*state, twice, 2);
	assert_refused(*state, ERR_EXISTS, "a.cedar: error: the file is there twice\n");
	memset(name, 'a', sizeof(name));
	name[SNAPSHOT_MAX_NAME_BYTES + 1] = '\0';
	memcpy(name + SNAPSHOT_MAX_NAME_BYTES - 6, ".cedar", 7);
	build_one(*state, name, PERMIT);
	assert_int_equal(((struct outcome *)*state)->error, ERR_NONE);
	memcpy(name + SNAPSHOT_MAX_NAME_BYTES - 5, ".cedar", 7);
	build_one(*state, name, PERMIT);
	assert_int_equal(((struct outcome *)*state)->error, ERR_INVALID);
	build_one(*state, "", PERMIT);
	assert_int_equal(((struct outcome *)*state)->error, ERR_INVALID);
	build_one(*state, "\xff.cedar", PERMIT);
	assert_int_equal(((struct outcome *)*state)->error, ERR_INVALID);
}

static void there_may_be_as_many_files_as_the_bound(void **state)
{
	struct snapshot_file *files = calloc(SNAPSHOT_MAX_FILES + 1, sizeof(*files));
	struct outcome *outcome = *state;
	char(*names)[16] = calloc(SNAPSHOT_MAX_FILES + 1, sizeof(*names));

	assert_non_null(files);
	assert_non_null(names);
	for (unsigned int i = 0; i < SNAPSHOT_MAX_FILES + 1; i++) {
		snprintf(names[i], sizeof(names[i]), "%u.cedar", i);
		files[i] = (struct snapshot_file){str_from(names[i]), STR(PERMIT)};
	}
	build(outcome, files, SNAPSHOT_MAX_FILES);
	assert_int_equal(outcome->error, ERR_NONE);
	build(outcome, files, SNAPSHOT_MAX_FILES + 1);
	assert_int_equal(outcome->error, ERR_LIMIT);
	free(files);
	free(names);
}

static void the_digest_depends_on_names_and_texts_and_not_on_the_order(void **state)
{
	static const struct snapshot_file files[] = {
		{{"a", 1}, {"bc", 2}},
		{{"d", 1}, {"", 0}},
	};
	static const struct snapshot_file turned[] = {
		{{"d", 1}, {"", 0}},
		{{"a", 1}, {"bc", 2}},
	};
	static const struct snapshot_file moved[] = {
		{{"ab", 2}, {"c", 1}},
		{{"d", 1}, {"", 0}},
	};
	static const struct snapshot_file renamed[] = {
		{{"x", 1}, {"bc", 2}},
		{{"z", 1}, {"", 0}},
	};
	uint8_t digests[5][SNAPSHOT_DIGEST_BYTES];

	(void)state;
	assert_int_equal(snapshot_digest_files(files, 2, digests[0]), ERR_NONE);
	assert_int_equal(snapshot_digest_files(turned, 2, digests[1]), ERR_NONE);
	assert_int_equal(snapshot_digest_files(moved, 2, digests[2]), ERR_NONE);
	assert_int_equal(snapshot_digest_files(files, 1, digests[3]), ERR_NONE);
	assert_int_equal(snapshot_digest_files(renamed, 2, digests[4]), ERR_NONE);
	assert_memory_equal(digests[0], digests[1], SNAPSHOT_DIGEST_BYTES);
	assert_memory_not_equal(digests[0], digests[2], SNAPSHOT_DIGEST_BYTES);
	assert_memory_not_equal(digests[0], digests[3], SNAPSHOT_DIGEST_BYTES);
	assert_memory_not_equal(digests[0], digests[4], SNAPSHOT_DIGEST_BYTES);
}

static void a_snapshot_has_the_digest_of_its_files(void **state)
{
	struct snapshot_file file = {STR("a.cedar"), STR(PERMIT)};
	struct outcome *outcome = *state;
	uint8_t digest[SNAPSHOT_DIGEST_BYTES];

	build(outcome, &file, 1);
	assert_int_equal(snapshot_digest_files(&file, 1, digest), ERR_NONE);
	assert_memory_equal(snapshot_digest(outcome->snapshot), digest, sizeof(digest));
}

/* Names and links. */

static const struct snapshot_file linked[] = {
	{{"links.json", 10},
	 STR_INIT("[{\"templateId\": \"shells\", \"newId\": \"helpdesk-shells\",\n"
		  "  \"values\": {\"?principal\": {\"type\": \"WinRM::Group\", "
		  "\"id\": \"CONTOSO\\\\Helpdesk\"}}}]")},
	{{"directory.json", 14}, STR_INIT("{\"contoso\\\\HELPDESK\": \"S-1-5-21-1-2-3-2001\"}")},
	{{"templates.cedar", 15},
	 STR_INIT("@id(\"shells\") @max_shells(\"2\")\n"
		  "permit(principal in ?principal, action, resource);")},
};

static void links_use_templates_and_names(void **state)
{
	struct outcome *outcome = *state;
	const struct cedar_policy_info *policy;

	build(outcome, linked, ARRAY_COUNT(linked));
	assert_str_equal(buf_str(&outcome->said), "");
	assert_int_equal(outcome->error, ERR_NONE);
	policy = cedar_policy_at(snapshot_engine(outcome->snapshot), 0);
	assert_str_equal(policy->id, "helpdesk-shells");
	assert_str_equal(policy->template_id, "shells");
	assert_int_equal(snapshot_obligations(outcome->snapshot, 0)->grant.quota.max_shells, 2);
}

static void a_name_that_nobody_has_is_refused(void **state)
{
	build_one(*state, "a.cedar",
		  "permit(principal in WinRM::Group::\"CONTOSO\\\\Nobody\", action, resource);");
	assert_refused(
		*state, ERR_INVALID,
		"a.cedar:1:21: error: the name \"CONTOSO\\Nobody\" is unknown\n"
		"permit(principal in WinRM::Group::\"CONTOSO\\\\Nobody\", action, resource);\n"
		"                    ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n");
	build(*state, linked, 1);
	assert_int_equal(((struct outcome *)*state)->error, ERR_NOT_FOUND);
}

static void malformed_links_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[1]",
		"[{}]",
		"[{\"templateId\": \"shells\", \"newId\": \"x\"}]",
		"[{\"templateId\": \"shells\", \"newId\": \"\", \"values\": {}}]",
		"[{\"templateId\": \"shells\", \"newId\": \"a\\nb\", \"values\": {}}]",
		"[{\"templateId\": \"shells\", \"newId\": \"x\", \"values\": {}}]",
		"[{\"templateId\": \"none\", \"newId\": \"x\", \"values\": {}}]",
		"[{\"templateId\": \"shells\", \"newId\": \"x\", \"value\": {}}]",
		"[{\"templateId\": \"shells\", \"newId\": \"x\", \"values\": {\"?action\": {}}}]",
		"[{\"templateId\": \"shells\", \"newId\": \"x\", "
		"\"values\": {\"?principal\": {\"type\": \"A\"}}}]",
		"[{\"templateId\": \"shells\", \"newId\": \"x\", "
		"\"values\": {\"?principal\": {\"type\": \"A\", \"id\": 1}}}]",
		"[{\"templateId\": \"shells\", \"newId\": \"x\", "
		"\"values\": {\"?principal\": {\"type\": \"A\", \"id\": \"b\"}}}",
	};
	struct snapshot_file files[] = {linked[0], linked[1], linked[2]};
	struct outcome *outcome = *state;

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		files[0].text = str_from(texts[i]);
		build(outcome, files, ARRAY_COUNT(files));
		assert_int_not_equal(outcome->error, ERR_NONE);
		assert_true(outcome->diags.error_count > 0);
	}
}

static void malformed_directories_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{\"a\": 1}",
		"{\"a\": \"S-1-5-021\"}",
		"{\"\": \"S-1-5-21\"}",
		"{\"a\": \"S-1-5-21\", \"A\": \"S-1-5-22\"}",
		"{\"S-1-5-21\": \"S-1-5-22\"}",
		"{\"a\": \"S-1-5-21\"",
		"{\"a\": \"S-1-5-21\"} x",
	};
	struct snapshot_file files[] = {{STR("directory.json"), STR("")},
					{STR("a.cedar"), STR(PERMIT)}};
	struct outcome *outcome = *state;

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		files[0].text = str_from(texts[i]);
		build(outcome, files, ARRAY_COUNT(files));
		assert_int_not_equal(outcome->error, ERR_NONE);
		assert_true(outcome->diags.error_count > 0);
	}
	files[0].text = STR("{}");
	build(outcome, files, ARRAY_COUNT(files));
	assert_int_equal(outcome->error, ERR_NONE);
}

/* Entities. */

static const struct snapshot_file with_roles[] = {
	{{"directory.json", 14}, STR_INIT("{\"CONTOSO\\\\Helpdesk\": \"S-1-5-21-1-2-3-2001\"}")},
	{{"entities.json", 13},
	 STR_INIT("[{\"uid\": {\"type\": \"WinRM::Group\", \"id\": \"CONTOSO\\\\helpdesk\"},\n"
		  "  \"attrs\": {}, \"parents\": [{\"type\": \"WinRM::Role\", \"id\": "
		  "\"reader\"}]}]")},
	{{"roles.cedar", 11},
	 STR_INIT("permit(principal in WinRM::Role::\"reader\", action, resource);")},
};

static void roles_come_from_the_entities(void **state)
{
	build(*state, with_roles, ARRAY_COUNT(with_roles));
	assert_str_equal(buf_str(&((struct outcome *)*state)->said), "");
	assert_int_equal(((struct outcome *)*state)->error, ERR_NONE);
}

static void entities_that_requests_bring_are_refused(void **state)
{
	struct snapshot_file files[] = {with_roles[0], with_roles[1], with_roles[2]};

	files[1].text = STR("[{\"uid\": {\"__entity\": {\"type\": \"WinRM::User\", "
			    "\"id\": \"S-1-5-21-9\"}}, \"attrs\": {}, \"parents\": []}]");
	build(*state, files, ARRAY_COUNT(files));
	assert_refused(*state, ERR_SYNTAX,
		       "entities.json:1:32: error: entities of this type come with each request; "
		       "only groups, roles and applications can stand here\n"
		       "[{\"uid\": {\"__entity\": {\"type\": \"WinRM::User\", \"id\": "
		       "\"S-1-5-21-9\"}}, \"attrs\": {}, \"parents\": []}]\n"
		       "                               ^~~~~~~~~~~~~\n");
	files[1].text = STR("[{\"uid\": {\"type\": \"WinRM::Resource\", \"id\": \"x\"}, "
			    "\"attrs\": {\"uri\": \"x\"}, \"parents\": []}]");
	build(*state, files, ARRAY_COUNT(files));
	assert_int_equal(((struct outcome *)*state)->error, ERR_SYNTAX);
}

static void entities_that_the_schema_does_not_know_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[1]",
		"[{\"uid\": 1}]",
		"[{\"uid\": {\"type\": 1, \"id\": \"x\"}, \"attrs\": {}, \"parents\": []}]",
		"[{\"uid\": {\"type\": \"Role\", \"id\": \"x\"}, \"attrs\": {}, \"parents\": []}]",
		"[{\"uid\": {\"type\": \"WinRM::Group\", \"id\": \"nobody\"}, \"attrs\": {}, "
		"\"parents\": []}]",
		"[{\"uid\": {\"type\": \"WinRM::Role\", \"id\": \"x\"}, \"attrs\": {\"a\": 1}, "
		"\"parents\": []}]",
		"[{\"uid\": {\"type\": \"WinRM::Role\", \"id\": \"x\"}, \"attrs\": {}, "
		"\"parents\": [{\"type\": \"WinRM::Role\", \"id\": \"x\"}]}]",
	};
	struct snapshot_file files[] = {with_roles[0], with_roles[1], with_roles[2]};
	struct outcome *outcome = *state;

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		files[1].text = str_from(texts[i]);
		build(outcome, files, ARRAY_COUNT(files));
		assert_int_not_equal(outcome->error, ERR_NONE);
		assert_true(outcome->diags.error_count > 0);
	}
}

static void sweep(const struct snapshot_file *files, size_t count)
{
	bool fired = true;

	for (uint64_t n = 0; fired; n++) {
		struct snapshot *snapshot = NULL;
		struct cedar_diags diags;
		enum error error;

		cedar_diags_init(&diags);
		fault_arm(n, FAULT_ONCE);
		error = snapshot_new(files, count, NULL, key, &diags, &snapshot);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		assert_int_equal(snapshot == NULL, fired);
		snapshot_unref(snapshot);
		cedar_diags_deinit(&diags);
	}
}

static void without_memory_there_is_no_snapshot(void **state)
{
	(void)state;
	sweep(linked, ARRAY_COUNT(linked));
	sweep(with_roles, ARRAY_COUNT(with_roles));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(policies_of_all_files_are_numbered_in_the_order_of_the_file_names),
		TEST(a_revision_has_its_number_and_obligations),
		TEST(a_snapshot_lives_until_its_last_reference),
		TEST(an_empty_set_is_refused),
		TEST(templates_without_links_are_no_policy),
		TEST(mistakes_of_all_files_are_shown_at_once),
		TEST(an_id_twice_is_refused),
		TEST(a_bad_obligation_refuses_all),
		TEST(files_that_cannot_be_read_yet_are_refused),
		TEST(documentation_and_hidden_files_are_not_wanted),
		TEST(names_of_files_are_checked),
		TEST(there_may_be_as_many_files_as_the_bound),
		TEST(the_digest_depends_on_names_and_texts_and_not_on_the_order),
		TEST(a_snapshot_has_the_digest_of_its_files),
		TEST(links_use_templates_and_names),
		TEST(a_name_that_nobody_has_is_refused),
		TEST(malformed_links_are_refused),
		TEST(malformed_directories_are_refused),
		TEST(roles_come_from_the_entities),
		TEST(entities_that_requests_bring_are_refused),
		TEST(entities_that_the_schema_does_not_know_are_refused),
		TEST(without_memory_there_is_no_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
