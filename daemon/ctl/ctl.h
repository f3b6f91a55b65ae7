/* What all commands of wsauthzctl share. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "ctl/args.h"

enum ctl_exit {
	CTL_DONE = 0,        /* done, or allowed */
	CTL_DENIED = 1,      /* denied, or a check failed */
	CTL_USAGE = 2,       /* the command line is wrong */
	CTL_UNREACHABLE = 3, /* the daemon does not answer */
	CTL_INVALID = 4,     /* data or policy is invalid */
};

/* Options every command takes. */
struct ctl {
	const char *config_path;     /* --config */
	const char *admin_path;      /* --admin, else from the configuration */
	const char *state_directory; /* --state, else from the configuration */
	bool json;
	bool help;
};

/* The admin endpoint and the state directory: from the command line, else from the configuration
 * file, else the built-in defaults when there is no such file at the default place. False after a
 * message on stderr. The texts live as long as the program. */
bool ctl_find_admin(const struct ctl *ctl, const char **path);
bool ctl_find_state(const struct ctl *ctl, const char **directory);

/* The configuration of the daemon, or the defaults, as above. */
struct settings;
bool ctl_find_settings(const struct ctl *ctl, const struct settings **settings);

/* Says on stderr why the databases in `directory` cannot be read, and what to do; `why` may be empty. */
void ctl_report_unreadable(const char *directory, enum error error, struct buf *why);

/* Reads the configuration file, which must be there. Errors with `why`, of config_read() and
 * file_read_trusted(); texts of `*out` live in `arena`. */
struct config;
enum error ctl_read_config(const struct ctl *ctl, struct arena *arena, struct config *out,
			   struct buf *why) ATTR_MUST_CHECK;

struct ctl_command {
	const char *words;    /* "audit query" */
	const char *operands; /* for help, "" for none */
	const char *summary;
	const struct arg_option *options; /* ends with a NULL name */
	size_t options_size;              /* of the struct that `run` gets, zeroed before parsing */
	int operand_min, operand_max;
	enum ctl_exit (*run)(const struct ctl *ctl, const void *options, char **operands,
			     int operand_count);
};

/* For a command that takes none; its options_size is 0. */
extern const struct arg_option ctl_no_options[];

extern const struct ctl_command status_command;
extern const struct ctl_command metrics_command;
extern const struct ctl_command doctor_command;
extern const struct ctl_command bench_command;
extern const struct ctl_command authorize_command;
extern const struct ctl_command explain_command;
extern const struct ctl_command records_list_command;
extern const struct ctl_command records_show_command;
extern const struct ctl_command records_revoke_command;
extern const struct ctl_command block_command;
extern const struct ctl_command unblock_command;
extern const struct ctl_command blocks_command;
extern const struct ctl_command audit_query_command;
extern const struct ctl_command audit_tail_command;
extern const struct ctl_command audit_top_command;
extern const struct ctl_command audit_stats_command;
extern const struct ctl_command audit_sql_command;
extern const struct ctl_command audit_export_command;
extern const struct ctl_command audit_report_command;
extern const struct ctl_command audit_verify_command;
extern const struct ctl_command audit_head_command;
extern const struct ctl_command audit_key_command;
extern const struct ctl_command audit_segments_command;
extern const struct ctl_command audit_seal_command;
extern const struct ctl_command audit_prune_command;
extern const struct ctl_command policy_reload_command;
extern const struct ctl_command policy_rollback_command;
extern const struct ctl_command policy_check_command;
extern const struct ctl_command policy_test_command;
extern const struct ctl_command policy_history_command;
extern const struct ctl_command policy_show_command;
extern const struct ctl_command policy_diff_command;
extern const struct ctl_command policy_replay_command;
extern const struct ctl_command policy_shadow_command;
extern const struct ctl_command cedar_authorize_command;
extern const struct ctl_command cedar_validate_command;
extern const struct ctl_command cedar_format_command;
extern const struct ctl_command cedar_check_parse_command;

#endif
