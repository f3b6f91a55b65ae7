/*
 * Walks the events of libyaml; what a key is and takes stands in keys.c.
 */
#include "config/config.h"

#include <string.h>

#include <yaml.h>

#include "authz/sid.h"
#include "config/keys.h"
#include "platform/paths.h"
#include "platform/peer.h"

struct config config_default(void)
{
	const struct platform_paths *paths = platform_paths();

	return (struct config){
		.server =
			{
				.authorize =
					{
						.socket = paths->authorize,
						.max_connections = 64,
						.max_in_flight = 256,
					},
				.admin =
					{
						.socket = paths->admin,
						.max_connections = 8,
						.max_in_flight = 4,
					},
				.state_directory = paths->state,
				.policy_directory = paths->policy,
				.policy_reload = RELOAD_ON_CHANGE,
				.shadow_directory = "",
				.shadow_cpu_percent = 10,
				.max_flips = QUOTA_UNLIMITED,
				.replay_window_ms = CONFIG_DAYS(7),
				.sandbox = SANDBOX_PREFER,
				.sandbox_violation = VIOLATION_FAILS,
				.durability = DURABILITY_STRICT,
				.audit_queue_rows = 16384,
				.seal_rows = 250000,
				.seal_ms = CONFIG_DAYS(1),
				.retention_ms = CONFIG_DAYS(90),
				.retention_mib = 4096,
				.audit_key = "",
				.decide =
					{
						.on_error = DECIDE_ERROR_DENIES,
						.on_reload = DECIDE_RELOAD_REEVALUATES,
						.defaults = {.idle_timeout_ms =
								     CONFIG_SECONDS(15 * 60),
							     .max_lifetime_ms =
								     CONFIG_SECONDS(8 * 3600)},
					},
				.max_records = RECORDS_DEFAULT_MAX_COUNT,
				.max_rate = UINT32_MAX,
				.max_burst = 1000,
				.request_kib = 8192,
				.memory_mib = 256,
				.metrics_file = "",
				.metrics_interval_ms = CONFIG_SECONDS(15),
				.hello_ms = CONFIG_SECONDS(5),
				.frame_ms = CONFIG_SECONDS(5),
				.idle_ms = CONFIG_SECONDS(60),
				.stop_ms = CONFIG_SECONDS(5),
			},
		.log_level = LOG_INFO,
		.log_format = LOG_TEXT,
	};
}

void config_each_key(void (*visit)(const char *key, void *arg), void *arg)
{
	for (size_t i = 0; i < config_key_count; i++) {
		if (config_keys[i].kind != VALUE_SECTION)
			visit(config_keys[i].path, arg);
	}
}

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the current one; type YAML_NO_EVENT when there is none */
	struct str name;
	struct arena *arena;
	struct config *config;
	struct buf *why;
	bool seen[CONFIG_KEYS_MAX]; /* by index in config_keys[] */
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

static enum error report_unknown(struct reader *reader, struct str section, struct str name)
{
	struct str nearest = config_key_nearest(section, name);

	if (nearest.length != 0)
		return fail_here(reader, "unknown key '%.*s'; did you mean '%.*s'?", STR_ARGS(name),
				 STR_ARGS(nearest));
	if (section.length != 0)
		return fail_here(reader, "unknown key '%.*s' in '%.*s'", STR_ARGS(name),
				 STR_ARGS(section));
	return fail_here(reader, "unknown key '%.*s'", STR_ARGS(name));
}

/* The key that the current scalar names. */
static enum error find_key(struct reader *reader, struct str section, const struct config_key **out)
{
	const struct config_key *key;
	bool *seen;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return fail_here(reader, "a key must be a word");
	key = config_key_find(section, scalar_text(reader));
	if (key == NULL)
		return report_unknown(reader, section, scalar_text(reader));
	seen = &reader->seen[key - config_keys];
	if (*seen)
		return fail_here(reader, "'%s' is there twice", key->path);
	*seen = true;
	*out = key;
	return ERR_NONE;
}

static void *target(struct reader *reader, const struct config_key *key)
{
	return (char *)reader->config + key->offset;
}

static enum error check_text(struct reader *reader, const struct config_key *key, struct str text)
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
static enum error copy_text(struct reader *reader, const struct config_key *key, struct str *out)
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

static enum error read_path(struct reader *reader, const struct config_key *key)
{
	struct str text = STR("");
	enum error error = copy_text(reader, key, &text);

	if (error != ERR_NONE)
		return error;
	/* Only where the least length is 0. */
	if (key->kind == VALUE_PATH && text.length != 0 && !path_is_absolute(text.ptr))
		return fail_here(reader, "'%s' must be an absolute path", key->path);
	if (key->kind == VALUE_ENDPOINT && !endpoint_path_is_valid(text.ptr))
		return fail_here(reader, "'%s' %s", key->path, endpoint_path_rule);
	memcpy(target(reader, key), &text.ptr, sizeof(text.ptr));
	return ERR_NONE;
}

