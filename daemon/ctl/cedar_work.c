#include "ctl/cedar_work.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cedar/diag.h"
#include "cedar/json_member.h"
#include "ctl/cedar_links.h"
#include "ctl/diagnostics.h"
#include "ctl/output.h"
#include "platform/process.h"
#include "platform/user_file.h"

/* Whether the value of a format option, NULL for the default, is "json". */
static bool read_format(const char *option, const char *value, bool *is_json)
{
	*is_json = value != NULL && strcmp(value, "json") == 0;
	if (value == NULL || *is_json || strcmp(value, "cedar") == 0)
		return true;
	output_error("%s: '%s' is neither cedar nor json", option, value);
	return false;
}

enum ctl_exit cedar_work_init(struct cedar_work *work, const struct cedar_files *files)
{
	struct hash_key key;
	bool schema_is_json;
	enum error error;

	*work = (struct cedar_work){.files = files};
	arena_init(&work->arena, 64 * 1024, SIZE_MAX);
	cedar_diags_init(&work->diags);
	if (!read_format("--policy-format", files->policy_format, &work->policies_are_json) ||
	    !read_format("--schema-format", files->schema_format, &schema_is_json))
		return CTL_USAGE;
	work->schema_syntax = schema_is_json ? CEDAR_SCHEMA_JSON : CEDAR_SCHEMA_TEXT;
	error = platform_random(&key, sizeof(key));
	if (error == ERR_NONE)
		error = cedar_engine_new(NULL, key, &work->engine);
	if (error != ERR_NONE)
		output_error("%s", error_text(error));
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

void cedar_work_deinit(struct cedar_work *work)
{
	cedar_engine_free(work->engine);
	cedar_schema_free(work->schema);
	cedar_diags_deinit(&work->diags);
	arena_deinit(&work->arena);
}

bool cedar_work_check(struct cedar_work *work, const char *what, enum error error)
{
	if (error == ERR_NO_MEMORY || (error != ERR_NONE && cedar_work_good(work)))
		diag_report_source(&work->diags, CEDAR_ERROR, str_from(what), "%s",
				   error_text(error));
	return error == ERR_NONE;
}

bool cedar_work_check_why(struct cedar_work *work, const char *what, enum error error,
			  const struct buf *why)
{
	struct buf safe;

	if (error == ERR_NONE)
		return true;
	buf_init(&safe, SIZE_MAX);
	log_escape(&safe, buf_str(why));
	diag_report_source(&work->diags, CEDAR_ERROR, str_from(what), "%s", buf_text(&safe));
	buf_deinit(&safe);
	return false;
}

bool cedar_work_read(struct cedar_work *work, const char *option, const char *path,
		     struct source *out)
{
	struct str name = path != NULL ? str_from(path) : STR("<stdin>"), copy;
	struct buf text, why;
	bool good;

