/* wsauthzd: from the command line to the daemon that serves, or to what else was asked. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "config/config.h"
#include "daemon/command_line.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/log_output.h"
#include "platform/process.h"
#include "platform/service.h"
#include "policy/candidate.h"
#include "policy/load.h"
#include "server/role.h"
#include "server/server.h"
#include "server/version.h"

static enum exit_code exit_code_of(enum error error)
{
	switch (error) {
	case ERR_NONE: return EXIT_DONE;
	case ERR_BUSY:
	case ERR_EXISTS: return EXIT_RUNNING;
	case ERR_INVALID:
	case ERR_SYNTAX:
	case ERR_NOT_FOUND:
	case ERR_DENIED:
	case ERR_FOREIGN:
	case ERR_VERSION:
	case ERR_CORRUPT: return EXIT_INVALID;
	default: return EXIT_FAILED;
	}
}

/* Says what is wrong for a person, harmless for the terminal, where the log of this process goes. */
static void print_problem(const struct buf *why, enum error error)
{
	struct log_output output;
	struct buf text;

	log_output_init(&output);
	buf_init(&text, SIZE_MAX);
	buf_append_str(&text, STR("wsauthzd: "));
	log_escape(&text, why->length != 0 ? buf_str(why) : str_from(error_text(error)));
	buf_append_byte(&text, '\n');
	log_output_write(&output, LOG_ERROR, buf_str(&text));
	buf_deinit(&text);
	log_output_deinit(&output);
}

static enum error read_config(const char *path, struct arena *arena, struct config *config,
			      struct buf *why)
{
	struct buf text;
	enum error error;

	buf_init(&text, CONFIG_MAX_BYTES);
	error = file_read_trusted(path, CONFIG_MAX_BYTES, &text, why);
	if (error == ERR_NONE)
		error = config_read(str_from(path), buf_str(&text), arena, config, why);
	buf_deinit(&text);
	return error;
}

/* Says which accounts of the lists do not exist. */
static enum exit_code check_accounts(const struct config *config)
{
	enum error (*const read[])(const struct settings *settings, struct role_rules *rules,
				   struct buf *why) = {role_rules_read_hosts,
						       role_rules_read_admins};
	enum exit_code code = EXIT_DONE;
	struct buf why;

	buf_init(&why, LOG_MESSAGE_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(read); i++) {
		struct role_rules rules;
		enum error error;

		buf_clear(&why);
		error = read[i](&config->server, &rules, &why);
		if (error != ERR_NONE) {
			print_problem(&why, error);
			code = EXIT_INVALID;
		}
	}
	buf_deinit(&why);
	return code;
}

/* Prints what --check finds about the policy. */
static enum exit_code check_policy(const struct config *config)
{
	const char *directory = config->server.policy_directory;
	struct policy_load load;
	struct hash_key key;
	enum exit_code code;
	struct buf text;

	if (platform_random(&key, sizeof(key)) != ERR_NONE)
		return EXIT_FAILED;
	policy_load_init(&load);
	buf_init(&text, SIZE_MAX);
	policy_load_directory(&load, directory, key);
	policy_load_print(&load, &text);
	fputs(buf_text(&text), stderr);
	code = load.error == ERR_NO_MEMORY ? EXIT_FAILED : EXIT_INVALID;
	if (load.error == ERR_NONE) {
		size_t count = cedar_policy_count(snapshot_engine(load.snapshot));

		printf("%s: %zu %s valid\n", directory, count,
		       count == 1 ? "policy is" : "policies are");
		code = EXIT_DONE;
	} else {
		fprintf(stderr, "wsauthzd: %s: the policy is invalid\n", directory);
	}
	buf_deinit(&text);
	policy_load_deinit(&load);
	return code;
}

static void tell_ready(const struct log *log, int ready_fd)
{
	enum error error = ready_fd >= 0 ? ready_fd_notify(ready_fd) : ERR_NONE;

	if (error != ERR_NONE)
		log_warning(log, "service.ready_fd", "descriptor %d: %s", ready_fd,
			    error_text(error));
	error = service_notify("READY=1");
	if (error != ERR_NONE)
		log_warning(log, "service.notify", "READY=1: %s", error_text(error));
}

static enum exit_code serve(const struct config *config, int ready_fd)
{
	struct log_output output;
	struct log log = {
		.level = config->log_level,
		.format = config->log_format,
		.clock = platform_clock(),
		.sink = log_output_write,
		.arg = &output,
	};
	struct server *server = NULL;
	enum error error;
	struct buf why;

	log_output_init(&output);
	buf_init(&why, LOG_MESSAGE_MAX);
	error = server_new(&config->server, &log, log.clock, &server, &why);
	if (error == ERR_NONE) {
		service_listen(server_ask, server);
		tell_ready(&log, ready_fd);
		server_run(server);
		service_listen(NULL, NULL);
		server_free(server);
	} else {
		log_error(&log, "server.not_started", "%s",
			  why.length != 0 ? buf_text(&why) : error_text(error));
	}
	buf_deinit(&why);
	log_output_deinit(&output);
	return exit_code_of(error);
}

/* Installs the service or takes it away. */
static enum exit_code change_service(const struct command_line *command)
{
	enum error error;
	struct buf why;

	buf_init(&why, LOG_MESSAGE_MAX);
	error = command->install ? service_install(command->config_path, &why)
				 : service_uninstall(&why);
	if (error != ERR_NONE)
		print_problem(&why, error);
	buf_deinit(&why);
	return error == ERR_NONE ? EXIT_DONE : EXIT_FAILED;
}

/* For service_run(). */
static int run(void *arg)
{
	const struct command_line *command = arg;
	struct config config;
	struct arena arena;
	enum exit_code code;
	enum error error;
	struct buf why;

	arena_init(&arena, 1024, SIZE_MAX);
	buf_init(&why, LOG_MESSAGE_MAX);
	error = read_config(command->config_path, &arena, &config, &why);
	if (error != ERR_NONE) {
		print_problem(&why, error);
		code = error == ERR_NO_MEMORY || error == ERR_IO ? EXIT_FAILED : EXIT_INVALID;
	} else if (command->check) {
		enum exit_code accounts = check_accounts(&config);

		code = check_policy(&config);
		if (code == EXIT_DONE)
			code = accounts;
	} else {
		config.server.isolates_candidates = true;
		code = serve(&config, command->ready_fd);
	}
	buf_deinit(&why);
	arena_deinit(&arena);
	return code;
}

int main(int argc, char **argv)
{
	struct command_line command;
	enum error error;

#ifdef WSAUTHZ_DEBUGGABLE
	error = process_harden(true);
#else
	error = process_harden(false);
#endif
	if (error != ERR_NONE) {
		fprintf(stderr, "wsauthzd: the process could not be secured: %s\n",
			error_text(error));
		return EXIT_FAILED;
	}
	error = process_arguments(&argc, &argv);
	if (error != ERR_NONE) {
		fprintf(stderr, "wsauthzd: %s\n", error_text(error));
		return EXIT_FAILED;
	}
	if (argc == 2 && strcmp(argv[1], POLICY_CANDIDATE_ARGUMENT) == 0)
		return policy_candidate_main();
	if (!command_line_read(argc, argv, &command)) {
		command_line_help(stderr);
		return EXIT_USAGE;
	}
	if (command.help) {
		command_line_help(stdout);
		return EXIT_DONE;
	}
	if (command.version) {
		printf("wsauthzd %s\n", server_version());
		return EXIT_DONE;
	}
	if (command.install || command.uninstall)
		return (int)change_service(&command);
	return command.service ? service_run(run, &command) : run(&command);
}
