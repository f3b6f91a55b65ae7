/* Where the daemon is: the command line, else the configuration file, else the defaults. */
#include "platform/paths.h"
#include "base/mem.h"
#include "config/config.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "platform/file.h"

enum { WHY_MAX = 4096 };

enum error ctl_read_config(const struct ctl *ctl, struct arena *arena, struct config *out,
			   struct buf *why)
{
	const char *path = ctl->config_path != NULL ? ctl->config_path : platform_paths()->config;
	enum error error;
	struct buf text;

	buf_init(&text, CONFIG_MAX_BYTES + 1);
	error = file_read_trusted(path, CONFIG_MAX_BYTES, &text, why);
	if (error == ERR_NONE)
		error = config_read(str_from(path), buf_str(&text), arena, out, why);
	buf_deinit(&text);
	return error;
}

/* Reads the configuration once; it lives as long as the program. NULL after a message. */
static const struct config *read_config(const struct ctl *ctl)
{
	static struct arena arena;
	static struct config config;
	static bool is_read;
	struct buf why;
	enum error error;

	if (is_read)
		return &config;
	buf_init(&why, WHY_MAX);
	arena_init(&arena, 4096, 1 << 20);
	error = ctl_read_config(ctl, &arena, &config, &why);
	if (error == ERR_NOT_FOUND && ctl->config_path == NULL) {
		config = config_default();
		error = ERR_NONE;
	}
	is_read = error == ERR_NONE;
	if (!is_read)
		output_error("%s", why.length != 0 ? buf_text(&why) : error_text(error));
	buf_deinit(&why);
	return is_read ? &config : NULL;
}

bool ctl_find_admin(const struct ctl *ctl, const char **path)
{
	const struct config *config;

	if (ctl->admin_path != NULL) {
		*path = ctl->admin_path;
		return true;
	}
	config = read_config(ctl);
	if (config != NULL)
		*path = config->server.admin.socket;
	return config != NULL;
}

bool ctl_find_state(const struct ctl *ctl, const char **directory)
{
	const struct config *config;

	if (ctl->state_directory != NULL) {
		*directory = ctl->state_directory;
		return true;
	}
	config = read_config(ctl);
	if (config != NULL)
		*directory = config->server.state_directory;
	return config != NULL;
}

bool ctl_find_settings(const struct ctl *ctl, const struct settings **settings)
{
	const struct config *config = read_config(ctl);

	if (config != NULL)
		*settings = &config->server;
	return config != NULL;
}

static enum error ignore_name(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return ERR_NONE;
}

void ctl_report_unreadable(const char *directory, enum error error, struct buf *why)
{
	const char *text = why->length != 0 ? buf_text(why) : error_text(error);

	/* A database in a directory that may not be searched seems to be missing. */
	if (error == ERR_NOT_FOUND &&
	    directory_list_names(directory, ignore_name, NULL) == ERR_DENIED)
		error = ERR_DENIED;
	if (error == ERR_DENIED)
		output_error("%s: permission denied; root may read it, and the daemon's account",
			     directory);
	else if (error == ERR_NOT_FOUND)
		output_error("%s; did the daemon ever run here? --state DIR names another "
			     "directory",
			     text);
	else
		output_error("%s", text);
}
