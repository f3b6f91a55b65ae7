/* The server whole, on a thread of the test. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "base/mem.h"
#include "config/config.h"
#include "server/server.h"
#include "store/audit_query.h"
#include "support/cmocka.h"
#include "support/fault.h"
#include "support/tmpdir.h"
#include "talk.h"

#define ALICE    "S-1-5-21-1-2-3-1001"
#define BOB      "S-1-5-21-1-2-3-1002"
#define USERS    "S-1-5-21-1-2-3-513"
#define STRANGER "S-1-5-21-9-9-9-9"

static const char policy_text[] =
	"@id(\"users-connect\") @max_shells(\"5\")\n"
	"permit(principal in WinRM::Group::\"" USERS "\", action == WinRM::Action::\"Connect\","
	" resource);\n"
	"@id(\"users-read\")\n"
	"permit(principal in WinRM::Group::\"" USERS "\", action in WinRM::Action::\"Read\","
	" resource);\n";

struct fixture {
	struct tmpdir dir;
	char authorize[160], admin[160], state_dir[160], policy_dir[160];
	struct config config;
	struct log log;
	uv_mutex_t log_lock;
	struct buf log_text;
	struct buf why;
	struct server *server;
	uv_thread_t thread;
};

static void keep_line(void *arg, enum log_level level, struct str line)
{
	struct fixture *f = arg;

	(void)level;
	uv_mutex_lock(&f->log_lock);
	buf_append_str(&f->log_text, line);
	uv_mutex_unlock(&f->log_lock);
}

static void write_policy(struct fixture *f, const char *text)
{
	tmpdir_write(&f->dir, "policy/main.cedar", text, strlen(text));
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	umask(077);
	tmpdir_create(&f->dir);
	assert_int_equal(uv_mutex_init(&f->log_lock), 0);
	buf_init(&f->log_text, 1 << 20);
	buf_init(&f->why, 4096);
	f->log = (struct log){
		.level = LOG_DEBUG, .clock = platform_clock(), .sink = keep_line, .arg = f};
	f->config = config_default();
	f->config.server.authorize.socket =
		tmpdir_path(&f->dir, "a.sock", f->authorize, sizeof(f->authorize));
	f->config.server.admin.socket =
		tmpdir_path(&f->dir, "admin.sock", f->admin, sizeof(f->admin));
	f->config.server.state_directory =
		tmpdir_path(&f->dir, "state", f->state_dir, sizeof(f->state_dir));
	f->config.server.policy_directory =
		tmpdir_path(&f->dir, "policy", f->policy_dir, sizeof(f->policy_dir));
	f->config.server.policy_reload = RELOAD_ON_REQUEST;
	assert_int_equal(mkdir(f->policy_dir, 0700), 0);
	write_policy(f, policy_text);
	*state = f;
	return 0;
}

static void run_server(void *arg)
{
	struct fixture *f = arg;

	server_run(f->server);
}

static void start(struct fixture *f)
{
	buf_clear(&f->why);
	if (server_new(&f->config.server, &f->log, f->log.clock, &f->server, &f->why) != ERR_NONE)
		fail_msg("%s\n%s", buf_text(&f->why), buf_text(&f->log_text));
	assert_int_equal(uv_thread_create(&f->thread, run_server, f), 0);
}

static void stop(struct fixture *f)
{
	if (f->server == NULL)
		return;
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(uv_thread_join(&f->thread), 0);
	server_free(f->server);
	f->server = NULL;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	stop(f);
	buf_deinit(&f->why);
	buf_deinit(&f->log_text);
	uv_mutex_destroy(&f->log_lock);
	tmpdir_remove(&f->dir);
	free(f);
	return 0;
}

static void open_authorize(struct fixture *f, struct talk *talk)
{
	const Wsauthz__Reply *reply;

	talk_open(talk, f->authorize);
	reply = talk_hello(talk, "wsman/Test");
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_HELLO);
}

static void open_admin(struct fixture *f, struct talk *talk)
{
	const Wsauthz__AdminReply *reply;

	talk_open(talk, f->admin);
	reply = talk_admin_hello(talk);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_HELLO);
}

static const Wsauthz__Decision *next_decision(struct talk *talk)
{
	const Wsauthz__Reply *reply = talk_reply(talk);

	assert_non_null(reply);
	if (reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL)
		fail_msg("refused for reason %d", (int)reply->refusal->reason);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_DECISION);
	assert_int_equal(reply->decision->verdict, ~reply->decision->verdict_twin);
	return reply->decision;
}

static void assert_refused(const Wsauthz__Reply *reply, Wsauthz__Refusal__Reason reason)
{
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_REFUSAL);
	assert_int_equal(reply->refusal->reason, reason);
	assert_true(reply->refusal->detail.len != 0);
}

static void assert_refused_and_closed(struct talk *talk, Wsauthz__Refusal__Reason reason)
{
	assert_refused(talk_reply(talk), reason);
	assert_null(talk_reply(talk));
}

static void put_body(Wsauthz__Request *request, Wsauthz__Ping *ping)
{
	wsauthz__request__init(request);
	wsauthz__ping__init(ping);
	request->body_case = WSAUTHZ__REQUEST__BODY_PING;
	request->ping = ping;
}

static bool ask_ping(struct talk *talk)
{
	Wsauthz__Request request;
	Wsauthz__Ping ping;

	put_body(&request, &ping);
	return talk_ask(talk, &request);
}

/* What the audit holds. */

