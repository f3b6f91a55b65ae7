#include "server/state_store.h"

#include <uv.h>

#include "base/mem.h"

struct state_store {
	const char *directory;
	const struct store_env *env;
	const struct log *log;
	uv_mutex_t lock;
	struct state *state; /* NULL while it could not be opened again */
};

enum error state_store_open(const char *directory, const struct store_env *env,
			    const struct log *log, struct state_store **out, struct buf *why)
{
	struct state_store *store = mem_calloc(1, sizeof(*store));
	enum error error;

	if (store == NULL)
		return ERR_NO_MEMORY;
	*store = (struct state_store){.directory = directory, .env = env, .log = log};
	error = state_open(directory, env, true, &store->state, why);
	if (error == ERR_NONE && uv_mutex_init(&store->lock) != 0)
		error = ERR_NO_MEMORY;
	if (error != ERR_NONE) {
		state_close(store->state);
		mem_free(store);
		return error;
	}
	*out = store;
	return ERR_NONE;
}

void state_store_close(struct state_store *store)
{
	if (store == NULL)
		return;
	state_close(store->state);
	uv_mutex_destroy(&store->lock);
	mem_free(store);
}

/* What store/state.h says makes every further call fail. */
static bool breaks_connection(enum error error)
{
	return error == ERR_IO || error == ERR_CORRUPT || error == ERR_INTERNAL;
}

static enum error reopen(struct state_store *store, const char *event)
{
	struct buf why;
	enum error error;

	buf_init(&why, LOG_MESSAGE_MAX);
	error = state_open(store->directory, store->env, true, &store->state, &why);
	if (error != ERR_NONE)
		log_error(store->log, event, "%s", buf_text(&why));
	buf_deinit(&why);
	return error;
}

enum error state_store_use(struct state_store *store, const char *event,
			   enum error (*use)(struct state *state, void *arg), void *arg)
{
	enum error error = ERR_NONE;

	uv_mutex_lock(&store->lock);
	if (store->state == NULL)
		error = reopen(store, event);
	if (error == ERR_NONE) {
		error = use(store->state, arg);
		if (error != ERR_NONE)
			log_error(store->log, event, "%s (%s)", error_text(error),
				  state_failure_text(store->state));
		if (breaks_connection(error)) {
			state_close(store->state);
			store->state = NULL;
		}
	}
	uv_mutex_unlock(&store->lock);
	return error;
}
