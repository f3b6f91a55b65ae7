/*
 * Policy sets in the JSON form of Cedar (docs.cedarpolicy.com, "JSON policy format", "Policy set
 * format"), the only form that holds template links:
 *
 *	{"staticPolicies": {ID: policy}, "templates": {ID: template},
 *	 "templateLinks": [{"templateId": ID, "newId": ID,
 *	                    "values": {"?principal": {"type": .., "id": ..}}}]}
 *
 * A policy is an object, as in cedar/policy_json.h, or Cedar text in a string. Sections that hold
 * nothing may be left out.
 */
#ifndef CEDAR_POLICY_SET_JSON_H
#define CEDAR_POLICY_SET_JSON_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"
#include "cedar/json_write.h"
#include "cedar/source.h"

struct policy_set_link {
	struct cedar_link link; /* each slot at most once */
	struct span span;       /* of the whole link */
};

struct policy_set {
	struct ast_policies policies; /* and templates, with their ids; the ids may repeat */
	const struct policy_set_link *links;
	uint32_t link_count;
};

/* Reads the set of `source`. What is built goes to `arena`, except for the names and texts of
 * policies in strings, which the trees refer to: they go to `texts`. Of `limits`, which may be
 * NULL, it heeds expression_depth, policies, and text_bytes for policies in strings. All policies
 * in strings are diagnosed; JSON that is wrong ends reading. ERR_SYNTAX or ERR_LIMIT with
 * diagnostics, ERR_NO_MEMORY; `*set` is then untouched. */
enum error policy_set_json_read(struct arena *arena, struct arena *texts,
				const struct source *source, const struct cedar_limits *limits,
				struct cedar_diags *diags, struct policy_set *set) ATTR_MUST_CHECK;

void policy_set_json_write(struct json_writer *json, const struct policy_set *set);

#endif
