/*
 * Whole decisions on hostile senders and operations. The input is a list of texts, each ended by a
 * line feed: mechanism, name, URL, user SID, action URI, resource URI, and SIDs of groups. Whatever
 * they hold, what is read must be canonical, reading it again must give the same, the same question
 * must be decided alike, and only the SIDs of the policy may be allowed.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "authz/decide.h"
#include "authz/sid.h"
#include "base/casefold.h"
#include "base/utf8.h"

#define ALLOWED "S-1-5-21-1-2-3-1001"

enum { TEXT_COUNT = 6, GROUP_MAX = 16, INPUT_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stage {
	struct arena arena;
	struct buf scratch;
	struct decider decider;
	struct decide_settings settings;
	struct snapshot *snapshot;
};

static const char policy[] =
	"permit(principal == WinRM::User::\"" ALLOWED "\", action, resource);"
	"forbid(principal, action, resource) when { principal.denyOnlyGroups.contains("
	"WinRM::Group::\"S-1-5-32-544\") };";

static void stage_open(struct stage *stage)
{
	struct snapshot_file file = {STR("fuzz.cedar"), str_from(policy)};
	static const uint8_t secret[32] = {1};
	struct cedar_diags diags;
	struct blocks *blocks = NULL;
	enum error error;

	cedar_diags_init(&diags);
	stage->settings = decide_settings_default();
	arena_init(&stage->arena, 65536, SIZE_MAX);
	buf_init(&stage->scratch, DECIDE_SCRATCH_BYTES);
	error = snapshot_new(&file, 1, NULL, (struct hash_key){1, 2}, &diags, &stage->snapshot);
	assert(error == ERR_NONE);
	error = records_new(1000, secret, &stage->decider.records);
	assert(error == ERR_NONE);
	error = blocks_new((struct hash_key){3, 4}, &blocks);
	assert(error == ERR_NONE);
	error = cedar_request_new(NULL, &stage->decider.cedar);
	assert(error == ERR_NONE);
	stage->decider.snapshot = stage->snapshot;
	stage->decider.blocks = blocks;
	stage->decider.settings = &stage->settings;
	stage->decider.scratch = &stage->scratch;
	cedar_diags_deinit(&diags);
}

/* Takes the text up to the next line feed. */
static struct str take_text(struct str *rest)
{
	const char *end = str_find_byte(*rest, '\n');
	size_t length = end != NULL ? (size_t)(end - rest->ptr) : rest->length;
	size_t taken = end != NULL ? length + 1 : length;
	struct str text = str_make(rest->ptr, length);

	*rest = str_make(rest->ptr + taken, rest->length - taken);
	return text;
}

static void check_canonical(struct arena *arena, const struct decision *decision)
{
	const struct identity *identity = &decision->identity;
	const struct operation *operation = &decision->operation;

	assert(utf8_valid(identity->principal) && identity->principal.length != 0);
	assert(sid_valid(identity->principal) == identity->has_token);
	assert(str_equal(casefold(arena, identity->name), identity->name));
	for (size_t i = 1; i < identity->group_count; i++)
		assert(str_compare(identity->groups[i - 1], identity->groups[i]) < 0);
	assert(str_equal(casefold(arena, operation->resource_uri), operation->resource_uri));
	assert(str_find_byte(operation->resource_uri, '?') == NULL);
	assert(operation->prefix_count < OPERATION_MAX_SEGMENTS);
	for (size_t i = 0; i < operation->prefix_count; i++)
		assert(str_starts_with(operation->resource_uri, operation->prefixes[i]));
}

static void check_decision(struct stage *stage, const struct question *question)
{
	struct decision first;
	struct decision second;

	decide_operation(&stage->decider, &stage->arena, question, &first);
	records_drop(stage->decider.records, &first.change);
	decide_operation(&stage->decider, &stage->arena, question, &second);
	records_drop(stage->decider.records, &second.change);
	assert(first.verdict == second.verdict && first.source == second.source);
	assert(memcmp(&first.identity.key, &second.identity.key, sizeof(first.identity.key)) == 0);
	if (first.source != DECISION_FROM_MALFORMED)
		check_canonical(&stage->arena, &first);
	if (first.verdict == DECISION_ALLOW)
		assert(str_equal(first.identity.sid, STR(ALLOWED)));
	assert(records_count(stage->decider.records) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage stage;
	struct sender_group groups[GROUP_MAX];
	struct str texts[TEXT_COUNT];
	struct str rest = str_make((const char *)data, size);
	struct sender sender = {.groups = groups};
	struct question question = {
		.kind = QUESTION_OPERATION, .application = STR("fuzz"), .sender = &sender};

	if (size > INPUT_MAX)
		return 0;
	if (stage.snapshot == NULL)
		stage_open(&stage);
	for (size_t i = 0; i < TEXT_COUNT; i++)
		texts[i] = take_text(&rest);
	while (rest.length != 0 && sender.group_count < GROUP_MAX) {
		struct str sid = take_text(&rest);
		groups[sender.group_count++] = (struct sender_group){sid, sid.length % 2 == 0};
	}
	sender.mechanism = texts[0];
	sender.name = texts[1];
	sender.http_url = texts[2];
	sender.has_token = texts[3].length != 0;
	sender.user_sid = texts[3];
	question.action_uri = texts[4];
	question.resource_uri = texts[5];
	arena_reset(&stage.arena, (struct arena_mark){0});
	check_decision(&stage, &question);
	return 0;
}
