#include "authz/operation.h"

#include <string.h>

#include "base/casefold.h"
#include "base/utf8.h"

/* Namespaces of action and resource URIs, folded ([MS-WSMV] 2.2.4 and 3.1.4). */
#define TRANSFER    "http://schemas.xmlsoap.org/ws/2004/09/transfer"
#define ENUMERATION "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
#define EVENTING    "http://schemas.xmlsoap.org/ws/2004/08/eventing"
#define WSMAN       "http://schemas.microsoft.com/wbem/wsman/1"
#define SHELL       WSMAN "/windows/shell"
#define CIM         "http://schemas.dmtf.org/wbem/wscim/1"

/* A text for the tables below; STR() is no constant expression. */
#define TEXT(literal)                                                                              \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

static const struct str action_names[ACTION_COUNT] = {
	[ACTION_CONNECT] = TEXT("Connect"),
	[ACTION_ADMINISTER] = TEXT("Administer"),
	[ACTION_GET] = TEXT("Get"),
	[ACTION_ENUMERATE] = TEXT("Enumerate"),
	[ACTION_SUBSCRIBE] = TEXT("Subscribe"),
	[ACTION_PUT] = TEXT("Put"),
	[ACTION_CREATE] = TEXT("Create"),
	[ACTION_DELETE] = TEXT("Delete"),
	[ACTION_CREATE_SHELL] = TEXT("CreateShell"),
	[ACTION_COMMAND] = TEXT("Command"),
	[ACTION_INVOKE] = TEXT("Invoke"),
};

static const struct str family_names[FAMILY_COUNT] = {
	[FAMILY_OTHER] = TEXT("Other"),
	[FAMILY_POWERSHELL] = TEXT("PowerShell"),
	[FAMILY_CMD] = TEXT("Cmd"),
	[FAMILY_WMI] = TEXT("Wmi"),
	[FAMILY_CIM] = TEXT("Cim"),
	[FAMILY_CONFIG] = TEXT("Config"),
	[FAMILY_EVENT_LOG] = TEXT("EventLog"),
};

/* WinRM asks about the first action of each group only; should it ask about a follow-on action,
 * that is the same right. */
static const struct {
	struct str uri;
	enum action action;
} actions[] = {
	{TEXT(TRANSFER "/get"), ACTION_GET},
	{TEXT(TRANSFER "/put"), ACTION_PUT},
	{TEXT(TRANSFER "/create"), ACTION_CREATE},
	{TEXT(TRANSFER "/delete"), ACTION_DELETE},
	{TEXT(ENUMERATION "/enumerate"), ACTION_ENUMERATE},
	{TEXT(ENUMERATION "/pull"), ACTION_ENUMERATE},
	{TEXT(ENUMERATION "/release"), ACTION_ENUMERATE},
	{TEXT(EVENTING "/subscribe"), ACTION_SUBSCRIBE},
	{TEXT(EVENTING "/unsubscribe"), ACTION_SUBSCRIBE},
	{TEXT(SHELL "/command"), ACTION_COMMAND},
	{TEXT(SHELL "/send"), ACTION_COMMAND},
	{TEXT(SHELL "/receive"), ACTION_COMMAND},
	{TEXT(SHELL "/signal"), ACTION_COMMAND},
	{TEXT(SHELL "/connect"), ACTION_CREATE_SHELL},
	{TEXT(SHELL "/disconnect"), ACTION_CREATE_SHELL},
	{TEXT(SHELL "/reconnect"), ACTION_CREATE_SHELL},
};

