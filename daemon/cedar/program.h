/*
 * The conditions of all policies as code for a stack machine. Made by compile.h, run by eval.h,
 * never changed after the engine is sealed.
 *
 * An instruction takes its operands from the stack and leaves one value there. The condition of a
 * policy is the run of instructions from where its record says to OP_RETURN; it needs at most
 * `stack_depth` values, jumps only forward, and therefore ends.
 */
#ifndef CEDAR_PROGRAM_H
#define CEDAR_PROGRAM_H

#include <stdint.h>

#include "cedar/cedar.h"
#include "cedar/pattern.h"
#include "cedar/source.h"

enum op {
	OP_CONST,    /* pushes constants[operand] */
	OP_VAR,      /* pushes the variable `small` (enum ast_var) */
	OP_VAR_ATTR, /* pushes attribute `operand` (symbol) of the variable `small` */
	OP_ATTR,     /* its attribute `operand` (symbol) */
	OP_HAS,      /* has it attribute `operand` (symbol)? */
	OP_HAS_PATH, /* has it the path whose length is at keys[operand], and behind it the path? */
	OP_DUP,      /* pushes what is on top once more */
	OP_POP,      /* drops what is on top */
	OP_EQ_CONST, /* is it constants[operand]? */
	OP_EQ,
	OP_LESS,
	OP_LESS_EQ,
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_NEG,
	OP_NOT,
	OP_IN,
	OP_IN_UID, /* is it in the entity with uid `operand`? */
	OP_IS,     /* is it an entity of type `operand` (symbol)? */
	OP_LIKE,   /* does it match patterns[operand]? */
	OP_CONTAINS,
	OP_CONTAINS_ALL,
	OP_CONTAINS_ANY,
	OP_IS_EMPTY,
	OP_HAS_TAG,
	OP_GET_TAG,
	OP_SET,    /* makes a set of the topmost `operand` values */
	OP_RECORD, /* makes a record of the topmost values: shapes[operand] */
	OP_CALL,   /* calls extension function `small` with the topmost `operand` values */
	OP_AND,    /* false: jumps to `operand` and keeps it; true: drops it */
	OP_OR,     /* true: jumps to `operand` and keeps it; false: drops it */
	OP_BRANCH, /* drops it; false: jumps to `operand` */
	OP_JUMP,   /* jumps to `operand` */
	OP_BOOL,   /* must be Bool */
	OP_RAISE,  /* fails with `operand` (enum cedar_eval_error) */
	OP_RETURN, /* ends with what is on top, a Bool */
};

struct insn {
	uint8_t op;       /* enum op */
	uint8_t small;    /* a small operand */
	uint32_t operand; /* jumps: position in the code */
};

/* A record literal: which of the topmost values becomes which field, in the order of the keys. */
struct shape_field {
	uint32_t key;   /* symbol */
	uint32_t value; /* 0 is the value that was pushed first */
};

struct shape {
	const struct shape_field *fields;
	uint32_t count;
};

struct program {
	const struct insn *code;
	const struct span *spans; /* of each instruction, in bytes from policy.code_offset */
	const struct cedar_value *constants;
	const struct pattern *patterns;
	const struct shape *shapes;
	const uint32_t *keys;
	uint32_t stack_depth; /* values that the deepest condition keeps at a time */
};

#endif
