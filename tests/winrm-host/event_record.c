#include "winrm-host/event_record.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "winrm-host/port.h"

enum { PATIENCE_S = 30 };

struct event {
	unsigned id;
	bool by_host;
	char text[EVENT_RECORD_BYTES];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct event events[EVENT_RECORD_MAX];
static size_t event_count;

void event_record_put(unsigned id, const char *text, bool by_host)
{
	struct event *event;

	pthread_mutex_lock(&mutex);
	if (event_count == EVENT_RECORD_MAX)
		port_fail("too many events: %u %s", id, text);
	event = &events[event_count++];
	event->id = id;
	event->by_host = by_host;
	snprintf(event->text, sizeof(event->text), "%s", text);
	printf("event %u: %s\n", id, text);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static bool find(unsigned id, const char *words)
{
	for (size_t i = 0; i < event_count; i++) {
		if (events[i].id == id && strstr(events[i].text, words) != NULL)
			return true;
	}
	return false;
}

bool event_record_await(unsigned id, const char *words)
{
	struct timespec until;
	int error = 0;
	bool found;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&mutex);
	while (!(found = find(id, words)) && error == 0)
		error = pthread_cond_timedwait(&changed, &mutex, &until);
	pthread_mutex_unlock(&mutex);
	return found;
}

static size_t count(unsigned id, bool by_host_only)
{
	size_t found = 0;

	pthread_mutex_lock(&mutex);
	for (size_t i = 0; i < event_count; i++)
		found += (id == 0 || events[i].id == id) && (!by_host_only || events[i].by_host);
	pthread_mutex_unlock(&mutex);
	return found;
}

size_t event_record_count(unsigned id)
{
	return count(id, false);
}

size_t event_record_count_by_host(void)
{
	return count(0, true);
}
