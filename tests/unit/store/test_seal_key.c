#include "store/seal_key.h"

#include <string.h>

#include "base/attributes.h"
#include "support/cmocka.h"

static const uint8_t seed[SEAL_SEED_BYTES] = {0xab, 2, 3};

static void a_key_written_is_the_key_read(void **state)
{
	struct seal_key made, read;
	uint8_t public_key[SEGMENT_KEY_BYTES];
	struct buf text;

	(void)state;
	buf_init(&text, SEAL_KEY_TEXT_MAX_BYTES);
	assert_int_equal(seal_key_make(seed, &made), ERR_NONE);
	seal_key_write(&text, seed);
	assert_string_equal(buf_text(&text), "wsauthz-audit-secret-key ab0203000000000000000000000"
					     "0000000000000000000000000000000000000\n");
	assert_int_equal(seal_key_read(buf_str(&text), &read), ERR_NONE);
	assert_memory_equal(&read, &made, sizeof(made));
	buf_clear(&text);
	seal_public_key_write(&text, made.public_key);
	assert_int_equal(seal_public_key_read(buf_str(&text), public_key), ERR_NONE);
	assert_memory_equal(public_key, made.public_key, sizeof(public_key));
	/* The digits alone. */
	buf_consume(&text, sizeof("wsauthz-audit-public-key ") - 1);
	assert_int_equal(seal_public_key_read(buf_str(&text), public_key), ERR_NONE);
	buf_deinit(&text);
}

static void anything_else_is_no_key(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"wsauthz-audit-secret-key ",
		"wsauthz-audit-secret-key ab",
		/* One digit less, one more, one that is none, a key behind it. */
		"wsauthz-audit-secret-key "
		"ab020300000000000000000000000000000000000000000000000000000000"
		"0",
		"wsauthz-audit-secret-key "
		"ab020300000000000000000000000000000000000000000000000000000000"
		"000",
		"wsauthz-audit-secret-key "
		"ab0203000000000000000000000000000000000000000000000000000000000"
		"g",
		"wsauthz-audit-public-key "
		"ab020300000000000000000000000000000000000000000000000000000000"
		"00",
	};
	struct seal_key key;
	uint8_t public_key[SEGMENT_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_int_equal(seal_key_read(str_from(texts[i]), &key), ERR_SYNTAX);
	/* A secret key is not taken for a public one. */
	for (size_t i = 0; i + 1 < ARRAY_COUNT(texts); i++)
		assert_int_equal(seal_public_key_read(str_from(texts[i]), public_key), ERR_SYNTAX);
}

static void a_wiped_key_is_gone(void **state)
{
	static const struct seal_key none;
	struct seal_key key;

	(void)state;
	assert_int_equal(seal_key_make(seed, &key), ERR_NONE);
	seal_key_wipe(&key, sizeof(key));
	assert_memory_equal(&key, &none, sizeof(key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_written_is_the_key_read),
		cmocka_unit_test(anything_else_is_no_key),
		cmocka_unit_test(a_wiped_key_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
