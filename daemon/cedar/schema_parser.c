/* Schema text in Cedar syntax to tree (docs.cedarpolicy.com, "Grammar specification for Cedar
 * schemas"): declarations and namespaces. */
#include "cedar/schema_parser.h"
#include "cedar/diag.h"

/* A namespace under construction, with the ends of its lists. */
struct space {
	struct schema_ast_namespace *ast;
	struct schema_ast_entity **entities;
	struct schema_ast_action **actions;
	struct schema_ast_common **commons;
};

/* Entity types. */

/* enum = "enum" "[" STRING { "," STRING } "]" . */
static bool parse_enum(struct parser *parser, struct schema_ast_entity *entity)
{
	size_t list = parser_list_start(parser);

	if (!parser_expect(parser, TOKEN_LEFT_BRACKET, " behind `enum`"))
		return false;
	do {
		struct str id;

		if (!schema_parse_string(parser, &id))
			return false;
		parser_list_push(parser, &id, sizeof(id));
	} while (parser_accept(parser, TOKEN_COMMA));
	entity->enum_ids =
		parser_list_end(parser, list, sizeof(*entity->enum_ids), &entity->enum_id_count);
	return entity->enum_ids != NULL &&
	       parser_expect(parser, TOKEN_RIGHT_BRACKET, " behind the ids");
}

/* body = [ "in" types ] [ ["="] record ] [ "tags" type ] . */
static bool parse_entity_body(struct parser *parser, struct schema_ast_entity *entity)
{
	if (token_is_word(&parser->token, WORD_IN)) {
		parser_advance(parser);
		if (!schema_parse_refs(parser, &entity->parents))
			return false;
	}
	if (parser_accept(parser, TOKEN_ASSIGN) || parser->token.kind == TOKEN_LEFT_BRACE) {
		entity->shape = schema_parse_record(parser);
		if (entity->shape == NULL)
			return false;
	}
	if (schema_parse_accept_word(parser, STR("tags"))) {
		entity->tags = schema_parse_type(parser);
		if (entity->tags == NULL)
			return false;
	}
	return true;
}

/* IDENT { "," IDENT } : new entity types with nothing but their names. */
static struct schema_ast_entity *parse_entity_names(struct parser *parser)
{
	struct schema_ast_entity *first = NULL, **tail = &first;

	do {
		*tail = schema_parse_alloc(parser, sizeof(**tail));
		if (*tail == NULL ||
		    !schema_parse_identifier(parser, &(*tail)->name, &(*tail)->span))
			return NULL;
		tail = &(*tail)->next;
	} while (parser_accept(parser, TOKEN_COMMA));
	return first;
}

/* entity = "entity" IDENT { "," IDENT } ( enum | body ) ";" . */
static bool parse_entity(struct parser *parser, struct space *space,
			 struct schema_ast_annotations annotations)
{
	struct schema_ast_entity body = {.annotations = annotations};
	struct schema_ast_entity *entity;
	bool done;

	parser_advance(parser);
	entity = parse_entity_names(parser);
	if (entity == NULL)
		return false;
	if (schema_parse_accept_word(parser, STR("enum")))
		done = parse_enum(parser, &body);
	else
		done = parse_entity_body(parser, &body);
	if (!done || !parser_expect(parser, TOKEN_SEMICOLON, " behind the entity type"))
		return false;

	*space->entities = entity;
	for (; entity != NULL; entity = entity->next) {
		body.name = entity->name;
		body.span = entity->span;
		body.next = entity->next;
		*entity = body;
		space->entities = &entity->next;
	}
	return true;
}

/* Actions. */

/* ref = name | path "::" STRING . */
static struct schema_ast_action_ref *parse_action_ref(struct parser *parser)
{
	struct schema_ast_action_ref *ref = schema_parse_alloc(parser, sizeof(*ref));
	uint32_t start = parser->token.span.start;
	struct str path;
	bool id_follows;

	if (ref == NULL)
		return NULL;
	ref->type = STR("Action");
	if (parser->token.kind == TOKEN_STRING) {
		if (!parser_take_string(parser, &ref->id))
			return NULL;
	} else {
		if (!parse_path(parser, &path, &id_follows))
			return NULL;
		if (id_follows) {
			ref->type = path;
			if (!schema_parse_string(parser, &ref->id))
				return NULL;
		} else if (str_find_byte(path, ':') == NULL) {
			ref->id = path;
		} else {
			parser_fail_expected(parser, "`::` and the id of an action in quotes");
			return NULL;
		}
	}
	ref->span = parser_span_from(parser, start);
	return ref;
}

