/* How policies are laid out: one function a rule of the grammar, for text that is known to be
 * correct. */
#include "cedar/format.h"

struct formatter {
	const struct format_text *text;
	struct layout *layout;
	uint32_t at; /* the next token */
	bool led;    /* its comments have been written */
};

static const struct format_token *peek(const struct formatter *f, uint32_t ahead)
{
	uint32_t index = f->at + ahead;

	return &f->text->tokens[index < f->text->count ? index : f->text->count - 1];
}

static bool at(const struct formatter *f, enum token_kind kind)
{
	return peek(f, 0)->kind == kind;
}

static bool at_word(const struct formatter *f, enum word word)
{
	return at(f, TOKEN_IDENT) && peek(f, 0)->word == word;
}

/* The comments before the next token. They are written before the group that the token opens, so
 * that they do not break it. */
static void lead(struct formatter *f)
{
	if (f->led)
		return;
	for (struct format_comment *c = peek(f, 0)->before; c != NULL; c = c->next)
		layout_comment_line(f->layout, c->text);
	f->led = true;
}

static void take(struct formatter *f)
{
	const struct format_token *token = peek(f, 0);

	lead(f);
	layout_text(f->layout, token->text);
	if (token->after.length != 0)
		layout_comment_after(f->layout, token->after);
	f->at++;
	f->led = false;
}

static void take_blank(struct formatter *f)
{
	take(f);
	layout_blank(f->layout);
}

static uint32_t open_group(struct formatter *f)
{
	lead(f);
	return layout_open(f->layout);
}

static void format_expr(struct formatter *f);

/* path, uid or slot */
static void format_entity(struct formatter *f)
{
	take(f);
	while (at(f, TOKEN_PATH)) {
		take(f);
		take(f);
	}
}

/* The closing bracket and what stands before it, on the line of the opening one or on its own. */
static void close_bracket(struct formatter *f, bool spaced, uint32_t group)
{
	lead(f);
	layout_dedent(f->layout);
	if (spaced)
		layout_space(f->layout);
	else
		layout_soft(f->layout);
	take(f);
	layout_close(f->layout, group);
}

/* One expression, or a field of a record. */
static void format_item(struct formatter *f, bool is_field)
{
	if (is_field) {
		take(f);
		take_blank(f);
	}
	format_expr(f);
}

/* True for "([..])" and "({..})": the outer brackets then need no lines of their own. */
static bool is_wrapper(const struct formatter *f)
{
	const struct format_token *outer = peek(f, 0), *inner = peek(f, 1);

	return outer->kind == TOKEN_LEFT_PAREN &&
	       (inner->kind == TOKEN_LEFT_BRACKET || inner->kind == TOKEN_LEFT_BRACE) &&
	       inner->match + 1 == outer->match;
}

/* Any bracket with items in it, separated by commas. */
static void format_bracket(struct formatter *f)
{
	bool is_record = at(f, TOKEN_LEFT_BRACE);
	uint32_t end = peek(f, 0)->match, group;

	if (is_wrapper(f)) {
		take(f);
		format_expr(f);
		take(f);
		return;
	}
	group = open_group(f);
	take(f);
	layout_indent(f->layout);
	if (f->at != end)
		layout_soft(f->layout);
	while (f->at != end) {
		format_item(f, is_record);
		if (!at(f, TOKEN_COMMA))
			break;
		take(f);
		if (f->at != end)
			layout_space(f->layout);
	}
	close_bracket(f, false, group);
}

/* literal, variable, entity, function call, set, record, expression in parentheses */
static void format_primary(struct formatter *f)
{
	if (at(f, TOKEN_LEFT_PAREN) || at(f, TOKEN_LEFT_BRACKET) || at(f, TOKEN_LEFT_BRACE)) {
		format_bracket(f);
		return;
	}
	format_entity(f);
	if (at(f, TOKEN_LEFT_PAREN))
		format_bracket(f);
}

/* The number of methods called in a row behind the primary that begins at the next token. */
static uint32_t count_calls(const struct formatter *f)
{
	const struct format_token *tokens = f->text->tokens;
	uint32_t i = f->at, count = 0;

	if (tokens[i].kind == TOKEN_IDENT) {
		while (tokens[i + 1].kind == TOKEN_PATH)
			i += 2;
		if (tokens[i + 1].kind == TOKEN_LEFT_PAREN)
			i = tokens[i + 1].match;
	} else if (tokens[i].match != 0) {
		i = tokens[i].match;
	}
	for (;;) {
		if (tokens[i + 1].kind == TOKEN_LEFT_BRACKET) {
			i = tokens[i + 1].match;
		} else if (tokens[i + 1].kind == TOKEN_DOT) {
			i += 2;
			if (tokens[i + 1].kind == TOKEN_LEFT_PAREN) {
				i = tokens[i + 1].match;
				count++;
			}
		} else {
			return count;
		}
	}
}

