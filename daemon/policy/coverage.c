/*
 * The probes of a policy, in this order, each a policy with its scope:
 *
 *	no condition                           applied
 *	its own conditions                     held
 *	for each condition: what must be so
 *	for evaluation to reach it, and
 *	when { condition }                     was true
 *	unless { condition }                   was false
 */
#include "policy/coverage.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "authz/entities.h"
#include "authz/links.h"
#include "authz/names.h"
#include "authz/schema.h"
#include "authz/static_entities.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "cedar/ast.h"
#include "cedar/parser.h"
#include "cedar/print.h"
#include "cedar/source.h"
#include "platform/peer.h"

enum {
	PROBES_MAX_BYTES = 64 << 20,
	POLICY_PROBES = 2,    /* of a policy itself */
	CONDITION_PROBES = 2, /* of a condition */
	ID_EXTRA_BYTES = 16,  /* "#" and a number */
};

/* What must be so, or not, for evaluation to come to a place. */
struct guard {
	const struct ast_expr *expr;
	bool negated;
};

/* A policy or link. Its probes stand together. */
struct subject {
	struct str id;
	const struct ast_policy *ast; /* of a link: of its template */
	struct ast_scope scope[3];    /* with the values of the link in place */
	uint32_t first_probe;
	struct covered_condition *conditions;
	uint32_t condition_count, condition_capacity;
};

/* A policy or template of the files. */
struct parsed {
	struct str id;
	const struct ast_policy *ast;
};

struct policy_coverage {
	struct arena arena;
	struct cedar_diags *diags; /* while it is made */
	enum error failed;         /* likewise; sticky */
	struct names names;
	struct parsed *parsed;
	uint32_t parsed_count, parsed_capacity;
	struct subject *subjects;
	uint32_t subject_count, subject_capacity;
	struct guard *guards; /* of the place that is looked at, outermost first */
	uint32_t guard_count, guard_capacity;
	struct buf probes; /* their text */
	uint32_t probe_count;

	struct cedar_engine *engine;
	struct cedar_request *request;
	struct arena question;
	bool *seen; /* by probe */
};

static void fail(struct policy_coverage *coverage, enum error error)
{
	if (coverage->failed == ERR_NONE)
		coverage->failed = error;
}

static void *grow(struct policy_coverage *coverage, void *items, uint32_t count, uint32_t *capacity,
		  size_t size)
{
	void *grown = arena_grow_array(&coverage->arena, items, count, capacity, size);

	if (grown == NULL)
		fail(coverage, coverage->arena.refusal);
	return grown;
}

/* Writing probes. */

static void write_condition(struct policy_coverage *coverage, const struct ast_expr *expr,
			    bool negated)
{
	struct buf *out = &coverage->probes;

	buf_append_str(out, negated ? STR(" unless { ") : STR(" when { "));
	print_expr(out, expr);
	buf_append_str(out, STR(" }"));
}

/* Up to the guards that hold where the walk is. */
static void open_probe(struct policy_coverage *coverage, const struct subject *subject)
{
	struct buf *out = &coverage->probes;

	buf_append_str(out, STR("permit("));
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		if (var != AST_PRINCIPAL)
			buf_append_str(out, STR(", "));
		print_scope(out, (enum ast_var)var, &subject->scope[var]);
	}
	buf_append_byte(out, ')');
	for (uint32_t i = 0; i < coverage->guard_count; i++)
		write_condition(coverage, coverage->guards[i].expr, coverage->guards[i].negated);
}

static void close_probe(struct policy_coverage *coverage)
{
	buf_append_str(&coverage->probes, STR(";\n"));
	coverage->probe_count++;
	if (coverage->probes.failed != ERR_NONE)
		fail(coverage, coverage->probes.failed);
}

static void push_guard(struct policy_coverage *coverage, const struct ast_expr *expr, bool negated)
{
	struct guard *grown = grow(coverage, coverage->guards, coverage->guard_count,
				   &coverage->guard_capacity, sizeof(*grown));

	if (grown == NULL)
		return;
	coverage->guards = grown;
	coverage->guards[coverage->guard_count++] = (struct guard){expr, negated};
}

