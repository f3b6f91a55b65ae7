/* Has SQLite take its memory through base/mem.h, so that support/fault.h counts and fails its
 * allocations together with ours. */
#ifndef TESTS_SUPPORT_SQLITE_MEMORY_H
#define TESTS_SUPPORT_SQLITE_MEMORY_H

/* Before anything uses SQLite; fails the test when it is too late. */
void sqlite_memory_install(void);

#endif
