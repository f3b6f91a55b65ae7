/*
 * What of the plug-in's installation is right. Judges facts that the system gave (doctor_plugin.c
 * asks for them), so that each rule can be tried anywhere.
 */
#ifndef CTL_DOCTOR_PLUGIN_H
#define CTL_DOCTOR_PLUGIN_H

#include "ctl/doctor.h"
#include "ctl/pe.h"

enum { DOCTOR_LIBRARY_MAX_BYTES = 16 << 20 };

/* What wsauthz.dll exports, exactly, and the DLLs that it may load; each ends with NULL. CMake writes
 * them, from cmake/WsauthzPlugin.cmake. */
extern const char *const plugin_exports[];
extern const char *const plugin_imports[];

/* Whether a file can be the wsauthz.dll for `machine`. Appends what was seen, to stand behind the
 * name of the file, and what to do. */
enum doctor_result doctor_judge_library(const struct pe *pe, enum pe_machine machine,
					struct doctor_finding *finding);

/* Reads the file at `path` and judges it, and who may change it. */
enum doctor_result doctor_look_at_library(const char *path, enum pe_machine machine, bool *is_there,
					  struct doctor_finding *finding);

#endif
