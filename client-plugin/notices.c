#include "client-plugin/notices.h"

#include <string.h>

#include "client-plugin/line.h"

enum { MS_PER_S = 1000 };

void notices_init(struct notices *notices, const struct notices_settings *settings)
{
	memset(notices, 0, sizeof(*notices));
	notices->settings = *settings;
	notices->next_ms = INT64_MAX;
	for (size_t i = 0; i < CLIENT_NOTICE_KIND_COUNT; i++)
		notices->told_ms[i] = INT64_MIN;
}

int64_t notices_next_ms(const struct notices *notices)
{
	return notices->next_ms;
}

/* Begun ones count. */
static void add_seconds(struct line *line, int64_t ms)
{
	line_add_number(line, ((uint64_t)ms + MS_PER_S - 1) / MS_PER_S);
	line_add(line, " s");
}

/* Telling. */

static void tell(struct notices *notices, int64_t now_ms, struct client_notice *notice,
		 const struct line *line)
{
	notice->text = line->text;
	notices->told_ms[notice->kind] = now_ms;
	notices->settings.tell(notices->settings.arg, notice);
}

/* Whether it is time; if not, when it will be is remembered. */
static bool is_due(struct notices *notices, int64_t due_ms, int64_t now_ms)
{
	if (due_ms <= now_ms)
		return true;
	if (due_ms < notices->next_ms)
		notices->next_ms = due_ms;
	return false;
}

/* The budget: not before `from_ms`, nor too soon after the last of its kind. */
static int64_t due_ms(const struct notices *notices, enum client_notice_kind kind, int64_t from_ms)
{
	bool is_repetition = (notices->told_kinds >> kind & 1) != 0;
	int64_t told_ms = notices->told_ms[kind];

	if (told_ms == INT64_MIN)
		return from_ms;
	told_ms += is_repetition ? CLIENT_NOTICE_REPEAT_MS : CLIENT_NOTICE_INTERVAL_MS;
	return told_ms > from_ms ? told_ms : from_ms;
}

/* The connection. */

static enum client_notice_kind kind_of(enum client_reason reason)
{
	switch ((int)reason) {
	case CLIENT_WRONG_OWNER: return CLIENT_NOTICE_WRONG_OWNER;
	case CLIENT_VERSION:
	case CLIENT_REFUSED_BUSY:
	case CLIENT_REFUSED_NO_POLICY:
	case CLIENT_REFUSED_AUDIT:
	case CLIENT_REFUSED_PEER:
	case CLIENT_REFUSED_OTHER: return CLIENT_NOTICE_REFUSED;
	default: return CLIENT_NOTICE_UNREACHABLE;
	}
}

static void add_obstacle(struct line *line, const struct channel_obstacle *obstacle)
{
	switch (obstacle->kind) {
	case CHANNEL_ABSENT: line_add(line, "nothing listens there. Is wsauthzd running?"); return;
	case CHANNEL_NO_ACCESS:
		line_add(line, "the account of this process may not open it. Is the account among "
			       "\"authorize: users:\" in wsauthz.yaml?");
		return;
	case CHANNEL_BUSY: line_add(line, "all its places are taken."); return;
	case CHANNEL_FAULT: break;
	}
	line_add(line, "system error ");
	line_add_number(line, obstacle->system_error);
	line_add(line, ".");
}

static void write_unreachable(struct line *line, const struct notices *notices,
			      const struct notices_view *view)
{
	line_add(line, "no connection to ");
	line_add_name(line, notices->settings.endpoint);
	line_add(line, " for ");
	add_seconds(line, view->now_ms - notices->down_ms);
	line_add(line, ", and every request is denied until there is one: ");
	if (view->reason == CLIENT_NO_SERVER) {
		add_obstacle(line, view->obstacle);
		return;
	}
	line_add(line, client_reason_text(view->reason));
	line_add(line, ". See the log of wsauthzd.");
}

static void write_wrong_owner(struct line *line, const struct notices *notices,
			      const struct notices_view *view)
{
	line_add_name(line, notices->settings.endpoint);
	line_add(line, " belongs to ");
	line_add_name(line,
		      *view->obstacle->owner != '\0' ? view->obstacle->owner : "nobody known");
	line_add(line, " and not to ");
	line_add_name(line, notices->settings.server_owner);
	line_add(line, ". It was sent nothing, and every request is denied. Find out whose program "
		       "that is, or whether wsauthzd runs under another account than the setting "
		       "ServerOwner says.");
}

static void write_refused(struct line *line, const struct notices *notices,
			  const struct notices_view *view)
{
	const char *advice = ". See the log of wsauthzd.";

	if (view->reason == CLIENT_REFUSED_PEER)
		advice = ". Add the account of this process to \"authorize: users:\" in "
			 "wsauthz.yaml.";
	else if (view->reason == CLIENT_VERSION)
		advice = ". Install the plug-in and the daemon of the same version.";
	line_add(line, "wsauthzd at ");
	line_add_name(line, notices->settings.endpoint);
	line_add(line, " refuses this program, and every request is denied: ");
	line_add(line, client_reason_text(view->reason));
	line_add(line, advice);
}

