#include "bench/committer.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/bare.h"

struct list {
	struct commit_entry *first, **last;
};

struct committer {
	struct bare bare;
	struct audit_row row;
	struct store_row_texts texts;
	void (*on_done)(struct commit_entry *entry);
	uv_prepare_t before_wait;
	uv_async_t wakeup;
	uv_thread_t thread;
	struct list pushed; /* the loop's */

	uv_mutex_t lock;
	uv_cond_t work;
	struct list submitted, done; /* under the lock */
};

static void list_init(struct list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static void list_move(struct list *to, struct list *from)
{
	if (from->first == NULL)
		return;
	*to->last = from->first;
	to->last = from->last;
	list_init(from);
}

static void write_rows(void *arg)
{
	struct committer *committer = arg;

	for (;;) {
		struct list list;
		size_t count = 0;

		list_init(&list);
		uv_mutex_lock(&committer->lock);
		while (committer->submitted.first == NULL)
			uv_cond_wait(&committer->work, &committer->lock);
		list_move(&list, &committer->submitted);
		uv_mutex_unlock(&committer->lock);
		for (const struct commit_entry *entry = list.first; entry != NULL;
		     entry = entry->next)
			count += entry->row_count;
		if (!bare_repeat(&committer->bare, &committer->row, count)) {
			fprintf(stderr, "bench: the floor cannot write rows: %s\n",
				sqlite3_errmsg(committer->bare.handle));
			exit(1);
		}
		uv_mutex_lock(&committer->lock);
		list_move(&committer->done, &list);
		uv_mutex_unlock(&committer->lock);
		uv_async_send(&committer->wakeup);
	}
}

static void on_before_wait(uv_prepare_t *prepare)
{
	struct committer *committer = prepare->data;

	if (committer->pushed.first == NULL)
		return;
	uv_mutex_lock(&committer->lock);
	list_move(&committer->submitted, &committer->pushed);
	uv_cond_signal(&committer->work);
	uv_mutex_unlock(&committer->lock);
}

static void on_wakeup(uv_async_t *wakeup)
{
	struct committer *committer = wakeup->data;
	struct commit_entry *entry, *next;
	struct list done;

	list_init(&done);
	uv_mutex_lock(&committer->lock);
	list_move(&done, &committer->done);
	uv_mutex_unlock(&committer->lock);
	for (entry = done.first; entry != NULL; entry = next) {
		next = entry->next;
		committer->on_done(entry);
	}
}

static bool open_database(struct committer *committer, const char *directory)
{
	struct store_env env = store_env_make(NULL);
	struct tmpdir dir;
	struct buf why;
	bool ok;

	buf_init(&why, 1024);
	snprintf(dir.path, sizeof(dir.path), "%s", directory);
	store_row_make(1, &committer->texts, &committer->row);
	ok = bare_open(&committer->bare, &dir, &env, &why);
	if (!ok)
		fprintf(stderr, "bench: %s: no database for the floor: %s\n", directory,
			buf_text(&why));
	buf_deinit(&why);
	return ok;
}

bool committer_start(uv_loop_t *loop, const char *directory,
		     void (*on_done)(struct commit_entry *entry), struct committer **out)
{
	struct committer *committer = calloc(1, sizeof(*committer));

	if (committer == NULL || !open_database(committer, directory))
		return false;
	committer->on_done = on_done;
	list_init(&committer->pushed);
	list_init(&committer->submitted);
	list_init(&committer->done);
	uv_prepare_init(loop, &committer->before_wait);
	committer->before_wait.data = committer;
	uv_prepare_start(&committer->before_wait, on_before_wait);
	if (uv_mutex_init(&committer->lock) != 0 || uv_cond_init(&committer->work) != 0 ||
	    uv_async_init(loop, &committer->wakeup, on_wakeup) != 0)
		return false;
	committer->wakeup.data = committer;
	*out = committer;
	return uv_thread_create(&committer->thread, write_rows, committer) == 0;
}

void committer_push(struct committer *committer, struct commit_entry *entry)
{
	entry->next = NULL;
	*committer->pushed.last = entry;
	committer->pushed.last = &entry->next;
}
