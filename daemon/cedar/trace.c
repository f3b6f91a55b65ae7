/*
 * The instructions of a condition know which part of the text they stand for, so the steps of an
 * evaluation and the tree of that text, parsed anew, fit together by their places. What joined the
 * scope when the policy was compiled has no instructions: it is found again by the same rule.
 */
#include "cedar/trace.h"

#include <string.h>

#include "cedar/compile.h"
#include "cedar/parser.h"
#include "cedar/question.h"
#include "cedar/value_text.h"

struct tracer {
	struct question question;
	const struct policy *policy;
	const struct cedar_policy_info *info;
	struct arena *arena; /* of the result, and of the tree */
	struct source source;
	const struct ast_policy *ast;
	uint32_t base; /* where the places of the code begin in the policy's text */
	struct eval_steps steps;
	uint32_t hidden_step; /* the negation of the `unless` at hand, which is not of its text */
	struct cedar_clause *clauses;
	uint32_t clause_count;
	enum error failed; /* sticky */
};

static void fail(struct tracer *tracer, enum error failed)
{
	if (tracer->failed == ERR_NONE)
		tracer->failed = failed;
}

/* Values of expressions. */

static bool leaves_value(enum op op)
{
	switch (op) {
	case OP_AND:
	case OP_OR:
	case OP_BRANCH:
	case OP_POP:
	case OP_DUP:
	case OP_RETURN:
	case OP_RAISE: return false;
	default: return true;
	}
}

static bool is_at(const struct tracer *tracer, const struct eval_step *step, struct span span)
{
	struct span place = tracer->question.eval.program->spans[step->at];

	return place.start + tracer->base == span.start && place.end + tracer->base == span.end;
}

/* The value an expression came to; false when it was not evaluated to its end. Variables have one
 * before. */
static bool find_value(const struct tracer *tracer, const struct ast_expr *expr,
		       struct cedar_value *value)
{
	const struct eval_steps *steps = &tracer->steps;

	if (ast_kind(expr) == AST_VAR) {
		*value = tracer->question.eval.vars[expr->var];
		return true;
	}
	for (uint32_t i = steps->count; i > 1; i--) {
		const struct eval_step *step = &steps->items[i - 2];
		enum op op = (enum op)tracer->question.eval.program->code[step->at].op;

		if (i - 2 == tracer->hidden_step || !leaves_value(op) ||
		    !is_at(tracer, step, expr->span))
			continue;
		*value = steps->items[i - 1].top;
		return steps->items[i - 1].has_top;
	}
	return false;
}

enum truth { IS_UNKNOWN, IS_FALSE, IS_TRUE };

static enum truth truth_of_value(const struct tracer *tracer, const struct ast_expr *expr)
{
	struct cedar_value value;

	if (!find_value(tracer, expr, &value) || value.tag != VALUE_BOOL)
		return IS_UNKNOWN;
	return value_bool(value) ? IS_TRUE : IS_FALSE;
}

static enum truth truth_of(const struct tracer *tracer, const struct ast_expr *expr);

/* The first operand that decides a chain decides it. */
static enum truth truth_of_chain(const struct tracer *tracer, const struct ast_expr *expr,
				 enum truth deciding)
{
	enum truth truth = IS_UNKNOWN;

	for (uint32_t i = 0; i < expr->count; i++) {
		truth = truth_of(tracer, expr->items[i]);
		if (truth == deciding || truth == IS_UNKNOWN)
			break;
	}
	return truth;
}

static enum truth truth_of(const struct tracer *tracer, const struct ast_expr *expr)
{
	switch (ast_kind(expr)) {
	case AST_AND: return truth_of_chain(tracer, expr, IS_FALSE);
	case AST_OR: return truth_of_chain(tracer, expr, IS_TRUE);
	case AST_IF:
		switch (truth_of(tracer, expr->items[0])) {
		case IS_TRUE: return truth_of(tracer, expr->items[1]);
		case IS_FALSE: return truth_of(tracer, expr->items[2]);
		case IS_UNKNOWN: return IS_UNKNOWN;
		}
		return IS_UNKNOWN;
	default: return truth_of_value(tracer, expr);
	}
}

/* Clauses. */

