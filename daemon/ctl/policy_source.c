#include "ctl/policy_source.h"

#include <inttypes.h>
#include <string.h>

#include "ctl/output.h"
#include "platform/tree.h"
#include "store/state.h"

enum { WHY_MAX = 4096 };

enum ctl_exit policy_state_open(const struct ctl *ctl, struct state **out)
{
	struct store_env env = {0};
	const char *directory;
	enum ctl_exit code = CTL_DONE;
	enum error error;
	struct buf why;

	if (!ctl_find_state(ctl, &directory))
		return CTL_INVALID;
	buf_init(&why, WHY_MAX);
	error = state_open_readonly(directory, &env, out, &why);
	if (error != ERR_NONE) {
		ctl_report_unreadable(directory, error, &why);
		code = CTL_INVALID;
	}
	buf_deinit(&why);
	return code;
}

static enum ctl_exit unreadable(enum error error)
{
	output_error("the state database cannot be read: %s", error_text(error));
	return CTL_INVALID;
}

static bool take_number(void *arg, const struct state_revision *revision)
{
	*(uint64_t *)arg = revision->number;
	return false;
}

enum ctl_exit policy_state_active(struct state *state, uint64_t *number)
{
	enum error error;

	*number = 0;
	error = state_get_pin(state, number);
	if (error == ERR_NONE && *number == 0)
		error = state_each_revision(state, 1, take_number, number);
	return error == ERR_NONE ? CTL_DONE : unreadable(error);
}

static enum ctl_exit take_revision(struct policy_source *source,
				   const struct state_revision *revision)
{
	struct snapshot_file *files =
		arena_calloc(&source->arena, revision->file_count + 1, sizeof(*files));

	if (files == NULL)
		return unreadable(ERR_NO_MEMORY);
	for (size_t i = 0; i < revision->file_count; i++)
		files[i] = (struct snapshot_file){revision->files[i].name, revision->files[i].text};
	source->files = files;
	source->file_count = revision->file_count;
	source->revision = revision->number;
	source->activated_us = revision->activated_us;
	source->origin = revision->source;
	source->digest = arena_copy(
		&source->arena, str_make((const char *)revision->digest, sizeof(revision->digest)));
	return source->digest.ptr != NULL ? CTL_DONE : unreadable(ERR_NO_MEMORY);
}

static enum ctl_exit read_revision(struct policy_source *source, struct state *state,
				   uint64_t number)
{
	enum state_lookup found = STATE_MISSING;
	struct state_revision revision;
	enum error error;

	error = state_get_revision(state, number, &source->arena, &revision, &found);
	if (error != ERR_NONE)
		return unreadable(error);
	if (found == STATE_MISSING) {
		if (number != 0)
			output_error("there is no revision %" PRIu64
				     "; see wsauthzctl policy history",
				     number);
		else
			output_error("no revision was ever activated");
		return CTL_INVALID;
	}
	return take_revision(source, &revision);
}

static enum ctl_exit open_revision(struct policy_source *source, const struct ctl *ctl,
				   uint64_t number)
{
	struct state *state = NULL;
	enum ctl_exit code = policy_state_open(ctl, &state);

	if (code == CTL_DONE && number == 0)
		code = policy_state_active(state, &number);
	if (code == CTL_DONE)
		code = read_revision(source, state, number);
	state_close(state);
	return code;
}

static enum ctl_exit open_directory(struct policy_source *source, const char *path)
{
	enum error error;
	struct buf why;

	buf_init(&why, WHY_MAX);
	error = policy_read_directory(path, &source->tree, &why);
	if (error != ERR_NONE)
		output_error("%s", why.length != 0 ? buf_text(&why) : error_text(error));
	buf_deinit(&why);
	if (error != ERR_NONE)
		return CTL_INVALID;
	source->has_tree = true;
	source->file_count = source->tree.file_count;
	source->files =
		arena_calloc(&source->arena, source->file_count + 1, sizeof(*source->files));
	if (source->files == NULL)
		return unreadable(ERR_NO_MEMORY);
	for (size_t i = 0; i < source->file_count; i++)
		source->files[i] = (struct snapshot_file){source->tree.files[i].name,
							  source->tree.files[i].text};
	return CTL_DONE;
}

enum ctl_exit policy_source_open(struct policy_source *source, const struct ctl *ctl,
				 const char *name)
{
	uint64_t number;

	*source = (struct policy_source){.has_tree = false};
	arena_init(&source->arena, 64 * 1024, SIZE_MAX);
	if (strcmp(name, "active") == 0)
		return open_revision(source, ctl, 0);
	if (str_to_u64(str_from(name), &number) && number != 0)
		return open_revision(source, ctl, number);
	return open_directory(source, name);
}

void policy_source_deinit(struct policy_source *source)
{
	if (source->has_tree)
		tree_deinit(&source->tree);
	arena_deinit(&source->arena);
}
