/*
 * wsauthzctl doctor: whether what is installed on this machine fits together, with the daemon
 * running or not. Looks only, changes nothing.
 *
 * A check is a function and a stable id, in the table of doctor.c; docs/operations.md lists the ids.
 */
#ifndef CTL_DOCTOR_H
#define CTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "ctl/ctl.h"
#include "ctl/link.h"
#include "platform/paths.h"
#include "platform/peer.h"

enum {
	DOCTOR_TEXT_MAX = 64 * 1024,
	DOCTOR_OWNER_MAX = 192,
	DOCTOR_SPACE_WARNING_MIB = 1024, /* less of free space is a warning */
	DOCTOR_SPACE_PROBLEM_MIB = 64,   /* and less than that a problem */
};

enum doctor_result {
	DOCTOR_OK,
	DOCTOR_WARNING,
	DOCTOR_PROBLEM,
	DOCTOR_LEFT_OUT, /* says nothing here, or what it needs to know is missing; not printed */
};

/* What a check says: what was looked at and how it is, and unless that is well what to do. Not
 * escaped. */
struct doctor_finding {
	struct buf detail, advice;
};

/* What checks learn for those behind them. */
struct doctor {
	const struct ctl *ctl;
	struct arena arena; /* of the configuration's texts */
	bool has_config;
	struct config config;
	bool has_owner;
	struct account owner;                /* of the state directory: whom the daemon runs as */
	char server_owner[DOCTOR_OWNER_MAX]; /* whom the plug-in believes; empty when not known */
	char service_program[PLATFORM_PATH_MAX]; /* of the service; empty when it is not known */
	bool is_barred;                          /* this account may not read the state directory */
	int64_t newest_us;                  /* time of the newest row of the audit; 0 for none */
	struct link *link;                  /* NULL when the daemon does not answer */
	const Wsauthz__StatusReply *status; /* lives as long as the link; NULL likewise */
};

struct doctor_check {
	const char *id;
	enum doctor_result (*look)(struct doctor *doctor, struct doctor_finding *finding);
};

/* doctor_configuration.c */
enum doctor_result doctor_look_configuration(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_accounts(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_policy(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_shadow(struct doctor *doctor, struct doctor_finding *finding);

/* doctor_files.c */
bool doctor_same_account(const struct account *a, const struct account *b);
enum doctor_result doctor_look_state(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_state_files(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_state_space(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_state_database(struct doctor *doctor,
					      struct doctor_finding *finding);
enum doctor_result doctor_look_segments(struct doctor *doctor, struct doctor_finding *finding);

/* doctor_daemon.c */
enum doctor_result doctor_look_authorize_directory(struct doctor *doctor,
						   struct doctor_finding *finding);
enum doctor_result doctor_look_authorize_socket(struct doctor *doctor,
						struct doctor_finding *finding);
enum doctor_result doctor_look_admin_directory(struct doctor *doctor,
					       struct doctor_finding *finding);
enum doctor_result doctor_look_admin_socket(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_daemon(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_health(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_version(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_boot_id(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_clock(struct doctor *doctor, struct doctor_finding *finding);

/* doctor_service.c; the program comes behind the service. */
enum doctor_result doctor_look_service(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_program(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_settings(struct doctor *doctor, struct doctor_finding *finding);

/* doctor_access.c; behind the settings, likewise. */
enum doctor_result doctor_look_state_access(struct doctor *doctor, struct doctor_finding *finding);

/* doctor_pipe.c; behind the settings, which say whose the pipes must be. */
enum doctor_result doctor_look_authorize_pipe(struct doctor *doctor,
					      struct doctor_finding *finding);
enum doctor_result doctor_look_admin_pipe(struct doctor *doctor, struct doctor_finding *finding);

/* doctor_plugin.c */
enum doctor_result doctor_look_library(struct doctor *doctor, struct doctor_finding *finding);
enum doctor_result doctor_look_library32(struct doctor *doctor, struct doctor_finding *finding);

/* doctor_iis.c */
enum doctor_result doctor_look_iis(struct doctor *doctor, struct doctor_finding *finding);

/* doctor_report.c: counts by enum doctor_result. */
struct doctor_counts {
	uint32_t of[DOCTOR_LEFT_OUT];
};

/* What is not as it should be, said behind the detail one after the other; the worst of it is the
 * result. */
struct doctor_verdict {
	struct buf *detail;
	enum doctor_result result; /* DOCTOR_OK to begin with */
};

void doctor_add(struct doctor_verdict *verdict, enum doctor_result result, const char *format, ...)
	ATTR_PRINTF(3, 4);

/* For a check that could not be done for the reason that the detail has: says that it was not done,
 * which is neither good nor bad news, and what to do so that it can. */
void doctor_not_checked(struct doctor_finding *finding, const char *advice);

/* What free space of so many bytes means. */
enum doctor_result doctor_judge_space(uint64_t free_bytes);

/* What the time `wall_us` means beside that of the newest row of the audit, 0 for none, with the
 * detail and advice. */
enum doctor_result doctor_judge_clock(int64_t wall_us, int64_t newest_us,
				      struct doctor_finding *finding);

/* Runs the checks in turn and gives each finding that was not left out to `on_line` as a line, one
 * of JSON or one for people, without line feed. A finding that there was no memory for is a
 * problem. */
struct doctor_counts doctor_run(struct doctor *doctor, const struct doctor_check *checks,
				size_t count, bool json, void (*on_line)(struct buf *line));

/* Appends "3 checks: 1 ok, 1 warning, 1 problem". */
void doctor_append_counts(struct buf *out, const struct doctor_counts *counts);

#endif
