#include "cedar/eval.h"

#include <assert.h>

#include "cedar/checked.h"
#include "cedar/ext.h"
#include "cedar/value.h"

/* The attribute of a variable; entities of variables were looked up when the question was asked. */
static inline enum cedar_eval_error var_attribute(const struct eval *eval, struct insn insn,
						  struct cedar_value *out)
{
	const struct value_record *record;
	const struct cedar_value *found;

	if (insn.small == AST_CONTEXT) {
		record = value_record(eval->vars[AST_CONTEXT]);
	} else {
		const struct entity *entity = eval->var_entities[insn.small];

		if (entity == NULL)
			return CEDAR_EVAL_NO_ENTITY;
		record = entity->attrs;
	}
	found = value_record_find(record, insn.operand);
	if (found == NULL)
		return CEDAR_EVAL_NO_ATTRIBUTE;
	*out = *found;
	return CEDAR_EVAL_NONE;
}

/* Instructions that replace the value on top. */
static enum cedar_eval_error run_unary(const struct eval *eval, struct insn insn,
				       struct cedar_value *top)
{
	const struct program *program = eval->program;
	enum cedar_eval_error error = CEDAR_EVAL_NONE;
	int64_t number;
	bool result;

	switch ((enum op)insn.op) {
	case OP_ATTR: return eval_attribute(eval, *top, insn.operand, top);
	case OP_NEG:
		if (top->tag != VALUE_LONG)
			return CEDAR_EVAL_TYPE;
		if (!checked_sub(0, value_integer(*top), &number))
			return CEDAR_EVAL_OVERFLOW;
		*top = cedar_long(number);
		return CEDAR_EVAL_NONE;
	case OP_HAS: error = eval_has(eval, *top, insn.operand, &result); break;
	case OP_HAS_PATH:
		error = eval_has_path(eval, *top, &program->keys[insn.operand + 1],
				      program->keys[insn.operand], &result);
		break;
	case OP_IN_UID: error = eval_in_uid(eval, *top, insn.operand, &result); break;
	case OP_IS:
		if (top->tag != VALUE_ENTITY)
			return CEDAR_EVAL_TYPE;
		result = eval_type_of(eval, value_entity(*top)) == insn.operand;
		break;
	case OP_LIKE:
		if (top->tag != VALUE_STRING)
			return CEDAR_EVAL_TYPE;
		result = pattern_matches(&program->patterns[insn.operand], value_string(*top));
		break;
	default:
		assert(insn.op == OP_IS_EMPTY);
		if (top->tag != VALUE_SET)
			return CEDAR_EVAL_TYPE;
		result = value_set(*top)->count == 0;
		break;
	}
	if (error == CEDAR_EVAL_NONE)
		*top = cedar_bool(result);
	return error;
}

/* Instructions that replace the topmost `operand` values, which begin at `values`. */
static enum cedar_eval_error run_many(const struct eval *eval, struct insn insn,
				      struct cedar_value *values)
{
	struct cedar_value result;
	enum cedar_eval_error error;

	if (insn.op == OP_SET)
		error = eval_set(eval, values, insn.operand, &result);
	else
		error = ext_call((enum ast_function)insn.small, values, insn.operand, eval->scratch,
				 &result);
	if (error == CEDAR_EVAL_NONE)
		*values = result;
	return error;
}

static void note_step(struct eval_steps *steps, uint32_t at, const struct cedar_value *stack,
		      const struct cedar_value *free_slot)
{
	struct eval_step *items = arena_grow_array(steps->arena, steps->items, steps->count,
						   &steps->capacity, sizeof(*items));

	if (items == NULL) {
		steps->is_short = true;
		return;
	}
	items[steps->count] = (struct eval_step){.at = at, .has_top = free_slot != stack};
	if (free_slot != stack)
		items[steps->count].top = free_slot[-1];
	steps->items = items;
	steps->count++;
}

