/* What the plug-in wrote to the event log of its machine. Any thread. */
#ifndef WINRM_HOST_EVENT_RECORD_H
#define WINRM_HOST_EVENT_RECORD_H

#include <stdbool.h>
#include <stddef.h>

enum { EVENT_RECORD_MAX = 256, EVENT_RECORD_BYTES = 2400 };

/* `by_host`: it was written by a thread of the host. Events beyond EVENT_RECORD_MAX end the program. */
void event_record_put(unsigned id, const char *text, bool by_host);

/* Waits until there is an event of this id whose text holds `words`; false when none comes in half a
 * minute. */
bool event_record_await(unsigned id, const char *words);

/* Of this id; 0 for any. */
size_t event_record_count(unsigned id);
size_t event_record_count_by_host(void);

#endif
