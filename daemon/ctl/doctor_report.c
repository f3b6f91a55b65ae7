/* The checks in turn, and how their findings are told. */
#include "base/log.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/doctor.h"
#include "ctl/output.h"

/* 2026-01-01, before there was this program; and by how much two clocks may differ. */
static const int64_t earliest_us = INT64_C(1767225600000000);
static const int64_t tolerance_us = INT64_C(300000000);

static const char *result_text(enum doctor_result result)
{
	static const char *const texts[] = {"ok", "warning", "problem"};

	return result < ARRAY_COUNT(texts) ? texts[result] : "unknown";
}

void doctor_add(struct doctor_verdict *verdict, enum doctor_result result, const char *format, ...)
{
	va_list args;

	buf_append_str(verdict->detail,
		       verdict->result == DOCTOR_OK ? STR(", but it ") : STR(", "));
	va_start(args, format);
	buf_vprintf(verdict->detail, format, args);
	va_end(args);
	if (result > verdict->result)
		verdict->result = result;
}

void doctor_not_checked(struct doctor_finding *finding, const char *advice)
{
	struct buf *detail = &finding->detail;
	struct buf reason;

	buf_init(&reason, DOCTOR_TEXT_MAX);
	buf_append_str(&reason, buf_str(detail));
	buf_clear(detail);
	buf_append_str(detail, STR("not checked: "));
	buf_append_str(detail, buf_str(&reason));
	if (reason.failed != ERR_NONE)
		detail->failed = reason.failed;
	buf_deinit(&reason);
	buf_append_str(&finding->advice, str_from(advice));
}

enum doctor_result doctor_judge_space(uint64_t free_bytes)
{
	uint64_t mib = free_bytes >> 20;

	if (mib < DOCTOR_SPACE_PROBLEM_MIB)
		return DOCTOR_PROBLEM;
	return mib < DOCTOR_SPACE_WARNING_MIB ? DOCTOR_WARNING : DOCTOR_OK;
}

enum doctor_result doctor_judge_clock(int64_t wall_us, int64_t newest_us,
				      struct doctor_finding *finding)
{
	output_time(&finding->detail, wall_us);
	buf_append_str(&finding->detail, STR(" UTC"));
	if (wall_us < earliest_us) {
		buf_append_str(&finding->detail, STR(", which is long ago"));
		buf_append_str(&finding->advice, STR("set the clock of the machine"));
		return DOCTOR_PROBLEM;
	}
	if (newest_us > wall_us && newest_us - wall_us > tolerance_us) {
		buf_append_str(&finding->detail, STR(", and the newest row of the audit is of "));
		output_time(&finding->detail, newest_us);
		buf_append_str(&finding->advice, STR("see whether the clock is right; records and "
						     "time-outs do not depend on it"));
		return DOCTOR_WARNING;
	}
	return DOCTOR_OK;
}

/* What is joined of several sentences may end in the mark that parts them. */
static struct str detail_of(const struct doctor_finding *finding)
{
	struct str detail = buf_str(&finding->detail);

	while (detail.length != 0 &&
	       str_find_byte(STR("; "), detail.ptr[detail.length - 1]) != NULL)
		detail.length--;
	return detail;
}

static void append_json(struct buf *line, const char *id, enum doctor_result result,
			const struct doctor_finding *finding)
{
	struct json_writer json = json_write_to(line);

	json_write_object(&json);
	json_member_string(&json, "check", str_from(id));
	json_member_string(&json, "result", str_from(result_text(result)));
	json_member_string(&json, "detail", detail_of(finding));
	json_member_string(&json, "advice", buf_str(&finding->advice));
	json_write_object_end(&json);
}

static void append_text(struct buf *line, const char *id, enum doctor_result result,
			const struct doctor_finding *finding)
{
	buf_printf(line, "%-7s  %-19s  ", result_text(result), id);
	log_escape(line, detail_of(finding));
	if (finding->advice.length != 0) {
		buf_append_str(line, STR("; do: "));
		log_escape(line, buf_str(&finding->advice));
	}
}

static void tell(const char *id, enum doctor_result result, const struct doctor_finding *finding,
		 bool json, void (*on_line)(struct buf *line))
{
	struct buf line;

	/* Escapes make a text longer, up to six times. */
	buf_init(&line, 16 * DOCTOR_TEXT_MAX);
	if (json)
		append_json(&line, id, result, finding);
	else
		append_text(&line, id, result, finding);
	if (line.failed == ERR_NONE)
		on_line(&line);
	else
		output_error("%s: %s: %s", id, result_text(result), error_text(line.failed));
	buf_deinit(&line);
}

struct doctor_counts doctor_run(struct doctor *doctor, const struct doctor_check *checks,
				size_t count, bool json, void (*on_line)(struct buf *line))
{
	struct doctor_counts counts = {{0}};

	for (size_t i = 0; i < count; i++) {
		struct doctor_finding finding;
		enum doctor_result result;

		buf_init(&finding.detail, DOCTOR_TEXT_MAX);
		buf_init(&finding.advice, DOCTOR_TEXT_MAX);
		result = checks[i].look(doctor, &finding);
		if (finding.detail.failed != ERR_NONE || finding.advice.failed != ERR_NONE)
			result = DOCTOR_PROBLEM;
		if (result < DOCTOR_LEFT_OUT) {
			counts.of[result]++;
			tell(checks[i].id, result, &finding, json, on_line);
		}
		buf_deinit(&finding.detail);
		buf_deinit(&finding.advice);
	}
	return counts;
}

void doctor_append_counts(struct buf *out, const struct doctor_counts *counts)
{
	uint32_t total = 0;

	for (size_t i = 0; i < ARRAY_COUNT(counts->of); i++)
		total += counts->of[i];
	output_count(out, total, "check", "checks");
	buf_printf(out, ": %u ok, ", (unsigned)counts->of[DOCTOR_OK]);
	output_count(out, counts->of[DOCTOR_WARNING], "warning", "warnings");
	buf_append_str(out, STR(", "));
	output_count(out, counts->of[DOCTOR_PROBLEM], "problem", "problems");
}
