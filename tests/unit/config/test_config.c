#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "platform/peer.h"
#include "support/cmocka.h"
#include "support/fault.h"

struct fixture {
	struct arena arena;
	struct buf why;
	struct config config;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	arena_init(&f->arena, 256, SIZE_MAX);
	buf_init(&f->why, 4096);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_deinit(&f->arena);
	buf_deinit(&f->why);
	free(f);
	return 0;
}

static enum error read_text(struct fixture *f, const char *text)
{
	buf_clear(&f->why);
	return config_read(STR("c.yaml"), str_from(text), &f->arena, &f->config, &f->why);
}

static void accept_text(struct fixture *f, const char *text)
{
	if (read_text(f, text) != ERR_NONE)
		fail_msg("%s", buf_text(&f->why));
}

static void assert_refused(struct fixture *f, const char *text, const char *message)
{
	enum error error = read_text(f, text);

	assert_true(error == ERR_INVALID || error == ERR_SYNTAX);
	assert_string_equal(buf_text(&f->why), message);
}

static void an_empty_file_means_the_defaults(void **state)
{
	static const char *const texts[] = {"", "# nothing\n", "---\n", "audit:\n", "quota: {}\n"};
	struct config expected = config_default();
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		accept_text(f, texts[i]);
		assert_memory_equal(&f->config, &expected, sizeof(expected));
	}
}

static void every_kind_of_value_is_read(void **state)
{
	struct fixture *f = *state;

	accept_text(f, "authorize:\n"
		       "  socket: /tmp/a.sock\n"
		       "  group: \"iis\"\n"
		       "  users: [alice, 33]\n"
		       "  groups:\n"
		       "  - wheel\n"
		       "  max_connections: 7\n"
		       "policy: {directory: '/p', on_error: cedar}\n"
		       "audit: {durability: relaxed}\n"
		       "records: {idle_timeout: 1h30m, on_reload: keep}\n"
		       "quota: {max_shells: unlimited, max_operations: 9, timeslot: 1m}\n"
		       "log: {level: debug, format: json}\n");
	assert_string_equal(f->config.server.authorize.socket, "/tmp/a.sock");
	assert_str_equal(f->config.server.authorize.group, "iis");
	assert_int_equal(f->config.server.authorize.users.count, 2);
	assert_str_equal(f->config.server.authorize.users.items[0], "alice");
	assert_str_equal(f->config.server.authorize.users.items[1], "33");
	assert_int_equal(f->config.server.authorize.groups.count, 1);
	assert_int_equal(f->config.server.authorize.max_connections, 7);
	assert_int_equal(f->config.server.authorize.max_in_flight, 256);
	assert_string_equal(f->config.server.policy_directory, "/p");
	assert_int_equal(f->config.server.decide.on_error, DECIDE_ERROR_AS_CEDAR);
	assert_int_equal(f->config.server.durability, DURABILITY_RELAXED);
	assert_int_equal(f->config.server.decide.defaults.idle_timeout_ms, 5400000);
	assert_int_equal(f->config.server.decide.defaults.max_lifetime_ms, 8 * 3600000);
	assert_int_equal(f->config.server.decide.on_reload, DECIDE_RELOAD_KEEPS);
	assert_int_equal(f->config.server.decide.defaults.quota.max_shells, QUOTA_UNLIMITED);
	assert_int_equal(f->config.server.decide.defaults.quota.max_operations, 9);
	assert_int_equal(f->config.server.decide.defaults.quota.timeslot_s, 60);
	assert_int_equal(f->config.log_level, LOG_DEBUG);
	assert_int_equal(f->config.log_format, LOG_JSON);
}

static void an_unknown_key_is_an_error_with_the_nearest_known_one(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "audit:\n  durabilty: strict\n",
		       "c.yaml:2:3: unknown key 'durabilty'; did you mean 'durability'?");
	assert_refused(f, "audti: {}\n", "c.yaml:1:1: unknown key 'audti'; did you mean 'audit'?");
	assert_refused(f, "audit: {frobnicate: 1}\n",
		       "c.yaml:1:9: unknown key 'frobnicate' in 'audit'");
	assert_refused(f, "frobnicate: 1\n", "c.yaml:1:1: unknown key 'frobnicate'");
	/* Known elsewhere is unknown here. */
	assert_refused(f, "durability: strict\n", "c.yaml:1:1: unknown key 'durability'");
	assert_refused(f, "audit.durability: strict\n",
		       "c.yaml:1:1: unknown key 'audit.durability'");
}