/* member = primary { "." ident [ "(" args ")" ] | "[" STRING "]" } . Several calls in a row may
 * stand on lines of their own. */
static void format_member(struct formatter *f)
{
	bool breaks = count_calls(f) > 1;
	uint32_t group = open_group(f);

	format_primary(f);
	if (breaks)
		layout_indent(f->layout);
	while (at(f, TOKEN_DOT) || at(f, TOKEN_LEFT_BRACKET)) {
		bool is_index = at(f, TOKEN_LEFT_BRACKET);
		bool is_call = !is_index && peek(f, 2)->kind == TOKEN_LEFT_PAREN;

		if (breaks && is_call)
			layout_soft(f->layout);
		take(f);
		take(f);
		if (is_index)
			take(f);
		if (is_call)
			format_bracket(f);
	}
	if (breaks) {
		layout_dedent(f->layout);
		layout_close(f->layout, group);
	}
}

/* unary = { "!" | "-" } member . */
static void format_unary(struct formatter *f)
{
	while (at(f, TOKEN_NOT) || at(f, TOKEN_MINUS))
		take(f);
	format_member(f);
}

/* From the loosest. */
enum level { LEVEL_OR, LEVEL_AND, LEVEL_RELATION, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_UNARY };

static enum level level_of(const struct format_token *token)
{
	switch (token->kind) {
	case TOKEN_OR: return LEVEL_OR;
	case TOKEN_AND: return LEVEL_AND;
	case TOKEN_EQ:
	case TOKEN_NE:
	case TOKEN_LT:
	case TOKEN_LE:
	case TOKEN_GT:
	case TOKEN_GE: return LEVEL_RELATION;
	case TOKEN_PLUS:
	case TOKEN_MINUS: return LEVEL_SUM;
	case TOKEN_STAR: return LEVEL_PRODUCT;
	case TOKEN_IDENT: break;
	default: return LEVEL_UNARY;
	}
	switch (token->word) {
	case WORD_IN:
	case WORD_HAS:
	case WORD_LIKE:
	case WORD_IS: return LEVEL_RELATION;
	default: return LEVEL_UNARY;
	}
}

static void format_binary(struct formatter *f, enum level level, bool indents);

/* What stands behind an operator. */
static void format_right(struct formatter *f, enum level level, const struct format_token *operator)
{
	if (operator->kind != TOKEN_IDENT || operator->word == WORD_IN) {
		format_binary(f, (enum level)((int)level + 1), true);
		return;
	}
	format_entity(f);
	while (operator->word == WORD_HAS && at(f, TOKEN_DOT)) {
		take(f);
		take(f);
	}
}

/* A relation: what is compared with goes to the next line only if it does not fit on this one. A set
 * or record always begins on this line, and ends under it. */
static void format_relation(struct formatter *f)
{
	const struct format_token *operator= peek(f, 0);
	uint32_t group;

	take(f);
	if (at(f, TOKEN_LEFT_BRACKET) || at(f, TOKEN_LEFT_BRACE)) {
		layout_blank(f->layout);
		layout_dedent(f->layout);
		format_right(f, LEVEL_RELATION, operator);
		layout_indent(f->layout);
		return;
	}
	group = layout_open(f->layout);
	layout_space(f->layout);
	format_right(f, LEVEL_RELATION, operator);
	layout_close(f->layout, group);
}

/* An operator and what stands behind it. */
static void format_operation(struct formatter *f, enum level level)
{
	const struct format_token *operator= peek(f, 0);

	layout_blank(f->layout);
	if (level == LEVEL_RELATION) {
		format_relation(f);
		return;
	}
	take(f);
	layout_space(f->layout);
	format_right(f, level, operator);
}

/* Operators of one level in a row with their operands. With `indents`, the lines behind the first
 * are indented, to tell them from those of the operators around. */
static void format_binary(struct formatter *f, enum level level, bool indents)
{
	uint32_t group;

	if (level == LEVEL_UNARY) {
		format_unary(f);
		return;
	}
	group = open_group(f);
	format_binary(f, (enum level)((int)level + 1), true);
	if (level_of(peek(f, 0)) != level)
		return;
	if (indents)
		layout_indent(f->layout);
	while (level_of(peek(f, 0)) == level)
		format_operation(f, level);
	if (indents)
		layout_dedent(f->layout);
	layout_close(f->layout, group);
}

/* True when the expression that begins at the next token has an "||" outside of all brackets. */
static bool has_or(const struct formatter *f)
{
	const struct format_token *tokens = f->text->tokens;

	for (uint32_t i = f->at;; i++) {
		switch (tokens[i].kind) {
		case TOKEN_OR: return true;
		case TOKEN_LEFT_PAREN:
		case TOKEN_LEFT_BRACE:
		case TOKEN_LEFT_BRACKET: i = tokens[i].match; break;
		case TOKEN_RIGHT_PAREN:
		case TOKEN_RIGHT_BRACE:
		case TOKEN_RIGHT_BRACKET:
		case TOKEN_COMMA: return false;
		case TOKEN_IDENT:
			if (tokens[i].word == WORD_THEN || tokens[i].word == WORD_ELSE)
				return false;
			break;
		default: break;
		}
	}
}