/* parents = "in" ( ref | "[" ref { "," ref } "]" ) . */
static bool parse_action_parents(struct parser *parser, struct schema_ast_action *action)
{
	struct schema_ast_action_ref *first = NULL, **tail = &first;
	bool is_list;

	parser_advance(parser);
	is_list = parser_accept(parser, TOKEN_LEFT_BRACKET);
	do {
		*tail = parse_action_ref(parser);
		if (*tail == NULL)
			return false;
		tail = &(*tail)->next;
	} while (is_list && parser_accept(parser, TOKEN_COMMA));
	if (is_list && !parser_expect(parser, TOKEN_RIGHT_BRACKET, " behind the actions"))
		return false;
	action->parents = first;
	return true;
}

/* The parts of `appliesTo`. */
enum { APP_PRINCIPAL = 1, APP_RESOURCE = 2, APP_CONTEXT = 4 };

/* types behind "principal" or "resource", at least one. */
static bool parse_applicable(struct parser *parser, struct span word,
			     const struct schema_ast_ref **refs)
{
	if (!schema_parse_refs(parser, refs))
		return false;
	if (*refs != NULL)
		return true;
	parser_fail(parser, word,
		    "this list needs at least one entity type; an action that applies to nothing "
		    "is declared without `appliesTo`");
	return false;
}

/* ( path | record ) behind "context". */
static bool parse_context(struct parser *parser, struct schema_ast_action *action)
{
	if (parser->token.kind == TOKEN_LEFT_BRACE)
		action->context = schema_parse_record(parser);
	else
		action->context = schema_parse_named(parser);
	return action->context != NULL;
}

/* app = ( "principal" | "resource" ) ":" types | "context" ":" ( path | record ) . */
static bool parse_app(struct parser *parser, struct schema_ast_action *action, unsigned *parts)
{
	struct span word = parser->token.span;
	unsigned part = schema_parse_at_word(parser, STR("principal"))  ? APP_PRINCIPAL
			: schema_parse_at_word(parser, STR("resource")) ? APP_RESOURCE
			: schema_parse_at_word(parser, STR("context"))  ? APP_CONTEXT
									: 0;

	if (part == 0) {
		parser_fail_expected(parser, "`principal`, `resource` or `context`");
		return false;
	}
	if ((*parts & part) != 0) {
		parser_fail_token(parser, "", " stands here a second time");
		return false;
	}
	*parts |= part;
	parser_advance(parser);
	if (!parser_expect(parser, TOKEN_COLON, ""))
		return false;
	if (part == APP_PRINCIPAL)
		return parse_applicable(parser, word, &action->principals);
	if (part == APP_RESOURCE)
		return parse_applicable(parser, word, &action->resources);
	return parse_context(parser, action);
}

/* applies = "appliesTo" "{" app { "," app } [","] "}" . */
static bool parse_applies_to(struct parser *parser, struct schema_ast_action *action)
{
	struct span word = parser->token.span;
	unsigned parts = 0;

	parser_advance(parser);
	if (!parser_expect(parser, TOKEN_LEFT_BRACE, " behind `appliesTo`"))
		return false;
	do {
		if (!parse_app(parser, action, &parts))
			return false;
	} while (parser_accept(parser, TOKEN_COMMA) && parser->token.kind != TOKEN_RIGHT_BRACE);
	if (!parser_accept(parser, TOKEN_RIGHT_BRACE)) {
		parser_fail_expected(parser, "`,` or `}`");
		return false;
	}
	if ((parts & APP_PRINCIPAL) != 0 && (parts & APP_RESOURCE) != 0)
		return true;
	parser_fail(parser, word, "`appliesTo` needs both `principal` and `resource`");
	return false;
}

/* body = [ parents ] [ applies ] [ "attributes" "{" "}" ] . Actions have no attributes; the empty
 * list of them is a relic. */
static bool parse_action_body(struct parser *parser, struct schema_ast_action *action)
{
	if (token_is_word(&parser->token, WORD_IN) && !parse_action_parents(parser, action))
		return false;
	if (schema_parse_at_word(parser, STR("appliesTo")) && !parse_applies_to(parser, action))
		return false;
	if (!schema_parse_accept_word(parser, STR("attributes")))
		return true;
	return parser_expect(parser, TOKEN_LEFT_BRACE, " behind `attributes`") &&
	       parser_expect(parser, TOKEN_RIGHT_BRACE, ": actions have no attributes");
}