static struct str slice(const struct tracer *tracer, struct span span)
{
	return source_slice(&tracer->source, span);
}

/* A value as text in the arena, cut when it is long. */
static struct str text_of(struct tracer *tracer, struct cedar_value value)
{
	char memory[CEDAR_TRACE_VALUE_BYTES + 1];
	struct str text, kept;
	struct buf out;

	buf_init_fixed(&out, memory, sizeof(memory));
	value_text(&out, tracer->question.eval.symbols, value);
	text = buf_str(&out);
	if (out.failed != ERR_NONE) {
		/* Not within a character, and with room for the two dots. */
		size_t length = text.length < CEDAR_TRACE_VALUE_BYTES - 2
					? text.length
					: CEDAR_TRACE_VALUE_BYTES - 2;

		while (length > 0 && ((unsigned char)memory[length] & 0xc0) == 0x80)
			length--;
		memcpy(memory + length, "..", 2);
		text = str_make(memory, length + 2);
	}
	kept = arena_copy(tracer->arena, text);
	if (kept.ptr == NULL)
		fail(tracer, tracer->arena->refusal);
	return kept;
}

/* The operands of the clause in the making. */
struct operands {
	struct cedar_operand items[CEDAR_TRACE_OPERANDS];
	size_t count;
};

static void add_operand(struct tracer *tracer, struct operands *operands, struct span span,
			struct cedar_value value)
{
	struct str text = slice(tracer, span);

	for (size_t i = 0; i < operands->count; i++) {
		if (str_equal(operands->items[i].text, text))
			return;
	}
	if (operands->count < CEDAR_TRACE_OPERANDS)
		operands->items[operands->count++] =
			(struct cedar_operand){text, text_of(tracer, value)};
}

static bool is_literal(const struct ast_expr *expr)
{
	enum ast_kind kind = ast_kind(expr);

	return kind == AST_BOOL || kind == AST_LONG || kind == AST_STRING || kind == AST_UID;
}

/* What a name in the text stands for, when that is something else. */
static void add_meaning(struct tracer *tracer, struct operands *operands, const struct ast_uid *uid,
			cedar_uid meant)
{
	if (meant < symbols_uid_count(tracer->question.eval.symbols) &&
	    !str_equal(symbols_uid(tracer->question.eval.symbols, meant)->id, uid->id))
		add_operand(tracer, operands, uid->span, cedar_entity(meant));
}

static bool is_path(const struct ast_expr *expr)
{
	return ast_kind(expr) == AST_VAR || ast_kind(expr) == AST_ATTR;
}

static bool is_constructed(const struct ast_expr *expr)
{
	return ast_kind(expr) == AST_CALL && expr->count == 1 &&
	       ast_kind(expr->items[0]) == AST_STRING;
}

/* The parts of an expression with their values: paths whole, of what is computed the result too. */
static void add_parts(struct tracer *tracer, struct operands *operands, const struct ast_expr *expr,
		      bool is_whole)
{
	struct cedar_value value;
	uint32_t count = ast_child_count(expr);

	if (operands->count == CEDAR_TRACE_OPERANDS)
		return;
	if (!is_whole && !is_literal(expr) && !is_constructed(expr) &&
	    find_value(tracer, expr, &value))
		add_operand(tracer, operands, expr->span, value);
	if (is_path(expr) && find_value(tracer, expr, &value))
		return;
	for (uint32_t i = 0; i < count; i++)
		add_parts(tracer, operands, ast_child(expr, i), false);
}

/* The code of `x in E` and `x == E` knows what E stands for. */
static void add_uids(struct tracer *tracer, struct operands *operands, const struct ast_expr *expr)
{
	const struct program *program = tracer->question.eval.program;
	const struct ast_uid *uid = NULL;

	if (ast_kind(expr) == AST_IN && ast_kind(expr->right) == AST_UID)
		uid = expr->right->uid;
	else if (ast_kind(expr) == AST_IS && expr->is->in != NULL &&
		 ast_kind(expr->is->in) == AST_UID)
		uid = expr->is->in->uid;
	for (uint32_t i = 0; uid != NULL && i < tracer->steps.count; i++) {
		const struct eval_step *step = &tracer->steps.items[i];

		if (is_at(tracer, step, expr->span) && program->code[step->at].op == OP_IN_UID)
			add_meaning(tracer, operands, uid, program->code[step->at].operand);
	}
}