/* Conditions. */

static struct coverage_place place_of(const struct source *source, struct span span)
{
	struct source_place place = source_locate(source, span.start);

	return (struct coverage_place){source->name, place.line, place.column};
}

static void add_condition(struct policy_coverage *coverage, struct subject *subject,
			  const struct ast_expr *expr)
{
	struct covered_condition *grown =
		grow(coverage, subject->conditions, subject->condition_count,
		     &subject->condition_capacity, sizeof(*grown));
	struct covered_condition condition = {.place = place_of(subject->ast->source, expr->span)};
	struct buf text;

	if (grown == NULL)
		return;
	buf_init(&text, PROBES_MAX_BYTES);
	print_expr(&text, expr);
	condition.text = arena_copy(&coverage->arena, buf_str(&text));
	if (text.failed != ERR_NONE || condition.text.ptr == NULL)
		fail(coverage, text.failed != ERR_NONE ? text.failed : ERR_NO_MEMORY);
	buf_deinit(&text);
	subject->conditions = grown;
	subject->conditions[subject->condition_count++] = condition;
	for (int negated = 0; negated < CONDITION_PROBES; negated++) {
		open_probe(coverage, subject);
		write_condition(coverage, expr, negated != 0);
		close_probe(coverage);
	}
}

static void walk(struct policy_coverage *coverage, struct subject *subject,
		 const struct ast_expr *expr);

/* An operand is evaluated when those before it left the outcome open. */
static void walk_chain(struct policy_coverage *coverage, struct subject *subject,
		       const struct ast_expr *expr)
{
	for (uint32_t i = 0; i < expr->count && coverage->failed == ERR_NONE; i++) {
		walk(coverage, subject, expr->items[i]);
		push_guard(coverage, expr->items[i], ast_kind(expr) == AST_OR);
	}
}

static void walk_if(struct policy_coverage *coverage, struct subject *subject,
		    const struct ast_expr *expr)
{
	uint32_t guard_count = coverage->guard_count;

	walk(coverage, subject, expr->items[0]);
	for (int negated = 0; negated < 2 && coverage->failed == ERR_NONE; negated++) {
		push_guard(coverage, expr->items[0], negated != 0);
		walk(coverage, subject, expr->items[1 + negated]);
		coverage->guard_count = guard_count;
	}
}

/* Whatever is a Bool here. Recursion is bounded by AST_MAX_HEIGHT. */
static void walk(struct policy_coverage *coverage, struct subject *subject,
		 const struct ast_expr *expr)
{
	uint32_t guard_count = coverage->guard_count;

	if (coverage->failed != ERR_NONE)
		return;
	if (ast_kind(expr) == AST_AND || ast_kind(expr) == AST_OR)
		walk_chain(coverage, subject, expr);
	else if (ast_kind(expr) == AST_NOT)
		walk(coverage, subject, expr->left);
	else if (ast_kind(expr) == AST_IF)
		walk_if(coverage, subject, expr);
	else if (ast_kind(expr) != AST_BOOL)
		add_condition(coverage, subject, expr);
	coverage->guard_count = guard_count;
}

static void probe_subject(struct policy_coverage *coverage, struct subject *subject)
{
	const struct ast_policy *ast = subject->ast;

	subject->first_probe = coverage->probe_count;
	open_probe(coverage, subject);
	close_probe(coverage);
	open_probe(coverage, subject);
	for (uint32_t i = 0; i < ast->condition_count; i++)
		write_condition(coverage, ast->conditions[i].body, ast->conditions[i].unless);
	close_probe(coverage);
	for (uint32_t i = 0; i < ast->condition_count; i++) {
		walk(coverage, subject, ast->conditions[i].body);
		push_guard(coverage, ast->conditions[i].body, ast->conditions[i].unless);
	}
	coverage->guard_count = 0;
}

