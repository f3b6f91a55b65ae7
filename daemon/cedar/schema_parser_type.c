/* Names and types of schemas in Cedar syntax. */
#include "base/sort.h"
#include "cedar/diag.h"
#include "cedar/schema_parser.h"

void *schema_parse_alloc(struct parser *parser, size_t size)
{
	void *memory = arena_calloc(parser->arena, 1, size);

	if (memory == NULL)
		parser_fail_memory(parser);
	return memory;
}

bool schema_parse_at_word(const struct parser *parser, struct str word)
{
	return parser->token.kind == TOKEN_IDENT && str_equal(parser_token_text(parser), word);
}

bool schema_parse_accept_word(struct parser *parser, struct str word)
{
	if (!schema_parse_at_word(parser, word))
		return false;
	parser_advance(parser);
	return true;
}

/* STRING, unescaped. */
bool schema_parse_string(struct parser *parser, struct str *value)
{
	if (parser->token.kind == TOKEN_STRING)
		return parser_take_string(parser, value);
	parser_fail_expected(parser, "a string");
	return false;
}

/* The name of something declared here: IDENT that is not reserved. */
bool schema_parse_identifier(struct parser *parser, struct str *name, struct span *span)
{
	*span = parser->token.span;
	if (parser->token.kind != TOKEN_IDENT) {
		parser_fail_expected(parser, "a name");
		return false;
	}
	if (token_is_reserved(&parser->token)) {
		parser_fail_token(parser, "", " is a reserved word and cannot be a name");
		return false;
	}
	*name = parser_token_text(parser);
	parser_advance(parser);
	return true;
}

/* name = IDENT | STRING . */
bool schema_parse_name(struct parser *parser, struct str *name, struct span *span)
{
	*span = parser->token.span;
	if (parser->token.kind == TOKEN_STRING)
		return parser_take_string(parser, name);
	return schema_parse_identifier(parser, name, span);
}

/* Types. */

/* attr = annotations name ["?"] ":" type . */
static struct schema_ast_attr *parse_attr(struct parser *parser)
{
	struct schema_ast_attr *attr = schema_parse_alloc(parser, sizeof(*attr));

	if (attr == NULL ||
	    !parse_annotations(parser, &attr->annotations.items, &attr->annotations.count) ||
	    !schema_parse_name(parser, &attr->name, &attr->span))
		return NULL;
	attr->optional = parser_accept(parser, TOKEN_QUESTION);
	if (!parser_expect(parser, TOKEN_COLON, " behind the name of the attribute"))
		return NULL;
	attr->type = schema_parse_type(parser);
	return attr->type != NULL ? attr : NULL;
}

/* By name, and in the order of the source. */
static int compare_attrs(const void *a, const void *b)
{
	const struct schema_ast_attr *left = *(const struct schema_ast_attr *const *)a;
	const struct schema_ast_attr *right = *(const struct schema_ast_attr *const *)b;
	int order = str_compare(left->name, right->name);

	if (order != 0)
		return order;
	return left->span.start < right->span.start ? -1 : 1;
}

/* Of several attributes with one name, which the language accepts, the last one counts: removes the
 * others, with a warning. */
static bool drop_repeated(struct parser *parser, struct schema_ast_attr **first, uint32_t count)
{
	struct arena_mark mark = arena_get_mark(parser->arena);
	struct schema_ast_attr **sorted = arena_alloc(parser->arena, count * sizeof(*sorted));
	uint32_t used = 0;

	if (sorted == NULL) {
		parser_fail_memory(parser);
		return false;
	}
	for (struct schema_ast_attr *attr = *first; attr != NULL; attr = attr->next)
		sorted[used++] = attr;
	sort(sorted, count, sizeof(*sorted), compare_attrs);
	for (uint32_t i = 1; i < count; i++) {
		if (!str_equal(sorted[i - 1]->name, sorted[i]->name))
			continue;
		diag_report(parser->diags, CEDAR_WARNING, parser->source, sorted[i]->span,
			    "the attribute `%s` stands here a second time; the last one counts",
			    diag_quote(sorted[i]->name).text);
		sorted[i - 1]->type = NULL;
	}
	while (*first != NULL) {
		if ((*first)->type == NULL)
			*first = (*first)->next;
		else
			first = &(*first)->next;
	}
	arena_reset(parser->arena, mark);
	return true;
}