struct row_count {
	size_t all, allowed;
	uint64_t last_id;
};

static bool count_row(void *arg, const struct audit_row *row)
{
	struct row_count *count = arg;

	count->all++;
	count->allowed += row->verdict == AUDIT_ALLOW;
	count->last_id = row->decision_id;
	return true;
}

static struct row_count count_rows(struct fixture *f)
{
	struct store_env env = {.create_private = file_create_private};
	struct row_count count = {0, 0, 0};
	struct audit_filter all = {0};
	struct audit_reader *reader;

	assert_int_equal(audit_reader_open(f->state_dir, &env, &reader, &f->why), ERR_NONE);
	assert_int_equal(audit_query(reader, &all, count_row, &count, &f->why), ERR_NONE);
	audit_reader_close(reader);
	return count;
}

/* Deciding. */

static void an_allowed_user_and_a_stranger_get_their_answers_and_rows(void **state)
{
	struct fixture *f = *state;
	const Wsauthz__Decision *decision;
	struct row_count rows;
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	assert_true(talk_ask_user(&talk, "CONTOSO\\alice", ALICE, USERS));
	decision = next_decision(&talk);
	assert_int_equal(decision->verdict, VERDICT_ALLOW);
	assert_int_equal(decision->code, 0);
	assert_int_equal(decision->source, WSAUTHZ__DECISION__SOURCE__POLICY);
	assert_int_equal(decision->record_id.len, AUTHZ_ID_BYTES);
	assert_int_equal(decision->policy_revision, 1);
	assert_int_equal(decision->decision_id, 1);
	assert_int_equal(decision->n_reasons, 1);
	assert_str_equal(str_make((char *)decision->reasons[0].data, decision->reasons[0].len),
			 "users-connect");

	assert_true(talk_ask_user(&talk, "EVIL\\mallory", STRANGER, ""));
	decision = next_decision(&talk);
	assert_int_equal(decision->verdict, VERDICT_DENY);
	assert_int_equal(decision->code, 5);
	assert_int_equal(decision->record_id.len, 0);
	assert_int_equal(decision->decision_id, 2);

	/* The rows are there while the daemon runs. */
	rows = count_rows(f);
	assert_int_equal(rows.all, 2);
	assert_int_equal(rows.allowed, 1);
	talk_close(&talk);
}

static void a_record_answers_the_second_time_and_ends_with_its_last_context(void **state)
{
	Wsauthz__ContextReleased released = WSAUTHZ__CONTEXT_RELEASED__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct fixture *f = *state;
	const Wsauthz__Decision *decision;
	uint8_t id[AUTHZ_ID_BYTES];
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = next_decision(&talk);
	memcpy(id, decision->record_id.data, sizeof(id));
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = next_decision(&talk);
	assert_int_equal(decision->source, WSAUTHZ__DECISION__SOURCE__RECORD);
	assert_memory_equal(decision->record_id.data, id, sizeof(id));

	released.record_id = authz_bytes(id, sizeof(id));
	request.body_case = WSAUTHZ__REQUEST__BODY_CONTEXT_RELEASED;
	request.context_released = &released;
	for (int i = 0; i < 2; i++) {
		request.id = 0;
		assert_true(talk_ask(&talk, &request));
	}
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = next_decision(&talk);
	assert_int_equal(decision->source, WSAUTHZ__DECISION__SOURCE__POLICY);
	assert_memory_not_equal(decision->record_id.data, id, sizeof(id));
	talk_close(&talk);
}

static void records_survive_a_restart(void **state)
{
	struct fixture *f = *state;
	const Wsauthz__Decision *decision;
	uint8_t id[AUTHZ_ID_BYTES];
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = next_decision(&talk);
	memcpy(id, decision->record_id.data, sizeof(id));
	stop(f);
	talk_close(&talk);

	start(f);
	open_authorize(f, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = next_decision(&talk);
	assert_int_equal(decision->source, WSAUTHZ__DECISION__SOURCE__RECORD);
	assert_int_equal(decision->decision_id, 2);
	assert_memory_equal(decision->record_id.data, id, sizeof(id));
	talk_close(&talk);
}

static void a_quota_comes_from_the_policy(void **state)
{
	Wsauthz__QueryQuota body = WSAUTHZ__QUERY_QUOTA__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;
	ProtobufCBinaryData group = talk_text(USERS);
	struct fixture *f = *state;
	const Wsauthz__Reply *reply;
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	token.user_sid = talk_text(ALICE);
	token.group_sids = &group;
	token.n_group_sids = 1;
	sender.mechanism = talk_text("Kerberos");
	sender.name = talk_text("alice");
	sender.token = &token;
	body.sender = &sender;
	request.body_case = WSAUTHZ__REQUEST__BODY_QUERY_QUOTA;
	request.query_quota = &body;
	assert_true(talk_ask(&talk, &request));
	reply = talk_reply(&talk);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_QUOTA);
	assert_non_null(reply->quota->quota);
	assert_int_equal(reply->quota->quota->max_concurrent_shells, 5);
	assert_true(reply->quota->quota->max_concurrent_operations != 0);

	/* Who may not connect has no quota. */
	token.n_group_sids = 0;
	token.user_sid = talk_text(STRANGER);
	request.id = 0;
	assert_true(talk_ask(&talk, &request));
	assert_int_equal(next_decision(&talk)->verdict, VERDICT_DENY);
	talk_close(&talk);
}

