#include "platform/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { USUAL_COLUMNS = 80 };

unsigned terminal_columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	/* A serial console does not know. */
	return size.ws_col != 0 ? size.ws_col : USUAL_COLUMNS;
}

bool terminal_watches_errors(void)
{
	return isatty(STDERR_FILENO) != 0;
}