/* Policies and links. */

static struct subject *add_subject(struct policy_coverage *coverage, struct str id,
				   const struct ast_policy *ast)
{
	struct subject *grown = grow(coverage, coverage->subjects, coverage->subject_count,
				     &coverage->subject_capacity, sizeof(*grown));
	struct subject *subject;

	if (grown == NULL)
		return NULL;
	coverage->subjects = grown;
	subject = &grown[coverage->subject_count++];
	*subject = (struct subject){.id = id, .ast = ast};
	memcpy(subject->scope, ast->scope, sizeof(subject->scope));
	return subject;
}

/* The id that the policy has in a snapshot. */
static struct str id_of(struct policy_coverage *coverage, const struct ast_policy *ast,
			uint32_t position)
{
	const struct ast_annotation *annotation = ast_find_annotation(ast, STR("id"));
	struct str file = ast->source->name;
	size_t size = file.length + ID_EXTRA_BYTES;
	char *text;

	if (annotation != NULL)
		return annotation->value;
	text = arena_alloc(&coverage->arena, size);
	if (text == NULL) {
		fail(coverage, ERR_NO_MEMORY);
		return str_make(NULL, 0);
	}
	return str_make(
		text, (size_t)snprintf(text, size, "%.*s#%u", STR_ARGS(file), (unsigned)position));
}

static void add_parsed(struct policy_coverage *coverage, struct parsed parsed)
{
	struct parsed *grown = grow(coverage, coverage->parsed, coverage->parsed_count,
				    &coverage->parsed_capacity, sizeof(*grown));
	struct subject *subject = NULL;

	if (grown == NULL)
		return;
	coverage->parsed = grown;
	coverage->parsed[coverage->parsed_count++] = parsed;
	if (!ast_is_template(parsed.ast))
		subject = add_subject(coverage, parsed.id, parsed.ast);
	if (subject != NULL)
		probe_subject(coverage, subject);
}

static void read_policies(struct policy_coverage *coverage, const struct snapshot_file *file)
{
	struct source *source = arena_alloc(&coverage->arena, sizeof(*source));
	struct ast_policies policies = {NULL, 0};
	uint32_t position = 0;
	enum error error;

	if (source == NULL) {
		fail(coverage, ERR_NO_MEMORY);
		return;
	}
	error = source_init(source, &coverage->arena, file->name, file->text);
	if (error == ERR_NONE)
		error = parse_policies(&coverage->arena, source, NULL, coverage->diags, &policies);
	if (error != ERR_NONE)
		fail(coverage, error);
	for (const struct ast_policy *ast = policies.first;
	     ast != NULL && coverage->failed == ERR_NONE; ast = ast->next, position++)
		add_parsed(coverage, (struct parsed){id_of(coverage, ast, position), ast});
}

static const struct parsed *find_parsed(const struct policy_coverage *coverage, struct str id)
{
	for (uint32_t i = 0; i < coverage->parsed_count; i++) {
		if (str_equal(coverage->parsed[i].id, id))
			return &coverage->parsed[i];
	}
	return NULL;
}

static void fill_slot(struct policy_coverage *coverage, struct ast_scope *scope,
		      const struct cedar_slot_value *value)
{
	struct ast_uid *uid = arena_calloc(&coverage->arena, 1, sizeof(*uid));

	if (uid == NULL) {
		fail(coverage, ERR_NO_MEMORY);
		return;
	}
	*uid = (struct ast_uid){.type = value->type, .id = value->id};
	scope->has_slot = false;
	scope->uids = uid;
	scope->uid_count = 1;
}

static enum error on_link(void *arg, const struct cedar_link *link)
{
	struct policy_coverage *coverage = arg;
	const struct parsed *template = find_parsed(coverage, link->template_id);
	struct subject *subject;

