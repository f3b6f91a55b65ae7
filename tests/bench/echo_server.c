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
#include "bench/committer.h"
#include "proto/frame.h"

enum { ECHO_READ_BYTES = 64 * 1024, ECHO_BACKLOG = 1024 };

static char shared_buffer[ECHO_READ_BYTES];

struct server {
	uv_loop_t *loop;
	uv_pipe_t listener;
	struct committer *committer; /* NULL: answers wait for nothing */
};

struct peer {
	uv_pipe_t pipe;
	struct server *server;
	size_t waiting; /* answers for their commit */
	bool is_closed;
};

/* What waits for its commit, or for the socket to take it. */
struct answer {
	struct commit_entry entry;
	uv_write_t request;
	struct peer *peer;
	size_t length;
	char bytes[];
};

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(shared_buffer, sizeof(shared_buffer));
}

static void free_if_over(struct peer *peer)
{
	if (peer->is_closed && peer->waiting == 0)
		free(peer);
}

static void on_closed(uv_handle_t *handle)
{
	struct peer *peer = handle->data;

	peer->is_closed = true;
	free_if_over(peer);
}

static struct answer *answer_new(struct peer *peer, const char *bytes, size_t length)
{
	struct answer *answer = malloc(sizeof(*answer) + length);

	if (answer == NULL)
		abort();
	answer->peer = peer;
	answer->length = length;
	memcpy(answer->bytes, bytes, length);
	return answer;
}

static void on_written(uv_write_t *request, int status)
{
	(void)status;
	free(CONTAINER_OF(request, struct answer, request));
}

static void send_back(struct peer *peer, char *bytes, size_t length)
{
	uv_buf_t out = uv_buf_init(bytes, (unsigned)length);
	int written = uv_try_write((uv_stream_t *)&peer->pipe, &out, 1);
	size_t done = written < 0 ? 0 : (size_t)written;
	struct answer *late;

	if (done == length)
		return;
	late = answer_new(peer, bytes + done, length - done);
	out = uv_buf_init(late->bytes, (unsigned)late->length);
	uv_write(&late->request, (uv_stream_t *)&peer->pipe, &out, 1, on_written);
}

static void on_committed(struct commit_entry *entry)
{
	struct answer *answer = CONTAINER_OF(entry, struct answer, entry);
	struct peer *peer = answer->peer;

	peer->waiting--;
	if (!uv_is_closing((uv_handle_t *)&peer->pipe))
		send_back(peer, answer->bytes, answer->length);
	free_if_over(peer);
	free(answer);
}

/* Clients write whole frames, which a Unix socket with room for them does not split. */
static size_t count_frames(const char *bytes, size_t length)
{
	size_t count = 0, used = 0;

	while (used < length) {
		const unsigned char *frame = (const unsigned char *)bytes + used;

		if (length - used < FRAME_HEADER_BYTES)
			abort();
		used += FRAME_HEADER_BYTES + ((size_t)frame[0] | (size_t)frame[1] << 8 |
					      (size_t)frame[2] << 16 | (size_t)frame[3] << 24);
		count++;
	}
	if (used != length)
		abort();
	return count;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
	struct peer *peer = stream->data;
	struct answer *answer;

	if (count < 0) {
		uv_close((uv_handle_t *)stream, on_closed);
		return;
	}
	if (peer->server->committer == NULL) {
		send_back(peer, buf->base, (size_t)count);
		return;
	}
	answer = answer_new(peer, buf->base, (size_t)count);
	answer->entry.row_count = count_frames(buf->base, (size_t)count);
	peer->waiting++;
	committer_push(peer->server->committer, &answer->entry);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct server *server = listener->data;
	struct peer *peer = calloc(1, sizeof(*peer));

	if (status < 0 || peer == NULL)
		abort();
	peer->server = server;
	uv_pipe_init(server->loop, &peer->pipe, 0);
	peer->pipe.data = peer;
	if (uv_accept(listener, (uv_stream_t *)&peer->pipe) != 0)
		abort();
	uv_read_start((uv_stream_t *)&peer->pipe, on_alloc, on_read);
}

static int serve(const char *path, const char *directory, int ready_fd)
{
	static struct server server;

	/* A client that leaves in the middle of a reply is no reason to die. */
	signal(SIGPIPE, SIG_IGN);
	server.loop = uv_default_loop();
	if (directory != NULL &&
	    !committer_start(server.loop, directory, on_committed, &server.committer))
		return 1;
	if (uv_pipe_init(server.loop, &server.listener, 0) != 0 ||
	    uv_pipe_bind(&server.listener, path) != 0)
		return 1;
	server.listener.data = &server;
	if (uv_listen((uv_stream_t *)&server.listener, ECHO_BACKLOG, on_connection) != 0 ||
	    write(ready_fd, "\n", 1) != 1)
		return 1;
	close(ready_fd);
	return uv_run(server.loop, UV_RUN_DEFAULT);
}

bool echo_server_start(const char *path, const char *directory, pid_t *pid)
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
		_exit(serve(path, directory, ready[1]));
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
