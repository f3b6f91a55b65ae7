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

#include "base/sort.h"
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

uint32_t compile_emit(struct compiler *compiler, struct insn insn, int effect, struct span span)
{
	uint32_t base = compiler->policy->conditions[0].span.start, at = compiler->code_count;
	struct insn *code = arena_grow_array(compiler->build, compiler->code, at,
					     &compiler->code_capacity, sizeof(*code));
	struct span *spans = NULL;

	if (code != NULL) {
		compiler->code = code;
		spans = arena_grow_array(compiler->build, compiler->spans, at,
					 &compiler->span_capacity, sizeof(*spans));
	}
	if (spans == NULL) {
		compile_fail(compiler, compiler->build->refusal);
		return 0;
	}
	compiler->spans = spans;
	code[at] = insn;
	spans[at] = span.start >= base ? span_make(span.start - base, span.end - base)
				       : span_make(0, 0);
	compiler->code_count++;
	compiler->depth = (uint32_t)((int64_t)compiler->depth + effect);
	if (compiler->depth > compiler->max_depth)
		compiler->max_depth = compiler->depth;
	return at;
}

void compile_land(struct compiler *compiler, uint32_t position)
{
	if (compiler->failed == ERR_NONE)
		compiler->code[position].operand = compiler->code_count;
}

/* Scopes. */

static uint32_t add_uid_list(struct compiler *compiler, uint32_t uid)
{
	uint32_t at = compiler->uid_list_count;
	uint32_t *lists = arena_grow_array(compiler->build, compiler->uid_lists, at,
					   &compiler->uid_list_capacity, sizeof(*lists));

	if (lists == NULL) {
		compile_fail(compiler, compiler->build->refusal);
		return 0;
	}
	lists[at] = uid;
	compiler->uid_lists = lists;
	compiler->uid_list_count++;
	return at;
}

/* Adds a list in ascending order without duplicates; a list of one is as good as no list. */
static struct constraint list_constraint(struct compiler *compiler, const struct ast_scope *scope)
{
	uint32_t first = compiler->uid_list_count, *list, kept;

	for (uint32_t i = 0; i < scope->uid_count; i++)
		add_uid_list(compiler, compile_uid(compiler, &scope->uids[i]));
	if (compiler->failed != ERR_NONE || scope->uid_count == 0)
		return (struct constraint){AST_SCOPE_IN_LIST, first, 0};
	list = compiler->uid_lists + first;
	kept = (uint32_t)sort_u32_unique(list, scope->uid_count);
	compiler->uid_list_count = first + kept;
	if (kept == 1) {
		compiler->uid_list_count = first;
		return (struct constraint){AST_SCOPE_IN, list[0], 0};
	}
	return (struct constraint){AST_SCOPE_IN_LIST, first, kept};
}

static struct constraint scope_constraint(struct compiler *compiler, const struct ast_scope *scope)
{
	struct constraint constraint = {scope->kind, 0, 0};

	switch (scope->kind) {
	case AST_SCOPE_ANY: break;
	case AST_SCOPE_IN_LIST: return list_constraint(compiler, scope);
	case AST_SCOPE_IS:
	case AST_SCOPE_IS_IN: constraint.type = compile_name(compiler, scope->type); break;
	case AST_SCOPE_EQ:
	case AST_SCOPE_IN: break;
	}
	if (scope->has_slot)
		constraint.uid = CEDAR_NO_UID;
	else if (scope->kind == AST_SCOPE_EQ || scope->kind == AST_SCOPE_IN ||
		 scope->kind == AST_SCOPE_IS_IN)
		constraint.uid = compile_uid(compiler, &scope->uids[0]);
	return constraint;
}

/* Conjuncts that test a variable as a scope does. */

static bool is_variable(const struct ast_expr *expr)
{
	return ast_kind(expr) == AST_VAR && expr->var != AST_CONTEXT;
}

