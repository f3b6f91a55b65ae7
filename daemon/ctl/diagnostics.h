/* Diagnostics, for people and as JSON; those of the daemon come over the admin channel. */
#ifndef CTL_DIAGNOSTICS_H
#define CTL_DIAGNOSTICS_H

#include <stddef.h>

#include "base/buf.h"
#include "cedar/cedar.h"
#include "cedar/json_write.h"
#include "proto/admin.h"

/* Appends each as cedar_diag_print() does. */
void diagnostics_print(struct buf *out, Wsauthz__Diagnostic *const *items, size_t count);

/* Writes an object {severity, source, line, column, message, excerpt}, or an array of them. */
void diagnostic_json(struct json_writer *json, const struct cedar_diag *diag);
void diagnostics_json(struct json_writer *json, Wsauthz__Diagnostic *const *items, size_t count);

#endif
