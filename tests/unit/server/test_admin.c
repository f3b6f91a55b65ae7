/* The admin channel. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "platform/file.h"
#include "running.h"
#include "store/state.h"
#include "support/cmocka.h"
#include "support/fault.h"

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
	struct running *running = *state;
	const Wsauthz__StatusReply *status;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	talk_decision(&talk);
	assert_true(talk_ask_user(&talk, "mallory", STRANGER, ""));
	talk_decision(&talk);
	running_open_admin(running, &admin);
	status = ask_status(&admin);
	assert_int_equal(status->pid, getpid());
	assert_int_equal(status->policy->revision, 1);
	assert_int_equal(status->policy->policy_count, 2);
	assert_false(status->policy->fallback);
	assert_null(status->failure);
	assert_int_equal(status->audit->durability, WSAUTHZ__AUDIT_STATUS__DURABILITY__STRICT);
	assert_true(status->audit->writable);
	/* Two events of the start, two decisions. */
	assert_int_equal(status->audit->last_decision_id, 4);
	assert_int_equal(status->record_count, 1);
	assert_int_equal(status->block_count, 0);
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
	struct running *running = *state;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	reload = ask_reload(&admin, false);
	assert_true(reload->valid);
	assert_false(reload->activated);
	assert_int_equal(reload->revision, 1);

	/* Broken: everything stays, and status says why. */
	running_write_policy(running, "permit(principal, action, resource)\nwhen { 1 + };\n");
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
	assert_int_equal(talk_decision(&talk)->verdict, VERDICT_ALLOW);

	/* Only checked: nothing changes. */
	running_write_policy(running, "@id(\"nobody\") forbid(principal, action, resource);\n");
	reload = ask_reload(&admin, true);
	assert_true(reload->valid);
	assert_false(reload->activated);
	assert_int_equal(reload->revision, 1);

	/* Good: from the acknowledgement on it decides, records or not. */
	reload = ask_reload(&admin, false);
	assert_true(reload->activated);
	assert_int_equal(reload->revision, 2);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	assert_int_equal(talk_decision(&talk)->verdict, VERDICT_DENY);
	assert_null(ask_status(&admin)->failure);
	talk_close(&talk);
	talk_close(&admin);
}

static bool count_action(void *arg, const struct state_action *action)
{
	size_t *counts = arg;

	assert_str_equal(action->action, "policy.reload");
	assert_true(str_starts_with(action->actor, STR("uid ")));
	counts[str_equal(action->outcome, STR("done"))]++;
	return true;
}

static void a_reload_is_recorded_with_who_asked_for_it(void **state)
{
	struct store_env env = {.create_private = file_create_private,
				.list_names = directory_list_names};
	struct running *running = *state;
	size_t counts[2] = {0, 0};
	struct state *store = NULL;
	struct talk admin;

	running_start(running);
	running_open_admin(running, &admin);
	ask_reload(&admin, false);
	ask_reload(&admin, true);
	running_write_policy(running, "permit(");
	ask_reload(&admin, false);
	talk_close(&admin);
	running_stop(running);
	assert_int_equal(state_open_readonly(running->state_dir, &env, &store, &running->why),
			 ERR_NONE);
	assert_int_equal(state_each_action(store, 0, count_action, counts), ERR_NONE);
	state_close(store);
	assert_int_equal(counts[true], 1);
	assert_int_equal(counts[false], 1);
}

static void the_log_counts_policies_as_people_do(void **state)
{
	struct running *running = *state;

	running_write_policy(running, "permit(principal, action, resource);\n");
	running_start(running);
	running_stop(running);
	assert_non_null(strstr(buf_text(&running->log_text), "revision 1 with 1 policy\n"));
}

