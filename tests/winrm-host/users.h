/* Users of the scenarios. What they may do follows from how their names begin, for the fake daemon
 * as for the policy of the real one:
 *
 *	op...      connect, read and write
 *	admin...   the same, and see the shells of others
 *	moved...   are redirected to USERS_REDIRECT
 *	banned...  are denied with USERS_MESSAGE
 *	limited... the same as op, with a quota: 2 shells, 2 operations, 10 of them in 60 s
 *	any other  is denied
 *
 * The real daemon knows them by a group that their token holds.
 */
#ifndef WINRM_HOST_USERS_H
#define WINRM_HOST_USERS_H

#include <stdint.h>

#define USERS_REDIRECT "https://ps2.contoso.example/wsman"
#define USERS_MESSAGE  "Ask the help desk."

enum users_role {
	USERS_NOBODY,
	USERS_OPERATOR,
	USERS_ADMIN,
	USERS_MOVED,
	USERS_BANNED,
	USERS_LIMITED
};

/* By the name without its domain. */
enum users_role users_role(const char *name);

/* The group that stands for the role; NULL for USERS_NOBODY. */
const char *users_group(enum users_role role);

/* A number that differs for users in practice. */
uint32_t users_number(const char *name);

/* The policy of the real daemon: Cedar. */
extern const char users_policy[];
extern const char users_policy_deny_all[];

#endif
