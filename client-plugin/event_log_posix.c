#include "client-plugin/event_log.h"

#include <stdio.h>

void event_log_write(enum event_level level, uint16_t id, const char *line)
{
	static const char *const levels[] = {
		[EVENT_ERROR] = "error",
		[EVENT_WARNING] = "warning",
		[EVENT_INFO] = "info",
	};

	fprintf(stderr, "wsauthz %s %u %.*s\n", levels[level], (unsigned)id, EVENT_LINE_BYTES,
		line);
}
