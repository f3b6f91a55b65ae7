/* edge: single cases of one array, each with the verdict of the reference. */
#include <stdio.h>

#include "base/log.h"
#include "conformance.h"
#include "conformance_tree.h"

static void run_schema_case(struct run *run, const struct tree *test)
{
	bool expected = str_starts_with(tree_get_text(test, "result"), STR("ok"));
	struct cedar_schema *schema = NULL;
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_schema_read(STR("schema"), tree_get_text(test, "input"), CEDAR_SCHEMA_TEXT,
				  &diags, &schema);
	if (error != ERR_NONE && expected)
		run_fail_diags(run, "rejected", &diags);
	else if (error == ERR_NONE && !expected)
		run_fail(run, "accepted");
	else if (error != ERR_NONE && diags.error_count == 0)
		run_fail(run, "rejected without a reason");
	cedar_schema_free(schema);
	cedar_diags_deinit(&diags);
}

static void run_edge_case(struct run *run, const struct tree *test)
{
	struct str kind = tree_get_text(test, "kind");

	if (str_equal(kind, STR("schema")))
		run_schema_case(run, test);
	else
		run_fail(run, "unknown kind of case");
}

void conformance_edge(struct run *run)
{
	struct arena arena;
	struct str text;
	const struct tree *cases;

	run_case(run, "edge-cases.json");
	if (!run_read(run, &text, "edge/edge-cases.json"))
		return;
	/* The cases outlive the arena of each. */
	arena_init(&arena, 1 << 16, SIZE_MAX);
	text = arena_copy(&arena, text);
	cases = tree_read(&arena, text);
	for (size_t i = 0; i < tree_count(cases); i++) {
		const struct tree *test = cases->items[i];
		struct buf label;

		buf_init(&label, SIZE_MAX);
		buf_printf(&label, "%zu %.*s: ", i, STR_ARGS(tree_get_text(test, "kind")));
		log_escape(&label, tree_get_text(test, "input"));
		run_case(run, buf_text(&label));
		buf_deinit(&label);
		run_edge_case(run, test);
		run_case_end(run);
	}
	arena_deinit(&arena);
}
