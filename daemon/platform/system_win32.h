/* Shared by the *_win32.c files of this folder only. Paths and names are UTF-8 outside and UTF-16
 * inside. */
#ifndef PLATFORM_SYSTEM_WIN32_H
#define PLATFORM_SYSTEM_WIN32_H

#include <windows.h>

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "platform/why.h"

/* The service and its event source. */
#define SERVICE_NAME L"wsauthz"

/* The error that stands for one of the system's. */
enum error error_from_win32(DWORD number);

/* Appends "PATH: cannot VERB: system's text (number)" and returns the error. */
enum error why_win32(struct buf *why, const char *path, const char *verb, DWORD number);

/* A zero-terminated copy in UTF-16, to be freed with mem_free(). NULL when there is no memory or the
 * text is no UTF-8 or holds a zero. */
wchar_t *wide_new(struct str text) ATTR_MUST_CHECK;

/* The same for a path, which has `why` when it is NULL. */
wchar_t *wide_path(const char *path, struct buf *why) ATTR_MUST_CHECK;

/* Appends UTF-16 as UTF-8; what is no UTF-16 becomes U+FFFD. */
void buf_append_wide(struct buf *out, const wchar_t *text);

/* NULL and INVALID_HANDLE_VALUE are no handles. */
void close_handle(HANDLE handle);

/* Opens the client's end of a pipe with `rights` within the time, so that whoever serves learns who we
 * are and can do nothing in our name; errors of channel_open(), with `why`: channel_win32.c. */
enum error pipe_open(const char *path, DWORD rights, int timeout_ms, HANDLE *out,
		     struct buf *why) ATTR_MUST_CHECK;

/* Whether this process is the body of a service: service_win32.c. */
bool service_is_running(void);

#endif
