#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/endpoint.h"
#include "platform/posix.h"
#include "support/cmocka.h"
#include "support/fault.h"
#include "support/tmpdir.h"

struct fixture {
	struct tmpdir dir;
	struct buf why;
	char path[256];
	struct endpoint_options options;
	struct endpoint *endpoint;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	tmpdir_create(&f->dir);
	buf_init(&f->why, 4096);
	f->options = (struct endpoint_options){
		.path = tmpdir_path(&f->dir, "s.sock", f->path, sizeof(f->path)),
		.mode = 0600,
		.queue_length = 16,
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	endpoint_close(f->endpoint);
	buf_deinit(&f->why);
	tmpdir_remove(&f->dir);
	free(f);
	return 0;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	return address;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void assert_refused(struct fixture *f, enum error error, const char *text)
{
	buf_clear(&f->why);
	assert_int_equal(endpoint_open(&f->options, &f->endpoint, &f->why), error);
	assert_null(f->endpoint);
	if (strstr(buf_text(&f->why), text) == NULL)
		fail_msg("'%s' does not say '%s'", buf_text(&f->why), text);
}

static void open_endpoint(struct fixture *f)
{
	if (endpoint_open(&f->options, &f->endpoint, &f->why) != ERR_NONE)
		fail_msg("%s", buf_text(&f->why));
}

static uint32_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return (uint32_t)st.st_mode & 07777;
}

static void a_connection_comes_with_its_peer(void **state)
{
	struct fixture *f = *state;
	struct endpoint_connection connection;
	int client;

	open_endpoint(f);
	assert_int_equal(endpoint_accept(f->endpoint, &connection), ENDPOINT_EMPTY);
	client = connect_to(f->path);
	assert_true(client >= 0);
	assert_int_equal(endpoint_accept(f->endpoint, &connection), ENDPOINT_ACCEPTED);
	assert_true(connection.peer.valid);
	assert_int_equal(account_id(&connection.peer.user), getuid());
	assert_int_equal(connection.peer.pid, getpid());
	assert_true((fcntl(connection.descriptor, F_GETFD) & FD_CLOEXEC) != 0);
	endpoint_refuse(&connection, NULL, 0);
	close(client);
}

static void a_refused_connection_is_told_why(void **state)
{
	struct fixture *f = *state;
	struct endpoint_connection connection;
	char text[8];
	int client;

	open_endpoint(f);
	client = connect_to(f->path);
	assert_int_equal(write(client, "unread", 6), 6);
	assert_int_equal(endpoint_accept(f->endpoint, &connection), ENDPOINT_ACCEPTED);
	endpoint_refuse(&connection, "no", 2);
	assert_int_equal(read(client, text, sizeof(text)), 2);
	assert_memory_equal(text, "no", 2);
	close(client);
}

static void the_descriptor_is_readable_when_somebody_waits(void **state)
{
	struct fixture *f = *state;
	struct pollfd waiting = {.events = POLLIN};
	int client;

	open_endpoint(f);
	waiting.fd = endpoint_descriptor(f->endpoint);
	assert_int_equal(poll(&waiting, 1, 0), 0);
	client = connect_to(f->path);
	assert_int_equal(poll(&waiting, 1, 0), 1);
	close(client);
}

static void the_socket_has_exactly_the_rights_asked_for(void **state)
{
	struct fixture *f = *state;
	char group[16];

	open_endpoint(f);
	assert_int_equal(mode_of(f->path), 0600);
	endpoint_close(f->endpoint);
	f->endpoint = NULL;

	snprintf(group, sizeof(group), "%u", (unsigned)getgid());
	f->options.mode = 0660;
	f->options.group = str_from(group);
	open_endpoint(f);
	assert_int_equal(mode_of(f->path), 0660);
}

static void a_missing_directory_is_made_for_those_who_may_connect(void **state)
{
	struct fixture *f = *state;
	char directory[256];

	f->options.path = tmpdir_path(&f->dir, "admin/a.sock", f->path, sizeof(f->path));
	open_endpoint(f);
	assert_int_equal(mode_of(tmpdir_path(&f->dir, "admin", directory, sizeof(directory))),
			 0700);
	endpoint_close(f->endpoint);
	f->endpoint = NULL;

	f->options.mode = 0660;
	f->options.path = tmpdir_path(&f->dir, "run/a.sock", f->path, sizeof(f->path));
	open_endpoint(f);
	assert_int_equal(mode_of(tmpdir_path(&f->dir, "run", directory, sizeof(directory))), 0750);
}

static void a_directory_that_others_may_write_to_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(chmod(f->dir.path, 0777), 0);
	assert_refused(f, ERR_INVALID, "is writable by others");
	assert_int_equal(chmod(f->dir.path, 0720), 0);
	assert_refused(f, ERR_INVALID, "is writable by its group");
}

