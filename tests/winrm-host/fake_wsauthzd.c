/*
 * A daemon for tests of the plug-in: answers by the names of users (users.h) and does wrong on
 * demand.
 *
 *	fake-wsauthzd ENDPOINT
 *
 * It prints "ready OWNER" and then answers each line of its input with one line:
 *
 *	mode MODE      how it behaves to questions from now on, see below; "ok"
 *	await N        waits until N questions came since it started; "ok"
 *	stats          "bytes N connections N questions N allowed N denied N released N reported N"
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/authz.h"
#include "winrm-host/fake_listen.h"
#include "winrm-host/users.h"

enum mode {
	MODE_ANSWER,
	MODE_BAD_TWIN,  /* the verdict's complement is wrong */
	MODE_CHAOS,     /* some answers late, sometimes an end of the connection */
	MODE_CUT,       /* ends the connection instead of answering */
	MODE_DENY,      /* denies everybody, as after a change of policy */
	MODE_DUPLICATE, /* answers twice */
	MODE_EPOCH,     /* answers in the name of another connection */
	MODE_GARBAGE,   /* bytes that are no message */
	MODE_HANG,      /* does not answer */
	MODE_OVERSIZE,  /* a frame that is too large */
	MODE_REFUSE,    /* refuses the greeting: the account is not served */
	MODE_SILENT,    /* does not even greet */
	MODE_UNKNOWN,   /* answers what nobody asked, then what was asked */
	MODE_ZERO,      /* an empty frame */
	MODE_COUNT
};

static const char *const mode_names[MODE_COUNT] = {
	"answer",  "bad-twin", "chaos",    "cut",    "deny",   "duplicate", "epoch",
	"garbage", "hang",     "oversize", "refuse", "silent", "unknown",   "zero",
};

