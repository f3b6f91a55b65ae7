#include "unit/client/fake_server.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "unit/proto/samples.h"

/* Waits until `fd` can be read; false when the server is to stop. */
static bool wait_readable(const struct fake_server *server, int fd)
{
	struct pollfd fds[2] = {{.fd = server->stop_fd, .events = POLLIN},
				{.fd = fd, .events = POLLIN}};

	while (fds[0].revents == 0 && fds[1].revents == 0) {
		if (poll(fds, 2, -1) < 0)
			assert_int_equal(errno, EINTR);
	}
	return fds[0].revents == 0;
}

static bool send_reply(int fd, const struct buf *frame, bool with_descriptor)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec bytes = {.iov_base = frame->data, .iov_len = frame->length};
	struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};

	if (with_descriptor) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)frame->length;
}

static bool reply(struct fake_server *server, int fd, enum sample_reply kind, uint64_t id)
{
	struct buf frame;
	bool sent;

	buf_init(&frame, SIZE_MAX);
	sample_reply_frame(kind, id, &frame);
	sent = send_reply(fd, &frame, server->behaviour == FAKE_PASSES_DESCRIPTOR);
	buf_deinit(&frame);
	return sent;
}

static bool on_question(struct fake_server *server, int fd, uint64_t id)
{
	unsigned count = atomic_fetch_add(&server->question_count, 1);

	switch (server->behaviour) {
	case FAKE_ANSWERS:
	case FAKE_PASSES_DESCRIPTOR: return reply(server, fd, SAMPLE_ALLOW, id);
	case FAKE_ANSWERS_LATE:
		assert_in_range(count, 0, FAKE_LATE_COUNT - 1);
		server->late_ids[count] = id;
		for (size_t i = 0; count == FAKE_LATE_COUNT - 1 && i < FAKE_LATE_COUNT; i++)
			reply(server, fd, SAMPLE_ALLOW, server->late_ids[i]);
		return true;
	case FAKE_HANGS_UP: return false;
	case FAKE_SILENT:
	case FAKE_DEAF: break;
	}
	return true;
}

/* False when the connection is to end. */
static bool on_request(struct fake_server *server, int fd, const Wsauthz__Request *request)
{
	switch ((int)request->body_case) {
	case WSAUTHZ__REQUEST__BODY_HELLO:
		return reply(server, fd, SAMPLE_HELLO_REPLY, request->id);
	case WSAUTHZ__REQUEST__BODY_PING:
	case WSAUTHZ__REQUEST__BODY_FAILURE_REPORT:
		return reply(server, fd, SAMPLE_PONG, request->id);
	case WSAUTHZ__REQUEST__BODY_CONTEXT_RELEASED: return true;
	default: return on_question(server, fd, request->id);
	}
}

/* Handles the complete frames; false when the connection is to end. */
static bool take_frames(struct fake_server *server, int fd)
{
	struct frame frame;

	while (frame_find(server->in, server->in_bytes, FRAME_AUTHZ_MAX_BYTES, &frame) ==
	       FRAME_COMPLETE) {
		Wsauthz__Request *request;
		struct budget budget;

		budget_init_buffer(&budget, server->memory, sizeof(server->memory));
		assert_int_equal(authz_request_decode(frame.payload, frame.payload_bytes, &budget,
						      &request, NULL),
				 WIRE_OK);
		if (!on_request(server, fd, request))
			return false;
		server->in_bytes -= frame.needed_bytes;
		memmove(server->in, server->in + frame.needed_bytes, server->in_bytes);
	}
	return true;
}

/* Serves one connection to its end; false when the server is to stop. */
static bool serve(struct fake_server *server, int fd)
{
	bool greeted = false;

	server->in_bytes = 0;
	for (;;) {
		ssize_t length;

		if (greeted && server->behaviour == FAKE_ANSWERS_LATE &&
		    !wait_readable(server, server->go_fd))
			return false;
		/* A deaf server waits for nothing but its own end. */
		if (!wait_readable(server, greeted && server->behaviour == FAKE_DEAF ? -1 : fd))
			return false;
		length = recv(fd, server->in + server->in_bytes,
			      sizeof(server->in) - server->in_bytes, 0);
		if (length <= 0)
			return true;
		atomic_fetch_add(&server->received_bytes, (uint_fast64_t)length);
		server->in_bytes += (size_t)length;
		if (!take_frames(server, fd))
			return true;
		greeted = true;
	}
}

static void *run(void *arg)
{
	struct fake_server *server = arg;
	bool going_on = true;

	while (going_on && wait_readable(server, server->listen_fd)) {
		int fd = accept(server->listen_fd, NULL, NULL);

		if (fd < 0)
			continue;
		atomic_fetch_add(&server->accepted_count, 1);
		going_on = serve(server, fd);
		close(fd);
		atomic_fetch_add(&server->ended_count, 1);
	}
	return NULL;
}

void fake_server_start(struct fake_server *server, const char *path, enum fake_behaviour behaviour)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memset(server, 0, sizeof(*server));
	server->behaviour = behaviour;
	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	server->stop_fd = eventfd(0, EFD_CLOEXEC);
	server->go_fd = eventfd(0, EFD_CLOEXEC);
	server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(server->stop_fd >= 0 && server->go_fd >= 0 && server->listen_fd >= 0);
	unlink(path);
	assert_int_equal(
		bind(server->listen_fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->listen_fd, 8), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, run, server), 0);
}

void fake_server_go(struct fake_server *server)
{
	const uint64_t one = 1;

	assert_int_equal(write(server->go_fd, &one, sizeof(one)), sizeof(one));
}

void fake_server_stop(struct fake_server *server)
{
	const uint64_t one = 1;

	assert_int_equal(write(server->stop_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(server->thread, NULL);
	close(server->listen_fd);
	close(server->stop_fd);
	close(server->go_fd);
}
