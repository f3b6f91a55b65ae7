#include "platform/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

unsigned terminal_columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

bool terminal_watches_errors(void)
{
	return isatty(STDERR_FILENO) != 0;
}