static void a_key_twice_is_an_error(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "log: {level: info, level: debug}\n",
		       "c.yaml:1:20: 'log.level' is there twice");
	assert_refused(f, "log:\n  level: info\nlog: {}\n", "c.yaml:3:1: 'log' is there twice");
}

static void a_wrong_type_is_an_error(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "audit: strict\n",
		       "c.yaml:1:8: 'audit' is a section: its keys stand below it, indented");
	assert_refused(f, "audit: {durability: [strict]}\n",
		       "c.yaml:1:21: 'audit.durability' takes a single value");
	assert_refused(f, "audit: {durability: {a: b}}\n",
		       "c.yaml:1:21: 'audit.durability' takes a single value");
	assert_refused(f, "audit: {durability: }\n",
		       "c.yaml:1:21: 'audit.durability' has no value; leave the key out for its "
		       "default");
	assert_refused(f, "authorize: {users: alice}\n",
		       "c.yaml:1:20: 'authorize.users' takes a list, such as [name, 33]");
	assert_refused(f, "authorize: {users: [[a]]}\n",
		       "c.yaml:1:21: 'authorize.users' takes a list of names or numbers");
	assert_refused(f, "- a\n", "c.yaml:1:1: the file must consist of keys and their values");
	assert_refused(f, "just text\n",
		       "c.yaml:1:1: the file must consist of keys and their values");
	assert_refused(f, "? [a]\n: b\n", "c.yaml:1:3: a key must be a word");
}

static void counts_are_whole_numbers_within_their_range(void **state)
{
	static const char *const bad[] = {
		"x", "-1", "+1", "1.5", "0x10", "1e3", "010", "\"5\"", "99999999999999999999"};
	struct fixture *f = *state;
	char text[128];

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		snprintf(text, sizeof(text), "authorize: {max_connections: %s}\n", bad[i]);
		assert_refused(f, text,
			       "c.yaml:1:30: 'authorize.max_connections' takes a whole number");
	}
	accept_text(f, "authorize: {max_connections: 1}\n");
	accept_text(f, "authorize: {max_connections: 4096}\n");
	assert_int_equal(f->config.server.authorize.max_connections, 4096);
	assert_refused(f, "authorize: {max_connections: 0}\n",
		       "c.yaml:1:30: 'authorize.max_connections' takes a number from 1 to 4096");
	assert_refused(f, "authorize: {max_connections: 4097}\n",
		       "c.yaml:1:30: 'authorize.max_connections' takes a number from 1 to 4096");
	accept_text(f, "quota: {max_shells: 4294967295}\n");
	assert_refused(f, "quota: {max_shells: 0}\n",
		       "c.yaml:1:21: 'quota.max_shells' takes a number from 1 to 4294967295");
	assert_refused(f, "quota: {max_shells: 4294967296}\n",
		       "c.yaml:1:21: 'quota.max_shells' takes a number from 1 to 4294967295");
}

static void durations_have_units_and_a_range(void **state)
{
	static const char *const bad[] = {"5",    "s",   "5 s",  "-5s",          "5x",
					  "1.5s", "1ss", "\"\"", "99999999999s", "0x5s"};
	struct fixture *f = *state;
	char text[128];

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		snprintf(text, sizeof(text), "deadlines: {hello: %s}\n", bad[i]);
		assert_refused(
			f, text,
			"c.yaml:1:20: 'deadlines.hello' takes a duration such as 90s, 15m or "
			"1h30m (units d, h, m, s, ms)");
	}
	accept_text(f, "deadlines: {hello: 100ms}\n");
	assert_int_equal(f->config.server.hello_ms, 100);
	accept_text(f, "deadlines: {hello: 1m}\n");
	assert_int_equal(f->config.server.hello_ms, 60000);
	accept_text(f, "records: {max_lifetime: 366d}\n");
	assert_refused(f, "deadlines: {hello: 99ms}\n",
		       "c.yaml:1:20: 'deadlines.hello' takes a duration from 100ms to 1m");
	assert_refused(f, "deadlines: {hello: 60s1ms}\n",
		       "c.yaml:1:20: 'deadlines.hello' takes a duration from 100ms to 1m");
	assert_refused(f, "records: {max_lifetime: 366d1ms}\n",
		       "c.yaml:1:25: 'records.max_lifetime' takes a duration from 1s to 366d");
	assert_refused(f, "quota: {timeslot: 1s500ms}\n",
		       "c.yaml:1:19: 'quota.timeslot' takes whole seconds");
}

