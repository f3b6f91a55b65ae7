/* What an administrator wrote: the configuration, the accounts in it, the policy. */
#include <inttypes.h>

#include "ctl/doctor.h"
#include "ctl/output.h"
#include "ctl/policy_check.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "platform/process.h"

enum doctor_result doctor_look_configuration(struct doctor *doctor, struct doctor_finding *finding)
{
	const struct ctl *ctl = doctor->ctl;
	const char *path = ctl->config_path != NULL ? ctl->config_path : platform_paths()->config;
	struct buf *detail = &finding->detail;
	enum error error = ctl_read_config(ctl, &doctor->arena, &doctor->config, detail);

	if (error != ERR_NONE) {
		if (detail->length == 0)
			buf_printf(detail, "%s: %s", path, error_text(error));
		buf_append_str(&finding->advice,
			       error == ERR_DENIED
				       ? STR("run this command as root or administrator")
				       : STR("mend the file and run this command "
					     "again; what needs it was not checked"));
		return DOCTOR_PROBLEM;
	}
	doctor->has_config = true;
	if (ctl->state_directory != NULL)
		doctor->config.server.state_directory = ctl->state_directory;
	if (ctl->admin_path != NULL)
		doctor->config.server.admin.socket = ctl->admin_path;
	buf_printf(detail, "%s: valid", path);
	return DOCTOR_OK;
}

typedef enum error add_account(struct peer_rules *rules, struct str name, struct buf *why);

/* Looks one account up; counts it, and appends what is wrong with it. */
static void look_up(add_account *add, const char *key, struct str name, uint32_t *count,
		    struct buf *missing)
{
	struct peer_rules rules = {0};
	struct buf why;

	buf_init(&why, DOCTOR_TEXT_MAX);
	(*count)++;
	if (add(&rules, name, &why) != ERR_NONE)
		buf_printf(missing, "%s%s: %s", missing->length != 0 ? "; " : "", key,
			   buf_text(&why));
	buf_deinit(&why);
}

enum doctor_result doctor_look_accounts(struct doctor *doctor, struct doctor_finding *finding)
{
	const struct settings *settings = &doctor->config.server;
	const struct {
		const char *key;
		add_account *add;
		const struct settings_accounts *accounts;
	} lists[] = {
		{"authorize.users", peer_rules_add_user, &settings->authorize.users},
		{"authorize.groups", peer_rules_add_group, &settings->authorize.groups},
		{"admin.users", peer_rules_add_user, &settings->admin.users},
		{"admin.groups", peer_rules_add_group, &settings->admin.groups},
		{"roles.operator_users", peer_rules_add_user, &settings->operators.users},
		{"roles.operator_groups", peer_rules_add_group, &settings->operators.groups},
		{"roles.auditor_users", peer_rules_add_user, &settings->auditors.users},
		{"roles.auditor_groups", peer_rules_add_group, &settings->auditors.groups},
	};
	struct buf *detail = &finding->detail;
	uint32_t count = 0;

	if (!doctor->has_config)
		return DOCTOR_LEFT_OUT;
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		for (uint32_t j = 0; j < lists[i].accounts->count; j++)
			look_up(lists[i].add, lists[i].key, lists[i].accounts->items[j], &count,
				detail);
	}
	if (settings->authorize.group.length != 0)
		look_up(peer_rules_add_group, "authorize.group", settings->authorize.group, &count,
			detail);
	if (settings->admin.group.length != 0)
		look_up(peer_rules_add_group, "admin.group", settings->admin.group, &count, detail);
	if (detail->length != 0) {
		buf_append_str(&finding->advice, STR("create the account, or correct its name in "
						     "the configuration"));
		return DOCTOR_PROBLEM;
	}
	if (count == 0)
		buf_append_str(detail, STR("the configuration names none"));
	else
		buf_printf(detail, "all %" PRIu32 " of the configuration exist", count);
	return DOCTOR_OK;
}

static enum doctor_result tell_mistakes(const struct policy_load *load, const char *directory,
					struct doctor_finding *finding)
{
	const struct cedar_diag *diag = load->diags.first;
	struct buf *detail = &finding->detail;

	while (diag != NULL && diag->severity != CEDAR_ERROR)
		diag = diag->next;
	buf_printf(detail, "%s: invalid: ", directory);
	if (load->obstacle.length != 0)
		buf_append_str(detail, buf_str(&load->obstacle));
	else if (diag == NULL)
		buf_append_str(detail, str_from(error_text(load->error)));
	else if (diag->line != 0)
		buf_printf(detail, "%.*s:%" PRIu32 ":%" PRIu32 ": %.*s", STR_ARGS(diag->source),
			   diag->line, diag->column, STR_ARGS(diag->message));
	else
		buf_printf(detail, "%.*s: %.*s", STR_ARGS(diag->source), STR_ARGS(diag->message));
	if (load->diags.error_count > 1)
		buf_printf(detail, " and %" PRIu32 " more", load->diags.error_count - 1);
	buf_printf(&finding->advice, "wsauthzctl policy check %s", directory);
	return DOCTOR_PROBLEM;
}

static enum doctor_result look_at_policy(const char *directory, struct doctor_finding *finding)
{
	enum doctor_result result = DOCTOR_OK;
	struct policy_load load;
	struct hash_key key;

	if (platform_random(&key, sizeof(key)) != ERR_NONE) {
		buf_append_str(&finding->detail, STR("the system gives no random numbers"));
		return DOCTOR_PROBLEM;
	}
	policy_load_init(&load);
	policy_check_directory(&load, directory, key);
	if (load.error != ERR_NONE) {
		result = tell_mistakes(&load, directory, finding);
	} else {
		buf_printf(&finding->detail, "%s: valid, ", directory);
		output_count(&finding->detail, cedar_policy_count(snapshot_engine(load.snapshot)),
			     "policy", "policies");
		if (load.diags.warning_count != 0) {
			buf_append_str(&finding->detail, STR(", "));
			output_count(&finding->detail, load.diags.warning_count, "warning",
				     "warnings");
			buf_printf(&finding->advice, "wsauthzctl policy check %s", directory);
			result = DOCTOR_WARNING;
		}
	}
	policy_load_deinit(&load);
	return result;
}

enum doctor_result doctor_look_policy(struct doctor *doctor, struct doctor_finding *finding)
{
	if (!doctor->has_config)
		return DOCTOR_LEFT_OUT;
	return look_at_policy(doctor->config.server.policy_directory, finding);
}

enum doctor_result doctor_look_shadow(struct doctor *doctor, struct doctor_finding *finding)
{
	const char *directory = doctor->config.server.shadow_directory;
	enum doctor_result result;

	if (!doctor->has_config || directory[0] == '\0')
		return DOCTOR_LEFT_OUT;
	result = look_at_policy(directory, finding);
	/* Nothing is compared then, and everything else goes on. */
	return result == DOCTOR_PROBLEM ? DOCTOR_WARNING : result;
}
