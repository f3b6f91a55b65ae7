/*
 * A candidate for activation, looked at where it can do no harm: in a child of this program with
 * little memory and time. What crashes, loops or eats memory there is refused here. The child says
 * only what is wrong; a snapshot is then built by whoever asked, of the same bytes.
 */
#ifndef POLICY_CANDIDATE_H
#define POLICY_CANDIDATE_H

#include "base/attributes.h"
#include "base/str.h"
#include "platform/child.h"
#include "platform/tree.h"
#include "policy/load.h"

/* The argument that makes main() call policy_candidate_main(). */
#define POLICY_CANDIDATE_ARGUMENT "--check-candidate"

enum {
	POLICY_CANDIDATE_CPU_S = 20,
	POLICY_CANDIDATE_WALL_MS = 30000,
};

/* Of address space: what a directory of the greatest size takes, several times. */
#define POLICY_CANDIDATE_MEMORY_BYTES (UINT64_C(2) << 30)

/* What holds for a child, from the three constants. */
extern const struct child_limits policy_candidate_limits;

/* Has a child look at what was read, under `limits`. `load` then has its findings: with ERR_NONE in
 * load->error the files may be built with policy_load_checked(). Blocks; any thread. */
void policy_candidate_check(struct policy_load *load, const struct tree *tree,
			    const struct child_limits *limits);

/* The child's side: reads the files from standard input, writes what is wrong to standard output.
 * Returns the exit status. */
int policy_candidate_main(void);

#endif
