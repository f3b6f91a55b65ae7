/* Who is at the other end of a connection, and who may be. `why`: platform/why.h. */
#ifndef PLATFORM_PEER_H
#define PLATFORM_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum {
	ACCOUNT_MAX_BYTES = 68,
	PEER_GROUPS_MAX = 1024, /* groups looked at; a peer with more counts as in none */
	PEER_TEXT_MAX = 224,    /* bytes of a peer's text form, its zero included */
	PEER_RULES_MAX = 64,    /* users and groups in one list, each */
	SID_TEXT_MAX = 184,     /* bytes of a SID's text form, its zero included */
};

/* A user or group as the system numbers them: four bytes of a uid or gid, or a SID. All zero is
 * nobody. */
struct account {
	uint8_t length;
	uint8_t bytes[ACCOUNT_MAX_BYTES];
};

/* The SID of an account of this system or its domain, such as "CONTOSO\\Helpdesk", as text.
 * ERR_NOT_FOUND when there is none; ERR_UNSUPPORTED where accounts have no SIDs. May ask other
 * machines: not for the loop thread. */
enum error account_find_sid(struct str name, char out[SID_TEXT_MAX]) ATTR_MUST_CHECK;

/* Who is at the other end, as the kernel said when the connection was made. All zero is nobody. */
struct peer {
	bool valid;
	uint64_t pid; /* for messages only: a process id says nothing once it is read */
	struct account user;
	uint32_t group_count;
	struct account groups[PEER_GROUPS_MAX]; /* the primary one first */
};

/* "uid 1000, gid 1000, pid 4242", "S-1-5-21-1-2-3-1001, pid 4242", or "unknown peer". */
void peer_text(const struct peer *peer, char out[PEER_TEXT_MAX]);

/* The account alone, as the audit keeps it: "uid:1000" or the SID; empty for an invalid peer. */
void peer_account(const struct peer *peer, char out[PEER_TEXT_MAX]);

/* Who may connect. All zero is nobody. */
struct peer_rules {
	uint32_t user_count, group_count;
	struct account users[PEER_RULES_MAX];
	struct account groups[PEER_RULES_MAX];
};

/* Adds a user or group by name, or by number or SID. ERR_NOT_FOUND and ERR_LIMIT say `why`. */
enum error peer_rules_add_user(struct peer_rules *rules, struct str name,
			       struct buf *why) ATTR_MUST_CHECK;
enum error peer_rules_add_group(struct peer_rules *rules, struct str name,
				struct buf *why) ATTR_MUST_CHECK;

/* Adds the user this process runs as, on Windows the service if it is that, and the system's
 * administrators, who could replace or trace it anyway. */
enum error peer_rules_add_own(struct peer_rules *rules) ATTR_MUST_CHECK;

/* False for an invalid peer, whatever the rules. */
bool peer_rules_allow(const struct peer_rules *rules, const struct peer *peer);

#endif