static void a_directory_of_a_stranger_is_refused(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(f->dir.path, 12345, 0), 0);
	assert_refused(f, ERR_INVALID, "is owned by uid 12345");
}

static void the_longest_path_is_accepted_and_one_byte_more_refused(void **state)
{
	struct fixture *f = *state;
	char path[200];
	size_t length = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	int prefix = snprintf(path, sizeof(path), "%s/", f->dir.path);

	memset(path + prefix, 'a', sizeof(path) - (size_t)prefix);
	f->options.path = path;
	path[length] = '\0';
	open_endpoint(f);
	assert_int_equal(access(path, F_OK), 0);
	endpoint_close(f->endpoint);
	f->endpoint = NULL;

	path[length] = 'a';
	path[length + 1] = '\0';
	assert_refused(f, ERR_INVALID, "limited to 107 bytes, this one has 108");
}

static void a_relative_path_is_refused(void **state)
{
	struct fixture *f = *state;

	f->options.path = "run/a.sock";
	assert_refused(f, ERR_INVALID, "must be absolute");
}

static void a_stale_socket_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address = address_of(f->path);
	int dead = socket(AF_UNIX, SOCK_STREAM, 0), client;

	assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
	close(dead);
	open_endpoint(f);
	client = connect_to(f->path);
	assert_true(client >= 0);
	close(client);
}

static void a_living_socket_is_never_removed(void **state)
{
	struct fixture *f = *state;
	struct endpoint *first;
	int client;

	open_endpoint(f);
	first = f->endpoint;
	f->endpoint = NULL;
	assert_refused(f, ERR_EXISTS, "another process listens there");
	client = connect_to(f->path);
	assert_true(client >= 0);
	close(client);
	endpoint_close(first);
}

static void a_living_socket_with_a_full_queue_is_never_removed(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address = address_of(f->path);
	int server = socket(AF_UNIX, SOCK_STREAM, 0), waiting;

	assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server, 0), 0);
	waiting = connect_to(f->path);
	assert_refused(f, ERR_EXISTS, "another process listens there");
	assert_int_equal(access(f->path, F_OK), 0);
	close(waiting);
	close(server);
}

