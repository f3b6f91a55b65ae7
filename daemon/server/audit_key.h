/* The key that seals of the audit are signed with, from the file that the settings name. */
#ifndef SERVER_AUDIT_KEY_H
#define SERVER_AUDIT_KEY_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/seal.h"

/* Reads the key; to be wiped by seal_key_wipe(). The file must be readable by nobody but its owner,
 * who is root or the daemon's user. ERR_INVALID, ERR_NOT_FOUND, ERR_IO with `why`. */
enum error audit_key_read(const char *path, struct seal_key *out, struct buf *why) ATTR_MUST_CHECK;

#endif