struct counts {
	unsigned long bytes, connections, questions, allowed, denied, released, reported;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static enum mode mode;
static struct counts counts;

/* One connection. */
struct talk {
	struct fake_peer *peer;
	uint8_t epoch[AUTHZ_ID_BYTES];
	char application[AUTHZ_APPLICATION_BYTES + 1];
	uint32_t random;
	size_t in_bytes;
	uint8_t in[2 * (FRAME_HEADER_BYTES + FRAME_AUTHZ_MAX_BYTES)];
	uint8_t out[FRAME_HEADER_BYTES + FRAME_AUTHZ_MAX_BYTES];
	uint64_t memory[BUDGET_AUTHZ_BYTES / sizeof(uint64_t)];
};

static void count(unsigned long *counter)
{
	pthread_mutex_lock(&mutex);
	(*counter)++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static enum mode current_mode(void)
{
	enum mode now;

	pthread_mutex_lock(&mutex);
	now = mode;
	pthread_mutex_unlock(&mutex);
	return now;
}

static uint32_t random_below(struct talk *talk, uint32_t bound)
{
	talk->random = talk->random * 1664525U + 1013904223U;
	return (talk->random >> 8) % bound;
}

static ProtobufCBinaryData text(const char *value)
{
	return authz_bytes(value, strlen(value));
}

static bool send_reply(struct talk *talk, Wsauthz__Reply *reply)
{
	size_t frame_bytes;

	if (reply->epoch.len == 0)
		reply->epoch = authz_bytes(talk->epoch, AUTHZ_ID_BYTES);
	if (authz_reply_encode(reply, talk->out, sizeof(talk->out), &frame_bytes, NULL) != WIRE_OK)
		abort();
	return fake_peer_write(talk->peer, talk->out, frame_bytes);
}

static bool refuse(struct talk *talk, uint64_t id)
{
	Wsauthz__Refusal body = WSAUTHZ__REFUSAL__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

	body.reason = WSAUTHZ__REFUSAL__REASON__PEER_NOT_ALLOWED;
	reply.id = id;
	reply.body_case = WSAUTHZ__REPLY__BODY_REFUSAL;
	reply.refusal = &body;
	return send_reply(talk, &reply);
}

static bool greet(struct talk *talk, const Wsauthz__Request *request)
{
	Wsauthz__HelloReply hello = WSAUTHZ__HELLO_REPLY__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

	memcpy(talk->application, request->hello->application.data,
	       request->hello->application.len);
	if (current_mode() == MODE_SILENT)
		return true;
	if (current_mode() == MODE_REFUSE)
		return refuse(talk, request->id);
	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
	hello.server_version = text("fake");
	hello.max_frame_bytes = FRAME_AUTHZ_MAX_BYTES;
	hello.max_in_flight = 1024;
	hello.policy_revision = 1;
	reply.id = request->id;
	reply.body_case = WSAUTHZ__REPLY__BODY_HELLO;
	reply.hello = &hello;
	return send_reply(talk, &reply);
}

static bool pong(struct talk *talk, uint64_t id)
{
	Wsauthz__Pong body = WSAUTHZ__PONG__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

	reply.id = id;
	reply.body_case = WSAUTHZ__REPLY__BODY_PONG;
	reply.pong = &body;
	return send_reply(talk, &reply);
}

/* A question's answer, as it should be. */
struct answer {
	Wsauthz__Reply reply;
	Wsauthz__Decision decision;
	Wsauthz__QuotaReply quota_reply;
	Wsauthz__Quota quota;
	uint8_t record_id[AUTHZ_ID_BYTES];
};

static void read_name(const Wsauthz__Sender *sender, char *out, size_t size)
{
	const uint8_t *name = sender->name.data;
	size_t length = sender->name.len;

	for (size_t i = 0; i < sender->name.len; i++) {
		if (sender->name.data[i] == '\\') {
			name = sender->name.data + i + 1;
			length = sender->name.len - i - 1;
		}
	}
	if (length >= size)
		length = size - 1;
	if (length != 0)
		memcpy(out, name, length);
	out[length] = '\0';
}

static void make_quota(struct answer *answer, enum users_role role)
{
	wsauthz__quota_reply__init(&answer->quota_reply);
	wsauthz__quota__init(&answer->quota);
	answer->reply.body_case = WSAUTHZ__REPLY__BODY_QUOTA;
	answer->reply.quota = &answer->quota_reply;
	if (role != USERS_LIMITED)
		return;
	answer->quota.max_concurrent_shells = 2;
	answer->quota.max_concurrent_operations = 2;
	answer->quota.timeslot_s = 60;
	answer->quota.max_operations_per_timeslot = 10;
	answer->quota_reply.quota = &answer->quota;
}

static void make_decision(struct answer *answer, enum users_role role, bool asks_user)
{
	Wsauthz__Decision *decision = &answer->decision;

	wsauthz__decision__init(decision);
	answer->reply.body_case = WSAUTHZ__REPLY__BODY_DECISION;
	answer->reply.decision = decision;
	decision->verdict = VERDICT_DENY;
	decision->source = WSAUTHZ__DECISION__SOURCE__POLICY;
	switch (role) {
	case USERS_ADMIN: decision->administrator = asks_user; /* fall through */
	case USERS_OPERATOR:
	case USERS_LIMITED:
		decision->verdict = VERDICT_ALLOW;
		decision->record_id = authz_bytes(answer->record_id, AUTHZ_ID_BYTES);
		break;
	case USERS_MOVED:
		if (asks_user) {
			decision->verdict = VERDICT_REDIRECT;
			decision->extended_information = text(USERS_REDIRECT);
		}
		break;
	case USERS_BANNED: decision->extended_information = text(USERS_MESSAGE); break;
	case USERS_NOBODY: decision->source = WSAUTHZ__DECISION__SOURCE__DEFAULT; break;
	}
	decision->verdict_twin = ~decision->verdict;
	decision->code = verdict_code(decision->verdict);
	decision->policy_revision = 1;
	pthread_mutex_lock(&mutex);
	if (decision->verdict == VERDICT_ALLOW)
		counts.allowed++;
	else
		counts.denied++;
	decision->decision_id = counts.allowed + counts.denied;
	pthread_mutex_unlock(&mutex);
}

/* The same record for the same user of the same application. */
static void make_record_id(const struct talk *talk, const char *name, uint8_t *out)
{
	uint32_t parts[2] = {users_number(name), users_number(talk->application)};

	memset(out, 0, AUTHZ_ID_BYTES);
	memcpy(out, parts, sizeof(parts));
}

static void make_answer(const struct talk *talk, const Wsauthz__Request *request, bool denies,
			struct answer *answer)
{
	const Wsauthz__Sender *sender;
	enum users_role role;
	char name[128];

	if (request->body_case == WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER)
		sender = request->authorize_user->sender;
	else if (request->body_case == WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION)
		sender = request->authorize_operation->sender;
	else
		sender = request->query_quota->sender;
	read_name(sender, name, sizeof(name));
	role = denies ? USERS_NOBODY : users_role(name);
	memset(answer, 0, sizeof(*answer));
	wsauthz__reply__init(&answer->reply);
	answer->reply.id = request->id;
	make_record_id(talk, name, answer->record_id);
	if (request->body_case == WSAUTHZ__REQUEST__BODY_QUERY_QUOTA && !denies)
		make_quota(answer, role);
	else
		make_decision(answer, role,
			      request->body_case == WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
}

static bool send_raw(struct talk *talk, const char *bytes, size_t length)
{
	return fake_peer_write(talk->peer, bytes, length);
}

/* Up to two milliseconds, or until something else happens. */
static void delay(struct talk *talk)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)random_below(talk, 2000000);
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&mutex);
	pthread_cond_timedwait(&changed, &mutex, &until);
	pthread_mutex_unlock(&mutex);
}

