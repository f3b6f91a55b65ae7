/* What a measurement on the user's own machine takes, for wsauthzctl bench. One thread, and nothing
 * else of the process runs meanwhile. `why`: platform/why.h. */
#ifndef PLATFORM_BENCH_H
#define PLATFORM_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "platform/channel.h"

/* A clock that never steps. Any thread. */
uint64_t bench_now_ns(void);

/* Makes a directory of ours below `parent` and appends its path. ERR_NOT_FOUND, ERR_DENIED and so on
 * with `why`. */
enum error bench_directory_make(const char *parent, struct buf *path,
				struct buf *why) ATTR_MUST_CHECK;

/* Removes it with all that is in it. */
void bench_directory_remove(const char *path);

/* Appends the path of the program `name` that belongs to this one: in the same directory, or in
 * ../sbin of it. ERR_NOT_FOUND with `why`. */
enum error bench_find_program(const char *name, struct buf *path, struct buf *why) ATTR_MUST_CHECK;

/* A process beside this one, which does not outlive it. */
struct bench_process;

/* Runs `program` with `arguments` (its name first, NULL last); what it prints goes to the file
 * `log_path`. Returns when it has written to descriptor BENCH_READY_FD. ERR_IO with `why` when it
 * ended before. */
enum { BENCH_READY_FD = 3 };

enum error bench_process_start(const char *program, const char *const *arguments,
			       const char *log_path, struct bench_process **out,
			       struct buf *why) ATTR_MUST_CHECK;

/* A process that sends back what it is sent, with nothing around it, and the channel to it. */
enum error bench_echo_start(struct channel **channel, struct bench_process **out,
			    struct buf *why) ATTR_MUST_CHECK;

/* Ends it and waits for its end. Accepts NULL. */
void bench_process_stop(struct bench_process *process);

/* From now on SIGINT and SIGTERM do not end this process but make bench_is_interrupted() true. */
void bench_catch_interrupt(void);
bool bench_is_interrupted(void);

#endif
