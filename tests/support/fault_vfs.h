/*
 * I/O faults: a SQLite VFS over the system's own that fails the N-th operation, once or from then
 * on, or kills the process there. The sweep idiom is that of support/fault.h. One thread at a time.
 */
#ifndef TESTS_SUPPORT_FAULT_VFS_H
#define TESTS_SUPPORT_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

#include "support/fault.h"

enum fault_vfs_kind {
	FAULT_VFS_IOERR,       /* any operation: input/output error */
	FAULT_VFS_SYNC,        /* syncs only: input/output error */
	FAULT_VFS_FULL,        /* what takes space: no space left */
	FAULT_VFS_SHORT_WRITE, /* writes: half of the bytes, then no space left */
	FAULT_VFS_KILL,        /* any operation that changes something: SIGKILL before it */
	FAULT_VFS_KIND_COUNT
};

/* Registers the VFS on first use; its name, for struct store_env. */
const char *fault_vfs_name(void);

/* The operation of this kind with this index (from 0) fails; with FAULT_STICKY all later ones too.
 */
void fault_vfs_arm(enum fault_vfs_kind kind, uint64_t index, enum fault_mode mode);

/* Removes the fault; true when it was reached. */
bool fault_vfs_disarm(void);

#endif
