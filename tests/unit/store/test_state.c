#include "store/state.h"

#include <stdio.h>

#include "base/mem.h"
#include "support/fault.h"
#include "unit/store/fixture.h"

static const uint8_t this_boot[STATE_BOOT_ID_BYTES] = {7};
static const uint8_t other_boot[STATE_BOOT_ID_BYTES] = {8};

static struct state *open_state(struct fixture *fixture)
{
	struct state *state = NULL;

	buf_clear(&fixture->why);
	if (state_open(fixture->dir.path, &fixture->env, true, &state, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	return state;
}

/* Records. */

static struct state_record make_record(uint8_t id, uint8_t record_key, const uint8_t *boot_id)
{
	struct state_record record = {
		.id = {id},
		.key = {record_key},
		.endpoint = {[15] = record_key},
		.application = STR("app"),
		.principal = STR("S-1-5-21-1"),
		.user = STR("CONTOSO\\alice\0hidden\xff"),
		.mechanism = STR("Kerberos"),
		.policy_revision = UINT64_MAX,
		.decision_id = 42,
		.created_us = INT64_MIN,
		.created_ms = 1,
		.last_used_ms = 2,
		.expires_ms = INT64_MAX,
		.idle_ms = 900000,
		.max_lifetime_ms = 28800000,
		.max_shells = UINT32_MAX,
		.max_operations = 15,
		.timeslot_s = 60,
		.max_operations_per_timeslot = 1000,
		.administrator = true,
	};

	memcpy(record.boot_id, boot_id, STATE_BOOT_ID_BYTES);
	return record;
}

struct loaded {
	struct state_record record[8];
	size_t count;
	enum error answer;
};

static enum error keep(void *arg, const struct state_record *record)
{
	struct loaded *loaded = arg;

	assert_true(loaded->count < ARRAY_COUNT(loaded->record));
	assert_true(str_equal(record->user, STR("CONTOSO\\alice\0hidden\xff")));
	assert_true(str_equal(record->application, STR("app")));
	assert_true(str_equal(record->principal, STR("S-1-5-21-1")));
	assert_true(str_equal(record->mechanism, STR("Kerberos")));
	loaded->record[loaded->count++] = *record;
	return loaded->answer;
}

static struct loaded load(struct state *state)
{
	struct loaded loaded = {.count = 0};

	assert_int_equal(state_load_records(state, this_boot, keep, &loaded), ERR_NONE);
	return loaded;
}

static enum error apply(struct state *state, const struct state_record *puts, size_t put_count,
			const uint8_t (*deletes)[STATE_RECORD_ID_BYTES], size_t delete_count)
{
	return state_apply_records(
		state, &(struct state_record_changes){puts, put_count, deletes, delete_count});
}

/* When there is room for less than is stored, a revocation must not be what is left out. */
static void what_is_revoked_is_loaded_first(void **state)
{
	struct fixture *fixture = *state;
	struct state *store = open_state(fixture);
	struct state_record records[] = {make_record(1, 1, this_boot), make_record(2, 2, this_boot),
					 make_record(3, 3, this_boot)};

	records[1].revoked = true;
	assert_int_equal(apply(store, records, ARRAY_COUNT(records), NULL, 0), ERR_NONE);
	struct loaded loaded = load(store);
	assert_int_equal(loaded.count, 3);
	assert_true(loaded.record[0].revoked);
	assert_false(loaded.record[1].revoked);
	state_close(store);
}

static void a_record_survives_a_restart(void **state)
{
	struct fixture *fixture = *state;
	struct state *store = open_state(fixture);
	struct state_record record = make_record(1, 1, this_boot);

	assert_int_equal(apply(store, &record, 1, NULL, 0), ERR_NONE);
	state_close(store);
	store = open_state(fixture);
	struct loaded loaded = load(store);
	assert_int_equal(loaded.count, 1);
	struct state_record *back = &loaded.record[0];
	assert_memory_equal(back->id, record.id, sizeof(record.id));
	assert_memory_equal(back->key, record.key, sizeof(record.key));
	assert_memory_equal(back->endpoint, record.endpoint, sizeof(record.endpoint));
	assert_memory_equal(back->boot_id, record.boot_id, sizeof(record.boot_id));
	assert_int_equal(back->policy_revision, record.policy_revision);
	assert_int_equal(back->decision_id, record.decision_id);
	assert_int_equal(back->created_us, record.created_us);
	assert_int_equal(back->created_ms, record.created_ms);
	assert_int_equal(back->last_used_ms, record.last_used_ms);
	assert_int_equal(back->expires_ms, record.expires_ms);
	assert_int_equal(back->idle_ms, record.idle_ms);
	assert_int_equal(back->max_lifetime_ms, record.max_lifetime_ms);
	assert_int_equal(back->max_shells, record.max_shells);
	assert_int_equal(back->max_operations, record.max_operations);
	assert_int_equal(back->timeslot_s, record.timeslot_s);
	assert_int_equal(back->max_operations_per_timeslot, record.max_operations_per_timeslot);
	assert_true(back->administrator);
	state_close(store);
}

static void records_of_another_boot_are_gone_for_good(void **state)
{
	struct fixture *fixture = *state;
	struct state *store = open_state(fixture);
	struct state_record records[] = {make_record(1, 1, this_boot),
					 make_record(2, 2, other_boot)};

	assert_int_equal(apply(store, records, 2, NULL, 0), ERR_NONE);
	struct loaded loaded = load(store);
	assert_int_equal(loaded.count, 1);
	assert_int_equal(loaded.record[0].id[0], 1);
	state_close(store);
	assert_int_equal(fixture_int(fixture, STATE_FILE, "SELECT count(*) FROM record"), 1);
}

static void a_put_replaces_by_id_and_by_key(void **state)
{
	struct state *store = open_state(*state);
	struct state_record records[] = {make_record(1, 1, this_boot),
					 make_record(2, 2, this_boot)};

	assert_int_equal(apply(store, records, 2, NULL, 0), ERR_NONE);
	struct state_record by_id = make_record(1, 3, this_boot);
	by_id.last_used_ms = 77;
	assert_int_equal(apply(store, &by_id, 1, NULL, 0), ERR_NONE);
	struct state_record by_key = make_record(9, 2, this_boot);
	assert_int_equal(apply(store, &by_key, 1, NULL, 0), ERR_NONE);
	struct loaded loaded = load(store);
	assert_int_equal(loaded.count, 2);
	assert_int_equal(loaded.record[0].id[0], 1);
	assert_int_equal(loaded.record[0].last_used_ms, 77);
	assert_int_equal(loaded.record[1].id[0], 9);
	state_close(store);
}

static void deletions_come_before_puts(void **state)
{
	struct state *store = open_state(*state);
	struct state_record record = make_record(1, 1, this_boot);
	const uint8_t deletes[][STATE_RECORD_ID_BYTES] = {{1}, {5}};

	assert_int_equal(apply(store, &record, 1, deletes, 2), ERR_NONE);
	assert_int_equal(load(store).count, 1);
	assert_int_equal(apply(store, &record, 1, deletes, 2), ERR_NONE);
	assert_int_equal(load(store).count, 1);
	assert_int_equal(apply(store, NULL, 0, deletes, 1), ERR_NONE);
	assert_int_equal(load(store).count, 0);
	state_close(store);
}

static void a_text_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
	struct state *store = open_state(*state);
	struct state_record records[] = {make_record(1, 1, this_boot),
					 make_record(2, 2, this_boot)};
	char *text = mem_calloc(STATE_TEXT_MAX_BYTES + 1, 1);

	assert_non_null(text);
	records[1].principal = str_make(text, STATE_TEXT_MAX_BYTES);
	assert_int_equal(apply(store, &records[1], 1, NULL, 0), ERR_NONE);
	records[1].principal.length++;
	assert_int_equal(apply(store, records, 2, NULL, 0), ERR_LIMIT);
	mem_free(text);
	state_close(store);
	/* All or nothing. */
	assert_int_equal(fixture_int(*state, STATE_FILE, "SELECT count(*) FROM record"), 1);
}

static void the_receivers_error_ends_the_loading(void **state)
{
	struct state *store = open_state(*state);
	struct state_record records[] = {make_record(1, 1, this_boot),
					 make_record(2, 2, this_boot)};
	struct loaded loaded = {.answer = ERR_LIMIT};

	assert_int_equal(apply(store, records, 2, NULL, 0), ERR_NONE);
	assert_int_equal(state_load_records(store, this_boot, keep, &loaded), ERR_LIMIT);
	assert_int_equal(loaded.count, 1);
	state_close(store);
}

static void the_view_shows_records(void **state)
{
	struct fixture *fixture = *state;
	struct state *store = open_state(fixture);
	struct state_record record = make_record(0xab, 1, this_boot);

	record.user = STR("CONTOSO\\alice");
	record.created_us = INT64_C(1767225600000000);
	assert_int_equal(apply(store, &record, 1, NULL, 0), ERR_NONE);
	state_close(store);
	assert_int_equal(fixture_int(fixture, STATE_FILE,
				     "SELECT count(*) FROM v_record WHERE record_id ="
				     " 'ab000000000000000000000000000000' AND user ="
				     " 'CONTOSO\\alice' AND created_at ="
				     " '2026-01-01T00:00:00.000Z'"),
			 1);
}

/* Policy revisions. */

static struct state_revision make_revision(uint8_t digest, const struct state_policy_file *files,
					   size_t file_count)
{
	return (struct state_revision){
		.digest = {digest},
		.activated_us = INT64_C(1767225600000000),
		.source = STR("/etc/wsauthz/policy"),
		.files = files,
		.file_count = file_count,
	};
}

static const struct state_policy_file first_files[] = {
	{{"a.cedar", 7}, {"permit (principal, action, resource);", 37}},
	{{"entities.json", 13}, {"[]", 2}},
	{{"tests/empty.json", 16}, {NULL, 0}},
};
static const struct state_policy_file second_files[] = {
	{{"a.cedar", 7}, {"forbid (principal, action, resource);", 37}},
	{{"entities.json", 13}, {"[]", 2}},
};

static uint64_t put_revision(struct state *store, const struct state_revision *revision, bool added)
{
	uint64_t number = 0;
	bool was_added = !added;

	assert_int_equal(state_put_revision(store, revision, &number, &was_added), ERR_NONE);
	assert_int_equal(was_added, added);
	return number;
}

static void revisions_are_numbered_and_stored_when_they_differ(void **state)
{
	struct state *store = open_state(*state);
	struct state_revision first = make_revision(1, first_files, 3);
	struct state_revision second = make_revision(2, second_files, 2);

	assert_int_equal(put_revision(store, &first, true), 1);
	assert_int_equal(put_revision(store, &first, false), 1);
	assert_int_equal(put_revision(store, &second, true), 2);
	/* Back to an older content is a revision of its own. */
	assert_int_equal(put_revision(store, &first, true), 3);
	state_close(store);
	assert_int_equal(fixture_int(*state, STATE_FILE, "SELECT count(*) FROM policy_text"), 4);
	assert_int_equal(fixture_int(*state, STATE_FILE, "SELECT count(*) FROM policy_file"), 8);
	assert_int_equal(
		fixture_int(*state, STATE_FILE, "SELECT sum(text_bytes) FROM v_policy_revision"),
		3 * 39);
}

static void assert_files_equal(const struct state_revision *revision,
			       const struct state_policy_file *files, size_t file_count)
{
	assert_int_equal(revision->file_count, file_count);
	for (size_t i = 0; i < file_count; i++) {
		assert_true(str_equal(revision->files[i].name, files[i].name));
		assert_true(str_equal(revision->files[i].text, files[i].text));
	}
}

static void a_revision_comes_back_with_its_files(void **state)
{
	struct state *store = open_state(*state);
	struct state_revision first = make_revision(1, first_files, 3), back;
	struct state_revision second = make_revision(2, second_files, 2);
	enum state_lookup found;
	struct arena arena;

	arena_init(&arena, 256, SIZE_MAX);
	assert_int_equal(state_get_revision(store, 0, &arena, &back, &found), ERR_NONE);
	assert_int_equal(found, STATE_MISSING);
	put_revision(store, &first, true);
	put_revision(store, &second, true);
	state_close(store);
	store = open_state(*state);
	assert_int_equal(state_get_revision(store, 1, &arena, &back, &found), ERR_NONE);
	assert_int_equal(found, STATE_FOUND);
	assert_int_equal(back.number, 1);
	assert_int_equal(back.activated_us, first.activated_us);
	assert_memory_equal(back.digest, first.digest, sizeof(first.digest));
	assert_str_equal(back.source, "/etc/wsauthz/policy");
	assert_files_equal(&back, first_files, 3);
	assert_int_equal(state_get_revision(store, 0, &arena, &back, &found), ERR_NONE);
	assert_int_equal(back.number, 2);
	assert_files_equal(&back, second_files, 2);
	assert_int_equal(state_get_revision(store, 3, &arena, &back, &found), ERR_NONE);
	assert_int_equal(found, STATE_MISSING);
	state_close(store);
	arena_deinit(&arena);
}

static void file_names_must_ascend(void **state)
{
	const struct state_policy_file files[] = {{{"b", 1}, {"", 0}}, {{"a", 1}, {"", 0}}};
	const struct state_policy_file twice[] = {{{"a", 1}, {"", 0}}, {{"a", 1}, {"x", 1}}};
	struct state *store = open_state(*state);
	struct state_revision revision = make_revision(1, files, 2);
	uint64_t number;
	bool added;

	assert_int_equal(state_put_revision(store, &revision, &number, &added), ERR_INVALID);
	revision.files = twice;
	assert_int_equal(state_put_revision(store, &revision, &number, &added), ERR_INVALID);
	revision.file_count = 1;
	assert_int_equal(put_revision(store, &revision, true), 1);
	state_close(store);
}

static void a_file_may_be_as_large_as_the_limit_and_no_larger(void **state)
{
	char *text = mem_calloc(STATE_FILE_MAX_BYTES + 1, 1);
	struct state_policy_file file = {STR("a"), {text, STATE_FILE_MAX_BYTES}};
	struct state *store = open_state(*state);
	struct state_revision revision = make_revision(1, &file, 1), back;
	enum state_lookup found;
	struct arena arena;
	uint64_t number;
	bool added;

	assert_non_null(text);
	arena_init(&arena, 256, SIZE_MAX);
	assert_int_equal(put_revision(store, &revision, true), 1);
	assert_int_equal(state_get_revision(store, 1, &arena, &back, &found), ERR_NONE);
	assert_files_equal(&back, &file, 1);
	revision.digest[0] = 2;
	file.text.length++;
	assert_int_equal(state_put_revision(store, &revision, &number, &added), ERR_LIMIT);
	arena_deinit(&arena);
	state_close(store);
	mem_free(text);
}

struct listing {
	uint64_t numbers[4];
	size_t count, stop_at;
};

static bool list(void *arg, const struct state_revision *revision)
{
	struct listing *listing = arg;

	assert_str_equal(revision->source, "/etc/wsauthz/policy");
	assert_int_equal(revision->file_count, 0);
	listing->numbers[listing->count++] = revision->number;
	return listing->count != listing->stop_at;
}

static void revisions_are_listed_newest_first(void **state)
{
	struct state *store = open_state(*state);
	struct listing listing = {.count = 0};

	for (uint8_t i = 1; i <= 3; i++) {
		struct state_revision revision = make_revision(i, first_files, 3);
		put_revision(store, &revision, true);
	}
	assert_int_equal(state_each_revision(store, 0, list, &listing), ERR_NONE);
	assert_int_equal(listing.count, 3);
	assert_int_equal(listing.numbers[0], 3);
	assert_int_equal(listing.numbers[2], 1);
	listing.count = 0;
	assert_int_equal(state_each_revision(store, 2, list, &listing), ERR_NONE);
	assert_int_equal(listing.count, 2);
	listing = (struct listing){.stop_at = 1};
	assert_int_equal(state_each_revision(store, UINT64_MAX, list, &listing), ERR_NONE);
	assert_int_equal(listing.count, 1);
	state_close(store);
}

static void a_reader_reads_and_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct state_revision revision = make_revision(1, first_files, 3), back;
	struct state_record record = make_record(1, 1, this_boot);
	struct loaded loaded = {.count = 0};
	enum state_lookup found;
	struct state *reader;
	struct arena arena;
	uint64_t number;
	bool added;

