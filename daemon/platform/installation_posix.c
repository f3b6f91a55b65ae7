#include "platform/installation.h"
#include "platform/service.h"

enum error module_beside(const char *name, struct buf *path, struct buf *why)
{
	(void)name;
	(void)path;
	(void)why;
	return ERR_UNSUPPORTED;
}

enum error path_expand(const char *path, struct buf *out, struct buf *why)
{
	(void)path;
	(void)out;
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

enum error registry_check(const char *key, enum error (*on_name)(void *arg, const char *name),
			  void *arg, struct buf *why)
{
	(void)key;
	(void)on_name;
	(void)arg;
	(void)why;
	return ERR_UNSUPPORTED;
}

enum error service_inspect(struct service_facts *out, struct buf *why)
{
	(void)out;
	(void)why;
	return ERR_UNSUPPORTED;
}
