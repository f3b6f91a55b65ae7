/* The daemon as a service: the manager's sockets, what the manager is told, what is given up. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "integration/command.h"
#include "integration/fixture.h"

static void start_passed(struct daemon *daemon)
{
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m"), .passes_sockets = true};

	daemon_init(daemon, &options);
	if (!daemon_start(daemon, NULL)) {
		daemon_deinit(daemon, true);
		fail_msg("the daemon did not start");
	}
}

static void the_managers_sockets_are_served_and_left_to_it(void **state)
{
	struct daemon daemon;

	(void)state;
	start_passed(&daemon);
	fixture_expect_service(&daemon);
	assert_int_equal(daemon_stop(&daemon), 0);
	assert_int_equal(access(daemon.authorize_path, F_OK), 0);
	assert_int_equal(access(daemon.admin_path, F_OK), 0);
	daemon_deinit(&daemon, false);
}

static void who_connects_during_a_restart_waits_and_is_served(void **state)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	const Wsauthz__Reply *reply;
	struct daemon daemon;
	struct raw_peer peer;

	(void)state;
	start_passed(&daemon);
	assert_int_equal(daemon_stop(&daemon), 0);
	raw_peer_connect(&peer, daemon.authorize_path);
	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = raw_text("wsman/Test");
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	raw_peer_request(&peer, &request);
	assert_true(daemon_start(&daemon, NULL));
	reply = raw_peer_reply(&peer);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_HELLO);
	raw_peer_close(&peer);
	fixture_stop(&daemon);
}

static void
a_managers_socket_that_the_configuration_does_not_name_keeps_the_daemon_down(void **state)
{
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m"), .passes_sockets = true};
	char text[4096], *name;
	struct daemon daemon;
	size_t length;
	FILE *file;
	char *log;

	(void)state;
	daemon_init(&daemon, &options);
	file = fopen(daemon.config_path, "r");
	assert_non_null(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	name = strstr(text, "authorize.sock");
	assert_non_null(name);
	memcpy(name, "different.sock", strlen("different.sock"));
	tmpdir_write(&daemon.dir, "wsauthz.yaml", text, length);
	assert_false(daemon_start(&daemon, NULL));
	log = daemon_log(&daemon);
	assert_non_null(strstr(log, "make ListenStream= and the configuration agree"));
	free(log);
	daemon_deinit(&daemon, false);
}

/* The datagrams that came, until one is `wanted`. */
static void expect_told(int fd, const char *wanted)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	char text[128];
	ssize_t length;

	do {
		if (poll(&wait, 1, PEER_TIMEOUT_MS) != 1)
			fail_msg("the manager was not told %s", wanted);
		length = recv(fd, text, sizeof(text) - 1, 0);
		assert_true(length > 0);
		text[length] = '\0';
	} while (strcmp(text, wanted) != 0);
}

static void the_manager_hears_of_the_start_of_life_and_of_the_end(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m")};
	struct daemon daemon;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	daemon_init(&daemon, &options);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/notify", daemon.dir.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	setenv("WATCHDOG_USEC", "100000", 1);
	assert_true(daemon_start(&daemon, NULL));
	expect_told(fd, "READY=1");
	expect_told(fd, "WATCHDOG=1");
	expect_told(fd, "WATCHDOG=1");
	assert_int_equal(daemon_stop(&daemon), 0);
	expect_told(fd, "STOPPING=1");
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	close(fd);
	daemon_deinit(&daemon, false);
}

/* Configuration management puts a directory in the place of another. The daemon, which has given up
 * all files but its own, still reads what is there now. */
static void a_policy_directory_that_is_replaced_can_still_be_read(void **state)
{
	struct daemon daemon;
	char old[160];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), "  reload: on_request\n");
	tmpdir_path(&daemon.dir, "old", old, sizeof(old));
	assert_int_equal(rename(daemon.policy_dir, old), 0);
	assert_int_equal(mkdir(daemon.policy_dir, 0700), 0);
	daemon_write_policy(&daemon, "other.cedar", FIXTURE_POLICY("20m"));
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_DONE);
	command_expect("activated revision 2");
	fixture_expect_service(&daemon);
	fixture_stop(&daemon);
}

#ifndef WSAUTHZ_SANITIZED
/* The number behind `name` in /proc/PID/status; -1 when it is not there. */
static int status_of(const struct daemon *daemon, const char *name)
{
	char path[64], line[256];
	size_t length = strlen(name);
	int value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)daemon->pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (value < 0 && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			value = line[length + 2] - '0';
	}
	fclose(file);
	return value;
}

static void what_is_not_needed_is_given_up_before_the_daemon_serves(void **state)
{
	struct daemon daemon;
	bool lacks_fence;
	char *log;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	log = daemon_log(&daemon);
	lacks_fence = strstr(log, "sandbox.missing") != NULL;
	if (lacks_fence) {
		print_message("skipped: this kernel lacks a fence:\n%s", log);
	} else {
		assert_non_null(strstr(log, "sandbox.entered"));
		assert_int_equal(status_of(&daemon, "NoNewPrivs"), 1);
		assert_int_equal(status_of(&daemon, "Seccomp"), 2);
	}
	free(log);
	fixture_stop(&daemon);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_managers_sockets_are_served_and_left_to_it),
		cmocka_unit_test(who_connects_during_a_restart_waits_and_is_served),
		cmocka_unit_test(
			a_managers_socket_that_the_configuration_does_not_name_keeps_the_daemon_down),
		cmocka_unit_test(a_policy_directory_that_is_replaced_can_still_be_read),
		cmocka_unit_test(the_manager_hears_of_the_start_of_life_and_of_the_end),
#ifndef WSAUTHZ_SANITIZED
		cmocka_unit_test(what_is_not_needed_is_given_up_before_the_daemon_serves),
#endif
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
