#include "ctl/doctor.h"

#include "ctl/output.h"

static const struct doctor_check checks[] = {
	{"configuration", doctor_look_configuration},
	{"accounts", doctor_look_accounts},
	{"policy", doctor_look_policy},
	{"policy.shadow", doctor_look_shadow},
	{"state.directory", doctor_look_state},
	{"state.files", doctor_look_state_files},
	{"state.space", doctor_look_state_space},
	{"state.database", doctor_look_state_database},
	{"audit.segments", doctor_look_segments},
	{"authorize.directory", doctor_look_authorize_directory},
	{"authorize.socket", doctor_look_authorize_socket},
	{"admin.directory", doctor_look_admin_directory},
	{"admin.socket", doctor_look_admin_socket},
	{"service", doctor_look_service},
	{"service.program", doctor_look_program},
	{"plugin.settings", doctor_look_settings},
	{"plugin.library", doctor_look_library},
	{"plugin.library32", doctor_look_library32},
	{"plugin.iis", doctor_look_iis},
	{"state.access", doctor_look_state_access},
	{"authorize.pipe", doctor_look_authorize_pipe},
	{"admin.pipe", doctor_look_admin_pipe},
	{"daemon.answers", doctor_look_daemon},
	{"daemon.health", doctor_look_health},
	{"daemon.version", doctor_look_version},
	{"system.boot_id", doctor_look_boot_id},
	{"system.clock", doctor_look_clock},
};

static enum ctl_exit run(const struct ctl *ctl, const void *options, char **operands,
			 int operand_count)
{
	struct doctor doctor = {.ctl = ctl};
	struct doctor_counts counts;
	struct buf line;

	(void)options;
	(void)operands;
	(void)operand_count;
	arena_init(&doctor.arena, 4096, 1 << 20);
	counts = doctor_run(&doctor, checks, ARRAY_COUNT(checks), ctl->json, output_line);
	if (!ctl->json) {
		buf_init(&line, DOCTOR_TEXT_MAX);
		doctor_append_counts(&line, &counts);
		output_line(&line);
		buf_deinit(&line);
	}
	link_close(doctor.link);
	arena_deinit(&doctor.arena);
	return counts.of[DOCTOR_PROBLEM] != 0 ? CTL_DENIED : CTL_DONE;
}

const struct ctl_command doctor_command = {
	.words = "doctor",
	.operands = "",
	.summary = "checks the installation on this machine; exit code 1 when there is a problem",
	.options = ctl_no_options,
	.run = run,
};