	buf_init(&text, CEDAR_WORK_FILE_BYTES);
	buf_init(&why, CEDAR_WORK_WHY_BYTES);
	good = cedar_work_check_why(work, option,
				    file_read(path, CEDAR_WORK_FILE_BYTES, &text, &why), &why);
	if (good) {
		copy = arena_copy(&work->arena, buf_str(&text));
		good = cedar_work_check(work, option,
					copy.ptr != NULL
						? source_init(out, &work->arena, name, copy)
						: ERR_NO_MEMORY);
	}
	buf_deinit(&text);
	buf_deinit(&why);
	return good;
}

bool cedar_work_policies(struct cedar_work *work)
{
	const struct cedar_files *files = work->files;
	struct source *source = &work->policies, links;
	enum error error;

	if (!cedar_work_read(work, "--policies", files->policies, source))
		return false;
	if (work->policies_are_json)
		error = cedar_engine_add_policy_set(work->engine, source->name, source->text,
						    &work->diags);
	else
		error = cedar_engine_add_policies(work->engine, source->name, source->text,
						  CEDAR_IDS_AS_TOOL, &work->diags);
	if (!cedar_work_check(work, "--policies", error))
		return false;
	if (files->template_linked == NULL)
		return true;
	if (!cedar_work_read(work, "--template-linked", files->template_linked, &links))
		return false;
	error = cedar_links_add(work->engine, &work->arena, &links, &work->diags);
	return cedar_work_check(work, "--template-linked", error);
}

bool cedar_work_schema(struct cedar_work *work)
{
	struct source source;

	if (work->files->schema == NULL)
		return true;
	if (!cedar_work_read(work, "--schema", work->files->schema, &source))
		return false;
	return cedar_work_check(work, "--schema",
				cedar_schema_read(source.name, source.text, work->schema_syntax,
						  &work->diags, &work->schema));
}

bool cedar_work_entities(struct cedar_work *work)
{
	struct source source;

	if (work->files->entities == NULL)
		return true;
	if (!cedar_work_read(work, "--entities", work->files->entities, &source))
		return false;
	return cedar_work_check(work, "--entities",
				cedar_engine_add_entities(work->engine, work->schema, source.name,
							  source.text, &work->diags));
}

bool cedar_work_seal(struct cedar_work *work)
{
	enum error error = ERR_NONE;

	if (!cedar_work_good(work))
		return false;
	if (work->schema != NULL)
		error = cedar_engine_add_actions(work->engine, work->schema, &work->diags);
	if (error == ERR_NONE)
		error = cedar_engine_seal(work->engine, &work->diags);
	return cedar_work_check(work, "wsauthzctl", error);
}

void cedar_work_print(const struct cedar_work *work)
{
	uint32_t left = work->diags.error_count + work->diags.warning_count;
	struct buf text;

	buf_init(&text, SIZE_MAX);
	for (const struct cedar_diag *diag = work->diags.first; diag != NULL; diag = diag->next) {
		cedar_diag_print(&text, diag);
		left--;
	}
	if (left != 0)
		buf_printf(&text, "and %u more\n", (unsigned)left);
	fputs(buf_text(&text), stderr);
	buf_deinit(&text);
}

static void print_json(const struct cedar_work *work, bool valid)
{
	struct json_writer json;
	struct buf line;

	buf_init(&line, SIZE_MAX);
	json = json_write_to(&line);
	json_write_object(&json);
	json_member_bool(&json, "valid", valid);
	json_member_u64(&json, "errors", work->diags.error_count);
	json_member_u64(&json, "warnings", work->diags.warning_count);
	json_member_array(&json, "diagnostics");
	for (const struct cedar_diag *diag = work->diags.first; diag != NULL; diag = diag->next)
		diagnostic_json(&json, diag);
	json_write_array_end(&json);
	json_write_object_end(&json);
	output_line(&line);
	buf_deinit(&line);
}

static void print_verdict(const struct cedar_work *work, bool valid)
{
	unsigned errors = work->diags.error_count, warnings = work->diags.warning_count;

	printf("%s", valid ? "valid" : "NOT valid");
	if (errors != 0 || warnings != 0)
		printf(": %u error%s, %u warning%s", errors, errors == 1 ? "" : "s", warnings,
		       warnings == 1 ? "" : "s");
	printf("\n");
}

enum ctl_exit cedar_work_report(const struct cedar_work *work, const struct ctl *ctl,
				bool deny_warnings)
{
	bool valid = cedar_work_good(work) && !(deny_warnings && work->diags.warning_count != 0);

	if (ctl->json) {
		print_json(work, valid);
	} else {
		cedar_work_print(work);
		print_verdict(work, valid);
	}
	return valid ? CTL_DONE : CTL_INVALID;
}

enum ctl_exit cedar_work_fail(const struct cedar_work *work, const struct ctl *ctl)
{
	if (ctl->json)
		print_json(work, false);
	else
		cedar_work_print(work);
	return CTL_INVALID;
}
