#include "winrm-host/load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 256 };

struct load {
	struct load_plan plan;
	char application[64], user[64], resource_uri[256];
	pthread_t threads[THREADS_MAX];
	atomic_uint_fast64_t next;
	pthread_mutex_t mutex; /* guards the result and goes with `progress` */
	pthread_cond_t progress;
	struct load_result result;
};

static void note(struct load *load, enum outcome outcome)
{
	pthread_mutex_lock(&load->mutex);
	load->result.count++;
	if ((load->plan.outcomes >> outcome & 1) == 0) {
		load->result.unexpected_count++;
		load->result.unexpected = outcome;
	}
	pthread_cond_signal(&load->progress);
	pthread_mutex_unlock(&load->mutex);
}

static void *send_requests(void *arg)
{
	struct load *load = arg;
	uint64_t i;

	while ((i = atomic_fetch_add(&load->next, 1)) < load->plan.count) {
		char user[80];

		if (load->plan.user_count > 1)
			snprintf(user, sizeof(user), "%s%u", load->user,
				 (unsigned)(i % load->plan.user_count));
		else
			snprintf(user, sizeof(user), "%s", load->user);
		note(load, host_request(load->application, user, load->plan.verb,
					load->resource_uri, NULL));
	}
	return NULL;
}

/* Kills the daemon each time so many requests are done, and starts it again. */
static void restart_daemon(struct load *load)
{
	for (unsigned i = 1; i <= load->plan.restart_count; i++) {
		uint64_t due = load->plan.count * i / (load->plan.restart_count + 1);

		pthread_mutex_lock(&load->mutex);
		while (load->result.count < due)
			pthread_cond_wait(&load->progress, &load->mutex);
		pthread_mutex_unlock(&load->mutex);
		load->plan.daemon->kill();
		load->plan.daemon->start();
		load->plan.daemon->set_mode("chaos");
	}
}

struct load *load_start(const struct load_plan *plan)
{
	struct load *load = calloc(1, sizeof(*load));

	if (load == NULL || plan->thread_count > THREADS_MAX)
		port_fail("too many threads");
	load->plan = *plan;
	snprintf(load->application, sizeof(load->application), "%s", plan->application);
	snprintf(load->user, sizeof(load->user), "%s", plan->user);
	snprintf(load->resource_uri, sizeof(load->resource_uri), "%s", plan->resource_uri);
	atomic_init(&load->next, 0);
	pthread_mutex_init(&load->mutex, NULL);
	pthread_cond_init(&load->progress, NULL);
	for (unsigned i = 0; i < plan->thread_count; i++) {
		if (pthread_create(&load->threads[i], NULL, send_requests, load) != 0)
			port_fail("no thread");
	}
	return load;
}

struct load_result load_join(struct load *load)
{
	struct load_result result;

	/* Here, because Linux ends a child with the thread that made it, when asked to end it with its
	 * parent. */
	restart_daemon(load);
	for (unsigned i = 0; i < load->plan.thread_count; i++)
		pthread_join(load->threads[i], NULL);
	result = load->result;
	pthread_mutex_destroy(&load->mutex);
	pthread_cond_destroy(&load->progress);
	free(load);
	return result;
}
