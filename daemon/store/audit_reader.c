#include "store/audit_reader.h"

#include <string.h>

#include "base/mem.h"
#include "store/audit_filter.h"
#include "store/audit_schema.h"
#include "store/state.h"

static void close_segment(struct audit_reader *reader)
{
	if (reader->is_open)
		db_close(&reader->db);
	reader->is_open = false;
}

enum error audit_reader_use(struct audit_reader *reader, size_t index, struct buf *why)
{
	if (reader->is_open && reader->open_index == index)
		return ERR_NONE;
	close_segment(reader);
	enum error error =
		audit_open_segment(reader->directory, reader->segments.items[index].number,
				   &reader->env, DB_READ, &reader->db, why);
	if (error != ERR_NONE)
		return error;
	error = audit_filter_add_functions(&reader->db, &reader->arena);
	if (error != ERR_NONE) {
		buf_printf(why, "reading the audit: %s", error_text(error));
		db_close(&reader->db);
		return error;
	}
	reader->open_index = index;
	reader->is_open = true;
	return ERR_NONE;
}

enum error audit_reader_refresh(struct audit_reader *reader, struct buf *why)
{
	const struct segment_list *segments = &reader->segments;
	uint32_t number = reader->is_open ? segments->items[reader->open_index].number : 0;
	enum error error =
		segment_list_read(&reader->segments, reader->directory, &reader->env, why);

	if (error != ERR_NONE)
		return error;
	/* Only a reader that has gone on lets the segment be sealed: the live one stays open. */
	if (number != 0 && segments->count != 0 &&
	    segments->items[segments->count - 1].number == number)
		reader->open_index = segments->count - 1;
	else
		close_segment(reader);
	return ERR_NONE;
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
	close_segment(reader);
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
	if (reader->env.memo == NULL)
		reader->env.memo = &reader->memo;
	reader->directory = mem_copy_text(directory, strlen(directory));
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
	close_segment(reader);
	segment_list_deinit(&reader->segments);
	mem_free(reader->directory);
	arena_deinit(&reader->arena);
	mem_free(reader);
}

const struct segment_list *audit_reader_segments(const struct audit_reader *reader)
{
	return &reader->segments;
}
