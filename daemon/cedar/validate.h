/*
 * Validation of policies against a schema: whether a policy can go wrong at run time
 * (docs.cedarpolicy.com, "Cedar policy validation against schema"). For this layer; the public side
 * is cedar_engine_validate().
 *
 *	validate_names.c  whether everything named is declared
 *	validate.c        which actions the scope admits, and in which environments the policy is
 *	                  checked
 *	validate_expr.c   the type of an expression in one environment: booleans, literals, sets
 *	validate_ops.c    operators, membership, functions
 *	validate_attr.c   attributes and tags
 */
#ifndef CEDAR_VALIDATE_H
#define CEDAR_VALIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/ast.h"
#include "cedar/capability.h"
#include "cedar/cedar.h"
#include "cedar/schema.h"
#include "cedar/type_lattice.h"

enum {
	/* Steps of comparing, joining and typing for one policy. */
	VALIDATE_STEPS = 20 * 1000 * 1000,
	/* Attributes in the path of one `has`. */
	VALIDATE_PATH = 1000,
	/* Memory for the types and capabilities of one environment. */
	VALIDATE_BYTES = 256 << 20,
};

enum validate_kind {
	VALIDATE_UNKNOWN_TYPE,     /* an entity type that is not declared */
	VALIDATE_UNKNOWN_ACTION,   /* an action that is not declared */
	VALIDATE_BAD_ENUM_ID,      /* an id that its enumerated type does not have */
	VALIDATE_INAPPLICABLE,     /* no action that the scope admits can be applied */
	VALIDATE_UNEXPECTED_TYPE,  /* an operand of the wrong type */
	VALIDATE_INCOMPATIBLE,     /* two types that have nothing in common */
	VALIDATE_NO_ATTRIBUTE,     /* an attribute that is not declared */
	VALIDATE_UNSAFE_ATTRIBUTE, /* an optional one, without `has` */
	VALIDATE_UNSAFE_TAG,       /* a tag, without hasTag() */
	VALIDATE_NO_TAGS,          /* a tag of entities that have none */
	VALIDATE_EMPTY_SET,        /* an empty set literal, in strict mode */
	VALIDATE_ARITY,            /* a wrong number of arguments */
	VALIDATE_BAD_LITERAL,      /* text that its constructor does not accept */
	VALIDATE_NOT_LITERAL,      /* a constructor of something else, in strict mode */
	VALIDATE_IMPOSSIBLE,       /* a warning: true in no environment */
	VALIDATE_SUSPICIOUS_TEXT,  /* a warning: text that may look like other text */
	VALIDATE_TOO_COMPLEX,      /* the steps are spent */
};

struct validate_options {
	bool strict;
	bool inapplicable_is_warning;
	bool once_a_place;
	/* Told of each error and warning; may be NULL. */
	void (*on_finding)(void *arg, enum validate_kind kind, enum cedar_severity severity);
	void *arg;
};

/* What stands for the slots of a template. */
struct validate_slots {
	const struct ast_uid *uids[3]; /* by enum ast_var; NULL without a slot */
};

/* Validates a policy, or a template in all environments its slots allow, or with `slots` a link.
 * `arena` is for temporary use. Returns ERR_NONE when there was no error, ERR_INVALID or ERR_LIMIT
 * with diagnostics, or ERR_NO_MEMORY. */
enum error validate_policy(const struct cedar_schema *schema, const struct ast_policy *policy,
			   const struct validate_slots *slots,
			   const struct validate_options *options, struct arena *arena,
			   struct cedar_diags *diags) ATTR_MUST_CHECK;

/* Inside. */

/* A finding that was reported, so that other environments do not repeat it. */
struct validate_finding {
	enum validate_kind kind;
	struct span span;
	uint64_t text; /* sum of the message */
};

/* What a name of the policy is in the schema: looked up once, used in every environment. */
struct validate_number {
	const void *place; /* the struct ast_uid, or what holds the name of a type */
	uint32_t entity;   /* type, or SCHEMA_NONE */
	uint32_t action;   /* of a uid, or SCHEMA_NONE */
};

enum { VALIDATE_NUMBERS = 64 }; /* a power of two */

