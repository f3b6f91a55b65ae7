/*
 * What is different between two policies, by policy and in words, not by line: comments, layout and
 * the file a policy stands in do not count. Pure; any thread.
 */
#ifndef POLICY_DIFF_H
#define POLICY_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authz/snapshot.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/cedar.h"

enum policy_change { POLICY_ADDED, POLICY_REMOVED, POLICY_CHANGED };

/* A part that changed: "effect", "principal", "action", "resource", "condition 2", "@redirect". A
 * side where it is not there is empty. Cedar text, but for the effect and annotation values. */
struct policy_part {
	struct str name;
	struct str before, after;
};

/* A policy or template that changed, or, with `is_file`, a file that holds none. Everything lives
 * until the callback returns. */
struct policy_difference {
	enum policy_change change;
	bool is_file;
	struct str id;     /* of the policy; of a file its name */
	struct str source; /* file and line where it stands now, or stood */
	uint32_t line;
	struct str text;                 /* POLICY_ADDED, POLICY_REMOVED: the policy as written */
	const struct policy_part *parts; /* POLICY_CHANGED, and not of a file */
	size_t part_count;
};

/* Delivers the differences from `before` to `after`, each an array of `*_count` files: policies in
 * the order of their ids, then other files. A policy without @id is known by its content, and by
 * "file#N" when that changed. ERR_SYNTAX and ERR_LIMIT with diagnostics when policies of either side
 * cannot be parsed; ERR_NO_MEMORY. */
enum error policy_diff(const struct snapshot_file *before, size_t before_count,
		       const struct snapshot_file *after, size_t after_count,
		       struct cedar_diags *diags,
		       void (*visit)(void *arg, const struct policy_difference *difference),
		       void *arg) ATTR_MUST_CHECK;

#endif
