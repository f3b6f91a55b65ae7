#include "store/audit_reader.h"

#include <string.h>

#include "base/mem.h"
#include "store/segment_db.h"
#include "store/state.h"

enum error audit_reader_use(struct audit_reader *reader, size_t index, struct buf *why)
{
	uint32_t number = reader->segments.items[index].number;
	enum error error = open_segments_use(&reader->open, number, &reader->db, why);

	if (error != ERR_NONE) {
		reader->db = NULL;
		return error;
	}
	reader->open.held = number;
	reader->open_index = index;
	return ERR_NONE;
}

enum error audit_reader_refresh(struct audit_reader *reader, struct buf *why)
{
	const struct segment_list *segments = &reader->segments;
	enum error error = segment_list_refresh(&reader->segments, &reader->open, why);

	reader->db = NULL;
	if (error == ERR_NONE)
		open_segments_trim(
			&reader->open,
			segments->count != 0 ? segments->items[segments->count - 1].number : 0);
	return error;
}

/* The state database notes where each sealed segment begins and ends, so that those which a question
 * cannot be about are not opened. Without it, whatever the reason, each segment is asked itself. */
static void read_manifest(struct audit_reader *reader)
{
	struct state *state = NULL;
	struct buf why;

	buf_init(&why, DB_PATH_MAX_BYTES);
	if (state_open_readonly(reader->directory, &reader->env, &state, &why) != ERR_NONE ||
	    state_list_segments(state, &reader->segments) != ERR_NONE)
		reader->segments = (struct segment_list){0};
	state_close(state);
	buf_deinit(&why);
}

void audit_reader_forget(struct audit_reader *reader)
{
	open_segments_deinit(&reader->open);
	segment_list_deinit(&reader->segments);
}

enum error audit_reader_open(const char *directory, const struct store_env *env,
			     struct audit_reader **out, struct buf *why)
{
	struct audit_reader *reader = mem_calloc(1, sizeof(*reader));

	if (reader == NULL)
		return ERR_NO_MEMORY;
	arena_init(&reader->arena, AUDIT_READER_CHUNK_BYTES, AUDIT_READER_ARENA_BYTES);
	reader->env = *env;
	reader->directory = mem_copy_text(directory, strlen(directory));
	open_segments_init(&reader->open, reader->directory, &reader->env, &reader->arena);
	enum error error = reader->directory != NULL ? ERR_NONE : ERR_NO_MEMORY;
	if (error == ERR_NONE) {
		read_manifest(reader);
		error = audit_reader_refresh(reader, why);
	}
	if (error == ERR_NONE && reader->segments.count == 0) {
		buf_printf(why, "%s: there is no audit", directory);
		error = ERR_NOT_FOUND;
	}
	if (error != ERR_NONE)
		audit_reader_close(reader);
	else
		*out = reader;
	return error;
}

void audit_reader_close(struct audit_reader *reader)
{
	if (reader == NULL)
		return;
	open_segments_deinit(&reader->open);
	segment_list_deinit(&reader->segments);
	mem_free(reader->directory);
	arena_deinit(&reader->arena);
	mem_free(reader);
}

const struct segment_list *audit_reader_segments(const struct audit_reader *reader)
{
	return &reader->segments;
}
