#include "winrm-host/audit_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "winrm-host/port.h"
#include "winrm-host/report.h"

void audit_rows_add(struct audit_rows *rows, const char *segment_path)
{
	static const char sql[] = "SELECT kind, count(*) FROM v_decision WHERE verdict = 'allow' "
				  "GROUP BY kind";
	sqlite3_stmt *statement = NULL;
	sqlite3 *database = NULL;

	if (sqlite3_open_v2(segment_path, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
		port_fail("%s: %s", segment_path, sqlite3_errmsg(database));
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *kind = (const char *)sqlite3_column_text(statement, 0);
		uint64_t count = (uint64_t)sqlite3_column_int64(statement, 1);

		if (strcmp(kind, "AuthorizeUser") == 0)
			rows->users += count;
		else if (strcmp(kind, "AuthorizeOperation") == 0)
			rows->operations += count;
	}
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

void audit_rows_check(const struct audit_rows *rows, uint64_t allowed_users,
		      uint64_t allowed_operations, bool exactly)
{
	printf("audit: users allowed %" PRIu64 " times in %" PRIu64 " rows, operations %" PRIu64
	       " times in %" PRIu64 "\n",
	       allowed_users, rows->users, allowed_operations, rows->operations);
	if (rows->users < allowed_users || rows->operations < allowed_operations ||
	    (exactly && (rows->users != allowed_users || rows->operations != allowed_operations)))
		report_broken("allowed-without-row", "see above");
}
