/*
 * The admin channel as wsauthzctl uses it: one request, one reply, blocking with a deadline. The
 * server's account is checked before the first byte (channel_is_trusted()).
 */
#ifndef CTL_LINK_H
#define CTL_LINK_H

#include "base/arena.h"
#include "ctl/ctl.h"
#include "proto/admin.h"

enum { LINK_TIMEOUT_MS = 10000 };

struct link;

/* Connects to the configured admin endpoint and exchanges Hello. CTL_DONE, or another exit code
 * after a message on stderr; `*out` is written only for CTL_DONE. */
enum ctl_exit link_open(const struct ctl *ctl, struct link **out);
void link_close(struct link *link); /* accepts NULL */

/* Sends the request (its id is set here) and waits for its reply, which lives until the next call.
 * A Refusal is reported on stderr and becomes CTL_DENIED when this account may not ask for that,
 * CTL_USAGE for a bad request, and else CTL_UNREACHABLE. `expected` is the body case wanted.
 */
enum ctl_exit link_call(struct link *link, Wsauthz__AdminRequest *request,
			Wsauthz__AdminReply__BodyCase expected, const Wsauthz__AdminReply **reply);

/* A field of type bytes, from and to our slices. */
ProtobufCBinaryData link_bytes(struct str text);
struct str link_str(ProtobufCBinaryData bytes);

#endif
