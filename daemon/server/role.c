#include "server/role.h"

const char *role_text(enum role role)
{
	static const char *const texts[] = {"none", "host", "auditor", "operator", "admin"};

	return role < ARRAY_COUNT(texts) ? texts[role] : "unknown";
}

static enum error add(const struct settings_accounts *users, const struct settings_accounts *groups,
		      struct peer_rules *rules, struct buf *why)
{
	enum error error = ERR_NONE;

	for (uint32_t i = 0; error == ERR_NONE && i < users->count; i++)
		error = peer_rules_add_user(rules, users->items[i], why);
	for (uint32_t i = 0; error == ERR_NONE && i < groups->count; i++)
		error = peer_rules_add_group(rules, groups->items[i], why);
	return error;
}

static enum error add_or_own(const struct settings_endpoint *endpoint, struct peer_rules *rules,
			     struct buf *why)
{
	if (endpoint->users.count == 0 && endpoint->groups.count == 0)
		return peer_rules_add_own(rules);
	return add(&endpoint->users, &endpoint->groups, rules, why);
}

enum error role_rules_read_hosts(const struct settings *settings, struct role_rules *rules,
				 struct buf *why)
{
	*rules = (struct role_rules){0};
	return add_or_own(&settings->authorize, &rules->of[ROLE_HOST], why);
}

enum error role_rules_read_admins(const struct settings *settings, struct role_rules *rules,
				  struct buf *why)
{
	const struct settings_role *operators = &settings->operators;
	const struct settings_role *auditors = &settings->auditors;
	enum error error;

	*rules = (struct role_rules){0};
	error = add_or_own(&settings->admin, &rules->of[ROLE_ADMIN], why);
	if (error == ERR_NONE)
		error = add(&operators->users, &operators->groups, &rules->of[ROLE_OPERATOR], why);
	if (error == ERR_NONE)
		error = add(&auditors->users, &auditors->groups, &rules->of[ROLE_AUDITOR], why);
	return error;
}

enum role role_of(const struct role_rules *rules, const struct peer *peer)
{
	for (int role = ROLE_COUNT - 1; role > ROLE_NONE; role--) {
		if (peer_rules_allow(&rules->of[role], peer))
			return (enum role)role;
	}
	return ROLE_NONE;
}
