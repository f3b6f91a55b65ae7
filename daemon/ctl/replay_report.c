#include "ctl/replay_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/output.h"

enum { GROUPS_SHOWN = 20, CELL_BYTES = 256 };

/* Text. */

static void write_coverage(struct buf *out, const struct replay_report *report)
{
	const struct replay_result *result = report->result;
	uint64_t all = result->decision_count;

	if (all == 0) {
		buf_append_str(out, STR("no decision was recorded in that time\n"));
		return;
	}
	buf_printf(out, "replayed  %" PRIu64 " of %" PRIu64 " %s (%.1f %%) against ",
		   result->replayed_count, all, count_noun(all, "decision", "decisions"),
		   100.0 * (double)result->replayed_count / (double)all);
	log_escape(out, str_from(report->candidate));
	buf_append_str(out, STR("\nfrom      "));
	output_time(out, result->first_us);
	buf_append_str(out, STR(" to "));
	output_time(out, result->last_us);
	buf_append_str(out, STR(" UTC\n"));
	for (int i = 0; i < REPLAY_GAP_COUNT; i++) {
		if (result->gaps[i] != 0)
			buf_printf(out, "not       %" PRIu64 ": %s\n", result->gaps[i],
				   replay_gap_text((enum replay_gap)i));
	}
}

static void write_flips(struct buf *out, const struct replay_result *result)
{
	buf_printf(out, "flips     %" PRIu64, result->flip_count);
	for (int i = 0, shown = 0; i < REPLAY_FLIP_COUNT; i++) {
		if (result->flips[i] != 0)
			buf_printf(out, "%s%" PRIu64 " %s", shown++ == 0 ? ": " : ", ",
				   result->flips[i], replay_flip_text((enum replay_flip)i));
	}
	buf_append_byte(out, '\n');
}

static void write_examples(struct buf *out, const struct replay_group *group)
{
	for (size_t i = 0; i < REPLAY_EXAMPLES && group->examples[i] != 0; i++)
		buf_printf(out, "%s%" PRIu64, i != 0 ? ", " : "", group->examples[i]);
}

static void print_groups(const struct replay_groups *groups, bool by_user)
{
	static const char *const policy_titles[] = {"DECISIONS", "FLIP", "DECIDED BY",
						    "WOULD BE DECIDED BY", "EXAMPLES"};
	static const char *const user_titles[] = {"DECISIONS", "FLIP", "USER", "EXAMPLES"};
	struct table table;

	table_init(&table, by_user ? user_titles : policy_titles, by_user ? 4 : 5, 2);
	for (size_t i = 0; i < groups->count && i < GROUPS_SHOWN; i++) {
		const struct replay_group *group = groups->items[i];
		struct str flip = str_from(replay_flip_text(group->flip));
		struct buf count, examples;

		buf_init(&count, CELL_BYTES);
		buf_init(&examples, CELL_BYTES);
		buf_printf(&count, "%" PRIu64, group->count);
		write_examples(&examples, group);
		(void)table_add(&table,
				by_user ? (const struct str[]){buf_str(&count), flip, group->user,
							       buf_str(&examples)}
					: (const struct str[]){buf_str(&count), flip, group->before,
							       group->after, buf_str(&examples)});
		buf_deinit(&count);
		buf_deinit(&examples);
	}
	printf("\n");
	table_print(&table);
	if (groups->count > GROUPS_SHOWN)
		printf("and %zu more; --json shows all\n", groups->count - GROUPS_SHOWN);
	table_deinit(&table);
}

void replay_report_text(const struct replay_report *report)
{
	const struct replay_result *result = report->result;
	struct buf out;

	buf_init(&out, SIZE_MAX);
	write_coverage(&out, report);
	write_flips(&out, result);
	output_text(stdout, buf_str(&out));
	buf_deinit(&out);
	if (result->flip_count == 0)
		return;
	print_groups(&result->by_policy, false);
	print_groups(&result->by_user, true);
	printf("\nwsauthzctl explain ID says why a decision was made.\n");
}

/* JSON. */

static void write_groups(struct json_writer *json, const char *key,
			 const struct replay_groups *groups, bool by_user)
{
	json_member_array(json, key);
	for (size_t i = 0; i < groups->count; i++) {
		const struct replay_group *group = groups->items[i];

		json_write_object(json);
		json_member_string(json, "flip", str_from(replay_flip_text(group->flip)));
		if (by_user) {
			json_member_string(json, "user", group->user);
		} else {
			json_member_string(json, "before", group->before);
			json_member_string(json, "after", group->after);
		}
		json_member_u64(json, "decisions", group->count);
		json_member_array(json, "examples");
		for (size_t k = 0; k < REPLAY_EXAMPLES && group->examples[k] != 0; k++)
			json_write_u64(json, group->examples[k]);
		json_write_array_end(json);
		json_write_object_end(json);
	}
	json_write_array_end(json);
}

void replay_report_json(const struct replay_report *report)
{
	const struct replay_result *result = report->result;
	struct json_writer json;
	struct buf out;

	buf_init(&out, SIZE_MAX);
	json = json_write_to(&out);
	json_write_object(&json);
	json_member_string(&json, "candidate", str_from(report->candidate));
	json_member_u64(&json, "decisions", result->decision_count);
	json_member_u64(&json, "replayed", result->replayed_count);
	if (result->decision_count != 0) {
		json_member_time(&json, "from", result->first_us);
		json_member_time(&json, "to", result->last_us);
	}
	json_member_object(&json, "not_replayed");
	for (int i = 0; i < REPLAY_GAP_COUNT; i++) {
		if (result->gaps[i] != 0)
			json_member_u64(&json, replay_gap_text((enum replay_gap)i),
					result->gaps[i]);
	}
	json_write_object_end(&json);
	json_member_u64(&json, "flips", result->flip_count);
	json_member_object(&json, "by_kind");
	for (int i = 0; i < REPLAY_FLIP_COUNT; i++) {
		if (result->flips[i] != 0)
			json_member_u64(&json, replay_flip_text((enum replay_flip)i),
					result->flips[i]);
	}
	json_write_object_end(&json);
	write_groups(&json, "by_policy", &result->by_policy, false);
	write_groups(&json, "by_user", &result->by_user, true);
	if (report->has_max)
		json_member_u64(&json, "max_flips", report->max_flips);
	json_member_u64(&json, "elapsed_ms", report->elapsed_ms);
	json_write_object_end(&json);
	output_line(&out);
	buf_deinit(&out);
}
