/* The endpoints of IIS that load the plug-in. */
#include "ctl/doctor_iis.h"

#include <inttypes.h>

#include "ctl/doctor_plugin.h"
#include "ctl/output.h"
#include "platform/file.h"
#include "platform/installation.h"
#include "platform/paths.h"
#include "platform/user_file.h"

static const char host_file[] = "%windir%\\System32\\inetsrv\\config\\applicationHost.config";

bool doctor_is_ours(const struct iis_plugin *plugin)
{
	static const struct str name = {"wsauthz.dll", 11};
	struct str file = plugin->file_name;
	size_t before = file.length - name.length;

	return file.length >= name.length &&
	       str_equal_ascii_case(str_make(file.ptr + before, name.length), name) &&
	       (before == 0 || file.ptr[before - 1] == '\\' || file.ptr[before - 1] == '/');
}

enum doctor_result doctor_judge_entry(const struct iis_plugin *plugin, const char *path,
				      const char *beside, struct doctor_finding *finding)
{
	struct doctor_verdict verdict = {&finding->detail, DOCTOR_OK};

	buf_printf(&finding->detail, "loads %s", path);
	if (!path_is_absolute(path))
		doctor_add(&verdict, DOCTOR_PROBLEM, "must name the file with its whole path");
	if (!str_equal(plugin->sdk_version, STR("1")))
		doctor_add(&verdict, DOCTOR_PROBLEM, "must say SDKVersion=\"1\"");
	if (!plugin->has_quota)
		doctor_add(&verdict, DOCTOR_WARNING,
			   "does not say SupportsQuota=\"true\", so that quotas of the policy have "
			   "no effect");
	if (!str_equal_ascii_case(str_from(path), str_from(beside)))
		doctor_add(&verdict, DOCTOR_WARNING,
			   "does not load %s, which was installed with "
			   "this program",
			   beside);
	if (verdict.result != DOCTOR_OK)
		buf_append_str(&finding->advice,
			       STR("correct the AuthorizationPlugin element and restart the site"));
	return verdict.result;
}

/* All endpoints; what is told is the worst of them. */
struct survey {
	struct arena arena;
	struct iis_file host;
	uint32_t endpoint_count, unread_count;
	enum doctor_result result;
	struct doctor_finding *worst;
	struct buf unread; /* the first file that could not be read, and why */
};

static void keep(struct survey *survey, enum doctor_result result, struct doctor_finding *finding)
{
	survey->endpoint_count++;
	if (finding->detail.failed != ERR_NONE || finding->advice.failed != ERR_NONE)
		survey->worst->detail.failed = ERR_NO_MEMORY;
	if (result <= survey->result)
		return;
	survey->result = result;
	buf_clear(&survey->worst->detail);
	buf_clear(&survey->worst->advice);
	buf_append_str(&survey->worst->detail, buf_str(&finding->detail));
	buf_append_str(&survey->worst->advice, buf_str(&finding->advice));
}

static void note_unread(struct survey *survey, const char *path, enum error error, struct buf *why)
{
	if (survey->unread_count++ != 0)
		return;
	if (error == ERR_SYNTAX || error == ERR_LIMIT)
		buf_printf(&survey->unread, "%s: ", path);
	if (why->length != 0)
		buf_append_str(&survey->unread, buf_str(why));
	else
		buf_append_str(&survey->unread, str_from(error_text(error)));
}

/* Who can change it can take the plug-in out. */
static bool is_trusted(const char *path, struct buf *why)
{
	bool trusted;
	struct buf text;

	buf_init(&text, IIS_FILE_MAX_BYTES);
	trusted = file_read_trusted(path, IIS_FILE_MAX_BYTES, &text, why) != ERR_INVALID;
	buf_deinit(&text);
	return trusted;
}

static enum doctor_result look_at_file(const char *path, enum pe_machine machine,
				       struct doctor_finding *finding)
{
	struct doctor_finding file;
	enum doctor_result result;
	bool is_there;

	buf_init(&file.detail, DOCTOR_TEXT_MAX);
	buf_init(&file.advice, DOCTOR_TEXT_MAX);
	result = doctor_look_at_library(path, machine, &is_there, &file);
	if (result != DOCTOR_OK) {
		buf_append_str(&finding->detail, STR("; "));
		buf_append_str(&finding->detail, buf_str(&file.detail));
		buf_append_str(&finding->advice, finding->advice.length != 0 ? STR("; ") : STR(""));
		buf_append_str(&finding->advice, buf_str(&file.advice));
	}
	buf_deinit(&file.detail);
	buf_deinit(&file.advice);
	return result;
}

/* An entry of the file `where`. */
static void look_at_entry(struct survey *survey, const char *where, const struct iis_plugin *plugin,
			  bool is_32)
{
	struct buf path, beside, why;
	struct doctor_finding finding;
	enum doctor_result result, of_file;

	buf_init(&path, PLATFORM_PATH_MAX);
	buf_init(&beside, PLATFORM_PATH_MAX);
	buf_init(&why, DOCTOR_TEXT_MAX);
	buf_init(&finding.detail, DOCTOR_TEXT_MAX);
	buf_init(&finding.advice, DOCTOR_TEXT_MAX);
	buf_printf(&finding.detail, "%s:%" PRIu32 ": ", where, plugin->line);
	if (path_expand(plugin->file_name.ptr, &path, &why) != ERR_NONE ||
	    module_beside(is_32 ? "i686\\wsauthz.dll" : "wsauthz.dll", &beside, &why) != ERR_NONE) {
		buf_append_str(&finding.detail, buf_str(&why));
		doctor_not_checked(&finding, "use a shorter path");
		result = DOCTOR_WARNING;
	} else {
		result = doctor_judge_entry(plugin, buf_text(&path), buf_text(&beside), &finding);
		of_file = look_at_file(buf_text(&path), is_32 ? PE_X86 : PE_X64, &finding);
		result = of_file > result ? of_file : result;
		if (!is_trusted(where, &why)) {
			buf_printf(&finding.detail, "; %s", buf_text(&why));
			buf_append_str(&finding.advice, STR("; let only administrators change the "
							    "file, in which the plug-in can be "
							    "taken out"));
			result = DOCTOR_PROBLEM;
		}
	}
	keep(survey, result, &finding);
	buf_deinit(&path);
	buf_deinit(&beside);
	buf_deinit(&why);
	buf_deinit(&finding.detail);
	buf_deinit(&finding.advice);
}

