/*
 * One table says what every key is called, what it takes and where it goes; the functions below it
 * walk the events of libyaml and look everything up there.
 */
#include "config/config.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"

enum value_kind {
	VALUE_SECTION,  /* a mapping of further keys */
	VALUE_PATH,     /* absolute; the range is of its bytes */
	VALUE_TEXT,     /* may be empty; the range is of its bytes */
	VALUE_COUNT,    /* a whole number into a uint32_t */
	VALUE_QUOTA,    /* the same, or "unlimited" */
	VALUE_SECONDS,  /* a duration into a uint32_t of seconds; the range is of milliseconds */
	VALUE_DURATION, /* a duration into an int64_t of milliseconds */
	VALUE_CHOICE,   /* one of several words into an enum */
	VALUE_ACCOUNTS, /* a sequence of names or numbers */
};

struct choice {
	const char *word;
	int value;
};

struct key {
	const char *path; /* sections and name with dots between */
	enum value_kind kind;
	size_t offset; /* in struct config */
	int64_t min, max;
	const struct choice *choices; /* ended by a NULL word */
};

#define SECONDS(n) (INT64_C(1000) * (n))
#define DAYS(n)    (SECONDS(86400) * (n))

static const struct choice durability_choices[] = {
	{"strict", DURABILITY_STRICT}, {"relaxed", DURABILITY_RELAXED}, {NULL, 0}};
static const struct choice policy_reload_choices[] = {
	{"on_change", RELOAD_ON_CHANGE}, {"on_request", RELOAD_ON_REQUEST}, {NULL, 0}};
static const struct choice on_error_choices[] = {
	{"deny", DECIDE_ERROR_DENIES}, {"cedar", DECIDE_ERROR_AS_CEDAR}, {NULL, 0}};
static const struct choice on_reload_choices[] = {
	{"reevaluate", DECIDE_RELOAD_REEVALUATES}, {"keep", DECIDE_RELOAD_KEEPS}, {NULL, 0}};
static const struct choice level_choices[] = {{"error", LOG_ERROR},
					      {"warning", LOG_WARNING},
					      {"info", LOG_INFO},
					      {"debug", LOG_DEBUG},
					      {NULL, 0}};
static const struct choice format_choices[] = {{"text", LOG_TEXT}, {"json", LOG_JSON}, {NULL, 0}};

#define AT(field) offsetof(struct config, field)