/* name { "," name } : new actions with nothing but their names. */
static struct schema_ast_action *parse_action_names(struct parser *parser)
{
	struct schema_ast_action *first = NULL, **tail = &first;

	do {
		*tail = schema_parse_alloc(parser, sizeof(**tail));
		if (*tail == NULL || !schema_parse_name(parser, &(*tail)->id, &(*tail)->span))
			return NULL;
		tail = &(*tail)->next;
	} while (parser_accept(parser, TOKEN_COMMA));
	return first;
}

/* action = "action" name { "," name } body ";" . */
static bool parse_action(struct parser *parser, struct space *space,
			 struct schema_ast_annotations annotations)
{
	struct schema_ast_action body = {.annotations = annotations};
	struct schema_ast_action *action;

	parser_advance(parser);
	action = parse_action_names(parser);
	if (action == NULL || !parse_action_body(parser, &body) ||
	    !parser_expect(parser, TOKEN_SEMICOLON, " behind the action"))
		return false;

	*space->actions = action;
	for (; action != NULL; action = action->next) {
		body.id = action->id;
		body.span = action->span;
		body.next = action->next;
		*action = body;
		space->actions = &action->next;
	}
	return true;
}

/* common = "type" IDENT "=" type ";" . */
static bool parse_common(struct parser *parser, struct space *space,
			 struct schema_ast_annotations annotations)
{
	struct schema_ast_common *common = schema_parse_alloc(parser, sizeof(*common));

	parser_advance(parser);
	if (common == NULL || !schema_parse_identifier(parser, &common->name, &common->span))
		return false;
	if (schema_is_reserved_common(common->name)) {
		parser_fail(parser, common->span, "`%.*s` is reserved and cannot name a type",
			    STR_ARGS(common->name));
		return false;
	}
	common->annotations = annotations;
	if (!parser_expect(parser, TOKEN_ASSIGN, " behind the name of the type"))
		return false;
	common->type = schema_parse_type(parser);
	if (common->type == NULL || !parser_expect(parser, TOKEN_SEMICOLON, " behind the type"))
		return false;
	*space->commons = common;
	space->commons = &common->next;
	return true;
}

/* Declarations and namespaces. */

/* Skips the rest of a declaration that failed, which began where `brackets` were open: up to the
 * next semicolon, which stands nowhere inside of declarations, or the brace that ends the
 * namespace. Returns the error. */
static enum error recover(struct parser *parser, int32_t brackets)
{
	enum error error = parser->error;
	bool ended = false;

	parser->lexer.quiet = true;
	while (!ended && parser->token.kind != TOKEN_END) {
		if (parser->token.kind == TOKEN_RIGHT_BRACE && brackets != 0 &&
		    parser->open_brackets <= brackets)
			break;
		ended = parser->token.kind == TOKEN_SEMICOLON;
		parser->lexer.quiet = !ended;
		parser_advance(parser);
	}
	parser->open_brackets = brackets;
	parser->lexer.quiet = false;
	ast_list_drop(&parser->lists, 0);
	parser->depth = 0;
	parser->error = ERR_NONE;
	return error;
}

/* What is collected over the whole text. */
struct schema_file {
	struct schema_ast_namespace *first, **tail;
	uint32_t count;
	enum error worst; /* of all declarations: a mistake counts more than a limit */
};

static void note_error(struct schema_file *file, enum error error)
{
	if (file->worst != ERR_NO_MEMORY && file->worst != ERR_SYNTAX)
		file->worst = error;
	if (error == ERR_NO_MEMORY)
		file->worst = error;
}

/* decl = entity | action | common . */
static bool parse_decl(struct parser *parser, struct space *space,
		       struct schema_ast_annotations annotations)
{
	if (schema_parse_at_word(parser, STR("entity")))
		return parse_entity(parser, space, annotations);
	if (schema_parse_at_word(parser, STR("action")))
		return parse_action(parser, space, annotations);
	if (schema_parse_at_word(parser, STR("type")))
		return parse_common(parser, space, annotations);
	if (schema_parse_at_word(parser, STR("namespace")))
		parser_fail(parser, parser->token.span, "namespaces cannot be nested");
	else
		parser_fail_expected(parser, "`entity`, `action` or `type`");
	return false;
}

static struct space open_space(struct schema_ast_namespace *ast)
{
	return (struct space){ast, &ast->entities, &ast->actions, &ast->commons};
}

