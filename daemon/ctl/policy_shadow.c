/* wsauthzctl policy shadow: what the shadow policy would have decided otherwise, from the state
 * database, with the daemon running or not. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/log.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/policy_source.h"
#include "store/state.h"

enum { DEFAULT_LIMIT = 50, LINE_MAX_BYTES = 1 << 20, CELL_BYTES = 64, ARENA_BYTES = 128 * 1024 };

struct shadow_options_given {
	uint64_t limit;
};

static const struct arg_option shadow_options[] = {
	{"--limit", ARG_COUNT, offsetof(struct shadow_options_given, limit), "N",
	 "at most the newest N differences (default 50)"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static const char *const titles[] = {"ID",   "TIME (UTC)", "FLIP",
				     "USER", "DECIDED BY", "WOULD BE DECIDED BY"};

struct printer {
	bool json;
	bool failed;
	struct table table;
};

static void print_json(const struct state_difference *difference)
{
	struct json_writer json;
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	json = json_write_to(&line);
	json_write_object(&json);
	json_member_u64(&json, "id", difference->decision_id);
	json_member_time(&json, "time", difference->decided_us);
	json_member_string(&json, "flip", difference->flip);
	json_member_string(&json, "user", difference->user);
	json_member_string(&json, "before", difference->before);
	json_member_string(&json, "after", difference->after);
	json_write_object_end(&json);
	output_line(&line);
	buf_deinit(&line);
}

static bool add_row(struct table *table, const struct state_difference *difference)
{
	struct buf id, time;
	bool added;

	buf_init(&id, CELL_BYTES);
	buf_init(&time, CELL_BYTES);
	buf_printf(&id, "%" PRIu64, difference->decision_id);
	output_time(&time, difference->decided_us);
	added = table_add(table, (const struct str[]){buf_str(&id), buf_str(&time),
						      difference->flip, difference->user,
						      difference->before, difference->after});
	buf_deinit(&id);
	buf_deinit(&time);
	return added;
}

static bool on_difference(void *arg, const struct state_difference *difference)
{
	struct printer *printer = arg;

	if (printer->json)
		print_json(difference);
	else
		printer->failed = !add_row(&printer->table, difference);
	return !printer->failed;
}

static void print_progress(const struct state_shadow *shadow)
{
	struct buf out;

	buf_init(&out, LINE_MAX_BYTES);
	buf_append_str(&out, STR("shadow    "));
	log_escape(&out, shadow->directory);
	buf_append_str(&out, STR(", since "));
	output_time(&out, shadow->since_us);
	buf_append_str(&out, STR(" UTC\ncompared  "));
	output_count(&out, shadow->compared_count, "decision", "decisions");
	buf_append_str(&out, STR(", the last at "));
	output_time(&out, shadow->updated_us);
	buf_printf(&out,
		   " UTC\n"
		   "not       %" PRIu64 " that no policy decides, %" PRIu64 " skipped\n"
		   "flips     %" PRIu64 "\n",
		   shadow->not_compared_count, shadow->skipped_count, shadow->differed_count);
	output_text(stdout, buf_str(&out));
	buf_deinit(&out);
}

static enum error print(struct state *state, struct printer *printer, uint64_t limit)
{
	enum state_lookup found = STATE_MISSING;
	struct state_shadow shadow;
	struct arena arena;
	enum error error;

	arena_init(&arena, 1024, ARENA_BYTES);
	error = state_get_shadow(state, &arena, &shadow, &found);
	if (error == ERR_NONE && found == STATE_MISSING && !printer->json)
		printf("no shadow policy was ever compared; see policy.shadow_directory in the "
		       "configuration\n");
	else if (error == ERR_NONE && found == STATE_FOUND && !printer->json)
		print_progress(&shadow);
	arena_deinit(&arena);
	if (error == ERR_NONE)
		error = state_each_difference(state, limit, on_difference, printer);
	return error == ERR_NONE && printer->failed ? ERR_NO_MEMORY : error;
}

static enum ctl_exit run_shadow(const struct ctl *ctl, const void *opaque, char **operands,
				int operand_count)
{
	const struct shadow_options_given *options = opaque;
	struct printer printer = {.json = ctl->json};
	struct state *state = NULL;
	enum ctl_exit code = policy_state_open(ctl, &state);
	enum error error;

	(void)operands;
	(void)operand_count;
	if (code != CTL_DONE)
		return code;
	table_init(&printer.table, titles, ARRAY_COUNT(titles), 3);
	error = print(state, &printer, options->limit != 0 ? options->limit : DEFAULT_LIMIT);
	if (error == ERR_NONE && printer.table.first != NULL) {
		printf("\n");
		table_print(&printer.table);
	}
	if (error != ERR_NONE)
		output_error("the state database cannot be read: %s", error_text(error));
	table_deinit(&printer.table);
	state_close(state);
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

const struct ctl_command policy_shadow_command = {
	.words = "policy shadow",
	.operands = "",
	.summary = "what the shadow policy would have decided otherwise",
	.options = shadow_options,
	.options_size = sizeof(struct shadow_options_given),
	.run = run_shadow,
};
