/* Where things are unless they are configured, and what can be a path. */
#ifndef PLATFORM_PATHS_H
#define PLATFORM_PATHS_H

#include <stdbool.h>

enum {
	PLATFORM_PATH_MAX = 2048, /* bytes of a configured path */
/* Bytes of an endpoint's path: of sun_path, or of a pipe's name. */
#ifdef _WIN32
	ENDPOINT_PATH_MAX = 250,
#else
	ENDPOINT_PATH_MAX = 107,
#endif
};

struct platform_paths {
	const char *config, *policy, *state;
	const char *authorize, *admin; /* endpoints */
};

/* They live as long as the process. Any thread. */
const struct platform_paths *platform_paths(void);

/* Whether `path` means the same file whatever the working directory. */
bool path_is_absolute(const char *path);

/* Whether `path` can be an endpoint's, and what it would have to be if not: "must ...". */
bool endpoint_path_is_valid(const char *path);
extern const char endpoint_path_rule[];

#endif