static struct cedar_clause *add_clause(struct tracer *tracer, struct span span, bool value,
				       const struct operands *operands)
{
	struct cedar_clause *clause;
	struct cedar_operand *items;
	struct source_place place = source_locate(&tracer->source, span.start);

	if (tracer->clause_count == CEDAR_TRACE_CLAUSES)
		return NULL;
	items = arena_calloc(tracer->arena, operands->count, sizeof(*items));
	if (items == NULL) {
		fail(tracer, tracer->arena->refusal);
		return NULL;
	}
	if (operands->count != 0)
		memcpy(items, operands->items, operands->count * sizeof(*items));
	clause = &tracer->clauses[tracer->clause_count++];
	*clause = (struct cedar_clause){
		.text = slice(tracer, span),
		.offset = span.start,
		.line = tracer->info->line + place.line - 1,
		.column = place.line == 1 ? tracer->info->column + place.column - 1 : place.column,
		.value = value,
		.operands = items,
		.operand_count = operands->count,
	};
	return clause;
}

static void add_expression(struct tracer *tracer, const struct ast_expr *expr, bool value)
{
	struct operands operands = {.count = 0};

	add_parts(tracer, &operands, expr, true);
	add_uids(tracer, &operands, expr);
	(void)add_clause(tracer, expr->span, value, &operands);
}

static void add_causes(struct tracer *tracer, const struct ast_expr *expr, bool value);

/* A chain that came to what any operand brings it to: the one that did. Else all of them. */
static void add_chain(struct tracer *tracer, const struct ast_expr *expr, bool value)
{
	bool any_decides = (ast_kind(expr) == AST_OR) == value;

	for (uint32_t i = 0; i < expr->count; i++) {
		if (!any_decides ||
		    truth_of(tracer, expr->items[i]) == (value ? IS_TRUE : IS_FALSE))
			add_causes(tracer, expr->items[i], value);
		if (any_decides && truth_of(tracer, expr->items[i]) == (value ? IS_TRUE : IS_FALSE))
			return;
	}
}

/* Adds the smallest expressions that made `expr`, which came to `value`, come to it. */
static void add_causes(struct tracer *tracer, const struct ast_expr *expr, bool value)
{
	switch (ast_kind(expr)) {
	case AST_BOOL: /* says it itself */ break;
	case AST_AND:
	case AST_OR: add_chain(tracer, expr, value); return;
	case AST_NOT: add_causes(tracer, expr->left, !value); return;
	case AST_IF:
		if (truth_of(tracer, expr->items[0]) == IS_TRUE)
			add_causes(tracer, expr->items[1], value);
		else
			add_causes(tracer, expr->items[2], value);
		return;
	default: break;
	}
	add_expression(tracer, expr, value);
}

/* The scope. */

static const struct str variable_names[] = {{"principal", 9}, {"action", 6}, {"resource", 8}};

static void add_scope_clause(struct tracer *tracer, int var, const struct ast_scope *scope,
			     bool value)
{
	struct constraint constraint = policy_constraint(tracer->policy, var);
	struct operands operands = {.count = 0};
	struct cedar_clause *clause;

	operands.items[operands.count++] = (struct cedar_operand){
		variable_names[var],
		text_of(tracer, cedar_entity(tracer->question.request->scope[var]))};
	if (scope->has_slot)
		operands.items[operands.count++] = (struct cedar_operand){
			var == AST_PRINCIPAL ? STR("?principal") : STR("?resource"),
			text_of(tracer, cedar_entity(constraint.uid))};
	else if (scope->uids != NULL && constraint.kind != AST_SCOPE_IN_LIST)
		add_meaning(tracer, &operands, &scope->uids[0], constraint.uid);
	clause = add_clause(tracer, scope->span, value, &operands);
	if (clause != NULL)
		clause->is_scope = true;
}

