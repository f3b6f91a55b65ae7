/* The operators of the naive evaluator: what needs values only, and no syntax tree. */
#ifndef TESTS_CEDAR_NAIVE_OPS_H
#define TESTS_CEDAR_NAIVE_OPS_H

#include "naive.h"

struct naive_value naive_number(enum naive_kind kind, int64_t number);
struct naive_value naive_bool(bool value);

struct naive_uid naive_uid_of(const struct naive_value *entity);
bool naive_uids_equal(const struct naive_uid *a, const struct naive_uid *b);

/* Climbs the parents; reflexive. */
bool naive_is_in(const struct naive_world *world, const struct naive_uid *uid,
		 const struct naive_uid *ancestor);

/* Each writes its result only when it returns CEDAR_EVAL_NONE. */

enum cedar_eval_error naive_in(const struct naive_world *world, const struct naive_value *left,
			       const struct naive_value *right, struct naive_value *out);
enum cedar_eval_error naive_attribute(const struct naive_world *world, const struct naive_value *of,
				      struct str key, struct naive_value *out);
/* `sign` is one of + - * */
enum cedar_eval_error naive_arithmetic(char sign, const struct naive_value *left,
				       const struct naive_value *right, struct naive_value *out);
enum cedar_eval_error naive_compare(enum ast_kind kind, const struct naive_value *left,
				    const struct naive_value *right, struct naive_value *out);
enum cedar_eval_error naive_call_extension(enum ast_function function,
					   const struct naive_value *items, size_t count,
					   struct naive_value *out);
enum cedar_eval_error naive_call_method(const struct naive_world *world, enum ast_function function,
					const struct naive_value *items, struct naive_value *out);

/* Tries every length for every wildcard. */
bool naive_like(const struct str *literals, uint32_t count, struct str text);

#endif
