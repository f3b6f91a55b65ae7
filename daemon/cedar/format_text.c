#include "cedar/format_text.h"

struct reader {
	struct arena *arena;
	struct format_text *text;
	uint32_t capacity;
	uint32_t open_bracket; /* the innermost open one; its `match` is the one around it */
	enum error error;
};

static struct str trim_end(struct str s)
{
	while (s.length != 0 && (s.ptr[s.length - 1] == ' ' || s.ptr[s.length - 1] == '\t'))
		s.length--;
	return s;
}

/* Adds a comment that stood before a token, or behind the token before it. */
static void add_comment(struct reader *reader, struct format_token *token, struct str comment,
			uint32_t line_feeds, struct format_comment ***tail)
{
	struct format_comment *node;

	if (line_feeds == 0 && reader->text->count > 0) {
		reader->text->tokens[reader->text->count - 1].after = comment;
		return;
	}
	node = arena_alloc(reader->arena, sizeof(*node));
	if (node == NULL) {
		reader->error = ERR_NO_MEMORY;
		return;
	}
	*node = (struct format_comment){.text = comment, .after_empty_line = line_feeds > 1};
	if (*tail == NULL)
		*tail = &token->before;
	**tail = node;
	*tail = &node->next;
}

/* Finds the comments in the blanks before a token. */
static void read_gap(struct reader *reader, struct format_token *token, struct str gap)
{
	struct format_comment **tail = NULL;
	uint32_t line_feeds = 0;
	size_t at = 0;

	while (at < gap.length) {
		size_t start = at;
		char c = gap.ptr[at++];

		if (c == '/') {
			while (at < gap.length && gap.ptr[at] != '\n' && gap.ptr[at] != '\r')
				at++;
			add_comment(reader, token, trim_end(str_make(gap.ptr + start, at - start)),
				    line_feeds, &tail);
			line_feeds = 0;
		} else if (c == '\n' || (c == '\r' && (at == gap.length || gap.ptr[at] != '\n'))) {
			line_feeds++;
		}
	}
	token->after_empty_line = line_feeds > 1;
}

static void match_brackets(struct reader *reader, uint32_t index)
{
	struct format_token *tokens = reader->text->tokens;
	uint32_t open = reader->open_bracket;

	switch (tokens[index].kind) {
	case TOKEN_LEFT_PAREN:
	case TOKEN_LEFT_BRACE:
	case TOKEN_LEFT_BRACKET:
		tokens[index].match = open;
		reader->open_bracket = index;
		break;
	case TOKEN_RIGHT_PAREN:
	case TOKEN_RIGHT_BRACE:
	case TOKEN_RIGHT_BRACKET:
		reader->open_bracket = tokens[open].match;
		tokens[open].match = index;
		break;
	default: break;
	}
}

static struct format_token *add_token(struct reader *reader)
{
	struct format_text *text = reader->text;
	struct format_token *tokens = arena_grow_array(reader->arena, text->tokens, text->count,
						       &reader->capacity, sizeof(*tokens));

	if (tokens == NULL) {
		reader->error = ERR_NO_MEMORY;
		return NULL;
	}
	text->tokens = tokens;
	return &tokens[text->count];
}

static bool ends_value(const struct format_token *token)
{
	switch (token->kind) {
	case TOKEN_IDENT:
		return token->word == WORD_OTHER || token->word > WORD_CEDAR ||
		       token->word == WORD_TRUE || token->word == WORD_FALSE;
	case TOKEN_NUMBER:
	case TOKEN_STRING:
	case TOKEN_RIGHT_PAREN:
	case TOKEN_RIGHT_BRACE:
	case TOKEN_RIGHT_BRACKET: return true;
	default: return false;
	}
}

/* True when the token stands at the end of a line that is broken around it. */
static bool is_separator(const struct format_token *token, const struct format_token *previous)
{
	switch (token->kind) {
	case TOKEN_COMMA:
	case TOKEN_AND:
	case TOKEN_OR:
	case TOKEN_EQ:
	case TOKEN_NE:
	case TOKEN_LT:
	case TOKEN_LE:
	case TOKEN_GT:
	case TOKEN_GE:
	case TOKEN_PLUS:
	case TOKEN_STAR: return true;
	case TOKEN_MINUS: return ends_value(previous);
	default: return false;
	}
}

/* Comments in front of a separator, which will not begin a line, move behind it. */
static void move_comments(struct format_token *previous, struct format_token *token,
			  struct format_token *next)
{
	struct format_comment **tail = &token->before;
	bool separator = is_separator(token, previous);

	if (previous->after.length != 0 && token->after.length == 0 &&
	    (separator || (token->kind == TOKEN_SEMICOLON && token->before == NULL))) {
		token->after = previous->after;
		previous->after = STR("");
	}
	if (!separator || token->before == NULL)
		return;
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = next->before;
	next->before = token->before;
	token->before = NULL;
}

enum error format_text_read(struct format_text *text, struct arena *arena,
			    const struct source *source, struct cedar_diags *diags)
{
	struct reader reader = {.arena = arena, .text = text};
	struct format_token *token;
	uint32_t previous_end = 0;
	struct lexer lexer;

	*text = (struct format_text){NULL, 0};
	lexer_init(&lexer, source, diags);
	do {
		struct token found = lexer_next(&lexer);
		struct span gap = span_make(previous_end, found.span.start);

		token = add_token(&reader);
		if (token == NULL)
			return ERR_NO_MEMORY;
		*token = (struct format_token){
			.kind = found.kind,
			.word = found.word,
			.text = source_slice(source, found.span),
		};
		read_gap(&reader, token, source_slice(source, gap));
		match_brackets(&reader, text->count++);
		previous_end = found.span.end;
	} while (token->kind != TOKEN_END);
	for (uint32_t i = 1; i + 1 < text->count; i++)
		move_comments(&text->tokens[i - 1], &text->tokens[i], &text->tokens[i + 1]);
	return reader.error;
}