static void tell_outage(struct notices *notices, enum client_notice_kind kind,
			const struct notices_view *view)
{
	struct client_notice notice = {
		.kind = kind,
		.reason = view->reason,
		.duration_ms = view->now_ms - notices->down_ms,
	};
	struct line line = {.length = 0};

	if (notices->told_kinds == 0)
		notices->outage_ms = notices->down_ms;
	notices->told_kinds |= 1U << kind;
	line_add_name(&line, notices->settings.application);
	line_add(&line, ": ");
	if (kind == CLIENT_NOTICE_WRONG_OWNER)
		write_wrong_owner(&line, notices, view);
	else if (kind == CLIENT_NOTICE_REFUSED)
		write_refused(&line, notices, view);
	else
		write_unreachable(&line, notices, view);
	tell(notices, view->now_ms, &notice, &line);
}

static void tell_connected(struct notices *notices, const struct notices_view *view)
{
	struct client_notice notice = {
		.kind = CLIENT_NOTICE_CONNECTED,
		.duration_ms = view->now_ms - notices->outage_ms,
	};
	struct line line = {.length = 0};

	notices->told_kinds = 0;
	line_add_name(&line, notices->settings.application);
	line_add(&line, ": connected again to ");
	line_add_name(&line, notices->settings.endpoint);
	line_add(&line, " after ");
	add_seconds(&line, notice.duration_ms);
	tell(notices, view->now_ms, &notice, &line);
}

static void turn_connection(struct notices *notices, const struct notices_view *view)
{
	enum client_notice_kind kind = kind_of(view->reason);
	int64_t from_ms;

	if (view->is_connected) {
		notices->is_down = false;
		if (notices->told_kinds != 0 &&
		    is_due(notices, due_ms(notices, CLIENT_NOTICE_CONNECTED, view->now_ms),
			   view->now_ms))
			tell_connected(notices, view);
		return;
	}
	if (!notices->is_down) {
		notices->is_down = true;
		notices->down_ms = view->now_ms;
	}
	from_ms = notices->down_ms;
	if (kind != CLIENT_NOTICE_WRONG_OWNER)
		from_ms += notices->settings.grace_ms;
	if (is_due(notices, due_ms(notices, kind, from_ms), view->now_ms))
		tell_outage(notices, kind, view);
}

/* Denials. */

/* How many there are that were not told. A reply that came too late denied nobody. */
static uint64_t count_denials(const struct notices *notices, const struct failures *failures,
			      uint64_t counts[CLIENT_REASON_COUNT])
{
	uint64_t sum = 0;

	for (size_t i = 0; i < CLIENT_REASON_COUNT; i++) {
		counts[i] = 0;
		if (i != CLIENT_STALE_REPLY)
			counts[i] = failures_get(failures, (enum client_reason)i) -
				    notices->told_counts[i];
		sum += counts[i];
	}
	return sum;
}

static void tell_denials(struct notices *notices, const struct notices_view *view,
			 const uint64_t counts[CLIENT_REASON_COUNT], uint64_t sum)
{
	struct client_notice notice = {
		.kind = CLIENT_NOTICE_DENIED,
		.duration_ms = view->now_ms - notices->denials_ms,
		.denied_count = sum,
		.denied_counts = counts,
	};
	struct line line = {.length = 0};
	const char *separator = "";

	line_add_name(&line, notices->settings.application);
	line_add(&line, ": denied here without a decision, ");
	line_add_number(&line, sum);
	line_add(&line, " in ");
	add_seconds(&line, notice.duration_ms);
	line_add(&line, ": ");
	for (size_t i = 0; i < CLIENT_REASON_COUNT; i++) {
		if (counts[i] == 0)
			continue;
		line_add(&line, separator);
		line_add_number(&line, counts[i]);
		line_add(&line, " x ");
		line_add(&line, client_reason_text((enum client_reason)i));
		separator = ", ";
		notices->told_counts[i] += counts[i];
	}
	notices->has_denials = false;
	tell(notices, view->now_ms, &notice, &line);
}

static void turn_denials(struct notices *notices, const struct notices_view *view,
			 int64_t gather_ms)
{
	uint64_t counts[CLIENT_REASON_COUNT];
	uint64_t sum = count_denials(notices, view->failures, counts);

	if (sum == 0)
		return;
	if (!notices->has_denials) {
		notices->has_denials = true;
		notices->denials_ms = view->now_ms;
	}
	if (is_due(notices, due_ms(notices, CLIENT_NOTICE_DENIED, notices->denials_ms + gather_ms),
		   view->now_ms))
		tell_denials(notices, view, counts, sum);
}

void notices_turn(struct notices *notices, const struct notices_view *view)
{
	if (notices->settings.tell == NULL)
		return;
	notices->next_ms = INT64_MAX;
	turn_connection(notices, view);
	turn_denials(notices, view, CLIENT_NOTICE_GATHER_MS);
}

void notices_end(struct notices *notices, const struct notices_view *view)
{
	if (notices->settings.tell == NULL)
		return;
	turn_denials(notices, view, 0);
}
