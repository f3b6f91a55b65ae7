#include "server/changes.h"

#include "base/mem.h"

struct changes {
	uv_loop_t *loop;
	struct state_store *store;
	struct audit_events *events;
	uv_work_t work;
	struct change *first, **tail; /* while one is written, it is the first */
	bool is_writing;
	bool is_closing;
	void (*on_closed)(void *arg);
	void *on_closed_arg;
};

enum error changes_new(uv_loop_t *loop, struct state_store *store, struct audit_events *events,
		       struct changes **out)
{
	struct changes *changes = mem_calloc(1, sizeof(*changes));

	if (changes == NULL)
		return ERR_NO_MEMORY;
	changes->loop = loop;
	changes->store = store;
	changes->events = events;
	changes->work.data = changes;
	changes->tail = &changes->first;
	*out = changes;
	return ERR_NONE;
}

static enum error write_change(struct state *state, void *arg)
{
	struct change *change = arg;

	return change->write(state, change);
}

static enum error put_action(struct state *state, void *arg)
{
	uint64_t id;

	return state_put_action(state, arg, &id);
}

static void work(uv_work_t *work)
{
	struct changes *changes = work->data;
	struct change *change = changes->first;
	enum error error = ERR_NONE;

	if (change->write != NULL)
		error = state_store_use(changes->store, "admin.not_written", write_change, change);
	change->error = error;
	if (change->action.action.length == 0)
		return;
	if (error != ERR_NONE)
		change->action.outcome = str_from(error_text(error));
	change->error =
		state_store_use(changes->store, "admin.not_recorded", put_action, &change->action);
	if (error != ERR_NONE)
		change->error = error;
}

static void on_worked(uv_work_t *work, int status);

static void start(struct changes *changes)
{
	changes->is_writing = true;
	/* Fails only without a callback. */
	(void)uv_queue_work(changes->loop, &changes->work, work, on_worked);
}

static void take_first(struct changes *changes, enum error error)
{
	struct change *change = changes->first;

	changes->first = change->next;
	if (changes->first == NULL)
		changes->tail = &changes->first;
	if (error != ERR_CANCELLED && change->action.action.length != 0)
		audit_events_add_action(changes->events, &change->action);
	change->on_done(change, error);
}

static void finish_closing(struct changes *changes)
{
	void (*on_closed)(void *arg) = changes->on_closed;
	void *arg = changes->on_closed_arg;

	while (changes->first != NULL)
		take_first(changes, ERR_CANCELLED);
	mem_free(changes);
	on_closed(arg);
}

static void on_worked(uv_work_t *work, int status)
{
	struct changes *changes = work->data;

	changes->is_writing = false;
	take_first(changes, status == 0 ? changes->first->error : ERR_CANCELLED);
	if (changes->is_closing)
		finish_closing(changes);
	else if (changes->first != NULL && !changes->is_writing)
		start(changes);
}

void changes_push(struct changes *changes, struct change *change)
{
	change->next = NULL;
	*changes->tail = change;
	changes->tail = &change->next;
	if (!changes->is_writing)
		start(changes);
}

void changes_close(struct changes *changes, void (*on_closed)(void *arg), void *arg)
{
	changes->is_closing = true;
	changes->on_closed = on_closed;
	changes->on_closed_arg = arg;
	if (!changes->is_writing)
		finish_closing(changes);
}
