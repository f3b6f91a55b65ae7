#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "platform/inspect.h"
#include "platform/paths.h"
#include "platform/posix.h"

enum { ENTRY_BYTES = 16 * 1024, NAME_SHOWN = 33 };

static enum path_kind kind_of(mode_t mode)
{
	if (S_ISREG(mode))
		return PATH_FILE;
	if (S_ISDIR(mode))
		return PATH_DIRECTORY;
	return S_ISSOCK(mode) ? PATH_ENDPOINT : PATH_OTHER;
}

/* The name, or the number when nobody has it. */
static void name_user(uid_t id, char out[NAME_SHOWN])
{
	struct passwd entry, *found = NULL;
	char buffer[ENTRY_BYTES];

	if (getpwuid_r(id, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL)
		snprintf(out, NAME_SHOWN, "%s", found->pw_name);
	else
		snprintf(out, NAME_SHOWN, "%u", (unsigned)id);
}

static void name_group(gid_t id, char out[NAME_SHOWN])
{
	struct group entry, *found = NULL;
	char buffer[ENTRY_BYTES];

	if (getgrgid_r(id, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL)
		snprintf(out, NAME_SHOWN, "%s", found->gr_name);
	else
		snprintf(out, NAME_SHOWN, "%u", (unsigned)id);
}

enum error path_inspect(const char *path, struct path_facts *out, struct buf *why)
{
	char owner[NAME_SHOWN], group[NAME_SHOWN];
	struct stat st;

	if (lstat(path, &st) != 0)
		return why_errno(why, path, "examine");
	*out = (struct path_facts){
		.kind = kind_of(st.st_mode),
		.owner = account_of_id(st.st_uid),
		.group = account_of_id(st.st_gid),
		.is_of_root = st.st_uid == 0,
		.mode = (uint32_t)st.st_mode & 07777,
	};
	name_user(st.st_uid, owner);
	name_group(st.st_gid, group);
	snprintf(out->rights, sizeof(out->rights), "owner %s, group %s, mode %04o", owner, group,
		 (unsigned)out->mode);
	return ERR_NONE;
}

enum error path_inspect_parent(const char *path, struct path_facts *out,
			       char parent[PLATFORM_PATH_MAX], struct buf *why)
{
	enum error error = parent_of(path, parent, PLATFORM_PATH_MAX);

	return error == ERR_NONE ? path_inspect(parent, out, why)
				 : why_error(why, error, "%s: %s", path, error_text(error));
}

enum error path_inspect_access(const char *path, struct access_facts *out, struct buf *why)
{
	(void)path;
	(void)out;
	(void)why;
	return ERR_UNSUPPORTED;
}

enum error endpoint_inspect(const char *path, int timeout_ms, struct access_facts *out,
			    struct buf *why)
{
	(void)path;
	(void)timeout_ms;
	(void)out;
	(void)why;
	return ERR_UNSUPPORTED;
}

enum error path_free_bytes(const char *path, uint64_t *out, struct buf *why)
{
	struct statvfs fs;

	if (statvfs(path, &fs) != 0)
		return why_errno(why, path, "examine the file system");
	*out = (uint64_t)fs.f_bavail * fs.f_frsize;
	return ERR_NONE;
}
