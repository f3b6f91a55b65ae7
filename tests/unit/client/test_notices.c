/* What the host's administrator is told, and how often: the client over the channel in memory. */
#include "client-plugin/notices.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "client-plugin/connection.h"
#include "client-plugin/line.h"
#include "client-plugin/memory.h"
#include "support/cmocka.h"
#include "unit/client/asking.h"
#include "unit/client/fake_channel.h"

enum { TOLD_MAX = 256 };

/* What was told. */
struct told {
	struct client_notice notice;
	uint64_t counts[CLIENT_REASON_COUNT];
	char text[CLIENT_NOTICE_BYTES + 1];
	int64_t now_ms;
};

struct listener {
	struct asking asking; /* first, so that its setup's helpers work */
	struct told told[TOLD_MAX];
	size_t count;
};

static void on_notice(void *arg, const struct client_notice *notice)
{
	struct listener *listener = arg;
	struct told *told = &listener->told[listener->count];

	assert_in_range(listener->count, 0, TOLD_MAX - 1);
	told->notice = *notice;
	told->now_ms = fake_channel_last()->now_ms;
	if (notice->denied_counts != NULL)
		memcpy(told->counts, notice->denied_counts, sizeof(told->counts));
	assert_in_range(strlen(notice->text), 1, CLIENT_NOTICE_BYTES);
	snprintf(told->text, sizeof(told->text), "%s", notice->text);
	for (const char *c = told->text; *c != '\0'; c++)
		assert_in_range(*c, ' ', '~');
	listener->count++;
}

static int setup(void **state)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	assert_non_null(listener);
	fake_channel_set_connect_result(CLIENT_OK);
	*state = listener;
	return 0;
}

static struct client_settings settings_of(struct listener *listener)
{
	struct client_settings settings = asking_settings;

	settings.tell = on_notice;
	settings.tell_arg = listener;
	return settings;
}

static void open_client(struct listener *listener)
{
	struct client_settings settings = settings_of(listener);

	asking_open(&listener->asking, &settings);
}

static void open_without_server(struct listener *listener, enum client_reason reason)
{
	fake_channel_set_connect_result(reason);
	open_client(listener);
	fake_channel_turn(listener->asking.channel);
}

static void advance(struct listener *listener, int64_t ms)
{
	fake_channel_advance(listener->asking.channel, ms);
}

/* The server is there from now on, and the client finds it. */
static void bring_back(struct listener *listener)
{
	listener->asking.channel->connect_result = CLIENT_OK;
	advance(listener, CONNECTION_BACKOFF_MAX_MS);
	asking_greet(&listener->asking);
}

static void lose(struct listener *listener)
{
	listener->asking.channel->connect_result = CLIENT_NO_SERVER;
	fake_channel_hang_up(listener->asking.channel);
}

static void expect_told(const struct listener *listener, size_t index, enum client_notice_kind kind,
			enum client_reason reason, const char *words)
{
	const struct told *told = &listener->told[index];

	assert_in_range(listener->count, index + 1, TOLD_MAX);
	assert_int_equal(told->notice.kind, kind);
	assert_int_equal(told->notice.reason, reason);
	if (strstr(told->text, words) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", told->text, words);
}

/* The connection. */

static void an_outage_is_told_when_it_denies(void **state)
{
	struct listener *listener = *state;

	open_without_server(listener, CLIENT_NO_SERVER);
	listener->asking.channel->obstacle.kind = CHANNEL_ABSENT;
	advance(listener, CLIENT_DEFAULT_CONNECT_TIMEOUT_MS - 1);
	assert_int_equal(listener->count, 0);
	/* By itself: nobody asks anything. */
	assert_true(listener->asking.channel->next_ms <=
		    FAKE_START_MS + CLIENT_DEFAULT_CONNECT_TIMEOUT_MS);
	advance(listener, 1);
	assert_int_equal(listener->count, 1);
	expect_told(listener, 0, CLIENT_NOTICE_UNREACHABLE, CLIENT_NO_SERVER,
		    "wsman/Contoso: no connection to /run/wsauthz/authorize.sock for 1 s");
	expect_told(listener, 0, CLIENT_NOTICE_UNREACHABLE, CLIENT_NO_SERVER,
		    "nothing listens there");
	assert_int_equal(listener->told[0].notice.duration_ms, 1000);
	assert_null(listener->told[0].notice.denied_counts);
}

static void an_outage_that_denies_nobody_is_not_told(void **state)
{
	struct listener *listener = *state;

	open_client(listener);
	asking_greet(&listener->asking);
	lose(listener);
	advance(listener, 100);
	listener->asking.channel->connect_result = CLIENT_OK;
	advance(listener, CLIENT_DEFAULT_CONNECT_TIMEOUT_MS - 200);
	asking_greet(&listener->asking);
	advance(listener, 10 * CLIENT_NOTICE_REPEAT_MS);
	assert_int_equal(listener->count, 0);
}

/* What stands in the way is what an administrator must know. */
static void the_obstacle_is_named(void **state)
{
	static const struct {
		struct channel_obstacle obstacle;
		const char *words;
	} cases[] = {
		{{.kind = CHANNEL_ABSENT}, "Is wsauthzd running?"},
		{{.kind = CHANNEL_NO_ACCESS}, "among \"authorize: users:\" in wsauthz.yaml?"},
		{{.kind = CHANNEL_BUSY}, "all its places are taken"},
		{{.kind = CHANNEL_FAULT, .system_error = 4711}, "system error 4711."},
	};
	struct listener *listener = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		open_without_server(listener, CLIENT_NO_SERVER);
		listener->asking.channel->obstacle = cases[i].obstacle;
		advance(listener, 1000);
		assert_int_equal(listener->count, i + 1);
		expect_told(listener, i, CLIENT_NOTICE_UNREACHABLE, CLIENT_NO_SERVER,
			    cases[i].words);
		client_close(listener->asking.client);
		listener->asking.client = NULL;
	}
}

