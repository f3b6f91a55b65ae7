/*
 * A policy: its scope, the leading conjuncts that join it, and the chain of all other conjuncts,
 *
 *	code of the first
 *	OP_AND end
 *	code of the second
 *	OP_AND end
 *	code of the last
 *	end: OP_RETURN
 */
#include "cedar/compile.h"

#include <string.h>

#include "cedar/diag.h"

void compile_init(struct compiler *compiler, struct cedar_engine *engine, struct cedar_diags *diags)
{
	*compiler = (struct compiler){
		.symbols = &engine->symbols,
		.resolver = &engine->resolver,
		.diags = diags,
		.build = &engine->build,
		.keep = &engine->keep,
	};
	symbols_init(&compiler->texts, NULL, engine->symbols.key, &engine->build, NULL);
}

void compile_fail(struct compiler *compiler, enum error failed)
{
	if (compiler->failed == ERR_NONE)
		compiler->failed = failed;
}

uint32_t compile_name(struct compiler *compiler, struct str name)
{
	uint32_t symbol = symbols_put_name(compiler->symbols, name);

	if (symbol != SYMBOL_NONE)
		return symbol;
	compile_fail(compiler, compiler->symbols->refusal);
	return 0;
}

/* What lies in the text of the policy's source lives as long as the engine. */
static bool is_lasting(const struct compiler *compiler, struct str text)
{
	struct str source = compiler->policy->source->text;
	uintptr_t start = (uintptr_t)source.ptr, at = (uintptr_t)text.ptr;

	return at >= start && at - start < source.length;
}

uint32_t compile_uid(struct compiler *compiler, const struct ast_uid *uid)
{
	uint32_t type = compile_name(compiler, uid->type);
	uint32_t symbol = SYMBOL_NONE;
	struct str id = uid->id;

	if (!engine_resolve(compiler->resolver, uid->type, &id)) {
		diag_report(compiler->diags, CEDAR_ERROR, compiler->policy->source, uid->span,
			    "the name \"%s\" is unknown", diag_quote(id).text);
		compiler->unresolved = true;
	}
	if (compiler->failed == ERR_NONE)
		symbol = is_lasting(compiler, id)
				 ? symbols_put_lasting_uid(compiler->symbols, type, id)
				 : symbols_put_uid(compiler->symbols, type, id);
	if (symbol != SYMBOL_NONE)
		return symbol;
	compile_fail(compiler, compiler->symbols->refusal);
	return 0;
}

struct str compile_text(struct compiler *compiler, struct str text)
{
	struct str copy;

	if (text.length == 0)
		return STR("");
	if (is_lasting(compiler, text))
		return text;
	copy = arena_copy(compiler->keep, text);
	if (copy.ptr == NULL) {
		compile_fail(compiler, compiler->keep->refusal);
		return STR("");
	}
	return copy;
}

/* Code. */

void *compile_add(struct compiler *compiler, struct compile_table *table, size_t size)
{
	char *elements = arena_grow_array(compiler->build, table->elements, table->count,
					  &table->capacity, size);

	if (elements == NULL) {
		compile_fail(compiler, compiler->build->refusal);
		return NULL;
	}
	table->elements = elements;
	return elements + size * table->count++;
}

uint32_t compile_emit(struct compiler *compiler, struct insn insn, int effect, struct span span)
{
	uint32_t base = compiler->policy->conditions[0].span.start, at = compiler->code.count;
	struct insn *code = compile_add(compiler, &compiler->code, sizeof(*code));
	struct span *place = compile_add(compiler, &compiler->spans, sizeof(*place));

	if (code == NULL || place == NULL)
		return 0;
	*code = insn;
	*place = span.start >= base ? span_make(span.start - base, span.end - base)
				    : span_make(0, 0);
	compiler->depth = (uint32_t)((int64_t)compiler->depth + effect);
	if (compiler->depth > compiler->max_depth)
		compiler->max_depth = compiler->depth;
	return at;
}

static struct insn *insn_at(const struct compiler *compiler, uint32_t position)
{
	return (struct insn *)compiler->code.elements + position;
}

