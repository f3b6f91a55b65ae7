/*
 * Cedar once more, as plainly as it can be written: walks the syntax tree, compares names by their
 * bytes, climbs parents one by one, evaluates every policy. It shares nothing with the engine but
 * the tree and the text forms of the extension types, and serves as its oracle.
 */
#ifndef TESTS_CEDAR_NAIVE_H
#define TESTS_CEDAR_NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"
#include "cedar/ext.h"

enum naive_kind {
	NAIVE_BOOL,
	NAIVE_LONG,
	NAIVE_STRING,
	NAIVE_ENTITY,
	NAIVE_SET,
	NAIVE_RECORD,
	NAIVE_DECIMAL,
	NAIVE_DATETIME,
	NAIVE_DURATION,
	NAIVE_IP,
};

struct naive_value {
	enum naive_kind kind;
	int64_t number;        /* all that are numbers; BOOL: 0 or 1 */
	struct str type, text; /* ENTITY: type and id; STRING: text */
	struct ext_ipaddr ip;
	const struct naive_value *items; /* SET, with duplicates; RECORD */
	const struct str *keys;          /* RECORD */
	size_t count;
};

struct naive_uid {
	struct str type, id;
};

struct naive_entity {
	struct naive_uid uid;
	struct naive_value attrs, tags; /* records */
	const struct naive_uid *parents;
	size_t parent_count;
	bool in_request; /* defined by the request, not by the engine */
};

struct naive_world {
	const struct naive_entity *entities;
	size_t entity_count;
	struct naive_value vars[4]; /* by enum ast_var */
	struct arena *arena;        /* of values made on the way */
};

struct naive_policy {
	const struct ast_policy *ast;
	struct naive_uid slots[3]; /* of a link, by enum ast_var */
};

/* Evaluates scope and conditions. Returns CEDAR_EVAL_NONE and writes `*satisfied`, or the error. */
enum cedar_eval_error naive_evaluate(const struct naive_world *world,
				     const struct naive_policy *policy, bool *satisfied);

bool naive_equal(const struct naive_value *a, const struct naive_value *b);

#endif
