/*
 * A file of links, which make templates into policies: either as the daemon has them in links.json
 * (authz/links.h), or as Cedar's own command line tool writes them:
 *
 *	[{"template_id": "shells-of", "link_id": "shells-of-helpdesk",
 *	  "args": {"?principal": "Group::\"helpdesk\""}}]
 */
#ifndef CTL_CEDAR_LINKS_H
#define CTL_CEDAR_LINKS_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/cedar.h"
#include "cedar/source.h"

/* Adds the links to `engine`, which has its templates already; `arena` takes what is read, and must
 * live as long as `source`. ERR_SYNTAX, ERR_INVALID, ERR_NOT_FOUND, ERR_EXISTS, ERR_LIMIT with
 * diagnostics; ERR_NO_MEMORY. */
enum error cedar_links_add(struct cedar_engine *engine, struct arena *arena,
			   const struct source *source, struct cedar_diags *diags) ATTR_MUST_CHECK;

#endif
