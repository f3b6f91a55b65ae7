#include "platform/platform.h"

enum error module_beside(const char *name, struct buf *path, struct buf *why)
{
	(void)name;
	(void)path;
	(void)why;
	return ERR_UNSUPPORTED;
}

enum error module_read(const char *path, size_t max_bytes, struct buf *out, struct buf *why)
{
	(void)path;
	(void)max_bytes;
	(void)out;
	(void)why;
	return ERR_UNSUPPORTED;
}