static void a_half_closed_connection_still_gets_its_answer(void **state)
{
	struct fixture *f = *state;
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	assert_int_equal(channel_finish(talk.channel), ERR_NONE);
	assert_int_equal(next_decision(&talk)->verdict, VERDICT_ALLOW);
	assert_null(talk_reply(&talk));
	talk_close(&talk);
}

static void in_relaxed_mode_the_rows_follow(void **state)
{
	struct fixture *f = *state;
	struct row_count rows;
	struct talk talk;

	f->config.server.durability = DURABILITY_RELAXED;
	start(f);
	open_authorize(f, &talk);
	for (uint64_t i = 1; i <= 20; i++) {
		assert_true(talk_ask_operation(&talk, "alice", ALICE, USERS));
		assert_int_equal(next_decision(&talk)->decision_id, i);
	}
	stop(f);
	talk_close(&talk);
	rows = count_rows(f);
	assert_int_equal(rows.all, 20);
	assert_int_equal(rows.last_id, 20);

	/* The numbers go on where they ended. */
	start(f);
	open_authorize(f, &talk);
	assert_true(talk_ask_operation(&talk, "alice", ALICE, USERS));
	assert_int_equal(next_decision(&talk)->decision_id, 21);
	talk_close(&talk);
}

/* The contract. */

static void before_hello_nothing_else_is_answered(void **state)
{
	struct fixture *f = *state;
	const Wsauthz__Reply *reply;
	struct talk talk;

	start(f);
	talk_open(&talk, f->authorize);
	assert_true(ask_ping(&talk));
	assert_refused(talk_reply(&talk), WSAUTHZ__REFUSAL__REASON__NOT_HELLO);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	assert_refused(talk_reply(&talk), WSAUTHZ__REFUSAL__REASON__NOT_HELLO);
	/* Said late it is not too late, said twice it is once too often. */
	reply = talk_hello(&talk, "wsman/Test");
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_HELLO);
	assert_int_equal(reply->hello->policy_revision, 1);
	assert_int_equal(reply->hello->max_frame_bytes, FRAME_AUTHZ_MAX_BYTES);
	assert_refused(talk_hello(&talk, "wsman/Test"), WSAUTHZ__REFUSAL__REASON__NOT_HELLO);
	assert_true(ask_ping(&talk));
	reply = talk_reply(&talk);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_PONG);
	talk_close(&talk);
	assert_int_equal(count_rows(f).all, 0);
}

static void another_major_version_is_refused(void **state)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct fixture *f = *state;
	struct talk talk;

	start(f);
	talk_open(&talk, f->authorize);
	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR + 1;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = talk_text("x");
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	assert_true(talk_ask(&talk, &request));
	assert_refused_and_closed(&talk, WSAUTHZ__REFUSAL__REASON__VERSION);
	talk_close(&talk);
}

static void a_later_minor_version_is_answered_with_ours(void **state)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct fixture *f = *state;
	const Wsauthz__Reply *reply;
	struct talk talk;

	start(f);
	talk_open(&talk, f->authorize);
	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR + 5;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = talk_text("x");
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	assert_true(talk_ask(&talk, &request));
	reply = talk_reply(&talk);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_HELLO);
	assert_int_equal(reply->hello->protocol_minor, AUTHZ_PROTOCOL_MINOR);
	talk_close(&talk);
}

