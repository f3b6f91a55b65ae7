#include "server/doorbell.h"

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct doorbell *bell = poll->data;

	(void)status;
	(void)events;
	bell->on_ring(bell->arg);
}

static void on_woken(uv_async_t *async)
{
	struct doorbell *bell = async->data;

	if (!bell->is_muted)
		bell->on_ring(bell->arg);
}

/* Any thread. */
static void on_waiting(void *arg)
{
	struct doorbell *bell = arg;

	(void)uv_async_send(&bell->as.async);
}

/* Only a closing handle is refused. */
static void watch(struct doorbell *bell)
{
	(void)uv_poll_start(&bell->as.poll, UV_READABLE, on_readable);
}

enum error doorbell_start(struct doorbell *bell, uv_loop_t *loop, struct endpoint *endpoint,
			  void (*on_ring)(void *arg), void *arg, bool *has_handle)
{
	int descriptor = endpoint_descriptor(endpoint);
	int result;

	bell->endpoint = endpoint;
	bell->on_ring = on_ring;
	bell->arg = arg;
	bell->is_polled = descriptor >= 0;
	bell->is_muted = false;
	if (bell->is_polled)
		result = uv_poll_init(loop, &bell->as.poll, descriptor);
	else
		result = uv_async_init(loop, &bell->as.async, on_woken);
	*has_handle = result == 0;
	if (result != 0)
		return ERR_IO;
	bell->as.handle.data = bell;
	if (!bell->is_polled)
		return endpoint_notify(endpoint, on_waiting, bell);
	watch(bell);
	return ERR_NONE;
}

void doorbell_ring_again(struct doorbell *bell)
{
	/* A descriptor stays readable. */
	if (!bell->is_polled)
		(void)uv_async_send(&bell->as.async);
}

void doorbell_mute(struct doorbell *bell)
{
	bell->is_muted = true;
	if (bell->is_polled)
		uv_poll_stop(&bell->as.poll);
}

void doorbell_unmute(struct doorbell *bell)
{
	bell->is_muted = false;
	if (bell->is_polled)
		watch(bell);
	else
		(void)uv_async_send(&bell->as.async);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct doorbell *bell = handle->data;

	bell->on_ring(bell->arg);
}

void doorbell_close(struct doorbell *bell, void (*on_closed)(void *arg))
{
	if (!bell->is_polled && endpoint_notify(bell->endpoint, NULL, NULL) != ERR_NONE)
		return;
	bell->on_ring = on_closed;
	uv_close(&bell->as.handle, on_handle_closed);
}
