#include "cedar/parser.h"

#include <stdio.h>

#include "base/utf8.h"
#include "cedar/diag.h"
#include "cedar/parser_state.h"

/* effect = "permit" | "forbid" . */
static bool parse_effect(struct parser *parser, struct ast_policy *policy)
{
	static const struct str effects[] = {{"permit", 6}, {"forbid", 6}};
	struct str text = parser_token_text(parser), meant;

	policy->effect_span = parser->token.span;
	if (token_is_word(&parser->token, WORD_PERMIT)) {
		policy->effect = CEDAR_PERMIT;
	} else if (token_is_word(&parser->token, WORD_FORBID)) {
		policy->effect = CEDAR_FORBID;
	} else if (parser->token.kind == TOKEN_IDENT) {
		meant = diag_nearest(text, effects, ARRAY_COUNT(effects));
		if (str_equal_ascii_case(text, STR("allow")))
			meant = effects[0];
		else if (str_equal_ascii_case(text, STR("deny")))
			meant = effects[1];
		parser_fail(parser, parser->token.span,
			    "unknown effect `%s`; a policy starts with `permit` or `forbid`%s%s%s",
			    diag_quote(text).text, meant.length != 0 ? "; did you mean `" : "",
			    meant.length != 0 ? meant.ptr : "", meant.length != 0 ? "`?" : "");
		return false;
	} else {
		parser_fail_expected(parser,
				     policy->annotation_count == 0
					     ? "a policy (`permit` or `forbid`)"
					     : "`permit` or `forbid` behind the annotations");
		return false;
	}
	parser_advance(parser);
	return true;
}

/* condition = ( "when" | "unless" ) "{" expr "}" . */
static bool parse_condition(struct parser *parser, struct ast_condition *condition)
{
	uint32_t start = parser->token.span.start;

	condition->unless = parser->token.word == WORD_UNLESS;
	parser_advance(parser);
	if (!parser_expect(parser, TOKEN_LEFT_BRACE, " before the condition"))
		return false;
	if (parser->token.kind == TOKEN_RIGHT_BRACE) {
		parser_fail(parser, parser->token.span, "the condition is empty");
		return false;
	}
	condition->body = parse_expr(parser);
	if (condition->body == NULL ||
	    !parser_expect(parser, TOKEN_RIGHT_BRACE, " behind the condition"))
		return false;
	condition->span = parser_span_from(parser, start);
	return true;
}

static bool parse_conditions(struct parser *parser, struct ast_policy *policy)
{
	size_t list = parser_list_start(parser);

	while (token_is_word(&parser->token, WORD_WHEN) ||
	       token_is_word(&parser->token, WORD_UNLESS)) {
		struct ast_condition condition;

		if (!parse_condition(parser, &condition))
			return false;
		parser_list_push(parser, &condition, sizeof(condition));
	}
	policy->conditions = parser_list_end(parser, list, sizeof(*policy->conditions),
					     &policy->condition_count);
	return policy->conditions != NULL;
}

static bool at_policy_start(const struct parser *parser)
{
	return parser->token.kind == TOKEN_AT || token_is_word(&parser->token, WORD_PERMIT) ||
	       token_is_word(&parser->token, WORD_FORBID);
}

static bool parse_semicolon(struct parser *parser)
{
	if (parser_accept(parser, TOKEN_SEMICOLON))
		return true;
	if (at_policy_start(parser) || parser->token.kind == TOKEN_END) {
		parser_fail(parser, span_make(parser->previous_end, parser->previous_end),
			    "the `;` at the end of the policy is missing");
		parser->at_next_policy = true;
	} else {
		parser_fail_expected(parser, "`when`, `unless` or `;`");
	}
	return false;
}

/* policy = annotations effect scope { condition } ";" . */
static struct ast_policy *parse_policy(struct parser *parser)
{
	uint32_t start = parser->token.span.start;
	struct ast_policy *policy = arena_calloc(parser->arena, 1, sizeof(*policy));

	if (policy == NULL) {
		parser_fail_memory(parser);
		return NULL;
	}
	policy->source = parser->source;
	if (!parse_annotations(parser, &policy->annotations, &policy->annotation_count) ||
	    !parse_effect(parser, policy) || !parse_scope(parser, policy) ||
	    !parse_conditions(parser, policy) || !parse_semicolon(parser))
		return NULL;
	policy->span = parser_span_from(parser, start);
	return policy;
}

