/* This process: its random bytes, its streams and signals, its share of the processor, its size. */
#ifndef PLATFORM_PROCESS_H
#define PLATFORM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

/* Fills `out` from the system's random source. ERR_IO when there is none. Any thread. */
enum error platform_random(void *out, size_t length) ATTR_MUST_CHECK;

/* Before anything else is opened: descriptors 0 to 2 exist, files are created without rights for
 * others, no core dumps, no new privileges, no SIGPIPE, and enough descriptors where the system
 * allows them. `allow_debugger` leaves the process readable to a debugger and a leak checker of the
 * same user. */
enum error process_harden(bool allow_debugger) ATTR_MUST_CHECK;

/* Makes the arguments and the standard streams what the rest of the program takes them for: UTF-8,
 * and bytes as they are. Before anything is printed. `*argv` may be replaced by one that lives as
 * long as the process. ERR_NO_MEMORY. */
enum error process_arguments(int *argc, char ***argv) ATTR_MUST_CHECK;

/* Signals that ask the daemon to stop, zero-terminated, and the one that asks for the policy to be
 * loaded again, 0 where there is none. */
enum { PROCESS_STOP_SIGNALS_MAX = 4 };
extern const int process_stop_signals[PROCESS_STOP_SIGNALS_MAX];
extern const int process_reload_signal;

/* From here on the calling thread, and what it starts, gets the processor only when nobody else wants
 * it much: for questions that may take their time while decisions may not. */
void process_give_way(void);

/* Lets whoever waits for the processor of the calling thread have it now; costs little when nobody does.
 * To be called often by a thread that gives way: Linux leaves it the processor for now when somebody
 * wakes up who had a little more than their share, and looks again at its next tick only, which is up to
 * 10 ms later. On Windows a higher priority is all it takes, and this does nothing. */
void process_yield(void);

/* This process, for messages. */
uint64_t process_id(void);

#endif