void compile_land(struct compiler *compiler, uint32_t position)
{
	if (compiler->failed == ERR_NONE)
		insn_at(compiler, position)->operand = compiler->code.count;
}

void compile_land_all(struct compiler *compiler, uint32_t last, uint32_t count)
{
	for (; count != 0 && compiler->failed == ERR_NONE; count--) {
		uint32_t before = insn_at(compiler, last)->operand;

		compile_land(compiler, last);
		last = before;
	}
}

/* What is known about the condition while its conjuncts are compiled one by one. */
struct chain {
	struct policy *policy;
	bool leading;      /* all so far were tests that cannot fail */
	bool any;          /* code was emitted, the last of it for: */
	bool last_is_bool; /* a conjunct that is Bool if it is anything */
	struct span last_span;
	uint32_t last_jump; /* the jumps to land hold the position of the one before; */
	uint32_t jump_count;
};

/* True when the conjunct now is part of the scope. */
static bool joins_scope(struct compiler *compiler, struct chain *chain, const struct ast_expr *expr)
{
	struct ast_scope scope;
	enum ast_var var;

	if (!chain->leading)
		return false;
	chain->leading = compile_read_test(expr, &var, &scope);
	if (!chain->leading || chain->policy->kinds[var] != AST_SCOPE_ANY)
		return false;
	policy_set_constraint(chain->policy, var, compile_scope(compiler, &scope));
	return true;
}

static void compile_conjunct(struct compiler *compiler, struct chain *chain,
			     const struct ast_expr *expr, bool negated)
{
	if (negated)
		chain->leading = false;
	if (joins_scope(compiler, chain, expr))
		return;
	if (chain->any) {
		chain->last_jump = compile_emit(
			compiler, (struct insn){OP_AND, 0, chain->last_jump}, -1, chain->last_span);
		chain->jump_count++;
	}
	compile_expr(compiler, expr);
	if (negated)
		compile_emit(compiler, (struct insn){OP_NOT, 0, 0}, 0, expr->span);
	chain->any = true;
	chain->last_is_bool = negated || compile_yields_bool(expr);
	chain->last_span = expr->span;
}

static void end_chain(struct compiler *compiler, struct chain *chain)
{
	if (!chain->last_is_bool)
		compile_emit(compiler, (struct insn){OP_BOOL, 0, 0}, 0, chain->last_span);
	compile_land_all(compiler, chain->last_jump, chain->jump_count);
	compile_emit(compiler, (struct insn){OP_RETURN, 0, 0}, -1, chain->last_span);
}

static void compile_conditions(struct compiler *compiler, const struct ast_policy *policy,
			       struct policy *record)
{
	uint32_t start = compiler->code.count;
	struct chain chain = {.policy = record, .leading = true};

	compiler->depth = 0;
	for (uint32_t i = 0; i < policy->condition_count; i++) {
		const struct ast_condition *condition = &policy->conditions[i];
		const struct ast_expr *body = condition->body;

		if (condition->unless || ast_kind(body) != AST_AND) {
			compile_conjunct(compiler, &chain, body, condition->unless);
			continue;
		}
		for (uint32_t k = 0; k < body->count; k++)
			compile_conjunct(compiler, &chain, body->items[k], false);
	}
	if (chain.any) {
		record->code = start;
		end_chain(compiler, &chain);
	}
}

/* Conditions that are written the same share their code: many policies are made from one mould. */

/* The text of all conditions. */
static struct str conditions_text(const struct ast_policy *policy)
{
	struct span span = span_join(policy->conditions[0].span,
				     policy->conditions[policy->condition_count - 1].span);

	return source_slice(policy->source, span);
}

static bool conditions_equal(const struct ast_policy *a, const struct ast_policy *b)
{
	bool equal = a->condition_count == b->condition_count;

	for (uint32_t i = 0; i < a->condition_count && equal; i++)
		equal = a->conditions[i].unless == b->conditions[i].unless &&
			ast_expr_equal(a->conditions[i].body, b->conditions[i].body);
	return equal;
}

