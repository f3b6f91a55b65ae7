/*
 * What the configuration of IIS says of WinRM's authorization plug-ins: applicationHost.config, which
 * knows the directories of all applications and their pools, and a directory's web.config. Pure.
 */
#ifndef CTL_IIS_H
#define CTL_IIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum {
	IIS_FILE_MAX_BYTES = 4 << 20,
	IIS_DIRECTORIES_MAX = 4096,
	IIS_POOLS_MAX = 1024,
	IIS_PLUGINS_MAX = 256, /* of one file */
};

/* Of an application or virtual directory. Texts are as they stand, with names of the environment. */
struct iis_directory {
	struct str path; /* zero-terminated beyond its length */
	struct str pool; /* empty for the default one */
};

struct iis_pool {
	struct str name;
	bool is_set; /* else it is as the default */
	bool is_32;  /* its worker processes are of 32 bits */
};

/* An AuthorizationPlugin. */
struct iis_plugin {
	struct str file_name; /* zero-terminated beyond its length */
	struct str sdk_version;
	bool has_quota;
	uint32_t line;
};

struct iis_file {
	struct iis_directory *directories;
	struct iis_pool *pools;
	struct iis_plugin *plugins;
	uint32_t directory_count, pool_count, plugin_count;
	struct str default_pool; /* of applications that name none; empty when that is not said */
	bool is_32_by_default;
};

/* Reads a file of either kind; what it says lives in `arena`. ERR_SYNTAX with "line N: " and what is
 * wrong in `why`, ERR_LIMIT, ERR_NO_MEMORY; `*out` is not written then. */
enum error iis_read(struct str text, struct arena *arena, struct iis_file *out,
		    struct buf *why) ATTR_MUST_CHECK;

/* Whether the worker processes of the directory's pool are of 32 bits. */
bool iis_is_32(const struct iis_file *host, const struct iis_directory *directory);

#endif
