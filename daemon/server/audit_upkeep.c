#include "server/audit_upkeep.h"

#include "base/buf.h"
#include "store/audit_head.h"
#include "store/seal.h"

enum { MICROSECONDS_OF_MS = 1000, WHY_MAX_BYTES = 4096, MIB = 1024 * 1024 };

void audit_upkeep_deinit(struct audit_upkeep *upkeep)
{
	segment_list_deinit(&upkeep->segments);
}

void audit_upkeep_tell_head(const struct audit_upkeep *upkeep, const char *event, uint32_t number,
			    const struct audit_head *head)
{
	char text[AUDIT_HEAD_TEXT_BYTES];

	audit_head_format(head, text);
	log_info(upkeep->log, event, "segment %u, head %s", (unsigned)number, text);
}

static enum error list_segments(struct audit_upkeep *upkeep)
{
	struct buf why;

	buf_init(&why, WHY_MAX_BYTES);
	enum error error = segment_list_read(&upkeep->segments, upkeep->settings->state_directory,
					     upkeep->env, &why);
	if (error != ERR_NONE)
		log_error(upkeep->log, "audit.not_listed", "%s", buf_text(&why));
	buf_deinit(&why);
	return error;
}

static enum error list_noted(struct state *state, void *arg)
{
	return state_list_segments(state, arg);
}

static enum error put_segment(struct state *state, void *arg)
{
	return state_put_segment(state, arg);
}

static enum error seal_one(struct audit_upkeep *upkeep, uint32_t number)
{
	struct segment sealed;
	struct buf why;

	buf_init(&why, WHY_MAX_BYTES);
	enum error error = seal_segment(upkeep->settings->state_directory, number, upkeep->env,
					upkeep->key, clock_wall_us(upkeep->clock), &sealed, &why);
	if (error == ERR_BUSY)
		goto out; /* no news: it is tried again */
	if (error == ERR_NONE) {
		error = state_store_use(upkeep->store, "audit.seal_not_noted", put_segment,
					&sealed);
		if (error != ERR_NONE)
			buf_printf(&why, "audit segment %u is sealed, but not noted",
				   (unsigned)number);
	}
	if (error == ERR_NONE)
		audit_upkeep_tell_head(upkeep, "audit.sealed", number, &sealed.head);
	else
		log_error(upkeep->log, "audit.not_sealed", "%s", buf_text(&why));
out:
	buf_deinit(&why);
	return error;
}

static const struct segment *find(const struct segment_list *list, uint32_t number)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].number == number)
			return &list->items[i];
	}
	return NULL;
}

/* What was sealed and not noted, because the daemon was killed meanwhile or `state.db` is another one,
 * is done to its end; to a note of an earlier version is added what it lacks. */
static enum error complete(struct audit_upkeep *upkeep, const struct segment *segment,
			   const struct segment_list *noted)
{
	const struct segment *note = find(noted, segment->number);
	struct segment copy = *segment;

	if (note == NULL)
		return seal_one(upkeep, segment->number);
	if (note->knows_undelivered || !segment->knows_undelivered)
		return ERR_NONE;
	return state_store_use(upkeep->store, "audit.seal_not_noted", put_segment, &copy);
}

enum error audit_upkeep_seal(struct audit_upkeep *upkeep, uint32_t live, uint32_t *count)
{
	struct segment_list noted = {0};
	enum error error = list_segments(upkeep);

	if (error == ERR_NONE)
		error = state_store_use(upkeep->store, "audit.seal_not_noted", list_noted, &noted);
	/* From the oldest on, and never past one that fails: audit_verify() takes any other order
	 * for a seal that was taken away. */
	for (size_t i = 0; i < upkeep->segments.count && error == ERR_NONE; i++) {
		const struct segment *segment = &upkeep->segments.items[i];

		if (segment->number >= live)
			continue;
		if (segment->state == SEGMENT_SEALED) {
			error = complete(upkeep, segment, &noted);
			continue;
		}
		error = seal_one(upkeep, segment->number);
		*count += error == ERR_NONE;
	}
	segment_list_deinit(&noted);
	return error;
}

struct removal {
	const struct segment *segment;
	int64_t wall_us;
	struct str reason;
};

static enum error put_removal(struct state *state, void *arg)
{
	const struct removal *removal = arg;

	return state_put_segment_removed(state, removal->segment, removal->wall_us,
					 removal->reason);
}

/* Notes first, so that what is missing is always explained. */
static enum error remove_one(const struct audit_upkeep *upkeep, const struct segment *segment,
			     struct str reason)
{
	struct removal removal = {segment, clock_wall_us(upkeep->clock), reason};
	enum error error =
		state_store_use(upkeep->store, "audit.removal_not_noted", put_removal, &removal);

	if (error == ERR_NONE)
		error = segment_remove(upkeep->settings->state_directory, segment->number,
				       upkeep->env);
	if (error != ERR_NONE) {
		log_error(upkeep->log, "audit.not_removed", "segment %u: %s",
			  (unsigned)segment->number, error_text(error));
		return error;
	}
	log_warning(upkeep->log, "audit.removed",
		    "segment %u with the ids %llu to %llu, for its %.*s", (unsigned)segment->number,
		    (unsigned long long)segment->first_id, (unsigned long long)segment->last_id,
		    STR_ARGS(reason));
	audit_upkeep_tell_head(upkeep, "audit.removed_head", segment->number, &segment->head);
	return ERR_NONE;
}

enum error audit_upkeep_prune(struct audit_upkeep *upkeep, int64_t oldest_us, uint32_t *count)
{
	uint64_t total = 0, max = (uint64_t)upkeep->settings->retention_mib * MIB;
	enum error error = list_segments(upkeep);

	for (size_t i = 0; i < upkeep->segments.count; i++)
		total += upkeep->segments.items[i].file_bytes;
	/* From the oldest on, and never past one that stays. */
	for (size_t i = 0; i < upkeep->segments.count && error == ERR_NONE; i++) {
		const struct segment *segment = &upkeep->segments.items[i];
		bool is_past = segment->last_us < oldest_us;

		if (segment->state != SEGMENT_SEALED || (!is_past && total <= max))
			break;
		total -= segment->file_bytes;
		error = remove_one(upkeep, segment, is_past ? STR("age") : STR("size"));
		*count += error == ERR_NONE;
	}
	return error;
}
