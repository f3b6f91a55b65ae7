/* The authorize path: from a question to its audited answer. */
#ifndef SERVER_AUTHORIZE_H
#define SERVER_AUTHORIZE_H

#include "server/request.h"

/* Decides `question` of `request` and answers, once its audit row is durable or, in relaxed mode,
 * at once. Takes over the request. `question` and all it points to live in the request's arena or
 * longer. */
void authorize_start(struct request *request, const struct question *question);

/* The row of a request came back from the audit queue. For struct audit_queue_options; `arg` is the
 * struct service. */
void authorize_on_recorded(struct audit_entry *entry, enum error error, void *arg);

#endif