/* No prefix here is a prefix of another. */
static const struct {
	struct str prefix;
	enum resource_family family;
} families[] = {
	{TEXT("http://schemas.microsoft.com/powershell"), FAMILY_POWERSHELL},
	{TEXT(SHELL), FAMILY_CMD},
	{TEXT(WSMAN "/wmi"), FAMILY_WMI},
	{TEXT(CIM), FAMILY_CIM},
	{TEXT(WSMAN "/config"), FAMILY_CONFIG},
	{TEXT(WSMAN "/windows/eventlog"), FAMILY_EVENT_LOG},
	{TEXT(WSMAN "/subscriptionmanager"), FAMILY_EVENT_LOG},
	{TEXT(WSMAN "/logrecord"), FAMILY_EVENT_LOG},
};

/* What stands for the start of a URI where people write one. */
static const struct {
	struct str alias;
	struct str uri;
} aliases[] = {
	{TEXT("wmi"), TEXT(WSMAN "/wmi")},
	{TEXT("wmicimv2"), TEXT(WSMAN "/wmi/root/cimv2")},
	{TEXT("cimv2"), TEXT(CIM "/cim-schema/2")},
	{TEXT("winrm"), TEXT(WSMAN)},
	{TEXT("wsman"), TEXT(WSMAN)},
	{TEXT("shell"), TEXT(SHELL)},
};

struct str action_name(enum action action)
{
	return action_names[action];
}

bool action_find(struct str name, enum action *action)
{
	for (int i = 0; i < ACTION_COUNT; i++) {
		if (!str_equal(action_names[i], name))
			continue;
		*action = (enum action)i;
		return true;
	}
	return false;
}

struct str action_canonical_uri(enum action action)
{
	static const struct str uris[ACTION_COUNT] = {
		[ACTION_GET] = TEXT(TRANSFER "/Get"),
		[ACTION_ENUMERATE] = TEXT(ENUMERATION "/Enumerate"),
		[ACTION_SUBSCRIBE] = TEXT(EVENTING "/Subscribe"),
		[ACTION_PUT] = TEXT(TRANSFER "/Put"),
		[ACTION_CREATE] = TEXT(TRANSFER "/Create"),
		[ACTION_DELETE] = TEXT(TRANSFER "/Delete"),
		[ACTION_CREATE_SHELL] = TEXT(TRANSFER "/Create"),
		[ACTION_COMMAND] = TEXT(SHELL "/Command"),
		[ACTION_INVOKE] = TEXT("urn:wsauthz:Invoke"),
	};

	return uris[action];
}

struct str resource_family_name(enum resource_family family)
{
	return family_names[family];
}

/* Characters of URIs. */

/* unreserved and reserved of RFC 3986, section 2, without '#'. */
static bool is_uri_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '/' || c == '.' || str_find_byte(STR("-._~:/?[]@!$&'()*+,;="), c) != NULL;
}

/* An escape has one reading only when the character cannot stand for itself. */
static bool is_needed_escape(struct str s)
{
	int high = s.length >= 3 ? str_hex_digit(s.ptr[1]) : -1;
	int low = s.length >= 3 ? str_hex_digit(s.ptr[2]) : -1;
	int c = high * 16 + low;

	return high >= 0 && low >= 0 && c >= ' ' && c < 0x7f && !is_uri_char((char)c) && c != '%' &&
	       c != '\\' && c != '#';
}

static bool is_uri(struct str s)
{
	for (size_t i = 0; i < s.length; i++) {
		if (s.ptr[i] == '%') {
			if (!is_needed_escape(str_make(s.ptr + i, s.length - i)))
				return false;
			i += 2;
		} else if (!is_uri_char(s.ptr[i])) {
			return false;
		}
	}
	return true;
}

/* Segments. */

static bool is_ambiguous_segment(struct str segment)
{
	return segment.length == 0 || str_equal(segment, STR(".")) || str_equal(segment, STR(".."));
}

/* Where the segments begin: behind scheme and "://" if there is one. */
static size_t segments_start(struct str uri)
{
	const char *colon = str_find_byte(uri, ':');
	struct str scheme = str_make(uri.ptr, colon != NULL ? (size_t)(colon - uri.ptr) : 0);
	struct str rest = str_make(uri.ptr + scheme.length, uri.length - scheme.length);

	if (scheme.length == 0 || str_find_byte(scheme, '/') != NULL ||
	    !str_starts_with(rest, STR("://")))
		return 0;
	return scheme.length + strlen("://");
}

