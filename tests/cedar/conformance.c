/*
 * cedar-conformance DIR: runs the engine over the Cedar conformance data in DIR and compares.
 * Prints a line for each folder of the data, one for each case that failed, and the sum at the end.
 * Exit status 1 when a case failed, 0 when none did or DIR holds no data.
 */
#include "conformance.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"

enum { PATH_BYTES = 4096 };

/* What is run when its folder is there, and what its line is called. */
static const struct {
	const char *folder;
	void (*run)(struct run *run);
	const char *name; /* NULL: as the folder */
} folders[] = {
	{"corpus-tests", conformance_corpus_tests, NULL},
	{"corpus-tests", conformance_merged, "merged"},
	{"corpus-validation", conformance_corpus_validation, NULL},
	{"corpus-json-schemas", conformance_corpus_json_schemas, NULL},
	{"multi-policy", conformance_sets, NULL},
	{"templates", conformance_sets, NULL},
	{"edge", conformance_edge, NULL},
	{"validation-cases", conformance_validation_cases, NULL},
	{"strict-cases", conformance_strict_cases, NULL},
	{"entity-parsing", conformance_entity_parsing, NULL},
	{"handwritten", conformance_handwritten, NULL},
};

struct hash_key run_key(void)
{
	return (struct hash_key){0x0706050403020100, 0x0f0e0d0c0b0a0908};
}

void run_case(struct run *run, const char *label)
{
	arena_deinit(&run->arena);
	arena_init(&run->arena, 1 << 16, SIZE_MAX);
	snprintf(run->label, sizeof(run->label), "%s", label);
	run->case_failed = false;
}

void run_case_end(struct run *run)
{
	if (run->case_failed)
		run->failed++;
	else
		run->passed++;
}

void run_fail(struct run *run, const char *format, ...)
{
	va_list args;

	if (run->case_failed)
		return;
	run->case_failed = true;
	printf("FAILED %s/%s: ", run->folder, run->label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void run_fail_diags(struct run *run, const char *what, const struct cedar_diags *diags)
{
	struct buf text;

	if (run->case_failed)
		return;
	buf_init(&text, SIZE_MAX);
	for (const struct cedar_diag *diag = diags->first; diag != NULL; diag = diag->next)
		cedar_diag_print(&text, diag);
	run_fail(run, "%s\n%s", what, buf_text(&text));
	buf_deinit(&text);
}

bool run_read(struct run *run, struct str *text, const char *format, ...)
{
	char name[PATH_BYTES], path[2 * PATH_BYTES];
	va_list args;
	struct stat status;
	char *content = NULL;
	FILE *file;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", run->root, name);
	file = fopen(path, "rb");
	if (file != NULL && fstat(fileno(file), &status) == 0)
		content = arena_alloc(&run->arena, (size_t)status.st_size + 1);
	if (content == NULL ||
	    fread(content, 1, (size_t)status.st_size, file) != (size_t)status.st_size) {
		run_fail(run, "cannot read %s", path);
		content = NULL;
	} else {
		*text = str_make(content, (size_t)status.st_size);
	}
	if (file != NULL)
		fclose(file);
	return content != NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in the folder that end in `suffix`, without it; the caller frees them. */
static char **list_names(const struct run *run, const char *subfolder, const char *suffix,
			 size_t *count)
{
	char path[PATH_BYTES];
	struct dirent *entry;
	char **names = NULL;
	DIR *dir;

	*count = 0;
	snprintf(path, sizeof(path), "%s/%s", run->root, subfolder);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t length = strlen(entry->d_name), cut = strlen(suffix);
		char **grown;

		if (length < cut || strcmp(entry->d_name + length - cut, suffix) != 0)
			continue;
		grown = mem_resize(names, *count + 1, sizeof(*names));
		if (grown == NULL)
			abort();
		names = grown;
		names[(*count)++] = mem_copy_text(entry->d_name, length - cut);
	}
	if (dir != NULL)
		closedir(dir);
	if (*count != 0)
		qsort(names, *count, sizeof(*names), compare_names);
	return names;
}

void run_each(struct run *run, const char *subfolder, const char *suffix,
	      bool (*wanted)(const char *name), void (*one)(struct run *run, const char *name))
{
	size_t count;
	char **names = list_names(run, subfolder, suffix, &count);

	run->subfolder = subfolder;
	for (size_t i = 0; i < count; i++) {
		if (wanted == NULL || wanted(names[i])) {
			run_case(run, names[i]);
			one(run, names[i]);
			run_case_end(run);
		}
		mem_free(names[i]);
	}
	mem_free(names);
}

static bool is_folder(const char *root, const char *folder)
{
	char path[PATH_BYTES];
	struct stat status;
	int length = snprintf(path, sizeof(path), "%s/%s", root, folder);

	return length > 0 && (size_t)length < sizeof(path) && stat(path, &status) == 0 &&
	       S_ISDIR(status.st_mode);
}

void run_each_folder(struct run *run, const char *parent,
		     void (*one)(struct run *run, const char *path))
{
	size_t count;
	char **names = list_names(run, parent, "", &count);

	for (size_t i = 0; i < count; i++) {
		char path[PATH_BYTES];

		snprintf(path, sizeof(path), "%s/%s", parent, names[i]);
		if (names[i][0] != '.' && is_folder(run->root, path))
			one(run, path);
		mem_free(names[i]);
	}
	mem_free(names);
}

int main(int argc, char **argv)
{
	uint32_t passed = 0, failed = 0, found = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: cedar-conformance DIR\n");
		return 2;
	}
	for (size_t i = 0; i < ARRAY_COUNT(folders); i++) {
		struct run run = {.root = argv[1], .folder = folders[i].folder};
		const char *name = folders[i].name != NULL ? folders[i].name : folders[i].folder;

		if (!is_folder(argv[1], folders[i].folder))
			continue;
		found++;
		arena_init(&run.arena, 1 << 16, SIZE_MAX);
		folders[i].run(&run);
		arena_deinit(&run.arena);
		printf("%s: %u passed, %u failed\n", name, (unsigned)run.passed,
		       (unsigned)run.failed);
		fflush(stdout);
		passed += run.passed;
		failed += run.failed;
	}
	if (found == 0) {
		printf("skipped: no Cedar conformance data in %s\n", argv[1]);
		return 0;
	}
	printf("%u passed, %u failed\n", (unsigned)passed, (unsigned)failed);
	return failed == 0 ? 0 : 1;
}
