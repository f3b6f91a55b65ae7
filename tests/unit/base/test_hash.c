#include "support/cmocka.h"

#include "base/attributes.h"
#include "base/hash.h"

/* The key 00 01 .. 0f of the SipHash paper's test vectors. */
static const struct hash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

/* Messages 00 01 02 .. of the given length. The values come from a program of our own that takes
 * the number of rounds as parameters: with 2 and 4 it gives the vector in the paper's appendix A,
 * with 1 and 3 CPython's hash of bytes (PYTHONHASHSEED=0, key zero). */
static void matches_reference_values(void **state)
{
	static const struct {
		size_t length;
		uint64_t hash;
	} vectors[] = {
		{0, UINT64_C(0xabac0158050fc4dc)},
		{1, UINT64_C(0xc9f49bf37d57ca93)},
		{7, UINT64_C(0xd3927d989bb11140)},
		{8, UINT64_C(0x369095118d299a8e)},
		{9, UINT64_C(0x25a48eb36c063de4)},
		{15, UINT64_C(0xd320d86d2a519956)},
		{16, UINT64_C(0xcc4fdd1a7d908b66)},
		{63, UINT64_C(0x9d199062b7bbb3a8)},
		{200, UINT64_C(0xb73fe861830efaed)},
		{300, UINT64_C(0x4016a23bda5a2224)}, /* longer than the length byte counts */
	};
	unsigned char message[300];

	(void)state;
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (unsigned char)i;
	for (size_t i = 0; i < ARRAY_COUNT(vectors); i++)
		assert_int_equal(hash_bytes(key, message, vectors[i].length), vectors[i].hash);
}

static void an_integer_hashes_as_its_little_endian_bytes(void **state)
{
	static const unsigned char bytes[] = {0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01};

	(void)state;
	assert_int_equal(hash_u64(key, UINT64_C(0x0123456789abcdef)), UINT64_C(0x0782a12a072f7a64));
	assert_int_equal(hash_u64(key, UINT64_C(0x0123456789abcdef)),
			 hash_bytes(key, bytes, sizeof(bytes)));
}

static void both_words_of_the_key_matter(void **state)
{
	struct hash_key other0 = {key.k0 ^ 1, key.k1}, other1 = {key.k0, key.k1 ^ 1};

	(void)state;
	assert_int_not_equal(hash_bytes(key, "name", 4), hash_bytes(other0, "name", 4));
	assert_int_not_equal(hash_bytes(key, "name", 4), hash_bytes(other1, "name", 4));
}

static void alignment_does_not_matter(void **state)
{
	char room[32];
	uint64_t expected = hash_bytes(key, "sixteen bytes ab", 16);

	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		memcpy(room + shift, "sixteen bytes ab", 16);
		assert_int_equal(hash_bytes(key, room + shift, 16), expected);
	}
}

static void trailing_zero_bytes_count(void **state)
{
	static const char zeros[17];

	(void)state;
	for (size_t i = 0; i < 16; i++)
		assert_int_not_equal(hash_bytes(key, zeros, i), hash_bytes(key, zeros, i + 1));
	assert_int_equal(hash_bytes(key, NULL, 0), hash_bytes(key, zeros, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_reference_values),
		cmocka_unit_test(an_integer_hashes_as_its_little_endian_bytes),
		cmocka_unit_test(both_words_of_the_key_matter),
		cmocka_unit_test(alignment_does_not_matter),
		cmocka_unit_test(trailing_zero_bytes_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
