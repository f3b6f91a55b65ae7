#include "support/cmocka.h"

#include <stdio.h>

#include "authz/records.h"
#include "base/attributes.h"
#include "support/fault.h"

enum { MAX_COUNT = 100, START_MS = 1000000, IDLE_MS = 16000, LIFE_MS = 60000 };

static const uint8_t secret[32] = {1, 2, 3};
static const uint8_t boot_id[STATE_BOOT_ID_BYTES] = {4, 5, 6};

static int setup(void **state)
{
	struct records *records;

	assert_int_equal(records_new(MAX_COUNT, secret, &records), ERR_NONE);
	*state = records;
	return 0;
}

static int teardown(void **state)
{
	records_free(*state);
	return 0;
}

static struct record_owner owner(uint8_t number)
{
	return (struct record_owner){
		.key = {{number}},
		.application = STR("wsman"),
		.principal = number % 2 == 0 ? STR("S-1-5-2") : STR("S-1-5-1"),
		.name = STR("CONTOSO\\Alice"),
		.mechanism = STR("kerberos"),
	};
}

static struct record_change put_change(struct record_id id, int64_t now_ms, uint64_t revision)
{
	return (struct record_change){
		.kind = RECORD_PUT,
		.id = id,
		.boot_ms = now_ms,
		.wall_us = 1000 * now_ms,
		.endpoint = {{[15] = 9}},
		.revision = revision,
		.grant = {.idle_timeout_ms = IDLE_MS,
			  .max_lifetime_ms = LIFE_MS,
			  .quota = {.max_shells = 5}},
		.administrator = true,
	};
}

static struct record_change change_of_kind(enum record_change_kind kind, struct record_id id,
					   int64_t now_ms)
{
	return (struct record_change){.kind = kind, .id = id, .boot_ms = now_ms};
}

static struct record_id reserve(struct records *records, uint8_t number, int64_t now_ms)
{
	struct record_owner of = owner(number);
	struct record_id id;

	assert_int_equal(records_reserve(records, &of, now_ms, &id), ERR_NONE);
	return id;
}

static struct record_id put(struct records *records, uint8_t number, int64_t now_ms)
{
	struct record_id id = reserve(records, number, now_ms);
	struct record_change change = put_change(id, now_ms, 1);

	records_apply(records, &change, 7);
	return id;
}

static const struct record *find(const struct records *records, uint8_t number, int64_t now_ms)
{
	return records_find(records, &(struct record_key){{number}}, now_ms);
}

static void a_reserved_record_answers_nobody(void **state)
{
	struct record_id id = reserve(*state, 1, START_MS);

	assert_false(record_id_is_none(id));
	assert_null(find(*state, 1, START_MS));
	assert_null(records_find_id(*state, id, START_MS));
	assert_int_equal(records_count(*state), 0);
	records_drop(*state, &(struct record_change){.kind = RECORD_PUT, .id = id});
}

static void an_applied_record_is_found_by_key_and_id(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	const struct record *record = find(*state, 1, START_MS);

	assert_non_null(record);
	assert_ptr_equal(records_find_id(*state, id, START_MS), record);
	assert_null(find(*state, 2, START_MS));
	assert_str_equal(record->owner.principal, "S-1-5-1");
	assert_str_equal(record->owner.name, "CONTOSO\\Alice");
	assert_int_equal(record->revision, 1);
	assert_int_equal(record->decision_id, 7);
	assert_int_equal(record->created_ms, START_MS);
	assert_int_equal(record->created_us, 1000 * (int64_t)START_MS);
	assert_int_equal(record->grant.quota.max_shells, 5);
	assert_true(record->administrator);
	assert_int_equal(records_count(*state), 1);
}

static void a_dropped_record_never_was(void **state)
{
	struct record_id id = reserve(*state, 1, START_MS);
	struct record_change change = put_change(id, START_MS, 1);

	records_drop(*state, &change);
	records_drop(*state, &change);
	records_apply(*state, &change, 1);
	assert_null(find(*state, 1, START_MS));
	assert_false(records_have_changes(*state));
}

static void decisions_that_wait_together_share_a_record(void **state)
{
	struct record_id first = reserve(*state, 1, START_MS);
	struct record_id second = reserve(*state, 1, START_MS);
	struct record_change change = put_change(first, START_MS, 1);

	assert_true(record_id_equal(first, second));
	assert_false(record_id_equal(first, reserve(*state, 2, START_MS)));
	records_drop(*state, &change);
	assert_null(find(*state, 1, START_MS));
	records_apply(*state, &change, 8);
	assert_true(record_id_equal(find(*state, 1, START_MS)->id, first));
	assert_int_equal(records_count(*state), 1);
}

