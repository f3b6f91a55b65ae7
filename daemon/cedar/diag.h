/* Making diagnostics. The type and how it is printed are public: cedar/cedar.h. */
#ifndef CEDAR_DIAG_H
#define CEDAR_DIAG_H

#include "base/attributes.h"
#include "cedar/cedar.h"
#include "cedar/source.h"

/* Appends a diagnostic about `span` of `source`; both name and source line are copied. The message
 * is one sentence without a full stop; text from outside in it must have come through diag_quote()
 * or be known to hold printable ASCII only. When memory is short, or the list is full, the
 * diagnostic is only counted. */
void diag_report(struct cedar_diags *diags, enum cedar_severity severity,
		 const struct source *source, struct span span, const char *format, ...)
	ATTR_PRINTF(5, 6);
void diag_vreport(struct cedar_diags *diags, enum cedar_severity severity,
		  const struct source *source, struct span span, const char *format, va_list args)
	ATTR_PRINTF(5, 0);

/* The same for what has no place in a text: line and column are 0. */
void diag_report_source(struct cedar_diags *diags, enum cedar_severity severity, struct str name,
			const char *format, ...) ATTR_PRINTF(4, 5);
void diag_vreport_source(struct cedar_diags *diags, enum cedar_severity severity, struct str name,
			 const char *format, va_list args) ATTR_PRINTF(4, 0);

enum { DIAG_QUOTE_MAX = 128 };

/* A piece of outside text made fit for a message: escaped as log_escape() does and cut, with "..",
 * when longer than DIAG_QUOTE_MAX bytes. For the "%s" of a format. */
struct diag_quote {
	char text[DIAG_QUOTE_MAX + 4];
};
struct diag_quote diag_quote(struct str text);

/* The candidate that `word` most likely was meant to be: at most one letter more than a third of
 * them is wrong. An empty slice when nothing is near. */
struct str diag_nearest(struct str word, const struct str *candidates, size_t count);

#endif
