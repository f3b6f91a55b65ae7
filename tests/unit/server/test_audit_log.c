/* The audit of a running server in several segments: begun, sealed and removed while it serves. */
#include "server/audit_log.h"

#include <stdio.h>

#include "platform/file.h"
#include "running.h"
#include "store/audit_query.h"
#include "store/seal.h"
#include "store/state.h"
#include "support/cmocka.h"

enum { ROUND = 64 };

static struct store_env env_make(void)
{
	return (struct store_env){.create_private = file_create_private,
				  .list_names = directory_list_names};
}

static struct segment_list list(struct running *running)
{
	struct segment_list segments = {0};
	struct store_env env = env_make();

	if (segment_list_read(&segments, running->state_dir, &env, &running->why) != ERR_NONE)
		fail_msg("%s", buf_text(&running->why));
	return segments;
}

static void decide(struct talk *talk, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		talk_ask_together(talk, ROUND, false);
		for (int j = 0; j < ROUND; j++)
			(void)talk_decision(talk);
	}
}

static uint32_t ask_work(struct talk *talk, Wsauthz__AdminRequest__BodyCase body)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__AuditSeal seal = WSAUTHZ__AUDIT_SEAL__INIT;
	Wsauthz__AuditPrune prune = WSAUTHZ__AUDIT_PRUNE__INIT;
	const Wsauthz__AdminReply *reply;

	request.body_case = body;
	if (body == WSAUTHZ__ADMIN_REQUEST__BODY_AUDIT_SEAL)
		request.audit_seal = &seal;
	else
		request.audit_prune = &prune;
	assert_true(talk_ask_admin(talk, &request));
	reply = talk_admin_reply(talk);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__ADMIN_REPLY__BODY_AUDIT_WORK);
	return reply->audit_work->segment_count;
}

static uint32_t ask_seal(struct talk *talk)
{
	return ask_work(talk, WSAUTHZ__ADMIN_REQUEST__BODY_AUDIT_SEAL);
}

static uint32_t ask_prune(struct talk *talk)
{
	return ask_work(talk, WSAUTHZ__ADMIN_REQUEST__BODY_AUDIT_PRUNE);
}

static void assert_intact(struct running *running, uint64_t decision_count)
{
	struct store_env env = env_make();
	struct audit_verification found;
	struct audit_reader *reader;

	if (audit_reader_open(running->state_dir, &env, &reader, &running->why) != ERR_NONE ||
	    audit_verify(reader, NULL, &found, &running->why) != ERR_NONE)
		fail_msg("%s", buf_text(&running->why));
	assert_true(found.intact);
	assert_int_equal(found.row_count - found.event_count, decision_count);
	audit_reader_close(reader);
}

static void a_segment_is_sealed_on_request_while_decisions_go_on(void **state)
{
	struct running *running = *state;
	struct segment_list segments;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	decide(&talk, 2);
	assert_int_equal(ask_seal(&admin), 1);
	decide(&talk, 1);
	assert_int_equal(ask_seal(&admin), 1);
	segments = list(running);
	assert_int_equal(segments.count, 3);
	assert_int_equal(segments.items[0].state, SEGMENT_SEALED);
	assert_int_equal(segments.items[0].decision_count, 2 * ROUND);
	assert_int_equal(segments.items[1].state, SEGMENT_SEALED);
	assert_int_equal(segments.items[1].decision_count, ROUND);
	assert_int_equal(segments.items[2].state, SEGMENT_LIVE);
	segment_list_deinit(&segments);
	assert_int_equal(running_count_rows(running).all, 3 * ROUND);
	assert_intact(running, 3 * ROUND);
	talk_close(&talk);
	talk_close(&admin);
}

static void a_full_segment_ends_by_itself(void **state)
{
	struct running *running = *state;
	struct segment_list segments;
	struct talk talk, admin;

	running->config.server.seal_rows = ROUND;
	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	/* The next one is prepared at the timer, and begins behind a later batch. */
	do {
		decide(&talk, 1);
		segments = list(running);
		uint32_t last = segments.items[segments.count - 1].number;
		segment_list_deinit(&segments);
		if (last > 2)
			break;
	} while (true);
	uint64_t rows = running_count_rows(running).all;
	talk_close(&talk);
	talk_close(&admin);
	running_stop(running);
	assert_intact(running, rows);
	/* What was not sealed before the end is sealed after the next start. */
	running_start(running);
	running_open_admin(running, &admin);
	(void)ask_seal(&admin);
	segments = list(running);
	for (size_t i = 0; i + 1 < segments.count; i++)
		assert_int_equal(segments.items[i].state, SEGMENT_SEALED);
	segment_list_deinit(&segments);
	talk_close(&admin);
	assert_intact(running, rows);
}

