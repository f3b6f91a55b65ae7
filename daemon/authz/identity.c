#include "authz/identity.h"

#include <sodium.h>
#include <string.h>

#include "authz/sid.h"
#include "authz/url.h"
#include "base/casefold.h"
#include "base/sort.h"
#include "base/utf8.h"

/* The mechanism whose senders have a certificate. */
#define MECHANISM_CERTIFICATE "clientcertificate"

static enum error fail(const char **what, const char *field, enum error error)
{
	*what = field;
	return error;
}

/* NUL and invalid UTF-8 would make one text mean different things to different readers. */
static enum error check_text(struct str s, size_t max_bytes, const char *field, const char **what)
{
	if (s.length > max_bytes)
		return fail(what, field, ERR_LIMIT);
	if (str_find_byte(s, '\0') != NULL || !utf8_valid(s))
		return fail(what, field, ERR_INVALID);
	return ERR_NONE;
}

static enum error fold(struct arena *arena, struct str s, struct str *folded)
{
	struct str result = casefold(arena, s);

	if (result.ptr == NULL && s.length != 0)
		return ERR_NO_MEMORY;
	*folded = result;
	return ERR_NONE;
}

/* Names. */

/* DOMAIN\user and user@domain. A backslash goes before an '@', which may be part of an account. */
static void split_name(struct identity *identity)
{
	struct str name = identity->name;
	const char *backslash = str_find_byte(name, '\\');
	const char *at = str_find_byte(name, '@');
	size_t end = name.length;

	identity->account = name;
	identity->domain = str_make(NULL, 0);
	if (backslash != NULL) {
		size_t before = (size_t)(backslash - name.ptr);
		identity->domain = str_make(name.ptr, before);
		identity->account = str_make(backslash + 1, end - before - 1);
	} else if (at != NULL) {
		size_t before = (size_t)(at - name.ptr);
		identity->account = str_make(name.ptr, before);
		identity->domain = str_make(at + 1, end - before - 1);
	}
}

static enum error read_names(struct arena *arena, const struct sender *sender,
			     struct identity *identity, const char **what)
{
	enum error error;

	if (sender->mechanism.length == 0)
		return fail(what, "sender.mechanism", ERR_INVALID);
	error = check_text(sender->mechanism, IDENTITY_MAX_MECHANISM_BYTES, "sender.mechanism",
			   what);
	if (error == ERR_NONE)
		error = fold(arena, sender->mechanism, &identity->mechanism);
	if (error == ERR_NONE)
		error = check_text(sender->name, IDENTITY_MAX_NAME_BYTES, "sender.name", what);
	if (error == ERR_NONE)
		error = fold(arena, sender->name, &identity->name);
	if (error == ERR_NONE)
		split_name(identity);
	return error;
}

/* The endpoint. */

static enum error read_url(struct arena *arena, struct str text, struct identity_url *endpoint,
			   const char **what)
{
	struct url url;
	enum error error;

	if (text.length == 0)
		return ERR_NONE;
	if (!url_read(text, &url))
		return fail(what, "sender.http_url", ERR_INVALID);
	error = fold(arena, url.scheme, &endpoint->scheme);
	if (error == ERR_NONE)
		error = fold(arena, url.host, &endpoint->host);
	if (error == ERR_NONE)
		error = fold(arena, url.path, &endpoint->path);
	if (error == ERR_NONE)
		endpoint->port = url.port;
	return error;
}

/* The certificate. */

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.length; i++) {
		char c = s.ptr[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F'))
			return false;
	}
	return s.length != 0;
}

/* With another mechanism what WinRM gives for a certificate means nothing. */
static enum error read_certificate(struct arena *arena, const struct sender *sender,
				   struct identity *identity, const char **what)
{
	const struct sender_certificate *from = sender->certificate;
	enum error error;

	if (!str_equal(identity->mechanism, STR(MECHANISM_CERTIFICATE)))
		return ERR_NONE;
	if (from == NULL)
		return sender->has_token ? ERR_NONE : fail(what, "sender.certificate", ERR_INVALID);
	error = check_text(from->subject, IDENTITY_MAX_CERTIFICATE_BYTES,
			   "sender.certificate.subject", what);
	if (error == ERR_NONE)
		error = check_text(from->subject_name, IDENTITY_MAX_CERTIFICATE_BYTES,
				   "sender.certificate.subject_name", what);
	if (error == ERR_NONE)
		error = check_text(from->issuer, IDENTITY_MAX_CERTIFICATE_BYTES,
				   "sender.certificate.issuer_name", what);
	if (error != ERR_NONE)
		return error;
	if (from->issuer_thumbprint.length > IDENTITY_MAX_THUMBPRINT_BYTES)
		return fail(what, "sender.certificate.issuer_thumbprint", ERR_LIMIT);
	if (!is_hex(from->issuer_thumbprint))
		return fail(what, "sender.certificate.issuer_thumbprint", ERR_INVALID);
	identity->has_certificate = true;
	identity->certificate = *from;
	return fold(arena, from->issuer_thumbprint, &identity->certificate.issuer_thumbprint);
}

