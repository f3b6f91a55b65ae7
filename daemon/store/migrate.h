/*
 * Brings a database to the present schema, a new one in one transaction and an older one in one
 * transaction a step, so that it is always at one version or the next, whenever the process is
 * killed or the power fails.
 *
 * For this layer only.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/db.h"
#include "store/schema_known.h"

/* Looks whether the database can be used, and changes nothing. ERR_VERSION when it is newer than the
 * last migration, or older and `for_reading` without schema->older; ERR_FOREIGN when its tables,
 * indexes, triggers and views are not exactly those that the migrations up to its version make:
 * somebody put in a trigger, say, or took one out. */
enum error migrate_check(struct db *db, bool for_reading, struct buf *why) ATTR_MUST_CHECK;

/* Lets a reader see an older database as one of the present version: by temporary tables and views
 * in memory, whose names come before those of the file. After migrate_check() for reading. */
enum error migrate_see_as_present(struct db *db) ATTR_MUST_CHECK;

/* ERR_BUSY when the database that is seen so has got another version meanwhile. */
enum error migrate_check_still_older(struct db *db) ATTR_MUST_CHECK;

/* Runs the migrations that are missing; after migrate_check(). What is sealed stays as it is. */
enum error migrate_run(struct db *db) ATTR_MUST_CHECK;

/* Runs what schema->sealing has, within the caller's transaction. */
enum error migrate_seal(struct db *db) ATTR_MUST_CHECK;

/* Whether it has been run. */
enum error migrate_find_sealed(struct db *db, bool *is_sealed) ATTR_MUST_CHECK;

/* A digest of the database's tables, indexes, triggers and views, which is the same wherever the same
 * migrations made them. */
enum error migrate_digest(struct db *db, uint8_t digest[SCHEMA_DIGEST_BYTES]) ATTR_MUST_CHECK;

/* The migrations in schema/, built in by scripts/embed-sql.cmake. */
extern const struct db_migrations state_migrations;
extern const struct db_migrations audit_migrations;
extern const struct db_migrations seal_migrations;  /* on top of them, see struct db_schema */
extern const struct db_migrations older_migrations; /* none, but its counterpart for readers */

#endif