/* Skips the rest of a policy that failed: up to a semicolon outside of all brackets, or one before
 * what looks like a policy, should a bracket be missing. */
static void recover(struct parser *parser)
{
	parser->lexer.quiet = true;
	while (!parser->at_next_policy && parser->token.kind != TOKEN_END) {
		bool semicolon = parser->token.kind == TOKEN_SEMICOLON;

		if (semicolon && parser->open_brackets == 0)
			parser->lexer.quiet = false;
		parser_advance(parser);
		if (semicolon && (parser->open_brackets == 0 || at_policy_start(parser)))
			break;
	}
	parser->lexer.quiet = false;
	parser->open_brackets = 0;
	ast_list_drop(&parser->lists, 0);
	parser->depth = 0;
	parser->at_next_policy = false;
	parser->error = ERR_NONE;
}

static struct str number_id(struct arena *arena, uint32_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "policy%u", (unsigned)number);
	return arena_copy(arena, str_from(text));
}

/* What must hold before the first token is read. */
static enum error check_text(const struct source *source, uint32_t max_bytes,
			     struct cedar_diags *diags)
{
	size_t valid;

	if (source->text.length > max_bytes) {
		diag_report_source(diags, CEDAR_ERROR, source->name,
				   "the text has %zu bytes; at most %u are allowed",
				   source->text.length, (unsigned)max_bytes);
		return ERR_LIMIT;
	}
	valid = utf8_valid_length(source->text);
	if (valid < source->text.length) {
		diag_report(diags, CEDAR_ERROR, source,
			    span_make((uint32_t)valid, (uint32_t)valid + 1),
			    "the text is not valid UTF-8");
		return ERR_SYNTAX;
	}
	return ERR_NONE;
}

struct cedar_limits parser_limits(const struct cedar_limits *limits)
{
	struct cedar_limits result = {0};

	if (limits != NULL)
		result = *limits;
	if (result.text_bytes == 0)
		result.text_bytes = PARSER_TEXT_BYTES;
	if (result.expression_depth == 0)
		result.expression_depth = PARSER_DEPTH;
	if (result.expression_depth > AST_MAX_HEIGHT)
		result.expression_depth = AST_MAX_HEIGHT;
	if (result.policies == 0)
		result.policies = PARSER_POLICIES;
	return result;
}

/* policies = { policy } . Returns the error that is to be reported of all. */
static enum error parse_all(struct parser *parser, uint32_t max_policies,
			    struct ast_policies *policies)
{
	struct ast_policy **tail = &policies->first;
	enum error worst = ERR_NONE;

	while (parser->token.kind != TOKEN_END) {
		struct ast_policy *policy;

		if (policies->count == max_policies) {
			parser_fail_limit(parser, parser->token.span,
					  "there are more than %u policies",
					  (unsigned)max_policies);
			return worst != ERR_NONE ? worst : ERR_LIMIT;
		}
		policy = parse_policy(parser);
		if (policy == NULL) {
			if (parser->error == ERR_NO_MEMORY)
				return ERR_NO_MEMORY;
			if (worst != ERR_SYNTAX)
				worst = parser->error;
			recover(parser);
			continue;
		}
		policy->id = number_id(parser->arena, policies->count++);
		if (policy->id.ptr == NULL)
			return ERR_NO_MEMORY;
		*tail = policy;
		tail = &policy->next;
	}
	return worst;
}

enum error parse_policies(struct arena *arena, const struct source *source,
			  const struct cedar_limits *limits, struct cedar_diags *diags,
			  struct ast_policies *policies)
{
	struct cedar_limits effective = parser_limits(limits);
	struct ast_policies result = {0};
	struct parser parser = {
		.arena = arena,
		.source = source,
		.diags = diags,
		.max_depth = effective.expression_depth,
	};
	enum error error = check_text(source, effective.text_bytes, diags);

	if (error != ERR_NONE)
		return error;
	ast_lists_init(&parser.lists, arena);
	lexer_init(&parser.lexer, source, diags);
	parser.token = lexer_next(&parser.lexer);
	error = parse_all(&parser, effective.policies, &result);
	ast_lists_deinit(&parser.lists);
	if (error == ERR_NONE)
		*policies = result;
	return error;
}
