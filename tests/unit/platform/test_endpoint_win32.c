/*
 * The pipe and both of its ends. What Wine does not enforce is proved by what is asked of the system:
 * calls of CreateNamedPipeW() and CreateFileW() go through recorders (-Wl,--wrap), and descriptors
 * are read back.
 */
#include <windows.h>

#include <aclapi.h>
#include <io.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

#include "platform/channel.h"
#include "platform/endpoint.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "platform/security_win32.h"
#include "support/cmocka.h"
#include "support/fault.h"

#define POOL "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"

enum { TIMEOUT_MS = 30000, CREATED_MAX = 64, CLIENTS = 40 };

/* What was asked of the system. */
static struct {
	DWORD open_mode, pipe_mode, instances;
	char *sddl;
} created[CREATED_MAX];
static size_t created_count;
static struct {
	DWORD rights, share, flags;
} opened;

typedef HANDLE WINAPI create_named_pipe(LPCWSTR, DWORD, DWORD, DWORD, DWORD, DWORD, DWORD,
					LPSECURITY_ATTRIBUTES);
typedef HANDLE WINAPI create_file(LPCWSTR, DWORD, DWORD, LPSECURITY_ATTRIBUTES, DWORD, DWORD,
				  HANDLE);
extern create_named_pipe *__real___imp_CreateNamedPipeW;
extern create_file *__real___imp_CreateFileW;

static HANDLE WINAPI record_pipe(LPCWSTR name, DWORD open_mode, DWORD pipe_mode, DWORD instances,
				 DWORD out_bytes, DWORD in_bytes, DWORD timeout_ms,
				 LPSECURITY_ATTRIBUTES attributes)
{
	if (created_count < CREATED_MAX) {
		created[created_count].open_mode = open_mode;
		created[created_count].pipe_mode = pipe_mode;
		created[created_count].instances = instances;
		assert_true(ConvertSecurityDescriptorToStringSecurityDescriptorA(
			attributes->lpSecurityDescriptor, SDDL_REVISION_1,
			OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
				DACL_SECURITY_INFORMATION,
			&created[created_count].sddl, NULL));
		created_count++;
	}
	return __real___imp_CreateNamedPipeW(name, open_mode, pipe_mode, instances, out_bytes,
					     in_bytes, timeout_ms, attributes);
}

static HANDLE WINAPI record_file(LPCWSTR name, DWORD rights, DWORD share,
				 LPSECURITY_ATTRIBUTES attributes, DWORD disposition, DWORD flags,
				 HANDLE template)
{
	opened.rights = rights;
	opened.share = share;
	opened.flags = flags;
	return __real___imp_CreateFileW(name, rights, share, attributes, disposition, flags,
					template);
}

create_named_pipe *__wrap___imp_CreateNamedPipeW = record_pipe;
create_file *__wrap___imp_CreateFileW = record_file;

struct fixture {
	char path[64];
	char own[SID_TEXT_MAX];
	struct buf why;
	struct peer_rules rules;
	struct endpoint_options options;
	struct endpoint *endpoint;
};

static int setup(void **state)
{
	static unsigned count;
	struct fixture *f = calloc(1, sizeof(*f));
	struct account own;
	struct buf text;

	assert_non_null(f);
	buf_init(&f->why, 4096);
	buf_init_fixed(&text, f->own, sizeof(f->own));
	assert_int_equal(account_own(&own), ERR_NONE);
	account_append(&own, &text);
	(void)buf_text(&text);
	snprintf(f->path, sizeof(f->path), "\\\\.\\pipe\\wsauthz-unit-%lu-%u",
		 (unsigned long)GetCurrentProcessId(), count++);
	f->options = (struct endpoint_options){
		.path = f->path, .rules = &f->rules, .rules_count = 1, .queue_length = 128};
	created_count = 0;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	endpoint_close(f->endpoint);
	buf_deinit(&f->why);
	for (size_t i = 0; i < created_count; i++)
		LocalFree(created[i].sddl);
	free(f);
	return 0;
}

static void open_endpoint(struct fixture *f)
{
	if (endpoint_open(&f->options, &f->endpoint, &f->why) != ERR_NONE)
		fail_msg("%s", buf_text(&f->why));
}

