/* Names decide nothing when there is a SID (threat T4, abuse cases 13 and 14). */
#include "support/cmocka.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "world.h"

enum { MUTATION_COUNT = 100000, NAME_MAX_BYTES = 64 };

static const char policy[] =
	"permit(principal == WinRM::User::\"" ALICE "\", action, resource);"
	"permit(principal, action, resource) when { principal.account == \"nobody\" };";

static int setup(void **state)
{
	static struct world world;

	world_init(&world);
	world_set_policy(&world, policy, 1);
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	world_deinit(*state);
	return 0;
}

/* A fixed sequence that looks random (xorshift64*, Vigna 2016). */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

/* Pieces that names are confused by. */
static const char *const pieces[] = {
	"CORP\\",
	"corp\\",
	"alice",
	"ALICE",
	"@corp.example",
	".",
	" ",
	"\n",
	"\x1b",
	"\xe2\x80\xae",
	"\xef\xbd\x81",
	"e\xcc\x81",
	"\xc3\xa9",
	":",
	"%3a",
	"S-1-5-32-544",
	"\xd0\xb0lice",
	"\xe2\x84\xaa",
	"*",
	"\\",
	"\xf0\x9f\x98\x80",
	"administrator",
};

static struct str mutate(uint64_t *seed, char out[NAME_MAX_BYTES])
{
	size_t count = 1 + next_random(seed) % 4;
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		const char *piece = pieces[next_random(seed) % ARRAY_COUNT(pieces)];
		memcpy(out + length, piece, strlen(piece));
		length += strlen(piece);
	}
	if (next_random(seed) % 8 == 0)
		out[next_random(seed) % length] = (char)next_random(seed);
	return str_make(out, length);
}

static void names_of_the_same_sid_get_the_same_decision_and_record(void **state)
{
	struct world *world = *state;
	struct record_id id;
	uint64_t seed = 1;
	size_t text_count = 0;

	id = world_ask_user(world)->record_id;
	world_commit(world);
	for (int i = 0; i < MUTATION_COUNT; i++) {
		char bytes[NAME_MAX_BYTES];
		world->sender.name = mutate(&seed, bytes);
		world_ask_user(world);
		if (!utf8_valid(world->sender.name) ||
		    str_find_byte(world->sender.name, '\0') != NULL) {
			assert_int_equal(world->decision.source, DECISION_FROM_MALFORMED);
			assert_int_equal(world->decision.verdict, DECISION_DENY);
			continue;
		}
		text_count++;
		assert_int_equal(world->decision.verdict, DECISION_ALLOW);
		assert_true(record_id_equal(world->decision.record_id, id));
		assert_true(
			str_equal(decision_audit_row(&world->decision).user, world->sender.name));
	}
	assert_true(text_count > MUTATION_COUNT / 2);
	assert_int_equal(records_count(world->records), 1);
}

static void another_sid_with_the_same_name_gets_nothing_of_it(void **state)
{
	struct world *world = *state;
	uint64_t seed = 2;

	world_ask_user(world);
	world_commit(world);
	world->sender.user_sid = STR(BOB);
	for (int i = 0; i < 1000; i++) {
		char bytes[NAME_MAX_BYTES];
		world->sender.name = mutate(&seed, bytes);
		assert_int_equal(world_ask_user(world)->verdict, DECISION_DENY);
		assert_true(record_id_is_none(world->decision.record_id));
	}
}

static void users_that_share_a_name_have_records_of_their_own(void **state)
{
	struct world *world = *state;
	struct record_id id;

	world_set_policy(world, "permit(principal, action, resource);", 2);
	id = world_ask_user(world)->record_id;
	world_commit(world);
	world->sender.user_sid = STR(BOB);
	assert_int_equal(world_ask_user(world)->source, DECISION_FROM_POLICY);
	assert_false(record_id_equal(world->decision.record_id, id));
	world_abandon(world);
}

static void without_a_token_case_does_not_matter_and_all_else_does(void **state)
{
	static const char *const others[] = {
		"CORP\\alice", "alice@corp.example", "alice.",
		"alice ",      "\xef\xbd\x81lice",   "al\xcc\x81ice",
	};
	struct world *world = *state;

	world_set_policy(world,
			 "permit(principal == WinRM::User::\"Basic:Alice\", action, resource);", 2);
	world->sender = (struct sender){.name = STR("aLICE"), .mechanism = STR("BASIC")};
	assert_int_equal(world_ask_user(world)->verdict, DECISION_ALLOW);
	assert_str_equal(world->decision.identity.principal, "basic:alice");
	world_commit(world);
	for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
		world->sender.name = str_from(others[i]);
		assert_int_equal(world_ask_user(world)->verdict, DECISION_DENY);
	}
	world->sender = (struct sender){.name = STR("alice"), .mechanism = STR("Digest")};
	assert_int_equal(world_ask_user(world)->verdict, DECISION_DENY);
}

static void a_name_of_ten_kilobytes_is_audited_whole(void **state)
{
	static char name[10240];
	struct world *world = *state;

	memset(name, '\n', sizeof(name));
	world->sender.name = str_make(name, sizeof(name));
	assert_int_equal(world_ask_user(world)->verdict, DECISION_ALLOW);
	assert_true(str_equal(decision_audit_row(&world->decision).user, world->sender.name));
	assert_true(audit_row_fits(&(struct audit_row){.user = world->sender.name}));
	world_abandon(world);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(names_of_the_same_sid_get_the_same_decision_and_record),
		TEST(another_sid_with_the_same_name_gets_nothing_of_it),
		TEST(users_that_share_a_name_have_records_of_their_own),
		TEST(without_a_token_case_does_not_matter_and_all_else_does),
		TEST(a_name_of_ten_kilobytes_is_audited_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