static void an_outage_is_told_again_while_it_lasts(void **state)
{
	struct listener *listener = *state;

	open_without_server(listener, CLIENT_NO_SERVER);
	advance(listener, 1000);
	advance(listener, CLIENT_NOTICE_REPEAT_MS - 1);
	assert_int_equal(listener->count, 1);
	advance(listener, 1);
	assert_int_equal(listener->count, 2);
	expect_told(listener, 1, CLIENT_NOTICE_UNREACHABLE, CLIENT_NO_SERVER, "for 3601 s");
}

static void the_return_is_told_after_an_outage_that_was(void **state)
{
	struct listener *listener = *state;

	open_without_server(listener, CLIENT_NO_SERVER);
	advance(listener, 1000);
	advance(listener, 30000);
	bring_back(listener);
	assert_int_equal(listener->count, 2);
	expect_told(listener, 1, CLIENT_NOTICE_CONNECTED, CLIENT_OK,
		    "wsman/Contoso: connected again to /run/wsauthz/authorize.sock after 33 s");
	advance(listener, CLIENT_NOTICE_REPEAT_MS);
	assert_int_equal(listener->count, 2);
}

static void a_wrong_owner_is_told_at_once(void **state)
{
	struct listener *listener = *state;

	fake_channel_set_connect_result(CLIENT_WRONG_OWNER);
	open_client(listener);
	snprintf(listener->asking.channel->obstacle.owner, CHANNEL_OWNER_BYTES, "S-1-5-21-666");
	fake_channel_turn(listener->asking.channel);
	assert_int_equal(listener->count, 1);
	expect_told(listener, 0, CLIENT_NOTICE_WRONG_OWNER, CLIENT_WRONG_OWNER,
		    "authorize.sock belongs to S-1-5-21-666 and not to 0.");
	advance(listener, CLIENT_NOTICE_REPEAT_MS - 1);
	assert_int_equal(listener->count, 1);
}

static void an_unknown_owner_is_said_to_be_so(void **state)
{
	struct listener *listener = *state;

	open_without_server(listener, CLIENT_WRONG_OWNER);
	expect_told(listener, 0, CLIENT_NOTICE_WRONG_OWNER, CLIENT_WRONG_OWNER,
		    "belongs to nobody known and");
}

static void refuse_greeting(struct listener *listener, Wsauthz__Refusal__Reason reason)
{
	struct buf frame;

	buf_init(&frame, SIZE_MAX);
	asking_refusal(&frame, CONNECTION_HELLO_ID, reason);
	asking_deliver(&listener->asking, &frame);
}

