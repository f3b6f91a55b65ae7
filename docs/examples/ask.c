/*
 * Asks wsauthzd one question and prints the answer: an example of the C client, and a tool for
 * trying out a policy as a host program would.
 *
 * The client answers on a thread of its own. This program has nothing else to do, so it waits for
 * the answer; a server would go on and finish its request in the callback.
 */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-plugin/client.h"

enum { MAX_GROUPS = 64 };

enum exit_code { EXIT_ALLOWED = 0, EXIT_DENIED = 1, EXIT_USAGE = 2, EXIT_NO_ANSWER = 3 };

static const char usage[] =
	"usage: %s [OPTION ...] connect | quota | operation ACTION-URI RESOURCE-URI\n"
	"\n"
	"Asks wsauthzd what WinRM would ask for this sender, and prints the answer.\n"
	"\n"
	"  --socket PATH       the daemon's endpoint (/run/wsauthz/authorize.sock)\n"
	"  --owner UID         the user the daemon runs as (yours)\n"
	"  --application NAME  the application that asks (wsman/example)\n"
	"  --user NAME         the sender's name, such as CONTOSO\\alice\n"
	"  --mechanism NAME    how the sender authenticated (Kerberos)\n"
	"  --url URL           the URL that received the request\n"
	"  --sid SID           the sender's SID; without it there is no access token\n"
	"  --group SID         a group of the token; may be given several times\n"
	"  --elevated          the token is elevated\n"
	"  --help              this text\n"
	"\n"
	"Exit codes: 0 allowed, 1 denied or redirected, 2 usage, 3 no decision.\n";

/* What the command line says. */
struct question {
	struct client_settings settings;
	struct client_sender sender;
	struct client_token token;
	const char *groups[MAX_GROUPS];
	const char *kind; /* connect, operation or quota */
	const char *action_uri, *resource_uri;
	bool help;
};

/* Where the client's thread leaves the answer. */
struct mailbox {
	pthread_mutex_t mutex;
	pthread_cond_t arrived;
	bool full;
	struct client_answer answer;
	char information[2049]; /* what answer.information points to; at most 2,048 bytes long */
};

/* On the client's thread. The answer's text is only valid here, so it is copied. */
static void on_answer(void *arg, const struct client_answer *answer)
{
	struct mailbox *mailbox = arg;

	pthread_mutex_lock(&mailbox->mutex);
	mailbox->answer = *answer;
	snprintf(mailbox->information, sizeof(mailbox->information), "%s", answer->information);
	mailbox->answer.information = mailbox->information;
	mailbox->full = true;
	pthread_cond_signal(&mailbox->arrived);
	pthread_mutex_unlock(&mailbox->mutex);
}

/* The answer comes in any case, at the latest when the client's deadline has passed. */
static const struct client_answer *wait_for_answer(struct mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->mutex);
	while (!mailbox->full)
		pthread_cond_wait(&mailbox->arrived, &mailbox->mutex);
	pthread_mutex_unlock(&mailbox->mutex);
	return &mailbox->answer;
}

static enum client_reason ask(struct client *client, const struct question *question,
			      struct mailbox *mailbox)
{
	if (strcmp(question->kind, "connect") == 0)
		return client_authorize_user(client, &question->sender, on_answer, mailbox);
	if (strcmp(question->kind, "quota") == 0)
		return client_query_quota(client, &question->sender, NULL, on_answer, mailbox);
	return client_authorize_operation(client, &question->sender, NULL, question->action_uri,
					  question->resource_uri, on_answer, mailbox);
}

static void print_limit(const char *name, uint32_t value)
{
	if (value == UINT32_MAX)
		printf("  %s unlimited", name);
	else
		printf("  %s %" PRIu32, name, value);
}

