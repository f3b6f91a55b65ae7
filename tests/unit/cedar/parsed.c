#include "parsed.h"

#include "cedar/parser.h"
#include "support/cmocka.h"

static void parse(struct parsed *parsed, struct str text, const struct cedar_limits *limits)
{
	arena_init(&parsed->arena, 4096, SIZE_MAX);
	cedar_diags_init(&parsed->diags);
	assert_int_equal(source_init(&parsed->source, &parsed->arena, STR("p.cedar"), text),
			 ERR_NONE);
	parsed->error = parse_policies(&parsed->arena, &parsed->source, limits, &parsed->diags,
				       &parsed->policies);
}

void parsed_init(struct parsed *parsed, struct str text, const struct cedar_limits *limits)
{
	*parsed = (struct parsed){.error = ERR_NONE};
	buf_init(&parsed->text, SIZE_MAX);
	parse(parsed, text, limits);
}

void parsed_deinit(struct parsed *parsed)
{
	cedar_diags_deinit(&parsed->diags);
	arena_deinit(&parsed->arena);
	buf_deinit(&parsed->text);
}

static void print_diags(const struct parsed *parsed)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	for (const struct cedar_diag *diag = parsed->diags.first; diag != NULL; diag = diag->next)
		cedar_diag_print(&out, diag);
	print_error("%s", buf_text(&out));
	buf_deinit(&out);
}

const struct ast_policy *parsed_policy(const struct parsed *parsed)
{
	if (parsed->error != ERR_NONE)
		print_diags(parsed);
	assert_int_equal(parsed->error, ERR_NONE);
	assert_int_equal(parsed->policies.count, 1);
	return parsed->policies.first;
}

void parsed_init_expr(struct parsed *parsed, struct str expr, const struct cedar_limits *limits)
{
	*parsed = (struct parsed){.error = ERR_NONE};
	buf_init(&parsed->text, SIZE_MAX);
	buf_append_str(&parsed->text, STR("permit(principal,action,resource) when { "));
	assert_int_equal(parsed->text.length, PARSED_EXPR_COLUMN - 1);
	buf_append_str(&parsed->text, expr);
	buf_append_str(&parsed->text, STR(" };"));
	parse(parsed, buf_str(&parsed->text), limits);
}

const struct ast_expr *parsed_expr(const struct parsed *parsed)
{
	const struct ast_policy *policy = parsed_policy(parsed);

	assert_int_equal(policy->condition_count, 1);
	return policy->conditions[0].body;
}

void parsed_assert_diag(const struct parsed *parsed, uint32_t line, uint32_t column,
			const char *message)
{
	const struct cedar_diag *diag = parsed->diags.first;

	if (parsed->diags.error_count != 1)
		print_diags(parsed);
	assert_int_equal(parsed->diags.error_count, 1);
	assert_int_equal(parsed->diags.warning_count, 0);
	assert_string_equal(diag->message.ptr, message);
	assert_int_equal(diag->line, line);
	assert_int_equal(diag->column, column);
}
