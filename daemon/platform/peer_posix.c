#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/peer.h"
#include "platform/peer_rules.h"
#include "platform/posix.h"

enum { ACCOUNT_NAME_MAX = 255, ACCOUNT_BUFFER_BYTES = 16 * 1024 };

/* (uid_t)-1 means "no change" to the system calls that take one, so it can never name a user. */
static const uint32_t no_id = UINT32_MAX;

struct account account_of_id(uint32_t id)
{
	struct account account = {.length = sizeof(id)};

	memcpy(account.bytes, &id, sizeof(id));
	return account;
}

uint32_t account_id(const struct account *account)
{
	uint32_t id = no_id;

	if (account->length == sizeof(id))
		memcpy(&id, account->bytes, sizeof(id));
	return id;
}

static void read_groups(int descriptor, struct peer *peer)
{
	gid_t groups[PEER_GROUPS_MAX - 1];
	socklen_t length = sizeof(groups);

	if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups, &length) != 0)
		return;
	for (size_t i = 0; i < length / sizeof(groups[0]); i++)
		peer->groups[peer->group_count++] = account_of_id(groups[i]);
}

void peer_of_socket(int descriptor, struct peer *out)
{
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	out->valid = false;
	out->pid = 0;
	out->user = (struct account){.length = 0};
	out->group_count = 0;
	if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 ||
	    length != sizeof(credentials) || credentials.uid == no_id || credentials.gid == no_id)
		return;
	out->valid = true;
	out->pid = credentials.pid > 0 ? (uint64_t)credentials.pid : 0;
	out->user = account_of_id(credentials.uid);
	out->groups[out->group_count++] = account_of_id(credentials.gid);
	read_groups(descriptor, out);
}

void peer_text(const struct peer *peer, char out[PEER_TEXT_MAX])
{
	if (peer->valid)
		snprintf(out, PEER_TEXT_MAX, "uid %u, gid %u, pid %llu",
			 (unsigned)account_id(&peer->user), (unsigned)account_id(&peer->groups[0]),
			 (unsigned long long)peer->pid);
	else
		snprintf(out, PEER_TEXT_MAX, "unknown peer");
}

void peer_account(const struct peer *peer, char out[PEER_TEXT_MAX])
{
	out[0] = '\0';
	if (peer->valid)
		snprintf(out, PEER_TEXT_MAX, "uid:%u", (unsigned)account_id(&peer->user));
}

enum error account_find_sid(struct str name, char out[SID_TEXT_MAX])
{
	(void)name;
	(void)out;
	return ERR_UNSUPPORTED;
}

/* True when `name` is a number; `*out` is then written, no_id for one that cannot be an id. */
static bool numeric_id(struct str name, uint32_t *out)
{
	uint64_t value;

	if (!str_to_u64(name, &value))
		return false;
	*out = value < no_id ? (uint32_t)value : no_id;
	return true;
}

/* A zero-terminated copy for the C library; false when the name cannot be an account's. */
static bool account_name(struct str name, char out[ACCOUNT_NAME_MAX + 1])
{
	if (name.length == 0 || name.length > ACCOUNT_NAME_MAX || str_find_byte(name, '\0') != NULL)
		return false;
	memcpy(out, name.ptr, name.length);
	out[name.length] = '\0';
	return true;
}

static enum error user_find(struct str name, uint32_t *out, struct buf *why)
{
	char text[ACCOUNT_NAME_MAX + 1], buffer[ACCOUNT_BUFFER_BYTES];
	struct passwd entry, *found = NULL;
	uint32_t id = no_id;

	if (!numeric_id(name, &id) && account_name(name, text) &&
	    getpwnam_r(text, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL)
		id = entry.pw_uid;
	if (id == no_id)
		return why_error(why, ERR_NOT_FOUND, "there is no user '%.*s' on this system",
				 STR_ARGS(name));
	*out = id;
	return ERR_NONE;
}

enum error group_find(struct str name, uint32_t *out, struct buf *why)
{
	char text[ACCOUNT_NAME_MAX + 1], buffer[ACCOUNT_BUFFER_BYTES];
	struct group entry, *found = NULL;
	uint32_t id = no_id;

	if (!numeric_id(name, &id) && account_name(name, text) &&
	    getgrnam_r(text, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL)
		id = entry.gr_gid;
	if (id == no_id)
		return why_error(why, ERR_NOT_FOUND, "there is no group '%.*s' on this system",
				 STR_ARGS(name));
	*out = id;
	return ERR_NONE;
}

enum error peer_rules_add_user(struct peer_rules *rules, struct str name, struct buf *why)
{
	uint32_t id;
	enum error error = user_find(name, &id, why);

	return error != ERR_NONE ? error : peer_rules_add(rules, PEER_USER, account_of_id(id), why);
}

enum error peer_rules_add_group(struct peer_rules *rules, struct str name, struct buf *why)
{
	uint32_t id;
	enum error error = group_find(name, &id, why);

	return error != ERR_NONE ? error
				 : peer_rules_add(rules, PEER_GROUP, account_of_id(id), why);
}

enum error peer_rules_add_own(struct peer_rules *rules)
{
	struct buf why;
	enum error error;

	buf_init(&why, 256);
	error = peer_rules_add(rules, PEER_USER, account_of_id(0), &why);
	if (error == ERR_NONE)
		error = peer_rules_add(rules, PEER_USER, account_of_id(geteuid()), &why);
	buf_deinit(&why);
	return error;
}