static void a_duration_of_many_parts_does_not_overflow(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_append_str(&text, STR("records: {max_lifetime: "));
	for (int i = 0; i < 10000; i++)
		buf_append_str(&text, STR("4294967295d"));
	buf_append_str(&text, STR("}\n"));
	assert_int_equal(read_text(f, buf_text(&text)), ERR_INVALID);
	buf_deinit(&text);
}

static void a_word_that_is_no_choice_is_answered_with_the_choices(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "audit: {durability: none}\n",
		       "c.yaml:1:21: 'audit.durability' takes one of strict, relaxed");
	assert_refused(f, "log: {level: INFO}\n",
		       "c.yaml:1:14: 'log.level' takes one of error, warning, info, debug");
}

static void paths_are_absolute_and_fit(void **state)
{
	struct fixture *f = *state;
	char text[256], message[256];

	assert_refused(f, "state: {directory: var/lib}\n",
		       "c.yaml:1:20: 'state.directory' must be an absolute path");
	assert_refused(f, "metrics: {file: wsauthz.prom}\n",
		       "c.yaml:1:17: 'metrics.file' must be an absolute path");
	assert_refused(f, "state: {directory: \"\"}\n",
		       "c.yaml:1:20: 'state.directory' takes 2 to 2048 bytes, this has 0");
	accept_text(f, "metrics: {file: \"\"}\n");
	assert_string_equal(f->config.server.metrics_file, "");
	accept_text(f, "audit: {signing_key: /k}\n");
	assert_string_equal(f->config.server.audit_key, "/k");
	accept_text(f, "audit: {signing_key: \"\"}\n");
	assert_string_equal(f->config.server.audit_key, "");
	assert_refused(f, "audit: {signing_key: k}\n",
		       "c.yaml:1:22: 'audit.signing_key' must be an absolute path");
	snprintf(text, sizeof(text), "authorize: {socket: /%0106d}\n", 0);
	accept_text(f, text);
	assert_int_equal(strlen(f->config.server.authorize.socket), 107);
	snprintf(text, sizeof(text), "authorize: {socket: /%0107d}\n", 0);
	snprintf(message, sizeof(message),
		 "c.yaml:1:21: 'authorize.socket' takes 2 to 107 bytes, this has 108");
	assert_refused(f, text, message);
	assert_refused(f, "state: {directory: \"/a\\0b\"}\n",
		       "c.yaml:1:20: 'state.directory' holds a control character");
}

static void masks_are_rules_and_have_a_limit(void **state)
{
	struct fixture *f = *state;
	char text[2048] = "audit: {mask: [";

	accept_text(f, "audit: {mask: [\"user: *\", \"resource_uri: t=*&\"]}\n");
	assert_int_equal(f->config.server.mask.count, 2);
	assert_int_equal(f->config.server.mask.items[1].field, MASK_RESOURCE_URI);
	assert_str_equal(f->config.server.mask.items[1].before, "t=");
	assert_refused(f, "audit: {mask: x}\n",
		       "c.yaml:1:15: 'audit.mask' takes a list, such as [\"user: *\"]");
	assert_refused(f, "audit: {mask: [user: x]}\n",
		       "c.yaml:1:16: 'audit.mask' takes a list of texts: quote a rule, because of "
		       "its colon");
	assert_refused(f, "audit: {mask: [\"users: x\"]}\n",
		       "c.yaml:1:16: 'audit.mask' takes rules \"FIELD: PATTERN\": the field is one "
		       "of user, principal, action_uri, resource_uri, context or extended, the "
		       "pattern has at most one * and no quote or backslash");
	for (int i = 0; i < MASK_RULES_MAX; i++)
		strcat(text, "\"user: x\",");
	strcat(text, "]}");
	accept_text(f, text);
	assert_int_equal(f->config.server.mask.count, MASK_RULES_MAX);
	strcpy(text + strlen(text) - 2, "\"user: x\"]}");
	enum error error = read_text(f, text);
	assert_int_equal(error, ERR_INVALID);
	assert_non_null(strstr(buf_text(&f->why), "'audit.mask' takes at most 32 rules"));
}

