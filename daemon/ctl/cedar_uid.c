#include "ctl/cedar_uid.h"

#include "base/utf8.h"
#include "cedar/diag.h"
#include "cedar/parser_state.h"

/* uid = path "::" STRING . */
static bool parse_alone(struct parser *parser, struct ast_uid *uid)
{
	lexer_init(&parser->lexer, parser->source, parser->diags);
	parser->token = lexer_next(&parser->lexer);
	return parse_uid(parser, uid) && parser_expect(parser, TOKEN_END, "");
}

enum error cedar_uid_read(struct arena *arena, struct str name, struct str text,
			  struct cedar_diags *diags, struct ast_uid *uid)
{
	struct source source;
	struct parser parser = {.arena = arena, .source = &source, .diags = diags};
	struct ast_uid result;
	enum error error = source_init(&source, arena, name, text);
	size_t valid;

	if (error != ERR_NONE)
		return error;
	valid = utf8_valid_length(text);
	if (valid < text.length) {
		diag_report(diags, CEDAR_ERROR, &source,
			    span_make((uint32_t)valid, (uint32_t)valid + 1),
			    "the text is not valid UTF-8");
		return ERR_SYNTAX;
	}
	if (!parse_alone(&parser, &result))
		return parser.error;
	*uid = result;
	return ERR_NONE;
}

bool cedar_uid_read_json(struct json_reader *reader, const char *what, struct ast_uid *uid)
{
	struct cedar_diags diags;
	enum error error;

	if (!json_read_expect(reader, JSON_STRING, what))
		return false;
	cedar_diags_init(&diags);
	error = cedar_uid_read(reader->arena, STR(""), reader->text, &diags, uid);
	if (error == ERR_SYNTAX && diags.first != NULL)
		json_read_fail(reader, reader->span, "%s: %.*s", what,
			       STR_ARGS(diags.first->message));
	else if (error != ERR_NONE)
		json_read_abort(reader, error);
	cedar_diags_deinit(&diags);
	return error == ERR_NONE;
}
