/*
 * What the cedar commands share: the files that a person names, read into a schema and an engine,
 * and the diagnostics about them. The daemon is not asked.
 */
#ifndef CTL_CEDAR_WORK_H
#define CTL_CEDAR_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "cedar/cedar.h"
#include "cedar/source.h"
#include "ctl/ctl.h"

enum {
	CEDAR_WORK_FILE_BYTES = 64 << 20, /* of one file; the engine has limits of its own */
	CEDAR_WORK_WHY_BYTES = 8192,
};

/* Options that name files. The struct of a command's options begins with this one, so that the rows
 * below fit every command's table. */
struct cedar_files {
	const char *policies; /* NULL: standard input */
	const char *policy_format;
	const char *template_linked;
	const char *schema;
	const char *schema_format;
	const char *entities;
};

#define CEDAR_FILES_ROW(name, member, value, help)                                                 \
	{                                                                                          \
		name, ARG_TEXT, offsetof(struct cedar_files, member), value, help                  \
	}
#define CEDAR_FILES_POLICIES                                                                       \
	CEDAR_FILES_ROW("-p, --policies", policies, "FILE",                                        \
			"policies and templates (default: standard input)")
#define CEDAR_FILES_POLICY_FORMAT                                                                  \
	CEDAR_FILES_ROW("--policy-format", policy_format, "cedar|json",                            \
			"Cedar text, or a policy set in JSON (default cedar)")
#define CEDAR_FILES_TEMPLATE_LINKED                                                                \
	CEDAR_FILES_ROW("-k, --template-linked", template_linked, "FILE",                          \
			"links that make templates into policies, in JSON")
#define CEDAR_FILES_SCHEMA CEDAR_FILES_ROW("-s, --schema", schema, "FILE", "the schema")
#define CEDAR_FILES_SCHEMA_FORMAT                                                                  \
	CEDAR_FILES_ROW("--schema-format", schema_format, "cedar|json",                            \
			"Cedar schema syntax, or JSON (default cedar)")
#define CEDAR_FILES_ENTITIES CEDAR_FILES_ROW("--entities", entities, "FILE", "entities, in JSON")

struct cedar_work {
	const struct cedar_files *files;
	bool policies_are_json;
	enum cedar_schema_syntax schema_syntax;
	struct arena arena; /* of the texts, and of what is read from them */
	struct cedar_diags diags;
	struct source policies; /* once they are read */
	struct cedar_schema *schema;
	struct cedar_engine *engine;
};

/* Borrows `files`. CTL_USAGE when a format is not one, CTL_INVALID when memory or randomness is
 * short; both after a message. Deinit it in any case. */
enum ctl_exit cedar_work_init(struct cedar_work *work,
			      const struct cedar_files *files) ATTR_MUST_CHECK;
void cedar_work_deinit(struct cedar_work *work);

/* True as long as no diagnostic is an error. */
static inline bool cedar_work_good(const struct cedar_work *work)
{
	return work->diags.error_count == 0;
}

/* The functions below return false after a diagnostic of what was wrong. A command calls them one
 * after the other, whatever went wrong before, so that it can tell all mistakes at once. */

/* Reads a file, NULL for standard input, that the command line named with `option`. */
bool cedar_work_read(struct cedar_work *work, const char *option, const char *path,
		     struct source *out);

/* Reads the policies and the links into the engine. */
bool cedar_work_policies(struct cedar_work *work);

/* Reads the schema, if one is named. */
bool cedar_work_schema(struct cedar_work *work);

/* Reads the entities, if they are named, as the schema says, if there is one. */
bool cedar_work_entities(struct cedar_work *work);

/* Ends building the engine; false, too, when there was an error before. */
bool cedar_work_seal(struct cedar_work *work);

/* True for ERR_NONE. Makes a diagnostic about `what` of an error that has none yet, such as the want
 * of memory. */
bool cedar_work_check(struct cedar_work *work, const char *what, enum error error);

/* The same for functions of platform, which leave a sentence in `why`. */
bool cedar_work_check_why(struct cedar_work *work, const char *what, enum error error,
			  const struct buf *why);

/* Prints the diagnostics to stderr, as people read them. */
void cedar_work_print(const struct cedar_work *work);

/* Says on stdout whether all was valid: one JSON object with the diagnostics, or for people a line,
 * with the diagnostics on stderr. Warnings do no harm unless `deny_warnings`. CTL_DONE or
 * CTL_INVALID. */
enum ctl_exit cedar_work_report(const struct cedar_work *work, const struct ctl *ctl,
				bool deny_warnings);

/* For commands whose output is something else: the diagnostics of a failure, as JSON as above, else
 * on stderr only. CTL_INVALID. */
enum ctl_exit cedar_work_fail(const struct cedar_work *work, const struct ctl *ctl);

#endif
