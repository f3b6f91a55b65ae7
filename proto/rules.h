/* The bounds that proto/authz.proto and proto/admin.proto name, in the form the scan checks. */
#ifndef PROTO_RULES_H
#define PROTO_RULES_H

#include "proto/prescan.h"

extern const struct prescan_rules authz_rules;
extern const struct prescan_rules admin_rules; /* goes on with authz_rules */

#endif
