#include "server/policy_gate.h"

#include <inttypes.h>

#include "base/log.h"
#include "policy/replay.h"
#include "store/state.h"

static void refuse(struct policy_load *load, const struct replay_result *result, uint32_t max_flips)
{
	struct buf *out = &load->obstacle;
	int shown = 0;

	load->error = ERR_DENIED;
	buf_printf(out,
		   "%" PRIu64 " of %" PRIu64
		   " recorded decisions would come out otherwise, and at most %" PRIu32 " may:",
		   result->flip_count, result->replayed_count, max_flips);
	for (int i = 0; i < REPLAY_FLIP_COUNT; i++) {
		if (result->flips[i] != 0)
			buf_printf(out, "%s %" PRIu64 " %s", shown++ != 0 ? "," : "",
				   result->flips[i], replay_flip_text((enum replay_flip)i));
	}
	buf_printf(out, ", such as decision %" PRIu64 "; wsauthzctl policy replay shows all",
		   result->by_policy.items[0]->examples[0]);
}

/* Asks the decisions of an audit that is there. */
static enum error replay(struct policy_load *load, const struct policy_gate *gate,
			 const struct replay_options *options, struct audit_reader *reader,
			 struct buf *why)
{
	struct replay_result result;
	enum error error = replay_run(load->snapshot, reader, options, &result, why);

	if (error != ERR_NONE)
		return error;
	if (result.flip_count > gate->max_flips)
		refuse(load, &result, gate->max_flips);
	replay_result_deinit(&result);
	return ERR_NONE;
}

static void ask_decisions(struct policy_load *load, const struct policy_gate *gate,
			  struct replay_options *options)
{
	struct audit_reader *reader = NULL;
	struct buf why;
	enum error error;

	buf_init(&why, LOG_MESSAGE_MAX);
	error = audit_reader_open(gate->directory, gate->env, &reader, &why);
	if (error == ERR_NONE)
		error = state_open_readonly(gate->directory, gate->env, &options->state, &why);
	if (error == ERR_NONE)
		error = replay(load, gate, options, reader, &why);
	if (error != ERR_NONE && error != ERR_NOT_FOUND) {
		load->error = error;
		buf_printf(&load->obstacle, "recorded decisions could not be asked again: %s",
			   why.length != 0 ? buf_text(&why) : error_text(error));
	}
	state_close(options->state);
	audit_reader_close(reader);
	buf_deinit(&why);
}

void policy_gate_pass(struct policy_load *load, const struct policy_gate *gate, struct hash_key key,
		      const struct clock *clock)
{
	struct replay_options options = {.key = key};

	if (gate == NULL || gate->max_flips == POLICY_GATE_OPEN)
		return;
	options.settings = gate->settings;
	options.range.since_us = clock_wall_us(clock) - gate->window_ms * 1000;
	options.range.newest = POLICY_GATE_DECISIONS;
	ask_decisions(load, gate, &options);
}