static enum error read_sid(struct reader *reader, const struct config_key *key)
{
	struct str sid = scalar_text(reader);

	if (sid.length == 0)
		return ERR_NONE;
	if (!sid_valid(sid))
		return fail_here(reader, "'%s' takes a SID such as S-1-5-32-544, or \"\" for none",
				 key->path);
	return copy_text(reader, key, target(reader, key));
}

static enum error read_count(struct reader *reader, const struct config_key *key)
{
	bool is_unlimited =
		key->kind == VALUE_QUOTA && str_equal(scalar_text(reader), STR("unlimited"));
	uint64_t value = QUOTA_UNLIMITED;
	uint32_t count;

	if (!is_unlimited && (!is_plain(reader) || !str_to_u64(scalar_text(reader), &value)))
		return fail_here(reader, "'%s' takes a whole number%s", key->path,
				 key->kind == VALUE_QUOTA ? " or unlimited" : "");
	if (!is_unlimited && (value < (uint64_t)key->min || value > (uint64_t)key->max))
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
static const struct unit units[] = {{"d", CONFIG_DAYS(1)},
				    {"h", CONFIG_SECONDS(3600)},
				    {"ms", 1},
				    {"m", CONFIG_SECONDS(60)},
				    {"s", CONFIG_SECONDS(1)}};

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
		if (!read_part(&text, &part_ms) || total_ms > CONFIG_DAYS(1000000))
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

static enum error read_time(struct reader *reader, const struct config_key *key)
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

static enum error read_choice(struct reader *reader, const struct config_key *key)
{
	enum error error;

	for (const struct config_choice *choice = key->choices; choice->word != NULL; choice++) {
		if (str_equal(scalar_text(reader), str_from(choice->word))) {
			memcpy(target(reader, key), &choice->value, sizeof(choice->value));
			return ERR_NONE;
		}
	}
	error = fail_here(reader, "'%s' takes one of", key->path);
	for (const struct config_choice *choice = key->choices; choice->word != NULL; choice++)
		buf_printf(reader->why, "%s %s", choice == key->choices ? "" : ",", choice->word);
	return error;
}

static enum error read_accounts(struct reader *reader, const struct config_key *key)
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

static enum error read_masks(struct reader *reader, const struct config_key *key)
{
	struct mask_rules *rules = target(reader, key);
	enum error error;

	if (reader->event.type != YAML_SEQUENCE_START_EVENT)
		return fail_here(reader, "'%s' takes a list, such as [\"user: *\"]", key->path);
	for (;;) {
		struct str text = STR("");

		error = next(reader);
		if (error != ERR_NONE || reader->event.type == YAML_SEQUENCE_END_EVENT)
			return error;
		if (reader->event.type != YAML_SCALAR_EVENT)
			return fail_here(reader,
					 "'%s' takes a list of texts: quote a rule, because of its "
					 "colon",
					 key->path);
		if (rules->count == MASK_RULES_MAX)
			return fail_here(reader, "'%s' takes at most %d rules", key->path,
					 MASK_RULES_MAX);
		error = copy_text(reader, key, &text);
		if (error != ERR_NONE)
			return error;
		if (mask_rule_read(text, &rules->items[rules->count]) != ERR_NONE)
			return fail_here(reader,
					 "'%s' takes rules \"FIELD: PATTERN\": the field is one of "
					 "%s, the pattern has at most one * and no quote or "
					 "backslash",
					 key->path, mask_field_names);
		rules->count++;
	}
}

static enum error read_scalar(struct reader *reader, const struct config_key *key)
{
	if (reader->event.type != YAML_SCALAR_EVENT)
		return fail_here(reader, "'%s' takes a single value", key->path);
	if (is_nothing(reader))
		return fail_here(reader, "'%s' has no value; leave the key out for its default",
				 key->path);
	switch (key->kind) {
	case VALUE_PATH:
	case VALUE_ENDPOINT: return read_path(reader, key);
	case VALUE_TEXT: return copy_text(reader, key, target(reader, key));
	case VALUE_SID: return read_sid(reader, key);
	case VALUE_COUNT:
	case VALUE_QUOTA: return read_count(reader, key);
	case VALUE_SECONDS:
	case VALUE_DURATION: return read_time(reader, key);
	case VALUE_CHOICE: return read_choice(reader, key);
	case VALUE_SECTION:
	case VALUE_ACCOUNTS:
	case VALUE_MASKS: break;
	}
	return ERR_INTERNAL;
}

static enum error read_mapping(struct reader *reader, struct str section);

/* The current event is the value of `key`. */
static enum error read_value(struct reader *reader, const struct config_key *key)
{
	if (key->kind == VALUE_ACCOUNTS)
		return read_accounts(reader, key);
	if (key->kind == VALUE_MASKS)
		return read_masks(reader, key);
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
		const struct config_key *key = NULL;
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
