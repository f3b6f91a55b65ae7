/*
 * Absolute http and https URLs (RFC 3986), as far as authorization needs them: the endpoint that
 * received a request, and the target of a redirect.
 */
#ifndef AUTHZ_URL_H
#define AUTHZ_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { URL_MAX_BYTES = 4096 };

/* Slices of the text that was read, as it was written. */
struct url {
	struct str scheme; /* "http" or "https" in any case */
	struct str host;   /* name, IPv4 address, or IPv6 address in brackets */
	struct str path;   /* from the slash on, up to a query or fragment; may be empty */
	struct str rest;   /* from '?' or '#' on; may be empty */
	uint16_t port;     /* as given, else that of the scheme */
};

/* Reads `text` into `*url`; false, and `*url` left alone, when it is no such URL. User information
 * is refused: it is never meant and helps to deceive. */
bool url_read(struct str text, struct url *url);

/* True when both name the same endpoint: scheme and host without ASCII case, port, and path without
 * ASCII case and without a trailing slash, as IIS compares them. */
bool url_same_endpoint(const struct url *a, const struct url *b);

#endif
