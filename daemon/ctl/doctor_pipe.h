/*
 * Whether the access list of a pipe is what the configuration asks for. Judges facts that the system
 * gave, so that each rule can be tried anywhere; doctor_pipe.c asks for them.
 */
#ifndef CTL_DOCTOR_PIPE_H
#define CTL_DOCTOR_PIPE_H

#include "ctl/doctor.h"
#include "platform/inspect.h"
#include "platform/peer.h"

enum { DOCTOR_PIPE_ACCOUNTS_MAX = 512 };

/* Whom a pipe must belong to and let in, as SIDs. */
struct doctor_pipe {
	const char *owner;  /* empty when that is not known */
	bool is_for_admins; /* a door that only administrators go through has a label */
	uint32_t account_count;
	char accounts[DOCTOR_PIPE_ACCOUNTS_MAX][SID_TEXT_MAX];
};

/* Adds an account that is not there yet. False when there are too many. */
bool doctor_pipe_add(struct doctor_pipe *pipe, const char *account);

/* Appends what was seen, to stand behind the name of the pipe, and what to do. */
enum doctor_result doctor_judge_pipe(const struct access_facts *facts,
				     const struct doctor_pipe *wanted,
				     struct doctor_finding *finding);

#endif
