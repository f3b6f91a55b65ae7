#include "bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

enum { READ_BYTES = 64 * 1024, HEADER_BYTES = 4 };

struct link {
	int fd;
	bool greeted;
	uint64_t next_number;
	uint64_t sent_at_ns[LOAD_MAX_OUTSTANDING];
	uint64_t oldest, newest; /* ring positions in sent_at_ns */
	struct buf in;
};

struct load {
	struct load_plan plan;
	struct load_result *result; /* of the turn */
	struct link *links;
	int epoll_fd;
	uint64_t failed;
	bool measuring;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static size_t bucket_of(uint64_t ns)
{
	unsigned shift = 0;

	while (ns >> shift >= 128)
		shift++;
	return shift == 0 ? (size_t)ns : (size_t)shift * 64 + (size_t)(ns >> shift);
}

static double bucket_us(size_t bucket)
{
	size_t shift = bucket < 128 ? 0 : bucket / 64 - 1;

	return (double)((uint64_t)(bucket - shift * 64) << shift) / 1000.0;
}

void load_times_add(struct load_times *times, const struct load_times *more)
{
	for (size_t i = 0; i < LOAD_BUCKETS; i++)
		times->buckets[i] += more->buckets[i];
}

double load_times_us(const struct load_times *times, double share)
{
	uint64_t total = 0, seen = 0;

	for (size_t i = 0; i < LOAD_BUCKETS; i++)
		total += times->buckets[i];
	for (size_t i = 0; i < LOAD_BUCKETS; i++) {
		seen += times->buckets[i];
		if (total != 0 && (double)seen >= share * (double)total)
			return bucket_us(i);
	}
	return 0;
}

/* The sockets are blocking for writing: at most `outstanding` small frames are under way, which the
 * socket's buffer holds. */
static bool write_all(int fd, const unsigned char *bytes, size_t length)
{
	while (length != 0) {
		ssize_t written = send(fd, bytes, length, MSG_NOSIGNAL);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			perror("bench: send");
			return false;
		}
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

static bool send_request(struct load *load, struct link *link)
{
	struct load_peer *peer = &load->plan.peers[link - load->links];

	if (load->plan.stamp != NULL)
		load->plan.stamp(peer, ++link->next_number);
	link->sent_at_ns[link->newest++ % LOAD_MAX_OUTSTANDING] = now_ns();
	return write_all(link->fd, peer->request, peer->request_bytes);
}

static void take_reply(struct load *load, struct link *link, const unsigned char *payload,
		       size_t length)
{
	uint64_t sent_ns = link->sent_at_ns[link->oldest++ % LOAD_MAX_OUTSTANDING];

	if (load->plan.check != NULL && !load->plan.check(payload, length))
		load->failed++;
	if (!load->measuring)
		return;
	load->result->replies++;
	load->result->times.buckets[bucket_of(now_ns() - sent_ns)]++;
}

static bool take_frame(struct load *load, struct link *link, const unsigned char *payload,
		       size_t length)
{
	if (link->greeted) {
		take_reply(load, link, payload, length);
		return send_request(load, link);
	}
	link->greeted = true;
	for (size_t i = 0; i < load->plan.outstanding; i++) {
		if (!send_request(load, link))
			return false;
	}
	return true;
}

static bool on_readable(struct load *load, struct link *link)
{
	char *room = buf_reserve(&link->in, READ_BYTES);
	ssize_t count = room != NULL ? recv(link->fd, room, READ_BYTES, MSG_DONTWAIT) : -1;
	size_t used = 0;

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (count <= 0) {
		fprintf(stderr, "bench: the server closed the connection\n");
		return false;
	}
	buf_grow(&link->in, (size_t)count);
	while (link->in.length - used >= HEADER_BYTES) {
		const unsigned char *frame = (const unsigned char *)link->in.data + used;
		size_t length = (size_t)frame[0] | (size_t)frame[1] << 8 | (size_t)frame[2] << 16 |
				(size_t)frame[3] << 24;

		if (link->in.length - used - HEADER_BYTES < length)
			break;
		used += HEADER_BYTES + length;
		if (!take_frame(load, link, frame + HEADER_BYTES, length))
			return false;
	}
	buf_consume(&link->in, used);
	return true;
}

static bool open_link(struct load *load, struct link *link)
{
	struct load_peer *peer = &load->plan.peers[link - load->links];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};

	buf_init(&link->in, 4 * READ_BYTES);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", load->plan.path);
	link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (link->fd < 0 || connect(link->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, link->fd, &event) != 0) {
		fprintf(stderr, "bench: connect %s: %s\n", load->plan.path, strerror(errno));
		return false;
	}
	if (peer->hello != NULL)
		return write_all(link->fd, peer->hello, peer->hello_bytes);
	return take_frame(load, link, NULL, 0);
}

static bool drive(struct load *load)
{
	uint64_t measure_ns = now_ns() + (uint64_t)(load->plan.warm_up_s * 1e9);

	for (;;) {
		struct epoll_event events[64];
		int count = epoll_wait(load->epoll_fd, events, 64, 1000);
		uint64_t now = now_ns();

		/* However late that is noticed, the whole time is measured from here on. */
		if (!load->measuring && now >= measure_ns) {
			load->measuring = true;
			measure_ns = now;
		}
		load->result->seconds = load->measuring ? (double)(now - measure_ns) / 1e9 : 0;
		if (load->measuring && load->result->seconds >= load->plan.measured_s)
			return true;
		for (int i = 0; i < count; i++) {
			if (!on_readable(load, events[i].data.ptr))
				return false;
		}
	}
}

bool load_open(const struct load_plan *plan, struct load **out)
{
	struct load *load = calloc(1, sizeof(*load));
	bool ok = load != NULL;

	*out = load;
	if (!ok)
		return false;
	*load = (struct load){.plan = *plan, .epoll_fd = epoll_create1(0)};
	load->links = calloc(plan->connection_count, sizeof(*load->links));
	ok = load->links != NULL && load->epoll_fd >= 0;
	for (size_t i = 0; load->links != NULL && i < plan->connection_count; i++)
		load->links[i].fd = -1;
	for (size_t i = 0; ok && i < plan->connection_count; i++)
		ok = open_link(load, &load->links[i]);
	return ok;
}

bool load_turn(struct load *load, struct load_result *result)
{
	memset(result, 0, sizeof(*result));
	load->result = result;
	load->measuring = false;
	bool ok = drive(load);
	result->failed = load->failed;
	result->p50_us = load_times_us(&result->times, 0.50);
	result->p99_us = load_times_us(&result->times, 0.99);
	result->max_us = load_times_us(&result->times, 1);
	return ok;
}

void load_close(struct load *load)
{
	if (load == NULL)
		return;
	for (size_t i = 0; load->links != NULL && i < load->plan.connection_count; i++) {
		if (load->links[i].fd >= 0)
			close(load->links[i].fd);
		buf_deinit(&load->links[i].in);
	}
	if (load->epoll_fd >= 0)
		close(load->epoll_fd);
	free(load->links);
	free(load);
}

bool load_run(const struct load_plan *plan, struct load_result *result)
{
	struct load *load;
	bool ok = load_open(plan, &load) && load_turn(load, result);

	load_close(load);
	return ok;
}
