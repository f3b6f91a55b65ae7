/*
 * Reading a tree: the directories stay open while their files are read, so that nobody can put others
 * in their place, and each file is open for nobody else to write.
 */
#include "platform/system_win32.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "platform/file.h"
#include "platform/file_win32.h"
#include "platform/paths.h"
#include "platform/security_win32.h"
#include "platform/tree.h"
#include "platform/tree_draft.h"

enum { SHOWN_BYTES = 8 * MAX_PATH };

struct tree_reader {
	struct tree_draft draft;
	const char *top;
	const char *prefix; /* of the directory that is being read */
	struct buf *why;
};

static enum error check_links(HANDLE handle, const char *name, struct buf *why)
{
	BY_HANDLE_FILE_INFORMATION info;

	if (!GetFileInformationByHandle(handle, &info))
		return why_win32(why, name, "examine", GetLastError());
	if (info.nNumberOfLinks != 1)
		return why_error(why, ERR_INVALID,
				 "%s: has %lu names (hard links); only one is allowed", name,
				 (unsigned long)info.nNumberOfLinks);
	return ERR_NONE;
}

static enum error read_content(struct tree_reader *reader, HANDLE handle, const char *name)
{
	struct tree_draft *draft = &reader->draft;
	enum error error;
	size_t size = 0;
	char *text;

	error = file_check(handle, name, draft->options->max_file_bytes, &size, reader->why);
	if (error == ERR_NONE)
		error = check_links(handle, name, reader->why);
	if (error == ERR_NONE)
		error = tree_draft_add(draft, name, size, &text, reader->why);
	if (error == ERR_NONE)
		error = file_read_exactly(handle, name, text, size, reader->why);
	return error;
}

/* Opens "TOP\NAME", or the top itself for "". */
static HANDLE open_below(const struct tree_reader *reader, const char *name, enum error *error)
{
	HANDLE handle = INVALID_HANDLE_VALUE;
	struct buf path;
	wchar_t *wide;

	buf_init(&path, PLATFORM_PATH_MAX + SHOWN_BYTES);
	buf_append_str(&path, str_from(reader->top));
	if (name[0] != '\0')
		buf_printf(&path, "\\%s", name);
	wide = path.failed == ERR_NONE ? wide_new(buf_str(&path)) : NULL;
	buf_deinit(&path);
	if (wide == NULL) {
		*error = tree_out_of_memory(reader->why);
		return handle;
	}
	handle = file_open_quiet(wide, name[0] != '\0' ? name : reader->top, error, reader->why);
	mem_free(wide);
	return handle;
}

/* One entry of the directory that is being read; for directory_list_names(). */
static enum error read_entry(void *arg, const char *entry)
{
	struct tree_reader *reader = arg;
	enum error error = ERR_NONE;
	char shown[SHOWN_BYTES];
	HANDLE file;

	snprintf(shown, sizeof(shown), "%s%s%s", reader->prefix,
		 reader->prefix[0] != '\0' ? "/" : "", entry);
	if (!tree_draft_wants(&reader->draft, shown))
		return ERR_NONE;
	error = tree_draft_check_count(&reader->draft, shown, reader->why);
	if (error != ERR_NONE)
		return error;
	file = open_below(reader, shown, &error);
	if (error != ERR_NONE)
		return error;
	error = read_content(reader, file, shown);
	CloseHandle(file);
	return error;
}

static enum error read_directory(struct tree_reader *reader, const char *name)
{
	size_t said = reader->why->length;
	struct buf path;
	enum error error;

	buf_init(&path, PLATFORM_PATH_MAX + SHOWN_BYTES);
	buf_printf(&path, "%s%s%s", reader->top, name[0] != '\0' ? "\\" : "", name);
	reader->prefix = name;
	error = directory_list_names(buf_text(&path), read_entry, reader);
	buf_deinit(&path);
	if (error != ERR_NONE && reader->why->length == said)
		return why_error(reader->why, error, "%s: cannot list the directory: %s", name,
				 error_text(error));
	return error;
}

static bool is_missing(const struct tree_reader *reader, const char *name)
{
	struct buf path;
	wchar_t *wide;
	bool missing;

	buf_init(&path, PLATFORM_PATH_MAX + SHOWN_BYTES);
	buf_printf(&path, "%s\\%s", reader->top, name);
	wide = wide_new(buf_str(&path));
	missing = wide != NULL && GetFileAttributesW(wide) == INVALID_FILE_ATTRIBUTES &&
		  GetLastError() == ERROR_FILE_NOT_FOUND;
	mem_free(wide);
	buf_deinit(&path);
	return missing;
}

static enum error read_subdirectory(struct tree_reader *reader, const char *name)
{
	enum error error = ERR_NONE;
	HANDLE directory;

	if (name[0] == '\0')
		return read_directory(reader, name);
	if (is_missing(reader, name))
		return ERR_NONE;
	directory = open_below(reader, name, &error);
	if (error == ERR_NONE)
		error = directory_check(directory, name, reader->why);
	if (error == ERR_NONE)
		error = read_directory(reader, name);
	close_handle(directory);
	return error;
}

enum error tree_read(const char *path, const struct tree_options *options, struct tree *out,
		     struct buf *why)
{
	struct tree_reader reader = {.top = path, .why = why};
	enum error error = ERR_NONE;
	HANDLE top;

	tree_draft_init(&reader.draft, options);
	top = open_below(&reader, "", &error);
	if (error == ERR_NONE)
		error = directory_check(top, path, why);
	if (error == ERR_NONE)
		error = security_check_ancestors(top, path, why);
	for (size_t i = 0; error == ERR_NONE && i < options->subdirectory_count; i++)
		error = read_subdirectory(&reader, options->subdirectories[i]);
	close_handle(top);
	return tree_draft_end(&reader.draft, error, out);
}
