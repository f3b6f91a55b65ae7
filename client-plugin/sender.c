#include "client-plugin/sender.h"

#include <stdbool.h>

#include "client-plugin/text.h"
#include "client-plugin/token.h"

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* By any other mechanism certificateDetails may be anything (WSMAN_SENDER_DETAILS). */
static bool has_certificate(const char *mechanism)
{
	const char *expected = "clientcertificate";

	while (*expected != '\0' && to_lower(*mechanism) == *expected) {
		mechanism++;
		expected++;
	}
	return *expected == '\0' && *mechanism == '\0';
}

static enum client_reason copy_certificate(const WSMAN_CERTIFICATE_DETAILS *details,
					   struct pool *pool, struct client_certificate *out)
{
	enum client_reason reason;

	if (details == NULL)
		return CLIENT_SENDER;
	reason = text_copy(details->subject, pool, &out->subject);
	if (reason == CLIENT_OK)
		reason = text_copy(details->issuerName, pool, &out->issuer_name);
	if (reason == CLIENT_OK)
		reason = text_copy(details->issuerThumbprint, pool, &out->issuer_thumbprint);
	if (reason == CLIENT_OK)
		reason = text_copy(details->subjectName, pool, &out->subject_name);
	return reason;
}

enum client_reason sender_copy(const WSMAN_SENDER_DETAILS *details, struct pool *pool,
			       struct sender *out)
{
	struct client_sender *copy = &out->details;
	enum client_reason reason;

	*out = (struct sender){.details = {.token = &out->token}};
	if (details->clientToken == NULL)
		return CLIENT_SENDER;
	reason = text_copy(details->senderName, pool, &copy->name);
	if (reason == CLIENT_OK)
		reason = text_copy(details->authenticationMechanism, pool, &copy->mechanism);
	if (reason == CLIENT_OK)
		reason = text_copy(details->httpURL, pool, &copy->http_url);
	if (reason == CLIENT_OK && has_certificate(copy->mechanism)) {
		copy->certificate = &out->certificate;
		reason = copy_certificate(details->certificateDetails, pool, &out->certificate);
	}
	if (reason == CLIENT_OK)
		reason = token_read(details->clientToken, pool, &out->token);
	return reason;
}
