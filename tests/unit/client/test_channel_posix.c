/* The client with its real channel: a Unix socket, a thread, and callers on many threads. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/attributes.h"
#include "client-plugin/channel.h"
#include "client-plugin/client.h"
#include "support/cmocka.h"
#include "support/tmpdir.h"
#include "unit/client/fake_server.h"
#include "unit/proto/samples.h"

enum { PATIENCE_S = 30 }; /* how long a test waits for what must happen */

struct fixture {
	struct tmpdir dir;
	char path[108];
	char owner[24];
	struct client_settings settings;
	struct client *client;
	struct fake_server server;
};

/* Collects answers from the client's thread. */
struct answers {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned count;
	unsigned by_reason[CLIENT_REASON_COUNT];
	unsigned allowed_count;
};

static const struct client_sender sender = {.name = "alice", .mechanism = "Basic"};

static void answers_init(struct answers *answers)
{
	memset(answers, 0, sizeof(*answers));
	assert_int_equal(pthread_mutex_init(&answers->mutex, NULL), 0);
	assert_int_equal(pthread_cond_init(&answers->changed, NULL), 0);
}

static void on_answer(void *arg, const struct client_answer *answer)
{
	struct answers *answers = arg;

	pthread_mutex_lock(&answers->mutex);
	answers->count++;
	answers->by_reason[answer->reason]++;
	if (answer->verdict == CLIENT_ALLOW)
		answers->allowed_count++;
	pthread_cond_broadcast(&answers->changed);
	pthread_mutex_unlock(&answers->mutex);
}

/* Waits until there are `count` answers altogether. */
static void answers_wait(struct answers *answers, unsigned count)
{
	struct timespec until;
	int error = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&answers->mutex);
	while (answers->count < count && error == 0)
		error = pthread_cond_timedwait(&answers->changed, &answers->mutex, &until);
	pthread_mutex_unlock(&answers->mutex);
	assert_int_equal(error, 0);
	assert_int_equal(answers->count, count);
}

static size_t count_entries(const char *directory)
{
	DIR *dir = opendir(directory);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	tmpdir_create(&fixture->dir);
	tmpdir_path(&fixture->dir, "authorize.sock", fixture->path, sizeof(fixture->path));
	snprintf(fixture->owner, sizeof(fixture->owner), "%u", (unsigned)geteuid());
	fixture->settings = (struct client_settings){
		.endpoint = fixture->path,
		.server_owner = fixture->owner,
		.application = "wsman/Contoso",
		.reply_timeout_ms = PATIENCE_S * 1000,
	};
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	client_close(fixture->client);
	tmpdir_remove(&fixture->dir);
	free(fixture);
	return 0;
}

static void open_client(struct fixture *fixture)
{
	assert_int_equal(client_open(&fixture->settings, &fixture->client), CLIENT_OK);
}

static void close_client(struct fixture *fixture)
{
	client_close(fixture->client);
	fixture->client = NULL;
}

static void ask(struct fixture *fixture, struct answers *answers)
{
	assert_int_equal(client_authorize_user(fixture->client, &sender, on_answer, answers),
			 CLIENT_OK);
}

static void a_server_on_a_socket_answers(void **state)
{
	struct fixture *fixture = *state;
	struct answers answers;

	answers_init(&answers);
	fake_server_start(&fixture->server, fixture->path, FAKE_ANSWERS);
	open_client(fixture);
	ask(fixture, &answers);
	answers_wait(&answers, 1);
	assert_int_equal(answers.allowed_count, 1);
	assert_int_equal(client_context_released(fixture->client, sample_record_id), CLIENT_OK);
	assert_int_equal(client_ping(fixture->client, on_answer, &answers), CLIENT_OK);
	answers_wait(&answers, 2);
	assert_int_equal(answers.by_reason[CLIENT_OK], 2);
	fake_server_stop(&fixture->server);
}

