/* SIDs on the command line: as they are, or by the names that the policy that serves has for them. */
#ifndef CTL_SIDS_H
#define CTL_SIDS_H

#include <stdbool.h>

#include "authz/names.h"
#include "base/arena.h"
#include "base/str.h"
#include "ctl/ctl.h"
#include "ctl/policy_source.h"

struct sids {
	const struct ctl *ctl;
	struct arena arena;
	/* Read with the first name. */
	bool is_read;
	struct policy_source source;
	struct names names;
};

void sids_init(struct sids *sids, const struct ctl *ctl);
void sids_deinit(struct sids *sids);

/* What the text, the value of `option`, stands for: a slice of it, or of the arena. False after a
 * message. */
bool sids_resolve(struct sids *sids, const char *option, const char *text, struct str *sid);

#endif
