#include "base/mem.h"
#include "platform/system_win32.h"

enum error path_inspect(const char *path, struct path_facts *out, struct buf *why)
{
	(void)path;
	(void)out;
	(void)why;
	return ERR_UNSUPPORTED;
}

enum error path_inspect_parent(const char *path, struct path_facts *out,
			       char parent[PLATFORM_PATH_MAX], struct buf *why)
{
	parent[0] = '\0';
	return path_inspect(path, out, why);
}

enum error path_free_bytes(const char *path, uint64_t *out, struct buf *why)
{
	wchar_t *wide = wide_path(path, why);
	ULARGE_INTEGER available;
	enum error error = ERR_NONE;

	if (wide == NULL)
		return ERR_INVALID;
	if (GetDiskFreeSpaceExW(wide, &available, NULL, NULL))
		*out = available.QuadPart;
	else
		error = why_win32(why, path, "examine the file system", GetLastError());
	mem_free(wide);
	return error;
}
