/*
 * What a peer may ask for, by its account. Resolved once at start from the configuration. Roles of
 * the admin channel include those before them.
 */
#ifndef SERVER_ROLE_H
#define SERVER_ROLE_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "config/settings.h"
#include "platform/peer.h"

enum role {
	ROLE_NONE,     /* is not served */
	ROLE_HOST,     /* asks for decisions, on the authorize channel */
	ROLE_AUDITOR,  /* sees everything, changes nothing */
	ROLE_OPERATOR, /* and revokes records and blocks principals */
	ROLE_ADMIN,    /* and changes the policy */
	ROLE_COUNT,
};

/* "auditor", ...; "unknown" for a value outside the list. */
const char *role_text(enum role role);

/* Who has which role. All zero: nobody has any. */
struct role_rules {
	struct peer_rules of[ROLE_COUNT];
};

/* Without any user or group of an endpoint the daemon's own user and root are served there. Errors
 * as peer_rules_add_user(), with `why`. */
enum error role_rules_read_hosts(const struct settings *settings, struct role_rules *rules,
				 struct buf *why) ATTR_MUST_CHECK;
enum error role_rules_read_admins(const struct settings *settings, struct role_rules *rules,
				  struct buf *why) ATTR_MUST_CHECK;

/* The highest role of the peer. */
enum role role_of(const struct role_rules *rules, const struct peer *peer);

#endif