/* Reads one file of either kind; false when there is none, or it cannot be read and that was noted. */
static bool read_file(struct survey *survey, const char *path, struct iis_file *out)
{
	struct buf text, why;
	enum error error;

	buf_init(&text, IIS_FILE_MAX_BYTES);
	buf_init(&why, DOCTOR_TEXT_MAX);
	error = file_read(path, IIS_FILE_MAX_BYTES, &text, &why);
	if (error == ERR_NONE)
		error = iis_read(buf_str(&text), &survey->arena, out, &why);
	if (error != ERR_NONE && error != ERR_NOT_FOUND)
		note_unread(survey, path, error, &why);
	buf_deinit(&text);
	buf_deinit(&why);
	return error == ERR_NONE;
}

static void look_at_directory(struct survey *survey, const struct iis_directory *directory)
{
	struct iis_file file;
	struct buf path, why;
	enum error error;

	buf_init(&path, 2 * PLATFORM_PATH_MAX);
	buf_init(&why, DOCTOR_TEXT_MAX);
	error = path_expand(directory->path.ptr, &path, &why);
	buf_append_str(&path, STR("\\web.config"));
	if (error == ERR_NONE)
		error = path.failed;
	if (error != ERR_NONE)
		note_unread(survey, directory->path.ptr, error, &why);
	else if (read_file(survey, buf_text(&path), &file)) {
		for (uint32_t i = 0; i < file.plugin_count; i++) {
			if (doctor_is_ours(&file.plugins[i]))
				look_at_entry(survey, buf_text(&path), &file.plugins[i],
					      iis_is_32(&survey->host, directory));
		}
	}
	buf_deinit(&path);
	buf_deinit(&why);
}

/* Entries for a location in the host's own file; of the pool only that file's default is known. */
static void look_at_host(struct survey *survey, const char *path)
{
	static const struct iis_directory nowhere = {{"", 0}, {"", 0}};

	for (uint32_t i = 0; i < survey->host.plugin_count; i++) {
		if (doctor_is_ours(&survey->host.plugins[i]))
			look_at_entry(survey, path, &survey->host.plugins[i],
				      iis_is_32(&survey->host, &nowhere));
	}
	for (uint32_t i = 0; i < survey->host.directory_count; i++)
		look_at_directory(survey, &survey->host.directories[i]);
}

static enum doctor_result tell(struct survey *survey, struct doctor_finding *finding)
{
	if (survey->endpoint_count == 0 && survey->unread_count == 0) {
		buf_append_str(&finding->detail, STR("no application of IIS loads wsauthz.dll"));
		buf_append_str(&finding->advice, STR("put web.config into the directory of the "
						     "endpoint, see docs/windows.md"));
		return DOCTOR_WARNING;
	}
	if (survey->result == DOCTOR_OK && survey->unread_count != 0) {
		buf_append_str(&finding->detail, buf_str(&survey->unread));
		doctor_not_checked(finding, "run this command as administrator, and mend the file "
					    "if it is damaged");
		return DOCTOR_WARNING;
	}
	if (survey->result == DOCTOR_OK) {
		output_count(&finding->detail, survey->endpoint_count, "application",
			     "applications");
		buf_append_str(&finding->detail, STR(" of IIS with the plug-in"));
	} else if (survey->endpoint_count > 1) {
		buf_printf(&finding->detail, " (the worst of %" PRIu32 ")", survey->endpoint_count);
	}
	return survey->result;
}

enum doctor_result doctor_look_iis(struct doctor *doctor, struct doctor_finding *finding)
{
	struct survey survey = {.result = DOCTOR_OK, .worst = finding};
	enum doctor_result result = DOCTOR_WARNING;
	struct buf path;
	enum error error;

	(void)doctor;
	buf_init(&path, PLATFORM_PATH_MAX);
	error = path_expand(host_file, &path, &finding->detail);
	if (error == ERR_UNSUPPORTED)
		return DOCTOR_LEFT_OUT;
	arena_init(&survey.arena, 4096, 64 << 20);
	buf_init(&survey.unread, DOCTOR_TEXT_MAX);
	if (error != ERR_NONE) {
		doctor_not_checked(finding, "see what the system says about its directory");
	} else if (read_file(&survey, buf_text(&path), &survey.host)) {
		look_at_host(&survey, buf_text(&path));
		result = tell(&survey, finding);
	} else if (survey.unread_count != 0) {
		buf_append_str(&finding->detail, buf_str(&survey.unread));
		doctor_not_checked(finding, "run this command as administrator");
	} else {
		buf_printf(&finding->detail, "there is no IIS on this machine (%s)",
			   buf_text(&path));
		doctor_not_checked(finding,
				   "install WinRM IIS Extension where the endpoint is to be");
	}
	buf_deinit(&survey.unread);
	arena_deinit(&survey.arena);
	buf_deinit(&path);
	return result;
}
