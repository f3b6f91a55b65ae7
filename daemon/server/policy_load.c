#include "server/policy_load.h"

#include <string.h>

#include "base/mem.h"
#include "platform/platform.h"

void policy_load_init(struct policy_load *load)
{
	*load = (struct policy_load){.error = ERR_INTERNAL};
	buf_init(&load->obstacle, LOG_MESSAGE_MAX);
	cedar_diags_init(&load->diags);
}

void policy_load_deinit(struct policy_load *load)
{
	buf_deinit(&load->obstacle);
	cedar_diags_deinit(&load->diags);
	snapshot_unref(load->snapshot);
	load->snapshot = NULL;
}

static enum error read_tree(const char *directory, struct tree *tree, struct buf *why)
{
	static const char *const subdirectories[] = {"", "tests"};
	static const struct tree_options options = {
		.subdirectories = subdirectories,
		.subdirectory_count = ARRAY_COUNT(subdirectories),
		.wants = snapshot_wants_file,
		.max_files = SNAPSHOT_MAX_FILES,
		.max_file_bytes = POLICY_MAX_FILE_BYTES,
		.max_total_bytes = POLICY_MAX_TOTAL_BYTES,
	};

	return tree_read(directory, &options, tree, why);
}

static void build(struct policy_load *load, const struct snapshot_file *files, size_t count,
		  struct hash_key key)
{
	load->error = snapshot_digest_files(files, count, load->digest);
	load->has_digest = load->error == ERR_NONE;
	if (load->error == ERR_NONE)
		load->error = snapshot_new(files, count, NULL, key, &load->diags, &load->snapshot);
	if (load->error != ERR_NONE && load->diags.error_count == 0)
		buf_printf(&load->obstacle, "the policy could not be built: %s",
			   error_text(load->error));
}

/* A revision on its way into the state database. */
struct storing {
	struct state_revision revision;
	uint64_t number;
};

static enum error put_revision(struct state *state, void *arg)
{
	struct storing *storing = arg;
	bool added = false;

	return state_put_revision(state, &storing->revision, &storing->number, &added);
}

static void store_revision(struct policy_load *load, const char *directory, const struct tree *tree,
			   struct state_store *store)
{
	struct storing storing = {.revision = {.activated_us = load->finished_us,
					       .source = str_from(directory),
					       .file_count = tree->file_count}};
	struct state_policy_file *files = mem_calloc(tree->file_count, sizeof(*files));

	if (files == NULL) {
		load->error = ERR_NO_MEMORY;
	} else {
		for (size_t i = 0; i < tree->file_count; i++)
			files[i] = (struct state_policy_file){tree->files[i].name,
							      tree->files[i].text};
		storing.revision.files = files;
		memcpy(storing.revision.digest, load->digest, sizeof(load->digest));
		load->error = state_store_use(store, "policy.not_stored", put_revision, &storing);
	}
	mem_free(files);
	if (load->error == ERR_NONE)
		snapshot_set_revision(load->snapshot, storing.number);
	else
		buf_printf(&load->obstacle, "the revision could not be stored: %s",
			   error_text(load->error));
}

static void load_tree(struct policy_load *load, const struct tree *tree, struct hash_key key)
{
	struct snapshot_file *files;

	/* An empty set is snapshot_new()'s to refuse. */
	files = mem_calloc(tree->file_count + 1, sizeof(*files));
	if (files == NULL) {
		load->error = ERR_NO_MEMORY;
		buf_append_str(&load->obstacle, str_from(error_text(ERR_NO_MEMORY)));
		return;
	}
	for (size_t i = 0; i < tree->file_count; i++)
		files[i] = (struct snapshot_file){tree->files[i].name, tree->files[i].text};
	build(load, files, tree->file_count, key);
	mem_free(files);
}

void policy_load_revision(struct policy_load *load, const char *directory, struct hash_key key,
			  const struct clock *clock, struct state_store *store)
{
	struct tree tree;

	load->error = read_tree(directory, &tree, &load->obstacle);
	load->finished_us = clock_wall_us(clock);
	if (load->error != ERR_NONE)
		return;
	load_tree(load, &tree, key);
	load->finished_us = clock_wall_us(clock);
	if (load->error == ERR_NONE && store != NULL)
		store_revision(load, directory, &tree, store);
	tree_deinit(&tree);
}

void policy_load_directory(struct policy_load *load, const char *directory, struct hash_key key,
			   const struct clock *clock)
{
	policy_load_revision(load, directory, key, clock, NULL);
}