static void a_refused_greeting_is_told(void **state)
{
	static const struct {
		Wsauthz__Refusal__Reason reason;
		enum client_reason told;
		const char *words;
	} cases[] = {
		{WSAUTHZ__REFUSAL__REASON__PEER_NOT_ALLOWED, CLIENT_REFUSED_PEER,
		 "this account is not served. Add the account"},
		{WSAUTHZ__REFUSAL__REASON__VERSION, CLIENT_VERSION, "of the same version"},
		{WSAUTHZ__REFUSAL__REASON__BUSY, CLIENT_REFUSED_BUSY,
		 "the server is busy. See the log"},
		{WSAUTHZ__REFUSAL__REASON__NO_POLICY, CLIENT_REFUSED_NO_POLICY, "no policy"},
		{WSAUTHZ__REFUSAL__REASON__AUDIT_FAILED, CLIENT_REFUSED_AUDIT, "recorded"},
		{WSAUTHZ__REFUSAL__REASON__INTERNAL, CLIENT_REFUSED_OTHER, "the server refused"},
	};
	struct listener *listener = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		fake_channel_set_connect_result(CLIENT_OK);
		open_client(listener);
		fake_channel_turn(listener->asking.channel);
		assert_non_null(fake_channel_read(listener->asking.channel));
		listener->asking.channel->connect_result = cases[i].told;
		refuse_greeting(listener, cases[i].reason);
		advance(listener, 1000);
		assert_int_equal(listener->count, i + 1);
		expect_told(listener, i, CLIENT_NOTICE_REFUSED, cases[i].told, cases[i].words);
		client_close(listener->asking.client);
		listener->asking.client = NULL;
	}
}

static void a_server_that_does_not_greet_is_told(void **state)
{
	struct listener *listener = *state;

	open_client(listener);
	fake_channel_turn(listener->asking.channel);
	advance(listener, 1000);
	assert_int_equal(listener->count, 1);
	expect_told(listener, 0, CLIENT_NOTICE_UNREACHABLE, CLIENT_CONNECT_TIMEOUT,
		    "the server did not greet in time. See the log of wsauthzd.");
}

/* Connections that come and go as fast as they can, for an hour. */
static void a_flapping_connection_keeps_to_the_budget(void **state)
{
	struct listener *listener = *state;
	int64_t last_ms[CLIENT_NOTICE_KIND_COUNT];

	open_without_server(listener, CLIENT_NO_SERVER);
	for (unsigned i = 0; i < 600; i++) {
		advance(listener, 3000);
		bring_back(listener);
		advance(listener, 1000);
		lose(listener);
	}
	assert_in_range(listener->count, 60, 2 * 61);
	for (size_t i = 0; i < CLIENT_NOTICE_KIND_COUNT; i++)
		last_ms[i] = INT64_MIN / 2;
	for (size_t i = 0; i < listener->count; i++) {
		const struct told *told = &listener->told[i];

		assert_true(told->now_ms - last_ms[told->notice.kind] >= CLIENT_NOTICE_INTERVAL_MS);
		last_ms[told->notice.kind] = told->now_ms;
	}
}

/* The last notice of the connection is true for as long as there is no other. */
static void what_was_held_back_is_told_if_it_still_holds(void **state)
{
	struct listener *listener = *state;

	open_without_server(listener, CLIENT_NO_SERVER);
	advance(listener, 1000);
	bring_back(listener);
	assert_int_equal(listener->count, 2);
	lose(listener);
	advance(listener, 2000); /* within a minute of the first */
	assert_int_equal(listener->count, 2);
	advance(listener, CLIENT_NOTICE_INTERVAL_MS);
	assert_int_equal(listener->count, 3);
	expect_told(listener, 2, CLIENT_NOTICE_UNREACHABLE, CLIENT_NO_SERVER, "no connection");
	bring_back(listener);
	assert_int_equal(listener->count, 4);
	expect_told(listener, 3, CLIENT_NOTICE_CONNECTED, CLIENT_OK, "connected again");

	/* Two outages of different kinds, and the return from the second comes too soon. */
	listener->asking.channel->connect_result = CLIENT_WRONG_OWNER;
	fake_channel_hang_up(listener->asking.channel);
	advance(listener, CONNECTION_BACKOFF_MAX_MS);
	assert_int_equal(listener->count, 5);
	expect_told(listener, 4, CLIENT_NOTICE_WRONG_OWNER, CLIENT_WRONG_OWNER, "belongs to");
	bring_back(listener);
	assert_int_equal(listener->count, 5);
	advance(listener, CLIENT_NOTICE_INTERVAL_MS);
	assert_int_equal(listener->count, 6);
	expect_told(listener, 5, CLIENT_NOTICE_CONNECTED, CLIENT_OK, "connected again");
}

/* Denials. */