/* A bit for each variable that the scope leaves free, so that a conjunct may join it. */
static uint32_t free_variables(const struct policy *record)
{
	uint32_t vars = 0;

	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++)
		vars |= (uint32_t)(record->kinds[var] == AST_SCOPE_ANY) << var;
	return vars;
}

/* Completes the record from another policy with the same conditions, if there is one. */
static bool reuse_conditions(struct compiler *compiler, const struct ast_policy *policy,
			     struct policy *record)
{
	uint32_t text = symbols_find_name(&compiler->texts, conditions_text(policy));
	const struct compiled *known;

	if (text == SYMBOL_NONE)
		return false;
	known = (const struct compiled *)compiler->compiled.elements + text;
	if (known->free_variables != free_variables(record) ||
	    !conditions_equal(known->ast, policy))
		return false;
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		if (record->kinds[var] == AST_SCOPE_ANY)
			policy_set_constraint(record, var, policy_constraint(&known->record, var));
	}
	record->code = known->record.code;
	return true;
}

/* The first policy with these conditions is the one that is remembered. */
static void remember_conditions(struct compiler *compiler, const struct ast_policy *policy,
				uint32_t free_variables, const struct policy *record)
{
	uint32_t count = compiler->compiled.count;
	uint32_t text = symbols_put_name(&compiler->texts, conditions_text(policy));
	struct compiled *compiled;

	if (text == SYMBOL_NONE) {
		compile_fail(compiler, compiler->texts.refusal);
	} else if (text == count) {
		compiled = compile_add(compiler, &compiler->compiled, sizeof(*compiled));
		if (compiled != NULL)
			*compiled = (struct compiled){policy, *record, free_variables};
	}
}

enum error compile_policy(struct compiler *compiler, const struct ast_policy *policy,
			  struct policy *out)
{
	struct policy record = {.is_forbid = policy->effect == CEDAR_FORBID,
				.code = POLICY_NO_CODE};
	uint32_t vars;

	compiler->policy = policy;
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++)
		policy_set_constraint(&record, var, compile_scope(compiler, &policy->scope[var]));
	vars = free_variables(&record);
	if (policy->condition_count != 0) {
		record.code_offset = policy->conditions[0].span.start - policy->span.start;
		if (!reuse_conditions(compiler, policy, &record)) {
			compile_conditions(compiler, policy, &record);
			/* A name without meaning is to be reported in each place. */
			if (!compiler->unresolved)
				remember_conditions(compiler, policy, vars, &record);
		}
	}
	if (compiler->failed != ERR_NONE)
		return compiler->failed;
	*out = record;
	return ERR_NONE;
}

static const void *keep(struct compiler *compiler, const struct compile_table *table, size_t size)
{
	void *copy = arena_calloc(compiler->keep, table->count, size);

	if (copy == NULL)
		compile_fail(compiler, compiler->keep->refusal);
	else if (table->count != 0)
		memcpy(copy, table->elements, table->count * size);
	return copy;
}

enum error compile_finish(struct compiler *compiler, struct program *program,
			  const uint32_t **uid_lists)
{
	struct program done = {
		.code = keep(compiler, &compiler->code, sizeof(*done.code)),
		.spans = keep(compiler, &compiler->spans, sizeof(*done.spans)),
		.constants = keep(compiler, &compiler->constants, sizeof(*done.constants)),
		.patterns = keep(compiler, &compiler->patterns, sizeof(*done.patterns)),
		.shapes = keep(compiler, &compiler->shapes, sizeof(*done.shapes)),
		.keys = keep(compiler, &compiler->keys, sizeof(*done.keys)),
		.stack_depth = compiler->max_depth,
	};
	const uint32_t *lists = keep(compiler, &compiler->uid_lists, sizeof(*lists));

	if (compiler->unresolved)
		compile_fail(compiler, ERR_INVALID);
	if (compiler->failed != ERR_NONE)
		return compiler->failed;
	*program = done;
	*uid_lists = lists;
	return ERR_NONE;
}
