#include "store/audit_summary.h"

#include "base/mem.h"
#include "base/sort.h"
#include "store/audit_filter.h"
#include "store/audit_part.h"
#include "store/audit_reader.h"
#include "store/stmt.h"

enum {
	QUERY_MAX_BYTES = 8 * 1024,
	CHUNK_BYTES = 64 * 1024,
	PROGRESS_ROWS = 64 * 1024,
	/* The parts of a row that dimensions come from. */
	PART_COUNT = 3,
	CELL_BITS = 3, /* cells to a doubling: 8 */
};

uint64_t audit_counts_sum(const struct audit_counts *counts)
{
	return counts->of[AUDIT_DENY] + counts->of[AUDIT_ALLOW] + counts->of[AUDIT_REDIRECT];
}

static void add_counts(struct audit_counts *to, const struct audit_counts *from)
{
	for (size_t i = 0; i < AUDIT_VERDICT_COUNT; i++)
		to->of[i] += from->of[i];
}

/* Latencies. Below 8 us each has its cell; from there on the three bits after the first choose. */

static size_t cell_of(uint64_t latency_us)
{
	unsigned bits = 0;

	if (latency_us < 1U << CELL_BITS)
		return (size_t)latency_us;
	while (latency_us >> bits >= 2U << CELL_BITS)
		bits++;
	size_t cell = ((size_t)(bits + 1) << CELL_BITS) + (size_t)(latency_us >> bits) -
		      (1U << CELL_BITS);
	return cell < AUDIT_LATENCY_CELLS ? cell : AUDIT_LATENCY_CELLS - 1;
}

/* The greatest latency of a cell. */
static uint64_t end_of(size_t cell)
{
	if (cell < 1U << CELL_BITS)
		return cell;
	size_t bits = (cell >> CELL_BITS) - 1;
	uint64_t start = (cell & ((1U << CELL_BITS) - 1)) + (1U << CELL_BITS);
	return ((start + 1) << bits) - 1;
}

uint64_t audit_latency_at(const struct audit_latency *latency, unsigned permille)
{
	uint64_t total = 0, seen = 0;

	for (size_t i = 0; i < AUDIT_LATENCY_CELLS; i++)
		total += latency->cells[i];
	if (total == 0)
		return 0;
	uint64_t rank = (total * permille + 999) / 1000;
	for (size_t i = 0; i < AUDIT_LATENCY_CELLS; i++) {
		seen += latency->cells[i];
		if (seen >= rank && seen != 0)
			return end_of(i);
	}
	return end_of(AUDIT_LATENCY_CELLS - 1);
}

/* A segment: counts by the ids of its texts. */

static const enum audit_part parts[PART_COUNT] = {AUDIT_SUBJECT, AUDIT_REQUEST, AUDIT_OUTCOME};

struct id_counts {
	struct audit_counts *items; /* [0] is of ids that no text has */
	uint64_t count;
};

struct work {
	struct audit_reader *reader;
	const struct audit_summary_plan *plan;
	struct audit_summary *summary;
	struct id_counts ids[PART_COUNT];
	uint64_t row_count;
	struct buf text; /* a reason */
	struct buf *why;
};

static void free_ids(struct work *work)
{
	for (size_t i = 0; i < PART_COUNT; i++) {
		mem_free(work->ids[i].items);
		work->ids[i] = (struct id_counts){0};
	}
}

