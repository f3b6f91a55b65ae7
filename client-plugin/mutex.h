/* A lock for a few instructions at a time; one implementation per system. */
#ifndef CLIENT_PLUGIN_MUTEX_H
#define CLIENT_PLUGIN_MUTEX_H

struct mutex;

/* NULL when there is no memory. */
struct mutex *mutex_new(void);

/* Accepts NULL. Nobody holds it. */
void mutex_free(struct mutex *mutex);

void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

#endif
