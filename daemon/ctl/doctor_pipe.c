/* The two pipes: whose they are, and whom they let in. */
#include "ctl/doctor_pipe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "platform/inspect.h"
#include "platform/peer.h"

enum { LOOK_TIMEOUT_MS = 5000 };

/* Rights as the system numbers them. */
static const uint32_t generic_all = 0x10000000;
static const uint32_t all_on_a_pipe = 0x001F01FF; /* what that becomes */

static const char everybody[] = "S-1-1-0";
static const char network[] = "S-1-5-2";
static const char anonymous[] = "S-1-5-7";
static const char system_account[] = "S-1-5-18";
static const char administrators[] = "S-1-5-32-544";

bool doctor_pipe_add(struct doctor_pipe *pipe, const char *account)
{
	for (uint32_t i = 0; i < pipe->account_count; i++) {
		if (strcmp(pipe->accounts[i], account) == 0)
			return true;
	}
	if (pipe->account_count == DOCTOR_PIPE_ACCOUNTS_MAX)
		return false;
	snprintf(pipe->accounts[pipe->account_count++], SID_TEXT_MAX, "%s", account);
	return true;
}

static bool wants(const struct doctor_pipe *pipe, const char *account)
{
	for (uint32_t i = 0; i < pipe->account_count; i++) {
		if (strcmp(pipe->accounts[i], account) == 0)
			return true;
	}
	return false;
}

/* Whether all logons of that kind are turned away before anybody is let in. */
static bool turns_away(const struct access_facts *facts, const char *account)
{
	for (uint32_t i = 0; i < facts->entry_count && facts->entries[i].is_denied; i++) {
		const struct access_entry *entry = &facts->entries[i];

		if (strcmp(entry->account, account) == 0 &&
		    ((entry->rights & generic_all) != 0 ||
		     (entry->rights & all_on_a_pipe) == all_on_a_pipe))
			return true;
	}
	return false;
}

static bool lets_in(const struct access_facts *facts, const char *account)
{
	for (uint32_t i = 0; i < facts->entry_count; i++) {
		const struct access_entry *entry = &facts->entries[i];

		if (!entry->is_denied && strcmp(entry->account, account) == 0 &&
		    (entry->rights & PIPE_CLIENT_RIGHTS) == PIPE_CLIENT_RIGHTS)
			return true;
	}
	return false;
}

static bool is_denied(const struct access_facts *facts, const char *account)
{
	for (uint32_t i = 0; i < facts->entry_count; i++) {
		if (facts->entries[i].is_denied && strcmp(facts->entries[i].account, account) == 0)
			return true;
	}
	return false;
}

/* One who may open the pipe, and is not its owner. */
static void judge_entry(const struct access_entry *entry, const struct doctor_pipe *wanted,
			struct doctor_verdict *verdict)
{
	const char *who = entry->account;

	if (strcmp(who, everybody) == 0)
		doctor_add(verdict, DOCTOR_PROBLEM, "lets in everybody");
	else if (strcmp(who, anonymous) == 0)
		doctor_add(verdict, DOCTOR_PROBLEM, "lets in who did not log on");
	else if (strcmp(who, network) == 0)
		doctor_add(verdict, DOCTOR_PROBLEM, "lets in users of other machines");
	else if ((entry->rights & ~(uint32_t)PIPE_CLIENT_RIGHTS) != 0)
		doctor_add(verdict, DOCTOR_PROBLEM,
			   "lets %s make instances of its own or change who may (0x%" PRIx32 ")",
			   who, entry->rights);
	else if ((entry->rights & ~(uint32_t)PIPE_LOOK_RIGHTS) != 0 && !wants(wanted, who))
		doctor_add(verdict, DOCTOR_PROBLEM,
			   "lets in %s, whom the configuration does not name", who);
}

static void judge_list(const struct access_facts *facts, const struct doctor_pipe *wanted,
		       struct doctor_verdict *verdict)
{
	if (!turns_away(facts, network))
		doctor_add(verdict, DOCTOR_PROBLEM, "does not turn away users of other machines");
	if (!turns_away(facts, anonymous))
		doctor_add(verdict, DOCTOR_PROBLEM, "does not turn away who did not log on");
	for (uint32_t i = 0; i < facts->entry_count; i++) {
		const struct access_entry *entry = &facts->entries[i];

		if (!entry->is_denied && strcmp(entry->account, facts->owner) != 0)
			judge_entry(entry, wanted, verdict);
	}
	for (uint32_t i = 0; i < wanted->account_count; i++) {
		const char *account = wanted->accounts[i];

		if (strcmp(account, facts->owner) != 0 &&
		    (!lets_in(facts, account) || is_denied(facts, account)))
			doctor_add(verdict, DOCTOR_PROBLEM,
				   "does not let in %s, whom the configuration names", account);
	}
}

/* A service's SID or the system, whose integrity suffices for any label. */
static bool is_service(const char *owner)
{
	static const char service[] = "S-1-5-80-";

	return strncmp(owner, service, sizeof(service) - 1) == 0 ||
	       strcmp(owner, system_account) == 0;
}

/* Whether nobody but administrators, the system and the owner is to be let in. */
static bool wants_label(const struct access_facts *facts, const struct doctor_pipe *wanted)
{
	for (uint32_t i = 0; i < wanted->account_count; i++) {
		const char *account = wanted->accounts[i];

		if (strcmp(account, administrators) != 0 && strcmp(account, system_account) != 0 &&
		    strcmp(account, facts->owner) != 0)
			return false;
	}
	return wanted->is_for_admins;
}

