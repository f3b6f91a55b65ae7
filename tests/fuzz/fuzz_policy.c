/*
 * The policy parser on hostile bytes: it must end, stay inside the text, never report without
 * failing or fail without reporting. What it accepts must survive printing and parsing again, and
 * formatting, which must change nothing the second time.
 */
#include <assert.h>
#include <stdlib.h>

#include "cedar/parser.h"
#include "cedar/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tree {
	struct arena arena;
	struct source source;
	struct cedar_diags diags;
	struct ast_policies policies;
};

static enum error parse(struct tree *tree, struct str text)
{
	/* A depth that mutations can reach. */
	const struct cedar_limits limits = {.expression_depth = 20};
	enum error error;

	*tree = (struct tree){.policies = {NULL, 0}};
	arena_init(&tree->arena, 4096, SIZE_MAX);
	cedar_diags_init(&tree->diags);
	error = source_init(&tree->source, &tree->arena, STR("fuzz"), text);
	if (error == ERR_NONE)
		error = parse_policies(&tree->arena, &tree->source, &limits, &tree->diags,
				       &tree->policies);
	return error;
}

static void free_tree(struct tree *tree)
{
	cedar_diags_deinit(&tree->diags);
	arena_deinit(&tree->arena);
}

static void check_diags(const struct cedar_diags *diags, struct str text)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	for (const struct cedar_diag *diag = diags->first; diag != NULL; diag = diag->next) {
		assert(diag->offset <= text.length);
		assert(diag->length > 0);
		assert(diag->caret <= diag->excerpt.length);
		cedar_diag_print(&out, diag);
	}
	assert(out.failed == ERR_NONE);
	buf_deinit(&out);
}

static void check_policy(const struct ast_policy *policy)
{
	struct tree again;
	struct buf out;

	buf_init(&out, SIZE_MAX);
	print_policy(&out, policy);
	if (parse(&again, buf_str(&out)) != ERR_NONE || again.policies.count != 1 ||
	    !ast_policy_equal(policy, again.policies.first))
		abort();
	free_tree(&again);
	buf_deinit(&out);
}

static void check_format(struct str text)
{
	struct cedar_diags diags;
	struct buf once, twice;

	cedar_diags_init(&diags);
	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	if (cedar_format(STR("fuzz"), text, 20, 1, &once, &diags) != ERR_NONE ||
	    cedar_format(STR("fuzz"), buf_str(&once), 20, 1, &twice, &diags) != ERR_NONE ||
	    !str_equal(buf_str(&once), buf_str(&twice)))
		abort();
	buf_deinit(&twice);
	buf_deinit(&once);
	cedar_diags_deinit(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make((const char *)data, size);
	struct tree tree;
	enum error error = parse(&tree, text);

	assert((error != ERR_NONE) == (tree.diags.error_count > 0));
	assert(tree.diags.warning_count == 0);
	check_diags(&tree.diags, text);
	for (const struct ast_policy *policy = tree.policies.first; policy != NULL;
	     policy = policy->next)
		check_policy(policy);
	if (error == ERR_NONE)
		check_format(text);
	free_tree(&tree);
	return 0;
}
