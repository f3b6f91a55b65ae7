#include "authz/records.h"

#include <sodium.h>
#include <string.h>

#include "authz/expiry.h"
#include "authz/record_row.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"

/* Use of a record is written again after this part of its idle time-out. */
enum { WRITE_USE_EACH = 16 };

/* Whether what is on disk is what is in memory. */
enum entry_sync { SYNC_CLEAN, SYNC_DIRTY, SYNC_IN_FLIGHT };

/*
 * A record and what happens to it. It exists as long as one of these holds: it lives; changes to it
 * wait for their audit rows (`hold_count`, and without `live` it is pending); its end is not yet on
 * disk. With `ended` it is gone for good: found by nobody, whatever is still applied to it.
 *
 * Who connects anew after a revocation waits behind the record that was revoked (`before`), which
 * stays what it is, in memory and on disk, until the user is let in; should that not happen, it is
 * found again. Only the last of such a line is found by the key.
 */
struct entry {
	struct map_node by_key;
	struct map_node by_id;
	struct expiry_node expiry; /* while it lives */
	struct record record;
	uint32_t hold_count;
	bool live;
	bool ended;
	bool admitted;        /* pending, and its user may know already */
	struct entry *before; /* revoked, and to be remembered until this one begins */
	struct entry *after;  /* pending; this one is revoked */
	enum entry_sync sync;
	bool changed_in_flight;
	int64_t decided_ms;     /* when what the record says was decided */
	int64_t written_use_ms; /* the last use that was written */
	struct entry *next;     /* of the list its `sync` names */
	size_t text_bytes;
	char texts[];
};

struct entry_list {
	struct entry *first, **tail;
};

struct records {
	struct map by_key;
	struct map by_id;
	struct expiry expiry;
	size_t max_count;
	size_t entry_count; /* whatever their state */
	size_t live_count;
	size_t text_bytes;
	struct entry_list dirty;
	struct entry_list in_flight;
	struct hash_key hash_key;
	uint8_t secret[32];
	uint64_t id_counter;
};

