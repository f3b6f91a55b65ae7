#include "config/keys.h"

#include <assert.h>

#include "authz/sid.h"
#include "base/attributes.h"
#include "config/config.h"
#include "platform/paths.h"

#define SECONDS(n) CONFIG_SECONDS(n)
#define DAYS(n)    CONFIG_DAYS(n)

static const struct config_choice durability_choices[] = {
	{"strict", DURABILITY_STRICT}, {"relaxed", DURABILITY_RELAXED}, {NULL, 0}};
static const struct config_choice on_corrupt_choices[] = {
	{"refuse", ON_CORRUPT_REFUSE}, {"quarantine", ON_CORRUPT_QUARANTINE}, {NULL, 0}};
static const struct config_choice policy_reload_choices[] = {
	{"on_change", RELOAD_ON_CHANGE}, {"on_request", RELOAD_ON_REQUEST}, {NULL, 0}};
static const struct config_choice sandbox_choices[] = {
	{"prefer", SANDBOX_PREFER}, {"require", SANDBOX_REQUIRE}, {"off", SANDBOX_OFF}, {NULL, 0}};
static const struct config_choice violation_choices[] = {
	{"error", VIOLATION_FAILS}, {"kill", VIOLATION_KILLS}, {NULL, 0}};
static const struct config_choice on_error_choices[] = {
	{"deny", DECIDE_ERROR_DENIES}, {"cedar", DECIDE_ERROR_AS_CEDAR}, {NULL, 0}};
static const struct config_choice on_reload_choices[] = {
	{"reevaluate", DECIDE_RELOAD_REEVALUATES}, {"keep", DECIDE_RELOAD_KEEPS}, {NULL, 0}};
static const struct config_choice level_choices[] = {{"error", LOG_ERROR},
						     {"warning", LOG_WARNING},
						     {"info", LOG_INFO},
						     {"debug", LOG_DEBUG},
						     {NULL, 0}};
static const struct config_choice format_choices[] = {
	{"text", LOG_TEXT}, {"json", LOG_JSON}, {NULL, 0}};

#define AT(field) offsetof(struct config, field)

