/* The scope of a policy. */
#include "cedar/diag.h"
#include "cedar/parser_state.h"

static const char *const var_names[] = {
	[AST_PRINCIPAL] = "principal",
	[AST_ACTION] = "action",
	[AST_RESOURCE] = "resource",
};

/* "?principal" | "?resource", each in the scope of its own variable. */
static bool parse_slot(struct parser *parser, enum ast_var var)
{
	struct str name = parser_token_text(parser);
	bool is_principal = str_equal(name, STR("?principal"));
	bool is_resource = str_equal(name, STR("?resource"));

	if (!is_principal && !is_resource)
		parser_fail_token(parser, "unknown slot ",
				  "; there are `?principal` and `?resource`");
	else if (var == AST_ACTION)
		parser_fail(
			parser, parser->token.span,
			"a slot can stand for the principal and the resource, not for the action");
	else if (is_principal != (var == AST_PRINCIPAL))
		parser_fail(parser, parser->token.span,
			    "`%s` cannot stand here; the slot of the %s is `?%s`",
			    diag_quote(name).text, var_names[var], var_names[var]);
	else
		parser_advance(parser);
	return parser->error == ERR_NONE;
}

/* The type of an action is Action, in any namespace. */
static bool check_action(struct parser *parser, const struct ast_uid *uid)
{
	if (str_equal(uid->type, STR("Action")) || str_ends_with(uid->type, STR("::Action")))
		return true;
	parser_fail(parser, uid->span,
		    "an action is an entity of type `Action`, as in Action::\"read\"; `%s` is not",
		    diag_quote(uid->type).text);
	return false;
}

/* An action of the scope. */
static bool parse_action(struct parser *parser, struct ast_uid *uid)
{
	if (parser->token.kind == TOKEN_SLOT)
		return parse_slot(parser, AST_ACTION);
	return parse_uid(parser, uid) && check_action(parser, uid);
}

/* uid | slot */
static bool parse_scope_entity(struct parser *parser, enum ast_var var, struct ast_scope *scope)
{
	struct ast_uid uid, *copy;

	if (parser->token.kind == TOKEN_SLOT) {
		scope->has_slot = true;
		return parse_slot(parser, var);
	}
	if (var == AST_ACTION ? !parse_action(parser, &uid) : !parse_uid(parser, &uid))
		return false;
	copy = arena_alloc(parser->arena, sizeof(*copy));
	if (copy == NULL) {
		parser_fail_memory(parser);
		return false;
	}
	*copy = uid;
	scope->uids = copy;
	scope->uid_count = 1;
	return true;
}

/* "[" [ uid { "," uid } [","] ] "]" */
static bool parse_action_list(struct parser *parser, struct ast_scope *scope)
{
	size_t list = parser_list_start(parser);

	parser_advance(parser);
	while (parser->token.kind != TOKEN_RIGHT_BRACKET) {
		struct ast_uid uid;

		if (!parse_action(parser, &uid))
			return false;
		parser_list_push(parser, &uid, sizeof(uid));
		if (!parser_accept(parser, TOKEN_COMMA))
			break;
	}
	if (!parser_expect(parser, TOKEN_RIGHT_BRACKET, " behind the actions"))
		return false;
	scope->uids = parser_list_end(parser, list, sizeof(*scope->uids), &scope->uid_count);
	return scope->uids != NULL;
}

/* What may follow "in". */
static bool parse_scope_in(struct parser *parser, enum ast_var var, struct ast_scope *scope)
{
	if (parser->token.kind != TOKEN_LEFT_BRACKET)
		return parse_scope_entity(parser, var, scope);
	if (var == AST_ACTION) {
		scope->kind = AST_SCOPE_IN_LIST;
		return parse_action_list(parser, scope);
	}
	parser_fail(parser, parser->token.span,
		    "only `action` takes a list in the scope; write `when { %s in [..] }`",
		    var_names[var]);
	return false;
}

/* What may follow "is": path [ "in" entity ]. */
static bool parse_scope_is(struct parser *parser, enum ast_var var, struct ast_scope *scope)
{
	struct span is = span_make(parser->previous_end - 2, parser->previous_end);
	uint32_t start = parser->token.span.start;
	bool uid_follows;

	if (var == AST_ACTION) {
		parser_fail(parser, is, "`is` cannot be used with `action` in the scope");
		return false;
	}
	if (parser->token.kind == TOKEN_SLOT || parser->token.kind == TOKEN_STRING) {
		parser_fail(parser, parser->token.span,
			    "`is` takes the name of an entity type, as in `%s is Type`",
			    var_names[var]);
		return false;
	}
	if (!parse_path(parser, &scope->type, &uid_follows))
		return false;
	if (uid_follows) {
		parser_fail(parser, span_make(start, parser->token.span.end),
			    "`is` takes a type, not an entity; to compare with an entity use `==`");
		return false;
	}
	scope->type_span = parser_span_from(parser, start);
	if (parser->token.kind == TOKEN_EQ) {
		parser_fail(parser, parser->token.span,
			    "`is` cannot be combined with `==`; an entity has one type, so `==` is "
			    "enough");
		return false;
	}
	if (!token_is_word(&parser->token, WORD_IN))
		return true;
	parser_advance(parser);
	scope->kind = AST_SCOPE_IS_IN;
	return parse_scope_in(parser, var, scope);
}