/* False when the connection is to end. */
static bool on_question(struct talk *talk, const Wsauthz__Request *request)
{
	static const uint8_t other_epoch[AUTHZ_ID_BYTES] = {0xEE};
	enum mode now = current_mode();
	struct answer answer;

	count(&counts.questions);
	if (now == MODE_HANG || now == MODE_SILENT)
		return true;
	if (now == MODE_CUT || (now == MODE_CHAOS && random_below(talk, 2000) == 0))
		return false;
	if (now == MODE_CHAOS && random_below(talk, 16) == 0)
		delay(talk);
	if (now == MODE_GARBAGE)
		return send_raw(talk, "\x05\x00\x00\x00\xff\xff\xff\xff\xff", 9);
	if (now == MODE_OVERSIZE)
		return send_raw(talk, "\xff\xff\xff\xff", 4);
	if (now == MODE_ZERO)
		return send_raw(talk, "\x00\x00\x00\x00", 4);
	make_answer(talk, request, now == MODE_DENY, &answer);
	if (now == MODE_BAD_TWIN)
		answer.decision.verdict_twin ^= 1;
	if (now == MODE_EPOCH)
		answer.reply.epoch = authz_bytes(other_epoch, AUTHZ_ID_BYTES);
	if (now == MODE_UNKNOWN) {
		answer.reply.id += 1000000;
		if (!send_reply(talk, &answer.reply))
			return false;
		answer.reply.id -= 1000000;
	}
	if (now == MODE_DUPLICATE && !send_reply(talk, &answer.reply))
		return false;
	return send_reply(talk, &answer.reply);
}

static bool on_request(struct talk *talk, const Wsauthz__Request *request)
{
	switch ((int)request->body_case) {
	case WSAUTHZ__REQUEST__BODY_HELLO: return greet(talk, request);
	case WSAUTHZ__REQUEST__BODY_CONTEXT_RELEASED: count(&counts.released); return true;
	case WSAUTHZ__REQUEST__BODY_FAILURE_REPORT:
		count(&counts.reported);
		return pong(talk, request->id);
	case WSAUTHZ__REQUEST__BODY_PING: return pong(talk, request->id);
	default: return on_question(talk, request);
	}
}

static bool take_frames(struct talk *talk)
{
	struct frame frame;

	while (frame_find(talk->in, talk->in_bytes, FRAME_AUTHZ_MAX_BYTES, &frame) ==
	       FRAME_COMPLETE) {
		Wsauthz__Request *request;
		struct budget budget;

		budget_init_buffer(&budget, talk->memory, sizeof(talk->memory));
		if (authz_request_decode(frame.payload, frame.payload_bytes, &budget, &request,
					 NULL) != WIRE_OK) {
			fprintf(stderr, "fake-wsauthzd: a request that is none\n");
			exit(2);
		}
		if (!on_request(talk, request))
			return false;
		talk->in_bytes -= frame.needed_bytes;
		memmove(talk->in, talk->in + frame.needed_bytes, talk->in_bytes);
	}
	return true;
}

static void serve(struct fake_peer *peer)
{
	struct talk *talk = calloc(1, sizeof(*talk));
	size_t length;

	if (talk == NULL)
		abort();
	talk->peer = peer;
	pthread_mutex_lock(&mutex);
	talk->random = (uint32_t)++counts.connections;
	pthread_mutex_unlock(&mutex);
	memcpy(talk->epoch, &talk->random, sizeof(talk->random));
	do {
		length = fake_peer_read(peer, talk->in + talk->in_bytes,
					sizeof(talk->in) - talk->in_bytes);
		talk->in_bytes += length;
		pthread_mutex_lock(&mutex);
		counts.bytes += (unsigned long)length;
		pthread_mutex_unlock(&mutex);
	} while (length != 0 && take_frames(talk));
	free(talk);
}

static void set_mode(const char *name)
{
	for (size_t i = 0; i < MODE_COUNT; i++) {
		if (strcmp(mode_names[i], name) == 0) {
			pthread_mutex_lock(&mutex);
			mode = (enum mode)i;
			pthread_mutex_unlock(&mutex);
			printf("ok\n");
			return;
		}
	}
	printf("no mode %s\n", name);
}

static void await(unsigned long question_count)
{
	pthread_mutex_lock(&mutex);
	while (counts.questions < question_count)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
	printf("ok\n");
}

static void print_stats(void)
{
	struct counts now;

	pthread_mutex_lock(&mutex);
	now = counts;
	pthread_mutex_unlock(&mutex);
	printf("bytes %lu connections %lu questions %lu allowed %lu denied %lu released %lu "
	       "reported %lu\n",
	       now.bytes, now.connections, now.questions, now.allowed, now.denied, now.released,
	       now.reported);
}

int main(int argc, char **argv)
{
	char owner[192], line[256];

	if (argc != 2) {
		fprintf(stderr, "usage: fake-wsauthzd ENDPOINT\n");
		return 2;
	}
	fake_listen(argv[1], serve, owner, sizeof(owner));
	printf("ready %s\n", owner);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strncmp(line, "mode ", 5) == 0)
			set_mode(line + 5);
		else if (strncmp(line, "await ", 6) == 0)
			await(strtoul(line + 6, NULL, 10));
		else if (strcmp(line, "stats") == 0)
			print_stats();
		else
			printf("no command %s\n", line);
		fflush(stdout);
	}
	return 0;
}
