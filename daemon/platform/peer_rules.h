/* What peer_posix.c and peer_win32.c share. */
#ifndef PLATFORM_PEER_RULES_H
#define PLATFORM_PEER_RULES_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "platform/peer.h"

enum peer_kind { PEER_USER, PEER_GROUP };

/* Adds an account that is not there yet. ERR_LIMIT says `why`. */
enum error peer_rules_add(struct peer_rules *rules, enum peer_kind kind, struct account account,
			  struct buf *why) ATTR_MUST_CHECK;

#endif
