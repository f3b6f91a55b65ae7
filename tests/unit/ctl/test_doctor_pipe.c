#include "ctl/doctor_pipe.h"

#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"
#include "unit/ctl/finding.h"

#define OWNER          "S-1-5-80-1-2-3-4-5"
#define POOL           "S-1-5-82-1-2-3-4-5"
#define NETWORK        "S-1-5-2"
#define ANONYMOUS      "S-1-5-7"
#define ADMINISTRATORS "S-1-5-32-544"

enum { ALL = 0x001F01FF };

static struct access_facts facts;
static struct doctor_pipe wanted;

static void put(bool is_denied, uint32_t rights, const char *account)
{
	struct access_entry *entry = &facts.entries[facts.entry_count++];

	*entry = (struct access_entry){.is_denied = is_denied, .rights = rights};
	snprintf(entry->account, sizeof(entry->account), "%s", account);
}

/* The pipe as the daemon makes it for one application pool. */
static int make_pipe(void **state)
{
	finding_start(state);
	facts = (struct access_facts){.owner = OWNER, .has_list = true};
	put(true, ALL, NETWORK);
	put(true, ALL, ANONYMOUS);
	put(false, ALL, OWNER);
	put(false, PIPE_LOOK_RIGHTS, ADMINISTRATORS);
	put(false, PIPE_CLIENT_RIGHTS, POOL);
	wanted = (struct doctor_pipe){.owner = OWNER};
	assert_true(doctor_pipe_add(&wanted, POOL));
	return 0;
}

static void expect(enum doctor_result expected, const char *detail)
{
	finding_expect_exactly(doctor_judge_pipe(&facts, &wanted, &finding), expected, detail);
}

static void the_pipe_as_the_daemon_makes_it_is_well(void **state)
{
	(void)state;
	expect(DOCTOR_OK, "owned by " OWNER ", 5 entries");
	/* As it was asked for, where the system does not spell it out. */
	facts.entries[0].rights = facts.entries[1].rights = facts.entries[2].rights = 0x10000000;
	expect(DOCTOR_OK, "owned by " OWNER ", 5 entries");
}

static void a_pipe_of_somebody_else_is_a_problem(void **state)
{
	(void)state;
	wanted.owner = "S-1-5-80-9";
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 5 entries, but it must be owned by S-1-5-80-9, "
			       "the only one that the plug-in believes");
	wanted.owner = "";
	expect(DOCTOR_WARNING, "owned by " OWNER ", 5 entries; not checked: whether that is the "
			       "right owner, which the plug-in's settings should say");
}

static void a_pipe_without_a_list_is_a_problem(void **state)
{
	(void)state;
	facts.has_list = false;
	facts.entry_count = 0;
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 0 entries, but it has no access list, so that "
			       "everybody may do anything with it");
}

static void who_must_never_be_let_in_is_named(void **state)
{
	(void)state;
	put(false, PIPE_CLIENT_RIGHTS, "S-1-1-0");
	put(false, PIPE_LOOK_RIGHTS, NETWORK);
	put(false, PIPE_CLIENT_RIGHTS, ANONYMOUS);
	/* Whatever the configuration says. */
	assert_true(doctor_pipe_add(&wanted, "S-1-1-0"));
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 8 entries, but it lets in everybody, lets in "
			       "users of other machines, lets in who did not log on");
}

static void who_is_not_configured_is_named(void **state)
{
	(void)state;
	put(false, PIPE_CLIENT_RIGHTS, "S-1-5-11");
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 6 entries, but it lets in S-1-5-11, whom the "
			       "configuration does not name");
	/* One right that looking at the list does not take is enough. */
	facts.entries[5].rights = PIPE_LOOK_RIGHTS | 0x2;
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 6 entries, but it lets in S-1-5-11, whom the "
			       "configuration does not name");
	facts.entries[5].rights = PIPE_LOOK_RIGHTS;
	expect(DOCTOR_OK, "owned by " OWNER ", 6 entries");
}

static void who_could_take_the_pipe_over_is_named(void **state)
{
	/* An instance of one's own, deleting, changing the list, changing the owner, anything. */
	static const uint32_t rights[] = {0x4, 0x10000, 0x40000, 0x80000, 0x10000000};

	(void)state;
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		char detail[256];

		facts.entries[4].rights = PIPE_CLIENT_RIGHTS | rights[i];
		snprintf(detail, sizeof(detail),
			 "owned by " OWNER ", 5 entries, but it lets " POOL
			 " make instances of its own or change who may (0x%x)",
			 (unsigned)facts.entries[4].rights);
		expect(DOCTOR_PROBLEM, detail);
	}
}

static void who_is_configured_and_not_let_in_is_named(void **state)
{
	static const char detail[] = "owned by " OWNER ", 5 entries, but it does not let in " POOL
				     ", whom the configuration names";

	(void)state;
	facts.entries[4].rights = PIPE_CLIENT_RIGHTS & ~0x2u;
	expect(DOCTOR_PROBLEM, detail);
	facts.entries[4].is_denied = true;
	facts.entries[4].rights = PIPE_CLIENT_RIGHTS;
	expect(DOCTOR_PROBLEM, detail);
	facts.entries[4].is_denied = false;
	put(true, 0x1, POOL);
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 6 entries, but it does not let in " POOL
			       ", whom the configuration names");
}

