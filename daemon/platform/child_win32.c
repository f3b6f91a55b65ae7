/*
 * The child lives in a job that ends with us: it may start nothing, and its memory and processor
 * time are the job's limits. This thread reads what the child says, another one writes what it is
 * told, and a third, of the system's pool, ends the job when the time is over.
 */
#include "platform/child.h"
#include "platform/system_win32.h"

#include <string.h>

#include "base/mem.h"

enum {
	READ_BYTES = 16 * 1024,
	TICKS_PER_S = 10000000,
	PROGRAM_UNITS = 1024,
	KILLED = 0xE0575A, /* exit status of a child that we ended */
};
static const DWORD first_crash_status = 0xC0000000;

struct child {
	HANDLE job, process, thread;
	HANDLE to_child, from_child; /* our ends */
	HANDLE input, output;        /* the child's */
	HANDLE writer, watch;
	const struct str *parts;
	size_t part_count;
	volatile LONG is_late;
};

static DWORD WINAPI write_parts(void *arg)
{
	struct child *child = arg;

	for (size_t i = 0; i < child->part_count; i++) {
		struct str left = child->parts[i];

		while (left.length != 0) {
			DWORD chunk = left.length < READ_BYTES ? (DWORD)left.length : READ_BYTES;
			DWORD written;

			/* A child that reads no more says so in its own way. */
			if (!WriteFile(child->to_child, left.ptr, chunk, &written, NULL))
				return 0;
			left = str_make(left.ptr + written, left.length - written);
		}
	}
	close_handle(child->to_child);
	child->to_child = NULL;
	return 0;
}

static void CALLBACK on_process(void *arg, BOOLEAN is_late)
{
	struct child *child = arg;

	if (!is_late)
		return;
	InterlockedExchange(&child->is_late, 1);
	TerminateJobObject(child->job, KILLED);
}

static bool make_pipes(struct child *child)
{
	SECURITY_ATTRIBUTES inherited = {sizeof(inherited), NULL, TRUE};

	return CreatePipe(&child->input, &child->to_child, &inherited, 0) &&
	       SetHandleInformation(child->to_child, HANDLE_FLAG_INHERIT, 0) &&
	       CreatePipe(&child->from_child, &child->output, &inherited, 0) &&
	       SetHandleInformation(child->from_child, HANDLE_FLAG_INHERIT, 0);
}

static bool make_job(struct child *child, const struct child_limits *limits)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION extended;
	JOBOBJECT_BASIC_UI_RESTRICTIONS ui;

	memset(&extended, 0, sizeof(extended));
	extended.BasicLimitInformation.LimitFlags =
		JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION |
		JOB_OBJECT_LIMIT_ACTIVE_PROCESS | JOB_OBJECT_LIMIT_PROCESS_TIME |
		JOB_OBJECT_LIMIT_PROCESS_MEMORY;
	extended.BasicLimitInformation.ActiveProcessLimit = 1;
	extended.BasicLimitInformation.PerProcessUserTimeLimit.QuadPart =
		(LONGLONG)limits->cpu_s * TICKS_PER_S;
	extended.ProcessMemoryLimit = (SIZE_T)limits->memory_bytes;
	ui.UIRestrictionsClass = JOB_OBJECT_UILIMIT_DESKTOP | JOB_OBJECT_UILIMIT_EXITWINDOWS |
				 JOB_OBJECT_UILIMIT_GLOBALATOMS | JOB_OBJECT_UILIMIT_HANDLES |
				 JOB_OBJECT_UILIMIT_READCLIPBOARD |
				 JOB_OBJECT_UILIMIT_WRITECLIPBOARD;
	child->job = CreateJobObjectW(NULL, NULL);
	if (child->job == NULL ||
	    !SetInformationJobObject(child->job, JobObjectExtendedLimitInformation, &extended,
				     sizeof(extended)))
		return false;
	(void)SetInformationJobObject(child->job, JobObjectBasicUIRestrictions, &ui, sizeof(ui));
	return true;
}

/* The list of handles that the child inherits: its two and no other. */
static LPPROC_THREAD_ATTRIBUTE_LIST new_attributes(HANDLE handles[2])
{
	LPPROC_THREAD_ATTRIBUTE_LIST list;
	SIZE_T size = 0;

	InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	list = mem_alloc(size);
	if (list == NULL) {
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	if (!InitializeProcThreadAttributeList(list, 1, 0, &size)) {
		mem_free(list);
		return NULL;
	}
	if (!UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles,
				       2 * sizeof(handles[0]), NULL, NULL)) {
		DeleteProcThreadAttributeList(list);
		mem_free(list);
		return NULL;
	}
	return list;
}