static void an_unreadable_directory_is_a_failure_with_its_reason(void **state)
{
	const Wsauthz__PolicyReloadReply *reload;
	struct running *running = *state;
	struct talk admin;
	char path[200];

	running_start(running);
	running_open_admin(running, &admin);
	assert_int_equal(symlink("/dev/null", tmpdir_path(&running->dir, "policy/evil.cedar", path,
							  sizeof(path))),
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
	struct running *running = *state;
	struct talk admin;

	running_start(running);
	running_open_admin(running, &admin);
	running_write_policy(running, "@id(\"nobody\") forbid(principal, action, resource);\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	while (ask_status(&admin)->policy->revision != 2)
		;
	talk_close(&admin);
}

static void a_change_in_the_directory_loads_the_policy_again(void **state)
{
	struct running *running = *state;
	struct talk admin;

	running->config.server.policy_reload = RELOAD_ON_CHANGE;
	running_start(running);
	running_open_admin(running, &admin);
	running_write_policy(running, "@id(\"nobody\") forbid(principal, action, resource);\n");
	while (ask_status(&admin)->policy->revision != 2)
		;
	talk_close(&admin);
}

/* Away for longer than the watch waits for quiet, so that it finds nothing to watch. */
static void a_directory_that_comes_back_is_watched_again(void **state)
{
	struct running *running = *state;
	struct talk admin;
	char away[200];

	snprintf(away, sizeof(away), "%s.away", running->policy_dir);
	running->config.server.policy_reload = RELOAD_ON_CHANGE;
	running_start(running);
	running_open_admin(running, &admin);
	assert_int_equal(rename(running->policy_dir, away), 0);
	while (ask_status(&admin)->failure == NULL)
		;
	assert_int_equal(rename(away, running->policy_dir), 0);
	running_write_policy(running, "@id(\"nobody\") forbid(principal, action, resource);\n");
	while (ask_status(&admin)->policy->revision != 2)
		;
	assert_null(ask_status(&admin)->failure);
	talk_close(&admin);
}

static void an_invalid_directory_at_start_falls_back_to_the_last_good_revision(void **state)
{
	const Wsauthz__StatusReply *status;
	struct running *running = *state;
	struct talk admin;

	running_start(running);
	running_stop(running);
	running_write_policy(running, "permit(");
	running_start(running);
	running_open_admin(running, &admin);
	status = ask_status(&admin);
	assert_int_equal(status->policy->revision, 1);
	assert_true(status->policy->fallback);
	assert_non_null(status->failure);
	/* Mended, it is no fallback any more. */
	running_write_policy(running, running_policy);
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
	struct running *running = *state;
	struct talk admin;
	static const struct {
		const char *action;
		uint32_t verdict;
	} cases[] = {{"Connect", VERDICT_ALLOW},
		     {"Administer", VERDICT_DENY},
		     {"Get", VERDICT_ALLOW},
		     {"Delete", VERDICT_DENY}};

	running_start(running);
	running_open_admin(running, &admin);
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
	assert_int_equal(running_count_rows(running).all, 0);
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
	struct running *running = *state;
	struct talk talk, admin;
	size_t seen = 0, pages = 0;
	char name[32], sid[64];

	running_start(running);
	running_open_authorize(running, &talk);
	for (int i = 0; i < USER_COUNT; i++) {
		snprintf(name, sizeof(name), "CONTOSO\\User%d", i);
		snprintf(sid, sizeof(sid), "S-1-5-21-1-2-3-%d", 2000 + i);
		assert_true(talk_ask_user(&talk, name, sid, USERS));
		assert_int_equal(talk_decision(&talk)->verdict, VERDICT_ALLOW);
	}
	running_open_admin(running, &admin);
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

/* Users choose their names; long ones hide nobody's record. */
static void a_page_of_long_names_fits_into_a_frame(void **state)
{
	enum { USER_COUNT = 80 };
	static char name[AUTHZ_NAME_BYTES + 1];
	Wsauthz__RecordsList body = WSAUTHZ__RECORDS_LIST__INIT;
	const Wsauthz__RecordsListReply *page;
	struct running *running = *state;
	uint8_t last[AUTHZ_ID_BYTES];
	struct talk talk, admin;
	size_t seen = 0;
	char sid[64];

	memset(name, 'n', AUTHZ_NAME_BYTES);
	running_start(running);
	running_open_authorize(running, &talk);
	for (int i = 0; i < USER_COUNT; i++) {
		snprintf(sid, sizeof(sid), "S-1-5-21-1-2-3-%d", 2000 + i);
		assert_true(talk_ask_user(&talk, name, sid, USERS));
		assert_int_equal(talk_decision(&talk)->verdict, VERDICT_ALLOW);
	}
	running_open_admin(running, &admin);
	body.limit = ADMIN_RECORDS_MAX;
	do {
		page = ask_records(&admin, &body);
		assert_int_not_equal(page->n_records, 0);
		seen += page->n_records;
		memcpy(last, page->records[page->n_records - 1]->record_id.data, sizeof(last));
		body.after = authz_bytes(last, sizeof(last));
	} while (page->more);
	assert_int_equal(seen, USER_COUNT);
	talk_close(&talk);
	talk_close(&admin);
}

static void ask_how_it_is(struct talk *talk, bool metrics)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Status status = WSAUTHZ__STATUS__INIT;
	Wsauthz__Metrics body = WSAUTHZ__METRICS__INIT;

	if (metrics) {
		request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_METRICS;
		request.metrics = &body;
	} else {
		request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_STATUS;
		request.status = &status;
	}
	(void)talk_ask_admin(talk, &request);
}

/* True when the answer is there; a refusal and the end of the connection are none. */
static bool is_answered(const Wsauthz__AdminReply *reply, bool metrics)
{
	if (reply == NULL || reply->body_case == WSAUTHZ__ADMIN_REPLY__BODY_REFUSAL)
		return false;
	if (metrics) {
		assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_METRICS);
		assert_true(reply->metrics->text.len > 1000);
		assert_int_equal(reply->metrics->text.data[reply->metrics->text.len - 1], '\n');
	} else {
		assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_STATUS);
		assert_int_equal(reply->status->n_problems, 1);
		assert_non_null(reply->status->failure);
	}
	return true;
}

