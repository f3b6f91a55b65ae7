#include "policy/diff.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/sort.h"
#include "cedar/ast.h"
#include "cedar/parser.h"
#include "cedar/print.h"
#include "cedar/source.h"

enum { ID_EXTRA_BYTES = 16 /* "#" and a number */ };

/* A policy of one side. */
struct item {
	struct str id;
	bool has_id;     /* of its own, by @id */
	struct str text; /* printed, without regard to layout */
	const struct ast_policy *policy;
	struct item *twin; /* of the other side */
};

struct side {
	struct item **items; /* sorted as a step needs them */
	size_t count;
};

struct diff {
	struct arena arena;
	struct cedar_diags *diags;
	struct side sides[2];
	void (*visit)(void *arg, const struct policy_difference *difference);
	void *arg;
};

/* Reading. */

static bool is_policy_file(struct str name)
{
	return str_ends_with(name, STR(".cedar"));
}

static struct str printed(struct diff *diff, void (*print)(struct buf *out, const void *what),
			  const void *what)
{
	struct str copy = {NULL, 0};
	struct buf text;

	buf_init(&text, SIZE_MAX);
	print(&text, what);
	if (text.failed == ERR_NONE)
		copy = arena_copy(&diff->arena, buf_str(&text));
	buf_deinit(&text);
	return copy;
}

static void print_whole(struct buf *out, const void *policy)
{
	print_policy(out, policy);
}

static struct str position_id(struct diff *diff, struct str file, uint32_t position)
{
	size_t size = file.length + ID_EXTRA_BYTES;
	char *id = arena_alloc(&diff->arena, size);
	int digits;

	if (id == NULL)
		return str_make(NULL, 0);
	memcpy(id, file.ptr, file.length);
	digits = snprintf(id + file.length, ID_EXTRA_BYTES, "#%u", (unsigned)position);
	return str_make(id, file.length + (size_t)digits);
}

static struct item *new_item(struct diff *diff, struct str file, const struct ast_policy *policy,
			     uint32_t position)
{
	const struct ast_annotation *id = ast_find_annotation(policy, STR("id"));
	struct item *item = arena_calloc(&diff->arena, 1, sizeof(*item));

	if (item == NULL)
		return NULL;
	item->policy = policy;
	item->has_id = id != NULL;
	item->id = id != NULL ? id->value : position_id(diff, file, position);
	item->text = printed(diff, print_whole, policy);
	return item->text.ptr != NULL && item->id.ptr != NULL ? item : NULL;
}

static enum error read_file(struct diff *diff, const struct snapshot_file *file,
			    struct ast_policies *policies)
{
	struct source *source = arena_alloc(&diff->arena, sizeof(*source));
	enum error error;

	if (source == NULL)
		return ERR_NO_MEMORY;
	error = source_init(source, &diff->arena, file->name, file->text);
	if (error != ERR_NONE)
		return error;
	return parse_policies(&diff->arena, source, NULL, diff->diags, policies);
}

static enum error read_side(struct diff *diff, struct side *side, const struct snapshot_file *files,
			    size_t count)
{
	struct ast_policies *policies = arena_calloc(&diff->arena, count + 1, sizeof(*policies));
	enum error error = policies != NULL ? ERR_NONE : ERR_NO_MEMORY;
	size_t policy_count = 0;

	for (size_t i = 0; error == ERR_NONE && i < count; i++) {
		if (!is_policy_file(files[i].name))
			continue;
		error = read_file(diff, &files[i], &policies[i]);
		policy_count += policies[i].count;
	}
	if (error != ERR_NONE)
		return error;
	side->items = arena_calloc(&diff->arena, policy_count + 1, sizeof(*side->items));
	if (side->items == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		uint32_t position = 0;

		for (const struct ast_policy *policy = policies[i].first; policy != NULL;
		     policy = policy->next) {
			struct item *item = new_item(diff, files[i].name, policy, position++);

			if (item == NULL)
				return ERR_NO_MEMORY;
			side->items[side->count++] = item;
		}
	}
	return ERR_NONE;
}

/* Pairing. */

static const struct item *item_at(const void *element)
{
	return *(struct item *const *)element;
}

/* Those without an id of their own by their text, behind the others. */
static int compare_texts(const void *a, const void *b)
{
	const struct item *left = item_at(a), *right = item_at(b);

	if (left->has_id != right->has_id)
		return left->has_id ? -1 : 1;
	return str_compare(left->text, right->text);
}

