#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/file.h"
#include "platform/tree.h"
#include "support/cmocka.h"
#include "support/fault.h"
#include "support/tmpdir.h"

static const char *const subdirectories[] = {"", "tests"};

static bool wants(struct str name)
{
	return str_ends_with(name, STR(".cedar")) || str_ends_with(name, STR(".json"));
}

struct fixture {
	struct tmpdir dir;
	struct buf why;
	struct tree_options options;
	struct tree tree;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	umask(077);
	tmpdir_create(&f->dir);
	buf_init(&f->why, 4096);
	f->options = (struct tree_options){
		.subdirectories = subdirectories,
		.subdirectory_count = ARRAY_COUNT(subdirectories),
		.wants = wants,
		.max_files = 4,
		.max_file_bytes = 10,
		.max_total_bytes = 25,
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tree_deinit(&f->tree);
	buf_deinit(&f->why);
	tmpdir_remove(&f->dir);
	free(f);
	return 0;
}

static void write_text(struct fixture *f, const char *name, const char *text)
{
	tmpdir_write(&f->dir, name, text, strlen(text));
}

static char *path_of(struct fixture *f, const char *name)
{
	static char path[512];

	return tmpdir_path(&f->dir, name, path, sizeof(path));
}

static void make_directory(struct fixture *f, const char *name)
{
	assert_int_equal(mkdir(path_of(f, name), 0700), 0);
}

static void assert_says(struct fixture *f, const char *text)
{
	if (strstr(buf_text(&f->why), text) == NULL)
		fail_msg("'%s' does not say '%s'", buf_text(&f->why), text);
}

static void assert_refused(struct fixture *f, enum error error, const char *text)
{
	buf_clear(&f->why);
	assert_int_equal(tree_read(f->dir.path, &f->options, &f->tree, &f->why), error);
	assert_says(f, text);
	assert_null(f->tree.files);
}

static void read_tree(struct fixture *f)
{
	buf_clear(&f->why);
	if (tree_read(f->dir.path, &f->options, &f->tree, &f->why) != ERR_NONE)
		fail_msg("%s", buf_text(&f->why));
}

static void wanted_files_are_read_in_order_of_their_names(void **state)
{
	struct fixture *f = *state;

	make_directory(f, "tests");
	write_text(f, "tests/a.json", "{}");
	write_text(f, "b.cedar", "two");
	write_text(f, "a.cedar", "one");
	write_text(f, "README", "not wanted");
	read_tree(f);
	assert_int_equal(f->tree.file_count, 3);
	assert_str_equal(f->tree.files[0].name, "a.cedar");
	assert_str_equal(f->tree.files[0].text, "one");
	assert_str_equal(f->tree.files[1].name, "b.cedar");
	assert_str_equal(f->tree.files[2].name, "tests/a.json");
	assert_int_equal(f->tree.files[2].text.ptr[2], '\0');
}

static void an_empty_directory_has_no_files(void **state)
{
	struct fixture *f = *state;

	read_tree(f);
	assert_int_equal(f->tree.file_count, 0);
}

static void a_missing_directory_is_not_found(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tree_read(path_of(f, "none"), &f->options, &f->tree, &f->why),
			 ERR_NOT_FOUND);
	assert_says(f, "none: cannot open the directory: No such file or directory");
}

static void a_symbolic_link_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(symlink("/etc/shadow", path_of(f, "policy.cedar")), 0);
	assert_refused(f, ERR_INVALID, "policy.cedar: is a symbolic link");
}

static void a_second_name_of_a_file_is_refused(void **state)
{
	struct fixture *f = *state;
	char other[512];

	write_text(f, "a.cedar", "x");
	assert_int_equal(
		link(path_of(f, "a.cedar"), tmpdir_path(&f->dir, "b", other, sizeof(other))), 0);
	assert_refused(f, ERR_INVALID, "a.cedar: has 2 names");
}

