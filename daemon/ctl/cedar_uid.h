/* Entities as people write them, in Cedar syntax: User::"alice". */
#ifndef CTL_CEDAR_UID_H
#define CTL_CEDAR_UID_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"
#include "cedar/json_read.h"

/* Reads a text that is an entity and nothing else; `name` is what messages call it. Both must live
 * as long as `arena`, into which the result goes. ERR_SYNTAX with a diagnostic, ERR_NO_MEMORY. */
enum error cedar_uid_read(struct arena *arena, struct str name, struct str text,
			  struct cedar_diags *diags, struct ast_uid *uid) ATTR_MUST_CHECK;

/* The same for a string in JSON, the last event of the reader, which fails with the message. False
 * then. */
bool cedar_uid_read_json(struct json_reader *reader, const char *what, struct ast_uid *uid);

#endif
