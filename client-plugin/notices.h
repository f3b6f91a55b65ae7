/*
 * Decides what the host's administrator is told, and when: that there is no connection and why, that
 * requests had to be denied here and why, and that there is a connection again. Takes no memory and
 * no time of its own; belongs to the client's thread.
 *
 * One of a kind goes out in CLIENT_NOTICE_INTERVAL_MS. What is kept from going out is told later if
 * it still holds then: the last notice of a connection is true for as long as no other follows.
 */
#ifndef CLIENT_PLUGIN_NOTICES_H
#define CLIENT_PLUGIN_NOTICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client-plugin/channel.h"
#include "client-plugin/client.h"
#include "client-plugin/failures.h"

/* Borrowed. */
struct notices_settings {
	client_tell *tell; /* NULL: nobody is told anything */
	void *arg;
	const char *application, *endpoint, *server_owner;
	uint32_t grace_ms; /* a connection may be away for so long before that is told */
};

struct notices {
	struct notices_settings settings;
	int64_t told_ms[CLIENT_NOTICE_KIND_COUNT]; /* INT64_MIN for never */
	unsigned told_kinds; /* bits of what was told since the last CLIENT_NOTICE_CONNECTED */
	bool is_down;
	int64_t down_ms;   /* when the connection was found missing */
	int64_t outage_ms; /* the same, of the outage that was told */
	bool has_denials;  /* that were not told */
	int64_t denials_ms;
	uint64_t told_counts[CLIENT_REASON_COUNT];
	int64_t next_ms;
};

/* How things stand. Borrowed during the call. */
struct notices_view {
	int64_t now_ms;
	bool is_connected;
	enum client_reason reason; /* why the last connection or attempt ended */
	const struct channel_obstacle *obstacle;
	const struct failures *failures;
};

void notices_init(struct notices *notices, const struct notices_settings *settings);

/* Tells what is due. */
void notices_turn(struct notices *notices, const struct notices_view *view);

/* When something will be due if nothing changes; INT64_MAX for never. As of the last turn. */
int64_t notices_next_ms(const struct notices *notices);

/* The last turn of all: denials that were not told are told without waiting for more of them. */
void notices_end(struct notices *notices, const struct notices_view *view);

#endif
