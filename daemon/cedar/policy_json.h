/*
 * One policy or template in the JSON form of Cedar (docs.cedarpolicy.com, "JSON policy format").
 * The form keeps what the tree keeps: `!=`, `unless`, a path behind `has` and so on stay what they
 * are. Chains of operators are nested in JSON, so one of more than about JSON_DEPTH / 2 operands
 * can be written but not read again.
 */
#ifndef CEDAR_POLICY_JSON_H
#define CEDAR_POLICY_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cedar/ast.h"
#include "cedar/ast_list.h"
#include "cedar/json_read.h"
#include "cedar/json_write.h"

void policy_json_write(struct json_writer *json, const struct ast_policy *policy);

/* Reads any number of policies. */
struct policy_json {
	struct json_reader *json;
	uint32_t max_depth;
	struct ast_lists lists;
	struct buf literal; /* of a pattern */
};

/* `json`, with its arena and source, is borrowed; trees go into its arena. Expressions higher than
 * `max_depth`, at most AST_MAX_HEIGHT, are refused. */
void policy_json_init(struct policy_json *reader, struct json_reader *json, uint32_t max_depth);
void policy_json_deinit(struct policy_json *reader);

/* Reads the value that begins with the last event. False after the JSON reader failed, with its
 * diagnostic. `*policy` is written on success only; it has no id, and is not in a list. */
bool policy_json_read(struct policy_json *reader, struct ast_policy *policy);

/* For the files of the reader. Each function is called with the first event of what it reads, and
 * returns NULL after a failure; `start` is where the node began. */

const struct ast_expr *policy_json_read_expr(struct policy_json *reader);
const struct ast_expr *policy_json_read_value(struct policy_json *reader);

/* A record of the members of an object, each read by `read`. */
const struct ast_expr *
policy_json_read_fields(struct policy_json *reader, uint32_t start,
			const struct ast_expr *(*read)(struct policy_json *reader));

/* From `start` to the end of the last event. */
static inline struct span policy_json_span(const struct policy_json *reader, uint32_t start)
{
	return span_make(start, reader->json->span.end);
}

/* New nodes. Those made by other functions go through the check: NULL, for want of memory, is a
 * failure, and so is too high a tree. `items` may be NULL after a failure. */
const struct ast_expr *policy_json_check(struct policy_json *reader, const struct ast_expr *expr);
struct ast_expr *policy_json_new(struct policy_json *reader, enum ast_kind kind, uint32_t start);
const struct ast_expr *policy_json_new_set(struct policy_json *reader, uint32_t start,
					   const struct ast_expr *const *items, uint32_t count);
const struct ast_expr *policy_json_new_call(struct policy_json *reader, uint32_t start,
					    enum ast_function function,
					    const struct ast_expr *const *items, uint32_t count);

/* ast_list_end(), but NULL also after a failure before, and a failure when memory is spent. */
void *policy_json_end_list(struct policy_json *reader, size_t start, size_t element_size,
			   uint32_t *count);

#endif
