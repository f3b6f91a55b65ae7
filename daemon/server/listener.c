#include "server/listener.h"

#include "platform/peer.h"

enum error listener_open(struct listener *listener, struct service *service,
			 const struct session_channel *channel,
			 const struct settings_endpoint *settings, const struct role_rules *roles,
			 struct conn_pool *pool, struct buf *why)
{
	struct endpoint_options options = {
		.path = settings->socket,
		.mode = settings->group.length != 0 ? 0660 : 0600,
		.group = settings->group,
		.rules = roles->of,
		.rules_count = ARRAY_COUNT(roles->of),
		.is_for_administrators = channel->is_for_administrators,
		.queue_length = LISTENER_QUEUE_LENGTH,
	};

	listener->sessions.service = service;
	listener->sessions.channel = channel;
	listener->sessions.pool = pool;
	listener->max_connections = settings->max_connections;
	listener->sessions.limits = (struct conn_limits){
		.max_payload_bytes = channel->max_payload_bytes,
		.max_in_flight = settings->max_in_flight,
		/* Whoever has to find out what takes the memory must get in. */
		.outlives_memory = channel->is_for_administrators,
		.hello_ms = service->settings->hello_ms,
		.frame_ms = service->settings->frame_ms,
		.idle_ms = service->settings->idle_ms,
	};
	listener->roles = *roles;
	return endpoint_open(&options, &listener->endpoint, why);
}

/* `detail` is one of ours. */
static void add_event(struct listener *listener, const struct endpoint_connection *connection,
		      const char *detail, uint64_t suppressed)
{
	char account[PEER_TEXT_MAX], memory[256];
	struct buf text;

	peer_account(&connection->peer, account);
	buf_init_fixed(&text, memory, sizeof(memory));
	buf_printf(&text, "{\"channel\":\"%s\",\"reason\":\"%s\",\"more\":%llu}",
		   listener->sessions.channel->name, detail, (unsigned long long)suppressed);
	audit_events_add(listener->sessions.service->events, "peer.refused", str_from(account),
			 buf_str(&text));
}

static void turn_away(struct listener *listener, const struct endpoint_connection *connection,
		      enum refusal_reason reason, const char *detail)
{
	static const uint8_t no_epoch[SESSION_EPOCH_BYTES];
	struct session_refusal refusal = {0, reason, "", detail};
	struct service *service = listener->sessions.service;
	uint8_t frame[SESSION_REFUSAL_MAX_BYTES];
	char peer[PEER_TEXT_MAX];
	uint64_t suppressed;

	service->metrics.refused[reason]++;
	endpoint_refuse(connection, frame,
			listener->sessions.channel->encode_refusal(no_epoch, &refusal, frame,
								   sizeof(frame)));
	if (!log_rate_allow(&service->rates.connections, service->clock, &suppressed))
		return;
	peer_text(&connection->peer, peer);
	add_event(listener, connection, detail, suppressed);
	log_event_after(service->log, LOG_WARNING, "conn.refused", suppressed, "%s channel, %s: %s",
			listener->sessions.channel->name, peer, detail);
}

static void admit(struct listener *listener, const struct endpoint_connection *connection)
{
	struct service *service = listener->sessions.service;
	enum role role = role_of(&listener->roles, &connection->peer);

	if (role == ROLE_NONE) {
		turn_away(listener, connection, REFUSAL_PEER_NOT_ALLOWED,
			  "this account is not served");
		return;
	}
	if (listener->sessions.count >= listener->max_connections) {
		service->metrics.limited[LIMIT_CONNECTIONS]++;
		turn_away(listener, connection, REFUSAL_BUSY, "too many connections are open");
		return;
	}
	if (!listener->sessions.limits.outlives_memory && service_is_full(service)) {
		service->metrics.limited[LIMIT_MEMORY]++;
		turn_away(listener, connection, REFUSAL_BUSY,
			  "clients hold all the memory they may (limits.memory_mib)");
		return;
	}
	if (session_start(&listener->sessions, connection, role) == ERR_NONE)
		service->metrics.accepted++;
	else
		service->metrics.limited[LIMIT_DESCRIPTORS]++;
}

static void on_pause_over(uv_timer_t *timer)
{
	struct listener *listener = timer->data;

	doorbell_unmute(&listener->bell);
}

/* What is missing now may be there in a moment; asking at once would only burn time. */
static void note_exhaustion(struct listener *listener)
{
	struct service *service = listener->sessions.service;

	service->metrics.limited[LIMIT_DESCRIPTORS]++;
	log_event_limited(service->log, LOG_ERROR, "conn.exhausted", &service->rates.exhaustion,
			  "%s channel: a connection was dropped for want of descriptors or memory",
			  listener->sessions.channel->name);
	doorbell_mute(&listener->bell);
	(void)uv_timer_start(&listener->pause, on_pause_over, LISTENER_PAUSE_MS, 0);
}

static void on_ring(void *arg)
{
	struct listener *listener = arg;
	struct endpoint_connection connection;

	for (int i = 0; i < LISTENER_ACCEPT_MAX; i++) {
		switch (endpoint_accept(listener->endpoint, &connection)) {
		case ENDPOINT_ACCEPTED: admit(listener, &connection); break;
		case ENDPOINT_GONE: break;
		case ENDPOINT_EMPTY: return;
		case ENDPOINT_EXHAUSTED: note_exhaustion(listener); return;
		}
	}
	doorbell_ring_again(&listener->bell);
}

static void count_closed(struct listener *listener)
{
	listener->open_handles--;
}

static void on_bell_closed(void *arg)
{
	count_closed(arg);
}

static void on_pause_closed(uv_handle_t *handle)
{
	count_closed(handle->data);
}

enum error listener_start(struct listener *listener, uv_loop_t *loop)
{
	enum error error = doorbell_start(&listener->bell, loop, listener->endpoint, on_ring,
					  listener, &listener->has_bell);

	listener->open_handles += listener->has_bell;
	if (error != ERR_NONE)
		return error;
	uv_timer_init(loop, &listener->pause); /* cannot fail */
	listener->pause.data = listener;
	listener->has_pause = true;
	listener->open_handles++;
	return ERR_NONE;
}

void listener_close(struct listener *listener)
{
	if (listener->has_bell)
		doorbell_close(&listener->bell, on_bell_closed);
	if (listener->has_pause)
		uv_close((uv_handle_t *)&listener->pause, on_pause_closed);
	listener->has_bell = false;
	listener->has_pause = false;
	endpoint_close(listener->endpoint);
	listener->endpoint = NULL;
}
