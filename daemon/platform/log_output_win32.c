#include "platform/system_win32.h"

#include "platform/log_output.h"

enum { LOG_LINE_BYTES = 8 * 1024 };

void log_output_init(struct log_output *output)
{
	output->is_journal = false;
	output->event_source =
		service_is_running() ? RegisterEventSourceW(NULL, SERVICE_NAME) : NULL;
}

void log_output_deinit(struct log_output *output)
{
	if (output->event_source != NULL)
		DeregisterEventSource(output->event_source);
}

/* The identifiers of the source's messages, each of which is the line alone. */
static void write_event(HANDLE source, enum log_level level, struct str line)
{
	static const struct {
		WORD type;
		DWORD id;
	} events[] = {
		[LOG_ERROR] = {EVENTLOG_ERROR_TYPE, 1},
		[LOG_WARNING] = {EVENTLOG_WARNING_TYPE, 2},
		[LOG_INFO] = {EVENTLOG_INFORMATION_TYPE, 3},
		[LOG_DEBUG] = {EVENTLOG_INFORMATION_TYPE, 4},
	};
	wchar_t text[LOG_LINE_BYTES];
	const wchar_t *texts[] = {text};
	int units;

	if (line.length != 0 && line.ptr[line.length - 1] == '\n')
		line.length--;
	if (line.length >= LOG_LINE_BYTES)
		line.length = LOG_LINE_BYTES - 1;
	units = line.length != 0 ? MultiByteToWideChar(CP_UTF8, 0, line.ptr, (int)line.length, text,
						       LOG_LINE_BYTES - 1)
				 : 0;
	text[units > 0 ? units : 0] = L'\0';
	ReportEventW(source, events[level].type, 0, events[level].id, NULL, 1, 0, texts, NULL);
}

void log_output_write(void *arg, enum log_level level, struct str line)
{
	const struct log_output *output = arg;
	DWORD written;

	if (output->event_source != NULL)
		write_event(output->event_source, level, line);
	else
		/* A log that cannot be written has nowhere to say so. */
		(void)WriteFile(GetStdHandle(STD_ERROR_HANDLE), line.ptr, (DWORD)line.length,
				&written, NULL);
}
