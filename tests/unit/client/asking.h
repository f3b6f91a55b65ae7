/* The client's core against a scripted server, with the clock in the test's hand. */
#ifndef TESTS_UNIT_CLIENT_ASKING_H
#define TESTS_UNIT_CLIENT_ASKING_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "client-plugin/client.h"
#include "unit/proto/samples.h"

enum { ASKING_MAX = 64 };

/* What the callback of one question saw. */
struct asked {
	struct client_answer answer;
	unsigned calls;
	char information[AUTHZ_INFORMATION_BYTES + 1];
};

struct asking {
	struct client *client;
	struct channel *channel;
	struct asked asked[ASKING_MAX];
};

extern const struct client_sender asking_sender;
extern const struct client_settings asking_settings;

/* For cmocka: `*state` becomes a struct asking without a client; the client it has is closed. */
int asking_setup(void **state);
int asking_teardown(void **state);

/* Opens the client, which then connects to the scripted server. */
void asking_open(struct asking *asking, const struct client_settings *settings);

/* Reads Hello and greets back. */
void asking_greet(struct asking *asking);

/* Both, with asking_settings. */
void asking_open_and_greet(struct asking *asking);

/* Delivers a frame, which it takes, or a sample reply. */
void asking_deliver(struct asking *asking, struct buf *frame);
void asking_reply(struct asking *asking, enum sample_reply kind, uint64_t id);

/* Makes frames that are no samples; `frame` is initialized by them. */
void asking_hello_reply(struct buf *frame, uint64_t id, uint32_t major, uint32_t minor);
void asking_refusal(struct buf *frame, uint64_t id, Wsauthz__Refusal__Reason reason);

/* Takes note of an answer in the struct asked that `arg` is. */
void asking_on_answer(void *arg, const struct client_answer *answer);

/* Asks for a user; question `index`. */
void asking_ask(struct asking *asking, size_t index);

/* The id of the next request, which must be of this kind. */
uint64_t asking_read_id(struct asking *asking, Wsauthz__Request__BodyCase body_case);

/* Both. */
uint64_t asking_ask_and_read_id(struct asking *asking, size_t index);

/* What the client has told of a question so far: nothing, once for that reason, or once that it is
 * allowed; and how often it failed for a reason. */
void asking_expect_open(const struct asking *asking, size_t index);
void asking_expect_reason(const struct asking *asking, size_t index, enum client_reason reason);
void asking_expect_allowed(const struct asking *asking, size_t index);
void asking_expect_count(const struct asking *asking, enum client_reason reason, uint64_t count);

#endif
