#include "platform/system_win32.h"

#include <knownfolders.h>
#include <shlobj.h>
#include <stdio.h>
#include <string.h>

#include "platform/paths.h"

/* The usual places are below %ProgramData%, as the system says and not the environment. */
struct usual_paths {
	struct platform_paths paths;
	char config[MAX_PATH * 4], policy[MAX_PATH * 4], state[MAX_PATH * 4];
};

static void find_program_data(struct buf *out)
{
	wchar_t *folder = NULL;

	if (SHGetKnownFolderPath(&FOLDERID_ProgramData, 0, NULL, &folder) == S_OK)
		buf_append_wide(out, folder);
	else
		buf_append_str(out, STR("C:\\ProgramData"));
	CoTaskMemFree(folder);
}

static BOOL CALLBACK fill(INIT_ONCE *once, void *arg, void **context)
{
	struct usual_paths *usual = arg;
	char memory[MAX_PATH * 3];
	struct buf folder;

	(void)once;
	(void)context;
	buf_init_fixed(&folder, memory, sizeof(memory));
	find_program_data(&folder);
	snprintf(usual->config, sizeof(usual->config), "%s\\wsauthz\\wsauthz.yaml",
		 buf_text(&folder));
	snprintf(usual->policy, sizeof(usual->policy), "%s\\wsauthz\\policy", buf_text(&folder));
	snprintf(usual->state, sizeof(usual->state), "%s\\wsauthz\\state", buf_text(&folder));
	usual->paths = (struct platform_paths){
		.config = usual->config,
		.policy = usual->policy,
		.state = usual->state,
		.authorize = "\\\\.\\pipe\\ProtectedPrefix\\LocalService\\wsauthz",
		.admin = "\\\\.\\pipe\\ProtectedPrefix\\LocalService\\wsauthz-admin",
	};
	return TRUE;
}

const struct platform_paths *platform_paths(void)
{
	static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
	static struct usual_paths usual;

	InitOnceExecuteOnce(&once, fill, &usual, NULL);
	return &usual.paths;
}

static bool is_separator(char c)
{
	return c == '\\' || c == '/';
}

/* "C:\..." or "\\server\share..."; not "\..." and "C:...", which depend on where we are. */
bool path_is_absolute(const char *path)
{
	bool has_drive = (path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z');

	return (has_drive && path[1] == ':' && is_separator(path[2])) ||
	       (is_separator(path[0]) && is_separator(path[1]));
}

static const char pipe_prefix[] = "\\\\.\\pipe\\";
const char endpoint_path_rule[] = "must be the name of a local pipe, such as \\\\.\\pipe\\wsauthz";

bool endpoint_path_is_valid(const char *path)
{
	return strncmp(path, pipe_prefix, sizeof(pipe_prefix) - 1) == 0 &&
	       path[sizeof(pipe_prefix) - 1] != '\0' && strlen(path) <= ENDPOINT_PATH_MAX;
}
