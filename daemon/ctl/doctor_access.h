/*
 * Whether what is the daemon's alone is so by its access list. Judges facts that the system gave, so
 * that each rule can be tried anywhere; doctor_access.c asks for them.
 */
#ifndef CTL_DOCTOR_ACCESS_H
#define CTL_DOCTOR_ACCESS_H

#include "ctl/doctor.h"
#include "platform/inspect.h"

/* Appends what was seen, to stand behind the name of the file, and what to do. `daemon` is the SID
 * that the daemon runs as. */
enum doctor_result doctor_judge_private(const struct access_facts *facts, const char *daemon,
					struct doctor_finding *finding);

#endif