/* The conjunct that joined the scope for `var`; the rule is that of compile_conjunct(). */
static bool find_joined(const struct tracer *tracer, int var, struct ast_scope *found)
{
	bool is_free[3];

	for (int i = AST_PRINCIPAL; i <= AST_RESOURCE; i++)
		is_free[i] = tracer->ast->scope[i].kind == AST_SCOPE_ANY;
	for (uint32_t i = 0; i < tracer->ast->condition_count; i++) {
		const struct ast_condition *condition = &tracer->ast->conditions[i];
		const struct ast_expr *body = condition->body;
		bool is_chain = ast_kind(body) == AST_AND;

		if (condition->unless)
			return false;
		for (uint32_t k = 0; k < (is_chain ? body->count : 1); k++) {
			enum ast_var tested;

			if (!compile_read_test(is_chain ? body->items[k] : body, &tested, found))
				return false;
			if (is_free[tested] && (int)tested == var)
				return true;
			is_free[tested] = false;
		}
	}
	return false;
}

static bool is_joined(const struct tracer *tracer, const struct ast_expr *expr)
{
	struct ast_scope scope;
	enum ast_var var;

	return compile_read_test(expr, &var, &scope) && find_joined(tracer, (int)var, &scope) &&
	       scope.span.start == expr->span.start &&
	       tracer->ast->scope[var].kind == AST_SCOPE_ANY;
}

/* The elements that matched, or did not. */
static void add_scope(struct tracer *tracer, bool value)
{
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		struct constraint constraint = policy_constraint(tracer->policy, var);
		struct ast_scope scope = tracer->ast->scope[var];

		if (constraint.kind == AST_SCOPE_ANY ||
		    question_constraint_holds(&tracer->question, var, constraint) != value)
			continue;
		if (scope.kind != AST_SCOPE_ANY || find_joined(tracer, var, &scope))
			add_scope_clause(tracer, var, &scope, value);
	}
}

/* Conditions. */

/* The step that negates what an `unless` came to, or none. */
static uint32_t find_negation(const struct tracer *tracer, const struct ast_expr *body)
{
	const struct eval_steps *steps = &tracer->steps;

	for (uint32_t i = steps->count; i > 0; i--) {
		const struct eval_step *step = &steps->items[i - 1];

		if (is_at(tracer, step, body->span) &&
		    tracer->question.eval.program->code[step->at].op == OP_NOT)
			return i - 1;
	}
	return UINT32_MAX;
}

/* The conditions as far as they made the whole come to `value`: the first false one, or all. */
static void add_conditions(struct tracer *tracer, bool value)
{
	for (uint32_t i = 0; i < tracer->ast->condition_count; i++) {
		const struct ast_condition *condition = &tracer->ast->conditions[i];
		const struct ast_expr *body = condition->body;
		bool is_chain = !condition->unless && ast_kind(body) == AST_AND;

		tracer->hidden_step = condition->unless ? find_negation(tracer, body) : UINT32_MAX;
		for (uint32_t k = 0; k < (is_chain ? body->count : 1); k++) {
			const struct ast_expr *conjunct = is_chain ? body->items[k] : body;
			bool wanted = value != condition->unless;

			if (!condition->unless && is_joined(tracer, conjunct))
				continue;
			if (truth_of(tracer, conjunct) != (wanted ? IS_TRUE : IS_FALSE))
				continue;
			add_causes(tracer, conjunct, wanted);
			if (!value)
				return;
		}
	}
}

/* The smallest expression that holds the place. */
static const struct ast_expr *find_around(const struct ast_expr *expr, struct span span)
{
	uint32_t count = ast_child_count(expr);

	if (expr->span.start > span.start || expr->span.end < span.end)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		const struct ast_expr *found = find_around(ast_child(expr, i), span);

		if (found != NULL)
			return found;
	}
	return expr;
}

static void add_error(struct tracer *tracer)
{
	struct span span = tracer->question.eval.program->spans[tracer->question.eval.error_at];
	struct operands operands = {.count = 0};

	span = span_make(span.start + tracer->base, span.end + tracer->base);
	for (uint32_t i = 0; i < tracer->ast->condition_count; i++) {
		const struct ast_expr *expr = find_around(tracer->ast->conditions[i].body, span);

		if (expr != NULL)
			add_parts(tracer, &operands, expr, true);
	}
	(void)add_clause(tracer, span, false, &operands);
}

