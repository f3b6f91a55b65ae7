/* Syntax trees to policy records and code. One compiler for all policies of an engine. */
#ifndef CEDAR_COMPILE_H
#define CEDAR_COMPILE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/ast.h"
#include "cedar/engine.h"
#include "cedar/policy.h"
#include "cedar/program.h"
#include "cedar/symbols.h"

/* Something that grows while policies are compiled. */
struct compile_table {
	void *elements;
	uint32_t count, capacity;
};

/* Conditions that were compiled before. */
struct compiled {
	const struct ast_policy *ast;
	struct policy record;
	uint32_t free_variables; /* of its scope, before conjuncts joined it */
};

struct compiler {
	struct symbols *symbols;
	const struct cedar_resolver *resolver;
	struct cedar_diags *diags;
	struct arena *build;             /* of what is needed until compile_finish() */
	struct arena *keep;              /* of the program */
	enum error failed;               /* sticky */
	bool unresolved;                 /* a name meant nothing */
	const struct ast_policy *policy; /* whose conditions are compiled */
	uint32_t depth, max_depth;       /* values on the stack */
	struct symbols texts;            /* of conditions compiled before, in the order of: */
	struct compile_table compiled;   /* struct compiled */
	struct compile_table code;       /* struct insn */
	struct compile_table spans;      /* struct span, one for each instruction */
	struct compile_table constants;  /* struct cedar_value */
	struct compile_table patterns;   /* struct pattern */
	struct compile_table shapes;     /* struct shape */
	struct compile_table keys;       /* uint32_t */
	struct compile_table uid_lists;  /* uint32_t */
};

/* Works with symbols, arenas and resolver of `engine`; diagnostics are about names without meaning.
 */
void compile_init(struct compiler *compiler, struct cedar_engine *engine,
		  struct cedar_diags *diags);

/* Compiles a policy or template; the uids of slots are left CEDAR_NO_UID. Texts of the tree that
 * lie within the text of its source are borrowed, others are copied. ERR_LIMIT, ERR_NO_MEMORY. */
enum error compile_policy(struct compiler *compiler, const struct ast_policy *policy,
			  struct policy *out) ATTR_MUST_CHECK;

/* Hands over the code, in its exact size, and the lists of uids that scopes refer to. ERR_INVALID
 * when a name meant nothing, ERR_NO_MEMORY. */
enum error compile_finish(struct compiler *compiler, struct program *program,
			  const uint32_t **uid_lists) ATTR_MUST_CHECK;

/* For the files of the compiler. */

/* Notes a failure; the first one counts. */
void compile_fail(struct compiler *compiler, enum error failed);

/* A new element of `size` bytes, the last of its table; NULL, with the compiler failed, when memory
 * is spent. */
void *compile_add(struct compiler *compiler, struct compile_table *table, size_t size);

/* What the scope, or a test like those of a scope, demands. */
struct constraint compile_scope(struct compiler *compiler, const struct ast_scope *scope);

/* Reads `expr` as a test of a variable as a scope makes it; false when it is none. */
bool compile_read_test(const struct ast_expr *expr, enum ast_var *var, struct ast_scope *scope);

/* A value known before any request: a literal, an extension constructor on a valid literal, or a
 * set or record of such; false when `expr` is something else. */
bool compile_constant(struct compiler *compiler, const struct ast_expr *expr,
		      struct cedar_value *out);

/* True of an extension constructor on a literal, when it is no constant: the literal is invalid. */
bool compile_fails_always(const struct ast_expr *expr);

/* The number of an entity uid; 0, with the compiler failed, when memory is spent. */
uint32_t compile_uid(struct compiler *compiler, const struct ast_uid *uid);

/* The number of a name, as above. */
uint32_t compile_name(struct compiler *compiler, struct str name);

/* A text that lives as long as the engine. */
struct str compile_text(struct compiler *compiler, struct str text);

/* Emits code that leaves the value of `expr` on the stack. */
void compile_expr(struct compiler *compiler, const struct ast_expr *expr);

/* Appends an instruction that changes the height of the stack by `effect`; returns its position. */
uint32_t compile_emit(struct compiler *compiler, struct insn insn, int effect, struct span span);

/* Makes the jump at `position` lead to the next instruction. */
void compile_land(struct compiler *compiler, uint32_t position);

/* The same for `count` jumps, each of which holds the position of the one before; `last` is the last
 * of them. */
void compile_land_all(struct compiler *compiler, uint32_t last, uint32_t count);

/* True when the value of `expr`, if there is one, is a Bool. */
bool compile_yields_bool(const struct ast_expr *expr);

#endif