static void denials_are_gathered_and_told(void **state)
{
	struct listener *listener = *state;

	open_client(listener);
	asking_greet(&listener->asking);
	for (unsigned i = 0; i < 3; i++)
		client_count_failure(listener->asking.client, CLIENT_SENDER);
	fake_channel_turn(listener->asking.channel);
	client_count_failure(listener->asking.client, CLIENT_DEADLINE);
	client_count_failure(listener->asking.client, CLIENT_STALE_REPLY);
	advance(listener, CLIENT_NOTICE_GATHER_MS - 1);
	assert_int_equal(listener->count, 0);
	advance(listener, 1);
	assert_int_equal(listener->count, 1);
	expect_told(listener, 0, CLIENT_NOTICE_DENIED, CLIENT_OK,
		    "wsman/Contoso: denied here without a decision, 4 in 5 s: "
		    "1 x no reply in time, 3 x the question is not valid");
	assert_int_equal(listener->told[0].notice.denied_count, 4);
	assert_int_equal(listener->told[0].counts[CLIENT_SENDER], 3);
	assert_int_equal(listener->told[0].counts[CLIENT_DEADLINE], 1);
	assert_int_equal(listener->told[0].counts[CLIENT_STALE_REPLY], 0);
}

static void denials_are_told_once_a_minute_and_none_is_lost(void **state)
{
	struct listener *listener = *state;
	uint64_t sum = 0;

	open_client(listener);
	asking_greet(&listener->asking);
	for (unsigned s = 0; s < 600; s++) {
		client_count_failure(listener->asking.client, CLIENT_SENDER);
		advance(listener, 1000);
	}
	assert_in_range(listener->count, 10, 11);
	advance(listener, CLIENT_NOTICE_INTERVAL_MS);
	for (size_t i = 0; i < listener->count; i++) {
		sum += listener->told[i].counts[CLIENT_SENDER];
		if (i != 0)
			assert_true(listener->told[i].now_ms - listener->told[i - 1].now_ms >=
				    CLIENT_NOTICE_INTERVAL_MS);
	}
	assert_int_equal(sum, 600);
}

static void a_late_reply_alone_is_no_denial(void **state)
{
	struct listener *listener = *state;

	open_client(listener);
	asking_greet(&listener->asking);
	client_count_failure(listener->asking.client, CLIENT_STALE_REPLY);
	advance(listener, CLIENT_NOTICE_REPEAT_MS);
	assert_int_equal(listener->count, 0);
}

static void what_stopping_denies_is_told(void **state)
{
	struct listener *listener = *state;

	open_client(listener);
	asking_greet(&listener->asking);
	asking_ask(&listener->asking, 0);
	client_stop(listener->asking.client);
	assert_int_equal(listener->count, 1);
	expect_told(listener, 0, CLIENT_NOTICE_DENIED, CLIENT_OK,
		    "1 in 0 s: 1 x the client was stopped");
}

static void stopping_keeps_to_the_budget(void **state)
{
	struct listener *listener = *state;

	open_client(listener);
	asking_greet(&listener->asking);
	client_count_failure(listener->asking.client, CLIENT_SENDER);
	fake_channel_turn(listener->asking.channel);
	advance(listener, CLIENT_NOTICE_GATHER_MS);
	assert_int_equal(listener->count, 1);
	asking_ask(&listener->asking, 0);
	client_stop(listener->asking.client);
	assert_int_equal(listener->count, 1);
}

/* A denial that its thread did not make wakes the thread, which may have nothing else to do. */
static void a_failure_that_is_counted_wakes_the_client(void **state)
{
	struct listener *listener = *state;
	unsigned wake_count;

	open_client(listener);
	asking_greet(&listener->asking);
	wake_count = listener->asking.channel->wake_count;
	client_count_failure(listener->asking.client, CLIENT_SENDER);
	assert_int_equal(listener->asking.channel->wake_count, wake_count + 1);
}

static void without_a_listener_the_client_rests(void **state)
{
	struct listener *listener = *state;

	asking_open(&listener->asking, &asking_settings);
	asking_greet(&listener->asking);
	assert_true(listener->asking.channel->next_ms == INT64_MAX);
}

/* Texts. */

static void names_are_made_harmless(void **state)
{
	struct listener *listener = *state;
	struct client_settings settings = settings_of(listener);

	settings.application = "wsman/%1\n\x1b[31m\xe2\x80\xae";
	settings.endpoint = "/run/%%s";
	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	asking_open(&listener->asking, &settings);
	fake_channel_turn(listener->asking.channel);
	advance(listener, 1000);
	expect_told(listener, 0, CLIENT_NOTICE_UNREACHABLE, CLIENT_NO_SERVER,
		    "wsman/\\x{25}1\\x{0a}\\x{1b}[31m\\x{e2}\\x{80}\\x{ae}: no connection to "
		    "/run/\\x{25}\\x{25}s for");
}