const struct config_key config_keys[] = {
	{"authorize", VALUE_SECTION, 0, 0, 0, NULL},
	{"authorize.socket", VALUE_ENDPOINT, AT(server.authorize.socket), 2, ENDPOINT_PATH_MAX,
	 NULL},
	{"authorize.group", VALUE_TEXT, AT(server.authorize.group), 0, 255, NULL},
	{"authorize.users", VALUE_ACCOUNTS, AT(server.authorize.users), 1, 255, NULL},
	{"authorize.groups", VALUE_ACCOUNTS, AT(server.authorize.groups), 1, 255, NULL},
	{"authorize.max_connections", VALUE_COUNT, AT(server.authorize.max_connections), 1, 4096,
	 NULL},
	{"authorize.max_in_flight", VALUE_COUNT, AT(server.authorize.max_in_flight), 1, 4096, NULL},

	{"admin", VALUE_SECTION, 0, 0, 0, NULL},
	{"admin.socket", VALUE_ENDPOINT, AT(server.admin.socket), 2, ENDPOINT_PATH_MAX, NULL},
	{"admin.group", VALUE_TEXT, AT(server.admin.group), 0, 255, NULL},
	{"admin.users", VALUE_ACCOUNTS, AT(server.admin.users), 1, 255, NULL},
	{"admin.groups", VALUE_ACCOUNTS, AT(server.admin.groups), 1, 255, NULL},
	{"admin.max_connections", VALUE_COUNT, AT(server.admin.max_connections), 1, 64, NULL},
	{"admin.max_in_flight", VALUE_COUNT, AT(server.admin.max_in_flight), 1, 64, NULL},

	{"roles", VALUE_SECTION, 0, 0, 0, NULL},
	{"roles.operator_users", VALUE_ACCOUNTS, AT(server.operators.users), 1, 255, NULL},
	{"roles.operator_groups", VALUE_ACCOUNTS, AT(server.operators.groups), 1, 255, NULL},
	{"roles.auditor_users", VALUE_ACCOUNTS, AT(server.auditors.users), 1, 255, NULL},
	{"roles.auditor_groups", VALUE_ACCOUNTS, AT(server.auditors.groups), 1, 255, NULL},

	{"break_glass", VALUE_SECTION, 0, 0, 0, NULL},
	{"break_glass.group", VALUE_SID, AT(server.decide.break_glass_group), 0, SID_MAX_BYTES,
	 NULL},

	{"state", VALUE_SECTION, 0, 0, 0, NULL},
	{"state.directory", VALUE_PATH, AT(server.state_directory), 2, PLATFORM_PATH_MAX, NULL},

	{"policy", VALUE_SECTION, 0, 0, 0, NULL},
	{"policy.directory", VALUE_PATH, AT(server.policy_directory), 2, PLATFORM_PATH_MAX, NULL},
	{"policy.reload", VALUE_CHOICE, AT(server.policy_reload), 0, 0, policy_reload_choices},
	{"policy.shadow_directory", VALUE_PATH, AT(server.shadow_directory), 0, PLATFORM_PATH_MAX,
	 NULL},
	{"policy.shadow_cpu", VALUE_COUNT, AT(server.shadow_cpu_percent), 1, 100, NULL},
	{"policy.max_flips", VALUE_QUOTA, AT(server.max_flips), 0, UINT32_MAX, NULL},
	{"policy.replay_window", VALUE_DURATION, AT(server.replay_window_ms), SECONDS(60),
	 DAYS(366), NULL},
	{"policy.on_error", VALUE_CHOICE, AT(server.decide.on_error), 0, 0, on_error_choices},

	{"audit", VALUE_SECTION, 0, 0, 0, NULL},
	{"audit.durability", VALUE_CHOICE, AT(server.durability), 0, 0, durability_choices},
	{"audit.mask", VALUE_MASKS, AT(server.mask), 1, MASK_RULE_MAX_BYTES, NULL},
	{"audit.on_corrupt", VALUE_CHOICE, AT(server.on_corrupt), 0, 0, on_corrupt_choices},
	{"audit.queue_rows", VALUE_COUNT, AT(server.audit_queue_rows), 16, 1048576, NULL},
	{"audit.seal_rows", VALUE_COUNT, AT(server.seal_rows), 1000, SETTINGS_SEAL_ROWS_MAX, NULL},
	{"audit.seal_age", VALUE_DURATION, AT(server.seal_ms), SECONDS(60), DAYS(366), NULL},
	{"audit.retention_age", VALUE_DURATION, AT(server.retention_ms), DAYS(1), DAYS(3660), NULL},
	{"audit.retention_mib", VALUE_COUNT, AT(server.retention_mib), 16, 104857600, NULL},
	{"audit.signing_key", VALUE_PATH, AT(server.audit_key), 0, PLATFORM_PATH_MAX, NULL},

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

	{"limits", VALUE_SECTION, 0, 0, 0, NULL},
	{"limits.rate", VALUE_QUOTA, AT(server.max_rate), 1, 1000000, NULL},
	{"limits.burst", VALUE_COUNT, AT(server.max_burst), 1, 1000000, NULL},
	{"limits.request_kib", VALUE_COUNT, AT(server.request_kib), 1024, 65536, NULL},
	{"limits.memory_mib", VALUE_COUNT, AT(server.memory_mib), 16, 1048576, NULL},

	{"deadlines", VALUE_SECTION, 0, 0, 0, NULL},
	{"deadlines.hello", VALUE_DURATION, AT(server.hello_ms), 100, SECONDS(60), NULL},
	{"deadlines.frame", VALUE_DURATION, AT(server.frame_ms), 100, SECONDS(60), NULL},
	{"deadlines.idle", VALUE_DURATION, AT(server.idle_ms), 100, DAYS(1), NULL},
	{"deadlines.stop", VALUE_DURATION, AT(server.stop_ms), 100, SECONDS(60), NULL},

	{"metrics", VALUE_SECTION, 0, 0, 0, NULL},
	{"metrics.file", VALUE_PATH, AT(server.metrics_file), 0, PLATFORM_PATH_MAX, NULL},
	{"metrics.interval", VALUE_DURATION, AT(server.metrics_interval_ms), SECONDS(1),
	 SECONDS(3600), NULL},

	{"sandbox", VALUE_SECTION, 0, 0, 0, NULL},
	{"sandbox.mode", VALUE_CHOICE, AT(server.sandbox), 0, 0, sandbox_choices},
	{"sandbox.on_violation", VALUE_CHOICE, AT(server.sandbox_violation), 0, 0,
	 violation_choices},

	{"log", VALUE_SECTION, 0, 0, 0, NULL},
	{"log.level", VALUE_CHOICE, AT(log_level), 0, 0, level_choices},
	{"log.format", VALUE_CHOICE, AT(log_format), 0, 0, format_choices},
};

const size_t config_key_count = ARRAY_COUNT(config_keys);

static_assert(ARRAY_COUNT(config_keys) <= CONFIG_KEYS_MAX, "config_keys[] grew: raise the bound");

enum {
	NEAREST_MAX_BYTES = 40, /* of a name that suggestions are made for */
	NEAREST_MAX_EDITS = 2,
};

/* Edits that turn one word into the other (Levenshtein), for words short enough to be keys. */
static size_t distance(struct str a, struct str b)
{
	size_t row[NEAREST_MAX_BYTES + 1];

	if (a.length > NEAREST_MAX_BYTES || b.length > NEAREST_MAX_BYTES)
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
static struct str name_in_section(const struct config_key *key, struct str section)
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

const struct config_key *config_key_find(struct str section, struct str name)
{
	for (size_t i = 0; i < config_key_count; i++) {
		struct str candidate = name_in_section(&config_keys[i], section);

		if (candidate.length != 0 && str_equal(candidate, name))
			return &config_keys[i];
	}
	return NULL;
}

struct str config_key_nearest(struct str section, struct str name)
{
	size_t least = NEAREST_MAX_EDITS + 1;
	struct str nearest = STR("");

	for (size_t i = 0; i < config_key_count; i++) {
		struct str candidate = name_in_section(&config_keys[i], section);
		size_t edits = candidate.length != 0 ? distance(name, candidate) : SIZE_MAX;

		if (edits < least) {
			least = edits;
			nearest = candidate;
		}
	}
	return nearest;
}
