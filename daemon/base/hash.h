/*
 * Keyed hashing for tables whose keys may be chosen by an attacker: SipHash-1-3
 * (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* A secret of the process or table; fill both words from the system's random source. */
struct hash_key {
	uint64_t k0, k1;
};

uint64_t hash_bytes(struct hash_key key, const void *bytes, size_t length);

/* Mixes an integer; as strong against chosen keys as hash_bytes() over its eight bytes. */
uint64_t hash_u64(struct hash_key key, uint64_t value);

#endif
