/* Whether a policy directory could be activated, as the daemon finds out. */
#ifndef CTL_POLICY_CHECK_H
#define CTL_POLICY_CHECK_H

#include "base/hash.h"
#include "policy/load.h"

/* Fills `load`, which is initialised: in a child first, so that nothing in the directory can end
 * this program. */
void policy_check_directory(struct policy_load *load, const char *directory, struct hash_key key);

#endif