static void a_message_of_the_other_channel_is_refused(void **state)
{
	Wsauthz__AdminRequest status = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Status body = WSAUTHZ__STATUS__INIT;
	const Wsauthz__AdminReply *reply;
	struct fixture *f = *state;
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	status.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_STATUS;
	status.status = &body;
	assert_true(talk_ask_admin(&talk, &status));
	assert_refused_and_closed(&talk, WSAUTHZ__REFUSAL__REASON__WRONG_CHANNEL);
	talk_close(&talk);

	open_admin(f, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	reply = talk_admin_reply(&talk);
	assert_non_null(reply);
	assert_int_equal(reply->refusal->reason, WSAUTHZ__REFUSAL__REASON__WRONG_CHANNEL);
	assert_null(talk_admin_reply(&talk));
	talk_close(&talk);
	assert_int_equal(count_rows(f).all, 0);
}

static void a_malformed_message_is_refused_with_its_field(void **state)
{
	/* id 7, authorize_user { sender { name "a\0b" } } */
	static const char frame[] = "\x0b\0\0\0\x08\x07\x1a\x07\x0a\x05\x0a\x03"
				    "a\0b";
	struct fixture *f = *state;
	const Wsauthz__Reply *reply;
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	assert_true(talk_send(&talk, frame, sizeof(frame) - 1));
	reply = talk_reply(&talk);
	assert_refused(reply, WSAUTHZ__REFUSAL__REASON__BAD_REQUEST);
	assert_int_equal(reply->id, 7);
	assert_str_equal(str_make((char *)reply->refusal->field.data, reply->refusal->field.len),
			 "authorize_user.sender.name");
	assert_null(talk_reply(&talk));
	talk_close(&talk);
}

static void a_frame_that_is_too_large_is_refused(void **state)
{
	struct fixture *f = *state;
	uint8_t header[FRAME_HEADER_BYTES];
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	frame_write_header(header, FRAME_AUTHZ_MAX_BYTES + 1);
	assert_true(talk_send(&talk, header, sizeof(header)));
	assert_refused_and_closed(&talk, WSAUTHZ__REFUSAL__REASON__FRAME_SIZE);
	talk_close(&talk);
}

/* Sends `count` requests in one write, so that they meet in one pass of the loop. */
static void ask_together(struct talk *talk, size_t count, bool same_id)
{
	uint8_t frames[64 * 256], *end = frames;

	for (size_t i = 0; i < count; i++) {
		Wsauthz__AuthorizeUser body = WSAUTHZ__AUTHORIZE_USER__INIT;
		Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
		Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
		size_t length;

		sender.name = talk_text("bob");
		sender.mechanism = talk_text("NTLM");
		body.sender = &sender;
		request.id = same_id ? 100 : 100 + i;
		request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
		request.authorize_user = &body;
		assert_int_equal(authz_request_encode(&request, end,
						      sizeof(frames) - (size_t)(end - frames),
						      &length, NULL),
				 WIRE_OK);
		end += length;
	}
	assert_true(talk_send(talk, frames, (size_t)(end - frames)));
}

static void an_id_that_is_in_use_is_refused(void **state)
{
	struct fixture *f = *state;
	size_t refused = 0, decided = 0;
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	ask_together(&talk, 2, true);
	for (int i = 0; i < 2; i++) {
		const Wsauthz__Reply *reply = talk_reply(&talk);

		assert_non_null(reply);
		assert_int_equal(reply->id, 100);
		decided += reply->body_case == WSAUTHZ__REPLY__BODY_DECISION;
		refused += reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL &&
			   reply->refusal->reason == WSAUTHZ__REFUSAL__REASON__DUPLICATE_ID;
	}
	assert_int_equal(decided, 1);
	assert_int_equal(refused, 1);
	/* Answered, it may be used again. */
	ask_together(&talk, 1, true);
	next_decision(&talk);
	talk_close(&talk);
	assert_int_equal(count_rows(f).all, 2);
}

static void more_requests_than_agreed_are_refused(void **state)
{
	struct fixture *f = *state;
	size_t refused = 0, decided = 0;
	struct talk talk;

	f->config.server.authorize.max_in_flight = 3;
	start(f);
	open_authorize(f, &talk);
	ask_together(&talk, 5, false);
	for (int i = 0; i < 5; i++) {
		const Wsauthz__Reply *reply = talk_reply(&talk);

		assert_non_null(reply);
		decided += reply->body_case == WSAUTHZ__REPLY__BODY_DECISION;
		refused += reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL &&
			   reply->refusal->reason == WSAUTHZ__REFUSAL__REASON__BUSY;
	}
	assert_int_equal(decided, 3);
	assert_int_equal(refused, 2);
	ask_together(&talk, 3, false);
	for (int i = 0; i < 3; i++)
		next_decision(&talk);
	talk_close(&talk);
}

static void one_connection_too_many_is_refused(void **state)
{
	struct fixture *f = *state;
	const Wsauthz__Reply *reply;
	struct talk first, second, third, admin;

	f->config.server.authorize.max_connections = 2;
	start(f);
	open_authorize(f, &first);
	open_authorize(f, &second);
	talk_open(&third, f->authorize);
	assert_refused_and_closed(&third, WSAUTHZ__REFUSAL__REASON__BUSY);
	talk_close(&third);
	/* The other door has its own limit. */
	open_admin(f, &admin);
	talk_close(&admin);
	/* A place that became free is given again, once the daemon noticed. */
	talk_close(&second);
	do {
		talk_open(&third, f->authorize);
		reply = talk_hello(&third, "x");
		if (reply != NULL && reply->body_case == WSAUTHZ__REPLY__BODY_HELLO)
			break;
		talk_close(&third);
	} while (true);
	talk_close(&third);
	talk_close(&first);
}

static void an_account_that_is_not_listed_is_refused(void **state)
{
	struct fixture *f = *state;
	struct talk talk;

	f->config.server.authorize.users.items[0] = STR("65534");
	f->config.server.authorize.users.count = 1;
	start(f);
	talk_open(&talk, f->authorize);
	assert_refused_and_closed(&talk, WSAUTHZ__REFUSAL__REASON__PEER_NOT_ALLOWED);
	talk_close(&talk);
}

static void each_connection_has_an_epoch_of_its_own(void **state)
{
	struct fixture *f = *state;
	uint8_t epoch[AUTHZ_ID_BYTES];
	const Wsauthz__Reply *reply;
	struct talk talk;

	start(f);
	talk_open(&talk, f->authorize);
	reply = talk_hello(&talk, "x");
	memcpy(epoch, reply->epoch.data, sizeof(epoch));
	assert_true(ask_ping(&talk));
	assert_memory_equal(talk_reply(&talk)->epoch.data, epoch, sizeof(epoch));
	talk_close(&talk);
	talk_open(&talk, f->authorize);
	reply = talk_hello(&talk, "x");
	assert_memory_not_equal(reply->epoch.data, epoch, sizeof(epoch));
	talk_close(&talk);
}

static void a_failure_report_is_acknowledged(void **state)
{
	Wsauthz__FailureReport report = WSAUTHZ__FAILURE_REPORT__INIT;
	Wsauthz__FailureCount count = WSAUTHZ__FAILURE_COUNT__INIT, *counts = &count;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct fixture *f = *state;
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	count.reason = WSAUTHZ__FAILURE_COUNT__REASON__NO_SERVER;
	count.count = 17;
	report.counts = &counts;
	report.n_counts = 1;
	request.body_case = WSAUTHZ__REQUEST__BODY_FAILURE_REPORT;
	request.failure_report = &report;
	assert_true(talk_ask(&talk, &request));
	assert_int_equal(talk_reply(&talk)->body_case, WSAUTHZ__REPLY__BODY_PONG);
	talk_close(&talk);
	stop(f);
	assert_non_null(strstr(buf_text(&f->log_text), "client.failures"));
}

/* Administration. */

static const Wsauthz__StatusReply *ask_status(struct talk *talk)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Status body = WSAUTHZ__STATUS__INIT;
	const Wsauthz__AdminReply *reply;

	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_STATUS;
	request.status = &body;
	assert_true(talk_ask_admin(talk, &request));
	reply = talk_admin_reply(talk);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_STATUS);
	return reply->status;
}

