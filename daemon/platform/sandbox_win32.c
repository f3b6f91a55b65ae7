#include "platform/sandbox.h"
#include "platform/why.h"

/* What a service may do is decided when it is registered (service_install_win32.c), and what a child
 * may by its job (child_win32.c). A process of Windows cannot give up files and calls later. */
static enum error say_unsupported(struct buf *why)
{
	return why_error(why, ERR_UNSUPPORTED,
			 "on Windows the account and the privileges of the service limit it");
}

enum error sandbox_limit_files(const struct sandbox_path *paths, size_t count, struct buf *why)
{
	(void)paths;
	(void)count;
	return say_unsupported(why);
}

enum error sandbox_limit_calls(bool kills, struct buf *why)
{
	(void)kills;
	return say_unsupported(why);
}

enum error sandbox_limit_to_computing(struct buf *why)
{
	return say_unsupported(why);
}
