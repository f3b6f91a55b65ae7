/*
 * Policy sets in JSON from hostile bytes: reading must end, never report without failing or fail
 * without reporting, and what it accepts must survive writing and reading again.
 */
#include <assert.h>
#include <stdlib.h>

#include "cedar/policy_set_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct set {
	struct arena arena, texts;
	struct source source;
	struct cedar_diags diags;
	struct policy_set set;
};

static enum error read_set(struct set *set, struct str text)
{
	enum error error;

	*set = (struct set){.set = {.link_count = 0}};
	arena_init(&set->arena, 4096, SIZE_MAX);
	arena_init(&set->texts, 4096, SIZE_MAX);
	cedar_diags_init(&set->diags);
	error = source_init(&set->source, &set->arena, STR("fuzz"), text);
	if (error == ERR_NONE)
		error = policy_set_json_read(&set->arena, &set->texts, &set->source, NULL,
					     &set->diags, &set->set);
	return error;
}

static void free_set(struct set *set)
{
	cedar_diags_deinit(&set->diags);
	arena_deinit(&set->texts);
	arena_deinit(&set->arena);
}

static bool all_equal(const struct ast_policy *a, const struct ast_policy *b)
{
	while (a != NULL && b != NULL && ast_policy_equal(a, b)) {
		a = a->next;
		b = b->next;
	}
	return a == NULL && b == NULL;
}

/* The order of the policies changes when templates stood before static ones, so it is the second
 * and the third form that must be equal. */
static void check_writing(const struct policy_set *set, int rounds)
{
	struct json_writer writer;
	struct set again;
	struct buf out;
	enum error error;

	buf_init(&out, SIZE_MAX);
	writer = json_write_to(&out);
	policy_set_json_write(&writer, set);
	error = read_set(&again, buf_str(&out));
	/* Long chains of operators are nested too deep in JSON. */
	if (error != ERR_NONE && error != ERR_LIMIT)
		abort();
	if (error == ERR_NONE && rounds == 0 &&
	    !all_equal(set->policies.first, again.set.policies.first))
		abort();
	if (error == ERR_NONE && set->link_count != again.set.link_count)
		abort();
	if (error == ERR_NONE && rounds > 0)
		check_writing(&again.set, rounds - 1);
	free_set(&again);
	buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct set set;
	enum error error = read_set(&set, str_make((const char *)data, size));

	assert((error != ERR_NONE) == (set.diags.error_count > 0));
	if (error == ERR_NONE)
		check_writing(&set.set, 1);
	free_set(&set);
	return 0;
}
