#include "cedar/format.h"

#include "cedar/diag.h"
#include "cedar/parser.h"

static bool all_equal(const struct ast_policies *a, const struct ast_policies *b)
{
	const struct ast_policy *left = a->first, *right = b->first;

	while (left != NULL && right != NULL && ast_policy_equal(left, right)) {
		left = left->next;
		right = right->next;
	}
	return left == NULL && right == NULL;
}

/* Parses what was made of `policies`; anything but the same policies would be our mistake. */
static enum error check(struct arena *arena, struct str name, struct str text,
			const struct ast_policies *policies)
{
	const struct cedar_limits limits = {.text_bytes = UINT32_MAX};
	struct ast_policies again;
	struct cedar_diags diags;
	struct source source;
	enum error error;

	cedar_diags_init(&diags);
	error = source_init(&source, arena, name, text);
	if (error == ERR_NONE)
		error = parse_policies(arena, &source, &limits, &diags, &again);
	if (error == ERR_NONE && !all_equal(policies, &again))
		error = ERR_INTERNAL;
	cedar_diags_deinit(&diags);
	return error == ERR_SYNTAX ? ERR_INTERNAL : error;
}

static enum error format(struct arena *arena, const struct source *source, uint32_t width,
			 uint32_t indent, struct buf *out, struct cedar_diags *diags)
{
	struct ast_policies policies;
	struct format_text text;
	struct layout layout;
	enum error error;

	error = parse_policies(arena, source, NULL, diags, &policies);
	if (error == ERR_NONE)
		error = format_text_read(&text, arena, source, diags);
	if (error != ERR_NONE)
		return error;
	layout_init(&layout, arena);
	format_describe(&text, &layout);
	error = layout_print(&layout, width, indent, out);
	if (error != ERR_NONE)
		return error;
	return check(arena, source->name, buf_str(out), &policies);
}

enum error cedar_format(struct str source_name, struct str text, uint32_t width, uint32_t indent,
			struct buf *out, struct cedar_diags *diags)
{
	struct source source;
	struct arena arena;
	struct buf formatted;
	enum error error;

	arena_init(&arena, 16384, SIZE_MAX);
	buf_init(&formatted, SIZE_MAX);
	error = source_init(&source, &arena, source_name, text);
	if (error == ERR_NONE)
		error = format(&arena, &source, width, indent, &formatted, diags);
	if (error == ERR_NONE) {
		buf_append_str(out, buf_str(&formatted));
		error = out->failed;
	}
	buf_deinit(&formatted);
	arena_deinit(&arena);
	return error;
}
