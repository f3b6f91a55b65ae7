#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/platform.h"
#include "platform/posix.h"

enum { ACCOUNT_NAME_MAX = 255, ACCOUNT_BUFFER_BYTES = 16 * 1024 };

/* (uid_t)-1 means "no change" to the system calls that take one, so it can never name a user. */
static const uint32_t no_id = UINT32_MAX;

void peer_of_socket(int descriptor, struct peer *out)
{
	struct peer peer = {.valid = false, .uid = no_id, .gid = no_id};
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 &&
	    length == sizeof(credentials) && credentials.uid != no_id && credentials.gid != no_id) {
		peer.valid = true;
		peer.uid = credentials.uid;
		peer.gid = credentials.gid;
		peer.pid = credentials.pid > 0 ? (uint64_t)credentials.pid : 0;
		length = sizeof(peer.groups);
		if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, peer.groups, &length) == 0)
			peer.group_count = (uint32_t)(length / sizeof(peer.groups[0]));
	}
	*out = peer;
}

void peer_text(const struct peer *peer, char out[PEER_TEXT_MAX])
{
	if (peer->valid)
		snprintf(out, PEER_TEXT_MAX, "uid %u, gid %u, pid %llu", (unsigned)peer->uid,
			 (unsigned)peer->gid, (unsigned long long)peer->pid);
	else
		snprintf(out, PEER_TEXT_MAX, "unknown peer");
}

void peer_account(const struct peer *peer, char out[PEER_TEXT_MAX])
{
	out[0] = '\0';
	if (peer->valid)
		snprintf(out, PEER_TEXT_MAX, "uid:%u", (unsigned)peer->uid);
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

static enum error add_id(uint32_t ids[PEER_RULES_MAX], uint32_t *count, uint32_t id,
			 struct buf *why)
{
	for (uint32_t i = 0; i < *count; i++) {
		if (ids[i] == id)
			return ERR_NONE;
	}
	if (*count == PEER_RULES_MAX)
		return why_error(why, ERR_LIMIT, "more than %d entries in one list",
				 PEER_RULES_MAX);
	ids[(*count)++] = id;
	return ERR_NONE;
}

enum error peer_rules_add_user(struct peer_rules *rules, struct str name, struct buf *why)
{
	uint32_t id;
	enum error error = user_find(name, &id, why);

	return error != ERR_NONE ? error : add_id(rules->users, &rules->user_count, id, why);
}

enum error peer_rules_add_group(struct peer_rules *rules, struct str name, struct buf *why)
{
	uint32_t id;
	enum error error = group_find(name, &id, why);

	return error != ERR_NONE ? error : add_id(rules->groups, &rules->group_count, id, why);
}

enum error peer_rules_add_own(struct peer_rules *rules)
{
	struct buf why;
	enum error error;

	buf_init(&why, 256);
	error = add_id(rules->users, &rules->user_count, 0, &why);
	if (error == ERR_NONE)
		error = add_id(rules->users, &rules->user_count, geteuid(), &why);
	buf_deinit(&why);
	return error;
}

static bool contains(const uint32_t *ids, uint32_t count, uint32_t id)
{
	for (uint32_t i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

bool peer_rules_allow(const struct peer_rules *rules, const struct peer *peer)
{
	if (!peer->valid)
		return false;
	if (contains(rules->users, rules->user_count, peer->uid) ||
	    contains(rules->groups, rules->group_count, peer->gid))
		return true;
	for (uint32_t i = 0; i < peer->group_count; i++) {
		if (contains(rules->groups, rules->group_count, peer->groups[i]))
			return true;
	}
	return false;
}