static void ids_differ_and_follow_from_the_secret(void **state)
{
	static const uint8_t other_secret[32] = {9};
	struct records *other;
	struct record_id id = reserve(*state, 1, START_MS);

	assert_int_equal(records_new(MAX_COUNT, other_secret, &other), ERR_NONE);
	assert_false(record_id_equal(id, reserve(other, 1, START_MS)));
	records_free(other);
}

static void a_record_is_idle_after_its_time_out_and_not_at_it(void **state)
{
	put(*state, 1, START_MS);
	assert_non_null(find(*state, 1, START_MS + IDLE_MS));
	assert_null(find(*state, 1, START_MS + IDLE_MS + 1));
	assert_int_equal(records_expire(*state, START_MS + IDLE_MS), 0);
	assert_int_equal(records_next_expiry_ms(*state), START_MS + IDLE_MS + 1);
	assert_int_equal(records_expire(*state, START_MS + IDLE_MS + 1), 1);
	assert_int_equal(records_count(*state), 0);
	assert_int_equal(records_next_expiry_ms(*state), INT64_MAX);
}

static void use_keeps_a_record_until_its_lifetime_is_over(void **state)
{
	struct record_id id = put(*state, 1, START_MS);

	for (int64_t now_ms = START_MS; now_ms <= START_MS + LIFE_MS; now_ms += IDLE_MS) {
		struct record_change change = change_of_kind(RECORD_TOUCH, id, now_ms);
		assert_int_equal(records_expire(*state, now_ms), 0);
		records_apply(*state, &change, 0);
	}
	assert_non_null(find(*state, 1, START_MS + LIFE_MS));
	assert_null(find(*state, 1, START_MS + LIFE_MS + 1));
	assert_int_equal(records_expire(*state, START_MS + LIFE_MS + 1), 1);
}

static void use_never_turns_the_clock_back(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct record_change change = change_of_kind(RECORD_TOUCH, id, START_MS - 1);

	records_apply(*state, &change, 0);
	assert_int_equal(find(*state, 1, START_MS)->last_used_ms, START_MS);
}

static void a_record_that_is_too_old_is_replaced_by_a_new_one(void **state)
{
	struct record_id old = put(*state, 1, START_MS);
	struct record_id id = put(*state, 1, START_MS + IDLE_MS + 1);

	assert_false(record_id_equal(old, id));
	assert_int_equal(find(*state, 1, START_MS + IDLE_MS + 1)->created_ms,
			 START_MS + IDLE_MS + 1);
	assert_int_equal(records_count(*state), 1);
}

static void a_later_revision_changes_the_record_and_keeps_its_age(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct record_change change;

	assert_true(record_id_equal(reserve(*state, 1, START_MS + 1), id));
	change = put_change(id, START_MS + 1, 2);
	change.administrator = false;
	change.grant.max_lifetime_ms = 10;
	records_apply(*state, &change, 8);
	assert_int_equal(find(*state, 1, START_MS + 1)->revision, 2);
	assert_int_equal(find(*state, 1, START_MS + 1)->created_ms, START_MS);
	assert_false(find(*state, 1, START_MS + 1)->administrator);
	assert_null(find(*state, 1, START_MS + 11));
}

static void an_earlier_decision_does_not_overwrite_a_later_one(void **state)
{
	struct record_id id = reserve(*state, 1, START_MS);
	struct record_change early = put_change(id, START_MS, 2);
	struct record_change late = put_change(id, START_MS + 1, 1);

	reserve(*state, 1, START_MS + 1);
	early.grant.quota.max_shells = 99;
	records_apply(*state, &late, 9);
	records_apply(*state, &early, 8);
	assert_int_equal(find(*state, 1, START_MS + 1)->revision, 1);
	assert_int_equal(find(*state, 1, START_MS + 1)->decision_id, 9);
	assert_int_equal(find(*state, 1, START_MS + 1)->grant.quota.max_shells, 5);
}

static void a_revoked_record_is_gone_with_all_that_waits(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct record_change change = put_change(id, START_MS, 1);

	assert_true(record_id_equal(reserve(*state, 1, START_MS), id));
	assert_true(records_revoke(*state, id));
	assert_false(records_revoke(*state, id));
	assert_null(find(*state, 1, START_MS));
	records_apply(*state, &change, 9);
	assert_null(find(*state, 1, START_MS));
	assert_null(records_find_id(*state, id, START_MS));
	assert_int_equal(records_count(*state), 0);
	assert_false(record_id_equal(put(*state, 1, START_MS), id));
}