/* The order is that of the sample; a section stands before its keys. */
static const struct key keys[] = {
	{"authorize", VALUE_SECTION, 0, 0, 0, NULL},
	{"authorize.socket", VALUE_PATH, AT(server.authorize.socket), 2, 107, NULL},
	{"authorize.group", VALUE_TEXT, AT(server.authorize.group), 0, 255, NULL},
	{"authorize.users", VALUE_ACCOUNTS, AT(server.authorize.users), 1, 255, NULL},
	{"authorize.groups", VALUE_ACCOUNTS, AT(server.authorize.groups), 1, 255, NULL},
	{"authorize.max_connections", VALUE_COUNT, AT(server.authorize.max_connections), 1, 4096,
	 NULL},
	{"authorize.max_in_flight", VALUE_COUNT, AT(server.authorize.max_in_flight), 1, 4096, NULL},

	{"admin", VALUE_SECTION, 0, 0, 0, NULL},
	{"admin.socket", VALUE_PATH, AT(server.admin.socket), 2, 107, NULL},
	{"admin.group", VALUE_TEXT, AT(server.admin.group), 0, 255, NULL},
	{"admin.users", VALUE_ACCOUNTS, AT(server.admin.users), 1, 255, NULL},
	{"admin.groups", VALUE_ACCOUNTS, AT(server.admin.groups), 1, 255, NULL},
	{"admin.max_connections", VALUE_COUNT, AT(server.admin.max_connections), 1, 64, NULL},
	{"admin.max_in_flight", VALUE_COUNT, AT(server.admin.max_in_flight), 1, 64, NULL},

	{"state", VALUE_SECTION, 0, 0, 0, NULL},
	{"state.directory", VALUE_PATH, AT(server.state_directory), 2, PATH_MAX / 2, NULL},

	{"policy", VALUE_SECTION, 0, 0, 0, NULL},
	{"policy.directory", VALUE_PATH, AT(server.policy_directory), 2, PATH_MAX / 2, NULL},
	{"policy.reload", VALUE_CHOICE, AT(server.policy_reload), 0, 0, policy_reload_choices},
	{"policy.on_error", VALUE_CHOICE, AT(server.decide.on_error), 0, 0, on_error_choices},

	{"audit", VALUE_SECTION, 0, 0, 0, NULL},
	{"audit.durability", VALUE_CHOICE, AT(server.durability), 0, 0, durability_choices},
	{"audit.queue_rows", VALUE_COUNT, AT(server.audit_queue_rows), 16, 1048576, NULL},

	{"records", VALUE_SECTION, 0, 0, 0, NULL},
	{"records.idle_timeout", VALUE_DURATION, AT(server.decide.defaults.idle_timeout_ms),
	 SECONDS(1), DAYS(366), NULL},
	{"records.max_lifetime", VALUE_DURATION, AT(server.decide.defaults.max_lifetime_ms),
	 SECONDS(1), DAYS(366), NULL},
	{"records.on_reload", VALUE_CHOICE, AT(server.decide.on_reload), 0, 0, on_reload_choices},
	{"records.max_count", VALUE_COUNT, AT(server.max_records), 1, 10000000, NULL},

	{"quota", VALUE_SECTION, 0, 0, 0, NULL},
	{"quota.max_shells", VALUE_QUOTA, AT(server.decide.defaults.quota.max_shells), 1,
	 UINT32_MAX, NULL},
	{"quota.max_operations", VALUE_QUOTA, AT(server.decide.defaults.quota.max_operations), 1,
	 UINT32_MAX, NULL},
	{"quota.timeslot", VALUE_SECONDS, AT(server.decide.defaults.quota.timeslot_s), SECONDS(1),
	 DAYS(366), NULL},
	{"quota.max_operations_per_timeslot", VALUE_QUOTA,
	 AT(server.decide.defaults.quota.max_operations_per_timeslot), 1, UINT32_MAX, NULL},

	{"deadlines", VALUE_SECTION, 0, 0, 0, NULL},
	{"deadlines.hello", VALUE_DURATION, AT(server.hello_ms), 100, SECONDS(60), NULL},
	{"deadlines.frame", VALUE_DURATION, AT(server.frame_ms), 100, SECONDS(60), NULL},
	{"deadlines.idle", VALUE_DURATION, AT(server.idle_ms), 100, DAYS(1), NULL},
	{"deadlines.stop", VALUE_DURATION, AT(server.stop_ms), 100, SECONDS(60), NULL},

	{"log", VALUE_SECTION, 0, 0, 0, NULL},
	{"log.level", VALUE_CHOICE, AT(log_level), 0, 0, level_choices},
	{"log.format", VALUE_CHOICE, AT(log_format), 0, 0, format_choices},
};

enum { KEY_PATH_MAX = 128, DISTANCE_MAX_BYTES = 40 };

struct config config_default(void)
{
	return (struct config){
		.server =
			{
				.authorize =
					{
						.socket = "/run/wsauthz/authorize.sock",
						.max_connections = 64,
						.max_in_flight = 256,
					},
				.admin =
					{
						.socket = "/run/wsauthz/admin/admin.sock",
						.max_connections = 8,
						.max_in_flight = 4,
					},
				.state_directory = "/var/lib/wsauthz",
				.policy_directory = "/etc/wsauthz/policy",
				.policy_reload = RELOAD_ON_CHANGE,
				.durability = DURABILITY_STRICT,
				.audit_queue_rows = 16384,
				.decide =
					{
						.on_error = DECIDE_ERROR_DENIES,
						.on_reload = DECIDE_RELOAD_REEVALUATES,
						.defaults = {.idle_timeout_ms = SECONDS(15 * 60),
							     .max_lifetime_ms = SECONDS(8 * 3600)},
					},
				.max_records = RECORDS_DEFAULT_MAX_COUNT,
				.hello_ms = SECONDS(5),
				.frame_ms = SECONDS(5),
				.idle_ms = SECONDS(60),
				.stop_ms = SECONDS(5),
			},
		.log_level = LOG_INFO,
		.log_format = LOG_TEXT,
	};
}

