#include "support/decision_fill.h"

#include <stdio.h>
#include <string.h>

#include "support/store_env.h"

static uint32_t pick(struct decision_fill *fill, uint32_t count)
{
	fill->random = fill->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((fill->random >> 33) % count);
}

struct snapshot *decision_fill_build(const char *text)
{
	struct snapshot_file file = {STR("policy.cedar"), str_from(text)};
	struct snapshot *snapshot = NULL;
	struct cedar_diags diags;
	struct buf printed;

	cedar_diags_init(&diags);
	buf_init(&printed, SIZE_MAX);
	if (snapshot_new(&file, 1, NULL, (struct hash_key){5, 6}, &diags, &snapshot) != ERR_NONE) {
		for (struct cedar_diag *diag = diags.first; diag != NULL; diag = diag->next)
			cedar_diag_print(&printed, diag);
		fprintf(stderr, "%s\n", buf_text(&printed));
	}
	buf_deinit(&printed);
	cedar_diags_deinit(&diags);
	return snapshot;
}

bool decision_fill_open(struct decision_fill *fill)
{
	static const uint8_t secret[32] = {1};
	struct buf why;
	bool good;

	fill->env = store_env_make(NULL);
	fill->settings = decide_settings_default();
	fake_clock_init(&fill->clock);
	buf_init(&fill->scratch, DECIDE_SCRATCH_BYTES);
	arena_init(&fill->arena, 65536, SIZE_MAX);
	buf_init(&why, 4096);
	good = records_new(fill->user_count + 1000, secret, &fill->records) == ERR_NONE &&
	       blocks_new((struct hash_key){1, 2}, &fill->blocks) == ERR_NONE &&
	       cedar_request_new(NULL, &fill->cedar) == ERR_NONE &&
	       audit_open(fill->directory, &fill->env, false, &fill->audit, &why) == ERR_NONE &&
	       state_open(fill->directory, &fill->env, false, &fill->state, &why) == ERR_NONE;
	if (!good)
		fprintf(stderr, "decision_fill: %s\n", buf_text(&why));
	buf_deinit(&why);
	return good;
}

void decision_fill_close(struct decision_fill *fill)
{
	snapshot_unref(fill->snapshot);
	state_close(fill->state);
	audit_close(fill->audit);
	cedar_request_free(fill->cedar);
	blocks_free(fill->blocks);
	records_free(fill->records);
	buf_deinit(&fill->scratch);
	arena_deinit(&fill->arena);
}

bool decision_fill_set_policy(struct decision_fill *fill, const char *text)
{
	struct state_policy_file file = {STR("policy.cedar"), str_from(text)};
	struct state_revision revision = {
		.source = STR("/policy"), .files = &file, .file_count = 1};
	struct snapshot *snapshot = decision_fill_build(text);
	uint64_t number = 0;
	bool added = false;

	if (snapshot == NULL)
		return false;
	memcpy(revision.digest, snapshot_digest(snapshot), sizeof(revision.digest));
	revision.activated_us = clock_wall_us(&fill->clock.clock);
	if (state_put_revision(fill->state, &revision, &number, &added) != ERR_NONE) {
		snapshot_unref(snapshot);
		return false;
	}
	snapshot_set_revision(snapshot, number);
	snapshot_unref(fill->snapshot);
	fill->snapshot = snapshot;
	return true;
}

/* A text in the arena of the batch. */
static struct str print(struct decision_fill *fill, const char *prefix, uint32_t number)
{
	char text[256];
	int length = snprintf(text, sizeof(text), "%s%u", prefix, (unsigned)number);

	return arena_copy(&fill->arena, str_make(text, (size_t)length));
}