static const Wsauthz__PolicyReloadReply *ask_reload(struct talk *talk, bool check_only)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__PolicyReload body = WSAUTHZ__POLICY_RELOAD__INIT;
	const Wsauthz__AdminReply *reply;

	body.check_only = check_only;
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_POLICY_RELOAD;
	request.policy_reload = &body;
	assert_true(talk_ask_admin(talk, &request));
	reply = talk_admin_reply(talk);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_POLICY_RELOAD);
	return reply->policy_reload;
}

static void status_tells_what_happened(void **state)
{
	struct fixture *f = *state;
	const Wsauthz__StatusReply *status;
	struct talk talk, admin;

	start(f);
	open_authorize(f, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	next_decision(&talk);
	assert_true(talk_ask_user(&talk, "mallory", STRANGER, ""));
	next_decision(&talk);
	open_admin(f, &admin);
	status = ask_status(&admin);
	assert_int_equal(status->pid, getpid());
	assert_int_equal(status->policy->revision, 1);
	assert_int_equal(status->policy->policy_count, 2);
	assert_false(status->policy->fallback);
	assert_null(status->failure);
	assert_int_equal(status->audit->durability, WSAUTHZ__AUDIT_STATUS__DURABILITY__STRICT);
	assert_true(status->audit->writable);
	assert_int_equal(status->audit->last_decision_id, 2);
	assert_int_equal(status->record_count, 1);
	assert_int_equal(status->connection_count, 1);
	assert_int_equal(status->allowed_count, 1);
	assert_int_equal(status->denied_count, 1);
	assert_int_equal(status->refused_count, 0);
	talk_close(&talk);
	talk_close(&admin);
}

static void a_reload_activates_or_keeps_what_serves(void **state)
{
	const Wsauthz__PolicyReloadReply *reload;
	const Wsauthz__StatusReply *status;
	struct fixture *f = *state;
	struct talk talk, admin;

	start(f);
	open_authorize(f, &talk);
	open_admin(f, &admin);
	reload = ask_reload(&admin, false);
	assert_true(reload->valid);
	assert_false(reload->activated);
	assert_int_equal(reload->revision, 1);

	/* Broken: everything stays, and status says why. */
	write_policy(f, "permit(principal, action, resource)\nwhen { 1 + };\n");
	reload = ask_reload(&admin, false);
	assert_false(reload->valid);
	assert_int_equal(reload->revision, 1);
	assert_true(reload->n_diagnostics >= 1);
	assert_int_equal(reload->diagnostics[0]->line, 2);
	status = ask_status(&admin);
	assert_int_equal(status->policy->revision, 1);
	assert_non_null(status->failure);
	assert_int_equal(status->failure->digest.len, ADMIN_DIGEST_BYTES);
	assert_int_equal(status->failure->diagnostics[0]->line, 2);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	assert_int_equal(next_decision(&talk)->verdict, VERDICT_ALLOW);

	/* Only checked: nothing changes. */
	write_policy(f, "@id(\"nobody\") forbid(principal, action, resource);\n");
	reload = ask_reload(&admin, true);
	assert_true(reload->valid);
	assert_false(reload->activated);
	assert_int_equal(reload->revision, 1);

	/* Good: from the acknowledgement on it decides, records or not. */
	reload = ask_reload(&admin, false);
	assert_true(reload->activated);
	assert_int_equal(reload->revision, 2);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	assert_int_equal(next_decision(&talk)->verdict, VERDICT_DENY);
	assert_null(ask_status(&admin)->failure);
	talk_close(&talk);
	talk_close(&admin);
}

static void an_unreadable_directory_is_a_failure_with_its_reason(void **state)
{
	const Wsauthz__PolicyReloadReply *reload;
	struct fixture *f = *state;
	struct talk admin;
	char path[200];

	start(f);
	open_admin(f, &admin);
	assert_int_equal(
		symlink("/dev/null", tmpdir_path(&f->dir, "policy/evil.cedar", path, sizeof(path))),
		0);
	reload = ask_reload(&admin, false);
	assert_false(reload->valid);
	assert_int_equal(reload->error_count, 1);
	assert_str_equal(str_make((char *)reload->diagnostics[0]->message.data,
				  reload->diagnostics[0]->message.len),
			 "evil.cedar: is a symbolic link");
	assert_non_null(ask_status(&admin)->failure);
	talk_close(&admin);
}

static void a_hangup_loads_the_policy_again(void **state)
{
	struct fixture *f = *state;
	struct talk admin;

	start(f);
	open_admin(f, &admin);
	write_policy(f, "@id(\"nobody\") forbid(principal, action, resource);\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	while (ask_status(&admin)->policy->revision != 2)
		;
	talk_close(&admin);
}

static void a_change_in_the_directory_loads_the_policy_again(void **state)
{
	struct fixture *f = *state;
	struct talk admin;

	f->config.server.policy_reload = RELOAD_ON_CHANGE;
	start(f);
	open_admin(f, &admin);
	write_policy(f, "@id(\"nobody\") forbid(principal, action, resource);\n");
	while (ask_status(&admin)->policy->revision != 2)
		;
	talk_close(&admin);
}

static void an_invalid_directory_at_start_falls_back_to_the_last_good_revision(void **state)
{
	const Wsauthz__StatusReply *status;
	struct fixture *f = *state;
	struct talk admin;

	start(f);
	stop(f);
	write_policy(f, "permit(");
	start(f);
	open_admin(f, &admin);
	status = ask_status(&admin);
	assert_int_equal(status->policy->revision, 1);
	assert_true(status->policy->fallback);
	assert_non_null(status->failure);
	/* Mended, it is no fallback any more. */
	write_policy(f, policy_text);
	assert_true(ask_reload(&admin, false)->valid);
	assert_false(ask_status(&admin)->policy->fallback);
	talk_close(&admin);
}

static void what_if_answers_without_a_trace(void **state)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__AdminAuthorize body = WSAUTHZ__ADMIN_AUTHORIZE__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;
	ProtobufCBinaryData group = talk_text(USERS);
	const Wsauthz__AdminReply *reply;
	struct fixture *f = *state;
	struct talk admin;
	static const struct {
		const char *action;
		uint32_t verdict;
	} cases[] = {{"Connect", VERDICT_ALLOW},
		     {"Administer", VERDICT_DENY},
		     {"Get", VERDICT_ALLOW},
		     {"Delete", VERDICT_DENY}};

	start(f);
	open_admin(f, &admin);
	token.user_sid = talk_text(ALICE);
	token.group_sids = &group;
	token.n_group_sids = 1;
	sender.mechanism = talk_text("Kerberos");
	sender.name = talk_text("alice");
	sender.token = &token;
	body.sender = &sender;
	body.application = talk_text("wsman/Test");
	body.resource_uri = talk_text("http://schemas.dmtf.org/wbem/wscim/1/x");
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_AUTHORIZE;
	request.authorize = &body;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		request.id = 0;
		body.action = talk_text(cases[i].action);
		assert_true(talk_ask_admin(&admin, &request));
		reply = talk_admin_reply(&admin);
		assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_AUTHORIZE);
		assert_int_equal(reply->authorize->decision->verdict, cases[i].verdict);
		assert_int_equal(reply->authorize->decision->decision_id, 0);
		assert_str_equal(str_make((char *)reply->authorize->action.data,
					  reply->authorize->action.len),
				 cases[i].action);
	}
	assert_int_equal(ask_status(&admin)->record_count, 0);
	talk_close(&admin);
	assert_int_equal(count_rows(f).all, 0);
}

