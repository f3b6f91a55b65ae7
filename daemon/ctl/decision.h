/* The answer to `wsauthzctl authorize`, for people and as JSON. */
#ifndef CTL_DECISION_H
#define CTL_DECISION_H

#include <stdbool.h>

#include "base/buf.h"
#include "proto/admin.h"

/* True only for an intact ALLOW. */
bool decision_allows(const Wsauthz__Decision *decision);

void decision_print(struct buf *out, const Wsauthz__AdminAuthorizeReply *reply);
void decision_json(struct buf *out, const Wsauthz__AdminAuthorizeReply *reply);

#endif
