#include <windows.h>

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

#include "platform/clock.h"
#include "platform/file.h"
#include "platform/lock.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "platform/process.h"
#include "platform/tree.h"
#include "platform/user_file.h"
#include "support/cmocka.h"
#include "support/fault.h"
#include "support/tmpdir.h"

struct fixture {
	struct tmpdir dir;
	char path[300];
	struct buf why, out;
	struct tree tree;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	tmpdir_create(&f->dir);
	tmpdir_path(&f->dir, "state", f->path, sizeof(f->path));
	buf_init(&f->why, 4096);
	buf_init(&f->out, 1 << 20);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_deinit(&f->why);
	buf_deinit(&f->out);
	tmpdir_remove(&f->dir);
	free(f);
	return 0;
}

static void expect_why(struct fixture *f, const char *text)
{
	if (strstr(buf_text(&f->why), text) == NULL)
		fail_msg("'%s' does not say '%s'", buf_text(&f->why), text);
}

static void set_access(const char *path, const char *sddl)
{
	PSECURITY_DESCRIPTOR descriptor;

	assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorA(sddl, SDDL_REVISION_1,
									 &descriptor, NULL));
	assert_true(SetFileSecurityA(path, DACL_SECURITY_INFORMATION, descriptor));
	LocalFree(descriptor);
}

static bool wants(struct str name)
{
	return !str_ends_with(name, STR(".md"));
}

static enum error read_tree(struct fixture *f)
{
	static const char *const subdirectories[] = {"", "tests"};
	static const struct tree_options options = {.subdirectories = subdirectories,
						    .subdirectory_count = 2,
						    .wants = wants,
						    .max_files = 3,
						    .max_file_bytes = 8,
						    .max_total_bytes = 16};

	buf_clear(&f->why);
	return tree_read(f->dir.path, &options, &f->tree, &f->why);
}

static void a_tree_is_read_in_the_order_of_its_names(void **state)
{
	struct fixture *f = *state;
	char directory[300];

	assert_true(CreateDirectoryA(tmpdir_path(&f->dir, "tests", directory, sizeof(directory)),
				     NULL));
	tmpdir_write(&f->dir, "b.cedar", "two", 3);
	tmpdir_write(&f->dir, "a.cedar", "one", 3);
	tmpdir_write(&f->dir, "tests/t.json", "{}", 2);
	tmpdir_write(&f->dir, "README.md", "not read: far too long", 22);
	if (read_tree(f) != ERR_NONE)
		fail_msg("%s", buf_text(&f->why));
	assert_int_equal(f->tree.file_count, 3);
	assert_true(str_equal(f->tree.files[0].name, STR("a.cedar")));
	assert_true(str_equal(f->tree.files[0].text, STR("one")));
	assert_true(str_equal(f->tree.files[1].name, STR("b.cedar")));
	assert_true(str_equal(f->tree.files[2].name, STR("tests/t.json")));
	tree_deinit(&f->tree);
}

static void the_limits_of_a_tree_hold(void **state)
{
	struct fixture *f = *state;

	tmpdir_write(&f->dir, "a.cedar", "12345678", 8);
	tmpdir_write(&f->dir, "b.cedar", "12345678", 8);
	assert_int_equal(read_tree(f), ERR_NONE);
	tree_deinit(&f->tree);
	tmpdir_write(&f->dir, "c.cedar", "1", 1);
	assert_int_equal(read_tree(f), ERR_LIMIT);
	expect_why(f, "all files together have more than 16 bytes");
	tmpdir_write(&f->dir, "b.cedar", "123456789", 9);
	assert_int_equal(read_tree(f), ERR_LIMIT);
	expect_why(f, "b.cedar: has 9 bytes; the limit is 8");
	tmpdir_write(&f->dir, "b.cedar", "", 0);
	assert_int_equal(read_tree(f), ERR_NONE);
	tree_deinit(&f->tree);
	tmpdir_write(&f->dir, "d.cedar", "", 0);
	assert_int_equal(read_tree(f), ERR_LIMIT);
	expect_why(f, "more than 3 files");
}

