/* What an engine is made of; for this layer. The public side is cedar/cedar.h. */
#ifndef CEDAR_ENGINE_H
#define CEDAR_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"
#include "cedar/entity.h"
#include "cedar/index.h"
#include "cedar/policy.h"
#include "cedar/program.h"
#include "cedar/symbols.h"
#include "cedar/value.h"

#define ENGINE_NO_ITEM UINT32_MAX

enum { ENGINE_REQUEST_BYTES = 4 << 20 }; /* default of struct cedar_limits */

/* A policy, template or link as it was added. */
struct engine_item {
	struct str id;
	const struct ast_policy *ast; /* of a link: of its template */
	uint32_t template_item;       /* of a link; or ENGINE_NO_ITEM */
	cedar_uid slots[3];           /* of a link: by enum ast_var, CEDAR_NO_UID without a slot */
};

/* Where an entity stands in a text that was added. */
struct entity_place {
	cedar_uid uid;
	const struct source *source;
	struct span span;
};

struct cedar_engine {
	struct cedar_limits limits;
	struct cedar_resolver resolver; /* `resolve` is NULL when names stand for themselves */
	bool sealed;
	struct arena build; /* until the engine is sealed: trees and tables that still grow */
	struct arena keep;  /* texts, values, and what sealing makes */
	struct symbols symbols;
	struct value_builder builder; /* of values in `keep` */
	struct entity_store entities;

	/* Until it is sealed: items in the order they were added; an item's position is the number
	   of its id in `ids`. */
	struct symbols ids;
	struct engine_item *items;
	uint32_t item_count, item_capacity;
	struct entity_place *places; /* of entities that came from a text */
	uint32_t place_count, place_capacity;

	/* Once it is sealed: policies that take part in decisions. */
	struct index index;
	struct cedar_policy_info *infos; /* in the order of their items */
	uint32_t policy_count;
	struct program program;
	const uint32_t *uid_lists;
};

/* Replaces the id of the uid type::"*id" by what it means; false when it means nothing. */
bool engine_resolve(const struct cedar_resolver *resolver, struct str type,
		    struct str *id) ATTR_MUST_CHECK;

/* A source of the engine's own: it lives as long as the build arena, copies of its name and text as
 * long as the engine. ERR_LIMIT, ERR_NO_MEMORY. */
enum error engine_own_source(struct cedar_engine *engine, struct str name, struct str text,
			     struct source **out) ATTR_MUST_CHECK;

/* Adds parsed policies and templates, whose trees and sources must live as long as the build arena,
 * their texts as long as the engine. All or nothing, errors as cedar_engine_add_policies(). */
enum error engine_add_parsed(struct cedar_engine *engine, const struct ast_policies *policies,
			     enum cedar_ids ids, struct cedar_diags *diags) ATTR_MUST_CHECK;

/* Appends an item under an id that is not in use (else ERR_EXISTS, without a diagnostic). Copies
 * the id. ERR_LIMIT, ERR_NO_MEMORY. */
enum error engine_add_item(struct cedar_engine *engine,
			   const struct engine_item *item) ATTR_MUST_CHECK;

/* Takes back the items behind the first `item_count`. */
void engine_truncate_items(struct cedar_engine *engine, uint32_t item_count);

/* cedar_engine_link() with messages about `span` of `source`; without a place when that is NULL. */
enum error engine_link(struct cedar_engine *engine, const struct cedar_link *link,
		       const struct source *source, struct span span,
		       struct cedar_diags *diags) ATTR_MUST_CHECK;

/* The item with this id, or ENGINE_NO_ITEM. */
uint32_t engine_find_item(const struct cedar_engine *engine, struct str id);

#endif
