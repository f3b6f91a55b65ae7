/*
 * winrm-host: drives an authorization plug-in as an IIS-hosted WinRM does, by a scenario, and says
 * which rules of the contract it broke. Exit status: 0 none, 1 some, 2 the scenario could not run.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winrm-host/calls.h"
#include "winrm-host/host.h"
#include "winrm-host/report.h"
#include "winrm-host/script.h"

struct arguments {
	const char *plugin, *faulty, *fake, *daemon, *script, *trace;
	unsigned scale;
};

static const char usage[] =
	"usage: winrm-host --plugin X [--faulty X] [--fake FAKE-WSAUTHZD] [--daemon fake|real]\n"
	"                  [--scale N] [--trace FILE] --script FILE\n";

static void read_arguments(int argc, char **argv, struct arguments *out)
{
	struct {
		const char *name;
		const char **value;
	} texts[] = {
		{"--plugin", &out->plugin}, {"--faulty", &out->faulty}, {"--fake", &out->fake},
		{"--daemon", &out->daemon}, {"--script", &out->script}, {"--trace", &out->trace},
	};

	for (int i = 1; i < argc; i += 2) {
		size_t j = 0;

		if (i + 1 == argc)
			port_fail("%s wants a value\n%s", argv[i], usage);
		if (strcmp(argv[i], "--scale") == 0) {
			out->scale = (unsigned)strtoul(argv[i + 1], NULL, 10);
			continue;
		}
		while (j < sizeof(texts) / sizeof(texts[0]) && strcmp(texts[j].name, argv[i]) != 0)
			j++;
		if (j == sizeof(texts) / sizeof(texts[0]))
			port_fail("%s is not known\n%s", argv[i], usage);
		*texts[j].value = argv[i + 1];
	}
	if (out->plugin == NULL || out->script == NULL || out->scale == 0)
		port_fail("%s", usage);
}

static const struct daemon_control *open_daemon(const struct arguments *arguments)
{
	const struct daemon_control *control = NULL;

#ifndef WITHOUT_DAEMON
	if (strcmp(arguments->daemon, "real") == 0)
		control = daemon_real();
#endif
	if (strcmp(arguments->daemon, "fake") == 0 && arguments->fake != NULL)
		control = daemon_fake(arguments->fake);
	if (control == NULL)
		port_fail("there is no %s daemon here", arguments->daemon);
	return control;
}

static void check_contexts(void)
{
	uint64_t returned = report_get(REPORT_CONTEXTS_RETURNED);
	uint64_t released = report_get(REPORT_CONTEXTS_RELEASED);

	if (returned != released)
		report_broken("leftover-contexts", "%" PRIu64 " returned, %" PRIu64 " released",
			      returned, released);
}

/* Handles and threads of the time before the first plug-in was loaded. */
static void check_census(size_t handles, size_t threads)
{
	size_t handles_now = census_handles(), threads_now = census_threads();

	if (handles_now > handles + census_own_handles() || threads_now > threads)
		report_broken("leak", "%zu handles of %zu, %zu threads of %zu", handles_now,
			      handles, threads_now, threads);
	printf("handles %zu before and %zu after, threads %zu and %zu\n", handles, handles_now,
	       threads, threads_now);
}

static void *do_nothing(void *arg)
{
	return arg;
}

/* What the system or a sanitizer begins with the first thread of a process, and keeps, is no leak. */
static void begin_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, do_nothing, NULL) != 0)
		port_fail("no thread");
	pthread_join(thread, NULL);
}

static void print_summary(void)
{
	uint64_t calls = report_get(REPORT_USER_CALLS) + report_get(REPORT_OPERATION_CALLS) +
			 report_get(REPORT_QUOTA_CALLS);

	printf("calls %" PRIu64 ", completions %" PRIu64 " (%" PRIu64
	       " before the callback returned), allowed %" PRIu64 ", denied %" PRIu64 "\n",
	       calls, report_get(REPORT_COMPLETIONS), report_get(REPORT_EARLY_COMPLETIONS),
	       report_get(REPORT_ALLOWED_USERS) + report_get(REPORT_ALLOWED_OPERATIONS),
	       report_get(REPORT_DENIALS));
	printf("contexts returned %" PRIu64 ", released %" PRIu64 "\n",
	       report_get(REPORT_CONTEXTS_RETURNED), report_get(REPORT_CONTEXTS_RELEASED));
	printf("callbacks: median %" PRId64 " us, 99%% within %" PRId64 " us, longest %" PRId64
	       " us\n",
	       report_quantile_us(500), report_quantile_us(990), report_quantile_us(1000));
}

int main(int argc, char **argv)
{
	static const struct host_options options = {
		.operation_timeout_ms = 60000,
		.idle_ms = 900000,
		.refresh_ms = 900000,
		.mechanism = "Kerberos",
	};
	struct arguments arguments = {.daemon = "fake", .faulty = "faulty", .scale = 1};
	const struct daemon_control *daemon;
	size_t handles, threads;

	read_arguments(argc, argv, &arguments);
	report_open(arguments.trace);
	daemon = open_daemon(&arguments);
	host_open(&options);
	begin_threads();
	handles = census_handles();
	threads = census_threads();
	script_run(arguments.script, &(struct script_options){
					     .plugin = arguments.plugin,
					     .faulty = arguments.faulty,
					     .scale = arguments.scale,
					     .daemon = daemon,
				     });
	host_close();
	daemon->close();
	calls_close();
	check_contexts();
	check_census(handles, threads);
	print_summary();
	report_close();
	if (report_broken_count(NULL) != 0)
		printf("%zu rules were broken\n", report_broken_count(NULL));
	return report_broken_count(NULL) != 0;
}