	if (template == NULL)
		return ERR_INVALID;
	subject = add_subject(coverage, link->new_id, template->ast);
	for (size_t i = 0; subject != NULL && i < link->value_count; i++) {
		bool of_principal = str_equal(link->values[i].slot, STR("?principal"));

		fill_slot(coverage, &subject->scope[of_principal ? AST_PRINCIPAL : AST_RESOURCE],
			  &link->values[i]);
	}
	if (subject != NULL && coverage->failed == ERR_NONE)
		probe_subject(coverage, subject);
	return coverage->failed;
}

/* The engine of the probes. */

static enum error add_surroundings(struct policy_coverage *coverage, struct cedar_schema *schema,
				   const struct snapshot_file *files, size_t file_count)
{
	enum error error = cedar_engine_add_actions(coverage->engine, schema, coverage->diags);

	for (size_t i = 0; i < file_count && error == ERR_NONE; i++) {
		if (str_equal(files[i].name, STR(SNAPSHOT_FILE_ENTITIES)))
			error = static_entities_add(coverage->engine, schema, &coverage->arena,
						    files[i].name, files[i].text, coverage->diags);
	}
	return error;
}

static enum error build_engine(struct policy_coverage *coverage, struct hash_key key,
			       const struct snapshot_file *files, size_t file_count)
{
	struct cedar_limits limits = {.text_bytes = PROBES_MAX_BYTES};
	struct cedar_schema *schema = NULL;
	enum error error = cedar_engine_new(&limits, key, &coverage->engine);

	if (error != ERR_NONE)
		return error;
	cedar_engine_set_resolver(coverage->engine, names_resolver(&coverage->names));
	error = cedar_schema_read(STR(SCHEMA_NAME), schema_text(), CEDAR_SCHEMA_TEXT,
				  coverage->diags, &schema);
	if (error == ERR_NONE)
		error = add_surroundings(coverage, schema, files, file_count);
	if (error == ERR_NONE)
		error = cedar_engine_add_policies(coverage->engine, STR("coverage"),
						  buf_str(&coverage->probes), CEDAR_IDS_BY_POSITION,
						  coverage->diags);
	if (error == ERR_NONE)
		error = cedar_engine_seal(coverage->engine, coverage->diags);
	cedar_schema_free(schema);
	return error;
}

static enum error read_files(struct policy_coverage *coverage, const struct snapshot_file *files,
			     size_t file_count)
{
	enum error error = ERR_NONE;

	for (size_t i = 0; i < file_count && error == ERR_NONE; i++) {
		if (str_equal(files[i].name, STR(SNAPSHOT_FILE_NAMES)))
			error = names_read_directory(&coverage->names, files[i].name, files[i].text,
						     coverage->diags);
		else if (str_ends_with(files[i].name, STR(".cedar")))
			read_policies(coverage, &files[i]);
	}
	for (size_t i = 0; i < file_count && error == ERR_NONE; i++) {
		if (str_equal(files[i].name, STR(SNAPSHOT_FILE_LINKS)) &&
		    coverage->failed == ERR_NONE)
			error = links_each(&coverage->arena, files[i].name, files[i].text,
					   coverage->diags, on_link, coverage);
	}
	return coverage->failed != ERR_NONE ? coverage->failed : error;
}

enum error policy_coverage_new(const struct snapshot_file *files, size_t file_count,
			       struct hash_key key, struct cedar_diags *diags,
			       struct policy_coverage **out)
{
	struct policy_coverage *coverage = mem_calloc(1, sizeof(*coverage));
	enum error error;

	if (coverage == NULL)
		return ERR_NO_MEMORY;
	coverage->diags = diags;
	arena_init(&coverage->arena, 16384, SIZE_MAX);
	arena_init(&coverage->question, 16384, SIZE_MAX);
	buf_init(&coverage->probes, PROBES_MAX_BYTES);
	names_init(&coverage->names, &coverage->arena, key, account_find_sid);
	error = read_files(coverage, files, file_count);
	if (error == ERR_NONE)
		error = build_engine(coverage, key, files, file_count);
	if (error == ERR_NONE)
		error = cedar_request_new(NULL, &coverage->request);
	if (error == ERR_NONE) {
		coverage->seen = arena_calloc(&coverage->arena, coverage->probe_count + (size_t)1,
					      sizeof(*coverage->seen));
		error = coverage->seen != NULL ? ERR_NONE : ERR_NO_MEMORY;
	}
	if (error == ERR_NONE)
		*out = coverage;
	else
		policy_coverage_free(coverage);
	return error;
}