/* The token. */

/* A group as it is sorted: by SID, and of the same SID the deny-only one first. */
static int compare_groups(const void *a, const void *b)
{
	const struct sender_group *left = a;
	const struct sender_group *right = b;
	int order = str_compare(left->sid, right->sid);

	return order != 0 ? order : (int)right->deny_only - (int)left->deny_only;
}

static enum error sort_groups(struct arena *arena, const struct sender *sender,
			      struct sender_group **out, const char **what)
{
	struct sender_group *sorted;

	if (sender->group_count > IDENTITY_MAX_GROUPS)
		return fail(what, "sender.token.group_sids", ERR_LIMIT);
	for (size_t i = 0; i < sender->group_count; i++) {
		if (!sid_valid(sender->groups[i].sid))
			return fail(what, "sender.token.group_sids", ERR_INVALID);
	}
	sorted = arena_calloc(arena, sender->group_count, sizeof(*sorted));
	if (sorted == NULL)
		return ERR_NO_MEMORY;
	if (sender->group_count != 0)
		memcpy(sorted, sender->groups, sender->group_count * sizeof(*sorted));
	sort(sorted, sender->group_count, sizeof(*sorted), compare_groups);
	*out = sorted;
	return ERR_NONE;
}

static enum error read_groups(struct arena *arena, const struct sender *sender,
			      struct identity *identity, const char **what)
{
	struct sender_group *sorted;
	struct str *enabled;
	struct str *deny_only;
	enum error error = sort_groups(arena, sender, &sorted, what);

	if (error != ERR_NONE)
		return error;
	enabled = arena_calloc(arena, sender->group_count, sizeof(*enabled));
	deny_only = arena_calloc(arena, sender->group_count, sizeof(*deny_only));
	if (enabled == NULL || deny_only == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < sender->group_count; i++) {
		if (i != 0 && str_equal(sorted[i].sid, sorted[i - 1].sid))
			continue;
		/* With it every connection would bring another user. */
		if (sid_is_logon(sorted[i].sid))
			continue;
		if (sorted[i].deny_only)
			deny_only[identity->deny_only_group_count++] = sorted[i].sid;
		else
			enabled[identity->group_count++] = sorted[i].sid;
	}
	identity->groups = enabled;
	identity->deny_only_groups = deny_only;
	return ERR_NONE;
}

static enum error read_token(struct arena *arena, const struct sender *sender,
			     struct identity *identity, const char **what)
{
	if (!sender->has_token) {
		if (sender->name.length == 0)
			return fail(what, "sender.name", ERR_INVALID);
		return ERR_NONE;
	}
	if (!sid_valid(sender->user_sid))
		return fail(what, "sender.token.user_sid", ERR_INVALID);
	identity->has_token = true;
	identity->elevated = sender->elevated;
	identity->sid = sender->user_sid;
	return read_groups(arena, sender, identity, what);
}

/* The principal. */

static size_t escaped_length(struct str s)
{
	size_t length = s.length;

	for (size_t i = 0; i < s.length; i++)
		length += s.ptr[i] == '%' || s.ptr[i] == ':' ? 2 : 0;
	return length;
}

static char *put_escaped(char *end, struct str s)
{
	for (size_t i = 0; i < s.length; i++) {
		if (s.ptr[i] == '%' || s.ptr[i] == ':') {
			memcpy(end, s.ptr[i] == '%' ? "%25" : "%3a", 3);
			end += 3;
		} else {
			*end++ = s.ptr[i];
		}
	}
	return end;
}

static enum error name_principal(struct arena *arena, struct identity *identity)
{
	struct str parts[] = {identity->mechanism,
			      identity->name,
			      identity->certificate.issuer_thumbprint,
			      {NULL, 0}};
	size_t part_count = identity->has_certificate ? 4 : 2;
	size_t length = part_count - 1;
	char *start;
	char *end;

