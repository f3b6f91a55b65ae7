/*
 * The floors of the channel: a bare libuv server on a Unix socket that sends back what it reads, at
 * once or when a bare row for each frame is on disk. It runs in a child process, so that it has a
 * core to itself as the daemon does.
 */
#ifndef TESTS_BENCH_ECHO_SERVER_H
#define TESTS_BENCH_ECHO_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

/* Starts it on `path` and returns once it listens; false with a message on stderr when it cannot. With
 * a `directory`, NULL for none, it makes its rows durable there (bench/committer.h) as the daemon does
 * in strict durability: what comes during a commit goes together in the next. */
bool echo_server_start(const char *path, const char *directory, pid_t *pid);

/* Ends the child and reaps it. */
void echo_server_stop(pid_t pid);

#endif
