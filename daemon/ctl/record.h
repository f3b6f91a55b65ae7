/* A user record by its id, for the commands that take one. */
#ifndef CTL_RECORD_H
#define CTL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/link.h"

/* An id as it is printed: 32 hexadecimal digits. False when the text is something else. */
bool record_id_parse(const char *text, uint8_t id[AUTHZ_ID_BYTES]);

/* Asks the daemon for the live record, which lives until the next call. CTL_DENIED after a message
 * when there is none; else as link_call(). */
enum ctl_exit record_fetch(struct link *link, uint8_t id[AUTHZ_ID_BYTES],
			   const Wsauthz__Record **out);

#endif
