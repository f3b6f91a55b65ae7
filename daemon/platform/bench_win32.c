/* Measurements are made where servers are measured: on Linux. */
#include "platform/bench.h"
#include "platform/channel.h"
#include "platform/system_win32.h"

static enum error say_unsupported(struct buf *why)
{
	return why_error(why, ERR_UNSUPPORTED, "wsauthzctl bench is not there on Windows");
}

uint64_t bench_now_ns(void)
{
	LARGE_INTEGER now, frequency;

	QueryPerformanceCounter(&now);
	QueryPerformanceFrequency(&frequency);
	return (uint64_t)((double)now.QuadPart * 1e9 / (double)frequency.QuadPart);
}

enum error bench_directory_make(const char *parent, struct buf *path, struct buf *why)
{
	(void)parent;
	(void)path;
	return say_unsupported(why);
}

void bench_directory_remove(const char *path)
{
	(void)path;
}

enum error bench_find_program(const char *name, struct buf *path, struct buf *why)
{
	(void)name;
	(void)path;
	return say_unsupported(why);
}

enum error bench_process_start(const char *program, const char *const *arguments,
			       const char *log_path, struct bench_process **out, struct buf *why)
{
	(void)program;
	(void)arguments;
	(void)log_path;
	(void)out;
	return say_unsupported(why);
}

enum error bench_echo_start(struct channel **channel, struct bench_process **out, struct buf *why)
{
	(void)channel;
	(void)out;
	return say_unsupported(why);
}

void bench_process_stop(struct bench_process *process)
{
	(void)process;
}

void bench_catch_interrupt(void)
{
}

bool bench_is_interrupted(void)
{
	return false;
}
