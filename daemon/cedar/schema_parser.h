/* What the files of the schema parser share. All functions are rules in the sense of
 * parser_state.h; a schema's rules are given up to the declaration. */
#ifndef CEDAR_SCHEMA_PARSER_H
#define CEDAR_SCHEMA_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "cedar/parser_state.h"
#include "cedar/schema_ast.h"

/* Zeroed memory for the tree; NULL, and failed, when it is spent. */
void *schema_parse_alloc(struct parser *parser, size_t size);

/* Words that mean something in their place only. */
bool schema_parse_at_word(const struct parser *parser, struct str word);
bool schema_parse_accept_word(struct parser *parser, struct str word);

/* STRING, unescaped. */
bool schema_parse_string(struct parser *parser, struct str *value);

/* The name of something declared here: IDENT that is not reserved. */
bool schema_parse_identifier(struct parser *parser, struct str *name, struct span *span);

/* name = IDENT | STRING . */
bool schema_parse_name(struct parser *parser, struct str *name, struct span *span);

/* types = path | "[" [ path { "," path } ] "]" . */
bool schema_parse_refs(struct parser *parser, const struct schema_ast_ref **refs);

/* type = path | "Set" "<" type ">" | record . */
const struct schema_ast_type *schema_parse_type(struct parser *parser);
/* record = "{" [ attr { "," attr } [","] ] "}" . */
const struct schema_ast_type *schema_parse_record(struct parser *parser);
/* A type that is a path. */
const struct schema_ast_type *schema_parse_named(struct parser *parser);

#endif
