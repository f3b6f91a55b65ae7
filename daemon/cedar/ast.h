/*
 * The syntax tree of Cedar policies, as written: nothing is desugared (`!=`, `>`, `unless`, `is ..
 * in`, a `has` path and so on have their own form), because printer, JSON form and messages need
 * it. What each form means: docs.cedarpolicy.com, "Policy syntax" and "Operators".
 *
 * Trees live in an arena together with their lists and strings, are never changed after they are
 * built, and are freed whole. Strings are unescaped UTF-8, may hold NUL, and may point into the
 * text of the source, which must outlive the tree.
 *
 * The tree is never higher than AST_MAX_HEIGHT, so functions may recurse over it. Chains of `&&`,
 * `||`, `*` and `+ -` are one node, however long they are.
 */
#ifndef CEDAR_AST_H
#define CEDAR_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "cedar/cedar.h"
#include "cedar/source.h"

enum { AST_MAX_HEIGHT = 2000 };

enum ast_var { AST_PRINCIPAL, AST_ACTION, AST_RESOURCE, AST_CONTEXT };

struct ast_uid {
	struct str type; /* a path such as WinRM::User, without blanks */
	struct str id;
	struct span span;
};

/* Functions and methods. ast_function_info() has their properties. */
enum ast_function {
	/* Methods of the language: the parser has checked the number of arguments. */
	AST_CONTAINS,
	AST_CONTAINS_ALL,
	AST_CONTAINS_ANY,
	AST_IS_EMPTY,
	AST_HAS_TAG,
	AST_GET_TAG,
	/* Constructors of extension types; here and below the number of arguments is unchecked,
	   since a wrong one is an error of evaluation. */
	AST_DATETIME,
	AST_DECIMAL,
	AST_DURATION,
	AST_IP,
	/* Methods of extension types. */
	AST_LESS_THAN,
	AST_LESS_THAN_OR_EQUAL,
	AST_GREATER_THAN,
	AST_GREATER_THAN_OR_EQUAL,
	AST_IS_IPV4,
	AST_IS_IPV6,
	AST_IS_LOOPBACK,
	AST_IS_MULTICAST,
	AST_IS_IN_RANGE,
	AST_OFFSET,
	AST_DURATION_SINCE,
	AST_TO_DATE,
	AST_TO_TIME,
	AST_TO_MILLISECONDS,
	AST_TO_SECONDS,
	AST_TO_MINUTES,
	AST_TO_HOURS,
	AST_TO_DAYS,
};
enum { AST_FUNCTION_COUNT = AST_TO_DAYS + 1 };

struct ast_function_info {
	struct str name;
	bool is_method;         /* written receiver.name(..); the receiver is the first argument */
	bool is_extension;      /* of an extension type, not of the language */
	uint8_t argument_count; /* that it takes, the receiver included */
};

const struct ast_function_info *ast_function_info(enum ast_function function);

/* Finds a function or method by name. */
bool ast_function_find(struct str name, enum ast_function *function);

/* Expressions. Behind each kind: the members of struct ast_expr it uses. */
enum ast_kind {
	AST_BOOL,   /* boolean */
	AST_LONG,   /* integer; a minus directly before a literal is part of it */
	AST_STRING, /* text */
	AST_UID,    /* uid */
	AST_VAR,    /* var */
	AST_SET,    /* items[count], maybe none */
	AST_RECORD, /* fields[count] in source order, maybe none, keys unique */
	AST_NOT,    /* left */
	AST_NEG,    /* left */
	AST_AND,    /* items[count], at least 2, from left to right; the first is no AST_AND */
	AST_OR,     /* items[count], at least 2, from left to right; the first is no AST_OR */
	AST_MUL,    /* items[count], at least 2, from left to right; the first is no AST_MUL */
	AST_SUM,    /* items[count], at least 2, from left to right; the first is no AST_SUM.
		       signs[i] is '+' or '-'; signs[0] is '+' */
	AST_EQ,     /* left, right */
	AST_NE,     /* left, right */
	AST_LT,     /* left, right */
	AST_LE,     /* left, right */
	AST_GT,     /* left, right */
	AST_GE,     /* left, right */
	AST_IN,     /* left, right */
	AST_ATTR,   /* left, names[0]: left.name or left["name"] */
	AST_HAS,    /* left, names[count], at least 1: left has a.b.c */
	AST_LIKE,   /* left, names[count], at least 1: the literals between the wildcards. N
		       wildcards make N + 1 literals, some of them empty */
	AST_IS,     /* left, is: left is T, left is T in E */
	AST_IF,     /* items[3]: test, then, else */
	AST_CALL,   /* function, items[count] */
};

struct ast_expr;

struct ast_field {
	struct str key;
	struct span key_span;
	const struct ast_expr *value;
};

struct ast_is {
	struct str type;
	struct span type_span;
	const struct ast_expr *in; /* NULL without `in` */
};

