/* User records as rows of the state database. */
#ifndef AUTHZ_RECORD_ROW_H
#define AUTHZ_RECORD_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "authz/records.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "store/state.h"

/* The record of a row; texts are borrowed. ERR_INVALID for values that no record can have. */
enum error record_row_read(const struct state_record *row, struct record *record) ATTR_MUST_CHECK;

/* The row of a record, with copies of its texts in `arena`; false when memory is spent. */
bool record_row_write(const struct record *record, const uint8_t boot_id[STATE_BOOT_ID_BYTES],
		      struct arena *arena, struct state_record *row) ATTR_MUST_CHECK;

#endif
