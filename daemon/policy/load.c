#include "policy/load.h"

#include <inttypes.h>

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "platform/peer.h"

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

enum error policy_read_directory(const char *directory, struct tree *tree, struct buf *why)
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

	return tree_read_settled(directory, &options, tree, why);
}

/* Puts the tests of `files` to the snapshot that was built of them. */
static void run_tests(struct policy_load *load, const struct snapshot_file *files, size_t count,
		      struct hash_key key)
{
	load->error =
		policy_tests_gate(files, count, key, load->snapshot, &load->diags, &load->tests);
	if (load->error == ERR_NONE)
		return;
	snapshot_unref(load->snapshot);
	load->snapshot = NULL;
}

/* Builds a snapshot that carries load->digest. */
static void build(struct policy_load *load, const struct snapshot_file *files, size_t count,
		  struct hash_key key, bool is_checked)
{
	struct snapshot_options options = {
		.find_sid = account_find_sid, .digest = load->digest, .is_checked = is_checked};

	load->error = snapshot_new(files, count, &options, key, &load->diags, &load->snapshot);
	if (load->error == ERR_NONE && !is_checked)
		run_tests(load, files, count, key);
	if (load->error != ERR_NONE && load->diags.error_count == 0)
		buf_printf(&load->obstacle, "the policy could not be built: %s",
			   error_text(load->error));
}

/* The same behind the digest of the files. */
static void build_named(struct policy_load *load, const struct snapshot_file *files, size_t count,
			struct hash_key key, bool is_checked)
{
	load->error = snapshot_digest_files(files, count, load->digest);
	load->has_digest = load->error == ERR_NONE;
	if (load->has_digest)
		build(load, files, count, key, is_checked);
	else
		buf_append_str(&load->obstacle, str_from(error_text(load->error)));
}

/* Room for `count` files; an empty set is snapshot_new()'s to refuse. NULL sets the error. */
static struct snapshot_file *new_files(struct policy_load *load, size_t count)
{
	struct snapshot_file *files = mem_calloc(count + 1, sizeof(*files));

	if (files == NULL) {
		load->error = ERR_NO_MEMORY;
		buf_append_str(&load->obstacle, str_from(error_text(ERR_NO_MEMORY)));
	}
	return files;
}

static void load_tree(struct policy_load *load, const struct tree *tree, struct hash_key key,
		      bool is_named, bool is_checked)
{
	struct snapshot_file *files = new_files(load, tree->file_count);

	if (files == NULL)
		return;
	for (size_t i = 0; i < tree->file_count; i++)
		files[i] = (struct snapshot_file){tree->files[i].name, tree->files[i].text};
	if (is_named)
		build_named(load, files, tree->file_count, key, is_checked);
	else
		build(load, files, tree->file_count, key, is_checked);
	mem_free(files);
}

void policy_load_tree(struct policy_load *load, const struct tree *tree, struct hash_key key)
{
	load_tree(load, tree, key, true, false);
}

void policy_load_checked(struct policy_load *load, const struct tree *tree, struct hash_key key)
{
	load_tree(load, tree, key, true, true);
}

void policy_load_trial(struct policy_load *load, const struct tree *tree, struct hash_key key)
{
	load_tree(load, tree, key, false, false);
}

void policy_load_directory(struct policy_load *load, const char *directory, struct hash_key key)
{
	struct tree tree;

	load->error = policy_read_directory(directory, &tree, &load->obstacle);
	if (load->error != ERR_NONE)
		return;
	policy_load_tree(load, &tree, key);
	tree_deinit(&tree);
}

/* Builds a snapshot of a revision that was stored, and hence was valid once; it has the revision's
 * number. */
static void load_revision(struct policy_load *load, const struct state_revision *revision,
			  struct hash_key key)
{
	struct snapshot_file *files = new_files(load, revision->file_count);

	if (files == NULL)
		return;
	for (size_t i = 0; i < revision->file_count; i++)
		files[i] = (struct snapshot_file){revision->files[i].name, revision->files[i].text};
	build_named(load, files, revision->file_count, key, true);
	mem_free(files);
	if (load->error == ERR_NONE)
		snapshot_set_revision(load->snapshot, revision->number);
}

void policy_load_stored(struct policy_load *load, struct state *state, uint64_t number,
			struct hash_key key)
{
	struct state_revision revision;
	enum state_lookup found = STATE_MISSING;
	struct arena arena;

	arena_init(&arena, 64 * 1024, SIZE_MAX);
	load->error = state_get_revision(state, number, &arena, &revision, &found);
	if (load->error == ERR_NONE && found == STATE_MISSING)
		load->error = ERR_NOT_FOUND;
	if (load->error == ERR_NONE)
		load_revision(load, &revision, key);
	else if (load->error == ERR_NOT_FOUND && number != 0)
		buf_printf(&load->obstacle,
			   "there is no revision %" PRIu64 "; see wsauthzctl policy history",
			   number);
	else if (load->error == ERR_NOT_FOUND)
		buf_append_str(&load->obstacle, STR("no revision was ever activated"));
	else
		buf_printf(&load->obstacle, "the revision could not be read: %s",
			   error_text(load->error));
	arena_deinit(&arena);
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
