/* The plug-in's DLL and the daemon's program as they are installed. */
#include "ctl/doctor_plugin.h"

#include "platform/installation.h"
#include "platform/paths.h"

static bool lists(const char *const *names, struct str name)
{
	for (; *names != NULL; names++) {
		if (str_equal(str_from(*names), name))
			return true;
	}
	return false;
}

/* Names of DLLs have no case. */
static bool may_load(struct str name)
{
	for (const char *const *known = plugin_imports; *known != NULL; known++) {
		if (str_equal_ascii_case(str_from(*known), name))
			return true;
	}
	return false;
}

static bool has_export(const struct pe *pe, struct str name)
{
	for (size_t i = 0; i < pe->export_count; i++) {
		if (str_equal(pe->exports[i], name))
			return true;
	}
	return false;
}

static void compare_exports(const struct pe *pe, struct doctor_verdict *verdict)
{
	for (const char *const *name = plugin_exports; *name != NULL; name++) {
		if (!has_export(pe, str_from(*name)))
			doctor_add(verdict, DOCTOR_PROBLEM, "does not export %s", *name);
	}
	for (size_t i = 0; i < pe->export_count; i++) {
		if (!lists(plugin_exports, pe->exports[i]))
			doctor_add(verdict, DOCTOR_PROBLEM, "exports %.*s",
				   STR_ARGS(pe->exports[i]));
	}
	if (pe->function_count > pe->export_count)
		doctor_add(verdict, DOCTOR_PROBLEM, "exports functions without a name");
	if (pe->forwards)
		doctor_add(verdict, DOCTOR_PROBLEM, "exports functions of another DLL");
}

enum doctor_result doctor_judge_library(const struct pe *pe, enum pe_machine machine,
					struct doctor_finding *finding)
{
	struct doctor_verdict verdict = {&finding->detail, DOCTOR_OK};

	buf_printf(&finding->detail, "%s, %s", pe->is_dll ? "a DLL" : "a program",
		   pe_machine_text(pe->machine));
	if (!pe->is_dll)
		doctor_add(&verdict, DOCTOR_PROBLEM, "must be a DLL");
	if (pe->machine != machine)
		doctor_add(&verdict, DOCTOR_PROBLEM, "must be for %s",
			   pe_machine_text((uint16_t)machine));
	compare_exports(pe, &verdict);
	for (size_t i = 0; i < pe->import_count; i++) {
		if (!may_load(pe->imports[i]))
			doctor_add(&verdict, DOCTOR_PROBLEM, "loads %.*s",
				   STR_ARGS(pe->imports[i]));
	}
	if (!pe->can_move)
		doctor_add(&verdict, DOCTOR_PROBLEM, "is always at the same place in memory");
	if (!pe->runs_no_data)
		doctor_add(&verdict, DOCTOR_PROBLEM, "may run its data");
	if (verdict.result == DOCTOR_OK) {
		buf_append_str(&finding->detail,
			       STR(", exports and loads what it must and no more"));
		return DOCTOR_OK;
	}
	buf_append_str(&finding->advice,
		       STR("take the plug-in out of web.config until you know whose file this is, "
			   "then install wsauthz again"));
	return DOCTOR_PROBLEM;
}

enum doctor_result doctor_judge_program(const struct pe *pe, struct doctor_finding *finding)
{
	buf_printf(&finding->detail, "%s, %s", pe->is_dll ? "a DLL" : "a program",
		   pe_machine_text(pe->machine));
	if (!pe->is_dll)
		return DOCTOR_OK;
	buf_append_str(&finding->detail, STR(", but it must be a program"));
	buf_append_str(&finding->advice, STR("install wsauthz again"));
	return DOCTOR_PROBLEM;
}

/* Reads what stands at a path, for one of the rules above. False with the result when that is all
 * there is to say. */
static bool read_module(const char *path, struct buf *image, struct pe *pe, bool *is_there,
			enum doctor_result *result, struct doctor_finding *finding)
{
	struct buf *detail = &finding->detail, *advice = &finding->advice;
	enum error error = module_read(path, DOCTOR_PROGRAM_MAX_BYTES, image, detail);

	*is_there = error != ERR_NOT_FOUND;
	*result = DOCTOR_PROBLEM;
	if (error == ERR_NONE) {
		buf_printf(detail, "%s: ", path);
		if (pe_read(buf_str(image), pe, detail) == ERR_NONE)
			return true;
		buf_append_str(advice, STR("install wsauthz again"));
	} else if (error == ERR_DENIED || error == ERR_BUSY) {
		doctor_not_checked(finding, "run this command as administrator");
		*result = DOCTOR_WARNING;
	} else if (error == ERR_NOT_FOUND) {
		buf_append_str(advice, STR("install wsauthz again"));
	} else {
		buf_append_str(advice, STR("nobody but administrators, the system and the service "
					   "may be able to change or replace the file; mend that, "
					   "then install wsauthz again"));
	}
	return false;
}

enum doctor_result doctor_look_at_library(const char *path, enum pe_machine machine, bool *is_there,
					  struct doctor_finding *finding)
{
	enum doctor_result result;
	struct buf image;
	struct pe pe;

	buf_init(&image, DOCTOR_PROGRAM_MAX_BYTES);
	if (read_module(path, &image, &pe, is_there, &result, finding))
		result = doctor_judge_library(&pe, machine, finding);
	buf_deinit(&image);
	return result;
}

enum doctor_result doctor_look_at_program(const char *path, struct doctor_finding *finding)
{
	enum doctor_result result;
	struct buf image;
	bool is_there;
	struct pe pe;

	buf_init(&image, DOCTOR_PROGRAM_MAX_BYTES);
	if (read_module(path, &image, &pe, &is_there, &result, finding))
		result = doctor_judge_program(&pe, finding);
	buf_deinit(&image);
	return result;
}

/* The DLL in the directory of this program. */
static enum doctor_result look_beside(const char *name, enum pe_machine machine, bool *is_there,
				      struct doctor_finding *finding)
{
	enum doctor_result result = DOCTOR_LEFT_OUT;
	enum error error;
	struct buf path;

	*is_there = true;
	buf_init(&path, PLATFORM_PATH_MAX);
	error = module_beside(name, &path, &finding->detail);
	if (error == ERR_NONE) {
		result = doctor_look_at_library(buf_text(&path), machine, is_there, finding);
	} else if (error != ERR_UNSUPPORTED) {
		doctor_not_checked(finding, "move the programs to a place with a shorter path");
		result = DOCTOR_WARNING;
	}
	buf_deinit(&path);
	return result;
}

enum doctor_result doctor_look_library(struct doctor *doctor, struct doctor_finding *finding)
{
	bool is_there;

	(void)doctor;
	return look_beside("wsauthz.dll", PE_X64, &is_there, finding);
}

enum doctor_result doctor_look_library32(struct doctor *doctor, struct doctor_finding *finding)
{
	bool is_there;
	enum doctor_result result = look_beside("i686\\wsauthz.dll", PE_X86, &is_there, finding);

	/* Only application pools of 32 bits need it; doctor_look_endpoints() knows of them. */
	(void)doctor;
	return is_there ? result : DOCTOR_LEFT_OUT;
}
