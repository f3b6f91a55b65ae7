#include "authz/url.h"

#include <string.h>

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The sets are short, and asking the library costs more than looking. */
static bool is_one_of(char c, struct str set)
{
	bool found = false;

	for (size_t i = 0; i < set.length && !found; i++)
		found = set.ptr[i] == c;
	return found;
}

static struct str from(struct str s, size_t at)
{
	return str_make(s.ptr + at, s.length - at);
}

/* The length of the start of `s` without any byte of `stop`. */
static size_t span_until(struct str s, struct str stop)
{
	size_t length = 0;

	while (length < s.length && !is_one_of(s.ptr[length], stop))
		length++;
	return length;
}

/* The characters of a path (RFC 3986, section 3.3), and whole percent escapes. */
static bool is_path(struct str s)
{
	for (size_t i = 0; i < s.length; i++) {
		if (s.ptr[i] == '%') {
			if (s.length - i < 3 || !is_hex(s.ptr[i + 1]) || !is_hex(s.ptr[i + 2]))
				return false;
			i += 2;
		} else if (!is_alnum(s.ptr[i]) && !is_one_of(s.ptr[i], STR("/-._~!$&'()*+,;=:@"))) {
			return false;
		}
	}
	return true;
}

/* Clients put more into a query than RFC 3986 allows; nothing decides on it. */
static bool is_query(struct str s)
{
	for (size_t i = 0; i < s.length; i++) {
		if (s.ptr[i] <= 0x20 || s.ptr[i] >= 0x7f)
			return false;
	}
	return true;
}

/* A name or IPv4 address; '+' and '*' are the strong and weak wildcards of HTTP.sys. */
static bool is_plain_host(struct str host)
{
	if (str_equal(host, STR("+")) || str_equal(host, STR("*")))
		return true;
	for (size_t i = 0; i < host.length; i++) {
		if (!is_alnum(host.ptr[i]) && !is_one_of(host.ptr[i], STR("-._")))
			return false;
	}
	return host.length != 0;
}

static bool is_bracketed_host(struct str host)
{
	if (host.length < 4 || host.ptr[host.length - 1] != ']')
		return false;
	for (size_t i = 1; i < host.length - 1; i++) {
		if (!is_hex(host.ptr[i]) && host.ptr[i] != ':' && host.ptr[i] != '.')
			return false;
	}
	return true;
}

static bool read_port(struct str text, uint16_t *port)
{
	uint64_t value;

	if (!str_to_u64(text, &value) || value == 0 || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

static bool read_authority(struct str authority, struct url *url)
{
	bool bracketed = authority.length != 0 && authority.ptr[0] == '[';
	size_t host_length = span_until(authority, bracketed ? STR("]") : STR(":"));

	if (bracketed && host_length < authority.length)
		host_length++;
	url->host = str_make(authority.ptr, host_length);
	if (!(bracketed ? is_bracketed_host(url->host) : is_plain_host(url->host)))
		return false;
	if (host_length == authority.length)
		return true;
	return authority.ptr[host_length] == ':' &&
	       read_port(from(authority, host_length + 1), &url->port);
}

static bool read_scheme(struct str text, struct url *url)
{
	size_t length = span_until(text, STR(":"));

	url->scheme = str_make(text.ptr, length);
	if (!str_starts_with(from(text, length), STR("://")))
		return false;
	if (str_equal_ascii_case(url->scheme, STR("https")))
		url->port = 443;
	else if (str_equal_ascii_case(url->scheme, STR("http")))
		url->port = 80;
	else
		return false;
	return true;
}

bool url_read(struct str text, struct url *url)
{
	struct url read = {.port = 0};
	struct str rest;
	size_t length;

	if (text.length > URL_MAX_BYTES || !read_scheme(text, &read))
		return false;
	rest = from(text, read.scheme.length + strlen("://"));
	length = span_until(rest, STR("/?#"));
	if (!read_authority(str_make(rest.ptr, length), &read))
		return false;
	rest = from(rest, length);
	length = span_until(rest, STR("?#"));
	read.path = str_make(rest.ptr, length);
	read.rest = from(rest, length);
	if (!is_path(read.path) || !is_query(read.rest))
		return false;
	*url = read;
	return true;
}

static struct str without_trailing_slash(struct str path)
{
	return str_ends_with(path, STR("/")) ? str_make(path.ptr, path.length - 1) : path;
}

bool url_same_endpoint(const struct url *a, const struct url *b)
{
	return a->port == b->port && str_equal_ascii_case(a->scheme, b->scheme) &&
	       str_equal_ascii_case(a->host, b->host) &&
	       str_equal_ascii_case(without_trailing_slash(a->path),
				    without_trailing_slash(b->path));
}
