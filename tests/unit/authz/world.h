/* What the tests of decisions share: a policy, its tables, and senders to ask about. */
#ifndef TESTS_UNIT_AUTHZ_WORLD_H
#define TESTS_UNIT_AUTHZ_WORLD_H

#include "authz/decide.h"
#include "support/fake_clock.h"

#define ALICE     "S-1-5-21-1-2-3-1001"
#define BOB       "S-1-5-21-1-2-3-1002"
#define HELPDESK  "S-1-5-21-1-2-3-2001"
#define ADMINS    "S-1-5-32-544"
#define WMI       "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2"
#define CMD       "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
#define TRANSFER  "http://schemas.xmlsoap.org/ws/2004/09/transfer"
#define ENUMERATE "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate"

/* Everything a decision needs. */
struct world {
	struct fake_clock clock;
	struct arena arena;
	struct buf scratch;
	struct records *records;
	struct blocks *blocks;
	struct decide_settings settings;
	struct cedar_request *cedar;
	struct snapshot *snapshot;
	struct sender sender;
	struct question question;
	struct decision decision;
	uint64_t decision_id;
};

/* A world without policy; the sender is Alice of Helpdesk with a token, over https. */
void world_init(struct world *world);
void world_deinit(struct world *world);

/* Builds a snapshot of one file; fails the test when it cannot. */
struct snapshot *world_build(const char *text, uint64_t revision);

/* Replaces the world's policy. */
void world_set_policy(struct world *world, const char *text, uint64_t revision);

/* Ask, and leave the change pending. The decision lives until the next question. */
const struct decision *world_ask_user(struct world *world);
const struct decision *world_ask_operation(struct world *world, const char *action,
					   const char *resource);
const struct decision *world_ask_quota(struct world *world);

/* What the server does with the decision's change once the audit row is written, or is not. */
void world_commit(struct world *world);
void world_abandon(struct world *world);

/* The live record of the sender, or NULL. */
const struct record *world_record(struct world *world);

/* For cmocka: `*state` becomes a struct world. */
int world_setup(void **state);
int world_teardown(void **state);

/* Fails the test unless that is what was decided, with the code that goes with it. */
void world_expect_source(const struct decision *decision, enum decision_verdict verdict,
			 enum decision_source source);
void world_expect_denied(const struct decision *decision, enum decision_source source);
void world_expect_allowed(const struct decision *decision, enum decision_source source);

#endif