static void what_is_no_regular_file_is_refused_without_waiting(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	assert_int_equal(mkfifo(path_of(f, "a.cedar"), 0600), 0);
	assert_refused(f, ERR_INVALID, "a.cedar: is a named pipe, not a regular file");
	assert_int_equal(unlink(path_of(f, "a.cedar")), 0);

	make_directory(f, "a.cedar");
	assert_refused(f, ERR_INVALID, "a.cedar: is a directory, not a regular file");
	assert_int_equal(rmdir(path_of(f, "a.cedar")), 0);

	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path_of(f, "a.cedar"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_refused(f, ERR_INVALID, "a.cedar: is a socket, not a regular file");
}

static void a_device_is_refused(void **state)
{
	struct fixture *f = *state;

	/* The device number of /dev/zero on Linux. */
	if (mknod(path_of(f, "a.cedar"), S_IFCHR | 0600, (dev_t)(1 << 8 | 5)) != 0)
		skip();
	buf_clear(&f->why);
	assert_int_not_equal(tree_read(f->dir.path, &f->options, &f->tree, &f->why), ERR_NONE);
	assert_says(f, "a.cedar: ");
}

/* A directory as somebody works on it: the file is there when it is listed and gone when it is
 * opened. */
static const char *doomed_path;

static bool wants_and_removes(struct str name)
{
	(void)name;
	assert_int_equal(unlink(doomed_path), 0);
	return true;
}

static void a_file_that_goes_while_it_is_read_is_a_refusal(void **state)
{
	struct fixture *f = *state;
	char path[512];

	write_text(f, "a.cedar", "a");
	doomed_path = tmpdir_path(&f->dir, "a.cedar", path, sizeof(path));
	f->options.wants = wants_and_removes;
	assert_refused(f, ERR_NOT_FOUND, "a.cedar: ");
}

static void files_that_others_may_write_are_refused(void **state)
{
	struct fixture *f = *state;

	write_text(f, "a.cedar", "x");
	assert_int_equal(chmod(path_of(f, "a.cedar"), 0602), 0);
	assert_refused(f, ERR_INVALID, "a.cedar: is writable by others");
	assert_int_equal(chmod(path_of(f, "a.cedar"), 0620), 0);
	assert_refused(f, ERR_INVALID, "a.cedar: is writable by its group");
	assert_int_equal(chmod(path_of(f, "a.cedar"), 0644), 0);
	read_tree(f);
}

static void files_of_strangers_are_refused(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	write_text(f, "a.cedar", "x");
	assert_int_equal(chown(path_of(f, "a.cedar"), 12345, 0), 0);
	assert_refused(f, ERR_INVALID, "a.cedar: is owned by uid 12345");
}

static void the_same_holds_for_directories(void **state)
{
	struct fixture *f = *state;

	make_directory(f, "tests");
	assert_int_equal(chmod(path_of(f, "tests"), 0777), 0);
	assert_refused(f, ERR_INVALID, "tests: is writable by others");
	assert_int_equal(rmdir(path_of(f, "tests")), 0);

	assert_int_equal(symlink(".", path_of(f, "tests")), 0);
	assert_refused(f, ERR_INVALID, "tests: is a symbolic link, not a directory");
	assert_int_equal(unlink(path_of(f, "tests")), 0);

	assert_int_equal(chmod(f->dir.path, 0770), 0);
	assert_refused(f, ERR_INVALID, "is writable by its group");
}

static void a_file_of_the_largest_size_is_read_and_one_byte_more_refused(void **state)
{
	struct fixture *f = *state;

	write_text(f, "a.cedar", "0123456789");
	read_tree(f);
	tree_deinit(&f->tree);
	write_text(f, "a.cedar", "0123456789x");
	assert_refused(f, ERR_LIMIT, "a.cedar: has 11 bytes; the limit is 10");
}

static void a_huge_sparse_file_is_refused_by_its_size(void **state)
{
	struct fixture *f = *state;

	write_text(f, "a.cedar", "");
	assert_int_equal(truncate(path_of(f, "a.cedar"), (off_t)2 << 30), 0);
	assert_refused(f, ERR_LIMIT, "a.cedar: has 2147483648 bytes");
}

static void all_files_together_have_a_limit(void **state)
{
	struct fixture *f = *state;

	write_text(f, "a.cedar", "0123456789");
	write_text(f, "b.cedar", "0123456789");
	write_text(f, "c.cedar", "01234");
	read_tree(f);
	tree_deinit(&f->tree);
	write_text(f, "c.cedar", "012345");
	assert_refused(f, ERR_LIMIT, "all files together have more than 25 bytes");
}

static void the_number_of_files_has_a_limit(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 4; i++) {
		char name[] = "0.cedar";

		name[0] = (char)('0' + i);
		write_text(f, name, "");
	}
	read_tree(f);
	assert_int_equal(f->tree.file_count, 4);
	tree_deinit(&f->tree);
	write_text(f, "4.cedar", "");
	assert_refused(f, ERR_LIMIT, "more than 4 files");
}

/* Somebody who moves a rule from one file to another while they are read. */
static struct {
	struct fixture *fixture;
	char first[16]; /* the file that was read first, and loses against the other one */
	uint32_t calls;
	bool again; /* at each reading */
} mover;

