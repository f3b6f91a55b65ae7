/* The types of extension functions (docs.cedarpolicy.com, "Operators"). */
#ifndef CEDAR_EXT_TYPES_H
#define CEDAR_EXT_TYPES_H

#include <stdint.h>

#include "cedar/ast.h"
#include "cedar/types.h"

enum { EXT_ARGUMENTS_MAX = 2 };

struct ext_signature {
	uint8_t arguments[EXT_ARGUMENTS_MAX]; /* enum type_kind; as many as ast_function_info()
						 says */
	uint8_t result;                       /* enum type_kind */
};

/* `function` is one of an extension type. */
const struct ext_signature *ext_signature(enum ast_function function);

/* The constructor of an extension type, such as ip() of TYPE_IPADDR. */
enum ast_function ext_constructor(enum type_kind kind);

#endif