	assert_int_equal(
		state_open_readonly(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NOT_FOUND);
	struct state *store = open_state(fixture);
	put_revision(store, &revision, true);
	assert_int_equal(
		state_open_readonly(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NONE);
	assert_int_equal(apply(reader, &record, 1, NULL, 0), ERR_DENIED);
	assert_int_equal(state_put_revision(reader, &revision, &number, &added), ERR_DENIED);
	assert_int_equal(state_load_records(reader, this_boot, keep, &loaded), ERR_DENIED);
	arena_init(&arena, 256, SIZE_MAX);
	assert_int_equal(state_get_revision(reader, 1, &arena, &back, &found), ERR_NONE);
	assert_files_equal(&back, first_files, 3);
	arena_deinit(&arena);
	state_close(reader);
	state_close(store);
}

static void revisions_cannot_be_changed_from_outside(void **state)
{
	static const char *const attacks[] = {
		"UPDATE policy_text SET text = ''",
		"DELETE FROM policy_text",
		"REPLACE INTO policy_text SELECT 99, digest, '' FROM policy_text",
		"REPLACE INTO policy_text SELECT id, randomblob(32), '' FROM policy_text",
		"UPDATE policy_revision SET source = ''",
		"DELETE FROM policy_revision",
		"REPLACE INTO policy_revision SELECT number, digest, 0, '' FROM policy_revision",
		"UPDATE policy_file SET text = 2",
		"DELETE FROM policy_file",
		"REPLACE INTO policy_file SELECT revision, name, 2 FROM policy_file",
	};
	struct fixture *fixture = *state;
	struct state *store = open_state(fixture);
	struct state_revision revision = make_revision(1, first_files, 3);
	char sql[256];

	put_revision(store, &revision, true);
	state_close(store);
	for (size_t i = 0; i < ARRAY_COUNT(attacks); i++) {
		/* Allowed, it would leave its mark. */
		snprintf(sql, sizeof(sql), "PRAGMA foreign_keys = OFF; %s", attacks[i]);
		fixture_sql_fails(fixture, STATE_FILE, sql);
	}
}

static void changing_survives_any_failed_allocation(void **state)
{
	struct fixture *fixture = *state;
	struct state_record record = make_record(1, 1, this_boot);
	uint64_t expected = 0;

	for (uint64_t n = 0;; n++) {
		struct state_revision revision = make_revision((uint8_t)n, first_files, 3), back;
		struct state *store = NULL;
		enum state_lookup found;
		struct arena arena;
		uint64_t number;
		bool added;

		arena_init(&arena, 256, SIZE_MAX);
		fault_arm(n, FAULT_ONCE);
		enum error error =
			state_open(fixture->dir.path, &fixture->env, false, &store, &fixture->why);
		if (error == ERR_NONE)
			error = apply(store, &record, 1, NULL, 0);
		if (error == ERR_NONE) {
			error = state_put_revision(store, &revision, &number, &added);
			expected += error == ERR_NONE;
		}
		if (error == ERR_NONE)
			error = state_get_revision(store, 0, &arena, &back, &found);
		state_close(store);
		bool fired = fault_disarm();
		arena_deinit(&arena);
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		if (!fired)
			break;
	}
	assert_int_equal(fixture_int(fixture, STATE_FILE, "SELECT count(*) FROM policy_revision"),
			 expected);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_record_survives_a_restart),
		TEST(what_is_revoked_is_loaded_first),
		TEST(records_of_another_boot_are_gone_for_good),
		TEST(a_put_replaces_by_id_and_by_key),
		TEST(deletions_come_before_puts),
		TEST(a_text_may_be_as_long_as_the_limit_and_no_longer),
		TEST(the_receivers_error_ends_the_loading),
		TEST(the_view_shows_records),
		TEST(revisions_are_numbered_and_stored_when_they_differ),
		TEST(a_revision_comes_back_with_its_files),
		TEST(file_names_must_ascend),
		TEST(a_file_may_be_as_large_as_the_limit_and_no_larger),
		TEST(revisions_are_listed_newest_first),
		TEST(a_reader_reads_and_changes_nothing),
		TEST(revisions_cannot_be_changed_from_outside),
		TEST(changing_survives_any_failed_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