static struct channel *connect_to(struct fixture *f)
{
	struct channel *channel = NULL;

	if (channel_open(f->path, TIMEOUT_MS, &channel, &f->why) != ERR_NONE)
		fail_msg("%s", buf_text(&f->why));
	return channel;
}

static void assert_refused(struct fixture *f, enum error error, const char *text)
{
	struct endpoint *endpoint = NULL;

	buf_clear(&f->why);
	assert_int_equal(endpoint_open(&f->options, &endpoint, &f->why), error);
	assert_null(endpoint);
	if (strstr(buf_text(&f->why), text) == NULL)
		fail_msg("'%s' does not say '%s'", buf_text(&f->why), text);
}

static void only_the_first_instance_must_be_the_first_and_none_is_remote(void **state)
{
	struct fixture *f = *state;

	open_endpoint(f);
	assert_int_equal(created_count, 16);
	for (size_t i = 0; i < created_count; i++) {
		assert_int_equal((created[i].open_mode & FILE_FLAG_FIRST_PIPE_INSTANCE) != 0,
				 i == 0);
		assert_true((created[i].open_mode & FILE_FLAG_OVERLAPPED) != 0);
		assert_int_equal(created[i].open_mode & PIPE_ACCESS_DUPLEX, PIPE_ACCESS_DUPLEX);
		assert_int_equal(created[i].pipe_mode, PIPE_TYPE_BYTE | PIPE_READMODE_BYTE |
							       PIPE_WAIT |
							       PIPE_REJECT_REMOTE_CLIENTS);
		assert_int_equal(created[i].instances, PIPE_UNLIMITED_INSTANCES);
	}
}

static void the_access_list_has_exactly_who_is_configured(void **state)
{
	struct fixture *f = *state;
	char expected[1024];

	assert_int_equal(peer_rules_add_user(&f->rules, STR(POOL), &f->why), ERR_NONE);
	assert_int_equal(peer_rules_add_group(&f->rules, STR("S-1-5-21-1-2-3-1101"), &f->why),
			 ERR_NONE);
	/* One whose text begins another's. */
	assert_int_equal(peer_rules_add_group(&f->rules, STR("S-1-5-21-1-2-3-110"), &f->why),
			 ERR_NONE);
	open_endpoint(f);
	snprintf(expected, sizeof(expected),
		 "O:%sG:%sD:P(D;;GA;;;NU)(D;;GA;;;AN)(A;;GA;;;%s)(A;;0x120080;;;BA)(A;;0x12019b;;"
		 ";" POOL ")"
		 "(A;;0x12019b;;;S-1-5-21-1-2-3-1101)(A;;0x12019b;;;S-1-5-21-1-2-3-110)",
		 f->own, f->own, f->own);
	for (size_t i = 0; i < created_count; i++)
		assert_string_equal(created[i].sddl, expected);
}

static void the_pipe_itself_says_who_owns_it(void **state)
{
	struct fixture *f = *state;
	struct channel *channel;
	struct account own;

	open_endpoint(f);
	channel = connect_to(f);
	assert_int_equal(account_own(&own), ERR_NONE);
	assert_true(channel_peer(channel)->valid);
	assert_true(account_equal(&channel_peer(channel)->user, &own));
	assert_int_equal(channel_peer(channel)->pid, GetCurrentProcessId());
	assert_true(channel_is_trusted(channel));
	channel_close(channel);
}

static void a_client_asks_for_exact_rights_and_shows_only_who_it_is(void **state)
{
	struct fixture *f = *state;

	open_endpoint(f);
	channel_close(connect_to(f));
	assert_int_equal(opened.rights, 0x0012019B);
	assert_int_equal(opened.rights & FILE_APPEND_DATA, 0);
	assert_int_equal(opened.share, 0);
	assert_int_equal(opened.flags, FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT |
					       SECURITY_IDENTIFICATION | SECURITY_EFFECTIVE_ONLY);
}

