#include "unit/client/fake_channel.h"

#include <sched.h>
#include <stdlib.h>

#include "client-plugin/memory.h"
#include "support/cmocka.h"

static enum client_reason next_connect_result;
static struct channel *last;

void fake_channel_set_connect_result(enum client_reason result)
{
	next_connect_result = result;
}

struct channel *fake_channel_last(void)
{
	return last;
}

/* The port. */

enum client_reason channel_new(const char *endpoint, const char *server_owner,
			       const struct channel_events *events, void *arg, struct channel **out)
{
	struct channel *channel;

	if (endpoint == NULL || server_owner == NULL)
		return CLIENT_INVALID;
	channel = memory_calloc(1, sizeof(*channel));
	if (channel == NULL)
		return CLIENT_NO_MEMORY;
	channel->events = events;
	channel->arg = arg;
	channel->now_ms = FAKE_START_MS;
	channel->wall_us = 1767225600000000;
	channel->connect_result = next_connect_result;
	buf_init(&channel->written, SIZE_MAX);
	last = channel;
	*out = channel;
	return CLIENT_OK;
}

void channel_join(struct channel *channel)
{
	assert_true(channel->events->on_turn(channel->arg, channel->now_ms) == CHANNEL_STOP);
}

void channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	assert_false(channel->connected);
	buf_deinit(&channel->written);
	memory_free(channel);
}

void channel_wake(struct channel *channel)
{
	channel->wake_count++;
	if (channel->on_wake != NULL)
		channel->on_wake(channel->on_wake_arg);
}

void channel_yield(void)
{
	sched_yield();
}

enum client_reason channel_connect(struct channel *channel)
{
	assert_false(channel->connected);
	channel->connect_count++;
	channel->connected_ms = channel->now_ms;
	if (channel->connect_result != CLIENT_OK)
		return channel->connect_result;
	channel->connected = true;
	buf_clear(&channel->written);
	return CLIENT_OK;
}

const struct channel_obstacle *channel_obstacle(const struct channel *channel)
{
	return &channel->obstacle;
}

void channel_write(struct channel *channel, const uint8_t *bytes, size_t length)
{
	assert_true(channel->connected);
	assert_null(channel->writing);
	assert_int_not_equal(length, 0);
	channel->writing = bytes;
	channel->writing_bytes = length;
}

static void disconnect(struct channel *channel)
{
	assert_true(channel->connected);
	channel->connected = false;
	channel->writing = NULL;
}

void channel_disconnect(struct channel *channel)
{
	disconnect(channel);
	channel->disconnect_count++;
}

int64_t channel_now_ms(const struct channel *channel)
{
	return channel->now_ms;
}

int64_t channel_wall_us(const struct channel *channel)
{
	return channel->wall_us;
}

/* What stands for a failure of the operating system fails with the memory. */
static enum client_reason ask_system(void)
{
	void *resource = memory_calloc(1, 1);

	if (resource == NULL)
		return CLIENT_NO_MEMORY;
	memory_free(resource);
	return CLIENT_OK;
}

enum client_reason channel_start(struct channel *channel)
{
	(void)channel;
	return ask_system();
}

enum client_reason channel_random(struct channel *channel, void *bytes, size_t length)
{
	if (ask_system() != CLIENT_OK)
		return CLIENT_NO_MEMORY;
	for (size_t i = 0; i < length; i++)
		((uint8_t *)bytes)[i] = channel->random++;
	return CLIENT_OK;
}

uint32_t channel_process_id(const struct channel *channel)
{
	(void)channel;
	return 4711;
}

/* The world. */

static void complete_write(struct channel *channel)
{
	buf_append(&channel->written, channel->writing, channel->writing_bytes);
	assert_int_equal(channel->written.failed, ERR_NONE);
	channel->writing = NULL;
	channel->events->on_written(channel->arg);
}

void fake_channel_turn(struct channel *channel)
{
	for (unsigned turns = 0;; turns++) {
		assert_in_range(turns, 0, 1000); /* a client that never comes to rest */
		channel->next_ms = channel->events->on_turn(channel->arg, channel->now_ms);
		if (channel->writing != NULL && !channel->hold_writes)
			complete_write(channel);
		else if (channel->next_ms > channel->now_ms)
			break;
	}
}

void fake_channel_advance(struct channel *channel, int64_t ms)
{
	channel->now_ms += ms;
	channel->wall_us += ms * 1000;
	fake_channel_turn(channel);
}

void fake_channel_complete_write(struct channel *channel)
{
	assert_non_null(channel->writing);
	complete_write(channel);
	fake_channel_turn(channel);
}

void fake_channel_deliver(struct channel *channel, const void *bytes, size_t length)
{
	assert_true(channel->connected);
	channel->events->on_bytes(channel->arg, bytes, length);
	fake_channel_turn(channel);
}

void fake_channel_hang_up(struct channel *channel)
{
	disconnect(channel);
	channel->events->on_closed(channel->arg);
	fake_channel_turn(channel);
}

const Wsauthz__Request *fake_channel_read(struct channel *channel)
{
	Wsauthz__Request *request;
	struct budget budget;
	struct frame frame;

	if (channel->written.length == 0)
		return NULL;
	assert_int_equal(frame_find((const uint8_t *)channel->written.data, channel->written.length,
				    FRAME_AUTHZ_MAX_BYTES, &frame),
			 FRAME_COMPLETE);
	budget_init_buffer(&budget, channel->memory, sizeof(channel->memory));
	assert_int_equal(
		authz_request_decode(frame.payload, frame.payload_bytes, &budget, &request, NULL),
		WIRE_OK);
	buf_consume(&channel->written, frame.needed_bytes);
	return request;
}