static const Wsauthz__RecordsListReply *ask_records(struct talk *talk, Wsauthz__RecordsList *body)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply;

	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_RECORDS_LIST;
	request.records_list = body;
	assert_true(talk_ask_admin(talk, &request));
	reply = talk_admin_reply(talk);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_RECORDS_LIST);
	return reply->records_list;
}

static void records_are_listed_in_pages(void **state)
{
	enum { USER_COUNT = 10, PAGE = 3 };
	Wsauthz__RecordsList body = WSAUTHZ__RECORDS_LIST__INIT;
	uint8_t last[AUTHZ_ID_BYTES] = {0};
	const Wsauthz__RecordsListReply *page;
	struct fixture *f = *state;
	struct talk talk, admin;
	size_t seen = 0, pages = 0;
	char name[32], sid[64];

	start(f);
	open_authorize(f, &talk);
	for (int i = 0; i < USER_COUNT; i++) {
		snprintf(name, sizeof(name), "CONTOSO\\User%d", i);
		snprintf(sid, sizeof(sid), "S-1-5-21-1-2-3-%d", 2000 + i);
		assert_true(talk_ask_user(&talk, name, sid, USERS));
		assert_int_equal(next_decision(&talk)->verdict, VERDICT_ALLOW);
	}
	open_admin(f, &admin);
	body.limit = PAGE;
	do {
		page = ask_records(&admin, &body);
		for (size_t i = 0; i < page->n_records; i++) {
			assert_true(memcmp(page->records[i]->record_id.data, last, sizeof(last)) >
				    0);
			memcpy(last, page->records[i]->record_id.data, sizeof(last));
		}
		seen += page->n_records;
		pages++;
		body.after = authz_bytes(last, sizeof(last));
	} while (page->more);
	assert_int_equal(seen, USER_COUNT);
	assert_int_equal(pages, 4);

	/* By name without regard to case, and by SID. */
	wsauthz__records_list__init(&body);
	body.limit = 100;
	body.name = talk_text("contoso\\USER7");
	page = ask_records(&admin, &body);
	assert_int_equal(page->n_records, 1);
	assert_false(page->more);
	assert_str_equal(
		str_make((char *)page->records[0]->user_sid.data, page->records[0]->user_sid.len),
		"S-1-5-21-1-2-3-2007");
	assert_int_equal(page->records[0]->policy_revision, 1);
	assert_true(page->records[0]->idle_timeout_ms != 0);
	body.name = talk_text("");
	body.user_sid = talk_text("S-1-5-21-1-2-3-2003");
	assert_int_equal(ask_records(&admin, &body)->n_records, 1);
	body.user_sid = talk_text("S-1-5-21-1-2-3-9999");
	assert_int_equal(ask_records(&admin, &body)->n_records, 0);
	talk_close(&talk);
	talk_close(&admin);
}

