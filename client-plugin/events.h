/*
 * The events of the plug-in in the log of the host's machine: their numbers, names and levels, which
 * docs/events.md lists with what to do. How often they come is decided in notices.h.
 */
#ifndef CLIENT_PLUGIN_EVENTS_H
#define CLIENT_PLUGIN_EVENTS_H

#include "client-plugin/client.h"

/* For struct client_settings; `arg` is not used. */
void events_tell(void *arg, const struct client_notice *notice);

/* The application's settings cannot be used: "MaxPending", "must be a REG_DWORD". From Startup,
 * which has no thread of its own yet. */
void events_tell_settings(const char *application, const char *setting, const char *rule);

#endif
