/*
 * WS-Management operations in the words of policies: which Cedar action an action URI is, which
 * Resource a resource URI is, and what that Resource is part of.
 *
 * Action and resource URIs compare without case (win32 documentation, "Resource URIs"), so both are
 * case-folded before anything looks at them; policies see the folded text. Selectors behind a '?'
 * do not belong to the Resource. A URI that could be read in two ways is refused, because a policy
 * that matches one reading must not be passed by the other: empty or dot segments, a character that
 * RFC 3986 does not allow, a fragment, or a percent escape for anything but such a character.
 */
#ifndef AUTHZ_OPERATION_H
#define AUTHZ_OPERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

enum {
	OPERATION_MAX_ACTION_BYTES = 4096,
	OPERATION_MAX_RESOURCE_BYTES = 8192, /* with selectors */
	OPERATION_MAX_SEGMENTS = 64,         /* of a resource URI */
};

/* The actions of schema/wsauthz.cedarschema. */
enum action {
	ACTION_CONNECT,
	ACTION_ADMINISTER,
	ACTION_GET,
	ACTION_ENUMERATE,
	ACTION_SUBSCRIBE,
	ACTION_PUT,
	ACTION_CREATE,
	ACTION_DELETE,
	ACTION_CREATE_SHELL,
	ACTION_COMMAND,
	ACTION_INVOKE, /* any action URI that WS-Management and WinRM do not define */
	ACTION_COUNT
};

/* The id of the Action entity, such as "CreateShell". */
struct str action_name(enum action action);

/* The action with this id; false when there is none. */
bool action_find(struct str name, enum action *action);

/* The action URI that WinRM sends for an operation: for ACTION_CREATE_SHELL that of Create on a
 * shell, for ACTION_INVOKE one that nobody defines. Empty for ACTION_CONNECT and
 * ACTION_ADMINISTER, which no URI stands for. */
struct str action_canonical_uri(enum action action);

/* What a resource is at large, by the start of its URI. */
enum resource_family {
	FAMILY_OTHER,
	FAMILY_POWERSHELL,
	FAMILY_CMD,
	FAMILY_WMI,
	FAMILY_CIM,
	FAMILY_CONFIG,
	FAMILY_EVENT_LOG,
	FAMILY_COUNT
};

/* The id of the ResourceFamily entity, such as "PowerShell". */
struct str resource_family_name(enum resource_family family);

struct operation {
	enum action action;
	struct str action_uri;   /* folded */
	struct str method;       /* ACTION_INVOKE: last segment of the action URI, else empty */
	struct str resource_uri; /* folded, without selectors: the id of the Resource entity */
	enum resource_family family;
	/* Proper prefixes of resource_uri that end before a '/', longest first, down to scheme and
	 * authority; slices of it. */
	const struct str *prefixes;
	size_t prefix_count;
};

/* Reads the two URIs; what the operation points to lives in `arena`. ERR_INVALID or ERR_LIMIT when
 * a URI is malformed, with the static name of the field in `*what`; ERR_NO_MEMORY. */
enum error operation_read(struct arena *arena, struct str action_uri, struct str resource_uri,
			  struct operation *operation, const char **what) ATTR_MUST_CHECK;

/* The id of the Resource that a person names by `text`: a URI as above but for a slash at its end,
 * or one that begins with an alias of win32's "URI Prefixes" (wmi, wmicimv2, cimv2, winrm, wsman,
 * shell). Without a scheme or an alias it is taken for a slip, which nothing would ever match.
 * ERR_INVALID, ERR_LIMIT, ERR_NO_MEMORY. */
enum error operation_resource_id(struct arena *arena, struct str text,
				 struct str *id) ATTR_MUST_CHECK;

/* The resource URI of a request that a person writes as `text`: the same, and selectors may follow
 * a '?'. Errors as above. */
enum error operation_resource_uri(struct arena *arena, struct str text,
				  struct str *uri) ATTR_MUST_CHECK;

/* The tables behind all of this, for who documents them: the N-th row; false beyond the last. */
bool operation_action_row(size_t index, struct str *action_uri, enum action *action);
bool operation_family_row(size_t index, struct str *prefix, enum resource_family *family);
bool operation_alias_row(size_t index, struct str *alias, struct str *prefix);

#endif