static void retention_removes_the_oldest_sealed_segments_and_notes_them(void **state)
{
	struct running *running = *state;
	struct segment_list segments;
	struct talk talk, admin;

	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	decide(&talk, 1);
	assert_int_equal(ask_seal(&admin), 1);
	decide(&talk, 1);
	assert_int_equal(ask_seal(&admin), 1);
	assert_int_equal(ask_prune(&admin), 0);
	talk_close(&talk);
	talk_close(&admin);
	running_stop(running);
	/* Every row is older than that. */
	running->config.server.retention_ms = -1000;
	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	decide(&talk, 1);
	(void)ask_prune(&admin);
	segments = list(running);
	assert_int_equal(segments.count, 1);
	assert_int_equal(segments.items[0].number, 3);
	/* The decisions and events of two segments. */
	assert_true(segments.items[0].before.decision_id > 2 * ROUND);
	segment_list_deinit(&segments);
	assert_intact(running, ROUND);
	talk_close(&talk);
	talk_close(&admin);
}

/* What a kill between the seal of a segment and its note leaves: segment 1 sealed, 2 live. */
static void seal_without_note(struct running *running)
{
	struct store_env env = env_make();
	struct audit *audit, *next;
	struct segment sealed;

	env.make_readonly = file_make_readonly;
	assert_int_equal(audit_open(running->state_dir, &env, false, &audit, &running->why),
			 ERR_NONE);
	assert_int_equal(audit_prepare_next(running->state_dir, &env, 1, &next, &running->why),
			 ERR_NONE);
	assert_int_equal(audit_rotate(audit, next, 1), ERR_NONE);
	audit_close(audit);
	audit_close(next);
	assert_int_equal(seal_segment(running->state_dir, 1, &env, NULL, 1, &sealed, &running->why),
			 ERR_NONE);
}

static void a_seal_that_a_kill_kept_from_its_note_is_noted_at_the_next_start(void **state)
{
	struct running *running = *state;
	struct segment_list noted = {0};
	struct store_env env = env_make();
	struct talk talk, admin;
	struct state *notes;

	running_start(running);
	running_open_authorize(running, &talk);
	decide(&talk, 1);
	talk_close(&talk);
	running_stop(running);
	seal_without_note(running);
	running_start(running);
	running_open_admin(running, &admin);
	/* Answered when what was due at the start is done. */
	assert_int_equal(ask_seal(&admin), 0);
	talk_close(&admin);
	running_stop(running);
	assert_int_equal(state_open_readonly(running->state_dir, &env, &notes, &running->why),
			 ERR_NONE);
	assert_int_equal(state_list_segments(notes, &noted), ERR_NONE);
	assert_int_equal(noted.count, 1);
	assert_int_equal(noted.items[0].number, 1);
	assert_int_equal(noted.items[0].decision_count, ROUND);
	assert_true(noted.items[0].knows_undelivered);
	segment_list_deinit(&noted);
	state_close(notes);
}

static uint32_t first_segment(struct running *running)
{
	struct segment_list segments = list(running);
	uint32_t number = segments.items[0].number;

	segment_list_deinit(&segments);
	return number;
}

/* Has the daemon look what it keeps, and waits until it has: the look is at the latest part of the
 * work that begins with the request. */
static void look_at_retention(struct running *running, struct talk *talk, struct talk *admin)
{
	running_advance(running, AUDIT_LOG_PRUNE_MS);
	decide(talk, 1);
	assert_int_equal(ask_seal(admin), 1);
}

static void a_clock_that_is_set_wrong_does_not_cost_the_audit(void **state)
{
	const int64_t year_ms = INT64_C(366) * 24 * 60 * 60 * 1000;
	struct running *running = *state;
	struct talk talk, admin;

	running_stop_clock(running);
	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	running_advance(running, AUDIT_LOG_AGE_HOLD_MS);
	look_at_retention(running, &talk, &admin);
	running_step_wall(running, year_ms);
	look_at_retention(running, &talk, &admin);
	assert_int_equal(first_segment(running), 1);
	/* It really is a year later. */
	running_advance(running, AUDIT_LOG_AGE_HOLD_MS);
	look_at_retention(running, &talk, &admin);
	assert_int_equal(first_segment(running), 2);
	talk_close(&talk);
	talk_close(&admin);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, running_setup, running_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_segment_is_sealed_on_request_while_decisions_go_on),
		TEST(a_full_segment_ends_by_itself),
		TEST(a_seal_that_a_kill_kept_from_its_note_is_noted_at_the_next_start),
		TEST(retention_removes_the_oldest_sealed_segments_and_notes_them),
		TEST(a_clock_that_is_set_wrong_does_not_cost_the_audit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
