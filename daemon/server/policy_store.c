#include "server/policy_store.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "platform/tree.h"
#include "policy/candidate.h"

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

static void build(struct policy_load *load, const struct policy_candidate *candidate,
		  const struct tree *tree)
{
	if (!candidate->in_child) {
		policy_load_tree(load, tree, candidate->key);
		return;
	}
	policy_candidate_check(load, tree, &policy_candidate_limits);
	if (load->error == ERR_NONE)
		policy_load_checked(load, tree, candidate->key);
}

void policy_store_load(struct policy_load *load, const struct policy_candidate *candidate,
		       const struct clock *clock, struct state_store *store)
{
	struct tree tree;

	load->error = policy_read_directory(candidate->directory, &tree, &load->obstacle);
	load->finished_us = clock_wall_us(clock);
	if (load->error != ERR_NONE)
		return;
	build(load, candidate, &tree);
	if (load->error == ERR_NONE)
		policy_gate_pass(load, candidate->gate, candidate->key, clock);
	load->finished_us = clock_wall_us(clock);
	if (load->error == ERR_NONE && store != NULL)
		store_revision(load, candidate->directory, &tree, store);
	tree_deinit(&tree);
}

/* A revision on its way out of the state database. */
struct fetching {
	struct policy_load *load;
	uint64_t number;
	struct hash_key key;
};

static enum error fetch(struct state *state, void *arg)
{
	struct fetching *fetching = arg;

	policy_load_stored(fetching->load, state, fetching->number, fetching->key);
	/* A database that can be read is none to be opened anew, whatever is in it. */
	return fetching->load->error == ERR_IO || fetching->load->error == ERR_CORRUPT
		       ? fetching->load->error
		       : ERR_NONE;
}

void policy_store_fetch(struct policy_load *load, uint64_t number, struct hash_key key,
			const struct clock *clock, struct state_store *store)
{
	struct fetching fetching = {load, number, key};
	enum error error = state_store_use(store, "policy.not_read", fetch, &fetching);

	if (load->error == ERR_NONE)
		load->error = error;
	load->finished_us = clock_wall_us(clock);
}

static enum error put_action(struct state *state, void *arg)
{
	uint64_t id;

	return state_put_action(state, arg, &id);
}

struct str policy_store_outcome(const struct policy_load *load)
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

void policy_store_record(const struct policy_load *load, const struct policy_action *asked,
			 const struct clock *clock, struct state_store *store)
{
	char arguments[64] = "{}";
	struct state_action action = {
		.at_us = clock_wall_us(clock),
		.actor = asked->actor,
		.action = str_from(asked->name),
		.outcome = policy_store_outcome(load),
	};
	enum error error;

	if (asked->rollback_to != 0)
		snprintf(arguments, sizeof(arguments), "{\"revision\":%llu}",
			 (unsigned long long)asked->rollback_to);
	action.arguments = str_from(arguments);
	error = state_store_use(store, "policy.not_recorded", put_action, &action);
	/* What failed is logged. The load stands, for its revision is stored. */
	(void)error;
}

static enum error set_pin(struct state *state, void *arg)
{
	enum state_lookup found = STATE_FOUND;
	enum error error = state_set_pin(state, *(const uint64_t *)arg, &found);

	return error == ERR_NONE && found == STATE_MISSING ? ERR_NOT_FOUND : error;
}

enum error policy_store_pin(const struct policy_load *load, struct state_store *store)
{
	uint64_t number = load != NULL ? snapshot_revision(load->snapshot) : 0;

	return state_store_use(store, "policy.not_pinned", set_pin, &number);
}

static enum error get_pin(struct state *state, void *arg)
{
	return state_get_pin(state, arg);
}

enum error policy_store_pinned(struct state_store *store, uint64_t *number)
{
	return state_store_use(store, "policy.not_read", get_pin, number);
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

void policy_store_log(const struct policy_load *load, const struct log *log)
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
			log, "policy.warning", "diagnostics that are not logged: %u more",
			(unsigned)(load->diags.error_count + load->diags.warning_count - logged));
}