struct validator {
	const struct cedar_schema *schema;
	const struct ast_policy *policy;
	const struct validate_options *options;
	struct cedar_diags *diags;
	struct lattice lattice; /* its arena is that of the environment */
	struct arena *arena;    /* of the policy */
	struct validate_finding *findings;
	uint32_t finding_count, finding_capacity;
	uint32_t error_count;
	struct validate_number numbers[VALIDATE_NUMBERS]; /* by place; the latest of each slot */
	/* The environment. */
	uint32_t principal, resource; /* entity types */
	uint32_t action;
};

/* What is known of an expression. A failed one has been reported, here or in another pass, or the
 * lattice is spent; its type may still be known, so that the rest can be checked. */
struct answer {
	const struct type *type;          /* NULL when it is not known */
	const struct capability *learned; /* when it is true; none when it failed */
	bool failed;
	/* Of something read from attributes: the type of the entity they were read from, if it was
	   one, and how many attributes the path from there has. */
	const struct type *origin;
	uint32_t path;
};

/* Reports an error or warning in the policy once for each place and text, or place alone. */
void validate_report(struct validator *v, enum validate_kind kind, struct span span,
		     const char *format, ...) ATTR_PRINTF(4, 5);

/* "Long", "Set<T>", "{a: Long, b?: T}", cut when long: the type as a schema writes it. */
enum { VALIDATE_TYPE_BYTES = 160 };
struct validate_type_text {
	char text[VALIDATE_TYPE_BYTES];
};
struct validate_type_text validate_type_text(const struct cedar_schema *schema,
					     const struct type *type);

/* Checks that the policy names nothing that is not declared. */
void validate_names(struct validator *v);
/* The same for one entity type, which is named at `span`. */
void validate_type_name(struct validator *v, struct str name, struct span span);

/* What a uid of the policy is, and what the type is whose name stands at `place`. */
struct validate_number validate_uid(struct validator *v, const struct ast_uid *uid);
uint32_t validate_type_number(struct validator *v, const void *place, struct str name);

static inline struct answer answer_of(const struct type *type)
{
	return (struct answer){.type = type};
}

static inline struct answer answer_failed(const struct type *type)
{
	return (struct answer){.type = type, .failed = true};
}

/* The answer of an expression of which `part` is an operand: fails when the part did. */
static inline struct answer answer_after(struct answer whole, struct answer part)
{
	if (part.failed) {
		whole.failed = true;
		whole.learned = NULL;
	}
	return whole;
}

/* The type of an expression, where `known` holds. */
struct answer validate_expr(struct validator *v, const struct ast_expr *expr,
			    const struct capability *known);

/* What an operand may be: a bit for each kind. */
#define WANT(kind)  (1u << (kind))
#define WANT_BOOL   (WANT(TYPE_NEVER) | WANT(TYPE_TRUE) | WANT(TYPE_FALSE) | WANT(TYPE_BOOL))
#define WANT_ENTITY (WANT(TYPE_NEVER) | WANT(TYPE_ENTITY) | WANT(TYPE_ANY_ENTITY))

/* The same for an operand that must be of one of the kinds; else it is reported as "expected
 * <what>", and its type is not known. */
struct answer validate_operand(struct validator *v, const struct ast_expr *expr,
			       const struct capability *known, unsigned wanted, const char *what);

/* Parts of validate_expr(). */
struct answer validate_binary(struct validator *v, const struct ast_expr *expr,
			      const struct capability *known);
struct answer validate_in(struct validator *v, const struct ast_expr *left,
			  const struct ast_expr *right, const struct capability *known);
struct answer validate_call(struct validator *v, const struct ast_expr *expr,
			    const struct capability *known);
struct answer validate_attr(struct validator *v, const struct ast_expr *expr,
			    const struct capability *known);
struct answer validate_has(struct validator *v, const struct ast_expr *expr,
			   const struct capability *known);
struct answer validate_has_tag(struct validator *v, const struct ast_expr *expr,
			       const struct capability *known);
struct answer validate_get_tag(struct validator *v, const struct ast_expr *expr,
			       const struct capability *known);

/* `left && right`, `right` being checked by the caller only when `left` is not False. */
struct answer validate_and(struct validator *v, struct answer left, struct answer right);

/* True when the two expressions' types can be compared in strict mode; else reports at `expr`. */
bool validate_comparable(struct validator *v, const struct ast_expr *expr, const struct type *left,
			 const struct type *right);

#endif
