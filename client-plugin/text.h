/* Texts between WinRM, which speaks UTF-16, and the daemon, which speaks UTF-8. Pure functions. */
#ifndef CLIENT_PLUGIN_TEXT_H
#define CLIENT_PLUGIN_TEXT_H

#include <stddef.h>

#include "client-plugin/client.h"
#include "client-plugin/pool.h"
#include "client-plugin/wsman.h"

/* No text of a question has more units than this: the bytes of the longest name in
 * proto/authz.proto. */
enum { TEXT_MAX_UNITS = 16384 };

/* A copy in UTF-8, from `pool`; "" for NULL. CLIENT_TOO_LARGE beyond TEXT_MAX_UNITS,
 * CLIENT_SENDER for a surrogate without its other half, CLIENT_NO_MEMORY. */
enum client_reason text_copy(PCWSTR text, struct pool *pool, const char **out);

/* Writes `text` as UTF-16 with a zero at the end; what does not fit `unit_count` units is cut off
 * before a whole character, and a byte that is not UTF-8 becomes U+FFFD. Returns the units written
 * without the zero. */
size_t text_widen(const char *text, WCHAR *out, size_t unit_count);

#endif