/* Counts the segments; 0 when one of them is ambiguous or there is none. */
static size_t count_segments(struct str uri)
{
	size_t count = 0;
	size_t start = segments_start(uri);

	for (size_t i = start; i <= uri.length; i++) {
		if (i < uri.length && uri.ptr[i] != '/')
			continue;
		if (is_ambiguous_segment(str_make(uri.ptr + start, i - start)))
			return 0;
		count++;
		start = i + 1;
	}
	return count;
}

/* Folds a URI once it is known to have one reading. */
static enum error read_uri(struct arena *arena, struct str uri, struct str *folded,
			   size_t *segment_count)
{
	size_t count = is_uri(uri) ? count_segments(uri) : 0;
	struct str result;

	if (count == 0)
		return ERR_INVALID;
	if (count > OPERATION_MAX_SEGMENTS)
		return ERR_LIMIT;
	result = casefold(arena, uri);
	if (result.ptr == NULL)
		return ERR_NO_MEMORY;
	*folded = result;
	*segment_count = count;
	return ERR_NONE;
}

/* The resource. */

static bool is_below(struct str uri, struct str prefix)
{
	return str_starts_with(uri, prefix) &&
	       (uri.length == prefix.length || uri.ptr[prefix.length] == '/');
}

static enum resource_family family_of(struct str uri)
{
	for (size_t i = 0; i < ARRAY_COUNT(families); i++) {
		if (is_below(uri, families[i].prefix))
			return families[i].family;
	}
	return FAMILY_OTHER;
}

static enum error read_resource(struct arena *arena, struct str uri, struct operation *operation)
{
	const char *selectors = str_find_byte(uri, '?');
	struct str *prefixes;
	size_t segment_count;
	enum error error;

	if (uri.length > OPERATION_MAX_RESOURCE_BYTES)
		return ERR_LIMIT;
	if (selectors != NULL)
		uri.length = (size_t)(selectors - uri.ptr);
	error = read_uri(arena, uri, &operation->resource_uri, &segment_count);
	if (error != ERR_NONE)
		return error;
	prefixes = arena_calloc(arena, segment_count, sizeof(*prefixes));
	if (prefixes == NULL)
		return ERR_NO_MEMORY;
	operation->family = family_of(operation->resource_uri);
	operation->prefixes = prefixes;
	operation->prefix_count = segment_count - 1;
	for (size_t i = 0, end = operation->resource_uri.length; i < segment_count - 1; i++) {
		do
			end--;
		while (operation->resource_uri.ptr[end] != '/');
		prefixes[i] = str_make(operation->resource_uri.ptr, end);
	}
	return ERR_NONE;
}

/* The action. */

static bool is_shell(enum resource_family family)
{
	return family == FAMILY_POWERSHELL || family == FAMILY_CMD;
}

static struct str last_segment(struct str uri)
{
	size_t start = uri.length;

	while (start > 0 && uri.ptr[start - 1] != '/')
		start--;
	return str_make(uri.ptr + start, uri.length - start);
}

static enum error read_action(struct arena *arena, struct str uri, struct operation *operation)
{
	size_t segment_count;
	enum error error;

	if (uri.length > OPERATION_MAX_ACTION_BYTES)
		return ERR_LIMIT;
	if (str_find_byte(uri, '?') != NULL)
		return ERR_INVALID;
	error = read_uri(arena, uri, &operation->action_uri, &segment_count);
	if (error != ERR_NONE)
		return error;
	for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
		if (!str_equal(operation->action_uri, actions[i].uri))
			continue;
		operation->action = actions[i].action;
		if (operation->action == ACTION_CREATE && is_shell(operation->family))
			operation->action = ACTION_CREATE_SHELL;
		return ERR_NONE;
	}
	operation->action = ACTION_INVOKE;
	operation->method = last_segment(operation->action_uri);
	return ERR_NONE;
}

