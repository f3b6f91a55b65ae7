/*
 * The configuration of IIS from hostile bytes: reading ends, fails with a reason and only then, and
 * what it tells lies within its limits.
 */
#include <assert.h>

#include "ctl/iis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iis_file file;
	struct arena arena;
	struct buf why;
	enum error error;

	arena_init(&arena, 1024, SIZE_MAX);
	buf_init(&why, 4096);
	error = iis_read(str_make((const char *)data, size), &arena, &file, &why);
	assert(error == ERR_NONE || error == ERR_SYNTAX || error == ERR_LIMIT);
	assert((error == ERR_NONE) == (why.length == 0));
	if (error == ERR_NONE) {
		assert(file.directory_count <= IIS_DIRECTORIES_MAX);
		assert(file.pool_count <= IIS_POOLS_MAX && file.plugin_count <= IIS_PLUGINS_MAX);
		for (uint32_t i = 0; i < file.directory_count; i++)
			(void)iis_is_32(&file, &file.directories[i]);
	}
	buf_deinit(&why);
	arena_deinit(&arena);
	return 0;
}
