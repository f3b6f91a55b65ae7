/* Policy sets in JSON as the engine takes them. */
#include <assert.h>

#include "cedar/diag.h"
#include "cedar/engine.h"
#include "cedar/policy_set_json.h"

enum { SET_TEXT_BYTES = 64 << 20 };

static enum error add_links(struct cedar_engine *engine, const struct policy_set *set,
			    const struct source *source, struct cedar_diags *diags)
{
	enum error worst = ERR_NONE;

	for (uint32_t i = 0; i < set->link_count; i++) {
		const struct policy_set_link *link = &set->links[i];
		enum error error = engine_link(engine, &link->link, source, link->span, diags);

		if (error == ERR_NO_MEMORY || error == ERR_LIMIT)
			return error;
		if (error != ERR_NONE)
			worst = error;
	}
	return worst;
}

enum error cedar_engine_add_policy_set(struct cedar_engine *engine, struct str source,
				       struct str text, struct cedar_diags *diags)
{
	uint32_t item_count = engine->item_count;
	struct policy_set set;
	struct source *own;
	enum error error;

	assert(!engine->sealed);
	if (text.length > SET_TEXT_BYTES) {
		diag_report_source(diags, CEDAR_ERROR, source,
				   "the text has %zu bytes; at most %d are allowed", text.length,
				   SET_TEXT_BYTES);
		return ERR_LIMIT;
	}
	error = engine_own_source(engine, source, text, &own);
	if (error == ERR_NONE)
		error = policy_set_json_read(&engine->build, &engine->keep, own, &engine->limits,
					     diags, &set);
	if (error == ERR_NONE)
		error = engine_add_parsed(engine, &set.policies, CEDAR_IDS_BY_POSITION, diags);
	if (error == ERR_NONE)
		error = add_links(engine, &set, own, diags);
	if (error != ERR_NONE)
		engine_truncate_items(engine, item_count);
	return error;
}
