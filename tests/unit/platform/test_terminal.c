#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "platform/terminal.h"
#include "support/cmocka.h"

/* What terminal_columns() says while `descriptor` is standard output. */
static unsigned columns_of(int descriptor)
{
	int kept = dup(STDOUT_FILENO);
	unsigned columns;

	assert_true(kept >= 0);
	assert_true(dup2(descriptor, STDOUT_FILENO) >= 0);
	columns = terminal_columns();
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	close(kept);
	return columns;
}

static void a_terminal_has_columns_and_nothing_else_has(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, null = open("/dev/null", O_WRONLY);
	struct winsize size = {.ws_row = 24, .ws_col = 132};
	const char *name;

	(void)state;
	assert_true(master >= 0 && null >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	name = ptsname(master);
	assert_non_null(name);
	slave = open(name, O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	/* A new one has no size, as a serial console. */
	assert_int_equal(columns_of(slave), 80);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	assert_int_equal(columns_of(slave), 132);
	assert_int_equal(columns_of(null), 0);
	close(slave);
	close(master);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_has_columns_and_nothing_else_has),
	};

	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