static bool is_revoked(struct records *records, uint8_t number, int64_t now_ms)
{
	struct record_key key = {{number}};

	return records_is_revoked(records, &key, now_ms);
}

static void a_pending_record_can_be_revoked(void **state)
{
	struct record_id id = reserve(*state, 1, START_MS);
	struct record_change change = put_change(id, START_MS, 1);

	assert_true(records_revoke(*state, id));
	assert_true(is_revoked(*state, 1, START_MS));
	records_apply(*state, &change, 9);
	assert_null(find(*state, 1, START_MS));
	assert_true(is_revoked(*state, 1, START_MS));
	assert_int_equal(records_count(*state), 0);
	assert_false(records_revoke(*state, id));
}

/* Collects all changes and says that they were, or were not, written. */
static struct state_record_changes collect(struct records *records, struct arena *arena,
					   bool written)
{
	struct state_record_changes changes;

	assert_int_equal(records_collect_changes(records, arena, boot_id, SIZE_MAX, &changes),
			 ERR_NONE);
	records_changes_written(records, written);
	return changes;
}

static void write_changes(struct records *records)
{
	struct arena arena;

	arena_init(&arena, 4096, SIZE_MAX);
	collect(records, &arena, true);
	arena_deinit(&arena);
}

static void a_pending_record_that_was_revoked_is_stored_once_its_end_is_written(void **state)
{
	struct record_id id = reserve(*state, 1, START_MS);
	struct record_change change = put_change(id, START_MS, 1);

	assert_true(records_is_stored(*state, id));
	assert_true(records_revoke(*state, id));
	assert_false(records_is_stored(*state, id));
	records_apply(*state, &change, 9);
	assert_false(records_is_stored(*state, id));
	write_changes(*state);
	assert_true(records_is_stored(*state, id));
}

static void a_pending_record_that_was_revoked_and_dropped_needs_no_storing(void **state)
{
	struct record_id id = reserve(*state, 1, START_MS);
	struct record_change change = put_change(id, START_MS, 1);

	assert_true(record_id_equal(reserve(*state, 1, START_MS), id));
	assert_true(records_revoke(*state, id));
	records_drop(*state, &change);
	assert_false(records_is_stored(*state, id));
	records_drop(*state, &change);
	assert_true(records_is_stored(*state, id));
}

static void who_connects_after_a_pending_record_was_revoked_is_let_in(void **state)
{
	struct record_id before = reserve(*state, 1, START_MS), after;
	struct record_change first = put_change(before, START_MS, 1), second;

	assert_true(records_revoke(*state, before));
	after = reserve(*state, 1, START_MS);
	assert_false(record_id_equal(before, after));
	second = put_change(after, START_MS, 1);
	records_apply(*state, &first, 8);
	records_apply(*state, &second, 9);
	assert_non_null(find(*state, 1, START_MS));
	assert_int_equal(records_count(*state), 1);
}

static bool count_owner(const struct record *record, void *arg)
{
	(void)record;
	++*(int *)arg;
	return true;
}

static void pending_records_are_visited_for_their_owner_only(void **state)
{
	struct record_id id = reserve(*state, 1, START_MS);
	struct record_change change = put_change(id, START_MS, 1);
	int listed = 0, owned = 0;

	records_each(*state, count_owner, &listed);
	records_each_owner(*state, count_owner, &owned);
	assert_int_equal(listed, 0);
	assert_int_equal(owned, 1);
	records_drop(*state, &change);
	records_each_owner(*state, count_owner, &owned);
	assert_int_equal(owned, 1);
}

static void what_was_revoked_and_not_let_in_leaves_no_trace(void **state)
{
	for (int i = 0; i < 2 * MAX_COUNT; i++) {
		struct record_id id = reserve(*state, 1, START_MS);
		struct record_change change = put_change(id, START_MS, 1);

		assert_true(records_revoke(*state, id));
		records_drop(*state, &change);
	}
	assert_int_equal(records_count(*state), 0);
	assert_false(records_have_changes(*state));
}

static void a_denied_user_loses_the_record(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct record_change change = change_of_kind(RECORD_END, id, START_MS);

	records_apply(*state, &change, 9);
	assert_null(find(*state, 1, START_MS));
	records_apply(*state, &change, 9);
}