void config_each_key(void (*visit)(const char *key, void *arg), void *arg)
{
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		if (keys[i].kind != VALUE_SECTION)
			visit(keys[i].path, arg);
	}
}

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the current one; type YAML_NO_EVENT when there is none */
	struct str name;
	struct arena *arena;
	struct config *config;
	struct buf *why;
	bool seen[ARRAY_COUNT(keys)];
};

static enum error fail_at(struct reader *reader, const yaml_mark_t *mark, enum error error,
			  const char *format, ...) ATTR_PRINTF(4, 5);

static enum error fail_at(struct reader *reader, const yaml_mark_t *mark, enum error error,
			  const char *format, ...)
{
	va_list args;

	buf_printf(reader->why, "%.*s:%zu:%zu: ", STR_ARGS(reader->name), mark->line + 1,
		   mark->column + 1);
	va_start(args, format);
	buf_vprintf(reader->why, format, args);
	va_end(args);
	return error;
}

/* An error at the current event. */
#define fail_here(reader, ...)                                                                     \
	fail_at(reader, &(reader)->event.start_mark, ERR_INVALID, __VA_ARGS__)

static enum error out_of_memory(struct reader *reader)
{
	buf_printf(reader->why, "%.*s: %s", STR_ARGS(reader->name), error_text(ERR_NO_MEMORY));
	return ERR_NO_MEMORY;
}

static bool has_property(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor != NULL ||
		       event->data.sequence_start.tag != NULL;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor != NULL ||
		       event->data.mapping_start.tag != NULL;
	default: return false;
	}
}

/* Moves on to the next event. */
static enum error next(struct reader *reader)
{
	yaml_event_delete(&reader->event);
	if (!yaml_parser_parse(&reader->parser, &reader->event)) {
		reader->event.type = YAML_NO_EVENT;
		if (reader->parser.error == YAML_MEMORY_ERROR)
			return out_of_memory(reader);
		return fail_at(reader, &reader->parser.problem_mark, ERR_SYNTAX, "%s",
			       reader->parser.problem != NULL ? reader->parser.problem
							      : "this is not YAML");
	}
	if (reader->event.type == YAML_ALIAS_EVENT || has_property(&reader->event))
		return fail_here(reader, "anchors, aliases and tags are not supported here");
	return ERR_NONE;
}

static struct str scalar_text(const struct reader *reader)
{
	return str_make((const char *)reader->event.data.scalar.value,
			reader->event.data.scalar.length);
}

static bool is_plain(const struct reader *reader)
{
	return reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* What YAML makes of a key without a value. */
static bool is_nothing(const struct reader *reader)
{
	return reader->event.type == YAML_SCALAR_EVENT && is_plain(reader) &&
	       scalar_text(reader).length == 0;
}

/* Edits that turn one word into the other (Levenshtein), for words short enough to be keys. */
static size_t distance(struct str a, struct str b)
{
	size_t row[DISTANCE_MAX_BYTES + 1];

	if (a.length > DISTANCE_MAX_BYTES || b.length > DISTANCE_MAX_BYTES)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.length; j++) {
			size_t best = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b.length];
}

/* The name of `key` inside `section` (empty at the top); an empty slice when it is not in it. */
static struct str name_in_section(const struct key *key, struct str section)
{
	struct str path = str_from(key->path);