/* Explains what stands behind a complete scope constraint instead of "," or ")". */
static void fail_scope(struct parser *parser, enum ast_var var)
{
	struct span span = parser->token.span;

	switch (parser->token.kind) {
	case TOKEN_ASSIGN:
		parser_fail(parser, span, "use `==` to compare; `=` is not an operator");
		return;
	case TOKEN_COLON:
		parser_fail(parser, span, "a type is demanded with `is`, as in `%s is Type`",
			    var_names[var]);
		return;
	case TOKEN_NE:
	case TOKEN_LT:
	case TOKEN_LE:
	case TOKEN_GT:
	case TOKEN_GE:
	case TOKEN_EQ:
	case TOKEN_AND:
	case TOKEN_OR:
	case TOKEN_DOT:
	case TOKEN_LEFT_BRACKET:
		parser_fail(parser, span,
			    "%s cannot stand here: the scope holds one `==`, `in` or `is` for each "
			    "variable; move other tests into a `when` clause",
			    token_kind_text(parser->token.kind));
		return;
	default: break;
	}
	if (token_is_reserved(&parser->token))
		parser_fail_token(parser, "",
				  " cannot stand here: the scope holds one `==`, `in` or `is` for "
				  "each variable; move other tests into a `when` clause");
	else
		parser_fail_expected(parser, var == AST_RESOURCE ? "`)` behind the scope"
								 : "`,` behind the scope of the "
								   "variable");
}

/* The name of the variable that must come next. */
static bool expect_variable(struct parser *parser, enum ast_var var)
{
	if (token_is_word(&parser->token, (enum word)((int)WORD_PRINCIPAL + (int)var))) {
		parser_advance(parser);
		return true;
	}
	if (parser->token.kind == TOKEN_RIGHT_PAREN)
		parser_fail(parser, parser->token.span,
			    "`%s` is missing; every scope is (principal, action, resource)",
			    var_names[var]);
	else if (parser->token.kind == TOKEN_IDENT)
		parser_fail(
			parser, parser->token.span,
			"expected `%s`, found `%s`; every scope is (principal, action, resource), "
			"in this order",
			var_names[var], diag_quote(parser_token_text(parser)).text);
	else
		parser_fail_expected(parser,
				     "a variable: every scope is (principal, action, resource)");
	return false;
}

/* scopeP = "principal" [ "==" pref | "in" pref | "is" path [ "in" pref ] ] .
 * scopeA = "action" [ "==" uid | "in" ( uid | "[" [ uid { "," uid } ] "]" ) ] .
 * scopeR as scopeP; pref = uid | slot . */
static bool parse_scope_variable(struct parser *parser, enum ast_var var, struct ast_scope *scope)
{
	uint32_t start = parser->token.span.start;
	bool done = true;

	*scope = (struct ast_scope){.kind = AST_SCOPE_ANY};
	if (!expect_variable(parser, var))
		return false;
	if (parser_accept(parser, TOKEN_EQ)) {
		scope->kind = AST_SCOPE_EQ;
		done = parse_scope_entity(parser, var, scope);
	} else if (token_is_word(&parser->token, WORD_IN)) {
		parser_advance(parser);
		scope->kind = AST_SCOPE_IN;
		done = parse_scope_in(parser, var, scope);
	} else if (token_is_word(&parser->token, WORD_IS)) {
		parser_advance(parser);
		scope->kind = AST_SCOPE_IS;
		done = parse_scope_is(parser, var, scope);
	}
	scope->span = parser_span_from(parser, start);
	return done;
}

/* scope = "(" scopeP "," scopeA "," scopeR [","] ")" . */
bool parse_scope(struct parser *parser, struct ast_policy *policy)
{
	if (!parser_expect(parser, TOKEN_LEFT_PAREN, " behind the effect"))
		return false;
	for (enum ast_var var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		bool comma;

		if (!parse_scope_variable(parser, var, &policy->scope[var]))
			return false;
		comma = parser_accept(parser, TOKEN_COMMA);
		if (!comma && parser->token.kind != TOKEN_RIGHT_PAREN) {
			fail_scope(parser, var);
			return false;
		}
	}
	if (parser_accept(parser, TOKEN_RIGHT_PAREN))
		return true;
	parser_fail_expected(parser, "`)`: every scope is (principal, action, resource)");
	return false;
}