static void a_file_that_is_being_written_is_not_read(void **state)
{
	struct fixture *f = *state;
	char path[300];
	HANDLE file;

	tmpdir_write(&f->dir, "a.cedar", "one", 3);
	file = CreateFileA(tmpdir_path(&f->dir, "a.cedar", path, sizeof(path)), GENERIC_WRITE,
			   FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
	assert_true(file != INVALID_HANDLE_VALUE);
	assert_int_equal(read_tree(f), ERR_BUSY);
	expect_why(f, "a.cedar: is open for writing; try again");
	CloseHandle(file);
	assert_int_equal(read_tree(f), ERR_NONE);
	tree_deinit(&f->tree);
}

static void what_others_may_write_to_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[300];

	tmpdir_write(&f->dir, "a.cedar", "one", 3);
	set_access(tmpdir_path(&f->dir, "a.cedar", path, sizeof(path)),
		   "D:P(A;;FA;;;SY)(A;;FA;;;WD)");
	assert_int_equal(read_tree(f), ERR_INVALID);
	expect_why(f, "a.cedar: S-1-1-0 has rights on it");
	buf_clear(&f->why);
	assert_int_equal(file_read_trusted(path, 100, &f->out, &f->why), ERR_INVALID);
	expect_why(f, "S-1-1-0 has rights on it");
}

static void a_second_name_of_a_file_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[300], second[300];

	tmpdir_write(&f->dir, "a.cedar", "one", 3);
	assert_true(CreateHardLinkA(tmpdir_path(&f->dir, "b.cedar", second, sizeof(second)),
				    tmpdir_path(&f->dir, "a.cedar", path, sizeof(path)), NULL));
	assert_int_equal(read_tree(f), ERR_INVALID);
	expect_why(f, "has 2 names (hard links)");
}

static void a_directory_in_the_place_of_a_file_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[300];

	assert_true(CreateDirectoryA(tmpdir_path(&f->dir, "a.cedar", path, sizeof(path)), NULL));
	assert_int_equal(read_tree(f), ERR_INVALID);
	expect_why(f, "a.cedar: is a directory, not a regular file");
}

static void a_file_is_read_up_to_its_limit(void **state)
{
	struct fixture *f = *state;
	char path[300];

	tmpdir_write(&f->dir, "c.yaml", "12345", 5);
	tmpdir_path(&f->dir, "c.yaml", path, sizeof(path));
	assert_int_equal(file_read_trusted(path, 5, &f->out, &f->why), ERR_NONE);
	assert_true(str_equal(buf_str(&f->out), STR("12345")));
	assert_int_equal(file_read_trusted(path, 4, &f->out, &f->why), ERR_LIMIT);
	expect_why(f, "has 5 bytes; the limit is 4");
	tmpdir_path(&f->dir, "missing", path, sizeof(path));
	buf_clear(&f->why);
	assert_int_equal(file_read_trusted(path, 4, &f->out, &f->why), ERR_NOT_FOUND);
	expect_why(f, "missing: cannot open");
}

static void the_own_directory_is_made_and_is_for_nobody_else(void **state)
{
	struct fixture *f = *state;

	if (directory_make_private(f->path, &f->why) != ERR_NONE)
		fail_msg("%s", buf_text(&f->why));
	assert_int_equal(directory_make_private(f->path, &f->why), ERR_NONE);
	set_access(f->path, "D:P(A;OICI;FA;;;SY)(A;OICI;FR;;;WD)");
	assert_int_equal(directory_make_private(f->path, &f->why), ERR_INVALID);
	expect_why(f, "S-1-1-0 has rights on it");
}

static enum error count_name(void *arg, const char *name)
{
	int *count = arg;

	(void)name;
	return ++*count < 3 ? ERR_NONE : ERR_FULL;
}

