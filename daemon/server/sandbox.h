/*
 * What the daemon gives up for good once its stores and sockets are open: everything but reading
 * the policy, changing the state directory and serving. Said in the log, also what could not be
 * given up.
 */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "config/settings.h"

/* To be called while one thread runs. An error, with `why`, only with SANDBOX_REQUIRE. */
enum error sandbox_enter(const struct settings *settings, const struct log *log,
			 struct buf *why) ATTR_MUST_CHECK;

#endif
