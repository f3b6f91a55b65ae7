/*
 * usage: cedar_roundtrip FILE...
 *
 * Parses each file of policies, prints every policy, and parses what was printed: the trees must be
 * equal, and printing the second must give the same text. The same goes for the JSON form of each
 * policy. Formats the file, which checks the trees by itself, and formats the result: that must
 * change nothing.
 */
#include <stdio.h>

#include "cedar/parser.h"
#include "cedar/policy_json.h"
#include "cedar/print.h"
#include "text_file.h"

struct tree {
	struct arena arena;
	struct source source;
	struct cedar_diags diags;
	struct ast_policies policies;
};

static void tree_init(struct tree *tree)
{
	*tree = (struct tree){.policies = {NULL, 0}};
	arena_init(&tree->arena, 4096, SIZE_MAX);
	cedar_diags_init(&tree->diags);
}

static void tree_deinit(struct tree *tree)
{
	cedar_diags_deinit(&tree->diags);
	arena_deinit(&tree->arena);
}

static void print_diags(const struct cedar_diags *diags)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	for (const struct cedar_diag *diag = diags->first; diag != NULL; diag = diag->next)
		cedar_diag_print(&out, diag);
	printf("%s", buf_text(&out));
	buf_deinit(&out);
}

static bool tree_parse(struct tree *tree, const char *name, struct str text)
{
	enum error error = source_init(&tree->source, &tree->arena, str_from(name), text);

	if (error == ERR_NONE)
		error = parse_policies(&tree->arena, &tree->source, NULL, &tree->diags,
				       &tree->policies);
	if (error == ERR_NONE)
		return true;
	printf("%s: %s\n", name, error_text(error));
	print_diags(&tree->diags);
	return false;
}

static void print_all(struct buf *out, const struct ast_policies *policies)
{
	for (const struct ast_policy *policy = policies->first; policy != NULL;
	     policy = policy->next) {
		print_policy(out, policy);
		buf_append_byte(out, '\n');
	}
}

static bool all_equal(const struct ast_policies *a, const struct ast_policies *b)
{
	const struct ast_policy *left = a->first, *right = b->first;

	while (left != NULL && right != NULL && ast_policy_equal(left, right)) {
		left = left->next;
		right = right->next;
	}
	return left == NULL && right == NULL;
}

/* Writes a policy as JSON and reads that again. */
static bool survives_json(const char *path, const struct ast_policy *policy)
{
	struct json_writer writer;
	struct json_reader json;
	struct policy_json reader;
	struct ast_policy again;
	struct tree tree;
	struct buf text;
	enum error error;
	bool good = false;

	tree_init(&tree);
	buf_init(&text, SIZE_MAX);
	writer = json_write_to(&text);
	policy_json_write(&writer, policy);
	error = source_init(&tree.source, &tree.arena, str_from(path), buf_str(&text));
	if (error == ERR_NONE) {
		json_read_init(&json, &tree.arena, &tree.source, &tree.diags);
		policy_json_init(&reader, &json, PARSER_DEPTH);
		json_read_next(&json);
		good = policy_json_read(&reader, &again);
		error = json_read_finish(&json);
		good = good && error == ERR_NONE && ast_policy_equal(policy, &again);
		policy_json_deinit(&reader);
	}
	if (!good) {
		printf("%s: as JSON: %s\n%s\n", path, error_text(error), buf_text(&text));
		print_diags(&tree.diags);
	}
	buf_deinit(&text);
	tree_deinit(&tree);
	return good;
}

static bool all_survive_json(const char *path, const struct ast_policies *policies)
{
	for (const struct ast_policy *policy = policies->first; policy != NULL;
	     policy = policy->next) {
		if (!survives_json(path, policy))
			return false;
	}
	return true;
}

static bool formats_once(const char *path, struct str text, uint32_t width)
{
	struct buf once, twice;
	struct cedar_diags diags;
	enum error error;
	bool good;

	cedar_diags_init(&diags);
	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	error = cedar_format(str_from(path), text, width, CEDAR_FORMAT_INDENT, &once, &diags);
	if (error == ERR_NONE)
		error = cedar_format(str_from(path), buf_str(&once), width, CEDAR_FORMAT_INDENT,
				     &twice, &diags);
	good = error == ERR_NONE && str_equal(buf_str(&once), buf_str(&twice));
	if (!good)
		printf("%s: formatting: %s\n%s", path, error_text(error), buf_text(&once));
	buf_deinit(&twice);
	buf_deinit(&once);
	cedar_diags_deinit(&diags);
	return good;
}

static bool check_file(const char *path)
{
	struct buf text, printed, printed_again;
	struct tree tree, again;
	bool good = false;

	tree_init(&tree);
	tree_init(&again);
	buf_init(&text, PARSER_TEXT_BYTES);
	buf_init(&printed, SIZE_MAX);
	buf_init(&printed_again, SIZE_MAX);
	if (!text_file_read(path, &text)) {
		printf("%s: cannot be read\n", path);
		goto out;
	}
	if (!tree_parse(&tree, path, buf_str(&text)))
		goto out;
	print_all(&printed, &tree.policies);
	if (!tree_parse(&again, path, buf_str(&printed)))
		goto out;
	print_all(&printed_again, &again.policies);
	good = all_equal(&tree.policies, &again.policies) &&
	       str_equal(buf_str(&printed), buf_str(&printed_again));
	if (!good)
		printf("%s: differs after printing\n%s", path, buf_text(&printed));
	good = good && all_survive_json(path, &tree.policies) &&
	       formats_once(path, buf_str(&text), CEDAR_FORMAT_WIDTH) &&
	       formats_once(path, buf_str(&text), 1);
out:
	buf_deinit(&printed_again);
	buf_deinit(&printed);
	buf_deinit(&text);
	tree_deinit(&again);
	tree_deinit(&tree);
	return good;
}

int main(int argc, char **argv)
{
	int failure_count = 0;

	for (int i = 1; i < argc; i++)
		failure_count += !check_file(argv[i]);
	printf("%d files, %d failures\n", argc - 1, failure_count);
	return failure_count != 0;
}