/* Runs the condition and says what came of it. */
static enum error run_condition(struct tracer *tracer, struct cedar_trace *trace)
{
	bool is_satisfied = true;

	if (tracer->policy->code != POLICY_NO_CODE &&
	    !eval_condition_stepwise(&tracer->question.eval, tracer->policy->code, &is_satisfied,
				     &tracer->steps)) {
		if (tracer->question.eval.error == CEDAR_EVAL_MEMORY)
			return tracer->question.eval.scratch->refusal;
		trace->traced = CEDAR_TRACED_ERROR;
		trace->error = tracer->question.eval.error;
	} else {
		trace->traced = is_satisfied ? CEDAR_TRACED_SATISFIED : CEDAR_TRACED_CONDITION;
	}
	return tracer->steps.is_short ? tracer->arena->refusal : ERR_NONE;
}

/* Reads the text of the policy again; false when it is not Cedar text, or memory is spent. */
static bool parse(struct tracer *tracer)
{
	struct ast_policies policies = {0};
	struct cedar_diags ignored;
	enum error error;

	error = source_init(&tracer->source, tracer->arena, tracer->info->source,
			    tracer->info->text);
	if (error == ERR_NONE) {
		cedar_diags_init(&ignored);
		error = parse_policies(tracer->arena, &tracer->source,
				       &tracer->question.request->engine->limits, &ignored,
				       &policies);
		cedar_diags_deinit(&ignored);
	}
	if (error == ERR_NO_MEMORY)
		fail(tracer, error);
	tracer->ast = policies.first;
	return error == ERR_NONE && policies.count == 1;
}

static void add_all(struct tracer *tracer, const struct cedar_trace *trace)
{
	if (tracer->ast->condition_count != 0)
		tracer->base = tracer->ast->conditions[0].span.start;
	switch (trace->traced) {
	case CEDAR_TRACED_SCOPE: add_scope(tracer, false); break;
	case CEDAR_TRACED_CONDITION: add_conditions(tracer, false); break;
	case CEDAR_TRACED_ERROR: add_error(tracer); break;
	case CEDAR_TRACED_SATISFIED:
		add_scope(tracer, true);
		add_conditions(tracer, true);
		break;
	}
}

/* A policy for no action at all is nowhere in the index. */
static const struct policy never = {.kinds = {[AST_ACTION] = AST_SCOPE_IN_LIST},
				    .code = POLICY_NO_CODE};

static const struct policy *find_policy(const struct cedar_engine *engine, uint32_t number)
{
	const struct index *index = &engine->index;

	for (uint32_t i = 0; i < index->policy_count; i++) {
		if (index->policies[i].number == number)
			return &index->policies[i];
	}
	return number < engine->policy_count ? &never : NULL;
}

static bool scope_holds(const struct question *question, const struct policy *policy)
{
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		if (!question_constraint_holds(question, var, policy_constraint(policy, var)))
			return false;
	}
	return true;
}

enum error cedar_trace(struct cedar_request *request, uint32_t policy, struct arena *arena,
		       struct cedar_trace *trace)
{
	struct cedar_trace made = {.traced = CEDAR_TRACED_SCOPE};
	struct tracer tracer = {
		.policy = find_policy(request->engine, policy),
		.arena = arena,
		.steps = {.arena = arena},
		.hidden_step = UINT32_MAX,
	};
	enum error error = ERR_NONE;

	if (tracer.policy == NULL)
		return ERR_NOT_FOUND;
	question_begin(&tracer.question, request);
	tracer.info = cedar_policy_at(request->engine, policy);
	tracer.clauses = arena_calloc(arena, CEDAR_TRACE_CLAUSES, sizeof(*tracer.clauses));
	if (tracer.clauses == NULL)
		return arena->refusal;
	if (scope_holds(&tracer.question, tracer.policy))
		error = run_condition(&tracer, &made);
	if (error == ERR_NONE && parse(&tracer))
		add_all(&tracer, &made);
	/* Texts of all values have been made. */
	arena_reset(&request->scratch, (struct arena_mark){0});
	made.clauses = tracer.clauses;
	made.clause_count = tracer.clause_count;
	if (error == ERR_NONE)
		error = tracer.failed;
	if (error == ERR_NONE)
		*trace = made;
	return error;
}
