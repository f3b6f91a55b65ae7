/* Policy text as the formatter sees it: all tokens, each with the comments that belong to it. */
#ifndef CEDAR_FORMAT_TEXT_H
#define CEDAR_FORMAT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/token.h"

struct format_comment {
	struct format_comment *next;
	struct str text; /* from the slashes on, without blanks at its end */
	bool after_empty_line;
};

struct format_token {
	enum token_kind kind;
	enum word word;
	struct str text;
	struct format_comment *before; /* on lines of their own before the token */
	struct str after;              /* on the line of the token; empty without one */
	bool after_empty_line;
	uint32_t match; /* of an opening bracket: the index of the closing one */
};

struct format_text {
	struct format_token *tokens; /* the last one is TOKEN_END */
	uint32_t count;
};

/* Splits `source`, which must be a correct policy text. ERR_NO_MEMORY. */
enum error format_text_read(struct format_text *text, struct arena *arena,
			    const struct source *source, struct cedar_diags *diags) ATTR_MUST_CHECK;

#endif
