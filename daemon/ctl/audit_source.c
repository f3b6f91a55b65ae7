#include "ctl/audit_source.h"

#include "base/attributes.h"
#include "base/error.h"
#include "ctl/output.h"
#include "platform/file.h"
#include "platform/process.h"

enum { WHY_MAX = 4096 };

enum ctl_exit audit_source_open(const struct ctl *ctl, struct audit_reader **out)
{
	/* Opening for reading needs none of the services of the writer. */
	struct store_env env = {.list_names = directory_list_names, .yield = process_yield};
	const char *directory;
	enum error error;
	struct buf why;

	process_give_way();
	if (!ctl_find_state(ctl, &directory))
		return CTL_INVALID;
	if (platform_random(&env.hash_key, sizeof(env.hash_key)) != ERR_NONE) {
		output_error("the system gives no random bytes");
		return CTL_INVALID;
	}
	buf_init(&why, WHY_MAX);
	error = audit_reader_open(directory, &env, out, &why);
	if (error != ERR_NONE)
		ctl_report_unreadable(directory, error, &why);
	buf_deinit(&why);
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

static bool copy_text(struct arena *arena, struct str *text)
{
	*text = arena_copy(arena, *text);
	return text->ptr != NULL;
}

static bool copy_list(struct arena *arena, struct audit_list *list)
{
	struct str *items = arena_calloc(arena, list->count, sizeof(*items));

	if (items == NULL)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		items[i] = list->items[i];
		if (!copy_text(arena, &items[i]))
			return false;
	}
	list->items = items;
	return true;
}

bool audit_source_copy(struct arena *arena, const struct audit_row *row, struct audit_row *out)
{
	struct audit_row copy = *row;
	struct str *const texts[] = {
		&copy.application, &copy.principal, &copy.user,       &copy.user_folded,
		&copy.mechanism,   &copy.action,    &copy.action_uri, &copy.resource_uri,
		&copy.context,     &copy.source,    &copy.extended,   &copy.peer,
	};
	struct audit_list *const lists[] = {&copy.groups, &copy.deny_only_groups, &copy.policies,
					    &copy.erring};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (!copy_text(arena, texts[i]))
			return false;
	}
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		if (!copy_list(arena, lists[i]))
			return false;
	}
	*out = copy;
	return true;
}

struct search {
	bool (*accepts)(void *arg, const struct audit_row *row);
	void *arg;
	struct arena *arena;
	struct audit_row *out;
	bool found, failed;
};

static bool on_row(void *arg, const struct audit_row *row)
{
	struct search *search = arg;

	if (search->accepts != NULL && !search->accepts(search->arg, row))
		return true;
	search->found = audit_source_copy(search->arena, row, search->out);
	search->failed = !search->found;
	return false;
}

enum ctl_exit audit_source_find(struct audit_reader *reader, const struct audit_filter *filter,
				bool (*accepts)(void *arg, const struct audit_row *row), void *arg,
				struct arena *arena, struct audit_row *out, bool *found)
{
	struct search search = {accepts, arg, arena, out, false, false};
	enum error error;
	struct buf why;

	buf_init(&why, WHY_MAX);
	error = audit_query(reader, filter, on_row, &search, &why);
	if (error == ERR_NONE && search.failed)
		error = ERR_NO_MEMORY;
	if (error != ERR_NONE)
		output_error("%s", why.length != 0 ? buf_text(&why) : error_text(error));
	buf_deinit(&why);
	*found = search.found;
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}