static enum exit_code print_answer(const struct client_answer *answer)
{
	if (answer->reason != CLIENT_OK) {
		printf("denied without a decision: %s\n", client_reason_text(answer->reason));
		return EXIT_NO_ANSWER;
	}
	switch (answer->verdict) {
	case CLIENT_ALLOW: printf("allow"); break;
	case CLIENT_REDIRECT: printf("redirect"); break;
	case CLIENT_DENY: printf("deny"); break;
	}
	if (answer->information[0] != '\0')
		printf(": %s", answer->information);
	printf("\n");
	if (answer->has_quota) {
		printf("quota");
		print_limit("shells", answer->quota.max_concurrent_shells);
		print_limit("operations", answer->quota.max_concurrent_operations);
		print_limit("operations-per-timeslot", answer->quota.max_operations_per_timeslot);
		print_limit("timeslot-seconds", answer->quota.timeslot_s);
		printf("\n");
	}
	if (answer->administrator)
		printf("administrator\n");
	if (answer->decision_id != 0)
		printf("decision %" PRIu64 "\n", answer->decision_id);
	return answer->verdict == CLIENT_ALLOW ? EXIT_ALLOWED : EXIT_DENIED;
}

/* False when the command line is not valid. */
static bool read_option(struct question *question, int option)
{
	switch (option) {
	case 's': question->settings.endpoint = optarg; return true;
	case 'o': question->settings.server_owner = optarg; return true;
	case 'a': question->settings.application = optarg; return true;
	case 'u': question->sender.name = optarg; return true;
	case 'm': question->sender.mechanism = optarg; return true;
	case 'l': question->sender.http_url = optarg; return true;
	case 'i': question->token.user_sid = optarg; return true;
	case 'e': question->token.elevated = true; return true;
	case 'h': question->help = true; return true;
	case 'g':
		if (question->token.group_count == MAX_GROUPS)
			return false;
		question->groups[question->token.group_count++] = optarg;
		return true;
	default: return false;
	}
}

/* False when the command line is not valid, for a reason that may have been told. */
static bool read_arguments(struct question *question, const char *program, int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"owner", required_argument, NULL, 'o'},
		{"application", required_argument, NULL, 'a'},
		{"user", required_argument, NULL, 'u'},
		{"mechanism", required_argument, NULL, 'm'},
		{"url", required_argument, NULL, 'l'},
		{"sid", required_argument, NULL, 'i'},
		{"group", required_argument, NULL, 'g'},
		{"elevated", no_argument, NULL, 'e'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!read_option(question, option))
			return false;
	}
	argc -= optind;
	argv += optind;
	if (question->help)
		return true;
	if (question->token.user_sid != NULL) {
		question->token.group_sids = question->groups;
		question->sender.token = &question->token;
	} else if (question->token.group_count != 0 || question->token.elevated) {
		fprintf(stderr, "%s: --group and --elevated are of a token: give --sid too\n",
			program);
		return false;
	}
	if (argc == 0)
		return false;
	question->kind = argv[0];
	if (argc == 3 && strcmp(argv[0], "operation") == 0) {
		question->action_uri = argv[1];
		question->resource_uri = argv[2];
		return true;
	}
	return argc == 1 && (strcmp(argv[0], "connect") == 0 || strcmp(argv[0], "quota") == 0);
}

int main(int argc, char **argv)
{
	struct mailbox mailbox = {.mutex = PTHREAD_MUTEX_INITIALIZER,
				  .arrived = PTHREAD_COND_INITIALIZER};
	struct question question = {
		.settings = {.endpoint = "/run/wsauthz/authorize.sock",
			     .application = "wsman/example",
			     .program = "ask"},
		.sender = {.mechanism = "Kerberos"},
	};
	const char *slash = strrchr(argv[0], '/');
	const char *program = slash != NULL ? slash + 1 : argv[0];
	char own_uid[24];
	struct client *client;
	enum client_reason reason;
	enum exit_code code;

	snprintf(own_uid, sizeof(own_uid), "%lu", (unsigned long)geteuid());
	question.settings.server_owner = own_uid;
	if (!read_arguments(&question, program, argc, argv)) {
		fprintf(stderr, usage, program);
		return EXIT_USAGE;
	}
	if (question.help) {
		printf(usage, program);
		return EXIT_ALLOWED;
	}
	reason = client_open(&question.settings, &client);
	if (reason != CLIENT_OK) {
		fprintf(stderr, "%s: %s\n", program, client_reason_text(reason));
		return EXIT_NO_ANSWER;
	}
	reason = ask(client, &question, &mailbox);
	if (reason == CLIENT_OK)
		code = print_answer(wait_for_answer(&mailbox));
	else
		code = print_answer(&(struct client_answer){.reason = reason});
	client_close(client);
	return code;
}