/* The newest revision on its way out of the state database. */
struct fetching {
	struct arena arena;
	struct state_revision revision;
	enum state_lookup found;
};

static enum error get_revision(struct state *state, void *arg)
{
	struct fetching *fetching = arg;

	return state_get_revision(state, 0, &fetching->arena, &fetching->revision,
				  &fetching->found);
}

void policy_load_stored(struct policy_load *load, struct hash_key key, const struct clock *clock,
			struct state_store *store)
{
	struct fetching fetching = {.found = STATE_MISSING};
	struct snapshot_file *files = NULL;

	arena_init(&fetching.arena, 64 * 1024, SIZE_MAX);
	load->error = state_store_use(store, "policy.not_read", get_revision, &fetching);
	if (load->error == ERR_NONE && fetching.found == STATE_MISSING)
		load->error = ERR_NOT_FOUND;
	if (load->error == ERR_NONE) {
		files = arena_calloc(&fetching.arena, fetching.revision.file_count + 1,
				     sizeof(*files));
		load->error = files != NULL ? ERR_NONE : ERR_NO_MEMORY;
	}
	if (load->error == ERR_NONE) {
		for (size_t i = 0; i < fetching.revision.file_count; i++)
			files[i] = (struct snapshot_file){fetching.revision.files[i].name,
							  fetching.revision.files[i].text};
		build(load, files, fetching.revision.file_count, key);
	}
	if (load->error == ERR_NONE)
		snapshot_set_revision(load->snapshot, fetching.revision.number);
	load->finished_us = clock_wall_us(clock);
	arena_deinit(&fetching.arena);
}

static enum error put_action(struct state *state, void *arg)
{
	uint64_t id;

	return state_put_action(state, arg, &id);
}

/* The first thing that is wrong, or that nothing is. */
static struct str outcome_of(const struct policy_load *load)
{
	if (load->error == ERR_NONE)
		return STR("done");
	if (load->obstacle.length != 0)
		return buf_str(&load->obstacle);
	for (const struct cedar_diag *diag = load->diags.first; diag != NULL; diag = diag->next) {
		if (diag->severity == CEDAR_ERROR)
			return diag->message;
	}
	return str_from(error_text(load->error));
}

void policy_load_record(const struct policy_load *load, struct str actor, const struct clock *clock,
			struct state_store *store)
{
	struct state_action action = {
		.at_us = clock_wall_us(clock),
		.actor = actor,
		.action = STR("policy.reload"),
		.arguments = STR("{}"),
		.outcome = outcome_of(load),
	};

	enum error error = state_store_use(store, "policy.not_recorded", put_action, &action);

	/* What failed is logged. The load stands, for its revision is stored. */
	(void)error;
}

void policy_load_print(const struct policy_load *load, struct buf *out)
{
	if (load->obstacle.length != 0) {
		log_escape(out, buf_str(&load->obstacle));
		buf_append_byte(out, '\n');
	}
	for (const struct cedar_diag *diag = load->diags.first; diag != NULL; diag = diag->next)
		cedar_diag_print(out, diag);
}

/* Logs `text` line by line, so that the caret stands below its source line. */
static void log_lines(const struct log *log, enum log_level level, const char *event,
		      struct str text)
{
	while (text.length != 0) {
		const char *end = str_find_byte(text, '\n');
		size_t length = end != NULL ? (size_t)(end - text.ptr) : text.length;

		log_event(log, level, event, "%.*s", (int)length, text.ptr);
		length += end != NULL;
		text = str_make(text.ptr + length, text.length - length);
	}
}

void policy_load_log(const struct policy_load *load, const struct log *log)
{
	uint32_t logged = 0;
	struct buf text;

	if (load->obstacle.length != 0)
		log_error(log, "policy.invalid", "%.*s", STR_ARGS(buf_str(&load->obstacle)));
	buf_init(&text, 64 * 1024);
	for (const struct cedar_diag *diag = load->diags.first;
	     diag != NULL && logged < POLICY_LOGGED_DIAGS; diag = diag->next, logged++) {
		bool is_error = diag->severity == CEDAR_ERROR;

		buf_clear(&text);
		cedar_diag_print(&text, diag);
		log_lines(log, is_error ? LOG_ERROR : LOG_WARNING,
			  is_error ? "policy.invalid" : "policy.warning", buf_str(&text));
	}
	buf_deinit(&text);
	if (load->diags.error_count + load->diags.warning_count > logged)
		log_warning(
			log, "policy.warning", "%u more diagnostics are not logged",
			(unsigned)(load->diags.error_count + load->diags.warning_count - logged));
}
