#include "client-plugin/completion.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client-plugin/answer.h"
#include "client-plugin/text.h"

enum {
	RECEIPT_BYTES = 128, /* of what is added to the policy's message */
	TEXT_UNITS = CLIENT_INFORMATION_BYTES + RECEIPT_BYTES,
};

/* What the user is told: the policy's own words, and what the help desk needs to find out more. A
 * text for people and no XML, as in Microsoft's sample. */
static void write_denial(const struct client_answer *answer, WCHAR out[TEXT_UNITS])
{
	char text[TEXT_UNITS];
	const char *message = answer->information;

	if (answer->reason != CLIENT_OK)
		snprintf(text, sizeof(text), "Access is denied: there is no decision (%s).",
			 client_reason_text(answer->reason));
	else
		snprintf(text, sizeof(text), "%s Decision %" PRIu64 ".",
			 *message != '\0' ? message : "Access is denied.", answer->decision_id);
	text_widen(text, out, TEXT_UNITS);
}

static void complete_user(const struct completion *completion, const struct client_answer *answer,
			  struct context *context)
{
	WCHAR text[TEXT_UNITS];
	DWORD status;

	switch (answer->verdict) {
	case CLIENT_ALLOW:
		status =
			WSManPluginAuthzUserComplete(completion->key, 0, context, completion->token,
						     answer->administrator, NO_ERROR, NULL);
		if (status != NO_ERROR && context != NULL)
			context_put(context);
		return;
	case CLIENT_REDIRECT:
		text_widen(answer->information, text, TEXT_UNITS);
		WSManPluginAuthzUserComplete(completion->key, 0, NULL, NULL, FALSE, answer->code,
					     text);
		return;
	case CLIENT_DENY: break;
	}
	write_denial(answer, text);
	WSManPluginAuthzUserComplete(completion->key, 0, NULL, NULL, FALSE, ERROR_ACCESS_DENIED,
				     text);
}

/* A redirect is for users; WinRM does not say what it would do with one here. */
static void complete_operation(const struct completion *completion,
			       const struct client_answer *answer, struct context *context)
{
	WCHAR text[TEXT_UNITS];
	DWORD status;

	if (answer->verdict == CLIENT_ALLOW) {
		status = WSManPluginAuthzOperationComplete(completion->key, 0, context, NO_ERROR,
							   NULL);
		if (status != NO_ERROR && context != NULL)
			context_put(context);
		return;
	}
	if (answer->verdict == CLIENT_REDIRECT) {
		struct client_answer denial = answer_deny(CLIENT_OK);

		denial.decision_id = answer->decision_id;
		write_denial(&denial, text);
	} else {
		write_denial(answer, text);
	}
	WSManPluginAuthzOperationComplete(completion->key, 0, NULL, ERROR_ACCESS_DENIED, text);
}

/* Without a quota the completion function itself refuses, and WinRM takes its default. */
static void complete_quota(const struct completion *completion, const struct client_answer *answer)
{
	WSMAN_AUTHZ_QUOTA quota = {
		.maxAllowedConcurrentShells = answer->quota.max_concurrent_shells,
		.maxAllowedConcurrentOperations = answer->quota.max_concurrent_operations,
		.timeslotSize = answer->quota.timeslot_s,
		.maxAllowedOperationsPerTimeslot = answer->quota.max_operations_per_timeslot,
	};
	WCHAR text[TEXT_UNITS];

	if (answer->verdict == CLIENT_ALLOW) {
		WSManPluginAuthzQueryQuotaComplete(
			completion->key, 0, answer->has_quota ? &quota : NULL, NO_ERROR, NULL);
		return;
	}
	write_denial(answer, text);
	WSManPluginAuthzQueryQuotaComplete(completion->key, 0, NULL, ERROR_ACCESS_DENIED, text);
}

/* Nothing but printable ASCII behind the scheme: the URL becomes a header of the response. */
static bool is_https_url(const char *text)
{
	static const char scheme[] = "https://";

	for (const char *expected = scheme; *expected != '\0'; text++, expected++) {
		/* Of letters, and of nothing else here, the other case is 32 below. */
		if (*text != *expected &&
		    (*expected < 'a' || *expected > 'z' || *text != *expected - 32))
			return false;
	}
	while (*text > ' ' && *text <= '~')
		text++;
	return *text == '\0';
}

static bool has_zero(const struct client_quota *quota)
{
	return quota->max_concurrent_shells == 0 || quota->max_concurrent_operations == 0 ||
	       quota->timeslot_s == 0 || quota->max_operations_per_timeslot == 0;
}

/* CLIENT_OK, or why WinRM cannot be given this answer. */
static enum client_reason check(const struct completion *completion,
				const struct client_answer *answer)
{
	if (answer->verdict == CLIENT_REDIRECT && !is_https_url(answer->information))
		return CLIENT_BAD_VERDICT;
	if (answer->verdict == CLIENT_ALLOW && completion->token == NULL)
		return CLIENT_SENDER;
	if (completion->kind == COMPLETION_QUOTA && answer->has_quota && has_zero(&answer->quota))
		return CLIENT_BAD_VERDICT;
	return CLIENT_OK;
}

static void complete(const struct completion *completion, const struct client_answer *answer,
		     struct context *context)
{
	switch (completion->kind) {
	case COMPLETION_USER: complete_user(completion, answer, context); break;
	case COMPLETION_OPERATION: complete_operation(completion, answer, context); break;
	case COMPLETION_QUOTA: complete_quota(completion, answer); break;
	}
}

void completion_deny(const struct completion *completion, enum client_reason reason)
{
	struct client_answer denial = answer_deny(reason);

	complete(completion, &denial, NULL);
}

void completion_finish(const struct completion *completion, const struct client_answer *answer)
{
	enum client_reason reason = check(completion, answer);
	struct context *context = NULL;

	if (reason == CLIENT_OK && answer->verdict == CLIENT_ALLOW && answer->has_record &&
	    completion->kind != COMPLETION_QUOTA) {
		context = context_get(completion->contexts, answer->record_id,
				      completion->kind == COMPLETION_USER);
		if (context == NULL)
			reason = CLIENT_NO_MEMORY;
	}
	if (reason == CLIENT_OK) {
		complete(completion, answer, context);
		return;
	}
	client_count_failure(completion->client, reason);
	completion_deny(completion, reason);
}