static enum error make_ids(struct work *work)
{
	for (size_t i = 0; i < PART_COUNT; i++) {
		int64_t last = 0;
		enum error error =
			db_get_int(work->reader->db, audit_part_sql[parts[i]].last_id, &last);
		if (error != ERR_NONE)
			return error;
		work->ids[i].count = (uint64_t)last + 1;
		work->ids[i].items =
			mem_calloc((size_t)work->ids[i].count, sizeof(*work->ids[i].items));
		if (work->ids[i].items == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_NONE;
}

static void count_id(struct id_counts *ids, uint64_t id, unsigned verdict)
{
	ids->items[id < ids->count ? id : 0].of[verdict]++;
}

static void count_step(struct work *work, int64_t wall_us, unsigned verdict, size_t cell)
{
	const struct audit_summary_plan *plan = work->plan;
	struct audit_step *step;

	if (plan->step_count == 0 || wall_us < plan->start_us)
		return;
	uint64_t index = ((uint64_t)wall_us - (uint64_t)plan->start_us) / (uint64_t)plan->step_us;
	if (index >= plan->step_count)
		return;
	step = &work->summary->steps[index];
	step->counts.of[verdict]++;
	step->latency.cells[cell]++;
}

static void count_row(struct work *work, const struct stmt *stmt)
{
	struct audit_summary *summary = work->summary;
	int64_t wall_us = stmt_int(stmt, 0);
	unsigned verdict = (unsigned)stmt_u64(stmt, 1) % AUDIT_VERDICT_COUNT;
	size_t cell = cell_of(stmt_u64(stmt, 2));
	bool is_first = audit_counts_sum(&summary->counts) == 0;

	if (is_first || wall_us < summary->first_us)
		summary->first_us = wall_us;
	if (is_first || wall_us > summary->last_us)
		summary->last_us = wall_us;
	summary->counts.of[verdict]++;
	summary->latency.cells[cell]++;
	count_step(work, wall_us, verdict, cell);
	for (size_t i = 0; i < PART_COUNT; i++)
		count_id(&work->ids[i], stmt_u64(stmt, 3 + (int)i), verdict);
	work->row_count++;
}

static enum error count_rows(struct work *work, struct stmt *stmt)
{
	const struct audit_summary_plan *plan = work->plan;

	for (;;) {
		bool row;
		enum error error = stmt_step(stmt, &row);

		if (error != ERR_NONE || !row)
			return error;
		count_row(work, stmt);
		if (plan->on_progress != NULL && work->row_count % PROGRESS_ROWS == 0 &&
		    !plan->on_progress(plan->arg, work->row_count))
			return ERR_CANCELLED;
	}
}

static enum error count_segment(struct work *work, bool is_sealed)
{
	struct audit_filter filter = work->plan->filter;
	struct db *db = work->reader->db;
	enum audit_access access = AUDIT_SCAN;
	struct audit_subjects subjects = {0};
	struct stmt stmt = {0};
	enum error error = ERR_NONE;
	struct buf sql;

	if (filter.user.length != 0) {
		error = audit_filter_find_subjects(&filter, db, &subjects);
		if (error != ERR_NONE || subjects.count == 0)
			return error;
	}
	buf_init(&sql, QUERY_MAX_BYTES);
	error = audit_filter_narrow(&filter, db);
	if (error == ERR_NONE)
		error = audit_filter_choose(&filter, db, is_sealed, &access);
	if (error == ERR_NONE) {
		buf_append_str(&sql, STR("SELECT d.wall_us, d.verdict, d.latency_us, d.subject,"
					 " d.request, d.outcome FROM decision d"));
		audit_filter_write(&filter, &subjects, access, &sql);
		const char *text = buf_text(&sql);
		error = sql.failed != ERR_NONE ? sql.failed : stmt_prepare(&stmt, db, text);
	}
	if (error == ERR_NONE) {
		audit_filter_bind(&filter, &subjects, &stmt);
		error = count_rows(work, &stmt);
	}
	stmt_finish(&stmt);
	buf_deinit(&sql);
	return error;
}

/* From ids to texts. */

static struct audit_entry *find_entry(const struct audit_table *table, struct str key,
				      uint64_t hash)
{
	for (struct map_node *node = map_first(&table->map, hash); node != NULL;
	     node = map_next(node)) {
		struct audit_entry *entry = (struct audit_entry *)(void *)node;
		if (str_equal(entry->key, key))
			return entry;
	}
	return NULL;
}

static enum error add(struct work *work, enum audit_dimension dimension, struct str key,
		      struct str label, const struct audit_counts *counts)
{
	struct audit_table *table = &work->summary->tables[dimension];
	struct arena *arena = &work->summary->arena;
	uint64_t hash;

	if ((work->plan->dimensions & AUDIT_DIMENSION_BIT(dimension)) == 0)
		return ERR_NONE;
	hash = hash_bytes(work->reader->env.hash_key, key.ptr, key.length);
	struct audit_entry *entry = find_entry(table, key, hash);
	if (entry == NULL && table->map.count >= AUDIT_KEYS_MAX) {
		add_counts(&table->others, counts);
		return ERR_NONE;
	}
	if (entry == NULL) {
		entry = arena_calloc(arena, 1, sizeof(*entry));
		if (entry == NULL)
			return arena->refusal;
		entry->key = arena_copy(arena, key);
		entry->label = arena_copy(arena, label);
		if (entry->key.ptr == NULL || entry->label.ptr == NULL)
			return arena->refusal;
		enum error error = map_put(&table->map, &entry->node, hash);
		if (error != ERR_NONE)
			return error;
	}
	add_counts(&entry->counts, counts);
	return ERR_NONE;
}

static enum error add_subject(struct work *work, const struct audit_row *row,
			      const struct audit_counts *counts)
{
	struct str label = row->user.length != 0 ? row->user : row->principal;
	enum error error = add(work, AUDIT_BY_USER, row->principal, label, counts);

	return error == ERR_NONE
		       ? add(work, AUDIT_BY_APPLICATION, row->application, row->application, counts)
		       : error;
}

static enum error add_request(struct work *work, const struct audit_row *row,
			      const struct audit_counts *counts)
{
	enum error error = add(work, AUDIT_BY_ACTION, row->action, row->action, counts);

	/* A question without resource is about the application. */
	if (error == ERR_NONE && row->resource_uri.length != 0)
		error = add(work, AUDIT_BY_RESOURCE, row->resource_uri, row->resource_uri, counts);
	return error;
}

static enum error add_policies(struct work *work, const struct audit_list *ids,
			       const struct audit_counts *counts)
{
	enum error error = ERR_NONE;

	for (size_t i = 0; error == ERR_NONE && i < ids->count; i++)
		error = add(work, AUDIT_BY_POLICY, ids->items[i], ids->items[i], counts);
	return error;
}

static enum error add_outcome(struct work *work, const struct audit_row *row,
			      const struct audit_counts *counts)
{
	enum error error = add_policies(work, &row->policies, counts);

	if (error == ERR_NONE)
		error = add_policies(work, &row->erring, counts);
	if (error != ERR_NONE)
		return error;
	buf_clear(&work->text);
	audit_row_reason(&work->text, row);
	return work->text.failed != ERR_NONE ? work->text.failed
					     : add(work, AUDIT_BY_REASON, buf_str(&work->text),
						   buf_str(&work->text), counts);
}

static enum error add_text(struct work *work, size_t which, const struct stmt *stmt)
{
	struct arena *arena = &work->reader->arena;
	struct arena_mark start = arena_get_mark(arena);
	const struct id_counts *ids = &work->ids[which];
	uint64_t id = stmt_u64(stmt, 0);
	struct audit_row row = {0};

	if (id == 0 || id >= ids->count || audit_counts_sum(&ids->items[id]) == 0)
		return ERR_NONE;
	enum error error = audit_part_read(parts[which], stmt, arena, &row);
	if (error == ERR_NONE && parts[which] == AUDIT_SUBJECT)
		error = add_subject(work, &row, &ids->items[id]);
	else if (error == ERR_NONE && parts[which] == AUDIT_REQUEST)
		error = add_request(work, &row, &ids->items[id]);
	else if (error == ERR_NONE)
		error = add_outcome(work, &row, &ids->items[id]);
	arena_reset(arena, start);
	return error;
}

static enum error add_texts(struct work *work, size_t which)
{
	struct stmt stmt;
	bool row = true;
	enum error error = stmt_prepare(&stmt, work->reader->db, audit_part_sql[parts[which]].read);

	while (error == ERR_NONE) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		error = add_text(work, which, &stmt);
	}
	stmt_finish(&stmt);
	return error;
}

static enum error summarize_open_segment(struct work *work, bool is_sealed)
{
	struct db *db = work->reader->db;
	enum error error = db_begin_read(db);

