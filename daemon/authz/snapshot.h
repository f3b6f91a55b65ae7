/*
 * A revision of the policy: immutable, complete, and shared by everything that decides by it. A
 * request keeps a reference from its start to its end, so that a new revision never changes the
 * rules under a decision.
 */
#ifndef AUTHZ_SNAPSHOT_H
#define AUTHZ_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authz/names.h"
#include "authz/obligations.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "cedar/cedar.h"

enum {
	SNAPSHOT_DIGEST_BYTES = 32, /* SHA-256 */
	SNAPSHOT_MAX_FILES = 10000,
	SNAPSHOT_MAX_NAME_BYTES = 200, /* of a file */
};

/* Names of files with a meaning of their own. */
#define SNAPSHOT_FILE_NAMES    "directory.json"
#define SNAPSHOT_FILE_LINKS    "links.json"
#define SNAPSHOT_FILE_ENTITIES "entities.json"

/* A file of a policy directory, as read by the caller. `name` is relative to the directory, with
 * '/' between its parts. */
struct snapshot_file {
	struct str name;
	struct str text;
};

/* False for a file that is none of the policy's: documentation (*.md, *.txt) and what begins with a
 * dot, in any directory. Such files need not be read. */
bool snapshot_wants_file(struct str name);

/* True of the *.json in tests/: they belong to the revision, but a snapshot is built without them. */
bool snapshot_is_test_file(struct str name);

struct snapshot;

/* What a snapshot is built with. All zero is right for what nobody has looked at yet. */
struct snapshot_options {
	const struct cedar_limits *limits; /* may be NULL */
	/* Finds the SID of an account that directory.json does not have, as authz/names.h; may be
	 * NULL. */
	names_find_sid *find_sid;
	/* What snapshot_digest_files() says of the files, for whoever has asked already; NULL has it
	 * computed. */
	const uint8_t *digest;
	/* The same files were built without an error before, in another process: they are not
	 * validated again, and nothing is said about them. */
	bool is_checked;
};

/* Builds a revision of `files`, in any order; nothing of them is kept. All or nothing: with any
 * error in `diags` there is no snapshot. Policies and templates come from *.cedar (a policy's
 * id is its @id, else "file#N"), links of templates from links.json (authz/links.h), what names
 * stand for from directory.json (authz/names.h), and entities that hold for every request from
 * entities.json (authz/static_entities.h). Policies must be valid by the schema of the product in
 * strict mode. A set without any policy is an error, and so is a
 * wanted file that this build cannot read. `options` may be NULL; `key` seeds the engine's tables.
 * ERR_SYNTAX, ERR_INVALID, ERR_EXISTS, ERR_LIMIT, ERR_UNSUPPORTED, each with diagnostics;
 * ERR_NO_MEMORY. The snapshot has one reference, the caller's. */
enum error snapshot_new(const struct snapshot_file *files, size_t file_count,
			const struct snapshot_options *options, struct hash_key key,
			struct cedar_diags *diags, struct snapshot **out) ATTR_MUST_CHECK;

/* Numbers the revision. To be called once, before the snapshot is shared; 0 is no revision. */
void snapshot_set_revision(struct snapshot *snapshot, uint64_t revision);

/* One more reference; returns `snapshot`. Any thread that has a reference. */
struct snapshot *snapshot_ref(struct snapshot *snapshot);

/* Gives a reference back; the last one frees. Accepts NULL. Any thread. */
void snapshot_unref(struct snapshot *snapshot);

/* All of the following may be read by any thread that has a reference. */
const struct cedar_engine *snapshot_engine(const struct snapshot *snapshot);
uint64_t snapshot_revision(const struct snapshot *snapshot);

/* Whether the policy may say different things to the same question at different times: it mentions
 * an attribute of the context that time changes. */
bool snapshot_looks_at_time(const struct snapshot *snapshot);

/* SHA-256 over the files in the order of their names, each as its name and its text with their
 * lengths before them: the same files have the same digest however they were read. */
const uint8_t *snapshot_digest(const struct snapshot *snapshot);

/* What the policy with this index (of cedar_policy_at()) asks for. */
const struct obligations *snapshot_obligations(const struct snapshot *snapshot, uint32_t policy);

/* The same digest for files that make no valid snapshot, to name a candidate that failed.
 * ERR_NO_MEMORY. */
enum error snapshot_digest_files(const struct snapshot_file *files, size_t file_count,
				 uint8_t digest[SNAPSHOT_DIGEST_BYTES]) ATTR_MUST_CHECK;

#endif
