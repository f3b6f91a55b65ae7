#include "platform/system_win32.h"

#include <fcntl.h>
#include <io.h>
#include <ntsecapi.h>
#include <shellapi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "platform/process.h"

enum {
	RANDOM_CHUNK_BYTES = 1 << 20,
	CLOSED_CONSOLE_SIGNAL = 1, /* as libuv numbers the end of the console: SIGHUP */
};

enum error platform_random(void *out, size_t length)
{
	unsigned char *next = out;

	while (length != 0) {
		ULONG chunk = length < RANDOM_CHUNK_BYTES ? (ULONG)length : RANDOM_CHUNK_BYTES;

		if (!RtlGenRandom(next, chunk))
			return ERR_IO;
		next += chunk;
		length -= chunk;
	}
	return ERR_NONE;
}

/* A service has no standard streams; a file that took the place of one would be written to by
 * whatever believes that it prints. */
static enum error fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		int null;

		if (_get_osfhandle(fd) >= 0)
			continue;
		null = _open("NUL", _O_RDWR | _O_BINARY | _O_NOINHERIT);
		if (null < 0)
			return ERR_IO;
		if (null != fd) {
			int failed = _dup2(null, fd);

			_close(null);
			if (failed != 0)
				return ERR_IO;
		}
	}
	return ERR_NONE;
}

/* What older systems do not have is left out. */
static void apply_mitigations(void)
{
	PROCESS_MITIGATION_EXTENSION_POINT_DISABLE_POLICY extensions;
	PROCESS_MITIGATION_DYNAMIC_CODE_POLICY code;
	PROCESS_MITIGATION_IMAGE_LOAD_POLICY images;

	memset(&extensions, 0, sizeof(extensions));
	memset(&code, 0, sizeof(code));
	memset(&images, 0, sizeof(images));
	extensions.DisableExtensionPoints = 1;
	code.ProhibitDynamicCode = 1;
	images.NoRemoteImages = 1;
	images.NoLowMandatoryLabelImages = 1;
	images.PreferSystem32Images = 1;
	(void)SetProcessMitigationPolicy(ProcessExtensionPointDisablePolicy, &extensions,
					 sizeof(extensions));
	(void)SetProcessMitigationPolicy(ProcessDynamicCodePolicy, &code, sizeof(code));
	(void)SetProcessMitigationPolicy(ProcessImageLoadPolicy, &images, sizeof(images));
}

enum error process_harden(bool allow_debugger)
{
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
	(void)HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0);
	if (!SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32))
		return ERR_UNSUPPORTED;
	if (!allow_debugger)
		apply_mitigations();
	return fill_standard_descriptors();
}

static char *utf8_new(const wchar_t *text)
{
	int bytes = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
	char *copy = bytes > 0 ? mem_alloc((size_t)bytes) : NULL;

	if (copy != NULL &&
	    WideCharToMultiByte(CP_UTF8, 0, text, -1, copy, bytes, NULL, NULL) != bytes) {
		mem_free(copy);
		return NULL;
	}
	return copy;
}

/* The arguments are never freed: they live as long as the process. */
enum error process_arguments(int *argc, char ***argv)
{
	wchar_t **wide;
	char **arguments;
	int count;

	for (int fd = 0; fd <= 2; fd++)
		(void)_setmode(fd, _O_BINARY);
	(void)SetConsoleOutputCP(CP_UTF8);
	wide = CommandLineToArgvW(GetCommandLineW(), &count);
	if (wide == NULL)
		return ERR_NO_MEMORY;
	arguments = mem_calloc((size_t)count + 1, sizeof(*arguments));
	for (int i = 0; arguments != NULL && i < count; i++) {
		arguments[i] = utf8_new(wide[i]);
		if (arguments[i] == NULL) {
			LocalFree(wide);
			return ERR_NO_MEMORY;
		}
	}
	LocalFree(wide);
	if (arguments == NULL)
		return ERR_NO_MEMORY;
	*argc = count;
	*argv = arguments;
	return ERR_NONE;
}

const int process_stop_signals[PROCESS_STOP_SIGNALS_MAX] = {SIGINT, SIGBREAK, CLOSED_CONSOLE_SIGNAL,
							    0};
const int process_reload_signal = 0;

void process_give_way(void)
{
	(void)SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_LOWEST);
}

/* A thread of a higher priority is given the processor at once, whichever it is. */
void process_yield(void)
{
}

uint64_t process_id(void)
{
	return GetCurrentProcessId();
}
