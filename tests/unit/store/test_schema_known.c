/* The digests of all schemas that there ever were: who adds a migration and forgets them is told what to
 * add. */
#include "store/schema_known.h"

#include <stdio.h>

#include <sodium.h>

#include "base/attributes.h"
#include "store/db.h"
#include "store/migrate.h"
#include "unit/store/fixture.h"

enum { FIRST_SEALED_VERSION = 2 };

/* A kind of database as an earlier version of the program made it. */
struct earlier {
	struct db_migrations migrations, sealing;
	struct db_schema schema;
};

static void make_earlier(struct earlier *earlier, const struct db_migrations *migrations,
			 size_t version, size_t sealing_steps)
{
	earlier->migrations = (struct db_migrations){migrations->items, version};
	earlier->sealing = (struct db_migrations){seal_migrations.items, sealing_steps};
	earlier->schema = (struct db_schema){
		.noun = "earlier database",
		.application_id = 1,
		.migrations = &earlier->migrations,
		.sealing = &earlier->sealing,
		.sealed_mark = "decision_subject",
		.max_value_bytes = 1 << 20,
	};
}

/* Appends what the list lacks of that database. */
static void look(struct fixture *fixture, const struct schema_known_list *list,
		 const struct earlier *earlier, struct buf *missing)
{
	char file[64], text[2 * SCHEMA_DIGEST_BYTES + 1];
	uint8_t digest[SCHEMA_DIGEST_BYTES];
	size_t version = earlier->migrations.count, steps = earlier->sealing.count;
	struct db db;

	snprintf(file, sizeof(file), "%s-%zu-%zu.db", list == &audit_known ? "audit" : "state",
		 version, steps);
	if (db_open(&db, fixture->dir.path, file, &fixture->env, &earlier->schema, DB_WRITE,
		    &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	assert_int_equal(db_lift_rights(&db), ERR_NONE);
	assert_int_equal(migrate_seal(&db), ERR_NONE);
	assert_int_equal(migrate_digest(&db, digest), ERR_NONE);
	db_close(&db);
	sodium_bin2hex(text, sizeof(text), digest, sizeof(digest));
	if (!schema_is_known(list, version, steps != 0, digest))
		buf_printf(missing, "\t{%zu, %s, \"%s\"},\n", version,
			   steps != 0 ? "true" : "false", text);
}

static void expect_known(struct fixture *fixture, const struct db_migrations *migrations,
			 const struct schema_known_list *list, size_t sealing_steps)
{
	struct earlier earlier;
	struct buf missing;

	buf_init(&missing, 65536);
	for (size_t version = 1; version <= migrations->count; version++) {
		for (size_t steps = 0; steps <= sealing_steps; steps++) {
			if (steps != 0 && version < FIRST_SEALED_VERSION)
				continue;
			make_earlier(&earlier, migrations, version, steps);
			look(fixture, list, &earlier, &missing);
		}
	}
	if (missing.length != 0)
		fail_msg("daemon/store/schema_known.c lacks for %s:\n%s",
			 list == &audit_known ? "audit_items" : "state_items", buf_text(&missing));
	buf_deinit(&missing);
}

static void every_schema_of_the_audit_is_known(void **state)
{
	expect_known(*state, &audit_migrations, &audit_known, seal_migrations.count);
}

static void every_schema_of_the_state_is_known(void **state)
{
	expect_known(*state, &state_migrations, &state_known, 0);
}

static void a_digest_is_known_under_its_version_and_seal_alone(void **state)
{
	const struct schema_known *item = &audit_known.items[0];
	uint8_t digest[SCHEMA_DIGEST_BYTES];

	(void)state;
	assert_int_equal(sodium_hex2bin(digest, sizeof(digest), item->digest,
					2 * SCHEMA_DIGEST_BYTES, NULL, NULL, NULL),
			 0);
	assert_true(schema_is_known(&audit_known, item->version, item->is_sealed, digest));
	assert_false(schema_is_known(&audit_known, item->version, !item->is_sealed, digest));
	assert_false(schema_is_known(&audit_known, item->version + 1, item->is_sealed, digest));
	assert_false(schema_is_known(&state_known, item->version, item->is_sealed, digest));
	assert_false(schema_is_known(NULL, item->version, item->is_sealed, digest));
	digest[0] ^= 1;
	assert_false(schema_is_known(&audit_known, item->version, item->is_sealed, digest));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_schema_of_the_audit_is_known),
		TEST(every_schema_of_the_state_is_known),
		TEST(a_digest_is_known_under_its_version_and_seal_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