	if (identity->has_token) {
		identity->principal = identity->sid;
		return ERR_NONE;
	}
	if (fold(arena, identity->certificate.subject, &parts[3]) != ERR_NONE)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < part_count; i++)
		length += escaped_length(parts[i]);
	start = arena_alloc(arena, length);
	if (start == NULL)
		return ERR_NO_MEMORY;
	end = put_escaped(start, parts[0]);
	for (size_t i = 1; i < part_count; i++) {
		*end++ = ':';
		end = put_escaped(end, parts[i]);
	}
	identity->principal = str_make(start, length);
	return ERR_NONE;
}

/* The record key. */

static void digest_u64(crypto_generichash_state *state, uint64_t value)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	crypto_generichash_update(state, bytes, sizeof(bytes));
}

/* The length goes first, so that no two lists of texts give the same bytes. */
static void digest_str(crypto_generichash_state *state, struct str s)
{
	digest_u64(state, s.length);
	crypto_generichash_update(state, (const unsigned char *)s.ptr, s.length);
}

static void digest_list(crypto_generichash_state *state, const struct str *items, size_t count)
{
	digest_u64(state, count);
	for (size_t i = 0; i < count; i++)
		digest_str(state, items[i]);
}

static struct record_key key_of(const struct identity *identity)
{
	const struct sender_certificate *certificate = &identity->certificate;
	crypto_generichash_state state;
	struct record_key key;

	crypto_generichash_init(&state, NULL, 0, sizeof(key.bytes));
	digest_str(&state, identity->application);
	digest_str(&state, identity->principal);
	digest_str(&state, identity->mechanism);
	digest_u64(&state, identity->has_certificate);
	digest_str(&state, certificate->subject);
	digest_str(&state, certificate->subject_name);
	digest_str(&state, certificate->issuer);
	digest_str(&state, certificate->issuer_thumbprint);
	digest_u64(&state, (uint64_t)identity->has_token << 1 | (uint64_t)identity->elevated);
	digest_list(&state, identity->groups, identity->group_count);
	digest_list(&state, identity->deny_only_groups, identity->deny_only_group_count);
	crypto_generichash_final(&state, key.bytes, sizeof(key.bytes));
	return key;
}

static struct record_endpoint endpoint_of(const struct identity_url *url)
{
	crypto_generichash_state state;
	struct record_endpoint endpoint;

	crypto_generichash_init(&state, NULL, 0, sizeof(endpoint.bytes));
	digest_str(&state, url->scheme);
	digest_str(&state, url->host);
	digest_u64(&state, url->port);
	digest_str(&state, url->path);
	crypto_generichash_final(&state, endpoint.bytes, sizeof(endpoint.bytes));
	return endpoint;
}

enum error identity_read(struct arena *arena, struct str application, const struct sender *sender,
			 struct identity *identity, const char **what)
{
	struct identity read = {.application = application};
	enum error error;

	if (application.length == 0)
		return fail(what, "application", ERR_INVALID);
	error = check_text(application, IDENTITY_MAX_APPLICATION_BYTES, "application", what);
	if (error == ERR_NONE)
		error = read_names(arena, sender, &read, what);
	if (error == ERR_NONE)
		error = read_url(arena, sender->http_url, &read.url, what);
	if (error == ERR_NONE)
		error = read_certificate(arena, sender, &read, what);
	if (error == ERR_NONE)
		error = read_token(arena, sender, &read, what);
	if (error == ERR_NONE)
		error = name_principal(arena, &read);
	if (error != ERR_NONE)
		return error;
	read.key = key_of(&read);
	read.endpoint = endpoint_of(&read.url);
	*identity = read;
	return ERR_NONE;
}

enum error identity_read_principal(struct arena *arena, struct str text, struct str *principal)
{
	const char *what;
	struct str folded;
	char *sid;
	enum error error;

	if (text.length == 0 ||
	    check_text(text, IDENTITY_MAX_NAME_BYTES, "principal", &what) != ERR_NONE)
		return ERR_INVALID;
	error = fold(arena, text, &folded);
	if (error != ERR_NONE)
		return error;
	/* A canonical SID has no other capital. */
	sid = arena_alloc(arena, folded.length);
	if (sid == NULL)
		return ERR_NO_MEMORY;
	memcpy(sid, folded.ptr, folded.length);
	if (sid[0] == 's')
		sid[0] = 'S';
	*principal = str_make(sid, folded.length);
	if (!sid_valid(*principal))
		*principal = folded;
	return ERR_NONE;
}