static void names_are_delivered_until_somebody_has_enough(void **state)
{
	struct fixture *f = *state;
	int count = 0;

	tmpdir_write(&f->dir, "a", "", 0);
	tmpdir_write(&f->dir, "b", "", 0);
	assert_int_equal(directory_list_names(f->dir.path, count_name, &count), ERR_NONE);
	assert_int_equal(count, 2);
	tmpdir_write(&f->dir, "c", "", 0);
	tmpdir_write(&f->dir, "d", "", 0);
	count = 0;
	assert_int_equal(directory_list_names(f->dir.path, count_name, &count), ERR_FULL);
	assert_int_equal(count, 3);
}

static void a_private_file_is_new(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_create_private(f->path), ERR_NONE);
	assert_int_equal(file_create_private(f->path), ERR_EXISTS);
}

/* What was asked of the system, for Wine keeps three bits of it. */
static DWORD last_rights, last_count;

typedef BOOL WINAPI set_file_security(LPCWSTR, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR);
extern set_file_security *__real___imp_SetFileSecurityW;

static BOOL WINAPI record_security(LPCWSTR name, SECURITY_INFORMATION information,
				   PSECURITY_DESCRIPTOR descriptor)
{
	BOOL present, defaulted;
	PACL list;

	assert_true(GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted));
	last_rights = 0;
	last_count = list->AceCount;
	for (DWORD i = 0; i < list->AceCount; i++) {
		ACCESS_ALLOWED_ACE *ace;

		assert_true(GetAce(list, i, (void **)&ace));
		last_rights |= ace->Mask;
	}
	return __real___imp_SetFileSecurityW(name, information, descriptor);
}

set_file_security *__wrap___imp_SetFileSecurityW = record_security;

static void a_readonly_file_can_be_read_and_removed_and_not_written_to(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_create_private(f->path), ERR_NONE);
	assert_int_equal(file_make_readonly(f->path), ERR_NONE);
	assert_int_equal(last_count, 3);
	assert_int_equal(last_rights, FILE_GENERIC_READ | DELETE | WRITE_DAC);
	set_access(f->path, "D:P(A;;FA;;;WD)");
}

static void a_file_is_replaced_as_a_whole(void **state)
{
	struct fixture *f = *state;
	char path[300];

	tmpdir_write(&f->dir, "a.cedar", "before", 6);
	tmpdir_path(&f->dir, "a.cedar", path, sizeof(path));
	if (file_replace(path, STR("after"), &f->why) != ERR_NONE)
		fail_msg("%s", buf_text(&f->why));
	assert_int_equal(file_read(path, 100, &f->out, &f->why), ERR_NONE);
	assert_true(str_equal(buf_str(&f->out), STR("after")));
	if (file_publish(path, STR("published"), &f->why) != ERR_NONE)
		fail_msg("%s", buf_text(&f->why));
	assert_int_equal(file_read(path, 9, &f->out, &f->why), ERR_NONE);
	assert_true(str_equal(buf_str(&f->out), STR("published")));
	assert_int_equal(file_read(path, 8, &f->out, &f->why), ERR_LIMIT);
}

static void one_daemon_has_the_directory(void **state)
{
	struct fixture *f = *state;
	struct daemon_lock *first = NULL, *second = NULL;
	char expected[64];

	assert_int_equal(daemon_lock_take(f->dir.path, &first, &f->why), ERR_NONE);
	assert_int_equal(daemon_lock_take(f->dir.path, &second, &f->why), ERR_BUSY);
	snprintf(expected, sizeof(expected), "already running (pid %lu, lock ",
		 (unsigned long)GetCurrentProcessId());
	expect_why(f, expected);
	daemon_lock_release(first);
	assert_int_equal(daemon_lock_take(f->dir.path, &second, &f->why), ERR_NONE);
	daemon_lock_release(second);
}

