/*
 * What the simulator takes from the system, apart from threads, which are POSIX ones on both
 * (mingw-w64 has them). Whatever fails here ends the program with a message: a simulator that
 * cannot do its work has no result.
 */
#ifndef WINRM_HOST_PORT_H
#define WINRM_HOST_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client-plugin/plugin.h"

/* Prints to stderr and exits with 2. */
_Noreturn void port_fail(const char *format, ...);

int64_t port_now_us(void); /* monotonic */

/* Memory that can be taken away from under a plug-in. `size` is rounded up to pages. */
void *guard_new(size_t size);
void guard_poison(void *memory, size_t size); /* any access ends the process from now on */
void guard_free(void *memory, size_t size);

/* A plug-in. On Windows a DLL; elsewhere one of those that the program was linked with, by name. */

struct plugin_functions {
	DWORD(WINAPI *startup)(DWORD, PCWSTR, PCWSTR, PVOID *);
	DWORD(WINAPI *shutdown)(PVOID, DWORD, DWORD);
	VOID(WINAPI *authz_user)(PVOID, WSMAN_SENDER_DETAILS *, DWORD);
	VOID(WINAPI *authz_operation)(PVOID, WSMAN_SENDER_DETAILS *, DWORD, DWORD, PCWSTR, PCWSTR);
	VOID(WINAPI *authz_query_quota)(PVOID, WSMAN_SENDER_DETAILS *, DWORD); /* may be NULL */
	VOID(WINAPI *authz_release_context)(PVOID);
};

struct module {
	struct plugin_functions functions;
	void *handle;
};

/* False when there is no such plug-in or it lacks a function that it must export. */
bool module_load(const char *name, struct module *out);

/* False when it is still there, because something holds it. */
bool module_unload(struct module *module);

/* Threads of this process that run, or began, in the module's code; 0 where that cannot be told. */
size_t module_thread_count(const struct module *module);

/* What the module writes to the event log is recorded by event_record.h, from module_load() on. */

/* How often the module opened its connection on a thread of the host, or while impersonating.
 * Recorded from module_load() on. */
size_t module_connects_by_host(void);
void module_note_host_thread(void); /* the calling thread is one */

/* Opens of the endpoint that were recorded, and how many of them had exactly the rights and flags
 * that the contract asks for. */
size_t module_connects(void);
size_t module_exact_connects(void);

/* Whether the module may open endpoints; at first it may. */
void module_set_access(bool is_granted);

/* What this process holds. */
size_t census_handles(void);
size_t census_own_handles(void); /* at most so many more for locks of ours that were never used */
size_t census_threads(void);

/* A token for a user, in groups that the name stands for (see users.h); free with token_close(). On
 * Wine all tokens are of the same account. */
HANDLE token_open(const char *user);
void token_close(HANDLE token);

/* The calling thread takes on this identity, tells which one it has, and drops it. */
void impersonate(HANDLE token);
bool is_impersonating(HANDLE token);
void revert(void);

/* A number for the language of the thread's messages. */
unsigned thread_language(void);

/* A setting of the plug-in, by its name in client-plugin/settings.h; NULL removes it. */
void setting_put_text(const char *name, const char *value);
void setting_put_number(const char *name, uint32_t value);

/* Somebody who owns no endpoint, as the setting ServerOwner names people. */
const char *port_other_owner(void);

/* A program with which lines are exchanged. */
struct process;
enum process_output { PROCESS_OUTPUT, PROCESS_ERRORS }; /* the other one is ours too */
struct process *process_start(const char *path, const char *const *arguments,
			      enum process_output lines);
void process_write_line(struct process *process, const char *line);
/* False when the program has ended. */
bool process_read_line(struct process *process, char *line, size_t size);
/* Ends it at once and waits. What it wrote can still be read. */
void process_end(struct process *process);
void process_free(struct process *process); /* has ended */

/* A name for an endpoint that nothing else on this machine uses. */
void endpoint_name(char *out, size_t size);

#endif