static void a_connection_comes_with_its_peer(void **state)
{
	struct fixture *f = *state;
	struct endpoint_connection connection;
	struct channel *channel;
	struct account own;

	open_endpoint(f);
	assert_int_equal(endpoint_descriptor(f->endpoint), -1);
	assert_int_equal(endpoint_accept(f->endpoint, &connection), ENDPOINT_EMPTY);
	channel = connect_to(f);
	assert_int_equal(endpoint_accept(f->endpoint, &connection), ENDPOINT_ACCEPTED);
	assert_int_equal(account_user(&own), ERR_NONE);
	assert_true(connection.peer.valid);
	assert_true(account_equal(&connection.peer.user, &own));
	assert_int_equal(connection.peer.pid, GetCurrentProcessId());
	assert_true(connection.peer.group_count > 0);
	endpoint_refuse(&connection, NULL, 0);
	channel_close(channel);
}

static void a_refused_connection_is_told_why(void **state)
{
	struct fixture *f = *state;
	struct endpoint_connection connection;
	struct channel *channel;
	size_t length = 0;
	char text[8];

	open_endpoint(f);
	channel = connect_to(f);
	assert_int_equal(channel_write(channel, "unread", 6, TIMEOUT_MS), ERR_NONE);
	assert_int_equal(endpoint_accept(f->endpoint, &connection), ENDPOINT_ACCEPTED);
	endpoint_refuse(&connection, "no", 2);
	assert_int_equal(channel_read(channel, text, sizeof(text), TIMEOUT_MS, &length), ERR_NONE);
	assert_int_equal(length, 2);
	assert_memory_equal(text, "no", 2);
	assert_int_equal(channel_read(channel, text, sizeof(text), TIMEOUT_MS, &length),
			 ERR_CLOSED);
	channel_close(channel);
}

static void a_server_that_says_nothing_is_waited_for_no_longer_than_asked(void **state)
{
	struct fixture *f = *state;
	struct channel *channel;
	size_t length = 0;
	char text[8];

	open_endpoint(f);
	channel = connect_to(f);
	assert_int_equal(channel_read(channel, text, sizeof(text), 1, &length), ERR_TIMEOUT);
	channel_close(channel);
}

/* On the system's thread. */
static void set_event(void *arg)
{
	SetEvent(arg);
}

static void whoever_waits_is_told_of(void **state)
{
	struct fixture *f = *state;
	struct endpoint_connection connection;
	HANDLE told = CreateEventW(NULL, FALSE, FALSE, NULL);
	struct channel *channel;

	open_endpoint(f);
	assert_int_equal(endpoint_notify(f->endpoint, set_event, told), ERR_NONE);
	assert_int_equal(WaitForSingleObject(told, INFINITE), WAIT_OBJECT_0); /* at once */
	assert_int_equal(endpoint_accept(f->endpoint, &connection), ENDPOINT_EMPTY);
	channel = connect_to(f);
	assert_int_equal(WaitForSingleObject(told, INFINITE), WAIT_OBJECT_0);
	assert_int_equal(endpoint_accept(f->endpoint, &connection), ENDPOINT_ACCEPTED);
	assert_int_equal(endpoint_notify(f->endpoint, NULL, NULL), ERR_NONE);
	endpoint_refuse(&connection, NULL, 0);
	channel_close(channel);
	CloseHandle(told);
}

static void more_clients_than_instances_are_all_served(void **state)
{
	struct fixture *f = *state;
	struct channel *channels[CLIENTS];

	open_endpoint(f);
	for (size_t i = 0; i < CLIENTS; i++) {
		struct endpoint_connection connection;
		enum endpoint_outcome outcome;
		size_t length = 0;
		char byte = 0;

		channels[i] = connect_to(f);
		outcome = endpoint_accept(f->endpoint, &connection);
		assert_int_equal(outcome, ENDPOINT_ACCEPTED);
		endpoint_refuse(&connection, "x", 1);
		assert_int_equal(channel_read(channels[i], &byte, 1, TIMEOUT_MS, &length),
				 ERR_NONE);
		assert_int_equal(byte, 'x');
	}
	for (size_t i = 0; i < CLIENTS; i++)
		channel_close(channels[i]);
}

