/* The metrics as text for Prometheus, exposition format 0.0.4; docs/metrics.md explains each. */
#ifndef SERVER_METRICS_TEXT_H
#define SERVER_METRICS_TEXT_H

#include "base/buf.h"
#include "server/service.h"

/* More than all of it takes. */
enum { METRICS_TEXT_MAX_BYTES = 128 * 1024 };

/* Appends all metrics as they are now. Loop thread; takes no lock that a disk may hold up. */
void metrics_text_append(struct service *service, struct buf *out);

#endif
