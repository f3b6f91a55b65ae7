/*
 * What of the service and of the plug-in's settings is right. Judges facts that the system gave, so
 * that each rule can be tried anywhere; doctor_service.c asks for them.
 */
#ifndef CTL_DOCTOR_SERVICE_H
#define CTL_DOCTOR_SERVICE_H

#include "client-plugin/settings.h"
#include "ctl/doctor.h"
#include "platform/service.h"

/* The program in a command line of the service manager, and whether it is the one that is started: a
 * path with a blank that is not in quotation marks may be another's. Empty when there is none. */
struct str doctor_service_program(struct str command, bool *is_certain);

/* Appends what was seen, and what to do. `config_path` is of the configuration that doctor reads. */
enum doctor_result doctor_judge_service(const struct service_facts *facts, const char *config_path,
					struct doctor_finding *finding);

/* The settings that the plug-in reads, and where the daemon listens. */
enum doctor_result doctor_judge_settings(const struct plugin_settings *settings,
					 const char *endpoint, struct doctor_finding *finding);

#endif