static void a_name_is_cut_at_its_limit(void **state)
{
	char name[LINE_NAME_BYTES + 2];
	struct line line = {.length = 0};

	(void)state;
	memset(name, 'a', sizeof(name));
	name[LINE_NAME_BYTES] = '\0';
	line_add_name(&line, name);
	assert_int_equal(line.length, LINE_NAME_BYTES);
	assert_null(strstr(line.text, "..."));
	name[LINE_NAME_BYTES] = 'b';
	name[LINE_NAME_BYTES + 1] = '\0';
	line = (struct line){.length = 0};
	line_add_name(&line, name);
	assert_int_equal(line.length, LINE_NAME_BYTES + 3);
	assert_string_equal(line.text + LINE_NAME_BYTES, "...");
}

static void a_line_is_cut_at_its_limit(void **state)
{
	struct line line = {.length = 0};

	(void)state;
	for (unsigned i = 0; i < CLIENT_NOTICE_BYTES; i++)
		line_add(&line, "x");
	assert_int_equal(line.length, CLIENT_NOTICE_BYTES);
	line_add(&line, "y");
	line_add_number(&line, UINT64_MAX);
	assert_int_equal(line.length, CLIENT_NOTICE_BYTES);
	assert_int_equal(strlen(line.text), CLIENT_NOTICE_BYTES);
	assert_int_equal(line.text[CLIENT_NOTICE_BYTES - 1], 'x');
}

/* The longest text there is: every reason, of every number. */
static void every_reason_fits(void **state)
{
	struct listener *listener = *state;

	open_client(listener);
	asking_greet(&listener->asking);
	for (int i = CLIENT_OK + 1; i < CLIENT_INVALID; i++)
		client_count_failure(listener->asking.client, (enum client_reason)i);
	fake_channel_turn(listener->asking.channel);
	advance(listener, CLIENT_NOTICE_GATHER_MS);
	/* Twenty-digit numbers and the longest name would still have room. */
	assert_in_range(strlen(listener->told[0].text), 1,
			CLIENT_NOTICE_BYTES - LINE_NAME_BYTES - CLIENT_REASON_COUNT * 20);
	expect_told(listener, 0, CLIENT_NOTICE_DENIED, CLIENT_OK, "1 x the client was stopped");
}

static bool count_down(void *arg)
{
	unsigned *left = arg;

	return (*left)-- == 0;
}

static void opening_survives_every_lack_of_memory(void **state)
{
	struct listener *listener = *state;
	struct client_settings settings = settings_of(listener);
	enum client_reason reason = CLIENT_NO_MEMORY;
	unsigned failed_count = 0;

	for (; reason != CLIENT_OK; failed_count++) {
		unsigned left = failed_count;

		memory_set_fault_hook(count_down, &left);
		reason = client_open(&settings, &listener->asking.client);
		memory_set_fault_hook(NULL, NULL);
		if (reason != CLIENT_OK)
			assert_int_equal(reason, CLIENT_NO_MEMORY);
	}
	assert_in_range(failed_count, 5, 100);
	assert_int_equal(listener->count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, asking_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_outage_is_told_when_it_denies),
		TEST(an_outage_that_denies_nobody_is_not_told),
		TEST(the_obstacle_is_named),
		TEST(an_outage_is_told_again_while_it_lasts),
		TEST(the_return_is_told_after_an_outage_that_was),
		TEST(a_wrong_owner_is_told_at_once),
		TEST(an_unknown_owner_is_said_to_be_so),
		TEST(a_refused_greeting_is_told),
		TEST(a_server_that_does_not_greet_is_told),
		TEST(a_flapping_connection_keeps_to_the_budget),
		TEST(what_was_held_back_is_told_if_it_still_holds),
		TEST(denials_are_gathered_and_told),
		TEST(denials_are_told_once_a_minute_and_none_is_lost),
		TEST(a_late_reply_alone_is_no_denial),
		TEST(what_stopping_denies_is_told),
		TEST(stopping_keeps_to_the_budget),
		TEST(a_failure_that_is_counted_wakes_the_client),
		TEST(without_a_listener_the_client_rests),
		TEST(names_are_made_harmless),
		TEST(a_name_is_cut_at_its_limit),
		TEST(a_line_is_cut_at_its_limit),
		TEST(every_reason_fits),
		TEST(opening_survives_every_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
