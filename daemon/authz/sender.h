/*
 * Who sends a WinRM request, as it came over the wire: nothing here is trusted or normal yet.
 * identity_read() makes an identity of it. All slices are borrowed from the caller.
 */
#ifndef AUTHZ_SENDER_H
#define AUTHZ_SENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* A group of the client token: its SID as text. */
struct sender_group {
	struct str sid;
	bool deny_only; /* SE_GROUP_USE_FOR_DENY_ONLY: may forbid, never permit */
};

/* WSMAN_CERTIFICATE_DETAILS of the client certificate. */
struct sender_certificate {
	struct str subject;           /* distinguished name */
	struct str subject_name;      /* subject alternative name, else common name */
	struct str issuer;            /* distinguished name */
	struct str issuer_thumbprint; /* hexadecimal */
};

/* WSMAN_SENDER_DETAILS with what the plug-in read from the client token. */
struct sender {
	struct str name;      /* senderName: DOMAIN\user, user@domain, a certificate subject, ... */
	struct str mechanism; /* authenticationMechanism */
	struct str http_url;  /* of this server's endpoint; may be empty */
	bool has_token;
	bool elevated;       /* of the token */
	struct str user_sid; /* of the token */
	const struct sender_group *groups;
	size_t group_count;
	const struct sender_certificate *certificate; /* NULL without one */
};

#endif