static void lists_have_a_limit(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	buf_init(&text, 4096);
	buf_append_str(&text, STR("admin: {users: ["));
	for (int i = 0; i < PEER_RULES_MAX; i++)
		buf_printf(&text, "%s%d", i != 0 ? "," : "", i);
	buf_append_str(&text, STR("]}\n"));
	accept_text(f, buf_text(&text));
	assert_int_equal(f->config.server.admin.users.count, PEER_RULES_MAX);
	buf_consume(&text, 0);
	text.length -= strlen("]}\n");
	buf_append_str(&text, STR(",x]}\n"));
	assert_int_equal(read_text(f, buf_text(&text)), ERR_INVALID);
	assert_non_null(strstr(buf_text(&f->why), "'admin.users' takes at most 64 entries"));
	buf_deinit(&text);
}

static void what_yaml_has_beyond_values_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "audit: &a {durability: strict}\n",
		       "c.yaml:1:8: anchors, aliases and tags are not supported here");
	assert_refused(f, "audit: *a\n",
		       "c.yaml:1:8: anchors, aliases and tags are not supported here");
	assert_refused(f, "audit: {durability: !!str strict}\n",
		       "c.yaml:1:21: anchors, aliases and tags are not supported here");
	assert_refused(f, "--- {}\n--- {}\n",
		       "c.yaml:2:1: the file must be a single YAML document");
}

static void what_is_no_yaml_is_an_error_with_its_place(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_text(f, "audit: {durability: strict\n"), ERR_SYNTAX);
	assert_non_null(strstr(buf_text(&f->why), "c.yaml:2:1: "));
	assert_int_equal(read_text(f, "audit:\n\tdurability: strict\n"), ERR_SYNTAX);
	assert_non_null(strstr(buf_text(&f->why), "c.yaml:2:1: "));
	assert_int_equal(read_text(f, "audit: \xff\xfe\n"), ERR_SYNTAX);
}

static void deep_nesting_is_refused_at_its_first_level(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_append_str(&text, STR("audit: {durability: "));
	for (int i = 0; i < 60000; i++)
		buf_append_byte(&text, '[');
	assert_int_not_equal(read_text(f, buf_text(&text)), ERR_NONE);
	assert_non_null(strstr(buf_text(&f->why), "c.yaml:1:"));
	buf_deinit(&text);
}

static void nothing_is_written_on_failure(void **state)
{
	struct fixture *f = *state;
	struct config before;

	memset(&f->config, 0x5a, sizeof(f->config));
	before = f->config;
	assert_int_not_equal(read_text(f, "log: {level: debug}\nx: 1\n"), ERR_NONE);
	assert_memory_equal(&f->config, &before, sizeof(before));
}

static void running_out_of_memory_is_an_error_of_its_own(void **state)
{
	struct fixture *f = *state;

	for (uint64_t n = 0;; n++) {
		enum error error;

		arena_deinit(&f->arena);
		fault_arm(n, FAULT_ONCE);
		error = read_text(f, "state: {directory: /a}\nadmin: {users: [alice, bob]}\n");
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			assert_true(n >= 1);
			return;
		}
		assert_int_equal(error, ERR_NO_MEMORY);
	}
}

static void a_rate_is_a_number_within_its_bounds_or_unlimited(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_text(f, "limits: {rate: 1000000}\n"), ERR_NONE);
	assert_int_equal(f->config.server.max_rate, 1000000);
	assert_int_equal(read_text(f, "limits: {rate: unlimited}\n"), ERR_NONE);
	assert_int_equal(f->config.server.max_rate, UINT32_MAX);
	assert_refused(f, "limits: {rate: 1000001}\n",
		       "c.yaml:1:16: 'limits.rate' takes a number from 1 to 1000000");
	assert_refused(f, "limits: {rate: 0}\n",
		       "c.yaml:1:16: 'limits.rate' takes a number from 1 to 1000000");
	assert_refused(f, "limits: {memory_mib: 15}\n",
		       "c.yaml:1:22: 'limits.memory_mib' takes a number from 16 to 1048576");
	assert_refused(f, "limits: {request_kib: 65537}\n",
		       "c.yaml:1:23: 'limits.request_kib' takes a number from 1024 to 65536");
}

static void a_segment_is_no_larger_than_can_be_sealed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_text(f, "audit: {seal_rows: 2000000}\n"), ERR_NONE);
	assert_int_equal(f->config.server.seal_rows, SETTINGS_SEAL_ROWS_MAX);
	assert_refused(f, "audit: {seal_rows: 2000001}\n",
		       "c.yaml:1:20: 'audit.seal_rows' takes a number from 1000 to 2000000");
}