/* if = "if" expr "then" expr "else" expr . */
static void format_if(struct formatter *f)
{
	uint32_t group = open_group(f);

	take_blank(f);
	format_expr(f);
	for (int branch = 0; branch < 2; branch++) {
		bool chained;

		layout_space(f->layout);
		take_blank(f);
		chained = at_word(f, WORD_IF);
		if (!chained)
			layout_indent(f->layout);
		format_expr(f);
		if (!chained)
			layout_dedent(f->layout);
	}
	layout_close(f->layout, group);
}

static void format_expr(struct formatter *f)
{
	if (at_word(f, WORD_IF))
		format_if(f);
	else if (has_or(f))
		format_binary(f, LEVEL_OR, false);
	else
		format_binary(f, LEVEL_AND, false);
}

/* annotation = "@" ANYID [ "(" STRING ")" ] . */
static void format_annotation(struct formatter *f)
{
	take(f);
	take(f);
	if (at(f, TOKEN_LEFT_PAREN)) {
		take(f);
		take(f);
		take(f);
	}
	layout_break(f->layout);
}

/* "[" uid { "," uid } [","] "]" */
static void format_uids(struct formatter *f)
{
	uint32_t end = peek(f, 0)->match, group = open_group(f);

	take(f);
	layout_indent(f->layout);
	layout_soft(f->layout);
	while (f->at != end) {
		format_entity(f);
		if (!at(f, TOKEN_COMMA))
			break;
		take(f);
		if (f->at != end)
			layout_space(f->layout);
	}
	close_bracket(f, false, group);
}

/* A variable of the scope and what is demanded of it. */
static void format_variable(struct formatter *f)
{
	take(f);
	while (!at(f, TOKEN_COMMA) && !at(f, TOKEN_RIGHT_PAREN)) {
		layout_blank(f->layout);
		take_blank(f);
		if (at(f, TOKEN_LEFT_BRACKET))
			format_uids(f);
		else
			format_entity(f);
	}
}

/* True when the scope, whose bracket is next, demands nothing: it then stays on one line. */
static bool is_plain_scope(const struct formatter *f)
{
	return peek(f, 2)->kind == TOKEN_COMMA && peek(f, 4)->kind == TOKEN_COMMA &&
	       (peek(f, 6)->kind == TOKEN_COMMA || peek(f, 6)->kind == TOKEN_RIGHT_PAREN);
}

/* scope = "(" scopeP "," scopeA "," scopeR [","] ")" . */
static void format_scope(struct formatter *f)
{
	bool is_plain = is_plain_scope(f);
	uint32_t end = peek(f, 0)->match, group = open_group(f);

	take(f);
	layout_indent(f->layout);
	if (is_plain)
		layout_soft(f->layout);
	else
		layout_break(f->layout);
	while (f->at != end) {
		format_variable(f);
		if (!at(f, TOKEN_COMMA))
			break;
		take(f);
		if (f->at != end)
			layout_space(f->layout);
	}
	close_bracket(f, false, group);
}

/* condition = ( "when" | "unless" ) "{" expr "}" . */
static void format_condition(struct formatter *f)
{
	uint32_t group;

	layout_break(f->layout);
	group = open_group(f);
	take_blank(f);
	take(f);
	layout_indent(f->layout);
	layout_space(f->layout);
	format_expr(f);
	close_bracket(f, true, group);
}

/* policy = { annotation } effect scope { condition } ";" . */
static void format_policy(struct formatter *f)
{
	while (at(f, TOKEN_AT))
		format_annotation(f);
	take_blank(f);
	format_scope(f);
	while (!at(f, TOKEN_SEMICOLON))
		format_condition(f);
	take(f);
}

/* An empty line before each policy, and those that set its comments apart. */
static void lead_policy(struct formatter *f)
{
	const struct format_token *token = peek(f, 0);

	if (f->at > 0)
		layout_empty_line(f->layout);
	for (struct format_comment *c = token->before; c != NULL; c = c->next) {
		if (c->after_empty_line)
			layout_empty_line(f->layout);
		layout_comment_line(f->layout, c->text);
	}
	if (token->before != NULL && token->after_empty_line)
		layout_empty_line(f->layout);
	f->led = true;
}

void format_describe(const struct format_text *text, struct layout *layout)
{
	struct formatter f = {.text = text, .layout = layout};

	lead_policy(&f);
	while (!at(&f, TOKEN_END)) {
		format_policy(&f);
		lead_policy(&f);
	}
}
