#include "base/log.h"

#include <stdio.h>

#include "base/civil.h"
#include "base/utf8.h"

/* A message in which each byte takes a backslash in JSON, and what stands around it. */
enum { LOG_LINE_MAX = 2 * LOG_MESSAGE_MAX + 256 };

static const char *level_text(enum log_level level)
{
	switch (level) {
	case LOG_ERROR: return "error";
	case LOG_WARNING: return "warning";
	case LOG_INFO: return "info";
	case LOG_DEBUG: return "debug";
	}
	return "unknown";
}

/* True where the text itself looks like one of our escapes, so that the backslash must be one too.
 */
static bool looks_escaped(struct str text)
{
	return text.length >= 3 && (text.ptr[1] == 'u' || text.ptr[1] == 'x') && text.ptr[2] == '{';
}

/* How much of the text stands for itself and is ASCII, which most of it is. */
static size_t plain_length(struct str text)
{
	size_t length = 0;

	while (length < text.length && text.ptr[length] >= ' ' && text.ptr[length] <= '~' &&
	       text.ptr[length] != '\\')
		length++;
	return length;
}

void log_escape(struct buf *out, struct str text)
{
	while (text.length != 0) {
		uint32_t c = 0;
		size_t plain = plain_length(text);
		size_t length;

		/* As much as there is room for, as byte by byte. */
		if (plain > out->max_bytes - out->length)
			plain = out->max_bytes - out->length;
		buf_append(out, text.ptr, plain);
		text = str_make(text.ptr + plain, text.length - plain);
		if (text.length == 0)
			return;
		length = utf8_decode(text, &c);
		if (length == 0) {
			buf_printf(out, "\\x{%x}", (unsigned)(unsigned char)text.ptr[0]);
			length = 1;
		} else if (utf8_is_deceptive(c) || (c == '\\' && looks_escaped(text))) {
			buf_printf(out, "\\u{%x}", (unsigned)c);
		} else {
			buf_append(out, text.ptr, length);
		}
		text = str_make(text.ptr + length, text.length - length);
	}
}

static void append_json_text(struct buf *line, struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			buf_append_byte(line, '\\');
		buf_append_byte(line, text.ptr[i]);
	}
}

struct line {
	enum log_level level;
	const char *event;
	uint64_t suppressed;
	struct str message;
	const char *mark; /* that the message was cut */
};

static void append_text_line(struct buf *out, const struct log *log, const struct line *line)
{
	civil_append(out, clock_wall_us(log->clock));
	buf_printf(out, " %s %s: ", level_text(line->level), line->event);
	buf_append_str(out, line->message);
	buf_append_str(out, str_from(line->mark));
	if (line->suppressed != 0)
		buf_printf(out, " (%llu more not logged)", (unsigned long long)line->suppressed);
	buf_append_byte(out, '\n');
}

static void append_json_line(struct buf *out, const struct log *log, const struct line *line)
{
	buf_append_str(out, STR("{\"time\":\""));
	civil_append(out, clock_wall_us(log->clock));
	buf_printf(out, "\",\"level\":\"%s\",\"event\":\"%s\",\"message\":\"",
		   level_text(line->level), line->event);
	append_json_text(out, line->message);
	buf_printf(out, "%s\"", line->mark);
	if (line->suppressed != 0)
		buf_printf(out, ",\"not_logged\":%llu", (unsigned long long)line->suppressed);
	buf_append_str(out, STR("}\n"));
}

/* Everything lies on the stack, so that lack of memory can be logged too. */
static void write_line(const struct log *log, enum log_level level, const char *event,
		       uint64_t suppressed, const char *format, va_list args)
{
	char raw[LOG_MESSAGE_MAX + UTF8_MAX_BYTES + 1];
	char message_memory[LOG_MESSAGE_MAX + 1], out_memory[LOG_LINE_MAX + 1];
	struct line line = {level, event, suppressed, {NULL, 0}, ""};
	struct buf message, out;

	buf_init_fixed(&message, message_memory, sizeof(message_memory));
	buf_init_fixed(&out, out_memory, sizeof(out_memory));

	/* Escaping never shortens: what vsnprintf() cuts off here, and the character it may cut in
	 * two, lie beyond LOG_MESSAGE_MAX in any case. */
	if (vsnprintf(raw, sizeof(raw), format, args) < 0)
		raw[0] = '\0';
	log_escape(&message, str_from(raw));
	line.message = buf_str(&message);
	if (message.failed != ERR_NONE)
		line.mark = "...";

	if (log->format == LOG_JSON)
		append_json_line(&out, log, &line);
	else
		append_text_line(&out, log, &line);
	if (out.failed == ERR_NONE)
		log->sink(log->arg, level, buf_str(&out));
}

void log_event(const struct log *log, enum log_level level, const char *event, const char *format,
	       ...)
{
	va_list args;

	if (level > log->level)
		return;
	va_start(args, format);
	write_line(log, level, event, 0, format, args);
	va_end(args);
}

void log_event_after(const struct log *log, enum log_level level, const char *event,
		     uint64_t suppressed, const char *format, ...)
{
	va_list args;

	if (level > log->level)
		return;
	va_start(args, format);
	write_line(log, level, event, suppressed, format, args);
	va_end(args);
}

void log_event_limited(const struct log *log, enum log_level level, const char *event,
		       struct log_rate *rate, const char *format, ...)
{
	uint64_t suppressed;
	va_list args;

	if (level > log->level || !log_rate_allow(rate, log->clock, &suppressed))
		return;
	va_start(args, format);
	write_line(log, level, event, suppressed, format, args);
	va_end(args);
}

bool log_rate_allow(struct log_rate *rate, const struct clock *clock, uint64_t *suppressed)
{
	int64_t now = clock_boot_ms(clock);
	int64_t earned = (now - rate->last_ms) / rate->interval_ms;

	if (earned > 0) {
		rate->last_ms += earned * rate->interval_ms;
		rate->left = earned >= rate->burst - rate->left ? rate->burst
								: rate->left + (uint32_t)earned;
	}
	if (rate->left == 0) {
		rate->suppressed++;
		return false;
	}
	rate->left--;
	*suppressed = rate->suppressed;
	rate->suppressed = 0;
	return true;
}