static void the_wrong_server_receives_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct answers answers;

	answers_init(&answers);
	fake_server_start(&fixture->server, fixture->path, FAKE_ANSWERS);
	snprintf(fixture->owner, sizeof(fixture->owner), "%u", (unsigned)geteuid() + 1);
	fixture->settings.connect_timeout_ms = 100;
	open_client(fixture);
	ask(fixture, &answers);
	answers_wait(&answers, 1);
	assert_int_equal(answers.by_reason[CLIENT_WRONG_OWNER], 1);
	close_client(fixture);
	fake_server_stop(&fixture->server);
	assert_int_not_equal(fixture->server.accepted_count, 0);
	assert_int_equal(fixture->server.received_bytes, 0);
}

static void a_server_that_starts_later_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct answers answers;
	unsigned asked = 1;

	answers_init(&answers);
	fixture->settings.connect_timeout_ms = 20;
	open_client(fixture);
	ask(fixture, &answers);
	answers_wait(&answers, 1);
	assert_int_equal(answers.by_reason[CLIENT_NO_SERVER], 1);
	fake_server_start(&fixture->server, fixture->path, FAKE_ANSWERS);
	while (answers.allowed_count == 0) {
		ask(fixture, &answers);
		answers_wait(&answers, ++asked);
		assert_in_range(asked, 1, PATIENCE_S * 1000 / 20);
	}
	fake_server_stop(&fixture->server);
}

static void a_lost_connection_is_made_again(void **state)
{
	struct fixture *fixture = *state;
	struct answers answers;

	answers_init(&answers);
	fake_server_start(&fixture->server, fixture->path, FAKE_HANGS_UP);
	open_client(fixture);
	for (unsigned i = 1; i <= 3; i++) {
		ask(fixture, &answers);
		answers_wait(&answers, i);
		assert_int_equal(answers.by_reason[CLIENT_DISCONNECTED], i);
	}
	assert_int_equal(fixture->server.question_count, 3); /* nothing was sent twice */
	close_client(fixture);
	fake_server_stop(&fixture->server);
}

static void closing_answers_what_is_open_and_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	size_t threads, descriptors;
	struct answers answers;

	answers_init(&answers);
	fake_server_start(&fixture->server, fixture->path, FAKE_SILENT);
	threads = count_entries("/proc/self/task");
	descriptors = count_entries("/proc/self/fd");
	for (unsigned round = 1; round <= 20; round++) {
		open_client(fixture);
		for (unsigned i = 0; i < 100; i++)
			ask(fixture, &answers);
		close_client(fixture);
		assert_int_equal(answers.count, round * 100);
	}
	assert_int_equal(answers.by_reason[CLIENT_CLOSED], answers.count);
	fake_server_stop(&fixture->server);
	assert_int_equal(fixture->server.accepted_count, fixture->server.ended_count);
	assert_int_equal(count_entries("/proc/self/task"), threads - 1); /* the server's */
	assert_int_equal(count_entries("/proc/self/fd"), descriptors - 3);
}

static void a_server_that_does_not_read_blocks_nobody(void **state)
{
	enum { QUESTIONS = 400 };
	static char name[AUTHZ_NAME_BYTES];
	struct client_sender large = {.name = name, .mechanism = "Basic"};
	struct fixture *fixture = *state;
	struct answers answers;

	answers_init(&answers);
	memset(name, 'x', sizeof(name) - 1);
	fake_server_start(&fixture->server, fixture->path, FAKE_DEAF);
	fixture->settings.reply_timeout_ms = 1000;
	open_client(fixture);
	for (unsigned i = 0; i < QUESTIONS; i++)
		assert_int_equal(
			client_authorize_user(fixture->client, &large, on_answer, &answers),
			CLIENT_OK);
	answers_wait(&answers, QUESTIONS);
	assert_int_equal(answers.by_reason[CLIENT_DEADLINE], QUESTIONS);
	close_client(fixture);
	fake_server_stop(&fixture->server);
}

