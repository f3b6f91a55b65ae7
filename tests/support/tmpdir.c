#include "support/tmpdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/cmocka.h"

void tmpdir_create(struct tmpdir *dir)
{
	const char *parent = getenv("TMPDIR");
	int length = snprintf(dir->path, sizeof(dir->path), "%s/wsauthz-test-XXXXXX",
			      parent != NULL ? parent : "/tmp");

	assert_true(length > 0 && (size_t)length < sizeof(dir->path));
	assert_non_null(mkdtemp(dir->path));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tmpdir_remove(struct tmpdir *dir)
{
	nftw(dir->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	dir->path[0] = '\0';
}

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
