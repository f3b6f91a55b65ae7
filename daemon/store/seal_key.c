#include "store/seal_key.h"

#include <sodium.h>

#include "base/hex.h"

static const char secret_prefix[] = "wsauthz-audit-secret-key ";
static const char public_prefix[] = "wsauthz-audit-public-key ";

static void write_key(struct buf *out, const char *prefix, const uint8_t *bytes)
{
	buf_append_str(out, str_from(prefix));
	hex_append(out, bytes, SEGMENT_KEY_BYTES);
	buf_append_byte(out, '\n');
}

static struct str without_line_end(struct str text)
{
	while (text.length != 0 &&
	       (text.ptr[text.length - 1] == '\n' || text.ptr[text.length - 1] == '\r'))
		text.length--;
	return text;
}

void seal_key_write(struct buf *out, const uint8_t seed[SEAL_SEED_BYTES])
{
	write_key(out, secret_prefix, seed);
}

enum error seal_key_read(struct str text, struct seal_key *out)
{
	const size_t prefix_bytes = sizeof(secret_prefix) - 1;
	uint8_t seed[SEAL_SEED_BYTES];
	struct str line = without_line_end(text);

	if (!str_starts_with(line, str_from(secret_prefix)))
		return ERR_SYNTAX;
	line = str_make(line.ptr + prefix_bytes, line.length - prefix_bytes);
	enum error error =
		hex_parse(line, seed, sizeof(seed)) ? seal_key_make(seed, out) : ERR_SYNTAX;
	sodium_memzero(seed, sizeof(seed));
	return error;
}

void seal_key_wipe(void *bytes, size_t length)
{
	sodium_memzero(bytes, length);
}

void seal_public_key_write(struct buf *out, const uint8_t key[SEGMENT_KEY_BYTES])
{
	write_key(out, public_prefix, key);
}

enum error seal_public_key_read(struct str text, uint8_t out[SEGMENT_KEY_BYTES])
{
	const size_t prefix_bytes = sizeof(public_prefix) - 1;
	struct str line = without_line_end(text);

	if (str_starts_with(line, str_from(public_prefix)))
		line = str_make(line.ptr + prefix_bytes, line.length - prefix_bytes);
	return hex_parse(line, out, SEGMENT_KEY_BYTES) ? ERR_NONE : ERR_SYNTAX;
}
