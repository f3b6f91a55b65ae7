/*
 * A policy that is replaced again and again under load: two revisions in turns that answer
 * differently, every tenth candidate invalid, 64 connections that never stop asking. Every answer is
 * the one of the revision it names, and none names a revision older than the last reload that was
 * acknowledged before the question was sent.
 *
 * WSAUTHZ_RELOADS in the environment says how many reloads there are; see CONTRIBUTING.md.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "integration/fixture.h"

enum {
	CONNECTIONS = 64,
#ifdef WSAUTHZ_SANITIZED
	DEFAULT_RELOADS = 60,
#else
	DEFAULT_RELOADS = 300,
#endif
	INVALID_EACH = 10,
	/* Policies about nobody here. With them a policy that is replaced and kept takes a tenth of
	 * a megabyte, so that a few hundred do not fit in the slack. */
	BYSTANDERS = 250,
	POLICY_MAX_BYTES = 64 * 1024,
	/* What memory may grow by from a fifth of the way on. Of it, 2 MiB may be the pages that
	 * SQLite keeps for each of the two databases that are written, and the rest is what the
	 * live segment's texts, all of which name a revision, take until it is sealed; what does
	 * not belong to the store is the same after 12,000 reloads as after 500. */
	MEMORY_SLACK_KIB = 8 * 1024,
};

/* Odd revisions let operators in, even ones do not. */
static const char odd[] = "@id(\"in\") permit(principal in WinRM::Group::\"" OPERATORS "\",\n"
			  "  action == WinRM::Action::\"Connect\", resource);\n";
static const char even[] = "@id(\"out\") @deny_message(\"Closed.\")\n"
			   "forbid(principal, action, resource);\n";
static const char bystander[] = "permit(principal in WinRM::Group::\"S-1-5-21-7-7-7-%u\",\n"
				"  action == WinRM::Action::\"Connect\", resource);\n";
static const char invalid[] = "permit(principal, action";

/* The policy and the bystanders. */
static const char *with_bystanders(const char *policy, char text[POLICY_MAX_BYTES])
{
	size_t length = (size_t)snprintf(text, POLICY_MAX_BYTES, "%s", policy);

	for (unsigned i = 0; i < BYSTANDERS; i++)
		length += (size_t)snprintf(text + length, POLICY_MAX_BYTES - length, bystander, i);
	assert_true(length < POLICY_MAX_BYTES);
	return text;
}

struct storm {
	const struct daemon *daemon;
	const char *odd, *even;
	unsigned reload_count;
	atomic_uint_fast64_t acknowledged; /* the revision of the last reload that was */
	atomic_uint unexpected;            /* number of the reload that ended otherwise; 0: none */
	atomic_bool is_over;
	long base_kib; /* resident memory of the daemon a fifth of the way; 0: not known */
};

/* Resident memory of the daemon. */
static long resident_kib(const struct daemon *daemon)
{
	char path[64], line[256];
	long kib = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)daemon->pid);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	}
	if (file != NULL)
		fclose(file);
	return kib;
}

/* Replaces the policy and reloads it; the exit code of wsauthzctl, or -1. */
static int reload(const struct daemon *daemon, const char *text)
{
	char path[256], command[512];
	FILE *file;
	int status;

	(void)snprintf(path, sizeof(path), "%s/policy.cedar", daemon->policy_dir);
	file = fopen(path, "w");
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		return -1;
	(void)snprintf(command, sizeof(command), "%s policy reload --config %s >%s/reload.log 2>&1",
		       WSAUTHZCTL, daemon->config_path, daemon->dir.path);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void *reload_in_turns(void *arg)
{
	struct storm *storm = arg;
	uint64_t revision = 1;

	for (unsigned i = 1; i <= storm->reload_count; i++) {
		bool is_valid = i % INVALID_EACH != 0;
		const char *text = revision % 2 == 1 ? storm->even : storm->odd;
		int code = reload(storm->daemon, is_valid ? text : invalid);

		if (code != (is_valid ? 0 : 4)) {
			atomic_store(&storm->unexpected, i);
			break;
		}
		if (is_valid)
			atomic_store(&storm->acknowledged, ++revision);
		if (i == storm->reload_count / 5)
			storm->base_kib = resident_kib(storm->daemon);
	}
	atomic_store(&storm->is_over, true);
	return NULL;
}

/* One of those who ask. */
struct asker {
	struct raw_peer peer;
	struct raw_sender sender;
	char name[32], sid[64];
	uint64_t floor; /* acknowledged before the question was sent */
};

static void open_askers(struct asker *askers, const struct daemon *daemon)
{
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		struct asker *asker = &askers[i];

		(void)snprintf(asker->name, sizeof(asker->name), "CONTOSO\\user%u", i);
		(void)snprintf(asker->sid, sizeof(asker->sid), "S-1-5-21-1-2-3-%u", 3000 + i);
		raw_sender_init(&asker->sender, asker->name, asker->sid, OPERATORS);
		raw_peer_open(&asker->peer, daemon->authorize_path, "wsman/Test");
	}
}

