#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/tmpdir.h"

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