static void a_revoked_record_is_remembered_to_the_end_of_its_lifetime(void **state)
{
	struct record_id id = put(*state, 1, START_MS);

	assert_false(is_revoked(*state, 1, START_MS));
	assert_true(records_revoke(*state, id));
	assert_int_equal(records_count(*state), 0);
	assert_true(is_revoked(*state, 1, START_MS));
	assert_int_equal(records_expire(*state, START_MS + IDLE_MS + 1), 0);
	assert_true(is_revoked(*state, 1, START_MS + LIFE_MS));
	assert_false(is_revoked(*state, 1, START_MS + LIFE_MS + 1));
	assert_int_equal(records_expire(*state, START_MS + LIFE_MS + 1), 1);
	assert_false(is_revoked(*state, 1, START_MS));
	assert_int_equal(records_count(*state), 0);
}

static void neither_use_nor_release_nor_a_denial_forgets_a_revocation(void **state)
{
	static const enum record_change_kind kinds[] = {RECORD_TOUCH, RECORD_END};
	struct record_id id = put(*state, 1, START_MS);

	assert_true(records_revoke(*state, id));
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		struct record_change change = change_of_kind(kinds[i], id, START_MS + 1);

		records_apply(*state, &change, 9);
	}
	records_release(*state, id);
	assert_true(is_revoked(*state, 1, START_MS + 1));
}

static void who_connects_anew_is_not_revoked_any_more(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct record_id next;

	assert_true(records_revoke(*state, id));
	next = put(*state, 1, START_MS + 1);
	assert_false(record_id_equal(next, id));
	assert_false(is_revoked(*state, 1, START_MS + 1));
	assert_non_null(find(*state, 1, START_MS + 1));
	assert_int_equal(records_count(*state), 1);
}

static void who_was_not_let_in_anew_is_still_revoked(void **state)
{
	struct record_id id = put(*state, 1, START_MS), next, last;
	struct record_change change;

	assert_true(records_revoke(*state, id));
	next = reserve(*state, 1, START_MS + 1);
	assert_true(record_id_equal(reserve(*state, 1, START_MS + 2), next));
	change = put_change(next, START_MS + 1, 1);
	records_drop(*state, &change);
	assert_true(is_revoked(*state, 1, START_MS + 2));
	records_drop(*state, &change);
	assert_true(is_revoked(*state, 1, START_MS + LIFE_MS));
	assert_false(is_revoked(*state, 1, START_MS + LIFE_MS + 1));
	assert_null(find(*state, 1, START_MS + 2));
	assert_int_equal(records_count(*state), 0);
	assert_false(records_is_stored(*state, id));
	write_changes(*state);
	assert_true(records_is_stored(*state, id));

	last = put(*state, 1, START_MS + 3);
	assert_false(is_revoked(*state, 1, START_MS + 3));
	assert_false(record_id_equal(last, id));
	assert_int_equal(find(*state, 1, START_MS + 3)->created_ms, START_MS + 3);
	assert_int_equal(find(*state, 1, START_MS + 3)->context_count, 0);
	assert_int_equal(records_count(*state), 1);
}

static void who_waits_to_be_let_in_anew_is_revoked_until_then(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct record_change change;

	assert_true(records_revoke(*state, id));
	change = put_change(reserve(*state, 1, START_MS + 1), START_MS + 1, 1);
	assert_true(is_revoked(*state, 1, START_MS + LIFE_MS));
	assert_false(is_revoked(*state, 1, START_MS + LIFE_MS + 1));
	records_apply(*state, &change, 8);
	assert_false(is_revoked(*state, 1, START_MS + 1));
}

static void who_is_told_before_the_row_is_let_in_anew_at_once(void **state)
{
	struct record_id id = put(*state, 1, START_MS), next;
	struct record_change change, touch = change_of_kind(RECORD_TOUCH, id, START_MS + 1);

	assert_true(records_revoke(*state, id));
	records_admit(*state, &touch);
	next = reserve(*state, 1, START_MS + 1);
	assert_true(is_revoked(*state, 1, START_MS + 1));
	change = put_change(next, START_MS + 1, 1);
	records_admit(*state, &change);
	assert_false(is_revoked(*state, 1, START_MS + 1));
	assert_null(find(*state, 1, START_MS + 1));
	assert_true(records_revoke(*state, next));
	assert_true(is_revoked(*state, 1, START_MS + 1));
	records_drop(*state, &change);
	records_admit(*state, &change);
	assert_true(is_revoked(*state, 1, START_MS + 1));
}

static void who_waits_to_be_let_in_anew_is_found_among_many(void **state)
{
	struct record_id id = put(*state, 1, START_MS), next;
	struct record_change change;

	assert_true(records_revoke(*state, id));
	next = reserve(*state, 1, START_MS + 1);
	for (uint8_t number = 2; number < MAX_COUNT; number++) {
		put(*state, number, START_MS);
		assert_true(record_id_equal(reserve(*state, 1, START_MS + 1), next));
	}
	change = put_change(next, START_MS + 1, 1);
	records_apply(*state, &change, 8);
	assert_true(record_id_equal(find(*state, 1, START_MS + 1)->id, next));
}