/* record = "{" [ attr { "," attr } [","] ] "}" . */
const struct schema_ast_type *schema_parse_record(struct parser *parser)
{
	struct schema_ast_type *type = schema_parse_alloc(parser, sizeof(*type));
	struct schema_ast_attr *first = NULL, **tail = &first;
	uint32_t start = parser->token.span.start, count = 0;

	if (type == NULL || !parser_expect(parser, TOKEN_LEFT_BRACE, ""))
		return NULL;
	while (parser->token.kind != TOKEN_RIGHT_BRACE) {
		*tail = parse_attr(parser);
		if (*tail == NULL)
			return NULL;
		tail = &(*tail)->next;
		count++;
		if (!parser_accept(parser, TOKEN_COMMA))
			break;
	}
	if (!parser_accept(parser, TOKEN_RIGHT_BRACE)) {
		parser_fail_expected(parser, "`,` or `}` behind the attribute");
		return NULL;
	}
	if (!drop_repeated(parser, &first, count))
		return NULL;
	*type = (struct schema_ast_type){
		.form = SCHEMA_RECORD, .span = parser_span_from(parser, start), .attrs = first};
	return type;
}

/* "<" type ">" behind `Set`, which began at `start`. */
static const struct schema_ast_type *parse_set(struct parser *parser, uint32_t start)
{
	struct schema_ast_type *type = schema_parse_alloc(parser, sizeof(*type));
	const struct schema_ast_type *element;

	parser_advance(parser);
	element = type != NULL ? schema_parse_type(parser) : NULL;
	if (element == NULL || !parser_expect(parser, TOKEN_GT, " behind the type of the elements"))
		return NULL;
	*type = (struct schema_ast_type){
		.form = SCHEMA_SET, .span = parser_span_from(parser, start), .element = element};
	return type;
}

/* path */
const struct schema_ast_type *schema_parse_named(struct parser *parser)
{
	struct schema_ast_type *type = schema_parse_alloc(parser, sizeof(*type));
	uint32_t start = parser->token.span.start;

	if (type == NULL || !parse_path(parser, &type->name, NULL))
		return NULL;
	type->form = SCHEMA_NAME;
	type->span = parser_span_from(parser, start);
	return type;
}

/* type = path | "Set" "<" type ">" | record . */
const struct schema_ast_type *schema_parse_type(struct parser *parser)
{
	const struct schema_ast_type *type;

	if (parser->depth == parser->max_depth) {
		parser_fail_limit(parser, parser->token.span, "types are nested deeper than %u",
				  (unsigned)parser->max_depth);
		return NULL;
	}
	parser->depth++;
	if (parser->token.kind == TOKEN_LEFT_BRACE) {
		type = schema_parse_record(parser);
	} else if (parser->token.kind != TOKEN_IDENT) {
		parser_fail_expected(parser, "a type");
		type = NULL;
	} else {
		type = schema_parse_named(parser);
		if (type != NULL && parser->token.kind == TOKEN_LT &&
		    str_equal(type->name, STR("Set")))
			type = parse_set(parser, type->span.start);
	}
	parser->depth--;
	return type;
}

static struct schema_ast_ref *parse_ref(struct parser *parser)
{
	struct schema_ast_ref *ref = schema_parse_alloc(parser, sizeof(*ref));
	uint32_t start = parser->token.span.start;

	if (ref == NULL || !parse_path(parser, &ref->name, NULL))
		return NULL;
	ref->span = parser_span_from(parser, start);
	return ref;
}

/* types = path | "[" [ path { "," path } ] "]" . */
bool schema_parse_refs(struct parser *parser, const struct schema_ast_ref **refs)
{
	struct schema_ast_ref *first = NULL, **tail = &first;
	bool is_list = parser_accept(parser, TOKEN_LEFT_BRACKET);

	if (!is_list || parser->token.kind != TOKEN_RIGHT_BRACKET) {
		do {
			*tail = parse_ref(parser);
			if (*tail == NULL)
				return false;
			tail = &(*tail)->next;
		} while (is_list && parser_accept(parser, TOKEN_COMMA));
	}
	if (is_list && !parser_expect(parser, TOKEN_RIGHT_BRACKET, " behind the entity types"))
		return false;
	*refs = first;
	return true;
}
