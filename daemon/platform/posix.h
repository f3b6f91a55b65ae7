/* Shared by the *_posix.c files of this folder only. */
#ifndef PLATFORM_POSIX_H
#define PLATFORM_POSIX_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "platform/channel.h"
#include "platform/peer.h"
#include "platform/why.h"

/* The error that stands for an errno. */
enum error error_from_errno(int number);

/* Appends "PATH: cannot VERB: system's text" for the current errno and returns its error. */
enum error why_errno(struct buf *why, const char *path, const char *verb);

/* What only root or this user may change: owner and rights of `st`, called `name` in `why`. */
enum error check_owner(const struct stat *st, const char *name, struct buf *why) ATTR_MUST_CHECK;

/* Nobody but root and this user may rename or replace anything on the way from the root to the
 * directory `path`, itself included. A directory with the sticky bit may be writable for others
 * when it is not the last. */
enum error check_ancestors(const char *path, struct buf *why) ATTR_MUST_CHECK;

/* The directory part of `path`: "/run/x" for "/run/x/y", "." for "y". ERR_LIMIT when it does not
 * fit. */
enum error parent_of(const char *path, char *out, size_t size) ATTR_MUST_CHECK;

/* That it is a regular file of at most `max_bytes` that only root or this user can change, and what the
 * system says of it; `name` is what it is called in `why`. */
enum error file_check(int fd, const char *name, size_t max_bytes, struct stat *st,
		      struct buf *why) ATTR_MUST_CHECK;

/* Reads exactly the `size` bytes that the file was said to have. ERR_BUSY with `why` when it was written
 * to meanwhile. */
enum error file_read_exactly(int fd, const char *name, char *out, size_t size,
			     struct buf *why) ATTR_MUST_CHECK;

/* Resolves a group by name or number. ERR_NOT_FOUND with `why`. */
enum error group_find(struct str name, uint32_t *out, struct buf *why) ATTR_MUST_CHECK;

/* The account of a uid or gid, and back; (uid_t)-1, which is nobody, for any other account. */
struct account account_of_id(uint32_t id);
uint32_t account_id(const struct account *account);

/* A channel over a connected socket, which it takes over, also on failure. ERR_NO_MEMORY. */
enum error channel_adopt(int descriptor, struct channel **out) ATTR_MUST_CHECK;

/* Asks the kernel who is at the other end of a connected socket. */
void peer_of_socket(int descriptor, struct peer *out);

#endif
