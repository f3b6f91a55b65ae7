#ifndef WINRM_HOST_OWN_SID_WIN32_H
#define WINRM_HOST_OWN_SID_WIN32_H

#include <stdbool.h>
#include <stddef.h>

/* The SID of the account that runs this process, as text. False with GetLastError(). */
bool own_sid(char *out, size_t size);

#endif
