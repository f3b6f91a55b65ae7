/* The page that `wsauthzctl audit report` writes: one HTML file without scripts or anything from
 * elsewhere. */
#ifndef CTL_REPORT_PAGE_H
#define CTL_REPORT_PAGE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "ctl/time_steps.h"
#include "store/audit_summary.h"

/* What the page shows. */
struct report {
	struct str title;
	struct str filter; /* the conditions in words; empty: none */
	int64_t since_us, until_us, made_us;
	struct time_steps steps;
	struct audit_summary *summary;
	const struct audit_row *denials; /* the newest */
	size_t denial_count;
	const struct audit_row *events; /* the newest */
	size_t event_count;
	struct audit_head head; /* of the audit when the report was made */
};

/* Appends the page. ERR_NO_MEMORY. */
enum error report_page_append(const struct report *report, struct buf *out) ATTR_MUST_CHECK;

/* daemon/ctl/report.css, built in. */
struct str report_css(void);

#endif