static void who_was_revoked_while_pending_and_not_let_in_anew_is_still_revoked(void **state)
{
	struct record_id before = reserve(*state, 1, START_MS), after;
	struct record_change first = put_change(before, START_MS, 1), second;

	assert_true(records_revoke(*state, before));
	after = reserve(*state, 1, START_MS + 1);
	second = put_change(after, START_MS + 1, 1);
	records_apply(*state, &first, 8);
	records_drop(*state, &second);
	assert_true(is_revoked(*state, 1, START_MS + LIFE_MS));
	assert_false(is_revoked(*state, 1, START_MS + LIFE_MS + 1));
	assert_int_equal(records_count(*state), 0);
	write_changes(*state);
	assert_int_equal(records_expire(*state, START_MS + LIFE_MS + 1), 1);
}

static void what_was_revoked_while_pending_counts_whoever_gave_up_before_its_row(void **state)
{
	struct record_id before = reserve(*state, 1, START_MS), after;
	struct record_change first = put_change(before, START_MS, 1), second;

	assert_true(records_revoke(*state, before));
	after = reserve(*state, 1, START_MS + 1);
	assert_false(records_is_stored(*state, before));
	second = put_change(after, START_MS + 1, 1);
	records_drop(*state, &second);
	assert_true(is_revoked(*state, 1, START_MS + 1));
	records_apply(*state, &first, 8);
	assert_true(is_revoked(*state, 1, START_MS + LIFE_MS));
	assert_false(is_revoked(*state, 1, START_MS + LIFE_MS + 1));
	assert_int_equal(records_count(*state), 0);
	assert_false(records_is_stored(*state, before));
	write_changes(*state);
	assert_true(records_is_stored(*state, before));
}

/* Two wait to connect anew, the first of them revoked, too; neither is let in. */
static void nobody_who_was_let_in_is_forgotten_for_those_who_were_not(void **state)
{
	for (uint8_t number = 1; number <= 2; number++) {
		struct record_id id = put(*state, number, START_MS), ids[2];

		assert_true(records_revoke(*state, id));
		ids[0] = reserve(*state, number, START_MS + 1);
		assert_true(records_revoke(*state, ids[0]));
		ids[1] = reserve(*state, number, START_MS + 2);
		for (uint8_t i = 0; i < 2; i++) {
			struct record_change change =
				put_change(ids[(number + i) % 2], START_MS + 1, 1);

			records_drop(*state, &change);
		}
		assert_true(is_revoked(*state, number, START_MS + LIFE_MS));
		assert_false(is_revoked(*state, number, START_MS + LIFE_MS + 1));
	}
	assert_int_equal(records_count(*state), 0);
}

/* A crash may come at any moment until then. */
static void a_revocation_stays_on_disk_until_its_user_is_let_in_anew(void **state)
{
	struct record_id id = put(*state, 1, START_MS), next;
	struct state_record_changes changes;
	struct record_change change;
	struct arena arena;

	arena_init(&arena, 256, SIZE_MAX);
	assert_true(records_revoke(*state, id));
	next = reserve(*state, 1, START_MS + 1);
	assert_false(records_is_stored(*state, id));
	changes = collect(*state, &arena, true);
	assert_int_equal(changes.put_count, 1);
	assert_int_equal(changes.delete_count, 0);
	assert_true(records_is_stored(*state, id));
	change = put_change(next, START_MS + 1, 1);
	records_apply(*state, &change, 8);
	assert_int_equal(records_collect_changes(*state, &arena, boot_id, 1, &changes), ERR_NONE);
	assert_int_equal(changes.put_count, 1);
	records_changes_written(*state, true);
	changes = collect(*state, &arena, true);
	assert_int_equal(changes.delete_count, 1);
	assert_memory_equal(changes.deletes[0], id.bytes, sizeof(id.bytes));
	assert_false(records_have_changes(*state));
	arena_deinit(&arena);
}

static void whatever_fails_when_the_user_connects_anew_the_revocation_stays(void **state)
{
	struct record_id id = put(*state, 1, START_MS), next;
	struct record_owner of = owner(1);
	struct record_change change;
	bool fired = true;

	assert_true(records_revoke(*state, id));
	for (uint64_t n = 0; fired; n++) {
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = records_reserve(*state, &of, START_MS + 1, &next);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		assert_true(is_revoked(*state, 1, START_MS + 1));
	}
	change = put_change(next, START_MS + 1, 1);
	records_drop(*state, &change);
	assert_true(is_revoked(*state, 1, START_MS + 1));
}

