/* What is installed beside the daemon where WinRM is, for wsauthzctl doctor; nothing is changed.
 * Elsewhere there is none of it: ERR_UNSUPPORTED without `why` (platform/why.h). */
#ifndef PLATFORM_INSTALLATION_H
#define PLATFORM_INSTALLATION_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

/* Appends the path of `name` in the directory of this program. ERR_LIMIT and ERR_NO_MEMORY with
 * `why`. */
enum error module_beside(const char *name, struct buf *path, struct buf *why) ATTR_MUST_CHECK;

/* Appends `path` with the names of the environment in it, such as %windir%, replaced by what they are
 * for this process. ERR_LIMIT, ERR_INVALID and ERR_NO_MEMORY with `why`. */
enum error path_expand(const char *path, struct buf *out, struct buf *why) ATTR_MUST_CHECK;

/* Reads a whole program or DLL of at most `max_bytes`, which nobody but administrators, the system,
 * the service and who runs this program may be able to change or replace, nor put others beside it.
 * ERR_NOT_FOUND, ERR_INVALID, ERR_LIMIT, ERR_DENIED and so on with `why`; `out` is cleared first. */
enum error module_read(const char *path, size_t max_bytes, struct buf *out,
		       struct buf *why) ATTR_MUST_CHECK;

/* Whether the key of HKEY_LOCAL_MACHINE, of the view for 64 bits, can be changed by administrators and
 * the like alone; the names of its values go to `on_name`. ERR_NOT_FOUND, ERR_DENIED and, when others
 * can change it, ERR_INVALID; with `why`. An error of `on_name` ends it and is returned. */
enum error registry_check(const char *key, enum error (*on_name)(void *arg, const char *name),
			  void *arg, struct buf *why) ATTR_MUST_CHECK;

#endif
