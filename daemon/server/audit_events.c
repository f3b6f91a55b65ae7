#include "server/audit_events.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "cedar/json_write.h"

enum { LOST_LOG_INTERVAL_MS = 30000, US_OF_MS = 1000 };

/* An event with its texts behind it. */
struct waiting {
	struct waiting *next;
	struct audit_entry entry;
	struct audit_event event;
	char texts[];
};

struct audit_events {
	struct audit_events_options options;
	struct audit_queue *queue;
	struct waiting *first, **tail; /* not in the queue */
	uint32_t waiting_count, queued_count;
	uint64_t lost_count;
	struct log_rate lost_rate;
	int64_t clock_offset_ms; /* wall clock minus running time, when last looked at */
};

static int64_t clock_offset_ms(const struct clock *clock)
{
	return clock_wall_us(clock) / US_OF_MS - clock_boot_ms(clock);
}

enum error audit_events_new(const struct audit_events_options *options, struct audit_events **out)
{
	struct audit_events *events = mem_calloc(1, sizeof(*events));

	if (events == NULL)
		return ERR_NO_MEMORY;
	events->options = *options;
	events->tail = &events->first;
	events->lost_rate = (struct log_rate)LOG_RATE_INIT(1, LOST_LOG_INTERVAL_MS);
	events->clock_offset_ms = clock_offset_ms(options->clock);
	*out = events;
	return ERR_NONE;
}

void audit_events_free(struct audit_events *events)
{
	if (events == NULL)
		return;
	assert(events->queued_count == 0);
	if (events->waiting_count != 0)
		log_error(events->options.log, "audit.event_lost",
			  "%u events could not be recorded before the end",
			  (unsigned)events->waiting_count);
	while (events->first != NULL) {
		struct waiting *waiting = events->first;

		events->first = waiting->next;
		mem_free(waiting);
	}
	mem_free(events);
}

static void lose(struct audit_events *events, const char *kind)
{
	events->lost_count++;
	log_event_limited(events->options.log, LOG_ERROR, "audit.event_lost", &events->lost_rate,
			  "%s could not be kept for the audit", kind);
}

static struct str copy_text(char **at, struct str text)
{
	struct str copy = str_make(*at, text.length);

	if (text.length != 0)
		memcpy(*at, text.ptr, text.length);
	*at += text.length;
	return copy;
}

/* NULL when memory is spent. */
static struct waiting *make(struct audit_events *events, struct str kind, struct str actor,
			    struct str detail)
{
	size_t bytes = kind.length + actor.length + detail.length;
	struct waiting *waiting = mem_calloc(1, sizeof(*waiting) + bytes);
	char *at;

	if (waiting == NULL)
		return NULL;
	at = waiting->texts;
	waiting->event.kind = copy_text(&at, kind);
	waiting->event.actor = copy_text(&at, actor);
	waiting->event.detail = copy_text(&at, detail);
	waiting->entry.held_bytes = sizeof(*waiting) + bytes;
	waiting->entry.row = (struct audit_row){
		.wall_us = clock_wall_us(events->options.clock),
		.boot_ms = clock_boot_ms(events->options.clock),
		.event = &waiting->event,
	};
	return waiting;
}

static void append(struct audit_events *events, struct waiting *waiting)
{
	waiting->next = NULL;
	*events->tail = waiting;
	events->tail = &waiting->next;
	events->waiting_count++;
}

/* Puts what waits into the queue, in order, as far as it takes it. */
static void flush(struct audit_events *events)
{
	uint64_t *last_id = events->options.last_id;

	while (events->queue != NULL && events->first != NULL) {
		struct waiting *waiting = events->first;

		waiting->entry.row.decision_id = last_id != NULL ? *last_id + 1 : 0;
		enum error error = audit_queue_push(events->queue, &waiting->entry);
		if (error != ERR_NONE && error != ERR_LIMIT)
			return;
		events->first = waiting->next;
		if (events->first == NULL)
			events->tail = &events->first;
		events->waiting_count--;
		if (error == ERR_LIMIT) {
			lose(events, "an event that is too long");
			mem_free(waiting);
			continue;
		}
		events->queued_count++;
		if (last_id != NULL)
			++*last_id;
	}
}