static int compare_ids(const void *a, const void *b)
{
	return str_compare(item_at(a)->id, item_at(b)->id);
}

/* Makes twins of what compares as equal and has none yet, one by one. */
static void pair(struct diff *diff, int (*compare)(const void *a, const void *b), bool named_too)
{
	struct side *a = &diff->sides[0], *b = &diff->sides[1];
	size_t i = 0, j = 0;

	sort(a->items, a->count, sizeof(struct item *), compare);
	sort(b->items, b->count, sizeof(struct item *), compare);
	while (i < a->count && j < b->count) {
		struct item *left = a->items[i], *right = b->items[j];
		bool is_open = left->twin == NULL && right->twin == NULL &&
			       (named_too || (!left->has_id && !right->has_id));
		int order = compare(&left, &right);

		if (order == 0 && is_open) {
			left->twin = right;
			right->twin = left;
		}
		if (order < 0 || (order == 0 && (left->twin != NULL || right->twin == NULL)))
			i++;
		if (order > 0 || (order == 0 && (right->twin != NULL || left->twin == NULL)))
			j++;
	}
}

/* Telling. */

struct parts {
	struct policy_part *items;
	size_t count;
};

static void add_part(struct parts *parts, struct str name, struct str before, struct str after)
{
	if (!str_equal(before, after))
		parts->items[parts->count++] = (struct policy_part){name, before, after};
}

static struct str effect_text(const struct ast_policy *policy)
{
	return policy->effect == CEDAR_PERMIT ? STR("permit") : STR("forbid");
}

struct scope_of {
	const struct ast_policy *policy;
	enum ast_var var;
};

static void print_scope_of(struct buf *out, const void *what)
{
	const struct scope_of *of = what;

	print_scope(out, of->var, &of->policy->scope[of->var]);
}

static void print_condition(struct buf *out, const void *what)
{
	const struct ast_condition *condition = what;

	buf_append_str(out, condition->unless ? STR("unless { ") : STR("when { "));
	print_expr(out, condition->body);
	buf_append_str(out, STR(" }"));
}

static struct str condition_text(struct diff *diff, const struct ast_policy *policy, uint32_t index)
{
	return index < policy->condition_count
		       ? printed(diff, print_condition, &policy->conditions[index])
		       : STR("");
}

static struct str numbered(struct diff *diff, const char *name, uint32_t index)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %u", name, (unsigned)index + 1);
	return arena_copy(&diff->arena, str_from(text));
}

static struct str annotation_name(struct diff *diff, struct str key)
{
	char *name = arena_alloc(&diff->arena, key.length + 1);

	if (name == NULL)
		return str_make(NULL, 0);
	name[0] = '@';
	memcpy(name + 1, key.ptr, key.length);
	return str_make(name, key.length + 1);
}

static struct str annotation_text(const struct ast_policy *policy, struct str key)
{
	const struct ast_annotation *annotation = ast_find_annotation(policy, key);

	return annotation != NULL ? annotation->value : STR("");
}

static void compare_annotations(struct diff *diff, const struct ast_policy *before,
				const struct ast_policy *after, struct parts *parts)
{
	for (uint32_t i = 0; i < before->annotation_count; i++) {
		struct str key = before->annotations[i].key;

		add_part(parts, annotation_name(diff, key), before->annotations[i].value,
			 annotation_text(after, key));
	}
	for (uint32_t i = 0; i < after->annotation_count; i++) {
		struct str key = after->annotations[i].key;

		if (ast_find_annotation(before, key) == NULL)
			add_part(parts, annotation_name(diff, key), STR(""),
				 after->annotations[i].value);
	}
}

