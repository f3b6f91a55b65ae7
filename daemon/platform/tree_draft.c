#include "platform/tree_draft.h"

#include <string.h>

#include "base/mem.h"
#include "base/sort.h"
#include "platform/tree.h"
#include "platform/why.h"

enum { FIRST_CAPACITY = 16, ARENA_BYTES = 16 * 1024 };

enum error tree_out_of_memory(struct buf *why)
{
	return why_error(why, ERR_NO_MEMORY, "%s", error_text(ERR_NO_MEMORY));
}

void tree_draft_init(struct tree_draft *draft, const struct tree_options *options)
{
	*draft = (struct tree_draft){.options = options};
	/* Names and padding come on top of the texts. */
	arena_init(&draft->tree.arena, ARENA_BYTES, SIZE_MAX);
}

bool tree_draft_wants(const struct tree_draft *draft, const char *name)
{
	const struct tree_options *options = draft->options;

	for (size_t i = 0; i < options->subdirectory_count; i++) {
		if (strcmp(options->subdirectories[i], name) == 0)
			return false;
	}
	return options->wants(str_from(name));
}

enum error tree_draft_check_count(const struct tree_draft *draft, const char *name, struct buf *why)
{
	if (draft->tree.file_count == draft->options->max_files)
		return why_error(why, ERR_LIMIT, "%s: more than %u files", name,
				 (unsigned)draft->options->max_files);
	return ERR_NONE;
}

static enum error grow(struct tree_draft *draft, struct buf *why)
{
	size_t capacity = draft->capacity != 0 ? draft->capacity * 2 : FIRST_CAPACITY;
	struct tree_file *files = mem_resize(draft->tree.files, capacity, sizeof(*files));

	if (files == NULL)
		return tree_out_of_memory(why);
	draft->tree.files = files;
	draft->capacity = capacity;
	return ERR_NONE;
}

enum error tree_draft_add(struct tree_draft *draft, const char *name, size_t size, char **room,
			  struct buf *why)
{
	struct tree *tree = &draft->tree;
	enum error error = ERR_NONE;
	struct str copy;
	char *text;

	if (size > draft->options->max_total_bytes - draft->total_bytes)
		return why_error(why, ERR_LIMIT, "%s: all files together have more than %zu bytes",
				 name, draft->options->max_total_bytes);
	if (tree->file_count == draft->capacity)
		error = grow(draft, why);
	if (error != ERR_NONE)
		return error;
	text = arena_alloc(&tree->arena, size + 1);
	copy = arena_copy(&tree->arena, str_from(name));
	if (text == NULL || copy.ptr == NULL)
		return tree_out_of_memory(why);
	text[size] = '\0';
	tree->files[tree->file_count++] =
		(struct tree_file){.name = copy, .text = str_make(text, size)};
	draft->total_bytes += size;
	*room = text;
	return ERR_NONE;
}

static int compare_names(const void *a, const void *b)
{
	return str_compare(((const struct tree_file *)a)->name,
			   ((const struct tree_file *)b)->name);
}

enum error tree_draft_end(struct tree_draft *draft, enum error error, struct tree *out)
{
	struct tree *tree = &draft->tree;

	if (error != ERR_NONE) {
		tree_deinit(tree);
		return error;
	}
	sort(tree->files, tree->file_count, sizeof(*tree->files), compare_names);
	*out = *tree;
	return ERR_NONE;
}

void tree_deinit(struct tree *tree)
{
	mem_free(tree->files);
	arena_deinit(&tree->arena);
	tree->files = NULL;
	tree->file_count = 0;
}

/* A file that is not the same in both, or in one of them only; NULL when there is none. */
static const struct tree_file *find_change(const struct tree *a, const struct tree *b)
{
	size_t common = a->file_count < b->file_count ? a->file_count : b->file_count;

	for (size_t i = 0; i < common; i++) {
		int order = str_compare(a->files[i].name, b->files[i].name);

		if (order != 0)
			return order < 0 ? &a->files[i] : &b->files[i];
		if (!str_equal(a->files[i].text, b->files[i].text))
			return &a->files[i];
	}
	if (a->file_count == b->file_count)
		return NULL;
	return a->file_count > common ? &a->files[common] : &b->files[common];
}

enum error tree_read_settled(const char *path, const struct tree_options *options, struct tree *out,
			     struct buf *why)
{
	struct tree last = {.file_count = 0}, tree;
	enum error error = tree_read(path, options, &last, why);

	for (int readings = 2; error == ERR_NONE; readings++) {
		const struct tree_file *changed;

		error = tree_read(path, options, &tree, why);
		if (error != ERR_NONE)
			break;
		changed = find_change(&last, &tree);
		if (changed != NULL && readings == TREE_READINGS_MAX)
			error = why_error(why, ERR_BUSY,
					  "%s: changes while the files are read; try again when "
					  "nobody writes",
					  changed->name.ptr);
		tree_deinit(&last);
		last = tree;
		if (changed == NULL)
			break;
	}
	if (error == ERR_NONE)
		*out = last;
	else
		tree_deinit(&last);
	return error;
}
