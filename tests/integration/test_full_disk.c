/*
 * A disk that fills up and is freed while many connections ask: as long as the audit cannot be
 * written everything is refused, seconds after space has returned everything is answered again
 * without a restart, and every answer to allow has its row. On small file systems of its own, which
 * only root can mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "integration/command.h"
#include "integration/load.h"

enum {
	CONNECTIONS = 16,
	OUTSTANDING = 16,
	UNDER_WAY = CONNECTIONS * OUTSTANDING,
	ROUNDS = 2,
	STEP_BYTES = 1024 * 1024, /* of the disk are taken between two turns of the load */
	RECOVERY_MS = 5000,       /* from space returning to answers as before */
};

struct disk {
	const char *name;
	const char *settings; /* of the daemon */
	char ballast[256];    /* the file that fills the disk */
};

/* Puts a small file system where the state goes; false when this process may not. */
static bool mount_disk(const struct daemon *daemon, struct disk *disk)
{
	char command[2048], image[256];

	tmpdir_path(&daemon->dir, "state/ballast", disk->ballast, sizeof(disk->ballast));
	if (strcmp(disk->name, "tmpfs") == 0)
		return mount("tmpfs", daemon->state_dir, "tmpfs", 0, "size=48m,mode=0700") == 0;
	tmpdir_path(&daemon->dir, "image", image, sizeof(image));
	snprintf(command, sizeof(command),
		 "{ truncate -s 64M %s && mkfs.ext4 -q -m 0 -O ^has_journal %s && mount -o loop %s"
		 " %s && chmod 0700 %s; } >/dev/null 2>&1",
		 image, image, image, daemon->state_dir, daemon->state_dir);
	return system(command) == 0;
}

/* Takes some of the disk; false when nothing was left of it. */
static bool take_space(int fd)
{
	static const char step[STEP_BYTES] = {1};
	ssize_t written = write(fd, step, sizeof(step));

	if (written < 0)
		assert_int_equal(errno, ENOSPC);
	return written > 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the audit has been refusing for a while. The log may still have some room. */
static void fill(struct load *load, const struct disk *disk)
{
	size_t refused = load->refused_count;
	int fd = open(disk->ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (take_space(fd))
		load_turn(load);
	while (load->refused_count < refused + 10 * UNDER_WAY) {
		load_turn(load);
		(void)take_space(fd);
	}
	close(fd);
}

/* Until all connections have their answers again. */
static void free_again(struct load *load, const struct disk *disk)
{
	size_t target = load->allowed_count + 10 * UNDER_WAY;
	int64_t freed_ms = now_ms();

	assert_int_equal(unlink(disk->ballast), 0);
	while (load->allowed_count < target) {
		load_turn(load);
		assert_true(now_ms() - freed_ms < RECOVERY_MS);
	}
	print_message("%s: %zu allowed and %zu refused so far, all is well %d ms after space "
		      "returned\n",
		      disk->name, load->allowed_count, load->refused_count,
		      (int)(now_ms() - freed_ms));
}

/* Rows of few questions may still find room where rows of many did not. */
static void until_status_tells(struct load *load, const struct daemon *daemon)
{
	static const char text[] = "the audit cannot be written, so every request is denied";

	(void)command_run(daemon, "status");
	while (strstr(command_output(), text) == NULL) {
		load_turn(load);
		(void)command_run(daemon, "status");
	}
}

static void run_rounds(struct load *load, const struct daemon *daemon, const struct disk *disk)
{
	for (int round = 0; round < ROUNDS; round++) {
		load_until_allowed(load, 10 * UNDER_WAY);
		fill(load, disk);
		until_status_tells(load, daemon);
		free_again(load, disk);
		/* A refusal from before may still have been on its way. */
		size_t refused = load->refused_count;
		load_until_allowed(load, 10 * UNDER_WAY);
		assert_in_range(load->refused_count, refused, refused + UNDER_WAY);
		(void)command_run(daemon, "status");
		command_expect_not("the audit cannot be written");
	}
}

static void fill_up(struct disk disk)
{
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m"),
					 .settings = disk.settings};
	struct load *load;
	struct daemon daemon;

	daemon_init(&daemon, &options);
	if (!mount_disk(&daemon, &disk)) {
		print_message("skipped: no %s can be mounted here (%s)\n", disk.name,
			      geteuid() != 0 ? "not root" : "the system refuses");
		daemon_deinit(&daemon, false);
		skip();
	}
	assert_true(daemon_start(&daemon, NULL));
	load = load_new(CONNECTIONS, OUTSTANDING);
	load_open(load, &daemon);
	run_rounds(load, &daemon, &disk);
	load_close(load);
	assert_int_equal(daemon_stop(&daemon), 0);
	print_message("%zu rows of questions that were refused\n", load_expect_rows(load, &daemon));
	load_free(load);
	assert_int_equal(command_run(&daemon, "audit verify"), COMMAND_DONE);
	assert_int_equal(umount2(daemon.state_dir, MNT_DETACH), 0);
	daemon_deinit(&daemon, false);
}

static void a_tmpfs_that_is_full_under_load_denies_and_recovers(void **state)
{
	(void)state;
	fill_up((struct disk){.name = "tmpfs"});
}

static void an_ext4_that_is_full_under_load_denies_and_recovers(void **state)
{
	(void)state;
	fill_up((struct disk){.name = "ext4"});
}

static void a_disk_that_is_full_while_segments_are_sealed_loses_nothing(void **state)
{
	(void)state;
	fill_up((struct disk){.name = "tmpfs", .settings = "audit:\n  seal_rows: 3000\n"});
}

/* Answers leave before their rows: those may not be forgotten meanwhile. */
static void a_disk_that_is_full_in_relaxed_mode_loses_nothing(void **state)
{
	(void)state;
	fill_up((struct disk){.name = "tmpfs", .settings = "audit:\n  durability: relaxed\n"});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tmpfs_that_is_full_under_load_denies_and_recovers),
		cmocka_unit_test(an_ext4_that_is_full_under_load_denies_and_recovers),
		cmocka_unit_test(a_disk_that_is_full_while_segments_are_sealed_loses_nothing),
		cmocka_unit_test(a_disk_that_is_full_in_relaxed_mode_loses_nothing),
	};

	return cmocka_run_group_tests_name("full_disk", tests, NULL, NULL);
}
