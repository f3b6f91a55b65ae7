#include "platform/paths.h"

const struct platform_paths *platform_paths(void)
{
	static const struct platform_paths paths = {
		.config = "/etc/wsauthz/wsauthz.yaml",
		.policy = "/etc/wsauthz/policy",
		.state = "/var/lib/wsauthz",
		.authorize = "/run/wsauthz/authorize.sock",
		.admin = "/run/wsauthz/admin/admin.sock",
	};

	return &paths;
}

bool path_is_absolute(const char *path)
{
	return path[0] == '/';
}

const char endpoint_path_rule[] = "must be absolute";

bool endpoint_path_is_valid(const char *path)
{
	return path_is_absolute(path);
}