static bool wants_while_moving(struct str name)
{
	if (mover.calls++ == 0) {
		snprintf(mover.first, sizeof(mover.first), "%.*s", STR_ARGS(name));
	} else if (mover.calls == 2) {
		write_text(mover.fixture, mover.first, "1 2");
		write_text(mover.fixture, name.ptr, "");
	} else if (mover.again) {
		char text[16];

		snprintf(text, sizeof(text), "%u", (unsigned)mover.calls);
		write_text(mover.fixture, mover.first, text);
	}
	return true;
}

static void start_moving(struct fixture *f, bool again)
{
	memset(&mover, 0, sizeof(mover));
	mover.fixture = f;
	mover.again = again;
	f->options.wants = wants_while_moving;
	write_text(f, "a.cedar", "1");
	write_text(f, "b.cedar", "2");
}

static void files_are_read_as_they_were_together(void **state)
{
	struct fixture *f = *state;

	start_moving(f, false);
	assert_int_equal(tree_read_settled(f->dir.path, &f->options, &f->tree, &f->why), ERR_NONE);
	assert_int_equal(f->tree.file_count, 2);
	for (size_t i = 0; i < 2; i++) {
		bool was_first = str_equal(f->tree.files[i].name, str_from(mover.first));

		assert_str_equal(f->tree.files[i].text, was_first ? "1 2" : "");
	}
	assert_int_equal(mover.calls, 2 * 3);
}

static void files_that_never_settle_are_refused(void **state)
{
	struct fixture *f = *state;

	start_moving(f, true);
	assert_int_equal(tree_read_settled(f->dir.path, &f->options, &f->tree, &f->why), ERR_BUSY);
	assert_says(f, "cedar: changes while the files are read; try again when nobody writes");
	assert_null(f->tree.files);
	assert_int_equal(mover.calls, 2 * TREE_READINGS_MAX);
}

static bool wants_while_adding(struct str name)
{
	char added[16];

	if (str_equal(name, STR("a.cedar"))) {
		snprintf(added, sizeof(added), "b%u.cedar", (unsigned)++mover.calls);
		write_text(mover.fixture, added, "");
	}
	return true;
}

static void a_file_that_comes_is_a_change(void **state)
{
	struct fixture *f = *state;

	memset(&mover, 0, sizeof(mover));
	mover.fixture = f;
	f->options.wants = wants_while_adding;
	f->options.max_files = 2 * TREE_READINGS_MAX;
	write_text(f, "a.cedar", "1");
	assert_int_equal(tree_read_settled(f->dir.path, &f->options, &f->tree, &f->why), ERR_BUSY);
	assert_says(f, ".cedar: changes while the files are read");
	assert_int_equal(mover.calls, TREE_READINGS_MAX);
}

static void settled_files_leave_nothing_without_memory(void **state)
{
	struct fixture *f = *state;

	write_text(f, "a.cedar", "x");
	for (uint64_t n = 0;; n++) {
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = tree_read_settled(f->dir.path, &f->options, &f->tree, &f->why);
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			assert_true(n >= 4);
			return;
		}
		assert_int_equal(error, ERR_NO_MEMORY);
		assert_null(f->tree.files);
	}
}

static void running_out_of_memory_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	make_directory(f, "tests");
	write_text(f, "tests/a.json", "{}");
	write_text(f, "a.cedar", "x");
	for (uint64_t n = 0;; n++) {
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = tree_read(f->dir.path, &f->options, &f->tree, &f->why);
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			assert_true(n >= 2);
			return;
		}
		assert_int_equal(error, ERR_NO_MEMORY);
		assert_null(f->tree.files);
	}
}