void policy_coverage_free(struct policy_coverage *coverage)
{
	if (coverage == NULL)
		return;
	cedar_request_free(coverage->request);
	cedar_engine_free(coverage->engine);
	names_deinit(&coverage->names);
	buf_deinit(&coverage->probes);
	arena_deinit(&coverage->question);
	arena_deinit(&coverage->arena);
	mem_free(coverage);
}

/* Noting. */

static enum error ask(struct policy_coverage *coverage, const struct entities *entities,
		      enum action action)
{
	struct cedar_answer answer;
	enum error error;

	entities_ask(entities, action);
	error = cedar_authorize(coverage->request, &answer);
	for (size_t i = 0; i < answer.reason_count; i++)
		coverage->seen[answer.reasons[i]] = true;
	return error;
}

enum error policy_coverage_note(struct policy_coverage *coverage, const struct decision *decision)
{
	const struct question *question = decision->question;
	bool is_user = question->kind != QUESTION_OPERATION;
	struct session_time time =
		session_time_of(question->instant.wall_us, question->instant.utc_offset_s);
	struct entities entities;
	enum error error;

	if (decision->source != DECISION_FROM_POLICY && decision->source != DECISION_FROM_DEFAULT &&
	    decision->source != DECISION_FROM_POLICY_ERROR)
		return ERR_NONE;
	arena_reset(&coverage->question, (struct arena_mark){0});
	cedar_request_begin(coverage->request, coverage->engine);
	if (!entities_define(coverage->request, &coverage->question, &decision->identity, &time,
			     is_user ? NULL : &decision->operation, &entities))
		return ERR_NO_MEMORY;
	error = ask(coverage, &entities, ACTION_CONNECT);
	if (error == ERR_NONE && is_user && decision->verdict == DECISION_ALLOW)
		error = ask(coverage, &entities, ACTION_ADMINISTER);
	if (error == ERR_NONE && !is_user && decision->decided_action != ACTION_CONNECT)
		error = ask(coverage, &entities, decision->operation.action);
	return error;
}

/* Telling. */

size_t policy_coverage_count(const struct policy_coverage *coverage)
{
	return coverage->subject_count;
}

void policy_coverage_at(struct policy_coverage *coverage, size_t index,
			struct covered_policy *policy)
{
	struct subject *subject = &coverage->subjects[index];
	const bool *seen = &coverage->seen[subject->first_probe];

	assert(index < coverage->subject_count);
	for (uint32_t i = 0; i < subject->condition_count; i++) {
		subject->conditions[i].was_true = seen[POLICY_PROBES + CONDITION_PROBES * i];
		subject->conditions[i].was_false = seen[POLICY_PROBES + CONDITION_PROBES * i + 1];
	}
	*policy = (struct covered_policy){
		.id = subject->id,
		.place = place_of(subject->ast->source, subject->ast->span),
		.applied = seen[0],
		.held = seen[1],
		.conditions = subject->conditions,
		.condition_count = subject->condition_count,
	};
}

struct coverage_total policy_coverage_total(struct policy_coverage *coverage)
{
	struct coverage_total total = {0, 0, 0, 0};

	for (size_t i = 0; i < coverage->subject_count; i++) {
		struct covered_policy policy;

		policy_coverage_at(coverage, i, &policy);
		total.policies++;
		total.policies_held += policy.held;
		total.outcomes += 2 * policy.condition_count;
		for (size_t k = 0; k < policy.condition_count; k++) {
			total.outcomes_seen += policy.conditions[k].was_true;
			total.outcomes_seen += policy.conditions[k].was_false;
		}
	}
	return total;
}
