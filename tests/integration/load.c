#include "integration/load.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "platform/file.h"
#include "store/audit_query.h"

struct load *load_new(size_t connections, size_t outstanding)
{
	struct load *load = calloc(1, sizeof(*load));

	assert_non_null(load);
	assert_true(connections <= LOAD_CONNECTIONS_MAX);
	load->connections = connections;
	load->outstanding = outstanding;
	load->allowed = calloc(LOAD_ALLOWED_MAX, sizeof(*load->allowed));
	assert_non_null(load->allowed);
	return load;
}

void load_free(struct load *load)
{
	free(load->allowed);
	free(load);
}

void load_open(struct load *load, const struct daemon *daemon)
{
	for (size_t i = 0; i < load->connections; i++) {
		snprintf(load->names[i], sizeof(load->names[i]), "CONTOSO\\user%zu", i);
		snprintf(load->sids[i], sizeof(load->sids[i]), "S-1-5-21-1-2-3-%zu", 5000 + i);
		raw_sender_init(&load->senders[i], load->names[i], load->sids[i], OPERATORS);
		raw_peer_open(&load->peers[i], daemon->authorize_path, "wsman/Test");
		load->waiting[i] = 0;
	}
}

void load_ask(struct load *load, size_t i)
{
	Wsauthz__AuthorizeOperation operation = WSAUTHZ__AUTHORIZE_OPERATION__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	operation.sender = &load->senders[i].sender;
	operation.action_uri = raw_text(ACTION_GET_URI);
	operation.resource_uri = raw_text(RESOURCE_OS);
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION;
	request.authorize_operation = &operation;
	raw_peer_request(&load->peers[i], &request);
	load->waiting[i]++;
}

bool load_take(struct load *load, size_t i)
{
	const Wsauthz__Reply *reply = raw_peer_reply(&load->peers[i]);

	if (reply == NULL)
		return false;
	load->waiting[i]--;
	if (reply->body_case != WSAUTHZ__REPLY__BODY_DECISION) {
		fixture_expect_refusal(reply, WSAUTHZ__REFUSAL__REASON__AUDIT_FAILED);
		load->refused_count++;
		return true;
	}
	assert_int_equal(fixture_verdict(reply), VERDICT_ALLOW);
	assert_true(load->allowed_count < LOAD_ALLOWED_MAX);
	load->allowed[load->allowed_count++] = reply->decision->decision_id;
	return true;
}

void load_turn(struct load *load)
{
	struct pollfd waits[LOAD_CONNECTIONS_MAX];

	for (size_t i = 0; i < load->connections; i++) {
		while (load->waiting[i] < load->outstanding)
			load_ask(load, i);
		waits[i] = (struct pollfd){.fd = load->peers[i].fd, .events = POLLIN};
	}
	assert_true(poll(waits, load->connections, PEER_TIMEOUT_MS) > 0);
	for (size_t i = 0; i < load->connections; i++) {
		if ((waits[i].revents & POLLIN) == 0)
			continue;
		do {
			assert_true(load_take(load, i));
		} while (raw_peer_has_reply(&load->peers[i]));
	}
}

void load_until_allowed(struct load *load, size_t more)
{
	size_t target = load->allowed_count + more;

	while (load->allowed_count < target)
		load_turn(load);
}

void load_close(struct load *load)
{
	for (size_t i = 0; i < load->connections; i++) {
		while (load->waiting[i] != 0 && load_take(load, i))
			continue;
		raw_peer_close(&load->peers[i]);
	}
}

/* The audit against the answers. */

struct rows {
	const struct load *load;
	size_t matched, others;
	uint64_t last_id;
};

/* Rows come in ascending order, and so are the ids that were told. */
static bool on_row(void *arg, const struct audit_row *row)
{
	struct rows *rows = arg;

	/* Events stand between decisions; what lacks is found by the chain. */
	assert_true(row->decision_id > rows->last_id);
	rows->last_id = row->decision_id;
	if (rows->matched == rows->load->allowed_count ||
	    rows->load->allowed[rows->matched] != row->decision_id) {
		rows->others++;
		return true;
	}
	assert_int_equal(row->verdict, AUDIT_ALLOW);
	rows->matched++;
	return true;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

size_t load_expect_rows(struct load *load, const struct daemon *daemon)
{
	struct store_env env = {.list_names = directory_list_names};
	struct audit_filter all = {0};
	struct audit_verification chain;
	struct audit_reader *reader;
	struct rows rows = {load, 0, 0, 0};
	struct buf why;

	buf_init(&why, 4096);
	qsort(load->allowed, load->allowed_count, sizeof(uint64_t), by_id);
	for (size_t i = 1; i < load->allowed_count; i++)
		assert_true(load->allowed[i] != load->allowed[i - 1]);
	assert_int_equal(audit_reader_open(daemon->state_dir, &env, &reader, &why), ERR_NONE);
	assert_int_equal(audit_query(reader, &all, on_row, &rows, &why), ERR_NONE);
	assert_int_equal(rows.matched, load->allowed_count);
	assert_int_equal(audit_verify(reader, NULL, &chain, &why), ERR_NONE);
	assert_true(chain.intact);
	audit_reader_close(reader);
	buf_deinit(&why);
	return rows.others;
}
