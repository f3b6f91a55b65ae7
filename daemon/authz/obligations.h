/*
 * What a policy asks for beside its effect: annotations, compiled once at activation.
 *
 *	@idle_timeout("15m")                permit  the record ends after so long without use
 *	@max_lifetime("8h")                 permit  the record ends so long after its creation
 *	@max_shells("5")                    permit  open shells
 *	@max_operations("100")              permit  operations at the same time
 *	@max_operations_per_timeslot("500") permit  operations, follow-on ones too, per time slot
 *	@timeslot("60s")                    permit  length of the time slot
 *	@redirect("https://host/path")      forbid  Connect only: where the client should go instead
 *	@deny_message("...")                forbid  a text for the user
 *	@priority("10")                     forbid  which redirect and message win; 0 without it
 *	@id("name")                         both    the policy's id
 *
 * Durations are written as in Cedar's duration(). Counts are at least 1, or "unlimited".
 * Merging over the determining policies does not depend on their order: of what a permit gives the
 * smallest value wins, of what a forbid says the one with the highest priority and, among equals,
 * of the policy whose id comes first in byte order.
 */
#ifndef AUTHZ_OBLIGATIONS_H
#define AUTHZ_OBLIGATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/cedar.h"
#include "cedar/source.h"

enum {
	OBLIGATIONS_MAX_REDIRECT_BYTES = 2048,
	OBLIGATIONS_MAX_MESSAGE_BYTES = 1024,
	OBLIGATIONS_MAX_ID_BYTES = 256,
};

/* No time-out may be longer: 366 days. */
#define OBLIGATIONS_MAX_DURATION_MS (INT64_C(366) * 24 * 60 * 60 * 1000)

/* WSMAN_AUTHZ_QUOTA; a field that is 0 was not set. */
#define QUOTA_UNLIMITED UINT32_MAX

struct quota {
	uint32_t max_shells;
	uint32_t max_operations;
	uint32_t timeslot_s;
	uint32_t max_operations_per_timeslot;
};

/* What permits give; a field that is 0 was not set. */
struct grant {
	int64_t idle_timeout_ms;
	int64_t max_lifetime_ms;
	struct quota quota;
};

/* A text of a forbid, with what decides between several. */
struct refusal_text {
	struct str text;      /* ptr is NULL when there is none */
	struct str policy_id; /* who says it */
	int64_t priority;
};

/* What forbids say. */
struct refusal {
	struct refusal_text redirect;
	struct refusal_text deny_message;
};

/* The obligations of one policy. A permit has only a grant, a forbid only a refusal. */
struct obligations {
	struct grant grant;
	struct refusal refusal;
};

/* Compiles the annotations of `policy`, which stands in `source`; texts are borrowed from it. An
 * unknown key is a warning. ERR_INVALID, with a diagnostic per fault, for a bad value, a key on the
 * wrong effect, or an id that is malformed. */
enum error obligations_compile(const struct cedar_policy_info *policy, const struct source *source,
			       struct obligations *obligations,
			       struct cedar_diags *diags) ATTR_MUST_CHECK;

/* Reads `value` as that of the annotation `key`, which must be one there is, into its place in
 * `obligations`; texts are borrowed. NULL, or what the value must be: "must be ...". */
const char *obligations_read(struct str key, struct str value, struct obligations *obligations);

/* The registry, for who documents it: the N-th annotation and where it may stand; false beyond the
 * last. */
bool obligations_row(size_t index, struct str *key, bool *on_permit, bool *on_forbid);

/* True when `id` can be the id of a policy: 1 to 256 bytes of UTF-8 without control characters. */
bool obligations_id_valid(struct str id);

/* Merges what one more determining policy says; start with a zeroed grant or refusal. */
void grant_merge(struct grant *grant, const struct grant *other);
void refusal_merge(struct refusal *refusal, const struct refusal *other);

#endif