/* Starts this program, suspended until it is in the job. */
static bool create_process(struct child *child, const wchar_t *argument)
{
	wchar_t program[PROGRAM_UNITS], line[64];
	HANDLE handles[2] = {child->input, child->output};
	PROCESS_INFORMATION process;
	STARTUPINFOEXW start;
	DWORD units = GetModuleFileNameW(NULL, program, PROGRAM_UNITS);
	bool is_created;

	if (units == 0 || units >= PROGRAM_UNITS)
		return false;
	memset(&start, 0, sizeof(start));
	start.StartupInfo.cb = sizeof(start);
	start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
	start.StartupInfo.hStdInput = child->input;
	start.StartupInfo.hStdOutput = child->output;
	start.lpAttributeList = new_attributes(handles);
	if (start.lpAttributeList == NULL)
		return false;
	wcscpy(line, L"child ");
	wcsncat(line, argument, 64 - 7);
	is_created =
		CreateProcessW(program, line, NULL, NULL, TRUE,
			       CREATE_SUSPENDED | CREATE_NO_WINDOW | EXTENDED_STARTUPINFO_PRESENT,
			       NULL, NULL, &start.StartupInfo, &process);
	DeleteProcThreadAttributeList(start.lpAttributeList);
	mem_free(start.lpAttributeList);
	if (!is_created)
		return false;
	child->process = process.hProcess;
	child->thread = process.hThread;
	if (!AssignProcessToJobObject(child->job, child->process)) {
		TerminateProcess(child->process, KILLED);
		return false;
	}
	return true;
}

/* The child runs from here on; what only it needs is closed. */
static bool set_going(struct child *child, uint32_t wall_ms)
{
	close_handle(child->input);
	close_handle(child->output);
	child->input = NULL;
	child->output = NULL;
	child->writer = CreateThread(NULL, 0, write_parts, child, 0, NULL);
	return child->writer != NULL &&
	       RegisterWaitForSingleObject(&child->watch, child->process, on_process, child,
					   wall_ms, WT_EXECUTEONLYONCE) &&
	       ResumeThread(child->thread) != (DWORD)-1;
}

/* Reads until the child says no more. False when `output` is full. */
static bool read_all(struct child *child, struct buf *output)
{
	char bytes[READ_BYTES];
	DWORD got;

	while (ReadFile(child->from_child, bytes, sizeof(bytes), &got, NULL) && got != 0) {
		buf_append(output, bytes, got);
		if (output->failed != ERR_NONE)
			return false;
	}
	return true;
}

/* Ends what is left of the child and waits for all that serves it. */
static void finish(struct child *child)
{
	if (child->job != NULL)
		TerminateJobObject(child->job, KILLED);
	if (child->process != NULL)
		WaitForSingleObject(child->process, INFINITE);
	if (child->watch != NULL)
		(void)UnregisterWaitEx(child->watch, INVALID_HANDLE_VALUE);
	if (child->writer != NULL)
		WaitForSingleObject(child->writer, INFINITE);
	close_handle(child->writer);
	close_handle(child->to_child);
	close_handle(child->from_child);
	close_handle(child->input);
	close_handle(child->output);
	close_handle(child->thread);
	close_handle(child->process);
	close_handle(child->job);
}

static enum error tell_end(DWORD status, const struct child_limits *limits, struct buf *why)
{
	if (status == 0)
		return ERR_NONE;
	if (status == ERROR_NOT_ENOUGH_QUOTA)
		return why_error(why, ERR_LIMIT,
				 "the child process took more than its %u s of processor time and "
				 "was ended",
				 (unsigned)limits->cpu_s);
	if (status >= first_crash_status)
		return why_error(why, ERR_INTERNAL, "the child process crashed (0x%lx)",
				 (unsigned long)status);
	return why_error(why, ERR_LIMIT, "the child process failed with status %lu",
			 (unsigned long)status);
}

static enum error converse(struct child *child, const struct child_limits *limits,
			   struct buf *output, struct buf *why)
{
	bool is_whole = read_all(child, output);
	DWORD status = KILLED;

	/* One that closed its output and goes on is ended by its time. */
	if (is_whole)
		WaitForSingleObject(child->process, INFINITE);
	if (!is_whole || child->is_late)
		return why_error(why, ERR_LIMIT,
				 "the child process took longer than %u ms, or said too much, and "
				 "was ended",
				 (unsigned)limits->wall_ms);
	if (!GetExitCodeProcess(child->process, &status))
		return why_win32(why, "child", "ask for its end", GetLastError());
	return tell_end(status, limits, why);
}

enum error child_run(const char *argument, const struct child_limits *limits,
		     const struct str *input, size_t input_count, struct buf *output,
		     struct buf *why)
{
	struct child child = {.parts = input, .part_count = input_count};
	wchar_t *wide = wide_new(str_from(argument));
	enum error error;

	buf_clear(output);
	if (wide == NULL)
		return why_error(why, ERR_NO_MEMORY, "%s", error_text(ERR_NO_MEMORY));
	if (make_pipes(&child) && make_job(&child, limits) && create_process(&child, wide) &&
	    set_going(&child, limits->wall_ms))
		error = converse(&child, limits, output, why);
	else
		error = why_win32(why, "child", "start a process", GetLastError());
	finish(&child);
	mem_free(wide);
	return error;
}
