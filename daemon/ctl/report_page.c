#include "ctl/report_page.h"

#include <inttypes.h>

#include "base/attributes.h"
#include "base/hex.h"
#include "ctl/chart.h"
#include "ctl/html.h"
#include "ctl/output.h"

enum { TOP_COUNT = 10, CELL_BYTES = 1 << 20, LABEL_BYTES = 40 };

static void append_time(struct buf *out, int64_t us)
{
	struct buf time;

	buf_init(&time, 64);
	output_time(&time, us);
	/* To the second. */
	buf_append_str(out, str_make(buf_str(&time).ptr, time.length > 4 ? time.length - 4 : 0));
	buf_deinit(&time);
}

static void append_head(const struct report *report, struct buf *out)
{
	buf_append_str(
		out,
		STR("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    /* Nothing from elsewhere, whatever a name in the page might say. */
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'\">\n<title>"));
	html_append(out, report->title);
	buf_append_str(out, STR("</title>\n<style>\n"));
	buf_append_str(out, report_css());
	buf_append_str(out, STR("</style>\n</head>\n<body>\n<main>\n<header>\n<h1>"));
	html_append(out, report->title);
	buf_append_str(out, STR("</h1>\n<p>made "));
	append_time(out, report->made_us);
	buf_append_str(out, STR(" UTC</p>\n<p class=\"period\">"));
	append_time(out, report->since_us);
	buf_append_str(out, STR(" to "));
	append_time(out, report->until_us);
	buf_append_str(out, STR(" UTC"));
	if (report->filter.length != 0) {
		buf_append_str(out, STR(" \xc2\xb7 "));
		html_append(out, report->filter);
	}
	buf_append_str(out, STR("</p>\n</header>\n"));
}

static void append_share(struct buf *out, uint64_t part, uint64_t sum)
{
	buf_printf(out, "%.1f %%", sum != 0 ? 100.0 * (double)part / (double)sum : 0.0);
}

static void append_tiles(const struct report *report, struct buf *out)
{
	const struct audit_summary *summary = report->summary;
	uint64_t sum = audit_counts_sum(&summary->counts);

	buf_append_str(out, STR("<section class=\"tiles\">\n<div class=\"tile\"><b>"));
	html_count(out, sum);
	buf_append_str(out, STR("</b><span>decisions</span></div>\n<div class=\"tile deny\"><b>"));
	html_count(out, summary->counts.of[AUDIT_DENY]);
	buf_append_str(out, STR("</b><span>denied, "));
	append_share(out, summary->counts.of[AUDIT_DENY], sum);
	buf_append_str(out, STR("</span></div>\n<div class=\"tile\"><b>"));
	html_count(out, summary->counts.of[AUDIT_REDIRECT]);
	buf_append_str(out, STR("</b><span>redirected</span></div>\n<div class=\"tile\"><b>"));
	html_count(out, summary->tables[AUDIT_BY_USER].map.count);
	buf_append_str(out, STR("</b><span>users</span></div>\n<div class=\"tile\"><b>"));
	html_latency(out, audit_latency_at(&summary->latency, 990));
	buf_append_str(out, STR("</b><span>99 % decided within; half within "));
	html_latency(out, audit_latency_at(&summary->latency, 500));
	buf_append_str(out, STR("</span></div>\n</section>\n"));
}

static void append_charts(const struct report *report, struct buf *out)
{
	buf_append_str(out, STR("<section class=\"card\">\n<h2>Decisions over time</h2>\n"
				"<div class=\"legend\"><span><i class=\"allow\"></i>allowed</span>"
				"<span><i class=\"redirect\"></i>redirected</span>"
				"<span><i class=\"deny\"></i>denied</span></div>\n"));
	chart_decisions(out, report->summary, &report->steps);
	buf_append_str(out,
		       STR("</section>\n<section class=\"card\">\n<h2>Latency</h2>\n"
			   "<div class=\"legend\"><span><i class=\"slow\"></i>99 % within</span>"
			   "<span><i class=\"half\"></i>half within</span></div>\n"));
	chart_latency(out, report->summary, &report->steps);
	buf_append_str(out, STR("</section>\n"));
}

/* A part of a bar, in percent of all. */
static void append_part(struct buf *out, const char *class, uint64_t count, uint64_t max)
{
	if (count != 0)
		buf_printf(out, "<span class=\"%s\" style=\"width:%.2f%%\"></span>", class,
			   100.0 * (double)count / (double)max);
}

/* Long names, which are URIs, differ at their ends. */
static void append_label(struct buf *out, struct str label)
{
	size_t cut = label.length > LABEL_BYTES ? label.length - LABEL_BYTES : 0;

	/* Not within a character. */
	while (cut != 0 && cut < label.length && ((unsigned char)label.ptr[cut] & 0xc0) == 0x80)
		cut++;
	if (cut != 0)
		buf_append_str(out, STR("\xe2\x80\xa6"));
	html_append(out, str_make(label.ptr + cut, label.length - cut));
}

static void append_entry(struct buf *out, const struct audit_entry *entry, unsigned verdicts,
			 uint64_t max)
{
	const struct audit_counts *counts = &entry->counts;
	bool all = verdicts == 0;

	buf_append_str(out, STR("<li><div class=\"name\"><span title=\""));
	html_append(out, entry->key);
	buf_append_str(out, STR("\">"));
	append_label(out, entry->label);
	buf_append_str(out, STR("</span><span>"));
	html_count(out, all ? audit_counts_sum(counts) : counts->of[AUDIT_DENY]);
	if (all && counts->of[AUDIT_DENY] != 0) {
		buf_append_str(out, STR(" \xc2\xb7 "));
		html_count(out, counts->of[AUDIT_DENY]);
		buf_append_str(out, STR(" denied"));
	}
	buf_append_str(out, STR("</span></div><div class=\"bar\">"));
	append_part(out, "deny", counts->of[AUDIT_DENY], max);
	if (all) {
		append_part(out, "redirect", counts->of[AUDIT_REDIRECT], max);
		append_part(out, "allow", counts->of[AUDIT_ALLOW], max);
	}
	buf_append_str(out, STR("</div></li>\n"));
}

static enum error append_top(const struct report *report, enum audit_dimension dimension,
			     unsigned verdicts, const char *title, const char *none,
			     struct buf *out)
{
	const struct audit_entry **top;
	uint64_t max = 1;
	size_t count;
	enum error error =
		audit_summary_top(report->summary, dimension, verdicts, TOP_COUNT, &top, &count);

	if (error != ERR_NONE)
		return error;
	buf_printf(out, "<section class=\"card\">\n<h2>%s</h2>\n", title);
	if (count != 0)
		max = verdicts != 0 ? top[0]->counts.of[AUDIT_DENY]
				    : audit_counts_sum(&top[0]->counts);
	buf_append_str(out, count != 0 ? STR("<ol>\n") : STR("<p class=\"none\">"));
	for (size_t i = 0; i < count; i++)
		append_entry(out, top[i], verdicts, max);
	buf_printf(out, "%s%s</section>\n", count != 0 ? "" : none,
		   count != 0 ? "</ol>\n" : "</p>\n");
	return ERR_NONE;
}

static enum error append_tops(const struct report *report, struct buf *out)
{
	static const struct {
		enum audit_dimension dimension;
		bool denials;
		const char *title, *none;
	} lists[] = {
		{AUDIT_BY_USER, true, "Most denied users", "Nobody was denied."},
		{AUDIT_BY_REASON, true, "Reasons of denials", "Nothing was denied."},
		{AUDIT_BY_RESOURCE, true, "Most denied resources", "No resource was denied."},
		{AUDIT_BY_POLICY, true, "Policies that denied", "No policy denied anything."},
		{AUDIT_BY_USER, false, "Users", "There were no decisions."},
		{AUDIT_BY_RESOURCE, false, "Resources", "No resource was asked for."},
		{AUDIT_BY_POLICY, false, "Policies that decided", "No policy decided anything."},
		{AUDIT_BY_ACTION, false, "Actions", "There were no decisions."},
	};
	enum error error = ERR_NONE;

	buf_append_str(out, STR("<div class=\"cards\">\n"));
	for (size_t i = 0; i < ARRAY_COUNT(lists) && error == ERR_NONE; i++)
		error = append_top(report, lists[i].dimension,
				   lists[i].denials ? AUDIT_VERDICT_BIT(AUDIT_DENY) : 0,
				   lists[i].title, lists[i].none, out);
	buf_append_str(out, STR("</div>\n"));
	return error;
}

static void append_cell(struct buf *out, struct str text)
{
	buf_append_str(out, STR("<td>"));
	html_append(out, text);
	buf_append_str(out, STR("</td>"));
}

static void append_id_and_time(struct buf *out, const struct audit_row *row)
{
	buf_printf(out, "<tr><td class=\"n\">%" PRIu64 "</td><td class=\"t\">", row->decision_id);
	append_time(out, row->wall_us);
	buf_append_str(out, STR("</td>"));
}

static void append_denials(const struct report *report, struct buf *out)
{
	struct buf reason;

	if (report->denial_count == 0)
		return;
	buf_init(&reason, CELL_BYTES);
	buf_append_str(out,
		       STR("<section class=\"card\">\n<h2>Latest denials</h2>\n<p><code>wsauthzctl "
			   "explain ID</code> says more of each.</p>\n<div class=\"scroll\"><table>"
			   "\n<tr><th class=\"n\">ID</th><th>Time (UTC)</th><th>User</th>"
			   "<th>Action</th><th>Resource</th><th>Reason</th></tr>\n"));
	for (size_t i = 0; i < report->denial_count; i++) {
		const struct audit_row *row = &report->denials[i];

		append_id_and_time(out, row);
		append_cell(out, row->user.length != 0 ? row->user : row->principal);
		append_cell(out, row->action);
		append_cell(out,
			    row->resource_uri.length != 0 ? row->resource_uri : row->application);
		buf_clear(&reason);
		audit_row_reason(&reason, row);
		append_cell(out, buf_str(&reason));
		buf_append_str(out, STR("</tr>\n"));
	}
	buf_append_str(out, STR("</table></div>\n</section>\n"));
	buf_deinit(&reason);
}

static void append_events(const struct report *report, struct buf *out)
{
	if (report->event_count == 0)
		return;
	buf_append_str(out, STR("<section class=\"card\">\n<h2>Latest events</h2>\n"
				"<div class=\"scroll\"><table>\n<tr><th class=\"n\">ID</th>"
				"<th>Time (UTC)</th><th>Event</th><th>Who</th><th>Detail</th></tr>"
				"\n"));
	for (size_t i = 0; i < report->event_count; i++) {
		const struct audit_row *row = &report->events[i];

		append_id_and_time(out, row);
		append_cell(out, row->event->kind);
		append_cell(out, row->event->actor.length != 0 ? row->event->actor : STR("daemon"));
		buf_append_str(out, STR("<td><code>"));
		html_append(out, row->event->detail);
		buf_append_str(out, STR("</code></td></tr>\n"));
	}
	buf_append_str(out, STR("</table></div>\n</section>\n"));
}

enum error report_page_append(const struct report *report, struct buf *out)
{
	append_head(report, out);
	append_tiles(report, out);
	append_charts(report, out);
	enum error error = append_tops(report, out);
	if (error != ERR_NONE)
		return error;
	append_denials(report, out);
	append_events(report, out);
	buf_printf(out,
		   "<footer>wsauthz %s. The audit ended at row %" PRIu64 " with the chain <code>",
		   WSAUTHZ_VERSION, report->head.decision_id);
	hex_append(out, report->head.chain, AUDIT_CHAIN_BYTES);
	buf_append_str(out, STR("</code>; <code>wsauthzctl audit verify</code> proves the rows "
				"behind this page.</footer>\n</main>\n</body>\n</html>\n"));
	return out->failed;
}
