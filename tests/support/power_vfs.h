/*
 * A disk in memory that can lose its power. SQLite works on it through a VFS that keeps a record of
 * all that was written, synced, made and removed; from it the disk can be put into any state in
 * which a machine could find it after its power failed at any moment: what was synced is there, of
 * the rest any part may be, in any order, torn at sectors of 512 bytes, files that were made or
 * removed without syncing their directory included. One thread, one connection at a time.
 */
#ifndef TESTS_SUPPORT_POWER_VFS_H
#define TESTS_SUPPORT_POWER_VFS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Registers the VFS on first use; its name, for struct store_env. */
const char *power_vfs_name(void);

/* An empty disk, with recording on. Nothing may be open. */
void power_vfs_reset(void);

/* Frees the disk. */
void power_vfs_free(void);

/* For struct store_env: makes an empty file. */
enum error power_vfs_create(const char *path);

/* For struct store_env: there are no rights. */
enum error power_vfs_make_readonly(const char *path);

/* For struct store_env: the names of the files, whose directory is not looked at. */
enum error power_vfs_list(const char *directory, enum error (*on_name)(void *arg, const char *name),
			  void *arg);

/* Notes that at this moment the world was told `value`. */
void power_vfs_note(uint64_t value);

/* Events recorded so far. */
size_t power_vfs_event_count(void);

/* How the disk treats what was not synced. */
enum power_loss {
	POWER_LOSS_ALL,    /* all of it is lost */
	POWER_LOSS_NONE,   /* all of it is there */
	POWER_LOSS_RANDOM, /* each sector and each file as chance (`seed`) has it */
};

/* Puts the disk into a state after power failed behind the first `event_count` events, and ends
 * recording; the record stays, so that this may be called again. Returns the last value noted
 * before. Nothing may be open. */
uint64_t power_vfs_lose_power(size_t event_count, enum power_loss loss, uint32_t seed);

enum { POWER_VFS_DIGEST_BYTES = 32 };

/* A digest of the files that are there now, names and contents: disks with the same digest are the
 * same. */
void power_vfs_digest(uint8_t digest[POWER_VFS_DIGEST_BYTES]);

/* A lying disk, to see that the harness finds it out: from now on syncs of files opened with this
 * SQLITE_OPEN_... type do nothing. 0 for none. */
void power_vfs_ignore_syncs(int file_type);

/* The next sync fails once, and what it should have written is never written: the system has
 * dropped it from its cache as done, although it can still be read there ("fsyncgate"). */
void power_vfs_fail_next_sync(void);

#endif
