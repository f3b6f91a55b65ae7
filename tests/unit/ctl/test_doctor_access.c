#include "ctl/doctor_access.h"

#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"
#include "unit/ctl/finding.h"

#define DAEMON         "S-1-5-80-1-2-3-4-5"
#define SYSTEM         "S-1-5-18"
#define ADMINISTRATORS "S-1-5-32-544"
#define USERS          "S-1-5-32-545"

enum { ALL = 0x001F01FF };

static struct access_facts facts;

static void put(bool is_denied, uint32_t rights, const char *account)
{
	struct access_entry *entry = &facts.entries[facts.entry_count++];

	*entry = (struct access_entry){.is_denied = is_denied, .rights = rights};
	snprintf(entry->account, sizeof(entry->account), "%s", account);
}

/* The directory as it is installed. */
static int make_directory(void **state)
{
	finding_start(state);
	facts = (struct access_facts){.owner = ADMINISTRATORS, .has_list = true};
	put(false, ALL, SYSTEM);
	put(false, ALL, ADMINISTRATORS);
	put(false, ALL, DAEMON);
	return 0;
}

static void expect(enum doctor_result expected, const char *detail)
{
	finding_expect_exactly(doctor_judge_private(&facts, DAEMON, &finding), expected, detail);
}

static void the_directory_as_it_is_installed_is_well(void **state)
{
	static const char *const owners[] = {ADMINISTRATORS, SYSTEM, DAEMON};
	char detail[128];

	(void)state;
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		snprintf(facts.owner, sizeof(facts.owner), "%s", owners[i]);
		snprintf(detail, sizeof(detail), "owned by %s, 3 entries", owners[i]);
		expect(DOCTOR_OK, detail);
	}
	/* As it was asked for, where the system does not spell it out. */
	facts.entries[2].rights = 0x10000000;
	expect(DOCTOR_OK, "owned by " DAEMON ", 3 entries");
}

static void a_strange_owner_is_named(void **state)
{
	(void)state;
	snprintf(facts.owner, sizeof(facts.owner), "S-1-5-21-7");
	expect(DOCTOR_PROBLEM, "owned by S-1-5-21-7, 3 entries, but it must be owned by the daemon "
			       "(" DAEMON "), administrators or the system");
}

static void whoever_has_a_right_is_named(void **state)
{
	static const uint32_t rights[] = {0x1, 0x2, 0x80, 0x10000, 0x20000, 0x40000, 0x80000};
	char detail[160];

	(void)state;
	put(false, 0, USERS);
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		facts.entries[3].rights = rights[i];
		snprintf(detail, sizeof(detail),
			 "owned by " ADMINISTRATORS ", 4 entries, but it lets in " USERS " (0x%x)",
			 (unsigned)rights[i]);
		expect(DOCTOR_PROBLEM, detail);
	}
	facts.entries[3].rights = 0x00100000; /* to wait for it is nothing */
	expect(DOCTOR_OK, "owned by " ADMINISTRATORS ", 4 entries");
	facts.entries[3].is_denied = true;
	facts.entries[3].rights = ALL;
	expect(DOCTOR_OK, "owned by " ADMINISTRATORS ", 4 entries");
	put(false, 0x1200a9, "S-1-1-0");
	expect(DOCTOR_PROBLEM,
	       "owned by " ADMINISTRATORS ", 5 entries, but it lets in everybody (0x1200a9)");
}

static void a_daemon_that_is_kept_out_is_told(void **state)
{
	static const char detail[] =
		"owned by " ADMINISTRATORS ", 3 entries, but it does not let the daemon (" DAEMON
		") read and write";

	(void)state;
	facts.entries[2].rights = 0x1200a9;
	expect(DOCTOR_PROBLEM, detail);
	snprintf(facts.entries[2].account, sizeof(facts.entries[2].account), "%s", SYSTEM);
	facts.entries[2].rights = ALL;
	expect(DOCTOR_PROBLEM, detail);
	snprintf(facts.entries[2].account, sizeof(facts.entries[2].account), "%s", DAEMON);
	put(true, 0x2, DAEMON);
	expect(DOCTOR_PROBLEM,
	       "owned by " ADMINISTRATORS ", 4 entries, but it denies the daemon (" DAEMON ") 0x2");
}

static void a_directory_without_a_list_is_a_problem(void **state)
{
	(void)state;
	facts.has_list = false;
	facts.entry_count = 0;
	expect(DOCTOR_PROBLEM,
	       "owned by " ADMINISTRATORS ", 0 entries, but it has no access list, so "
	       "that everybody may do anything with it");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_directory, finding_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_directory_as_it_is_installed_is_well),
		TEST(a_strange_owner_is_named),
		TEST(whoever_has_a_right_is_named),
		TEST(a_daemon_that_is_kept_out_is_told),
		TEST(a_directory_without_a_list_is_a_problem),
	};

	return cmocka_run_group_tests_name("doctor_access", tests, NULL, NULL);
}