enum error operation_read(struct arena *arena, struct str action_uri, struct str resource_uri,
			  struct operation *operation, const char **what)
{
	struct operation read = {.family = FAMILY_OTHER};
	enum error error = read_resource(arena, resource_uri, &read);

	if (error != ERR_NONE) {
		*what = "resource_uri";
		return error;
	}
	error = read_action(arena, action_uri, &read);
	if (error != ERR_NONE) {
		*what = "action_uri";
		return error;
	}
	*operation = read;
	return ERR_NONE;
}

/* Resources as people name them. */

static enum error join(struct arena *arena, struct str start, struct str rest, struct str *out)
{
	char *text = arena_alloc(arena, start.length + rest.length);

	if (text == NULL)
		return ERR_NO_MEMORY;
	memcpy(text, start.ptr, start.length);
	if (rest.length != 0)
		memcpy(text + start.length, rest.ptr, rest.length);
	*out = str_make(text, start.length + rest.length);
	return ERR_NONE;
}

/* scheme = letter *( letter / digit / "+" / "-" / "." ), RFC 3986, section 3.1; of folded text. */
static bool has_scheme(struct str uri)
{
	for (size_t i = 0; i < uri.length; i++) {
		char c = uri.ptr[i];
		bool is_letter = c >= 'a' && c <= 'z';
		bool may_follow = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';

		if (!is_letter && (i == 0 || !may_follow))
			return i != 0 && c == ':';
	}
	return false;
}

enum error operation_resource_id(struct arena *arena, struct str text, struct str *id)
{
	size_t segment_count;
	struct str folded;
	enum error error;

	if (str_ends_with(text, STR("/")))
		text.length--;
	if (text.length > OPERATION_MAX_RESOURCE_BYTES)
		return ERR_LIMIT;
	if (str_find_byte(text, '?') != NULL)
		return ERR_INVALID;
	error = read_uri(arena, text, &folded, &segment_count);
	if (error != ERR_NONE)
		return error;
	for (size_t i = 0; i < ARRAY_COUNT(aliases); i++) {
		struct str alias = aliases[i].alias;
		if (is_below(folded, alias))
			return join(
				arena, aliases[i].uri,
				str_make(folded.ptr + alias.length, folded.length - alias.length),
				id);
	}
	if (!has_scheme(folded))
		return ERR_INVALID;
	*id = folded;
	return ERR_NONE;
}

enum error operation_resource_uri(struct arena *arena, struct str text, struct str *uri)
{
	const char *mark = str_find_byte(text, '?');
	size_t length = mark != NULL ? (size_t)(mark - text.ptr) : text.length;
	struct str id;
	enum error error;

	if (text.length > OPERATION_MAX_RESOURCE_BYTES)
		return ERR_LIMIT;
	error = operation_resource_id(arena, str_make(text.ptr, length), &id);
	if (error != ERR_NONE)
		return error;
	return join(arena, id, str_make(text.ptr + length, text.length - length), uri);
}

/* The tables. */

bool operation_action_row(size_t index, struct str *action_uri, enum action *action)
{
	if (index >= ARRAY_COUNT(actions))
		return false;
	*action_uri = actions[index].uri;
	*action = actions[index].action;
	return true;
}

bool operation_family_row(size_t index, struct str *prefix, enum resource_family *family)
{
	if (index >= ARRAY_COUNT(families))
		return false;
	*prefix = families[index].prefix;
	*family = families[index].family;
	return true;
}

bool operation_alias_row(size_t index, struct str *alias, struct str *prefix)
{
	if (index >= ARRAY_COUNT(aliases))
		return false;
	*alias = aliases[index].alias;
	*prefix = aliases[index].uri;
	return true;
}
