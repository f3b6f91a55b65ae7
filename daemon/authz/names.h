/*
 * What the ids of entities in policies and links stand for. Requests carry SIDs and folded URIs;
 * people may write names and aliases, which become the same when the policy is activated:
 *
 *	Group::"CONTOSO\\Helpdesk"       the SID that directory.json has for the name, or else the
 *	                               system
 *	User::"CONTOSO\\alice"           likewise
 *	User::"Basic:Alice"              a principal without token: folded
 *	Resource::"wmicimv2/Win32_Disk"  the alias expanded, folded, without a slash at the end
 *	ResourceFamily::"Wmi"            one of the families
 *
 * A name that stands for nothing is an error: a policy about nobody is not what was meant.
 */
#ifndef AUTHZ_NAMES_H
#define AUTHZ_NAMES_H

#include "authz/sid.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/str.h"
#include "cedar/cedar.h"

enum { NAMES_MAX_COUNT = 100000 }; /* in directory.json */

/* The SID of a user or group that the system knows by this name. ERR_NOT_FOUND or ERR_UNSUPPORTED
 * when it knows none. */
typedef enum error names_find_sid(struct str name, char out[SID_MAX_BYTES + 1]);

struct names {
	struct arena *arena;
	struct map directory; /* of struct name, by the folded name */
	struct hash_key key;
	names_find_sid *find_sid; /* may be NULL */
	enum error failed;        /* ERR_NO_MEMORY when resolving ran out of it */
};

/* `arena` is borrowed and takes all texts; `find_sid`, which may be NULL, is asked for what
 * directory.json does not have. */
void names_init(struct names *names, struct arena *arena, struct hash_key key,
		names_find_sid *find_sid);
void names_deinit(struct names *names);

/* Reads directory.json: an object with a SID as the value of each name, which compares without
 * case. ERR_SYNTAX, ERR_INVALID or ERR_LIMIT with diagnostics; ERR_NO_MEMORY. */
enum error names_read_directory(struct names *names, struct str file, struct str text,
				struct cedar_diags *diags) ATTR_MUST_CHECK;

/* The resolver for cedar_engine_set_resolver(). While it is in use `names` must stay. When memory
 * runs out it answers that the name is unknown and sets names->failed. */
struct cedar_resolver names_resolver(struct names *names);

#endif
