/* docs/policy.md says what the code does: its tables are compared with those of the code. */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "authz/obligations.h"
#include "authz/operation.h"
#include "authz/schema.h"
#include "base/attributes.h"
#include "base/buf.h"

enum { PAGE_MAX_BYTES = 1 << 20, TEXT_MAX_BYTES = 64 * 1024 };

static char page[PAGE_MAX_BYTES];

static int read_page(void **state)
{
	FILE *file = fopen(POLICY_PAGE, "rb");
	size_t length;

	(void)state;
	assert_non_null(file);
	length = fread(page, 1, sizeof(page) - 1, file);
	page[length] = '\0';
	assert_int_equal(fclose(file), 0);
	return 0;
}

/* What stands between "<!-- name -->" and "<!-- end -->". */
static struct str block(const char *name)
{
	char mark[64];
	const char *start, *end;

	(void)snprintf(mark, sizeof(mark), "<!-- %s -->\n", name);
	start = strstr(page, mark);
	assert_non_null(start);
	start += strlen(mark);
	end = strstr(start, "<!-- end -->");
	assert_non_null(end);
	return str_make(start, (size_t)(end - start));
}

/* Fails with what should stand there. */
static void expect_block(const char *name, struct buf *expected)
{
	struct str found = block(name);

	if (!str_equal(found, buf_str(expected))) {
		(void)fprintf(stderr, "%s", buf_text(expected));
		fail_msg("docs/policy.md: the table \"%s\" must be as above", name);
	}
	buf_deinit(expected);
}

static void action_uris_are_those_of_the_code(void **state)
{
	struct buf expected;
	struct str uri;
	enum action action;

	(void)state;
	buf_init(&expected, TEXT_MAX_BYTES);
	buf_append_str(&expected, STR("| action URI | action |\n|---|---|\n"));
	for (size_t i = 0; operation_action_row(i, &uri, &action); i++)
		buf_printf(&expected, "| `%.*s` | `%.*s`%s |\n", STR_ARGS(uri),
			   STR_ARGS(action_name(action)),
			   action == ACTION_CREATE
				   ? "; on a resource of the families PowerShell and Cmd "
				     "`CreateShell`"
				   : "");
	buf_printf(&expected, "| any other | `%.*s` |\n", STR_ARGS(action_name(ACTION_INVOKE)));
	expect_block("actions", &expected);
}

static void families_are_those_of_the_code(void **state)
{
	enum resource_family family;
	struct buf expected;
	struct str prefix;

	(void)state;
	buf_init(&expected, TEXT_MAX_BYTES);
	buf_append_str(&expected, STR("| URI begins with | family |\n|---|---|\n"));
	for (size_t i = 0; operation_family_row(i, &prefix, &family); i++)
		buf_printf(&expected, "| `%.*s` | `%.*s` |\n", STR_ARGS(prefix),
			   STR_ARGS(resource_family_name(family)));
	buf_printf(&expected, "| anything else | `%.*s` |\n",
		   STR_ARGS(resource_family_name(FAMILY_OTHER)));
	expect_block("families", &expected);
}

static void aliases_are_those_of_the_code(void **state)
{
	struct str alias, prefix;
	struct buf expected;

	(void)state;
	buf_init(&expected, TEXT_MAX_BYTES);
	buf_append_str(&expected, STR("| alias | stands for |\n|---|---|\n"));
	for (size_t i = 0; operation_alias_row(i, &alias, &prefix); i++)
		buf_printf(&expected, "| `%.*s` | `%.*s` |\n", STR_ARGS(alias), STR_ARGS(prefix));
	expect_block("aliases", &expected);
}

static size_t count_lines(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += text.ptr[i] == '\n';
	return count;
}

/* Takes the next line off a block. */
static struct str take_line(struct str *text)
{
	const char *end = str_find_byte(*text, '\n');
	struct str line;

