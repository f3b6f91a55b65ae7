/*
 * The event log: one line per event, with a stable event id for people and machines that search.
 * Message text from outside is made harmless here: control characters, line breaks, bidirectional
 * overrides and invalid UTF-8 come out escaped. Any thread may log, if the sink allows it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

enum { LOG_MESSAGE_MAX = 2048 }; /* bytes of an escaped message; the rest is cut with a mark */

struct log {
	enum log_level level; /* events above this level are dropped */
	enum log_format format;
	const struct clock *clock;
	/* Takes one complete line, ended by LF. Called by the thread that logs. */
	void (*sink)(void *arg, enum log_level level, struct str line);
	void *arg;
};

/* `event` is a static identifier of lower-case words and dots, such as "conn.refused", of at most
 * 64 bytes. Takes no memory from the heap. */
void log_event(const struct log *log, enum log_level level, const char *event, const char *format,
	       ...) ATTR_PRINTF(4, 5);

#define log_error(log, event, ...)   log_event(log, LOG_ERROR, event, __VA_ARGS__)
#define log_warning(log, event, ...) log_event(log, LOG_WARNING, event, __VA_ARGS__)
#define log_info(log, event, ...)    log_event(log, LOG_INFO, event, __VA_ARGS__)
#define log_debug(log, event, ...)   log_event(log, LOG_DEBUG, event, __VA_ARGS__)

/* A budget for events that a peer can cause: `burst` at once, then one per `interval_ms`. Belongs
 * to one thread. */
struct log_rate {
	int64_t interval_ms;
	uint32_t burst;
	uint32_t left;
	int64_t last_ms; /* up to when `left` is reckoned, by clock_boot_ms() */
	uint64_t suppressed;
};

#define LOG_RATE_INIT(burst_count, every_ms)                                                       \
	{                                                                                          \
		(every_ms), (burst_count), (burst_count), 0, 0                                     \
	}

/* True when the event may be logged; `*suppressed` is then the number dropped since the last. */
bool log_rate_allow(struct log_rate *rate, const struct clock *clock, uint64_t *suppressed);

/* As log_event() for an event that came through a rate: where some before it did not, the line ends
 * with "(3 more not logged)", and the object has "not_logged":3. */
void log_event_after(const struct log *log, enum log_level level, const char *event,
		     uint64_t suppressed, const char *format, ...) ATTR_PRINTF(5, 6);

/* Both in one, when nothing else hangs on what the rate says. */
void log_event_limited(const struct log *log, enum log_level level, const char *event,
		       struct log_rate *rate, const char *format, ...) ATTR_PRINTF(5, 6);

/* Appends `text` so that it cannot disturb a terminal or a log: what could break a line, move the
 * cursor, hide or reorder text comes out as \u{H..} (a code point) or \x{HH} (a byte that is not
 * UTF-8). A backslash stays as it is, for DOMAIN\user, unless it would look like an escape. */
void log_escape(struct buf *out, struct str text);

#endif