	if (section.length != 0) {
		if (path.length <= section.length || !str_starts_with(path, section) ||
		    path.ptr[section.length] != '.')
			return STR("");
		path = str_make(path.ptr + section.length + 1, path.length - section.length - 1);
	}
	return str_find_byte(path, '.') == NULL ? path : STR("");
}

static enum error report_unknown(struct reader *reader, struct str section, struct str name)
{
	struct str nearest = STR("");
	size_t least = 3; /* more than two edits are another word */

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		struct str candidate = name_in_section(&keys[i], section);
		size_t edits = candidate.length != 0 ? distance(name, candidate) : SIZE_MAX;

		if (edits < least) {
			least = edits;
			nearest = candidate;
		}
	}
	if (nearest.length != 0)
		return fail_here(reader, "unknown key '%.*s'; did you mean '%.*s'?", STR_ARGS(name),
				 STR_ARGS(nearest));
	if (section.length != 0)
		return fail_here(reader, "unknown key '%.*s' in '%.*s'", STR_ARGS(name),
				 STR_ARGS(section));
	return fail_here(reader, "unknown key '%.*s'", STR_ARGS(name));
}

/* The key that the current scalar names. */
static enum error find_key(struct reader *reader, struct str section, const struct key **out)
{
	struct str name;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return fail_here(reader, "a key must be a word");
	name = scalar_text(reader);
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		struct str candidate = name_in_section(&keys[i], section);

		if (candidate.length == 0 || !str_equal(candidate, name))
			continue;
		if (reader->seen[i])
			return fail_here(reader, "'%s' is there twice", keys[i].path);
		reader->seen[i] = true;
		*out = &keys[i];
		return ERR_NONE;
	}
	return report_unknown(reader, section, name);
}

static void *target(struct reader *reader, const struct key *key)
{
	return (char *)reader->config + key->offset;
}

static enum error check_text(struct reader *reader, const struct key *key, struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return fail_here(reader, "'%s' holds a control character", key->path);
	}
	if ((int64_t)text.length < key->min || (int64_t)text.length > key->max)
		return fail_here(reader, "'%s' takes %lld to %lld bytes, this has %zu", key->path,
				 (long long)key->min, (long long)key->max, text.length);
	return ERR_NONE;
}

/* Copies the current scalar. */
static enum error copy_text(struct reader *reader, const struct key *key, struct str *out)
{
	enum error error = check_text(reader, key, scalar_text(reader));
	struct str copy;

	if (error != ERR_NONE)
		return error;
	copy = arena_copy(reader->arena, scalar_text(reader));
	if (copy.ptr == NULL)
		return out_of_memory(reader);
	*out = copy;
	return ERR_NONE;
}

static enum error read_path(struct reader *reader, const struct key *key)
{
	struct str text = STR("");
	enum error error = copy_text(reader, key, &text);

	if (error != ERR_NONE)
		return error;
	if (text.ptr[0] != '/')
		return fail_here(reader, "'%s' must be an absolute path", key->path);
	memcpy(target(reader, key), &text.ptr, sizeof(text.ptr));
	return ERR_NONE;
}

static enum error read_count(struct reader *reader, const struct key *key)
{
	uint64_t value;
	uint32_t count;

	if (key->kind == VALUE_QUOTA && str_equal(scalar_text(reader), STR("unlimited")))
		value = QUOTA_UNLIMITED;
	else if (!is_plain(reader) || !str_to_u64(scalar_text(reader), &value))
		return fail_here(reader, "'%s' takes a whole number%s", key->path,
				 key->kind == VALUE_QUOTA ? " or unlimited" : "");
	if (value < (uint64_t)key->min || value > (uint64_t)key->max)
		return fail_here(reader, "'%s' takes a number from %lld to %lld", key->path,
				 (long long)key->min, (long long)key->max);
	count = (uint32_t)value;
	memcpy(target(reader, key), &count, sizeof(count));
	return ERR_NONE;
}