struct ast_expr {
	uint16_t kind;   /* enum ast_kind; ast_kind() has the type for a switch */
	uint16_t height; /* 1 + the height of the highest child */
	uint32_t count;
	struct span span;
	union {
		bool boolean;
		int64_t integer;
		struct str text;
		const struct ast_uid *uid;
		enum ast_var var;
		const struct ast_field *fields;
		struct {
			const struct ast_expr *const *items;
			union {
				const char *signs;
				enum ast_function function;
			};
		};
		struct {
			const struct ast_expr *left;
			union {
				const struct ast_expr *right;
				const struct str *names;
				const struct ast_is *is;
			};
		};
	};
};

static inline enum ast_kind ast_kind(const struct ast_expr *expr)
{
	return (enum ast_kind)expr->kind;
}

/* The expressions directly below, in the order of the text, whatever the kind. */
uint32_t ast_child_count(const struct ast_expr *expr);
const struct ast_expr *ast_child(const struct ast_expr *expr, uint32_t index);

/* Policies. */

enum ast_scope_kind {
	AST_SCOPE_ANY,
	AST_SCOPE_EQ,
	AST_SCOPE_IN,
	AST_SCOPE_IN_LIST, /* action only; the list may be empty */
	AST_SCOPE_IS,
	AST_SCOPE_IS_IN,
};

/* What the scope demands of one variable. */
struct ast_scope {
	enum ast_scope_kind kind;
	bool has_slot;              /* EQ, IN, IS_IN: the slot of the variable stands for the uid */
	const struct ast_uid *uids; /* EQ, IN, IS_IN without slot: one; IN_LIST: uid_count */
	uint32_t uid_count;
	struct str type; /* IS, IS_IN */
	struct span type_span;
	struct span span; /* all of it, the variable included */
};

struct ast_annotation {
	struct str key;
	struct str value; /* "" without a value */
	bool has_value;
	struct span key_span, value_span; /* value_span is the string with its quotes */
};

struct ast_condition {
	bool unless;
	const struct ast_expr *body;
	struct span span; /* from the keyword to the closing brace */
};

struct ast_policy {
	struct ast_policy *next;
	struct str id; /* "policyN" from the parser; the owner of the list may rename */
	enum cedar_effect effect;
	const struct source *source;
	struct span span; /* from the first annotation or the effect to the semicolon */
	struct span effect_span;
	const struct ast_annotation *annotations; /* keys unique */
	uint32_t annotation_count;
	struct ast_scope scope[3]; /* by AST_PRINCIPAL, AST_ACTION, AST_RESOURCE */
	const struct ast_condition *conditions;
	uint32_t condition_count;
};

/* Policies and templates in the order of the text. */
struct ast_policies {
	struct ast_policy *first;
	uint32_t count;
};

/* True when the scope holds a slot. */
bool ast_is_template(const struct ast_policy *policy);

/* The value of an annotation, or NULL. */
const struct ast_annotation *ast_find_annotation(const struct ast_policy *policy, struct str key);

/* Equality of what the text means to a reader: places and ids do not count. */
bool ast_expr_equal(const struct ast_expr *a, const struct ast_expr *b);
bool ast_policy_equal(const struct ast_policy *a, const struct ast_policy *b);

/* Names. */

/* [_A-Za-z][_A-Za-z0-9]* */
bool ast_is_identifier(struct str s);
/* A word of the language that cannot name anything unless quoted: true, false, if, then, else, in,
 * is, like, has, __cedar. */
bool ast_is_reserved(struct str s);
/* Identifiers that are not reserved, joined by "::" without blanks: a type as data spells it. */
bool ast_is_path(struct str s);

/* Building; for the parser and the JSON reader. Each function allocates from `arena`, copies the
 * node but not what it points to, and returns NULL when memory is spent. Heights are not checked
 * against a limit here: who builds compares `height` after each call. */

struct ast_expr *ast_new(struct arena *arena, enum ast_kind kind, struct span span);
const struct ast_expr *ast_new_unary(struct arena *arena, enum ast_kind kind, struct span span,
				     const struct ast_expr *operand);
const struct ast_expr *ast_new_binary(struct arena *arena, enum ast_kind kind, struct span span,
				      const struct ast_expr *left, const struct ast_expr *right);
/* AST_SET, AST_IF, AST_CALL (whose function the caller sets). `items` is borrowed by the node. */
struct ast_expr *ast_new_list(struct arena *arena, enum ast_kind kind, struct span span,
			      const struct ast_expr *const *items, uint32_t count);
/* AST_AND, AST_OR, AST_MUL, AST_SUM. A first operand of the same kind is merged into the chain, as
 * these operators associate to the left. `signs` only for AST_SUM. Both are borrowed by the node.
 */
const struct ast_expr *ast_new_chain(struct arena *arena, enum ast_kind kind, struct span span,
				     const struct ast_expr *const *items, const char *signs,
				     uint32_t count);
/* AST_ATTR, AST_HAS, AST_LIKE. `names` is borrowed by the node. */
const struct ast_expr *ast_new_named(struct arena *arena, enum ast_kind kind, struct span span,
				     const struct ast_expr *left, const struct str *names,
				     uint32_t count);
const struct ast_expr *ast_new_is(struct arena *arena, struct span span,
				  const struct ast_expr *left, const struct ast_is *is);
/* `fields` is borrowed by the node. */
const struct ast_expr *ast_new_record(struct arena *arena, struct span span,
				      const struct ast_field *fields, uint32_t count);

#endif
