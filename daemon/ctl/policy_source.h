/*
 * What a person names as a policy on the command line: a directory, the number of a stored revision,
 * or "active". Stored revisions are read from the state database, with the daemon running or not.
 */
#ifndef CTL_POLICY_SOURCE_H
#define CTL_POLICY_SOURCE_H

#include "authz/snapshot.h"
#include "base/arena.h"
#include "ctl/ctl.h"
#include "platform/tree.h"
#include "policy/load.h"

struct policy_source {
	struct arena arena;
	struct tree tree; /* of a directory */
	bool has_tree;
	struct snapshot_file *files;
	size_t file_count;
	uint64_t revision;    /* 0 for a directory */
	int64_t activated_us; /* of a revision */
	struct str digest;    /* of a revision, binary */
	struct str origin;    /* of a revision: the directory it came from */
};

/* Reads the files that `name` stands for. CTL_DONE, or another exit code after a message on stderr;
 * to be deinitialised either way. */
enum ctl_exit policy_source_open(struct policy_source *source, const struct ctl *ctl,
				 const char *name);
void policy_source_deinit(struct policy_source *source);

/* Opens the state database for reading. The caller closes it. */
struct state;
enum ctl_exit policy_state_open(const struct ctl *ctl, struct state **out);

/* The revision that serves, as far as the database tells: the pinned one, else the newest; 0 for
 * none. CTL_INVALID after a message. */
enum ctl_exit policy_state_active(struct state *state, uint64_t *number);

#endif