static char *read_sample(void)
{
	FILE *file = fopen(WSAUTHZ_SAMPLE, "rb");
	char *text = calloc(1, CONFIG_MAX_BYTES + 1);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, CONFIG_MAX_BYTES, file) < CONFIG_MAX_BYTES);
	fclose(file);
	return text;
}

static void same_endpoint(const struct settings_endpoint *a, const struct settings_endpoint *b)
{
	assert_string_equal(a->socket, b->socket);
	assert_int_equal(a->group.length, b->group.length);
	assert_int_equal(a->users.count, b->users.count);
	assert_int_equal(a->groups.count, b->groups.count);
	assert_int_equal(a->max_connections, b->max_connections);
	assert_int_equal(a->max_in_flight, b->max_in_flight);
}

static void the_sample_says_what_the_defaults_are(void **state)
{
	struct config expected = config_default();
	struct fixture *f = *state;
	char *text = read_sample();

	accept_text(f, text);
	same_endpoint(&f->config.server.authorize, &expected.server.authorize);
	same_endpoint(&f->config.server.admin, &expected.server.admin);
	assert_string_equal(f->config.server.state_directory, expected.server.state_directory);
	assert_string_equal(f->config.server.policy_directory, expected.server.policy_directory);
	assert_string_equal(f->config.server.metrics_file, expected.server.metrics_file);
	assert_string_equal(f->config.server.audit_key, expected.server.audit_key);
	assert_string_equal(f->config.server.shadow_directory, expected.server.shadow_directory);
	/* Without texts the rest is comparable as it is. */
	f->config.server.metrics_file = expected.server.metrics_file;
	f->config.server.audit_key = expected.server.audit_key;
	f->config.server.shadow_directory = expected.server.shadow_directory;
	f->config.server.authorize = expected.server.authorize;
	f->config.server.admin = expected.server.admin;
	f->config.server.state_directory = expected.server.state_directory;
	f->config.server.policy_directory = expected.server.policy_directory;
	assert_memory_equal(&f->config, &expected, sizeof(expected));
	free(text);
}

/* Every key is in the sample by its name, if only in a comment, in the order of the table. */
static void find_in_sample(const char *key, void *arg)
{
	const char **rest = arg;
	char wanted[64];
	const char *found;

	snprintf(wanted, sizeof(wanted), "  %s: ", strrchr(key, '.') + 1);
	found = strstr(*rest, wanted);
	if (found == NULL)
		fail_msg("%s is not in the sample, or not in its place", key);
	*rest = found + 1;
}

static void the_sample_has_every_key(void **state)
{
	char *text = read_sample();
	const char *rest = text;

	(void)state;
	config_each_key(find_in_sample, &rest);
	free(text);
}

#define CONFIG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONFIG_TEST(an_empty_file_means_the_defaults),
		CONFIG_TEST(every_kind_of_value_is_read),
		CONFIG_TEST(an_unknown_key_is_an_error_with_the_nearest_known_one),
		CONFIG_TEST(a_key_twice_is_an_error),
		CONFIG_TEST(a_wrong_type_is_an_error),
		CONFIG_TEST(counts_are_whole_numbers_within_their_range),
		CONFIG_TEST(durations_have_units_and_a_range),
		CONFIG_TEST(a_duration_of_many_parts_does_not_overflow),
		CONFIG_TEST(a_word_that_is_no_choice_is_answered_with_the_choices),
		CONFIG_TEST(paths_are_absolute_and_fit),
		CONFIG_TEST(masks_are_rules_and_have_a_limit),
		CONFIG_TEST(lists_have_a_limit),
		CONFIG_TEST(what_yaml_has_beyond_values_is_refused),
		CONFIG_TEST(what_is_no_yaml_is_an_error_with_its_place),
		CONFIG_TEST(deep_nesting_is_refused_at_its_first_level),
		CONFIG_TEST(nothing_is_written_on_failure),
		CONFIG_TEST(running_out_of_memory_is_an_error_of_its_own),
		CONFIG_TEST(a_rate_is_a_number_within_its_bounds_or_unlimited),
		CONFIG_TEST(a_segment_is_no_larger_than_can_be_sealed),
		CONFIG_TEST(the_sample_says_what_the_defaults_are),
		CONFIG_TEST(the_sample_has_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
