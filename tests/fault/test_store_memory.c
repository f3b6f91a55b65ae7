/*
 * The store without memory: every allocation, ours and SQLite's, fails in turn, once and from then
 * on. It ends in ERR_NO_MEMORY or not at all, leaks nothing, loses nothing, and goes on as soon as
 * there is memory.
 */
#include "base/attributes.h"
#include "store/state.h"
#include "support/fault.h"
#include "support/sqlite_memory.h"
#include "unit/store/fixture.h"

static enum error append_one(struct audit *audit, uint32_t number)
{
	struct store_row_texts texts;
	struct audit_row row;
	uint64_t first_id;

	store_row_make(number, &texts, &row);
	return audit_append(audit, &row, 1, &first_id);
}

/* Runs `operation` once for every `stride`-th allocation that can fail, until none does. It disarms
 * the fault and returns whether that was reached. */
static void sweep(bool (*operation)(void *arg, uint64_t n), void *arg, uint64_t stride)
{
	for (int mode = FAULT_ONCE; mode <= FAULT_STICKY; mode++) {
		bool fired = true;
		for (uint64_t n = 0; fired; n += stride) {
			fault_arm(n, (enum fault_mode)mode);
			fired = operation(arg, n);
			assert_true(fired || n > 10);
		}
	}
}

static void assert_no_memory(enum error error)
{
	/* SQLite does without some of its allocations. */
	if (error != ERR_NONE && error != ERR_NO_MEMORY)
		fail_msg("%s", error_text(error));
}

static bool open_audit(void *arg, uint64_t n)
{
	struct fixture *fixture = arg;
	struct audit *audit = NULL;

	(void)n;
	buf_clear(&fixture->why);
	enum error error =
		audit_open(fixture->dir.path, &fixture->env, true, &audit, &fixture->why);
	audit_close(audit);
	bool fired = fault_disarm();
	assert_no_memory(error);
	return fired;
}

static void opening_fails_cleanly(void **state)
{
	sweep(open_audit, *state, 1);
	fixture_assert_audit(*state, 0);
}

struct appending {
	struct audit *audit;
	uint64_t acknowledged;
};

static bool append(void *arg, uint64_t n)
{
	struct appending *appending = arg;
	enum error error = append_one(appending->audit, (uint32_t)(n * 7));
	bool fired = fault_disarm();

	assert_no_memory(error);
	appending->acknowledged += error == ERR_NONE;
	/* With memory again it goes on at once. */
	error = append_one(appending->audit, (uint32_t)(n * 7 + 1));
	if (error != ERR_NONE)
		fail_msg("allocation %d: %s", (int)n, audit_failure_text(appending->audit));
	appending->acknowledged++;
	assert_int_equal(audit_head(appending->audit).decision_id, appending->acknowledged);
	return fired;
}

static void appending_goes_on_when_there_is_memory_again(void **state)
{
	struct appending appending = {.audit = fixture_audit(*state)};

	sweep(append, &appending, 1);
	audit_close(appending.audit);
	fixture_assert_audit(*state, appending.acknowledged);
}

static bool count_rows(void *arg, const struct audit_row *row)
{
	size_t *count = arg;

	(void)row;
	(*count)++;
	return true;
}

static bool read_audit(void *arg, uint64_t n)
{
	struct fixture *fixture = arg;
	struct audit_filter filter = {.policy = STR("policy1"),
				      .verdicts = AUDIT_VERDICT_BIT(AUDIT_DENY)};
	struct audit_verification result;
	struct audit_reader *reader = NULL;
	size_t count = 0;

	(void)n;
	buf_clear(&fixture->why);
	enum error error =
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why);
	if (error == ERR_NONE)
		error = audit_query(reader, &filter, count_rows, &count, &fixture->why);
	if (error == ERR_NONE)
		error = audit_verify(reader, NULL, &result, &fixture->why);
	audit_reader_close(reader);
	bool fired = fault_disarm();
	assert_no_memory(error);
	if (error == ERR_NONE) {
		assert_int_equal(count, 1);
		assert_true(result.intact);
	}
	return fired;
}

static void reading_fails_cleanly(void **state)
{
	struct audit *audit = fixture_audit(*state);

	fixture_append(audit, 0, 60);
	audit_close(audit);
	/* A reader opens the same files in the same way several times. */
	sweep(read_audit, *state, 11);
}

static enum error ignore_record(void *arg, const struct state_record *record)
{
	(void)arg;
	(void)record;
	return ERR_NONE;
}

static bool use_state(void *arg, uint64_t n)
{
	static const struct state_policy_file file = {{"a.cedar", 7}, {"permit();", 9}};
	static const uint8_t boot_id[STATE_BOOT_ID_BYTES] = {1};
	struct fixture *fixture = arg;
	struct state_record record = {.id = {(uint8_t)n}, .key = {(uint8_t)n}, .boot_id = {1}};
	struct state_revision revision = {
		.digest = {(uint8_t)n, (uint8_t)(n >> 8)}, .files = &file, .file_count = 1};
	struct state_revision back;
	enum state_lookup found;
	struct state *state = NULL;
	struct arena arena;
	uint64_t number;
	bool added;

	arena_init(&arena, 256, SIZE_MAX);
	buf_clear(&fixture->why);
	enum error error =
		state_open(fixture->dir.path, &fixture->env, false, &state, &fixture->why);
	if (error == ERR_NONE)
		error = state_apply_records(
			state, &(struct state_record_changes){.puts = &record, .put_count = 1});
	if (error == ERR_NONE)
		error = state_put_revision(state, &revision, &number, &added);
	if (error == ERR_NONE)
		error = state_get_revision(state, 0, &arena, &back, &found);
	if (error == ERR_NONE)
		error = state_load_records(state, boot_id, ignore_record, NULL);
	state_close(state);
	arena_deinit(&arena);
	bool fired = fault_disarm();
	assert_no_memory(error);
	return fired;
}

static void the_state_fails_cleanly(void **state)
{
	struct fixture *fixture = *state;

	sweep(use_state, fixture, 1);
	assert_int_equal(fixture_int(fixture, STATE_FILE,
				     "SELECT count(*) FROM pragma_integrity_check"
				     " WHERE integrity_check <> 'ok'"),
			 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(opening_fails_cleanly),
		TEST(appending_goes_on_when_there_is_memory_again),
		TEST(reading_fails_cleanly),
		TEST(the_state_fails_cleanly),
	};

	sqlite_memory_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
