#include "bench/echo_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uv.h>

#include "base/attributes.h"

enum { ECHO_READ_BYTES = 64 * 1024, ECHO_BACKLOG = 1024 };

static char shared_buffer[ECHO_READ_BYTES];

struct late_write {
	uv_write_t request;
	char bytes[];
};

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(shared_buffer, sizeof(shared_buffer));
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_written(uv_write_t *request, int status)
{
	(void)status;
	free(CONTAINER_OF(request, struct late_write, request));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
	uv_buf_t out;
	int written;

	if (count < 0) {
		uv_close((uv_handle_t *)stream, on_closed);
		return;
	}
	out = uv_buf_init(buf->base, (unsigned)count);
	written = uv_try_write(stream, &out, 1);
	if (written < 0)
		written = 0;
	if (written < count) {
		size_t left = (size_t)count - (size_t)written;
		struct late_write *late = malloc(sizeof(*late) + left);

		if (late == NULL)
			abort();
		memcpy(late->bytes, buf->base + written, left);
		out = uv_buf_init(late->bytes, (unsigned)left);
		uv_write(&late->request, stream, &out, 1, on_written);
	}
}

static void on_connection(uv_stream_t *server, int status)
{
	uv_pipe_t *peer = malloc(sizeof(*peer));

	if (status < 0 || peer == NULL)
		abort();
	uv_pipe_init(server->loop, peer, 0);
	if (uv_accept(server, (uv_stream_t *)peer) != 0)
		abort();
	uv_read_start((uv_stream_t *)peer, on_alloc, on_read);
}

static int serve(const char *path, int ready_fd)
{
	uv_loop_t *loop = uv_default_loop();
	uv_pipe_t listener;

	/* A client that leaves in the middle of a reply is no reason to die. */
	signal(SIGPIPE, SIG_IGN);
	if (uv_pipe_init(loop, &listener, 0) != 0 || uv_pipe_bind(&listener, path) != 0 ||
	    uv_listen((uv_stream_t *)&listener, ECHO_BACKLOG, on_connection) != 0)
		return 1;
	if (write(ready_fd, "\n", 1) != 1)
		return 1;
	close(ready_fd);
	return uv_run(loop, UV_RUN_DEFAULT);
}

bool echo_server_start(const char *path, pid_t *pid)
{
	int ready[2];
	char byte;
	bool up;

	if (pipe(ready) != 0) {
		perror("pipe");
		return false;
	}
	*pid = fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		_exit(serve(path, ready[1]));
	}
	close(ready[1]);
	up = *pid > 0 && read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	if (!up) {
		fprintf(stderr, "bench: the echo server did not start on %s\n", path);
		if (*pid > 0)
			waitpid(*pid, NULL, 0);
	}
	return up;
}

void echo_server_stop(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}