static void a_full_table_forgets_no_revocation(void **state)
{
	struct record_owner of = owner(1);
	struct record_id id, ignored;

	for (uint8_t i = 1; i <= MAX_COUNT; i++)
		put(*state, i, START_MS);
	id = find(*state, 1, START_MS)->id;
	assert_true(records_revoke(*state, id));
	assert_int_equal(records_reserve(*state, &of, START_MS, &ignored), ERR_LIMIT);
	assert_true(is_revoked(*state, 1, START_MS));
}

static void a_revocation_is_stored_and_comes_back(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct state_record_changes changes;
	struct records *other;
	struct arena arena;

	arena_init(&arena, 4096, SIZE_MAX);
	assert_true(records_revoke(*state, id));
	assert_false(records_is_stored(*state, id));
	assert_int_equal(records_collect_changes(*state, &arena, boot_id, 10, &changes), ERR_NONE);
	assert_int_equal(changes.put_count, 1);
	assert_true(changes.puts[0].revoked);
	assert_false(records_is_stored(*state, id));
	records_changes_written(*state, true);
	assert_true(records_is_stored(*state, id));

	assert_int_equal(records_new(MAX_COUNT, secret, &other), ERR_NONE);
	assert_int_equal(records_load(other, &changes.puts[0], START_MS + IDLE_MS + 1), ERR_NONE);
	assert_true(is_revoked(other, 1, START_MS + IDLE_MS + 1));
	assert_null(find(other, 1, START_MS));
	assert_int_equal(records_count(other), 0);
	records_free(other);
	arena_deinit(&arena);
}

static void a_record_ends_with_its_last_context(void **state)
{
	struct record_id id = reserve(*state, 1, START_MS);
	struct record_change change = put_change(id, START_MS, 1);
	struct record_change use = change_of_kind(RECORD_TOUCH, id, START_MS);

	change.adds_context = true;
	use.adds_context = true;
	records_apply(*state, &change, 1);
	records_apply(*state, &use, 2);
	assert_int_equal(find(*state, 1, START_MS)->context_count, 2);
	records_release(*state, id);
	assert_non_null(find(*state, 1, START_MS));
	records_release(*state, id);
	assert_null(find(*state, 1, START_MS));
	records_release(*state, id);
	records_release(*state, (struct record_id){{99}});
}

static void a_record_that_was_released_while_a_decision_waits_comes_back(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct record_change change = put_change(id, START_MS, 1);

	reserve(*state, 1, START_MS);
	records_release(*state, id);
	assert_null(find(*state, 1, START_MS));
	records_apply(*state, &change, 9);
	assert_true(record_id_equal(find(*state, 1, START_MS)->id, id));
}

static void the_table_is_bounded(void **state)
{
	struct record_owner one_more = owner(MAX_COUNT);
	struct record_id id;

	for (uint8_t i = 0; i < MAX_COUNT; i++)
		put(*state, i, START_MS);
	assert_int_equal(records_reserve(*state, &one_more, START_MS, &id), ERR_LIMIT);
	reserve(*state, 0, START_MS);
}

static void expiry_ends_only_what_is_due(void **state)
{
	for (uint8_t i = 0; i < MAX_COUNT; i++)
		put(*state, i, START_MS + i);
	assert_int_equal(records_expire(*state, START_MS + IDLE_MS + 10), 10);
	assert_int_equal(records_count(*state), MAX_COUNT - 10);
	assert_null(find(*state, 9, START_MS + IDLE_MS));
	assert_non_null(find(*state, 10, START_MS + IDLE_MS + 10));
}

static bool count_to_two(const struct record *record, void *arg)
{
	size_t *count = arg;

	assert_non_null(record);
	return ++*count < 2;
}

static void live_records_are_listed_until_the_visitor_has_enough(void **state)
{
	size_t count = 0;

	reserve(*state, 9, START_MS);
	records_each(*state, count_to_two, &count);
	assert_int_equal(count, 0);
	for (uint8_t i = 0; i < 5; i++)
		put(*state, i, START_MS);
	records_each(*state, count_to_two, &count);
	assert_int_equal(count, 2);
}

