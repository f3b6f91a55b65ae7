/* The recorded decisions as commands read them, with the daemon running or not. */
#ifndef CTL_AUDIT_SOURCE_H
#define CTL_AUDIT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "ctl/ctl.h"
#include "store/audit_query.h"

/* Opens the audit of the state directory; the caller closes it. The process gives way to others from
 * then on: a question may take its time, decisions may not. CTL_DONE, or another exit code after a
 * message on stderr. */
enum ctl_exit audit_source_open(const struct ctl *ctl, struct audit_reader **out);

/* Copies a row with all it points to into `arena`; false when memory is spent. */
bool audit_source_copy(struct arena *arena, const struct audit_row *row, struct audit_row *out);

/* Finds the first row that matches `filter`, in its order, and that `accepts` takes, which may be
 * NULL. The row is copied into `arena`; `*found` tells whether there was one. CTL_INVALID after a message. */
enum ctl_exit audit_source_find(struct audit_reader *reader, const struct audit_filter *filter,
				bool (*accepts)(void *arg, const struct audit_row *row), void *arg,
				struct arena *arena, struct audit_row *out, bool *found);

#endif