static void the_private_directory_is_made_and_found_again(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(directory_make_private(path_of(f, "state"), &f->why), ERR_NONE);
	assert_int_equal(stat(path_of(f, "state"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(directory_make_private(path_of(f, "state"), &f->why), ERR_NONE);
}

static void a_directory_with_rights_for_others_is_not_private(void **state)
{
	struct fixture *f = *state;

	make_directory(f, "state");
	assert_int_equal(chmod(path_of(f, "state"), 0701), 0);
	assert_int_equal(directory_make_private(path_of(f, "state"), &f->why), ERR_INVALID);
	assert_says(f, "state: others have rights on it (mode 0701)");
}

static void a_directory_below_one_that_others_may_write_to_is_not_private(void **state)
{
	struct fixture *f = *state;

	make_directory(f, "open");
	make_directory(f, "open/state");
	assert_int_equal(chmod(path_of(f, "open"), 0777), 0);
	assert_int_equal(directory_make_private(path_of(f, "open/state"), &f->why), ERR_INVALID);
	assert_says(f, "open: is writable by others");
}

static void a_link_to_a_directory_is_not_private(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(symlink("/root", path_of(f, "state")), 0);
	assert_int_not_equal(directory_make_private(path_of(f, "state"), &f->why), ERR_NONE);
	assert_says(f, "state: cannot open the directory");
}

static void a_private_file_is_made_once(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	umask(0);
	assert_int_equal(file_create_private(path_of(f, "p")), ERR_NONE);
	umask(0777);
	assert_int_equal(file_create_private(path_of(f, "q")), ERR_NONE);
	umask(077);
	assert_int_equal(stat(path_of(f, "p"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(path_of(f, "q"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_create_private(path_of(f, "p")), ERR_EXISTS);
	assert_int_equal(symlink("nowhere", path_of(f, "l")), 0);
	assert_int_equal(file_create_private(path_of(f, "l")), ERR_EXISTS);
}

static void a_secret_is_read_from_a_file_of_its_owner_alone(void **state)
{
	static const mode_t refused[] = {0640, 0604, 0620, 0601};
	struct fixture *f = *state;
	struct buf text;

	buf_init(&text, 100);
	write_text(f, "key", "secret");
	assert_int_equal(chmod(path_of(f, "key"), 0600), 0);
	assert_int_equal(file_read_secret(path_of(f, "key"), 6, &text, &f->why), ERR_NONE);
	assert_str_equal(buf_str(&text), "secret");
	assert_int_equal(chmod(path_of(f, "key"), 0400), 0);
	assert_int_equal(file_read_secret(path_of(f, "key"), 6, &text, &f->why), ERR_NONE);
	assert_int_equal(file_read_secret(path_of(f, "key"), 5, &text, &f->why), ERR_LIMIT);
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
		assert_int_equal(chmod(path_of(f, "key"), refused[i]), 0);
		assert_int_equal(file_read_secret(path_of(f, "key"), 6, &text, &f->why),
				 ERR_INVALID);
	}
	buf_deinit(&text);
}

static void a_trusted_file_is_read_whole(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	buf_init(&text, 1024);
	write_text(f, "c.yaml", "0123456789");
	assert_int_equal(file_read_trusted(path_of(f, "c.yaml"), 10, &text, &f->why), ERR_NONE);
	assert_str_equal(buf_str(&text), "0123456789");
	assert_int_equal(file_read_trusted(path_of(f, "c.yaml"), 9, &text, &f->why), ERR_LIMIT);
	assert_says(f, "has 10 bytes; the limit is 9");
	assert_int_equal(text.length, 0);
	assert_int_equal(chmod(path_of(f, "c.yaml"), 0666), 0);
	assert_int_equal(file_read_trusted(path_of(f, "c.yaml"), 10, &text, &f->why), ERR_INVALID);
	assert_int_equal(file_read_trusted(path_of(f, "none"), 10, &text, &f->why), ERR_NOT_FOUND);
	buf_deinit(&text);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(wanted_files_are_read_in_order_of_their_names),
		FILE_TEST(an_empty_directory_has_no_files),
		FILE_TEST(a_missing_directory_is_not_found),
		FILE_TEST(a_symbolic_link_is_refused),
		FILE_TEST(a_second_name_of_a_file_is_refused),
		FILE_TEST(what_is_no_regular_file_is_refused_without_waiting),
		FILE_TEST(a_device_is_refused),
		FILE_TEST(a_file_that_goes_while_it_is_read_is_a_refusal),
		FILE_TEST(files_that_others_may_write_are_refused),
		FILE_TEST(files_of_strangers_are_refused),
		FILE_TEST(the_same_holds_for_directories),
		FILE_TEST(a_file_of_the_largest_size_is_read_and_one_byte_more_refused),
		FILE_TEST(a_huge_sparse_file_is_refused_by_its_size),
		FILE_TEST(all_files_together_have_a_limit),
		FILE_TEST(the_number_of_files_has_a_limit),
		FILE_TEST(files_are_read_as_they_were_together),
		FILE_TEST(files_that_never_settle_are_refused),
		FILE_TEST(a_file_that_comes_is_a_change),
		FILE_TEST(settled_files_leave_nothing_without_memory),
		FILE_TEST(running_out_of_memory_leaves_nothing),
		FILE_TEST(the_private_directory_is_made_and_found_again),
		FILE_TEST(a_directory_with_rights_for_others_is_not_private),
		FILE_TEST(a_directory_below_one_that_others_may_write_to_is_not_private),
		FILE_TEST(a_link_to_a_directory_is_not_private),
		FILE_TEST(a_private_file_is_made_once),
		FILE_TEST(a_secret_is_read_from_a_file_of_its_owner_alone),
		FILE_TEST(a_trusted_file_is_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
