/* The two doors, who answers behind them, and the machine. */
#include <stdio.h>

#include "ctl/doctor.h"
#include "ctl/output.h"
#include "platform/clock.h"
#include "platform/inspect.h"
#include "platform/paths.h"
#include "platform/peer.h"

static enum doctor_result look_at_directory(const struct doctor *doctor,
					    const struct settings_endpoint *endpoint,
					    struct doctor_finding *finding)
{
	struct buf *detail = &finding->detail, *advice = &finding->advice;
	char path[PLATFORM_PATH_MAX];
	struct path_facts facts;
	enum error error;
	bool is_ours;

	if (!doctor->has_config)
		return DOCTOR_LEFT_OUT;
	error = path_inspect_parent(endpoint->socket, &facts, path, detail);
	if (error == ERR_UNSUPPORTED)
		return DOCTOR_LEFT_OUT;
	if (error != ERR_NONE) {
		buf_append_str(advice, STR("start the daemon, or its sockets where systemd "
					   "listens: they make it"));
		return DOCTOR_PROBLEM;
	}
	buf_printf(detail, "%s: %s", path, facts.rights);
	is_ours = facts.is_of_root ||
		  (doctor->has_owner && doctor_same_account(&facts.owner, &doctor->owner));
	if (facts.kind == PATH_DIRECTORY && is_ours && (facts.mode & 022) == 0)
		return DOCTOR_OK;
	buf_append_str(detail, STR(", but it must be a directory that only root or the daemon's "
				   "account can change"));
	buf_printf(advice, "chown root %s; chmod go-w %s", path, path);
	return DOCTOR_PROBLEM;
}

enum doctor_result doctor_look_authorize_directory(struct doctor *doctor,
						   struct doctor_finding *finding)
{
	return look_at_directory(doctor, &doctor->config.server.authorize, finding);
}

enum doctor_result doctor_look_admin_directory(struct doctor *doctor,
					       struct doctor_finding *finding)
{
	return look_at_directory(doctor, &doctor->config.server.admin, finding);
}

/* Whether the daemon made the socket by itself, and not the service manager for it: it then left
 * its lock beside it. */
static bool is_made_by_daemon(const struct doctor *doctor, const char *path,
			      const struct path_facts *facts)
{
	struct path_facts lock;
	struct buf name, why;
	bool made;

	buf_init(&name, 2 * PLATFORM_PATH_MAX);
	buf_init(&why, DOCTOR_TEXT_MAX);
	buf_printf(&name, "%s.lock", path);
	made = doctor->has_owner && doctor_same_account(&facts->owner, &doctor->owner) &&
	       path_inspect(buf_text(&name), &lock, &why) == ERR_NONE;
	buf_deinit(&name);
	buf_deinit(&why);
	return made;
}

/* The group and mode that the configuration asks for. */
static enum doctor_result compare_rights(const struct settings_endpoint *endpoint,
					 const struct path_facts *facts,
					 struct doctor_finding *finding)
{
	bool has_group = endpoint->group.length != 0;
	uint32_t mode = has_group ? 0660 : 0600;
	struct peer_rules rules = {0};
	struct buf why;
	bool same = facts->mode == mode;

	buf_init(&why, DOCTOR_TEXT_MAX);
	/* That a group does not exist is said by doctor_look_accounts(). */
	if (has_group && peer_rules_add_group(&rules, endpoint->group, &why) == ERR_NONE)
		same = same && doctor_same_account(&rules.groups[0], &facts->group);
	buf_deinit(&why);
	if (same)
		return DOCTOR_OK;
	buf_printf(&finding->detail, ", but the configuration says %s%.*s%smode %04o",
		   has_group ? "group " : "", STR_ARGS(endpoint->group), has_group ? ", " : "",
		   (unsigned)mode);
	buf_append_str(&finding->advice, STR("restart the daemon, and find out who changed it"));
	return DOCTOR_PROBLEM;
}

static enum doctor_result look_at_socket(const struct doctor *doctor,
					 const struct settings_endpoint *endpoint,
					 struct doctor_finding *finding)
{
	struct buf *detail = &finding->detail, *advice = &finding->advice;
	const char *path = endpoint->socket;
	struct path_facts facts;
	enum error error;

	if (!doctor->has_config)
		return DOCTOR_LEFT_OUT;
	error = path_inspect(path, &facts, detail);
	if (error == ERR_UNSUPPORTED)
		return DOCTOR_LEFT_OUT;
	if (error == ERR_DENIED) {
		buf_append_str(advice, STR("run this command as root or administrator"));
		return DOCTOR_WARNING;
	}
	if (error != ERR_NONE) {
		buf_append_str(advice, STR("start the daemon; its log says why it ended"));
		return DOCTOR_PROBLEM;
	}
	buf_printf(detail, "%s: %s", path, facts.rights);
	if (facts.kind != PATH_ENDPOINT) {
		buf_append_str(detail, STR(", but it is no socket"));
		buf_append_str(advice, STR("remove it and restart the daemon"));
		return DOCTOR_PROBLEM;
	}
	if (is_made_by_daemon(doctor, path, &facts))
		return compare_rights(endpoint, &facts, finding);
	if (!facts.is_of_root && doctor->has_owner &&
	    !doctor_same_account(&facts.owner, &doctor->owner)) {
		buf_append_str(detail, STR(", but neither root nor the daemon's account owns it"));
		buf_append_str(advice, STR("find out who listens there, then restart the daemon"));
		return DOCTOR_PROBLEM;
	}
	if ((facts.mode & 07) != 0) {
		buf_append_str(detail, STR(", but everybody may knock there"));
		buf_append_str(advice, STR("SocketMode=0660 in the socket's unit of systemd"));
		return DOCTOR_PROBLEM;
	}
	return DOCTOR_OK;
}