/* Clients may read the directory, and with it lock it. */
static void a_client_that_locks_the_directory_stops_nobody(void **state)
{
	struct fixture *f = *state;
	int directory = open(f->dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(directory >= 0);
	assert_int_equal(flock(directory, LOCK_EX | LOCK_NB), 0);
	open_endpoint(f);
	close(directory);
}

static void the_lock_can_be_opened_by_nobody_else(void **state)
{
	struct fixture *f = *state;
	char lock[300];

	f->options.mode = 0660;
	open_endpoint(f);
	snprintf(lock, sizeof(lock), "%s.lock", f->path);
	assert_int_equal(mode_of(lock), 0600);
}

static void a_link_in_the_place_of_the_lock_is_refused(void **state)
{
	struct fixture *f = *state;
	char lock[300];

	snprintf(lock, sizeof(lock), "%s.lock", f->path);
	assert_int_equal(symlink("elsewhere", lock), 0);
	assert_refused(f, ERR_INVALID, "lock");
}

static void a_file_in_the_way_is_kept(void **state)
{
	struct fixture *f = *state;

	tmpdir_write(&f->dir, "s.sock", "x", 1);
	assert_refused(f, ERR_INVALID, "exists and is not a socket");
	assert_int_equal(access(f->path, F_OK), 0);
}

static void an_unknown_group_is_refused(void **state)
{
	struct fixture *f = *state;

	f->options.group = STR("no-such-group-here");
	assert_refused(f, ERR_NOT_FOUND, "there is no group 'no-such-group-here'");
}

static void closing_removes_only_the_own_socket(void **state)
{
	struct fixture *f = *state;

	open_endpoint(f);
	assert_int_equal(unlink(f->path), 0);
	tmpdir_write(&f->dir, "s.sock", "x", 1);
	endpoint_close(f->endpoint);
	f->endpoint = NULL;
	assert_int_equal(access(f->path, F_OK), 0);

	assert_int_equal(unlink(f->path), 0);
	open_endpoint(f);
	endpoint_close(f->endpoint);
	f->endpoint = NULL;
	assert_int_not_equal(access(f->path, F_OK), 0);
}

static void without_descriptors_connections_are_dropped_not_left_waiting(void **state)
{
	struct fixture *f = *state;
	struct endpoint_connection connection;
	enum endpoint_outcome outcome, next_outcome;
	struct rlimit before, tight;
	char byte;
	int client, top;

	open_endpoint(f);
	client = connect_to(f->path);
	top = dup(client);
	close(top);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)top;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	outcome = endpoint_accept(f->endpoint, &connection);
	next_outcome = endpoint_accept(f->endpoint, &connection);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(outcome, ENDPOINT_EXHAUSTED);
	assert_int_equal(next_outcome, ENDPOINT_EMPTY);
	assert_int_equal(read(client, &byte, 1), 0);
	close(client);

	client = connect_to(f->path);
	assert_int_equal(endpoint_accept(f->endpoint, &connection), ENDPOINT_ACCEPTED);
	endpoint_refuse(&connection, NULL, 0);
	close(client);
}

static void running_out_of_memory_leaves_no_socket(void **state)
{
	struct fixture *f = *state;

	for (uint64_t n = 0;; n++) {
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = endpoint_open(&f->options, &f->endpoint, &f->why);
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			break;
		}
		assert_int_equal(error, ERR_NO_MEMORY);
		assert_int_not_equal(access(f->path, F_OK), 0);
	}
}

#define ENDPOINT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENDPOINT_TEST(a_connection_comes_with_its_peer),
		ENDPOINT_TEST(a_refused_connection_is_told_why),
		ENDPOINT_TEST(the_descriptor_is_readable_when_somebody_waits),
		ENDPOINT_TEST(the_socket_has_exactly_the_rights_asked_for),
		ENDPOINT_TEST(a_missing_directory_is_made_for_those_who_may_connect),
		ENDPOINT_TEST(a_directory_that_others_may_write_to_is_refused),
		ENDPOINT_TEST(a_directory_of_a_stranger_is_refused),
		ENDPOINT_TEST(the_longest_path_is_accepted_and_one_byte_more_refused),
		ENDPOINT_TEST(a_relative_path_is_refused),
		ENDPOINT_TEST(a_stale_socket_is_replaced),
		ENDPOINT_TEST(a_living_socket_is_never_removed),
		ENDPOINT_TEST(a_living_socket_with_a_full_queue_is_never_removed),
		ENDPOINT_TEST(a_client_that_locks_the_directory_stops_nobody),
		ENDPOINT_TEST(the_lock_can_be_opened_by_nobody_else),
		ENDPOINT_TEST(a_link_in_the_place_of_the_lock_is_refused),
		ENDPOINT_TEST(a_file_in_the_way_is_kept),
		ENDPOINT_TEST(an_unknown_group_is_refused),
		ENDPOINT_TEST(closing_removes_only_the_own_socket),
		ENDPOINT_TEST(without_descriptors_connections_are_dropped_not_left_waiting),
		ENDPOINT_TEST(running_out_of_memory_leaves_no_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
