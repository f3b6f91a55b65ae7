#include <windows.h>

#include "client-plugin/event_log.h"

static const wchar_t event_source[] = L"wsauthz";

/* The texts of the source's messages are their first insertion. */
void event_log_write(enum event_level level, uint16_t id, const char *line)
{
	static const WORD types[] = {
		[EVENT_ERROR] = EVENTLOG_ERROR_TYPE,
		[EVENT_WARNING] = EVENTLOG_WARNING_TYPE,
		[EVENT_INFO] = EVENTLOG_INFORMATION_TYPE,
	};
	wchar_t text[EVENT_LINE_BYTES + 1];
	const wchar_t *texts[] = {text};
	size_t length = 0;
	HANDLE source;

	for (; line[length] != '\0' && length < EVENT_LINE_BYTES; length++)
		text[length] = (wchar_t)(unsigned char)line[length];
	text[length] = L'\0';
	source = RegisterEventSourceW(NULL, event_source);
	if (source == NULL)
		return;
	(void)ReportEventW(source, types[level], 0, id, NULL, 1, 0, texts, NULL);
	DeregisterEventSource(source);
}
