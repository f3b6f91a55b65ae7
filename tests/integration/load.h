/*
 * A load on the daemon that remembers what it was told: connections that ask for an operation again
 * and again, each with some questions outstanding, by a user of its own whom FIXTURE_POLICY allows.
 * Afterwards the answers are held against the audit. One thread; nobody waits for one connection
 * while another has an answer.
 */
#ifndef TESTS_INTEGRATION_LOAD_H
#define TESTS_INTEGRATION_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "integration/fixture.h"

enum { LOAD_CONNECTIONS_MAX = 64, LOAD_ALLOWED_MAX = 1 << 21 };

struct load {
	size_t connections, outstanding; /* the latter a connection */
	struct raw_peer peers[LOAD_CONNECTIONS_MAX];
	struct raw_sender senders[LOAD_CONNECTIONS_MAX];
	char names[LOAD_CONNECTIONS_MAX][40], sids[LOAD_CONNECTIONS_MAX][40];
	size_t waiting[LOAD_CONNECTIONS_MAX]; /* questions without an answer */

	uint64_t *allowed; /* decision ids */
	size_t allowed_count;
	size_t refused_count; /* because the audit could not be written */
};

/* Fails the test for lack of memory. */
struct load *load_new(size_t connections, size_t outstanding);
void load_free(struct load *load);

/* Connects to the daemon and asks nothing yet. */
void load_open(struct load *load, const struct daemon *daemon);

/* Asks once on connection `i`. */
void load_ask(struct load *load, size_t i);

/* Waits for the next answer on connection `i` and notes it; false when the daemon closed the
 * connection. Any answer but to allow and AUDIT_FAILED fails the test. */
bool load_take(struct load *load, size_t i);

/* Has `outstanding` questions under way on each connection, waits until there are answers, and notes
 * those that are there. */
void load_turn(struct load *load);

/* Turns until so many more questions were allowed. */
void load_until_allowed(struct load *load, size_t more);

/* Takes the answers that are outstanding, of which a daemon that ended may have left some, and closes
 * the connections. */
void load_close(struct load *load);

/* Fails the test unless the audit is whole and has a row for each that was allowed. Returns how many
 * decisions it has besides. To be called when the daemon writes no more. */
size_t load_expect_rows(struct load *load, const struct daemon *daemon);

#endif