static void the_owner_needs_no_entry(void **state)
{
	(void)state;
	assert_true(doctor_pipe_add(&wanted, OWNER));
	expect(DOCTOR_OK, "owned by " OWNER ", 5 entries");
}

static void other_machines_are_turned_away_first(void **state)
{
	struct access_entry first = facts.entries[0];

	(void)state;
	facts.entries[0].rights = 0x1;
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 5 entries, but it does not turn away users of "
			       "other machines");
	facts.entries[0] = facts.entries[4];
	facts.entries[4] = first;
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 5 entries, but it does not turn away users of "
			       "other machines, does not turn away who did not log on");
}

/* The admin pipe, through which only administrators go. */
static void make_admin_pipe(void)
{
	wanted = (struct doctor_pipe){.owner = OWNER, .is_for_admins = true};
	assert_true(doctor_pipe_add(&wanted, ADMINISTRATORS));
	facts.entries[3].rights = PIPE_CLIENT_RIGHTS;
	facts.entry_count = 4;
	facts.has_label = true;
	facts.label_level = ACCESS_LEVEL_HIGH;
	facts.label_rules = ACCESS_NO_WRITE_UP | ACCESS_NO_READ_UP;
}

static void the_door_of_administrators_has_a_label(void **state)
{
	(void)state;
	make_admin_pipe();
	expect(DOCTOR_OK, "owned by " OWNER ", 4 entries");
	facts.label_level = 0x4000;
	expect(DOCTOR_OK, "owned by " OWNER ", 4 entries");
	facts.label_level = 0x2fff;
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 4 entries, but it has a label that lets in "
			       "programs which are not elevated (level 0x2fff, rules 0x3)");
	facts.label_level = ACCESS_LEVEL_HIGH;
	facts.label_rules = ACCESS_NO_WRITE_UP;
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 4 entries, but it has a label that lets in "
			       "programs which are not elevated (level 0x3000, rules 0x1)");
	facts.has_label = false;
	expect(DOCTOR_PROBLEM, "owned by " OWNER ", 4 entries, but it has no label that keeps "
			       "programs out which are not elevated");
}

static void a_daemon_without_the_integrity_for_a_label_is_no_problem(void **state)
{
	(void)state;
	make_admin_pipe();
	facts.has_label = false;
	snprintf(facts.owner, sizeof(facts.owner), "S-1-5-21-7");
	snprintf(facts.entries[2].account, sizeof(facts.entries[2].account), "S-1-5-21-7");
	wanted.owner = "S-1-5-21-7";
	expect(DOCTOR_WARNING, "owned by S-1-5-21-7, 4 entries, but it has no label that keeps "
			       "programs out which are not elevated");
}

static void a_door_for_others_needs_no_label(void **state)
{
	(void)state;
	make_admin_pipe();
	facts.has_label = false;
	put(false, PIPE_CLIENT_RIGHTS, POOL); /* an auditor */
	assert_true(doctor_pipe_add(&wanted, POOL));
	expect(DOCTOR_OK, "owned by " OWNER ", 5 entries");
}

static void an_account_is_wanted_once_and_no_more_fit_than_fit(void **state)
{
	char account[64];

	(void)state;
	assert_true(doctor_pipe_add(&wanted, POOL));
	assert_int_equal(wanted.account_count, 1);
	for (int i = 1; i < DOCTOR_PIPE_ACCOUNTS_MAX; i++) {
		snprintf(account, sizeof(account), "S-1-5-21-%d", i);
		assert_true(doctor_pipe_add(&wanted, account));
	}
	assert_true(doctor_pipe_add(&wanted, POOL));
	assert_false(doctor_pipe_add(&wanted, "S-1-5-21-999"));
}

#define PIPE_TEST(test) cmocka_unit_test_setup_teardown(test, make_pipe, finding_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIPE_TEST(the_pipe_as_the_daemon_makes_it_is_well),
		PIPE_TEST(a_pipe_of_somebody_else_is_a_problem),
		PIPE_TEST(a_pipe_without_a_list_is_a_problem),
		PIPE_TEST(who_must_never_be_let_in_is_named),
		PIPE_TEST(who_is_not_configured_is_named),
		PIPE_TEST(who_could_take_the_pipe_over_is_named),
		PIPE_TEST(who_is_configured_and_not_let_in_is_named),
		PIPE_TEST(the_owner_needs_no_entry),
		PIPE_TEST(other_machines_are_turned_away_first),
		PIPE_TEST(the_door_of_administrators_has_a_label),
		PIPE_TEST(a_daemon_without_the_integrity_for_a_label_is_no_problem),
		PIPE_TEST(a_door_for_others_needs_no_label),
		PIPE_TEST(an_account_is_wanted_once_and_no_more_fit_than_fit),
	};

	return cmocka_run_group_tests_name("doctor_pipe", tests, NULL, NULL);
}
