#include "winrm-host/users.h"

#include <stddef.h>
#include <string.h>

#define OPERATORS "S-1-5-21-1-2-3-1101"
#define ADMINS    "S-1-5-21-1-2-3-1102"
#define MOVED     "S-1-5-21-1-2-3-1103"
#define BANNED    "S-1-5-21-1-2-3-1104"
#define LIMITED   "S-1-5-21-1-2-3-1105"

#define MAY_WORK(GROUP, ID)                                                                        \
	"@id(\"" ID "\")\n"                                                                        \
	"permit(principal in WinRM::Group::\"" GROUP "\",\n"                                       \
	"       action in [WinRM::Action::\"Read\", WinRM::Action::\"Write\",\n"                   \
	"                  WinRM::Action::\"Execute\"], resource);\n"

const char users_policy[] =
	"@id(\"operators\") @idle_timeout(\"1h\")\n"
	"permit(principal in WinRM::Group::\"" OPERATORS "\",\n"
	"       action == WinRM::Action::\"Connect\", resource);\n" MAY_WORK(
		OPERATORS,
		"operators-work") "@id(\"limited\") @max_shells(\"2\") @max_operations(\"2\")\n"
				  "@timeslot(\"60s\") @max_operations_per_timeslot(\"10\")\n"
				  "permit(principal in WinRM::Group::\"" LIMITED "\",\n"
				  "       action == WinRM::Action::\"Connect\", "
				  "resource);\n" MAY_WORK(
					  LIMITED,
					  "limited-work") "@id(\"admins\")\n"
							  "permit(principal in "
							  "WinRM::Group::\"" ADMINS
							  "\", action, resource);\n"
							  "@id(\"moved\") "
							  "@redirect(\"" USERS_REDIRECT "\")\n"
							  "forbid(principal in "
							  "WinRM::Group::\"" MOVED "\",\n"
							  "       action == "
							  "WinRM::Action::\"Connect\", resource);\n"
							  "@id(\"banned\") "
							  "@deny_message(\"" USERS_MESSAGE "\")\n"
							  "forbid(principal in "
							  "WinRM::Group::\"" BANNED
							  "\", action, resource);\n";

const char users_policy_deny_all[] = "@id(\"closed\")\nforbid(principal, action, resource);\n";

enum users_role users_role(const char *name)
{
	static const struct {
		const char *beginning;
		enum users_role role;
	} roles[] = {{"op", USERS_OPERATOR},
		     {"admin", USERS_ADMIN},
		     {"moved", USERS_MOVED},
		     {"banned", USERS_BANNED},
		     {"limited", USERS_LIMITED}};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (strncmp(name, roles[i].beginning, strlen(roles[i].beginning)) == 0)
			return roles[i].role;
	}
	return USERS_NOBODY;
}

const char *users_group(enum users_role role)
{
	switch (role) {
	case USERS_OPERATOR: return OPERATORS;
	case USERS_ADMIN: return ADMINS;
	case USERS_MOVED: return MOVED;
	case USERS_BANNED: return BANNED;
	case USERS_LIMITED: return LIMITED;
	case USERS_NOBODY: break;
	}
	return NULL;
}

/* FNV-1a. */
uint32_t users_number(const char *name)
{
	uint32_t number = 2166136261U;

	for (; *name != '\0'; name++)
		number = (number ^ (unsigned char)*name) * 16777619U;
	return number;
}
