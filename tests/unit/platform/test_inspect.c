#include "platform/inspect.h"
#include "platform/paths.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/tmpdir.h"

static struct path_facts inspect(const char *path)
{
	struct path_facts facts = {.kind = PATH_OTHER};
	struct buf why;

	buf_init(&why, 4096);
	assert_int_equal(path_inspect(path, &facts, &why), ERR_NONE);
	assert_int_equal(why.length, 0);
	buf_deinit(&why);
	return facts;
}

static void listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void kind_and_rights_are_those_of_the_name_itself(void **state)
{
	struct path_facts facts;
	struct tmpdir dir;
	char path[256], link[256];

	(void)state;
	tmpdir_create(&dir);
	facts = inspect(dir.path);
	assert_int_equal(facts.kind, PATH_DIRECTORY);
	assert_int_equal(facts.mode, 0700);
	assert_int_equal(facts.is_of_root, geteuid() == 0);
	tmpdir_write(&dir, "file", "x", 1);
	tmpdir_path(&dir, "file", path, sizeof(path));
	assert_int_equal(chmod(path, 0640), 0);
	facts = inspect(path);
	assert_int_equal(facts.kind, PATH_FILE);
	assert_int_equal(facts.mode, 0640);
	assert_non_null(strstr(facts.rights, ", mode 0640"));
	tmpdir_path(&dir, "link", link, sizeof(link));
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(inspect(link).kind, PATH_OTHER);
	tmpdir_path(&dir, "socket", path, sizeof(path));
	listen_at(path);
	assert_int_equal(inspect(path).kind, PATH_ENDPOINT);
	tmpdir_remove(&dir);
}

static void an_owner_without_a_name_is_told_by_number(void **state)
{
	struct tmpdir dir;
	char path[256];

	(void)state;
	if (geteuid() != 0)
		skip();
	tmpdir_create(&dir);
	tmpdir_write(&dir, "file", "x", 1);
	tmpdir_path(&dir, "file", path, sizeof(path));
	assert_int_equal(chown(path, 3999999998u, 3999999997u), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_string_equal(inspect(path).rights, "owner 3999999998, group 3999999997, mode 0600");
	assert_false(inspect(path).is_of_root);
	tmpdir_remove(&dir);
}

static void the_directory_of_a_path_is_found(void **state)
{
	char path[256], parent[PLATFORM_PATH_MAX];
	struct path_facts facts;
	struct tmpdir dir;
	struct buf why;

	(void)state;
	buf_init(&why, 4096);
	tmpdir_create(&dir);
	tmpdir_path(&dir, "none.sock", path, sizeof(path));
	assert_int_equal(path_inspect_parent(path, &facts, parent, &why), ERR_NONE);
	assert_int_equal(facts.kind, PATH_DIRECTORY);
	assert_string_equal(parent, dir.path);
	tmpdir_remove(&dir);
	buf_deinit(&why);
}

static void what_is_missing_is_told(void **state)
{
	struct path_facts facts;
	uint64_t free_bytes;
	struct buf why;

	(void)state;
	buf_init(&why, 4096);
	assert_int_equal(path_inspect("/nowhere/at-all", &facts, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(buf_text(&why), "/nowhere/at-all: cannot examine"));
	buf_clear(&why);
	assert_int_equal(path_free_bytes("/nowhere/at-all", &free_bytes, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(buf_text(&why), "/nowhere/at-all: cannot examine"));
	buf_deinit(&why);
}

static void a_file_system_without_room_has_no_free_bytes(void **state)
{
	uint64_t free_bytes = 1;
	struct buf why;

	(void)state;
	buf_init(&why, 4096);
	/* That of processes takes nothing. */
	assert_int_equal(path_free_bytes("/proc", &free_bytes, &why), ERR_NONE);
	assert_int_equal(free_bytes, 0);
	buf_deinit(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kind_and_rights_are_those_of_the_name_itself),
		cmocka_unit_test(an_owner_without_a_name_is_told_by_number),
		cmocka_unit_test(the_directory_of_a_path_is_found),
		cmocka_unit_test(what_is_missing_is_told),
		cmocka_unit_test(a_file_system_without_room_has_no_free_bytes),
	};

	return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