struct unit {
	const char *text;
	int64_t ms;
};

/* From the largest to the smallest; "ms" stands before "m", which it starts with. */
static const struct unit units[] = {
	{"d", DAYS(1)}, {"h", SECONDS(3600)}, {"ms", 1}, {"m", SECONDS(60)}, {"s", SECONDS(1)}};

/* Reads one number and its unit from the start of `text`. */
static bool read_part(struct str *text, int64_t *ms)
{
	size_t digits = 0;
	uint64_t number;

	while (digits < text->length && text->ptr[digits] >= '0' && text->ptr[digits] <= '9')
		digits++;
	if (!str_to_u64(str_make(text->ptr, digits), &number) || number > UINT32_MAX)
		return false;
	*text = str_make(text->ptr + digits, text->length - digits);
	for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
		struct str unit = str_from(units[i].text);

		if (str_starts_with(*text, unit)) {
			*text = str_make(text->ptr + unit.length, text->length - unit.length);
			*ms = (int64_t)number * units[i].ms;
			return true;
		}
	}
	return false;
}

/* "90s", "1h30m": numbers with units, each part shorter than one of the unit before it. */
static bool read_duration(struct str text, int64_t *out)
{
	int64_t total_ms = 0, part_ms = 0;

	if (text.length == 0)
		return false;
	while (text.length != 0) {
		if (!read_part(&text, &part_ms) || total_ms > DAYS(1000000))
			return false;
		total_ms += part_ms;
	}
	*out = total_ms;
	return true;
}

/* The largest unit that says it without a rest. */
static void print_duration(struct buf *out, int64_t ms)
{
	const struct unit *best = &units[2];

	for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
		if (ms % units[i].ms == 0 && units[i].ms > best->ms)
			best = &units[i];
	}
	buf_printf(out, "%lld%s", (long long)(ms / best->ms), best->text);
}

static enum error read_time(struct reader *reader, const struct key *key)
{
	int64_t ms = 0;
	enum error error;

	if (!read_duration(scalar_text(reader), &ms))
		return fail_here(
			reader,
			"'%s' takes a duration such as 90s, 15m or 1h30m (units d, h, m, s, "
			"ms)",
			key->path);
	if (ms < key->min || ms > key->max) {
		error = fail_here(reader, "'%s' takes a duration from ", key->path);
		print_duration(reader->why, key->min);
		buf_append_str(reader->why, STR(" to "));
		print_duration(reader->why, key->max);
		return error;
	}
	if (key->kind == VALUE_SECONDS) {
		uint32_t seconds = (uint32_t)(ms / 1000);

		if (ms % 1000 != 0)
			return fail_here(reader, "'%s' takes whole seconds", key->path);
		memcpy(target(reader, key), &seconds, sizeof(seconds));
	} else {
		memcpy(target(reader, key), &ms, sizeof(ms));
	}
	return ERR_NONE;
}

static enum error read_choice(struct reader *reader, const struct key *key)
{
	enum error error;

	for (const struct choice *choice = key->choices; choice->word != NULL; choice++) {
		if (str_equal(scalar_text(reader), str_from(choice->word))) {
			memcpy(target(reader, key), &choice->value, sizeof(choice->value));
			return ERR_NONE;
		}
	}
	error = fail_here(reader, "'%s' takes one of", key->path);
	for (const struct choice *choice = key->choices; choice->word != NULL; choice++)
		buf_printf(reader->why, "%s %s", choice == key->choices ? "" : ",", choice->word);
	return error;
}

static enum error read_accounts(struct reader *reader, const struct key *key)
{
	struct settings_accounts *accounts = target(reader, key);
	enum error error;