	if (error == ERR_NONE)
		error = make_ids(work);
	if (error == ERR_NONE)
		error = count_segment(work, is_sealed);
	for (size_t i = 0; error == ERR_NONE && work->plan->dimensions != 0 && i < PART_COUNT; i++)
		error = add_texts(work, i);
	free_ids(work);
	if (error != ERR_NONE)
		buf_printf(work->why, "reading the audit: %s%s%s", error_text(error),
			   error != ERR_CANCELLED && db->failure[0] != '\0' ? ": " : "",
			   error != ERR_CANCELLED ? db->failure : "");
	db_rollback(db);
	return error;
}

static enum error summarize(struct work *work)
{
	enum error error = audit_reader_refresh(work->reader, work->why);
	const struct segment_list *segments = &work->reader->segments;

	for (size_t i = 0; error == ERR_NONE && i < segments->count; i++) {
		const struct segment *segment = &segments->items[i];
		size_t said = work->why->length;

		if (!audit_filter_may_match(&work->plan->filter, segment))
			continue;
		error = audit_reader_use(work->reader, i, work->why);
		if (error == ERR_NONE) {
			error = summarize_open_segment(work, segment->state == SEGMENT_SEALED);
		} else if (error == ERR_NOT_FOUND) {
			/* Retention was faster. */
			work->why->length = said;
			error = ERR_NONE;
		}
	}
	return error;
}

enum error audit_summary_make(struct audit_reader *reader, const struct audit_summary_plan *plan,
			      struct audit_summary *out, struct buf *why)
{
	struct work work = {.reader = reader, .plan = plan, .summary = out, .why = why};
	enum error error = plan->step_count <= AUDIT_STEPS_MAX ? ERR_NONE : ERR_LIMIT;

