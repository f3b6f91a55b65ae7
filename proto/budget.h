/*
 * Memory for unpacking one message: a protobuf-c allocator that hands out at most a fixed number of
 * bytes and then NULL. Nothing is freed piecemeal; the memory belongs to whoever lent it, and the
 * message lives as long as that. One thread at a time.
 */
#ifndef PROTO_BUDGET_H
#define PROTO_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

/* Enough for every message that passes the scan; unit tests hold the worst cases against it. */
enum {
	BUDGET_AUTHZ_BYTES = 256 * 1024,
	BUDGET_ADMIN_BYTES = 4 * 1024 * 1024,
};

struct budget {
	ProtobufCAllocator allocator; /* give its address to protobuf-c */
	void *(*take)(void *arg, size_t size);
	void *arg;
	unsigned char *buffer; /* start of a lent buffer; NULL with `take` */
	size_t limit_bytes;
	size_t used_bytes; /* padding included */
	bool spent;        /* an allocation was refused */
};

/* Takes memory through `take(arg, size)`, an arena's allocator for instance, which returns NULL or
 * memory aligned for any type. Copies of a budget are of no use: it points to itself. */
void budget_init(struct budget *budget, size_t limit_bytes, void *(*take)(void *arg, size_t size),
		 void *arg);

/* Takes memory from `buffer`, which must be aligned for any type, stays the caller's and must
 * outlive the message. */
void budget_init_buffer(struct budget *budget, void *buffer, size_t size);

#endif
