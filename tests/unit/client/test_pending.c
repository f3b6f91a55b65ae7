#include "client-plugin/pending.h"

#include <pthread.h>

#include "base/attributes.h"
#include "client-plugin/memory.h"
#include "support/cmocka.h"

static void count_call(void *arg, const struct client_answer *answer)
{
	(void)answer;
	atomic_fetch_add((atomic_uint *)arg, 1);
}

static struct pending *new_pending(uint64_t id)
{
	struct pending *pending = pending_new(0);

	assert_non_null(pending);
	pending->id = id;
	return pending;
}

/* The callback. */

static const struct client_answer denial = {.information = ""};

static void a_question_is_answered_once(void **state)
{
	struct pending *pending = new_pending(1);
	atomic_uint calls = 0;

	(void)state;
	pending->callback = count_call;
	pending->arg = &calls;
	assert_true(pending_answer(pending, &denial));
	assert_false(pending_answer(pending, &denial));
	assert_int_equal(calls, 1);
	pending_free(pending);
}

static void a_question_without_callback_is_answered_silently(void **state)
{
	struct pending *pending = new_pending(1);

	(void)state;
	assert_true(pending_answer(pending, &denial));
	assert_false(pending_answer(pending, &denial));
	pending_free(pending);
	pending_free(NULL);
}

enum { RACES = 2000, RACERS = 2 };

struct race {
	struct pending *pending[RACES];
	atomic_uint calls[RACES];
	atomic_uint wins;
	pthread_barrier_t start;
};

static void *answer_all(void *arg)
{
	struct race *race = arg;

	pthread_barrier_wait(&race->start);
	for (size_t i = 0; i < RACES; i++) {
		if (pending_answer(race->pending[i], &denial))
			atomic_fetch_add(&race->wins, 1);
	}
	return NULL;
}

static void threads_that_race_to_answer_call_back_once(void **state)
{
	static struct race race;
	pthread_t threads[RACERS];

	(void)state;
	assert_int_equal(pthread_barrier_init(&race.start, NULL, RACERS), 0);
	for (size_t i = 0; i < RACES; i++) {
		race.pending[i] = new_pending(i);
		race.pending[i]->callback = count_call;
		race.pending[i]->arg = &race.calls[i];
	}
	for (size_t i = 0; i < RACERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, answer_all, &race), 0);
	for (size_t i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(race.wins, RACES);
	for (size_t i = 0; i < RACES; i++) {
		assert_int_equal(race.calls[i], 1);
		pending_free(race.pending[i]);
	}
	pthread_barrier_destroy(&race.start);
}

static void a_frame_of_impossible_size_is_no_memory(void **state)
{
	(void)state;
	assert_null(pending_new(SIZE_MAX));
}

/* The inbox. */

static void an_inbox_gives_back_in_the_order_it_got(void **state)
{
	struct pending_inbox inbox;
	struct pending *pending;

	(void)state;
	pending_inbox_init(&inbox);
	assert_null(pending_inbox_take(&inbox));
	for (uint64_t id = 1; id <= 3; id++)
		assert_true(pending_inbox_put(&inbox, new_pending(id)));
	pending = pending_inbox_take(&inbox);
	for (uint64_t id = 1; id <= 3; id++) {
		struct pending *next = pending->next;

		assert_int_equal(pending->id, id);
		pending_free(pending);
		pending = next;
	}
	assert_null(pending);
	assert_null(pending_inbox_take(&inbox));
}

static void a_closed_inbox_takes_nothing(void **state)
{
	struct pending *pending = new_pending(1), *late = new_pending(2);
	struct pending_inbox inbox;

	(void)state;
	pending_inbox_init(&inbox);
	assert_true(pending_inbox_put(&inbox, pending));
	assert_ptr_equal(pending_inbox_close(&inbox), pending);
	assert_null(pending->next);
	assert_false(pending_inbox_put(&inbox, late));
	assert_null(pending_inbox_close(&inbox));
	assert_false(pending_inbox_put(&inbox, late));
	pending_free(pending);
	pending_free(late);
}

enum { PUTTERS = 8, PUTS = 5000 };

struct putting {
	struct pending_inbox inbox;
	atomic_uint refused_count;
	pthread_barrier_t start;
};