	assert_non_null(end);
	line = str_make(text->ptr, (size_t)(end - text->ptr));
	*text = str_make(end + 1, text->length - line.length - 1);
	return line;
}

static void expect_row(struct str line, const char *start)
{
	if (!str_starts_with(line, str_from(start)))
		fail_msg("docs/policy.md: a row must begin with:\n%s\nbut is:\n%.*s", start,
			 STR_ARGS(line));
}

static void obligations_are_those_of_the_registry(void **state)
{
	struct str table = block("obligations"), key;
	bool on_permit, on_forbid;
	size_t count = 0;

	(void)state;
	(void)take_line(&table);
	(void)take_line(&table);
	for (; obligations_row(count, &key, &on_permit, &on_forbid); count++) {
		char start[128];

		(void)snprintf(start, sizeof(start), "| `@%.*s` | %s |", STR_ARGS(key),
			       on_permit && on_forbid ? "both"
			       : on_permit            ? "permit"
						      : "forbid");
		assert_true(count < count_lines(block("obligations")) - 2);
		expect_row(take_line(&table), start);
	}
	assert_int_equal(table.length, 0);
}

/* The attributes of a type of the schema, "  name?: Type, // ..", each as a row of the page with the
 * types in place that are described by rows of their own. */
static void expect_attributes(struct str *table, const char *declaration, const char *prefix);

static void expect_nested(struct str *table, const char *path, struct str type)
{
	if (str_equal(type, STR("Url")))
		expect_attributes(table, "type Url = {\n", path);
	else if (str_equal(type, STR("Certificate")))
		expect_attributes(table, "type Certificate = {\n", path);
}

static void expect_attribute(struct str *table, struct str line, const char *prefix)
{
	const char *colon = str_find_byte(line, ':');
	struct str name = str_make(line.ptr + 2, (size_t)(colon - line.ptr) - 2);
	bool optional = str_ends_with(name, STR("?"));
	const char *comma = str_find_byte(line, ',');
	struct str type = str_make(colon + 2, (size_t)(comma - colon) - 2);
	char row[256], path[128];

	name.length -= optional;
	(void)snprintf(path, sizeof(path), "%s.%.*s", prefix, STR_ARGS(name));
	if (str_equal(type, STR("Session"))) {
		expect_attributes(table, "type Session = {\n", path);
		return;
	}
	(void)snprintf(row, sizeof(row), "| `%s` | %.*s%s |", path, STR_ARGS(type),
		       optional ? ", optional" : "");
	expect_row(take_line(table), row);
	expect_nested(table, path, type);
}

static void expect_attributes(struct str *table, const char *declaration, const char *prefix)
{
	struct str rest = schema_text();

	while (rest.length != 0 && !str_starts_with(rest, str_from(declaration)))
		rest = str_make(rest.ptr + 1, rest.length - 1);
	assert_true(rest.length != 0);
	(void)take_line(&rest);
	for (struct str line = take_line(&rest); !str_starts_with(line, STR("}"));
	     line = take_line(&rest)) {
		if (str_find_byte(line, ':') != NULL)
			expect_attribute(table, line, prefix);
	}
}

static void attributes_are_those_of_the_schema(void **state)
{
	struct str table = block("attributes");

	(void)state;
	(void)take_line(&table);
	(void)take_line(&table);
	expect_attributes(&table, "entity User in [Group] = {\n", "principal");
	expect_attributes(&table,
			  "entity Resource in [Resource, ResourceFamily, Application] = {\n",
			  "resource");
	expect_attributes(&table, "type Operation = {\n", "context");
	assert_int_equal(table.length, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(action_uris_are_those_of_the_code),
		cmocka_unit_test(families_are_those_of_the_code),
		cmocka_unit_test(aliases_are_those_of_the_code),
		cmocka_unit_test(obligations_are_those_of_the_registry),
		cmocka_unit_test(attributes_are_those_of_the_schema),
	};

	return cmocka_run_group_tests_name("policy_page", tests, read_page, NULL);
}