enum doctor_result doctor_look_authorize_socket(struct doctor *doctor,
						struct doctor_finding *finding)
{
	return look_at_socket(doctor, &doctor->config.server.authorize, finding);
}

enum doctor_result doctor_look_admin_socket(struct doctor *doctor, struct doctor_finding *finding)
{
	return look_at_socket(doctor, &doctor->config.server.admin, finding);
}

static enum ctl_exit ask_status(struct doctor *doctor)
{
	Wsauthz__Status status = WSAUTHZ__STATUS__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	enum ctl_exit code = link_open(doctor->ctl, &doctor->link);

	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_STATUS;
	request.status = &status;
	if (code == CTL_DONE)
		code = link_call(doctor->link, &request, WSAUTHZ__ADMIN_REPLY__BODY_STATUS, &reply);
	if (code == CTL_DONE)
		doctor->status = reply->status;
	return code;
}

enum doctor_result doctor_look_daemon(struct doctor *doctor, struct doctor_finding *finding)
{
	enum ctl_exit code;

	if (!doctor->has_config)
		return DOCTOR_LEFT_OUT;
	output_keep_errors(&finding->detail);
	code = ask_status(doctor);
	output_keep_errors(NULL);
	if (code == CTL_DONE) {
		buf_printf(&finding->detail, "%s: pid %u, up ", doctor->config.server.admin.socket,
			   (unsigned)doctor->status->pid);
		output_duration(&finding->detail, doctor->status->uptime_ms);
		return DOCTOR_OK;
	}
	if (code == CTL_DENIED) {
		buf_append_str(&finding->advice,
			       STR("run this command as root or administrator, or as an account "
				   "that has a role"));
		return DOCTOR_WARNING;
	}
	if (doctor->is_barred)
		buf_append_str(&finding->advice, STR("run this command as root or administrator, "
						     "who may knock; else start the daemon"));
	else
		buf_append_str(&finding->advice,
			       STR("start the daemon; its log says why it ended"));
	return DOCTOR_PROBLEM;
}

enum doctor_result doctor_look_health(struct doctor *doctor, struct doctor_finding *finding)
{
	const Wsauthz__StatusReply *status = doctor->status;

	if (status == NULL)
		return DOCTOR_LEFT_OUT;
	if (status->n_problems == 0) {
		buf_append_str(&finding->detail, STR("the daemon says that all is well"));
		return DOCTOR_OK;
	}
	buf_append_str(&finding->detail, STR("degraded"));
	for (size_t i = 0; i < status->n_problems; i++)
		buf_printf(&finding->detail, "%s%.*s", i == 0 ? ": " : "; ",
			   STR_ARGS(link_str(status->problems[i]->text)));
	buf_append_str(&finding->advice,
		       STR("wsauthzctl status says since when; docs/operations.md "
			   "what helps"));
	return DOCTOR_PROBLEM;
}

enum doctor_result doctor_look_version(struct doctor *doctor, struct doctor_finding *finding)
{
	struct str version;

	if (doctor->status == NULL)
		return DOCTOR_LEFT_OUT;
	version = link_str(doctor->status->server_version);
	buf_printf(&finding->detail, "wsauthzd %.*s, wsauthzctl %s", STR_ARGS(version),
		   WSAUTHZ_VERSION);
	if (str_equal(version, STR(WSAUTHZ_VERSION)))
		return DOCTOR_OK;
	buf_append_str(&finding->advice,
		       STR("restart the daemon after an upgrade, or install both of one version"));
	return DOCTOR_WARNING;
}

enum doctor_result doctor_look_boot_id(struct doctor *doctor, struct doctor_finding *finding)
{
	struct boot_id id;
	enum error error = platform_boot_id(&id);

	(void)doctor;
	if (error == ERR_NONE) {
		buf_append_str(&finding->detail, STR("the system tells one boot from the next"));
		return DOCTOR_OK;
	}
	buf_printf(&finding->detail, "the system does not say which boot this is: %s",
		   error_text(error));
	buf_append_str(&finding->advice, STR("mount /proc; without it the daemon does not start"));
	return DOCTOR_PROBLEM;
}

enum doctor_result doctor_look_clock(struct doctor *doctor, struct doctor_finding *finding)
{
	return doctor_judge_clock(clock_wall_us(platform_clock()), doctor->newest_us, finding);
}