/* A user with the groups and ways that are theirs; a few come without token or over http. */
static bool make_sender(struct decision_fill *fill, uint32_t user, struct sender *sender)
{
	uint32_t count = 3 + user % 5;
	struct sender_group *groups = arena_calloc(&fill->arena, count, sizeof(*groups));

	if (groups == NULL)
		return false;
	*sender = (struct sender){
		.name = print(fill, "CONTOSO\\User", user),
		.mechanism = user % 11 == 0 ? STR("Basic") : STR("Kerberos"),
		.http_url = user % 7 == 0 ? STR("http://ps.contoso.com/wsman")
					  : STR("https://ps.contoso.com/wsman"),
		.has_token = user % 13 != 0,
		.elevated = user % 3 == 0,
	};
	if (!sender->has_token)
		return true;
	sender->user_sid = print(fill, "S-1-5-21-1-2-3-", 10000 + user);
	for (uint32_t i = 0; i < count; i++)
		groups[i] = (struct sender_group){
			print(fill, "S-1-5-21-1-2-3-",
			      5000 + (user * 7 + i * 3) % DECISION_FILL_GROUPS),
			i == 0 && user % 10 == 0};
	sender->groups = groups;
	sender->group_count = count;
	return true;
}

static void make_operation(struct decision_fill *fill, struct question *question)
{
	static const struct str actions[] = {
		{"http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", 50},
		{"http://schemas.xmlsoap.org/ws/2004/09/transfer/Put", 50},
		{"http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate", 59},
		{DECISION_FILL_WMI "/Win32_Service/StartService",
		 sizeof(DECISION_FILL_WMI "/Win32_Service/StartService") - 1},
	};

	question->kind = QUESTION_OPERATION;
	question->action_uri = actions[pick(fill, ARRAY_COUNT(actions))];
	question->resource_uri =
		print(fill, DECISION_FILL_WMI "/Win32_Class", pick(fill, fill->resource_count));
}

static bool decide_once(struct decision_fill *fill)
{
	struct decider decider = {fill->snapshot,  fill->records, fill->blocks,
				  &fill->settings, fill->cedar,   &fill->scratch};
	struct sender *sender = arena_calloc(&fill->arena, 1, sizeof(*sender));
	struct question *question = arena_calloc(&fill->arena, 1, sizeof(*question));
	struct decision *decision = arena_calloc(&fill->arena, 1, sizeof(*decision));
	uint32_t which = pick(fill, 10);

	if (sender == NULL || question == NULL || decision == NULL ||
	    !make_sender(fill, pick(fill, fill->user_count), sender))
		return false;
	if (fill->step_ms != 0)
		fake_clock_advance_ms(&fill->clock, pick(fill, fill->step_ms));
	(void)records_expire(fill->records, clock_boot_ms(&fill->clock.clock));
	*question = (struct question){
		.application = STR("wsman/Contoso"),
		.sender = sender,
		.instant = {.wall_us = clock_wall_us(&fill->clock.clock),
			    .boot_ms = clock_boot_ms(&fill->clock.clock),
			    .utc_offset_s = 3600},
	};
	if (which == 0) {
		decide_user(&decider, &fill->arena, question, decision);
	} else if (which == 1) {
		question->kind = QUESTION_QUOTA;
		decide_quota(&decider, &fill->arena, question, decision);
	} else {
		make_operation(fill, question);
		decide_operation(&decider, &fill->arena, question, decision);
	}
	records_apply(fill->records, &decision->change, ++fill->decision_id);
	fill->rows[fill->row_count] = decision_audit_row(decision);
	fill->rows[fill->row_count++].peer = STR("uid:33");
	return true;
}

/* Records that ended are kept until that is written, which is now. */
static bool forget_ended_records(struct decision_fill *fill)
{
	static const uint8_t boot_id[STATE_BOOT_ID_BYTES] = {1};
	struct state_record_changes changes;
	bool good = true;

	while (good && records_have_changes(fill->records)) {
		good = records_collect_changes(fill->records, &fill->arena, boot_id, 1000,
					       &changes) == ERR_NONE;
		if (good)
			records_changes_written(fill->records, true);
	}
	return good;
}

static bool flush(struct decision_fill *fill)
{
	uint64_t first_id = 0;
	bool good = forget_ended_records(fill) &&
		    audit_append(fill->audit, fill->rows, fill->row_count, &first_id) == ERR_NONE;

	fill->row_count = 0;
	arena_reset(&fill->arena, (struct arena_mark){0});
	return good;
}

bool decision_fill_run(struct decision_fill *fill, uint32_t count)
{
	bool good = true;

	for (uint32_t i = 0; i < count && good; i++) {
		good = decide_once(fill);
		if (good && (fill->row_count == DECISION_FILL_BATCH || i + 1 == count))
			good = flush(fill);
	}
	return good;
}
