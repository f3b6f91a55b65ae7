#include "client-plugin/limits.h"

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
	return value != 0 ? value : fallback;
}

enum client_reason limits_read(const struct client_settings *settings, struct limits *out,
			       const char **rule)
{
	struct limits limits = {
		.reply_timeout_ms =
			or_default(settings->reply_timeout_ms, CLIENT_DEFAULT_REPLY_TIMEOUT_MS),
		.connect_timeout_ms =
			or_default(settings->connect_timeout_ms, CLIENT_DEFAULT_CONNECT_TIMEOUT_MS),
		.max_pending = or_default(settings->max_pending, CLIENT_DEFAULT_MAX_PENDING),
	};

	if (limits.reply_timeout_ms > CLIENT_MAX_TIMEOUT_MS) {
		*rule = "the time-out of a reply is limited to 600,000 ms";
		return CLIENT_INVALID;
	}
	if (limits.connect_timeout_ms > limits.reply_timeout_ms) {
		*rule = "the time-out of connecting must not be longer than that of a reply";
		return CLIENT_INVALID;
	}
	*out = limits;
	return CLIENT_OK;
}
