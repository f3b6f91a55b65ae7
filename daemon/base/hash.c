#include "base/hash.h"

#include <string.h>

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static inline void sip_start(struct sip *s, struct hash_key key)
{
	s->v0 = key.k0 ^ 0x736f6d6570736575u;
	s->v1 = key.k1 ^ 0x646f72616e646f6du;
	s->v2 = key.k0 ^ 0x6c7967656e657261u;
	s->v3 = key.k1 ^ 0x7465646279746573u;
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

static inline uint64_t sip_end(struct sip *s)
{
	s->v2 ^= 0xff;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* Written out, because compilers then make one load of it. */
static inline uint64_t load_le64(const unsigned char *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

/* The last, incomplete word. */
static inline uint64_t load_le(const unsigned char *p, size_t count)
{
	uint64_t word = 0;

	for (size_t i = 0; i < count; i++)
		word |= (uint64_t)p[i] << (8 * i);
	return word;
}

uint64_t hash_bytes(struct hash_key key, const void *bytes, size_t length)
{
	const unsigned char *p = bytes;
	size_t left = length;
	struct sip s;

	sip_start(&s, key);
	for (; left >= 8; left -= 8, p += 8)
		sip_word(&s, load_le64(p));
	sip_word(&s, load_le(p, left) | (uint64_t)length << 56);
	return sip_end(&s);
}

uint64_t hash_u64(struct hash_key key, uint64_t value)
{
	struct sip s;

	sip_start(&s, key);
	sip_word(&s, value);
	sip_word(&s, (uint64_t)8 << 56);
	return sip_end(&s);
}
