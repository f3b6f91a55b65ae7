#include "client-plugin/events.h"

#include <stdio.h>

#include "client-plugin/event_log.h"
#include "client-plugin/line.h"
#include "client-plugin/settings.h"

struct event {
	uint16_t id;
	const char *name;
	enum event_level level;
};

static const struct event events[CLIENT_NOTICE_KIND_COUNT] = {
	[CLIENT_NOTICE_UNREACHABLE] = {101, "plugin.unreachable", EVENT_ERROR},
	[CLIENT_NOTICE_WRONG_OWNER] = {102, "plugin.wrong_owner", EVENT_ERROR},
	[CLIENT_NOTICE_REFUSED] = {103, "plugin.refused", EVENT_ERROR},
	[CLIENT_NOTICE_CONNECTED] = {104, "plugin.connected", EVENT_INFO},
	[CLIENT_NOTICE_DENIED] = {105, "plugin.denied", EVENT_WARNING},
};

static const struct event settings_event = {106, "plugin.settings", EVENT_ERROR};

/* As the lines of the daemon in the same log: the name, and the text behind it. */
static void write_line(const struct event *event, const char *text)
{
	char line[EVENT_LINE_BYTES + 1];

	snprintf(line, sizeof(line), "%s: %s", event->name, text);
	event_log_write(event->level, event->id, line);
}

void events_tell(void *arg, const struct client_notice *notice)
{
	(void)arg;
	write_line(&events[notice->kind], notice->text);
}

void events_tell_settings(const char *application, const char *setting, const char *rule)
{
	struct line line = {.length = 0};

	line_add_name(&line, application);
	line_add(&line,
		 ": every request is denied, because settings in HKEY_LOCAL_MACHINE\\" SETTINGS_KEY
		 " cannot be used: ");
	line_add(&line, setting);
	line_add(&line, " ");
	line_add(&line, rule);
	line_add(&line, ". Correct it and recycle the application pool.");
	write_line(&settings_event, line.text);
}