static void a_record_comes_back_from_its_row(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct state_record_changes changes;
	const struct record *record;
	struct records *loaded;
	struct arena arena;

	arena_init(&arena, 256, SIZE_MAX);
	changes = collect(*state, &arena, true);
	assert_int_equal(changes.put_count, 1);
	assert_int_equal(changes.delete_count, 0);
	assert_memory_equal(changes.puts[0].boot_id, boot_id, sizeof(boot_id));
	assert_int_equal(changes.puts[0].expires_ms, START_MS + IDLE_MS);
	assert_int_equal(records_new(MAX_COUNT, secret, &loaded), ERR_NONE);
	assert_int_equal(records_load(loaded, &changes.puts[0], START_MS + IDLE_MS), ERR_NONE);
	record = find(loaded, 1, START_MS + IDLE_MS);
	assert_non_null(record);
	assert_true(record_id_equal(record->id, id));
	assert_str_equal(record->owner.name, "CONTOSO\\Alice");
	assert_str_equal(record->owner.application, "wsman");
	assert_str_equal(record->owner.mechanism, "kerberos");
	assert_int_equal(record->endpoint.bytes[15], 9);
	assert_int_equal(record->grant.quota.max_shells, 5);
	assert_true(record->administrator);
	assert_false(records_have_changes(loaded));
	assert_int_equal(records_load(loaded, &changes.puts[0], START_MS + 1), ERR_EXISTS);
	records_free(loaded);
	arena_deinit(&arena);
}

static void a_row_that_cannot_be_is_refused(void **state)
{
	struct state_record good = {
		.id = {1},
		.key = {1},
		.created_ms = START_MS,
		.last_used_ms = START_MS,
		.idle_ms = IDLE_MS,
		.max_lifetime_ms = LIFE_MS,
	};
	struct state_record bad[7];

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		bad[i] = good;
	bad[0].id[0] = 0;
	bad[1].idle_ms = 0;
	bad[2].max_lifetime_ms = -1;
	bad[3].idle_ms = OBLIGATIONS_MAX_DURATION_MS + 1;
	bad[4].max_lifetime_ms = INT64_MAX;
	bad[5].created_ms = START_MS + 1;
	bad[6].last_used_ms = START_MS + 2; /* in the future */
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(records_load(*state, &bad[i], START_MS + 1), ERR_INVALID);
	assert_int_equal(records_load(*state, &good, START_MS + IDLE_MS + 1), ERR_NONE);
	assert_int_equal(records_count(*state), 0);
	assert_int_equal(records_load(*state, &good, START_MS + IDLE_MS), ERR_NONE);
	assert_int_equal(records_count(*state), 1);
}

static void end(struct records *records, struct record_id id)
{
	struct record_change change = change_of_kind(RECORD_END, id, START_MS);

	records_apply(records, &change, 9);
}

static void changes_are_collected_once_they_are_written(void **state)
{
	struct record_id first = put(*state, 1, START_MS);
	struct state_record_changes changes;
	struct arena arena;

	arena_init(&arena, 256, SIZE_MAX);
	assert_int_equal(collect(*state, &arena, false).put_count, 1);
	assert_int_equal(collect(*state, &arena, true).put_count, 1);
	assert_int_equal(collect(*state, &arena, true).put_count, 0);
	put(*state, 2, START_MS);
	end(*state, first);
	assert_int_equal(records_collect_changes(*state, &arena, boot_id, 1, &changes), ERR_NONE);
	assert_int_equal(changes.put_count + changes.delete_count, 1);
	records_changes_written(*state, true);
	changes = collect(*state, &arena, false);
	assert_int_equal(changes.put_count + changes.delete_count, 1);
	changes = collect(*state, &arena, true);
	assert_int_equal(changes.delete_count, 1);
	assert_memory_equal(changes.deletes[0], first.bytes, sizeof(first.bytes));
	assert_false(records_have_changes(*state));
	arena_deinit(&arena);
}

static void what_changes_while_it_is_written_is_written_again(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct state_record_changes changes;
	struct arena arena;

	arena_init(&arena, 256, SIZE_MAX);
	assert_int_equal(records_collect_changes(*state, &arena, boot_id, SIZE_MAX, &changes),
			 ERR_NONE);
	end(*state, id);
	assert_false(records_have_changes(*state));
	records_changes_written(*state, true);
	assert_true(records_have_changes(*state));
	assert_int_equal(collect(*state, &arena, true).delete_count, 1);
	assert_false(records_have_changes(*state));
	arena_deinit(&arena);
}

static void use_is_written_only_now_and_then(void **state)
{
	struct record_id id = put(*state, 1, START_MS);
	struct record_change soon = change_of_kind(RECORD_TOUCH, id, START_MS + IDLE_MS / 16 - 1);
	struct record_change later = change_of_kind(RECORD_TOUCH, id, START_MS + IDLE_MS / 16);
	struct arena arena;

	arena_init(&arena, 256, SIZE_MAX);
	collect(*state, &arena, true);
	records_apply(*state, &soon, 0);
	assert_false(records_have_changes(*state));
	records_apply(*state, &later, 0);
	assert_true(records_have_changes(*state));
	arena_deinit(&arena);
}