static bool find_namespace(const struct schema_file *file, struct str name)
{
	for (const struct schema_ast_namespace *ast = file->first; ast != NULL; ast = ast->next) {
		if (str_equal(ast->name, name))
			return true;
	}
	return false;
}

/* Appends a namespace. One that is there already is parsed once more, for its mistakes. */
static struct schema_ast_namespace *add_namespace(struct parser *parser, struct schema_file *file,
						  struct str name, struct span span)
{
	struct schema_ast_namespace *ast;

	if (file->count == SCHEMA_NAMESPACES) {
		parser_fail_limit(parser, span, "there are more than %d namespaces",
				  SCHEMA_NAMESPACES);
		return NULL;
	}
	if (find_namespace(file, name)) {
		parser_fail(parser, span, "the namespace `%s` is declared a second time",
			    diag_quote(name).text);
		note_error(file, ERR_SYNTAX);
	}
	ast = schema_parse_alloc(parser, sizeof(*ast));
	if (ast == NULL)
		return NULL;
	ast->name = name;
	ast->span = span;
	*file->tail = ast;
	file->tail = &ast->next;
	file->count++;
	return ast;
}

/* { annotations decl } "}" . */
static bool parse_namespace_body(struct parser *parser, struct schema_file *file,
				 struct schema_ast_namespace *ast)
{
	struct space space = open_space(ast);
	int32_t brackets = parser->open_brackets;

	while (parser->token.kind != TOKEN_RIGHT_BRACE && parser->token.kind != TOKEN_END) {
		struct schema_ast_annotations annotations;

		if (parse_annotations(parser, &annotations.items, &annotations.count) &&
		    parse_decl(parser, &space, annotations))
			continue;
		note_error(file, recover(parser, brackets));
		if (file->worst == ERR_NO_MEMORY)
			return false;
	}
	return parser_expect(parser, TOKEN_RIGHT_BRACE, " at the end of the namespace");
}

/* namespace = "namespace" path "{" { annotations decl } "}" . */
static bool parse_namespace(struct parser *parser, struct schema_file *file,
			    struct schema_ast_annotations annotations)
{
	struct schema_ast_namespace *ast;
	struct str name;
	uint32_t start;
	bool named;

	parser_advance(parser);
	start = parser->token.span.start;
	parser->allows_builtins = false;
	named = parse_path(parser, &name, NULL);
	parser->allows_builtins = true;
	if (!named)
		return false;
	ast = add_namespace(parser, file, name, parser_span_from(parser, start));
	if (ast == NULL || !parser_expect(parser, TOKEN_LEFT_BRACE, " behind the namespace"))
		return false;
	ast->annotations = annotations;
	return parse_namespace_body(parser, file, ast);
}

/* schema = { annotations ( namespace | decl ) } . */
static void parse_schema(struct parser *parser, struct schema_file *file)
{
	struct schema_ast_namespace *empty = schema_parse_alloc(parser, sizeof(*empty));
	struct space space;

	if (empty == NULL) {
		file->worst = ERR_NO_MEMORY;
		return;
	}
	empty->name = STR("");
	space = open_space(empty);
	while (parser->token.kind != TOKEN_END && file->worst != ERR_NO_MEMORY) {
		struct schema_ast_annotations annotations;
		bool done = parse_annotations(parser, &annotations.items, &annotations.count);

		if (done && schema_parse_at_word(parser, STR("namespace")))
			done = parse_namespace(parser, file, annotations);
		else if (done)
			done = parse_decl(parser, &space, annotations);
		if (!done)
			note_error(file, recover(parser, 0));
	}
	if (empty->entities != NULL || empty->actions != NULL || empty->commons != NULL)
		*file->tail = empty;
}

enum error schema_parse(struct arena *arena, const struct source *source, struct cedar_diags *diags,
			struct schema_ast *ast)
{
	struct parser parser = {
		.arena = arena,
		.source = source,
		.diags = diags,
		.max_depth = SCHEMA_NESTING,
		.allows_builtins = true,
	};
	struct schema_file file = {.tail = &file.first};
	enum error error = schema_check_text(source, diags);

	if (error != ERR_NONE)
		return error;
	ast_lists_init(&parser.lists, arena);
	lexer_init(&parser.lexer, source, diags);
	parser.token = lexer_next(&parser.lexer);
	parse_schema(&parser, &file);
	ast_lists_deinit(&parser.lists);
	if (file.worst == ERR_NONE)
		*ast = (struct schema_ast){source, file.first};
	return file.worst;
}
