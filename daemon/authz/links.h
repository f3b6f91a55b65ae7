/*
 * links.json: templates made into policies. An array of objects in the form of Cedar's JSON policy
 * sets ("templateLinks"):
 *
 *	[{"templateId": "shells-of", "newId": "shells-of-helpdesk",
 *	  "values": {"?principal": {"type": "WinRM::Group", "id": "CONTOSO\\Helpdesk"}}}]
 */
#ifndef AUTHZ_LINKS_H
#define AUTHZ_LINKS_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/cedar.h"

/* Delivers the links of `text`, which live as long as it and the arena; an error of `on_link` ends it and
 * is returned. Errors as below, but none about templates and ids. */
enum error links_each(struct arena *arena, struct str file, struct str text,
		      struct cedar_diags *diags,
		      enum error (*on_link)(void *arg, const struct cedar_link *link),
		      void *arg) ATTR_MUST_CHECK;

/* Adds the links of `text` to `engine`, which has its templates already; `arena` takes what is
 * read. ERR_SYNTAX, ERR_INVALID, ERR_NOT_FOUND, ERR_EXISTS, ERR_LIMIT with diagnostics;
 * ERR_NO_MEMORY. */
enum error links_add(struct cedar_engine *engine, struct arena *arena, struct str file,
		     struct str text, struct cedar_diags *diags) ATTR_MUST_CHECK;

#endif