static void sweep_how_it_is(struct running *running, bool metrics)
{
	bool was_reached = true;

	for (uint64_t n = 0; was_reached; n++) {
		struct talk admin;

		running_open_admin(running, &admin);
		fault_arm(n, FAULT_ONCE);
		ask_how_it_is(&admin, metrics);
		if (!is_answered(talk_admin_reply(&admin), metrics))
			assert_true(n < 1000);
		was_reached = fault_disarm();
		talk_close(&admin);
	}
}

static void whatever_allocation_fails_status_and_metrics_are_whole_or_refused(void **state)
{
	struct running *running = *state;
	struct talk admin;

	running->config.server.policy_reload = RELOAD_ON_REQUEST;
	running_start(running);
	running_write_policy(running, "permit(principal, action, resource)\nwhen { 1 + };\n");
	running_open_admin(running, &admin);
	assert_false(ask_reload(&admin, false)->valid);
	talk_close(&admin);
	sweep_how_it_is(running, false);
	sweep_how_it_is(running, true);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, running_setup, running_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(status_tells_what_happened),
		SERVER_TEST(a_reload_activates_or_keeps_what_serves),
		SERVER_TEST(a_reload_is_recorded_with_who_asked_for_it),
		SERVER_TEST(the_log_counts_policies_as_people_do),
		SERVER_TEST(an_unreadable_directory_is_a_failure_with_its_reason),
		SERVER_TEST(a_hangup_loads_the_policy_again),
		SERVER_TEST(a_change_in_the_directory_loads_the_policy_again),
		SERVER_TEST(a_directory_that_comes_back_is_watched_again),
		SERVER_TEST(an_invalid_directory_at_start_falls_back_to_the_last_good_revision),
		SERVER_TEST(what_if_answers_without_a_trace),
		SERVER_TEST(records_are_listed_in_pages),
		SERVER_TEST(a_page_of_long_names_fits_into_a_frame),
		SERVER_TEST(whatever_allocation_fails_status_and_metrics_are_whole_or_refused),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