static void *put_many(void *arg)
{
	struct putting *putting = arg;

	pthread_barrier_wait(&putting->start);
	for (uint64_t id = 1; id <= PUTS; id++) {
		struct pending *pending = new_pending(id);

		if (!pending_inbox_put(&putting->inbox, pending)) {
			atomic_fetch_add(&putting->refused_count, 1);
			pending_free(pending);
		}
	}
	return NULL;
}

static unsigned free_list(struct pending *pending)
{
	unsigned count = 0;

	while (pending != NULL) {
		struct pending *next = pending->next;

		pending_free(pending);
		pending = next;
		count++;
	}
	return count;
}

static void what_threads_put_while_the_inbox_closes_is_taken_or_refused(void **state)
{
	static struct putting putting;
	pthread_t threads[PUTTERS];
	unsigned taken = 0;

	(void)state;
	pending_inbox_init(&putting.inbox);
	assert_int_equal(pthread_barrier_init(&putting.start, NULL, PUTTERS + 1), 0);
	for (size_t i = 0; i < PUTTERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_many, &putting), 0);
	pthread_barrier_wait(&putting.start);
	while (taken < PUTS)
		taken += free_list(pending_inbox_take(&putting.inbox));
	taken += free_list(pending_inbox_close(&putting.inbox));
	for (size_t i = 0; i < PUTTERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(taken + putting.refused_count, PUTTERS * PUTS);
	pthread_barrier_destroy(&putting.start);
}

/* Queue and table. */

static void a_queue_keeps_its_order_when_any_question_leaves(void **state)
{
	struct pending *pending[4];
	struct pending_queue queue = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pending); i++) {
		pending[i] = new_pending(i);
		pending_queue_put(&queue, pending[i]);
	}
	pending_queue_remove(&queue, pending[1]);
	assert_int_equal(queue.count, 3);
	assert_ptr_equal(queue.first->next, pending[2]);
	assert_ptr_equal(pending[2]->previous, pending[0]);
	pending_queue_remove(&queue, pending[3]);
	assert_ptr_equal(queue.last, pending[2]);
	pending_queue_remove(&queue, pending[0]);
	assert_ptr_equal(queue.first, pending[2]);
	pending_queue_remove(&queue, pending[2]);
	assert_null(queue.first);
	assert_null(queue.last);
	for (size_t i = 0; i < ARRAY_COUNT(pending); i++)
		pending_free(pending[i]);
}

static void a_table_finds_what_is_in_it(void **state)
{
	enum { COUNT = 3 * PENDING_BUCKETS };
	static struct pending_table table;
	struct pending *pending[COUNT];

	(void)state;
	for (uint64_t i = 0; i < COUNT; i++) {
		pending[i] = new_pending(i + 1);
		pending_table_put(&table, pending[i]);
	}
	assert_null(pending_table_find(&table, 0));
	assert_null(pending_table_find(&table, COUNT + 1));
	assert_null(pending_table_find(&table, UINT64_MAX));
	/* The middle of each chain first, then the ends. */
	for (uint64_t third = 1; third < 4; third++) {
		for (uint64_t i = third % 3 * PENDING_BUCKETS;
		     i < (third % 3 + 1) * PENDING_BUCKETS; i++) {
			assert_ptr_equal(pending_table_find(&table, i + 1), pending[i]);
			pending_table_remove(&table, pending[i]);
			assert_null(pending_table_find(&table, i + 1));
			pending_free(pending[i]);
		}
	}
	assert_int_equal(table.queue.count, 0);
	assert_null(table.queue.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_answered_once),
		cmocka_unit_test(a_question_without_callback_is_answered_silently),
		cmocka_unit_test(threads_that_race_to_answer_call_back_once),
		cmocka_unit_test(a_frame_of_impossible_size_is_no_memory),
		cmocka_unit_test(an_inbox_gives_back_in_the_order_it_got),
		cmocka_unit_test(a_closed_inbox_takes_nothing),
		cmocka_unit_test(what_threads_put_while_the_inbox_closes_is_taken_or_refused),
		cmocka_unit_test(a_queue_keeps_its_order_when_any_question_leaves),
		cmocka_unit_test(a_table_finds_what_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
