#include "support/tmpdir.h"

#include <stdio.h>

#include "support/cmocka.h"

char *tmpdir_path(const struct tmpdir *dir, const char *name, char *out, size_t size)
{
	int length = snprintf(out, size, "%s/%s", dir->path, name);

	assert_true(length > 0 && (size_t)length < size);
	return out;
}

void tmpdir_write(const struct tmpdir *dir, const char *name, const void *bytes, size_t length)
{
	char path[512];
	FILE *file = fopen(tmpdir_path(dir, name, path, sizeof(path)), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}
