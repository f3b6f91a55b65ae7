/*
 * What the audit must not keep, taken out of a row before it is stored: rules "FIELD: PATTERN" from
 * the configuration. What the "*" of a pattern stands for becomes "[masked]", every time it occurs,
 * ASCII case aside:
 *
 *	resource_uri: token=*&	from behind "token=" to the next "&", else to the end
 *	user: *			all of it
 *	action_uri: secret	the word itself, for want of a "*"
 *
 * In `context` a rule works within each value that is a text, never on names, numbers or across
 * values, so that the context stays JSON.
 */
#ifndef AUTHZ_MASK_H
#define AUTHZ_MASK_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "store/audit.h"

enum { MASK_RULES_MAX = 32, MASK_RULE_MAX_BYTES = 255 };

#define MASK_TEXT "[masked]"

enum mask_field {
	MASK_USER,      /* the name as it was sent, and folded */
	MASK_PRINCIPAL, /* of users without a token it has the name, too */
	MASK_ACTION_URI,
	MASK_RESOURCE_URI,
	MASK_CONTEXT,
	MASK_EXTENDED, /* extended information: the text or address that went with the answer */
};

struct mask_rule {
	enum mask_field field;
	bool has_star;
	struct str before, after; /* the star; without one `before` is all */
};

struct mask_rules {
	struct mask_rule items[MASK_RULES_MAX];
	size_t count;
};

/* The words for the fields, in the order of the enumeration, for messages. */
extern const char mask_field_names[];

/* Reads a rule, which borrows from `text`. ERR_SYNTAX for an unknown field, no pattern, a second
 * star, a quote, a backslash or a control character. */
enum error mask_rule_read(struct str text, struct mask_rule *out) ATTR_MUST_CHECK;

/* Applies the rules to the texts of a row; new texts live in `arena`. ERR_NO_MEMORY, and the row may
 * not be stored then. */
enum error mask_apply(const struct mask_rules *rules, struct arena *arena,
		      struct audit_row *row) ATTR_MUST_CHECK;

#endif
