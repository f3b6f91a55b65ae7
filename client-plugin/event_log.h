/*
 * The log of the host's machine; one implementation per system. On Windows it is the Application
 * event log with the source "wsauthz", which `wsauthzd install` registers. Elsewhere, for tests, it
 * is standard error.
 */
#ifndef CLIENT_PLUGIN_EVENT_LOG_H
#define CLIENT_PLUGIN_EVENT_LOG_H

#include <stdint.h>

enum event_level { EVENT_ERROR, EVENT_WARNING, EVENT_INFO };

/* Writes one event, whose id is at most 1000: for those the source has messages. `line` is ASCII, of
 * which at most EVENT_LINE_BYTES are taken. A log that is full or not there changes nothing. It may
 * take its time: not for a thread of WinRM that asks. */
enum { EVENT_LINE_BYTES = 2304 };
void event_log_write(enum event_level level, uint16_t id, const char *line);

#endif