/* Stopping. */

static void stopping_answers_what_was_read_and_loses_no_row(void **state)
{
	enum { COUNT = 60 };
	struct fixture *f = *state;
	size_t answered = 0;
	struct talk talk;

	start(f);
	open_authorize(f, &talk);
	ask_together(&talk, COUNT, false);
	stop(f);
	for (const Wsauthz__Reply *reply; (reply = talk_reply(&talk)) != NULL;)
		answered += reply->body_case == WSAUTHZ__REPLY__BODY_DECISION;
	talk_close(&talk);
	assert_int_equal(count_rows(f).all, answered);
	/* The sockets are gone. */
	assert_int_not_equal(access(f->authorize, F_OK), 0);
	assert_int_not_equal(access(f->admin, F_OK), 0);
}

static void stopping_answers_every_reload_that_was_asked_for(void **state)
{
	enum { COUNT = 4 };
	Wsauthz__PolicyReload body = WSAUTHZ__POLICY_RELOAD__INIT;
	struct fixture *f = *state;
	const Wsauthz__AdminReply *reply;
	struct talk admin;
	size_t answered = 0;

	f->config.server.admin.max_in_flight = COUNT;
	start(f);
	open_admin(f, &admin);
	for (int i = 0; i < COUNT; i++) {
		Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;

		request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_POLICY_RELOAD;
		request.policy_reload = &body;
		assert_true(talk_ask_admin(&admin, &request));
	}
	/* The answer to the first says that all were read. */
	assert_non_null(talk_admin_reply(&admin));
	stop(f);
	while ((reply = talk_admin_reply(&admin)) != NULL) {
		assert_true(reply->body_case == WSAUTHZ__ADMIN_REPLY__BODY_POLICY_RELOAD ||
			    reply->refusal->reason == WSAUTHZ__REFUSAL__REASON__SHUTTING_DOWN);
		answered++;
	}
	assert_int_equal(answered, COUNT - 1);
	talk_close(&admin);
}

static void stopping_waits_no_longer_than_it_was_told(void **state)
{
	struct fixture *f = *state;
	uint8_t half[] = {50, 0, 0, 0, 8};
	struct talk silent, talk;

	f->config.server.stop_ms = 100;
	start(f);
	talk_open(&silent, f->authorize);
	open_authorize(f, &talk);
	assert_true(talk_send(&talk, half, sizeof(half)));
	stop(f);
	assert_null(talk_reply(&talk));
	talk_close(&talk);
	talk_close(&silent);
}

/* Starting. */

static void assert_does_not_start(struct fixture *f, enum error error, const char *text)
{
	struct server *server = NULL;

	buf_clear(&f->why);
	assert_int_equal(server_new(&f->config.server, &f->log, f->log.clock, &server, &f->why),
			 error);
	assert_null(server);
	if (strstr(buf_text(&f->why), text) == NULL)
		fail_msg("'%s' does not say '%s'", buf_text(&f->why), text);
}

static void a_second_server_on_the_directory_does_not_start(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_does_not_start(f, ERR_BUSY, "already running (pid ");
}

static void a_server_on_a_taken_socket_does_not_start(void **state)
{
	struct fixture *f = *state;
	struct settings second = f->config.server;
	struct server *server = NULL;
	char path[200];

	start(f);
	second.state_directory = tmpdir_path(&f->dir, "other", path, sizeof(path));
	assert_int_equal(server_new(&second, &f->log, f->log.clock, &server, &f->why), ERR_EXISTS);
	assert_non_null(strstr(buf_text(&f->why), "another process listens there"));
	assert_null(server);
}

static void without_any_valid_policy_it_does_not_start(void **state)
{
	struct fixture *f = *state;

	write_policy(f, "permit(");
	assert_does_not_start(f, ERR_INVALID, "");
	assert_non_null(strstr(buf_text(&f->log_text), "policy.invalid"));
	assert_non_null(strstr(buf_text(&f->log_text), "main.cedar:1:"));
}

static void an_unknown_account_in_a_list_stops_the_start(void **state)
{
	struct fixture *f = *state;

	f->config.server.admin.groups.items[0] = STR("no-such-group");
	f->config.server.admin.groups.count = 1;
	assert_does_not_start(f, ERR_NOT_FOUND, "there is no group 'no-such-group'");
}

/* Out of memory. */

static bool try_start(struct fixture *f)
{
	buf_clear(&f->why);
	if (server_new(&f->config.server, &f->log, f->log.clock, &f->server, &f->why) != ERR_NONE)
		return false;
	assert_int_equal(uv_thread_create(&f->thread, run_server, f), 0);
	return true;
}