/* Reads `expr` as such a test; false when it is none. */
static bool read_test(const struct ast_expr *expr, enum ast_var *var, struct ast_scope *scope)
{
	const struct ast_expr *variable = NULL, *uid = NULL;

	*scope = (struct ast_scope){.span = expr->span};
	switch (ast_kind(expr)) {
	case AST_EQ:
		scope->kind = AST_SCOPE_EQ;
		variable = ast_kind(expr->left) == AST_UID ? expr->right : expr->left;
		uid = ast_kind(expr->left) == AST_UID ? expr->left : expr->right;
		break;
	case AST_IN:
		scope->kind = AST_SCOPE_IN;
		variable = expr->left;
		uid = expr->right;
		break;
	case AST_IS:
		scope->kind = expr->is->in != NULL ? AST_SCOPE_IS_IN : AST_SCOPE_IS;
		scope->type = expr->is->type;
		variable = expr->left;
		uid = expr->is->in;
		break;
	default: return false;
	}
	if (!is_variable(variable) || (uid != NULL && ast_kind(uid) != AST_UID))
		return false;
	*var = variable->var;
	if (uid != NULL) {
		scope->uids = uid->uid;
		scope->uid_count = 1;
	}
	return true;
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
	chain->leading = read_test(expr, &var, &scope);
	if (!chain->leading || chain->policy->kinds[var] != AST_SCOPE_ANY)
		return false;
	policy_set_constraint(chain->policy, var, scope_constraint(compiler, &scope));
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
	for (; chain->jump_count != 0 && compiler->failed == ERR_NONE; chain->jump_count--) {
		uint32_t jump = chain->last_jump;

		chain->last_jump = compiler->code[jump].operand;
		compile_land(compiler, jump);
	}
	compile_emit(compiler, (struct insn){OP_RETURN, 0, 0}, -1, chain->last_span);
}

static void compile_conditions(struct compiler *compiler, const struct ast_policy *policy,
			       struct policy *record)
{
	uint32_t start = compiler->code_count;
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
	known = &compiler->compiled[text];
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
	uint32_t count = symbols_name_count(&compiler->texts);
	struct compiled *compiled =
		arena_grow_array(compiler->build, compiler->compiled, count,
				 &compiler->compiled_capacity, sizeof(*compiled));
	uint32_t text;

	if (compiled == NULL) {
		compile_fail(compiler, compiler->build->refusal);
		return;
	}
	compiler->compiled = compiled;
	text = symbols_put_name(&compiler->texts, conditions_text(policy));
	if (text == SYMBOL_NONE)
		compile_fail(compiler, compiler->texts.refusal);
	else if (text == count)
		compiled[text] = (struct compiled){policy, *record, free_variables};
}

enum error compile_policy(struct compiler *compiler, const struct ast_policy *policy,
			  struct policy *out)
{
	struct policy record = {.is_forbid = policy->effect == CEDAR_FORBID,
				.code = POLICY_NO_CODE};
	uint32_t vars;

	compiler->policy = policy;
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++)
		policy_set_constraint(&record, var,
				      scope_constraint(compiler, &policy->scope[var]));
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

static const void *keep(struct compiler *compiler, const void *elements, uint32_t count,
			size_t size)
{
	void *copy = arena_calloc(compiler->keep, count, size);

	if (copy == NULL)
		compile_fail(compiler, compiler->keep->refusal);
	else if (count != 0)
		memcpy(copy, elements, count * size);
	return copy;
}

enum error compile_finish(struct compiler *compiler, struct program *program,
			  const uint32_t **uid_lists)
{
	struct program done = {
		.code = keep(compiler, compiler->code, compiler->code_count,
			     sizeof(*compiler->code)),
		.spans = keep(compiler, compiler->spans, compiler->code_count,
			      sizeof(*compiler->spans)),
		.constants = keep(compiler, compiler->constants, compiler->constant_count,
				  sizeof(*compiler->constants)),
		.patterns = keep(compiler, compiler->patterns, compiler->pattern_count,
				 sizeof(*compiler->patterns)),
		.shapes = keep(compiler, compiler->shapes, compiler->shape_count,
			       sizeof(*compiler->shapes)),
		.keys = keep(compiler, compiler->keys, compiler->key_count,
			     sizeof(*compiler->keys)),
		.stack_depth = compiler->max_depth,
	};
	const uint32_t *lists =
		keep(compiler, compiler->uid_lists, compiler->uid_list_count, sizeof(*lists));

	if (compiler->unresolved)
		compile_fail(compiler, ERR_INVALID);
	if (compiler->failed != ERR_NONE)
		return compiler->failed;
	*program = done;
	*uid_lists = lists;
	return ERR_NONE;
}
