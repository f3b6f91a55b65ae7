#include "support/cmocka.h"

#include "base/attributes.h"
#include "base/map.h"
#include "support/fault.h"

enum { ITEM_COUNT = 10000 };

struct item {
	struct map_node node;
	uint64_t key;
	unsigned visits;
};

struct fixture {
	struct map map;
	struct item items[ITEM_COUNT];
};

static struct item *item_of(struct map_node *node)
{
	return CONTAINER_OF(node, struct item, node);
}

static int setup(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	map_init(&fixture.map);
	for (uint64_t i = 0; i < ITEM_COUNT; i++)
		fixture.items[i].key = i;
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	map_deinit(&f->map);
	return 0;
}

/* Spreads keys over the buckets; multiplication by an odd number gives no hash twice. */
static uint64_t hash_of(uint64_t key)
{
	return key * UINT64_C(0x9e3779b97f4a7c15);
}

static struct item *find(struct map *map, uint64_t hash, uint64_t key)
{
	for (struct map_node *node = map_first(map, hash); node != NULL; node = map_next(node)) {
		if (item_of(node)->key == key)
			return item_of(node);
	}
	return NULL;
}

static bool count_visit(struct map_node *node, void *arg)
{
	size_t *count = arg;

	item_of(node)->visits++;
	++*count;
	return true;
}

static void an_empty_map_finds_and_visits_nothing(void **state)
{
	struct fixture *f = *state;
	size_t count = 0;

	assert_null(map_first(&f->map, 0));
	map_each(&f->map, count_visit, &count);
	assert_int_equal(count, 0);
}

static void every_node_is_found_until_it_is_removed(void **state)
{
	struct fixture *f = *state;
	size_t count = 0;

	for (uint64_t i = 0; i < ITEM_COUNT; i++) {
		assert_null(find(&f->map, hash_of(i), i));
		assert_int_equal(map_put(&f->map, &f->items[i].node, hash_of(i)), ERR_NONE);
	}
	assert_int_equal(f->map.count, ITEM_COUNT);
	map_each(&f->map, count_visit, &count);
	assert_int_equal(count, ITEM_COUNT);
	for (uint64_t i = 0; i < ITEM_COUNT; i++) {
		assert_int_equal(f->items[i].visits, 1);
		assert_ptr_equal(find(&f->map, hash_of(i), i), &f->items[i]);
	}
	for (uint64_t i = 0; i < ITEM_COUNT; i += 2)
		map_remove(&f->map, &f->items[i].node);
	assert_int_equal(f->map.count, ITEM_COUNT / 2);
	for (uint64_t i = 0; i < ITEM_COUNT; i++)
		assert_ptr_equal(find(&f->map, hash_of(i), i), i % 2 ? &f->items[i] : NULL);
}

static void equal_hashes_are_told_apart_by_their_keys(void **state)
{
	struct fixture *f = *state;
	size_t same = 0;

	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(map_put(&f->map, &f->items[i].node, 42 + i % 2), ERR_NONE);
	for (struct map_node *node = map_first(&f->map, 42); node != NULL; node = map_next(node)) {
		assert_int_equal(item_of(node)->key % 2, 0);
		same++;
	}
	assert_int_equal(same, 50);
	map_remove(&f->map, &f->items[50].node);
	assert_null(find(&f->map, 42, 50));
	assert_ptr_equal(find(&f->map, 42, 98), &f->items[98]);
	assert_ptr_equal(find(&f->map, 42, 0), &f->items[0]);
}

static void hashes_that_share_a_bucket_are_told_apart(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(map_put(&f->map, &f->items[0].node, 0), ERR_NONE);
	assert_int_equal(map_put(&f->map, &f->items[1].node, UINT64_C(1) << 63), ERR_NONE);
	assert_ptr_equal(map_first(&f->map, 0), &f->items[0].node);
	assert_null(map_next(&f->items[0].node));
	assert_null(map_first(&f->map, UINT64_C(1) << 62));
}

static void without_memory_for_its_first_buckets_a_map_stays_empty(void **state)
{
	struct fixture *f = *state;

	fault_arm(0, FAULT_ONCE);
	assert_int_equal(map_put(&f->map, &f->items[0].node, 7), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	assert_int_equal(f->map.count, 0);
	assert_null(map_first(&f->map, 7));
	assert_int_equal(map_put(&f->map, &f->items[0].node, 7), ERR_NONE);
	assert_ptr_equal(map_first(&f->map, 7), &f->items[0].node);
}

static void a_map_that_cannot_grow_keeps_working(void **state)
{
	struct fixture *f = *state;
	size_t bucket_count;

	assert_int_equal(map_put(&f->map, &f->items[0].node, hash_of(0)), ERR_NONE);
	bucket_count = f->map.bucket_count;
	fault_arm(0, FAULT_STICKY);
	for (uint64_t i = 1; i < 200; i++)
		assert_int_equal(map_put(&f->map, &f->items[i].node, hash_of(i)), ERR_NONE);
	assert_true(fault_disarm());
	assert_int_equal(f->map.bucket_count, bucket_count);
	for (uint64_t i = 0; i < 200; i++)
		assert_ptr_equal(find(&f->map, hash_of(i), i), &f->items[i]);

	assert_int_equal(map_put(&f->map, &f->items[200].node, hash_of(200)), ERR_NONE);
	assert_true(f->map.bucket_count > bucket_count);
	for (uint64_t i = 0; i <= 200; i++)
		assert_ptr_equal(find(&f->map, hash_of(i), i), &f->items[i]);
}

struct removal {
	struct map *map;
	size_t left;
};

static bool remove_odd_and_stop_at_the_end(struct map_node *node, void *arg)
{
	struct removal *removal = arg;

	if (item_of(node)->key % 2 != 0)
		map_remove(removal->map, node);
	return --removal->left != 0;
}

static void a_visitor_may_remove_its_node_and_may_stop(void **state)
{
	struct fixture *f = *state;
	struct removal removal = {&f->map, 1000};

	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(map_put(&f->map, &f->items[i].node, hash_of(i)), ERR_NONE);
	map_each(&f->map, remove_odd_and_stop_at_the_end, &removal);
	assert_int_equal(removal.left, 0);
	assert_int_equal(f->map.count, 500);

	removal.left = 10;
	map_each(&f->map, remove_odd_and_stop_at_the_end, &removal);
	assert_int_equal(removal.left, 0);
}

static void a_deinitialised_map_is_empty_and_usable(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(map_put(&f->map, &f->items[0].node, 1), ERR_NONE);
	map_deinit(&f->map);
	assert_int_equal(f->map.count, 0);
	assert_null(map_first(&f->map, 1));
	assert_int_equal(map_put(&f->map, &f->items[1].node, 1), ERR_NONE);
	assert_ptr_equal(map_first(&f->map, 1), &f->items[1].node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(an_empty_map_finds_and_visits_nothing),
		TEST(every_node_is_found_until_it_is_removed),
		TEST(equal_hashes_are_told_apart_by_their_keys),
		TEST(hashes_that_share_a_bucket_are_told_apart),
		TEST(without_memory_for_its_first_buckets_a_map_stays_empty),
		TEST(a_map_that_cannot_grow_keeps_working),
		TEST(a_visitor_may_remove_its_node_and_may_stop),
		TEST(a_deinitialised_map_is_empty_and_usable),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