bool record_id_equal(struct record_id a, struct record_id b)
{
	return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

bool record_id_is_none(struct record_id id)
{
	return record_id_equal(id, (struct record_id){{0}});
}

/* Lists of entries whose change is not on disk. */

static void list_init(struct entry_list *list)
{
	list->first = NULL;
	list->tail = &list->first;
}

static void list_append(struct entry_list *list, struct entry *entry)
{
	entry->next = NULL;
	*list->tail = entry;
	list->tail = &entry->next;
}

static struct entry *list_take_first(struct entry_list *list)
{
	struct entry *entry = list->first;

	if (entry == NULL)
		return NULL;
	list->first = entry->next;
	if (list->first == NULL)
		list->tail = &list->first;
	return entry;
}

static void mark_changed(struct records *records, struct entry *entry)
{
	if (entry->sync == SYNC_IN_FLIGHT) {
		entry->changed_in_flight = true;
	} else if (entry->sync == SYNC_CLEAN) {
		entry->sync = SYNC_DIRTY;
		list_append(&records->dirty, entry);
	}
}

/* Finding. */

static uint64_t hash_of(const struct records *records, const void *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return hash_u64(records->hash_key, word);
}

static struct entry *find_key(const struct records *records, const struct record_key *key)
{
	struct map_node *node = map_first(&records->by_key, hash_of(records, key->bytes));

	for (; node != NULL; node = map_next(node)) {
		struct entry *entry = CONTAINER_OF(node, struct entry, by_key);
		if (entry->after == NULL &&
		    memcmp(entry->record.owner.key.bytes, key->bytes, sizeof(key->bytes)) == 0)
			return entry;
	}
	return NULL;
}

static struct entry *find_id(const struct records *records, struct record_id id)
{
	struct map_node *node = map_first(&records->by_id, hash_of(records, id.bytes));

	for (; node != NULL; node = map_next(node)) {
		struct entry *entry = CONTAINER_OF(node, struct entry, by_id);
		if (record_id_equal(entry->record.id, id))
			return entry;
	}
	return NULL;
}

static bool is_usable(const struct entry *entry, int64_t now_ms)
{
	return entry != NULL && entry->live && !entry->record.revoked &&
	       now_ms <= record_last_usable_ms(&entry->record);
}

const struct record *records_find(const struct records *records, const struct record_key *key,
				  int64_t now_ms)
{
	const struct entry *entry = find_key(records, key);

	return is_usable(entry, now_ms) ? &entry->record : NULL;
}

const struct record *records_find_id(const struct records *records, struct record_id id,
				     int64_t now_ms)
{
	const struct entry *entry = find_id(records, id);

	return is_usable(entry, now_ms) ? &entry->record : NULL;
}

/* While the user waits to be let in anew, what is asked comes from what was opened before. */
bool records_is_revoked(const struct records *records, const struct record_key *key, int64_t now_ms)
{
	const struct entry *entry = find_key(records, key);

	for (; entry != NULL; entry = entry->admitted ? NULL : entry->before) {
		if (entry->record.revoked &&
		    (!entry->live || now_ms <= record_last_usable_ms(&entry->record)))
			return true;
	}
	return false;
}

/* Making and unmaking. */

static void copy_text(char **end, struct str *text)
{
	if (text->length != 0)
		memcpy(*end, text->ptr, text->length);
	text->ptr = *end;
	*end += text->length;
}

static struct entry *entry_new(const struct record_owner *owner)
{
	size_t text_bytes = owner->application.length + owner->principal.length +
			    owner->name.length + owner->mechanism.length;
	struct entry *entry = mem_alloc(sizeof(*entry) + text_bytes);
	char *end;

	if (entry == NULL)
		return NULL;
	*entry = (struct entry){.record.owner = *owner, .text_bytes = text_bytes};
	end = entry->texts;
	copy_text(&end, &entry->record.owner.application);
	copy_text(&end, &entry->record.owner.principal);
	copy_text(&end, &entry->record.owner.name);
	copy_text(&end, &entry->record.owner.mechanism);
	return entry;
}

/* Adds an entry with the id `id`, not live and not held. Reserves whatever its life will need. */
static enum error add_entry(struct records *records, const struct record_owner *owner,
			    struct record_id id, struct entry **out)
{
	struct entry *entry;
	enum error error;

	if (records->entry_count >= records->max_count)
		return ERR_LIMIT;
	error = expiry_reserve(&records->expiry, records->entry_count + 1);
	if (error != ERR_NONE)
		return error;
	entry = entry_new(owner);
	if (entry == NULL)
		return ERR_NO_MEMORY;
	if (entry->text_bytes > RECORDS_MAX_TEXT_BYTES - records->text_bytes) {
		mem_free(entry);
		return ERR_LIMIT;
	}
	entry->record.id = id;
	error = map_put(&records->by_key, &entry->by_key, hash_of(records, owner->key.bytes));
	if (error == ERR_NONE) {
		error = map_put(&records->by_id, &entry->by_id, hash_of(records, id.bytes));
		if (error != ERR_NONE)
			map_remove(&records->by_key, &entry->by_key);
	}
	if (error != ERR_NONE) {
		mem_free(entry);
		return error;
	}
	records->entry_count++;
	records->text_bytes += entry->text_bytes;
	*out = entry;
	return ERR_NONE;
}

/* Frees the entry when nothing holds it any more. */
static void free_if_unused(struct records *records, struct entry *entry)
{
	if (!entry->ended || entry->hold_count != 0 || entry->sync != SYNC_CLEAN)
		return;
	map_remove(&records->by_id, &entry->by_id);
	records->entry_count--;
	records->text_bytes -= entry->text_bytes;
	mem_free(entry);
}

static void stop_living(struct records *records, struct entry *entry)
{
	if (!entry->live)
		return;
	expiry_remove(&records->expiry, &entry->expiry);
	entry->live = false;
	records->live_count -= !entry->record.revoked;
	mark_changed(records, entry);
}

/* For good: changes that still wait will do nothing. */
static void end(struct records *records, struct entry *entry)
{
	if (entry->ended)
		return;
	stop_living(records, entry);
	map_remove(&records->by_key, &entry->by_key);
	if (entry->before != NULL)
		entry->before->after = entry->after;
	if (entry->after != NULL)
		entry->after->before = entry->before;
	entry->before = entry->after = NULL;
	entry->ended = true;
	free_if_unused(records, entry);
}

/* Without prejudice: a change that waits makes it live again. */
static void retire(struct records *records, struct entry *entry)
{
	stop_living(records, entry);
	if (entry->hold_count == 0)
		end(records, entry);
}

enum error records_new(size_t max_count, const uint8_t secret[32], struct records **out)
{
	struct records *records = mem_calloc(1, sizeof(*records));

	if (records == NULL)
		return ERR_NO_MEMORY;
	map_init(&records->by_key);
	map_init(&records->by_id);
	expiry_init(&records->expiry);
	list_init(&records->dirty);
	list_init(&records->in_flight);
	records->max_count = max_count;
	memcpy(records->secret, secret, sizeof(records->secret));
	crypto_generichash((unsigned char *)&records->hash_key, sizeof(records->hash_key),
			   (const unsigned char *)"hash", 4, secret, sizeof(records->secret));
	*out = records;
	return ERR_NONE;
}

static bool free_entry(struct map_node *node, void *arg)
{
	(void)arg;
	mem_free(CONTAINER_OF(node, struct entry, by_id));
	return true;
}

void records_free(struct records *records)
{
	if (records == NULL)
		return;
	map_each(&records->by_id, free_entry, NULL);
	map_deinit(&records->by_key);
	map_deinit(&records->by_id);
	expiry_deinit(&records->expiry);
	mem_free(records);
}

/* Changes. */

static struct record_id next_id(struct records *records)
{
	uint64_t counter = ++records->id_counter;
	struct record_id id;

	crypto_generichash(id.bytes, sizeof(id.bytes), (const unsigned char *)&counter,
			   sizeof(counter), records->secret, sizeof(records->secret));
	return id;
}

enum error records_reserve(struct records *records, const struct record_owner *owner,
			   int64_t now_ms, struct record_id *id)
{
	struct entry *entry = find_key(records, &owner->key);
	struct entry *before = NULL;

	/* One that is revoked was let in before; this is anew. */
	if (entry != NULL && entry->record.revoked) {
		before = entry;
	} else if (entry != NULL && entry->live && !is_usable(entry, now_ms)) {
		retire(records, entry);
		entry = find_key(records, &owner->key);
	}
	if (entry == before) {
		enum error error = add_entry(records, owner, next_id(records), &entry);
		if (error != ERR_NONE)
			return error;
		entry->before = before;
		if (before != NULL)
			before->after = entry;
	}
	entry->hold_count++;
	*id = entry->record.id;
	return ERR_NONE;
}

/* Its user is let in, anew if something was revoked before: that ends, and is deleted from disk behind
 * what comes in its place. */
static void begin(struct records *records, struct entry *entry, const struct record_change *change)
{
	entry->record.created_us = change->wall_us;
	entry->record.created_ms = change->boot_ms;
	entry->record.last_used_ms = change->boot_ms;
	entry->record.context_count = 0;
	entry->decided_ms = change->boot_ms;
	entry->live = true;
	records->live_count++;
	expiry_put(&records->expiry, &entry->expiry, INT64_MAX);
	mark_changed(records, entry);
	while (entry->before != NULL)
		end(records, entry->before);
}

/* A change that was decided earlier may be applied later; what was decided last stays. Revisions
 * say nothing about that, for a rollback goes back to an old one. */
static void put(struct records *records, struct entry *entry, const struct record_change *change,
		uint64_t decision_id)
{
	if (!entry->live)
		begin(records, entry, change);
	if (change->boot_ms < entry->decided_ms)
		return;
	entry->decided_ms = change->boot_ms;
	entry->record.endpoint = change->endpoint;
	entry->record.revision = change->revision;
	entry->record.decision_id = decision_id;
	entry->record.grant = change->grant;
	entry->record.administrator = change->administrator;
	expiry_move(&records->expiry, &entry->expiry, record_last_usable_ms(&entry->record));
	mark_changed(records, entry);
}

/* The expiry is left as it is: it may come early, never late. */
static void touch(struct records *records, struct entry *entry, int64_t now_ms)
{
	if (now_ms <= entry->record.last_used_ms)
		return;
	entry->record.last_used_ms = now_ms;
	if (now_ms - entry->written_use_ms >= entry->record.grant.idle_timeout_ms / WRITE_USE_EACH)
		mark_changed(records, entry);
}

void records_apply(struct records *records, const struct record_change *change,
		   uint64_t decision_id)
{
	struct entry *entry = change->kind != RECORD_KEEP ? find_id(records, change->id) : NULL;

	if (entry == NULL)
		return;
	if (change->kind == RECORD_PUT)
		entry->hold_count--;
	if (entry->record.revoked) {
		/* Revoked while it waited: its user is let in by now, and remembered from here. */
		if (change->kind == RECORD_PUT && !entry->ended && !entry->live) {
			put(records, entry, change, decision_id);
			records->live_count--;
		}
		free_if_unused(records, entry);
		return;
	}
	if (change->kind == RECORD_PUT && !entry->ended)
		put(records, entry, change, decision_id);
	if (entry->live && change->kind != RECORD_END) {
		touch(records, entry, change->boot_ms);
		entry->record.context_count += change->adds_context;
	}
	if (change->kind == RECORD_END)
		end(records, entry);
	else
		free_if_unused(records, entry);
}

void records_admit(struct records *records, const struct record_change *change)
{
	struct entry *entry = change->kind == RECORD_PUT ? find_id(records, change->id) : NULL;

	if (entry != NULL)
		entry->admitted = true;
}

void records_drop(struct records *records, const struct record_change *change)
{
	struct entry *entry = change->kind == RECORD_PUT ? find_id(records, change->id) : NULL;

	if (entry == NULL)
		return;
	entry->hold_count--;
	if (!entry->ended && !entry->live && entry->hold_count == 0)
		end(records, entry);
	else
		free_if_unused(records, entry);
}

/* Ends. */

bool records_revoke(struct records *records, struct record_id id)
{
	struct entry *entry = find_id(records, id);

	if (entry == NULL || entry->ended || entry->record.revoked)
		return false;
	entry->record.revoked = true;
	if (!entry->live)
		return true;
	records->live_count--;
	expiry_move(&records->expiry, &entry->expiry, record_last_usable_ms(&entry->record));
	mark_changed(records, entry);
	return true;
}

void records_release(struct records *records, struct record_id id)
{
	struct entry *entry = find_id(records, id);

	if (entry == NULL || !entry->live || entry->record.revoked)
		return;
	if (entry->record.context_count > 0)
		entry->record.context_count--;
	if (entry->record.context_count == 0)
		retire(records, entry);
}

size_t records_expire(struct records *records, int64_t now_ms)
{
	struct expiry_node *node;
	size_t count = 0;

	while ((node = expiry_first(&records->expiry)) != NULL && node->due_ms < now_ms) {
		struct entry *entry = CONTAINER_OF(node, struct entry, expiry);
		if (is_usable(entry, now_ms)) {
			expiry_move(&records->expiry, node, record_last_usable_ms(&entry->record));
		} else {
			retire(records, entry);
			count++;
		}
	}
	return count;
}

int64_t records_next_expiry_ms(const struct records *records)
{
	const struct expiry_node *node = expiry_first(&records->expiry);

	return node != NULL ? node->due_ms + 1 : INT64_MAX;
}

/* Persistence. */

enum error records_load(struct records *records, const struct state_record *row, int64_t now_ms)
{
	struct record record;
	struct entry *entry;
	enum error error = record_row_read(row, &record);

	if (error != ERR_NONE || now_ms < record.last_used_ms)
		return ERR_INVALID;
	if (now_ms > record_last_usable_ms(&record))
		return ERR_NONE;
	if (find_id(records, record.id) != NULL || find_key(records, &record.owner.key) != NULL)
		return ERR_EXISTS;
	error = add_entry(records, &record.owner, record.id, &entry);
	if (error != ERR_NONE)
		return error;
	record.owner = entry->record.owner; /* its texts are the copies */
	entry->record = record;
	entry->written_use_ms = record.last_used_ms;
	entry->live = true;
	records->live_count += !record.revoked;
	expiry_put(&records->expiry, &entry->expiry, record_last_usable_ms(&record));
	return ERR_NONE;
}

bool records_have_changes(const struct records *records)
{
	return records->dirty.first != NULL && records->in_flight.first == NULL;
}

enum error records_collect_changes(struct records *records, struct arena *arena,
				   const uint8_t boot_id[STATE_BOOT_ID_BYTES], size_t max_count,
				   struct state_record_changes *changes)
{
	size_t count = 0;
	size_t put_count = 0;
	size_t delete_count = 0;
	struct state_record *puts;
	uint8_t(*deletes)[STATE_RECORD_ID_BYTES];

	if (!records_have_changes(records))
		max_count = 0;
	for (struct entry *entry = records->dirty.first; count < max_count && entry != NULL;
	     entry = entry->next)
		count++;
	puts = arena_calloc(arena, count, sizeof(*puts));
	deletes = arena_calloc(arena, count, sizeof(*deletes));
	if (puts == NULL || deletes == NULL)
		return ERR_NO_MEMORY;
	for (struct entry *entry = records->dirty.first; put_count + delete_count < count;
	     entry = entry->next) {
		if (!entry->live)
			memcpy(deletes[delete_count++], entry->record.id.bytes, sizeof(*deletes));
		else if (!record_row_write(&entry->record, boot_id, arena, &puts[put_count++]))
			return ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		struct entry *entry = list_take_first(&records->dirty);
		entry->sync = SYNC_IN_FLIGHT;
		entry->written_use_ms = entry->record.last_used_ms;
		list_append(&records->in_flight, entry);
	}
	*changes = (struct state_record_changes){
		puts, put_count, (const uint8_t(*)[STATE_RECORD_ID_BYTES])deletes, delete_count};
	return ERR_NONE;
}

void records_changes_written(struct records *records, bool written)
{
	struct entry *entry;

	while ((entry = list_take_first(&records->in_flight)) != NULL) {
		bool changed = entry->changed_in_flight || !written;
		entry->sync = SYNC_CLEAN;
		entry->changed_in_flight = false;
		if (changed)
			mark_changed(records, entry);
		else
			free_if_unused(records, entry);
	}
}

bool records_is_stored(const struct records *records, struct record_id id)
{
	const struct entry *entry = find_id(records, id);
	bool is_to_come;

	if (entry == NULL)
		return true;
	/* Revoked while it waited for its audit row: the disk has nothing to say that of yet. */
	is_to_come = entry->record.revoked && !entry->live && !entry->ended;
	return entry->sync == SYNC_CLEAN && !is_to_come;
}

/* Listing. */

size_t records_count(const struct records *records)
{
	return records->live_count;
}

struct listing {
	bool (*visit)(const struct record *record, void *arg);
	void *arg;
	bool with_pending;
};

static bool visit_entry(struct map_node *node, void *arg)
{
	const struct entry *entry = CONTAINER_OF(node, struct entry, by_id);
	const struct listing *listing = arg;
	bool is_listed = entry->live || (listing->with_pending && !entry->ended);

	return !is_listed || listing->visit(&entry->record, listing->arg);
}

void records_each(const struct records *records,
		  bool (*visit)(const struct record *record, void *arg), void *arg)
{
	struct map by_id = records->by_id;
	struct listing listing = {visit, arg, false};

	map_each(&by_id, visit_entry, &listing);
}

void records_each_owner(const struct records *records,
			bool (*visit)(const struct record *record, void *arg), void *arg)
{
	struct map by_id = records->by_id;
	struct listing listing = {visit, arg, true};

	map_each(&by_id, visit_entry, &listing);
}
