/* The verbs of WS-Management: what their action URI is, and whether WinRM asks about them. */
#ifndef WINRM_HOST_VERBS_H
#define WINRM_HOST_VERBS_H

#include <stdbool.h>
#include <stddef.h>

struct verb {
	const char *name;
	const char *action_uri;
	bool is_top_level; /* AuthzOperation is called */
	bool is_long;      /* the operation lasts until it is ended */
	bool is_shell;
};

/* NULL when there is none of this name. */
const struct verb *verb_find(const char *name);

/* Its place among the verbs: what stands for the undocumented number of the operation. */
unsigned verb_number(const struct verb *verb);

#endif
