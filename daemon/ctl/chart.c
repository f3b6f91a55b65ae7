#include "ctl/chart.h"

#include <inttypes.h>

#include "base/civil.h"
#include "ctl/html.h"

/* All in units of the view box. */
enum {
	WIDTH = 1120,
	HEIGHT = 260,
	LEFT = 56, /* of the area that is drawn in */
	RIGHT = 1112,
	TOP = 10,
	BOTTOM = 228,
	GRID_LINES = 4,
	LABELS_MAX = 9,
	LABEL_WIDTH = 80,
};

uint64_t chart_round_up(uint64_t value)
{
	static const uint64_t steps[] = {1, 2, 5, 10};

	for (uint64_t power = 1; power <= UINT64_MAX / 20; power *= 10) {
		for (size_t i = 0; i < 4; i++) {
			if (steps[i] * power >= value)
				return steps[i] * power;
		}
	}
	return value;
}

static double y_of(uint64_t value, uint64_t max)
{
	return BOTTOM - (double)(BOTTOM - TOP) * (double)value / (double)max;
}

static double x_of(size_t index, size_t count)
{
	return LEFT + (double)(RIGHT - LEFT) * (double)index / (double)count;
}

static void open_svg(struct buf *out, const char *label)
{
	buf_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH,
		   HEIGHT, label);
}

/* "12.5k", "3M" */
static void append_short(struct buf *out, uint64_t value)
{
	if (value >= 1000000)
		buf_printf(out, "%.10gM", (double)value / 1e6);
	else if (value >= 1000)
		buf_printf(out, "%.10gk", (double)value / 1e3);
	else
		buf_printf(out, "%" PRIu64, value);
}

static void append_grid(struct buf *out, uint64_t max, void (*label)(struct buf *, uint64_t))
{
	/* Small numbers are counted, not divided. */
	unsigned lines = max < GRID_LINES ? (unsigned)max : GRID_LINES;

	for (unsigned i = 0; i <= lines; i++) {
		uint64_t value = max * i / lines;
		double y = y_of(value, max);

		buf_printf(out,
			   "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			   "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
			   i == 0 ? "base" : "grid", LEFT, RIGHT, y, y, LEFT - 8, y + 4);
		label(out, value);
		buf_append_str(out, STR("</text>\n"));
	}
}

static void append_moment(struct buf *out, int64_t us, const struct time_steps *steps, bool is_long)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	const int64_t day_us = INT64_C(86400000000);
	struct civil civil = civil_from_us(us);
	bool is_day = steps->step_us % day_us == 0;
	bool spans_days = steps->step_us * (int64_t)steps->count > day_us;

	if (is_day || spans_days || is_long)
		buf_printf(out, "%d %s", civil.day, months[civil.month - 1]);
	if (is_long)
		buf_printf(out, " %d", civil.year);
	if (!is_day)
		buf_printf(out, "%s%02d:%02d", out->length != 0 ? " " : "", civil.hour,
			   civil.minute);
}

static void append_times(struct buf *out, const struct time_steps *steps)
{
	size_t every = (steps->count + LABELS_MAX - 1) / LABELS_MAX;

	for (size_t i = 0; i < steps->count; i += every) {
		if (x_of(i, steps->count) > RIGHT - LABEL_WIDTH)
			break;
		buf_printf(out, "<text x=\"%.1f\" y=\"%d\">", x_of(i, steps->count), BOTTOM + 20);
		append_moment(out, steps->start_us + (int64_t)i * steps->step_us, steps, false);
		buf_append_str(out, STR("</text>\n"));
	}
}

/* A column of one class, from `below` to `below + value`; returns where it ends. */
static uint64_t append_column(struct buf *out, const char *class, double x, double width,
			      uint64_t below, uint64_t value, uint64_t max)
{
	double top = y_of(below + value, max);

	if (value != 0)
		buf_printf(out,
			   "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			   "height=\"%.1f\"/>",
			   class, x, top, width, y_of(below, max) - top);
	return below + value;
}

