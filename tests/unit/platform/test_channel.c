#include <stdio.h>
#include <unistd.h>

#include "platform/channel.h"
#include "platform/endpoint.h"
#include "support/cmocka.h"
#include "support/tmpdir.h"

enum { LONG_MS = 10000, SHORT_MS = 20 };

struct pair {
	struct tmpdir dir;
	struct buf why;
	char path[256];
	struct endpoint *endpoint;
	struct channel *channel;
	struct endpoint_connection served;
};

static void pair_open(struct pair *pair)
{
	struct endpoint_options options = {.mode = 0600, .queue_length = 4};

	*pair = (struct pair){0};
	tmpdir_create(&pair->dir);
	buf_init(&pair->why, 1024);
	options.path = tmpdir_path(&pair->dir, "s", pair->path, sizeof(pair->path));
	assert_int_equal(endpoint_open(&options, &pair->endpoint, &pair->why), ERR_NONE);
	assert_int_equal(channel_open(pair->path, LONG_MS, &pair->channel, &pair->why), ERR_NONE);
	assert_int_equal(endpoint_accept(pair->endpoint, &pair->served), ENDPOINT_ACCEPTED);
}

static void pair_close(struct pair *pair)
{
	channel_close(pair->channel);
	endpoint_close(pair->endpoint);
	buf_deinit(&pair->why);
	tmpdir_remove(&pair->dir);
}

static void bytes_go_both_ways_and_the_end_is_seen(void **state)
{
	struct pair pair;
	char text[16];
	size_t length = 0;

	(void)state;
	pair_open(&pair);
	assert_int_equal(channel_peer(pair.channel)->pid, getpid());
	assert_int_equal(channel_write(pair.channel, "hello", 5, LONG_MS), ERR_NONE);
	assert_int_equal(read(pair.served.descriptor, text, sizeof(text)), 5);
	assert_int_equal(write(pair.served.descriptor, "yes", 3), 3);
	assert_int_equal(channel_read(pair.channel, text, sizeof(text), LONG_MS, &length),
			 ERR_NONE);
	assert_int_equal(length, 3);
	endpoint_refuse(&pair.served, NULL, 0);
	assert_int_equal(channel_read(pair.channel, text, sizeof(text), LONG_MS, &length),
			 ERR_CLOSED);
	assert_int_equal(channel_write(pair.channel, "hello", 5, LONG_MS), ERR_CLOSED);
	pair_close(&pair);
}

static void a_silent_or_deaf_server_ends_in_a_timeout(void **state)
{
	static const char block[64 * 1024];
	enum error error = ERR_NONE;
	struct pair pair;
	char text[16];
	size_t length = 0;

	(void)state;
	pair_open(&pair);
	assert_int_equal(channel_read(pair.channel, text, sizeof(text), SHORT_MS, &length),
			 ERR_TIMEOUT);
	for (int i = 0; i < 1000 && error == ERR_NONE; i++)
		error = channel_write(pair.channel, block, sizeof(block), SHORT_MS);
	assert_int_equal(error, ERR_TIMEOUT);
	endpoint_refuse(&pair.served, NULL, 0);
	pair_close(&pair);
}

static void a_full_queue_ends_in_a_timeout(void **state)
{
	struct channel *waiting[16] = {NULL};
	enum error error = ERR_NONE;
	struct pair pair;
	size_t count = 0;

	(void)state;
	pair_open(&pair);
	while (count < ARRAY_COUNT(waiting) && error == ERR_NONE) {
		error = channel_open(pair.path, SHORT_MS, &waiting[count], &pair.why);
		count++;
	}
	assert_int_equal(error, ERR_TIMEOUT);
	for (size_t i = 0; i < ARRAY_COUNT(waiting); i++)
		channel_close(waiting[i]);
	endpoint_refuse(&pair.served, NULL, 0);
	pair_close(&pair);
}

static void where_nobody_listens_the_message_asks_for_the_daemon(void **state)
{
	struct channel *channel = NULL;
	char path[256], long_path[200];
	struct tmpdir dir;
	struct buf why;

	(void)state;
	tmpdir_create(&dir);
	buf_init(&why, 1024);
	assert_int_equal(
		channel_open(tmpdir_path(&dir, "s", path, sizeof(path)), LONG_MS, &channel, &why),
		ERR_NOT_FOUND);
	assert_non_null(strstr(buf_text(&why), "is the daemon running?"));
	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(channel_open(long_path, LONG_MS, &channel, &why), ERR_INVALID);
	assert_null(channel);
	buf_deinit(&why);
	tmpdir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways_and_the_end_is_seen),
		cmocka_unit_test(a_silent_or_deaf_server_ends_in_a_timeout),
		cmocka_unit_test(a_full_queue_ends_in_a_timeout),
		cmocka_unit_test(where_nobody_listens_the_message_asks_for_the_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
