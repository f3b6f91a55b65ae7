#include <windows.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"
#include "support/tmpdir.h"

/* Below %TEMP%; the names of a process are numbered. */
void tmpdir_create(struct tmpdir *dir)
{
	static atomic_uint count;
	char parent[MAX_PATH + 1];
	int length;

	assert_in_range(GetTempPathA(sizeof(parent), parent), 1, sizeof(parent) - 1);
	do {
		length = snprintf(dir->path, sizeof(dir->path), "%swsauthz-test-%lu-%u", parent,
				  GetCurrentProcessId(), atomic_fetch_add(&count, 1));
		assert_true(length > 0 && (size_t)length < sizeof(dir->path));
	} while (!CreateDirectoryA(dir->path, NULL) && GetLastError() == ERROR_ALREADY_EXISTS);
}

static void remove_tree(const char *path);

static void remove_entry(const char *directory, const WIN32_FIND_DATAA *entry)
{
	char path[MAX_PATH];

	if (strcmp(entry->cFileName, ".") == 0 || strcmp(entry->cFileName, "..") == 0)
		return;
	snprintf(path, sizeof(path), "%s\\%s", directory, entry->cFileName);
	if ((entry->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
		SetFileAttributesA(path, FILE_ATTRIBUTE_NORMAL);
		DeleteFileA(path);
	} else if (entry->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) {
		RemoveDirectoryA(path); /* the link, not where it leads */
	} else {
		remove_tree(path);
	}
}

static void remove_tree(const char *path)
{
	char pattern[MAX_PATH];
	WIN32_FIND_DATAA entry;
	HANDLE search;

	snprintf(pattern, sizeof(pattern), "%s\\*", path);
	search = FindFirstFileA(pattern, &entry);
	if (search != INVALID_HANDLE_VALUE) {
		do {
			remove_entry(path, &entry);
		} while (FindNextFileA(search, &entry));
		FindClose(search);
	}
	RemoveDirectoryA(path);
}

void tmpdir_remove(struct tmpdir *dir)
{
	remove_tree(dir->path);
	dir->path[0] = '\0';
}
