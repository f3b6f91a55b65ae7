/*
 * Whether data are what a schema says: values, uids, and entities
 * (docs.cedarpolicy.com, "Entities and context syntax"; RFC 53 for enumerated types).
 *
 * What does not conform is described in words, such as "attribute `url`: attribute `port`: the
 * value must be a Long".
 */
#ifndef CEDAR_CONFORMANCE_H
#define CEDAR_CONFORMANCE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/str.h"
#include "cedar/cedar.h"
#include "cedar/schema.h"
#include "cedar/symbols.h"
#include "cedar/types.h"
#include "cedar/value.h"

enum { CONFORMANCE_TEXT_BYTES = 512 };

struct conformance {
	const struct cedar_schema *schema;
	const struct symbols *symbols; /* of the values */
	/* What is wrong, once a check has failed; escaped, and cut when long. */
	char text[CONFORMANCE_TEXT_BYTES];
};

/* True when the value is of the type, down to its innermost parts. */
bool conformance_value(struct conformance *check, struct cedar_value value,
		       const struct type *type);

/* True when the record has all attributes that its type requires. */
bool conformance_required(struct conformance *check, const struct value_record *record,
			  const struct type *type);

/* True when the entity type is declared, and the id is one of those it enumerates, or that of a
 * declared action. */
bool conformance_uid(struct conformance *check, struct str type, struct str id);

/* Sets the text; false. */
bool conformance_refuse(struct conformance *check, const char *format, ...) ATTR_PRINTF(2, 3);

#endif
