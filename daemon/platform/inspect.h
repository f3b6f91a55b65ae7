/* What lies at a path or listens there, and who may use it, for wsauthzctl doctor; nothing is changed,
 * no link is followed. `why`: platform/why.h. */
#ifndef PLATFORM_INSPECT_H
#define PLATFORM_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "platform/paths.h"
#include "platform/peer.h"

enum path_kind {
	PATH_FILE,
	PATH_DIRECTORY,
	PATH_ENDPOINT,
	PATH_OTHER, /* a link, a device and so on */
};

enum { PATH_RIGHTS_TEXT_MAX = 128 };

struct path_facts {
	enum path_kind kind;
	struct account owner, group;
	bool is_of_root;                   /* the owner is */
	uint32_t mode;                     /* the permission bits */
	char rights[PATH_RIGHTS_TEXT_MAX]; /* "owner root, group wsauthz-admin, mode 0660" */
};

/* ERR_NOT_FOUND, ERR_DENIED and so on with `why`; ERR_UNSUPPORTED, without, where access lists say
 * who may use a file. */
enum error path_inspect(const char *path, struct path_facts *out, struct buf *why) ATTR_MUST_CHECK;

/* The same for the directory that `path` lies in, whose own path goes to `parent`. */
enum error path_inspect_parent(const char *path, struct path_facts *out,
			       char parent[PLATFORM_PATH_MAX], struct buf *why) ATTR_MUST_CHECK;

/* How many bytes the file system of `path` still takes from who is not privileged. All errors with
 * `why`. */
enum error path_free_bytes(const char *path, uint64_t *out, struct buf *why) ATTR_MUST_CHECK;

/* The access list of an endpoint or a file, where it has one. */

enum {
	/* The rights of a client on a pipe: read and write without what on a pipe is the right to
	 * add an instance of it. */
	PIPE_CLIENT_RIGHTS = 0x0012019B,
	/* And of who only looks at its access list; the system always asks for the last two. */
	PIPE_LOOK_RIGHTS = 0x00120080,
	ACCESS_ENTRIES_MAX = 512,
	/* Of a label: programs below its level may not write to the object, or read it. */
	ACCESS_LEVEL_HIGH = 0x3000, /* of administrators' elevated programs */
	ACCESS_NO_WRITE_UP = 0x1,
	ACCESS_NO_READ_UP = 0x2,
};

struct access_entry {
	bool is_denied;
	uint32_t rights; /* as the system numbers them */
	char account[SID_TEXT_MAX];
};

struct access_facts {
	char owner[SID_TEXT_MAX];
	bool has_list; /* everybody has all rights on what has none */
	uint32_t entry_count;
	struct access_entry entries[ACCESS_ENTRIES_MAX]; /* in the order in which they count */
	bool has_label;
	uint32_t label_level, label_rules; /* ACCESS_NO_WRITE_UP and so on */
};

/* Connects to see it, and closes; whoever listens may note a connection that it turned away.
 * ERR_NOT_FOUND (nobody listens), ERR_DENIED and so on with `why`; ERR_UNSUPPORTED, without, where
 * an endpoint is a file. */
enum error endpoint_inspect(const char *path, int timeout_ms, struct access_facts *out,
			    struct buf *why) ATTR_MUST_CHECK;

/* The same of the file or directory at `path`; what a link leads to is not looked at. ERR_INVALID for
 * a link, ERR_NOT_FOUND, ERR_DENIED and so on with `why`; ERR_UNSUPPORTED, without, where
 * path_inspect() says who may use it. */
enum error path_inspect_access(const char *path, struct access_facts *out,
			       struct buf *why) ATTR_MUST_CHECK;

#endif
