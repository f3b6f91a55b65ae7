/*
 * The replay gate of activation: recorded decisions are asked again of a candidate, and one that
 * decides too many of them otherwise is refused. Blocks: at start and on workers.
 */
#ifndef SERVER_POLICY_GATE_H
#define SERVER_POLICY_GATE_H

#include <stdint.h>

#include "authz/decide.h"
#include "base/clock.h"
#include "policy/load.h"
#include "store/env.h"

/* Decisions that are asked again at most, the newest ones. */
enum { POLICY_GATE_DECISIONS = 500000 };

/* No gate: any number of decisions may come out otherwise. */
#define POLICY_GATE_OPEN UINT32_MAX

/* Everything but the numbers is borrowed. */
struct policy_gate {
	uint32_t max_flips; /* POLICY_GATE_OPEN for no gate */
	int64_t window_ms;  /* how old decisions may be */
	const char *directory;
	const struct store_env *env;
	const struct decide_settings *settings;
};

/* Asks `load`, which has a snapshot; `gate` may be NULL. When too many decisions come out otherwise, load->error becomes
 * ERR_DENIED and the obstacle says how many; when they cannot be read it becomes why. An audit without
 * decisions lets everything pass. */
void policy_gate_pass(struct policy_load *load, const struct policy_gate *gate, struct hash_key key,
		      const struct clock *clock);

#endif
