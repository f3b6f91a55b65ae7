/* The options that the commands about the audit share: which rows, and in which form. */
#ifndef CTL_AUDIT_OPTIONS_H
#define CTL_AUDIT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "ctl/args.h"
#include "ctl/ctl.h"
#include "store/audit_query.h"

/* As given; the struct of a command's options has one as a member. */
struct audit_options {
	const char *user, *application, *action, *resource, *host, *policy, *source, *since, *until;
	struct arg_list decisions;
	uint64_t revision;
	bool denied;
};

/* The rows of a table of options, for the member `member` of `type`. */
#define AUDIT_OPTION_(type, member, field, name, kind, value, help)                                \
	{                                                                                          \
		name, kind, offsetof(type, member.field), value, help                              \
	}
#define AUDIT_OPTIONS(type, member)                                                                \
	AUDIT_OPTION_(type, member, user, "--user", ARG_TEXT, "NAME|SID",                          \
		      "of this user, whatever the case"),                                          \
		AUDIT_OPTION_(type, member, denied, "--denied", ARG_FLAG, NULL, "denials only"),   \
		AUDIT_OPTION_(type, member, decisions, "--decision", ARG_LIST, "DECISION",         \
			      "allow, deny or redirect; may be given more than once"),             \
		AUDIT_OPTION_(type, member, since, "--since", ARG_TEXT, "TIME",                    \
			      "from then: 15m or 7d (ago), today, 02:00, 2026-11-22T21:38, "       \
			      "...+01:00 (without: UTC)"),                                         \
		AUDIT_OPTION_(type, member, until, "--until", ARG_TEXT, "TIME", "before then"),    \
		AUDIT_OPTION_(type, member, action, "--action", ARG_TEXT, "ACTION",                \
			      "Connect, Get, Invoke, ..."),                                        \
		AUDIT_OPTION_(type, member, resource, "--resource", ARG_TEXT, "PREFIX",            \
			      "resource URIs that start with it, or with an alias such as "        \
			      "wmicimv2"),                                                         \
		AUDIT_OPTION_(type, member, host, "--host", ARG_TEXT, "HOST",                      \
			      "asked at this host of the endpoint's URL"),                         \
		AUDIT_OPTION_(type, member, policy, "--policy", ARG_TEXT, "ID",                    \
			      "decided by this policy, or it erred"),                              \
		AUDIT_OPTION_(type, member, application, "--application", ARG_TEXT, "NAME",        \
			      "of this application"),                                              \
		AUDIT_OPTION_(type, member, source, "--source", ARG_TEXT, "SOURCE",                \
			      "policy, default, record, policy_error, ..."),                       \
		AUDIT_OPTION_(type, member, revision, "--revision", ARG_COUNT, "N",                \
			      "under this policy revision")

/* Makes a filter of them, of decisions; folded text lives in `arena`. False after a message. */
bool audit_options_filter(const struct audit_options *options, struct arena *arena,
			  struct audit_filter *filter);

/* Whether an option is set that only decisions can match. */
bool audit_options_are_of_decisions(const struct audit_options *options);

/* A --since that stands for one that was not given. */
void audit_options_default_since(struct audit_options *options, const char *since);

enum audit_format { AUDIT_FORMAT_TABLE, AUDIT_FORMAT_JSON, AUDIT_FORMAT_CSV, AUDIT_FORMAT_OCSF };

/* Reads --format; `allowed` is a set of bits 1 << enum audit_format. Without the option it is JSON
 * with --json, else `otherwise`. False after a message. */
bool audit_options_format(const struct ctl *ctl, const char *text, unsigned allowed,
			  enum audit_format otherwise, enum audit_format *format);

#endif
