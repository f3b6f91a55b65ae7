#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/user_file.h"
#include "support/cmocka.h"
#include "support/fault.h"
#include "support/tmpdir.h"

struct fixture {
	struct tmpdir dir;
	struct buf out, why;
	char path[256];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	tmpdir_create(&f->dir);
	buf_init(&f->out, 1 << 20);
	buf_init(&f->why, 4096);
	tmpdir_path(&f->dir, "file", f->path, sizeof(f->path));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_deinit(&f->out);
	buf_deinit(&f->why);
	tmpdir_remove(&f->dir);
	free(f);
	return 0;
}

static void write_file(struct fixture *f, const char *text)
{
	tmpdir_write(&f->dir, "file", text, strlen(text));
}

static void expect_content(struct fixture *f, const char *text)
{
	assert_int_equal(file_read(f->path, 1 << 16, &f->out, &f->why), ERR_NONE);
	assert_string_equal(buf_text(&f->out), text);
}

static void expect_why(struct fixture *f, const char *text)
{
	if (strstr(buf_text(&f->why), text) == NULL)
		fail_msg("'%s' does not say '%s'", buf_text(&f->why), text);
}

/* How many names the directory holds besides "." and "..". */
static int count_names(const struct fixture *f)
{
	char command[300];
	FILE *pipe;
	int count = 0;

	assert_true(snprintf(command, sizeof(command), "ls -A '%s'", f->dir.path) <
		    (int)sizeof(command));
	pipe = popen(command, "r");
	assert_non_null(pipe);
	for (int c; (c = getc(pipe)) != EOF;)
		count += c == '\n';
	assert_int_equal(pclose(pipe), 0);
	return count;
}

static void a_file_of_the_largest_size_is_read_and_one_byte_more_refused(void **state)
{
	struct fixture *f = *state;

	write_file(f, "12345");
	assert_int_equal(file_read(f->path, 5, &f->out, &f->why), ERR_NONE);
	assert_string_equal(buf_text(&f->out), "12345");
	assert_int_equal(file_read(f->path, 4, &f->out, &f->why), ERR_LIMIT);
	expect_why(f, "file: has more than 4 bytes");
}

static void a_file_of_many_chunks_is_read_whole(void **state)
{
	struct fixture *f = *state;
	static char bytes[100 * 1000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i % 23);
	tmpdir_write(&f->dir, "file", bytes, sizeof(bytes));
	assert_int_equal(file_read(f->path, sizeof(bytes), &f->out, &f->why), ERR_NONE);
	assert_int_equal(f->out.length, sizeof(bytes));
	assert_memory_equal(f->out.data, bytes, sizeof(bytes));
}

static void what_cannot_be_read_is_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_read(f->path, 5, &f->out, &f->why), ERR_NOT_FOUND);
	expect_why(f, "file: cannot open: No such file or directory");
	assert_int_not_equal(file_read(f->dir.path, 5, &f->out, &f->why), ERR_NONE);
	expect_why(f, "Is a directory");
}

static void reading_without_memory_fails(void **state)
{
	struct fixture *f = *state;

	write_file(f, "12345");
	fault_arm(0, FAULT_ONCE);
	assert_int_equal(file_read(f->path, 5, &f->out, &f->why), ERR_NO_MEMORY);
	assert_true(fault_disarm());
}

static void a_replaced_file_keeps_its_rights(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	write_file(f, "old");
	assert_int_equal(chmod(f->path, 0640), 0);
	assert_int_equal(file_replace(f->path, STR("new content"), &f->why), ERR_NONE);
	expect_content(f, "new content");
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(count_names(f), 1);
}

static void a_link_stays_a_link_to_the_replaced_file(void **state)
{
	struct fixture *f = *state;
	char link_path[256];
	struct stat st;

	write_file(f, "old");
	tmpdir_path(&f->dir, "link", link_path, sizeof(link_path));
	assert_int_equal(symlink("file", link_path), 0);
	assert_int_equal(file_replace(link_path, STR("new"), &f->why), ERR_NONE);
	expect_content(f, "new");
	assert_int_equal(lstat(link_path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void what_is_no_file_is_not_replaced(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_replace(f->path, STR("new"), &f->why), ERR_NOT_FOUND);
	expect_why(f, "file: cannot resolve the path");
	assert_int_equal(file_replace(f->dir.path, STR("new"), &f->why), ERR_INVALID);
	expect_why(f, "is not a regular file");
	assert_int_equal(count_names(f), 0);
}

static void replacing_without_memory_leaves_the_file_alone(void **state)
{
	struct fixture *f = *state;

	write_file(f, "old");
	fault_arm(0, FAULT_ONCE);
	assert_int_equal(file_replace(f->path, STR("new"), &f->why), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	expect_content(f, "old");
	assert_int_equal(count_names(f), 1);
}

static void a_published_file_is_there_whole_and_for_everybody(void **state)
{
	struct fixture *f = *state;
	char other[256];
	struct stat st;

	assert_int_equal(file_publish(f->path, STR("first"), &f->why), ERR_NONE);
	expect_content(f, "first");
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(file_publish(f->path, STR(""), &f->why), ERR_NONE);
	expect_content(f, "");
	assert_int_equal(count_names(f), 1);

	/* Neither a link in its place nor one in the place of the new file is followed. */
	tmpdir_write(&f->dir, "other", "mine", 4);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(symlink("other", f->path), 0);
	tmpdir_path(&f->dir, "file.new", other, sizeof(other));
	assert_int_equal(symlink("other", other), 0);
	assert_int_equal(file_publish(f->path, STR("second"), &f->why), ERR_NONE);
	expect_content(f, "second");
	assert_int_equal(lstat(f->path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	tmpdir_path(&f->dir, "other", other, sizeof(other));
	assert_int_equal(file_read(other, 16, &f->out, &f->why), ERR_NONE);
	assert_string_equal(buf_text(&f->out), "mine");
}

static void what_cannot_be_published_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;
	char below[300];

	assert_true(snprintf(below, sizeof(below), "%s/below", f->path) < (int)sizeof(below));
	assert_int_equal(file_publish(below, STR("new"), &f->why), ERR_NOT_FOUND);
	expect_why(f, "below: cannot make a new file beside it");
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_int_not_equal(file_publish(f->path, STR("new"), &f->why), ERR_NONE);
	assert_int_equal(count_names(f), 1);
	fault_arm(0, FAULT_ONCE);
	assert_int_equal(file_publish(below, STR("new"), &f->why), ERR_NO_MEMORY);
	assert_true(fault_disarm());
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(a_file_of_the_largest_size_is_read_and_one_byte_more_refused),
		FILE_TEST(a_file_of_many_chunks_is_read_whole),
		FILE_TEST(what_cannot_be_read_is_named),
		FILE_TEST(reading_without_memory_fails),
		FILE_TEST(a_replaced_file_keeps_its_rights),
		FILE_TEST(a_link_stays_a_link_to_the_replaced_file),
		FILE_TEST(what_is_no_file_is_not_replaced),
		FILE_TEST(replacing_without_memory_leaves_the_file_alone),
		FILE_TEST(a_published_file_is_there_whole_and_for_everybody),
		FILE_TEST(what_cannot_be_published_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
