#include <pthread.h>

#include "client-plugin/memory.h"
#include "client-plugin/mutex.h"

struct mutex {
	pthread_mutex_t lock;
};

struct mutex *mutex_new(void)
{
	struct mutex *mutex = memory_calloc(1, sizeof(*mutex));

	if (mutex != NULL)
		pthread_mutex_init(&mutex->lock, NULL);
	return mutex;
}

void mutex_free(struct mutex *mutex)
{
	if (mutex != NULL)
		pthread_mutex_destroy(&mutex->lock);
	memory_free(mutex);
}

void mutex_lock(struct mutex *mutex)
{
	pthread_mutex_lock(&mutex->lock);
}

void mutex_unlock(struct mutex *mutex)
{
	pthread_mutex_unlock(&mutex->lock);
}