static void send_question(struct asker *asker, const struct storm *storm)
{
	Wsauthz__AuthorizeUser user = WSAUTHZ__AUTHORIZE_USER__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	asker->floor = atomic_load(&storm->acknowledged);
	user.sender = &asker->sender.sender;
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
	request.authorize_user = &user;
	raw_peer_request(&asker->peer, &request);
}

static void check_answer(const struct asker *asker, const Wsauthz__Reply *reply)
{
	uint32_t verdict = fixture_verdict(reply);
	uint64_t revision = reply->decision->policy_revision;

	if (revision < asker->floor)
		fail_msg("an answer by revision %llu after revision %llu was acknowledged",
			 (unsigned long long)revision, (unsigned long long)asker->floor);
	if (verdict != (revision % 2 == 1 ? VERDICT_ALLOW : VERDICT_DENY))
		fail_msg("revision %llu answered as the other one", (unsigned long long)revision);
}

/* Asks on all connections until the reloads are over; returns how many answers there were. */
static uint64_t ask_until_over(struct asker *askers, const struct storm *storm)
{
	uint64_t count = 0;

	while (!atomic_load(&storm->is_over)) {
		for (unsigned i = 0; i < CONNECTIONS; i++)
			send_question(&askers[i], storm);
		for (unsigned i = 0; i < CONNECTIONS; i++, count++)
			check_answer(&askers[i], raw_peer_reply(&askers[i].peer));
	}
	return count;
}

static unsigned reload_count(void)
{
	const char *text = getenv("WSAUTHZ_RELOADS");
	unsigned long count = text != NULL ? strtoul(text, NULL, 10) : 0;

	return count != 0 ? (unsigned)count : DEFAULT_RELOADS;
}

static void answers_agree_with_their_revision_while_it_is_replaced(void **state)
{
	static struct asker askers[CONNECTIONS];
	static char odd_text[POLICY_MAX_BYTES], even_text[POLICY_MAX_BYTES];
	struct storm storm = {.odd = with_bystanders(odd, odd_text),
			      .even = with_bystanders(even, even_text),
			      .reload_count = reload_count(),
			      .acknowledged = 1};
	struct daemon daemon;
	pthread_t thread;
	uint64_t answers;
	long end_kib;

	(void)state;
	fixture_start(&daemon, storm.odd, "  reload: on_request\nlog:\n  level: warning\n");
	storm.daemon = &daemon;
	open_askers(askers, &daemon);
	assert_int_equal(pthread_create(&thread, NULL, reload_in_turns, &storm), 0);
	answers = ask_until_over(askers, &storm);
	assert_int_equal(pthread_join(thread, NULL), 0);
	end_kib = resident_kib(&daemon);
	if (atomic_load(&storm.unexpected) != 0)
		fail_msg("reload %u did not end as it should", atomic_load(&storm.unexpected));
	assert_int_equal(atomic_load(&storm.acknowledged),
			 1 + storm.reload_count - storm.reload_count / INVALID_EACH);
	printf("%u reloads, %llu answers, %ld KiB after a fifth, %ld KiB at the end\n",
	       storm.reload_count, (unsigned long long)answers, storm.base_kib, end_kib);
#ifndef WSAUTHZ_SANITIZED
	assert_true(storm.base_kib > 0 && end_kib < storm.base_kib + MEMORY_SLACK_KIB);
#endif
	for (unsigned i = 0; i < CONNECTIONS; i++)
		raw_peer_close(&askers[i].peer);
	fixture_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_agree_with_their_revision_while_it_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