static void append_step(struct buf *out, const struct audit_counts *counts, size_t index,
			const struct time_steps *steps, uint64_t max)
{
	double x = x_of(index, steps->count), width = x_of(index + 1, steps->count) - x;
	double gap = width > 6 ? width * 0.18 : width * 0.08;
	uint64_t below = 0;

	buf_printf(out,
		   "<g><rect class=\"hover\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", x,
		   TOP, width, BOTTOM - TOP);
	below = append_column(out, "deny", x + gap / 2, width - gap, below, counts->of[AUDIT_DENY],
			      max);
	below = append_column(out, "redirect", x + gap / 2, width - gap, below,
			      counts->of[AUDIT_REDIRECT], max);
	append_column(out, "allow", x + gap / 2, width - gap, below, counts->of[AUDIT_ALLOW], max);
	buf_append_str(out, STR("<title>"));
	append_moment(out, steps->start_us + (int64_t)index * steps->step_us, steps, true);
	buf_append_str(out, STR(": "));
	html_count(out, counts->of[AUDIT_ALLOW]);
	buf_append_str(out, STR(" allowed, "));
	html_count(out, counts->of[AUDIT_DENY]);
	buf_append_str(out, STR(" denied, "));
	html_count(out, counts->of[AUDIT_REDIRECT]);
	buf_append_str(out, STR(" redirected</title></g>\n"));
}

void chart_decisions(struct buf *out, const struct audit_summary *summary,
		     const struct time_steps *steps)
{
	uint64_t max = 1;

	for (size_t i = 0; i < steps->count; i++) {
		uint64_t sum = audit_counts_sum(&summary->steps[i].counts);
		max = sum > max ? sum : max;
	}
	max = chart_round_up(max);
	open_svg(out, "Decisions over time");
	append_grid(out, max, append_short);
	for (size_t i = 0; i < steps->count; i++)
		append_step(out, &summary->steps[i].counts, i, steps, max);
	append_times(out, steps);
	buf_append_str(out, STR("</svg>\n"));
}

/* One line through the middles of the steps that have decisions. */
static void append_line(struct buf *out, const char *class, const struct audit_summary *summary,
			size_t count, unsigned permille, uint64_t max)
{
	bool is_first = true;

	buf_printf(out, "<polyline class=\"%s\" points=\"", class);
	for (size_t i = 0; i < count; i++) {
		const struct audit_step *step = &summary->steps[i];

		if (audit_counts_sum(&step->counts) == 0)
			continue;
		buf_printf(out, "%s%.1f,%.1f", is_first ? "" : " ",
			   (x_of(i, count) + x_of(i + 1, count)) / 2,
			   y_of(audit_latency_at(&step->latency, permille), max));
		is_first = false;
	}
	buf_append_str(out, STR("\"/>\n"));
}

static void append_latency_hover(struct buf *out, const struct audit_step *step, size_t index,
				 const struct time_steps *steps)
{
	double x = x_of(index, steps->count);

	buf_printf(out,
		   "<g><rect class=\"hover\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>"
		   "<title>",
		   x, TOP, x_of(index + 1, steps->count) - x, BOTTOM - TOP);
	append_moment(out, steps->start_us + (int64_t)index * steps->step_us, steps, true);
	buf_append_str(out, STR(": half within "));
	html_latency(out, audit_latency_at(&step->latency, 500));
	buf_append_str(out, STR(", 99 % within "));
	html_latency(out, audit_latency_at(&step->latency, 990));
	buf_append_str(out, STR("</title></g>\n"));
}

void chart_latency(struct buf *out, const struct audit_summary *summary,
		   const struct time_steps *steps)
{
	uint64_t max = 1;

	for (size_t i = 0; i < steps->count; i++) {
		uint64_t slow = audit_latency_at(&summary->steps[i].latency, 990);
		max = slow > max ? slow : max;
	}
	max = chart_round_up(max);
	open_svg(out, "Latency of decisions over time");
	append_grid(out, max, html_latency);
	append_line(out, "slow", summary, steps->count, 990, max);
	append_line(out, "half", summary, steps->count, 500, max);
	for (size_t i = 0; i < steps->count; i++)
		append_latency_hover(out, &summary->steps[i], i, steps);
	append_times(out, steps);
	buf_append_str(out, STR("</svg>\n"));
}
