#include <stdio.h>
#include <unistd.h>

#include "platform/peer.h"
#include "platform/posix.h"
#include "support/cmocka.h"

static struct peer peer_with(uint32_t uid, uint32_t gid)
{
	return (struct peer){.valid = true,
			     .pid = 42,
			     .user = account_of_id(uid),
			     .group_count = 1,
			     .groups = {account_of_id(gid)}};
}

static void rules_that_name_nobody_allow_nobody(void **state)
{
	struct peer_rules rules = {0};
	struct peer root = peer_with(0, 0);

	(void)state;
	assert_false(peer_rules_allow(&rules, &root));
}

static void an_invalid_peer_is_never_allowed(void **state)
{
	struct peer_rules rules = {.user_count = 1,
				   .users = {account_of_id(0)},
				   .group_count = 1,
				   .groups = {account_of_id(0)}};
	struct peer root = peer_with(0, 0), nobody = {0};

	(void)state;
	assert_true(peer_rules_allow(&rules, &root));
	root.valid = false;
	assert_false(peer_rules_allow(&rules, &root));
	assert_false(peer_rules_allow(&rules, &nobody));
}

static void an_account_of_nobody_is_like_no_other(void **state)
{
	struct peer_rules rules = {.user_count = 1, .group_count = 1};
	struct peer peer = {.valid = true, .group_count = 1};

	(void)state;
	assert_false(peer_rules_allow(&rules, &peer));
	assert_int_equal(account_id(&peer.user), UINT32_MAX);
}

static void users_and_groups_are_allowed_by_number(void **state)
{
	struct peer_rules rules = {0};
	struct peer by_user = peer_with(1000, 5), by_group = peer_with(7, 2000);
	struct peer by_other_group = peer_with(7, 5), stranger = peer_with(2000, 1000);
	struct buf why;

	(void)state;
	buf_init(&why, 256);
	assert_int_equal(peer_rules_add_user(&rules, STR("1000"), &why), ERR_NONE);
	assert_int_equal(peer_rules_add_group(&rules, STR("2000"), &why), ERR_NONE);
	assert_true(peer_rules_allow(&rules, &by_user));
	assert_true(peer_rules_allow(&rules, &by_group));
	assert_false(peer_rules_allow(&rules, &by_other_group));
	assert_false(peer_rules_allow(&rules, &stranger));
	by_other_group.groups[1] = account_of_id(2000);
	by_other_group.group_count = 2;
	assert_true(peer_rules_allow(&rules, &by_other_group));
	buf_deinit(&why);
}

static void names_are_looked_up(void **state)
{
	struct peer_rules rules = {0};
	struct peer root = peer_with(0, 5);
	struct buf why;

	(void)state;
	buf_init(&why, 256);
	assert_int_equal(peer_rules_add_user(&rules, STR("root"), &why), ERR_NONE);
	assert_true(peer_rules_allow(&rules, &root));
	assert_int_equal(peer_rules_add_user(&rules, STR("no-such-user"), &why), ERR_NOT_FOUND);
	assert_string_equal(buf_text(&why), "there is no user 'no-such-user' on this system");
	buf_deinit(&why);
}

static void the_id_that_means_no_change_is_no_user(void **state)
{
	struct peer_rules rules = {0};
	struct buf why;

	(void)state;
	buf_init(&why, 256);
	assert_int_equal(peer_rules_add_user(&rules, STR("4294967294"), &why), ERR_NONE);
	assert_int_equal(peer_rules_add_user(&rules, STR("4294967295"), &why), ERR_NOT_FOUND);
	assert_int_equal(peer_rules_add_group(&rules, STR("4294967295"), &why), ERR_NOT_FOUND);
	assert_int_equal(peer_rules_add_user(&rules, STR("18446744073709551616"), &why),
			 ERR_NOT_FOUND);
	assert_int_equal(peer_rules_add_user(&rules, str_make("root\0x", 6), &why), ERR_NOT_FOUND);
	assert_int_equal(peer_rules_add_user(&rules, STR(""), &why), ERR_NOT_FOUND);
	assert_int_equal(rules.user_count, 1);
	buf_deinit(&why);
}

static void a_list_is_full_after_its_last_entry(void **state)
{
	struct peer_rules rules = {0};
	struct buf why;
	char number[16];

	(void)state;
	buf_init(&why, 256);
	for (int i = 0; i < PEER_RULES_MAX; i++) {
		snprintf(number, sizeof(number), "%d", 100 + i);
		assert_int_equal(peer_rules_add_user(&rules, str_from(number), &why), ERR_NONE);
	}
	/* One that is there already needs no room. */
	assert_int_equal(peer_rules_add_user(&rules, STR("100"), &why), ERR_NONE);
	assert_int_equal(peer_rules_add_user(&rules, STR("99"), &why), ERR_LIMIT);
	assert_int_equal(rules.user_count, PEER_RULES_MAX);
	buf_deinit(&why);
}

static void the_own_user_and_root_can_be_added(void **state)
{
	struct peer_rules rules = {0};
	struct peer root = peer_with(0, 77), own = peer_with(geteuid(), 77);
	struct peer other = peer_with(54321, 77);

	(void)state;
	assert_int_equal(peer_rules_add_own(&rules), ERR_NONE);
	assert_true(peer_rules_allow(&rules, &root));
	assert_true(peer_rules_allow(&rules, &own));
	assert_false(peer_rules_allow(&rules, &other));
}

static void a_peer_has_a_text_form(void **state)
{
	struct peer peer = peer_with(1000, 100), nobody = {0};
	struct peer largest = peer_with(UINT32_MAX - 1, UINT32_MAX - 1);
	char text[PEER_TEXT_MAX];

	(void)state;
	peer_text(&peer, text);
	assert_string_equal(text, "uid 1000, gid 100, pid 42");
	peer_account(&peer, text);
	assert_string_equal(text, "uid:1000");
	peer_text(&nobody, text);
	assert_string_equal(text, "unknown peer");
	peer_account(&nobody, text);
	assert_string_equal(text, "");
	largest.pid = UINT64_MAX;
	peer_text(&largest, text);
	assert_string_equal(text, "uid 4294967294, gid 4294967294, pid 18446744073709551615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_that_name_nobody_allow_nobody),
		cmocka_unit_test(an_invalid_peer_is_never_allowed),
		cmocka_unit_test(an_account_of_nobody_is_like_no_other),
		cmocka_unit_test(users_and_groups_are_allowed_by_number),
		cmocka_unit_test(names_are_looked_up),
		cmocka_unit_test(the_id_that_means_no_change_is_no_user),
		cmocka_unit_test(a_list_is_full_after_its_last_entry),
		cmocka_unit_test(the_own_user_and_root_can_be_added),
		cmocka_unit_test(a_peer_has_a_text_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