static void without_memory_nothing_is_read(void **state)
{
	struct fixture *f = *state;

	tmpdir_write(&f->dir, "a.cedar", "one", 3);
	for (uint64_t n = 0;; n++) {
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = read_tree(f);
		/* What only a message would have needed may be missing. */
		if (error == ERR_NONE) {
			assert_int_equal(f->tree.file_count, 1);
			assert_true(str_equal(f->tree.files[0].text, STR("one")));
			tree_deinit(&f->tree);
		}
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			break;
		}
	}
}

static void paths_are_absolute_with_a_drive_or_a_server(void **state)
{
	(void)state;
	assert_true(path_is_absolute("C:\\wsauthz"));
	assert_true(path_is_absolute("c:/wsauthz"));
	assert_true(path_is_absolute("\\\\server\\share"));
	assert_false(path_is_absolute("\\wsauthz"));
	assert_false(path_is_absolute("C:wsauthz"));
	assert_false(path_is_absolute("wsauthz"));
	assert_false(path_is_absolute(""));
	assert_non_null(strstr(platform_paths()->config, ":\\ProgramData\\wsauthz\\wsauthz.yaml"));
	assert_true(endpoint_path_is_valid(platform_paths()->authorize));
	assert_true(endpoint_path_is_valid(platform_paths()->admin));
}

static void accounts_of_the_system_have_their_sids(void **state)
{
	char sid[SID_TEXT_MAX];

	(void)state;
	assert_int_equal(account_find_sid(STR("BUILTIN\\Administrators"), sid), ERR_NONE);
	assert_string_equal(sid, "S-1-5-32-544");
	assert_int_equal(account_find_sid(STR("S-1-5-21-1-2-3-4"), sid), ERR_NONE);
	assert_string_equal(sid, "S-1-5-21-1-2-3-4");
	assert_int_equal(account_find_sid(STR("CONTOSO\\nobody"), sid), ERR_NOT_FOUND);
	assert_int_equal(account_find_sid(STR(""), sid), ERR_NOT_FOUND);
	assert_int_equal(account_find_sid(STR("S-1-nonsense"), sid), ERR_NOT_FOUND);
}

static void clocks_go_on_and_a_boot_has_one_identity(void **state)
{
	const struct clock *clock = platform_clock();
	struct boot_id first, second;
	int64_t wall_us = clock_wall_us(clock), boot_ms = clock_boot_ms(clock);

	(void)state;
	assert_true(wall_us > INT64_C(1600000000) * 1000000);
	assert_true(clock_wall_us(clock) >= wall_us);
	assert_true(boot_ms >= 0 && clock_boot_ms(clock) >= boot_ms);
	assert_int_equal(platform_boot_id(&first), ERR_NONE);
	assert_int_equal(platform_boot_id(&second), ERR_NONE);
	assert_memory_equal(&first, &second, sizeof(first));
	assert_in_range(platform_utc_offset_s(wall_us) + 86400, 0, 2 * 86400);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(a_tree_is_read_in_the_order_of_its_names),
		FILE_TEST(the_limits_of_a_tree_hold),
		FILE_TEST(a_file_that_is_being_written_is_not_read),
		FILE_TEST(what_others_may_write_to_is_refused),
		FILE_TEST(a_second_name_of_a_file_is_refused),
		FILE_TEST(a_directory_in_the_place_of_a_file_is_refused),
		FILE_TEST(a_file_is_read_up_to_its_limit),
		FILE_TEST(the_own_directory_is_made_and_is_for_nobody_else),
		FILE_TEST(names_are_delivered_until_somebody_has_enough),
		FILE_TEST(a_private_file_is_new),
		FILE_TEST(a_readonly_file_can_be_read_and_removed_and_not_written_to),
		FILE_TEST(a_file_is_replaced_as_a_whole),
		FILE_TEST(one_daemon_has_the_directory),
		FILE_TEST(without_memory_nothing_is_read),
		cmocka_unit_test(paths_are_absolute_with_a_drive_or_a_server),
		cmocka_unit_test(accounts_of_the_system_have_their_sids),
		cmocka_unit_test(clocks_go_on_and_a_boot_has_one_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
