#include <windows.h>

#include "client-plugin/memory.h"
#include "client-plugin/mutex.h"

struct mutex {
	SRWLOCK lock;
};

struct mutex *mutex_new(void)
{
	struct mutex *mutex = memory_calloc(1, sizeof(*mutex));

	if (mutex != NULL)
		InitializeSRWLock(&mutex->lock);
	return mutex;
}

void mutex_free(struct mutex *mutex)
{
	memory_free(mutex);
}

void mutex_lock(struct mutex *mutex)
{
	AcquireSRWLockExclusive(&mutex->lock);
}

void mutex_unlock(struct mutex *mutex)
{
	ReleaseSRWLockExclusive(&mutex->lock);
}
