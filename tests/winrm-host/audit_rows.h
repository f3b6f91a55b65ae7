/* What the audit of the real daemon says was allowed, to be compared with what the host was told. */
#ifndef WINRM_HOST_AUDIT_ROWS_H
#define WINRM_HOST_AUDIT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

struct audit_rows {
	uint64_t users, operations;
};

/* Adds the rows that allow of one segment, which a daemon may be writing. */
void audit_rows_add(struct audit_rows *rows, const char *segment_path);

/* Rule: "allowed-without-row". With `exactly` there may also be no row that nobody was told of. */
void audit_rows_check(const struct audit_rows *rows, uint64_t allowed_users,
		      uint64_t allowed_operations, bool exactly);

#endif