/* A daemon that somebody started from a console may have been without the integrity to give one. */
static void judge_label(const struct access_facts *facts, const struct doctor_pipe *wanted,
			struct doctor_verdict *verdict)
{
	const uint32_t rules = ACCESS_NO_WRITE_UP | ACCESS_NO_READ_UP;
	enum doctor_result result = is_service(facts->owner) ? DOCTOR_PROBLEM : DOCTOR_WARNING;

	if (!wants_label(facts, wanted))
		return;
	if (!facts->has_label)
		doctor_add(verdict, result,
			   "has no label that keeps programs out which are not elevated");
	else if (facts->label_level < ACCESS_LEVEL_HIGH || (facts->label_rules & rules) != rules)
		doctor_add(verdict, result,
			   "has a label that lets in programs which are not elevated "
			   "(level 0x%" PRIx32 ", rules 0x%" PRIx32 ")",
			   facts->label_level, facts->label_rules);
}

enum doctor_result doctor_judge_pipe(const struct access_facts *facts,
				     const struct doctor_pipe *wanted,
				     struct doctor_finding *finding)
{
	struct doctor_verdict verdict = {&finding->detail, DOCTOR_OK};

	buf_printf(&finding->detail, "owned by %s, %" PRIu32 " entries", facts->owner,
		   facts->entry_count);
	if (wanted->owner[0] != '\0' && strcmp(wanted->owner, facts->owner) != 0)
		doctor_add(&verdict, DOCTOR_PROBLEM,
			   "must be owned by %s, the only one that the plug-in believes",
			   wanted->owner);
	if (facts->has_list)
		judge_list(facts, wanted, &verdict);
	else
		doctor_add(&verdict, DOCTOR_PROBLEM,
			   "has no access list, so that everybody may do anything with it");
	judge_label(facts, wanted, &verdict);
	if (verdict.result != DOCTOR_OK) {
		buf_append_str(&finding->advice,
			       STR("find out who listens there; if it is the service, restart it, "
				   "which makes the access list by the configuration"));
		return verdict.result;
	}
	if (wanted->owner[0] != '\0')
		return DOCTOR_OK;
	buf_append_str(&finding->detail, STR("; not checked: whether that is the right owner, "
					     "which the plug-in's settings should say"));
	buf_append_str(&finding->advice, STR("mend plugin.settings first"));
	return DOCTOR_WARNING;
}

/* What the configuration asks for. */

/* An account that there is none of is said by doctor_look_accounts(). */
static bool add_accounts(struct doctor_pipe *pipe, const struct settings_accounts *accounts)
{
	char sid[SID_TEXT_MAX];

	for (uint32_t i = 0; i < accounts->count; i++) {
		if (account_find_sid(accounts->items[i], sid) == ERR_NONE &&
		    !doctor_pipe_add(pipe, sid))
			return false;
	}
	return true;
}

static bool add_endpoint(struct doctor_pipe *pipe, const struct settings_endpoint *endpoint)
{
	if (endpoint->users.count == 0 && endpoint->groups.count == 0)
		return doctor_pipe_add(pipe, system_account) &&
		       doctor_pipe_add(pipe, administrators);
	return add_accounts(pipe, &endpoint->users) && add_accounts(pipe, &endpoint->groups);
}

static bool add_role(struct doctor_pipe *pipe, const struct settings_role *role)
{
	return add_accounts(pipe, &role->users) && add_accounts(pipe, &role->groups);
}

static enum doctor_result look_at_pipe(const char *path, const struct doctor_pipe *wanted,
				       struct access_facts *facts, struct doctor_finding *finding)
{
	enum error error = endpoint_inspect(path, LOOK_TIMEOUT_MS, facts, &finding->detail);

	if (error == ERR_UNSUPPORTED)
		return DOCTOR_LEFT_OUT;
	if (error == ERR_NONE) {
		buf_printf(&finding->detail, "%s: ", path);
		return doctor_judge_pipe(facts, wanted, finding);
	}
	if (error == ERR_NOT_FOUND) {
		doctor_not_checked(finding, "start the service");
		return DOCTOR_WARNING;
	}
	doctor_not_checked(finding, "run this command as administrator, or as the system");
	return DOCTOR_WARNING;
}

/* Both are too large for a stack. */
struct room {
	struct doctor_pipe wanted;
	struct access_facts facts;
};

static enum doctor_result look_at_endpoint(const struct doctor *doctor, bool is_for_admins,
					   struct doctor_finding *finding)
{
	const struct settings *settings = &doctor->config.server;
	const struct settings_endpoint *endpoint =
		is_for_admins ? &settings->admin : &settings->authorize;
	enum doctor_result result = DOCTOR_PROBLEM;
	struct room *room;
	bool fits;

	if (!doctor->has_config)
		return DOCTOR_LEFT_OUT;
	room = mem_calloc(1, sizeof(*room));
	if (room == NULL) {
		finding->detail.failed = ERR_NO_MEMORY;
		return result;
	}
	room->wanted.owner = doctor->server_owner;
	room->wanted.is_for_admins = is_for_admins;
	fits = add_endpoint(&room->wanted, endpoint) &&
	       (!is_for_admins || (add_role(&room->wanted, &settings->operators) &&
				   add_role(&room->wanted, &settings->auditors)));
	if (fits)
		result = look_at_pipe(endpoint->socket, &room->wanted, &room->facts, finding);
	else
		finding->detail.failed = ERR_LIMIT;
	mem_free(room);
	return result;
}

enum doctor_result doctor_look_authorize_pipe(struct doctor *doctor, struct doctor_finding *finding)
{
	return look_at_endpoint(doctor, false, finding);
}

enum doctor_result doctor_look_admin_pipe(struct doctor *doctor, struct doctor_finding *finding)
{
	return look_at_endpoint(doctor, true, finding);
}