static uint32_t greater(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static enum error tell_changed(struct diff *diff, const struct item *before,
			       const struct item *after)
{
	static const struct {
		enum ast_var var;
		const char *name;
	} vars[] = {
		{AST_PRINCIPAL, "principal"}, {AST_ACTION, "action"}, {AST_RESOURCE, "resource"}};
	const struct ast_policy *a = before->policy, *b = after->policy;
	uint32_t conditions = greater(a->condition_count, b->condition_count);
	struct parts parts = {arena_calloc(&diff->arena,
					   ARRAY_COUNT(vars) + 1 + (size_t)conditions +
						   a->annotation_count + b->annotation_count,
					   sizeof(*parts.items)),
			      0};

	if (parts.items == NULL)
		return ERR_NO_MEMORY;
	add_part(&parts, STR("effect"), effect_text(a), effect_text(b));
	for (size_t i = 0; i < ARRAY_COUNT(vars); i++) {
		struct scope_of left = {a, vars[i].var}, right = {b, vars[i].var};

		add_part(&parts, str_from(vars[i].name), printed(diff, print_scope_of, &left),
			 printed(diff, print_scope_of, &right));
	}
	for (uint32_t i = 0; i < conditions; i++)
		add_part(&parts, numbered(diff, "condition", i), condition_text(diff, a, i),
			 condition_text(diff, b, i));
	compare_annotations(diff, a, b, &parts);
	for (size_t i = 0; i < parts.count; i++) {
		if (parts.items[i].name.ptr == NULL || parts.items[i].before.ptr == NULL ||
		    parts.items[i].after.ptr == NULL)
			return ERR_NO_MEMORY;
	}
	diff->visit(diff->arg, &(struct policy_difference){
				       .change = POLICY_CHANGED,
				       .id = after->id,
				       .source = b->source->name,
				       .line = source_locate(b->source, b->span.start).line,
				       .parts = parts.items,
				       .part_count = parts.count,
			       });
	return ERR_NONE;
}

static void tell_whole(struct diff *diff, enum policy_change change, const struct item *item)
{
	const struct ast_policy *policy = item->policy;

	diff->visit(diff->arg,
		    &(struct policy_difference){
			    .change = change,
			    .id = item->id,
			    .source = policy->source->name,
			    .line = source_locate(policy->source, policy->span.start).line,
			    .text = source_slice(policy->source, policy->span),
		    });
}

/* Both sides are sorted by their ids. */
static enum error tell_policies(struct diff *diff)
{
	const struct side *a = &diff->sides[0], *b = &diff->sides[1];
	enum error error = ERR_NONE;
	size_t i = 0, j = 0;

	while (error == ERR_NONE && (i < a->count || j < b->count)) {
		bool take_old = j == b->count ||
				(i < a->count && compare_ids(&a->items[i], &b->items[j]) <= 0);

		if (take_old) {
			if (a->items[i]->twin == NULL)
				tell_whole(diff, POLICY_REMOVED, a->items[i]);
			i++;
			continue;
		}
		if (b->items[j]->twin == NULL)
			tell_whole(diff, POLICY_ADDED, b->items[j]);
		else if (!str_equal(b->items[j]->text, b->items[j]->twin->text))
			error = tell_changed(diff, b->items[j]->twin, b->items[j]);
		j++;
	}
	return error;
}

/* Other files. */

static const struct snapshot_file *find_file(const struct snapshot_file *files, size_t count,
					     struct str name)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal(files[i].name, name))
			return &files[i];
	}
	return NULL;
}

static void tell_file(struct diff *diff, enum policy_change change, struct str name)
{
	diff->visit(diff->arg,
		    &(struct policy_difference){
			    .change = change, .is_file = true, .id = name, .source = name});
}

static void tell_files(struct diff *diff, const struct snapshot_file *before, size_t before_count,
		       const struct snapshot_file *after, size_t after_count)
{
	for (size_t i = 0; i < before_count; i++) {
		const struct snapshot_file *other;

		if (is_policy_file(before[i].name))
			continue;
		other = find_file(after, after_count, before[i].name);
		if (other == NULL)
			tell_file(diff, POLICY_REMOVED, before[i].name);
		else if (!str_equal(other->text, before[i].text))
			tell_file(diff, POLICY_CHANGED, before[i].name);
	}
	for (size_t i = 0; i < after_count; i++) {
		if (!is_policy_file(after[i].name) &&
		    find_file(before, before_count, after[i].name) == NULL)
			tell_file(diff, POLICY_ADDED, after[i].name);
	}
}

enum error policy_diff(const struct snapshot_file *before, size_t before_count,
		       const struct snapshot_file *after, size_t after_count,
		       struct cedar_diags *diags,
		       void (*visit)(void *arg, const struct policy_difference *difference),
		       void *arg)
{
	struct diff diff = {.diags = diags, .visit = visit, .arg = arg};
	enum error error;

	arena_init(&diff.arena, 64 * 1024, SIZE_MAX);
	error = read_side(&diff, &diff.sides[0], before, before_count);
	if (error == ERR_NONE)
		error = read_side(&diff, &diff.sides[1], after, after_count);
	if (error == ERR_NONE) {
		pair(&diff, compare_texts, false);
		pair(&diff, compare_ids, true);
		error = tell_policies(&diff);
	}
	if (error == ERR_NONE)
		tell_files(&diff, before, before_count, after, after_count);
	arena_deinit(&diff.arena);
	return error;
}
