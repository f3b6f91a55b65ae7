/* Calls of functions and methods. */
#include <stdio.h>

#include "cedar/diag.h"
#include "cedar/parser_state.h"

/* "; did you mean `name`?" for the nearest function or method, or "". */
static void suggest(char *out, size_t out_size, struct str name, bool method)
{
	struct str names[AST_FUNCTION_COUNT], nearest;
	size_t count = 0;

	for (int i = 0; i < AST_FUNCTION_COUNT; i++) {
		const struct ast_function_info *info = ast_function_info((enum ast_function)i);

		if (info->is_method == method)
			names[count++] = info->name;
	}
	nearest = diag_nearest(name, names, count);
	out[0] = '\0';
	if (nearest.length != 0)
		snprintf(out, out_size, "; did you mean `%.*s`?", STR_ARGS(nearest));
}

/* Finds the function or method that the current token names. */
static bool find_function(struct parser *parser, bool method, enum ast_function *function)
{
	struct str name = parser_token_text(parser);
	bool found = ast_function_find(name, function);
	char suggestion[64];

	if (found && ast_function_info(*function)->is_method == method)
		return true;
	if (found && method) {
		parser_fail(parser, parser->token.span,
			    "`%.*s` is a function, not a method; write %.*s(..)", STR_ARGS(name),
			    STR_ARGS(name));
	} else if (found) {
		parser_fail(parser, parser->token.span,
			    "`%.*s` is a method; write it behind a value, as in value.%.*s(..)",
			    STR_ARGS(name), STR_ARGS(name));
	} else {
		suggest(suggestion, sizeof(suggestion), name, method);
		parser_fail(parser, parser->token.span, "there is no %s `%s`%s",
			    method ? "method" : "function", diag_quote(name).text, suggestion);
	}
	return false;
}

/* "(" [ expr { "," expr } ] ")" behind the name, which is the current token. Whatever the caller
 * has pushed on its list becomes the first arguments. */
static const struct ast_expr *parse_arguments(struct parser *parser, uint32_t start, size_t list,
					      enum ast_function function)
{
	const struct ast_function_info *info = ast_function_info(function);
	uint32_t name_start = parser->token.span.start, count;
	const struct ast_expr *const *items;
	struct ast_expr *expr;

	parser_advance(parser);
	parser_advance(parser);
	if (!parse_items(parser, TOKEN_RIGHT_PAREN, "`,` or `)`"))
		return NULL;
	items = parser_list_end(parser, list, sizeof(*items), &count);
	if (items == NULL)
		return NULL;
	if (!info->is_extension && count != info->argument_count) {
		unsigned wanted = info->argument_count - 1u;

		parser_fail(parser, parser_span_from(parser, name_start),
			    "`%.*s` takes %u argument%s, but %u stand here", STR_ARGS(info->name),
			    wanted, wanted == 1 ? "" : "s", (unsigned)count - 1);
		return NULL;
	}
	expr = ast_new_list(parser->arena, AST_CALL, parser_span_from(parser, start), items, count);
	if (expr != NULL)
		expr->function = function;
	return parser_check(parser, expr);
}

const struct ast_expr *parse_function_call(struct parser *parser)
{
	enum ast_function function;

	if (!find_function(parser, false, &function))
		return NULL;
	return parse_arguments(parser, parser->token.span.start, parser_list_start(parser),
			       function);
}

const struct ast_expr *parse_method_call(struct parser *parser, uint32_t start,
					 const struct ast_expr *receiver)
{
	size_t list = parser_list_start(parser);
	enum ast_function function;

	if (!find_function(parser, true, &function))
		return NULL;
	parser_list_push(parser, &receiver, sizeof(receiver));
	return parse_arguments(parser, start, list, function);
}
