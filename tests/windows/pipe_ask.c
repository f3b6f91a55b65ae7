/* Asks the daemon over its pipe whether a user in a group may connect, as a program that must
 * authorize would: pipe-ask PIPE GROUP-SID [PATIENCE-MS]. Prints the verdict, the policy revision
 * and the text. PATIENCE-MS is for connecting: as long as a machine under load may take, unless the
 * test knows that nobody listens. */
#include <windows.h>

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-plugin/client.h"

enum exit_code { EXIT_ALLOWED = 0, EXIT_DENIED = 1, EXIT_USAGE = 2, EXIT_NO_ANSWER = 3 };

/* Where the client's thread leaves the answer. */
struct mailbox {
	HANDLE arrived;
	struct client_answer answer;
	char information[2049];
};

static void on_answer(void *arg, const struct client_answer *answer)
{
	struct mailbox *mailbox = arg;

	mailbox->answer = *answer;
	snprintf(mailbox->information, sizeof(mailbox->information), "%s", answer->information);
	SetEvent(mailbox->arrived);
}

/* The daemon runs as whoever runs this program. */
static char *own_sid(void)
{
	union {
		TOKEN_USER user;
		char bytes[256];
	} information;
	DWORD size = sizeof(information);
	char *text = NULL;
	HANDLE token;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		return NULL;
	if (GetTokenInformation(token, TokenUser, &information, size, &size))
		(void)ConvertSidToStringSidA(information.user.User.Sid, &text);
	CloseHandle(token);
	return text;
}

static enum exit_code print_answer(const struct mailbox *mailbox)
{
	const struct client_answer *answer = &mailbox->answer;

	if (answer->reason != CLIENT_OK) {
		printf("no answer: %s\n", client_reason_text(answer->reason));
		return EXIT_NO_ANSWER;
	}
	printf("%s, revision %llu, %s\n", answer->verdict == CLIENT_ALLOW ? "allow" : "deny",
	       (unsigned long long)answer->policy_revision, mailbox->information);
	return answer->verdict == CLIENT_ALLOW ? EXIT_ALLOWED : EXIT_DENIED;
}

static enum exit_code ask(struct client *client, const char *group, struct mailbox *mailbox)
{
	struct client_token token = {
		.user_sid = "S-1-5-21-1-2-3-2001", .group_sids = &group, .group_count = 1};
	struct client_sender sender = {.name = "CONTOSO\\alice",
				       .mechanism = "Kerberos",
				       .http_url = "https://server.contoso.example:5986/wsman",
				       .token = &token};
	enum client_reason reason = client_authorize_user(client, &sender, on_answer, mailbox);

	if (reason == CLIENT_OK)
		WaitForSingleObject(mailbox->arrived, INFINITE);
	else
		mailbox->answer.reason = reason;
	return print_answer(mailbox);
}

int main(int argc, char **argv)
{
	struct mailbox mailbox = {.arrived = CreateEventW(NULL, TRUE, FALSE, NULL)};
	struct client_settings settings = {.application = "wsman/Test",
					   .program = "pipe-ask",
					   .connect_timeout_ms = 30000,
					   .reply_timeout_ms = 60000};
	struct client *client;
	enum exit_code code;
	char *owner = own_sid();

	if (argc < 3 || argc > 4 || owner == NULL || mailbox.arrived == NULL)
		return EXIT_USAGE;
	settings.endpoint = argv[1];
	if (argc == 4)
		settings.connect_timeout_ms = (uint32_t)strtoul(argv[3], NULL, 10);
	settings.server_owner = owner;
	if (client_open(&settings, &client) != CLIENT_OK)
		return EXIT_NO_ANSWER;
	code = ask(client, argv[2], &mailbox);
	client_close(client);
	CloseHandle(mailbox.arrived);
	LocalFree(owner);
	return (int)code;
}