static void without_memory_nothing_is_reserved_and_nothing_lost(void **state)
{
	bool fired = true;

	(void)state;
	for (uint64_t n = 0; fired; n++) {
		struct records *records;
		struct record_owner of = owner(1);
		struct record_id id;
		enum error error;
		assert_int_equal(records_new(MAX_COUNT, secret, &records), ERR_NONE);
		fault_arm(n, FAULT_ONCE);
		error = records_reserve(records, &of, START_MS, &id);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		if (fired)
			assert_null(find(records, 1, START_MS));
		put(records, 1, START_MS);
		assert_non_null(find(records, 1, START_MS));
		records_free(records);
	}
}

static void without_memory_nothing_is_collected_and_nothing_lost(void **state)
{
	struct state_record_changes changes;
	bool fired = true;

	put(*state, 1, START_MS);
	for (uint64_t n = 0; fired; n++) {
		struct arena arena;
		enum error error;
		arena_init(&arena, 256, SIZE_MAX);
		fault_arm(n, FAULT_ONCE);
		error = records_collect_changes(*state, &arena, boot_id, SIZE_MAX, &changes);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		assert_int_equal(records_have_changes(*state), fired);
		arena_deinit(&arena);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(a_reserved_record_answers_nobody),
		TEST(an_applied_record_is_found_by_key_and_id),
		TEST(a_dropped_record_never_was),
		TEST(decisions_that_wait_together_share_a_record),
		TEST(ids_differ_and_follow_from_the_secret),
		TEST(a_record_is_idle_after_its_time_out_and_not_at_it),
		TEST(use_keeps_a_record_until_its_lifetime_is_over),
		TEST(use_never_turns_the_clock_back),
		TEST(a_record_that_is_too_old_is_replaced_by_a_new_one),
		TEST(a_later_revision_changes_the_record_and_keeps_its_age),
		TEST(an_earlier_decision_does_not_overwrite_a_later_one),
		TEST(a_revoked_record_is_gone_with_all_that_waits),
		TEST(a_pending_record_can_be_revoked),
		TEST(a_pending_record_that_was_revoked_is_stored_once_its_end_is_written),
		TEST(a_pending_record_that_was_revoked_and_dropped_needs_no_storing),
		TEST(who_connects_after_a_pending_record_was_revoked_is_let_in),
		TEST(pending_records_are_visited_for_their_owner_only),
		TEST(what_was_revoked_and_not_let_in_leaves_no_trace),
		TEST(a_denied_user_loses_the_record),
		TEST(a_revoked_record_is_remembered_to_the_end_of_its_lifetime),
		TEST(neither_use_nor_release_nor_a_denial_forgets_a_revocation),
		TEST(who_connects_anew_is_not_revoked_any_more),
		TEST(who_was_not_let_in_anew_is_still_revoked),
		TEST(who_waits_to_be_let_in_anew_is_revoked_until_then),
		TEST(who_is_told_before_the_row_is_let_in_anew_at_once),
		TEST(who_waits_to_be_let_in_anew_is_found_among_many),
		TEST(who_was_revoked_while_pending_and_not_let_in_anew_is_still_revoked),
		TEST(what_was_revoked_while_pending_counts_whoever_gave_up_before_its_row),
		TEST(nobody_who_was_let_in_is_forgotten_for_those_who_were_not),
		TEST(a_revocation_stays_on_disk_until_its_user_is_let_in_anew),
		TEST(whatever_fails_when_the_user_connects_anew_the_revocation_stays),
		TEST(a_full_table_forgets_no_revocation),
		TEST(a_revocation_is_stored_and_comes_back),
		TEST(a_record_ends_with_its_last_context),
		TEST(a_record_that_was_released_while_a_decision_waits_comes_back),
		TEST(the_table_is_bounded),
		TEST(expiry_ends_only_what_is_due),
		TEST(live_records_are_listed_until_the_visitor_has_enough),
		TEST(a_record_comes_back_from_its_row),
		TEST(a_row_that_cannot_be_is_refused),
		TEST(changes_are_collected_once_they_are_written),
		TEST(what_changes_while_it_is_written_is_written_again),
		TEST(use_is_written_only_now_and_then),
		TEST(without_memory_nothing_is_reserved_and_nothing_lost),
		TEST(without_memory_nothing_is_collected_and_nothing_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
