#include "store/open_segments.h"

#include "store/audit_filter.h"
#include "store/audit_schema.h"

void open_segments_init(struct open_segments *open, const char *directory,
			const struct store_env *env, struct arena *arena)
{
	*open = (struct open_segments){.directory = directory, .env = env, .arena = arena};
}

static void close_item(struct open_segment *item)
{
	if (item->number != 0)
		db_close(&item->db);
	item->number = 0;
}

void open_segments_deinit(struct open_segments *open)
{
	for (size_t i = 0; i < OPEN_SEGMENTS_MAX; i++)
		close_item(&open->items[i]);
}

static struct open_segment *find(struct open_segments *open, uint32_t number)
{
	for (size_t i = 0; i < OPEN_SEGMENTS_MAX; i++) {
		if (open->items[i].number == number)
			return &open->items[i];
	}
	return NULL;
}

/* A free place, or that of the one that was not used for longest. */
static struct open_segment *make_room(struct open_segments *open)
{
	struct open_segment *oldest = find(open, 0);

	if (oldest != NULL)
		return oldest;
	for (size_t i = 0; i < OPEN_SEGMENTS_MAX; i++) {
		struct open_segment *item = &open->items[i];

		if (item->number != open->held && (oldest == NULL || item->used < oldest->used))
			oldest = item;
	}
	close_item(oldest);
	return oldest;
}

static enum error open_item(struct open_segments *open, struct open_segment *item, uint32_t number,
			    struct buf *why)
{
	enum error error =
		audit_open_segment(open->directory, number, open->env, DB_READ, &item->db, why);

	if (error != ERR_NONE)
		return error;
	if (open->arena != NULL)
		error = audit_filter_add_functions(&item->db, open->arena);
	if (error != ERR_NONE) {
		buf_printf(why, "reading the audit: %s", error_text(error));
		db_close(&item->db);
		return error;
	}
	item->number = number;
	return ERR_NONE;
}

enum error open_segments_use(struct open_segments *open, uint32_t number, struct db **db,
			     struct buf *why)
{
	struct open_segment *item = find(open, number);
	enum error error = ERR_NONE;

	/* Of an older one that is not sealed, the daemon may have made one of today. */
	if (item != NULL &&
	    (item->db.broken != ERR_NONE || (item->db.older_version != 0 && !item->db.is_sealed))) {
		close_item(item);
		item = NULL;
	}
	if (item == NULL) {
		item = make_room(open);
		error = open_item(open, item, number, why);
	}
	if (error != ERR_NONE)
		return error;
	item->used = ++open->use_count;
	*db = &item->db;
	return ERR_NONE;
}

void open_segments_trim(struct open_segments *open, uint32_t newest)
{
	open->held = 0;
	for (size_t i = 0; i < OPEN_SEGMENTS_MAX; i++) {
		if (open->items[i].number < newest)
			close_item(&open->items[i]);
	}
}
