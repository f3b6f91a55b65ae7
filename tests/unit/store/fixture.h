/* What the tests of the store share: a directory, its surroundings, and a look past the store. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <stdint.h>

#include "base/buf.h"
#include "store/audit.h"
#include "store/audit_query.h"
#include "store/env.h"
#include "support/cmocka.h"
#include "support/store_env.h"
#include "support/tmpdir.h"

struct fixture {
	struct tmpdir dir;
	struct store_env env;
	struct buf why;
};

/* cmocka's setup and teardown; the state is a struct fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Opens the audit, failing the test with its explanation. */
struct audit *fixture_audit(struct fixture *fixture);

/* Appends rows `first` to `first + count - 1` of store_row_make() in one batch; their first id. */
uint64_t fixture_append(struct audit *audit, uint32_t first, uint32_t count);

/* Runs SQL on a file of the directory, as somebody with a shell would; fails the test when SQLite
 * refuses. */
void fixture_sql(const struct fixture *fixture, const char *file, const char *sql);

/* The same; fails the test when SQLite does not refuse. */
void fixture_sql_fails(const struct fixture *fixture, const char *file, const char *sql);

/* The single integer that `sql` yields on a file of the directory. */
int64_t fixture_int(const struct fixture *fixture, const char *file, const char *sql);

/* All bytes of a file of the directory, in `out`, which is cleared first. */
void fixture_read(const struct fixture *fixture, const char *file, struct buf *out);

/* Fails the test unless the audit's chain holds and it has this many rows. */
void fixture_assert_audit(struct fixture *fixture, uint64_t row_count);

#define AUDIT_FILE "audit-000001.db"
#define STATE_FILE "state.db"

#endif
