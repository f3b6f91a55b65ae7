/* The inside of string tokens: escapes resolved, and `like` patterns split at their wildcards. */
#ifndef CEDAR_UNESCAPE_H
#define CEDAR_UNESCAPE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/cedar.h"
#include "cedar/source.h"
#include "cedar/token.h"

/* Where the text comes from and where results go; all borrowed. */
struct unescape {
	struct arena *arena;
	const struct source *source;
	struct cedar_diags *diags;
};

/* The value of a string token: a slice of the source when it has no escape, else in the arena.
 * ERR_SYNTAX after a diagnostic for each bad escape, ERR_NO_MEMORY; `*value` is then untouched. */
enum error unescape_string(const struct unescape *context, const struct token *token,
			   struct str *value) ATTR_MUST_CHECK;

/* The literals between the wildcards of a pattern token, as in AST_LIKE; both the array and its
 * strings are in the arena or in the source. A wildcard is a star, also as \x2a or \u{2a}, as the
 * reference reads it; the star itself is \*. Errors as above. */
enum error unescape_pattern(const struct unescape *context, const struct token *token,
			    const struct str **literals, uint32_t *count) ATTR_MUST_CHECK;

#endif