	if (reader->event.type != YAML_SEQUENCE_START_EVENT)
		return fail_here(reader, "'%s' takes a list, such as [name, 33]", key->path);
	for (;;) {
		error = next(reader);
		if (error != ERR_NONE || reader->event.type == YAML_SEQUENCE_END_EVENT)
			return error;
		if (reader->event.type != YAML_SCALAR_EVENT)
			return fail_here(reader, "'%s' takes a list of names or numbers",
					 key->path);
		if (accounts->count == PEER_RULES_MAX)
			return fail_here(reader, "'%s' takes at most %d entries", key->path,
					 PEER_RULES_MAX);
		error = copy_text(reader, key, &accounts->items[accounts->count]);
		if (error != ERR_NONE)
			return error;
		accounts->count++;
	}
}

static enum error read_scalar(struct reader *reader, const struct key *key)
{
	if (reader->event.type != YAML_SCALAR_EVENT)
		return fail_here(reader, "'%s' takes a single value", key->path);
	if (is_nothing(reader))
		return fail_here(reader, "'%s' has no value; leave the key out for its default",
				 key->path);
	switch (key->kind) {
	case VALUE_PATH: return read_path(reader, key);
	case VALUE_TEXT: return copy_text(reader, key, target(reader, key));
	case VALUE_COUNT:
	case VALUE_QUOTA: return read_count(reader, key);
	case VALUE_SECONDS:
	case VALUE_DURATION: return read_time(reader, key);
	case VALUE_CHOICE: return read_choice(reader, key);
	case VALUE_SECTION:
	case VALUE_ACCOUNTS: break;
	}
	return ERR_INTERNAL;
}

static enum error read_mapping(struct reader *reader, struct str section);

/* The current event is the value of `key`. */
static enum error read_value(struct reader *reader, const struct key *key)
{
	if (key->kind == VALUE_ACCOUNTS)
		return read_accounts(reader, key);
	if (key->kind != VALUE_SECTION)
		return read_scalar(reader, key);
	if (is_nothing(reader))
		return ERR_NONE;
	if (reader->event.type != YAML_MAPPING_START_EVENT)
		return fail_here(reader, "'%s' is a section: its keys stand below it, indented",
				 key->path);
	return read_mapping(reader, str_from(key->path));
}

/* Reads up to the end of the mapping that the current event starts. The recursion is two deep: only
 * the table opens a section, and no section holds another. */
static enum error read_mapping(struct reader *reader, struct str section)
{
	for (;;) {
		const struct key *key = NULL;
		enum error error = next(reader);

		if (error != ERR_NONE || reader->event.type == YAML_MAPPING_END_EVENT)
			return error;
		error = find_key(reader, section, &key);
		if (error == ERR_NONE)
			error = next(reader);
		if (error == ERR_NONE)
			error = read_value(reader, key);
		if (error != ERR_NONE)
			return error;
	}
}

static enum error read_document(struct reader *reader)
{
	enum error error = next(reader); /* the stream starts */

	if (error == ERR_NONE)
		error = next(reader);
	if (error != ERR_NONE || reader->event.type == YAML_STREAM_END_EVENT)
		return error;
	error = next(reader);
	if (error != ERR_NONE)
		return error;
	if (reader->event.type == YAML_MAPPING_START_EVENT)
		error = read_mapping(reader, STR(""));
	else if (!is_nothing(reader))
		error = fail_here(reader, "the file must consist of keys and their values");
	if (error == ERR_NONE)
		error = next(reader); /* the document ends */
	if (error == ERR_NONE)
		error = next(reader);
	if (error == ERR_NONE && reader->event.type != YAML_STREAM_END_EVENT)
		error = fail_here(reader, "the file must be a single YAML document");
	return error;
}

enum error config_read(struct str name, struct str text, struct arena *arena, struct config *out,
		       struct buf *why)
{
	struct config config = config_default();
	struct reader reader = {.name = name, .arena = arena, .config = &config, .why = why};
	enum error error;

	if (!yaml_parser_initialize(&reader.parser))
		return out_of_memory(&reader);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text.ptr, text.length);
	error = read_document(&reader);
	yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	if (error != ERR_NONE)
		return error;
	*out = config;
	return ERR_NONE;
}