/* `steps` is NULL in a decision, and then costs nothing. */
static ATTR_SPECIALISED bool run(struct eval *eval, uint32_t code, bool *result,
				 struct eval_steps *steps)
{
	const struct program *program = eval->program;
	const struct insn *next = &program->code[code];
	struct cedar_value *free_slot = eval->stack; /* the place for the next value */
	enum cedar_eval_error error = CEDAR_EVAL_NONE;

	for (;;) {
		if (steps != NULL)
			note_step(steps, (uint32_t)(next - program->code), eval->stack, free_slot);

		struct insn insn = *next++;
		struct cedar_value *top = free_slot - 1;
		uint32_t taken;

		switch ((enum op)insn.op) {
		case OP_CONST: *free_slot++ = program->constants[insn.operand]; continue;
		case OP_VAR: *free_slot++ = eval->vars[insn.small]; continue;
		case OP_VAR_ATTR: error = var_attribute(eval, insn, free_slot++); break;
		case OP_DUP:
			*free_slot = *top;
			free_slot++;
			continue;
		case OP_POP: free_slot--; continue;
		case OP_EQ_CONST:
			*top = cedar_bool(value_equal(*top, program->constants[insn.operand]));
			continue;
		case OP_NOT:
			if (top->tag != VALUE_BOOL)
				error = CEDAR_EVAL_TYPE;
			else
				*top = cedar_bool(!value_bool(*top));
			break;
		case OP_AND:
		case OP_OR:
			if (top->tag != VALUE_BOOL)
				error = CEDAR_EVAL_TYPE;
			else if (value_bool(*top) == (insn.op == OP_OR))
				next = &program->code[insn.operand];
			else
				free_slot--;
			break;
		case OP_BRANCH:
			free_slot--;
			if (top->tag != VALUE_BOOL)
				error = CEDAR_EVAL_TYPE;
			else if (!value_bool(*top))
				next = &program->code[insn.operand];
			break;
		case OP_JUMP: next = &program->code[insn.operand]; continue;
		case OP_BOOL: error = top->tag != VALUE_BOOL ? CEDAR_EVAL_TYPE : error; break;
		case OP_RAISE: error = (enum cedar_eval_error)insn.operand; break;
		case OP_RETURN: *result = value_bool(*top); return true;
		case OP_ATTR:
		case OP_HAS:
		case OP_HAS_PATH:
		case OP_NEG:
		case OP_IN_UID:
		case OP_IS:
		case OP_LIKE:
		case OP_IS_EMPTY: error = run_unary(eval, insn, top); break;
		case OP_EQ:
		case OP_LESS:
		case OP_LESS_EQ:
		case OP_ADD:
		case OP_SUB:
		case OP_MUL:
		case OP_IN:
		case OP_CONTAINS:
		case OP_CONTAINS_ALL:
		case OP_CONTAINS_ANY:
		case OP_HAS_TAG:
		case OP_GET_TAG:
			free_slot = top;
			error = eval_binary(eval, (enum op)insn.op, top[-1], top[0], top - 1);
			break;
		case OP_SET:
		case OP_CALL:
			free_slot -= insn.operand;
			error = run_many(eval, insn, free_slot++);
			break;
		case OP_RECORD:
			taken = program->shapes[insn.operand].count;
			free_slot -= taken;
			error = eval_record(eval, free_slot, &program->shapes[insn.operand],
					    free_slot);
			free_slot++;
			break;
		}
		if (UNLIKELY(error != CEDAR_EVAL_NONE))
			break;
	}
	eval->error = error;
	eval->error_at = (uint32_t)(next - program->code) - 1;
	return false;
}

bool eval_condition(struct eval *eval, uint32_t code, bool *result)
{
	return run(eval, code, result, NULL);
}

bool eval_condition_stepwise(struct eval *eval, uint32_t code, bool *result,
			     struct eval_steps *steps)
{
	return run(eval, code, result, steps);
}
