/*
 * Syncs that fail in a whole daemon: sync_fault_daemon.c, linked into a daemon of its own, stands
 * between it and fsync(2) and fdatasync(2) and does what the test says here. A failed sync is not
 * carried out and ends with EIO. Whether the same open file is synced again afterwards, which may
 * then succeed for data that is lost, is counted. POSIX.
 */
#ifndef TESTS_SUPPORT_SYNC_FAULT_H
#define TESTS_SUPPORT_SYNC_FAULT_H

#include <stdatomic.h>
#include <stdint.h>

#include "support/daemon.h"

/* The environment variable that tells the daemon where the block is. */
#define SYNC_FAULT_ENV "WSAUTHZ_SYNC_FAULT"

/* Memory that the test shares with the daemon. */
struct sync_fault {
	_Atomic uint64_t inode;       /* of the file whose syncs count; 0: all do */
	_Atomic uint64_t taken;       /* syncs that counted */
	_Atomic uint64_t first, last; /* the numbers of those that fail, from 1; 0: none */
	_Atomic uint64_t failed;      /* how many did */
	_Atomic uint64_t again;       /* syncs of an open file behind one that failed */
};

/* Makes the block for daemons that are started from now on. Fails the test when it cannot. */
struct sync_fault *sync_fault_new(const struct daemon *daemon);
void sync_fault_free(struct sync_fault *fault);

/* From now on the syncs of this file below the daemon's directory count alone; NULL: all. */
void sync_fault_watch(struct sync_fault *fault, const struct daemon *daemon, const char *file);

/* Of the syncs that count the `nth` from now on fails, with `lasting` all behind it, too. */
void sync_fault_arm(struct sync_fault *fault, uint64_t nth, bool lasting);
void sync_fault_disarm(struct sync_fault *fault);

#endif
