#include "server/block_keeper.h"

#include "base/arena.h"
#include "base/mem.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"

/* Of the blocks that are over, a batch at a time. */
enum stage {
	STAGE_IDLE,
	STAGE_RECORDING, /* their events are on the way */
	STAGE_RECORDED,  /* they can be removed */
	STAGE_REMOVING,
};

struct ended {
	struct str principal;
	int64_t created_us;
};

struct block_keeper {
	struct block_keeper_options options;
	int64_t due_ms; /* boot clock; when to look next */
	bool is_stopped;

	struct change note;
	int64_t noted_ms;
	bool is_noting;

	struct change removal;
	enum stage stage;
	struct arena arena;
	struct ended *ended;
	size_t ended_count;
};

enum error block_keeper_new(const struct block_keeper_options *options, struct block_keeper **out)
{
	struct block_keeper *keeper = mem_calloc(1, sizeof(*keeper));

	if (keeper == NULL)
		return ERR_NO_MEMORY;
	keeper->options = *options;
	arena_init(&keeper->arena, 4096, SIZE_MAX);
	*out = keeper;
	return ERR_NONE;
}

void block_keeper_free(struct block_keeper *keeper)
{
	if (keeper == NULL)
		return;
	arena_deinit(&keeper->arena);
	mem_free(keeper);
}

static struct block_time now_of(const struct block_keeper *keeper)
{
	return (struct block_time){clock_wall_us(keeper->options.clock),
				   clock_boot_ms(keeper->options.clock)};
}

/* Noting the clock. */

static enum error write_note(struct state *state, struct change *change)
{
	const struct block_keeper *keeper = CONTAINER_OF(change, struct block_keeper, note);

	return state_note_block_clock(state, keeper->options.boot_id->bytes, keeper->noted_ms);
}

/* A note that failed is logged, and made again in its time. */
static void on_noted(struct change *change, enum error error)
{
	(void)error;
	CONTAINER_OF(change, struct block_keeper, note)->is_noting = false;
}

static bool find_end(const struct block *block, void *arg)
{
	bool *found = arg;

	*found = block->until_us != BLOCK_FOR_EVER;
	return !*found;
}

static void note_clock(struct block_keeper *keeper)
{
	bool has_end = false;

	blocks_each(keeper->options.blocks, find_end, &has_end);
	if (!has_end || keeper->is_noting)
		return;
	keeper->is_noting = true;
	keeper->noted_ms = clock_boot_ms(keeper->options.clock);
	keeper->note = (struct change){.write = write_note, .on_done = on_noted};
	changes_push(keeper->options.changes, &keeper->note);
}

/* Removing what is over. */

static enum error write_removal(struct state *state, struct change *change)
{
	const struct block_keeper *keeper = CONTAINER_OF(change, struct block_keeper, removal);
	enum error error = ERR_NONE;

	for (size_t i = 0; error == ERR_NONE && i < keeper->ended_count; i++)
		error = state_delete_old_block(state, keeper->ended[i].principal,
					       keeper->ended[i].created_us);
	return error;
}

static void on_removed(struct change *change, enum error error)
{
	struct block_keeper *keeper = CONTAINER_OF(change, struct block_keeper, removal);

	if (error != ERR_NONE) {
		keeper->stage = STAGE_RECORDED;
		return;
	}
	/* One that was made anew meanwhile is not over. */
	for (size_t i = 0; i < keeper->ended_count; i++)
		blocks_remove_over(keeper->options.blocks, keeper->ended[i].principal,
				   now_of(keeper));
	keeper->stage = STAGE_IDLE;
}

static void remove_ended(struct block_keeper *keeper)
{
	keeper->stage = STAGE_REMOVING;
	keeper->removal = (struct change){.write = write_removal, .on_done = on_removed};
	changes_push(keeper->options.changes, &keeper->removal);
}

/* False when the event is lost. */
static bool record_end(struct block_keeper *keeper, const struct block *block)
{
	struct json_writer json;
	struct buf detail;
	bool is_kept;

	buf_init(&detail, AUDIT_ROW_MAX_BYTES);
	json = json_write_to(&detail);
	json_write_object(&json);
	json_member_string(&json, "principal", block->principal);
	json_member_time(&json, "created", block->created_us);
	json_member_time(&json, "ended", block_end_us(block, now_of(keeper)));
	if (block->reason.length != 0)
		json_member_string(&json, "reason", block->reason);
	json_write_object_end(&json);
	is_kept =
		detail.failed == ERR_NONE &&
		audit_events_add(keeper->options.events, "block.ended", STR(""), buf_str(&detail));
	buf_deinit(&detail);
	return is_kept;
}

/* Takes a block that is over into the batch. What cannot be recorded now is for the next one. */
static bool take_over(const struct block *block, void *arg)
{
	struct block_keeper *keeper = arg;
	struct str principal;

	if (!block_is_over(block, now_of(keeper)))
		return true;
	principal = arena_copy(&keeper->arena, block->principal);
	if (principal.ptr == NULL || !record_end(keeper, block))
		return false;
	keeper->ended[keeper->ended_count++] = (struct ended){principal, block->created_us};
	return keeper->ended_count < BLOCK_KEEPER_BATCH_COUNT;
}

static void collect_ended(struct block_keeper *keeper)
{
	arena_deinit(&keeper->arena);
	keeper->ended_count = 0;
	keeper->ended =
		arena_calloc(&keeper->arena, BLOCK_KEEPER_BATCH_COUNT, sizeof(*keeper->ended));
	if (keeper->ended == NULL)
		return;
	blocks_each(keeper->options.blocks, take_over, keeper);
	if (keeper->ended_count != 0)
		keeper->stage = STAGE_RECORDING;
}

void block_keeper_tick(struct block_keeper *keeper)
{
	int64_t now_ms = clock_boot_ms(keeper->options.clock);

	if (keeper->is_stopped)
		return;
	if (keeper->stage == STAGE_RECORDING && audit_events_pending(keeper->options.events) == 0)
		remove_ended(keeper);
	if (now_ms < keeper->due_ms)
		return;
	keeper->due_ms = now_ms + BLOCK_KEEPER_INTERVAL_MS;
	note_clock(keeper);
	if (keeper->stage == STAGE_RECORDED)
		remove_ended(keeper);
	else if (keeper->stage == STAGE_IDLE)
		collect_ended(keeper);
}

void block_keeper_stop(struct block_keeper *keeper)
{
	if (keeper->is_stopped)
		return;
	keeper->is_stopped = true;
	note_clock(keeper);
}