	*out = (struct audit_summary){.step_count = plan->step_count};
	arena_init(&out->arena, CHUNK_BYTES, SIZE_MAX);
	buf_init(&work.text, AUDIT_ROW_MAX_BYTES);
	if (error == ERR_NONE && plan->step_count != 0) {
		out->steps = mem_calloc(plan->step_count, sizeof(*out->steps));
		error = out->steps != NULL ? ERR_NONE : ERR_NO_MEMORY;
	}
	if (error != ERR_NONE)
		buf_printf(why, "summing up the audit: %s", error_text(error));
	else
		error = summarize(&work);
	buf_deinit(&work.text);
	if (error != ERR_NONE)
		audit_summary_deinit(out);
	return error;
}

void audit_summary_deinit(struct audit_summary *summary)
{
	for (size_t i = 0; i < AUDIT_DIMENSION_COUNT; i++)
		map_deinit(&summary->tables[i].map);
	mem_free(summary->steps);
	arena_deinit(&summary->arena);
	*summary = (struct audit_summary){0};
}

/* The greatest. */

/* An entry while it is sorted. */
struct ranked {
	uint64_t count;
	const struct audit_entry *entry;
};

struct ranking {
	struct ranked *items;
	size_t count;
	unsigned verdicts;
};

static bool rank(struct map_node *node, void *arg)
{
	const struct audit_entry *entry = (const struct audit_entry *)(const void *)node;
	struct ranking *ranking = arg;
	struct ranked *ranked = &ranking->items[ranking->count];

	*ranked = (struct ranked){.entry = entry};
	for (unsigned i = 0; i < AUDIT_VERDICT_COUNT; i++) {
		if ((ranking->verdicts & AUDIT_VERDICT_BIT(i)) != 0)
			ranked->count += entry->counts.of[i];
	}
	ranking->count += ranked->count != 0;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return str_compare(x->entry->key, y->entry->key);
}

enum error audit_summary_top(struct audit_summary *summary, enum audit_dimension dimension,
			     unsigned verdicts, size_t limit, const struct audit_entry ***top,
			     size_t *count)
{
	struct map *map = &summary->tables[dimension].map;
	struct ranking ranking = {
		.items = mem_calloc(map->count + 1, sizeof(*ranking.items)),
		.verdicts = verdicts != 0 ? verdicts : ~0U,
	};
	const struct audit_entry **found;

	if (ranking.items == NULL)
		return ERR_NO_MEMORY;
	map_each(map, rank, &ranking);
	sort(ranking.items, ranking.count, sizeof(*ranking.items), compare);
	size_t wanted = ranking.count < limit ? ranking.count : limit;
	found = arena_calloc(&summary->arena, wanted + 1, sizeof(*found));
	for (size_t i = 0; found != NULL && i < wanted; i++)
		found[i] = ranking.items[i].entry;
	mem_free(ranking.items);
	if (found == NULL)
		return summary->arena.refusal;
	*top = found;
	*count = wanted;
	return ERR_NONE;
}