static void a_client_that_comes_and_goes_at_once_does_no_harm(void **state)
{
	struct fixture *f = *state;
	struct endpoint_connection connection;
	enum endpoint_outcome outcome;
	struct channel *channel;

	open_endpoint(f);
	for (int i = 0; i < CLIENTS; i++) {
		channel_close(connect_to(f));
		outcome = endpoint_accept(f->endpoint, &connection);
		if (outcome == ENDPOINT_ACCEPTED)
			endpoint_refuse(&connection, NULL, 0);
		else
			assert_int_equal(outcome, ENDPOINT_GONE);
	}
	channel = connect_to(f);
	assert_int_equal(endpoint_accept(f->endpoint, &connection), ENDPOINT_ACCEPTED);
	endpoint_refuse(&connection, NULL, 0);
	channel_close(channel);
}

static void a_name_that_is_taken_is_refused(void **state)
{
	struct fixture *f = *state;

	open_endpoint(f);
	assert_refused(f, ERR_EXISTS, "another process listens there");
	endpoint_close(f->endpoint);
	f->endpoint = NULL;
	open_endpoint(f);
}

static void the_longest_name_is_accepted_and_one_byte_more_refused(void **state)
{
	struct fixture *f = *state;
	char path[ENDPOINT_PATH_MAX + 2];

	memset(path, 'a', sizeof(path));
	memcpy(path, f->path, strlen(f->path));
	f->options.path = path;
	path[ENDPOINT_PATH_MAX] = '\0';
	open_endpoint(f);
	path[ENDPOINT_PATH_MAX] = 'a';
	path[ENDPOINT_PATH_MAX + 1] = '\0';
	assert_refused(f, ERR_INVALID, "limited to 250 bytes, this one has 251");
}

static void what_is_no_pipe_and_what_has_a_group_is_refused(void **state)
{
	struct fixture *f = *state;

	f->options.path = "C:\\wsauthz.sock";
	assert_refused(f, ERR_INVALID, "must be the name of a local pipe");
	f->options.path = "\\\\server\\pipe\\wsauthz";
	assert_refused(f, ERR_INVALID, "must be the name of a local pipe");
	f->options.path = f->path;
	f->options.group = STR("Users");
	assert_refused(f, ERR_INVALID, "a pipe is given to no group ('Users')");
}

static void nobody_listens_where_nobody_listens(void **state)
{
	struct fixture *f = *state;
	struct channel *channel = NULL;

	assert_int_equal(channel_open(f->path, TIMEOUT_MS, &channel, &f->why), ERR_NOT_FOUND);
	assert_null(channel);
	assert_non_null(strstr(buf_text(&f->why), "nobody listens there"));
}

static void running_out_of_memory_leaves_no_pipe(void **state)
{
	struct fixture *f = *state;

	for (uint64_t n = 0;; n++) {
		struct endpoint *endpoint = NULL;
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = endpoint_open(&f->options, &endpoint, &f->why);
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			endpoint_close(endpoint);
			break;
		}
		if (error == ERR_NONE)
			fail_msg("allocation %llu was not missed", (unsigned long long)n);
		assert_null(endpoint);
	}
}

#define ENDPOINT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENDPOINT_TEST(only_the_first_instance_must_be_the_first_and_none_is_remote),
		ENDPOINT_TEST(the_access_list_has_exactly_who_is_configured),
		ENDPOINT_TEST(the_pipe_itself_says_who_owns_it),
		ENDPOINT_TEST(a_client_asks_for_exact_rights_and_shows_only_who_it_is),
		ENDPOINT_TEST(a_connection_comes_with_its_peer),
		ENDPOINT_TEST(a_refused_connection_is_told_why),
		ENDPOINT_TEST(a_server_that_says_nothing_is_waited_for_no_longer_than_asked),
		ENDPOINT_TEST(whoever_waits_is_told_of),
		ENDPOINT_TEST(more_clients_than_instances_are_all_served),
		ENDPOINT_TEST(a_client_that_comes_and_goes_at_once_does_no_harm),
		ENDPOINT_TEST(a_name_that_is_taken_is_refused),
		ENDPOINT_TEST(the_longest_name_is_accepted_and_one_byte_more_refused),
		ENDPOINT_TEST(what_is_no_pipe_and_what_has_a_group_is_refused),
		ENDPOINT_TEST(nobody_listens_where_nobody_listens),
		ENDPOINT_TEST(running_out_of_memory_leaves_no_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
