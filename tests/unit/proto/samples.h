/* One valid frame of every kind that crosses the authorize channel, and of some on the admin
 * channel, for tests that cut, damage or replay them. */
#ifndef TESTS_PROTO_SAMPLES_H
#define TESTS_PROTO_SAMPLES_H

#include <stddef.h>

#include "base/buf.h"
#include "proto/admin.h"
#include "proto/authz.h"

/* Sixteen bytes each; none of them is text. */
extern const uint8_t sample_epoch[AUTHZ_ID_BYTES];
extern const uint8_t sample_instance[AUTHZ_ID_BYTES];
extern const uint8_t sample_record_id[AUTHZ_ID_BYTES];

ProtobufCBinaryData sample_text(const char *text);

enum sample_request {
	SAMPLE_HELLO,
	SAMPLE_AUTHORIZE_USER,      /* with a token */
	SAMPLE_AUTHORIZE_OPERATION, /* with a certificate */
	SAMPLE_QUERY_QUOTA,
	SAMPLE_CONTEXT_RELEASED,
	SAMPLE_FAILURE_REPORT,
	SAMPLE_PING,
	SAMPLE_REQUEST_COUNT,
};

enum sample_reply {
	SAMPLE_HELLO_REPLY,
	SAMPLE_ALLOW,
	SAMPLE_DENY,
	SAMPLE_REDIRECT,
	SAMPLE_QUOTA,
	SAMPLE_NO_QUOTA,
	SAMPLE_PONG,
	SAMPLE_REFUSAL,
	SAMPLE_REPLY_COUNT,
};

/* Appends the frame; fails the test when that does not work. */
void sample_request_frame(enum sample_request kind, uint64_t id, struct buf *out);
void sample_reply_frame(enum sample_reply kind, uint64_t id, struct buf *out);

/* Appends the frame of a message made by the test. */
void sample_encode_request(const Wsauthz__Request *request, struct buf *out);
void sample_encode_reply(const Wsauthz__Reply *reply, struct buf *out);

/* The payload of the single frame in `frame`. */
struct str sample_payload(const struct buf *frame);

#endif
