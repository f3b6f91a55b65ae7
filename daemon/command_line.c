#include "daemon/command_line.h"

#include <string.h>

#include "base/str.h"
#include "platform/paths.h"
#include "platform/service.h"

void command_line_help(FILE *out)
{
	fprintf(out,
		"usage: wsauthzd [--config FILE] [--check] [--ready-fd N]\n"
		"       wsauthzd install [--config FILE] | uninstall\n"
		"\n"
		"Decides who may do what over Windows Remote Management. Runs in the foreground "
		"until\n"
		"SIGTERM or SIGINT; SIGHUP loads the policy again.\n"
		"\n"
		"  --config FILE   the configuration (default %s)\n",
		platform_paths()->config);
	fputs("  --check         checks configuration and policy, says what is wrong, and ends\n"
	      "  --ready-fd N    writes a newline to descriptor N when the sockets accept\n"
	      "  --version       prints the version\n"
	      "  --help          prints this\n"
	      "  --service       on Windows: for its service manager, who gets it from install\n"
	      "  install         on Windows: registers the service that starts with the machine\n"
	      "  uninstall       on Windows: stops and removes it\n"
	      "\n"
	      "Exit codes: 0 ended as asked; 1 the system failed; 2 wrong command line; 3 another\n"
	      "daemon has the state directory or a socket; 4 configuration, policy or stored data\n"
	      "cannot be used.\n",
	      out);
}

static bool read_descriptor(const char *text, int *out)
{
	uint64_t value;

	/* 0 to 2 are the standard ones. */
	if (!str_to_u64(str_from(text), &value) || value < 3 || value > 1023)
		return false;
	*out = (int)value;
	return true;
}

/* The value of option `name` at argv[*i]: behind '=' or in the next argument. NULL when it is
 * another option, "" when the value is missing. */
static const char *option_value(const char *name, char **argv, int argc, int *i)
{
	size_t length = strlen(name);

	if (strncmp(argv[*i], name, length) != 0)
		return NULL;
	if (argv[*i][length] == '=')
		return argv[*i] + length + 1;
	if (argv[*i][length] != '\0')
		return NULL;
	if (*i + 1 >= argc || argv[*i + 1] == NULL)
		return "";
	return argv[++*i];
}

bool command_line_read(int argc, char **argv, struct command_line *out)
{
	*out = (struct command_line){.config_path = platform_paths()->config, .ready_fd = -1};
	/* A caller may give no arguments at all, not even a name. */
	for (int i = 1; i < argc && argv[i] != NULL; i++) {
		const char *value;

		if (strcmp(argv[i], "--check") == 0) {
			out->check = true;
		} else if (i == 1 && strcmp(argv[i], "install") == 0) {
			out->install = true;
		} else if (i == 1 && strcmp(argv[i], "uninstall") == 0) {
			out->uninstall = true;
		} else if (strcmp(argv[i], SERVICE_ARGUMENT) == 0) {
			out->service = true;
		} else if (strcmp(argv[i], "--version") == 0) {
			out->version = true;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			out->help = true;
		} else if ((value = option_value("--config", argv, argc, &i)) != NULL) {
			if (value[0] == '\0') {
				fputs("wsauthzd: --config needs a file\n", stderr);
				return false;
			}
			out->config_path = value;
		} else if ((value = option_value("--ready-fd", argv, argc, &i)) != NULL) {
			if (!read_descriptor(value, &out->ready_fd)) {
				fputs("wsauthzd: --ready-fd needs a descriptor from 3 to 1023\n",
				      stderr);
				return false;
			}
		} else {
			fprintf(stderr, "wsauthzd: unknown argument '%s'\n", argv[i]);
			return false;
		}
	}
	return true;
}
