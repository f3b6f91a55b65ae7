/*
 * Scenarios: a command a line, words separated by blanks, '#' begins a comment. README.md lists the
 * commands. What is wrong with a script ends the program with file and line.
 */
#ifndef WINRM_HOST_SCRIPT_H
#define WINRM_HOST_SCRIPT_H

#include "winrm-host/daemon_control.h"

struct script_options {
	const char *plugin; /* what "load" loads */
	const char *faulty; /* what "load faulty" loads */
	unsigned scale;     /* counts with a star are divided by this */
	const struct daemon_control *daemon;
};

/* Runs the script to its end. Rule: "expectation". */
void script_run(const char *path, const struct script_options *options);

#endif
