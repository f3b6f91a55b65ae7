/*
 * The daemon's server: the loop and everything that lives on it, from the sockets to the stores.
 * Put together by server_new(), taken apart in reverse.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/settings.h"
#include "platform/service.h"

struct server;

/* Takes the state directory, opens the stores, loads the user records and the policy, and takes the
 * sockets. All arguments are borrowed until server_free(). On failure nothing is left behind, and
 * `why` says what is wrong where the log has not said it already:
 *   ERR_BUSY, ERR_EXISTS           another daemon has the directory or a socket
 *   ERR_INVALID, ERR_NOT_FOUND,
 *   ERR_DENIED, ERR_FOREIGN,
 *   ERR_VERSION, ERR_CORRUPT       what is configured or stored cannot be used
 *   any other                      the system failed */
enum error server_new(const struct settings *settings, const struct log *log,
		      const struct clock *clock, struct server **out,
		      struct buf *why) ATTR_MUST_CHECK;

/* For service_listen(): `arg` is a server that server_free() has not been called for. Any thread. */
void server_ask(void *arg, enum service_request request);

/* Serves until a signal or server_ask() says stop, then answers what is in flight, at most for settings->stop_ms,
 * writes what is left and returns. */
void server_run(struct server *server);

/* Accepts NULL. */
void server_free(struct server *server);

#endif
