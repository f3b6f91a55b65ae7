/* Segments as earlier versions of the program left them. */
#ifndef TESTS_UNIT_STORE_OLDER_H
#define TESTS_UNIT_STORE_OLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "unit/store/fixture.h"

/* Replaces the file of segment `number` by one of schema version `version` with the same rows, as far as
 * that version had a place for them. What is sealed stays so. Nothing may have it open. */
void older_make(const struct fixture *fixture, uint32_t number, uint64_t version);

/* The schema version that the file of a segment has. */
int64_t older_version(const struct fixture *fixture, uint32_t number);

#endif
