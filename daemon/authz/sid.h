/*
 * Windows security identifiers as text, "S-1-5-21-...". One SID has one text here, so that texts
 * may be compared and hashed in its place.
 *
 * [MS-DTYP] 2.4.2.1, "SID String Format Syntax": revision 1, a 48-bit authority, in decimal below
 * 2^32 and as 0x with twelve digits from there on, and 1 to 15 sub-authorities of 32 bits.
 */
#ifndef AUTHZ_SID_H
#define AUTHZ_SID_H

#include <stdbool.h>

#include "base/str.h"

enum {
	SID_SUB_AUTHORITIES_MAX = 15,
	/* S-1- 0x and twelve digits, fifteen times a dash and ten digits. */
	SID_MAX_BYTES = 4 + 14 + SID_SUB_AUTHORITIES_MAX * 11,
};

/* True when `text` is the one canonical text of a SID: upper-case S, lower-case hexadecimal, no
 * surplus zeros, every number in its range. */
bool sid_valid(struct str text);

/* True when the valid SID `text` is S-1-5-5-X-Y ([MS-DTYP] 2.4.2.4, LOGON_ID): it stands for one
 * logon, and each new one has another. */
bool sid_is_logon(struct str text);

#endif
