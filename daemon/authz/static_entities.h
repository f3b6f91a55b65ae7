/*
 * entities.json: entities that hold for every request, such as roles that groups are in, in Cedar's
 * JSON format. Users and resources are not among them, because each request brings its own: what a
 * file said about them would contradict the request.
 */
#ifndef AUTHZ_STATIC_ENTITIES_H
#define AUTHZ_STATIC_ENTITIES_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/cedar.h"

/* Adds the entities of `text` to `engine`, each as `schema` says; `arena` takes what is read on the
 * way. ERR_SYNTAX, ERR_LIMIT with diagnostics, ERR_NO_MEMORY; the engine can then only be freed. */
enum error static_entities_add(struct cedar_engine *engine, const struct cedar_schema *schema,
			       struct arena *arena, struct str file, struct str text,
			       struct cedar_diags *diags) ATTR_MUST_CHECK;

#endif