/* Says how many were lost, once there is room again. */
static void tell_lost(struct audit_events *events)
{
	struct waiting *waiting;
	char memory[64];
	struct buf detail;

	if (events->lost_count == 0 || events->waiting_count >= AUDIT_EVENTS_WAITING_MAX)
		return;
	buf_init_fixed(&detail, memory, sizeof(memory));
	buf_printf(&detail, "{\"count\":%llu}", (unsigned long long)events->lost_count);
	waiting = make(events, STR("events.lost"), STR(""), buf_str(&detail));
	if (waiting == NULL)
		return;
	events->lost_count = 0;
	append(events, waiting);
}

bool audit_events_add(struct audit_events *events, const char *kind, struct str actor,
		      struct str detail)
{
	struct waiting *waiting = NULL;

	tell_lost(events);
	if (events->waiting_count < AUDIT_EVENTS_WAITING_MAX)
		waiting = make(events, str_from(kind), actor, detail);
	if (waiting != NULL)
		append(events, waiting);
	else
		lose(events, kind);
	flush(events);
	return waiting != NULL;
}

void audit_events_add_action(struct audit_events *events, const struct state_action *action)
{
	char memory[AUDIT_EVENT_KIND_MAX_BYTES + 1];
	struct json_writer json;
	struct buf kind, detail;

	buf_init_fixed(&kind, memory, sizeof(memory));
	buf_printf(&kind, "%s%.*s", str_starts_with(action->action, STR("admin.")) ? "" : "admin.",
		   STR_ARGS(action->action));
	buf_init(&detail, AUDIT_ROW_MAX_BYTES);
	buf_append_str(&detail, STR("{\"arguments\":"));
	buf_append_str(&detail, action->arguments);
	buf_append_str(&detail, STR(",\"outcome\":"));
	json = json_write_to(&detail);
	json_write_string(&json, action->outcome);
	buf_append_byte(&detail, '}');
	if (detail.failed == ERR_NONE)
		audit_events_add(events, buf_text(&kind), action->actor, buf_str(&detail));
	else
		lose(events, buf_text(&kind));
	buf_deinit(&detail);
}

void audit_events_add_aside(struct audit_events *events, struct str file, struct str reason)
{
	struct json_writer json;
	struct buf detail;

	buf_init(&detail, AUDIT_ROW_MAX_BYTES);
	json = json_write_to(&detail);
	json_write_object(&json);
	json_write_key(&json, STR("file"));
	json_write_string(&json, file);
	json_write_key(&json, STR("reason"));
	json_write_string(&json, reason);
	json_write_object_end(&json);
	if (detail.failed == ERR_NONE)
		audit_events_add(events, "audit.set_aside", STR(""), buf_str(&detail));
	else
		lose(events, "audit.set_aside");
	buf_deinit(&detail);
}

void audit_events_attach(struct audit_events *events, struct audit_queue *queue)
{
	events->queue = queue;
	flush(events);
}

static void look_at_clock(struct audit_events *events)
{
	int64_t offset_ms = clock_offset_ms(events->options.clock);
	int64_t step_ms = offset_ms - events->clock_offset_ms;
	char memory[64];
	struct buf detail;

	/* Slewing moves it slowly, and is followed. */
	events->clock_offset_ms = offset_ms;
	if (step_ms > -AUDIT_EVENTS_CLOCK_STEP_MS && step_ms < AUDIT_EVENTS_CLOCK_STEP_MS)
		return;
	log_warning(events->options.log, "clock.stepped", "the wall clock was set by %lld ms",
		    (long long)step_ms);
	buf_init_fixed(&detail, memory, sizeof(memory));
	buf_printf(&detail, "{\"by_ms\":%lld}", (long long)step_ms);
	audit_events_add(events, "clock.stepped", STR(""), buf_str(&detail));
}

void audit_events_tick(struct audit_events *events)
{
	look_at_clock(events);
	tell_lost(events);
	flush(events);
}

void audit_events_on_recorded(struct audit_events *events, struct audit_entry *entry,
			      enum error error)
{
	struct waiting *waiting = CONTAINER_OF(entry, struct waiting, entry);

	events->queued_count--;
	if (error == ERR_NONE) {
		mem_free(waiting);
		return;
	}
	/* Behind those that wait: what is recorded late is recorded with its own time. */
	append(events, waiting);
}

uint32_t audit_events_pending(const struct audit_events *events)
{
	return events->waiting_count + events->queued_count;
}
