/*
 * Who asks, made canonical once: two senders are the same principal exactly when their `principal`
 * is the same text, and share a user record exactly when their record key is the same digest.
 *
 * With a token the principal is the user's SID. Without one it is MECHANISM:NAME, and with a
 * certificate MECHANISM:NAME:THUMBPRINT:SUBJECT, all of it case-folded (Unicode simple case
 * folding); THUMBPRINT is that of the certificate's issuer. Within a part a '%' is written %25 and
 * a
 * ':' %3a, so that different senders cannot share a principal. Nothing else is normalised: a name
 * in another normalisation form, with full-width letters or a trailing dot or blank is another
 * name, and matches nothing that was written for the first. Names never take part in a key when
 * there is a SID.
 */
#ifndef AUTHZ_IDENTITY_H
#define AUTHZ_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authz/sender.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/* Bounds of what a sender may say; the same as those of proto/authz.proto. */
enum {
	IDENTITY_MAX_NAME_BYTES = 16384,
	IDENTITY_MAX_MECHANISM_BYTES = 128,
	IDENTITY_MAX_CERTIFICATE_BYTES = 4096, /* each of the three names */
	IDENTITY_MAX_THUMBPRINT_BYTES = 128,
	IDENTITY_MAX_APPLICATION_BYTES = 512,
	IDENTITY_MAX_GROUPS = 1024, /* enabled and deny-only together */
};

/* A digest that stands for (application, principal, mechanism, certificate, token). */
struct record_key {
	uint8_t bytes[32];
};

/* The endpoint that was asked, case-folded; empty with port 0 when WinRM gave no URL. */
struct identity_url {
	struct str scheme, host, path;
	uint16_t port;
};

/* A digest of the endpoint. It is no part of the key, because the client chooses it: by another URL
 * nobody shall get around what was decided against their record. */
struct record_endpoint {
	uint8_t bytes[16];
};

struct identity {
	struct str application; /* as given at Startup */
	struct str principal;   /* the id of the User entity */
	bool has_token;
	bool elevated;
	struct str sid;  /* empty without token */
	struct str name; /* case-folded, as policies see it */
	/* DOMAIN\user and user@domain come apart; any other name is an account without domain. */
	struct str account;
	struct str domain; /* empty when there is none */
	struct str mechanism;
	bool has_certificate;
	struct sender_certificate certificate; /* thumbprint in lower case */
	struct identity_url url;
	/* Group SIDs, sorted by bytes, each once. A SID that was given as enabled and as deny-only
	 * is deny-only, because the doubt must not permit anything. The SID of the logon is left
	 * out: it is another one each time the same user logs on. */
	const struct str *groups;
	size_t group_count;
	const struct str *deny_only_groups;
	size_t deny_only_group_count;
	struct record_key key;
	struct record_endpoint endpoint;
};

/* Reads `sender`, who uses `application`. What the identity points to lives in `arena` or is
 * borrowed from the sender. ERR_INVALID or ERR_LIMIT when the sender is malformed, with the
 * static name of the field in `*what`; ERR_NO_MEMORY. */
enum error identity_read(struct arena *arena, struct str application, const struct sender *sender,
			 struct identity *identity, const char **what) ATTR_MUST_CHECK;

/* A principal as an administrator types it (a SID, a name, or a principal without token), made
 * comparable with `principal` and `name`: a SID in its one spelling, whatever its case, anything else case-folded, in `arena`.
 * ERR_INVALID (empty, too long, not UTF-8, NUL), ERR_NO_MEMORY. */
enum error identity_read_principal(struct arena *arena, struct str text,
				   struct str *principal) ATTR_MUST_CHECK;

#endif
