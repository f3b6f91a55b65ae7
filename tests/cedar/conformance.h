/* What the parts of the conformance runner share: one run over the folders of the data. */
#ifndef TESTS_CEDAR_CONFORMANCE_H
#define TESTS_CEDAR_CONFORMANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/hash.h"
#include "base/str.h"
#include "cedar/cedar.h"

/* One run. A case fails with its first difference and is counted once. */
struct run {
	const char *root;      /* folder of the data */
	const char *folder;    /* of the data, the one being run */
	const char *subfolder; /* the one run_each() is in */
	struct arena arena;    /* emptied before each case */
	uint32_t passed, failed;
	char label[512]; /* of the case */
	bool case_failed;
};

/* A key for tables over trusted data. */
struct hash_key run_key(void);

/* Begins a case; `label` tells it from others of the folder. */
void run_case(struct run *run, const char *label);
/* Counts the case. */
void run_case_end(struct run *run);

/* Marks the case as failed and prints what differed, on the first call only. */
void run_fail(struct run *run, const char *format, ...) ATTR_PRINTF(2, 3);

/* The same with the diagnostics that were not expected. */
void run_fail_diags(struct run *run, const char *what, const struct cedar_diags *diags);

/* Runs `one` for each file of a folder below the root whose name ends in `suffix`, in the order of
 * the names; `name` is without the suffix. `wanted`, which may be NULL, chooses among the names. */
void run_each(struct run *run, const char *subfolder, const char *suffix,
	      bool (*wanted)(const char *name), void (*one)(struct run *run, const char *name));

/* Runs `one` for each folder in a folder below the root; `path` is below the root, too. */
void run_each_folder(struct run *run, const char *parent,
		     void (*one)(struct run *run, const char *path));

/* The content of a file below the root, in the arena of the case; false, and the case failed, when
 * it cannot be read. */
bool run_read(struct run *run, struct str *text, const char *format, ...) ATTR_PRINTF(3, 4);

/* The folders. */
void conformance_corpus_json_schemas(struct run *run);
void conformance_corpus_tests(struct run *run);
void conformance_corpus_validation(struct run *run);
void conformance_edge(struct run *run);
void conformance_entity_parsing(struct run *run);
void conformance_handwritten(struct run *run);
void conformance_merged(struct run *run);
void conformance_sets(struct run *run);
void conformance_strict_cases(struct run *run);
void conformance_validation_cases(struct run *run);

#endif
