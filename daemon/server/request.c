#include "server/request.h"

#include <assert.h>

#include "base/mem.h"

struct request *request_new(struct session *session)
{
	struct service *service = session->service;
	struct request *request = service->free_requests;

	if (request != NULL) {
		service->free_requests = request->next_free;
		service->free_request_count--;
	} else {
		request = mem_calloc(1, sizeof(*request));
		if (request == NULL)
			return NULL;
		arena_init(&request->arena, REQUEST_ARENA_FIRST_BYTES,
			   (size_t)service->settings->request_kib * 1024);
		request->empty = arena_get_mark(&request->arena);
	}
	request->service = service;
	request->session = session;
	request->is_waiting = false;
	request->id = 0;
	request->repeat = NULL;
	request->snapshot = NULL;
	request->instant = service_now(service);
	request->arena.refusal = ERR_NO_MEMORY; /* until its bound says otherwise */
	request->started_ns = uv_hrtime();
	return request;
}

static void destroy(struct request *request)
{
	arena_deinit(&request->arena);
	mem_free(request);
}

void request_free(struct request *request)
{
	struct service *service = request->service;

	assert(!request->is_waiting);
	snapshot_unref(request->snapshot);
	repeat_release(request->repeat);
	if (service->free_request_count == REQUEST_FREE_MAX) {
		destroy(request);
		return;
	}
	if (request->arena.used_bytes > REQUEST_KEEP_BYTES)
		arena_deinit(&request->arena);
	else
		arena_reset(&request->arena, request->empty);
	request->next_free = service->free_requests;
	service->free_requests = request;
	service->free_request_count++;
}

size_t request_held_bytes(const struct request *request)
{
	return request->arena.used_bytes +
	       (request->repeat != NULL ? repeat_bytes(request->repeat) : 0);
}

bool request_took_all(const struct request *request)
{
	return request->arena.refusal == ERR_LIMIT;
}

void *request_take(void *request, size_t size)
{
	return arena_alloc(&((struct request *)request)->arena, size);
}

static uint64_t hash_id(const struct session *session, uint64_t id)
{
	return hash_u64(session->service->hash_key, id);
}

static struct request *find(const struct session *session, uint64_t id)
{
	struct map_node *node = map_first(&session->in_flight, hash_id(session, id));

	while (node != NULL && CONTAINER_OF(node, struct request, node)->id != id)
		node = map_next(node);
	return node != NULL ? CONTAINER_OF(node, struct request, node) : NULL;
}

enum error request_wait(struct request *request)
{
	struct session *session = request->session;
	enum error error;

	if (find(session, request->id) != NULL)
		return ERR_EXISTS;
	error = map_put(&session->in_flight, &request->node, hash_id(session, request->id));
	if (error != ERR_NONE)
		return error;
	request->is_waiting = true;
	conn_begin(&session->conn);
	return ERR_NONE;
}

void request_detach(struct request *request)
{
	struct session *session = request->session;

	if (request->is_waiting) {
		map_remove(&session->in_flight, &request->node);
		request->is_waiting = false;
		conn_done(&session->conn);
	}
	request->session = NULL;
}

void request_refuse(struct request *request, enum refusal_reason reason, const char *detail)
{
	struct session_refusal refusal = {request->id, reason, "", detail};

	if (request->session == NULL) {
		request->service->metrics.refused[reason]++;
		request->service->metrics.undelivered++;
		return;
	}
	session_refuse(request->session, &refusal);
	request_detach(request);
}

static bool orphan(struct map_node *node, void *arg)
{
	struct request *request = CONTAINER_OF(node, struct request, node);

	map_remove(arg, node);
	request->is_waiting = false;
	request->session = NULL;
	return true;
}

void request_orphan_all(struct session *session)
{
	map_each(&session->in_flight, orphan, &session->in_flight);
}

void request_pool_deinit(struct service *service)
{
	while (service->free_requests != NULL) {
		struct request *request = service->free_requests;

		service->free_requests = request->next_free;
		destroy(request);
	}
	service->free_request_count = 0;
}