static void whatever_allocation_fails_the_start_succeeds_or_fails_whole(void **state)
{
	struct fixture *f = *state;
	bool was_reached = true;

	for (uint64_t n = 0; was_reached; n++) {
		bool has_started;

		fault_arm(n, FAULT_ONCE);
		has_started = try_start(f);
		was_reached = fault_disarm();
		assert_true(has_started || was_reached);
		stop(f);
	}
}

/* Says Hello and asks twice; returns how often the answer was an ALLOW. Takes no memory itself. */
static size_t converse(struct talk *talk)
{
	const Wsauthz__Reply *reply = talk_hello(talk, "wsman/Test");
	size_t allowed = 0;

	for (int i = 0; reply != NULL && i < 2; i++) {
		if (!talk_ask_user(talk, "alice", ALICE, USERS))
			break;
		reply = talk_reply(talk);
		allowed += reply != NULL && reply->body_case == WSAUTHZ__REPLY__BODY_DECISION &&
			   reply->decision->verdict == VERDICT_ALLOW;
	}
	return allowed;
}

/* A fault that is armed while threads run: the hook is there before they start. */
struct late_fault {
	atomic_bool is_armed, was_reached;
	atomic_llong left; /* allocations that still succeed */
	enum fault_mode mode;
};

static bool late_fault_hook(void *arg)
{
	struct late_fault *fault = arg;
	long long left;

	if (!atomic_load(&fault->is_armed))
		return false;
	left = atomic_fetch_sub(&fault->left, 1);
	if (left > 0 || (left < 0 && fault->mode == FAULT_ONCE))
		return false;
	atomic_store(&fault->was_reached, true);
	return true;
}

static void sweep_conversation(struct fixture *f, enum fault_mode mode)
{
	struct late_fault fault = {.mode = mode};
	size_t allowed = 0, last = 0;
	struct talk talk;

	mem_set_fault_hook(late_fault_hook, &fault);
	for (long long n = 0; n == 0 || atomic_load(&fault.was_reached); n++) {
		start(f);
		talk_open(&talk, f->authorize);
		atomic_store(&fault.left, n);
		atomic_store(&fault.was_reached, false);
		atomic_store(&fault.is_armed, true);
		last = converse(&talk);
		atomic_store(&fault.is_armed, false);
		talk_close(&talk);
		stop(f);
		allowed += last;
	}
	mem_set_fault_hook(NULL, NULL);
	assert_int_equal(last, 2);
	/* A row may be there for an answer that did not arrive; never the other way round. */
	assert_true(count_rows(f).allowed >= allowed);
}

static void whatever_allocation_fails_nothing_is_allowed_without_a_row(void **state)
{
	sweep_conversation(*state, FAULT_ONCE);
}

static void without_any_memory_nothing_is_allowed_without_a_row(void **state)
{
	sweep_conversation(*state, FAULT_STICKY);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(an_allowed_user_and_a_stranger_get_their_answers_and_rows),
		SERVER_TEST(a_record_answers_the_second_time_and_ends_with_its_last_context),
		SERVER_TEST(records_survive_a_restart),
		SERVER_TEST(a_quota_comes_from_the_policy),
		SERVER_TEST(a_half_closed_connection_still_gets_its_answer),
		SERVER_TEST(in_relaxed_mode_the_rows_follow),
		SERVER_TEST(before_hello_nothing_else_is_answered),
		SERVER_TEST(another_major_version_is_refused),
		SERVER_TEST(a_later_minor_version_is_answered_with_ours),
		SERVER_TEST(a_message_of_the_other_channel_is_refused),
		SERVER_TEST(a_malformed_message_is_refused_with_its_field),
		SERVER_TEST(a_frame_that_is_too_large_is_refused),
		SERVER_TEST(an_id_that_is_in_use_is_refused),
		SERVER_TEST(more_requests_than_agreed_are_refused),
		SERVER_TEST(one_connection_too_many_is_refused),
		SERVER_TEST(an_account_that_is_not_listed_is_refused),
		SERVER_TEST(each_connection_has_an_epoch_of_its_own),
		SERVER_TEST(a_failure_report_is_acknowledged),
		SERVER_TEST(status_tells_what_happened),
		SERVER_TEST(a_reload_activates_or_keeps_what_serves),
		SERVER_TEST(an_unreadable_directory_is_a_failure_with_its_reason),
		SERVER_TEST(a_hangup_loads_the_policy_again),
		SERVER_TEST(a_change_in_the_directory_loads_the_policy_again),
		SERVER_TEST(an_invalid_directory_at_start_falls_back_to_the_last_good_revision),
		SERVER_TEST(what_if_answers_without_a_trace),
		SERVER_TEST(records_are_listed_in_pages),
		SERVER_TEST(stopping_answers_what_was_read_and_loses_no_row),
		SERVER_TEST(stopping_answers_every_reload_that_was_asked_for),
		SERVER_TEST(stopping_waits_no_longer_than_it_was_told),
		SERVER_TEST(a_second_server_on_the_directory_does_not_start),
		SERVER_TEST(a_server_on_a_taken_socket_does_not_start),
		SERVER_TEST(without_any_valid_policy_it_does_not_start),
		SERVER_TEST(an_unknown_account_in_a_list_stops_the_start),
		SERVER_TEST(whatever_allocation_fails_the_start_succeeds_or_fails_whole),
		SERVER_TEST(whatever_allocation_fails_nothing_is_allowed_without_a_row),
		SERVER_TEST(without_any_memory_nothing_is_allowed_without_a_row),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
