/* Charts as inline SVG for the report; colours come from the classes of report.css. */
#ifndef CTL_CHART_H
#define CTL_CHART_H

#include "base/buf.h"
#include "ctl/time_steps.h"
#include "store/audit_summary.h"

/* Columns of decisions over time: denied, redirected and allowed on each other. */
void chart_decisions(struct buf *out, const struct audit_summary *summary,
		     const struct time_steps *steps);

/* Lines of the latency of half and of 99 % of the decisions over time. */
void chart_latency(struct buf *out, const struct audit_summary *summary,
		   const struct time_steps *steps);

/* The least of 1, 2 and 5 times a power of ten that is at least `value`; 1 for 0. */
uint64_t chart_round_up(uint64_t value);

#endif
