/* Tokens of policies and of schemas in Cedar syntax ("Grammar", lexical rules). */
#ifndef CEDAR_TOKEN_H
#define CEDAR_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "cedar/cedar.h"
#include "cedar/source.h"

enum token_kind {
	TOKEN_END,     /* of the text */
	TOKEN_INVALID, /* no token; a diagnostic has been made */
	TOKEN_IDENT,
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_SLOT, /* ?name */
	TOKEN_AT,
	TOKEN_DOT,
	TOKEN_COMMA,
	TOKEN_SEMICOLON,
	TOKEN_COLON,
	TOKEN_PATH,     /* :: */
	TOKEN_QUESTION, /* a question mark alone, for schemas */
	TOKEN_LEFT_PAREN,
	TOKEN_RIGHT_PAREN,
	TOKEN_LEFT_BRACE,
	TOKEN_RIGHT_BRACE,
	TOKEN_LEFT_BRACKET,
	TOKEN_RIGHT_BRACKET,
	TOKEN_EQ, /* == */
	TOKEN_NE,
	TOKEN_LT,
	TOKEN_LE,
	TOKEN_GT,
	TOKEN_GE,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_STAR,
	/* Not operators of the language; they are known so that messages can say so. */
	TOKEN_SLASH,
	TOKEN_PERCENT,
	TOKEN_ASSIGN, /* = ; an ordinary token of schemas */
};

/* Identifiers that mean something in places. */
enum word {
	WORD_OTHER,
	/* Reserved: cannot name anything unless quoted. */
	WORD_TRUE,
	WORD_FALSE,
	WORD_IF,
	WORD_THEN,
	WORD_ELSE,
	WORD_IN,
	WORD_IS,
	WORD_LIKE,
	WORD_HAS,
	WORD_CEDAR, /* __cedar */
	/* Ordinary names everywhere else. */
	WORD_PERMIT,
	WORD_FORBID,
	WORD_WHEN,
	WORD_UNLESS,
	WORD_PRINCIPAL,
	WORD_ACTION,
	WORD_RESOURCE,
	WORD_CONTEXT,
};

struct token {
	enum token_kind kind;
	enum word word;   /* of TOKEN_IDENT */
	struct span span; /* of a string with its quotes */
};

static inline bool token_is_word(const struct token *token, enum word word)
{
	return token->kind == TOKEN_IDENT && token->word == word;
}

static inline bool token_is_reserved(const struct token *token)
{
	return token->kind == TOKEN_IDENT && token->word != WORD_OTHER && token->word <= WORD_CEDAR;
}

/* What is between the quotes of a string token. */
static inline struct span token_inside(const struct token *token)
{
	return span_make(token->span.start + 1, token->span.end - 1);
}

struct lexer {
	const struct source *source; /* its text must be valid UTF-8 */
	struct cedar_diags *diags;
	uint32_t at; /* offset of the next byte to look at */
	bool quiet;  /* while set nothing is reported */
};

/* `source` and `diags` are borrowed. */
void lexer_init(struct lexer *lexer, const struct source *source, struct cedar_diags *diags);

/* The next token, behind blanks and comments. What is no token is reported and skipped, and gives
 * TOKEN_INVALID. Goes on giving TOKEN_END at the end. */
struct token lexer_next(struct lexer *lexer);

/* "`&&`", "a string", "the end of the text": for messages of the form "expected A, found B". */
const char *token_kind_text(enum token_kind kind);

#endif