/* More than the socket holds, and nothing but room in the socket to wake the client. */
static void a_write_goes_on_when_the_server_reads(void **state)
{
	static char name[AUTHZ_NAME_BYTES];
	struct client_sender large = {.name = name, .mechanism = "Basic"};
	struct fixture *fixture = *state;
	struct answers answers;

	answers_init(&answers);
	memset(name, 'x', sizeof(name) - 1);
	fake_server_start(&fixture->server, fixture->path, FAKE_ANSWERS_LATE);
	open_client(fixture);
	for (unsigned i = 0; i < FAKE_LATE_COUNT; i++)
		assert_int_equal(
			client_authorize_user(fixture->client, &large, on_answer, &answers),
			CLIENT_OK);
	fake_server_go(&fixture->server);
	answers_wait(&answers, FAKE_LATE_COUNT);
	assert_int_equal(answers.allowed_count, FAKE_LATE_COUNT);
	close_client(fixture);
	fake_server_stop(&fixture->server);
}

static void descriptors_from_the_server_are_dropped(void **state)
{
	struct fixture *fixture = *state;
	struct answers answers;
	size_t descriptors;

	answers_init(&answers);
	fake_server_start(&fixture->server, fixture->path, FAKE_PASSES_DESCRIPTOR);
	open_client(fixture);
	ask(fixture, &answers);
	answers_wait(&answers, 1);
	descriptors = count_entries("/proc/self/fd");
	for (unsigned i = 2; i <= 50; i++) {
		ask(fixture, &answers);
		answers_wait(&answers, i);
	}
	assert_int_equal(answers.allowed_count, 50);
	assert_int_equal(count_entries("/proc/self/fd"), descriptors);
	close_client(fixture);
	fake_server_stop(&fixture->server);
}

/* Many callers. */

enum { CALLERS = 64, QUESTIONS_EACH = 100 };

struct caller {
	struct fixture *fixture;
	struct answers *answers;
	unsigned taken_count;
	pthread_t thread;
};

static void *call(void *arg)
{
	struct caller *caller = arg;

	for (unsigned i = 0; i < QUESTIONS_EACH; i++) {
		enum client_reason reason = client_authorize_operation(
			caller->fixture->client, &sender, i % 2 == 0 ? sample_record_id : NULL,
			"action", "resource", on_answer, caller->answers);

		if (reason == CLIENT_OK)
			caller->taken_count++;
		else
			assert_int_equal(reason, CLIENT_CLOSED);
	}
	return NULL;
}

static void start_callers(struct fixture *fixture, struct answers *answers,
			  struct caller callers[CALLERS])
{
	for (size_t i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller){.fixture = fixture, .answers = answers};
		assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
	}
}

static unsigned join_callers(struct caller callers[CALLERS])
{
	unsigned taken_count = 0;

	for (size_t i = 0; i < CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		taken_count += callers[i].taken_count;
	}
	return taken_count;
}

static void many_threads_may_ask_at_the_same_time(void **state)
{
	struct fixture *fixture = *state;
	struct caller callers[CALLERS];
	struct answers answers;

	answers_init(&answers);
	fake_server_start(&fixture->server, fixture->path, FAKE_ANSWERS);
	open_client(fixture);
	start_callers(fixture, &answers, callers);
	assert_int_equal(join_callers(callers), CALLERS * QUESTIONS_EACH);
	answers_wait(&answers, CALLERS * QUESTIONS_EACH);
	assert_int_equal(answers.allowed_count, CALLERS * QUESTIONS_EACH);
	close_client(fixture);
	assert_int_equal(answers.count, CALLERS * QUESTIONS_EACH);
	fake_server_stop(&fixture->server);
}

static void many_threads_may_ask_while_the_client_stops(void **state)
{
	struct fixture *fixture = *state;
	struct caller callers[CALLERS];
	struct answers answers;
	unsigned taken_count;

	answers_init(&answers);
	fake_server_start(&fixture->server, fixture->path, FAKE_ANSWERS);
	open_client(fixture);
	start_callers(fixture, &answers, callers);
	client_stop(fixture->client);
	taken_count = join_callers(callers);
	/* Each question that was taken was answered; nothing comes after the stop. */
	assert_int_equal(answers.count, taken_count);
	assert_int_equal(answers.allowed_count + answers.by_reason[CLIENT_CLOSED], taken_count);
	close_client(fixture);
	fake_server_stop(&fixture->server);
}

