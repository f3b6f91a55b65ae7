/*
 * What of the plug-in's installation is right. Judges facts that the system gave (doctor_plugin.c
 * asks for them), so that each rule can be tried anywhere.
 */
#ifndef CTL_DOCTOR_PLUGIN_H
#define CTL_DOCTOR_PLUGIN_H

#include "ctl/doctor.h"
#include "ctl/pe.h"

enum { DOCTOR_PROGRAM_MAX_BYTES = 64 << 20 }; /* a larger file is none of ours */

/* What wsauthz.dll exports, exactly, and the DLLs that it may load; each ends with NULL. CMake writes
 * them, from cmake/WsauthzPlugin.cmake. */
extern const char *const plugin_exports[];
extern const char *const plugin_imports[];

/* Whether a file can be the wsauthz.dll for `machine`. Appends what was seen, to stand behind the
 * name of the file, and what to do. */
enum doctor_result doctor_judge_library(const struct pe *pe, enum pe_machine machine,
					struct doctor_finding *finding);

/* The same of a program, wsauthzd.exe. */
enum doctor_result doctor_judge_program(const struct pe *pe, struct doctor_finding *finding);

/* Read the file at `path` and judge it, and who may change it. */
enum doctor_result doctor_look_at_program(const char *path, struct doctor_finding *finding);
enum doctor_result doctor_look_at_library(const char *path, enum pe_machine machine, bool *is_there,
					  struct doctor_finding *finding);

#endif