/* Obstacles: the channel without its thread. */

static void expect_obstacle(const struct fixture *fixture, const char *owner,
			    enum client_reason reason, int kind, int system_error)
{
	static const struct channel_events no_events;
	const struct channel_obstacle *obstacle;
	struct channel *channel;

	assert_int_equal(channel_new(fixture->path, owner, &no_events, NULL, &channel), CLIENT_OK);
	assert_int_equal(channel_connect(channel), reason);
	obstacle = channel_obstacle(channel);
	assert_int_equal(obstacle->kind, kind);
	assert_int_equal(obstacle->system_error, system_error);
	if (reason == CLIENT_WRONG_OWNER)
		assert_string_equal(obstacle->owner, fixture->owner);
	else
		assert_string_equal(obstacle->owner, "");
	channel_free(channel);
}

/* A socket at the fixture's path that listens, with room for one, or does not. */
static int make_socket(const struct fixture *fixture, bool listens)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fixture->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (listens)
		assert_int_equal(listen(fd, 0), 0);
	return fd;
}

static void what_is_in_the_way_is_told(void **state)
{
	struct fixture *fixture = *state;
	int fd;

	expect_obstacle(fixture, fixture->owner, CLIENT_NO_SERVER, CHANNEL_ABSENT, ENOENT);
	fd = make_socket(fixture, false);
	expect_obstacle(fixture, fixture->owner, CLIENT_NO_SERVER, CHANNEL_ABSENT, ECONNREFUSED);
	close(fd);
	unlink(fixture->path);
	fd = make_socket(fixture, true);
	expect_obstacle(fixture, "4294967000", CLIENT_WRONG_OWNER, CHANNEL_FAULT, 0);
	/* That one is still waiting to be accepted. */
	expect_obstacle(fixture, fixture->owner, CLIENT_NO_SERVER, CHANNEL_BUSY, EAGAIN);
	assert_int_equal(chmod(fixture->path, 0), 0);
	setfsuid(65534); /* root may open everything, and this stranger not */
	expect_obstacle(fixture, fixture->owner, CLIENT_NO_SERVER, CHANNEL_NO_ACCESS, EACCES);
	setfsuid(geteuid());
	close(fd);
}

/* Settings. */

static void endpoint_and_owner_are_checked(void **state)
{
	static const char *const bad_owners[] = {
		"", "-1", "+1", "1x", " 1", "root", "4294967295", "18446744073709551616"};
	struct fixture *fixture = *state;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];

	for (size_t i = 0; i < ARRAY_COUNT(bad_owners); i++) {
		fixture->settings.server_owner = bad_owners[i];
		assert_int_equal(client_open(&fixture->settings, &fixture->client), CLIENT_INVALID);
	}
	fixture->settings.server_owner = "4294967294";
	open_client(fixture);
	close_client(fixture);

	fixture->settings.endpoint = path;
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(client_open(&fixture->settings, &fixture->client), CLIENT_INVALID);
	path[sizeof(path) - 2] = '\0';
	open_client(fixture);
	close_client(fixture);
	path[0] = '\0';
	assert_int_equal(client_open(&fixture->settings, &fixture->client), CLIENT_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_server_on_a_socket_answers),
		TEST(the_wrong_server_receives_nothing),
		TEST(a_server_that_starts_later_is_found),
		TEST(a_lost_connection_is_made_again),
		TEST(closing_answers_what_is_open_and_leaves_nothing),
		TEST(a_server_that_does_not_read_blocks_nobody),
		TEST(a_write_goes_on_when_the_server_reads),
		TEST(descriptors_from_the_server_are_dropped),
		TEST(many_threads_may_ask_at_the_same_time),
		TEST(many_threads_may_ask_while_the_client_stops),
		TEST(what_is_in_the_way_is_told),
		TEST(endpoint_and_owner_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
